//! Recordings that survive anything: from ordered access units to files.
//!
//! Nothing is transcoded here. Media goes out in fragments of less than a second,
//! each whole in itself, so that a file plays up to its last fragment whenever
//! the process, the machine or the disk gives up. A file that ends well becomes
//! a plain one, with its index in front.
//!
//! # The parts, from the inside out
//!
//! - [`mp4::Writer`], [`webm::Writer`] ([`Writer`] is either): tracks and
//!   samples in, bytes out. Pure.
//!   Also what films need: AAC, pictures that are decoded in another order than
//!   they are shown ([`Sample::decode_at`]), texts.
//! - [`Reader`], [`inspect`], [`finish`], [`finish_to`], [`merge`]: files, open
//!   or finished or cut at any byte, also those of ffmpeg, phones and cameras.
//!   Named errors, no panics, bounded memory. [`finish_to_with`] adds a title and chapters.
//! - [`recorder::Recorder`]: the recording of one stream as a state machine.
//!   Pure: access units, time and results of the disk in, bytes to write out.
//! - [`name`]: file names that no client can break out of.
//! - [`journal`]: who was in a recorded room, whose stream is which, what was
//!   said; one line for each event.
//! - [`store::Store`]: threads, files, manifests, recovery. The only part that
//!   touches a disk by itself.
//!
//! # How to wire it
//!
//! At start, before anything is published:
//!
//! ```no_run
//! use std::sync::Arc;
//! use veche_record::store::{Config, Event, Store};
//!
//! # fn main() -> std::io::Result<()> {
//! let listener = Arc::new(|id, event: Event| {
//!     // On a writing thread: hand it on through a channel, do not work here.
//!     let _ = (id, event);
//! });
//! let store = Arc::new(Store::open(Config::new("data/records".into()), listener)?);
//! // Whole files are read and written: a thread of its own. Recordings may
//! // start meanwhile.
//! let recovering = Arc::clone(&store);
//! std::thread::spawn(move || {
//!     recovering.recover_with(|manifest| {
//!         // The hook, the catalogue.
//!         let _ = manifest;
//!     });
//! });
//! # Ok(())
//! # }
//! ```
//!
//! For a stream to record, [`store::Store::start`] with a [`store::Request`]:
//! the codecs that were negotiated, the fields of the name, whose stream it is,
//! the wall clock at the origin of the room's clock, and for
//! `enable_empty_shift_writer` the room's first publish as
//! [`recorder::Aligned::origin`]. Then
//!
//! - every access unit of the stream, as `veche-media` puts it together, those
//!   of a track in order and with times on the room's clock, goes to
//!   [`store::Handle::push`]. It never waits and costs a lock and a queue. The
//!   order between picture and sound does not matter within a second. Leave out
//!   nothing between two keyframes without telling: where the receiver gave a
//!   picture up, drop everything up to the next keyframe and ask for one.
//! - [`store::Event::RequestKeyframe`] becomes a PLI to the publisher, at the
//!   rate that the transport allows.
//! - [`store::Event::Status`] is said to who watches, counted and logged.
//! - [`store::Event::Closed`] carries the manifest of a finished file: run the
//!   hook, put it in the catalogue, give `recordName` (its `file`) in the
//!   stream's last status. A recording closes one file for each part.
//! - Dropping the handle stops the recording; so does [`store::Handle::stop`].
//! - [`store::Store::close`] stops all and waits until they are finished.
//!
//! With a [`store::SoundTranscoder`] the sound of finished files is put into AAC
//! before [`store::Event::Closed`]: [`store::Event::Finishing`] tells that a file
//! waits for it. [`store::Sounds`] does the same with files of rooms.
//!
//! - Packets that were lost for good before they came here:
//!   [`store::Handle::missing`]. The manifest is then `degraded` and says how many.
//! - [`store::Event::Opened`] tells the name of the file as early as there is one.
//!
//! For a room, a [`journal::Writer`] from the start to the end. Its file is made
//! when the room has ended and its files are closed: one [`Input`] for each manifest
//! whose `room_recording` is the journal's id, named by
//! [`journal::Journal::track_name`], its `start` the difference of `room_start_us`
//! to the earliest; [`chat`] as texts; [`merge_with`] on a thread of its own. Then
//! [`store::Manifest::of_room`] beside it. What a crash left without manifest is
//! found by [`store::Store::recover`].
//!
//! A catalogue elsewhere is rebuilt from [`store::Store::catalogue`].
//!
//! # What starts a new part
//!
//! Another codec, another rotation (containers turn whole tracks), twelve hours.
//! A new size and new parameter sets stay in the file. Parts are named
//! `NAME-part2.mp4` and have manifests of their own with the same `recording`.
//!
//! # Pauses
//!
//! The time between [`store::Handle::pause`] and the first keyframe after
//! [`store::Handle::resume`] is cut out: picture and sound go on where they were.
//! In aligned files, which keep the room's time, it is a gap of silence.
//!
//! # What it never does
//!
//! Decode, encode, run a shell or a hook, build a path from a client's text as
//! it is, wait on behalf of a caller.

mod bitstream;
mod container;
mod error;
mod extras;
mod finish;
mod growing;
pub mod journal;
mod merge;
pub mod mp4;
pub mod name;
mod reader;
pub mod recorder;
pub mod store;
mod track;
pub mod webm;

pub use container::{Container, Formats, FormatsError, Writer};
pub use error::ReadError;
pub use extras::{Chapter, Extras, MAX_CHAPTERS, MAX_TITLE_BYTES};
pub use finish::{
    FinishError, Summary, TrackSummary, finish, finish_bytes, finish_to, finish_to_with, inspect,
};
pub use growing::Growing;
pub use merge::{
    Input, MAX_INPUTS, MergeError, MergeOptions, Merged, Text, Warning, chat, merge, merge_with,
};
pub use reader::Reader;
pub use track::{
    AudioCoding, AudioTrack, MAX_SAMPLE_BYTES, MAX_TRACK_NAME, MAX_TRACKS, Sample, Track,
    TrackMedia, VideoTrack,
};
