use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::extract::{FromRequestParts, Query, Request, State, WebSocketUpgrade};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tower_http::cors::CorsLayer;
use veche_archive::Archive;
use veche_room::{RoomName, SessionId};

use crate::archive::{Failures, Places};
use crate::hub::FromSession;
use crate::recordings::Recordings;
use crate::session::{Context, serve};
use crate::{MediaEngine, Metrics, archive, metrics, rest};

/// A frame of this many times `max_message_bytes` ends the connection; up to
/// then the client is told that it was too long.
const HARD_LIMIT: usize = 4;

/// Of each connection, filled once and then reused. The library's own choice
/// of 128 KiB is for few connections with much to say.
const READ_BUFFER_BYTES: usize = 8_192;

/// What requests are served from.
pub(crate) struct Shared {
    pub(crate) context: Context,
    pub(crate) engine: Arc<dyn MediaEngine>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) recordings: Option<Arc<Recordings>>,
    pub(crate) admin_token: Option<String>,
    pub(crate) failures: Mutex<Failures>,
    pub(crate) places: Places,
    pub(crate) started: Instant,
    pub(crate) cors: Option<CorsLayer>,
    /// How many WebSockets are being served.
    pub(crate) live: watch::Sender<usize>,
    pub(crate) next_session: AtomicU64,
}

impl Shared {
    pub(crate) fn render_metrics(&self) -> String {
        let mut text = self.metrics.render_prometheus(&self.engine.stats());
        if let Some(archive) = self.archive() {
            metrics::render_archive(&mut text, archive.counters());
        }
        text
    }

    /// What was recorded, if anything ever is.
    pub(crate) fn archive(&self) -> Option<&Arc<Archive>> {
        self.recordings
            .as_ref()
            .map(|recordings| recordings.archive())
    }
}

pub(crate) fn router(shared: Arc<Shared>, assets: Router) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(show_metrics))
        .route("/room-state", get(room_state))
        .merge(cors(&shared, archive::router(&shared, rest::router())))
        .with_state(Arc::clone(&shared))
        .fallback_service(assets)
        .layer(from_fn_with_state(shared, upgrade))
}

/// Lets pages of other origins in, if the operator wants that. Preflights carry
/// no token, so this stands outside of what asks for one.
fn cors(shared: &Shared, router: Router<Arc<Shared>>) -> Router<Arc<Shared>> {
    match &shared.cors {
        Some(cors) => router.layer(cors.clone()),
        None => router,
    }
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    if shared.context.hub.is_closed() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the hub has ended\n").into_response();
    }
    "ok\n".into_response()
}

async fn show_metrics(State(shared): State<Arc<Shared>>) -> Response {
    let text = shared.render_metrics();
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Which room.
#[derive(Deserialize)]
struct Door {
    name: String,
}

/// What those who have not entered yet may know of a room: how many are in it, and
/// whether they would be recorded. Whoever knows its name may enter it, so they may
/// know this too.
async fn room_state(State(shared): State<Arc<Shared>>, door: Query<Door>) -> Response {
    let (answer, answered) = oneshot::channel();
    let asked = FromSession::LookIn(RoomName::new(door.0.name), answer);
    // Nobody waits behind a busy hub for this: it can be asked again.
    if shared.context.hub.try_send(asked).is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server is busy\n").into_response();
    }
    let Ok(state) = answered.await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the hub has ended\n").into_response();
    };
    let body = json!({"people": state.people, "recording": state.recording});
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Takes WebSocket upgrades on any path: clients append what they like.
async fn upgrade(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if !wants_websocket(&request) {
        return next.run(request).await;
    }
    let (mut parts, _body) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let hard_limit = shared
        .context
        .socket
        .max_message_bytes
        .saturating_mul(HARD_LIMIT);
    let session = SessionId(shared.next_session.fetch_add(1, Ordering::Relaxed));
    upgrade
        .max_message_size(hard_limit)
        .max_frame_size(hard_limit)
        .read_buffer_size(READ_BUFFER_BYTES)
        .on_upgrade(move |ws| async move {
            let _live = Live::new(&shared.live);
            serve(ws, session, &shared.context).await;
        })
}

fn wants_websocket(request: &Request) -> bool {
    let upgrade = request.headers().get(header::UPGRADE);
    let upgrade = upgrade.and_then(|value| value.to_str().ok());
    request.method() == Method::GET
        && upgrade.is_some_and(|value| value.trim().eq_ignore_ascii_case("websocket"))
}

/// Counts one WebSocket while it is served.
struct Live<'a>(&'a watch::Sender<usize>);

impl<'a> Live<'a> {
    fn new(live: &'a watch::Sender<usize>) -> Self {
        live.send_modify(|count| *count += 1);
        Self(live)
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
