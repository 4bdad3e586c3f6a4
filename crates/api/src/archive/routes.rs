use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use veche_archive::{Archive, ArchiveError, Cursor};

use super::access::{Access, unix_s};
use super::places::Asker;
use super::wire::{Link, LinkWanted, ListQuery, Page, Recording, encode, recording, rfc3339};
use super::{Problem, Refusal, captions};
use crate::http::Shared;
use crate::recordings::unix_ms;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

/// How long a link opens unless said otherwise: a day.
const LINK_S: u64 = 24 * 3600;
/// At most a year. Longer ones are for ever.
const MAX_LINK_S: u64 = 365 * 24 * 3600;

type Answer<T> = Result<T, Refusal>;

/// List recordings, newest first.
#[utoipa::path(
    get, path = "/rest-api/recordings", tag = "recordings", params(ListQuery),
    responses(
        (status = 200, description = "A page of the list", body = Page),
        (status = 400, description = "What was asked is not understood", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
    )
)]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Answer<Json<Page>> {
    let Query(asked) = query.map_err(|error| Refusal::bad_request(&error.body_text()))?;
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Refusal::bad_request("limit must be 1 to 200"));
    }
    let after = match asked.after.as_deref() {
        None | Some("") => None,
        Some(text) => Some(
            Cursor::decode(text).ok_or_else(|| Refusal::bad_request("after is none of ours"))?,
        ),
    };
    let query = veche_archive::Query {
        search: asked.search,
        state: asked.state.map(Into::into),
        trash: asked.trash,
        limit,
        after,
    };
    let (page, trash) = with(&shared, move |archive| {
        Ok((archive.page(&query)?, archive.has_trash()))
    })
    .await?;
    let now = unix_ms();
    let shown = |of| recording(of, &Access::Everything, now);
    Ok(Json(Page {
        next: page.next.map(|cursor| cursor.encode()),
        recordings: page.recordings.into_iter().map(shown).collect(),
        total: page.total,
        bytes: page.bytes,
        trash,
    }))
}

/// One recording.
#[utoipa::path(
    get, path = "/rest-api/recordings/{id}", tag = "recordings",
    params(("id" = String, Path)),
    security(("token" = []), ("session" = []), ("link" = [])),
    responses(
        (status = 200, description = "The recording", body = Recording),
        (status = 401, description = "Neither an operator nor a link", body = Problem),
        (status = 403, description = "The link has expired or opens something else", body = Problem),
        (status = 404, description = "There is none", body = Problem),
    )
)]
pub(super) async fn one(
    State(shared): State<Arc<Shared>>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer<Json<Recording>> {
    let found = opened(&shared, &access, id).await?;
    Ok(Json(recording(found, &access, unix_ms())))
}

/// Delete a recording: it goes to the trash for `record_trash_days`.
#[utoipa::path(
    delete, path = "/rest-api/recordings/{id}", tag = "recordings",
    params(("id" = String, Path)),
    responses(
        (status = 200, description = "It is in the trash until `deletedUntil`; gone where there is no trash", body = Recording),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is none", body = Problem),
        (status = 409, description = "It is being recorded or mixed (`recording_in_use`)", body = Problem),
    )
)]
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Answer<Json<Recording>> {
    changed(&shared, move |archive| archive.delete(&id)).await
}

/// Take a recording out of the trash.
#[utoipa::path(
    post, path = "/rest-api/recordings/{id}/restore", tag = "recordings",
    params(("id" = String, Path)),
    responses(
        (status = 200, description = "It is there again", body = Recording),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is none", body = Problem),
        (status = 409, description = "It is not in the trash (`not_in_trash`)", body = Problem),
    )
)]
pub(super) async fn restore(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Answer<Json<Recording>> {
    changed(&shared, move |archive| archive.restore(&id)).await
}

/// Delete a recording for good, in the trash or not.
#[utoipa::path(
    delete, path = "/rest-api/recordings/{id}/forever", tag = "recordings",
    params(("id" = String, Path)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is none", body = Problem),
        (status = 409, description = "It is being recorded or mixed (`recording_in_use`)", body = Problem),
    )
)]
pub(super) async fn delete_forever(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    with(&shared, move |archive| archive.delete_forever(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have the film of a room made, again if there is one. The body may hold
/// settings of this film alone, as in `offline_mixer.json`.
#[utoipa::path(
    post, path = "/rest-api/recordings/{id}/mix", tag = "recordings",
    params(("id" = String, Path)),
    request_body(content = Option<Object>, content_type = "application/json"),
    responses(
        (status = 200, description = "The film waits or is being made", body = Recording),
        (status = 400, description = "The settings are no JSON object", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is none", body = Problem),
        (status = 409, description = "It cannot be mixed: `not_a_room`, `not_ready`, `recording_in_use`, `no_mixer`", body = Problem),
        (status = 503, description = "Too many films wait (`mix_queue_full`), or too much is asked at once (`busy`)", body = Problem),
    )
)]
pub(super) async fn mix(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Json<Recording>> {
    let options = parse(&body)?;
    changed(&shared, move |archive| archive.mix(&id, options)).await
}

/// Give up a film that waits or is being made.
#[utoipa::path(
    delete, path = "/rest-api/recordings/{id}/mix", tag = "recordings",
    params(("id" = String, Path)),
    responses(
        (status = 200, description = "It is given up", body = Recording),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is none", body = Problem),
        (status = 409, description = "No film waits or is being made (`not_mixing`)", body = Problem),
    )
)]
pub(super) async fn cancel_mix(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Answer<Json<Recording>> {
    changed(&shared, move |archive| archive.cancel_mix(&id)).await
}

/// Make a link that opens this recording, and nothing else, to whoever has it.
#[utoipa::path(
    post, path = "/rest-api/recordings/{id}/link", tag = "recordings",
    params(("id" = String, Path)), request_body = LinkWanted,
    responses(
        (status = 200, description = "The link", body = Link),
        (status = 400, description = "The time is not understood", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is none", body = Problem),
    )
)]
pub(super) async fn link(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Json<Link>> {
    let wanted: LinkWanted = parse(&body)?;
    let seconds = wanted.expires_in_seconds.unwrap_or(LINK_S);
    if !(1..=MAX_LINK_S).contains(&seconds) {
        let message = "expiresInSeconds must be 1 to 31536000";
        return Err(Refusal::bad_request(message));
    }
    let expires = unix_s() + seconds;
    let (id, signature) = with(&shared, move |archive| {
        let recording = archive.get(&id)?;
        let started_at_ms = recording.started_at_ms;
        let signature = archive.signer().link(&recording.id, started_at_ms, expires);
        Ok((recording.id, signature))
    })
    .await?;
    Ok(Json(Link {
        url: format!(
            "/recordings/{}?expires={expires}&signature={signature}",
            encode(&id)
        ),
        expires: rfc3339(expires * 1000),
    }))
}

/// A picture of a recording.
#[utoipa::path(
    get, path = "/rest-api/recordings/{id}/thumbnail", tag = "recordings",
    params(("id" = String, Path)),
    security(("token" = []), ("session" = []), ("link" = [])),
    responses(
        (status = 200, description = "The picture", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 401, description = "Neither an operator nor a link", body = Problem),
        (status = 403, description = "The link has expired or opens something else", body = Problem),
        (status = 404, description = "There is none", body = Problem),
    )
)]
pub(super) async fn thumbnail(
    State(shared): State<Arc<Shared>>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer<Response> {
    let found = opened(&shared, &access, id).await?;
    let jpeg = with(&shared, move |archive| {
        let path = archive.thumbnail(&found).ok_or(ArchiveError::NotFound)?;
        std::fs::read(path).map_err(|_| ArchiveError::NotFound)
    })
    .await?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "private, max-age=60"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, Body::from(jpeg)).into_response())
}

/// The chat of a recording's film, as WebVTT at the film's times.
#[utoipa::path(
    get, path = "/rest-api/recordings/{id}/chat.vtt", tag = "recordings",
    params(("id" = String, Path)),
    security(("token" = []), ("session" = []), ("link" = [])),
    responses(
        (status = 200, description = "The chat", body = String, content_type = "text/vtt"),
        (status = 401, description = "Neither an operator nor a link", body = Problem),
        (status = 403, description = "The link has expired or opens something else", body = Problem),
        (status = 404, description = "There is no film here, or nobody wrote", body = Problem),
    )
)]
pub(super) async fn chat(
    State(shared): State<Arc<Shared>>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer<Response> {
    let found = opened(&shared, &access, id).await?;
    let vtt = with(&shared, move |archive| {
        let film = found.captioned().ok_or(ArchiveError::NotFound)?;
        captions::of(&archive.path(film)).map_err(|error| {
            tracing::warn!(file = film.name, %error, "the chat of a film cannot be read");
            ArchiveError::NotFound
        })
    })
    .await?;
    let headers = [
        (header::CONTENT_TYPE, "text/vtt; charset=utf-8"),
        (header::CACHE_CONTROL, "private, max-age=60"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, Body::from(vtt)).into_response())
}

/// A recording for whoever may see it.
async fn opened(shared: &Shared, access: &Access, id: String) -> Answer<veche_archive::Recording> {
    let archive = shared.archive().ok_or_else(Refusal::not_found)?;
    access.is_formed()?;
    let asker = Asker::of(access);
    let found = with_as(asker, shared, move |archive| archive.get(&id)).await;
    let found = found.map_err(|why| access.refuse(why))?;
    access.opens(archive.signer(), &found)?;
    Ok(found)
}

async fn changed(
    shared: &Shared,
    ask: impl FnOnce(&Archive) -> Result<veche_archive::Recording, ArchiveError> + Send + 'static,
) -> Answer<Json<Recording>> {
    let found = with(shared, ask).await?;
    Ok(Json(recording(found, &Access::Everything, unix_ms())))
}

/// Asks the archive where waiting for the disk keeps nobody.
async fn with<T: Send + 'static>(
    shared: &Shared,
    ask: impl FnOnce(&Archive) -> Result<T, ArchiveError> + Send + 'static,
) -> Answer<T> {
    with_as(Asker::Known, shared, ask).await
}

/// The same for whoever it is.
pub(super) async fn with_as<T: Send + 'static>(
    asker: Asker,
    shared: &Shared,
    ask: impl FnOnce(&Archive) -> Result<T, ArchiveError> + Send + 'static,
) -> Answer<T> {
    let archive = shared.archive().ok_or_else(Refusal::not_found)?;
    let archive = Arc::clone(archive);
    let place = shared.places.take(asker).await?;
    let asked = tokio::task::spawn_blocking(move || {
        // Kept by the thread: who asked may have gone.
        let _place = place;
        ask(&archive)
    });
    let asked = asked.await;
    let asked = asked.map_err(|error| {
        tracing::error!(%error, "panic in the archive");
        Refusal::internal()
    })?;
    Ok(asked?)
}

/// No body is an empty one.
fn parse<T: DeserializeOwned + Default>(body: &[u8]) -> Answer<T> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(&format!("the body is not understood: {error}")))
}
