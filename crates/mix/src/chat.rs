//! The last chat messages, burnt into a corner.

use std::collections::VecDeque;
use std::time::Duration;

use crate::draw::Sprite;

/// Messages that wait or are shown; when full the oldest goes.
const KEPT: usize = 64;

const FADE_IN: f32 = 0.22;
const FADE_OUT: f32 = 0.5;

#[derive(Clone, Debug)]
struct Message {
    at: Duration,
    name: String,
    text: String,
    sprite: Option<Sprite>,
}

/// What was said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chat {
    messages: VecDeque<Message>,
}

/// A message in sight: its lower edge above the corner, and how much is seen.
pub(crate) struct Shown<'a> {
    pub sprite: &'a Sprite,
    pub above: f32,
    pub opacity: u8,
}

fn share(passed: f32, whole: f32) -> f32 {
    let t = (passed / whole).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

impl Chat {
    /// Adds a message; messages may come in any order.
    pub fn say(&mut self, at: Duration, name: String, text: String) {
        let place = self.messages.partition_point(|other| other.at <= at);
        let message = Message {
            at,
            name,
            text,
            sprite: None,
        };
        self.messages.insert(place, message);
        if self.messages.len() > KEPT {
            self.messages.pop_front();
        }
    }

    /// Messages in sight, at most `most`, the newest first. Those that are over are
    /// forgotten.
    pub fn shown(
        &mut self,
        at: Duration,
        (stays, most): (Duration, usize),
        gap: f32,
        mut draw: impl FnMut(&str, &str) -> Sprite,
    ) -> Vec<Shown<'_>> {
        let over = |message: &Message| message.at + stays + Duration::from_secs_f32(FADE_OUT) <= at;
        while self.messages.front().is_some_and(over) {
            self.messages.pop_front();
        }
        let mut shown = Vec::new();
        let mut above = 0.0;
        // How far newer messages have pushed the next one out of sight.
        let mut newer = 0.0;
        for message in self.messages.iter_mut().rev() {
            if message.at > at {
                continue;
            }
            let crowded = 1.0 - (newer - (most as f32 - 1.0)).clamp(0.0, 1.0);
            if crowded <= 0.0 {
                break;
            }
            let sprite = message
                .sprite
                .get_or_insert_with(|| draw(&message.name, &message.text));
            let age = (at - message.at).as_secs_f32();
            let here = share(age, FADE_IN);
            let gone = share(age - stays.as_secs_f32(), FADE_OUT);
            let opacity = (here * (1.0 - gone) * crowded * 255.0).round() as u8;
            let height = sprite.height as f32 + gap;
            if opacity > 0 {
                shown.push(Shown {
                    sprite,
                    // A new message slides in a little from below.
                    above: above - (1.0 - here) * gap,
                    opacity,
                });
            }
            above += height * here;
            newer += here;
        }
        shown
    }
}
