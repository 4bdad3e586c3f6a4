use crate::{Event, Hub, Json, MediaSessionId, Note, Reason, SessionId, StreamEventKind};

impl Hub {
    /// Tells the players of one's own stream something.
    pub(crate) fn stream_event(
        &mut self,
        session: SessionId,
        media_session: &MediaSessionId,
        kind: Option<StreamEventKind>,
        payload: Option<Json>,
    ) {
        if let Err(reason) = self.try_stream_event(session, media_session, kind, payload) {
            self.send(session, Event::Refused(reason));
            self.note(Note::Refused { session, reason });
        }
    }

    fn try_stream_event(
        &mut self,
        session: SessionId,
        media_session: &MediaSessionId,
        kind: Option<StreamEventKind>,
        payload: Option<Json>,
    ) -> Result<(), Reason> {
        let kind = kind.ok_or(Reason::UnknownStreamEvent)?;
        let bytes = payload.as_ref().map_or(0, |payload| payload.as_str().len());
        if bytes > self.settings.limits.message_bytes {
            return Err(Reason::MessageTooLong);
        }
        let transport = self.transport_by_media_session.get(media_session);
        let transport = *transport.ok_or(Reason::StreamNotFound)?;
        let plays_it = self
            .plays
            .get(&transport)
            .is_some_and(|play| play.session == session);
        if plays_it {
            return Err(Reason::OnlyPublisher);
        }
        let stream = self.streams.get_mut(&transport);
        let stream = stream
            .filter(|stream| stream.session == session)
            .ok_or(Reason::StreamNotFound)?;
        self.blame.room.clone_from(&stream.room);
        let details = &mut stream.details;
        let before = (details.audio_muted, details.video_muted);
        match kind {
            StreamEventKind::AudioMuted => details.audio_muted = true,
            StreamEventKind::AudioUnmuted => details.audio_muted = false,
            StreamEventKind::VideoMuted => details.video_muted = true,
            StreamEventKind::VideoUnmuted => details.video_muted = false,
            StreamEventKind::Data => {}
        }
        let changed = before != (details.audio_muted, details.video_muted);
        let plays = stream.plays.clone();
        if changed {
            self.journal_mute(transport);
        }
        for play in plays {
            // Those who do not play yet are told the state when they do.
            let Some(play) = self.plays.get(&play).filter(|play| play.media.is_flowing()) else {
                continue;
            };
            let event = Event::StreamEvent {
                media_session: play.media_session.clone(),
                kind,
                payload: payload.clone(),
            };
            let session = play.session;
            self.send(session, event);
        }
        Ok(())
    }
}
