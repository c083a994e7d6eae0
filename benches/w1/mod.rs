//! The workload W1: short FTP sessions, many at once.
//!
//! A session is the client's default one with `get big.bin` in extended passive mode: 8 commands, 10 replies and a data
//! connection of 20 kB, then both connections are closed. Every link has 10 ms and 100 Mbit/s; the sessions start
//! spread over 100 ms. Each router is a stateful firewall with a dozen rules.

use ftpscope::engine::{Limits, Simulation};
use ftpscope::firewall::{Chain, Firewall, Hook, Policy, Resolver, parse_rule};
use ftpscope::ftp::{ClientConfig, ClientSession, FileSystem, Mode, Server, ServerConfig};
use ftpscope::ids::{RuleId, SessionId};
use ftpscope::network::{LinkSettings, Topology};
use ftpscope::packet::Endpoint;
use ftpscope::tcp;
use ftpscope::time::{Duration, Instant};
use ftpscope::trace::Observer;
use ipnet::{IpNet, Ipv4Net};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// How the sessions lie in the network.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Each session has a client, a router and a server of its own.
    Pairs,
    /// All clients hang on one router, and all call one server behind it.
    Star,
}

impl Shape {
    /// `pairs`, `star`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pairs => "pairs",
            Self::Star => "star",
        }
    }
}

/// `ct state established,related accept` stands in the middle, so that most packets see half of the rules.
const RULES: [&str; 12] = [
    "ct state invalid drop",
    "ip saddr 192.0.2.0/24 drop",
    "ip daddr { 192.0.2.0/24, 198.18.0.0/15 } drop",
    "tcp dport { 135, 139, 445 } drop",
    "tcp flags & (syn|fin) == (syn|fin) drop",
    "meta l4proto icmp accept",
    "ct state established,related accept",
    "tcp dport { ssh, http, https } accept",
    "tcp dport ftp ct state new accept",
    "tcp dport 1024-65535 ct state new accept",
    "tcp sport ftp-data accept",
    "reject with tcp reset",
];

const LINK: LinkSettings =
    LinkSettings { delay: Duration::from_millis(10), queue: 1_000_000_000, ..LinkSettings::DEFAULT };

/// The network with its programs, at rest.
pub(crate) fn build<O: Observer>(shape: Shape, sessions: u32, observer: O) -> Simulation<O> {
    let mut topology = Topology::default();
    let mut plan = Vec::new();
    let mut routers = Vec::new();
    let mut servers = Vec::new();
    match shape {
        Shape::Pairs => {
            for i in 0..sessions {
                let client = topology.add_node("client", false);
                let router = topology.add_node("router", true);
                let server = topology.add_node("server", false);
                topology.add_link(client, router, [net(i * 16 + 2), net(i * 16 + 1)], LINK);
                topology.add_link(router, server, [net(i * 16 + 9), net(i * 16 + 10)], LINK);
                plan.push((client, i * 16 + 10));
                routers.push(router);
                servers.push(server);
            }
        }
        Shape::Star => {
            let router = topology.add_node("router", true);
            let server = topology.add_node("server", false);
            let last = sessions * 16;
            topology.add_link(router, server, [net(last + 9), net(last + 10)], LINK);
            for i in 0..sessions {
                let client = topology.add_node("client", false);
                topology.add_link(client, router, [net(i * 16 + 2), net(i * 16 + 1)], LINK);
                plan.push((client, last + 10));
            }
            routers.push(router);
            servers.push(server);
        }
    }
    let mut simulation = Simulation::new(topology, 1, tcp::Config::default(), observer);
    let rules = RULES.map(|text| parse_rule(text).expect("the rules are good"));
    for router in routers {
        let mut chain = Chain::new(Policy::Drop, RuleId(0));
        for (number, rule) in rules.iter().enumerate() {
            chain.push(RuleId(number as u32 + 1), rule, Resolver { interface: &|_| None, chain: &|_| None });
        }
        let mut firewall = Firewall::default();
        firewall.set_chain(Hook::Forward, chain);
        simulation.set_firewall(router, firewall);
    }
    let mut files = FileSystem::new();
    files.add("big.bin", FileSystem::generated(20_000));
    for server in servers {
        let config = ServerConfig { files: files.clone(), ..ServerConfig::default() };
        simulation.add_server(server, 21, Server::new(config));
    }
    let config = Arc::new(ClientConfig {
        mode: Mode::PassiveEpsv,
        run: vec!["get big.bin".to_owned()],
        ..ClientConfig::default()
    });
    for (number, (client, server)) in (0..).zip(plan) {
        let start = Instant::from_nanos(u64::from(number) * 100_000_000 / u64::from(sessions));
        let to = Endpoint::new(address(server).into(), 21);
        simulation.add_client(client, SessionId(number), to, start, ClientSession::new(config.clone()));
    }
    simulation
}

/// Runs it to its end and checks that every session came to its own. Never inlined, so that callgrind can be told to
/// count only what happens here: `--toggle-collect='*w1::run*'`.
#[inline(never)]
pub(crate) fn run<O: Observer>(simulation: &mut Simulation<O>) {
    let limits = Limits { frames: usize::MAX, ..Limits::default() };
    simulation.run(limits).expect("W1 stays within its limits");
    assert!(simulation.clients_finished());
}

fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0a00_0000 + number)
}

fn net(number: u32) -> Vec<IpNet> {
    vec![IpNet::V4(Ipv4Net::new(address(number), 29).expect("29 is a prefix length"))]
}
