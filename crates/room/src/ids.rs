use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a text. Nothing is checked here; see [`crate::Limits`].
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text, as the client wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

name! {
    /// Name of a room.
    RoomName
}
name! {
    /// Who somebody is in a room; unique within it.
    Login
}
name! {
    /// Name of a published stream; unique within the server.
    StreamName
}
name! {
    /// The client's id of one publish or one play (`mediaSessionId`).
    MediaSessionId
}
name! {
    /// The client's id of one command (`operationId`).
    OperationId
}
name! {
    /// Proof that a later session is the same person (docs/protocol.md, "Resume token").
    ResumeToken
}
name! {
    /// Name of a recording's file, without its folder (`recordName`).
    RecordName
}
name! {
    /// A JSON text that the server passes on and never looks into.
    Json
}

/// One connection of a client.
///
/// Never reused while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

/// An operator's request about a recording.
///
/// Chosen by the shell; the answer carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordRequestId(pub u64);

/// One life of a room: its name is used again after its end.
///
/// Never reused while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomLife(pub u64);

/// One stay of a participant, within one recording of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub u64);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}
