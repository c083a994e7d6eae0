//! Checks that need the whole scenario.

use super::Diagnostic;
use super::document::Problems;
use super::links::Topology;
use super::model::Target;
use super::sessions::SessionDraft;
use crate::message::say;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;

const LEAST_IPV6_MTU: u32 = 1280;

/// Every client must be able to reach its server over links, whatever firewalls say. A server that is an address
/// counts if it is a node's.
pub(super) fn paths(
    problems: &mut Problems<'_>,
    topology: &Topology,
    sessions: &[SessionDraft],
    addresses: &[Vec<Vec<IpNet>>],
) {
    let mut sets = Sets::default();
    for link in &topology.links {
        sets.join(link.nodes[0], link.nodes[1]);
    }
    let mut owners: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for (node, interfaces) in addresses.iter().enumerate() {
        owners.extend(interfaces.iter().flatten().map(|network| (network.addr(), node)));
    }
    for draft in sessions {
        let server = match draft.spec.server {
            Target::Node(node) => node,
            Target::Address(address) => match owners.get(&address) {
                Some(&node) => node,
                None => continue,
            },
        };
        let client = draft.spec.client;
        if sets.find(client) != sets.find(server) {
            let name = |node: usize| &topology.nodes[node].name;
            let message = say!("no path between `{}` and `{}`", name(client), name(server));
            let diagnostic = Diagnostic::error(draft.server_span.clone(), message);
            let help = say!("join them in `links`, for example `\"{} -- {}\"`", name(client), name(server));
            problems.push(diagnostic.related(draft.client_span.clone(), say!("from here")).help(help));
        }
    }
}

/// Nothing runs on a machine that is switched off.
pub(super) fn clients_run(problems: &mut Problems<'_>, topology: &Topology, sessions: &[SessionDraft], down: &[bool]) {
    for draft in sessions {
        if down.get(draft.spec.client) == Some(&true) {
            let name = &topology.nodes[draft.spec.client].name;
            let message = say!("the client's machine `{}` is switched off", name);
            let help = say!("leave `down` out of [nodes.{}], or let another node be the client", name);
            problems.push(Diagnostic::error(draft.client_span.clone(), message).help(help));
        }
    }
}

/// IPv6 has no links with an MTU below 1280 (RFC 8200, section 5); Linux switches IPv6 off there.
pub(super) fn mtus(problems: &mut Problems<'_>, topology: &Topology, addresses: &[Vec<Vec<IpNet>>]) {
    for link in topology.links.iter().filter(|link| link.quality.mtu < LEAST_IPV6_MTU) {
        let [node, interface] = [link.nodes[0], link.interfaces[0]];
        if addresses[node].get(interface).is_some_and(|nets| nets.iter().any(|net| net.addr().is_ipv6())) {
            let message = say!("IPv6 needs an MTU of {}, this link has {}", LEAST_IPV6_MTU, link.quality.mtu);
            problems.error(link.span.clone(), message, say!("write a larger `mtu`, or use IPv4 only"));
        }
    }
}

/// Sets of numbers that are joined step by step; at first every number is alone.
#[derive(Default)]
pub(super) struct Sets(BTreeMap<usize, usize>);

impl Sets {
    /// The number that stands for the set of `item`.
    pub(super) fn find(&mut self, item: usize) -> usize {
        let mut root = item;
        while let Some(&next) = self.0.get(&root) {
            root = next;
        }
        let mut at = item;
        while at != root {
            at = self.0.insert(at, root).unwrap_or(root);
        }
        root
    }

    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        if a != b {
            self.0.insert(a, b);
        }
    }
}
