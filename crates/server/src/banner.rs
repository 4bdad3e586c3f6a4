use std::collections::BTreeSet;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::absolute;

use crate::config::LogFormat;
use crate::run::Running;
use crate::{assets, host};

/// So many addresses are listed; a host may have dozens.
const LISTED: usize = 4;

/// Tells on standard output where the server is to be found. Log collectors
/// get the same as a log line.
pub fn show(running: &Running) {
    match running.config.log_format {
        LogFormat::Text => {
            let mut out = std::io::stdout().lock();
            // Nobody may be reading; that is no reason to stop.
            let _ = out
                .write_all(text(running).as_bytes())
                .and_then(|()| out.flush());
        }
        LogFormat::Json => tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            http = running.ports.http,
            https = running.ports.https,
            media = running.ports.media,
            "listening"
        ),
    }
}

fn text(running: &Running) -> String {
    let config = &running.config;
    let mut hosts = config.public_ip.clone();
    hosts.extend(bound(&config.bind));
    hosts.truncate(LISTED);

    let mut lines = vec![
        String::new(),
        format!("  Veche {}", env!("CARGO_PKG_VERSION")),
        String::new(),
    ];
    for (n, url) in running.urls(&hosts).iter().enumerate() {
        let label = if n == 0 { "Open" } else { "" };
        lines.push(format!("  {label:<8}{url}"));
    }
    let protocols = if config.ice_tcp { "UDP and TCP" } else { "UDP" };
    let told: BTreeSet<_> = running.media_addresses.iter().map(SocketAddr::ip).collect();
    let told: Vec<_> = told.iter().take(LISTED).map(IpAddr::to_string).collect();
    let (media, told) = (running.ports.media, told.join(", "));
    lines.push(format!("  {:<8}{protocols} {media} at {told}", "Media"));
    let data = absolute(&config.data_dir).unwrap_or_else(|_| config.data_dir.clone());
    lines.push(format!("  {:<8}{}", "Data", data.display()));
    if running.admin_token.is_new {
        let text = &running.admin_token.text;
        lines.push(format!("  {:<8}{text}", "Admin"));
        lines.push(format!(
            "  {:<8}(the token of the REST API, shown once and kept in {})",
            "",
            running.admin_token.path.display()
        ));
    }
    lines.push(String::new());
    for warning in warnings(running, &hosts) {
        lines.push(format!("  ! {warning}"));
    }
    lines.push("  Ctrl+C stops it; `veche check` looks for trouble.".into());
    lines.push("\n".into());
    lines.join("\n")
}

fn bound(bind: &[IpAddr]) -> Vec<IpAddr> {
    match bind.iter().any(IpAddr::is_unspecified) || bind.is_empty() {
        true => host::addresses(),
        false => bind
            .iter()
            .filter(|ip| !ip.is_loopback())
            .copied()
            .collect(),
    }
}

fn warnings(running: &Running, hosts: &[IpAddr]) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if !assets::are_built() {
        warnings.push("The web apps are not built in: `make build`.");
    }
    match &running.certificate {
        None => warnings.push("Without https, browsers give a page the camera on localhost only."),
        Some(files) if files.self_signed && !hosts.is_empty() => warnings.push(
            "The certificate is self-signed, so browsers warn first: set tls_cert and tls_key for others.",
        ),
        Some(_) => {}
    }
    warnings
}
