/// How far the transport of a publish or play has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaState {
    /// The media engine has the offer. Nothing is to be closed yet: should the
    /// answer come when nobody wants it any more, it is closed then.
    Negotiating {
        /// The engine's event was faster than its answer.
        connected: bool,
    },
    /// The client has the answer.
    Connecting,
    /// Media may flow; the client was told so.
    Flowing,
}

impl MediaState {
    pub(crate) const NEW: Self = Self::Negotiating { connected: false };

    pub(crate) fn is_answered(self) -> bool {
        !matches!(self, Self::Negotiating { .. })
    }

    pub(crate) fn is_flowing(self) -> bool {
        self == Self::Flowing
    }
}

/// Whether the media engine still has the transport of what ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// It is to be closed, if its offer was answered.
    Open,
    /// It ended by itself.
    Gone,
}
