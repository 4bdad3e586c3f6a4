//! What the media engine tells of media that flows.

use veche_media::TransportId;

use crate::{Event, Hub, Rate, VideoSize};

impl Hub {
    pub(crate) fn resized(&mut self, transport: TransportId, size: VideoSize) {
        let Some(stream) = self.streams.get_mut(&transport) else {
            return;
        };
        if size == stream.details.size || size.width == 0 || size.height == 0 {
            return;
        }
        stream.details.size = size;
        for play in stream.plays.clone() {
            let Some(play) = self.plays.get(&play).filter(|play| play.media.is_flowing()) else {
                continue;
            };
            let (session, media_session) = (play.session, play.media_session.clone());
            self.send(
                session,
                Event::Resized {
                    media_session,
                    size,
                },
            );
        }
    }

    pub(crate) fn rate(&mut self, transport: TransportId, rate: Rate) {
        let (session, media_session, published) = if let Some(stream) = self.streams.get(&transport)
        {
            if !stream.media.is_flowing() {
                return;
            }
            (stream.session, stream.media_session.clone(), true)
        } else if let Some(play) = self.plays.get(&transport) {
            if !play.media.is_flowing() {
                return;
            }
            (play.session, play.media_session.clone(), false)
        } else {
            return;
        };
        let event = Event::Rate {
            media_session,
            published,
            rate,
        };
        self.send(session, event);
        // Heals a size event that was dropped on the way.
        self.resized(transport, rate.size);
    }
}
