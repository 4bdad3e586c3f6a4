use super::Report;
use crate::Config;
use crate::listen::{self, ListenError};

pub(super) fn look(config: &Config, report: &mut Report) {
    let bind = &config.bind;
    tell(
        report,
        "http_port",
        config.http_port,
        "TCP",
        listen::tcp("http_port", bind, config.http_port).map(drop),
    );
    if config.https {
        let opened = listen::tcp("https_port", bind, config.https_port).map(drop);
        tell(report, "https_port", config.https_port, "TCP", opened);
    } else {
        report.warn(
            "https_port",
            "https is off; browsers then give a page the camera on localhost only",
            "leave https on, or put a proxy with TLS in front",
        );
    }
    let opened = listen::try_udp("media_port", bind, config.media_port);
    tell(report, "media_port", config.media_port, "UDP", opened);
    if config.ice_tcp {
        let opened = listen::tcp("media_port", bind, config.media_port).map(drop);
        tell(report, "media_port", config.media_port, "TCP", opened);
    } else {
        report.warn(
            "media_port",
            "ice_tcp is off; clients whose network blocks UDP cannot meet",
            "leave ice_tcp on, and open the port on TCP too",
        );
    }
}

fn tell(
    report: &mut Report,
    key: &'static str,
    port: u16,
    protocol: &str,
    opened: Result<(), ListenError>,
) {
    match opened {
        Ok(()) if port == 0 => report.ok(key, format!("a free {protocol} port will be taken")),
        Ok(()) => report.ok(key, format!("{protocol} {port} is free")),
        Err(error) => report.broken(
            key,
            format!("{} {}: {}", error.protocol, error.address, error.reason()),
            error.mend(),
        ),
    }
}
