//! The server as a program: configuration, command line, certificates,
//! listeners, the embedded web apps, start and stop. No rules of rooms or media.
//!
//! [`main`] reads the command line and calls [`run`] with a [`Config`] and a
//! [`Shutdown`]; a test or another program can do the same.

pub mod assets;
pub mod check;
pub mod config;
pub mod tls;

mod admin_token;
mod banner;
mod cli;
mod crowd;
mod data_dir;
mod host;
mod listen;
mod log;
mod mix;
mod ports;
mod run;
mod shutdown;
mod thumbnails;

pub use cli::main;
pub use config::Config;
pub use data_dir::DataDirError;
pub use ports::Ports;
pub use run::{Running, run, start};
pub use shutdown::Shutdown;
