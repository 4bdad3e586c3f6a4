//! One child: its start, the thread that reads from it, and its end.

mod log;
mod process;

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::audio::{AudioDecoder, AudioEncoder};
use crate::limits::{Limits, MAX_CONFIG_BYTES, MAX_STREAMS};
use crate::stream::{Cell, Stream};
use crate::video::{VideoDecoder, VideoEncoder};
use crate::wire::{self, Hello, Kind, Message, Open};
use crate::{
    AudioDecoderConfig, AudioEncoderConfig, CodecError, Picture, PictureRef, Rate, VideoCodec,
    VideoDecoderConfig, VideoEncoderConfig,
};

/// A process that hosts decoders and encoders.
///
/// Ends when this and all of its streams are dropped; the last drop waits for
/// it, so that no process is left behind. Clones are the same child.
#[derive(Clone, Debug)]
pub struct Child {
    link: Arc<Link>,
}

impl Child {
    pub(crate) fn spawn(path: &Path, limits: &Limits, label: String) -> Result<Self, CodecError> {
        let started = process::start(path, limits, &label)?;
        let read = started.socket.try_clone();
        let read = read.map_err(|e| process::start_error(path, &e.to_string()))?;
        let shared = Arc::new(Shared {
            label,
            answer: limits.answer,
            socket: started.socket,
            writing: Mutex::new(()),
            streams: Mutex::default(),
            process: Mutex::new(started.process),
            hung: AtomicBool::new(false),
        });
        let hello = started.hello;
        tracing::debug!(
            label = shared.label,
            pid = lock(&shared.process).id(),
            protections = hello.protections.join(", "),
            missing = hello.missing.join(", "),
            "codec process started"
        );
        let reader = std::thread::Builder::new()
            .name("codec-read".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.read(read, started.log)
            });
        let reader = match reader {
            Ok(reader) => reader,
            Err(e) => {
                let _ = lock(&shared.process).kill();
                let _ = lock(&shared.process).wait();
                return Err(process::start_error(path, &e.to_string()));
            }
        };
        Ok(Self {
            link: Arc::new(Link {
                shared,
                hello,
                reader: Mutex::new(Some(reader)),
            }),
        })
    }

    /// What the child said of itself: what it decodes and encodes, which rights
    /// it has given up.
    pub fn hello(&self) -> &Hello {
        &self.link.hello
    }

    /// The child's process id.
    pub fn id(&self) -> u32 {
        lock(&self.link.shared.process).id()
    }

    /// Begins to decode pictures. They are given as they are until
    /// [`VideoDecoder::set_output`] says otherwise.
    ///
    /// # Errors
    /// [`CodecError::Stream`] if the child cannot do it; those of a child that is gone.
    pub fn video_decoder(&self, config: VideoDecoderConfig) -> Result<VideoDecoder, CodecError> {
        let what = format!("{:?} decoder", config.codec);
        let data = config.config.clone();
        self.open(what, &Open::VideoDecoder(config), &data)
            .map(|(stream, _)| VideoDecoder::new(stream))
    }

    /// Begins to decode sound.
    ///
    /// # Errors
    /// As [`Child::video_decoder`].
    pub fn audio_decoder(&self, config: AudioDecoderConfig) -> Result<AudioDecoder, CodecError> {
        let what = format!("{:?} decoder", config.codec);
        let data = config.config.clone();
        self.open(what, &Open::AudioDecoder(config), &data)
            .map(|(stream, _)| AudioDecoder::new(stream))
    }

    /// Begins to encode pictures.
    ///
    /// # Errors
    /// As [`Child::video_decoder`]; [`CodecError::TooLarge`],
    /// [`CodecError::BadPicture`] for sizes that are not.
    pub fn video_encoder(&self, config: VideoEncoderConfig) -> Result<VideoEncoder, CodecError> {
        let size = (config.width, config.height);
        crate::types::check_size(size.0, size.1)?;
        let what = format!("{:?} encoder", config.codec);
        self.open(what, &Open::VideoEncoder(config), &[])
            .map(|(stream, header)| VideoEncoder::new(stream, header, size))
    }

    /// Begins to encode sound.
    ///
    /// # Errors
    /// As [`Child::video_decoder`].
    pub fn audio_encoder(&self, config: AudioEncoderConfig) -> Result<AudioEncoder, CodecError> {
        let what = format!("{:?} encoder", config.codec);
        self.open(what, &Open::AudioEncoder(config), &[])
            .map(|(stream, header)| AudioEncoder::new(stream, header))
    }

    /// One picture as a JPEG file. `quality` is 2 (best) to 31.
    ///
    /// # Errors
    /// As [`Child::video_encoder`].
    pub fn jpeg(&self, picture: &Picture, quality: u8) -> Result<Vec<u8>, CodecError> {
        self.jpeg_of(picture.as_ref(), quality)
    }

    /// [`Child::jpeg`] of a picture that lies elsewhere.
    ///
    /// # Errors
    /// As [`Child::video_encoder`].
    pub fn jpeg_of(&self, picture: PictureRef<'_>, quality: u8) -> Result<Vec<u8>, CodecError> {
        let mut encoder = self.video_encoder(VideoEncoderConfig {
            codec: VideoCodec::Jpeg,
            width: picture.width,
            height: picture.height,
            fps: (1, 1),
            rate: Rate::Crf(quality.into()),
            preset: String::new(),
            tune: String::new(),
            threads: 1,
            keyframe_interval: 1,
            b_frames: 0,
        })?;
        // The first picture of a stream is always taken.
        let _ = encoder.send(picture, Duration::ZERO)?;
        encoder.finish()?;
        match encoder.recv()? {
            Some(coded) => Ok(coded.data),
            None => Err(self
                .link
                .shared
                .stream_error("Jpeg encoder", "gave nothing".to_owned())),
        }
    }

    fn open(
        &self,
        what: String,
        open: &Open,
        config: &[u8],
    ) -> Result<(Stream, crate::EncoderHeader), CodecError> {
        if config.len() > MAX_CONFIG_BYTES {
            return Err(CodecError::TooLarge {
                what: "a decoder's configuration",
                size: config.len() as u64,
                limit: MAX_CONFIG_BYTES as u64,
            });
        }
        let (id, cell) = self.link.shared.add_stream(what, open.window())?;
        let stream = Stream::new(Arc::clone(&self.link), id, cell);
        self.link
            .shared
            .write(Kind::Open, id, &wire::to_json(open), &[config]);
        let header = stream.opened()?;
        Ok((stream, header))
    }
}

/// Keeps the child alive: held by [`Child`] and its streams, not by the thread
/// that reads.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) shared: Arc<Shared>,
    hello: Hello,
    reader: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.disconnect();
        let reader = lock(&self.reader).take();
        if let Some(reader) = reader {
            // It ends once the child is gone, for which it waits and then sees to.
            let _ = reader.join();
        }
    }
}

/// What the streams and the reading thread share.
#[derive(Debug)]
pub(crate) struct Shared {
    label: String,
    pub(crate) answer: Duration,
    socket: UnixStream,
    /// Held for one whole message.
    writing: Mutex<()>,
    streams: Mutex<Streams>,
    process: Mutex<std::process::Child>,
    /// Somebody waited for too long and had the child killed.
    hung: AtomicBool,
}

#[derive(Debug, Default)]
struct Streams {
    cells: HashMap<u32, Arc<Cell>>,
    last: u32,
    /// Why the child is gone.
    gone: Option<CodecError>,
}

impl Shared {
    fn add_stream(&self, what: String, window: u32) -> Result<(u32, Arc<Cell>), CodecError> {
        let mut streams = lock(&self.streams);
        if let Some(gone) = &streams.gone {
            return Err(gone.clone());
        }
        if streams.cells.len() >= MAX_STREAMS {
            return Err(CodecError::TooManyStreams { limit: MAX_STREAMS });
        }
        streams.last += 1;
        let (id, cell) = (streams.last, Arc::new(Cell::new(what, window)));
        streams.cells.insert(id, Arc::clone(&cell));
        Ok((id, cell))
    }

    /// Forgets a stream, here and in the child.
    pub(crate) fn close(&self, id: u32) {
        let mut streams = lock(&self.streams);
        streams.cells.remove(&id);
        let gone = streams.gone.is_some();
        drop(streams);
        if !gone {
            self.write(Kind::Close, id, &[], &[]);
        }
    }

    /// Writes a message. If that fails the child's end is seen to, and all who
    /// wait for it get to know.
    pub(crate) fn write(&self, kind: Kind, stream: u32, meta: &[u8], data: &[&[u8]]) {
        let writing = lock(&self.writing);
        if let Err(e) = wire::write(&mut &self.socket, kind, stream, meta, data) {
            drop(writing);
            if matches!(
                e.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            ) {
                self.kill_hung();
            }
            self.disconnect();
        }
    }

    /// The child owes an answer for too long.
    pub(crate) fn kill_hung(&self) {
        self.hung.store(true, Ordering::Relaxed);
        // Of a child that has just ended this is refused, which is as well.
        let _ = lock(&self.process).kill();
    }

    /// Makes both ends see the end.
    fn disconnect(&self) {
        // Refused once the other end is gone, which is as well.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    pub(crate) fn stream_error(&self, what: &str, reason: String) -> CodecError {
        CodecError::Stream {
            label: self.label.clone(),
            what: what.to_owned(),
            reason,
        }
    }

    /// Takes what the child writes until it ends, then reaps it.
    fn read(&self, socket: UnixStream, log: log::Log) {
        let mut from = BufReader::with_capacity(4096, socket);
        let fault = loop {
            match Message::read(&mut from) {
                Ok(Some(message)) => {
                    if let Err(e) = self.handle(message) {
                        break Some(e);
                    }
                }
                Ok(None) => break None,
                Err(e) => break Some(e),
            }
        };
        if let Some(e) = &fault
            && e.kind() == io::ErrorKind::InvalidData
        {
            tracing::warn!(label = self.label, error = %e, "the codec process wrote nonsense");
            let _ = lock(&self.process).kill();
        }
        let how = process::reap(&self.process);
        let last = log.finish();
        let error = if self.hung.load(Ordering::Relaxed) {
            CodecError::Hung {
                label: self.label.clone(),
                after: self.answer,
                last,
            }
        } else {
            CodecError::Died {
                label: self.label.clone(),
                how: match fault {
                    Some(e) if e.kind() == io::ErrorKind::InvalidData => {
                        format!("wrote nonsense ({e})")
                    }
                    _ => how,
                },
                last,
            }
        };
        let mut streams = lock(&self.streams);
        streams.gone = Some(error.clone());
        for cell in streams.cells.values() {
            cell.fail(error.clone());
        }
    }

    fn handle(&self, message: Message) -> io::Result<()> {
        let cell = lock(&self.streams).cells.get(&message.stream).cloned();
        match cell {
            Some(cell) => cell.handle(message, |what, reason| self.stream_error(what, reason)),
            // Closed here while this was on its way.
            None => Ok(()),
        }
    }
}

/// Locks; a panic of another holder leaves nothing half done here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
