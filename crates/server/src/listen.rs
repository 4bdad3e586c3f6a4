//! Opening ports, with errors that tell which setting to change.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that wait to be accepted; what Linux allows by default.
const BACKLOG: i32 = 4096;

/// How often a free port is looked for that every address has.
const FREE_PORT_TRIES: usize = 16;

/// A port could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open {protocol} {address} ({key}): {}; {}", self.reason(), self.mend())]
pub struct ListenError {
    /// The setting that names the port.
    pub key: &'static str,
    /// `TCP` or `UDP`.
    pub protocol: &'static str,
    /// What was to be opened.
    pub address: SocketAddr,
    /// The system's answer.
    pub source: io::Error,
}

impl ListenError {
    /// What is wrong, in words.
    pub fn reason(&self) -> String {
        match self.source.kind() {
            io::ErrorKind::AddrInUse => {
                "another program uses it (perhaps veche runs already)".into()
            }
            io::ErrorKind::PermissionDenied => "not allowed".into(),
            io::ErrorKind::AddrNotAvailable => "this host does not have the address".into(),
            _ => self.source.to_string(),
        }
    }

    /// What to do about it.
    pub fn mend(&self) -> String {
        let key = self.key;
        let flag = key.replace('_', "-");
        let variable = key.to_uppercase();
        let other = self.address.port().saturating_add(1).max(1024);
        match self.source.kind() {
            io::ErrorKind::PermissionDenied if self.address.port() < 1024 => format!(
                "ports below 1024 need a right: setcap cap_net_bind_service=+ep on the executable, \
                 AmbientCapabilities=CAP_NET_BIND_SERVICE in a systemd unit, or another port with --{flag}"
            ),
            io::ErrorKind::AddrNotAvailable => {
                "change bind in veche.toml, --bind or VECHE_BIND; `ip address` lists what there is"
                    .into()
            }
            _ => format!(
                "stop that program, or choose another port: --{flag} {other}, VECHE_{variable}={other}, \
                 or {key} = {other} in veche.toml"
            ),
        }
    }
}

/// Opens a TCP port on all the addresses. Port 0 takes one that is free on each.
///
/// # Errors
/// The first address that refuses.
pub fn tcp(key: &'static str, bind: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, ListenError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match try_tcp(key, bind, port) {
            Err(error) if port == 0 && in_use(&error) && tries < FREE_PORT_TRIES => {}
            result => return result,
        }
    }
}

fn try_tcp(key: &'static str, bind: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, ListenError> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut port = port;
    for (address, required) in addresses(bind) {
        let address = SocketAddr::new(address, port);
        let opened = open_tcp(address).and_then(|listener| {
            let local = listener.local_addr()?;
            Ok((listener, local))
        });
        match opened {
            Ok((listener, local)) => {
                port = local.port();
                listeners.push(listener);
            }
            Err(source) if !required && unsupported(&source) => {}
            Err(source) => {
                return Err(ListenError {
                    key,
                    protocol: "TCP",
                    address,
                    source,
                });
            }
        }
    }
    Ok(listeners)
}

/// Tries whether a UDP port could be opened, and closes it again.
///
/// # Errors
/// The first address that refuses.
pub fn try_udp(key: &'static str, bind: &[IpAddr], port: u16) -> Result<(), ListenError> {
    for (address, required) in addresses(bind) {
        let address = SocketAddr::new(address, port);
        match open_udp(address) {
            Ok(_) => {}
            Err(source) if !required && unsupported(&source) => {}
            Err(source) => {
                return Err(ListenError {
                    key,
                    protocol: "UDP",
                    address,
                    source,
                });
            }
        }
    }
    Ok(())
}

/// What to bind, and whether it is an error that it cannot be. A host without
/// IPv6 is no error unless an IPv6 address was asked for.
fn addresses(bind: &[IpAddr]) -> Vec<(IpAddr, bool)> {
    if bind.is_empty() {
        return vec![
            (Ipv4Addr::UNSPECIFIED.into(), true),
            (Ipv6Addr::UNSPECIFIED.into(), false),
        ];
    }
    bind.iter().map(|address| (*address, true)).collect()
}

fn open_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = open(address, Type::STREAM, Protocol::TCP)?;
    // A restart must not wait for the old connections' TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn open_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = open(address, Type::DGRAM, Protocol::UDP)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn open(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // IPv4 has its own socket, so that its peers are not seen as ::ffff:a.b.c.d.
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

fn unsupported(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.kind() == io::ErrorKind::Unsupported
        || error.raw_os_error() == Some(NO_ADDRESS_FAMILY)
}

/// EAFNOSUPPORT, for which `ErrorKind` has no name.
const NO_ADDRESS_FAMILY: i32 = 97;

fn in_use(error: &ListenError) -> bool {
    error.source.kind() == io::ErrorKind::AddrInUse
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_free_port_is_the_same_on_every_address() {
        let listeners = tcp("http_port", &[], 0).unwrap();
        let ports: Vec<_> = listeners
            .iter()
            .map(|listener| listener.local_addr().unwrap().port())
            .collect();
        assert_ne!(ports[0], 0);
        assert!(ports.iter().all(|port| *port == ports[0]), "{ports:?}");
    }

    #[test]
    fn a_taken_port_names_the_settings_that_change_it() {
        let holder = TcpListener::bind((LOOPBACK, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = tcp("https_port", &[LOOPBACK], port)
            .unwrap_err()
            .to_string();
        for part in [
            &format!("TCP 127.0.0.1:{port} (https_port)"),
            "another program uses it",
            "--https-port",
            "VECHE_HTTPS_PORT=",
            "https_port = ",
        ] {
            assert!(error.contains(part), "{part} in: {error}");
        }
    }

    #[test]
    fn a_taken_media_port_is_found() {
        let holder = UdpSocket::bind((LOOPBACK, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = try_udp("media_port", &[LOOPBACK], port).unwrap_err();
        assert_eq!(error.protocol, "UDP");
        drop(holder);
        assert!(try_udp("media_port", &[LOOPBACK], port).is_ok());
    }

    #[test]
    fn an_address_of_another_host_points_at_bind() {
        let elsewhere: IpAddr = "192.0.2.1".parse().unwrap();
        let error = tcp("http_port", &[elsewhere], 0).unwrap_err();
        assert!(error.mend().contains("--bind"), "{error}");
    }
}
