//! One stream's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;

use veche_codec::limits::MAX_UNDECODABLE;
use veche_codec::wire::{Kind, Message, Open, Taken};
use veche_codec::{EncoderHeader, Output as Wanted};

use crate::audio::{AudioDecoder, AudioEncoder};
use crate::output::{Closed, Output};
use crate::video_decoder::VideoDecoder;
use crate::video_encoder::VideoEncoder;

/// A decoder or encoder.
pub(crate) trait Coding {
    /// What the client has to know first.
    fn header(&self) -> EncoderHeader {
        EncoderHeader::default()
    }

    /// Whether it is a decoder, which may get what cannot be decoded.
    fn is_decoder(&self) -> bool {
        false
    }

    /// Works on one input and gives what comes of it. An error that is not
    /// [`Closed`] ends the stream.
    fn input(&mut self, message: Message, output: &Output) -> anyhow::Result<Decoded>;

    /// Gives what is left.
    fn finish(&mut self, output: &Output) -> anyhow::Result<Decoded>;

    /// What is wanted from here on.
    fn set_output(&mut self, _wanted: Wanted) {}
}

/// What came of an input.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    /// Pictures or pieces of sound, given or not.
    pub(crate) outputs: u64,
    /// What was wrong with it, if something was.
    pub(crate) error: Option<String>,
}

/// Counts, so that a stream of which nothing can be decoded is told from a gap.
#[derive(Debug, Default)]
struct Health {
    inputs: u64,
    outputs: u64,
    last: String,
}

impl Health {
    fn add(&mut self, decoded: Decoded) -> u32 {
        self.outputs += decoded.outputs;
        match decoded.error {
            Some(error) => {
                self.last = error;
                1
            }
            None => 0,
        }
    }

    /// Fails if nothing came of more inputs than are allowed.
    fn check(&self, allowed: u64) -> anyhow::Result<()> {
        if self.outputs > 0 || self.inputs <= allowed {
            return Ok(());
        }
        let last = match &self.last[..] {
            "" => "no keyframe",
            last => last,
        };
        anyhow::bail!("none of {} packets could be decoded: {last}", self.inputs)
    }
}

/// Runs a stream until the client closes it.
pub(crate) fn run(open: Open, config: Vec<u8>, messages: &Receiver<Message>, output: &Output) {
    // A panic is a fault of ours; the other streams need not suffer.
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut coding = start(open, config)?;
        output.opened(&coding.header())?;
        work(&mut *coding, messages, output)
    }));
    let why = match result {
        Ok(Ok(())) => return,
        Ok(Err(e)) if e.is::<Closed>() => return,
        Ok(Err(e)) => format!("{e:#}"),
        Err(_) => "an internal error".to_owned(),
    };
    // The client may be gone.
    let _ = output.failed(&why);
}

fn start(open: Open, config: Vec<u8>) -> anyhow::Result<Box<dyn Coding>> {
    Ok(match open {
        Open::VideoDecoder(about) => Box::new(VideoDecoder::new(&about, config)?),
        Open::AudioDecoder(about) => Box::new(AudioDecoder::new(&about, config)?),
        Open::VideoEncoder(about) => Box::new(VideoEncoder::new(&about)?),
        Open::AudioEncoder(about) => Box::new(AudioEncoder::new(&about)?),
    })
}

fn work(
    coding: &mut dyn Coding,
    messages: &Receiver<Message>,
    output: &Output,
) -> anyhow::Result<()> {
    let mut health = Health::default();
    for message in messages {
        match message.kind {
            Kind::Output => coding.set_output(message.json()?),
            Kind::Finish => {
                health.add(coding.finish(output)?);
                if coding.is_decoder() {
                    health.check(0)?;
                }
                output.finished()?;
                break;
            }
            _ => {
                health.inputs += 1;
                let errors = health.add(coding.input(message, output)?);
                if coding.is_decoder() {
                    health.check(MAX_UNDECODABLE)?;
                }
                output.taken(Taken { inputs: 1, errors })?;
            }
        }
    }
    Ok(())
}
