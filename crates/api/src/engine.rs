use veche_media::TransportId;
use veche_transport::{
    Engine, NegotiationError, PlayAnswer, PlayRequest, PublishAnswer, PublishRequest, Stats,
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

    fn stats(&self) -> Stats {
        Self::stats(self)
    }

    fn shutdown(&self) {
        Self::shutdown(self);
    }
}
