//! The addresses that clients are told, and which of them a datagram came to.

use std::net::{IpAddr, SocketAddr};

/// Candidates in one answer; a host with more interfaces names the first ones.
const MAX_ADDRESSES: usize = 8;

/// Addresses to advertise now: those configured, else those of the interfaces.
/// Loopback only where there is nothing else (a laptop without network).
pub(crate) fn advertised(configured: &[IpAddr], bound: &[IpAddr]) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = if configured.is_empty() {
        let interfaces: Vec<IpAddr> = if_addrs::get_if_addrs()
            .unwrap_or_default()
            .into_iter()
            .map(|i| i.ip())
            .filter(|ip| is_reachable(*ip))
            .collect();
        let bound: Vec<IpAddr> = bound
            .iter()
            .copied()
            .filter(|b| !b.is_unspecified())
            .collect();
        if bound.is_empty() { interfaces } else { bound }
    } else {
        configured.to_vec()
    };
    // IPv4 first: it is what works where only one does.
    addresses.sort_by_key(IpAddr::is_ipv6);
    addresses.dedup();
    if addresses.iter().any(|ip| !ip.is_loopback()) && configured.is_empty() {
        addresses.retain(|ip| !ip.is_loopback() || bound.contains(ip));
    }
    addresses.truncate(MAX_ADDRESSES);
    addresses
}

/// Link-local addresses need a scope that a candidate cannot carry.
fn is_reachable(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !v4.is_link_local() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_unicast_link_local() && !v6.is_unspecified() && !v6.is_multicast(),
    }
}

/// The candidate that a datagram to `local` was meant for. Behind 1:1 NAT the
/// packet names an inner address that no candidate has.
pub(crate) fn candidate_for(local: IpAddr, candidates: &[SocketAddr]) -> Option<SocketAddr> {
    candidates
        .iter()
        .find(|c| c.ip() == local)
        .or_else(|| candidates.iter().find(|c| c.is_ipv4() == local.is_ipv4()))
        .or_else(|| candidates.first())
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(s: &str) -> IpAddr {
        s.parse().unwrap()
    }

    #[test]
    fn configured_addresses_replace_the_interfaces() {
        assert_eq!(advertised(&[ip("203.0.113.7")], &[]), [ip("203.0.113.7")]);
    }

    #[test]
    fn bound_addresses_are_what_is_advertised() {
        assert_eq!(advertised(&[], &[ip("127.0.0.1")]), [ip("127.0.0.1")]);
    }

    #[test]
    fn an_inner_address_is_taken_for_the_public_one_of_its_family() {
        let candidates = [
            "203.0.113.7:1".parse().unwrap(),
            "[2001:db8::7]:1".parse().unwrap(),
        ];
        assert_eq!(
            candidate_for(ip("10.0.0.5"), &candidates),
            Some(candidates[0])
        );
        assert_eq!(
            candidate_for(ip("fd00::1"), &candidates),
            Some(candidates[1])
        );
        assert_eq!(
            candidate_for(ip("2001:db8::7"), &candidates),
            Some(candidates[1])
        );
    }
}
