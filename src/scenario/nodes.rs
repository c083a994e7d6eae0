//! `[nodes.name]`: what the file says of each node.

use super::document::{Field, Problems, Table, one_or_list};
use super::firewall::{self, FirewallDraft};
use super::links::Topology;
use super::model::FtpServerSpec;
use super::{jumps, routes, server};
use crate::network::Hop;
use crate::suggest::{one_of, quote};
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
    problems.known(&table, "a node", &KEYS);
    let mut draft = NodeDraft::default();
    if let Some(field) = table.get("address") {
        for item in one_or_list(field, "an address") {
            draft.address.extend(given(problems, &item));
        }
    }
    if let Some(addresses) =
        table.get("addresses").and_then(|field| problems.table(field, "{ office = \"10.0.1.1/24\" }"))
    {
        for field in &addresses.fields {
            let interface = node.and_then(|node| interface(problems, field, topology, node));
            for item in one_or_list(field, "an address") {
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
            known.chain(doubtful).collect::<Vec<_>>()
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
        let near = problems.closest(name, names()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let help = format!("{near}the gateway is one of the neighbours: {}", one_of(names()));
        problems.error(
            field.span(),
            format!("{} is no neighbour of `{}`", quote(name), topology.nodes[node].name),
            help,
        );
    }
    found
}

/// The position of the interface towards the neighbour that `field`'s key names.
fn interface(problems: &mut Problems<'_>, field: &Field<'_>, topology: &Topology, node: usize) -> Option<usize> {
    let names = || topology.neighbours(node).map(|peer| topology.nodes[peer].name.as_str());
    let found = names().position(|name| name == field.key);
    if found.is_none() && !topology.may_lead(node, field.key) {
        let near =
            problems.closest(field.key, names()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let help = format!("{near}each interface is named after its neighbour: {}", one_of(names()));
        let message = format!("{} is no neighbour of `{}`", quote(field.key), topology.nodes[node].name);
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
        let help = "write `192.168.1.10`, `192.168.1.10/24` or `2001:db8::10`";
        problems.error(field.span(), format!("{} is not an IP address", quote(text)), help);
        return None;
    };
    if let Some((what, help)) = unusable(address) {
        problems.error(field.span(), format!("{address} cannot be a node's address: it is {what}"), help);
        return None;
    }
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = prefix.map(|prefix| prefix.parse::<u8>().ok().filter(|length| (1..=longest).contains(length)));
    if let (Some(None), Some(prefix)) = (length, prefix) {
        let message = format!("there is no prefix length {}", quote(prefix));
        problems.error(field.span(), message, format!("it is between 1 and {longest}"));
        return None;
    }
    Some(Given { address, prefix: length.flatten(), span: field.span() })
}

/// Why no interface can have `address`, and what to write instead.
fn unusable(address: IpAddr) -> Option<(&'static str, &'static str)> {
    let private = "private addresses are 10.x.x.x, 172.16.x.x and 192.168.x.x; for the internet take 203.0.113.x";
    let found = match address {
        _ if address.is_unspecified() => ("the unspecified address", "leave `address` out to have one assigned"),
        _ if address.is_multicast() => ("a multicast address", private),
        _ if address.is_loopback() => ("a loopback address, which never leaves its machine", private),
        IpAddr::V4(v4) if v4.is_broadcast() => ("the broadcast address", private),
        IpAddr::V4(v4) if v4.octets()[0] == 0 || v4.octets()[0] >= 240 => ("reserved", private),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            ("a link-local address, which is valid on one link only", "take one such as 2001:db8::10")
        }
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => ("an IPv4 address in IPv6 clothes", "write it as IPv4"),
        _ => return None,
    };
    Some(found)
}
