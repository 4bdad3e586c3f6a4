//! Elements (RFC 8794), out and in.

/// Appends the identifier, which has its own marker of length.
pub(super) fn id(out: &mut Vec<u8>, id: u32) {
    let skip = (id.leading_zeros() / 8) as usize;
    out.extend_from_slice(&id.to_be_bytes()[skip..]);
}

/// Appends a size in eight bytes, so that it can be known before its body.
pub(super) fn size(out: &mut Vec<u8>, size: u64) {
    out.extend_from_slice(&(size | 1 << 56).to_be_bytes());
}

/// "Until the file ends" (RFC 8794, 6.2).
pub(super) fn unknown_size(out: &mut Vec<u8>) {
    out.extend_from_slice(&0x01ff_ffff_ffff_ffff_u64.to_be_bytes());
}

/// Appends an element that `body` fills.
pub(super) fn master(out: &mut Vec<u8>, element: u32, body: impl FnOnce(&mut Vec<u8>)) {
    id(out, element);
    let start = out.len();
    size(out, 0);
    body(out);
    let length = (out.len() - start - 8) as u64 | 1 << 56;
    out[start..start + 8].copy_from_slice(&length.to_be_bytes());
}

/// Appends a short element: identifier, size, bytes.
pub(super) fn bytes(out: &mut Vec<u8>, element: u32, value: &[u8]) {
    id(out, element);
    vint(out, value.len() as u64);
    out.extend_from_slice(value);
}

pub(super) fn uint(out: &mut Vec<u8>, element: u32, value: u64) {
    let skip = (value.leading_zeros() as usize / 8).min(7);
    bytes(out, element, &value.to_be_bytes()[skip..]);
}

/// A number that always takes eight bytes.
pub(super) fn wide_uint(out: &mut Vec<u8>, element: u32, value: u64) {
    bytes(out, element, &value.to_be_bytes());
}

pub(super) fn float(out: &mut Vec<u8>, element: u32, value: f64) {
    bytes(out, element, &value.to_be_bytes());
}

/// Appends a number in as few bytes as it needs.
pub(super) fn vint(out: &mut Vec<u8>, value: u64) {
    for n in 1..=8_u32 {
        // All ones is "unknown".
        if value < (1 << (7 * n)) - 1 {
            let marked = value | 1 << (7 * n);
            out.extend_from_slice(&marked.to_be_bytes()[8 - n as usize..]);
            return;
        }
    }
    unknown_size(out);
}

/// A number at the start of `bytes` without its marker, and its length.
/// `None` for the number means unknown.
pub(super) fn read_vint(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let first = *bytes.first()?;
    let n = first.leading_zeros() as usize + 1;
    if n > 8 {
        return None;
    }
    let mut value = u64::from(first) & ((1_u64 << (8 - n)) - 1);
    for byte in bytes.get(1..n)? {
        value = value << 8 | u64::from(*byte);
    }
    let unknown = value == (1_u64 << (7 * n)) - 1;
    Some(((!unknown).then_some(value), n))
}

/// The identifier at the start of `bytes`, and its length.
pub(super) fn read_id(bytes: &[u8]) -> Option<(u32, usize)> {
    let n = bytes.first()?.leading_zeros() as usize + 1;
    if n > 4 {
        return None;
    }
    let mut value = 0;
    for byte in bytes.get(..n)? {
        value = value << 8 | u32::from(*byte);
    }
    Some((value, n))
}

/// The elements in `body`; stops at one that does not fit.
pub(super) fn children(body: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let (id, n) = read_id(rest)?;
        let (size, m) = read_vint(rest.get(n..)?)?;
        let start = n + m;
        let end = start.checked_add(usize::try_from(size?).ok()?)?;
        let inner = rest.get(start..end)?;
        rest = &rest[end..];
        Some((id, inner))
    })
}

pub(super) fn child(body: &[u8], element: u32) -> Option<&[u8]> {
    children(body)
        .find(|(id, _)| *id == element)
        .map(|(_, b)| b)
}

pub(super) fn read_uint(bytes: &[u8]) -> Option<u64> {
    if bytes.len() > 8 {
        return None;
    }
    Some(bytes.iter().fold(0, |v, b| v << 8 | u64::from(*b)))
}

pub(super) fn read_float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => Some(f64::from(f32::from_be_bytes(bytes.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_written() {
        for value in [0, 1, 126, 127, 128, 16_382, 16_383, 1 << 40, (1 << 56) - 2] {
            let mut out = Vec::new();
            vint(&mut out, value);
            assert_eq!(read_vint(&out), Some((Some(value), out.len())), "{value}");
        }
        assert_eq!(read_vint(&[0xff]), Some((None, 1)));
        assert_eq!(read_vint(&[0]), None);
        assert_eq!(read_vint(&[0x40]), None);
    }
}
