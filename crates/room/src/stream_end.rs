use veche_media::TransportId;

use crate::media::Transport;
use crate::stream::Stream;
use crate::timers::Timer;
use crate::{Event, Hub, Note, Output, Reason, RoomEvent, StreamState, StreamStatus};

/// Why a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamEnd {
    /// Its client said so.
    Stopped,
    /// Its client closed the transport.
    Closed,
    /// Its client left the room.
    Left,
    /// Its session ended.
    SessionGone,
    /// It broke, or could not be set up.
    Failed(Reason, Transport),
}

impl Hub {
    pub(crate) fn stream_failed(&mut self, transport: TransportId, reason: Reason) {
        let end = match reason {
            // A page closes its connection just before it says so.
            Reason::StoppedByUser => StreamEnd::Closed,
            reason => StreamEnd::Failed(reason, Transport::Gone),
        };
        self.end_stream(transport, end);
    }

    /// Ends a stream: its names are free, its players, the room and its
    /// client are told, in this order.
    pub(crate) fn end_stream(&mut self, transport: TransportId, end: StreamEnd) {
        let Some(mut stream) = self.streams.remove(&transport) else {
            return;
        };
        let recorded = stream.recording.active.is_some();
        self.stop_recording(transport, &mut stream.recording, Reason::StreamNotFound);
        self.blame.room.clone_from(&stream.room);
        self.journal_unstream(&stream);
        self.forget_in_recorders(transport, &stream);
        self.stream_by_name.remove(&stream.name);
        self.transport_by_media_session
            .remove(&stream.media_session);
        self.timers.cancel(&Timer::Setup(transport));
        let bound = self.settings.limits.remembered_operations;
        if let Some(state) = self.established_mut(stream.session) {
            state.streams.remove(&transport);
            state.remembered.end(stream.media_session.clone(), bound);
        }
        let gone = matches!(
            end,
            StreamEnd::Closed | StreamEnd::Failed(_, Transport::Gone)
        );
        if stream.media.is_answered() && !gone {
            self.output(Output::CloseTransport { transport });
        }
        for play in stream.plays.clone() {
            let reason = Some(Reason::StoppedByPublisher);
            self.end_play(play, StreamState::Failed, reason);
        }
        self.tell_room_of_end(&stream, end);
        let (state, reason) = match end {
            StreamEnd::Stopped => (StreamState::Unpublished, stream.recording.problem),
            StreamEnd::Closed => (StreamState::Unpublished, Some(Reason::StoppedByUser)),
            // A stream that never came up did not end well for its client.
            StreamEnd::Left if !stream.media.is_flowing() => {
                (StreamState::Failed, Some(Reason::StoppedByUser))
            }
            StreamEnd::Left => (StreamState::Unpublished, stream.recording.problem),
            StreamEnd::SessionGone => (StreamState::Unpublished, None),
            StreamEnd::Failed(reason, _) => (StreamState::Failed, Some(reason)),
        };
        self.note(Note::Stream {
            session: stream.session,
            room: stream.room.clone(),
            transport: Some(transport),
            published: true,
            state,
            reason,
        });
        let session = stream.session;
        let status = StreamStatus {
            record: recorded,
            ..stream.status(state, reason)
        };
        self.send(session, Event::Stream(Box::new(status)));
    }

    /// Only of streams that the room was told of.
    fn tell_room_of_end(&mut self, stream: &Stream, end: StreamEnd) {
        let Some((room, login)) = stream.room.clone().zip(stream.login.clone()) else {
            return;
        };
        if !stream.media.is_flowing() {
            return;
        }
        let name = stream.name.clone();
        let event = match end {
            StreamEnd::Failed(..) => RoomEvent::Failed(login, name),
            _ => RoomEvent::Unpublished(login, name),
        };
        let others = self.others(&room, stream.session);
        self.send_room(others, &room, event);
    }

    pub(crate) fn setup_expired(&mut self, transport: TransportId) {
        let reason = Reason::IceTimeout;
        if self.streams.contains_key(&transport) {
            self.end_stream(transport, StreamEnd::Failed(reason, Transport::Open));
        } else {
            self.end_play(transport, StreamState::Failed, Some(reason));
        }
    }
}
