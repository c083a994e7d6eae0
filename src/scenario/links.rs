//! `links`: which nodes there are, and which are joined.

use super::Diagnostic;
use super::document::{Field, Problems, Table};
use crate::message::{Phrase, say};
use crate::network::{Chance, Faults, LinkSettings};
use crate::suggest::quote;
use crate::time::{Duration, Instant};
use crate::units;
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

/// From here on a link's copies are told of in a warning: they and what answers them can be most of the traffic.
const MANY_COPIES: Chance = Chance(Chance::ALWAYS.0 / 10);

/// As a Linux interface, which is named after the node (`IFNAMSIZ` less the final zero).
const LONGEST_NAME: usize = 15;
const MOST_NODES: usize = 4096;
const MOST_LINKS: usize = 16_384;
/// A full Ethernet frame must find room, or nothing would ever pass.
const SMALLEST_QUEUE: u64 = 1514;
/// What every IPv4 host must take (RFC 791, section 3.1), and what jumbo frames carry.
const MTU: RangeInclusive<u64> = 576..=9216;
const REORDER_DELAY: Duration = Duration::from_millis(2);
const KEYS: [&str; 11] =
    ["path", "delay", "bandwidth", "queue", "mtu", "loss", "duplicate", "reorder", "reorder-delay", "jitter", "cuts"];
const EXAMPLE_CUTS: &str = "cuts = [{ from = \"1 s\", to = \"3 s\" }]";
const EXAMPLE: &str = "links = [\"client -- server\"]";

/// The nodes' names and the links between them.
#[derive(Default)]
pub(super) struct Topology {
    /// In order of first appearance.
    pub(super) nodes: Vec<NamedNode>,
    pub(super) links: Vec<Link>,
    /// Whether all of `links` was understood: otherwise a name that is missing may only be misread.
    pub(super) complete: bool,
    /// Nothing can be said of which nodes there are.
    pub(super) unread: bool,
    /// The paths that were not understood: what they name may exist.
    doubtful: Vec<String>,
    by_name: BTreeMap<String, usize>,
    by_pair: BTreeMap<(usize, usize), usize>,
}

pub(super) struct NamedNode {
    pub(super) name: String,
    /// Its links, and which end of each it is.
    pub(super) ends: Vec<(usize, usize)>,
}

pub(super) struct Link {
    pub(super) nodes: [usize; 2],
    /// The position of this link among the interfaces of each node.
    pub(super) interfaces: [usize; 2],
    /// The piece of the path that makes it.
    pub(super) span: Range<usize>,
    pub(super) quality: Quality,
}

#[derive(Clone)]
pub(super) struct Quality {
    pub(super) delay: Duration,
    pub(super) bandwidth: u64,
    pub(super) queue: u64,
    pub(super) mtu: u32,
    pub(super) faults: Faults,
}

impl Default for Quality {
    fn default() -> Self {
        let LinkSettings { delay, bandwidth, queue, mtu } = LinkSettings::DEFAULT;
        Self { delay, bandwidth, queue, mtu, faults: Faults::default() }
    }
}

impl Topology {
    /// The node called `name`, or an error that proposes another.
    pub(super) fn resolve(&self, problems: &mut Problems<'_>, name: &str, span: Range<usize>) -> Option<usize> {
        let found = self.by_name.get(name).copied();
        if found.is_none() && !self.may_exist(name) {
            let help = match problems.closest(name, self.names()) {
                Some(near) => say!("did you mean `{}`?", near),
                None => say!("a node exists by being named in `links`").into(),
            };
            problems.error(span, say!("no link names a node {}", quote(name)), help);
        }
        found
    }

    /// Whether a link that was not understood may name a node.
    pub(super) fn may_exist(&self, name: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words = || self.doubtful.iter().flat_map(|text| text.split(|c| !is_part(c)));
        // A name with `-` in it is as doubtful as its parts.
        let parts = || name.split(|c| !is_part(c));
        !self.complete && (self.unread || parts().any(|part| words().any(|word| word == part)))
    }

    /// The words of the paths that were not understood.
    pub(super) fn doubtful_words(&self) -> impl Iterator<Item = &str> {
        self.doubtful.iter().flat_map(|text| text.split_whitespace()).filter(|word| *word != "--")
    }

    /// Whether a link that was not understood may lead from a node to the one of that name.
    pub(super) fn may_lead(&self, node: usize, name: &str) -> bool {
        !self.knows(node) && self.may_exist(name)
    }

    /// Whether all the links of a node are known.
    pub(super) fn knows(&self, node: usize) -> bool {
        !self.may_exist(&self.nodes[node].name)
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().map(|node| node.name.as_str())
    }

    /// The nodes that `node` is linked with, in the order of its interfaces.
    pub(super) fn neighbours(&self, node: usize) -> impl Iterator<Item = usize> {
        self.nodes[node].ends.iter().map(|&(link, end)| self.links[link].nodes[1 - end])
    }
}

/// Reads `links`.
pub(super) fn read(problems: &mut Problems<'_>, root: &Table<'_>) -> Topology {
    let mut topology = Topology { complete: true, ..Topology::default() };
    let items = problems
        .required(root, say!("the scenario"), "links", EXAMPLE)
        .cloned()
        .and_then(|field| problems.list(&field, say!("an entry of `links`"), EXAMPLE).map(|items| (field, items)));
    let Some((field, items)) = items else {
        (topology.complete, topology.unread) = (false, true);
        return topology;
    };
    if problems.is_damaged(field.key_span.start) {
        (topology.complete, topology.unread) = (false, true);
    }
    if items.is_empty() {
        problems.error(field.span(), say!("`links` is empty"), say!("write `{}`", EXAMPLE));
        (topology.complete, topology.unread) = (false, true);
    }
    for item in items {
        let (path, quality) =
            if item.value.get_ref().is_table() { styled(problems, &item) } else { (Some(item), Quality::default()) };
        let understood = path.as_ref().is_some_and(|path| topology.chain(problems, path, &quality));
        if !understood {
            topology.complete = false;
            match path.and_then(|path| path.value.get_ref().as_str().map(str::to_owned)) {
                Some(text) => topology.doubtful.push(text),
                None => topology.unread = true,
            }
        }
        if topology.too_large() {
            let message = say!("a scenario has at most {} nodes and {} links", MOST_NODES, MOST_LINKS);
            problems.error(field.key_span.clone(), message, Phrase::NONE);
            (topology.complete, topology.unread) = (false, true);
            break;
        }
    }
    topology
}

/// `{ path = "a -- b", delay = "5 ms", ... }`
fn styled<'d>(problems: &mut Problems<'_>, item: &Field<'d>) -> (Option<Field<'d>>, Quality) {
    let mut quality = Quality::default();
    let Some(table) = problems.table(item, "") else { return (None, quality) };
    problems.known(&table, say!("a link"), &KEYS);
    if let Some(delay) = table.get("delay").and_then(|field| problems.duration(field)) {
        quality.delay = delay;
    }
    if let Some(field) = table.get("bandwidth")
        && let Some(rate) = problems.quantity(field, say!("a bandwidth"), "\"10 Mbit/s\"", units::rate)
    {
        if rate == 0 {
            problems.error(
                field.span(),
                say!("a link without bandwidth carries nothing"),
                say!("leave the link out of `links`"),
            );
        }
        quality.bandwidth = rate;
    }
    if let Some(field) = table.get("queue")
        && let Some(size) = problems.quantity(field, say!("a size"), "\"64 kB\"", units::size)
    {
        if size < SMALLEST_QUEUE {
            let help = say!("the smallest queue is {} B, one full frame", SMALLEST_QUEUE);
            problems.error(field.span(), say!("this queue has no room for a full packet"), help);
        }
        quality.queue = size;
    }
    if let Some(mtu) = table.get("mtu").and_then(|field| problems.integer(field, MTU)) {
        quality.mtu = mtu as u32;
    }
    faults(problems, &table, &mut quality);
    (problems.required(&table, say!("the link"), "path", "path = \"client -- server\"").cloned(), quality)
}

/// What goes wrong on a link.
fn faults(problems: &mut Problems<'_>, table: &Table<'_>, quality: &mut Quality) {
    let mut chance = |key| {
        let field = table.get(key)?;
        problems.quantity(field, say!("a percentage"), "\"1 %\"", units::percent).map(|share| Chance(share as u32))
    };
    let faults = &mut quality.faults;
    faults.loss = chance("loss").unwrap_or_default();
    faults.duplicate = chance("duplicate").unwrap_or_default();
    faults.reorder = chance("reorder").unwrap_or_default();
    if faults.duplicate.0 >= MANY_COPIES.0
        && let Some(field) = table.get("duplicate")
    {
        let message = say!("this link multiplies packets: a copy is answered, and answers are copied too");
        let help = say!("a real line copies few packets, if any: `duplicate = \"1 %\"`");
        problems.push(Diagnostic::warning(field.span(), message).help(help));
    }
    // Long enough that a packet or two overtake it, short enough that nobody thinks it lost.
    faults.reorder_delay = if faults.reorder == Chance::default() { Duration::ZERO } else { REORDER_DELAY };
    if let Some(field) = table.get("reorder-delay")
        && let Some(delay) = problems.duration(field)
    {
        if table.get("reorder").is_none() {
            problems.error(
                field.key_span.clone(),
                say!("no packet is held back on this link"),
                say!("add `reorder = \"1 %\"`"),
            );
        }
        faults.reorder_delay = delay;
    }
    if let Some(field) = table.get("jitter")
        && let Some(jitter) = problems.duration(field)
    {
        if jitter > Faults::MOST_JITTER {
            problems.error(field.span(), say!("this is too much jitter"), say!("the most is 4 s"));
        }
        faults.jitter = jitter;
    }
    if let Some(field) = table.get("cuts") {
        faults.cuts = cuts(problems, field);
    }
}

/// `[{ from = "1 s", to = "3 s" }, ...]`
fn cuts(problems: &mut Problems<'_>, field: &Field<'_>) -> Vec<(Instant, Instant)> {
    let mut cuts: Vec<(Instant, Instant)> = Vec::new();
    for item in problems.list(field, say!("an entry of `cuts`"), EXAMPLE_CUTS).unwrap_or_default() {
        let Some(table) = problems.table(&item, EXAMPLE_CUTS) else { continue };
        problems.known(&table, say!("a cut"), &["from", "to"]);
        let mut ends = ["from", "to"].map(|key| {
            let field = problems.required(&table, say!("the cut"), key, "from = \"1 s\", to = \"3 s\"")?;
            problems.duration(field).map(|after| Instant::START + after)
        });
        let (Some(from), Some(to)) = (ends[0].take(), ends[1].take()) else { continue };
        if from >= to {
            problems.error(item.span(), say!("this cut ends before it begins"), say!("`to` must be later than `from`"));
        }
        cuts.push((from, to));
    }
    cuts
}

impl Topology {
    /// Reads `a -- b -- c`; false if something is wrong with it.
    fn chain(&mut self, problems: &mut Problems<'_>, field: &Field<'_>, quality: &Quality) -> bool {
        let Some(text) = problems.string(field, "client -- server") else { return false };
        let mut understood = true;
        let mut previous: Option<(usize, Range<usize>)> = None;
        let mut at = 0;
        let place = problems.locate(field.span(), text);
        for part in text.split("--") {
            let name = part.trim();
            let start = at + (part.len() - part.trim_start().len());
            let inner = start..start + name.len();
            let span = place.part(inner.clone());
            at += part.len() + 2;
            if self.too_large() {
                return false;
            }
            if !check_name(problems, name, &span, field) {
                understood = false;
                if name.is_empty() || name.contains(char::is_whitespace) {
                    previous = None;
                    continue;
                }
            }
            let node = self.add(name);
            if let Some((before, first)) = previous {
                let span = place.part(first.start..inner.end);
                understood &= self.join(problems, [before, node], span, quality);
            }
            previous = Some((node, inner));
        }
        if understood && !text.contains("--") {
            problems.error(
                field.span(),
                say!("this link has one end only"),
                say!("write `\"{} -- server\"`", text.trim()),
            );
            understood = false;
        }
        understood
    }

    fn too_large(&self) -> bool {
        self.nodes.len() > MOST_NODES || self.links.len() > MOST_LINKS
    }

    fn add(&mut self, name: &str) -> usize {
        if let Some(&node) = self.by_name.get(name) {
            return node;
        }
        self.nodes.push(NamedNode { name: name.to_owned(), ends: Vec::new() });
        self.by_name.insert(name.to_owned(), self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn join(&mut self, problems: &mut Problems<'_>, nodes: [usize; 2], span: Range<usize>, quality: &Quality) -> bool {
        let [a, b] = nodes;
        if a == b {
            let message = say!("{} is linked with itself", quote(&self.nodes[a].name));
            problems.error(span, message, say!("a link joins two different nodes"));
            return false;
        }
        if let Some(&earlier) = self.by_pair.get(&(a.min(b), a.max(b))) {
            let message = say!("{} and {} are linked already", quote(&self.nodes[a].name), quote(&self.nodes[b].name));
            let earlier = self.links[earlier].span.clone();
            problems.push(
                Diagnostic::error(span, message)
                    .related(earlier, say!("here"))
                    .help(say!("two nodes have one link; put another node between them for a second path")),
            );
            return false;
        }
        let link = self.links.len();
        self.by_pair.insert((a.min(b), a.max(b)), link);
        let interfaces = nodes.map(|node| self.nodes[node].ends.len());
        self.links.push(Link { nodes, interfaces, span, quality: quality.clone() });
        self.nodes[a].ends.push((link, 0));
        self.nodes[b].ends.push((link, 1));
        true
    }
}

fn check_name(problems: &mut Problems<'_>, name: &str, span: &Range<usize>, field: &Field<'_>) -> bool {
    let strange = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let (message, help) = if name.is_empty() {
        (say!("a name is missing here").into(), say!("write `client -- server`"))
    } else if name.contains(strange) || name.starts_with('-') || name.ends_with('-') {
        let help = say!("names are of letters a-z, digits, - and _; between two names stands ` -- `");
        (say!("{} is not a name for a node", quote(name)), help)
    } else if name.len() > LONGEST_NAME {
        (
            say!("the name {} is longer than {} characters", quote(name), LONGEST_NAME),
            say!("interfaces are named after their neighbour, and Linux allows no more"),
        )
    } else if name == "lo" {
        (say!("`lo` is the loopback interface of every node").into(), say!("choose another name"))
    } else if matches!(name, "all" | "default") {
        (
            say!("no interface can be called {} on Linux, and interfaces are named after their neighbour", quote(name)),
            say!("choose another name"),
        )
    } else {
        return true;
    };
    let span = if span.is_empty() { field.span() } else { span.clone() };
    problems.error(span, message, help);
    false
}
