use std::time::Duration;

use super::{Input, Text, Warning};
use crate::error::ReadError;
use crate::finish;
use crate::reader::Reader;
use crate::track::{Sample, Track};

/// The inputs as one stream of samples in order of decoding. Each is open from
/// its start to its end.
pub(super) struct Sources<'a> {
    /// Of the room's file.
    pub tracks: Vec<Track>,
    /// Of the inputs together.
    pub bytes: u64,
    pub warnings: Vec<Warning>,
    /// Latest start first.
    later: Vec<Later<'a>>,
    running: Vec<Running<'a>>,
    /// Latest first.
    texts: Vec<Sample>,
}

struct Later<'a> {
    input: &'a Input,
    /// Of the input's tracks, in the room's file.
    tracks: Vec<usize>,
}

struct Running<'a> {
    input: &'a Input,
    tracks: Vec<usize>,
    reader: Reader,
    head: Sample,
}

impl<'a> Sources<'a> {
    /// Opens each input to see its tracks.
    pub(super) fn look_at(inputs: &'a [Input]) -> Self {
        let mut sources = Self {
            tracks: Vec::new(),
            bytes: 0,
            warnings: Vec::new(),
            later: Vec::new(),
            running: Vec::new(),
            texts: Vec::new(),
        };
        let mut owners: Vec<Owner<'_>> = Vec::new();
        for input in inputs {
            let looked =
                Reader::open(&input.path).and_then(|mut reader| match reader.next_sample()? {
                    Some(_) => Ok(reader),
                    None => Err(ReadError::NoMedia),
                });
            let reader = match looked {
                Ok(reader) => reader,
                Err(error) => {
                    sources.warn(input, error, None);
                    continue;
                }
            };
            let span = Span::of(input, &reader);
            let mut taken: Vec<usize> = Vec::new();
            for track in reader.tracks() {
                let free = (0..sources.tracks.len()).find(|i| {
                    let there = &sources.tracks[*i].media;
                    let is_same = owners[*i].name == input.name && *there == track.media;
                    is_same && !taken.contains(i) && owners[*i].is_free(span)
                });
                let index = free.unwrap_or_else(|| {
                    owners.push(Owner::new(&input.name));
                    sources.tracks.push(Track {
                        name: input.name.clone(),
                        media: track.media.clone(),
                    });
                    sources.tracks.len() - 1
                });
                owners[index].spans.push(span);
                taken.push(index);
            }
            sources.bytes += std::fs::metadata(&input.path).map_or(0, |m| m.len());
            sources.later.push(Later {
                input,
                tracks: taken,
            });
        }
        sources
            .later
            .sort_by_key(|l| std::cmp::Reverse(l.input.start));
        sources
    }

    pub(super) fn is_empty(&self) -> bool {
        self.later.is_empty()
    }

    pub(super) fn add_texts(&mut self, track: usize, texts: &[Text]) {
        self.texts = texts
            .iter()
            .rev()
            .map(|text| Sample {
                track,
                at: text.at,
                decode_at: text.at,
                duration: text.duration,
                keyframe: true,
                data: text.text.as_bytes().into(),
            })
            .collect();
    }

    /// The next sample, on the time of the room's file.
    pub(super) fn next(&mut self) -> Option<Sample> {
        loop {
            let earliest = (0..self.running.len()).min_by_key(|i| self.running[*i].when());
            let when = earliest.map(|i| self.running[i].when());
            let starts = self.later.last().map(|l| l.input.start);
            if starts.is_some_and(|s| when.is_none_or(|w| s <= w)) {
                self.start();
                continue;
            }
            let text = self.texts.last().map(|t| t.decode_at);
            if text.is_some_and(|t| when.is_none_or(|w| t <= w)) {
                return self.texts.pop();
            }
            return earliest.map(|i| self.advance(i));
        }
    }

    /// Opens the one that starts next.
    fn start(&mut self) {
        let Some(Later { input, tracks }) = self.later.pop() else {
            return;
        };
        let opened = Reader::open(&input.path).and_then(|mut reader| {
            let head = reader.next_sample()?.ok_or(ReadError::NoMedia)?;
            Ok((reader, head))
        });
        match opened {
            Ok((reader, head)) => self.running.push(Running {
                input,
                tracks,
                reader,
                head,
            }),
            Err(error) => self.warn(input, error, None),
        }
    }

    /// The head of a source, which then stands at the next or is over.
    fn advance(&mut self, i: usize) -> Sample {
        let source = &mut self.running[i];
        let (start, tracks) = (source.input.start, &source.tracks);
        let place = |head: Sample| Sample {
            track: tracks[head.track],
            at: head.at.saturating_add(start),
            decode_at: head.decode_at.saturating_add(start),
            ..head
        };
        match source.reader.next_sample() {
            Ok(Some(following)) => place(std::mem::replace(&mut source.head, following)),
            Ok(None) => {
                let head = place(source.head.clone());
                self.running.swap_remove(i);
                head
            }
            Err(error) => {
                let head = place(source.head.clone());
                let ended = self.running.swap_remove(i);
                self.warn(ended.input, error, Some(ended.head.at));
                head
            }
        }
    }

    fn warn(&mut self, input: &Input, error: ReadError, until: Option<Duration>) {
        self.warnings.push(Warning {
            path: input.path.clone(),
            error,
            until,
        });
    }
}

/// Parts of one recording may reach so far into each other: sound runs ahead of
/// the keyframe that begins the next part, and a last picture may last a second.
const JOINT: Duration = Duration::from_secs(2);

/// From when to when an input runs in the room's file.
#[derive(Clone, Copy)]
struct Span {
    start: Duration,
    end: Duration,
}

impl Span {
    fn of(input: &Input, reader: &Reader) -> Self {
        let length = reader
            .length()
            .or_else(|| Some(finish::inspect(&input.path).ok()?.duration))
            .unwrap_or(Duration::MAX);
        Self {
            start: input.start,
            end: input.start.saturating_add(length),
        }
    }

    /// Whether one is over when the other begins.
    fn is_apart(self, other: Self) -> bool {
        let (first, second) = match self.start <= other.start {
            true => (self, other),
            false => (other, self),
        };
        let joint = JOINT.min((first.end - first.start) / 2);
        first.end <= second.start.saturating_add(joint)
    }
}

/// Whose a track of the room's file is, and when it is used.
struct Owner<'a> {
    name: &'a str,
    spans: Vec<Span>,
}

impl<'a> Owner<'a> {
    fn new(name: &'a str) -> Self {
        Self {
            name,
            spans: Vec::new(),
        }
    }

    fn is_free(&self, span: Span) -> bool {
        self.spans.iter().all(|used| used.is_apart(span))
    }
}

impl Running<'_> {
    fn when(&self) -> Duration {
        self.input.start.saturating_add(self.head.decode_at)
    }
}
