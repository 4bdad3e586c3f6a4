use std::error::Error;

use object_store::client::{HttpError, HttpErrorKind};

use super::Config;

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub kind: Kind,
    /// For people.
    pub text: String,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The storage is not reached or has trouble: it will mend by itself.
    Line,
    /// The storage does not want it: somebody has to do something.
    Refused,
    /// It is this one file.
    File,
}

impl Fault {
    pub(crate) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

/// An answer of the storage that is no success. It travels inside the errors of
/// the client, which keep nothing but text.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub(super) struct Refusal {
    pub status: u16,
    /// `NoSuchBucket` and the like; empty where there was no body.
    pub code: String,
    pub message: String,
    /// Where the bucket is, if it is not here.
    pub region: Option<String>,
}

/// The role that credentials come from does not give any.
#[derive(Debug, thiserror::Error)]
#[error("the role gives no credentials")]
pub(super) struct NoRole(#[source] pub object_store::Error);

/// Of an answer's body; more is none that is meant for us.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// Of what a storage says, in a log.
const MAX_MESSAGE: usize = 300;

impl Refusal {
    /// Reads what S3 answers in XML; anything else leaves the status.
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(&body[..body.len().min(MAX_BODY)]);
        let element = |name: &str| {
            let (_, rest) = body.split_once(&format!("<{name}>"))?;
            let (text, _) = rest.split_once(&format!("</{name}>"))?;
            let plain = text.chars().filter(|c| !c.is_control());
            Some(plain.take(MAX_MESSAGE).collect::<String>())
        };
        Self {
            status,
            code: element("Code").unwrap_or_default(),
            message: element("Message").unwrap_or_default(),
            region: element("Region"),
        }
    }

    /// The multipart upload is not known any more.
    fn is_forgotten(&self) -> bool {
        self.code == "NoSuchUpload"
    }

    fn is_missing(&self) -> bool {
        self.status == 404 && self.code != "NoSuchBucket"
    }
}

/// What the storage answered, if it was that.
pub(super) fn refusal<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Refusal> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The storage knows no such multipart upload.
pub(crate) fn is_forgotten(error: &object_store::Error) -> bool {
    refusal(error).is_some_and(Refusal::is_forgotten)
}

/// There is no such object or upload.
pub(crate) fn is_missing(error: &object_store::Error) -> bool {
    refusal(error).is_some_and(Refusal::is_missing)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| <dyn Error>::source(*error))
}

/// What went wrong, with what to do about it.
pub(crate) fn explain(error: &object_store::Error, config: &Config) -> Fault {
    if let object_store::Error::InvalidPath { source } = error {
        return Fault::new(
            Kind::File,
            format!("the storage takes no such name: {source}"),
        );
    }
    let all: Vec<String> = causes(error).map(ToString::to_string).collect();
    let last = all.last().cloned().unwrap_or_default();
    if all
        .iter()
        .any(|text| text.contains("invalid peer certificate"))
    {
        let text = format!(
            "the certificate of the storage is not trusted ({last}): install its authority, or name it in SSL_CERT_FILE"
        );
        return Fault::new(Kind::Refused, text);
    }
    if causes(error).any(|cause| cause.is::<NoRole>()) {
        let text = format!(
            "no credentials: set record_upload_access_key_id and record_upload_secret_access_key, or give this machine a role ({last})"
        );
        return Fault::new(Kind::Line, text);
    }
    if let Some(refusal) = refusal(error) {
        return refused(refusal, config);
    }
    let http = causes(error).find_map(|cause| cause.downcast_ref::<HttpError>());
    let at = server(config);
    let text = match http.map(HttpError::kind) {
        Some(HttpErrorKind::Connect) => format!("{at} cannot be reached: {last}"),
        Some(HttpErrorKind::Timeout) => format!("{at} does not answer: {last}"),
        Some(_) => format!("the connection with {at} broke: {last}"),
        None => format!("{at} answers in a way that is not understood: {last}"),
    };
    Fault::new(Kind::Line, text)
}

fn server(config: &Config) -> String {
    match &config.endpoint {
        Some(endpoint) => endpoint.to_string(),
        None => format!("the storage of region {}", config.region),
    }
}

fn refused(refusal: &Refusal, config: &Config) -> Fault {
    let bucket = &config.place.bucket;
    let said = match (refusal.code.as_str(), refusal.message.as_str()) {
        ("", _) => refusal.status.to_string(),
        (code, "") => format!("{} {code}", refusal.status),
        (code, message) => format!("{} {code}: {message}", refusal.status),
    };
    let text = match (refusal.code.as_str(), refusal.status) {
        ("NoSuchBucket", _) => {
            format!("there is no bucket {bucket}: make it, or correct record_upload_url")
        }
        ("InvalidAccessKeyId", _) => {
            "the storage does not know the key: correct record_upload_access_key_id".to_owned()
        }
        ("SignatureDoesNotMatch", _) => {
            "the key's secret is wrong: correct record_upload_secret_access_key".to_owned()
        }
        ("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired", _) => {
            format!("the temporary key is not valid, or not any more ({said})")
        }
        ("RequestTimeTooSkewed", _) => "the clock of this host is wrong: set it".to_owned(),
        (
            "AuthorizationHeaderMalformed"
            | "PermanentRedirect"
            | "IllegalLocationConstraintException",
            _,
        )
        | (_, 301 | 307) => match &refusal.region {
            Some(region) => {
                format!(
                    "bucket {bucket} is in another region: set record_upload_region = \"{region}\""
                )
            }
            None => format!(
                "bucket {bucket} is in another region or at another address: correct record_upload_region and record_upload_endpoint ({said})"
            ),
        },
        (_, 401 | 403) => format!(
            "access denied ({said}): the key needs s3:PutObject, s3:GetObject, s3:DeleteObject and s3:AbortMultipartUpload on {}",
            config.place
        ),
        ("QuotaExceeded" | "XMinioStorageFull" | "XMinioAdminBucketQuotaExceeded", _)
        | (_, 507) => {
            format!("the storage is full ({said})")
        }
        // Without a body, as answers to HEAD are.
        ("", 404) => format!("bucket {bucket} or what was sent is not there (404)"),
        (_, 408 | 429 | 500..) => format!("the storage has trouble ({said})"),
        _ => format!("the storage refused ({said})"),
    };
    let kind = match refusal.status {
        // Full: somebody has to make room.
        507 => Kind::Refused,
        408 | 429 | 500.. => Kind::Line,
        _ if refusal.code == "RequestTimeout" || refusal.is_forgotten() => Kind::Line,
        _ => Kind::Refused,
    };
    Fault::new(kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::Credentials;

    fn config() -> Config {
        let keys = Credentials::Keys {
            id: "AKIA".to_owned(),
            secret: "never shown".to_owned(),
            token: None,
        };
        Config::new("s3://calls/a".parse().unwrap(), keys)
    }

    /// An error as the client gives it: what we put in lies far within.
    fn wrapped(inner: HttpError) -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: Box::new(inner),
        }
    }

    fn check(status: u16, code: &str, expected: Kind, part: &str) {
        let body = format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>It is so</Message></Error>"
        );
        let refusal = Refusal::read(status, body.as_bytes());
        let error = wrapped(HttpError::new(HttpErrorKind::Unknown, refusal));
        let fault = explain(&error, &config());
        assert_eq!(fault.kind, expected, "{code}: {}", fault.text);
        assert!(fault.text.contains(part), "{part:?} in: {}", fault.text);
        assert!(!fault.text.contains("never shown"));
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        check(
            404,
            "NoSuchBucket",
            Kind::Refused,
            "there is no bucket calls",
        );
        check(403, "AccessDenied", Kind::Refused, "s3:PutObject");
        check(
            403,
            "InvalidAccessKeyId",
            Kind::Refused,
            "record_upload_access_key_id",
        );
        check(
            403,
            "SignatureDoesNotMatch",
            Kind::Refused,
            "record_upload_secret_access_key",
        );
        check(403, "RequestTimeTooSkewed", Kind::Refused, "clock");
        check(
            301,
            "PermanentRedirect",
            Kind::Refused,
            "record_upload_region",
        );
        check(
            400,
            "InvalidArgument",
            Kind::Refused,
            "400 InvalidArgument: It is so",
        );
        check(507, "XMinioStorageFull", Kind::Refused, "full");
        check(503, "SlowDown", Kind::Line, "503 SlowDown");
        check(500, "InternalError", Kind::Line, "trouble");
        check(404, "NoSuchUpload", Kind::Line, "NoSuchUpload");
    }

    #[test]
    fn the_region_of_the_bucket_is_named_where_the_storage_tells_it() {
        let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>x</Message><Region>eu-west-3</Region></Error>";
        let refusal = Refusal::read(400, body.as_bytes());
        let fault = refused(&refusal, &config());
        assert!(fault.text.contains("record_upload_region = \"eu-west-3\""));
    }

    #[test]
    fn what_is_no_answer_is_tried_again() {
        for kind in [
            HttpErrorKind::Connect,
            HttpErrorKind::Timeout,
            HttpErrorKind::Interrupted,
        ] {
            let io = std::io::Error::other("connection refused");
            let fault = explain(&wrapped(HttpError::new(kind, io)), &config());
            assert_eq!(fault.kind, Kind::Line);
            assert!(fault.text.contains("connection refused"), "{}", fault.text);
        }
    }

    #[test]
    fn what_is_missing_is_told_from_a_bucket_that_is() {
        let error = |status, code: &str| {
            let body = format!("<Error><Code>{code}</Code></Error>");
            let refusal = Refusal::read(status, body.as_bytes());
            wrapped(HttpError::new(HttpErrorKind::Unknown, refusal))
        };
        assert!(is_missing(&error(404, "NoSuchKey")));
        assert!(is_missing(&error(404, "NoSuchUpload")));
        assert!(is_forgotten(&error(404, "NoSuchUpload")));
        assert!(!is_missing(&error(404, "NoSuchBucket")));
        assert!(!is_missing(&error(403, "AccessDenied")));
    }

    #[test]
    fn a_body_of_any_kind_is_read_within_bounds() {
        for body in [&b"<Code>"[..], b"\xff\xfe", b"<Code></Code>", b""] {
            assert_eq!(Refusal::read(502, body).code, "");
        }
        let long = format!("<Code>{}</Code>", "x".repeat(5_000));
        assert_eq!(Refusal::read(400, long.as_bytes()).code.len(), MAX_MESSAGE);
        let line = Refusal::read(400, b"<Message>a\nb</Message>").message;
        assert_eq!(line, "ab");
    }
}
