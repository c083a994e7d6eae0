//! Whole routing tables: where a node sends a packet for any address there is. For those who write tables down.
//!
//! A packet asks for one address at one node, and [`super::Routes`] finds the way when it is first asked for. Whoever wants
//! all of it would ask nodes times addresses times. Here it is one search a node instead, which finds the ways to all
//! other nodes at once; and addresses between which no node makes a difference are one span.

use super::route::{self, Ways};
use super::{Route, Topology};
use crate::ids::NodeId;
use crate::lookup::LookUp;
use crate::time::Duration;
use ipnet::IpNet;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::IpAddr;

/// Addresses, each family by itself, of which every node either sends all the same way or has them as its own network,
/// own address or written route.
#[derive(Clone, Debug)]
pub struct Span {
    /// The first of them.
    pub first: IpAddr,
    /// The last of them.
    pub last: IpAddr,
    goal: Goal,
    /// Whether it is the address that means all nodes of some network.
    broadcast: bool,
    /// Where the way depends on the address as well: a search of its own.
    own_search: Option<usize>,
}

/// Where packets for a span go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Goal {
    /// No route decides about these addresses.
    Reserved,
    /// To the node that has the address.
    Owner(NodeId),
    /// To the nearest node on the network: an index into `sites`.
    Network(usize),
    /// No network has such addresses.
    Elsewhere,
}

/// A way from a node to the one next to it.
#[derive(Clone, Copy, Debug)]
struct Step {
    to: NodeId,
    delay: Duration,
    interface: u16,
}

/// What the tables of all nodes have in common.
#[derive(Clone, Debug)]
pub struct Tables<'a> {
    topology: &'a Topology,
    spans: Vec<Span>,
    /// For each network the nodes that pass packets on to it, with their interfaces there.
    sites: Vec<Vec<(NodeId, u16)>>,
    /// The steps from each node that are free to all addresses.
    steps: Vec<Vec<Step>>,
    searches: Vec<Ways>,
}

impl<'a> Tables<'a> {
    /// The spans of a network, and what can be known without looking at a node.
    pub fn new(topology: &'a Topology) -> Self {
        let mut owners = LookUp::default();
        let mut networks: BTreeMap<IpNet, Vec<(NodeId, u16)>> = BTreeMap::new();
        let mut hiding: BTreeSet<IpNet> = BTreeSet::new();
        let mut starts = reserved_starts();
        let mut broadcasts: BTreeSet<IpAddr> = BTreeSet::new();
        for node in topology.nodes() {
            for (number, interface) in topology.interfaces(node).iter().enumerate() {
                for net in &interface.addresses {
                    owners.insert(net.addr(), node);
                    starts.extend(starts_of(net.addr(), net.addr()));
                    starts.extend(starts_of(net.network(), net.broadcast()));
                    starts.extend(starts_of(net.broadcast(), net.broadcast()));
                    broadcasts.insert(net.broadcast());
                    if topology.forwards(node) {
                        networks.entry(net.trunc()).or_default().push((node, number as u16));
                    }
                    if topology.hides(node, number as u16) {
                        hiding.insert(net.trunc());
                    }
                }
            }
        }
        let lengths: BTreeSet<u8> = networks.keys().map(IpNet::prefix_len).collect();
        let numbers: BTreeMap<IpNet, usize> = networks.keys().copied().zip(0..).collect();
        let mut tables = Self {
            topology,
            spans: Vec::with_capacity(starts.len()),
            sites: networks.into_values().collect(),
            steps: topology.nodes().map(|node| steps(topology, node)).collect(),
            searches: Vec::new(),
        };
        let mut known: BTreeMap<(Goal, Vec<IpNet>), usize> = BTreeMap::new();
        let starts: Vec<IpAddr> = starts.into_iter().collect();
        for (index, &first) in starts.iter().enumerate() {
            let next = starts.get(index + 1).filter(|next| next.is_ipv4() == first.is_ipv4());
            let last = next.and_then(|next| before(*next)).unwrap_or_else(|| highest(first));
            let goal = if route::reserved(first).is_some() {
                Goal::Reserved
            } else if let Some(owner) = owners.get(&first) {
                Goal::Owner(*owner)
            } else {
                let mut nets = lengths.iter().rev().filter_map(|length| IpNet::new(first, *length).ok());
                let network = nets.find_map(|net| numbers.get(&net.trunc()));
                network.map_or(Goal::Elsewhere, |number| Goal::Network(*number))
            };
            let within: Vec<IpNet> = hiding.iter().filter(|net| net.contains(&first)).copied().collect();
            let own_search = match goal {
                Goal::Reserved | Goal::Elsewhere => None,
                _ if within.is_empty() => None,
                _ => Some(*known.entry((goal, within)).or_insert_with(|| {
                    tables.searches.push(route::search(topology, first, &tables.goals(goal), None));
                    tables.searches.len() - 1
                })),
            };
            tables.spans.push(Span { first, last, goal, broadcast: broadcasts.contains(&first), own_search });
        }
        tables
    }

    /// All addresses, in order: first those of IPv4.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The table of one node; as if there were no written routes.
    pub fn table(&self, node: NodeId) -> Table<'_> {
        let nets = self.topology.interfaces(node).iter().flat_map(|interface| &interface.addresses);
        let broadcasts = nets.filter(|net| route::is_broadcast(net, net.broadcast())).map(IpNet::broadcast).collect();
        // Who has one interface has no choice.
        if self.topology.interfaces(node).len() == 1 {
            return Table { tables: self, node, broadcasts, ways: Vec::new(), networks: Vec::new() };
        }
        let ways = self.ways(node);
        let towards = |sites: &Vec<(NodeId, u16)>| {
            if let Some((_, number)) = sites.iter().find(|(site, _)| *site == node) {
                return Some(Route::Nobody(*number));
            }
            let ways = sites.iter().filter_map(|(site, _)| ways[site.index()]);
            let best = ways.reduce(|best, way| if self.is_better(node, way, best) { way } else { best });
            best.map(|way| Route::Via(way.interface))
        };
        let networks = self.sites.iter().map(towards).collect();
        Table { tables: self, node, broadcasts, ways, networks }
    }

    fn goals(&self, goal: Goal) -> Vec<NodeId> {
        match goal {
            Goal::Owner(owner) => vec![owner],
            Goal::Network(number) => self.sites[number].iter().map(|(node, _)| *node).collect(),
            Goal::Reserved | Goal::Elsewhere => Vec::new(),
        }
    }

    /// Dijkstra's algorithm from a node to all others: what it costs, and the interface to leave by, of equal ways the
    /// first by name. [`route::search`] finds the same from the other side.
    fn ways(&self, node: NodeId) -> Vec<Option<Way>> {
        let start = (Duration::ZERO, 0);
        let mut best: Vec<Option<Way>> = vec![None; self.topology.node_count()];
        let mut queue = BinaryHeap::from([Reverse((start, node))]);
        while let Some(Reverse((cost, at))) = queue.pop() {
            let known = best[at.index()];
            if known.is_some_and(|known| known.cost < cost) || (at != node && !self.topology.forwards(at)) {
                continue;
            }
            for step in self.steps[at.index()].iter().filter(|step| step.to != node) {
                let interface = known.map_or(step.interface, |known| known.interface);
                let way = Way { cost: (cost.0 + step.delay, cost.1 + 1), interface };
                let other = &mut best[step.to.index()];
                if other.is_none_or(|other| way.cost < other.cost) {
                    queue.push(Reverse((way.cost, step.to)));
                    *other = Some(way);
                } else if other.is_some_and(|other| self.is_better(node, way, other)) {
                    *other = Some(way);
                }
            }
        }
        best
    }

    /// By cost, then by name.
    fn is_better(&self, node: NodeId, way: Way, than: Way) -> bool {
        let name = |way: Way| (&self.topology.interfaces(node)[usize::from(way.interface)].name, way.interface);
        way.cost < than.cost || (way.cost == than.cost && name(way) < name(than))
    }
}

#[derive(Clone, Copy, Debug)]
struct Way {
    cost: route::Cost,
    interface: u16,
}

/// The routing table of one node.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    tables: &'a Tables<'a>,
    node: NodeId,
    /// The addresses that mean all nodes of its networks.
    broadcasts: BTreeSet<IpAddr>,
    /// To each node.
    ways: Vec<Option<Way>>,
    /// To addresses of each network that nobody has.
    networks: Vec<Option<Route>>,
}

impl Table<'_> {
    /// Where the node sends a packet for these addresses; `None` where no route decides: its own ones, those that mean all
    /// nodes, and the reserved ones.
    pub fn route(&self, span: &Span) -> Option<Route> {
        let (topology, node) = (self.tables.topology, self.node);
        let interfaces = topology.interfaces(node);
        let owner = match span.goal {
            Goal::Reserved => return None,
            Goal::Owner(owner) if owner == node => return None,
            Goal::Owner(owner) => Some(owner),
            Goal::Network(_) | Goal::Elsewhere => None,
        };
        if span.broadcast && self.broadcasts.contains(&span.first) {
            return None;
        }
        if let [only] = interfaces {
            let on_link = only.addresses.iter().any(|net| net.contains(&span.first));
            return Some(match topology.forwards(only.peer) {
                true if on_link && owner.is_none() => Route::Nobody(0),
                true => Route::Via(0),
                false if owner == Some(only.peer) => Route::Via(0),
                false if on_link => Route::Nobody(0),
                false => Route::None,
            });
        }
        let network = match span.goal {
            Goal::Network(number) => self.networks[number],
            _ => None,
        };
        let route = match (network, span.own_search) {
            (Some(Route::Nobody(number)), _) => Some(Route::Nobody(number)),
            (_, Some(search)) => {
                let way = self.tables.searches[search].get(&node);
                way.and_then(|(_, number)| *number).map(Route::Via)
            }
            (Some(route), None) => Some(route),
            (None, None) => owner.and_then(|owner| self.ways[owner.index()]).map(|way| Route::Via(way.interface)),
        };
        Some(route.unwrap_or_else(|| self.elsewhere()))
    }

    /// Whether all that is not in the node's own networks goes to its only neighbour.
    pub fn has_one_way(&self) -> bool {
        matches!(self.tables.topology.interfaces(self.node), [only] if self.tables.topology.forwards(only.peer))
    }

    /// Where the node sends a packet for addresses that no network has.
    pub fn elsewhere(&self) -> Route {
        let topology = self.tables.topology;
        match topology.interfaces(self.node) {
            [only] if topology.forwards(only.peer) => Route::Via(0),
            [_] => Route::None,
            _ => topology.gateway(self.node).map_or(Route::None, Route::Via),
        }
    }

    /// Whether the neighbour at an interface has the address on the link there.
    pub fn is_at(&self, interface: u16, span: &Span) -> bool {
        let topology = self.tables.topology;
        let near = &topology.interfaces(self.node)[usize::from(interface)];
        let link = &topology.links()[near.link.index()];
        let far = usize::from(link.interfaces[link.far_end(self.node)]);
        let has_it = |net: &IpNet| net.addr() == span.first;
        span.goal == Goal::Owner(near.peer) && topology.interfaces(near.peer)[far].addresses.iter().any(has_it)
    }
}

/// The steps from a node. Who stands outside of a node that translates addresses steps there for its outer network only.
fn steps(topology: &Topology, node: NodeId) -> Vec<Step> {
    let neighbours = topology.neighbours(node).filter_map(|(link, to)| {
        let link = &topology.links()[link.index()];
        let [near, far] = [node, to].map(|end| link.interfaces[usize::from(link.ends[1] == end)]);
        (!topology.hides(to, far)).then_some(Step { to, delay: link.settings.delay, interface: near })
    });
    neighbours.collect()
}

/// Where something new begins: at the first of these addresses, and after the last.
fn starts_of(first: IpAddr, last: IpAddr) -> impl Iterator<Item = IpAddr> {
    [Some(first), after(last)].into_iter().flatten()
}

/// Where the families, and what [`route::reserved`] tells apart, begin.
fn reserved_starts() -> BTreeSet<IpAddr> {
    let v4 = |first: u8| IpAddr::from([first, 0, 0, 0]);
    let v6 = |first: u16| IpAddr::from([first, 0, 0, 0, 0, 0, 0, 0]);
    let alone = [IpAddr::from([255; 4]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
    let mut starts = BTreeSet::from([0, 127, 128, 224, 240].map(v4));
    starts.extend([0, 0xfe80, 0xfec0, 0xff00].map(v6));
    starts.extend(alone.into_iter().flat_map(|address| starts_of(address, address)));
    starts
}

fn after(address: IpAddr) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(v4) => IpAddr::V4(v4.to_bits().checked_add(1)?.into()),
        IpAddr::V6(v6) => IpAddr::V6(v6.to_bits().checked_add(1)?.into()),
    })
}

fn before(address: IpAddr) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(v4) => IpAddr::V4(v4.to_bits().checked_sub(1)?.into()),
        IpAddr::V6(v6) => IpAddr::V6(v6.to_bits().checked_sub(1)?.into()),
    })
}

/// The highest address of the family.
fn highest(like: IpAddr) -> IpAddr {
    if like.is_ipv4() { IpAddr::from([255; 4]) } else { IpAddr::from([255; 16]) }
}
