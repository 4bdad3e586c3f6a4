//! Decoding and encoding in a process of its own.
//!
//! Codecs are large C programs that read what strangers sent. They never run
//! in the process that serves calls: this crate starts the executable
//! `veche-codec`, which has few rights (no files, no network), and talks to it
//! over a socket. It links no C; what it asks for is in [`wire`].
//!
//! ```no_run
//! use std::time::Duration;
//! use veche_codec::{Codecs, Output, VideoCodec, VideoDecoderConfig};
//!
//! # fn main() -> Result<(), veche_codec::CodecError> {
//! let child = Codecs::find()?.spawn("meeting.mp4")?;
//! let mut decoder = child.video_decoder(VideoDecoderConfig::new(VideoCodec::Vp8))?;
//! decoder.set_output(Output::scaled(640, 360));
//! # let coded: Vec<Vec<u8>> = Vec::new();
//! for (n, data) in coded.iter().enumerate() {
//!     let at = Duration::from_millis(40 * n as u64);
//!     // Full: there are pictures to receive first.
//!     while !decoder.send(data, at)?.is_taken() {
//!         let picture = decoder.recv()?;
//!     }
//! }
//! decoder.finish()?;
//! while let Some(picture) = decoder.recv()? {
//!     println!("{:?}: {}x{}", picture.at, picture.picture.width, picture.picture.height);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! One child hosts many streams (decoders, encoders), each with a thread or
//! more of its own. A fault of one stream ends that stream; a crash of the
//! child ends all of its streams with an error that tells how it died. Every
//! call either returns or fails within [`Limits::answer`].
//!
//! # Who waits for whom
//!
//! - `send` waits while the child is busy: at most [`limits::INPUTS`] inputs of
//!   a stream are on their way. If there is output that nobody received, it
//!   does not wait but says [`Sent::Full`]: receive, then send again. So one
//!   thread can drive any number of streams.
//! - `recv` waits for output of what has been sent; `None` says that nothing
//!   more comes without more input. `try_recv` never waits.
//! - The child holds back output beyond a window that nobody received.
//!
//! Nothing can wait in a circle: one thread here does nothing but read what the
//! child writes, into queues that those windows bound, so the child can always
//! write; the child's reading thread does nothing but read, so we can always
//! write.

#[cfg(not(unix))]
compile_error!("the codec process needs Unix sockets");

mod child;
mod codecs;
mod error;
pub mod limits;
mod patience;
mod stream;
mod types;
pub mod wire;

mod audio;
mod video;

pub use audio::{AudioDecoder, AudioEncoder};
pub use child::Child;
pub use codecs::{Codecs, EXECUTABLE, PATH_VARIABLE};
pub use error::CodecError;
pub use limits::Limits;
pub use stream::Sent;
pub use types::{
    AudioCodec, AudioDecoderConfig, AudioEncoderConfig, CodedPacket, CodedPicture, EncoderHeader,
    Fit, Output, Picture, PictureRef, Rate, Sound, Target, TimedPicture, VideoCodec,
    VideoDecoderConfig, VideoEncoderConfig,
};
pub use video::{VideoDecoder, VideoEncoder};
