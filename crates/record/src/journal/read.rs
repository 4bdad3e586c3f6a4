use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::{Chat, Event, MAX_JOURNAL_BYTES, Source, Start, VERSION};
use crate::track::{MAX_TRACK_NAME, cut};

/// A line. The longest message with every character escaped is below it.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// Times in a journal. A room that is recorded for longer has several.
const MAX_AT_MS: u64 = 7 * 24 * 3600 * 1000;

/// What a journal tells, in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The first line.
    pub start: Start,
    /// Everything behind it but the end.
    pub events: Vec<Event>,
    /// When the recording ended, in milliseconds since the start. `None` while
    /// it runs, and after a crash.
    pub ended_at_ms: Option<u64>,
    /// Lines that are not understood: of a later version, or damaged.
    pub skipped: u64,
}

/// Why a journal cannot be read.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system said no.
    #[error("cannot read the journal: {0}")]
    Io(#[from] io::Error),
    /// Larger than any that is written here.
    #[error("the journal is larger than {MAX_JOURNAL_BYTES} bytes")]
    TooLarge,
    /// Its first line is not the start of a recording.
    #[error("not a journal of a room: its first line is no start")]
    NoStart,
    /// Of another form.
    #[error("a journal of version {0}; only version {VERSION} is known")]
    Version(u32),
    /// The id in it is none, or not the one in its name.
    #[error("the journal names a recording that cannot be")]
    Id,
}

/// Somebody in the room, over all their stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Unique in the journal.
    pub id: String,
    /// As shown last.
    pub name: String,
    /// When they were there, in order.
    pub stays: Vec<Stay>,
}

/// From joining to leaving, in milliseconds since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Joined.
    pub from_ms: u64,
    /// Left. `None` for who was there at the end.
    pub until_ms: Option<u64>,
}

/// A stream in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The same as in the manifests of its files.
    pub media_session_id: String,
    /// Whose: [`Person::id`].
    pub person: String,
    /// The stream's name.
    pub stream: String,
    /// What its picture shows.
    pub source: Source,
    /// It has sound.
    pub audio: bool,
    /// It has a picture.
    pub video: bool,
    /// When it began, in milliseconds since the start.
    pub from_ms: u64,
    /// When it ended. `None` if it was there at the end.
    pub until_ms: Option<u64>,
    /// When its microphone or camera was switched; both are on at the start.
    pub switches: Vec<Switch>,
}

/// What of a stream is off from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// In milliseconds since the start of the journal.
    pub at_ms: u64,
    /// The microphone is off.
    pub audio_off: bool,
    /// The camera is off.
    pub video_off: bool,
}

/// Reads a journal that is being written, ended or was left by a crash.
///
/// Lines that are not understood are counted and passed over; a last line
/// without its end is not there.
pub fn read(path: &Path) -> Result<Journal, JournalError> {
    let file = File::open(path)?;
    if file.metadata()?.len() > MAX_JOURNAL_BYTES {
        return Err(JournalError::TooLarge);
    }
    let journal = parse(BufReader::new(file))?;
    match super::id_of(path) {
        Some(id) if id == journal.start.id => Ok(journal),
        _ => Err(JournalError::Id),
    }
}

impl Journal {
    /// Reads one from memory, as [`read`] does.
    pub fn parse(bytes: &[u8]) -> Result<Self, JournalError> {
        parse(bytes)
    }
}

fn parse(lines: impl BufRead) -> Result<Journal, JournalError> {
    // A file may grow while it is read.
    let mut lines = lines.take(MAX_JOURNAL_BYTES + 1);
    let mut journal = match line(&mut lines)? {
        Line::Event(Event::Start(start)) => Journal {
            start,
            events: Vec::new(),
            ended_at_ms: None,
            skipped: 0,
        },
        _ => return Err(JournalError::NoStart),
    };
    if journal.start.version != VERSION {
        return Err(JournalError::Version(journal.start.version));
    }
    if !super::is_id(&journal.start.id) {
        return Err(JournalError::Id);
    }
    loop {
        match line(&mut lines)? {
            Line::Event(event) if event.at_ms() <= MAX_AT_MS => match event {
                Event::Start(_) => journal.skipped += 1,
                // Two after a crash in the midst of a recovery: the first.
                Event::End(end) => {
                    journal.ended_at_ms.get_or_insert(end.at_ms);
                }
                event => journal.events.push(event),
            },
            Line::Event(_) | Line::Unknown => journal.skipped += 1,
            Line::End => break,
        }
    }
    if lines.limit() == 0 {
        return Err(JournalError::TooLarge);
    }
    journal.events.sort_by_key(Event::at_ms);
    Ok(journal)
}

enum Line {
    Event(Event),
    Unknown,
    End,
}

fn line(lines: &mut impl BufRead) -> io::Result<Line> {
    let mut bytes = Vec::new();
    lines.take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes)?;
    if bytes.pop_if(|b| *b == b'\n').is_none() {
        if (bytes.len() as u64) < MAX_LINE_BYTES {
            // The end of the file; what is there was torn.
            return Ok(Line::End);
        }
        lines.skip_until(b'\n')?;
        return Ok(Line::Unknown);
    }
    let Ok(mut event) = serde_json::from_slice::<Event>(&bytes) else {
        return Ok(Line::Unknown);
    };
    event.cut();
    Ok(Line::Event(event))
}

impl Journal {
    /// Everybody, in the order in which they came.
    pub fn people(&self) -> Vec<Person> {
        let mut people: Vec<Person> = Vec::new();
        let mut index = std::collections::HashMap::new();
        for event in &self.events {
            match event {
                Event::Join(join) => {
                    let i = *index.entry(join.person.as_str()).or_insert_with(|| {
                        people.push(Person {
                            id: join.person.clone(),
                            name: String::new(),
                            stays: Vec::new(),
                        });
                        people.len() - 1
                    });
                    let person = &mut people[i];
                    person.name.clone_from(&join.name);
                    if person.stays.last().is_none_or(|s| s.until_ms.is_some()) {
                        person.stays.push(Stay {
                            from_ms: join.at_ms,
                            until_ms: None,
                        });
                    }
                }
                Event::Leave(leave) => {
                    let person = index.get(leave.person.as_str()).map(|i| &mut people[*i]);
                    if let Some(stay) = person.and_then(|p| p.stays.last_mut()) {
                        stay.until_ms.get_or_insert(leave.at_ms);
                    }
                }
                _ => {}
            }
        }
        people
    }

    /// Every stream, in the order in which they began.
    pub fn streams(&self) -> Vec<Stream> {
        let mut streams: Vec<Stream> = Vec::new();
        let mut running = std::collections::HashMap::new();
        for event in &self.events {
            match event {
                Event::Stream(start) => {
                    running.insert(start.media_session_id.as_str(), streams.len());
                    streams.push(Stream {
                        media_session_id: start.media_session_id.clone(),
                        person: start.person.clone(),
                        stream: start.stream.clone(),
                        source: start.source,
                        audio: start.audio,
                        video: start.video,
                        from_ms: start.at_ms,
                        until_ms: None,
                        switches: Vec::new(),
                    });
                }
                Event::Mute(mute) => {
                    if let Some(i) = running.get(mute.media_session_id.as_str()) {
                        streams[*i].switches.push(Switch {
                            at_ms: mute.at_ms,
                            audio_off: mute.audio,
                            video_off: mute.video,
                        });
                    }
                }
                Event::Unstream(end) => {
                    if let Some(i) = running.remove(end.media_session_id.as_str()) {
                        streams[i].until_ms = Some(end.at_ms);
                    }
                }
                _ => {}
            }
        }
        streams
    }

    /// What was said.
    pub fn chat(&self) -> impl Iterator<Item = &Chat> {
        self.events.iter().filter_map(|event| match event {
            Event::Chat(chat) => Some(chat),
            _ => None,
        })
    }

    /// Milliseconds from the start to the end, or to the last that is known.
    pub fn length_ms(&self) -> u64 {
        let last = self.events.last().map_or(0, Event::at_ms);
        self.ended_at_ms.unwrap_or(last)
    }

    /// What a stream's track is called in the room's file: its person's name as
    /// [`person_name`] has it, and that it is a screen.
    pub fn track_name(&self, media_session_id: &str) -> Option<String> {
        let streams = self.streams();
        let stream = streams
            .iter()
            .find(|s| s.media_session_id == media_session_id)?;
        let people = self.people();
        let person = people.iter().find(|p| p.id == stream.person);
        let name = person.map_or(stream.stream.as_str(), |p| p.name.as_str());
        let name = person_name(name);
        Some(match stream.source {
            Source::Camera => name.to_owned(),
            Source::Screen => format!("{name}{SCREEN_SUFFIX}"),
        })
    }
}

/// Ends the names of tracks of shared screens in a room's file.
pub const SCREEN_SUFFIX: &str = " (screen)";

/// Bytes of somebody's name: of their screen's track nothing of it is cut.
const MAX_PERSON_NAME: usize = MAX_TRACK_NAME - SCREEN_SUFFIX.len();

/// Somebody's name as files hold it, so that it is the same wherever it comes
/// from: without spaces around it, and not longer than a track's name may be.
pub fn person_name(name: &str) -> &str {
    cut(name.trim(), MAX_PERSON_NAME).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_with_and_without_a_screen() {
        assert_eq!(person_name("  Ann "), "Ann");
        let long = "ж".repeat(128);
        let name = person_name(&long);
        assert_eq!(name.len(), 246);
        assert_eq!(person_name(name), name);
        assert!(name.len() + SCREEN_SUFFIX.len() <= MAX_TRACK_NAME);
        let spaced = format!("{} x", "a".repeat(245));
        assert_eq!(person_name(&spaced), "a".repeat(245));
    }
}
