//! The firewall of each node: the scenario's own rules, as a file for nft.

use super::words::document;
use super::{Script, quoted};
use crate::firewall::{Action, Hook};
use crate::ids::RuleId;
use crate::message::say;
use crate::scenario::{ChainSpec, NodeSpec, RuleSpec, Scenario};
use std::fmt::Write;
use std::net::IpAddr;

pub(super) fn write(scenario: &Scenario, index: usize, script: &mut Script) {
    let NodeSpec {
        name,
        interfaces: _,
        down: _,
        forward: _,
        gateway: _,
        routes: _,
        loose_helper,
        loose_tracking,
        conntrack_timeouts,
        chains,
        named_chains,
        ftp_server: _,
    } = &scenario.nodes[index];
    if *loose_helper {
        script.note(say!("loose-helper of {} is a setting of the whole kernel, not of a namespace", name));
    }
    if chains.is_empty() {
        return;
    }
    let _ = writeln!(script.body, "\n# The firewall of {name}: the scenario's own rules.");
    // What is written from here on is nft's.
    let before = std::mem::replace(&mut script.body, String::from("table inet ftpscope {\n"));
    let sets_helper =
        |id: &RuleId| scenario.rule(*id).and_then(|rule| rule.rule.as_ref()).is_some_and(|it| it.sets_helper);
    let named = named_chains.iter().flat_map(|chain| &chain.rules);
    if chains.iter().flat_map(|chain| &chain.rules).chain(named).any(sets_helper) {
        let _ = writeln!(script.body, "    ct helper ftp {{ type \"ftp\" protocol tcp; }}");
    }
    for chain in named_chains {
        let rules: Vec<&RuleSpec> = chain.rules.iter().filter_map(|id| scenario.rule(*id)).collect();
        write_rules_of(&format!("chain {}", chain.name), "", &rules, script);
    }
    for chain in chains {
        write_chain(scenario, chain, script);
    }
    let rules = std::mem::replace(&mut script.body, before) + "}\n";
    let out = &mut script.body;
    *out += &document(&format!("\"$work/rules.{index}.nft\""), "END-OF-RULES", &rules);
    let _ = writeln!(out, "in_node {} nft -f \"$work/rules.{index}.nft\"", quoted(name));
    for (name_of_time, seconds) in conntrack_timeouts.changed() {
        let setting = format!("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_{name_of_time}");
        let _ = writeln!(out, "in_node {} sh -c 'echo {seconds} >{setting}'", quoted(name));
    }
    if !*loose_tracking {
        // After the rules, for they load what the setting is about.
        let setting = "/proc/sys/net/netfilter/nf_conntrack_tcp_loose";
        let _ = writeln!(out, "in_node {name} sh -c 'echo 0 >{setting}'");
    }
}

/// A chain of the scenario is up to three of nftables': rules that filter, that translate and that exempt from tracking
/// have their own at each hook.
fn write_chain(scenario: &Scenario, chain: &ChainSpec, script: &mut Script) {
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
    write_rules_of(&format!("chain {hook}"), &head("filter", "filter", policy), &filtering, script);
    if !translating.is_empty() {
        // As numbers: nft knows the names dstnat and srcnat at prerouting and postrouting only.
        let priority = if matches!(chain.hook, Hook::Prerouting | Hook::Output) { "-100" } else { "100" };
        write_rules_of(&format!("chain nat_{hook}"), &head("nat", priority, "policy accept"), &translating, script);
    }
    if !exempting.is_empty() {
        write_rules_of(&format!("chain raw_{hook}"), &head("filter", "raw", "policy accept"), &exempting, script);
    }
}

fn write_rules_of(chain: &str, head: &str, rules: &[&RuleSpec], script: &mut Script) {
    let _ = writeln!(script.body, "    {chain} {{");
    if !head.is_empty() {
        let _ = writeln!(script.body, "        {head}");
    }
    for rule in rules {
        if rule.text.contains('\0') {
            script.note(say!("a NUL in a rule ends its text for the kernel, and is left out"));
        }
        // In a table for both families nft wants to be told which one an address is of.
        let target = rule.rule.as_ref().and_then(|rule| match &rule.action {
            Some(Action::Nat(target)) => target.address(),
            _ => None,
        });
        let family = target.map(|address| if address.is_ipv4() { "ip" } else { "ip6" });
        let text = for_nft(&rule.text, family);
        let _ = writeln!(script.body, "        {text}");
    }
    let _ = writeln!(script.body, "    }}");
}

/// A rule on one line, as nft wants it in a table for both families. What stands in quotes is left as it is: nft knows
/// no escapes there, and takes everything up to the next quote.
fn for_nft(rule: &str, family: Option<&str>) -> String {
    let mut text = String::new();
    for (number, part) in rule.replace('\0', "").split('"').enumerate() {
        if number % 2 == 1 {
            let _ = write!(text, "\"{part}\"");
            continue;
        }
        let mut words = String::new();
        for c in part.chars() {
            match c.is_whitespace() {
                false => words.push(c),
                true if words.ends_with(' ') => {}
                true => words.push(' '),
            }
        }
        if let Some(family) = family {
            for statement in ["dnat", "snat"] {
                words = words.replacen(&format!("{statement} to"), &format!("{statement} {family} to"), 1);
                // `to` may be left out, but not behind a family.
                let bare = format!("{statement} ");
                let address = |at: usize| {
                    let word = words[at..].split(' ').next().unwrap_or_default();
                    let word = word.trim_start_matches('[').split(']').next().unwrap_or_default();
                    word.parse::<IpAddr>().is_ok()
                        || word.split(':').next().is_some_and(|v4| v4.parse::<IpAddr>().is_ok())
                };
                if let Some(at) = words.rfind(&bare).map(|at| at + bare.len()).filter(|at| address(*at)) {
                    words.insert_str(at, &format!("{family} to "));
                }
            }
        }
        text.push_str(&words);
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_text_is_rewritten() {
        let text = r#"log   prefix "dnat to  \ $x:"	tcp dport 21 dnat to 10.0.0.1 comment "snat to '`" "#;
        let rewritten = r#"log prefix "dnat to  \ $x:" tcp dport 21 dnat ip to 10.0.0.1 comment "snat to '`""#;
        assert_eq!(for_nft(text, Some("ip")), rewritten);
        assert_eq!(for_nft("dnat ip6 to 2001:db8::1", Some("ip6")), "dnat ip6 to 2001:db8::1");
        assert_eq!(for_nft("ct status dnat snat 10.0.0.1", Some("ip")), "ct status dnat snat ip to 10.0.0.1");
        let asked = "ct status snat counter dnat to 10.0.0.1:21";
        assert_eq!(for_nft(asked, Some("ip")), "ct status snat counter dnat ip to 10.0.0.1:21");
        assert_eq!(for_nft("dnat [fe80::1]:21", Some("ip6")), "dnat ip6 to [fe80::1]:21");
        assert_eq!(for_nft("log prefix \"a\0b\" drop", None), "log prefix \"ab\" drop");
        assert_eq!(for_nft("iifname{\"a\",\"b\"}drop", None), "iifname{\"a\",\"b\"}drop");
    }
}
