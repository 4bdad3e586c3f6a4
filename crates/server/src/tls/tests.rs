use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

fn scratch() -> (TempDir, Config) {
    let directory = tempfile::tempdir().unwrap();
    let config = Config {
        data_dir: directory.path().join("data"),
        public_ip: vec!["203.0.113.7".parse().unwrap()],
        ..Config::default()
    };
    (directory, config)
}

#[test]
fn a_self_signed_certificate_is_made_for_every_name_of_the_host() {
    let (_directory, config) = scratch();
    let files = Files::ensure(&config).unwrap();
    let facts = Facts::read(&files.cert).unwrap();
    for name in ["localhost", "127.0.0.1", "::1", "203.0.113.7"] {
        assert!(
            facts.names.iter().any(|known| known == name),
            "{name}: {facts:?}"
        );
    }
    let days = (facts.not_after - facts.not_before).whole_days();
    assert_eq!(days, 397);
    files.server_config().unwrap();
}

#[test]
fn the_key_is_for_the_owner_alone() {
    let (_directory, config) = scratch();
    let files = Files::ensure(&config).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&files.key), 0o600);
    assert_eq!(mode(files.key.parent().unwrap()), 0o700);
}

#[test]
fn a_certificate_is_kept_over_restarts_and_made_anew_when_half_is_lost() {
    let (_directory, config) = scratch();
    let files = Files::ensure(&config).unwrap();
    let first = fs::read(&files.cert).unwrap();
    Files::ensure(&config).unwrap();
    assert_eq!(fs::read(&files.cert).unwrap(), first);

    fs::remove_file(&files.key).unwrap();
    Files::ensure(&config).unwrap();
    assert_ne!(fs::read(&files.cert).unwrap(), first);
    files.server_config().unwrap();
}

#[test]
fn a_certificate_that_ends_soon_is_made_anew() {
    let (_directory, config) = scratch();
    let files = Files::ensure(&config).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
    params.not_after = time::OffsetDateTime::now_utc() + time::Duration::days(3);
    let ending = params.self_signed(&key).unwrap().pem();
    fs::write(&files.cert, &ending).unwrap();
    fs::write(&files.key, key.serialize_pem()).unwrap();

    Files::ensure(&config).unwrap();
    assert_ne!(fs::read_to_string(&files.cert).unwrap(), ending);
}

fn check_error(break_it: impl Fn(&Files), expected: &str) {
    let (_directory, config) = scratch();
    let files = Files::ensure(&config).unwrap();
    break_it(&files);
    let error = files.server_config().unwrap_err().to_string();
    assert!(error.contains(expected), "{expected:?} in: {error}");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    check_error(|files| fs::remove_file(&files.cert).unwrap(), "cannot read");
    check_error(
        |files| fs::write(&files.cert, "nothing").unwrap(),
        "self-signed.pem holds no certificate in PEM form",
    );
    check_error(
        |files| fs::write(&files.key, "").unwrap(),
        "self-signed.key holds no private key in PEM form",
    );
    check_error(
        |files| {
            let other = rcgen::KeyPair::generate().unwrap();
            fs::write(&files.key, other.serialize_pem()).unwrap();
        },
        "do not work together",
    );
}

#[test]
fn own_files_are_used_where_they_are_set() {
    let (_directory, mut config) = scratch();
    config.tls_cert = Some("a.pem".into());
    config.tls_key = Some("a.key".into());
    let files = Files::ensure(&config).unwrap();
    assert_eq!(files.cert, Path::new("a.pem"));
    assert!(!files.self_signed);
}
