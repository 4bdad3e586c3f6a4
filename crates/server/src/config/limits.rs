use serde::{Deserialize, Serialize};

use super::Millis;

/// Bounds on what clients may ask for. What each means stands in the example
/// file; the rules that they belong to are in `veche-room` and `veche-api`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "described where they are used")]
pub struct Limits {
    pub connections: usize,
    pub sessions: usize,
    pub rooms: usize,
    pub rooms_per_session: usize,
    pub streams_per_session: usize,
    pub plays_per_session: usize,
    pub name_bytes: usize,
    pub stream_name_bytes: usize,
    pub id_bytes: usize,
    pub message_bytes: usize,
    pub chat_history_bytes: usize,
    pub frame_bytes: usize,
    pub frame_depth: usize,
    pub command_burst: u32,
    pub commands_per_second: u32,
    pub message_burst: u32,
    pub messages_per_second: u32,
    pub flood_refusals: u32,
    pub outgoing_frames: usize,
    pub outgoing_bytes: usize,
    pub write_timeout: Millis,
    pub close_timeout: Millis,
    pub remembered_operations: usize,
    pub remembered_tokens: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 25_000,
            sessions: 20_000,
            rooms: 10_000,
            rooms_per_session: 16,
            streams_per_session: 8,
            plays_per_session: 128,
            name_bytes: 256,
            stream_name_bytes: 1_024,
            id_bytes: 128,
            message_bytes: 16_384,
            chat_history_bytes: 262_144,
            frame_bytes: 65_536,
            frame_depth: 32,
            command_burst: 300,
            commands_per_second: 50,
            message_burst: 1_000,
            messages_per_second: 100,
            flood_refusals: 1_000,
            outgoing_frames: 1_024,
            outgoing_bytes: 4 * 1_024 * 1_024,
            write_timeout: Millis(10_000),
            close_timeout: Millis(1_000),
            remembered_operations: 64,
            remembered_tokens: 10_000,
        }
    }
}
