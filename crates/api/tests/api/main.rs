//! The API over real WebSockets, with a media engine that only says yes.

mod conversation;
mod support;
