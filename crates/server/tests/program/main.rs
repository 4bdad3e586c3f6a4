//! The executable from outside: its files, its ports, its answers, its end.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed as it should"
)]

mod check;
mod client;
mod command_line;
mod data_dir;
mod mix;
mod serve;
mod stop;
mod veche;
