//! The chat over the tiles.

use std::time::Duration;

use crate::card;
use crate::draw::Sprite;
use crate::layout::Rect;
use crate::mixer::Mixer;
use crate::picture::Picture;

impl Mixer {
    fn chat_edge(&self) -> (f32, f32) {
        let scale = self.settings.scale();
        ((20.0 * scale).max(6.0), (8.0 * scale).max(3.0))
    }

    /// The messages in sight, each with its place.
    fn with_chat(
        &mut self,
        at: Duration,
        mut each: impl FnMut(&mut Picture, &Sprite, i64, i64, u8),
    ) {
        let (edge, gap) = self.chat_edge();
        let (width, height) = (self.settings.width as f32, self.settings.height as f32);
        // Letters do not shrink as far as pictures do.
        let most = if self.settings.scale() < 0.5 { 2 } else { 4 };
        let (writer, settings) = (&mut self.writer, &self.settings);
        let draw = |name: &str, text: &str| card::message(writer, settings, name, text);
        for shown in self.chat.shown(at, (settings.chat_stays, most), gap, draw) {
            let even = |value: f32| ((value / 2.0).round() as i64) * 2;
            let x = even(width - edge) - i64::from(shown.sprite.width);
            let y = even(height - edge - shown.above) - i64::from(shown.sprite.height);
            each(&mut self.canvas, shown.sprite, x, y, shown.opacity);
        }
    }

    /// What part of the picture the chat covers.
    pub(super) fn chat_at(&mut self, at: Duration) -> Option<Rect> {
        let (mut x0, mut y0, mut x1, mut y1) = (i64::MAX, i64::MAX, 0, 0);
        self.with_chat(at, |_, sprite, x, y, _| {
            x0 = x0.min(x);
            y0 = y0.min(y);
            x1 = x1.max(x + i64::from(sprite.width));
            y1 = y1.max(y + i64::from(sprite.height));
        });
        let (x0, y0) = (x0.max(0), y0.max(0));
        (x1 > x0 && y1 > y0).then(|| Rect {
            x: x0 as u32,
            y: y0 as u32,
            width: (x1 - x0) as u32,
            height: (y1 - y0) as u32,
        })
    }

    pub(super) fn draw_chat(&mut self, at: Duration) {
        let whole = self.whole();
        self.with_chat(at, |canvas, sprite, x, y, opacity| {
            canvas.edit().sprite(sprite, x, y, &whole, opacity);
        });
    }
}
