//! From RTP packets to access units, from outside: real bitstreams, bad
//! networks, hours of virtual time, hostile packets.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

mod bitstreams;
mod call;
mod hostile;
mod loss;
mod support;
mod sync;
mod timeline;
