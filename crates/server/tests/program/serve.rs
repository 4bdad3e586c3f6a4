use std::fs;
use std::io::{Read, Write};

use tokio::net::TcpStream;

use super::client::{certificate, get, get_plain, tls};
use super::veche::{Veche, until};

#[tokio::test]
async fn health_metrics_and_pages_are_served_on_both_ports() {
    let veche = Veche::start(&[]);
    for (path, expected) in [
        ("/healthz", "200 OK"),
        ("/metrics", "200 OK"),
        ("/", "200 OK"),
        ("/nothing-here", "404"),
    ] {
        let plain = get_plain(veche.http(), path).await;
        assert!(
            plain.starts_with(&format!("HTTP/1.1 {expected}")),
            "{path}: {plain}"
        );
        let sealed = get(tls(veche.https()).await, path).await;
        assert!(
            sealed.starts_with(&format!("HTTP/1.1 {expected}")),
            "{path}: {sealed}"
        );
    }
    let metrics = get_plain(veche.http(), "/metrics").await;
    assert!(metrics.contains("# TYPE veche_"), "{metrics}");
    assert_ne!(veche.ports.media, 0);
}

#[tokio::test]
async fn without_https_only_the_plain_port_is_opened() {
    let veche = Veche::start(&["--no-https"]);
    assert_eq!(veche.ports.https, None);
    assert!(
        get_plain(veche.http(), "/healthz")
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(!veche.directory.path().join("data/tls").exists());
    // There is no certificate to read again; that ends nothing.
    veche.signal("HUP");
    let health = get_plain(veche.http(), "/healthz").await;
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
}

#[test]
fn the_admin_token_is_shown_at_the_first_start_and_never_again() {
    let mut veche = Veche::start(&["--no-https"]);
    let welcome = "Ctrl+C stops it";
    until("it says where it is", || {
        veche.said().contains(welcome).then_some(())
    });
    let token = fs::read_to_string(veche.directory.path().join("data/admin-token")).unwrap();
    assert!(token.trim().len() >= 32, "{token:?}");
    let shown = |said: &str| said.matches(token.trim()).count();
    assert_eq!(shown(&veche.said()), 1, "{}", veche.said());
    veche.kill();
    veche.start_again(&["--no-https"]);
    until("it says so again", || {
        (veche.said().matches(welcome).count() == 2).then_some(())
    });
    assert_eq!(shown(&veche.said()), 1, "{}", veche.said());
    assert_eq!(shown(&veche.log()), 0);
}

#[tokio::test]
async fn a_new_certificate_is_shown_after_sighup() {
    let veche = Veche::start(&[]);
    let first = certificate(veche.https()).await;

    let key = rcgen::KeyPair::generate().unwrap();
    let new = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let place = veche.directory.path().join("data/tls");
    // A key that does not fit changes nothing.
    fs::write(place.join("self-signed.key"), key.serialize_pem()).unwrap();
    veche.signal("HUP");
    until("the refusal is logged", || {
        veche.log().contains("the old one stays").then_some(())
    });
    assert_eq!(certificate(veche.https()).await, first);

    fs::write(place.join("self-signed.pem"), new.cert.pem()).unwrap();
    fs::write(
        place.join("self-signed.key"),
        new.signing_key.serialize_pem(),
    )
    .unwrap();
    veche.signal("HUP");
    until("the change is logged", || {
        veche.log().contains("certificate read again").then_some(())
    });
    assert_eq!(certificate(veche.https()).await, new.cert.der().to_vec());
}

#[tokio::test]
async fn json_logs_are_one_object_a_line() {
    let mut veche = Veche::start(&["--log-format=json"]);
    veche.signal("TERM");
    veche.ended();
    let log = veche.log();
    let messages: Vec<_> = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["message"].as_str().unwrap_or_default().to_owned())
        .collect();
    for message in ["listening", "stopping", "stopped"] {
        assert!(
            messages.iter().any(|known| known == message),
            "{message} in {log}"
        );
    }
}

#[tokio::test]
async fn connections_over_the_limit_are_refused_until_there_is_room() {
    let veche = Veche::start(&["--set=limits.connections=2"]);
    let first = TcpStream::connect(veche.http()).await.unwrap();
    let second = tls(veche.https()).await;
    until("the third is refused", || {
        let mut third = std::net::TcpStream::connect(veche.http()).unwrap();
        // Closed, without an answer, once the first two are counted.
        third
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        let read = third.read_to_end(&mut answer);
        (read.is_err() || answer.is_empty()).then_some(())
    });
    assert!(veche.log().contains("limits.connections is reached"));

    drop((first, second));
    until("there is room again", || {
        let mut third = std::net::TcpStream::connect(veche.http()).unwrap();
        third
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .ok()?;
        let mut answer = String::new();
        third.read_to_string(&mut answer).ok()?;
        answer.starts_with("HTTP/1.1 200").then_some(())
    });
}
