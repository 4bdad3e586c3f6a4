//! The composed picture: who is in it, what changed, what has to be drawn again.

mod arrange;
mod dress;
mod member;
mod motion;
mod paint;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::dress::Watermark;
pub use self::dress::{Anchor, Spot};
use self::member::Member;
use crate::chat::Chat;
use crate::draw::{Corner, Ring};
use crate::layout::custom::Layouts;
use crate::layout::{Fit, Placed, Rect};
use crate::picture::{Picture, PictureMut};
use crate::scale::{Rotation, Scaler};
use crate::settings::Settings;
use crate::text::{Fonts, Writer, plain};
use crate::voice::Floor;

/// Longest name and message that are drawn, in characters.
const LONGEST_NAME: usize = 128;
const LONGEST_MESSAGE: usize = 600;

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
    /// [`Fit::Contain`]: at most this size, all of the picture. So with screens
    /// always: what is decoded may have become another shape meanwhile.
    pub fit: Fit,
}

/// Composes the picture of a meeting.
#[derive(Debug)]
pub struct Mixer {
    settings: Settings,
    /// What is seen where nothing is.
    background: Picture,
    background_image: bool,
    watermark: Option<Watermark>,
    layouts: Layouts,
    /// Numbers of tiles that there was no layout for.
    without_layout: BTreeSet<usize>,
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
        let colour = settings.matrix.yuv(settings.background);
        let background = Picture::solid(settings.width, settings.height, colour);
        (settings.width, settings.height) = (background.width(), background.height());
        Mixer {
            canvas: background.clone(),
            background,
            background_image: false,
            watermark: None,
            layouts: Layouts::new(),
            without_layout: BTreeSet::new(),
            writer: Writer::new(fonts),
            scaler: Scaler::default(),
            members: Vec::new(),
            more: None,
            chat: Chat::default(),
            floor: Floor::default(),
            on_stage: None,
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
            self.members.push(Member::new(id, source));
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
    /// coded (not turned yet). To be told again when it changes. Without it the
    /// size of the first picture counts.
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
            fit: match member.source.kind {
                SourceKind::Screen => Fit::Contain,
                SourceKind::Camera => placed.fit,
            },
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
}
