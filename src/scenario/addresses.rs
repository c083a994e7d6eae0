//! Giving every interface its addresses.
//!
//! Every link is a network. What the file says comes first; the rest is assigned in the order of the links, so that a
//! scenario without a single address is complete and the same on every run:
//!
//! 1. `addresses` name their interface. `address` belongs to the only interface; on a node with several, to all those
//!    whose link's other end is in the same network, else to the first that has none.
//! 2. The network of a link is that of an end with an address: its prefix, else /24 (IPv6: /64).
//! 3. A link without is 10.0.N.0/24, with N from 1; networks in use are skipped.
//! 4. An end without an address gets a free host number: nodes with several interfaces from 1 upwards, others from 10.
//!    Links of one node may share a network; the node then has one address there, on all of them.
//! 5. If any address of the scenario is IPv6, all this is done once more for it, with `2001:db8:N::/64`.

use super::Diagnostic;
use super::check::Sets;
use super::document::Problems;
use super::links::Topology;
use super::nodes::{Given, NodeDraft};
use crate::message::say;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// For each node, for each of its interfaces, the addresses. `targets` are addresses that sessions call: they are
/// nobody's unless the file gives them to a node.
pub(super) fn assign(
    problems: &mut Problems<'_>,
    topology: &Topology,
    drafts: &[NodeDraft],
    targets: &[IpAddr],
) -> Vec<Vec<Vec<IpNet>>> {
    let mut result: Vec<Vec<Vec<IpNet>>> =
        topology.nodes.iter().map(|node| vec![Vec::new(); node.ends.len()]).collect();
    let everything =
        || drafts.iter().flat_map(|draft| draft.address.iter().chain(draft.addresses.iter().map(|(_, given)| given)));
    let v6 = everything().any(|given| given.address.is_ipv6()) || targets.iter().any(IpAddr::is_ipv6);
    for family in [Family::V4, Family::V6].into_iter().take(1 + usize::from(v6)) {
        let mut plan = Plan::new(topology, family);
        plan.place(problems, drafts);
        plan.find_networks(problems, targets);
        plan.register(problems, targets);
        plan.warn_of_split_networks(problems);
        plan.complete(problems, &mut result);
    }
    result
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn has(self, address: IpAddr) -> bool {
        address.is_ipv4() == (self == Self::V4)
    }

    const fn default_prefix(self) -> u8 {
        match self {
            Self::V4 => 24,
            Self::V6 => 64,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    /// The network that the `n`th link without one gets.
    fn nth(self, n: u16) -> IpNet {
        match self {
            Self::V4 => Ipv4Net::new_assert(Ipv4Addr::from(0x0a00_0000 + (u32::from(n) << 8)), 24).into(),
            Self::V6 => Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 0xdb8, n, 0, 0, 0, 0, 0), 64).into(),
        }
    }
}

/// The addresses of one family.
struct Plan<'t> {
    topology: &'t Topology,
    family: Family,
    /// What the file says of each link's ends.
    given: Vec<[Option<Given>; 2]>,
    /// Each link's network.
    networks: Vec<IpNet>,
    /// Addresses in use.
    taken: BTreeSet<IpAddr>,
    /// The address that a node has in a network.
    owned: BTreeMap<(usize, IpNet), IpAddr>,
    /// How many host numbers of a network have been tried, for routers and for hosts.
    tried: BTreeMap<(IpNet, bool), u128>,
}

impl<'t> Plan<'t> {
    fn new(topology: &'t Topology, family: Family) -> Self {
        Self {
            topology,
            family,
            given: topology.links.iter().map(|_| [None, None]).collect(),
            networks: Vec::new(),
            taken: BTreeSet::new(),
            owned: BTreeMap::new(),
            tried: BTreeMap::new(),
        }
    }

    /// Puts the file's addresses on interfaces.
    fn place(&mut self, problems: &mut Problems<'_>, drafts: &[NodeDraft]) {
        let family = self.family;
        let own = |given: &&Given| family.has(given.address);
        for (node, draft) in drafts.iter().enumerate() {
            for (interface, given) in draft.addresses.iter().filter(|(_, given)| family.has(given.address)) {
                self.put(problems, self.topology.nodes[node].ends[*interface], given);
            }
            if let [end] = self.topology.nodes[node].ends[..] {
                for given in draft.address.iter().filter(own) {
                    self.put(problems, end, given);
                }
            }
        }
        for (node, draft) in drafts.iter().enumerate() {
            let ends = &self.topology.nodes[node].ends;
            for given in draft.address.iter().filter(own).filter(|_| ends.len() > 1) {
                let near: Vec<_> = ends.iter().copied().filter(|&end| self.is_near(end, given)).collect();
                let free = |&(link, end): &(usize, usize)| self.given[link][end].is_none();
                let lonely = |&(link, end): &(usize, usize)| self.given[link][1 - end].is_none();
                let first = ends
                    .iter()
                    .copied()
                    .find(|end| free(end) && lonely(end))
                    .or_else(|| ends.iter().copied().find(free));
                if let (true, None) = (near.is_empty(), first) {
                    let help = say!("a node has one address for each link; `addresses` says which goes where");
                    problems.error(given.span.clone(), say!("no interface is left for {}", given.address), help);
                }
                for end in if near.is_empty() { first.into_iter().collect() } else { near } {
                    self.put(problems, end, given);
                }
            }
        }
    }

    fn put(&mut self, problems: &mut Problems<'_>, (link, end): (usize, usize), given: &Given) {
        if let Some(earlier) = &self.given[link][end] {
            let message = say!("this interface has the {} address {} already", self.family.name(), earlier.address);
            let diagnostic = Diagnostic::error(given.span.clone(), message).related(earlier.span.clone(), say!("here"));
            problems.push(diagnostic.help(say!("an interface has one IPv4 and one IPv6 address")));
        } else {
            self.given[link][end] = Some(given.clone());
        }
    }

    /// Whether `given` lies in the network of the other end, and this end has no address.
    fn is_near(&self, (link, end): (usize, usize), given: &Given) -> bool {
        let other = self.given[link][1 - end].as_ref();
        self.given[link][end].is_none()
            && other.is_some_and(|other| self.network(other, Some(given)).contains(&given.address))
    }

    /// The network of `given`, whose neighbour may know the prefix.
    fn network(&self, given: &Given, neighbour: Option<&Given>) -> IpNet {
        let prefix = given.prefix.or(neighbour.and_then(|other| other.prefix)).unwrap_or(self.family.default_prefix());
        IpNet::new(given.address, prefix).map_or_else(|_| given.address.into(), |network| network.trunc())
    }

    /// The network of every link.
    fn find_networks(&mut self, problems: &mut Problems<'_>, targets: &[IpAddr]) {
        let mut networks: Vec<Option<IpNet>> = Vec::new();
        for ends in &self.given {
            let network = match ends {
                [Some(a), Some(b)] => {
                    let (first, second) = (self.network(a, Some(b)), self.network(b, Some(a)));
                    if first != second {
                        let message =
                            say!("the two ends of a link are in different networks, {} and {}", first, second);
                        let (earlier, later) = if a.span.start < b.span.start { (a, b) } else { (b, a) };
                        let diagnostic = Diagnostic::error(later.span.clone(), message)
                            .related(earlier.span.clone(), say!("the other end"));
                        problems
                            .push(diagnostic.help(say!("give both ends addresses of one network, or leave one out")));
                    }
                    Some(first)
                }
                [Some(one), None] | [None, Some(one)] => Some(self.network(one, None)),
                [None, None] => None,
            };
            networks.push(network);
            for given in ends.iter().flatten() {
                check_host(problems, given, network.unwrap_or(given.address.into()));
            }
        }
        let used = networks.iter().flatten().copied();
        let foreign = targets.iter().filter(|target| self.family.has(**target)).map(|&target| IpNet::from(target));
        let used = Used::new(used.chain(foreign));
        let mut fresh = (1..=u16::MAX).map(|n| self.family.nth(n)).filter(|network| !used.overlaps(*network));
        let spare = self.family.nth(0);
        self.networks =
            networks.into_iter().map(|network| network.unwrap_or_else(|| fresh.next().unwrap_or(spare))).collect();
    }

    /// Notes the file's addresses as taken; two nodes cannot have the same.
    fn register(&mut self, problems: &mut Problems<'_>, targets: &[IpAddr]) {
        let mut owners: BTreeMap<IpAddr, (usize, &Given)> = BTreeMap::new();
        self.taken.extend(targets.iter().copied());
        for (link, ends) in self.given.iter().enumerate() {
            for (end, given) in ends.iter().enumerate().filter_map(|(end, given)| Some((end, given.as_ref()?))) {
                let node = self.topology.links[link].nodes[end];
                let (owner, first) = *owners.entry(given.address).or_insert((node, given));
                if owner != node {
                    let name = |node: usize| &self.topology.nodes[node].name;
                    let message =
                        say!("`{}` and `{}` have the same address, {}", name(owner), name(node), given.address);
                    let (earlier, later) =
                        if first.span.start < given.span.start { (first, given) } else { (given, first) };
                    let diagnostic = Diagnostic::error(later.span.clone(), message)
                        .related(earlier.span.clone(), say!("the same address"));
                    problems.push(
                        diagnostic.help(say!("give one of them another address, or leave it out to have one assigned")),
                    );
                }
                self.taken.insert(given.address);
                self.owned.entry((node, self.networks[link])).or_insert(given.address);
            }
        }
    }

    /// One network on links that do not touch is legal, and rarely meant: routers know one way to it.
    fn warn_of_split_networks(&self, problems: &mut Problems<'_>) {
        let mut groups: BTreeMap<IpNet, Vec<usize>> = BTreeMap::new();
        for (link, network) in
            self.networks.iter().enumerate().filter(|(link, _)| self.given[*link].iter().any(Option::is_some))
        {
            groups.entry(*network).or_default().push(link);
        }
        for (network, links) in groups {
            let mut sets = Sets::default();
            for &link in &links {
                let [a, b] = self.topology.links[link].nodes;
                sets.join(a, b);
            }
            let first = links[0];
            let root = sets.find(self.topology.links[first].nodes[0]);
            let apart = links.iter().copied().find(|&link| sets.find(self.topology.links[link].nodes[0]) != root);
            let spans = |link: usize| self.given[link].iter().flatten().map(|given| given.span.clone()).next();
            if let Some((here, there)) = apart.and_then(|apart| spans(apart).zip(spans(first))) {
                let message = say!("the network {} is in two places that are not next to each other", network);
                let diagnostic = Diagnostic::warning(here, message).related(there, say!("also here"));
                problems.push(
                    diagnostic.help(say!(
                        "routers know one way to a network: use a second one, unless NAT hides one of them"
                    )),
                );
            }
        }
    }

    /// Assigns what is left, and writes everything to `result`.
    fn complete(&mut self, problems: &mut Problems<'_>, result: &mut [Vec<Vec<IpNet>>]) {
        for (link, spec) in self.topology.links.iter().enumerate() {
            let network = self.networks[link];
            for (end, &node) in spec.nodes.iter().enumerate() {
                let given = self.given[link][end].as_ref().map(|given| given.address);
                let known = given.or_else(|| self.owned.get(&(node, network)).copied());
                let Some(address) = known.or_else(|| self.free(network, self.topology.nodes[node].ends.len() > 1))
                else {
                    let message = say!("no address is left in {} for `{}`", network, self.topology.nodes[node].name);
                    let span = self.given[link].iter().flatten().map(|given| given.span.clone()).next();
                    problems.error(
                        span.unwrap_or(spec.span.clone()),
                        message,
                        say!("use a shorter prefix or a second network"),
                    );
                    continue;
                };
                self.taken.insert(address);
                self.owned.entry((node, network)).or_insert(address);
                result[node][spec.interfaces[end]].extend(IpNet::new(address, network.prefix_len()).ok());
            }
        }
    }

    /// A free address in `network`.
    fn free(&mut self, network: IpNet, router: bool) -> Option<IpAddr> {
        let (first, last) = hosts(network);
        let start = if router { 1 } else { 10 };
        let skip = if start <= last { start - first } else { 0 };
        let count = last - first + 1;
        let tried = self.tried.entry((network, router)).or_default();
        while *tried < count {
            let address = offset(network, first + (skip + *tried) % count);
            *tried += 1;
            if !self.taken.contains(&address) {
                return Some(address);
            }
        }
        None
    }
}

/// The lowest and the highest host number of a network (RFC 3021 for /31, RFC 6164 for /127).
fn hosts(network: IpNet) -> (u128, u128) {
    let bits = network.max_prefix_len() - network.prefix_len();
    let size = 1_u128 << bits.min(64);
    match (bits, network) {
        (0, _) => (0, 0),
        (1, _) => (0, 1),
        (_, IpNet::V4(_)) => (1, size - 2),
        (_, IpNet::V6(_)) => (1, size - 1),
    }
}

fn offset(network: IpNet, number: u128) -> IpAddr {
    match network.network() {
        IpAddr::V4(base) => Ipv4Addr::from(u32::from(base).wrapping_add(number as u32)).into(),
        IpAddr::V6(base) => Ipv6Addr::from(u128::from(base).wrapping_add(number)).into(),
    }
}

/// A node cannot have the address of the network itself, nor that of all its hosts.
fn check_host(problems: &mut Problems<'_>, given: &Given, network: IpNet) {
    let (first, last) = hosts(network);
    let what = if first > 0 && given.address == network.network() {
        say!("the network itself")
    } else if network.addr().is_ipv4() && first > 0 && given.address == network.broadcast() {
        say!("all hosts of it (broadcast)")
    } else {
        return;
    };
    let help = match network {
        IpNet::V4(_) => say!("write an address from {} to {}", offset(network, first), offset(network, last)),
        IpNet::V6(_) => say!("write an address such as {}", offset(network, 0x10_u128.min(last))),
    };
    problems.error(given.span.clone(), say!("{} means {} in {}", given.address, what, network), help);
}

/// Address ranges in use, sorted and without overlaps.
struct Used(Vec<(u128, u128)>);

impl Used {
    fn new(networks: impl Iterator<Item = IpNet>) -> Self {
        let mut ranges: Vec<_> = networks.map(bounds).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::new();
        for (low, high) in ranges {
            match merged.last_mut() {
                Some((_, end)) if low <= *end => *end = high.max(*end),
                _ => merged.push((low, high)),
            }
        }
        Self(merged)
    }

    fn overlaps(&self, network: IpNet) -> bool {
        let (low, high) = bounds(network);
        let at = self.0.partition_point(|&(_, end)| end < low);
        self.0.get(at).is_some_and(|&(start, _)| start <= high)
    }
}

fn bounds(network: IpNet) -> (u128, u128) {
    let number = |address| match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    };
    (number(network.network()), number(network.broadcast()))
}

#[cfg(test)]
mod tests;
