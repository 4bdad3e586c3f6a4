/// Bounds on what clients may ask for. Each is a reason to refuse, never to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub sessions: usize,
    /// Rooms at once.
    pub rooms: usize,
    /// Participants in one room. 0: no limit.
    pub room_capacity: usize,
    /// Rooms that one session is in.
    pub rooms_per_session: usize,
    /// Streams that one session publishes.
    pub streams_per_session: usize,
    /// Streams that one session plays.
    pub plays_per_session: usize,
    /// Bytes of a login or a room name.
    pub name_bytes: usize,
    /// Bytes of a stream name, which is made of a room's, a login's and more.
    pub stream_name_bytes: usize,
    /// Bytes of a client's id (`mediaSessionId`, `operationId`).
    pub id_bytes: usize,
    /// Bytes of one chat message or stream event payload, as JSON.
    pub message_bytes: usize,
    /// Broadcast messages that a room remembers.
    pub chat_history: usize,
    /// Bytes of the messages that a room remembers.
    pub chat_history_bytes: usize,
    /// Commands that a session may send at once, before `commands_per_second` counts.
    pub command_burst: u32,
    /// Commands of a session in a second, in the long run.
    pub commands_per_second: u32,
    /// Chat messages and stream events at once. A line to a whole room is one
    /// `sendMessage` for each participant with the published SDK.
    pub message_burst: u32,
    /// Chat messages and stream events of a session in a second, in the long run.
    pub messages_per_second: u32,
    /// Refusals for `rate_limited` in a row, after which the session is cut off.
    pub flood_refusals: u32,
    /// Answered operations and ended media sessions that a session remembers,
    /// so that a repeated frame is not carried out again.
    pub remembered_operations: usize,
    /// Resume tokens of ended sessions that are remembered.
    pub remembered_tokens: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 20_000,
            rooms: 10_000,
            room_capacity: 0,
            rooms_per_session: 16,
            streams_per_session: 8,
            plays_per_session: 128,
            name_bytes: 256,
            stream_name_bytes: 1_024,
            id_bytes: 128,
            message_bytes: 16_384,
            chat_history: 200,
            chat_history_bytes: 262_144,
            command_burst: 300,
            commands_per_second: 50,
            message_burst: 1_000,
            messages_per_second: 100,
            flood_refusals: 1_000,
            remembered_operations: 64,
            remembered_tokens: 10_000,
        }
    }
}
