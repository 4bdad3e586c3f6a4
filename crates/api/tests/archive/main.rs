//! The REST API about what was recorded, over HTTP, against its own description.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

mod described;
mod files;
mod list;
mod server;
mod sessions;
