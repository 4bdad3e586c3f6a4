use axum::body::to_bytes;

use super::*;

fn sample(name: &str) -> Option<File> {
    let content: &'static str = match name {
        "index.html" => "start",
        "conference.html" => "conference",
        "recordings.html" => "recordings",
        "assets/app-1a2b.js" => "code",
        "assets/app-1a2b.js.br" => "squeezed",
        "sdk/veche-sdk.js" => "sdk",
        _ => return None,
    };
    let mut hash = [0; 32];
    hash[..content.len()].copy_from_slice(content.as_bytes());
    Some(File {
        content: Cow::Borrowed(content.as_bytes()),
        hash,
    })
}

fn nothing(_: &str) -> Option<File> {
    None
}

async fn ask(
    find: Find,
    path: &str,
    headers: &[(HeaderName, &str)],
) -> (StatusCode, HeaderMap, String) {
    let mut asked = HeaderMap::new();
    for (name, value) in headers {
        asked.insert(name, HeaderValue::from_str(value).unwrap());
    }
    let uri = path.parse().unwrap();
    let response = serve(State(Site::new(find, None)), Method::GET, uri, asked).await;
    let (head, body) = response.into_parts();
    let body = to_bytes(body, 1_000).await.unwrap();
    (
        head.status,
        head.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn pages_are_found_with_and_without_their_ending() {
    for (path, expected) in [
        ("/", "start"),
        ("/index.html", "start"),
        ("/conference", "conference"),
        ("/conference/", "conference"),
        ("/conference.html", "conference"),
        ("/conference?roomName=x", "conference"),
        ("/recordings", "recordings"),
        ("/recordings/20261122-room%2Fx", "recordings"),
        ("/recordings/a?expires=1&signature=b", "recordings"),
    ] {
        let (status, headers, body) = ask(sample, path, &[]).await;
        assert_eq!(
            (status, body.as_str()),
            (StatusCode::OK, expected),
            "{path}"
        );
        assert_eq!(headers[CACHE_CONTROL], "no-cache");
        assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
    }
}

#[tokio::test]
async fn what_is_not_embedded_is_not_found() {
    for path in [
        "/nothing",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "//etc/passwd",
        "/assets/app-1a2b.js.br",
        "/recordings/a/b",
        "/recordingsx/a",
    ] {
        let (status, headers, _) = ask(sample, path, &[]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(headers.contains_key(CONTENT_SECURITY_POLICY));
    }
}

#[tokio::test]
async fn hashed_files_may_be_kept_for_ever() {
    let (_, headers, body) = ask(sample, "/assets/app-1a2b.js", &[]).await;
    assert_eq!(body, "code");
    assert_eq!(
        headers[CACHE_CONTROL],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(headers[CONTENT_TYPE], "text/javascript; charset=utf-8");
    assert_eq!(headers[VARY], "accept-encoding");
    assert!(!headers.contains_key(CONTENT_ENCODING));
}

#[tokio::test]
async fn a_squeezed_twin_goes_to_those_who_take_it() {
    let path = "/assets/app-1a2b.js";
    let (_, headers, body) = ask(sample, path, &[(ACCEPT_ENCODING, "gzip, deflate, br")]).await;
    assert_eq!(
        (body.as_str(), &headers[CONTENT_ENCODING]),
        ("squeezed", &HeaderValue::from_static("br"))
    );
    let (_, headers, body) = ask(sample, path, &[(ACCEPT_ENCODING, "gzip, br;q=0")]).await;
    assert_eq!(body, "code");
    assert!(!headers.contains_key(CONTENT_ENCODING));
}

#[tokio::test]
async fn an_unchanged_file_is_not_sent_again() {
    let (_, headers, _) = ask(sample, "/", &[]).await;
    let tag = headers[ETAG].to_str().unwrap().to_owned();
    let (status, headers, body) = ask(sample, "/", &[(IF_NONE_MATCH, &tag)]).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(headers[ETAG], tag.as_str());
    let (status, ..) = ask(sample, "/", &[(IF_NONE_MATCH, "\"other\"")]).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn other_sites_may_load_the_sdk_and_nothing_else() {
    let (_, headers, _) = ask(sample, "/sdk/veche-sdk.js", &[]).await;
    assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let (_, headers, _) = ask(sample, "/", &[]).await;
    assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[tokio::test]
async fn without_apps_the_start_page_says_how_to_build_them() {
    let (status, _, body) = ask(nothing, "/", &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("make build"), "{body}");
    let (status, ..) = ask(nothing, "/conference", &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_page_is_not_written_to() {
    let uri = "/".parse().unwrap();
    let response = serve(
        State(Site::new(sample, None)),
        Method::POST,
        uri,
        HeaderMap::new(),
    )
    .await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn pages_play_media_from_the_bucket_and_load_nothing_else_from_there() {
    let policy = async |media_from| {
        let site = State(Site::new(sample, media_from));
        let uri = "/".parse().unwrap();
        let response = serve(site, Method::GET, uri, HeaderMap::new()).await;
        let policy = &response.headers()[CONTENT_SECURITY_POLICY];
        policy.to_str().unwrap().to_owned()
    };
    let usual = policy(None).await;
    assert!(
        usual.contains("; media-src 'self' blob: mediastream:; "),
        "{usual}"
    );
    let from = "https://s3.example.org:9000";
    let more = policy(Some(from)).await;
    assert!(more.contains(&format!("; media-src 'self' blob: mediastream: {from}; ")));
    assert_eq!(more.replace(&format!(" {from}"), ""), usual);
}
