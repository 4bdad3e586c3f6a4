//! Links to one recording and sessions of the page: both are signed, expire,
//! and leave nothing on the server. Pure.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

/// What signs. One for each purpose: a link is no session.
#[derive(Clone)]
pub struct Signer {
    links: hmac::Key,
    sessions: hmac::Key,
}

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Why a signed link does not open a recording.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It was not signed here, or for something else.
    #[error("the link is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the link has expired")]
    Expired,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// From the kept key. Another admin token ends all sessions, and leaves links.
    pub fn new(key: &[u8; KEY_BYTES], admin_token: &str) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, key);
        let derived = |purpose: &str| {
            let tag = hmac::sign(&root, purpose.as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref())
        };
        Self {
            links: derived("link"),
            sessions: derived(&format!("session\0{admin_token}")),
        }
    }

    /// The signature of a link to a recording that opens it until `expires`,
    /// seconds since 1970. Names are used again: `started_at_ms` tells which
    /// recording of that name is meant.
    pub fn link(&self, recording: &str, started_at_ms: u64, expires: u64) -> String {
        sign(&self.links, &link_text(recording, started_at_ms, expires))
    }

    /// Whether a link opens this recording at `now`, seconds since 1970.
    ///
    /// # Errors
    /// [`LinkError::Expired`] only for links that were valid once.
    pub fn check_link(
        &self,
        recording: &str,
        started_at_ms: u64,
        expires: u64,
        signature: &str,
        now: u64,
    ) -> Result<(), LinkError> {
        let text = link_text(recording, started_at_ms, expires);
        if !verify(&self.links, &text, signature) {
            return Err(LinkError::Invalid);
        }
        match now < expires {
            true => Ok(()),
            false => Err(LinkError::Expired),
        }
    }

    /// What a session's cookie holds, good until `expires`, seconds since 1970.
    pub fn session(&self, expires: u64) -> String {
        let signature = sign(&self.sessions, &expires.to_string());
        format!("{expires}.{signature}")
    }

    /// Whether a cookie is a session's at `now`, seconds since 1970.
    pub fn check_session(&self, cookie: &str, now: u64) -> bool {
        let Some((expires, signature)) = cookie.split_once('.') else {
            return false;
        };
        let signed = verify(&self.sessions, expires, signature);
        signed && expires.parse().is_ok_and(|expires: u64| now < expires)
    }
}

fn link_text(recording: &str, started_at_ms: u64, expires: u64) -> String {
    // The numbers stand first: no id can pass for another one's end.
    format!("{expires}:{started_at_ms}:{recording}")
}

fn sign(key: &hmac::Key, text: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(key, text.as_bytes()))
}

/// Takes as long wherever they differ.
fn verify(key: &hmac::Key, text: &str, signature: &str) -> bool {
    let Ok(tag) = URL_SAFE_NO_PAD.decode(signature) else {
        return false;
    };
    hmac::verify(key, text.as_bytes(), &tag).is_ok()
}

/// Whether two secrets are the same. Takes as long wherever they differ, so
/// that the time tells nothing.
pub fn same_secret(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let differences = a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b));
    std::hint::black_box(differences) == 0 && a.len() == b.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::new(&[7; KEY_BYTES], "token")
    }

    #[test]
    fn a_link_opens_its_recording_until_it_expires() {
        let signer = signer();
        let link = signer.link("room-1", 5, 1000);
        assert_eq!(signer.check_link("room-1", 5, 1000, &link, 999), Ok(()));
        let late = signer.check_link("room-1", 5, 1000, &link, 1000);
        assert_eq!(late, Err(LinkError::Expired));
    }

    #[test]
    fn a_link_opens_nothing_else() {
        let signer = signer();
        let link = signer.link("room-1", 5, 1000);
        let other = Signer::new(&[8; KEY_BYTES], "token");
        let invalid = Err(LinkError::Invalid);
        assert_eq!(signer.check_link("room-2", 5, 1000, &link, 0), invalid);
        assert_eq!(signer.check_link("room-1", 5, 2000, &link, 0), invalid);
        // A later one of that name.
        assert_eq!(signer.check_link("room-1", 6, 1000, &link, 0), invalid);
        assert_eq!(other.check_link("room-1", 5, 1000, &link, 0), invalid);
        assert_eq!(signer.check_link("room-1", 5, 1000, "", 0), invalid);
        let short = &link[..link.len() - 4];
        assert_eq!(signer.check_link("room-1", 5, 1000, short, 0), invalid);
    }

    #[test]
    fn an_expired_link_that_was_never_signed_is_not_called_expired() {
        let found = signer().check_link("room-1", 5, 1, "AAAA", 1000);
        assert_eq!(found, Err(LinkError::Invalid));
    }

    #[test]
    fn a_session_ends_with_its_time_and_with_the_token() {
        let signer = signer();
        let cookie = signer.session(1000);
        assert!(signer.check_session(&cookie, 999));
        assert!(!signer.check_session(&cookie, 1000));
        let (_, signature) = cookie.split_once('.').unwrap();
        assert!(!signer.check_session(&format!("9999.{signature}"), 999));
        assert!(!Signer::new(&[7; KEY_BYTES], "new").check_session(&cookie, 999));
        assert!(!signer.check_session("", 0));
    }

    #[test]
    fn a_link_is_no_session() {
        let signer = signer();
        let link = signer.link("", 5, 1000);
        assert!(!signer.check_session(&format!("1000.{link}"), 0));
    }

    #[test]
    fn secrets_are_the_same_only_as_a_whole() {
        assert!(same_secret("abc", "abc"));
        for other in ["", "ab", "abcd", "abd"] {
            assert!(!same_secret("abc", other));
        }
    }
}
