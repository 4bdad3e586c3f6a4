//! One stream: its queue, and who waits for what.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::child::{Link, lock};
use crate::limits::{INPUTS, MAX_PACKET_BYTES, MAX_SOUND_FRAMES};
use crate::patience::Patience;
use crate::types::{check_size, i420_bytes};
use crate::wire::{self, Kind, Message, PictureMeta, Taken, Times};
use crate::{CodecError, CodedPicture, EncoderHeader, Picture, Sound, TimedPicture};

/// Whether an input was taken.
#[must_use = "a full stream has not taken the input"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way.
    Taken,
    /// It is not: there is output to be received first. Then send it again.
    Full,
}

impl Sent {
    /// Whether it was taken.
    pub fn is_taken(self) -> bool {
        self == Self::Taken
    }
}

/// What a stream gives.
#[derive(Debug)]
pub(crate) enum Given {
    Picture(TimedPicture),
    Sound(Sound),
    Coded(CodedPicture),
}

/// What the reading thread and the user of a stream share.
#[derive(Debug)]
pub(crate) struct Cell {
    what: String,
    /// Outputs that may wait here. The child is told of each that was received, and
    /// waits itself; one that does not is up to something.
    window: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    header: Option<EncoderHeader>,
    given: VecDeque<Given>,
    /// Inputs that the child has not taken yet.
    on_the_way: u32,
    errors: u64,
    finished: bool,
    failed: Option<CodecError>,
    /// How often the child said something of this stream.
    heard: u64,
}

impl Cell {
    pub(crate) fn new(what: String, window: u32) -> Self {
        Self {
            what,
            window: window as usize,
            state: Mutex::new(State {
                header: None,
                given: VecDeque::new(),
                on_the_way: 0,
                errors: 0,
                finished: false,
                failed: None,
                heard: 0,
            }),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn fail(&self, error: CodecError) {
        lock(&self.state).failed.get_or_insert(error);
        self.changed.notify_all();
    }

    /// Takes a message of the child about this stream.
    pub(crate) fn handle(
        &self,
        message: Message,
        stream_error: impl Fn(&str, String) -> CodecError,
    ) -> io::Result<()> {
        // Looked at before the lock is taken: pictures are large.
        let given = match message.kind {
            Kind::Picture => Some(Given::Picture(picture(&message.meta, message.data)?)),
            Kind::Sound => Some(Given::Sound(sound(&message)?)),
            Kind::Coded => Some(Given::Coded(coded(&message.meta, message.data)?)),
            Kind::Opened => {
                let header = wire::opened(message)?;
                let mut state = lock(&self.state);
                state.header = Some(header);
                state.heard += 1;
                self.changed.notify_all();
                return Ok(());
            }
            Kind::Taken => {
                let taken = Taken::from_meta(&message.meta)?;
                let mut state = lock(&self.state);
                state.on_the_way = state.on_the_way.saturating_sub(taken.inputs);
                state.errors += u64::from(taken.errors);
                None
            }
            Kind::Finished => {
                lock(&self.state).finished = true;
                None
            }
            Kind::Failed => {
                let reason: String = String::from_utf8_lossy(&message.data)
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(300)
                    .collect();
                self.fail(stream_error(&self.what, reason));
                None
            }
            _ => return Err(wire::invalid("not a message of a child")),
        };
        let mut state = lock(&self.state);
        if given.is_some() && state.given.len() >= self.window {
            return Err(wire::invalid("more than was received"));
        }
        state.given.extend(given);
        state.heard += 1;
        drop(state);
        self.changed.notify_all();
        Ok(())
    }
}

fn picture(meta: &[u8], data: Vec<u8>) -> io::Result<TimedPicture> {
    let meta = PictureMeta::from_meta(meta)?;
    check_size(meta.width, meta.height).map_err(|_| wire::invalid("a picture's size"))?;
    if data.len() != i420_bytes(meta.width, meta.height) {
        return Err(wire::invalid("a picture's length"));
    }
    if meta.frame.0 == 0 || meta.frame.1 == 0 {
        return Err(wire::invalid("a frame's size"));
    }
    Ok(TimedPicture {
        at: Duration::from_micros(meta.at),
        frame: meta.frame,
        picture: Picture {
            width: meta.width,
            height: meta.height,
            data,
        },
    })
}

fn sound(message: &Message) -> io::Result<Sound> {
    if !message.data.len().is_multiple_of(8) || message.data.len() > MAX_SOUND_FRAMES * 8 {
        return Err(wire::invalid("a sound's length"));
    }
    Ok(Sound {
        at: Duration::from_micros(Times::from_meta(&message.meta)?.at),
        samples: wire::sound_from_bytes(&message.data),
    })
}

fn coded(meta: &[u8], data: Vec<u8>) -> io::Result<CodedPicture> {
    let times = Times::from_meta(meta)?;
    Ok(CodedPicture {
        at: Duration::from_micros(times.at),
        decode_at: Duration::from_micros(times.decode_at),
        key: times.key,
        data,
    })
}

/// The user's end of a stream.
#[derive(Debug)]
pub(crate) struct Stream {
    link: Arc<Link>,
    id: u32,
    cell: Arc<Cell>,
    finished: bool,
}

impl Stream {
    pub(crate) fn new(link: Arc<Link>, id: u32, cell: Arc<Cell>) -> Self {
        Self {
            link,
            id,
            cell,
            finished: false,
        }
    }

    /// Waits until the child has begun.
    pub(crate) fn opened(&self) -> Result<EncoderHeader, CodecError> {
        let mut state = lock(&self.cell.state);
        let mut patience = self.patience(&state);
        loop {
            if let Some(header) = state.header.take() {
                return Ok(header);
            }
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            state = self.wait(state, &mut patience);
        }
    }

    /// Sends one input, of which at most `window` may be on their way.
    pub(crate) fn send(
        &mut self,
        kind: Kind,
        window: u32,
        meta: &[u8],
        data: &[&[u8]],
    ) -> Result<Sent, CodecError> {
        if self.finished {
            return Err(CodecError::Finished);
        }
        let mut state = lock(&self.cell.state);
        let mut patience = self.patience(&state);
        loop {
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            if state.on_the_way < window {
                break;
            }
            // The child may be waiting for these to be received.
            if !state.given.is_empty() {
                return Ok(Sent::Full);
            }
            state = self.wait(state, &mut patience);
        }
        state.on_the_way += 1;
        drop(state);
        self.link.shared.write(kind, self.id, meta, data);
        Ok(Sent::Taken)
    }

    /// Sends coded bytes.
    pub(crate) fn send_coded(&mut self, data: &[u8], at: Duration) -> Result<Sent, CodecError> {
        if data.len() > MAX_PACKET_BYTES {
            return Err(CodecError::TooLarge {
                what: "a packet",
                size: data.len() as u64,
                limit: MAX_PACKET_BYTES as u64,
            });
        }
        let times = Times {
            at: micros(at),
            ..Times::default()
        };
        self.send(Kind::Decode, INPUTS, &times.to_meta(), &[data])
    }

    /// Sends what is no input.
    pub(crate) fn tell(&self, kind: Kind, meta: &[u8]) -> Result<(), CodecError> {
        if let Some(error) = &lock(&self.cell.state).failed {
            return Err(error.clone());
        }
        self.link.shared.write(kind, self.id, meta, &[]);
        Ok(())
    }

    pub(crate) fn finish(&mut self) -> Result<(), CodecError> {
        if !std::mem::replace(&mut self.finished, true) {
            self.tell(Kind::Finish, &[])?;
        }
        Ok(())
    }

    /// The next output; `None` if there is none without more input.
    pub(crate) fn recv(&mut self) -> Result<Option<Given>, CodecError> {
        let mut state = lock(&self.cell.state);
        let mut patience = self.patience(&state);
        loop {
            if let Some(given) = state.given.pop_front() {
                drop(state);
                return Ok(Some(self.received(given)));
            }
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            let done = if self.finished {
                state.finished
            } else {
                state.on_the_way == 0
            };
            if done {
                return Ok(None);
            }
            state = self.wait(state, &mut patience);
        }
    }

    /// The next output if it is here.
    pub(crate) fn try_recv(&mut self) -> Result<Option<Given>, CodecError> {
        let mut state = lock(&self.cell.state);
        if let Some(given) = state.given.pop_front() {
            drop(state);
            return Ok(Some(self.received(given)));
        }
        match &state.failed {
            Some(error) => Err(error.clone()),
            None => Ok(None),
        }
    }

    /// Inputs that could not be decoded, whole or in part, so far.
    pub(crate) fn errors(&self) -> u64 {
        lock(&self.cell.state).errors
    }

    fn received(&self, given: Given) -> Given {
        self.link
            .shared
            .write(Kind::Received, self.id, &1u32.to_le_bytes(), &[]);
        given
    }

    fn patience(&self, state: &State) -> Patience {
        Patience::new(self.link.shared.answer, state.heard)
    }

    /// Waits for a change of the stream, which the child owes. If it says
    /// nothing for too long it is killed, whereupon the stream fails.
    fn wait<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        patience: &mut Patience,
    ) -> MutexGuard<'a, State> {
        let (state, waited) = self
            .cell
            .changed
            .wait_timeout(state, patience.slice())
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && patience.is_lost(state.heard) {
            drop(state);
            self.link.shared.kill_hung();
            let state = lock(&self.cell.state);
            return self.wait_failed(state);
        }
        state
    }

    /// The child has been killed: the reading thread tells so once it is reaped.
    fn wait_failed<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        while state.failed.is_none() {
            state = self
                .cell
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.link.shared.close(self.id);
    }
}

pub(crate) fn micros(at: Duration) -> u64 {
    u64::try_from(at.as_micros()).unwrap_or(u64::MAX >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::OUTPUT_PACKETS;

    fn sound() -> Message {
        Message {
            kind: Kind::Sound,
            stream: 1,
            meta: Times::default().to_meta().to_vec(),
            data: vec![0; 8],
        }
    }

    #[test]
    fn a_child_that_gives_more_than_is_received_writes_nonsense() {
        let cell = Cell::new("Opus decoder".to_owned(), OUTPUT_PACKETS);
        let give = || {
            cell.handle(sound(), |_, reason| CodecError::Stream {
                label: String::new(),
                what: String::new(),
                reason,
            })
        };
        for _ in 0..OUTPUT_PACKETS {
            give().expect("as many may wait");
        }
        let error = give().expect_err("one more");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        lock(&cell.state).given.pop_front();
        give().expect("one was received");
    }
}
