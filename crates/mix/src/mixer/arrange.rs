//! Who is where, and who speaks.

use std::time::Duration;

use super::motion::{Motion, Place};
use super::{Mixer, SourceId, SourceKind};
use crate::layout::custom::Guest;
use crate::layout::{Arrangement, Placed, Stage, Tile};
use crate::settings::{DesktopAlign, Layout};

impl Mixer {
    /// Where everybody is to be.
    pub(super) fn arrange(&mut self) {
        self.rearrange = true;
        let screens = self
            .members
            .iter()
            .any(|m| !m.leaving && m.source.kind == SourceKind::Screen);
        let speaker = match self.settings.layout {
            Layout::Speaker if !screens => self.on_stage,
            _ => None,
        };
        let tiles: Vec<Tile> = self
            .members
            .iter()
            .filter(|m| !m.leaving)
            .map(|m| Tile {
                featured: m.source.kind == SourceKind::Screen || Some(m.id) == speaker,
                whole: m.source.kind == SourceKind::Screen,
                aspect: m.aspect(),
            })
            .collect();
        let stage = Stage {
            width: self.settings.width,
            height: self.settings.height,
            scale: self.settings.scale(),
            layout: self.settings.layout,
            align: match self.settings.layout {
                Layout::Speaker if self.settings.width > self.settings.height => DesktopAlign::Left,
                Layout::Speaker => DesktopAlign::Top,
                _ => self.settings.desktop_align,
            },
        };
        let arrangement = match self.described(&stage, &tiles) {
            Some(tiles) => Arrangement { tiles, more: None },
            None => stage.arrange(&tiles),
        };
        let hidden = arrangement.tiles.iter().filter(|t| t.is_none()).count();
        let there = self.members.iter_mut().filter(|m| !m.leaving);
        for (member, placed) in there.zip(&arrangement.tiles) {
            if member.placed.map(|p| (p.rect.width, p.rect.height))
                != placed.map(|p| (p.rect.width, p.rect.height))
            {
                member.card = None;
            }
            member.placed = *placed;
        }
        self.more = arrangement.more.map(|placed| (placed, hidden, None));
    }

    /// Everything's place in a layout that somebody described.
    fn described(&mut self, stage: &Stage, tiles: &[Tile]) -> Option<Vec<Option<Placed>>> {
        if self.layouts.is_empty() || tiles.is_empty() {
            return None;
        }
        let there = self.members.iter().filter(|m| !m.leaving);
        let guests: Vec<Guest<'_>> = there
            .map(|m| Guest {
                name: &m.source.name,
                seat: m.seat.as_deref(),
                screen: m.source.kind == SourceKind::Screen,
            })
            .collect();
        let placed = self.layouts.arrange(stage, tiles, &guests);
        if placed.is_none() {
            self.without_layout.insert(tiles.len());
        }
        placed
    }

    /// Voices move on, and with them who is on the stage.
    pub(super) fn hear(&mut self, at: Duration, passed: Duration) {
        for member in &mut self.members {
            member.voice.step(at, passed);
        }
        if self.settings.layout != Layout::Speaker {
            return;
        }
        let people: Vec<(SourceId, Option<Duration>)> = self
            .members
            .iter()
            .filter(|m| !m.leaving && m.source.kind == SourceKind::Camera)
            .map(|m| (m.id, m.voice.speaking))
            .collect();
        let on_stage = self.floor.step(at, &people);
        if on_stage != self.on_stage {
            self.on_stage = on_stage;
            self.arrange();
        }
    }

    /// Sends every tile to its new place.
    pub(super) fn start_moving(&mut self, at: Duration) {
        let lasts = self.settings.animation;
        let first = self.last.is_none();
        for member in &mut self.members {
            let now = member.motion.map(|m| m.place(at, lasts));
            let to = match (&member.placed, now) {
                (Some(placed), _) => Place::at(placed),
                (None, Some(_)) => match member.motion {
                    Some(motion) if motion.to.opacity == 0.0 => continue,
                    Some(motion) => motion.to.away(),
                    None => continue,
                },
                (None, None) => continue,
            };
            if member.motion.is_some_and(|m| m.to == to) {
                continue;
            }
            member.motion = Some(Motion {
                from: match now {
                    // The first picture begins with everybody in place.
                    _ if first => to,
                    Some(now) => now,
                    None => to.away(),
                },
                to,
                since: at,
            });
        }
        self.draw_all = true;
    }
}
