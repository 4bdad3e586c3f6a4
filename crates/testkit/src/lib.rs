//! Fake participants and a seeded network, for tests and benchmarks.
//!
//! [`Client`] is a WebRTC endpoint without sockets: it offers, as a browser
//! does, to publish or to play one stream, and sends or counts RTP. [`Live`]
//! gives it a UDP socket. [`Link`] is a bad network as a value.

mod client;
mod link;
mod live;

pub use client::{Client, ClientIdentity, Datagram, Received};
pub use link::{Link, LinkConfig};
pub use live::{Live, run_until};
