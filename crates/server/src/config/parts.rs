use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use veche_api::RecordBy;
use veche_media::{AudioCodec, VideoCodec};
use veche_record::name::Template;
use veche_record::store::SyncPolicy;
use veche_record::{Container, Formats};
use veche_transcode::Aac;

use super::{Config, RecordAudio, RoomRecordBy, RoomRecordFormat};

/// How much longer the rules wait for a stream than the media engine does,
/// so that the engine's reason is the one that the client is told.
const SETUP_MARGIN: Duration = Duration::from_secs(10);

/// The folder of recordings in `data_dir`.
const RECORDS: &str = "records";

/// Settings of films in `data_dir`.
const MIXER_SETTINGS: &str = "offline_mixer.json";

fn days(days: u64) -> Duration {
    Duration::from_secs(days.saturating_mul(24 * 3600))
}

/// What was looked at when the configuration was loaded. In one that was made
/// otherwise, what cannot be read is the default.
fn parsed<T: FromStr + Default>(text: &str) -> T {
    text.parse().unwrap_or_default()
}

impl Config {
    /// What the API is told.
    pub fn api(&self) -> veche_api::Config {
        let limits = &self.limits;
        veche_api::Config {
            rooms: veche_api::Settings {
                keep_alive_interval: self.keep_alive.server_interval.duration(),
                keep_alive_probes: self.keep_alive.probes,
                handshake_timeout: self.handshake_timeout.duration(),
                room_idle_timeout: self.room_idle_timeout.duration(),
                login_probe_timeout: self.login_probe_timeout.duration(),
                setup_timeout: self.media_connect_timeout.duration() + SETUP_MARGIN,
                resume_window: self.resume_window.duration(),
                video_codecs: self.video_codecs.clone(),
                audio_codecs: self.audio_codecs.clone(),
                max_bitrate_bps: self.max_bitrate_bps,
                record_streams: self.record_streams,
                record_all: self.record_all,
                room_record_by: match self.room_record_by {
                    RoomRecordBy::Everyone => RecordBy::Everyone,
                    RoomRecordBy::Creator => RecordBy::Creator,
                    RoomRecordBy::Nobody => RecordBy::Nobody,
                },
                record_all_rooms: self.record_all_rooms,
                test_hooks: self.test_hooks,
                limits: veche_api::Limits {
                    sessions: limits.sessions,
                    rooms: limits.rooms,
                    room_capacity: self.room_capacity,
                    rooms_per_session: limits.rooms_per_session,
                    streams_per_session: limits.streams_per_session,
                    plays_per_session: limits.plays_per_session,
                    name_bytes: limits.name_bytes,
                    stream_name_bytes: limits.stream_name_bytes,
                    id_bytes: limits.id_bytes,
                    message_bytes: limits.message_bytes,
                    chat_history: self.chat_history,
                    chat_history_bytes: limits.chat_history_bytes,
                    command_burst: limits.command_burst,
                    commands_per_second: limits.commands_per_second,
                    message_burst: limits.message_burst,
                    messages_per_second: limits.messages_per_second,
                    flood_refusals: limits.flood_refusals,
                    remembered_operations: limits.remembered_operations,
                    remembered_tokens: limits.remembered_tokens,
                },
                ..veche_api::Settings::default()
            },
            socket: veche_api::Socket {
                max_message_bytes: limits.frame_bytes,
                max_depth: limits.frame_depth,
                outgoing_frames: limits.outgoing_frames,
                outgoing_bytes: limits.outgoing_bytes,
                write_timeout: limits.write_timeout.duration(),
                close_timeout: limits.close_timeout.duration(),
                ..veche_api::Socket::default()
            },
            cors: (!self.rest_access_control_allow_origin.is_empty()).then(|| veche_api::Cors {
                origin: self.rest_access_control_allow_origin.clone(),
                headers: self.rest_access_control_allow_headers.clone(),
                methods: self.rest_access_control_allow_methods.clone(),
            }),
            ..veche_api::Config::default()
        }
    }

    /// Where recordings go, and how.
    pub fn recordings(&self) -> veche_api::Recordings {
        let folder = self.data_dir.join(RECORDS);
        let usual = veche_api::Recordings::new(folder);
        veche_api::Recordings {
            store: veche_record::store::Config {
                template: parsed(&self.stream_record_policy_template),
                min_free_bytes: self.record_min_free_bytes,
                sync: self
                    .record_sync
                    .parse()
                    .unwrap_or(SyncPolicy::EveryFragment),
                sound: match self.record_audio {
                    RecordAudio::AsPublished => None,
                    RecordAudio::Aac => Some(Arc::new(Aac::default())),
                },
                ..usual.store
            },
            archive: veche_archive::Config {
                trash: days(self.record_trash_days),
                retention: veche_archive::retention::Rules {
                    keep: (self.record_keep_days > 0).then(|| days(self.record_keep_days)),
                    max_bytes: (self.record_max_bytes > 0).then_some(self.record_max_bytes),
                },
                upload: self.upload(),
                ..usual.archive
            },
            formats: self.formats(),
            hook: self.on_record_hook_script.clone(),
            hook_timeout: self.record_hook_timeout.duration(),
            aligned: self.enable_empty_shift_writer,
            room_template: self
                .room_record_policy_template
                .parse()
                .unwrap_or_else(|_| Template::of_rooms()),
            room_container: match self.room_record_format {
                RoomRecordFormat::Mkv => Container::Matroska,
                RoomRecordFormat::Mp4 => Container::Mp4,
            },
            room_hook: self.on_multiple_record_hook_script.clone(),
        }
    }

    /// Containers.
    fn formats(&self) -> Formats {
        let mut formats: Formats = parsed(&self.record_formats);
        let first = self.video_codecs.first().copied();
        // As what lies beside it.
        formats.audio_only = formats.container(first, Some(AudioCodec::Opus));
        if self.record_audio == RecordAudio::Aac && formats.audio_only == Container::Webm {
            // It takes no AAC.
            formats.audio_only = Container::Mp4;
        }
        formats
    }

    /// Video codecs whose recordings keep their sound as it was published although
    /// it should be AAC: they go to WebM, which takes none.
    pub fn without_aac(&self) -> Vec<VideoCodec> {
        let formats = self.formats();
        let is_webm = |codec: &VideoCodec| {
            formats.container(Some(*codec), Some(AudioCodec::Opus)) == Container::Webm
        };
        match self.record_audio {
            RecordAudio::AsPublished => Vec::new(),
            RecordAudio::Aac => self.video_codecs.iter().copied().filter(is_webm).collect(),
        }
    }

    /// How films of recorded rooms are made, with this executable.
    pub fn mix(&self, executable: PathBuf) -> veche_archive::mix::Config {
        let usual = self.data_dir.join(MIXER_SETTINGS);
        let settings = self.offline_mixer_config.clone().unwrap_or(usual);
        veche_archive::mix::Config {
            // A script of the operator's does it otherwise.
            automatic: self.mix_rooms && self.on_multiple_record_hook_script.is_none(),
            jobs: self.mix_jobs,
            waiting: self.mix_queue_max,
            ..veche_archive::mix::Config::new(executable, settings)
        }
    }

    /// What the media engine is told.
    pub fn media(&self) -> veche_transport::Config {
        veche_transport::Config {
            port: self.media_port,
            bind: self.bind.clone(),
            advertise: self.public_ip.clone(),
            tcp: self.ice_tcp,
            shards: self.shards,
            max_transports: self.max_transports,
            connect_timeout: self.media_connect_timeout.duration(),
            idle_timeout: self.media_idle_timeout.duration(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both sides name their defaults; what an operator reads is what runs.
    #[test]
    fn the_defaults_here_are_those_of_the_parts() {
        let config = Config::default();
        let parts = format!(
            "{:?} {:?}",
            veche_api::Config::default(),
            veche_transport::Config::default()
        );
        assert_eq!(format!("{:?} {:?}", config.api(), config.media()), parts);
        let usual = veche_api::Recordings::new("./data/records".into());
        assert_eq!(format!("{:?}", config.recordings()), format!("{usual:?}"));
    }

    #[test]
    fn sound_alone_is_what_the_pictures_of_the_room_are() {
        let check = |codecs: &[VideoCodec], formats: &str, expected| {
            let config = Config {
                video_codecs: codecs.to_vec(),
                record_formats: formats.to_owned(),
                ..Config::default()
            };
            let formats = config.recordings().formats;
            let alone = formats.container(None, Some(AudioCodec::Opus));
            assert_eq!(alone, expected, "{codecs:?}");
        };
        check(&[VideoCodec::Vp8, VideoCodec::H264], "", Container::Webm);
        check(&[VideoCodec::H264, VideoCodec::Vp8], "", Container::Mp4);
        check(&[VideoCodec::Vp8], "vp8-mkv", Container::Matroska);
    }

    #[test]
    fn sound_alone_is_mp4_where_it_becomes_aac_and_webm_is_told_apart() {
        let mut config = Config::default();
        assert!(config.recordings().store.sound.is_none());
        assert_eq!(config.without_aac(), []);
        config.record_audio = RecordAudio::Aac;
        let recordings = config.recordings();
        assert!(recordings.store.sound.is_some());
        let alone = recordings.formats.container(None, Some(AudioCodec::Opus));
        assert_eq!(alone, Container::Mp4);
        let webm = [VideoCodec::Vp8, VideoCodec::Vp9, VideoCodec::Av1];
        assert_eq!(config.without_aac(), webm);
        config.record_formats = "vp8-mkv,vp9-mp4,av1-mkv".to_owned();
        assert_eq!(config.without_aac(), []);
        config.record_formats = String::new();
        config.video_codecs = vec![VideoCodec::H264];
        assert_eq!(config.without_aac(), []);
    }
}
