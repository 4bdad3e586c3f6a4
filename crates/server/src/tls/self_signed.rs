use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use time::{Duration, OffsetDateTime};

use super::{Facts, Files, TlsError};
use crate::host;

/// How long a certificate lasts. Browsers refuse some that last longer.
const LIFETIME: Duration = Duration::days(397);

/// A certificate that ends sooner than this is made anew at start.
const RENEW_BEFORE: Duration = Duration::days(30);

/// Clients' clocks are not exact.
const CLOCK_SKEW: Duration = Duration::days(1);

/// Where the self-signed certificate is kept.
pub(super) fn place(data_dir: &Path) -> Files {
    let directory = data_dir.join("tls");
    Files {
        cert: directory.join("self-signed.pem"),
        key: directory.join("self-signed.key"),
        self_signed: true,
    }
}

/// Makes the pair, unless there is one that lasts.
pub(super) fn ensure(files: &Files, public: &[IpAddr]) -> Result<(), TlsError> {
    let lasts = match Facts::read(&files.cert) {
        Ok(facts) => facts.not_after - OffsetDateTime::now_utc() > RENEW_BEFORE,
        Err(_) => false,
    };
    if lasts && files.key.exists() {
        return Ok(());
    }
    make(files, public).map_err(|reason| TlsError::NotMade {
        directory: files.cert.parent().unwrap_or(Path::new("")).to_owned(),
        reason,
    })
}

fn make(files: &Files, public: &[IpAddr]) -> Result<(), String> {
    let key = KeyPair::generate().map_err(|error| error.to_string())?;
    let mut params = CertificateParams::new(names(public)).map_err(|error| error.to_string())?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "Veche (self-signed)");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = OffsetDateTime::now_utc();
    params.not_before = now - CLOCK_SKEW;
    params.not_after = now - CLOCK_SKEW + LIFETIME;
    let certificate = params
        .self_signed(&key)
        .map_err(|error| error.to_string())?;

    let directory = files.key.parent().unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| error.to_string())?;
    // The key first: a pair of which the certificate is missing is made anew.
    write(&files.key, key.serialize_pem().as_bytes(), 0o600)
        .and_then(|()| write(&files.cert, certificate.pem().as_bytes(), 0o644))
        .map_err(|error| error.to_string())
}

/// Every name that somebody on this host or in its network may open it by.
fn names(public: &[IpAddr]) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".into(), "::1".into()];
    names.extend(host::name());
    names.extend(
        host::addresses()
            .iter()
            .chain(public)
            .map(IpAddr::to_string),
    );
    names.sort();
    names.dedup();
    names
}

fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    // The mode counts only for a new file.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?
        .write_all(content)
}
