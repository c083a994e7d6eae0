//! Routes, found when first asked for and then remembered: never a table of all pairs.
//!
//! A route is the shortest path by delay, then by the number of hops, then by the name of the next node. Only nodes
//! that forward lie on a path. Routes that the scenario writes go before: among them and the node's own networks the
//! longest prefix wins, as on Linux.

use super::{Hop, Topology};
use crate::ids::NodeId;
use crate::lookup::LookUp;
use crate::time::Duration;
use ipnet::IpNet;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::IpAddr;

/// Where a node sends a packet for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// It is the node's own.
    Local,
    /// Out of this interface, to the neighbour there.
    Via(u16),
    /// Somebody on the network of this interface should have it, but nobody does.
    Nobody(u16),
    /// Nowhere: the sender is told that there is no such network.
    None,
    /// Nowhere, and nobody is told (`ip route add blackhole`).
    Blackhole,
    /// Nowhere: the sender is told that there is no such host (`ip route add unreachable`).
    Unreachable,
    /// Nowhere: the sender is told that it is forbidden (`ip route add prohibit`).
    Prohibit,
}

/// Routes of all nodes, as far as they were needed.
#[derive(Clone, Debug)]
pub struct Routes {
    owners: LookUp<IpAddr, NodeId>,
    known: Vec<LookUp<IpAddr, Route>>,
}

pub(super) type Cost = (Duration, u32);

/// What no route decides: addresses of the node itself, and of many nodes at once. To the latter no TCP connection can be
/// made (measured on Linux 6.18: ENETUNREACH at once for multicast and broadcast, EINVAL for a link-local address of
/// IPv6 without its interface).
pub(super) fn reserved(address: IpAddr) -> Option<Route> {
    match address {
        IpAddr::V4(v4) => match v4.octets()[0] {
            127 => Some(Route::Local),
            224..=239 => Some(Route::None),
            255 if v4.is_broadcast() => Some(Route::None),
            _ => None,
        },
        IpAddr::V6(v6) if v6.is_loopback() => Some(Route::Local),
        IpAddr::V6(v6) if v6.is_multicast() => Some(Route::None),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some(Route::Blackhole),
        IpAddr::V6(_) => None,
    }
}

/// Whether the address means all nodes of the network (RFC 919); networks of one or two addresses have none (RFC 3021).
pub(super) fn is_broadcast(net: &IpNet, address: IpAddr) -> bool {
    matches!((net, address), (IpNet::V4(net), IpAddr::V4(v4)) if net.prefix_len() < 31 && net.broadcast() == v4)
}

/// Whether a packet that comes in by a link cannot be what it says (Linux: `ip_route_input_slow`, "martian"; `ip6_rcv`): it is
/// discarded without an answer.
pub fn is_martian(source: IpAddr, destination: IpAddr) -> bool {
    let (IpAddr::V4(from), IpAddr::V4(to)) = (source, destination) else {
        let odd = |ip: IpAddr| ip.is_loopback() || ip.is_multicast();
        return odd(source) || odd(destination) || destination.is_unspecified();
    };
    let (from, to) = (from.octets()[0], to.octets()[0]);
    let odd = |first: u8| matches!(first, 0 | 127 | 224..=239);
    let all = |ip: IpAddr| matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    odd(from) || odd(to) || all(source) || all(destination)
}

/// Whether the address means all nodes of a network that `node` is part of: no TCP answers what is sent there.
pub fn is_broadcast_at(topology: &Topology, node: NodeId, address: IpAddr) -> bool {
    topology.interfaces(node).iter().flat_map(|i| &i.addresses).any(|net| is_broadcast(net, address))
}

pub(super) type Ways = LookUp<NodeId, (Cost, Option<u16>)>;

impl Routes {
    /// Nothing known yet.
    pub fn new(topology: &Topology) -> Self {
        let mut owners = LookUp::default();
        for node in topology.nodes() {
            for address in topology.interfaces(node).iter().flat_map(|i| &i.addresses) {
                owners.insert(address.addr(), node);
            }
        }
        Self { owners, known: topology.nodes().map(|_| LookUp::default()).collect() }
    }

    /// The node that has an address.
    pub fn owner(&self, address: IpAddr) -> Option<NodeId> {
        self.owners.get(&address).copied()
    }

    /// Where `node` sends a packet for `address`.
    pub fn route(&mut self, topology: &Topology, node: NodeId, address: IpAddr) -> Route {
        if let Some(route) = reserved(address) {
            return route;
        }
        if !topology.routes(node).is_empty()
            && let Some(route) = written(topology, node, address)
        {
            return route;
        }
        let interfaces = topology.interfaces(node);
        // A host has one interface and needs no table: what is not its own goes out there.
        if let [only] = interfaces {
            if only.addresses.iter().any(|net| net.addr() == address) {
                return Route::Local;
            }
            let owned_by_peer = || topology.owns(only.peer, address);
            if only.addresses.iter().any(|net| is_broadcast(net, address)) {
                return Route::None;
            }
            if topology.forwards(only.peer) {
                let on_link = only.addresses.iter().any(|net| net.contains(&address));
                return if on_link && !self.owners.contains(&address) { Route::Nobody(0) } else { Route::Via(0) };
            }
            return match owned_by_peer() {
                true => Route::Via(0),
                false if only.addresses.iter().any(|net| net.contains(&address)) => Route::Nobody(0),
                false => Route::None,
            };
        }
        if let Some(&route) = self.known[node.index()].get(&address) {
            return route;
        }
        let route = self.find(topology, node, address);
        self.known[node.index()].insert(address, route);
        route
    }

    fn find(&mut self, topology: &Topology, node: NodeId, address: IpAddr) -> Route {
        if let Some(owner) = self.owner(address) {
            if owner == node {
                return Route::Local;
            }
            return self.towards(topology, node, address, &[owner]);
        }
        if is_broadcast_at(topology, node, address) {
            return Route::None;
        }
        // Nobody has it: go to the nearest node on the most specific network that would contain it.
        let attached = Self::attached(topology, address);
        if let Some((_, number)) = attached.iter().find(|(site, _)| *site == node) {
            return Route::Nobody(*number);
        }
        if attached.is_empty() {
            return Self::default(topology, node);
        }
        let goals: Vec<NodeId> = attached.into_iter().map(|(site, _)| site).collect();
        self.towards(topology, node, address, &goals)
    }

    /// The nodes on the most specific network that would contain an address, with their interfaces there.
    fn attached(topology: &Topology, address: IpAddr) -> Vec<(NodeId, u16)> {
        let mut attached: Vec<(NodeId, u16)> = Vec::new();
        let mut longest = 0;
        for site in topology.nodes().filter(|site| topology.forwards(*site)) {
            for (number, interface) in topology.interfaces(site).iter().enumerate() {
                for net in interface.addresses.iter().filter(|net| net.contains(&address)) {
                    if net.prefix_len() > longest {
                        longest = net.prefix_len();
                        attached.clear();
                    }
                    if net.prefix_len() == longest {
                        attached.push((site, number as u16));
                    }
                }
            }
        }
        attached
    }

    fn default(topology: &Topology, node: NodeId) -> Route {
        topology.gateway(node).map_or(Route::None, Route::Via)
    }

    /// Dijkstra's algorithm from the goals back to `node`, no further than needed; every node on the path learns.
    fn towards(&mut self, topology: &Topology, node: NodeId, address: IpAddr, goals: &[NodeId]) -> Route {
        let best = search(topology, address, goals, Some(node));
        if best.contains(&node) { self.walk(topology, node, address, &best) } else { Self::default(topology, node) }
    }

    /// Follows the settled ways from `node` to a goal and remembers the next hop of each node there.
    fn walk(&mut self, topology: &Topology, node: NodeId, address: IpAddr, best: &Ways) -> Route {
        let mut at = node;
        while let Some(&(_, Some(number))) = best.get(&at) {
            self.known[at.index()].insert(address, Route::Via(number));
            at = topology.interfaces(at)[usize::from(number)].peer;
        }
        self.known[node.index()].get(&address).copied().unwrap_or(Route::None)
    }
}

/// What it costs from a node, and the interface to leave by; none from a goal. Settled for `until`, or for all.
pub(super) fn search(topology: &Topology, address: IpAddr, goals: &[NodeId], until: Option<NodeId>) -> Ways {
    let mut best: Ways = goals.iter().map(|goal| (*goal, ((Duration::ZERO, 0), None))).collect();
    let mut queue: BinaryHeap<Reverse<(Cost, NodeId)>> =
        goals.iter().map(|goal| Reverse(((Duration::ZERO, 0), *goal))).collect();
    while let Some(Reverse((cost, at))) = queue.pop() {
        if best.get(&at).is_some_and(|(known, _)| *known < cost) {
            continue;
        }
        if until == Some(at) {
            break;
        }
        if !goals.contains(&at) && !topology.forwards(at) {
            continue;
        }
        for (link, other) in topology.neighbours(at) {
            let link = &topology.links()[link.index()];
            let through = (cost.0 + link.settings.delay, cost.1 + 1);
            let interface = link.interfaces[usize::from(link.ends[1] == other)];
            // Who stands outside of a node that translates addresses knows its outer address, and nothing behind it.
            let outer = link.interfaces[usize::from(link.ends[1] == at)];
            if topology.hides(at, outer) && !topology.is_on(at, outer, address) {
                continue;
            }
            let by_name = |number: u16| (&topology.interfaces(other)[usize::from(number)].name, number);
            // Of equal ways the first by name. Each is known before the node is settled, as a way grows with every
            // hop.
            let known = best.get(&other);
            if known.is_none_or(|(known, _)| through < *known) {
                queue.push(Reverse((through, other)));
            } else if !known.is_some_and(|(known, via)| {
                through == *known && via.is_some_and(|via| by_name(interface) < by_name(via))
            }) {
                continue;
            }
            best.insert(other, (through, Some(interface)));
        }
    }
    best
}

/// The written route for an address, unless it is the node's own or lies on a longer network of its interfaces.
fn written(topology: &Topology, node: NodeId, address: IpAddr) -> Option<Route> {
    let routes = topology.routes(node).iter().filter(|(network, _)| network.contains(&address));
    let (network, hop) = routes.max_by_key(|(network, _)| network.prefix_len())?;
    let mut on_link = topology.interfaces(node).iter().flat_map(|interface| &interface.addresses);
    let nearer = |net: &ipnet::IpNet| {
        net.addr() == address || (net.prefix_len() > network.prefix_len() && net.contains(&address))
    };
    (!on_link.any(nearer)).then_some(match hop {
        Hop::Via(number) => Route::Via(*number),
        Hop::Blackhole => Route::Blackhole,
        Hop::Unreachable => Route::Unreachable,
        Hop::Prohibit => Route::Prohibit,
        Hop::Throw => Route::None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::LinkSettings;

    fn net(text: &str) -> Vec<ipnet::IpNet> {
        vec![text.parse().unwrap()]
    }

    fn delay(ms: u64) -> LinkSettings {
        LinkSettings { delay: Duration::from_millis(ms), ..LinkSettings::default() }
    }

    /// A ring of four routers with a host at either side.
    fn ring(left: u64, right: u64) -> (Topology, NodeId) {
        let mut t = Topology::default();
        let [client, r1, a, b, r2, server] =
            [("client", false), ("r1", true), ("a", true), ("b", true), ("r2", true), ("server", false)]
                .map(|(name, forwards)| t.add_node(name, forwards));
        t.add_link(client, r1, [net("10.0.1.10/24"), net("10.0.1.1/24")], delay(1));
        t.add_link(r1, b, [net("10.0.3.1/24"), net("10.0.3.2/24")], delay(right));
        t.add_link(b, r2, [net("10.0.5.1/24"), net("10.0.5.2/24")], delay(1));
        t.add_link(r1, a, [net("10.0.2.1/24"), net("10.0.2.2/24")], delay(left));
        t.add_link(a, r2, [net("10.0.4.1/24"), net("10.0.4.2/24")], delay(1));
        t.add_link(r2, server, [net("10.0.6.1/24"), net("10.0.6.10/24")], delay(1));
        (t, r1)
    }

    fn next(t: &Topology, node: NodeId, address: &str) -> String {
        match Routes::new(t).route(t, node, address.parse().unwrap()) {
            Route::Via(number) => t.interfaces(node)[usize::from(number)].name.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_quicker_way_wins_then_the_name() {
        let (t, r1) = ring(1, 9);
        assert_eq!(next(&t, r1, "10.0.6.10"), "a");
        let (t, r1) = ring(9, 1);
        assert_eq!(next(&t, r1, "10.0.6.10"), "b");
        let (t, r1) = ring(5, 5);
        assert_eq!(next(&t, r1, "10.0.6.10"), "a", "equal: by name");
    }

    #[test]
    fn what_is_written_goes_before() {
        let (mut t, r1) = ring(1, 9);
        let mut add = |network: &str, hop| t.add_route(r1, network.parse().unwrap(), hop);
        add("10.0.0.0/8", Hop::Blackhole);
        add("10.0.6.0/24", Hop::Via(1));
        add("10.0.6.64/26", Hop::Prohibit);
        add("10.0.1.128/25", Hop::Unreachable);
        add("198.18.0.0/15", Hop::Throw);
        assert_eq!(next(&t, r1, "10.0.6.10"), "b", "not the quicker way");
        assert_eq!(next(&t, r1, "10.0.6.77"), "Prohibit");
        assert_eq!(next(&t, r1, "10.0.5.1"), "Blackhole", "found or not");
        assert_eq!(next(&t, r1, "10.0.1.10"), "client", "its own network is longer");
        assert_eq!(next(&t, r1, "10.0.1.200"), "Unreachable");
        assert_eq!(next(&t, r1, "10.0.1.1"), "Local");
        assert_eq!(next(&t, r1, "198.18.7.7"), "None");
        assert_eq!(next(&t, r1, "2001:db8::1"), "None", "of the other family");
    }

    #[test]
    fn own_unowned_and_unknown_addresses() {
        let (t, r1) = ring(1, 9);
        assert_eq!(next(&t, r1, "10.0.1.1"), "Local");
        assert_eq!(next(&t, r1, "10.0.1.77"), "Nobody(0)");
        assert_eq!(next(&t, r1, "10.0.6.77"), "a", "the last router finds out");
        assert_eq!(next(&t, r1, "198.18.7.7"), "None");
        assert_eq!(next(&t, NodeId(0), "198.18.7.7"), "r1", "a host asks its router");
    }
}
