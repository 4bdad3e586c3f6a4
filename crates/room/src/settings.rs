use std::time::Duration;

use veche_media::{AudioCodec, VideoCodec};

use crate::{Limits, RecordBy};

/// What an operator can choose about rooms.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Between two pings of the server (`keep_alive.server_interval`).
    pub keep_alive_interval: Duration,
    /// Pings in a row that may stay unanswered before the session is dropped (`keep_alive.probes`).
    pub keep_alive_probes: u32,
    /// How long a connection may stay silent before it says `connection`.
    pub handshake_timeout: Duration,
    /// How long a room outlives its last participant who vanished without `leave`.
    pub room_idle_timeout: Duration,
    /// How long the holder of a login has to answer before somebody else gets it.
    pub login_probe_timeout: Duration,
    /// A holder heard of within this time is alive and is not probed.
    pub login_probe_grace: Duration,
    /// How long a publish or play may take from its request to flowing media.
    ///
    /// Longer than the media engine's own `connect_timeout`, whose reason is
    /// better than ours.
    pub setup_timeout: Duration,
    /// How long a resume token is honoured after its session has ended.
    pub resume_window: Duration,
    /// Video codecs of rooms, in order of preference.
    pub video_codecs: Vec<VideoCodec>,
    /// Audio codecs, in order of preference.
    pub audio_codecs: Vec<AudioCodec>,
    /// Upper bound asked of every publisher, bits per second. 0: none.
    pub max_bitrate_bps: u64,
    /// Whether publishers may have their streams recorded (`record: true`).
    pub record_streams: bool,
    /// Whether every stream is recorded, asked for or not. Not without `record_streams`.
    pub record_all: bool,
    /// Which participants may switch the recording of their room.
    pub room_record_by: RecordBy,
    /// Whether every room is recorded from its beginning. Not without `record_streams`.
    pub record_all_rooms: bool,
    /// Whether the logins `throw_join_exception`, `throw_message_exception`
    /// and `throw_panic` misbehave, as test suites expect. Never in production.
    pub test_hooks: bool,
    /// Bounds.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keep_alive_interval: Duration::from_millis(5_000),
            keep_alive_probes: 10,
            handshake_timeout: Duration::from_secs(10),
            room_idle_timeout: Duration::from_millis(60_000),
            login_probe_timeout: Duration::from_millis(2_000),
            login_probe_grace: Duration::from_secs(1),
            setup_timeout: Duration::from_secs(30),
            resume_window: Duration::from_secs(120),
            video_codecs: VideoCodec::ALL.to_vec(),
            audio_codecs: AudioCodec::ALL.to_vec(),
            max_bitrate_bps: 0,
            record_streams: true,
            record_all: false,
            room_record_by: RecordBy::Everyone,
            record_all_rooms: false,
            test_hooks: false,
            limits: Limits::default(),
        }
    }
}
