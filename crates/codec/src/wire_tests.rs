#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;

/// Takes at most three bytes at a time.
struct Slow(Vec<u8>);

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(3);
        self.0.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(kind: Kind, meta: &[u8], data: &[&[u8]]) -> Vec<u8> {
    let mut to = Slow(Vec::new());
    write(&mut to, kind, 7, meta, data).unwrap();
    to.0
}

#[test]
fn a_message_is_read_as_it_was_written() {
    let bytes = written(Kind::Decode, b"meta", &[b"one", b"", b"two", b""]);
    let message = Message::read(&mut &bytes[..]).unwrap().unwrap();
    assert_eq!(message.kind, Kind::Decode);
    assert_eq!(message.stream, 7);
    assert_eq!(message.meta, b"meta");
    assert_eq!(message.data, b"onetwo");
}

#[test]
fn the_end_is_told_from_a_cut() {
    let bytes = written(Kind::Coded, &[1, 2], &[b"three"]);
    assert!(Message::read(&mut &bytes[..0]).unwrap().is_none());
    for cut in 1..bytes.len() {
        let error = Message::read(&mut &bytes[..cut]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "at {cut}");
    }
}

#[test]
fn lengths_beyond_the_limit_are_refused_before_memory_is_taken() {
    let mut bytes = written(Kind::Picture, &[], &[]);
    bytes[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = Message::read(&mut &bytes[..]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn unknown_kinds_are_refused() {
    let mut bytes = written(Kind::Picture, &[], &[]);
    bytes[0] = 99;
    assert!(Message::read(&mut &bytes[..]).is_err());
}

#[test]
fn times_and_sizes_survive() {
    let times = Times {
        at: 1 << 40,
        decode_at: 3,
        key: true,
    };
    assert_eq!(Times::from_meta(&times.to_meta()).unwrap(), times);
    let picture = PictureMeta {
        at: 5,
        width: 640,
        height: 360,
        frame: (1281, 719),
    };
    assert_eq!(PictureMeta::from_meta(&picture.to_meta()).unwrap(), picture);
    let taken = Taken {
        inputs: 2,
        errors: 1,
    };
    assert_eq!(Taken::from_meta(&taken.to_meta()).unwrap(), taken);
    assert!(Taken::from_meta(&[0; 7]).is_err());
    assert_eq!(sound_from_bytes(&sound_to_bytes(&[0.5, -1.0])), [0.5, -1.0]);
}
