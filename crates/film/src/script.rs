//! What happens in a film and when: who is there, who shares, what was said in
//! the chat, where its chapters begin. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use veche_mix::SourceKind;

/// A track of the recordings, as far as it matters to what is seen when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackInfo {
    /// Whose it is; with `(screen)` behind it in a room's file.
    pub name: String,
    /// The stream it was recorded from, where that is known.
    pub media_session_id: Option<String>,
    /// Pictures, else sound.
    pub video: bool,
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
    /// Shown under the picture.
    pub name: String,
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

/// Ends the names of tracks of shared screens in a room's file.
pub const SCREEN_SUFFIX: &str = " (screen)";

/// What happens within so short a time is one chapter.
const SAME_CHAPTER: Duration = Duration::from_secs(5);

/// Chapters of one film; those of a day with a join each five minutes.
const MAX_CHAPTERS: usize = 300;

/// Messages of the chat that are shown at once.
const SUBTITLE_LINES: usize = 3;

impl Script {
    /// Who appears, in the order in which they come.
    pub fn people(&self) -> Vec<String> {
        let mut people: Vec<String> = Vec::new();
        for role in &self.roles {
            if !people.contains(&role.name) {
                people.push(role.name.clone());
            }
        }
        people
    }

    /// The same with `lead` before it, in which something called `title` is seen.
    #[must_use]
    pub fn after(mut self, lead: Duration, title: &str) -> Self {
        if lead.is_zero() {
            return self;
        }
        for chapter in &mut self.chapters {
            chapter.at += lead;
        }
        // A player's list begins with the film.
        let title = title.to_owned();
        self.chapters.insert(
            0,
            Chapter {
                at: Duration::ZERO,
                title,
            },
        );
        for subtitle in &mut self.subtitles {
            subtitle.at += lead;
            subtitle.until += lead;
        }
        self
    }

    /// Puts together what is known.
    pub fn new(tracks: &[TrackInfo], meeting: Option<&Meeting>) -> Self {
        let none = Meeting::default();
        let meeting = meeting.unwrap_or(&none);
        let mut roles = roles(tracks, meeting);
        let duration = duration(tracks, meeting);
        for role in &mut roles {
            role.seen = joined(std::mem::take(&mut role.seen), duration);
        }
        roles.retain(|role| !role.seen.is_empty() || !role.audio.is_empty());
        let chapters = chapters(&roles, &meeting.room);
        let subtitles = subtitles(&meeting.chat, duration);
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
    let media = tracks.iter().map(|track| track.end).max();
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
        let (name, kind) = whose(track, meeting);
        let role = role(&mut roles, name, kind);
        if track.video {
            role.video.push(position);
        } else {
            role.audio.push(position);
        }
        let told = meeting.presence.iter().any(|(person, ..)| person == name);
        // A screen's sound alone is heard and not seen.
        if !told && (track.video || kind == SourceKind::Camera) {
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

fn chapters(roles: &[Role], room: &str) -> Vec<Chapter> {
    let mut begins: Vec<(Duration, SourceKind, &str)> = roles
        .iter()
        .flat_map(|role| {
            role.seen
                .iter()
                .map(|(from, _)| (*from, role.kind, &*role.name))
        })
        .collect();
    begins.sort_by_key(|(at, kind, _)| (*at, *kind == SourceKind::Screen));
    let mut chapters: Vec<(Duration, Vec<&str>, Vec<&str>)> = Vec::new();
    for (at, kind, name) in begins {
        let begun = chapters
            .last()
            .is_some_and(|(begun, ..)| at < *begun + SAME_CHAPTER);
        if !begun {
            if chapters.len() == MAX_CHAPTERS {
                break;
            }
            // A player's list begins with the film.
            let at = if chapters.is_empty() {
                Duration::ZERO
            } else {
                at
            };
            chapters.push((at, Vec::new(), Vec::new()));
        }
        let Some((_, join, share)) = chapters.last_mut() else {
            continue;
        };
        let names = if kind == SourceKind::Screen {
            share
        } else {
            join
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let first = |title: String, position: usize| match (position, room) {
        (0, room) if !room.is_empty() => format!("{room}: {title}"),
        _ => title,
    };
    chapters
        .into_iter()
        .enumerate()
        .map(|(position, (at, join, share))| Chapter {
            at,
            title: first(title(&join, &share), position),
        })
        .collect()
}

fn title(join: &[&str], share: &[&str]) -> String {
    let mut parts = Vec::new();
    if !join.is_empty() {
        let verb = if join.len() == 1 { "joins" } else { "join" };
        parts.push(format!("{} {verb}", listed(join)));
    }
    if !share.is_empty() {
        let verb = if share.len() == 1 { "shares" } else { "share" };
        parts.push(format!("{} {verb} the screen", listed(share)));
    }
    parts.join(", ")
}

/// `Ann`, `Ann and Bob`, `Ann, Bob and 3 others`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} others", rest.len()),
    }
}

/// How long a text can be read in: three seconds, and a second more for each
/// fifteen letters, at most ten.
fn reading(text: &str) -> Duration {
    let letters = text.chars().count() as u64;
    Duration::from_millis((3_000 + letters * 1_000 / 15).min(10_000))
}

fn subtitles(chat: &[(Duration, String, String)], end: Duration) -> Vec<Subtitle> {
    let shown: Vec<(Duration, Duration, String)> = chat
        .iter()
        .filter(|(at, ..)| *at < end)
        .map(|(at, name, text)| {
            (
                *at,
                (*at + reading(text)).min(end),
                format!("{name}: {text}"),
            )
        })
        .collect();
    let mut moments: Vec<Duration> = shown.iter().flat_map(|s| [s.0, s.1]).collect();
    moments.sort_unstable();
    moments.dedup();
    let mut subtitles = Vec::new();
    // Messages are in order, so those that are over are at the front.
    let mut over = 0;
    for pair in moments.windows(2) {
        let (at, until) = (pair[0], pair[1]);
        while over < shown.len() && shown[over].1 <= at {
            over += 1;
        }
        let begun = shown.partition_point(|s| s.0 <= at);
        let lines: Vec<&str> = shown[over.min(begun)..begun]
            .iter()
            .filter(|s| s.1 > at)
            .map(|s| &*s.2)
            .collect();
        let last = &lines[lines.len().saturating_sub(SUBTITLE_LINES)..];
        if !last.is_empty() {
            let text = last.join("\n");
            subtitles.push(Subtitle { at, until, text });
        }
    }
    subtitles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn track(name: &str, video: bool, start: u64, end: u64) -> TrackInfo {
        TrackInfo {
            name: name.to_owned(),
            media_session_id: None,
            video,
            start: secs(start),
            end: secs(end),
        }
    }

    fn titles(script: &Script) -> Vec<(u64, &str)> {
        let chapters = script.chapters.iter();
        chapters.map(|c| (c.at.as_secs(), &*c.title)).collect()
    }

    #[test]
    fn without_more_than_the_tracks_people_are_seen_while_they_have_media() {
        let tracks = [
            track("Ann", true, 0, 60),
            track("Ann", false, 0, 61),
            track("Bob", false, 20, 50),
            track("Ann (screen)", true, 30, 40),
        ];
        let script = Script::new(&tracks, None);
        assert_eq!(script.duration, secs(61));
        let seen: Vec<_> = script
            .roles
            .iter()
            .map(|role| (&*role.name, role.kind, role.seen.clone()))
            .collect();
        assert_eq!(
            seen,
            [
                ("Ann", SourceKind::Camera, vec![(secs(0), secs(61))]),
                ("Bob", SourceKind::Camera, vec![(secs(20), secs(50))]),
                ("Ann", SourceKind::Screen, vec![(secs(30), secs(40))]),
            ]
        );
        assert_eq!(
            (&*script.roles[0].video, &*script.roles[0].audio),
            (&[0][..], &[1][..])
        );
        assert_eq!(
            titles(&script),
            [
                (0, "Ann joins"),
                (20, "Bob joins"),
                (30, "Ann shares the screen")
            ]
        );
    }

    #[test]
    fn the_meeting_tells_who_was_there_without_media() {
        let tracks = [TrackInfo {
            media_session_id: Some("m1".into()),
            ..track("stream-1", true, 5, 30)
        }];
        let meeting = Meeting {
            room: "Standup".into(),
            presence: vec![
                ("Ann".into(), secs(0), Some(secs(40))),
                ("Bob".into(), secs(10), Some(secs(20))),
                ("Bob".into(), secs(30), None),
            ],
            streams: BTreeMap::from([(
                "m1".into(),
                StreamInfo {
                    person: "Ann".into(),
                    kind: SourceKind::Screen,
                    from: secs(4),
                    to: Some(secs(30)),
                    switches: Vec::new(),
                },
            )]),
            chat: Vec::new(),
        };
        let script = Script::new(&tracks, Some(&meeting));
        assert_eq!(script.duration, secs(40));
        let bob = script.roles.iter().find(|r| r.name == "Bob").expect("Bob");
        assert_eq!(bob.seen, [(secs(10), secs(20)), (secs(30), secs(40))]);
        let screen = script
            .roles
            .iter()
            .find(|r| r.kind == SourceKind::Screen)
            .expect("it");
        assert_eq!((&*screen.name, &*screen.video), ("Ann", &[0][..]));
        assert_eq!(
            titles(&script),
            [
                (0, "Standup: Ann joins, Ann shares the screen"),
                (10, "Bob joins"),
                (30, "Bob joins"),
            ]
        );
    }

    #[test]
    fn somebody_may_be_called_like_a_screen() {
        let meeting = Meeting {
            presence: vec![("Bob (screen)".into(), secs(0), None)],
            ..Meeting::default()
        };
        let script = Script::new(&[track("Bob (screen)", true, 0, 9)], Some(&meeting));
        assert_eq!(script.roles.len(), 1);
        assert_eq!(script.roles[0].kind, SourceKind::Camera);
    }

    #[test]
    fn a_crowd_is_one_chapter() {
        let tracks: Vec<_> = ["A", "B", "C", "D", "E"]
            .iter()
            .map(|name| track(name, true, 0, 9))
            .collect();
        assert_eq!(
            titles(&Script::new(&tracks, None)),
            [(0, "A, B and 3 others join")]
        );
    }

    #[test]
    fn messages_are_subtitles_that_do_not_overlap() {
        let say = |at, text: &str| (secs(at), "Ann".to_owned(), text.to_owned());
        let chat = [
            say(1, "one"),
            say(2, "two"),
            say(30, "late"),
            say(99, "too late"),
        ];
        let subtitles = subtitles(&chat, secs(31));
        let texts: Vec<_> = subtitles.iter().map(|s| &*s.text).collect();
        assert_eq!(
            texts,
            ["Ann: one", "Ann: one\nAnn: two", "Ann: two", "Ann: late"]
        );
        assert!(subtitles.windows(2).all(|s| s[0].until <= s[1].at));
        assert_eq!(subtitles[3].until, secs(31));
    }

    #[test]
    fn a_flood_shows_the_last_messages_only() {
        let chat: Vec<_> = (0..50)
            .map(|n| (Duration::from_millis(n), "A".to_owned(), n.to_string()))
            .collect();
        let subtitles = subtitles(&chat, secs(60));
        assert!(
            subtitles
                .iter()
                .all(|s| s.text.lines().count() <= SUBTITLE_LINES)
        );
    }

    #[test]
    fn nothing_is_a_film_of_no_length() {
        let script = Script::new(&[], None);
        assert_eq!(script.duration, Duration::ZERO);
        assert!(script.roles.is_empty() && script.chapters.is_empty());
    }
}
