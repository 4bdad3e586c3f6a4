use crate::{Answer, Hub, Json, Login, Reason, RoomEvent, RoomName, SessionId};

/// Logins that misbehave when `Settings::test_hooks` is set.
const THROW_MESSAGE_EXCEPTION: &str = "throw_message_exception";
const THROW_PANIC: &str = "throw_panic";

impl Hub {
    /// One message, to one participant or to everybody else.
    pub(crate) fn say(
        &mut self,
        session: SessionId,
        room: RoomName,
        to: Option<Login>,
        text: Json,
    ) -> Answer {
        Answer::of(self.try_say(session, &room, to, text))
    }

    fn try_say(
        &mut self,
        session: SessionId,
        room_name: &RoomName,
        to: Option<Login>,
        text: Json,
    ) -> Result<Answer, Reason> {
        let state = self.established(session).ok_or(Reason::NotConnected)?;
        if !state.rooms.contains(room_name) {
            return Err(Reason::NotInRoom);
        }
        let from = state.login.clone().ok_or(Reason::LoginMissing)?;
        self.blame.room = Some(room_name.clone());
        if self.settings.test_hooks {
            match from.as_str() {
                THROW_MESSAGE_EXCEPTION => return Err(Reason::MessageException),
                THROW_PANIC => panic!("asked for by the test hook {THROW_PANIC}"),
                _ => {}
            }
        }
        if text.as_str().len() > self.settings.limits.message_bytes {
            return Err(Reason::MessageTooLong);
        }
        let recipients = match &to {
            // Nobody is told what they said themselves.
            Some(to) => {
                let room = self.rooms.get(room_name).ok_or(Reason::NotInRoom)?;
                let recipient = room.members.get(to).filter(|to| **to != session);
                vec![*recipient.ok_or(Reason::NoSuchRecipient)?]
            }
            None => self.others(room_name, session),
        };
        let time_ms = self.unix_ms();
        let limits = self.settings.limits;
        let room = self.rooms.get_mut(room_name).ok_or(Reason::NotInRoom)?;
        let message = room.chat.say(from, text, to.is_none(), time_ms, &limits);
        let id = message.id;
        self.journal_chat(room_name, session, &message);
        self.send_room(recipients, room_name, RoomEvent::Message(message));
        Ok(Answer::Said { id, time_ms })
    }
}
