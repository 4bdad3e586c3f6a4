use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Where a page of recordings ends: the last one on it. Pages are in order of
/// start, newest first, so nothing shown before moves while new ones begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) started_at_ms: u64,
    pub(crate) id: String,
}

/// Longer than any that is made here.
const MAX_TEXT: usize = 512;

impl Cursor {
    /// As a client gets it. Opaque.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{}", self.started_at_ms, self.id))
    }

    /// Reads one that was given out. `None`: it was not.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (started, id) = text.split_once(':')?;
        Some(Self {
            started_at_ms: started.parse().ok()?,
            id: id.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let cursor = Cursor {
            started_at_ms: 1_700_000_000_123,
            id: "stream-m1-=d0=90:x".to_owned(),
        };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
    }

    #[test]
    fn what_was_never_given_out_is_none() {
        for text in ["", "????", "YWJj", "OmFiYw", &"A".repeat(1000)] {
            assert_eq!(Cursor::decode(text), None, "{text}");
        }
    }
}
