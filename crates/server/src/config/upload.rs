use veche_archive::upload::{self, Credentials, Endpoint, Place};

use super::Config;
use super::types::MASK;

/// Slower than this, a piece of a file takes so long that the line seems dead.
const MIN_BPS: u64 = 100_000;

impl Config {
    /// Where finished recordings go, if anywhere.
    pub fn upload(&self) -> Option<upload::Config> {
        let place: Place = self.record_upload_url.parse().ok()?;
        let id = &self.record_upload_access_key_id;
        let credentials = match id.as_str() {
            "" => Credentials::Role(self.aws.role.clone()),
            _ => Credentials::Keys {
                id: id.clone(),
                secret: self.record_upload_secret_access_key.0.clone(),
                token: Some(self.aws.session_token.0.clone()).filter(|t| !t.is_empty()),
            },
        };
        let usual = upload::Config::new(place, credentials);
        Some(upload::Config {
            endpoint: self.record_upload_endpoint.parse().ok(),
            region: match self.record_upload_region.as_str() {
                "" => usual.region,
                region => region.to_owned(),
            },
            path_style: self.record_upload_path_style,
            delete_local: self.record_upload_delete_local,
            redirect: self.record_upload_redirect,
            jobs: self.record_upload_jobs,
            max_bps: (self.record_upload_max_bps > 0).then_some(self.record_upload_max_bps),
            ..usual
        })
    }

    /// What of it cannot work.
    pub(super) fn upload_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut must = |holds: bool, problem: &str| {
            if !holds {
                problems.push(problem.to_owned());
            }
        };
        let secret = self.record_upload_secret_access_key.0.as_str();
        let (id, endpoint) = (
            self.record_upload_access_key_id.as_str(),
            self.record_upload_endpoint.as_str(),
        );
        let wanted = !self.record_upload_url.is_empty();
        let touched = self.record_upload_delete_local
            || [id, secret, endpoint, self.record_upload_region.as_str()]
                .iter()
                .any(|text| !text.is_empty());
        must(
            wanted || !touched,
            "record_upload_url is missing: without it, as in s3://BUCKET/PREFIX, nothing is uploaded",
        );
        if let Some(Err(error)) = wanted.then(|| self.record_upload_url.parse::<Place>()) {
            must(false, &format!("record_upload_url: {error}"));
        }
        if let Some(Err(error)) = (!endpoint.is_empty()).then(|| endpoint.parse::<Endpoint>()) {
            must(false, &format!("record_upload_endpoint: {error}"));
        }
        must(
            id.is_empty() == secret.is_empty(),
            "record_upload_access_key_id and record_upload_secret_access_key belong together: set both",
        );
        must(
            secret != MASK,
            "record_upload_secret_access_key is what `veche config` shows in its place: write the secret itself",
        );
        // Amazon's machines have roles; others have none.
        let nobody = id.is_empty() && secret.is_empty() && self.aws.role.is_empty();
        must(
            !(wanted && !endpoint.is_empty() && nobody),
            "record_upload_access_key_id and record_upload_secret_access_key are missing: set them, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment",
        );
        must(
            self.record_upload_jobs >= 1,
            "record_upload_jobs must be at least 1",
        );
        must(
            self.record_upload_max_bps == 0 || self.record_upload_max_bps >= MIN_BPS,
            &format!("record_upload_max_bps must be 0 (no limit) or at least {MIN_BPS}"),
        );
        problems
    }
}
