//! Routes: what makes the kernel of each node decide as the simulator does, in as few lines as that takes.
//!
//! A host with one link gives everything to its router, and so it does here: a default route. A router knows networks,
//! and answers "no route" for the rest. An address gets a route of its own only where it goes another way than its
//! network.

use crate::ids::NodeId;
use crate::network::{Hop, Route, Routes, Topology};
use crate::scenario::{NodeSpec, Scenario};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::IpAddr;

/// Where the kernel's table leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Leads {
    /// To whoever has the address on this interface's link.
    OnLink(u16),
    /// To the neighbour at this interface.
    Via(u16),
    /// Nowhere: `ip route`'s word for the way.
    Nowhere(&'static str),
}

/// The routing table of one node, as the script will have made it.
#[derive(Default)]
struct Table {
    entries: BTreeMap<IpNet, Leads>,
    /// Lengths of prefixes that occur.
    lengths: BTreeSet<u8>,
    /// What the script has to add to what is there by itself.
    added: BTreeMap<Leads, Vec<IpNet>>,
    /// How many were added since the last summary.
    fresh: usize,
}

impl Table {
    /// So many more, and they are summed up again.
    const OFTEN: usize = 512;

    fn insert(&mut self, net: IpNet, leads: Leads) {
        self.lengths.insert(net.prefix_len());
        self.entries.insert(net.trunc(), leads);
    }

    fn add(&mut self, net: IpNet, leads: Leads) {
        self.insert(net, leads);
        self.added.entry(leads).or_default().push(net.trunc());
        self.fresh += 1;
        if self.fresh >= Self::OFTEN {
            self.sum_up();
        }
    }

    /// Two halves of a network that lead the same way are that network.
    fn sum_up(&mut self) {
        self.fresh = 0;
        for (leads, nets) in std::mem::take(&mut self.added) {
            for net in &nets {
                self.entries.remove(net);
            }
            let nets = IpNet::aggregate(&nets);
            for net in &nets {
                self.insert(*net, leads);
            }
            self.added.insert(leads, nets);
        }
    }

    /// The longest prefix wins.
    fn find(&self, address: IpAddr) -> Option<Leads> {
        let mut nets = self.lengths.iter().rev().filter_map(|length| IpNet::new(address, *length).ok());
        nets.find_map(|net| self.entries.get(&net.trunc()).copied())
    }
}

pub(super) fn write(scenario: &Scenario, out: &mut String) {
    *out += "\n# The routes.\n";
    let topology = scenario.topology();
    let mut routes = Routes::new(&topology);
    let mut tables: Vec<Table> = scenario.nodes.iter().map(|node| first_entries(node, &topology)).collect();
    // Networks first, the wide ones before those within them; then what goes another way than its network.
    let (networks, addresses) = goals(scenario);
    let owned = addresses.into_iter().map(|address| (IpNet::from(address), address, true));
    for (net, probe, owned) in networks.into_iter().map(|(net, probe)| (net, probe, false)).chain(owned) {
        routes.learn(&topology, probe);
        for (index, table) in tables.iter_mut().enumerate().filter(|(index, _)| !scenario.nodes[*index].down) {
            let wanted = routes.route(&topology, NodeId(index as u32), probe);
            let has_it = |number: u16| owned && far_addresses(scenario, index, number).any(|far| far == probe);
            if let Some(leads) = missing(wanted, table.find(probe), has_it) {
                table.add(net, leads);
            }
        }
    }
    for (index, table) in tables.iter_mut().enumerate().filter(|(index, _)| !scenario.nodes[*index].down) {
        table.sum_up();
        write_table(scenario, index, &topology, table, out);
    }
}

/// The addresses at the other end of a node's interface.
fn far_addresses(scenario: &Scenario, node: usize, number: u16) -> impl Iterator<Item = IpAddr> {
    let interface = &scenario.nodes[node].interfaces[usize::from(number)];
    let far = scenario.nodes[interface.peer].interfaces.iter().find(|far| far.link == interface.link);
    far.into_iter().flat_map(|far| &far.addresses).map(IpNet::addr)
}

/// The default route, those of the scenario's author, and what was missing.
fn write_table(scenario: &Scenario, index: usize, topology: &Topology, table: &Table, out: &mut String) {
    let node = &scenario.nodes[index];
    let mut say = |net: IpNet, leads: Leads| {
        let (family, net) = match (net, net.prefix_len()) {
            (IpNet::V4(_), 0) => ("-4", String::from("default")),
            (IpNet::V6(_), 0) => ("-6", String::from("default")),
            (IpNet::V4(_), _) => ("-4", net.to_string()),
            (IpNet::V6(_), _) => ("-6", net.to_string()),
        };
        let way = match leads {
            Leads::Nowhere(word) => format!("{word} {net}"),
            Leads::OnLink(number) => format!("{net} dev {}", node.interfaces[usize::from(number)].name),
            Leads::Via(number) => {
                // A network of the other family is none of this neighbour's.
                let gateway = far_addresses(scenario, index, number).find(|far| far.is_ipv4() == (family == "-4"));
                let Some(gateway) = gateway else { return };
                format!("{net} via {gateway} dev {}", node.interfaces[usize::from(number)].name)
            }
        };
        let _ = writeln!(out, "in_node {} ip {family} route replace {way}", node.name);
    };
    for net in everything() {
        if let Some(number) = default_route(node, topology) {
            say(net, Leads::Via(number));
        }
    }
    for (net, hop) in &node.routes {
        say(net.trunc(), written(*hop));
    }
    for (leads, nets) in &table.added {
        for net in nets {
            say(*net, *leads);
        }
    }
}

/// What there is to be reached: each network with an address in it that nobody has, by length; then all addresses.
fn goals(scenario: &Scenario) -> (Vec<(IpNet, IpAddr)>, BTreeSet<IpAddr>) {
    let all = || scenario.nodes.iter().flat_map(|node| &node.interfaces).flat_map(|interface| &interface.addresses);
    let mut addresses: BTreeSet<IpAddr> = all().map(IpNet::addr).collect();
    let networks: BTreeSet<IpNet> = all().map(IpNet::trunc).collect();
    let longest = |address| networks.iter().filter(|net| net.contains(&address)).max_by_key(|net| net.prefix_len());
    let probe = |net: &IpNet| {
        let free = |address: &IpAddr| !addresses.contains(address) && longest(*address) == Some(net);
        [net.network(), net.broadcast()].into_iter().find(free)
    };
    let mut probes: Vec<(IpNet, IpAddr)> = networks.iter().filter_map(|net| Some((*net, probe(net)?))).collect();
    probes.sort_by_key(|(net, _)| net.prefix_len());
    addresses.extend(scenario.sessions.iter().filter_map(|session| scenario.target_address(session)));
    addresses.extend(scenario.sessions.iter().filter_map(|session| session.active_address));
    (probes, addresses)
}

/// The networks that a node is on, and the routes of the scenario's author.
fn first_entries(node: &NodeSpec, topology: &Topology) -> Table {
    let mut table = Table::default();
    if let Some(number) = default_route(node, topology) {
        for net in everything() {
            table.insert(net, Leads::Via(number));
        }
    }
    for (net, hop) in &node.routes {
        table.insert(*net, written(*hop));
    }
    for (number, interface) in node.interfaces.iter().enumerate() {
        for net in &interface.addresses {
            // Of two links with one network the kernel takes the first.
            if !matches!(table.entries.get(&net.trunc()), Some(Leads::OnLink(_))) {
                table.insert(*net, Leads::OnLink(number as u16));
            }
        }
    }
    table
}

/// A route of the scenario's author.
fn written(hop: Hop) -> Leads {
    match (hop, hop.word()) {
        (Hop::Via(number), _) => Leads::Via(number),
        (_, word) => Leads::Nowhere(word.unwrap_or("throw")),
    }
}

/// All of IPv4, and all of IPv6.
fn everything() -> impl Iterator<Item = IpNet> {
    [IpAddr::from([0; 4]), IpAddr::from([0; 16])].into_iter().filter_map(|any| IpNet::new(any, 0).ok())
}

/// The interface to whoever gets what there is no other route for: a gateway, or a host's only router.
fn default_route(node: &NodeSpec, topology: &Topology) -> Option<u16> {
    let router = match &node.interfaces[..] {
        [only] if topology.forwards(NodeId(only.peer as u32)) => Some(0),
        _ => None,
    };
    node.gateway.map(|number| number as u16).or(router)
}

/// What is missing for the kernel to send a packet where the simulator does; `None`: nothing. `has_it`: whether the
/// neighbour at an interface has the address there.
fn missing(wanted: Route, found: Option<Leads>, has_it: impl Fn(u16) -> bool) -> Option<Leads> {
    let nowhere = |hop: Hop| Some(written(hop)).filter(|leads| found != Some(*leads));
    match wanted {
        // Whoever has it is on the link, if anybody.
        Route::Local | Route::Nobody(_) => None,
        Route::Via(number) => match found {
            Some(Leads::Via(at)) if at == number => None,
            Some(Leads::OnLink(at)) if at == number && has_it(at) => None,
            Some(Leads::OnLink(_)) if has_it(number) => Some(Leads::OnLink(number)),
            _ => Some(Leads::Via(number)),
        },
        // With nothing in the table the kernel says the same.
        Route::None => found.and_then(|_| nowhere(Hop::Throw)),
        Route::Blackhole => nowhere(Hop::Blackhole),
        Route::Unreachable => nowhere(Hop::Unreachable),
        Route::Prohibit => nowhere(Hop::Prohibit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(source: &str, node: &str) -> Vec<String> {
        let scenario = crate::scenario::parse(source, "test").unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let mut out = String::new();
        write(&scenario, &mut out);
        let start = format!("in_node {node} ip -4 route replace ");
        out.lines().filter_map(|line| line.strip_prefix(&start)).map(str::to_owned).collect()
    }

    const RING: &str = r#"
title = "ring"
links = ["client -- office -- internet -- server", "office -- spare -- internet", "other -- office"]
[nodes.client]
address = "192.168.1.10"
[nodes.other]
address = "192.168.1.11"
[nodes.office]
addresses = { internet = "198.51.100.7" }
[nodes.office.firewall.postrouting]
rules = ['oifname "internet" masquerade']
[nodes.internet]
routes = { "10.9.0.0/16" = "blackhole" }
[nodes.server]
address = "203.0.113.5"
ftp-server = true
[[sessions]]
client = "client"
server = "server"
run = ["ls"]
"#;

    #[test]
    fn a_host_gives_everything_to_its_router() {
        let host = table(RING, "server");
        assert_eq!(host, ["default via 203.0.113.1 dev internet"]);
        // Somebody else on its network, but not on its link, is reached through the router as well.
        let host = table(RING, "client");
        assert_eq!(host, ["default via 192.168.1.1 dev office", "192.168.1.11/32 via 192.168.1.1 dev office"]);
    }

    #[test]
    fn a_router_knows_networks_and_nothing_else() {
        let router = table(RING, "office");
        let expected = [
            // Which of two links of one network an address is on.
            "192.168.1.11/32 dev other",
            "10.0.2.0/24 via 198.51.100.1 dev internet",
            "203.0.113.0/24 via 198.51.100.1 dev internet",
            // The far end of the nearer router goes another way than its network.
            "10.0.2.1/32 via 10.0.1.2 dev spare",
        ];
        assert_eq!(router, expected);
        // Of the network behind the NAT nobody outside knows; its routes stand as written.
        let router = table(RING, "internet");
        assert_eq!(router[0], "blackhole 10.9.0.0/16");
        assert!(!router.iter().any(|route| route.contains("192.168.1.") && route.contains("dev office")), "{router:?}");
    }
}
