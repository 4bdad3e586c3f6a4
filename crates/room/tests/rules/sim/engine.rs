use std::collections::BTreeMap;

use veche_media::{AudioCodec, CodecSet, TransportId, VideoCodec};
use veche_room::{Input, PlayAnswer, PlayOrder, PublishAnswer, PublishOrder, Reason};

/// How far a transport has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The offer is being answered.
    Asked { play: bool },
    /// Answered.
    Open,
    /// Media may flow.
    Connected,
    /// It is no more.
    Ended,
}

/// What the hub asked of media. Complains of what no engine could do.
#[derive(Debug, Default)]
pub struct Engine {
    pub transports: BTreeMap<TransportId, State>,
    pub publish_orders: Vec<PublishOrder>,
    /// What a client's offers say that it decodes.
    pub receivable: Option<CodecSet>,
}

impl Engine {
    pub fn publish(&mut self, order: PublishOrder) {
        self.ask(order.transport, false);
        self.publish_orders.push(order);
    }

    pub fn play(&mut self, order: PlayOrder) {
        let source = self.transports.get(&order.source);
        assert_eq!(source, Some(&State::Connected), "plays have a live source");
        self.ask(order.transport, true);
    }

    fn ask(&mut self, transport: TransportId, play: bool) {
        let older = self.transports.insert(transport, State::Asked { play });
        assert_eq!(older, None, "ids of transports are never used again");
    }

    pub fn close(&mut self, transport: TransportId) {
        let state = self.transports.insert(transport, State::Ended);
        assert!(
            matches!(state, Some(State::Open | State::Connected)),
            "{transport} was closed while {state:?}"
        );
    }

    pub fn next_asked(&self) -> Option<TransportId> {
        let mut asked = self.transports.iter();
        let asked = asked.find(|(_, state)| matches!(state, State::Asked { .. }));
        asked.map(|(transport, _)| *transport)
    }

    pub fn in_state(&self, wanted: impl Fn(State) -> bool) -> Vec<TransportId> {
        let transports = self.transports.iter();
        let wanted = transports.filter(|(_, state)| wanted(**state));
        wanted.map(|(transport, _)| *transport).collect()
    }

    pub fn open_count(&self) -> usize {
        self.in_state(|state| matches!(state, State::Open | State::Connected))
            .len()
    }

    pub fn answer(&mut self, transport: TransportId, refusal: Option<Reason>) -> Input {
        let state = self.transports.get_mut(&transport).expect("asked");
        let State::Asked { play } = *state else {
            panic!("{transport} was answered already");
        };
        *state = refusal.map_or(State::Open, |_| State::Ended);
        let (audio, video) = (Some(AudioCodec::Opus), Some(VideoCodec::Vp8));
        let codecs = self.receivable.unwrap_or(CodecSet::ALL);
        if play {
            let answer = PlayAnswer {
                sdp: "an answer".into(),
                audio,
                video,
                receivable: codecs,
            };
            let result = refusal.map_or(Ok(answer), Err);
            Input::PlayAnswered { transport, result }
        } else {
            let answer = PublishAnswer {
                sdp: "an answer".into(),
                audio,
                video,
                offered_video: codecs,
            };
            let result = refusal.map_or(Ok(answer), Err);
            Input::PublishAnswered { transport, result }
        }
    }

    pub fn connected(&mut self, transport: TransportId) {
        if let Some(state @ State::Open) = self.transports.get_mut(&transport) {
            *state = State::Connected;
        }
    }

    pub fn failed(&mut self, transport: TransportId) {
        self.transports.insert(transport, State::Ended);
    }
}
