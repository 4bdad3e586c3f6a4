//! Making it: the clock of the film goes from picture to picture; sources are
//! read, decoded, put together and encoded up to it.

use std::path::PathBuf;
use std::time::Duration;

use veche_codec::{
    AudioEncoder, AudioEncoderConfig, CodecError, Codecs, PictureRef, Rate, VideoEncoder,
    VideoEncoderConfig,
};
use veche_media::FrameSize;
use veche_mix::{AudioMixer, Fonts, Mixer, Picture, Source, SourceKind};
use veche_record::journal::Journal;
use veche_record::{self as record, Extras, Track};

use crate::audio::{RATE, position};
use crate::inputs::{InputError, InputFile, Inputs};
use crate::output::{Output, OutputError, Tracks};
use crate::script::{Meeting, Role, Script, TrackInfo};
use crate::settings::{Chat, FilmCodec, Settings, SettingsError};
use crate::sources::{News, Sources, id};

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

/// From one keyframe to the next: what a player has to decode when it seeks.
const KEYFRAMES: u32 = 4;

/// Makes a film. `watch` is told how far it is, often, and says whether to go
/// on; if not, nothing is left behind.
pub fn make(
    order: &Order,
    codecs: &Codecs,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<Film, FilmError> {
    let settings = &order.settings;
    settings.check()?;
    let inputs = Inputs::open(&order.inputs)?;
    let infos: Vec<TrackInfo> = inputs
        .tracks()
        .iter()
        .map(|(_, info)| info.clone())
        .collect();
    let meeting = order.journal.as_ref().map(Meeting::of);
    let script = Script::new(&infos, meeting.as_ref());
    if script.duration > MAX_DURATION {
        return Err(FilmError::TooLong(script.duration));
    }
    if script.duration.is_zero() || infos.iter().all(|info| info.start == info.end) {
        return Err(FilmError::Nothing);
    }
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
        sources,
        mixer: Mixer::with_fonts(settings.picture.clone(), &Fonts::with_system()),
        audio: AudioMixer::new(),
        encoders,
        output,
        tracks: Tracks::default(),
        cues: Cues::new(&script, meeting.as_ref(), settings),
        heard: 0,
        subtitles: 0,
    };
    let (summary, warnings) = making.run(watch)?;
    let mut people: Vec<String> = Vec::new();
    for role in &script.roles {
        if !people.contains(&role.name) {
            people.push(role.name.clone());
        }
    }
    Ok(Film {
        room: meeting.map(|meeting| meeting.room).unwrap_or_default(),
        people,
        duration: summary.duration,
        bytes: std::fs::metadata(&order.output).map_or(0, |meta| meta.len()),
        warnings,
    })
}

/// What encodes the film, in one process.
struct Encoders {
    video: Option<VideoEncoder>,
    audio: Option<AudioEncoder>,
}

impl Encoders {
    fn start(codecs: &Codecs, order: &Order) -> Result<Self, CodecError> {
        let settings = &order.settings;
        let name = order.output.file_name().unwrap_or_default();
        let child = codecs.spawn(name.to_string_lossy())?;
        let (width, height) = (settings.picture.width, settings.picture.height);
        let video = VideoEncoderConfig {
            codec: match settings.codec {
                FilmCodec::H264 => veche_codec::VideoCodec::H264,
                FilmCodec::Vp9 => veche_codec::VideoCodec::Vp9,
                FilmCodec::Av1 => veche_codec::VideoCodec::Av1,
            },
            rate: match settings.bitrate_kbps {
                Some(kbps) => Rate::Bitrate(kbps * 1000),
                None => Rate::Crf(f32::from(settings.crf())),
            },
            preset: match settings.codec {
                FilmCodec::H264 => settings.preset.clone(),
                FilmCodec::Vp9 | FilmCodec::Av1 => String::new(),
            },
            threads: settings.threads,
            keyframe_interval: settings.fps * KEYFRAMES,
            ..VideoEncoderConfig::h264(width, height, settings.fps)
        };
        let audio = AudioEncoderConfig::aac(settings.audio_bitrate_kbps * 1000);
        Ok(Self {
            video: settings
                .has_video
                .then(|| child.video_encoder(video))
                .transpose()?,
            audio: settings
                .has_audio
                .then(|| child.audio_encoder(audio))
                .transpose()?,
        })
    }
}

/// Everything that works on a film.
struct Making<'a> {
    settings: &'a Settings,
    script: &'a Script,
    sources: Sources<'a>,
    mixer: Mixer,
    audio: AudioMixer,
    encoders: Encoders,
    output: Output,
    tracks: Tracks,
    cues: Cues<'a>,
    /// Samples of a channel that are mixed.
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
        let total = self.script.duration;
        let fps = u128::from(self.settings.fps);
        let time = |n: u128| Duration::from_nanos((n * 1_000_000_000 / fps) as u64);
        let mut news = Vec::new();
        let pictures = (total.as_nanos() * fps).div_ceil(1_000_000_000);
        for n in 0..pictures {
            let (at, next) = (time(n), time(n + 1).min(total));
            if !watch(Progress { done: at, total }) {
                return Err(FilmError::Stopped);
            }
            self.cues.until(at, &mut self.mixer, &mut self.audio);
            self.sources.read(next);
            if self.settings.has_audio {
                self.sound(next)?;
            }
            if self.settings.has_video {
                self.see(at, &mut news);
                let picture = self.mixer.compose(at);
                encode(
                    &mut self.encoders.video,
                    picture,
                    at,
                    &mut self.output,
                    self.tracks,
                )?;
            }
            self.drain(at)?;
        }
        self.end(watch)
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

    fn see(&mut self, at: Duration, news: &mut Vec<News>) {
        let mixer = &self.mixer;
        self.sources.pictures(at, |id| mixer.wanted(id), news);
        for news in news.drain(..) {
            match news {
                News::Size(id, size) => self.mixer.natural_size(id, size.width, size.height),
                News::Video(id, on) => self.mixer.set_video(id, on),
                News::Picture(id, picture, rotation) => self.mixer.picture(id, picture, rotation),
            }
        }
    }

    fn sound(&mut self, until: Duration) -> Result<(), FilmError> {
        let audio = &mut self.audio;
        self.sources.sounds(until + AHEAD, |id, position, samples| {
            // What is late or twice was said by the sources' own times.
            let _ = audio.add(id, position, samples);
        });
        let frames = position(until).saturating_sub(self.heard) as usize;
        let sound = self.audio.mix(self.heard, frames);
        for (id, level) in &sound.levels {
            self.mixer.level(*id, *level);
        }
        let at = Duration::from_nanos(self.heard * 1_000_000_000 / RATE);
        self.heard += frames as u64;
        if let Some(encoder) = &mut self.encoders.audio {
            while !encoder.send(&sound.all, at)?.is_taken() {
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
        let total = self.script.duration;
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
        let warnings = self.sources.end()?;
        let summary = self
            .output
            .finish(&extras(self.script, self.settings, self.cues.room))?;
        watch(Progress { done: total, total });
        Ok((summary, warnings))
    }
}

fn encode(
    encoder: &mut Option<VideoEncoder>,
    picture: &Picture,
    at: Duration,
    output: &mut Output,
    tracks: Tracks,
) -> Result<(), FilmError> {
    let Some(encoder) = encoder else {
        return Ok(());
    };
    let planes = [0, 1, 2].map(|plane| picture.plane(plane));
    let picture = PictureRef {
        width: picture.width(),
        height: picture.height(),
        planes: planes.map(|(bytes, _)| bytes),
        strides: planes.map(|(_, stride)| stride),
    };
    while !encoder.send(picture, at)?.is_taken() {
        if let Some(coded) = encoder.recv()? {
            output.picture(tracks.video.unwrap_or_default(), coded)?;
        }
    }
    Ok(())
}

fn video_track(settings: &Settings, config: &[u8]) -> Track {
    let codec = match settings.codec {
        FilmCodec::H264 => veche_media::VideoCodec::H264,
        FilmCodec::Vp9 => veche_media::VideoCodec::Vp9,
        FilmCodec::Av1 => veche_media::VideoCodec::Av1,
    };
    let mut track = Track::video("", codec);
    if let record::TrackMedia::Video(media) = &mut track.media {
        media.config = config.to_vec();
        media.size = FrameSize {
            width: settings.picture.width,
            height: settings.picture.height,
        };
    }
    track
}

fn extras(script: &Script, settings: &Settings, room: &str) -> Extras {
    let chapters = script.chapters.iter().filter(|_| settings.chapters);
    Extras {
        title: (!room.is_empty()).then(|| room.to_owned()),
        chapters: chapters
            .map(|chapter| record::Chapter {
                at: chapter.at,
                title: chapter.title.clone(),
            })
            .collect(),
    }
}

/// What the script tells the mixer, in order of time.
struct Cues<'a> {
    cues: Vec<(Duration, Cue<'a>)>,
    next: usize,
    room: &'a str,
}

enum Cue<'a> {
    Come(usize, &'a Role),
    Go(usize),
    Say(&'a str, &'a str),
}

impl<'a> Cues<'a> {
    fn new(script: &'a Script, meeting: Option<&'a Meeting>, settings: &Settings) -> Self {
        let mut cues = Vec::new();
        for (number, role) in script.roles.iter().enumerate() {
            for (from, to) in &role.seen {
                cues.push((*from, Cue::Come(number, role)));
                cues.push((*to, Cue::Go(number)));
            }
        }
        let chat = meeting.iter().flat_map(|meeting| &meeting.chat);
        for (at, name, text) in chat.filter(|_| settings.chat == Chat::Burn) {
            cues.push((*at, Cue::Say(name, text)));
        }
        cues.sort_by_key(|(at, _)| *at);
        Self {
            cues,
            next: 0,
            room: meeting.map_or("", |meeting| &meeting.room),
        }
    }

    /// Those up to `at`.
    fn until(&mut self, at: Duration, mixer: &mut Mixer, audio: &mut AudioMixer) {
        while let Some((when, cue)) = self.cues.get(self.next).filter(|(when, _)| *when <= at) {
            match cue {
                Cue::Come(number, role) => mixer.join(
                    id(*number),
                    Source {
                        name: role.name.clone(),
                        kind: role.kind,
                        has_video: role.kind == SourceKind::Screen,
                    },
                ),
                Cue::Go(number) => {
                    mixer.leave(id(*number));
                    audio.remove(id(*number));
                }
                Cue::Say(name, text) => mixer.say(*when, name, text),
            }
            self.next += 1;
        }
    }
}
