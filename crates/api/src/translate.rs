//! Between the wire ([`veche_signal`]) and the rules ([`veche_room`]). Only
//! here do reasons become texts and codes.

mod command;
mod event;
mod media;
mod reason;

pub(crate) use command::{command, connect};
pub(crate) use event::{bad_frame, established, event, going_away, pong};
pub(crate) use media::{engine_event, play_answer, play_request, publish_answer, publish_request};
pub(crate) use reason::{label, text};
