//! Media transports: ICE, DTLS, SRTP over one UDP port and one TCP port.
//!
//! [`Engine::start`] opens the sockets and starts the shard threads. Control
//! code calls [`Engine::publish`], [`Engine::play`] and [`Engine::close`];
//! what happens to a transport comes back as [`Event`]s. Packets never leave
//! the shards: forwarding takes no lock and knows no rule of a room.

mod addresses;
mod core;
mod counters;
mod engine;
mod inbox;
mod negotiate;
mod peer;
mod registry;
mod shard;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test that panics has said what it has to say"
)]
mod simulation;
mod tcp;
mod transport;
mod udp;

pub use engine::{
    Config, Engine, Event, EventSink, FailReason, NegotiationError, PlayAnswer, PlayRequest,
    PublishAnswer, PublishRequest, Rate, StartError, Stats, Tap, Tapped,
};
