use std::fmt;

/// One transport (an ICE + DTLS + SRTP association) of this server process.
///
/// Never reused while the process lives. The rules allocate it; the engine
/// and its events speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransportId(pub u64);

impl fmt::Display for TransportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}
