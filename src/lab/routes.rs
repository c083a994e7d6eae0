//! Routes: what makes the kernel of each node decide as the simulator does, in as few lines as that takes.
//!
//! A host with one link gives everything to its router, and so it does here: a default route. A router knows networks,
//! and answers "no route" for the rest, so no entry covers what nobody has. Within that, networks that lie side by side
//! are one entry, also where a part of them has another within. An address gets a route of its own only where it goes
//! another way than its network. One search a node, lines in the number of what it has to tell apart.

use crate::ids::NodeId;
use crate::network::{Hop, Route, Span, Table, Tables};
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

/// What some addresses need; `L` is [`Leads`] for a run of them, a list of which any will do for a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need<L> {
    /// Nothing: other entries, or no entries, decide about them.
    Nothing,
    /// That they stay with the entry of the network around them, or without any.
    Rest,
    /// An entry that leads there.
    Entry(L),
}

impl Need<Leads> {
    fn listed(self) -> Need<Vec<Leads>> {
        match self {
            Self::Nothing => Need::Nothing,
            Self::Rest => Need::Rest,
            Self::Entry(leads) => Need::Entry(vec![leads]),
        }
    }
}

impl Need<Vec<Leads>> {
    /// What two halves of a network need together. An entry must not cover what has to stay as it is.
    fn together(self, other: Self) -> Self {
        match (self, other) {
            (Self::Rest, _) | (_, Self::Rest) => Self::Rest,
            (Self::Nothing, need) | (need, Self::Nothing) => need,
            (Self::Entry(mut left), Self::Entry(right)) => {
                let both: Vec<Leads> = left.iter().filter(|leads| right.contains(leads)).copied().collect();
                if both.is_empty() {
                    left.extend(right);
                    Self::Entry(left)
                } else {
                    Self::Entry(both)
                }
            }
        }
    }
}

/// Addresses in a row that need the same, from `first` to the next one's.
struct Run {
    first: u128,
    need: Need<Leads>,
}

/// A network, its needs, and its halves where they need different things.
struct Half {
    net: IpNet,
    need: Need<Vec<Leads>>,
    halves: Option<Box<[Self; 2]>>,
}

impl Half {
    /// From runs that fill `net`.
    fn new(net: IpNet, runs: &[Run]) -> Self {
        if let [only] = runs {
            return Self { net, need: only.need.listed(), halves: None };
        }
        let Some([low, high]) = halves(net) else { return Self { net, need: Need::Nothing, halves: None } };
        let middle = number(high.network());
        let (left, right) = (
            runs.partition_point(|run| run.first < middle),
            runs.partition_point(|run| run.first <= middle).saturating_sub(1),
        );
        let halves = [Self::new(low, &runs[..left]), Self::new(high, &runs[right..])];
        let need = halves[0].need.clone().together(halves[1].need.clone());
        Self { net, need, halves: Some(Box::new(halves)) }
    }

    /// The fewest entries that fulfil the needs, if what is around leads to `around` (Draves et al., "Constructing optimal
    /// IP routing tables", INFOCOM 1999).
    fn write(&self, around: Option<Leads>, entries: &mut Vec<(Leads, IpNet)>) {
        let around = match &self.need {
            Need::Nothing => return,
            Need::Rest => around,
            Need::Entry(leads) if around.is_some_and(|around| leads.contains(&around)) => around,
            // The entry says no more than it has to.
            Need::Entry(_) if self.halves.iter().flat_map(|h| h.iter()).any(|half| half.need == Need::Nothing) => {
                around
            }
            Need::Entry(leads) => {
                entries.push((leads[0], self.net));
                Some(leads[0])
            }
        };
        for half in self.halves.iter().flat_map(|halves| halves.iter()) {
            half.write(around, entries);
        }
    }
}

/// The entries that a node's table has whatever else is in it, outermost first.
struct Fixed {
    nets: Vec<(IpNet, Option<Leads>)>,
}

impl Fixed {
    /// All of both families, the networks that the node is on, and the routes of the scenario's author.
    fn new(node: &NodeSpec, table: &Table<'_>) -> Self {
        let mut nets: BTreeMap<IpNet, Option<Leads>> = BTreeMap::new();
        let elsewhere = match table.elsewhere() {
            Route::Via(number) => Some(Leads::Via(number)),
            _ => None,
        };
        nets.extend(everything().map(|net| (net, elsewhere)));
        for (number, interface) in node.interfaces.iter().enumerate() {
            for net in &interface.addresses {
                // Of two links with one network the kernel takes the first.
                nets.entry(net.trunc()).or_insert(Some(Leads::OnLink(number as u16)));
            }
        }
        // Written ones go before. All within them goes the same way.
        nets.extend(node.routes.iter().map(|(net, hop)| (net.trunc(), Some(written(*hop)))));
        Self { nets: nets.into_iter().collect() }
    }

    /// The outermost entries within the one at `index`.
    fn within(&self, index: usize) -> Vec<IpNet> {
        let (net, _) = self.nets[index];
        let mut within: Vec<IpNet> = Vec::new();
        for (inner, _) in self.nets[index + 1..].iter().take_while(|(inner, _)| net.contains(inner)) {
            if !within.last().is_some_and(|last| last.contains(inner)) {
                within.push(*inner);
            }
        }
        within
    }
}

pub(super) fn write(scenario: &Scenario, out: &mut String) {
    *out += "\n# The routes.\n";
    let topology = scenario.topology();
    let tables = Tables::new(&topology);
    for (index, node) in scenario.nodes.iter().enumerate().filter(|(_, node)| !node.down) {
        let table = tables.table(NodeId(index as u32));
        let fixed = Fixed::new(node, &table);
        let added = added(node, &table, tables.spans(), &fixed);
        let mut all: BTreeMap<IpNet, Leads> = added.iter().map(|(leads, net)| (*net, *leads)).collect();
        all.extend(fixed.nets.iter().filter_map(|(net, leads)| Some((*net, (*leads)?))));
        write_table(scenario, index, &all, &added, out);
    }
}

/// What a node's table needs besides its fixed entries, to send packets where the simulator does.
fn added(node: &NodeSpec, table: &Table<'_>, spans: &[Span], fixed: &Fixed) -> Vec<(Leads, IpNet)> {
    let mut entries = Vec::new();
    for (index, (net, leads)) in fixed.nets.iter().enumerate() {
        let all_of_it = net.prefix_len() == 0 && table.has_one_way();
        if all_of_it || node.routes.iter().any(|(written, _)| written.trunc() == *net) {
            continue;
        }
        let runs = runs(table, spans, *net, *leads, &fixed.within(index));
        Half::new(*net, &runs).write(*leads, &mut entries);
    }
    entries.sort_unstable();
    entries
}

/// What the addresses of a network need, in order, if its entry leads to `around`; `within` have entries of their own.
fn runs(table: &Table<'_>, spans: &[Span], net: IpNet, around: Option<Leads>, within: &[IpNet]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut push = |first: u128, need: Need<Leads>| {
        if runs.last().is_none_or(|last| last.need != need) {
            runs.push(Run { first, need });
        }
    };
    let mut within = within.iter().peekable();
    let from = spans.partition_point(|span| span.last < net.network());
    for span in spans[from..].iter().take_while(|span| span.first <= net.broadcast()) {
        // No span reaches over the edge of an interface's network, but one can reach over that of a written route.
        let need = || need(table, span, around);
        let (mut at, last) = (span.first.max(net.network()), span.last.min(net.broadcast()));
        loop {
            while within.next_if(|inner| inner.broadcast() < at).is_some() {}
            let inner = within.peek().filter(|inner| inner.network() <= last);
            match inner {
                None => push(number(at), need()),
                Some(inner) => {
                    if at < inner.network() {
                        push(number(at), need());
                    }
                    push(number(at.max(inner.network())), Need::Nothing);
                    if inner.broadcast() < last {
                        at = address(number(inner.broadcast()) + 1, at);
                        continue;
                    }
                }
            }
            break;
        }
    }
    runs
}

/// What a span needs, if the network around it leads to `around`.
fn need(table: &Table<'_>, span: &Span, around: Option<Leads>) -> Need<Leads> {
    let leads = match table.route(span) {
        None => return Need::Nothing,
        // Whoever has it is on the link, if anybody.
        Some(Route::Local | Route::Nobody(_)) => return Need::Rest,
        Some(Route::Via(number)) if table.is_at(number, span) => Leads::OnLink(number),
        Some(Route::Via(number)) => Leads::Via(number),
        // With nothing in the table the kernel says the same.
        Some(Route::None) if around.is_none() => return Need::Rest,
        Some(Route::None) => written(Hop::Throw),
        Some(Route::Blackhole) => written(Hop::Blackhole),
        Some(Route::Unreachable) => written(Hop::Unreachable),
        Some(Route::Prohibit) => written(Hop::Prohibit),
    };
    if around == Some(leads) { Need::Rest } else { Need::Entry(leads) }
}

/// The two halves of a network; `None`: it is a single address.
fn halves(net: IpNet) -> Option<[IpNet; 2]> {
    let mut subnets = net.subnets(net.prefix_len().checked_add(1)?).ok()?;
    Some([subnets.next()?, subnets.next()?])
}

/// An address as a number within its family.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// The address of the family of `like` that has a number.
fn address(number: u128, like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::V4((number as u32).into()),
        IpAddr::V6(_) => IpAddr::V6(number.into()),
    }
}

/// The addresses at the other end of a node's interface.
fn far_addresses(scenario: &Scenario, node: usize, number: u16) -> impl Iterator<Item = IpAddr> {
    let interface = &scenario.nodes[node].interfaces[usize::from(number)];
    scenario.far_end(interface).into_iter().flat_map(|far| &far.addresses).map(IpNet::addr)
}

/// Who is on which link, the default route, the routes of the scenario's author, and the others. A neighbour has to be
/// known on its link before a route leads over it; the kernel is told so (`onlink`) where its table says otherwise.
fn write_table(
    scenario: &Scenario,
    index: usize,
    all: &BTreeMap<IpNet, Leads>,
    added: &[(Leads, IpNet)],
    out: &mut String,
) {
    let node = &scenario.nodes[index];
    let lengths: BTreeSet<u8> = all.keys().map(IpNet::prefix_len).collect();
    let is_on_link = |gateway: IpAddr, number: u16| {
        let mut nets = lengths.iter().rev().filter_map(|length| IpNet::new(gateway, *length).ok());
        nets.find_map(|net| all.get(&net.trunc())) == Some(&Leads::OnLink(number))
    };
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
                let onlink = if is_on_link(gateway, number) { "" } else { " onlink" };
                format!("{net} via {gateway} dev {}{onlink}", node.interfaces[usize::from(number)].name)
            }
        };
        let _ = writeln!(out, "in_node {} ip {family} route replace {way}", node.name);
    };
    let (on_link, others) = added.split_at(added.partition_point(|(leads, _)| matches!(leads, Leads::OnLink(_))));
    for (leads, net) in on_link {
        say(*net, *leads);
    }
    for net in everything() {
        if let Some(leads @ Leads::Via(_)) = all.get(&net) {
            say(net, *leads);
        }
    }
    let routes = node.routes.iter().map(|(net, hop)| (written(*hop), net.trunc()));
    for (leads, net) in routes.chain(others.iter().copied()) {
        say(net, leads);
    }
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

#[cfg(test)]
mod tests;
