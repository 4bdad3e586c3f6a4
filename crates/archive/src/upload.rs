//! Copies of finished recordings in storage that speaks S3.
//!
//! Pure: where things go ([`Place`]), the order and the pauses (`plan`), the
//! parts of a large file (`parts`), what of a recording is still to be done
//! (`todo`), what an error means (`fault`). Around them the client: `line` is
//! one HTTP exchange, `store` the calls of S3.
//!
//! # In which order
//!
//! Nothing goes up before its recording is finished: a room's when the room's
//! file is made. Then the room's file, its film when there is one, the streams,
//! the journal, and last the manifests: what a manifest in the bucket tells of
//! lies there, too.
//!
//! A copy counts once it is **confirmed**: the storage was asked again and tells
//! the size that was sent, and the tag that it gave for it. Files here are
//! deleted (`delete_local`) only when all of the recording is confirmed, no film
//! of it waits or is made, and no script has them in its hands.
//!
//! How far each file is stands in `ID.state`, part by part, before the next step
//! is taken; so a server that was killed goes on with the same multipart upload.

mod fault;
mod line;
mod parts;
pub(crate) mod place;
mod plan;
mod store;
mod todo;

use std::fmt;
use std::time::Duration;

pub(crate) use fault::{Fault, Kind as FaultKind};
pub(crate) use line::Meter;
pub(crate) use parts::{Parts, tag_of_parts};
pub use place::{Endpoint, Place, PlaceError};
pub(crate) use plan::{Ended, Plan};
pub use store::check;
pub(crate) use store::{Bucket, CallError, Store};
pub use store::{Content, Range};
pub(crate) use todo::{Item, Sidecar, Stat, is_settled, next, tell};

/// Where copies go, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `record_upload_url`.
    pub place: Place,
    /// `record_upload_endpoint`. `None`: Amazon's, of the region.
    pub endpoint: Option<Endpoint>,
    /// `record_upload_region`.
    pub region: String,
    /// Who we are there.
    pub credentials: Credentials,
    /// `record_upload_path_style`: the bucket stands in the path, not before the host.
    pub path_style: bool,
    /// `record_upload_delete_local`: what has a copy is deleted here.
    pub delete_local: bool,
    /// `record_upload_redirect`: viewers fetch from the storage, not through us.
    pub redirect: bool,
    /// `record_upload_jobs`: recordings at a time.
    pub jobs: usize,
    /// `record_upload_max_bps`: bits per second, of all together. `None`: as fast
    /// as it goes.
    pub max_bps: Option<u64>,
    /// Larger files go up in parts.
    pub single_bytes: u64,
    /// A part of them, and what is in memory of each. At least 5 MiB, as S3 has it.
    pub part_bytes: u64,
    /// Between two attempts.
    pub pauses: Pauses,
    /// A line on which nothing moves for so long is taken for broken.
    pub stall: Duration,
}

/// Who one is at the storage.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A key of its own.
    Keys {
        /// `record_upload_access_key_id`.
        id: String,
        /// `record_upload_secret_access_key`.
        secret: String,
        /// Of a temporary key (`AWS_SESSION_TOKEN`).
        token: Option<String>,
    },
    /// A role of the machine or the container: variables of the environment that
    /// tell where it is asked for.
    Role(Vec<(String, String)>),
}

/// Variables that tell where roles are asked for.
pub const ROLE_VARIABLES: [&str; 7] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys { id, .. } => f.debug_struct("Keys").field("id", id).finish(),
            Self::Role(_) => f.write_str("Role"),
        }
    }
}

/// How long it is waited between two attempts. It doubles with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// After the first failure.
    pub first: Duration,
    /// The longest; at once after an error that does not mend by itself.
    pub longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(600),
        }
    }
}

const MIB: u64 = 1024 * 1024;

impl Config {
    /// The origin that viewers are sent to, as browsers write it. `None`: they are
    /// not sent anywhere.
    pub fn viewers_from(&self) -> Option<String> {
        let (bucket, region) = (&self.place.bucket, &self.region);
        self.redirect
            .then(|| match (&self.endpoint, self.path_style) {
                (Some(endpoint), true) => endpoint.to_string(),
                (Some(endpoint), false) => endpoint.of_bucket(bucket),
                (None, true) => format!("https://s3.{region}.amazonaws.com"),
                (None, false) => format!("https://{bucket}.s3.{region}.amazonaws.com"),
            })
    }

    /// The usual, to this place.
    pub fn new(place: Place, credentials: Credentials) -> Self {
        Self {
            place,
            endpoint: None,
            region: "us-east-1".to_owned(),
            credentials,
            path_style: true,
            delete_local: false,
            redirect: true,
            jobs: 2,
            max_bps: None,
            single_bytes: 16 * MIB,
            part_bytes: 8 * MIB,
            pauses: Pauses::default(),
            stall: Duration::from_secs(60),
        }
    }
}
