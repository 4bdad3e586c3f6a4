//! Recordings go to a real S3 server: `moto_server`, which `scripts/need tests`
//! installs. It keeps what it gets in memory, speaks S3 over HTTP, and looks at
//! signatures only where a test says so.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

#[path = "../support/moto.rs"]
mod moto;
mod proxy;
mod world;

mod bucket;
mod deleted;
mod keys;
mod local;
mod viewers;
mod wire;
