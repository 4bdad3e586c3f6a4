use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower_http::services::ServeFile;
use veche_archive::{File, Recording};

use super::access::Access;
use super::away;
use super::places::Asker;
use super::routes::with_as;
use super::wire::{encode, rfc3339};
use super::{Problem, Refusal};
use crate::http::Shared;

/// Fetch a file, whole or in parts. With `download=1` browsers save it.
#[utoipa::path(
    get, path = "/client/records/{name}", tag = "recordings",
    params(
        ("name" = String, Path, description = "As in `files`, or as in a stream's `recordName`"),
        ("download" = Option<u8>, Query, description = "1: to be saved, under a name for people"),
    ),
    security(("token" = []), ("session" = []), ("link" = [])),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The part that was asked for by `Range`", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 302, description = "It lies in the bucket alone: `Location` opens it for a while"),
        (status = 304, description = "It is as it was (`If-None-Match`)"),
        (status = 401, description = "Neither an operator nor a link", body = Problem),
        (status = 403, description = "The link has expired or opens something else", body = Problem),
        (status = 404, description = "There is no finished file of that name", body = Problem),
        (status = 416, description = "The file has no such part"),
        (status = 503, description = "It lies in the bucket alone, which does not answer (`storage_unavailable`), or too much is asked at once (`busy`)", body = Problem),
    )
)]
pub(super) async fn file(
    State(shared): State<Arc<Shared>>,
    Extension(access): Extension<Access>,
    Path(name): Path<String>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let archive = shared.archive().ok_or_else(Refusal::not_found)?;
    access.is_formed()?;
    // What the link opens stands in the catalogue alone.
    let asker = match access {
        Access::Everything => Asker::Known,
        Access::Link { .. } => Asker::Stranger,
    };
    // Only files that manifests tell of, so no name leads anywhere else.
    let found = with_as(asker, &shared, move |archive| archive.file(&name)).await;
    let (recording, file) = match (&access, found) {
        // Who has a link learns nothing of what there is besides.
        (Access::Link { .. }, Err(refusal)) if refusal.status == StatusCode::NOT_FOUND => {
            return access.opens(archive.signer(), "").map(|()| gone());
        }
        (_, found) => found?,
    };
    access.opens(archive.signer(), &recording.id)?;
    let hidden = access != Access::Everything && recording.deleted_until_ms.is_some();
    if hidden || !file.state.is_whole() {
        return Ok(gone());
    }
    let disposition = match asks_to_save(request.uri().query().unwrap_or_default()) {
        true => attachment(&recording, &file),
        false => "inline".to_owned(),
    };
    let path = archive.path(&file);
    let metadata = match file.local {
        true => tokio::fs::metadata(&path).await.ok(),
        false => None,
    };
    let Some(metadata) = metadata else {
        let (method, headers) = (request.method(), request.headers());
        return match file.uploaded {
            Some(_) => away::serve(archive, &file, &disposition, method, headers).await,
            None => Ok(gone()),
        };
    };
    let tag = etag(&metadata);
    if is_named(request.headers(), &header::IF_NONE_MATCH, &tag) {
        let headers = [(header::ETAG, tag)];
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let stale = request.headers().contains_key(header::IF_RANGE)
        && !is_named(request.headers(), &header::IF_RANGE, &tag);
    if stale {
        request.headers_mut().remove(header::RANGE);
    }
    let Ok(served) = ServeFile::new(&path).try_call(request).await else {
        return Ok(gone());
    };
    let mut response = served.into_response();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, file.mime());
    set(header::ETAG, &tag);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CACHE_CONTROL, "private, no-cache");
    set(header::CONTENT_DISPOSITION, &disposition);
    Ok(response)
}

pub(super) fn gone() -> Response {
    let message = "no finished recording has this name";
    Refusal::new(StatusCode::NOT_FOUND, "recording_not_found", message).into_response()
}

fn asks_to_save(query: &str) -> bool {
    query.split('&').any(|pair| pair == "download=1")
}

/// Changes when the file does.
fn etag(metadata: &Metadata) -> String {
    let (seconds, nanos) = (metadata.mtime(), metadata.mtime_nsec());
    format!("\"{:x}-{seconds:x}-{nanos:x}\"", metadata.len())
}

pub(super) fn is_named(headers: &HeaderMap, header: &HeaderName, tag: &str) -> bool {
    let value = headers.get(header).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value == "*" || value.split(',').any(|one| one.trim() == tag))
}

/// RFC 6266: a name for people, and a plain one for old programs.
fn attachment(recording: &Recording, file: &File) -> String {
    let name = people_name(recording, file);
    let plain = file.name.replace(['"', '\\'], "_");
    format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
        encode(&name)
    )
}

/// The room or the stream, whose stream, and when: `Совет 2026-11-22 17.44.mp4`.
fn people_name(recording: &Recording, file: &File) -> String {
    let subject = recording.room.as_ref().or(recording.stream.as_ref());
    let when = rfc3339(recording.started_at_ms);
    let when = when.get(..16).unwrap_or_default().replace('T', " ");
    let parts = [subject, file.person.as_ref(), Some(&when)];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    let name: String = parts
        .join(" ")
        .chars()
        // What file systems or shells take for something else.
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '.',
            c if c.is_control() => ' ',
            c => c,
        })
        .take(120)
        .collect();
    format!("{}.{}", name.trim_start_matches('.').trim(), file.container)
}
