use std::fmt;
use std::str::FromStr;

use url::Url;

/// A place in a bucket, written `s3://BUCKET/PREFIX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bucket's name.
    pub bucket: String,
    /// Without slashes around it; empty: the bucket as a whole.
    pub prefix: String,
}

/// Where the storage is reached: `https://HOST` or `http://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why a text is no such place.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Something else than `s3://`.
    #[error("must begin with s3://, as in s3://BUCKET/PREFIX")]
    Scheme,
    /// As Amazon has it, which others follow.
    #[error("\"{0}\" is no name of a bucket: 3 to 63 small letters, digits, dots and hyphens")]
    Bucket(String),
    /// It would be another key at some storages.
    #[error("\"{0}\" in it is no part of a key")]
    Prefix(String),
    /// Not an address.
    #[error("must be an address such as https://s3.example.org or http://localhost:9000")]
    Endpoint,
    /// A path would not be looked at everywhere; secrets do not belong there.
    #[error("must be a host and perhaps a port, with nothing behind or before it")]
    More,
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let rest = text
            .trim()
            .strip_prefix("s3://")
            .ok_or(PlaceError::Scheme)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        // Old buckets have large letters and underscores.
        let old = |c: char| c.is_ascii_uppercase() || c == '_';
        let fits = (3..=63).contains(&bucket.len()) && bucket.chars().all(|c| plain(c) || old(c));
        if !fits || bucket.starts_with(['.', '-']) {
            return Err(PlaceError::Bucket(bucket.to_owned()));
        }
        let prefix = prefix.trim_matches('/');
        for part in prefix.split('/').filter(|_| !prefix.is_empty()) {
            let strange = |c: char| c.is_control() || "\\{}^%`\"<>#|~[]?*".contains(c);
            if part.is_empty() || part == "." || part == ".." || part.contains(strange) {
                return Err(PlaceError::Prefix(part.to_owned()));
            }
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix.as_str() {
            "" => write!(f, "s3://{}", self.bucket),
            prefix => write!(f, "s3://{}/{prefix}", self.bucket),
        }
    }
}

impl Place {
    /// The key of a file of the folder.
    pub(crate) fn key(&self, name: &str) -> String {
        match self.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        }
    }
}

/// How the copy of a file is shown, and read back.
pub(crate) fn show(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}

/// Bucket and key of what [`show`] gave.
pub(crate) fn read(shown: &str) -> Option<(&str, &str)> {
    shown.strip_prefix("s3://")?.split_once('/')
}

impl FromStr for Endpoint {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let url = Url::parse(text.trim()).map_err(|_| PlaceError::Endpoint)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(PlaceError::Endpoint);
        }
        let bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        bare.then_some(Self(url)).ok_or(PlaceError::More)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl Endpoint {
    /// The same with the bucket before the host.
    pub(crate) fn of_bucket(&self, bucket: &str) -> String {
        let (scheme, host) = (self.0.scheme(), self.0.host_str().unwrap_or_default());
        match self.0.port() {
            Some(port) => format!("{scheme}://{bucket}.{host}:{port}"),
            None => format!("{scheme}://{bucket}.{host}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Result<(String, String), PlaceError> {
        text.parse::<Place>()
            .map(|place| (place.bucket, place.prefix))
    }

    #[test]
    fn a_place_is_a_bucket_and_perhaps_a_prefix() {
        for (text, bucket, prefix) in [
            ("s3://calls", "calls", ""),
            ("s3://calls/", "calls", ""),
            ("s3://my.calls-1/a/b/", "my.calls-1", "a/b"),
            (" s3://calls/Записи 1 ", "calls", "Записи 1"),
        ] {
            assert_eq!(place(text), Ok((bucket.to_owned(), prefix.to_owned())));
        }
        let place: Place = "s3://calls/a/b".parse().unwrap();
        assert_eq!(place.key("x.mp4"), "a/b/x.mp4");
        assert_eq!(place.to_string(), "s3://calls/a/b");
        let shown = show(&place.bucket, &place.key("x.mp4"));
        assert_eq!(read(&shown), Some(("calls", "a/b/x.mp4")));
    }

    #[test]
    fn what_is_none_is_told() {
        assert_eq!(place("https://calls"), Err(PlaceError::Scheme));
        assert_eq!(place(""), Err(PlaceError::Scheme));
        for bucket in ["", "ab", "a:b", "-abc", "a b c", "ключ"] {
            let expected = Err(PlaceError::Bucket(bucket.to_owned()));
            assert_eq!(place(&format!("s3://{bucket}/x")), expected);
        }
        for part in ["", ".", "..", "a?b", "a\\b", "a\nb"] {
            let expected = Err(PlaceError::Prefix(part.to_owned()));
            assert_eq!(place(&format!("s3://calls/x/{part}/y")), expected);
        }
    }

    #[test]
    fn an_endpoint_is_a_host_and_nothing_else() {
        let endpoint = |text: &str| text.parse::<Endpoint>().map(|e| e.to_string());
        for text in ["http://localhost:9000", "https://s3.example.org"] {
            assert_eq!(endpoint(text), Ok(text.to_owned()));
            assert_eq!(endpoint(&format!("{text}/")), Ok(text.to_owned()));
        }
        for text in ["", "localhost:9000", "ftp://x", "s3.example.org"] {
            assert_eq!(endpoint(text), Err(PlaceError::Endpoint), "{text}");
        }
        for text in ["http://a/b", "http://u:p@a", "http://a/?x", "http://a#x"] {
            assert_eq!(endpoint(text), Err(PlaceError::More), "{text}");
        }
        let at: Endpoint = "http://localhost:9000".parse().unwrap();
        assert_eq!(at.of_bucket("calls"), "http://calls.localhost:9000");
    }
}
