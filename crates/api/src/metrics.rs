use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use veche_archive::Counters;
use veche_room::Counts;
use veche_transport::Stats;

/// Counters of the API, for `/metrics`.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Gauge: sessions that exist.
    pub sessions: AtomicU64,
    /// Gauge: rooms that exist, also those that wait for somebody to come back.
    pub rooms: AtomicU64,
    /// Gauge: participants, summed over the rooms.
    pub participants: AtomicU64,
    /// Gauge: streams published, also those being set up.
    pub streams: AtomicU64,
    /// Gauge: plays, also those being set up.
    pub plays: AtomicU64,
    /// WebSockets accepted.
    pub sessions_opened: AtomicU64,
    /// Text frames received.
    pub messages_in: AtomicU64,
    /// Text frames given to sockets.
    pub messages_out: AtomicU64,
    /// Sessions cut off because they did not read.
    pub slow_sessions: AtomicU64,
    /// Media figures dropped because the hub was busy.
    pub dropped_rates: AtomicU64,
    /// Panics caught at a room's edge.
    pub room_panics: AtomicU64,
    /// Gauge: recordings that run.
    pub recordings: AtomicU64,
    /// Gauge: rooms that are recorded, also those whose files are not finished.
    pub recorded_rooms: AtomicU64,
    /// Rooms that were put together in one file.
    pub recorded_rooms_finished: AtomicU64,
    /// Files of recordings that were finished.
    pub recordings_finished: AtomicU64,
    /// Files that a crash had left open, finished at the start.
    pub recordings_recovered: AtomicU64,
    /// Recordings that could not begin or go on, and files that could not be finished.
    pub recordings_failed: AtomicU64,
    /// Times that a recording began to lose something.
    pub recordings_degraded: AtomicU64,
    /// Finished files whose sound should be AAC and is as it was published.
    pub recordings_sound_kept: AtomicU64,
    /// Bytes of media given to be recorded.
    pub recorded_bytes: AtomicU64,
    /// Packets that a recording lost because it was too slow.
    pub recording_dropped_packets: AtomicU64,
    /// Frames that a recording lost because its disk was too slow.
    pub recording_dropped_units: AtomicU64,
    /// Hook scripts that failed or took too long.
    pub record_hooks_failed: AtomicU64,
    /// Refusals by code or reason. Bounded: both are fixed sets.
    errors: Mutex<BTreeMap<String, u64>>,
}

impl Metrics {
    /// Counts one refusal.
    pub(crate) fn error(&self, code: impl Into<String>) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        *errors.entry(code.into()).or_default() += 1;
    }

    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_counts(&self, counts: Counts) {
        let set = |gauge: &AtomicU64, value: usize| gauge.store(value as u64, Ordering::Relaxed);
        set(&self.sessions, counts.sessions);
        set(&self.rooms, counts.rooms);
        set(&self.participants, counts.participants);
        set(&self.streams, counts.streams);
        set(&self.plays, counts.plays);
    }

    /// The counters with those of the media engine, in Prometheus' text format.
    pub fn render_prometheus(&self, engine: &Stats) -> String {
        let mut text = String::with_capacity(4_096);
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let gauges = [
            ("sessions", "Connected sessions", read(&self.sessions)),
            ("rooms", "Rooms", read(&self.rooms)),
            (
                "participants",
                "Participants of all rooms",
                read(&self.participants),
            ),
            ("streams", "Published streams", read(&self.streams)),
            ("plays", "Plays of streams", read(&self.plays)),
            ("transports", "Media transports", engine.transports),
            ("recordings", "Recordings that run", read(&self.recordings)),
            (
                "recorded_rooms",
                "Rooms that are recorded",
                read(&self.recorded_rooms),
            ),
        ];
        for (name, help, value) in gauges {
            sample(&mut text, name, help, "gauge", value);
        }
        let counters = [
            (
                "sessions_opened_total",
                "WebSockets accepted",
                read(&self.sessions_opened),
            ),
            (
                "messages_in_total",
                "Frames from clients",
                read(&self.messages_in),
            ),
            (
                "messages_out_total",
                "Frames to clients",
                read(&self.messages_out),
            ),
            (
                "slow_sessions_total",
                "Sessions cut off as slow",
                read(&self.slow_sessions),
            ),
            (
                "dropped_rates_total",
                "Media figures dropped",
                read(&self.dropped_rates),
            ),
            (
                "room_panics_total",
                "Panics that cost a room",
                read(&self.room_panics),
            ),
            (
                "recorded_rooms_finished_total",
                "Rooms put together in one file",
                read(&self.recorded_rooms_finished),
            ),
            (
                "recordings_finished_total",
                "Files of recordings finished",
                read(&self.recordings_finished),
            ),
            (
                "recordings_recovered_total",
                "Files finished after a crash",
                read(&self.recordings_recovered),
            ),
            (
                "recordings_failed_total",
                "Recordings that failed",
                read(&self.recordings_failed),
            ),
            (
                "recordings_degraded_total",
                "Times that a recording began to lose media",
                read(&self.recordings_degraded),
            ),
            (
                "recordings_sound_kept_total",
                "Files whose sound could not be made AAC",
                read(&self.recordings_sound_kept),
            ),
            (
                "recorded_bytes_total",
                "Bytes of media recorded",
                read(&self.recorded_bytes),
            ),
            (
                "recording_dropped_packets_total",
                "Packets lost to recordings",
                read(&self.recording_dropped_packets),
            ),
            (
                "recording_dropped_units_total",
                "Frames lost to recordings, disk slow",
                read(&self.recording_dropped_units),
            ),
            (
                "record_hooks_failed_total",
                "Hook scripts that failed",
                read(&self.record_hooks_failed),
            ),
            (
                "media_packets_in_total",
                "Media packets received",
                engine.packets_in,
            ),
            (
                "media_packets_out_total",
                "Media packets sent",
                engine.packets_out,
            ),
            (
                "media_bytes_in_total",
                "Media bytes received",
                engine.bytes_in,
            ),
            (
                "media_bytes_out_total",
                "Media bytes sent",
                engine.bytes_out,
            ),
            (
                "media_forwarded_total",
                "RTP packets forwarded",
                engine.forwarded,
            ),
            (
                "media_dropped_unknown_total",
                "Datagrams of nobody",
                engine.dropped_unknown,
            ),
            (
                "media_dropped_full_total",
                "Datagrams dropped, queue full",
                engine.dropped_full,
            ),
            (
                "media_keyframes_asked_total",
                "Keyframe requests of players",
                engine.keyframes_asked,
            ),
            (
                "media_keyframes_sent_total",
                "Keyframe requests sent on",
                engine.keyframes_sent,
            ),
            (
                "media_panics_total",
                "Panics that cost a transport",
                engine.panics,
            ),
        ];
        for (name, help, value) in counters {
            sample(&mut text, name, help, "counter", value);
        }
        self.render_errors(&mut text);
        text
    }

    fn render_errors(&self, text: &mut String) {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str("# HELP veche_errors_total Refusals by reason\n");
        text.push_str("# TYPE veche_errors_total counter\n");
        for (code, count) in errors.iter() {
            // Codes are of our own making: no character needs escaping.
            let _ = writeln!(text, "veche_errors_total{{code=\"{code}\"}} {count}");
        }
    }
}

/// What the archive counted, in the same format.
pub(crate) fn render_archive(text: &mut String, counters: &Counters) {
    let gauges = [
        ("mixes_waiting", "Films that wait", &counters.mixes_waiting),
        ("mixes_running", "Films being made", &counters.mixes_running),
        (
            "uploads_waiting",
            "Recordings that wait to be uploaded",
            &counters.uploads_waiting,
        ),
        (
            "uploads_running",
            "Recordings being uploaded",
            &counters.uploads_running,
        ),
    ];
    for (name, help, value) in gauges {
        sample(text, name, help, "gauge", value.load(Ordering::Relaxed));
    }
    let counters = [
        (
            "recordings_deleted_total",
            "Recordings deleted for good by people",
            &counters.deleted,
        ),
        (
            "recordings_expired_total",
            "Recordings deleted, too old",
            &counters.expired,
        ),
        (
            "recordings_no_room_total",
            "Recordings deleted for want of room",
            &counters.no_room,
        ),
        ("mixes_total", "Films made", &counters.mixed),
        (
            "mixes_failed_total",
            "Films given up",
            &counters.mixes_failed,
        ),
        (
            "mixes_crashed_total",
            "Mixers that crashed",
            &counters.mixes_crashed,
        ),
        (
            "uploads_total",
            "Files with a confirmed copy in the bucket",
            &counters.uploaded,
        ),
        (
            "uploaded_bytes_total",
            "Bytes of them",
            &counters.uploaded_bytes,
        ),
        (
            "uploads_failed_total",
            "Attempts to upload that failed",
            &counters.uploads_failed,
        ),
    ];
    for (name, help, value) in counters {
        sample(text, name, help, "counter", value.load(Ordering::Relaxed));
    }
}

fn sample(text: &mut String, name: &str, help: &str, kind: &str, value: u64) {
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "# HELP veche_{name} {help}\n# TYPE veche_{name} {kind}\nveche_{name} {value}"
    );
}
