//! The tracks of all roles, decoded in step with the film.

use std::collections::BTreeMap;
use std::time::Duration;

use veche_codec::{Child, CodecError, Codecs, TimedPicture};
use veche_media::FrameSize;
use veche_mix::{Picture, Rotation, SourceId, SourceKind};
use veche_record::TrackMedia;

use crate::audio::AudioFeed;
use crate::inputs::Inputs;
use crate::listeners::Listeners;
use crate::script::Role;
use crate::video::VideoFeed;

/// How far recordings are read ahead of the film, so that decoders have work, and
/// the pictures that are decoded before those they are shown after.
const LOOKAHEAD: Duration = Duration::from_secs(1);

/// How long a camera may show nothing new before its person gets a card: longer
/// than the pauses of a slow or lossy line.
const CAMERA_GAP: Duration = Duration::from_millis(2_500);

/// Times that a track is tried again after its process died, at its next
/// keyframe. A picture that kills a decoder may be the only one.
const RESTARTS: u32 = 3;

/// Luma, of 16 to 235, below which a picture has nothing on it, and how far its
/// colours may be from grey. Browsers send black for a camera that is off.
const DARK: u8 = 20;
const GREY: u8 = 4;

/// What is seen and heard of everybody, up to now.
pub(crate) struct Sources<'a> {
    codecs: &'a Codecs,
    inputs: Inputs,
    videos: Vec<VideoFeed>,
    audios: Vec<AudioFeed>,
    /// Which feed a track goes to.
    feeds: Vec<Option<Feed>>,
    roles: Vec<Shown>,
    /// A process for the pictures of each role, while there are any.
    video_children: BTreeMap<usize, Child>,
    /// Those for sound.
    listeners: Listeners,
    restarts: BTreeMap<usize, u32>,
    /// Something was decoded.
    any: bool,
    first_error: Option<CodecError>,
    warnings: Vec<String>,
}

#[derive(Clone, Copy)]
enum Feed {
    Video(usize),
    Audio(usize),
}

/// What a role shows.
struct Shown {
    name: String,
    kind: SourceKind,
    /// When its last picture was that had something on it.
    last: Option<Duration>,
    /// There is a picture in the mixer.
    on: bool,
    /// Its camera is known to be off, whatever comes.
    off: bool,
    /// What the mixer knows of its size.
    size: Option<FrameSize>,
}

/// What is new of a role.
pub(crate) enum News {
    /// It shows pictures from now on, or no longer.
    Video(SourceId, bool),
    /// How large its pictures are, as they are coded.
    Size(SourceId, FrameSize),
    /// A picture, to be turned.
    Picture(SourceId, Picture, Rotation),
}

impl<'a> Sources<'a> {
    pub(crate) fn new(
        codecs: &'a Codecs,
        inputs: Inputs,
        roles: &[Role],
        video: bool,
        audio: bool,
    ) -> Self {
        let mut sources = Self {
            codecs,
            feeds: vec![None; inputs.tracks().len()],
            inputs,
            videos: Vec::new(),
            audios: Vec::new(),
            roles: Vec::new(),
            video_children: BTreeMap::new(),
            listeners: Listeners::new(),
            restarts: BTreeMap::new(),
            any: false,
            first_error: None,
            warnings: Vec::new(),
        };
        for (number, role) in roles.iter().enumerate() {
            sources.roles.push(Shown {
                name: role.name.clone(),
                kind: role.kind,
                last: None,
                on: false,
                off: false,
                size: None,
            });
            let tracks = role.video.iter().filter(|_| video);
            for track in tracks.chain(role.audio.iter().filter(|_| audio)) {
                sources.add(number, *track);
            }
        }
        sources
    }

    fn add(&mut self, role: usize, track: usize) {
        let (media, info) = &self.inputs.tracks()[track];
        let begin = info.start;
        let feed = match &media.media {
            TrackMedia::Video(media) => {
                self.videos.push(VideoFeed::new(role, track, media));
                Some(Feed::Video(self.videos.len() - 1))
            }
            TrackMedia::Audio(media) => {
                self.audios.push(AudioFeed::new(role, track, media, begin));
                Some(Feed::Audio(self.audios.len() - 1))
            }
            TrackMedia::Text => None,
        };
        self.feeds[track] = feed;
    }

    /// The mixer knows nothing of a role: it has come, or come back.
    pub(crate) fn came(&mut self, role: usize) {
        let state = &mut self.roles[role];
        state.on = false;
        state.size = None;
    }

    /// A role's camera is switched on or off.
    pub(crate) fn switch_camera(&mut self, role: usize, on: bool) {
        let state = &mut self.roles[role];
        state.off = !on;
        state.last = state.last.filter(|_| on);
    }

    /// Reads what is shown or heard until a little after `until`.
    pub(crate) fn read(&mut self, until: Duration) {
        while let Some(sample) = self.inputs.next_before(until + LOOKAHEAD) {
            match self.feeds[sample.track] {
                Some(Feed::Video(feed)) => self.videos[feed].push(sample),
                Some(Feed::Audio(feed)) => self.audios[feed].push(sample),
                None => {}
            }
        }
    }

    /// What is to be seen at `at` that was not before. `wanted` says how large
    /// a role's pictures are shown, given how they are turned.
    pub(crate) fn pictures(
        &mut self,
        at: Duration,
        wanted: impl Fn(SourceId) -> Option<veche_mix::Target>,
        news: &mut Vec<News>,
    ) {
        for feed in 0..self.videos.len() {
            self.tend_video(feed, |this, feed| {
                let video = &mut this.videos[feed];
                let output = wanted(id(video.role)).map(target);
                video.fill(at, output.into())
            });
        }
        for feed in 0..self.videos.len() {
            let mut picture = None;
            self.tend_video(feed, |this, feed| {
                let over = this.inputs.is_over(this.videos[feed].track);
                picture = this.videos[feed].newest(at, over)?;
                Ok(())
            });
            if let Some(picture) = picture {
                self.show(feed, picture, news);
            }
        }
        self.switch(at, news);
        self.rest();
    }

    fn show(&mut self, feed: usize, picture: TimedPicture, news: &mut Vec<News>) {
        let (role, rotation) = (self.videos[feed].role, self.videos[feed].rotation);
        let (width, height) = (picture.picture.width, picture.picture.height);
        let Ok(shown) = Picture::packed(width, height, picture.picture.data) else {
            return;
        };
        self.any = true;
        let state = &mut self.roles[role];
        if state.off {
            return;
        }
        if state.kind == SourceKind::Camera && is_dark(&shown) {
            state.last = None;
            return;
        }
        if !state.on {
            state.on = true;
            news.push(News::Video(id(role), true));
        }
        let (width, height) = picture.frame;
        let size = FrameSize { width, height };
        if state.size != Some(size) {
            state.size = Some(size);
            news.push(News::Size(id(role), size));
        }
        state.last = Some(picture.at);
        news.push(News::Picture(id(role), shown, rotation));
    }

    /// Cameras of which nothing came for a while, and nothing will, are off.
    fn switch(&mut self, at: Duration, news: &mut Vec<News>) {
        for (role, state) in self.roles.iter_mut().enumerate() {
            if !state.on || state.kind == SourceKind::Screen {
                continue;
            }
            let alive = !state.off
                && state.last.is_some()
                && self
                    .videos
                    .iter()
                    .filter(|feed| feed.role == role)
                    .any(|feed| feed.is_alive(at, state.last, CAMERA_GAP));
            if !alive {
                state.on = false;
                news.push(News::Video(id(role), false));
            }
        }
    }

    /// Whose a sound is that [`Sources::sounds`] gives.
    pub(crate) fn speaker(&self, sound: SourceId) -> Option<SourceId> {
        match self.feeds.get(sound.0 as usize)? {
            Some(Feed::Audio(feed)) => Some(id(self.audios[*feed].role)),
            _ => None,
        }
    }

    /// Gives the sound that begins before `until`: of which track, where, what.
    /// Of somebody's tracks none hides another.
    pub(crate) fn sounds(&mut self, until: Duration, mut hear: impl FnMut(SourceId, u64, &[f32])) {
        for feed in 0..self.audios.len() {
            self.tend_audio(feed, |this, feed| this.audios[feed].fill(until));
        }
        for feed in 0..self.audios.len() {
            let hear = &mut hear;
            self.tend_audio(feed, |this, feed| {
                let audio = &mut this.audios[feed];
                let sound = sound_id(audio.track);
                let mut any = false;
                audio.heard(until, |position, samples| {
                    any = true;
                    hear(sound, position, samples);
                })?;
                this.any |= any;
                Ok(())
            });
        }
        self.rest_listeners();
    }

    /// Lets decoders of sound go whose track is over: a process has so many only.
    fn rest_listeners(&mut self) {
        for (feed, audio) in self.audios.iter_mut().enumerate() {
            if audio.is_idle() && self.inputs.is_over(audio.track) {
                audio.close();
                self.listeners.let_go(feed);
            }
        }
    }

    /// What had to be done without, in sentences; or the first fault, if there
    /// is nothing at all.
    pub(crate) fn end(mut self) -> Result<Vec<String>, CodecError> {
        match self.first_error {
            Some(error) if !self.any => Err(error),
            _ => {
                let mut warnings = self.inputs.warnings().to_vec();
                warnings.append(&mut self.warnings);
                Ok(warnings)
            }
        }
    }

    /// Works on a feed of pictures, with its decoder; a fault is dealt with.
    fn tend_video(
        &mut self,
        feed: usize,
        work: impl FnOnce(&mut Self, usize) -> Result<(), CodecError>,
    ) {
        let started = if self.videos[feed].needs_decoder() {
            self.video_child(self.videos[feed].role)
                .and_then(|child| self.videos[feed].start(&child))
        } else {
            Ok(())
        };
        let Err(error) = started.and_then(|()| work(self, feed)) else {
            return;
        };
        let (track, role) = (self.videos[feed].track, self.videos[feed].role);
        if error.is_child_gone() {
            self.video_children.remove(&role);
        }
        if self.may_restart(track, &error) {
            self.videos[feed].restart();
        } else {
            self.videos[feed].fail();
        }
    }

    fn tend_audio(
        &mut self,
        feed: usize,
        work: impl FnOnce(&mut Self, usize) -> Result<(), CodecError>,
    ) {
        let track = self.audios[feed].track;
        let started = if self.audios[feed].needs_decoder() {
            let file = self.file_of(track);
            self.listeners
                .of(feed, &file, self.codecs)
                .and_then(|child| self.audios[feed].start(&child))
        } else {
            Ok(())
        };
        let Err(error) = started.and_then(|()| work(self, feed)) else {
            return;
        };
        if error.is_child_gone() && !self.listeners.gone(feed) {
            tracing::warn!(%error, "each track of sound is decoded by itself from now on");
            self.first_error.get_or_insert(error);
            for audio in &mut self.audios {
                audio.again();
            }
            return;
        }
        if self.may_restart(track, &error) {
            self.audios[feed].restart();
        } else {
            self.audios[feed].fail();
            self.listeners.let_go(feed);
        }
    }

    /// Notes a fault, and says whether the track is to be tried again.
    fn may_restart(&mut self, track: usize, error: &CodecError) -> bool {
        let tried = self.restarts.entry(track).or_default();
        *tried += 1;
        let again = error.is_child_gone() && *tried <= RESTARTS;
        if *tried == 1 || !again {
            let name = self.file_of(track);
            let end = if again { "" } else { "; its rest is left out" };
            self.warnings.push(format!("{name}: {error}{end}"));
        }
        self.first_error.get_or_insert_with(|| error.clone());
        again
    }

    fn video_child(&mut self, role: usize) -> Result<Child, CodecError> {
        if let Some(child) = self.video_children.get(&role) {
            return Ok(child.clone());
        }
        let track = self.videos.iter().find(|feed| feed.role == role);
        let file = track.map(|feed| self.file_of(feed.track));
        let file = file.unwrap_or_default();
        let label = format!("{file} ({})", self.roles[role].name);
        let child = self.codecs.spawn(label)?;
        self.video_children.insert(role, child.clone());
        Ok(child)
    }

    /// The name of the file that a track is in.
    fn file_of(&self, track: usize) -> String {
        let path = self.inputs.path_of(track);
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Lets processes go that have nothing to do. Who comes again gets another.
    fn rest(&mut self) {
        let (videos, inputs) = (&mut self.videos, &self.inputs);
        self.video_children.retain(|role, _| {
            let mut feeds = videos.iter_mut().filter(|feed| feed.role == *role);
            let busy = feeds
                .by_ref()
                .any(|feed| !(feed.has_failed() || feed.is_idle() && inputs.is_over(feed.track)));
            if !busy {
                for feed in videos.iter_mut().filter(|feed| feed.role == *role) {
                    feed.close();
                }
            }
            busy
        });
    }
}

/// The mixer's number of a role.
pub(crate) fn id(role: usize) -> SourceId {
    SourceId(role as u32)
}

/// The sound mixer's number of a track.
pub(crate) fn sound_id(track: usize) -> SourceId {
    SourceId(track as u32)
}

fn target(target: veche_mix::Target) -> veche_codec::Target {
    veche_codec::Target {
        width: target.width,
        height: target.height,
        fit: match target.fit {
            veche_mix::Fit::Contain => veche_codec::Fit::Contain,
            veche_mix::Fit::Cover => veche_codec::Fit::Cover,
        },
    }
}

/// Whether there is nothing but black on a picture. Looks at one row in eight.
fn is_dark(picture: &Picture) -> bool {
    let rows = |plane: usize| {
        let height = picture.height() as usize >> usize::from(plane > 0);
        (0..height)
            .step_by(8)
            .map(move |row| picture.row(plane, row))
    };
    rows(0).all(|row| row.iter().all(|y| *y <= DARK))
        && [1, 2]
            .into_iter()
            .all(|plane| rows(plane).all(|row| row.iter().all(|c| c.abs_diff(128) <= GREY)))
}
