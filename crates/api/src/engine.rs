use std::time::Instant;

use veche_media::TransportId;
use veche_transport::{
    Engine, NegotiationError, PlayAnswer, PlayRequest, PublishAnswer, PublishRequest, Stats, Tap,
};

/// What the API asks of media. [`Engine`] is the real one; tests bring their own.
pub trait MediaEngine: Send + Sync + 'static {
    /// See [`Engine::publish`]. Called where blocking is allowed.
    ///
    /// # Errors
    /// See [`NegotiationError`]; nothing is left behind on error.
    fn publish(&self, request: PublishRequest) -> Result<PublishAnswer, NegotiationError>;

    /// See [`Engine::play`]. Called where blocking is allowed.
    ///
    /// # Errors
    /// See [`NegotiationError`]; nothing is left behind on error.
    fn play(&self, request: PlayRequest) -> Result<PlayAnswer, NegotiationError>;

    /// See [`Engine::close`]. Must not block.
    fn close(&self, transport: TransportId);

    /// See [`Engine::tap`]. Must not block.
    fn tap(&self, transport: TransportId, tap: Option<Tap>);

    /// See [`Engine::request_keyframe`]. Must not block.
    fn request_keyframe(&self, transport: TransportId);

    /// See [`Engine::origin`].
    fn origin(&self) -> Instant;

    /// See [`Engine::stats`].
    fn stats(&self) -> Stats;

    /// See [`Engine::shutdown`]. Called where blocking is allowed.
    fn shutdown(&self);
}

impl MediaEngine for Engine {
    fn publish(&self, request: PublishRequest) -> Result<PublishAnswer, NegotiationError> {
        Self::publish(self, request)
    }

    fn play(&self, request: PlayRequest) -> Result<PlayAnswer, NegotiationError> {
        Self::play(self, request)
    }

    fn close(&self, transport: TransportId) {
        Self::close(self, transport);
    }

    fn tap(&self, transport: TransportId, tap: Option<Tap>) {
        Self::tap(self, transport, tap);
    }

    fn request_keyframe(&self, transport: TransportId) {
        Self::request_keyframe(self, transport);
    }

    fn origin(&self) -> Instant {
        Self::origin(self)
    }

    fn stats(&self) -> Stats {
        Self::stats(self)
    }

    fn shutdown(&self) {
        Self::shutdown(self);
    }
}
