//! The executable dies while it records, or its disk is full, and the calls and
//! the files are looked at afterwards.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed as it should"
)]

#[path = "../../../archive/tests/support/moto.rs"]
#[allow(dead_code, reason = "shared with the tests of the archive")]
mod moto;
#[path = "../../../api/tests/recording/publisher.rs"]
#[allow(dead_code, reason = "shared with the tests of the API")]
mod publisher;
#[path = "../../../record/tests/record/support.rs"]
#[allow(dead_code, reason = "shared with the tests of recordings")]
mod recorded;
#[path = "../../../api/tests/api/support.rs"]
#[allow(dead_code, reason = "shared with the tests of the API")]
mod support;
#[path = "../program/veche.rs"]
#[allow(dead_code, reason = "shared with the other tests of the executable")]
mod veche;

mod aac;
mod chance;
mod disk;
mod files;
mod film;
mod kill;
mod player;
mod sync;
mod upload;
