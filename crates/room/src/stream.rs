use std::collections::BTreeSet;

use veche_media::TransportId;

use crate::media::{MediaState, Transport};
use crate::recording::Recording;
use crate::session::check_text;
use crate::stream_end::StreamEnd;
use crate::timers::Timer;
use crate::{
    Event, Hub, Login, MediaSessionId, Note, Output, PublishAnswer, PublishOrder, Reason, Request,
    RoomEvent, RoomName, RoomRecordingId, SessionId, StreamDetails, StreamName, StreamState,
    StreamStatus,
};

/// What a session publishes.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) session: SessionId,
    pub(crate) media_session: MediaSessionId,
    pub(crate) name: StreamName,
    /// The room and the publisher's login there; `None` for a plain session's.
    pub(crate) room: Option<RoomName>,
    pub(crate) login: Option<Login>,
    pub(crate) media: MediaState,
    pub(crate) details: StreamDetails,
    pub(crate) plays: BTreeSet<TransportId>,
    pub(crate) recording: Recording,
    /// The recording of the room whose journal tells of it.
    pub(crate) journaled: Option<RoomRecordingId>,
}

impl Hub {
    pub(crate) fn publish(&mut self, session: SessionId, request: Request) {
        if self.is_repeated_request(session, &request, true) {
            return;
        }
        let room = match self.check_publish(session, &request) {
            Ok(room) => room,
            Err(reason) => {
                self.refuse_stream(session, &request, true, reason);
                self.note(Note::Refused { session, reason });
                return;
            }
        };
        self.blame.room.clone_from(&room);
        let transport = self.new_transport();
        let video_codecs = self.video_codecs(room.as_ref(), session);
        let created_ms = self.unix_ms();
        let settings = &self.settings;
        let wanted = settings.record_streams && (request.record || settings.record_all);
        let Some(state) = self.established_mut(session) else {
            return;
        };
        state.streams.insert(transport);
        let stream = Stream {
            session,
            media_session: request.media_session.clone(),
            name: request.name.clone(),
            login: state.login.clone(),
            room,
            media: MediaState::NEW,
            details: StreamDetails {
                bitrate_kbps: request.bitrate_kbps,
                min_bitrate_kbps: request.min_bitrate_kbps,
                max_bitrate_kbps: request.max_bitrate_kbps,
                created_ms,
                ..StreamDetails::default()
            },
            plays: BTreeSet::new(),
            recording: Recording::new(wanted),
            journaled: None,
        };
        self.streams.insert(transport, stream);
        self.stream_by_name.insert(request.name, transport);
        self.transport_by_media_session
            .insert(request.media_session, transport);
        let deadline = self.now + self.settings.setup_timeout;
        self.timers.set(Timer::Setup(transport), deadline);
        let order = PublishOrder {
            transport,
            offer: request.offer,
            video_codecs,
            audio_codecs: self.settings.audio_codecs.clone(),
            tcp_only: request.tcp_only,
            max_bitrate_bps: self.max_bitrate_bps(request.max_bitrate_kbps),
        };
        self.output(Output::Publish(order));
    }

    /// The room that the stream goes to.
    fn check_publish(
        &self,
        session: SessionId,
        request: &Request,
    ) -> Result<Option<RoomName>, Reason> {
        let state = self.established(session).ok_or(Reason::NotConnected)?;
        self.check_request(session, request)?;
        if state.streams.len() >= self.settings.limits.streams_per_session {
            return Err(Reason::TooManyStreams);
        }
        if self.stream_by_name.contains_key(&request.name) {
            return Err(Reason::StreamNameInUse);
        }
        if !state.rooms_app {
            return Ok(None);
        }
        let room = request.room.clone().ok_or(Reason::NotAMember)?;
        if !state.rooms.contains(&room) {
            return Err(Reason::NotAMember);
        }
        Ok(Some(room))
    }

    /// What a publish and a play have in common.
    pub(crate) fn check_request(
        &self,
        session: SessionId,
        request: &Request,
    ) -> Result<(), Reason> {
        let limits = &self.settings.limits;
        if request.media_session.as_str().len() > limits.id_bytes {
            return Err(Reason::IdTooLong);
        }
        check_text(request.name.as_str(), limits.stream_name_bytes)?;
        let id = &request.media_session;
        let ended = self
            .established(session)
            .is_some_and(|state| state.remembered.has_ended(id));
        if ended || self.transport_by_media_session.contains_key(id) {
            return Err(Reason::MediaSessionIdInUse);
        }
        Ok(())
    }

    /// Whether the session made this very request before and it still
    /// stands. A refusal would end the client's own stream, so it is told the
    /// state that it is in, or nothing while the answer is under way.
    pub(crate) fn is_repeated_request(
        &mut self,
        session: SessionId,
        request: &Request,
        published: bool,
    ) -> bool {
        let Some(transport) = self.transport_by_media_session.get(&request.media_session) else {
            return false;
        };
        let transport = *transport;
        if let Some(stream) = self.streams.get(&transport) {
            let same = stream.session == session && stream.name == request.name && published;
            if same && stream.media.is_flowing() {
                self.send_stream_status(transport, StreamState::Publishing, None);
            }
            return same;
        }
        if let Some(play) = self.plays.get(&transport) {
            let same = play.session == session && play.name == request.name && !published;
            if same && play.media.is_flowing() {
                self.send_play_status(transport, StreamState::Playing, None);
            }
            return same;
        }
        false
    }

    pub(crate) fn refuse_stream(
        &mut self,
        session: SessionId,
        request: &Request,
        published: bool,
        reason: Reason,
    ) {
        let status = StreamStatus {
            media_session: request.media_session.clone(),
            name: Some(request.name.clone()),
            published,
            state: StreamState::Failed,
            reason: Some(reason),
            details: None,
            record: false,
            record_name: None,
        };
        self.send(session, Event::Stream(Box::new(status)));
    }

    fn max_bitrate_bps(&self, asked_kbps: u32) -> u64 {
        let asked = u64::from(asked_kbps) * 1_000;
        match (asked, self.settings.max_bitrate_bps) {
            (0, server) => server,
            (asked, 0) => asked,
            (asked, server) => asked.min(server),
        }
    }

    pub(crate) fn publish_answered(
        &mut self,
        transport: TransportId,
        result: Result<PublishAnswer, Reason>,
    ) {
        let Some(stream) = self.streams.get_mut(&transport) else {
            // It ended while the offer was being answered.
            if result.is_ok() {
                self.output(Output::CloseTransport { transport });
            }
            return;
        };
        self.blame.room.clone_from(&stream.room);
        let MediaState::Negotiating { connected } = stream.media else {
            return;
        };
        let answer = match result {
            Ok(answer) => answer,
            Err(reason) => {
                self.end_stream(transport, StreamEnd::Failed(reason, Transport::Gone));
                return;
            }
        };
        stream.media = MediaState::Connecting;
        stream.details.audio = answer.audio;
        stream.details.video = answer.video;
        let (session, media_session) = (stream.session, stream.media_session.clone());
        if let Some(state) = self.established_mut(session) {
            state.decodes.learn_offered(answer.offered_video);
        }
        let sdp = answer.sdp;
        self.send(session, Event::Sdp { media_session, sdp });
        if connected {
            self.stream_connected(transport);
        }
    }

    pub(crate) fn stream_connected(&mut self, transport: TransportId) {
        let Some(stream) = self.streams.get_mut(&transport) else {
            return;
        };
        self.blame.room.clone_from(&stream.room);
        match stream.media {
            MediaState::Negotiating { .. } => {
                stream.media = MediaState::Negotiating { connected: true };
                return;
            }
            MediaState::Flowing => return,
            MediaState::Connecting => stream.media = MediaState::Flowing,
        }
        let (session, name) = (stream.session, stream.name.clone());
        let place = stream.room.clone().zip(stream.login.clone());
        self.timers.cancel(&Timer::Setup(transport));
        let now = self.now;
        if let Some((name, _)) = &place
            && let Some(room) = self.rooms.get_mut(name)
        {
            room.first_publish.get_or_insert(now);
        }
        self.begin_wanted_recording(transport);
        self.send_stream_status(transport, StreamState::Publishing, None);
        if let Some((room, login)) = place {
            let others = self.others(&room, session);
            self.send_room(others, &room, RoomEvent::Published(login, name));
        }
    }

    pub(crate) fn send_stream_status(
        &mut self,
        transport: TransportId,
        state: StreamState,
        reason: Option<Reason>,
    ) {
        let Some(stream) = self.streams.get(&transport) else {
            return;
        };
        let status = stream.status(state, reason);
        let (session, room) = (stream.session, stream.room.clone());
        self.send(session, Event::Stream(Box::new(status)));
        self.note(Note::Stream {
            session,
            room,
            transport: Some(transport),
            published: true,
            state,
            reason,
        });
    }
}

impl Stream {
    pub(crate) fn status(&self, state: StreamState, reason: Option<Reason>) -> StreamStatus {
        StreamStatus {
            media_session: self.media_session.clone(),
            name: Some(self.name.clone()),
            published: true,
            state,
            reason,
            details: Some(self.details),
            record: self.recording.active.is_some(),
            record_name: self.recording.name.clone(),
        }
    }
}
