//! What happens in a film and when: who is there, who shares, what was said in
//! the chat, where its chapters begin. Pure.

mod chapters;
mod subtitles;

use std::collections::BTreeMap;
use std::time::Duration;

use veche_mix::SourceKind;
use veche_record::journal::SCREEN_SUFFIX;

use self::chapters::chapters;
use self::subtitles::subtitles;
use crate::labels;

/// What a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackKind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
    /// The chat of a room's file: nobody's, and no part of the film's length.
    Text,
}

/// A track of the recordings, as far as it matters to what is seen when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackInfo {
    /// Whose it is, as [`veche_record::journal::person_name`] has it; with
    /// `(screen)` behind it in a room's file.
    pub name: String,
    /// The stream it was recorded from, where that is known.
    pub media_session_id: Option<String>,
    /// What it carries.
    pub kind: TrackKind,
    /// When its first sample begins, from the start of the film.
    pub start: Duration,
    /// When its last sample ends.
    pub end: Duration,
}

/// What is known of the meeting besides its media.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meeting {
    /// The room's name.
    pub room: String,
    /// Who was there, from when to when; more than once if they came again.
    pub presence: Vec<(String, Duration, Option<Duration>)>,
    /// The streams, by their ids.
    pub streams: BTreeMap<String, StreamInfo>,
    /// What was said to everybody: when, by whom, what.
    pub chat: Vec<(Duration, String, String)>,
}

/// A stream of the meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamInfo {
    /// Whose it was.
    pub person: String,
    /// What it showed.
    pub kind: SourceKind,
    /// From when to when it was published.
    pub from: Duration,
    /// None: to the end.
    pub to: Option<Duration>,
    /// When its microphone or camera was switched; both are on at the start.
    pub switches: Vec<Switch>,
}

/// What of a stream is off from a moment on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switch {
    /// From the start of the film.
    pub at: Duration,
    /// The microphone is off.
    pub audio_off: bool,
    /// The camera is off.
    pub video_off: bool,
}

/// Somebody, or somebody's screen, in the film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Whose it is: by this people are told apart.
    pub name: String,
    /// Shown under the picture.
    pub label: String,
    /// A face or a screen.
    pub kind: SourceKind,
    /// Positions of its tracks of pictures, among the tracks given.
    pub video: Vec<usize>,
    /// The same of sound.
    pub audio: Vec<usize>,
    /// When it is to be seen: from, to; in order, not overlapping.
    pub seen: Vec<(Duration, Duration)>,
    /// What of it is off from when on, as far as that is known; in order.
    pub switches: Vec<Switch>,
}

/// Something that begins at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// From the start of the film.
    pub at: Duration,
    /// In words.
    pub title: String,
}

/// A text that is shown for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtitle {
    /// From the start of the film.
    pub at: Duration,
    /// Exclusive.
    pub until: Duration,
    /// One or more lines.
    pub text: String,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Who appears; a role's position is its number in the mixer.
    pub roles: Vec<Role>,
    /// At least one if anybody appears; the first at zero.
    pub chapters: Vec<Chapter>,
    /// In order, not overlapping.
    pub subtitles: Vec<Subtitle>,
    /// How long the film is.
    pub duration: Duration,
}

impl Script {
    /// A role of everybody who appears, in the order in which they come.
    pub fn cast(&self) -> Vec<&Role> {
        let mut cast: Vec<&Role> = Vec::new();
        for role in &self.roles {
            if !cast.iter().any(|known| known.name == role.name) {
                cast.push(role);
            }
        }
        cast
    }

    /// What they are called.
    pub fn people(&self) -> Vec<String> {
        let cast = self.cast().into_iter();
        cast.map(|role| role.label.clone()).collect()
    }

    /// The same with `lead` before it, in which something called `title` is seen;
    /// without a name it belongs to the first chapter.
    #[must_use]
    pub fn after(mut self, lead: Duration, title: &str) -> Self {
        if lead.is_zero() {
            return self;
        }
        for chapter in &mut self.chapters {
            chapter.at += lead;
        }
        // A player's list begins with the film.
        if !title.is_empty() {
            let title = title.to_owned();
            let at = Duration::ZERO;
            self.chapters.insert(0, Chapter { at, title });
        } else if let Some(first) = self.chapters.first_mut() {
            first.at = Duration::ZERO;
        }
        for subtitle in &mut self.subtitles {
            subtitle.at += lead;
            subtitle.until += lead;
        }
        self
    }

    /// Puts together what is known. `labels` has what people are called in the
    /// film, by name, where that is something else.
    pub fn new(
        tracks: &[TrackInfo],
        meeting: Option<&Meeting>,
        labels: &BTreeMap<String, String>,
    ) -> Self {
        let none = Meeting::default();
        let meeting = meeting.unwrap_or(&none);
        let mut roles = roles(tracks, meeting);
        let duration = duration(tracks, meeting);
        for role in &mut roles {
            role.seen = joined(std::mem::take(&mut role.seen), duration);
            role.label = labels::of_role(labels, &role.name, role.kind).to_owned();
        }
        roles.retain(|role| !role.seen.is_empty() || !role.audio.is_empty());
        let chapters = chapters(&roles, &meeting.room);
        let chat = meeting.chat.iter();
        let chat: Vec<_> = chat
            .map(|(at, name, text)| (*at, labels::of(labels, name), &**text))
            .collect();
        let subtitles = subtitles(&chat, duration);
        Self {
            roles,
            chapters,
            subtitles,
            duration,
        }
    }
}

/// To the end of the last track, or until the last one left.
fn duration(tracks: &[TrackInfo], meeting: &Meeting) -> Duration {
    let media = tracks.iter().filter(|track| track.kind != TrackKind::Text);
    let media = media.map(|track| track.end).max();
    let left = meeting.presence.iter().filter_map(|(_, _, to)| *to).max();
    media.max(left).unwrap_or_default()
}

fn roles(tracks: &[TrackInfo], meeting: &Meeting) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    for (name, from, to) in &meeting.presence {
        let role = role(&mut roles, name, SourceKind::Camera);
        role.seen.push((*from, to.unwrap_or(Duration::MAX)));
    }
    for stream in meeting.streams.values() {
        if stream.kind == SourceKind::Screen {
            let role = role(&mut roles, &stream.person, stream.kind);
            let to = stream.to.unwrap_or(Duration::MAX);
            role.seen.push((stream.from, to));
        }
    }
    for stream in meeting.streams.values() {
        if stream.kind == SourceKind::Camera && !stream.switches.is_empty() {
            let role = role(&mut roles, &stream.person, stream.kind);
            role.switches.extend(&stream.switches);
            // The next one begins with all of it on.
            role.switches.extend(stream.to.map(|at| Switch {
                at,
                ..Switch::default()
            }));
            role.switches.sort_by_key(|switch| switch.at);
        }
    }
    for (position, track) in tracks.iter().enumerate() {
        if track.kind == TrackKind::Text {
            continue;
        }
        let (name, kind) = whose(track, meeting);
        let role = role(&mut roles, name, kind);
        let is_video = track.kind == TrackKind::Video;
        if is_video {
            role.video.push(position);
        } else {
            role.audio.push(position);
        }
        let told = meeting.presence.iter().any(|(person, ..)| person == name);
        // A screen's sound alone is heard and not seen.
        if !told && (is_video || kind == SourceKind::Camera) {
            role.seen.push((track.start, track.end));
        }
    }
    roles.sort_by_key(|role| role.seen.iter().map(|(from, _)| *from).min());
    roles
}

fn role<'a>(roles: &'a mut Vec<Role>, name: &str, kind: SourceKind) -> &'a mut Role {
    let known = roles
        .iter()
        .position(|role| role.name == name && role.kind == kind);
    let position = known.unwrap_or_else(|| {
        roles.push(Role {
            name: name.to_owned(),
            label: name.to_owned(),
            kind,
            video: Vec::new(),
            audio: Vec::new(),
            seen: Vec::new(),
            switches: Vec::new(),
        });
        roles.len() - 1
    });
    &mut roles[position]
}

fn whose<'a>(track: &'a TrackInfo, meeting: &'a Meeting) -> (&'a str, SourceKind) {
    let stream = track
        .media_session_id
        .as_ref()
        .and_then(|id| meeting.streams.get(id));
    if let Some(stream) = stream {
        return (&stream.person, stream.kind);
    }
    let is_person = |name: &str| meeting.presence.iter().any(|(person, ..)| person == name);
    match track.name.strip_suffix(SCREEN_SUFFIX) {
        // Somebody may be called like that.
        Some(person) if !is_person(&track.name) => (person, SourceKind::Screen),
        _ => (&track.name, SourceKind::Camera),
    }
}

/// The same times in order, with those that touch made one, within the film.
fn joined(mut seen: Vec<(Duration, Duration)>, end: Duration) -> Vec<(Duration, Duration)> {
    seen.sort_unstable();
    let mut whole: Vec<(Duration, Duration)> = Vec::new();
    for (from, to) in seen {
        let to = to.min(end);
        match whole.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ if from < to => whole.push((from, to)),
            _ => {}
        }
    }
    whole
}

#[cfg(test)]
mod tests;
