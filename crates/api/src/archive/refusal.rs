use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use veche_archive::{ArchiveError, LinkError};

/// Why a request is not answered as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Seconds until it may be tried again.
    pub(crate) retry_after: Option<u64>,
}

/// What a client gets.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Stable, for programs.
    #[schema(example = "recording_in_use")]
    code: String,
    /// A sentence, for people.
    message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: impl Into<String>, message: &str) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.to_owned(),
            retry_after: None,
        }
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(crate) fn not_found() -> Self {
        ArchiveError::NotFound.into()
    }

    pub(crate) fn internal() -> Self {
        let message = "the server failed; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}

impl From<ArchiveError> for Refusal {
    fn from(error: ArchiveError) -> Self {
        let (status, code) = match &error {
            ArchiveError::NotFound => (StatusCode::NOT_FOUND, "recording_not_found"),
            ArchiveError::InUse(_) => (StatusCode::CONFLICT, "recording_in_use"),
            ArchiveError::NotInTrash => (StatusCode::CONFLICT, "not_in_trash"),
            ArchiveError::NotARoom => (StatusCode::CONFLICT, "not_a_room"),
            ArchiveError::NotReady(_) => (StatusCode::CONFLICT, "not_ready"),
            ArchiveError::NotMixing => (StatusCode::CONFLICT, "not_mixing"),
            ArchiveError::NoMixer => (StatusCode::CONFLICT, "no_mixer"),
            ArchiveError::QueueFull(_) => (StatusCode::SERVICE_UNAVAILABLE, "mix_queue_full"),
            ArchiveError::Away(why) => {
                tracing::warn!(why, "a file that lies in the bucket alone cannot be had");
                let message = "the file lies in storage that does not answer; try again later";
                let code = "storage_unavailable";
                return Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
            }
            other => {
                tracing::error!(error = %other, "the archive failed");
                return Self::internal();
            }
        };
        Self::new(status, code, &error.to_string())
    }
}

impl From<LinkError> for Refusal {
    fn from(error: LinkError) -> Self {
        let code = match error {
            LinkError::Expired => "link_expired",
            _ => "link_invalid",
        };
        Self::new(StatusCode::FORBIDDEN, code, &error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = axum::Json(Problem {
            code: self.code,
            message: self.message,
        });
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
