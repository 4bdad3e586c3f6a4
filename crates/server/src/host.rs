//! What this host is called and which addresses it has.

use std::net::IpAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The host's name, if it is one that can stand in a certificate.
pub fn name() -> Option<String> {
    let name = gethostname::gethostname().into_string().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

/// The addresses of the interfaces that are up, loopback and link-local ones left out.
pub fn addresses() -> Vec<IpAddr> {
    let mut addresses: Vec<_> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

/// Whether only machines of the same network reach the address
/// (RFC 1918, RFC 4193, RFC 6598, loopback, link-local).
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => {
            let link_local = v6.segments()[0] & 0xffc0 == 0xfe80;
            let unique_local = v6.segments()[0] & 0xfe00 == 0xfc00;
            v6.is_loopback() || link_local || unique_local
        }
    }
}

/// Lets other processes go first: 0 changes nothing, 19 is what only runs when
/// nothing else does.
pub fn be_nice(nice: u8) {
    let own = rustix::process::getpid();
    if let Err(error) = rustix::process::setpriority_process(Some(own), i32::from(nice.min(19))) {
        tracing::debug!(%error, "cannot change the priority");
    }
}

/// How many files and sockets this process may have open, once it has asked for all.
pub fn open_files() -> Option<u64> {
    getrlimit(Resource::Nofile).maximum
}

/// Asks for as many open files as the system allows. Systems start programs
/// with few (1024 on Debian), for the sake of some that use `select`.
pub fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    ) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
}
