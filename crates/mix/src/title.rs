//! The card before a film: what it is of, when it was, who was there.

use crate::card::{centred, face};
use crate::colour::{Rgb, theme};
use crate::draw::Sketch;
use crate::image::Image;
use crate::layout::Rect;
use crate::mixer::Mixer;
use crate::picture::Picture;
use crate::settings::Settings;
use crate::text::{Style, Writer, plain};

/// What is said before a film.
#[derive(Clone, Debug, Default)]
pub struct Title {
    /// Large.
    pub text: String,
    /// Below it; may be empty.
    pub date: String,
    /// Who is in it, with portraits where there are any.
    pub people: Vec<(String, Option<Image>)>,
}

/// Faces in the row; of more people the last place counts the rest.
const FACES: usize = 8;

/// How wide the place of one of them is, with the name below, at 720p.
const NARROWEST: f32 = 132.0;
const WIDEST: f32 = 190.0;

/// Characters of a title.
const LONGEST_TITLE: usize = 200;

/// How much of the background is seen through behind the letters.
const VEIL: f32 = 0.55;

impl Mixer {
    /// Draws a title over the background, with the watermark. Nothing of the
    /// meeting is on it.
    pub fn title(&mut self, title: &Title) -> Picture {
        let (width, height) = (self.settings().width, self.settings().height);
        let mut sketch = Sketch::new(width, height);
        if self.has_background_image() {
            let whole = Rect {
                x: 0,
                y: 0,
                width,
                height,
            };
            sketch.rounded(whole, 0.0, theme::GROUND, 1.0 - VEIL);
        }
        let (writer, settings) = self.writing();
        draw(&mut sketch, writer, settings, title);
        self.dressed(&sketch)
    }
}

fn draw(sketch: &mut Sketch, writer: &mut Writer, settings: &Settings, title: &Title) {
    let (w, h) = (sketch.width as f32, sketch.height as f32);
    let scale = settings.scale();
    let mut write = |text: &str, size: f32, lines: usize, colour: Rgb| {
        let style = Style {
            size: size.max(11.0),
            width: w * 0.84,
            lines,
            colour,
        };
        let text = plain(text, LONGEST_TITLE);
        (!text.is_empty()).then(|| writer.write_centred(&text, style))
    };
    let name = write(&title.text, 60.0 * scale, 2, theme::INK);
    let date = write(&title.date, 26.0 * scale, 1, theme::INK_SOFT);
    let people = people(writer, settings, title, w * 0.9);

    let (near, far) = (18.0 * scale, 54.0 * scale);
    // Each with the space before it.
    let blocks = [(&name, 0.0), (&date, near), (&people, far)];
    let mut there: Vec<(&Sketch, f32)> = blocks
        .into_iter()
        .filter_map(|(block, gap)| Some((block.as_ref()?, gap)))
        .collect();
    if let Some((_, gap)) = there.first_mut() {
        *gap = 0.0;
    }
    let all: f32 = there.iter().map(|(b, gap)| b.height as f32 + gap).sum();
    let mut top = (h - all) / 2.0;
    for (block, gap) in there {
        let height = block.height as f32;
        centred(sketch, block, w / 2.0, top + gap + height / 2.0);
        top += gap + height;
    }
}

/// Faces side by side with their names below.
fn people(writer: &mut Writer, settings: &Settings, title: &Title, width: f32) -> Option<Sketch> {
    let scale = settings.scale();
    let even = |value: f32| ((value / 2.0).round() as u32).max(1) * 2;
    let circle = even(84.0 * scale);
    let room = ((width / (NARROWEST * scale)) as usize).clamp(1, FACES);
    let count = title.people.len();
    let shown = match count <= room {
        true => count,
        false => room - 1,
    };
    let cells = shown + usize::from(count > shown);
    if cells == 0 {
        return None;
    }
    let cell = (width / cells as f32).clamp(NARROWEST * scale, WIDEST * scale);
    let cell = ((cell / 2.0) as u32).max(1) * 2;
    let size = (19.0 * scale).max(11.0);
    let gap = 10.0 * scale;
    let line = (size * 1.25).ceil();
    let height = circle as f32 + gap + line;
    let mut sketch = Sketch::new(cell * cells as u32, height as u32);
    let place = |i: usize| Rect {
        x: i as u32 * cell + (cell - circle) / 2,
        y: 0,
        width: circle,
        height: circle,
    };
    let below = |i: usize| {
        (
            (i as f32 + 0.5) * cell as f32,
            circle as f32 + gap + line / 2.0,
        )
    };
    for (i, (name, avatar)) in title.people[..shown].iter().enumerate() {
        let name = plain(name, LONGEST_TITLE);
        face(&mut sketch, writer, place(i), &name, avatar.as_ref());
        let style = Style {
            size,
            width: cell as f32 * 0.94,
            lines: 1,
            colour: theme::INK_SOFT,
        };
        let text = writer.write(&name, style);
        let (x, y) = below(i);
        centred(&mut sketch, &text, x, y);
    }
    if count > shown {
        let rect = place(shown);
        sketch.rounded(rect, circle as f32, theme::SUNKEN, 1.0);
        let style = Style {
            size: circle as f32 * 0.34,
            width: circle as f32,
            lines: 1,
            colour: theme::INK_SOFT,
        };
        let text = writer.write(&format!("+{}", count - shown), style);
        let middle = rect.x as f32 + circle as f32 / 2.0;
        centred(&mut sketch, &text, middle, circle as f32 / 2.0);
    }
    Some(sketch)
}
