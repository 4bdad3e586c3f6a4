use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use super::veche::{output, text};

const FREE: [&str; 5] = [
    "check",
    "--bind=127.0.0.1",
    "--http-port=0",
    "--https-port=0",
    "--media-port=0",
];

/// Runs `veche check` on free ports with more arguments; the report and the exit code.
fn check(more: &[&str], prepare: impl FnOnce(&Path)) -> (String, i32) {
    let output = output(&[&FREE, more].concat(), prepare);
    assert_eq!(text(&output.stderr), "");
    (text(&output.stdout), output.status.code().unwrap())
}

fn is_broken(more: &[&str], prepare: impl FnOnce(&Path), expected: &[&str]) {
    let (report, code) = check(more, prepare);
    assert_eq!(code, 1, "{report}");
    for part in expected {
        assert!(report.contains(part), "{part:?} in: {report}");
    }
    assert!(
        !report.contains('\x1b'),
        "colour without a terminal: {report}"
    );
}

#[test]
fn a_host_in_order_passes() {
    let (report, code) = check(&[], |_| {});
    assert_eq!(code, 0, "{report}");
    assert!(!report.contains("BROKEN"), "{report}");
}

#[test]
fn a_taken_http_port_is_found_with_what_to_change() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    is_broken(
        &[&format!("--set=http_port={port}")],
        |_| {},
        &[
            "BROKEN   http_port",
            &format!("TCP 127.0.0.1:{port}: another program uses it"),
            "--http-port",
            "1 thing to mend",
        ],
    );
}

#[test]
fn a_media_port_taken_on_udp_is_found() {
    let holder = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    is_broken(
        &[&format!("--set=media_port={port}")],
        |_| {},
        &["BROKEN   media_port", "UDP", "--media-port"],
    );
}

#[test]
fn a_certificate_that_cannot_be_used_is_found() {
    let files = ["--tls-cert=cert.pem", "--tls-key=key.pem"];
    is_broken(
        &files,
        |_| {},
        &[
            "BROKEN   certificate",
            "cannot read cert.pem",
            "put the file there",
        ],
    );
    is_broken(
        &files,
        |directory| {
            fs::write(directory.join("cert.pem"), "\x30\x01").unwrap();
            fs::write(directory.join("key.pem"), "\x30\x01").unwrap();
        },
        &["cert.pem holds no certificate in PEM form", "as a PEM file"],
    );
    is_broken(
        &files,
        |directory| {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut params =
                rcgen::CertificateParams::new(vec!["meet.example.org".into()]).unwrap();
            params.not_after = rcgen::date_time_ymd(2024, 1, 31);
            let certificate = params.self_signed(&key).unwrap();
            fs::write(directory.join("cert.pem"), certificate.pem()).unwrap();
            fs::write(directory.join("key.pem"), key.serialize_pem()).unwrap();
        },
        &["for meet.example.org: ended on 2024-01-31", "renew it"],
    );
}

#[test]
fn an_address_that_cannot_be_public_is_found() {
    is_broken(
        &["--public-ip=300.1.1.1"],
        |_| {},
        &["BROKEN   settings", "\"300.1.1.1\" is not an IP address"],
    );
    is_broken(
        &["--public-ip=0.0.0.0"],
        |_| {},
        &["public_ip 0.0.0.0 is not an address that clients can reach"],
    );
    let (report, code) = check(&["--public-ip=192.168.1.5"], |_| {});
    assert_eq!(code, 0);
    assert!(
        report.contains("warning  public_ip    192.168.1.5 is a private address"),
        "{report}"
    );
}

#[test]
fn a_data_directory_that_cannot_be_made_is_found() {
    is_broken(
        &["--data-dir=file/data"],
        |directory| fs::write(directory.join("file"), "").unwrap(),
        &["BROKEN   data_dir", "set data_dir to another folder"],
    );
}

#[test]
fn settings_that_cannot_be_read_are_found() {
    is_broken(
        &[],
        |directory| fs::write(directory.join("veche.toml"), "\nhttp_prot = 1\n").unwrap(),
        &["veche.toml:2: unknown key `http_prot`, did you mean `http_port`?"],
    );
}

#[test]
fn aac_that_webm_does_not_take_is_told() {
    let (report, code) = check(&["--set=record_audio=aac"], |_| {});
    assert_eq!(code, 0, "{report}");
    assert!(
        report.contains("VP8, VP9, AV1 recorded as WebM"),
        "{report}"
    );
    assert!(report.contains("vp8-mkv,vp9-mkv,av1-mkv"), "{report}");
    let mkv = "--set=record_formats=vp8-mkv,vp9-mkv,av1-mkv";
    let (report, _) = check(&["--set=record_audio=aac", mkv], |_| {});
    assert!(!report.contains("WebM"), "{report}");
    let (report, code) = check(&["--set=record_audio=mp3"], |_| {});
    assert_ne!(code, 0, "{report}");
}

#[test]
fn what_films_need_is_looked_for_where_films_are_made() {
    for (setting, is_asked) in [
        ("--set=mix_rooms=true", true),
        ("--set=mix_rooms=false", false),
        ("--set=on_multiple_record_hook_script=/bin/true", false),
    ] {
        let (report, code) = check(&[setting], |_| {});
        assert_eq!(code, 0, "{report}");
        assert_eq!(
            report.contains("mix_rooms"),
            is_asked,
            "{setting}: {report}"
        );
    }
}

/// A bucket that nobody has: what is said of it without a storage.
#[test]
fn a_bucket_that_cannot_be_reached_is_found() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    drop(holder);
    let settings = [
        "--set=record_upload_url=s3://calls/x",
        &format!("--set=record_upload_endpoint=http://127.0.0.1:{port}"),
        "--set=record_upload_access_key_id=k",
        "--set=record_upload_secret_access_key=s3cr3t",
    ];
    let expected = [
        "BROKEN   upload       s3://calls/x at http://127.0.0.1",
        "cannot write an object: ",
        "cannot be reached",
        "record_upload_*",
    ];
    is_broken(&settings, |_| {}, &expected);
    let (report, _) = check(&settings, |_| {});
    assert!(!report.contains("s3cr3t"), "{report}");
    is_broken(
        &["--set=record_upload_url=calls"],
        |_| {},
        &[
            "BROKEN   settings",
            "record_upload_url: must begin with s3://",
        ],
    );
}
