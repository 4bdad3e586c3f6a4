use veche_media::{CodecSet, VideoCodec};

use crate::{Hub, RoomName, SessionId};

/// Which video codecs a client decodes, as far as its offers told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Decodes {
    /// It has not offered any video.
    #[default]
    Unknown,
    /// It offered to send these, so it knows them, and perhaps others.
    Offered(CodecSet),
    /// It offered to receive these.
    Receivable(CodecSet),
}

impl Decodes {
    pub(crate) fn learn_offered(&mut self, codecs: CodecSet) {
        if !codecs.is_empty() && !matches!(self, Self::Receivable(_)) {
            *self = Self::Offered(codecs);
        }
    }

    pub(crate) fn learn_receivable(&mut self, codecs: CodecSet) {
        if !codecs.is_empty() {
            *self = Self::Receivable(codecs);
        }
    }

    fn known(self) -> Option<CodecSet> {
        match self {
            Self::Unknown => None,
            Self::Offered(codecs) | Self::Receivable(codecs) => Some(codecs),
        }
    }
}

impl Hub {
    /// The order in which a publisher's codecs are tried: first those that
    /// everybody else in the room decodes, then the rest. The rest stays, as
    /// a publisher that has nothing better may still be heard, and be seen by
    /// some.
    pub(crate) fn video_codecs(
        &self,
        room: Option<&RoomName>,
        publisher: SessionId,
    ) -> Vec<VideoCodec> {
        let mut order = self.settings.video_codecs.clone();
        let others = room.map_or_else(Vec::new, |room| self.others(room, publisher));
        let common = others
            .into_iter()
            .filter_map(|session| self.established(session)?.decodes.known())
            .fold(CodecSet::ALL, CodecSet::intersection);
        // Stable: the operator's preference decides within both parts.
        order.sort_by_key(|codec| !common.contains(*codec));
        order
    }
}
