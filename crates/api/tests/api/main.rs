//! The API over real WebSockets, with a media engine that only says yes.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

mod bad_input;
mod conversation;
mod http;
mod media;
mod names;
mod session;
mod shutdown;
mod slow_reader;
mod support;
