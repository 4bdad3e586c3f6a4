//! Making it: the clock of the film goes from picture to picture; sources are
//! read, decoded, put together and encoded up to it.

use std::path::PathBuf;
use std::time::Duration;

use veche_codec::{CodecError, Codecs};
use veche_mix::{AudioMixer, Fonts, Mixer, Picture};
use veche_record::journal::Journal;
use veche_record::{self as record, Extras, Track};

use crate::audio::{RATE, position};
use crate::cues::Cues;
use crate::encoders::{Encoders, encode, video_track};
use crate::inputs::{InputError, InputFile, Inputs};
use crate::look::{self, Look};
use crate::opening::{self, Card};
use crate::output::{Output, OutputError, Tracks};
use crate::script::{Meeting, Script, TrackInfo, TrackKind};
use crate::settings::{Chat, Settings, SettingsError};
use crate::sources::{News, Sources};

/// A film to be made.
#[derive(Clone, Debug)]
pub struct Order {
    /// The recordings.
    pub inputs: Vec<InputFile>,
    /// What happened besides.
    pub journal: Option<Journal>,
    /// Where the film goes; replaced if it is there.
    pub output: PathBuf,
    /// How it looks.
    pub settings: Settings,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Media time that is made.
    pub done: Duration,
    /// Media time of the whole film.
    pub total: Duration,
}

/// A film that was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Film {
    /// The room's name, if it is known.
    pub room: String,
    /// Who is in it, in the order in which they come.
    pub people: Vec<String>,
    /// How long it is.
    pub duration: Duration,
    /// How large its file is.
    pub bytes: u64,
    /// What is not in it, and why.
    pub warnings: Vec<String>,
}

/// Why there is no film.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum FilmError {
    /// The recordings.
    #[error(transparent)]
    Input(#[from] InputError),
    /// How it shall look.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The codecs, or nothing could be decoded.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The file.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The recordings have no pictures and no sound of what the film shall have.
    #[error("there is nothing in the recordings to make a film of")]
    Nothing,
    /// A day and more.
    #[error("the recordings are {} hours long; a film has at most {}", .0.as_secs() / 3600, MAX_DURATION.as_secs() / 3600)]
    TooLong(Duration),
    /// As it was asked to.
    #[error("stopped")]
    Stopped,
}

/// The longest film. A damaged time in a recording would ask for years.
const MAX_DURATION: Duration = Duration::from_secs(48 * 3600);

/// By how much sound is read ahead of what is mixed: what the mixer's limiter
/// looks ahead, and more.
const AHEAD: Duration = Duration::from_millis(20);

/// Makes a film. `watch` is told how far it is, often, and says whether to go
/// on; if not, nothing is left behind.
pub fn make(
    order: &Order,
    codecs: &Codecs,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<Film, FilmError> {
    let settings = &order.settings;
    settings.check()?;
    let look = Look::read(settings)?;
    let inputs = Inputs::open(&order.inputs)?;
    let infos: Vec<TrackInfo> = inputs
        .tracks()
        .iter()
        .map(|(_, info)| info.clone())
        .collect();
    let meeting = order.journal.as_ref().map(Meeting::of);
    let script = Script::new(&infos, meeting.as_ref(), &settings.labels);
    if script.duration > MAX_DURATION {
        return Err(FilmError::TooLong(script.duration));
    }
    let has_media = |info: &TrackInfo| info.kind != TrackKind::Text && info.start < info.end;
    if script.duration.is_zero() || !infos.iter().any(has_media) {
        return Err(FilmError::Nothing);
    }
    let room = meeting.as_ref().map_or("", |meeting| &meeting.room);
    let mut mixer = Mixer::with_fonts(settings.picture.clone(), &Fonts::with_system());
    look.dress(settings, &mut mixer);
    let length = settings.opening.length();
    let card = (settings.has_video && !length.is_zero()).then(|| {
        let title = opening::title(&settings.opening, room, order.began_ms(), &script, &look);
        Card::new(length, title.text.clone(), mixer.title(&title))
    });
    let title = card.as_ref().map_or("", |card| &card.title);
    let lead = card.as_ref().map_or(Duration::ZERO, |card| card.length);
    let script = script.after(lead, title);
    let sources = Sources::new(
        codecs,
        inputs,
        &script.roles,
        settings.has_video,
        settings.has_audio,
    );
    let encoders = Encoders::start(codecs, order)?;
    let output = Output::create(&order.output)?;
    let making = Making {
        settings,
        script: &script,
        extras: extras(
            &script,
            settings,
            if title.is_empty() { room } else { title },
        ),
        cues: Cues::new(&script, meeting.as_ref(), settings, &look),
        card: card.as_ref(),
        first: None,
        lead,
        sources,
        mixer,
        audio: AudioMixer::new(),
        encoders,
        output,
        tracks: Tracks::default(),
        silent: 0,
        heard: 0,
        subtitles: 0,
    };
    let (summary, mut warnings) = making.run(watch)?;
    warnings.splice(0..0, look.warnings.iter().cloned());
    Ok(Film {
        people: script.people(),
        room: meeting.map(|meeting| meeting.room).unwrap_or_default(),
        duration: summary.duration,
        bytes: std::fs::metadata(&order.output).map_or(0, |meta| meta.len()),
        warnings,
    })
}

impl Order {
    /// When the meeting began, milliseconds since 1970, if that is known.
    fn began_ms(&self) -> Option<u64> {
        let journal = self.journal.as_ref().map(|j| j.start.started_at_ms);
        let files = self.inputs.iter().filter_map(|input| input.began_ms).min();
        journal.or(files).filter(|began| *began > 0)
    }
}

/// Everything that works on a film.
struct Making<'a> {
    settings: &'a Settings,
    script: &'a Script,
    extras: Extras,
    /// What is seen before the meeting,
    card: Option<&'a Card>,
    /// and the first picture of that.
    first: Option<Picture>,
    /// When the meeting begins.
    lead: Duration,
    sources: Sources<'a>,
    mixer: Mixer,
    audio: AudioMixer,
    encoders: Encoders,
    output: Output,
    tracks: Tracks,
    cues: Cues<'a>,
    /// Samples of a channel before the meeting.
    silent: u64,
    /// Those of the meeting that are mixed.
    heard: u64,
    /// Subtitles that are written.
    subtitles: usize,
}

impl Making<'_> {
    fn run(
        mut self,
        watch: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<(record::Summary, Vec<String>), FilmError> {
        self.begin()?;
        let total = self.lead + self.script.duration;
        let fps = u128::from(self.settings.fps);
        let time = |n: u128| Duration::from_nanos((n * 1_000_000_000 / fps) as u64);
        let pictures = (total.as_nanos() * fps).div_ceil(1_000_000_000);
        for n in 0..pictures {
            let (at, next) = (time(n), time(n + 1).min(total));
            if !watch(Progress { done: at, total }) {
                return Err(FilmError::Stopped);
            }
            self.silence(next)?;
            match at.checked_sub(self.lead) {
                Some(here) => self.meet(here, next - self.lead)?,
                None => self.open(at)?,
            }
            self.drain(at)?;
        }
        self.end(watch)
    }

    /// A picture of the card before the meeting.
    fn open(&mut self, at: Duration) -> Result<(), FilmError> {
        let Some(card) = self.card else {
            return Ok(());
        };
        if self.first.is_none() {
            self.tell(Duration::ZERO);
            self.sources.read(Duration::ZERO);
            self.look(Duration::ZERO);
            self.first = Some(self.mixer.compose(Duration::ZERO).clone());
        }
        if let Some(first) = &self.first {
            self.show(&card.at(at, first), at)?;
        }
        Ok(())
    }

    /// A picture of the meeting, and the sound until the next.
    fn meet(&mut self, at: Duration, next: Duration) -> Result<(), FilmError> {
        self.tell(at);
        self.sources.read(next);
        if self.settings.has_audio {
            self.sound(next)?;
        }
        if self.settings.has_video {
            self.look(at);
            let picture = self.mixer.compose(at).clone();
            self.show(&picture, at + self.lead)?;
        }
        Ok(())
    }

    fn show(&mut self, picture: &Picture, at: Duration) -> Result<(), FilmError> {
        let (encoder, output) = (&mut self.encoders.video, &mut self.output);
        encode(encoder, picture, at, output, self.tracks)
    }

    /// The tracks of the file.
    fn begin(&mut self) -> Result<(), FilmError> {
        let mut tracks = Vec::new();
        if let Some(video) = &self.encoders.video {
            self.tracks.video = Some(tracks.len());
            tracks.push(video_track(self.settings, &video.header().config));
        }
        if let Some(audio) = &self.encoders.audio {
            self.tracks.audio = Some(tracks.len());
            let header = audio.header();
            let track = Track::aac("", &header.config, 0);
            tracks.push(track.ok_or(FilmError::Nothing)?);
        }
        if self.settings.chat == Chat::Subtitles && !self.script.subtitles.is_empty() {
            self.tracks.text = Some(tracks.len());
            tracks.push(Track::text("Chat"));
        }
        self.output.begin(tracks)?;
        Ok(())
    }

    /// Tells everybody what the script says up to a moment of the meeting.
    fn tell(&mut self, at: Duration) {
        let (mixer, audio, sources) = (&mut self.mixer, &mut self.audio, &mut self.sources);
        self.cues.until(at, mixer, audio, sources);
    }

    /// Tells the mixer what is to be seen from a moment of the meeting on: of each
    /// camera the picture that is nearest, rather than the last one before.
    fn look(&mut self, at: Duration) {
        let nearest = at + Duration::from_secs(1) / (2 * self.settings.fps);
        let (mixer, mut news) = (&self.mixer, Vec::new());
        self.sources
            .pictures(nearest, |id| mixer.wanted(id), &mut news);
        for news in news {
            match news {
                News::Size(id, size) => self.mixer.natural_size(id, size.width, size.height),
                News::Video(id, on) => self.mixer.set_video(id, on),
                News::Picture(id, picture, rotation) => self.mixer.picture(id, picture, rotation),
            }
        }
    }

    /// Nothing is heard before the meeting.
    fn silence(&mut self, until: Duration) -> Result<(), FilmError> {
        let frames = position(until.min(self.lead)).saturating_sub(self.silent);
        if self.settings.has_audio && frames > 0 {
            let samples = vec![0.0; frames as usize * 2];
            self.hear(&samples, self.silent)?;
            self.silent += frames;
        }
        Ok(())
    }

    /// Mixes the sound of the meeting up to `until`.
    fn sound(&mut self, until: Duration) -> Result<(), FilmError> {
        let audio = &mut self.audio;
        self.sources.sounds(until + AHEAD, |id, position, samples| {
            // What is late or twice was said by the sources' own times.
            let _ = audio.add(id, position, samples);
        });
        let frames = position(until).saturating_sub(self.heard) as usize;
        let sound = self.audio.mix(self.heard, frames);
        for (id, level) in &sound.levels {
            if let Some(speaker) = self.sources.speaker(*id) {
                self.mixer.level(speaker, *level);
            }
        }
        let at = self.silent + self.heard;
        self.heard += frames as u64;
        self.hear(&sound.all, at)
    }

    /// Encodes samples that are heard at a position of the film.
    fn hear(&mut self, samples: &[f32], position: u64) -> Result<(), FilmError> {
        let at = Duration::from_nanos(position * 1_000_000_000 / RATE);
        if let Some(encoder) = &mut self.encoders.audio {
            while !encoder.send(samples, at)?.is_taken() {
                if let Some(packet) = encoder.recv()? {
                    self.output
                        .sound(self.tracks.audio.unwrap_or_default(), packet)?;
                }
            }
        }
        Ok(())
    }

    /// What is encoded by now goes to the file, and what is written under it.
    fn drain(&mut self, at: Duration) -> Result<(), FilmError> {
        while let (Some(subtitle), Some(track)) =
            (self.script.subtitles.get(self.subtitles), self.tracks.text)
            && subtitle.at <= at
        {
            self.output.text(track, subtitle)?;
            self.subtitles += 1;
        }
        if let (Some(encoder), Some(track)) = (&mut self.encoders.video, self.tracks.video) {
            while let Some(picture) = encoder.try_recv()? {
                self.output.picture(track, picture)?;
            }
        }
        if let (Some(encoder), Some(track)) = (&mut self.encoders.audio, self.tracks.audio) {
            while let Some(packet) = encoder.try_recv()? {
                self.output.sound(track, packet)?;
            }
        }
        Ok(())
    }

    fn end(
        mut self,
        watch: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<(record::Summary, Vec<String>), FilmError> {
        let total = self.lead + self.script.duration;
        self.drain(total)?;
        if let Some(encoder) = &mut self.encoders.audio {
            encoder.finish()?;
            while let Some(packet) = encoder.recv()? {
                self.output
                    .sound(self.tracks.audio.unwrap_or_default(), packet)?;
            }
        }
        if let Some(encoder) = &mut self.encoders.video {
            encoder.finish()?;
            while let Some(picture) = encoder.recv()? {
                self.output
                    .picture(self.tracks.video.unwrap_or_default(), picture)?;
            }
        }
        let mut warnings = self.sources.end()?;
        let missing = self.mixer.counts_without_layout();
        warnings.extend(look::missing_layouts(self.settings, missing));
        let summary = self.output.finish(&self.extras)?;
        watch(Progress { done: total, total });
        Ok((summary, warnings))
    }
}

fn extras(script: &Script, settings: &Settings, title: &str) -> Extras {
    let chapters = script.chapters.iter().filter(|_| settings.chapters);
    Extras {
        title: (!title.is_empty()).then(|| title.to_owned()),
        chapters: chapters
            .map(|chapter| record::Chapter {
                at: chapter.at,
                title: chapter.title.clone(),
            })
            .collect(),
    }
}
