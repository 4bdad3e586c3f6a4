//! The composed picture: who is in it, what changed, what has to be drawn again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::card;
use crate::chat::Chat;
use crate::colour::{Yuv, theme};
use crate::draw::{Corner, Ring, Sprite};
use crate::layout::{Fit, Placed, Rect, Stage, Tile};
use crate::picture::{Picture, PictureMut};
use crate::scale::{Rotation, Scaler};
use crate::settings::{DesktopAlign, Layout, Settings};
use crate::text::{Fonts, Writer, plain};
use crate::voice::{Floor, Voice};

/// Longest name and message that are drawn, in characters.
const LONGEST_NAME: usize = 128;
const LONGEST_MESSAGE: usize = 600;

/// Corners and rings of different radius that are kept drawn. While tiles move
/// there are some tens.
const KEPT_SHAPES: usize = 256;

/// Which source; chosen by the caller. Sources of one person are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// What a source shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// A face: may be cropped a little.
    Camera,
    /// A screen: is never cropped, and large.
    Screen,
}

/// Somebody, or something somebody shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name on the picture.
    pub name: String,
    /// What it shows.
    pub kind: SourceKind,
    /// Whether there are pictures now; without them there is a card with the name.
    pub has_video: bool,
}

/// At which size a source is shown, for decoders that scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Pixels in a row of the decoded picture, before it is turned upright.
    pub width: u32,
    /// Rows of the decoded picture, before it is turned upright.
    pub height: u32,
    /// [`Fit::Cover`]: exactly this size, the middle of the picture.
    /// [`Fit::Contain`]: at most this size, all of the picture.
    pub fit: Fit,
}

/// A tile's state between two arrangements: fractions of pixels while it moves.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    radius: f32,
    opacity: f32,
}

impl Place {
    fn at(placed: &Placed) -> Place {
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
    fn away(self) -> Place {
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

    fn towards(self, to: Place, share: f32) -> Place {
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

    fn rect(&self) -> Rect {
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
struct Motion {
    from: Place,
    to: Place,
    since: Duration,
}

impl Motion {
    fn place(&self, at: Duration, lasts: Duration) -> Place {
        let passed = at.saturating_sub(self.since);
        if passed >= lasts {
            return self.to;
        }
        self.from
            .towards(self.to, eased(passed.as_secs_f32() / lasts.as_secs_f32()))
    }

    fn over(&self, at: Duration, lasts: Duration) -> bool {
        at.saturating_sub(self.since) >= lasts
    }
}

/// Leaves quickly, arrives gently.
fn eased(t: f32) -> f32 {
    1.0 - (1.0 - t.clamp(0.0, 1.0)).powi(3)
}

/// What a tile looked like when it was drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Drawn {
    rect: Rect,
    radius: u32,
    opacity: u8,
    ring: u8,
    pictures: u64,
    fit: Fit,
}

/// A name drawn for a size of tile.
#[derive(Debug)]
struct Caption {
    size: (u32, u32),
    sprite: Option<Sprite>,
}

#[derive(Debug)]
struct Member {
    id: SourceId,
    source: Source,
    picture: Option<Picture>,
    rotation: Rotation,
    /// Counts what changed of the picture.
    pictures: u64,
    natural: Option<(u32, u32)>,
    natural_was_told: bool,
    voice: Voice,
    leaving: bool,
    placed: Option<Placed>,
    motion: Option<Motion>,
    drawn: Option<Drawn>,
    /// The picture in the size of the tile, and what it was made from.
    fitted: Option<(u64, Picture)>,
    card: Option<Picture>,
    caption: Option<Caption>,
}

impl Member {
    fn shows_picture(&self) -> bool {
        self.source.has_video && self.picture.is_some()
    }

    /// Proportions of the upright picture. Cards have none of their own: they are
    /// counted as the usual camera.
    fn aspect(&self) -> Option<f32> {
        let (width, height) = self.natural.filter(|_| self.source.has_video)?;
        let (width, height) = self.rotation.size(width, height);
        Some(width as f32 / height as f32)
    }
}

/// Composes the picture of a meeting.
#[derive(Debug)]
pub struct Mixer {
    settings: Settings,
    background: Yuv,
    writer: Writer,
    scaler: Scaler,
    members: Vec<Member>,
    more: Option<(Placed, usize, Option<Picture>)>,
    chat: Chat,
    floor: Floor<SourceId>,
    on_stage: Option<SourceId>,
    canvas: Picture,
    corners: BTreeMap<u32, Corner>,
    rings: BTreeMap<(u32, u32), Ring>,
    /// The time of the last frame; `None` before the first.
    last: Option<Duration>,
    draw_all: bool,
    rearrange: bool,
    chat_was: Option<Rect>,
    /// What lies under a tile that moves over others.
    kept: Option<Picture>,
}

impl Mixer {
    /// An empty meeting, written in the font of this crate.
    pub fn new(settings: Settings) -> Mixer {
        Mixer::with_fonts(settings, &Fonts::embedded())
    }

    /// An empty meeting, written in these fonts.
    pub fn with_fonts(settings: Settings, fonts: &Fonts) -> Mixer {
        let mut settings = settings;
        let background = settings.matrix.yuv(settings.background);
        let canvas = Picture::solid(settings.width, settings.height, background);
        (settings.width, settings.height) = (canvas.width(), canvas.height());
        Mixer {
            background,
            writer: Writer::new(fonts),
            scaler: Scaler::default(),
            members: Vec::new(),
            more: None,
            chat: Chat::default(),
            floor: Floor::default(),
            on_stage: None,
            canvas,
            corners: BTreeMap::new(),
            rings: BTreeMap::new(),
            last: None,
            draw_all: true,
            rearrange: true,
            chat_was: None,
            kept: None,
            settings,
        }
    }

    /// The settings, sizes made even.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Somebody comes. Tiles stand in the order of coming. An id that is there
    /// already gets the new name and kind.
    pub fn join(&mut self, id: SourceId, source: Source) {
        let source = Source {
            name: plain(&source.name, LONGEST_NAME),
            ..source
        };
        if let Some(member) = self.member(id) {
            member.source = source;
            member.card = None;
            member.caption = None;
            member.pictures += 1;
            if !member.source.has_video {
                member.picture = None;
            }
        } else {
            self.members.push(Member {
                id,
                source,
                picture: None,
                rotation: Rotation::None,
                pictures: 0,
                natural: None,
                natural_was_told: false,
                voice: Voice::default(),
                leaving: false,
                placed: None,
                motion: None,
                drawn: None,
                fitted: None,
                card: None,
                caption: None,
            });
        }
        self.arrange();
    }

    /// Somebody goes.
    pub fn leave(&mut self, id: SourceId) {
        if let Some(member) = self.member(id) {
            member.leaving = true;
            member.placed = None;
            self.arrange();
        }
    }

    /// A camera is switched on or off. Off forgets the last picture.
    pub fn set_video(&mut self, id: SourceId, on: bool) {
        if let Some(member) = self.member(id)
            && member.source.has_video != on
        {
            member.source.has_video = on;
            member.picture = None;
            member.fitted = None;
            member.pictures += 1;
            self.arrange();
        }
    }

    /// The size of a source's pictures before anybody scaled them, as they are
    /// coded (not turned yet). Without it the size of the first picture counts.
    pub fn natural_size(&mut self, id: SourceId, width: u32, height: u32) {
        if let Some(member) = self.member(id)
            && width > 0
            && height > 0
        {
            member.natural_was_told = true;
            if member.natural != Some((width, height)) {
                member.natural = Some((width, height));
                self.arrange();
            }
        }
    }

    /// The newest picture of a source; it is shown until the next one, and in the
    /// frames after it. Any size; that of [`Mixer::wanted`] is copied as it is. Of
    /// a source's pictures at most two are held: the newest and the one last drawn.
    pub fn picture(&mut self, id: SourceId, picture: Picture, rotation: Rotation) {
        let wanted = self.wanted(id);
        let Some(member) = self.member(id) else {
            return;
        };
        let turned = member.rotation != rotation;
        let before = member.aspect();
        member.rotation = rotation;
        let size = (picture.width(), picture.height());
        // A picture that was scaled for us says nothing of its own proportions.
        let scaled = !turned
            && wanted.is_some_and(|wanted| {
                size == (wanted.width, wanted.height)
                    || wanted.fit == Fit::Contain
                        && (size.0 == wanted.width || size.1 == wanted.height)
            });
        if !member.natural_was_told && (member.natural.is_none() || !scaled) {
            member.natural = Some(size);
        }
        member.picture = Some(picture);
        member.pictures += 1;
        if member.aspect() != before {
            self.arrange();
        }
    }

    /// At which size a source is shown now, or will be when tiles stop moving.
    /// `None`: it is not in sight, or unknown.
    pub fn wanted(&self, id: SourceId) -> Option<Target> {
        let member = self.members.iter().find(|m| m.id == id && !m.leaving)?;
        let placed = member.placed?;
        let (width, height) = member.rotation.size(placed.rect.width, placed.rect.height);
        Some(Target {
            width,
            height,
            fit: placed.fit,
        })
    }

    /// Loudness of a source: RMS of its last 20 ms, full scale is 1. Of several
    /// between two frames the loudest counts.
    pub fn level(&mut self, id: SourceId, rms: f32) {
        if let Some(member) = self.member(id) {
            member.voice.hear(rms);
        }
    }

    /// Whether a source speaks, as of the last frame.
    pub fn speaks(&self, id: SourceId) -> bool {
        self.members
            .iter()
            .any(|m| m.id == id && !m.leaving && m.voice.speaking.is_some())
    }

    /// A chat message, shown from `at` on.
    pub fn say(&mut self, at: Duration, name: &str, text: &str) {
        let (name, text) = (plain(name, LONGEST_NAME), plain(text, LONGEST_MESSAGE));
        if self.settings.show_chat && !text.is_empty() {
            self.chat.say(at, name, text);
        }
    }

    /// The picture at `at`, which is not before the last one.
    ///
    /// It is the mixer's own and drawn on next time: a clone that is still held
    /// then costs a copy.
    pub fn compose(&mut self, at: Duration) -> &Picture {
        let at = self.last.map_or(at, |last| last.max(at));
        let passed = self.last.map_or(Duration::ZERO, |last| at - last);
        self.hear(at, passed);
        if std::mem::take(&mut self.rearrange) {
            self.start_moving(at);
        }
        self.draw(at);
        self.last = Some(at);
        &self.canvas
    }

    /// The same into a caller's buffer of the settings' size, for instance memory
    /// that an encoder shares. False, and nothing is written, when sizes differ.
    pub fn compose_into(&mut self, at: Duration, buffer: &mut PictureMut<'_>) -> bool {
        self.compose(at).copy_to(buffer)
    }

    fn member(&mut self, id: SourceId) -> Option<&mut Member> {
        self.members.iter_mut().find(|m| m.id == id && !m.leaving)
    }

    /// Where everybody is to be.
    fn arrange(&mut self) {
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
        let arrangement = stage.arrange(&tiles);
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

    /// Voices move on, and with them who is on the stage.
    fn hear(&mut self, at: Duration, passed: Duration) {
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
    fn start_moving(&mut self, at: Duration) {
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

    fn draw(&mut self, at: Duration) {
        let lasts = self.settings.animation;
        let moving = self
            .members
            .iter()
            .any(|m| m.motion.is_some_and(|motion| !motion.over(at, lasts)));
        self.members.retain_mut(|member| {
            let gone = member
                .motion
                .is_none_or(|motion| motion.to.opacity == 0.0 && motion.over(at, lasts));
            if gone && member.placed.is_none() {
                member.motion = None;
            }
            !(gone && member.leaving)
        });
        let all = self.draw_all || moving;
        // After the last step of a movement everything is drawn once more in place.
        self.draw_all = moving;

        let chat = self.chat_at(at);
        let under_chat = [self.chat_was, chat];
        let mut canvas = self.canvas.edit();
        let whole = Rect {
            x: 0,
            y: 0,
            width: self.settings.width,
            height: self.settings.height,
        };
        if all {
            canvas.fill(&whole, self.background);
        } else {
            for rect in under_chat.iter().flatten() {
                canvas.fill(rect, self.background);
            }
        }
        if let Some((placed, count, picture)) = &mut self.more {
            let touched = under_chat
                .iter()
                .flatten()
                .any(|r| r.overlaps(&placed.rect));
            if all || touched || picture.is_none() {
                let size = (placed.rect.width, placed.rect.height);
                let picture = picture.get_or_insert_with(|| {
                    card::more(&mut self.writer, &self.settings, *count, size)
                });
                let corner = corner(&mut self.corners, placed.radius).clone();
                let mut canvas = self.canvas.edit();
                canvas.blit(picture, placed.rect.x, placed.rect.y);
                canvas.round(&placed.rect, &corner, self.background);
            }
        }
        // Those who leave lie under those who stay.
        for leaving in [true, false] {
            for i in 0..self.members.len() {
                if self.members[i].leaving == leaving {
                    self.draw_member(i, at, all, &under_chat);
                }
            }
        }
        self.draw_chat(at);
        self.chat_was = chat;
    }

    fn draw_member(&mut self, i: usize, at: Duration, all: bool, under: &[Option<Rect>; 2]) {
        let alone = self.members.iter().filter(|m| !m.leaving).count() < 2;
        let member = &mut self.members[i];
        let Some(motion) = member.motion else {
            member.drawn = None;
            return;
        };
        let moving = !motion.over(at, self.settings.animation);
        let place = motion.place(at, self.settings.animation);
        let rect = place
            .rect()
            .within(self.settings.width, self.settings.height);
        let fit = member.placed.map_or(Fit::Cover, |p| p.fit);
        // Of somebody alone everybody knows who speaks.
        let rings =
            self.settings.voice_activity && member.source.kind == SourceKind::Camera && !alone;
        let drawn = Drawn {
            rect,
            radius: place.radius.round() as u32,
            opacity: (place.opacity * 255.0).round() as u8,
            ring: if rings {
                (member.voice.ring * 255.0).round() as u8
            } else {
                0
            },
            pictures: member.pictures,
            fit,
        };
        let touched = under.iter().flatten().any(|r| r.overlaps(&rect));
        if !all && !touched && member.drawn == Some(drawn) {
            return;
        }
        member.drawn = Some(drawn);
        if drawn.opacity == 0 {
            return;
        }
        self.fit_member(i, rect, fit);
        let member = &self.members[i];
        let shown = member.shows_picture();
        let Some((_, picture)) = &member.fitted else {
            return;
        };
        let small = rect.width.min(rect.height);
        let thickness = ((small as f32 * 0.012).clamp(2.0, 5.0 * self.settings.scale().max(0.5))
            / 2.0)
            .ceil() as u32
            * 2;
        if self.corners.len() + self.rings.len() > KEPT_SHAPES {
            self.corners.clear();
            self.rings.clear();
        }
        let mut canvas = self.canvas.edit();
        // Tiles lie over each other only while they move.
        let kept = moving.then(|| {
            let fits = |kept: &Picture| (kept.width(), kept.height()) == (rect.width, rect.height);
            let mut kept = match self.kept.take().filter(fits) {
                Some(kept) => kept,
                None => Picture::black(rect.width, rect.height),
            };
            canvas.keep(&rect, &mut kept);
            kept
        });
        if (picture.width(), picture.height()) != (rect.width, rect.height) {
            // Bars beside a picture that is shown whole.
            canvas.fill(&rect, self.settings.matrix.yuv(theme::SUNKEN));
        }
        let left = (rect.width.saturating_sub(picture.width()) / 2) & !1;
        let top = (rect.height.saturating_sub(picture.height()) / 2) & !1;
        canvas.blit(picture, rect.x + left, rect.y + top);
        if shown
            && let Some(Caption {
                sprite: Some(sprite),
                ..
            }) = &member.caption
        {
            let inset = card::caption_inset(
                &self.settings,
                member.placed.map_or(rect.height, |p| p.rect.height),
            );
            let x = i64::from(rect.x + inset);
            let y = i64::from(rect.bottom()) - i64::from(inset + sprite.height);
            canvas.sprite(sprite, x, y, &rect, 255);
        }
        if drawn.ring > 0 {
            let ring = self
                .rings
                .entry((drawn.radius, thickness))
                .or_insert_with(|| Ring::new(drawn.radius, thickness));
            let colour = self.settings.matrix.yuv(self.settings.voice_colour);
            canvas.ring(&rect, ring, colour, drawn.ring);
        }
        let corner = corner(&mut self.corners, drawn.radius);
        if let Some(kept) = kept {
            canvas.uncover(&rect, &kept, corner, drawn.opacity);
            self.kept = Some(kept);
        } else if drawn.radius > 0 {
            canvas.round(&rect, corner, self.background);
        }
    }

    /// Makes the picture or the card of a member fit its tile, and its name.
    fn fit_member(&mut self, i: usize, rect: Rect, fit: Fit) {
        let member = &mut self.members[i];
        let size = member
            .placed
            .map_or((rect.width, rect.height), |p| (p.rect.width, p.rect.height));
        if !member.shows_picture() {
            let card = member.card.get_or_insert_with(|| {
                let name = member.source.name.as_str();
                card::card(&mut self.writer, &self.settings, name, size)
            });
            let spare = member.fitted.take().map(|(_, picture)| picture);
            let fitted = fitted(
                &mut self.scaler,
                card,
                Rotation::None,
                rect,
                Fit::Cover,
                spare,
            );
            member.fitted = Some((u64::MAX, fitted));
            return;
        }
        if self.settings.show_names && member.caption.as_ref().is_none_or(|c| c.size != size) {
            let screen = member.source.kind == SourceKind::Screen;
            let name = member.source.name.as_str();
            member.caption = Some(Caption {
                size,
                sprite: card::caption(&mut self.writer, &self.settings, name, screen, size),
            });
        }
        let Some(picture) = &member.picture else {
            return;
        };
        let there = member.fitted.as_ref().is_some_and(|(made_from, picture)| {
            *made_from == member.pictures
                && (picture.width() == rect.width || picture.height() == rect.height)
                && (fit == Fit::Contain
                    || (picture.width(), picture.height()) == (rect.width, rect.height))
        });
        if !there {
            let spare = member.fitted.take().map(|(_, picture)| picture);
            let fitted = fitted(&mut self.scaler, picture, member.rotation, rect, fit, spare);
            member.fitted = Some((member.pictures, fitted));
        }
    }

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
    fn chat_at(&mut self, at: Duration) -> Option<Rect> {
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

    fn draw_chat(&mut self, at: Duration) {
        let whole = Rect {
            x: 0,
            y: 0,
            width: self.settings.width,
            height: self.settings.height,
        };
        self.with_chat(at, |canvas, sprite, x, y, opacity| {
            canvas.edit().sprite(sprite, x, y, &whole, opacity);
        });
    }
}

fn corner(corners: &mut BTreeMap<u32, Corner>, radius: u32) -> &Corner {
    corners.entry(radius).or_insert_with(|| Corner::new(radius))
}

/// A picture in the size of a tile, or for [`Fit::Contain`] as large as it gets
/// within. What is right already is shared, not copied.
fn fitted(
    scaler: &mut Scaler,
    picture: &Picture,
    rotation: Rotation,
    rect: Rect,
    fit: Fit,
    spare: Option<Picture>,
) -> Picture {
    let (width, height) = rotation.size(rect.width, rect.height);
    let (pw, ph) = (picture.width(), picture.height());
    let wider = u64::from(pw) * u64::from(height) > u64::from(ph) * u64::from(width);
    let part = |side: u32, num: u32, den: u32| {
        ((u64::from(side) * u64::from(num) / u64::from(den)) as u32).max(2)
    };
    let (source, (width, height)) = match fit {
        _ if (pw, ph) == (width, height) => (picture.clone(), (width, height)),
        // Scaled for us already, with another rounding than ours.
        Fit::Contain if pw <= width && ph <= height && (pw == width || ph == height) => {
            (picture.clone(), (pw, ph))
        }
        Fit::Contain => {
            let even = |side: u32, most: u32| ((side + 1) & !1).min(most);
            let size = match wider {
                true => (width, even(part(ph, width, pw), height)),
                false => (even(part(pw, height, ph), width), height),
            };
            (picture.clone(), size)
        }
        Fit::Cover => {
            let (w, h) = match wider {
                true => (part(ph, width, height), ph),
                false => (pw, part(pw, height, width)),
            };
            let (x, y) = ((pw - w.min(pw)) / 2, (ph - h.min(ph)) / 2);
            (
                picture.crop(x, y, (w + 1) & !1, (h + 1) & !1),
                (width, height),
            )
        }
    };
    if rotation == Rotation::None && (source.width(), source.height()) == (width, height) {
        return source;
    }
    let (width, height) = rotation.size(width, height);
    let mut into = match spare {
        Some(spare) if (spare.width(), spare.height()) == (width, height) => spare,
        _ => Picture::black(width, height),
    };
    scaler.fill(&source, rotation, &mut into);
    into
}
