//! Files whose only copy is in the bucket: viewers are sent there, or it comes
//! through us.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use veche_archive::upload::{Content, Range};
use veche_archive::{Archive, File};

use super::Refusal;
use super::download::is_named;

/// Answers whoever may have the file.
pub(super) async fn serve(
    archive: &Archive,
    file: &File,
    disposition: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    if archive.redirects() {
        // What is signed is signed for one method.
        let method = match *method {
            Method::HEAD => Method::HEAD,
            _ => Method::GET,
        };
        let address = archive.address(method, file, disposition).await?;
        let headers = [
            (header::LOCATION, address.as_str()),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        return Ok((StatusCode::FOUND, headers).into_response());
    }
    through(archive, file, disposition, headers).await
}

async fn through(
    archive: &Archive,
    file: &File,
    disposition: &str,
    asked: &HeaderMap,
) -> Result<Response, Refusal> {
    let range = asked
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok());
    let range = match range.map(|range| parse(range, file.bytes)) {
        None | Some(Asked::Everything) => Range::Whole,
        Some(Asked::Part(part)) => part,
        Some(Asked::Nothing) => {
            let all = format!("bytes */{}", file.bytes);
            return Ok((
                StatusCode::RANGE_NOT_SATISFIABLE,
                [(header::CONTENT_RANGE, all)],
            )
                .into_response());
        }
    };
    let mut part = range != Range::Whole;
    let mut content = archive.content(file, range).await?;
    let tag = content.tag.clone().unwrap_or_default();
    let stale = asked.contains_key(header::IF_RANGE) && !is_named(asked, &header::IF_RANGE, &tag);
    if part && stale {
        content = archive.content(file, Range::Whole).await?;
        part = false;
    }
    if !tag.is_empty() && is_named(asked, &header::IF_NONE_MATCH, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    Ok(answer(content, part, file, disposition))
}

fn answer(content: Content, part: bool, file: &File, disposition: &str) -> Response {
    let Content {
        range, bytes, tag, ..
    } = &content;
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, file.mime());
    set(header::CONTENT_DISPOSITION, disposition);
    set(header::ACCEPT_RANGES, "bytes");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CACHE_CONTROL, "private, no-cache");
    set(
        header::CONTENT_LENGTH,
        &(range.end - range.start).to_string(),
    );
    if let Some(tag) = tag {
        set(header::ETAG, tag);
    }
    let status = match part {
        true => {
            let last = range.end.saturating_sub(1);
            let of = format!("bytes {}-{last}/{bytes}", range.start);
            set(header::CONTENT_RANGE, &of);
            StatusCode::PARTIAL_CONTENT
        }
        false => StatusCode::OK,
    };
    (status, headers, Body::from_stream(content.chunks)).into_response()
}

/// What a `Range` means for a file of this size (RFC 9110, 14.1.2).
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Several parts, or something else that need not be understood.
    Everything,
    Part(Range),
    /// It begins behind the end.
    Nothing,
}

fn parse(range: &str, bytes: u64) -> Asked {
    let Some((first, last)) = range
        .strip_prefix("bytes=")
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Asked::Everything;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), _) if first >= bytes => Asked::Nothing,
        (Ok(first), Ok(last)) if first <= last => Asked::Part(Range::Between(first..=last)),
        (Ok(first), Err(_)) if last.is_empty() => Asked::Part(Range::From(first)),
        (Err(_), Ok(0)) if first.is_empty() => Asked::Nothing,
        (Err(_), Ok(last)) if first.is_empty() => Asked::Part(Range::Last(last.min(bytes))),
        _ => Asked::Everything,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_understood_or_passed_over() {
        for (text, expected) in [
            ("bytes=0-99", Asked::Part(Range::Between(0..=99))),
            ("bytes=5-", Asked::Part(Range::From(5))),
            ("bytes=-7", Asked::Part(Range::Last(7))),
            ("bytes=-7000", Asked::Part(Range::Last(1_000))),
            ("bytes=999-2000", Asked::Part(Range::Between(999..=2_000))),
            ("bytes=1000-", Asked::Nothing),
            ("bytes=1000-1001", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=9-5", Asked::Everything),
            ("bytes=0-1,5-6", Asked::Everything),
            ("bytes=-", Asked::Everything),
            ("bytes=x-y", Asked::Everything),
            ("lines=0-1", Asked::Everything),
            ("", Asked::Everything),
        ] {
            assert_eq!(parse(text, 1_000), expected, "{text}");
        }
    }
}
