use std::fs;
use std::net::TcpListener;

use super::veche::{Veche, output, text};

#[test]
fn help_teaches_by_examples() {
    let help = text(&output(&["--help"], |_| {}).stdout);
    for part in [
        "veche check",
        "veche config --example > veche.toml",
        "--public-ip",
        "VECHE_HTTP_PORT=80",
    ] {
        assert!(help.contains(part), "{part:?} in: {help}");
    }
}

#[test]
fn the_version_is_told() {
    let version = text(&output(&["--version"], |_| {}).stdout);
    assert_eq!(version, format!("veche {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_example_is_the_file_of_the_repository() {
    let printed = text(&output(&["config", "--example"], |_| {}).stdout);
    assert_eq!(printed, include_str!("../../../../veche.example.toml"));
}

#[test]
fn settings_in_force_are_printed_with_their_sources_and_can_be_read_back() {
    let arguments = ["config", "--http-port=81", "--set=limits.rooms=7"];
    let first = text(&output(&arguments, |_| {}).stdout);
    assert!(first.contains("http_port = 81  # --http-port\n"), "{first}");
    assert!(
        first.contains("rooms = 7  # --set limits.rooms\n"),
        "{first}"
    );

    let again = output(&["config"], |directory| {
        fs::write(directory.join("veche.toml"), &first).unwrap();
    });
    let again = text(&again.stdout);
    assert!(again.contains("http_port = 81  # veche.toml\n"), "{again}");
    assert!(again.contains("rooms = 7  # veche.toml\n"), "{again}");
}

fn fails(arguments: &[&str], expected: &str) {
    let output = output(arguments, |_| {});
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains(expected), "{expected:?} in: {error}");
}

#[test]
fn a_mistake_ends_it_before_it_starts() {
    fails(
        &["--http-port=many"],
        "veche: --http-port: \"many\" is not a whole number",
    );
    fails(
        &["--set=log_lvl=debug"],
        "--set log_lvl: unknown key `log_lvl`, did you mean `log_level`?",
    );
    fails(&["--set=x"], "--set x: expected KEY=VALUE");
    fails(&["--config=nowhere.toml"], "cannot read nowhere.toml");
    fails(
        &["--log-level=a=b=c"],
        "log_level \"a=b=c\" is not understood",
    );
    fails(
        &["--tls-cert=a.pem"],
        "tls_cert and tls_key belong together",
    );
}

#[test]
fn a_taken_port_ends_it_with_what_to_change() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("={}", holder.local_addr().unwrap().port());
    for key in ["http", "https", "media"] {
        let ports = ["http", "https", "media"]
            .map(|name| format!("--{name}-port{}", if name == key { &taken } else { "=0" }));
        let mut arguments = vec!["--bind=127.0.0.1"];
        arguments.extend(ports.iter().map(String::as_str));
        fails(&arguments, &format!("choose another port: --{key}-port "));
    }
}

#[test]
fn two_servers_do_not_share_a_media_port() {
    let first = Veche::start(&["--set=ice_tcp=false"]);
    let taken = format!("--media-port={}", first.ports.media);
    fails(
        &[
            "--bind=127.0.0.1",
            "--http-port=0",
            "--https-port=0",
            "--set=ice_tcp=false",
            &taken,
        ],
        "choose another port: --media-port ",
    );
}
