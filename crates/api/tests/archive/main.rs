//! The REST API about what was recorded, over HTTP, against its own description.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

mod away;
mod captions;
mod described;
mod files;
mod list;
#[path = "../../../archive/tests/support/moto.rs"]
#[allow(dead_code, reason = "shared with the tests of the archive")]
mod moto;
mod server;
mod sessions;
