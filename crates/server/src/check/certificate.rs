use std::os::unix::fs::PermissionsExt;

use time::OffsetDateTime;

use super::Report;
use crate::Config;
use crate::tls::{Facts, Files, TlsError};

/// Renewal runs weeks before the end; later than this it has failed.
const ENDS_SOON_DAYS: i64 = 14;

const WHAT: &str = "certificate";

pub(super) fn look(config: &Config, report: &mut Report) {
    if !config.https {
        return;
    }
    let files = Files::of(config);
    if files.self_signed {
        self_signed(&files, report);
        return;
    }
    match files.server_config().and_then(|_| Facts::read(&files.cert)) {
        Ok(facts) => validity(&facts, report),
        Err(error) => report.broken(WHAT, error.to_string(), mend(&error)),
    }
    if let Ok(data) = files.key.metadata()
        && data.permissions().mode() & 0o004 != 0
    {
        report.warn(
            WHAT,
            format!(
                "{} can be read by everybody on this host",
                files.key.display()
            ),
            format!("chmod o-r {}", files.key.display()),
        );
    }
}

fn self_signed(files: &Files, report: &mut Report) {
    let found = match Facts::read(&files.cert) {
        Ok(facts) => format!("self-signed, until {}", facts.not_after.date()),
        Err(_) => "a self-signed one will be made at first start".to_owned(),
    };
    report.warn(
        WHAT,
        format!("{found}; browsers warn before they open the page"),
        "set tls_cert and tls_key (Let's Encrypt: fullchain.pem and privkey.pem)",
    );
}

fn validity(facts: &Facts, report: &mut Report) {
    let now = OffsetDateTime::now_utc();
    let names = facts.names.join(", ");
    let until = facts.not_after.date();
    if facts.not_after < now {
        report.broken(WHAT, format!("for {names}: ended on {until}"), "renew it");
    } else if facts.not_before > now {
        report.broken(
            WHAT,
            format!("for {names}: begins on {}", facts.not_before.date()),
            "set the host's clock, or wait",
        );
    } else if (facts.not_after - now).whole_days() < ENDS_SOON_DAYS {
        report.warn(WHAT, format!("for {names}: ends on {until}"), "renew it");
    } else {
        report.ok(WHAT, format!("for {names}, until {until}"));
    }
}

fn mend(error: &TlsError) -> String {
    match error {
        TlsError::Unreadable { reason, .. }
            if reason.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            "let the user that runs veche read it: chgrp, chmod g+r (and x on its folders)".into()
        }
        TlsError::Unreadable { path, .. } => format!(
            "put the file there, or correct tls_cert and tls_key (now {})",
            path.display()
        ),
        TlsError::Empty { what, .. } => {
            format!("give a {what} as a PEM file (-----BEGIN ...), not DER or PKCS#12")
        }
        _ => "use the certificate and the key that were issued together".into(),
    }
}
