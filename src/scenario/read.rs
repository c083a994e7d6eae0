//! From the text of a file to a [`Scenario`].

use super::document::{Problems, Table};
use super::links::Topology;
use super::model::{
    ChainSpec, InterfaceSpec, Limits, LinkEnd, LinkSpec, NamedChainSpec, NodeSpec, RuleSpec, Scenario, Target,
};
use super::nodes::NodeDraft;
use super::sessions::Sessions;
use super::{Diagnostic, Severity, addresses, check, links, nodes, sessions, syntax};
use crate::firewall::Policy;
use crate::ids::RuleId;
use crate::message::{Phrase, say};
use crate::tcp::SynRetries;
use crate::time::Duration;
use ipnet::IpNet;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::de::DeTable;

/// Files larger than this (in bytes) are refused: no scenario for people is.
pub const MAX_SOURCE: usize = 1 << 20;

const KEYS: [&str; 11] =
    ["title", "about", "title-zh", "about-zh", "seed", "syn-retries", "limits", "links", "nodes", "sessions", "expect"];
const LONGEST_TITLE: usize = 120;
const LONGEST_ABOUT: usize = 2000;
const LONGEST_TIME: Duration = Duration::from_secs(30 * 24 * 3600);
const MOST_FRAMES: u64 = 10_000_000;

/// Like [`parse`], for bytes that may not be text.
pub fn parse_bytes(source: &[u8], origin: &str) -> Result<Scenario, Vec<Diagnostic>> {
    if source.len() > MAX_SOURCE {
        return Err(vec![too_large(origin)]);
    }
    match std::str::from_utf8(source) {
        Ok(text) => parse(text, origin),
        Err(error) => {
            let line = String::from_utf8_lossy(&source[..error.valid_up_to()]).matches('\n').count() + 1;
            let message = say!("{} is not UTF-8 text: line {} has other bytes", origin, line);
            Err(vec![Diagnostic::error(0..0, message).help(say!("save the file with the encoding UTF-8"))])
        }
    }
}

/// Reads and checks a scenario. `origin` is the name of the file, for messages.
///
/// All mistakes are told, in source order. In a section whose TOML is broken only that is told, since what is around it
/// may be misread. Warnings of a usable file are in [`Scenario::warnings`].
pub fn parse(source: &str, origin: &str) -> Result<Scenario, Vec<Diagnostic>> {
    if source.len() > MAX_SOURCE {
        return Err(vec![too_large(origin)]);
    }
    let mut problems = Problems::new(source);
    let (as_it_is, errors) = DeTable::parse_recoverable(source);
    let Repaired { text, errors, lines } = repair(source, errors);
    for error in errors {
        problems.push(syntax::diagnostic(source, &error));
    }
    // Most files need no repair, and are read once.
    let document = if lines.is_empty() { as_it_is } else { DeTable::parse_recoverable(&text).0 };
    problems.damage(broken_sections(source, problems.found(), lines));
    let root = Table::new(document.get_ref(), 0..source.len());
    let scenario = read(&mut problems, &root);
    let found = problems.finish();
    if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(found);
    }
    Ok(Scenario { warnings: found, ..scenario })
}

/// A source whose TOML can be read further than its first mistake.
struct Repaired<'a> {
    /// The source, with blanks for the lines that are a key and nothing else: everything keeps its place.
    text: Cow<'a, str>,
    /// All that is wrong with its TOML.
    errors: Vec<toml::de::Error>,
    /// The lines that are blank now.
    lines: Vec<Range<usize>>,
}

/// Takes out the lines that are a key and nothing else, for the parser takes no table after one.
fn repair(source: &str, errors: Vec<toml::de::Error>) -> Repaired<'_> {
    /// Each pass shows what the one before could not see.
    const MOST_PASSES: usize = 8;
    let mut repaired = Repaired { text: Cow::Borrowed(source), errors: Vec::new(), lines: Vec::new() };
    let mut found = errors;
    for _ in 0..MOST_PASSES {
        let keys_alone = found.iter().filter(|error| error.message().starts_with("key with no value"));
        let lines: Vec<Range<usize>> =
            keys_alone.filter_map(|error| line_around(&repaired.text, error.span()?.start)).collect();
        let place = |error: &toml::de::Error| error.span().map(|span| (span.start, span.end));
        let known: BTreeSet<_> = repaired.errors.iter().map(place).collect();
        repaired.errors.extend(found.into_iter().filter(|error| !known.contains(&place(error))));
        if lines.is_empty() {
            break;
        }
        let mut bytes = repaired.text.into_owned().into_bytes();
        for line in &lines {
            bytes[line.clone()].fill(b' ');
        }
        // Whole lines became blanks, byte for byte: it is text as before.
        repaired.text = Cow::Owned(String::from_utf8(bytes).unwrap_or_default());
        repaired.lines.extend(lines);
        found = DeTable::parse_recoverable(&repaired.text).1;
    }
    repaired
}

/// The line with this place in it, without its end.
fn line_around(text: &str, at: usize) -> Option<Range<usize>> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find(['\r', '\n']).map_or(text.len(), |length| at + length);
    Some(start..end)
}

/// What cannot be judged, for its TOML is broken: the whole section, which is what stands from one header to the next; of
/// a line that was taken out, only this.
fn broken_sections(source: &str, errors: &[Diagnostic], lines: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let headers = source.match_indices("\n[").map(|(at, _)| at + 1);
    let starts: Vec<usize> = std::iter::once(0).chain(headers).chain([source.len()]).collect();
    let in_line = |at: usize| lines.iter().any(|line| line.start <= at && at <= line.end);
    let sections = errors.iter().filter(|error| !in_line(error.span.start)).map(|error| {
        let next = starts[1..].partition_point(|start| *start <= error.span.start) + 1;
        // What breaks at the very end belongs to the last section.
        let next = next.min(starts.len() - 1);
        starts[next - 1]..starts[next]
    });
    let sections: Vec<Range<usize>> = sections.collect();
    [sections, lines].concat()
}

fn too_large(origin: &str) -> Diagnostic {
    let message = say!("{} is larger than {} MiB", origin, MAX_SOURCE >> 20);
    Diagnostic::error(0..0, message).help(say!("a scenario file is a page or two of text"))
}

/// Reads everything, going on after mistakes: the result is only good if none was found.
fn read(problems: &mut Problems<'_>, root: &Table<'_>) -> Scenario {
    problems.known(root, say!("a scenario"), &KEYS);
    let title =
        problems.required(root, say!("the scenario"), "title", "title = \"Active mode meets a firewall\"").cloned();
    let title = title.and_then(|field| problems.line_of_text(&field, LONGEST_TITLE)).unwrap_or_default().to_owned();
    let title_zh =
        root.get("title-zh").and_then(|field| problems.line_of_text(field, LONGEST_TITLE)).map(str::to_owned);
    let about = paragraph(problems, root, "about");
    let about_zh = paragraph(problems, root, "about-zh");
    let seed = root.get("seed").and_then(|field| problems.integer(field, 0..=i64::MAX as u64)).unwrap_or(1);
    let retries = [("linux", SynRetries::Linux), ("textbook", SynRetries::Textbook)];
    let syn_retries = root.get("syn-retries").and_then(|field| problems.choice(field, &retries)).unwrap_or_default();
    let limits = limits(problems, root);

    let topology = links::read(problems, root);
    let mut bytes = 0;
    let drafts = nodes::read(problems, root, &topology, &mut bytes);
    let sessions = sessions::read(problems, root, &topology, &mut bytes);
    let mut addresses: Vec<Vec<Vec<IpNet>>> = Vec::new();
    if !topology.unread {
        // A node with a link that was not understood may have room for addresses that now seem too many.
        let known = drafts.iter().enumerate().map(|(node, draft)| {
            if !topology.knows(node) {
                return NodeDraft::default();
            }
            let (address, addresses) = (draft.address.clone(), draft.addresses.clone());
            NodeDraft { address, addresses, ..NodeDraft::default() }
        });
        let known: Vec<NodeDraft> = known.collect();
        addresses = addresses::assign(problems, &topology, &known, &targets(&sessions));
        check::mtus(problems, &topology, &addresses);
    }
    if topology.complete {
        check::paths(problems, &topology, &sessions.drafts, &addresses);
    }
    let down: Vec<bool> = drafts.iter().map(|draft| draft.down).collect();
    check::clients_run(problems, &topology, &sessions.drafts, &down);
    addresses.resize(topology.nodes.len(), Vec::new());
    let (nodes, rules) = assemble(&topology, drafts, addresses);
    let expects = sessions::expects(problems, root, &topology, &sessions, &rules);
    Scenario {
        title,
        about,
        title_zh,
        about_zh,
        seed,
        syn_retries,
        limits,
        nodes,
        links: link_specs(&topology),
        sessions: sessions.drafts.into_iter().map(|draft| draft.spec).collect(),
        expects,
        rules,
        warnings: Vec::new(),
    }
}

/// A text of several lines.
fn paragraph(problems: &mut Problems<'_>, root: &Table<'_>, key: &str) -> Option<String> {
    let field = root.get(key)?;
    let text = problems.string(field, "")?.trim();
    if text.chars().any(|c| c.is_control() && c != '\n') {
        problems.error(field.span(), say!("`{}` holds control characters", key), say!("write plain text"));
    }
    if text.chars().count() > LONGEST_ABOUT {
        problems.error(field.span(), say!("`{}` is longer than {} characters", key, LONGEST_ABOUT), Phrase::NONE);
    }
    (!text.is_empty()).then(|| text.to_owned())
}

fn limits(problems: &mut Problems<'_>, root: &Table<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(table) = root.get("limits").and_then(|field| problems.table(field, "limits = { time = \"1 h\" }")) else {
        return limits;
    };
    problems.known(&table, say!("`limits`"), &["time", "frames"]);
    if let Some(field) = table.get("time")
        && let Some(time) = problems.duration(field)
    {
        if time > LONGEST_TIME || time == Duration::ZERO {
            problems.error(field.span(), say!("`time` must be between 1 ns and 720 h"), Phrase::NONE);
        }
        limits.time = time;
    }
    if let Some(frames) = table.get("frames").and_then(|field| problems.integer(field, 1..=MOST_FRAMES)) {
        limits.frames = frames;
    }
    limits
}

/// The addresses that sessions call.
fn targets(sessions: &Sessions) -> Vec<std::net::IpAddr> {
    let target = |server| match server {
        Target::Address(address) => Some(address),
        Target::Node(_) => None,
    };
    sessions.drafts.iter().filter_map(|draft| target(draft.spec.server)).collect()
}

/// Puts nodes together and numbers their rules: by node, hook and place, the policy after the chain's rules.
fn assemble(
    topology: &Topology,
    drafts: Vec<NodeDraft>,
    addresses: Vec<Vec<Vec<IpNet>>>,
) -> (Vec<NodeSpec>, Vec<RuleSpec>) {
    let mut rules: Vec<RuleSpec> = Vec::new();
    let mut nodes = Vec::new();
    for (node, (draft, addresses)) in drafts.into_iter().zip(addresses).enumerate() {
        let named = &topology.nodes[node];
        let mut addresses = addresses.into_iter();
        let interfaces: Vec<InterfaceSpec> = named
            .ends
            .iter()
            .map(|&(link, end)| {
                let peer = topology.links[link].nodes[1 - end];
                let name = topology.nodes[peer].name.clone();
                InterfaceSpec { name, link, peer, addresses: addresses.next().unwrap_or_default() }
            })
            .collect();
        let mut add = |hook, rule, text, line| {
            rules.push(RuleSpec { node, hook, rule, text, line });
            RuleId(rules.len() as u32 - 1)
        };
        let mut chains = Vec::new();
        for chain in draft.firewall.chains {
            let (hook, policy) = (chain.hook, chain.policy);
            let ids = chain.rules.into_iter().map(|it| add(hook, Some(it.rule), it.text, it.line)).collect();
            let policy_rule = add(
                hook,
                None,
                format!("policy {}", if policy == Policy::Drop { "drop" } else { "accept" }),
                chain.policy_line,
            );
            chains.push(ChainSpec { hook, policy, policy_rule, rules: ids });
        }
        let mut named_chains = Vec::new();
        for chain in draft.firewall.named {
            let rules = chain.rules.into_iter().map(|it| add(chain.hook, Some(it.rule), it.text, it.line)).collect();
            named_chains.push(NamedChainSpec { name: chain.name, rules });
        }
        nodes.push(NodeSpec {
            name: named.name.clone(),
            down: draft.down,
            forward: draft.forward.unwrap_or(interfaces.len() > 1),
            gateway: draft.gateway,
            routes: draft.routes,
            loose_helper: draft.firewall.loose_helper,
            loose_tracking: draft.firewall.loose_tracking,
            conntrack_timeouts: draft.firewall.conntrack_timeouts,
            interfaces,
            chains,
            named_chains,
            ftp_server: draft.ftp_server,
        });
    }
    (nodes, rules)
}

fn link_specs(topology: &Topology) -> Vec<LinkSpec> {
    let specs = topology.links.iter().map(|link| LinkSpec {
        ends: [0, 1].map(|end| LinkEnd { node: link.nodes[end], interface: link.interfaces[end] }),
        delay: link.quality.delay,
        bandwidth: link.quality.bandwidth,
        queue: link.quality.queue,
        mtu: link.quality.mtu,
        faults: link.quality.faults.clone(),
    });
    specs.collect()
}
