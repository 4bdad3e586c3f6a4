//! Sessions of the Recordings page: a signed cookie, nothing on the server.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::net::SocketAddr;
use utoipa::ToSchema;

use super::access::{check_token, cookie, is_json, unix_s};
use super::{Problem, Refusal};
use crate::http::Shared;

/// The cookie's name.
pub(super) const COOKIE: &str = "veche_session";

/// How long somebody stays logged in: a working day.
const SESSION_S: u64 = 12 * 3600;

#[derive(Deserialize, ToSchema)]
pub(super) struct LogIn {
    /// The admin token.
    token: String,
}

/// Log in with the admin token.
#[utoipa::path(
    post, path = "/rest-api/session", tag = "session", request_body = LogIn, security(()),
    responses(
        (status = 204, description = "Logged in: the answer sets a cookie for twelve hours"),
        (status = 401, description = "Not the admin token", body = Problem),
        (status = 415, description = "Not JSON", body = Problem),
        (status = 429, description = "Too many wrong tokens", body = Problem),
    )
)]
pub(super) async fn log_in(
    State(shared): State<Arc<Shared>>,
    from: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    if !is_json(&headers) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "send Content-Type: application/json",
        ));
    }
    let asked: LogIn = serde_json::from_slice(&body)
        .map_err(|_| Refusal::bad_request("send {\"token\": \"…\"}"))?;
    let from = from.map(|Extension(ConnectInfo(address))| address.ip());
    check_token(&shared, from, asked.token.trim())?;
    let archive = shared.archive().ok_or_else(Refusal::not_found)?;
    let value = archive.signer().session(unix_s() + SESSION_S);
    Ok(with_cookie(&headers, &value, SESSION_S))
}

/// Whether one is logged in.
#[utoipa::path(
    get, path = "/rest-api/session", tag = "session", security(("session" = [])),
    responses(
        (status = 200, description = "Logged in"),
        (status = 401, description = "Not logged in", body = Problem),
    )
)]
pub(super) async fn look(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let signer = shared.archive().map(|archive| archive.signer());
    let session = cookie(&headers).zip(signer);
    match session.is_some_and(|(cookie, signer)| signer.check_session(cookie, unix_s())) {
        true => Ok(StatusCode::OK),
        false => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "log in with the admin token",
        )),
    }
}

/// Log out.
#[utoipa::path(
    delete, path = "/rest-api/session", tag = "session", security(()),
    responses((status = 204, description = "Logged out"))
)]
pub(super) async fn log_out(headers: HeaderMap) -> Response {
    with_cookie(&headers, "", 0)
}

fn with_cookie(headers: &HeaderMap, value: &str, seconds: u64) -> Response {
    // Only ever added: whoever lies about it harms themselves.
    let proto = headers
        .get("x-forwarded-proto")
        .and_then(|v| v.to_str().ok());
    let secure = match proto {
        Some("https") => "; Secure",
        _ => "",
    };
    let cookie =
        format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}
