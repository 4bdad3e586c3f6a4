use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the API can be told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Rooms and their bounds.
    pub rooms: veche_room::Settings,
    /// WebSockets.
    pub socket: Socket,
    /// Recordings. `None`: nothing is recorded.
    pub recordings: Option<Recordings>,
    /// What operators present to the REST API (`Authorization: Bearer …`).
    /// `None`: nobody gets in.
    pub admin_token: Option<String>,
    /// Pages of other origins that may use the REST API. `None`: none.
    pub cors: Option<Cors>,
    /// The server's version, as clients are told.
    pub version: String,
}

/// Which pages may use the REST API, and how (`rest_access_control_*`).
#[derive(Clone, Debug)]
pub struct Cors {
    /// `*`, or an origin such as `https://admin.example.org`.
    pub origin: String,
    /// Names of headers that they may send, with commas between.
    pub headers: String,
    /// Methods that they may use, with commas between.
    pub methods: String,
}

/// Where recordings go, and what becomes of them.
#[derive(Clone, Debug)]
pub struct Recordings {
    /// The folder and how it is written to.
    pub store: veche_record::store::Config,
    /// What becomes of recordings, and what is known of them.
    pub archive: veche_archive::Config,
    /// Containers (`record_formats`).
    pub formats: veche_record::Formats,
    /// Run for each finished file (`on_record_hook_script`): its arguments are
    /// the stream's name and the file's path.
    pub hook: Option<PathBuf>,
    /// How long the scripts may take before they are killed.
    pub hook_timeout: Duration,
    /// All files of a room begin at its first publish (`enable_empty_shift_writer`).
    pub aligned: bool,
    /// Names of recordings of rooms (`room_record_policy_template`).
    pub room_template: veche_record::name::Template,
    /// What the file of a room is (`room_record_format`).
    pub room_container: veche_record::Container,
    /// Run for the file of each room (`on_multiple_record_hook_script`): its
    /// arguments are the file's path, when it began (milliseconds since 1970),
    /// how long it is (milliseconds) and `multi-recorder://ROOM`.
    pub room_hook: Option<PathBuf>,
}

impl Recordings {
    /// The usual, into this folder. What is known of them lies beside it.
    pub fn new(folder: PathBuf) -> Self {
        let data_dir = folder.parent().unwrap_or(Path::new("."));
        Self {
            archive: veche_archive::Config::new(folder.clone(), data_dir),
            store: veche_record::store::Config::new(folder),
            formats: veche_record::Formats::default(),
            hook: None,
            hook_timeout: Duration::from_secs(600),
            aligned: false,
            room_template: veche_record::name::Template::of_rooms(),
            room_container: veche_record::Container::Matroska,
            room_hook: None,
        }
    }
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
            recordings: None,
            admin_token: None,
            cors: None,
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
