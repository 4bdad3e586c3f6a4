use std::collections::VecDeque;

use crate::{Json, Limits, Login};

/// One message of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who said it.
    pub from: Login,
    /// What.
    pub text: Json,
    /// Grows within the room.
    pub id: u64,
    /// Since 1970.
    pub time_ms: u64,
    /// It was said to everybody.
    pub broadcast: bool,
}

impl ChatMessage {
    fn bytes(&self) -> usize {
        self.text.as_str().len() + self.from.as_str().len()
    }
}

/// What was said in a room: ids, and the last broadcasts.
#[derive(Debug, Default)]
pub(crate) struct Chat {
    last_id: u64,
    history: VecDeque<ChatMessage>,
    history_bytes: usize,
}

impl Chat {
    /// Numbers a message, and remembers it if it is a broadcast.
    pub(crate) fn say(
        &mut self,
        from: Login,
        text: Json,
        broadcast: bool,
        time_ms: u64,
        limits: &Limits,
    ) -> ChatMessage {
        self.last_id += 1;
        let message = ChatMessage {
            from,
            text,
            id: self.last_id,
            time_ms,
            broadcast,
        };
        if broadcast {
            self.history_bytes += message.bytes();
            self.history.push_back(message.clone());
            while self.history.len() > limits.chat_history
                || self.history_bytes > limits.chat_history_bytes
            {
                let Some(oldest) = self.history.pop_front() else {
                    break;
                };
                self.history_bytes -= oldest.bytes();
            }
        }
        message
    }

    /// The remembered broadcasts with a greater id, oldest first.
    pub(crate) fn since(&self, id: u64) -> Vec<ChatMessage> {
        let new = |message: &&ChatMessage| message.id > id;
        self.history.iter().filter(new).cloned().collect()
    }
}
