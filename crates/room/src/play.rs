use veche_media::{AudioCodec, TransportId, VideoCodec};

use crate::media::{MediaState, Transport};
use crate::stream::Stream;
use crate::stream_end::StreamEnd;
use crate::timers::Timer;
use crate::{
    Event, Hub, MediaSessionId, Note, Output, PlayAnswer, PlayOrder, Reason, Request, RoomName,
    SessionId, StreamDetails, StreamName, StreamState, StreamStatus,
};

/// One session's reception of one stream.
#[derive(Debug)]
pub(crate) struct Play {
    pub(crate) session: SessionId,
    pub(crate) media_session: MediaSessionId,
    pub(crate) name: StreamName,
    /// Of the stream.
    pub(crate) room: Option<RoomName>,
    /// The stream.
    pub(crate) source: TransportId,
    pub(crate) media: MediaState,
    audio: Option<AudioCodec>,
    video: Option<VideoCodec>,
}

impl Hub {
    /// The stream of that name, if the session may know of it: one of a plain
    /// session, or of a room that it is in.
    pub(crate) fn visible_stream(
        &self,
        session: SessionId,
        name: &StreamName,
        room: Option<&RoomName>,
    ) -> Option<&Stream> {
        let state = self.established(session)?;
        let stream = self.streams.get(self.stream_by_name.get(name)?)?;
        let visible = match &stream.room {
            None => true,
            Some(of) => state.rooms.contains(of) && room.is_none_or(|room| room == of),
        };
        visible.then_some(stream)
    }

    pub(crate) fn play(&mut self, session: SessionId, request: Request) {
        if self.is_repeated_request(session, &request, false) {
            return;
        }
        let (source, room) = match self.check_play(session, &request) {
            Ok(found) => found,
            Err(reason) => {
                self.refuse_stream(session, &request, false, reason);
                self.note(Note::Refused { session, reason });
                return;
            }
        };
        self.blame.room.clone_from(&room);
        let transport = self.new_transport();
        if let Some(stream) = self.streams.get_mut(&source) {
            stream.plays.insert(transport);
        }
        if let Some(state) = self.established_mut(session) {
            state.plays.insert(transport);
        }
        let play = Play {
            session,
            media_session: request.media_session.clone(),
            name: request.name,
            room,
            source,
            media: MediaState::NEW,
            audio: None,
            video: None,
        };
        self.plays.insert(transport, play);
        self.transport_by_media_session
            .insert(request.media_session, transport);
        let deadline = self.now + self.settings.setup_timeout;
        self.timers.set(Timer::Setup(transport), deadline);
        self.output(Output::Play(PlayOrder {
            transport,
            source,
            offer: request.offer,
            tcp_only: request.tcp_only,
        }));
    }

    fn check_play(
        &self,
        session: SessionId,
        request: &Request,
    ) -> Result<(TransportId, Option<RoomName>), Reason> {
        let state = self.established(session).ok_or(Reason::NotConnected)?;
        self.check_request(session, request)?;
        if state.plays.len() >= self.settings.limits.plays_per_session {
            return Err(Reason::TooManyPlays);
        }
        // Plain sessions have no rooms, whatever their page sends along.
        let room = request.room.as_ref().filter(|_| state.rooms_app);
        let stream = self
            .visible_stream(session, &request.name, room)
            .ok_or(Reason::StreamNotFound)?;
        if !stream.media.is_flowing() {
            return Err(Reason::PublishNotReady);
        }
        let source = self.stream_by_name.get(&request.name);
        let source = source.copied().ok_or(Reason::StreamNotFound)?;
        Ok((source, stream.room.clone()))
    }

    pub(crate) fn play_answered(
        &mut self,
        transport: TransportId,
        result: Result<PlayAnswer, Reason>,
    ) {
        let Some(play) = self.plays.get_mut(&transport) else {
            // It ended while the offer was being answered.
            if result.is_ok() {
                self.output(Output::CloseTransport { transport });
            }
            return;
        };
        self.blame.room.clone_from(&play.room);
        let MediaState::Negotiating { connected } = play.media else {
            return;
        };
        let answer = match result {
            Ok(answer) => answer,
            Err(reason) => {
                self.end_play_as(
                    transport,
                    Transport::Gone,
                    Some((StreamState::Failed, Some(reason))),
                );
                return;
            }
        };
        play.media = MediaState::Connecting;
        play.audio = answer.audio;
        play.video = answer.video;
        let (session, media_session) = (play.session, play.media_session.clone());
        if let Some(state) = self.established_mut(session) {
            state.decodes.learn_receivable(answer.receivable);
        }
        let sdp = answer.sdp;
        self.send(session, Event::Sdp { media_session, sdp });
        if connected {
            self.play_connected(transport);
        }
    }

    pub(crate) fn play_connected(&mut self, transport: TransportId) {
        let Some(play) = self.plays.get_mut(&transport) else {
            return;
        };
        self.blame.room.clone_from(&play.room);
        match play.media {
            MediaState::Negotiating { .. } => {
                play.media = MediaState::Negotiating { connected: true };
                return;
            }
            MediaState::Flowing => return,
            MediaState::Connecting => play.media = MediaState::Flowing,
        }
        let (session, media_session) = (play.session, play.media_session.clone());
        let source = play.source;
        self.timers.cancel(&Timer::Setup(transport));
        self.send_play_status(transport, StreamState::Playing, None);
        let size = self.streams.get(&source).map(|stream| stream.details.size);
        if let Some(size) = size.filter(|size| size.width != 0) {
            let resized = Event::Resized {
                media_session,
                size,
            };
            self.send(session, resized);
        }
    }

    pub(crate) fn play_failed(&mut self, transport: TransportId, reason: Reason) {
        let state = match reason {
            // A page closes its connection just before it says so.
            Reason::StoppedByUser => StreamState::Stopped,
            _ => StreamState::Failed,
        };
        self.end_play_as(transport, Transport::Gone, Some((state, Some(reason))));
    }

    pub(crate) fn end_play(
        &mut self,
        transport: TransportId,
        state: StreamState,
        reason: Option<Reason>,
    ) {
        self.end_play_as(transport, Transport::Open, Some((state, reason)));
    }

    /// Nobody is there to be told.
    pub(crate) fn end_play_silently(&mut self, transport: TransportId) {
        self.end_play_as(transport, Transport::Open, None);
    }

    fn end_play_as(
        &mut self,
        transport: TransportId,
        media: Transport,
        told: Option<(StreamState, Option<Reason>)>,
    ) {
        let Some(play) = self.plays.remove(&transport) else {
            return;
        };
        self.transport_by_media_session.remove(&play.media_session);
        self.timers.cancel(&Timer::Setup(transport));
        let details = self.play_details(&play);
        if let Some(stream) = self.streams.get_mut(&play.source) {
            stream.plays.remove(&transport);
        }
        let bound = self.settings.limits.remembered_operations;
        if let Some(state) = self.established_mut(play.session) {
            state.plays.remove(&transport);
            state.remembered.end(play.media_session.clone(), bound);
        }
        if play.media.is_answered() && media == Transport::Open {
            self.output(Output::CloseTransport { transport });
        }
        let Some((state, reason)) = told else {
            return;
        };
        self.note(Note::Stream {
            session: play.session,
            room: play.room.clone(),
            transport: Some(transport),
            published: false,
            state,
            reason,
        });
        let status = StreamStatus {
            media_session: play.media_session,
            name: Some(play.name),
            published: false,
            state,
            reason,
            details,
            record: self.is_recorded(play.source),
            record_name: None,
        };
        self.send(play.session, Event::Stream(Box::new(status)));
    }

    pub(crate) fn send_play_status(
        &mut self,
        transport: TransportId,
        state: StreamState,
        reason: Option<Reason>,
    ) {
        let Some(play) = self.plays.get(&transport) else {
            return;
        };
        let status = StreamStatus {
            media_session: play.media_session.clone(),
            name: Some(play.name.clone()),
            published: false,
            state,
            reason,
            details: self.play_details(play),
            record: self.is_recorded(play.source),
            record_name: None,
        };
        let (session, room) = (play.session, play.room.clone());
        self.send(session, Event::Stream(Box::new(status)));
        self.note(Note::Stream {
            session,
            room,
            transport: Some(transport),
            published: false,
            state,
            reason,
        });
    }

    /// Of the stream, but with what this player receives.
    fn play_details(&self, play: &Play) -> Option<StreamDetails> {
        let stream = self.streams.get(&play.source)?;
        Some(StreamDetails {
            audio: play.audio,
            video: play.video,
            ..stream.details
        })
    }

    /// Players are told, too: it is their meeting.
    fn is_recorded(&self, source: TransportId) -> bool {
        let stream = self.streams.get(&source);
        stream.is_some_and(|stream| stream.recording.active.is_some())
    }

    /// `unPublishStream` or `stopStream`. Only one's own are ended; anything
    /// else has ended already as far as the client can know, and is answered so.
    pub(crate) fn stop(
        &mut self,
        session: SessionId,
        media_session: MediaSessionId,
        name: Option<StreamName>,
        published: bool,
    ) {
        if let Some(transport) = self.transport_by_media_session.get(&media_session) {
            let transport = *transport;
            let own = |of: SessionId| of == session;
            if self
                .streams
                .get(&transport)
                .is_some_and(|stream| own(stream.session))
            {
                self.end_stream(transport, StreamEnd::Stopped);
                return;
            }
            if self
                .plays
                .get(&transport)
                .is_some_and(|play| own(play.session))
            {
                self.end_play(transport, StreamState::Stopped, None);
                return;
            }
        }
        let state = if published {
            StreamState::Unpublished
        } else {
            StreamState::Stopped
        };
        let status = StreamStatus {
            media_session,
            name,
            published,
            state,
            reason: None,
            details: None,
            record: false,
            record_name: None,
        };
        self.send(session, Event::Stream(Box::new(status)));
    }
}
