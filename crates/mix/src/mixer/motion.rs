//! Tiles on their way from one place to another.

use std::time::Duration;

use crate::layout::{Placed, Rect};

/// A tile's state between two arrangements: fractions of pixels while it moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub radius: f32,
    pub opacity: f32,
}

impl Place {
    pub fn at(placed: &Placed) -> Place {
        Place {
            x: placed.rect.x as f32,
            y: placed.rect.y as f32,
            width: placed.rect.width as f32,
            height: placed.rect.height as f32,
            radius: placed.radius as f32,
            opacity: 1.0,
        }
    }

    /// Where a tile comes from, and goes to: a little smaller, not seen.
    pub fn away(self) -> Place {
        const SMALLER: f32 = 0.94;
        Place {
            x: self.x + self.width * (1.0 - SMALLER) / 2.0,
            y: self.y + self.height * (1.0 - SMALLER) / 2.0,
            width: self.width * SMALLER,
            height: self.height * SMALLER,
            radius: self.radius,
            opacity: 0.0,
        }
    }

    pub fn towards(self, to: Place, share: f32) -> Place {
        let mix = |a: f32, b: f32| a + (b - a) * share;
        Place {
            x: mix(self.x, to.x),
            y: mix(self.y, to.y),
            width: mix(self.width, to.width),
            height: mix(self.height, to.height),
            radius: mix(self.radius, to.radius),
            opacity: mix(self.opacity, to.opacity),
        }
    }

    pub fn rect(&self) -> Rect {
        let even = |value: f32| ((value.max(0.0) / 2.0).round() as u32) * 2;
        let (x, y) = (even(self.x), even(self.y));
        Rect {
            x,
            y,
            width: even(self.x + self.width).saturating_sub(x).max(2),
            height: even(self.y + self.height).saturating_sub(y).max(2),
        }
    }
}

/// Movement of a tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motion {
    pub from: Place,
    pub to: Place,
    pub since: Duration,
}

impl Motion {
    pub fn place(&self, at: Duration, lasts: Duration) -> Place {
        let passed = at.saturating_sub(self.since);
        if passed >= lasts {
            return self.to;
        }
        self.from
            .towards(self.to, eased(passed.as_secs_f32() / lasts.as_secs_f32()))
    }

    pub fn over(&self, at: Duration, lasts: Duration) -> bool {
        at.saturating_sub(self.since) >= lasts
    }
}

/// Leaves quickly, arrives gently.
fn eased(t: f32) -> f32 {
    1.0 - (1.0 - t.clamp(0.0, 1.0)).powi(3)
}
