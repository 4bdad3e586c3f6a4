use veche_record::name::Template;
use veche_record::store::SyncPolicy;

use super::Config;

/// More than this between two pings, and proxies cut the connection first.
const MAX_PING_INTERVAL_MS: u64 = 55_000;

/// Service managers kill a process that takes longer to stop (systemd: 90 s).
const MAX_SHUTDOWN_MS: u64 = 60_000;

impl Config {
    /// What cannot work, though every value is of the right kind.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut must = |holds: bool, problem: &str| {
            if !holds {
                problems.push(problem.to_owned());
            }
        };

        must(
            self.tls_cert.is_some() == self.tls_key.is_some(),
            "tls_cert and tls_key belong together: set both, or neither for a self-signed certificate",
        );
        let same = |a: u16, b: u16| a == b && a != 0;
        must(
            !(self.https && same(self.http_port, self.https_port)),
            "http_port and https_port must differ",
        );
        must(
            !(self.ice_tcp && same(self.media_port, self.http_port)),
            "media_port and http_port must differ, or ice_tcp be false",
        );
        must(
            !(self.ice_tcp && self.https && same(self.media_port, self.https_port)),
            "media_port and https_port must differ, or ice_tcp be false",
        );
        must(
            !self.video_codecs.is_empty(),
            "video_codecs must name at least one codec",
        );
        must(
            !self.audio_codecs.is_empty(),
            "audio_codecs must name at least one codec",
        );
        must(self.mix_jobs >= 1, "mix_jobs must be at least 1");
        must(
            self.max_transports >= 1,
            "max_transports must be at least 1",
        );
        must(
            (1..=MAX_PING_INTERVAL_MS).contains(&self.keep_alive.server_interval.0),
            &format!("keep_alive.server_interval must be 1 to {MAX_PING_INTERVAL_MS} ms"),
        );
        must(
            self.keep_alive.probes >= 1,
            "keep_alive.probes must be at least 1",
        );
        must(
            self.shutdown_timeout.0 <= MAX_SHUTDOWN_MS,
            &format!("shutdown_timeout must be at most {MAX_SHUTDOWN_MS} ms"),
        );
        if let Err(error) = self.record_formats.parse::<veche_record::Formats>() {
            must(false, &format!("record_formats: {error}"));
        }
        if let Err(error) = self.stream_record_policy_template.parse::<Template>() {
            must(false, &format!("stream_record_policy_template: {error}"));
        }
        match self.room_record_policy_template.parse::<Template>() {
            Err(error) => must(false, &format!("room_record_policy_template: {error}")),
            Ok(template) => must(
                !template.needs_end(),
                "room_record_policy_template: a room's recording is named when it begins; its end and duration are not known then",
            ),
        }
        if let Err(error) = self.record_sync.parse::<SyncPolicy>() {
            must(false, &format!("record_sync: {error}"));
        }
        if let Some(Err(problem)) = self.api().cors.map(|cors| cors.check()) {
            must(false, &format!("rest_access_control_{problem}"));
        }
        for problem in self.upload_problems() {
            must(false, &problem);
        }
        for address in &self.public_ip {
            must(
                !address.is_unspecified() && !address.is_multicast(),
                &format!("public_ip {address} is not an address that clients can reach"),
            );
        }
        problems
    }
}
