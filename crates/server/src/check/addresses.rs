use std::net::IpAddr;

use super::Report;
use crate::{Config, host};

pub(super) fn look(config: &Config, report: &mut Report) {
    let own = host::addresses();
    let bound: Vec<_> = config
        .bind
        .iter()
        .filter(|ip| !ip.is_unspecified())
        .copied()
        .collect();
    let reachable = if bound.is_empty() { own.clone() } else { bound };

    if config.public_ip.is_empty() {
        from_interfaces(&reachable, report);
    }
    for address in &config.public_ip {
        public(*address, &own, report);
    }
}

fn from_interfaces(addresses: &[IpAddr], report: &mut Report) {
    let listed = list(addresses);
    if addresses.iter().all(IpAddr::is_loopback) {
        report.warn(
            "addresses",
            "clients are told loopback addresses only, so nobody outside this host can meet",
            "connect the host to a network, or set public_ip",
        );
    } else if addresses.iter().copied().all(host::is_private) {
        report.warn(
            "addresses",
            format!("clients are told {listed}, which only this network reaches"),
            "for people outside set public_ip to the address that they reach this host by",
        );
    } else {
        report.ok("addresses", format!("clients are told {listed}"));
    }
}

fn public(address: IpAddr, own: &[IpAddr], report: &mut Report) {
    if address.is_loopback() {
        report.warn(
            "public_ip",
            format!("{address} is this host itself, so nobody outside it can meet"),
            "set public_ip to the address that clients reach this host by",
        );
    } else if host::is_private(address) {
        report.warn(
            "public_ip",
            format!("{address} is a private address, which only its own network reaches"),
            "set public_ip to the public address of the router or the cloud machine",
        );
    } else if own.contains(&address) {
        report.ok("public_ip", format!("{address} is an address of this host"));
    } else {
        report.ok(
            "public_ip",
            format!("{address} is told to clients; whatever translates it must forward the media port on UDP and TCP"),
        );
    }
    let same_family = |own: &IpAddr| own.is_ipv4() == address.is_ipv4();
    if !address.is_loopback() && !own.iter().any(same_family) {
        let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
        report.warn(
            "public_ip",
            format!(
                "{address} is told to clients, and this host has no {family} address to receive on"
            ),
            format!("take it out, or give the host {family}"),
        );
    }
}

fn list(addresses: &[IpAddr]) -> String {
    let texts: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
    texts.join(", ")
}
