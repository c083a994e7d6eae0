//! `[nodes.name]`: what the file says of each node.

use super::document::{Field, Problems, Table, one_or_list};
use super::firewall::{self, FirewallDraft};
use super::links::Topology;
use super::model::FtpServerSpec;
use super::{jumps, routes, server};
use crate::message::{Phrase, say};
use crate::network::Hop;
use crate::suggest::{did_you_mean, one_of, quote};
use ipnet::IpNet;
use std::net::IpAddr;
use std::ops::Range;

const KEYS: [&str; 8] = ["address", "addresses", "down", "forward", "gateway", "routes", "firewall", "ftp-server"];

/// What the file says of a node; nothing, for most.
#[derive(Default)]
pub(super) struct NodeDraft {
    /// `address`.
    pub(super) address: Vec<Given>,
    /// `addresses`: the interface's position and the address.
    pub(super) addresses: Vec<(usize, Given)>,
    pub(super) down: bool,
    pub(super) gateway: Option<usize>,
    pub(super) routes: Vec<(IpNet, Hop)>,
    pub(super) forward: Option<bool>,
    pub(super) firewall: FirewallDraft,
    pub(super) ftp_server: Option<FtpServerSpec>,
}

/// An address as written.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) address: IpAddr,
    pub(super) prefix: Option<u8>,
    pub(super) span: Range<usize>,
}

/// Reads `nodes`: one draft for each node of `topology`. `bytes` counts what all files of the scenario hold.
pub(super) fn read(
    problems: &mut Problems<'_>,
    root: &Table<'_>,
    topology: &Topology,
    bytes: &mut u64,
) -> Vec<NodeDraft> {
    let mut drafts: Vec<NodeDraft> = topology.nodes.iter().map(|_| NodeDraft::default()).collect();
    let Some(tables) = root.get("nodes").and_then(|field| problems.table(field, "[nodes.client]")) else {
        return drafts;
    };
    let mut rules = 0;
    for field in &tables.fields {
        let node = topology.resolve(problems, field.key, field.key_span.clone());
        let draft = read_one(problems, field, topology, node, bytes, &mut rules);
        if let (Some(node), Some(draft)) = (node, draft) {
            drafts[node] = draft;
        }
    }
    drafts
}

/// Reads one node; `node` is not known for a misspelt name, and its table is checked all the same.
fn read_one(
    problems: &mut Problems<'_>,
    field: &Field<'_>,
    topology: &Topology,
    node: Option<usize>,
    bytes: &mut u64,
    rules: &mut usize,
) -> Option<NodeDraft> {
    let table = problems.table(field, "address = \"192.168.1.10\"")?;
    problems.known(&table, say!("a node"), &KEYS);
    let mut draft = NodeDraft::default();
    if let Some(field) = table.get("address") {
        for item in one_or_list(field, say!("an address")) {
            draft.address.extend(given(problems, &item));
        }
    }
    if let Some(addresses) =
        table.get("addresses").and_then(|field| problems.table(field, "{ office = \"10.0.1.1/24\" }"))
    {
        for field in &addresses.fields {
            let interface = node.and_then(|node| interface(problems, field, topology, node));
            for item in one_or_list(field, say!("an address")) {
                let address = given(problems, &item);
                draft.addresses.extend(interface.zip(address));
            }
        }
    }
    draft.down = table.get("down").and_then(|field| problems.boolean(field)).unwrap_or_default();
    draft.forward = table.get("forward").and_then(|field| problems.boolean(field));
    if let (Some(field), Some(node)) = (table.get("gateway"), node) {
        draft.gateway = gateway(problems, field, topology, node);
    }
    if let Some(field) = table.get("routes") {
        draft.routes = routes::read(problems, field, topology, node);
    }
    if let Some(field) = table.get("firewall") {
        let neighbours = node.filter(|_| !topology.unread).map(|node| {
            let known = topology.neighbours(node).map(|peer| topology.nodes[peer].name.as_str());
            let doubtful = topology.doubtful_words().filter(|_| !topology.knows(node));
            let mut names: Vec<&str> = known.collect();
            for word in doubtful {
                if !names.contains(&word) {
                    names.push(word);
                }
            }
            names
        });
        draft.firewall = firewall::read(problems, field, neighbours.as_deref(), rules);
        jumps::check(problems, &mut draft.firewall);
    }
    draft.ftp_server = table.get("ftp-server").and_then(|field| server::read(problems, field, bytes));
    Some(draft)
}

/// The position of the interface towards the neighbour that a text names.
fn gateway(problems: &mut Problems<'_>, field: &Field<'_>, topology: &Topology, node: usize) -> Option<usize> {
    let name = problems.string(field, "internet")?;
    let names = || topology.neighbours(node).map(|peer| topology.nodes[peer].name.as_str());
    let found = names().position(|known| known == name);
    if found.is_none() && !topology.may_lead(node, field.key) {
        let help = did_you_mean(
            problems.closest(name, names()),
            say!("the gateway is one of the neighbours: {}", one_of(names())),
        );
        problems.error(field.span(), say!("{} is no neighbour of `{}`", quote(name), topology.nodes[node].name), help);
    }
    found
}

/// The position of the interface towards the neighbour that `field`'s key names.
fn interface(problems: &mut Problems<'_>, field: &Field<'_>, topology: &Topology, node: usize) -> Option<usize> {
    let names = || topology.neighbours(node).map(|peer| topology.nodes[peer].name.as_str());
    let found = names().position(|name| name == field.key);
    if found.is_none() && !topology.may_lead(node, field.key) {
        let help = did_you_mean(
            problems.closest(field.key, names()),
            say!("each interface is named after its neighbour: {}", one_of(names())),
        );
        let message = say!("{} is no neighbour of `{}`", quote(field.key), topology.nodes[node].name);
        problems.error(field.key_span.clone(), message, help);
    }
    found
}

/// `192.168.1.10` or `192.168.1.10/24`.
fn given(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<Given> {
    let text = problems.string(field, "192.168.1.10")?.trim();
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        let help = say!("write `192.168.1.10`, `192.168.1.10/24` or `2001:db8::10`");
        problems.error(field.span(), say!("{} is not an IP address", quote(text)), help);
        return None;
    };
    if let Some((what, help)) = unusable(address) {
        problems.error(field.span(), say!("{} cannot be a node's address: it is {}", address, what), help);
        return None;
    }
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = prefix.map(|prefix| prefix.parse::<u8>().ok().filter(|length| (1..=longest).contains(length)));
    if let (Some(None), Some(prefix)) = (length, prefix) {
        let message = say!("there is no prefix length {}", quote(prefix));
        problems.error(field.span(), message, say!("it is between 1 and {}", longest));
        return None;
    }
    Some(Given { address, prefix: length.flatten(), span: field.span() })
}

/// Why no interface can have `address`, and what to write instead.
fn unusable(address: IpAddr) -> Option<(Phrase, Phrase)> {
    let private = say!("private addresses are 10.x.x.x, 172.16.x.x and 192.168.x.x; for the internet take 203.0.113.x");
    let found = match address {
        _ if address.is_unspecified() => {
            (say!("the unspecified address"), say!("leave `address` out to have one assigned"))
        }
        _ if address.is_multicast() => (say!("a multicast address"), private),
        _ if address.is_loopback() => (say!("a loopback address, which never leaves its machine"), private),
        IpAddr::V4(v4) if v4.is_broadcast() => (say!("the broadcast address"), private),
        IpAddr::V4(v4) if v4.octets()[0] == 0 || v4.octets()[0] >= 240 => (say!("reserved"), private),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            (say!("a link-local address, which is valid on one link only"), say!("take one such as 2001:db8::10"))
        }
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
            (say!("an IPv4 address in IPv6 clothes"), say!("write it as IPv4"))
        }
        _ => return None,
    };
    Some(found)
}
