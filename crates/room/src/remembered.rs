use std::collections::VecDeque;

use crate::{Answer, MediaSessionId, OperationId};

/// What a session asked for already, so that a repeated frame is answered as
/// before and nothing is done twice. Bounded: the oldest are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    operations: VecDeque<(OperationId, Option<Answer>)>,
    ended: VecDeque<MediaSessionId>,
}

/// What is known of an operation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing: it is new.
    New,
    /// It is under way; its answer will come.
    Pending,
    /// It was answered.
    Answered(Answer),
}

impl Remembered {
    /// Looks an operation up, and remembers it as under way if it is new.
    pub(crate) fn begin(&mut self, operation: &OperationId, bound: usize) -> Known {
        if let Some((_, answer)) = self.operations.iter().find(|(id, _)| id == operation) {
            return answer.map_or(Known::Pending, Known::Answered);
        }
        self.operations.push_back((operation.clone(), None));
        while self.operations.len() > bound {
            self.operations.pop_front();
        }
        Known::New
    }

    pub(crate) fn answered(&mut self, operation: &OperationId, answer: Answer) {
        if let Some(known) = self.operations.iter_mut().find(|(id, _)| id == operation) {
            known.1 = Some(answer);
        }
    }

    pub(crate) fn end(&mut self, id: MediaSessionId, bound: usize) {
        self.ended.push_back(id);
        while self.ended.len() > bound {
            self.ended.pop_front();
        }
    }

    pub(crate) fn has_ended(&self, id: &MediaSessionId) -> bool {
        self.ended.contains(id)
    }
}
