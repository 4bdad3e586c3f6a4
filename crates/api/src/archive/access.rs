//! Who may: whoever has the admin token, a session that it opened, or for one
//! recording a signed link.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use veche_archive::{LinkError, Signer, same_secret};

use super::Refusal;
use super::session::COOKIE;
use crate::http::Shared;

/// Of a link's signature: HMAC-SHA256 as base64url without padding (RFC 4648, 5).
const SIGNATURE_CHARS: usize = 43;

/// What a request may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Everything.
    Everything,
    /// What the link opens. Not looked at yet: which recording is meant, only
    /// the handler knows.
    Link { expires: u64, signature: String },
}

impl Access {
    /// Whether it opens this recording.
    pub(super) fn opens(&self, signer: &Signer, recording: &str) -> Result<(), Refusal> {
        match self {
            Self::Everything => Ok(()),
            Self::Link { expires, signature } => {
                Ok(signer.check_link(recording, *expires, signature, unix_s())?)
            }
        }
    }

    /// Whether it may open anything at all. What was never signed is refused before
    /// anybody looks for what it is to open.
    pub(super) fn is_formed(&self) -> Result<(), Refusal> {
        match self {
            Self::Link { signature, .. } if !is_signature(signature) => {
                Err(LinkError::Invalid.into())
            }
            _ => Ok(()),
        }
    }

    /// What the links of an answer have behind them, so that they open, too.
    pub(super) fn query(&self) -> String {
        match self {
            Self::Everything => String::new(),
            Self::Link { expires, signature } => {
                format!("?expires={expires}&signature={signature}")
            }
        }
    }
}

/// Lets operators through.
pub(crate) async fn operators(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    match operator(&shared, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Lets operators and those with a link through; handlers look at the link.
pub(super) async fn viewers(
    State(shared): State<Arc<Shared>>,
    mut request: Request,
    next: Next,
) -> Response {
    let access = match operator(&shared, &request) {
        Ok(()) => Access::Everything,
        Err(refusal) => match link(request.uri().query().unwrap_or_default()) {
            Some(link) => link,
            None => return refusal.into_response(),
        },
    };
    request.extensions_mut().insert(access);
    next.run(request).await
}

fn operator(shared: &Shared, request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    if let Some(token) = bearer(headers) {
        return check_token(shared, address(request), token);
    }
    let signer = shared.archive().map(|archive| archive.signer());
    let session = cookie(headers).zip(signer);
    if session.is_some_and(|(cookie, signer)| signer.check_session(cookie, unix_s())) {
        return same_site(request);
    }
    let message = "an admin token is needed";
    Err(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        message,
    ))
}

/// Whether a token is the admin's. Whoever guesses has to wait.
pub(super) fn check_token(
    shared: &Shared,
    from: Option<IpAddr>,
    token: &str,
) -> Result<(), Refusal> {
    let now = shared.started.elapsed();
    let mut failures = shared
        .failures
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(wait) = failures.wait(from, now) {
        return Err(Refusal {
            retry_after: Some(wait.as_secs() + 1),
            ..Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_attempts",
                "too many wrong tokens; wait a minute",
            )
        });
    }
    let expected = shared.admin_token.as_deref();
    if expected.is_some_and(|expected| same_secret(token, expected)) {
        return Ok(());
    }
    failures.count(from, now);
    Err(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "wrong_token",
        "this is not the admin token",
    ))
}

/// A browser sends the cookie by itself, so what changes something must come
/// from our own page: `SameSite=Strict` says so, and for browsers that do not
/// know it, only scripts of the page can send JSON or use `DELETE`.
fn same_site(request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    let foreign = matches!(site, Some("cross-site" | "same-site"));
    let allowed = match *request.method() {
        Method::GET | Method::HEAD => true,
        Method::POST => !foreign && (site == Some("same-origin") || is_json(headers)),
        _ => !foreign,
    };
    match allowed {
        true => Ok(()),
        false => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "cross_site",
            "send Content-Type: application/json, from a page of this server",
        )),
    }
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn link(query: &str) -> Option<Access> {
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    Some(Access::Link {
        expires: value("expires")?.parse().ok()?,
        signature: value("signature")?.to_owned(),
    })
}

fn is_signature(text: &str) -> bool {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    text.len() == SIGNATURE_CHARS && text.bytes().all(base64)
}

pub(super) fn address(request: &Request) -> Option<IpAddr> {
    let info = request.extensions().get::<ConnectInfo<SocketAddr>>();
    info.map(|ConnectInfo(address)| address.ip())
}

/// Seconds since 1970.
pub(super) fn unix_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_signature_is_told_from_what_is() {
        let signature = Signer::new(&[7; 32], "").link("room-1", 1_000);
        assert!(is_signature(&signature), "{signature}");
        for other in [
            "",
            "AAAA",
            &signature[1..],
            &signature.replace(&signature[..1], "="),
        ] {
            assert!(!is_signature(other), "{other}");
        }
    }
}
