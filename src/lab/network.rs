//! Namespaces, links, addresses.

use super::{Script, routes, rules};
use crate::network::{Chance, Faults};
use crate::scenario::{LinkSpec, Scenario};
use crate::tcp::SynRetries;
use crate::time::{Duration, Instant};
use std::fmt::Write;

/// A link's room for waiting packets is counted in bytes here, in packets by netem.
const ETHERNET: u64 = crate::packet::ETHERNET_HEADER as u64;

pub(super) fn write(scenario: &Scenario, script: &mut Script) {
    let out = &mut script.body;
    *out += "\n# The nodes: whether they pass packets on, how they repeat SYNs.\n";
    for node in &scenario.nodes {
        let linear = u8::from(scenario.syn_retries == SynRetries::Linux) * 4;
        let _ = writeln!(out, "add_node {} {} {linear}", node.name, u8::from(node.forward));
    }
    *out += "\n# The links: nodes and interfaces, MTU, whether it will be cut; then each end's delay, rate, queue and faults.\n";
    for (number, link) in scenario.links.iter().enumerate() {
        write_link(scenario, number, link, out);
    }
    write_addresses(scenario, out);
    write_neighbours(scenario, out);
    routes::write(scenario, out);
    for index in 0..scenario.nodes.len() {
        rules::write(scenario, index, script);
    }
    let out = &mut script.body;
    *out += "\n# What passes by is written down.\n";
    for node in &scenario.nodes {
        for interface in &node.interfaces {
            let _ = writeln!(out, "start_capture {} {}", node.name, interface.name);
        }
    }
}

/// The cuts of all links, to begin with the sessions: their times count from there.
pub(super) fn write_cuts(scenario: &Scenario, script: &mut Script) {
    let out = &mut script.body;
    for (number, link) in scenario.links.iter().enumerate().filter(|(_, link)| !link.faults.cuts.is_empty()) {
        let [(a, a_if), _] = ends(scenario, link);
        let _ = writeln!(out, "\n# {a} and {a_if} are cut off from each other.");
        let mut now = 0;
        out.push_str("(\n");
        for (from, to) in together(&link.faults.cuts) {
            let _ = writeln!(out, "    sleep {}\n    cut {number} down", decimal(from - now));
            let _ = writeln!(out, "    sleep {}\n    cut {number} up", decimal(to - from));
            now = to;
        }
        out.push_str(") &\nchildren=\"$children $!\"\n");
    }
}

/// Cuts in order, in nanoseconds; those that touch are one.
fn together(cuts: &[(Instant, Instant)]) -> Vec<(u64, u64)> {
    let mut cuts: Vec<(u64, u64)> = cuts.iter().map(|(from, to)| (from.as_nanos(), to.as_nanos())).collect();
    cuts.sort_unstable();
    let mut all: Vec<(u64, u64)> = Vec::new();
    for (from, to) in cuts {
        match all.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => all.push((from, to)),
        }
    }
    all
}

/// Node and interface at each end of a link.
fn ends<'a>(scenario: &'a Scenario, link: &LinkSpec) -> [(&'a str, &'a str); 2] {
    link.ends.map(|end| {
        let node = &scenario.nodes[end.node];
        (&*node.name, &*node.interfaces[end.interface].name)
    })
}

fn write_link(scenario: &Scenario, number: usize, link: &LinkSpec, out: &mut String) {
    let LinkSpec { ends: _, delay, bandwidth, queue, mtu, faults } = link;
    let [(a, a_if), (b, b_if)] = ends(scenario, link);
    let frame = u64::from(*mtu) + ETHERNET;
    // What is on its way takes netem's room too: delay times rate comes on top of the queue.
    let on_the_way = u128::from(delay.as_nanos()) * u128::from(*bandwidth) / 8_000_000_000;
    let packets = (u128::from(*queue) + on_the_way).div_ceil(u128::from(frame)).clamp(16, 1_000_000);
    // A token bucket lets one frame through at once, or what passes in a millisecond: timers are no finer.
    let burst = frame.max(bandwidth / 8000);
    let cut = if faults.cuts.is_empty() { String::from("-") } else { number.to_string() };
    let _ = writeln!(out, "add_link {a} {a_if} {b} {b_if} {mtu} {cut}");
    let first = netem(*delay, faults);
    let second = held_back(faults).unwrap_or_else(|| String::from("-"));
    for (node, interface) in [(a, a_if), (b, b_if)] {
        let _ = writeln!(
            out,
            "set_end {node} {interface} {bandwidth}bit {packets} {queue} {burst} '{first}' '{second}' '{}'",
            parts(*delay, faults)
        );
    }
}

/// netem's options for what happens to every packet. It draws a delay from both sides of a middle; with a rate it keeps
/// the order.
fn netem(delay: Duration, faults: &Faults) -> String {
    let Faults { loss, duplicate, reorder: _, reorder_delay: _, jitter, cuts: _ } = faults;
    let half = jitter.as_nanos() / 2;
    let mut options = format!("delay {}", micros(delay.as_nanos() + half));
    if half > 0 {
        let _ = write!(options, " {}", micros(half));
    }
    for (word, chance) in [("loss", loss), ("duplicate", duplicate)] {
        if *chance != Chance::default() {
            let _ = write!(options, " {word} {}", percent(chance.0));
        }
    }
    options
}

/// Options for a second netem within the first, which holds some packets back: `reorder` are those that do not wait.
fn held_back(faults: &Faults) -> Option<String> {
    let others = Chance::ALWAYS.0.saturating_sub(faults.reorder.0);
    let wait = micros(faults.reorder_delay.as_nanos());
    match (faults.reorder.0, others) {
        (0, _) => None,
        (_, 0) => Some(format!("delay {wait}")),
        _ => Some(format!("delay {wait} reorder {}", percent(others))),
    }
}

/// What a kernel without netem leaves out, in words.
fn parts(delay: Duration, faults: &Faults) -> String {
    let Faults { loss, duplicate, reorder, reorder_delay: _, jitter, cuts: _ } = faults;
    let none = Chance::default();
    let there = [
        ("delay", delay > Duration::ZERO),
        ("jitter", *jitter > Duration::ZERO),
        ("loss", *loss != none),
        ("duplicate", *duplicate != none),
        ("reorder", *reorder != none),
    ];
    let there: Vec<&str> = there.into_iter().filter(|(_, there)| *there).map(|(word, _)| word).collect();
    there.join(", ")
}

/// Seconds for `sleep`.
fn decimal(nanos: u64) -> String {
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

fn micros(nanos: u64) -> String {
    format!("{}.{:03}us", nanos / 1000, nanos % 1000)
}

/// Millionths, as a percentage.
fn percent(millionths: u32) -> String {
    format!("{}.{:04}%", millionths / 10_000, millionths % 10_000)
}

fn write_addresses(scenario: &Scenario, out: &mut String) {
    *out += "\n# The addresses.\n";
    for node in &scenario.nodes {
        if node.down {
            let _ = writeln!(out, "# {} is switched off: it has none, so that nobody answers for it.", node.name);
            continue;
        }
        for interface in &node.interfaces {
            for net in &interface.addresses {
                let nodad = if net.addr().is_ipv6() { " nodad" } else { "" };
                let _ = writeln!(out, "in_node {0} ip address add {net} dev {1}{nodad}", node.name, interface.name);
            }
        }
    }
}

/// The simulated neighbours know each other's link addresses. Real ones would ask, and over IPv6 they ask with packets
/// that a firewall can drop.
fn write_neighbours(scenario: &Scenario, out: &mut String) {
    *out += "\n# Neighbours know each other.\n";
    for node in scenario.nodes.iter().filter(|node| !node.down) {
        for interface in &node.interfaces {
            let peer = &scenario.nodes[interface.peer];
            let Some(far) = scenario.far_end(interface).filter(|_| !peer.down) else { continue };
            for net in &far.addresses {
                let (from, to) = (&node.name, &peer.name);
                let _ = writeln!(out, "add_neighbour {from} {} {to} {} {}", interface.name, far.name, net.addr());
            }
        }
    }
}
