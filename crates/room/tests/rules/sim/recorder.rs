use std::collections::BTreeMap;

use veche_media::TransportId;
use veche_room::{Reason, RecordOrder, RecordRequestId, RecordingId};

use super::{Engine, State};

/// What the hub asked of recordings. Complains of what would lose one, or
/// record nobody.
#[derive(Debug, Default)]
pub struct Recorder {
    pub orders: Vec<RecordOrder>,
    /// Neither stopped nor failed.
    pub running: BTreeMap<RecordingId, TransportId>,
    /// Paused, and resumed.
    pub pauses: Vec<bool>,
    answers: BTreeMap<RecordRequestId, Option<Result<(), Reason>>>,
}

impl Recorder {
    pub fn record(&mut self, order: RecordOrder) {
        let used = self.orders.iter().any(|o| o.recording == order.recording);
        assert!(!used, "ids of recordings are never used again");
        let twice = self.running.values().any(|t| *t == order.transport);
        assert!(!twice, "a stream has one recording at a time");
        self.running.insert(order.recording, order.transport);
        self.orders.push(order);
    }

    pub fn stop(&mut self, transport: TransportId, recording: RecordingId) {
        let running = self.running.remove(&recording);
        assert_eq!(running, Some(transport), "a recording is stopped once");
    }

    pub fn pause(&mut self, recording: RecordingId, paused: bool) {
        assert!(self.running.contains_key(&recording), "it runs");
        self.pauses.push(paused);
    }

    pub fn failed(&mut self, recording: RecordingId) {
        self.running.remove(&recording);
    }

    pub fn newest(&self) -> (RecordingId, TransportId) {
        let order = self.orders.last().expect("something was recorded");
        (order.recording, order.transport)
    }

    pub fn ask(&mut self) -> RecordRequestId {
        let request = RecordRequestId(self.answers.len() as u64);
        self.answers.insert(request, None);
        request
    }

    pub fn answered(&mut self, request: RecordRequestId, result: Result<(), Reason>) {
        let answer = self.answers.get_mut(&request).expect("asked for");
        assert!(answer.is_none(), "one answer to one request");
        *answer = Some(result);
    }

    pub fn answer(&self, request: RecordRequestId) -> Option<Result<(), Reason>> {
        self.answers[&request]
    }

    /// Requests without an answer.
    pub fn unanswered(&self) -> usize {
        self.answers.values().filter(|a| a.is_none()).count()
    }

    pub fn check(&self, engine: &Engine, starting: usize) {
        for transport in self.running.values() {
            let state = engine.transports.get(transport);
            assert_eq!(state, Some(&State::Connected), "nobody is recorded");
        }
        assert!(
            self.unanswered() <= self.running.len() + starting,
            "only what begins is waited for"
        );
    }
}
