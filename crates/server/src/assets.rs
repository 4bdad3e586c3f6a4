//! The web apps and the SDK, embedded into the executable.
//!
//! Built by `npm run build` in `web/` into `web/apps/dist`. A path is only ever
//! looked up among the embedded names; it never reaches a file system.

mod kind;

use std::borrow::Cow;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_ENCODING,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

/// Pages load nothing from elsewhere, but recordings from where they are uploaded.
/// `'self'` covers `ws:` and `wss:` of the same host; blobs are what recorders,
/// workers and downloads are made of.
fn content_security(media_from: Option<&str>) -> HeaderValue {
    let space = if media_from.is_some() { " " } else { "" };
    let media_from = media_from.unwrap_or_default();
    let text = format!(
        "default-src 'self'; connect-src 'self'; img-src 'self' blob:; \
         media-src 'self' blob: mediastream:{space}{media_from}; worker-src 'self' blob:; \
         style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'self'"
    );
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("default-src 'self'"))
}

const PERMISSIONS: &str = "camera=(self), microphone=(self), display-capture=(self), \
    speaker-selection=(self), autoplay=(self), fullscreen=(self), screen-wake-lock=(self), \
    picture-in-picture=(self), geolocation=(), payment=(), usb=()";

/// Names with a hash of the content in them, so that they never change.
const HASHED: &str = "assets/";

/// Other sites may load the SDK from here.
const SHARED: &str = "sdk/";

/// In order of preference: the ending of the embedded twin, its name in HTTP.
const ENCODINGS: [(&str, &str); 2] = [(".br", "br"), (".gz", "gzip")];

const NOT_BUILT: &str = "<!doctype html><html lang=en><title>Veche</title><p>The server runs. \
    The web apps are not in this executable: build them with <code>make build</code> and start it again.";

const NOT_FOUND: &str = "<!doctype html><html lang=en><title>Not found</title>\
    <p>There is nothing here. <a href=/>To the start page</a>";

#[derive(RustEmbed)]
#[folder = "../../web/apps/dist"]
struct Apps;

/// One embedded file.
#[derive(Clone)]
pub struct File {
    /// Its bytes.
    pub content: Cow<'static, [u8]>,
    /// SHA-256 of them.
    pub hash: [u8; 32],
}

/// Finds a file by its name, relative to the folder of the apps.
pub type Find = fn(&str) -> Option<File>;

/// Serves the embedded apps. They may play media from another origin, too.
pub fn router(media_from: Option<&str>) -> Router {
    router_of(embedded, media_from)
}

/// Serves what `find` knows.
pub fn router_of(find: Find, media_from: Option<&str>) -> Router {
    let site = Site::new(find, media_from);
    Router::new().fallback(serve).with_state(site)
}

#[derive(Clone)]
struct Site {
    find: Find,
    content_security: HeaderValue,
}

impl Site {
    fn new(find: Find, media_from: Option<&str>) -> Self {
        Self {
            find,
            content_security: content_security(media_from),
        }
    }
}

/// Whether the web apps were there when this executable was built.
pub fn are_built() -> bool {
    embedded("index.html").is_some()
}

fn embedded(name: &str) -> Option<File> {
    Apps::get(name).map(|file| File {
        hash: file.metadata.sha256_hash(),
        content: file.data,
    })
}

async fn serve(State(site): State<Site>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let mut response = match method {
        Method::GET | Method::HEAD => respond(site.find, uri.path(), &headers),
        _ => (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response(),
    };
    let answer = response.headers_mut();
    answer.insert(CONTENT_SECURITY_POLICY, site.content_security);
    let always = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    ];
    for (name, value) in always {
        answer.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn respond(find: Find, path: &str, headers: &HeaderMap) -> Response {
    let Some((name, plain)) = names(path).find_map(|name| Some((name.clone(), find(&name)?)))
    else {
        return missing(find, path);
    };

    let twin = ENCODINGS
        .into_iter()
        .filter(|(_, encoding)| accepts(headers, encoding))
        .find_map(|(ending, encoding)| Some((find(&format!("{name}{ending}"))?, encoding)));
    let has_twins = ENCODINGS
        .iter()
        .any(|(ending, _)| find(&format!("{name}{ending}")).is_some());
    let (file, encoding) = match twin {
        Some((file, encoding)) => (file, Some(encoding)),
        None => (plain, None),
    };

    let tag = entity_tag(&file.hash);
    let mut answer = HeaderMap::new();
    let lasting = name.starts_with(HASHED);
    let cache = if lasting {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    answer.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    answer.insert(ETAG, tag.clone());
    if has_twins {
        answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    if name.starts_with(SHARED) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    if is_known(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }

    answer.insert(CONTENT_TYPE, HeaderValue::from_static(kind::of(&name)));
    if let Some(encoding) = encoding {
        answer.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    let body = match file.content {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    (answer, body).into_response()
}

/// Pages with places inside: `/recordings/ID` is the page `/recordings`.
const DEEP: &str = "recordings";

/// The files that a path may stand for: itself, its page, its folder's page.
fn names(path: &str) -> impl Iterator<Item = String> {
    let path = path.trim_matches('/');
    let is_twin = ENCODINGS.iter().any(|(ending, _)| path.ends_with(ending));
    let candidates = match path {
        _ if is_twin => Vec::new(),
        "" => vec!["index.html".to_owned()],
        _ if is_deep(path) => vec![format!("{DEEP}.html")],
        _ => vec![
            path.to_owned(),
            format!("{path}.html"),
            format!("{path}/index.html"),
        ],
    };
    candidates.into_iter()
}

fn is_deep(path: &str) -> bool {
    path.split_once('/')
        .is_some_and(|(page, place)| page == DEEP && !place.contains('/'))
}

fn missing(find: Find, path: &str) -> Response {
    let (status, text) = match path {
        "/" if find("index.html").is_none() => (StatusCode::OK, NOT_BUILT),
        _ => (StatusCode::NOT_FOUND, NOT_FOUND),
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (status, headers, text).into_response()
}

fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| {
            let (name, weight) = item.split_once(';').unwrap_or((item, ""));
            let refused = weight
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.trim().parse() == Ok(0.0_f32));
            name.trim().eq_ignore_ascii_case(encoding) && !refused
        })
}

fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let Ok(tag) = tag.to_str() else { return false };
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|item| item.trim().trim_start_matches("W/"))
        .any(|item| item == tag || item == "*")
}

/// Half of the hash is plenty to tell versions of a file apart.
fn entity_tag(hash: &[u8; 32]) -> HeaderValue {
    let hex: String = hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    HeaderValue::from_str(&format!("\"{hex}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

#[cfg(test)]
mod tests;
