//! `[nodes.NAME] routes`: routes as an administrator writes them.

use super::document::{Field, Problems};
use super::links::Topology;
use crate::message::say;
use crate::network::Hop;
use crate::suggest::{did_you_mean, one_of, quote};
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};

/// Reads a table of networks and where they lead: `{ "10.20.0.0/24" = "fw2", "192.168.0.0/16" = "blackhole" }`. `node`
/// is not known for a misspelt name.
pub(super) fn read(
    problems: &mut Problems<'_>,
    field: &Field<'_>,
    topology: &Topology,
    node: Option<usize>,
) -> Vec<(IpNet, Hop)> {
    let mut routes: Vec<(IpNet, Hop)> = Vec::new();
    let Some(table) = problems.table(field, "{ \"10.20.0.0/24\" = \"fw2\" }") else { return routes };
    for field in &table.fields {
        let network = network(problems, field);
        let hop = hop(problems, field, topology, node);
        let Some((network, hop)) = network.zip(hop) else { continue };
        if routes.iter().any(|(known, _)| *known == network) {
            let help = say!("a network has one route: leave one of them out");
            problems.error(field.key_span.clone(), say!("there are two routes to {}", network), help);
            continue;
        }
        routes.push((network, hop));
    }
    routes
}

/// The key: a network, an address, or `default`.
fn network(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<IpNet> {
    let text = field.key.trim();
    if text == "default" {
        return Some(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0).into());
    }
    let network = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>());
    let Ok(network) = network else {
        let help = say!("write `10.20.0.0/24`, `2001:db8:20::/64`, a single address, or `default`");
        problems.error(field.key_span.clone(), say!("{} is not a network", quote(text)), help);
        return None;
    };
    if network.trunc() != network {
        let help = say!("write `{}`, or `{}` for this address only", network.trunc(), network.addr());
        let message = say!("{} is not a network: it names a host in one", network);
        problems.error(field.key_span.clone(), message, help);
        return None;
    }
    Some(network)
}

/// The value: a neighbour, or a word for nowhere.
fn hop(problems: &mut Problems<'_>, field: &Field<'_>, topology: &Topology, node: Option<usize>) -> Option<Hop> {
    let text = problems.string(field, "fw2")?;
    if let Some(hop) = Hop::NOWHERE.into_iter().find(|hop| hop.word() == Some(text)) {
        return Some(hop);
    }
    let node = node?;
    let neighbours: Vec<&str> = topology.neighbours(node).map(|peer| topology.nodes[peer].name.as_str()).collect();
    if let Some(position) = neighbours.iter().position(|name| *name == text) {
        return Some(Hop::Via(position as u16));
    }
    if !topology.may_lead(node, text) {
        let names = || neighbours.iter().copied().chain(Hop::NOWHERE.iter().filter_map(|hop| hop.word()));
        let help = did_you_mean(
            problems.closest(text, names()),
            say!("a route leads to a neighbour or nowhere: {}", one_of(names())),
        );
        let message = say!("{} is no neighbour of `{}`", quote(text), topology.nodes[node].name);
        problems.error(field.span(), message, help);
    }
    None
}
