//! HTTP, WebSocket and the hub that joins rooms with media.
//!
//! [`Api::start`] starts the hub; [`Api::router`] is what an HTTP server
//! serves; [`Api::shutdown`] says goodbye to everybody. Only here do the
//! errors of the rules become codes and texts of the wire.

mod archive;
mod config;
mod cors;
mod engine;
mod http;
mod hub;
mod link;
mod log;
mod metrics;
mod recordings;
mod rest;
mod session;
mod token;
mod translate;

use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use tokio::join;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use veche_archive::Archive;
use veche_transport::EventSink;

pub use config::{Config, Cors, Recordings, Socket};
pub use engine::MediaEngine;
pub use metrics::Metrics;
/// What `Config::rooms` is made of.
pub use veche_room::{Limits, RecordBy, Settings};

use crate::hub::{FromSession, Task, queues};
use crate::session::Context;

/// Why the API did not start.
#[derive(Debug)]
pub enum StartError<X> {
    /// The media engine did not.
    Media(X),
    /// The folder of recordings cannot be used.
    Recordings(io::Error),
    /// What is known of recordings cannot be read.
    Archive(veche_archive::StartError),
}

/// The running API. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    shared: Arc<http::Shared>,
}

impl Api {
    /// Starts the hub, and the media engine with the sink that feeds it.
    ///
    /// `make` is given the sink and starts the engine, e.g.
    /// `|events| veche_transport::Engine::start(media_config, events)`.
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Those of `make`, and of the folder of recordings.
    pub fn start<E: MediaEngine, X>(
        config: Config,
        make: impl FnOnce(EventSink) -> Result<E, X>,
    ) -> Result<Self, StartError<X>> {
        let metrics = Arc::new(Metrics::default());
        let (senders, queues) = queues(&config);
        let engine: Arc<dyn MediaEngine> =
            Arc::new(make(senders.event_sink(Arc::clone(&metrics))).map_err(StartError::Media)?);
        let admin_token = config.admin_token.clone();
        let recordings = config.recordings.as_ref().map(|config| {
            let (engine, metrics) = (Arc::clone(&engine), Arc::clone(&metrics));
            let token = admin_token.as_deref().unwrap_or_default();
            let archive =
                Archive::start(config.archive.clone(), token).map_err(StartError::Archive)?;
            recordings::Recordings::start(config, archive, engine, metrics, senders.answers())
                .map_err(StartError::Recordings)
        });
        let recordings = recordings.transpose()?;
        let recordings = recordings.map(Arc::new);
        let cors = config.cors.as_ref().and_then(|cors| {
            let layer = cors.layer();
            layer
                .inspect_err(|problem| tracing::error!(problem, "the REST API has no CORS"))
                .ok()
        });
        let context = Context {
            socket: config.socket.clone(),
            hub: senders.sessions.clone(),
            metrics: Arc::clone(&metrics),
        };
        let task = Task::new(
            config,
            Arc::clone(&engine),
            Arc::clone(&metrics),
            recordings.clone(),
            &senders,
        );
        tokio::spawn(task.run(queues));
        let shared = http::Shared {
            context,
            engine,
            metrics,
            recordings,
            admin_token,
            failures: Mutex::default(),
            places: archive::Places::default(),
            started: std::time::Instant::now(),
            cors,
            live: watch::Sender::new(0),
            next_session: AtomicU64::new(1),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The HTTP service: WebSocket upgrades on any path, `/healthz`,
    /// `/metrics`, and `assets` for everything else.
    pub fn router(&self, assets: Router) -> Router {
        http::router(Arc::clone(&self.shared), assets)
    }

    /// The counters.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// The counters with those of the media engine, in Prometheus' text format.
    pub fn render_metrics(&self) -> String {
        self.shared.render_metrics()
    }

    /// Tells every client that the server goes away, closes the connections
    /// and the media engine. Returns when all is closed, or after `deadline`.
    /// New clients are refused from now on.
    pub async fn shutdown(&self, deadline: Duration) {
        let deadline = Instant::now() + deadline;
        let goodbye = async {
            // Fails only when the hub has ended.
            let _ = self.shared.context.hub.send(FromSession::Shutdown).await;
            let mut live = self.shared.live.subscribe();
            // The sender lives as long as `self`.
            let _ = live.wait_for(|count| *count == 0).await;
        };
        let goodbye = async {
            if timeout_at(deadline, goodbye).await.is_err() {
                tracing::warn!("some clients were still connected at the deadline of the shutdown");
            }
        };
        let recordings = async {
            if let Some(recordings) = &self.shared.recordings {
                recordings.close(deadline).await;
                if timeout_at(deadline, recordings.archive().close())
                    .await
                    .is_err()
                {
                    tracing::warn!(
                        "work on recordings had not ended at the deadline of the shutdown"
                    );
                }
            }
        };
        join!(goodbye, recordings);
        let engine = Arc::clone(&self.shared.engine);
        let closing = tokio::task::spawn_blocking(move || engine.shutdown());
        if timeout_at(deadline, closing).await.is_err() {
            tracing::warn!("the media engine was still closing at the deadline of the shutdown");
        }
    }
}
