//! The graph of nodes and links.

use super::{Faults, Link, LinkSettings};
use crate::ids::{LinkId, NodeId};
use ipnet::IpNet;
use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;
use std::net::IpAddr;

/// The number of the interface `lo`, which every node has.
pub const LOOPBACK: u16 = u16::MAX;

/// An interface of a node; one for each link it is on.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Its name, for `iifname` and `oifname`: that of the neighbour.
    pub name: String,
    /// The link.
    pub link: LinkId,
    /// The node at the other end.
    pub peer: NodeId,
    /// Its addresses, with the prefix of the link's network.
    pub addresses: Vec<IpNet>,
}

/// Where a written route leads, as `ip route` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// To the neighbour at this interface.
    Via(u16),
    /// `blackhole`: what goes there is thrown away in silence.
    Blackhole,
    /// `unreachable`: the sender is told that there is no such host.
    Unreachable,
    /// `prohibit`: the sender is told that it is forbidden.
    Prohibit,
    /// `throw`: as if the node had no route.
    Throw,
}

impl Hop {
    /// The routes that lead nowhere.
    pub const NOWHERE: [Self; 4] = [Self::Blackhole, Self::Unreachable, Self::Prohibit, Self::Throw];

    /// `ip route`'s word for a route that leads nowhere; `None` for one that leads to a neighbour.
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::Via(_) => None,
            Self::Blackhole => Some("blackhole"),
            Self::Unreachable => Some("unreachable"),
            Self::Prohibit => Some("prohibit"),
            Self::Throw => Some("throw"),
        }
    }
}

#[derive(Clone, Debug)]
struct Site {
    name: String,
    forwards: bool,
    /// The interfaces behind which nobody knows the way to the node's other networks: it translates addresses there.
    hides: Vec<u16>,
    /// The interface towards which everything goes that the node has no better route for.
    gateway: Option<u16>,
    /// What was written goes before what would be found.
    routes: Vec<(IpNet, Hop)>,
    interfaces: Vec<Interface>,
}

/// Nodes, links and addresses.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    graph: UnGraph<(), LinkId>,
    sites: Vec<Site>,
    links: Vec<Link>,
}

impl Topology {
    /// Adds a node. `forwards`: whether it passes on packets that are not for itself.
    pub fn add_node(&mut self, name: &str, forwards: bool) -> NodeId {
        let index = self.graph.add_node(());
        self.sites.push(Site {
            name: name.to_owned(),
            forwards,
            hides: Vec::new(),
            gateway: None,
            routes: Vec::new(),
            interfaces: Vec::new(),
        });
        NodeId(index.index() as u32)
    }

    /// Links two nodes, each with the addresses of its interface there.
    pub fn add_link(&mut self, a: NodeId, b: NodeId, addresses: [Vec<IpNet>; 2], settings: LinkSettings) -> LinkId {
        let link = LinkId(self.links.len() as u32);
        let numbers = [a, b].map(|node| self.sites[node.index()].interfaces.len() as u16);
        for ((node, peer), addresses) in [(a, b), (b, a)].into_iter().zip(addresses) {
            let name = self.sites[peer.index()].name.clone();
            self.sites[node.index()].interfaces.push(Interface { name, link, peer, addresses });
        }
        self.links.push(Link::new([a, b], numbers, settings));
        self.graph.add_edge(NodeIndex::new(a.index()), NodeIndex::new(b.index()), link);
        link
    }

    /// Nobody beyond this interface has a route to the networks on the node's other side: it translates addresses there.
    pub fn hide_behind(&mut self, node: NodeId, interface: u16) {
        let site = &mut self.sites[node.index()];
        if !site.hides.contains(&interface) {
            site.hides.push(interface);
        }
    }

    /// What the node has no route for goes out of this interface.
    pub fn set_gateway(&mut self, node: NodeId, interface: u16) {
        self.sites[node.index()].gateway = Some(interface);
    }

    /// A route that the node has whatever the others are.
    pub fn add_route(&mut self, node: NodeId, network: IpNet, hop: Hop) {
        self.sites[node.index()].routes.push((network.trunc(), hop));
    }

    /// The node's written routes.
    pub fn routes(&self, node: NodeId) -> &[(IpNet, Hop)] {
        &self.sites[node.index()].routes
    }

    /// Whether routes end at this interface of the node, seen from outside.
    pub(super) fn hides(&self, node: NodeId, interface: u16) -> bool {
        self.sites[node.index()].hides.contains(&interface)
    }

    /// Whether an address lies in the network of a node's interface.
    pub(super) fn is_on(&self, node: NodeId, interface: u16, address: IpAddr) -> bool {
        let interface = self.interfaces(node).get(usize::from(interface));
        interface.is_some_and(|interface| interface.addresses.iter().any(|net| net.contains(&address)))
    }

    /// The default route: the one that was set, else the way out of a node that translates addresses.
    pub(super) fn gateway(&self, node: NodeId) -> Option<u16> {
        let site = &self.sites[node.index()];
        site.gateway.or(match site.hides[..] {
            [only] => Some(only),
            _ => None,
        })
    }

    /// Says what goes wrong on a link.
    pub fn set_faults(&mut self, link: LinkId, faults: Faults) {
        let faults = (faults != Faults::default()).then(|| Box::new(faults));
        self.links[link.index()].faults = faults;
    }

    /// The link at an interface of a node.
    pub fn link_of(&self, node: NodeId, interface: u16) -> &Link {
        &self.links[self.interfaces(node)[usize::from(interface)].link.index()]
    }

    /// How many nodes there are.
    pub const fn node_count(&self) -> usize {
        self.sites.len()
    }

    /// All nodes.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.sites.len() as u32).map(NodeId)
    }

    /// A node's name.
    pub fn name(&self, node: NodeId) -> &str {
        &self.sites[node.index()].name
    }

    /// Whether the node passes on packets that are not for itself.
    pub fn forwards(&self, node: NodeId) -> bool {
        self.sites[node.index()].forwards
    }

    /// A node's interfaces, in the order of its links.
    pub fn interfaces(&self, node: NodeId) -> &[Interface] {
        &self.sites[node.index()].interfaces
    }

    /// All links.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// A link, to send on.
    pub fn link_mut(&mut self, link: LinkId) -> &mut Link {
        &mut self.links[link.index()]
    }

    /// Whether an address is one of the node's own.
    pub fn owns(&self, node: NodeId, address: IpAddr) -> bool {
        self.interfaces(node).iter().any(|i| i.addresses.iter().any(|net| net.addr() == address))
    }

    /// The address that the node uses towards `interface`, of the same family as `like`.
    pub fn address_on(&self, node: NodeId, interface: u16, like: IpAddr) -> Option<IpAddr> {
        let interfaces = self.interfaces(node);
        let on = |i: &Interface| i.addresses.iter().map(IpNet::addr).find(|a| a.is_ipv4() == like.is_ipv4());
        interfaces.get(usize::from(interface)).and_then(on).or_else(|| interfaces.iter().find_map(on))
    }

    /// The links of a node with the node at the other end of each.
    pub fn neighbours(&self, node: NodeId) -> impl Iterator<Item = (LinkId, NodeId)> {
        self.graph.edges(NodeIndex::new(node.index())).map(move |edge| {
            let other = if edge.source().index() == node.index() { edge.target() } else { edge.source() };
            (*edge.weight(), NodeId(other.index() as u32))
        })
    }
}
