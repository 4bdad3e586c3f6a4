//! The main thread: reads what the client says and hands it to streams.

use std::collections::HashMap;
use std::io::BufReader;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use anyhow::{Context, bail, ensure};
use veche_codec::limits::{INPUTS, MAX_STREAMS};
use veche_codec::wire::{self, Hello, Kind, Message, Open, VERSION};

use crate::output::{Credit, Output, Writer};
use crate::protect::{self, Rights};
use crate::{codec, ff, stream};

/// Messages that wait for a stream's thread: the inputs of its window, with a
/// change of output before each, and the end. More is a fault of the client.
const QUEUE: usize = 4 * INPUTS as usize;

struct Handle {
    messages: SyncSender<Message>,
    credit: Arc<Credit>,
}

/// Serves the client until it closes the connection.
pub(crate) fn serve(rights: &Rights) -> anyhow::Result<()> {
    ff::init();
    let (decoders, encoders) = codec::lists();
    let done = protect::give_up(rights);
    // After inherited files were closed, of which these would be two.
    let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let hello = Hello {
        version: VERSION,
        decoders,
        encoders,
        protections: done.protections,
        missing: done.missing,
    };
    let writer = Arc::new(Writer::new(socket.try_clone()?));
    writer.write(Kind::Hello, 0, &wire::to_json(&hello), &[])?;

    let mut from = BufReader::with_capacity(4096, socket);
    let mut streams: HashMap<u32, Handle> = HashMap::new();
    while let Some(message) = Message::read(&mut from)? {
        let id = message.stream;
        match message.kind {
            Kind::Open => {
                ensure!(streams.len() < MAX_STREAMS, "too many streams");
                streams.insert(id, start(&message, &writer)?);
            }
            Kind::Close => {
                if let Some(handle) = streams.remove(&id) {
                    handle.credit.close();
                }
            }
            Kind::Received => {
                let n = message.meta.first_chunk().map(|n| u32::from_le_bytes(*n));
                if let Some(handle) = streams.get(&id) {
                    handle.credit.add(n.unwrap_or(0));
                }
            }
            _ => {
                if let Some(handle) = streams.get(&id)
                    && let Err(TrySendError::Full(_)) = handle.messages.try_send(message)
                {
                    bail!("more was sent for stream {id} than fits");
                }
            }
        }
    }
    // The threads may be deep in a codec; there is nothing to be saved.
    protect::exit_now()
}

fn start(message: &Message, writer: &Arc<Writer>) -> anyhow::Result<Handle> {
    let open: Open = message.json()?;
    let config = message.data.clone();
    let credit = Arc::new(Credit::new(open.window()));
    let output = Output {
        stream: message.stream,
        writer: Arc::clone(writer),
        credit: Arc::clone(&credit),
    };
    let (sender, receiver) = sync_channel(QUEUE);
    std::thread::Builder::new()
        .name(format!("stream-{}", message.stream))
        .spawn(move || stream::run(open, config, &receiver, &output))
        .context("cannot start a thread")?;
    Ok(Handle {
        messages: sender,
        credit,
    })
}
