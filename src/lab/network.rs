//! Namespaces, links, addresses, routes and rules.

use super::quoted;
use crate::firewall::{Action, Hook};
use crate::ids::{NodeId, RuleId};
use crate::network::{Hop, Route, Routes};
use crate::scenario::{ChainSpec, InterfaceSpec, LinkSpec, NodeSpec, RuleSpec, Scenario};
use crate::tcp::SynRetries;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;

/// The room of a full frame, to count a queue of bytes in packets.
const FRAME: u64 = 1514;

pub(super) fn write(scenario: &Scenario, script: &mut super::Script) {
    let out = &mut script.body;
    *out += "\n# The nodes.\n";
    for node in &scenario.nodes {
        let _ = writeln!(out, "add_node {}", node.name);
        let linear = u8::from(scenario.syn_retries == SynRetries::Linux) * 4;
        let _ = writeln!(
            out,
            "in_node {} sh -c 'echo {linear} >/proc/sys/net/ipv4/tcp_syn_linear_timeouts' 2>/dev/null || :",
            node.name
        );
        if node.forward {
            let _ = writeln!(
                out,
                "in_node {} sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 \
                 >/proc/sys/net/ipv6/conf/all/forwarding' 2>/dev/null || :",
                node.name
            );
        }
    }
    *out += "\n# The links: nodes and interfaces, delay, rate, queue in packets.\n";
    for link in &scenario.links {
        write_link(scenario, link, out);
    }
    write_addresses(scenario, out);
    write_neighbours(scenario, out);
    write_routes(scenario, out);
    for (index, node) in scenario.nodes.iter().enumerate() {
        if node.loose_helper {
            script
                .notes
                .insert(format!("loose-helper of {} is a setting of the whole kernel, not of a namespace", node.name));
        }
        write_rules(scenario, index, node, out);
    }
    *out += "\n# What passes by is written down.\n";
    for node in &scenario.nodes {
        for interface in &node.interfaces {
            let _ = writeln!(out, "start_capture {} {}", node.name, interface.name);
        }
    }
}

fn write_link(scenario: &Scenario, link: &LinkSpec, out: &mut String) {
    let [(a, a_if), (b, b_if)] = link.ends.map(|end| {
        let node = &scenario.nodes[end.node];
        (&node.name, &node.interfaces[end.interface].name)
    });
    // What is on its way takes netem's room too: delay times rate comes on top of the queue.
    let on_the_way = u128::from(link.delay.as_nanos()) * u128::from(link.bandwidth) / 8_000_000_000;
    let packets = (u128::from(link.queue) + on_the_way).div_ceil(u128::from(FRAME)).clamp(16, 1_000_000);
    let (micros, rest) = (link.delay.as_nanos() / 1000, link.delay.as_nanos() % 1000);
    let rate = link.bandwidth;
    let _ = writeln!(out, "add_link {a} {a_if} {b} {b_if} {micros}.{rest:03}us {rate}bit {packets}");
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
            let Some(far) = peer.interfaces.iter().find(|far| far.link == interface.link).filter(|_| !peer.down) else {
                continue;
            };
            for net in &far.addresses {
                let (from, to) = (&node.name, &peer.name);
                let _ = writeln!(out, "add_neighbour {from} {} {to} {} {}", interface.name, far.name, net.addr());
            }
        }
    }
}

/// The routes that the scenario writes, then one to each address of it, by the simulator's own choice.
fn write_routes(scenario: &Scenario, out: &mut String) {
    *out += "\n# The routes.\n";
    let topology = scenario.topology();
    let mut routes = Routes::new(&topology);
    let mut addresses: BTreeSet<IpAddr> = scenario
        .nodes
        .iter()
        .flat_map(|node| &node.interfaces)
        .flat_map(|i| &i.addresses)
        .map(|net| net.addr())
        .collect();
    addresses.extend(scenario.sessions.iter().filter_map(|session| scenario.target_address(session)));
    addresses.extend(scenario.sessions.iter().filter_map(|session| session.active_address));
    for (index, node) in scenario.nodes.iter().enumerate() {
        if node.down {
            continue;
        }
        let default = node.gateway.map(|gateway| (String::from("default"), gateway));
        let written = node.routes.iter().filter_map(|(net, hop)| match hop {
            Hop::Via(number) => Some((net.to_string(), usize::from(*number))),
            _ => None,
        });
        for (net, number) in default.into_iter().chain(written) {
            let interface = &node.interfaces[number];
            let far = scenario.nodes[interface.peer].interfaces.iter().find(|i| i.link == interface.link);
            for gateway in far.into_iter().flat_map(|i| &i.addresses).map(|net| net.addr()) {
                let family = if gateway.is_ipv4() { "-4" } else { "-6" };
                // A network of the other family is none of this gateway's.
                if net == "default" || net.contains(':') == gateway.is_ipv6() {
                    let _ = writeln!(
                        out,
                        "in_node {} ip {family} route replace {net} via {gateway} dev {}",
                        node.name, interface.name
                    );
                }
            }
        }
        for (net, hop) in &node.routes {
            let Some(nowhere) = hop.word() else { continue };
            let _ = writeln!(out, "in_node {} ip route replace {nowhere} {net}", node.name);
        }
        for address in &addresses {
            let Route::Via(number) = routes.route(&topology, NodeId(index as u32), *address) else { continue };
            let interface = &node.interfaces[usize::from(number)];
            let peer = &scenario.nodes[interface.peer];
            if peer.interfaces.iter().flat_map(|i| &i.addresses).any(|net| net.addr() == *address) {
                // The neighbour itself. Where two links are one network, Linux has to be told on which one it is.
                let others = node.interfaces.iter().filter(|other| other.link != interface.link);
                let on = |other: &InterfaceSpec| other.addresses.iter().any(|net| net.contains(address));
                if on(interface) && others.into_iter().any(on) {
                    let _ = writeln!(out, "in_node {} ip route add {address} dev {}", node.name, interface.name);
                }
                if on(interface) {
                    continue;
                }
            }
            let far = peer.interfaces.iter().find(|i| i.link == interface.link);
            let gateway = far.into_iter().flat_map(|i| &i.addresses).map(|net| net.addr());
            let Some(gateway) = gateway.into_iter().find(|a| a.is_ipv4() == address.is_ipv4()) else { continue };
            let _ = writeln!(out, "in_node {} ip route add {address} via {gateway} dev {}", node.name, interface.name);
        }
    }
}

fn write_rules(scenario: &Scenario, index: usize, node: &NodeSpec, out: &mut String) {
    if node.chains.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n# The firewall of {}: the scenario's own rules.", node.name);
    let _ = writeln!(out, "cat >\"$work/rules.{index}.nft\" <<'END-OF-RULES'\ntable inet ftpscope {{");
    let sets_helper =
        |id: &RuleId| scenario.rule(*id).and_then(|rule| rule.rule.as_ref()).is_some_and(|it| it.sets_helper);
    let named = node.named_chains.iter().flat_map(|chain| &chain.rules);
    if node.chains.iter().flat_map(|chain| &chain.rules).chain(named).any(sets_helper) {
        let _ = writeln!(out, "    ct helper ftp {{ type \"ftp\" protocol tcp; }}");
    }
    for chain in &node.named_chains {
        let rules: Vec<&RuleSpec> = chain.rules.iter().filter_map(|id| scenario.rule(*id)).collect();
        write_rules_of(&format!("chain {}", chain.name), "", &rules, out);
    }
    for chain in &node.chains {
        write_chain(scenario, chain, out);
    }
    let _ = writeln!(out, "}}\nEND-OF-RULES\nin_node {} nft -f \"$work/rules.{index}.nft\"", quoted(&node.name));
    if !node.loose_tracking {
        // After the rules, for they load what the setting is about.
        let setting = "/proc/sys/net/netfilter/nf_conntrack_tcp_loose";
        let _ = writeln!(out, "in_node {} sh -c 'echo 0 >{setting}'", node.name);
    }
}

/// A chain of the scenario is up to three of nftables': rules that filter, that translate and that exempt from tracking
/// have their own at each hook.
fn write_chain(scenario: &Scenario, chain: &ChainSpec, out: &mut String) {
    let hook = chain.hook.name();
    let policy = scenario.rule(chain.policy_rule).map_or("policy accept", |rule| rule.text.as_str());
    let rules: Vec<&RuleSpec> = chain.rules.iter().filter_map(|id| scenario.rule(*id)).collect();
    let (exempting, rules): (Vec<_>, Vec<_>) =
        rules.into_iter().partition(|rule| rule.rule.as_ref().is_some_and(|it| it.notrack));
    let (translating, filtering): (Vec<_>, Vec<_>) = rules
        .into_iter()
        .partition(|rule| rule.rule.as_ref().is_some_and(|it| matches!(it.action, Some(Action::Nat(_)))));
    let head =
        |kind: &str, priority: &str, policy: &str| format!("type {kind} hook {hook} priority {priority}; {policy};");
    write_rules_of(&format!("chain {hook}"), &head("filter", "filter", policy), &filtering, out);
    if !translating.is_empty() {
        // As numbers: nft knows the names dstnat and srcnat at prerouting and postrouting only.
        let priority = if matches!(chain.hook, Hook::Prerouting | Hook::Output) { "-100" } else { "100" };
        write_rules_of(&format!("chain nat_{hook}"), &head("nat", priority, "policy accept"), &translating, out);
    }
    if !exempting.is_empty() {
        write_rules_of(&format!("chain raw_{hook}"), &head("filter", "raw", "policy accept"), &exempting, out);
    }
}

fn write_rules_of(chain: &str, head: &str, rules: &[&RuleSpec], out: &mut String) {
    let _ = writeln!(out, "    {chain} {{");
    if !head.is_empty() {
        let _ = writeln!(out, "        {head}");
    }
    for rule in rules {
        let mut text = one_line(&rule.text);
        // In a table for both families nft wants to be told which one an address is of. A comment comes last.
        let target = rule.rule.as_ref().and_then(|rule| match &rule.action {
            Some(Action::Nat(target)) => target.address(),
            _ => None,
        });
        if let Some(address) = target {
            let family = if address.is_ipv4() { "ip" } else { "ip6" };
            text = text.replacen("dnat to", &format!("dnat {family} to"), 1);
            text = text.replacen("snat to", &format!("snat {family} to"), 1);
        }
        let _ = writeln!(out, "        {text}");
    }
    let _ = writeln!(out, "    }}");
}

/// A rule's text is one line: the parser knows no line ends.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
