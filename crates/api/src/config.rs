use std::time::Duration;

/// What the API can be told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Rooms and their bounds.
    pub rooms: veche_room::Settings,
    /// WebSockets.
    pub socket: Socket,
    /// The server's version, as clients are told.
    pub version: String,
}

/// Bounds of WebSockets.
#[derive(Clone, Debug)]
pub struct Socket {
    /// Bytes of a client's text frame. A longer one is refused (`too_large`);
    /// one of four times as many ends the connection.
    pub max_message_bytes: usize,
    /// Nesting of arrays and objects in a frame.
    pub max_depth: usize,
    /// Frames that wait for a client to read. One more and it is cut off as `slow`.
    pub outgoing_frames: usize,
    /// Bytes that wait for a client to read. More and it is cut off as `slow`.
    pub outgoing_bytes: usize,
    /// How long one frame may take to leave before the client is cut off as `slow`.
    pub write_timeout: Duration,
    /// How long a closing handshake may take.
    pub close_timeout: Duration,
    /// Inputs that wait for the hub. When full, sockets are not read until there is room.
    pub hub_queue: usize,
    /// SDP offers answered at the same time. 0: one for each core.
    pub negotiators: usize,
    /// What clients are told to wait before they come back after a shutdown.
    pub retry_after: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rooms: veche_room::Settings::default(),
            socket: Socket::default(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl Default for Socket {
    fn default() -> Self {
        Self {
            max_message_bytes: 65_536,
            max_depth: 32,
            outgoing_frames: 1_024,
            outgoing_bytes: 4 * 1_024 * 1_024,
            write_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(1),
            hub_queue: 4_096,
            negotiators: 0,
            retry_after: Duration::from_millis(1_000),
        }
    }
}
