//! What can be configured, and the layers that it is put together from.
//!
//! `veche.example.toml` is the manual of every key; tests hold it and
//! `docs/guides/configuration.md` against [`Config`].

mod aws;
mod environment;
mod error;
mod file;
mod keys;
mod limits;
mod load;
mod parts;
mod properties;
mod types;
mod upload;
mod validate;

use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use veche_media::{AudioCodec, VideoCodec};

pub use aws::Aws;
pub use error::{ConfigError, Note};
pub use keys::{Source, flatten};
pub use limits::Limits;
pub use load::{Loaded, Sources, load};
pub use types::{LogFormat, Millis, RecordAudio, RoomRecordBy, RoomRecordFormat, Secret};

/// The commented sample file: what every key does and when to change it.
pub const EXAMPLE: &str = include_str!("../../../veche.example.toml");

/// Everything that an operator can set. Keys are the names of the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Addresses to listen on, for every port. Empty: all, IPv4 and IPv6.
    #[serde(with = "types::one_or_many")]
    pub bind: Vec<IpAddr>,
    /// HTTP and WebSocket.
    pub http_port: u16,
    /// Whether the TLS port is opened.
    pub https: bool,
    /// HTTP and WebSocket over TLS.
    pub https_port: u16,
    /// All media on UDP, and ICE-TCP on the same number.
    pub media_port: u16,
    /// Whether media over TCP is offered to clients whose UDP is blocked.
    pub ice_tcp: bool,
    /// Addresses that clients reach this host by, where they are not its own.
    #[serde(with = "types::one_or_many")]
    pub public_ip: Vec<IpAddr>,

    /// Where everything that is kept lies.
    pub data_dir: PathBuf,
    /// Certificate chain, PEM. Without it a self-signed one is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of `tls_cert`, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,

    /// How long an abandoned room is kept.
    pub room_idle_timeout: Millis,
    /// How many participants a room takes, at most. 0: as many as come.
    pub room_capacity: usize,
    /// How many broadcast messages a room remembers.
    pub chat_history: usize,
    /// How long the holder of a login has to answer before a newcomer gets it.
    pub login_probe_timeout: Millis,
    /// How long somebody who vanished can come back as the same person.
    pub resume_window: Millis,
    /// How long a WebSocket may stay silent before it says `connection`.
    pub handshake_timeout: Millis,

    /// Video codecs, the preferred one first.
    #[serde(with = "types::names")]
    pub video_codecs: Vec<VideoCodec>,
    /// Audio codecs, the preferred one first.
    #[serde(with = "types::names")]
    pub audio_codecs: Vec<AudioCodec>,
    /// Bits per second asked of every publisher. 0: as the browser likes.
    pub max_bitrate_bps: u64,
    /// Media threads. 0: one for each core.
    pub shards: usize,
    /// Streams published and played at once, in the whole server.
    pub max_transports: usize,
    /// How long ICE and DTLS may take.
    pub media_connect_timeout: Millis,
    /// How long a connected media peer may be silent.
    pub media_idle_timeout: Millis,

    /// Whether publishers may have their streams recorded.
    pub record_streams: bool,
    /// Whether every stream is recorded.
    pub record_all: bool,
    /// Which participants may switch the recording of their room.
    pub room_record_by: RoomRecordBy,
    /// Whether every room is recorded from its beginning.
    pub record_all_rooms: bool,
    /// Containers: pairs of a video codec and `mp4`, `webm` or `mkv`.
    pub record_formats: String,
    /// What the sound of finished recordings is.
    pub record_audio: RecordAudio,
    /// Names of files.
    pub stream_record_policy_template: String,
    /// What the file of a recorded room is.
    pub room_record_format: RoomRecordFormat,
    /// Names of recordings of rooms.
    pub room_record_policy_template: String,
    /// Whether all files of a room begin at its first publish.
    pub enable_empty_shift_writer: bool,
    /// When files are made to survive a power cut: `fragment`, `never`, or
    /// seconds such as `5s`.
    pub record_sync: String,
    /// Run for each finished file, with the stream's name and the file's path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_record_hook_script: Option<PathBuf>,
    /// Run for the file of each recorded room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_multiple_record_hook_script: Option<PathBuf>,
    /// How long they may take.
    pub record_hook_timeout: Millis,
    /// With less space than this on the disk no recording starts.
    pub record_min_free_bytes: u64,
    /// How long deleted recordings can be restored. 0: not at all.
    pub record_trash_days: u64,
    /// How long recordings are kept. 0: as long as nobody deletes them.
    pub record_keep_days: u64,
    /// How large all recordings may be together. 0: as large as the disk.
    pub record_max_bytes: u64,

    /// Where finished recordings are uploaded: `s3://BUCKET/PREFIX`. Empty: nowhere.
    pub record_upload_url: String,
    /// Where the storage is reached. Empty: Amazon's.
    pub record_upload_endpoint: String,
    /// The region of the bucket. Empty: `us-east-1`.
    pub record_upload_region: String,
    /// The key at the storage.
    pub record_upload_access_key_id: String,
    /// Its secret.
    pub record_upload_secret_access_key: Secret,
    /// Whether the bucket stands in the path of addresses, not before the host.
    pub record_upload_path_style: bool,
    /// Whether files are deleted here once their copies are confirmed.
    pub record_upload_delete_local: bool,
    /// Whether viewers fetch from the storage what lies there alone.
    pub record_upload_redirect: bool,
    /// Recordings uploaded at the same time.
    pub record_upload_jobs: usize,
    /// Bits per second of all uploads together. 0: as fast as it goes.
    pub record_upload_max_bps: u64,

    /// Whether every recorded room gets a film.
    pub mix_rooms: bool,
    /// Films made at the same time.
    pub mix_jobs: usize,
    /// Films that may wait.
    pub mix_queue_max: usize,
    /// Settings of films. Without it `offline_mixer.json` in `data_dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline_mixer_config: Option<PathBuf>,

    /// Pages of which origin may use the REST API: `*`, or one. Empty: none.
    pub rest_access_control_allow_origin: String,
    /// Headers that they may send.
    pub rest_access_control_allow_headers: String,
    /// Methods that they may use.
    pub rest_access_control_allow_methods: String,

    /// `trace`, `debug`, `info`, `warn`, `error`, or directives for each part.
    pub log_level: String,
    /// For people or for machines.
    pub log_format: LogFormat,
    /// How long clients and open requests have when the server is stopped.
    pub shutdown_timeout: Millis,

    /// Whether some logins misbehave on purpose, for test suites.
    pub test_hooks: bool,

    /// What the environment says for all programs that use Amazon's services.
    #[serde(skip)]
    pub aws: Aws,

    /// Pings to clients. Tables stand last in TOML.
    pub keep_alive: KeepAlive,
    /// Bounds on what clients may ask for.
    pub limits: Limits,
}

/// How silent WebSocket clients are found. Names as in `flashphoner.properties`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeepAlive {
    /// Time between two pings.
    pub server_interval: Millis,
    /// How many unanswered pings end a session.
    pub probes: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: Vec::new(),
            http_port: 8080,
            https: true,
            https_port: 8443,
            media_port: 31001,
            ice_tcp: true,
            public_ip: Vec::new(),
            data_dir: PathBuf::from("./data"),
            tls_cert: None,
            tls_key: None,
            room_idle_timeout: Millis(60_000),
            room_capacity: 0,
            chat_history: 200,
            login_probe_timeout: Millis(2_000),
            resume_window: Millis(120_000),
            handshake_timeout: Millis(10_000),
            video_codecs: VideoCodec::ALL.to_vec(),
            audio_codecs: AudioCodec::ALL.to_vec(),
            max_bitrate_bps: 0,
            shards: 0,
            max_transports: 20_000,
            media_connect_timeout: Millis(20_000),
            media_idle_timeout: Millis(15_000),
            record_streams: true,
            record_all: false,
            room_record_by: RoomRecordBy::Everyone,
            record_all_rooms: false,
            record_formats: "h264-mp4,vp8-webm".into(),
            record_audio: RecordAudio::AsPublished,
            stream_record_policy_template: veche_record::name::DEFAULT_TEMPLATE.into(),
            room_record_format: RoomRecordFormat::Mkv,
            room_record_policy_template: veche_record::name::DEFAULT_ROOM_TEMPLATE.into(),
            enable_empty_shift_writer: false,
            record_sync: "fragment".into(),
            on_record_hook_script: None,
            on_multiple_record_hook_script: None,
            record_hook_timeout: Millis(600_000),
            record_min_free_bytes: 536_870_912,
            record_trash_days: 7,
            record_keep_days: 0,
            record_max_bytes: 0,
            record_upload_url: String::new(),
            record_upload_endpoint: String::new(),
            record_upload_region: String::new(),
            record_upload_access_key_id: String::new(),
            record_upload_secret_access_key: Secret::default(),
            record_upload_path_style: true,
            record_upload_delete_local: false,
            record_upload_redirect: true,
            record_upload_jobs: 2,
            record_upload_max_bps: 0,
            mix_rooms: true,
            mix_jobs: 1,
            mix_queue_max: 1_000,
            offline_mixer_config: None,
            rest_access_control_allow_origin: String::new(),
            rest_access_control_allow_headers: "authorization,content-type,x-requested-with".into(),
            rest_access_control_allow_methods: "GET,POST,DELETE".into(),
            log_level: "info".into(),
            log_format: LogFormat::Text,
            shutdown_timeout: Millis(5_000),
            test_hooks: false,
            aws: Aws::default(),
            keep_alive: KeepAlive::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for KeepAlive {
    fn default() -> Self {
        Self {
            server_interval: Millis(5_000),
            probes: 10,
        }
    }
}

#[cfg(test)]
mod tests;
