//! `[nodes.NAME.firewall.HOOK]`: chains and their rules.

use super::Diagnostic;
use super::document::{Field, Located, Problems, Table};
use crate::firewall::{
    Action, CtStatus, Hook, Match, NatTarget, Policy, Rule, Test, Timeouts, is_reserved, parse_policy, parse_rule,
    plain_text, word_span,
};
use crate::message::{Phrase, say};
use crate::suggest::{did_you_mean, one_of, quote};
use std::ops::Range;

const MOST_RULES: usize = 10_000;
const LOOPBACK: &str = "lo";
/// What the file says of a firewall.
pub(super) struct FirewallDraft {
    pub(super) chains: Vec<ChainDraft>,
    /// Chains that rules jump to.
    pub(super) named: Vec<NamedDraft>,
    pub(super) loose_helper: bool,
    pub(super) loose_tracking: bool,
    pub(super) conntrack_timeouts: Timeouts,
}

impl Default for FirewallDraft {
    fn default() -> Self {
        Self {
            chains: Vec::new(),
            named: Vec::new(),
            loose_helper: false,
            loose_tracking: true,
            conntrack_timeouts: Timeouts::default(),
        }
    }
}

/// A rule before it has a number.
pub(super) struct RuleDraft {
    pub(super) rule: Rule,
    /// As written, without blanks around it.
    pub(super) text: String,
    pub(super) line: u32,
    /// The words of its verdict, where those can be wrong together with others.
    pub(super) span: Range<usize>,
}

/// A chain with a name before its rules have numbers.
pub(super) struct NamedDraft {
    pub(super) name: String,
    /// The first hook that leads to it.
    pub(super) hook: Hook,
    pub(super) rules: Vec<RuleDraft>,
    /// The key.
    pub(super) span: Range<usize>,
}

/// A chain before its rules have numbers.
pub(super) struct ChainDraft {
    pub(super) hook: Hook,
    pub(super) policy: Policy,
    pub(super) policy_line: u32,
    pub(super) rules: Vec<RuleDraft>,
}

/// Reads a firewall. `neighbours` are the names of the node's interfaces, where they are known; `count` is the number
/// of rules in the scenario so far.
pub(super) fn read(
    problems: &mut Problems<'_>,
    field: &Field<'_>,
    neighbours: Option<&[&str]>,
    count: &mut usize,
) -> FirewallDraft {
    let mut draft = FirewallDraft::default();
    let Some(table) = problems.table(field, "[nodes.office.firewall.forward]") else { return draft };
    let keys: Vec<&str> = Hook::ALL
        .map(Hook::name)
        .into_iter()
        .chain(["chains", "loose-helper", "loose-tracking", "conntrack-timeouts"])
        .collect();
    problems.known(&table, say!("a firewall"), &keys);
    draft.loose_helper = table.get("loose-helper").and_then(|field| problems.boolean(field)).unwrap_or_default();
    draft.loose_tracking = table.get("loose-tracking").and_then(|field| problems.boolean(field)).unwrap_or(true);
    if let Some(field) = table.get("conntrack-timeouts") {
        timeouts(problems, field, &mut draft.conntrack_timeouts);
    }
    for hook in Hook::ALL {
        if let Some(field) = table.get(hook.name()) {
            draft.chains.extend(chain(problems, field, hook, neighbours, count));
        }
    }
    if let Some(tables) = table.get("chains").and_then(|field| problems.table(field, "{ ftp = { rules = [] } }")) {
        // Chains are numbered with 16 bits; more than there can be rules do nothing anyway.
        if let Some(field) = tables.fields.get(MOST_RULES) {
            problems.error(field.key_span.clone(), say!("a firewall has at most {} chains", MOST_RULES), Phrase::NONE);
        }
        for field in tables.fields.iter().take(MOST_RULES) {
            draft.named.extend(named(problems, field, neighbours, count));
        }
    }
    draft
}

/// `conntrack-timeouts`: `nf_conntrack_tcp_timeout_*`.
fn timeouts(problems: &mut Problems<'_>, field: &Field<'_>, timeouts: &mut Timeouts) {
    let Some(table) = problems.table(field, "{ established = \"5 min\" }") else { return };
    let names = Timeouts::ALL.map(|(name, _)| name);
    problems.known(&table, say!("`conntrack-timeouts`"), &names);
    for name in names {
        if let Some(time) = table.get(name).and_then(|field| problems.duration(field))
            && let Some(place) = timeouts.named_mut(name)
        {
            *place = time;
        }
    }
}

/// `[nodes.NAME.firewall.chains.CHAIN]`
fn named(
    problems: &mut Problems<'_>,
    field: &Field<'_>,
    neighbours: Option<&[&str]>,
    count: &mut usize,
) -> Option<NamedDraft> {
    let name = field.key;
    let well_formed = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 31
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !well_formed {
        let help = say!("a letter, then letters, digits, `_` and `-`, at most 31 in all");
        problems.error(field.key_span.clone(), say!("{} is not a name for a chain", quote(name)), help);
    } else if Hook::ALL.iter().any(|hook| hook.name() == name) {
        let help = say!("a hook's own chain is `[nodes.NAME.firewall.{}]`", name);
        problems.error(field.key_span.clone(), say!("{} is the name of a hook", quote(name)), help);
    } else if is_reserved(name) {
        let help = say!("nft would not understand `jump {}`: write another, such as `{}-chain`", name, name);
        problems.error(field.key_span.clone(), say!("{} is a word of nftables", quote(name)), help);
    } else if let Some(prefix) = ["nat_", "raw_"].into_iter().find(|prefix| name.starts_with(prefix)) {
        let help = say!("write another, such as `{}`", name.replace('_', "-"));
        let message = say!("names that begin with {} belong to the laboratory", quote(prefix));
        problems.error(field.key_span.clone(), message, help);
    }
    let table = problems.table(field, "{ rules = [] }")?;
    problems.known(&table, say!("a chain with a name"), &["rules"]);
    let rules = rules(problems, &table, None, neighbours, count);
    Some(NamedDraft { name: name.to_owned(), hook: Hook::Forward, rules, span: field.key_span.clone() })
}

fn chain(
    problems: &mut Problems<'_>,
    field: &Field<'_>,
    hook: Hook,
    neighbours: Option<&[&str]>,
    count: &mut usize,
) -> Option<ChainDraft> {
    let table = problems.table(field, "{ policy = \"drop\", rules = [] }")?;
    problems.known(&table, say!("a chain"), &["policy", "rules"]);
    let mut chain = ChainDraft {
        hook,
        policy: Policy::Accept,
        policy_line: problems.line(field.key_span.start),
        rules: Vec::new(),
    };
    if let Some(field) = table.get("policy") {
        chain.policy_line = problems.line(field.key_span.start);
        if let Some(text) = problems.string(field, "drop") {
            match parse_policy(text) {
                Ok(policy) => chain.policy = policy,
                Err(error) => problems.error(field.span(), error.message, error.help.unwrap_or_default()),
            }
        }
    }
    chain.rules = rules(problems, &table, Some(hook), neighbours, count);
    Some(chain)
}

/// The rules of a chain at `hook`, or of one that has none.
fn rules(
    problems: &mut Problems<'_>,
    table: &Table<'_>,
    hook: Option<Hook>,
    neighbours: Option<&[&str]>,
    count: &mut usize,
) -> Vec<RuleDraft> {
    let mut found = Vec::new();
    let rules =
        table.get("rules").and_then(|field| problems.list(field, say!("a rule"), "rules = ['tcp dport 21 accept']"));
    for item in rules.unwrap_or_default() {
        *count += 1;
        if *count == MOST_RULES + 1 {
            problems.error(item.span(), say!("a scenario has at most {} rules", MOST_RULES), Phrase::NONE);
        }
        if *count > MOST_RULES {
            break;
        }
        found.extend(rule(problems, &item, hook, neighbours));
    }
    found
}

fn rule(
    problems: &mut Problems<'_>,
    field: &Field<'_>,
    hook: Option<Hook>,
    neighbours: Option<&[&str]>,
) -> Option<RuleDraft> {
    let text = problems.string(field, "tcp dport 21 accept")?;
    let place = problems.locate(field.span(), text);
    let rule = match parse_rule(text) {
        Ok(rule) => rule,
        Err(errors) => {
            for error in errors {
                let span = place.part(error.span);
                problems.error(span, error.message, error.help.unwrap_or_default());
            }
            return None;
        }
    };
    for found in &rule.matches {
        interfaces(problems, &place, text, (&found.test, found.negated), hook, neighbours);
    }
    if let Some(Action::Map(elements)) = &rule.action {
        for (test, _) in elements {
            interfaces(problems, &place, text, (test, false), hook, neighbours);
        }
    }
    if let Some(Action::Nat(target)) = &rule.action {
        let fits = match hook {
            Some(Hook::Prerouting | Hook::Output) => !target.is_source(),
            Some(Hook::Postrouting) => target.is_source(),
            // The kernel knows `snat` there, but no `masquerade`: the packet leaves through no interface.
            Some(Hook::Input) => matches!(target, NatTarget::Source { .. }),
            Some(Hook::Forward) | None => false,
        };
        if !fits {
            let word = ["snat", "masquerade", "dnat", "redirect"].into_iter().find_map(|word| word_span(text, word));
            let message = match hook {
                Some(hook) => say!("this cannot be done in {}", hook.name()),
                None => say!("ftpscope does not know NAT in chains with names (yet)").into(),
            };
            let help = if hook.is_none() {
                say!("write the rule into the hook's own list: its conditions, and those of the rules that jump here")
            } else if target.is_source() {
                say!("the source is translated in postrouting")
            } else {
                say!("the destination is translated in prerouting, or in output for the node's own packets")
            };
            problems.error(place.part(word.unwrap_or_default()), message, help);
        }
    }
    let whole_status = |found: &&Match| matches!(&found.test, Test::CtStatus { mask: u32::MAX, values } if !values.iter().any(|bits| can_be_all(*bits)));
    if let Some(found) = rule.matches.iter().find(whole_status) {
        let span = place.part(word_span(text, "status").unwrap_or_default());
        let what = if found.negated { say!("holds for every tracked packet") } else { say!("never holds") };
        let message = say!("this compares the whole status of the connection, and {}", what);
        let help = say!("whether NAT changed it is asked without `==`, `!=` and braces: `ct status dnat`");
        problems.push(Diagnostic::warning(span, message).help(help));
    }
    let no_state = |found: &&Match| matches!(&found.test, Test::CtState(states) if states.is_empty());
    if let Some(found) = rule.matches.iter().find(no_state) {
        let span = place.part(word_span(text, "state").unwrap_or_default());
        let (what, sign) = if found.negated { (say!("always holds"), "!= ") } else { (say!("never holds"), "") };
        let message = say!("this compares with several states at once, and {}", what);
        problems
            .push(Diagnostic::warning(span, message).help(say!("write a set: `ct state {}{ new, related }`", sign)));
    }
    if rule.unreached {
        let message =
            say!("what stands behind the map is never reached: values that it does not name do not match the rule");
        let help = say!("write the rest as another rule");
        let span = place.part(word_span(text, "vmap").unwrap_or_default());
        problems.push(Diagnostic::warning(span, message).help(help));
    }
    if rule.matches.iter().any(|found| !found.negated && never(&found.test)) {
        let message = say!("this compares with what nothing can be: the rule never matches");
        problems.push(Diagnostic::warning(field.span(), message));
    }
    if rule.notrack {
        exemption(problems, &place, text, (&rule, hook));
    }
    if hook == Some(Hook::Postrouting) && matches!(rule.action, Some(Action::Reject(_))) {
        let span = word_span(text, "reject").unwrap_or_default();
        let help = say!("reject in `forward` or `output`, or write `drop`");
        problems.error(place.part(span), say!("`reject` is not possible in postrouting"), help);
    }
    if rule.action.is_none() && !rule.counter && !rule.sets_helper && !rule.log && !rule.notrack {
        let warning = Diagnostic::warning(field.span(), say!("this rule has no verdict, so it does nothing"));
        problems.push(warning.help(say!("end it with `accept`, `drop` or `reject`, or add `counter`")));
    }
    let word = match &rule.action {
        Some(Action::Jump(name) | Action::Goto(name)) => word_span(text, name),
        Some(Action::Reject(_)) => word_span(text, "reject"),
        _ => None,
    };
    let span = word.map_or_else(|| field.span(), |word| place.part(word));
    Some(RuleDraft { rule, text: shown(text), line: problems.line(field.span().start), span })
}

/// Whether a condition is one that no packet can meet, such as `tcp dport < 0`.
fn never(test: &Test) -> bool {
    match test {
        Test::SourcePort(ports) | Test::DestinationPort(ports) => ports.0.is_empty(),
        Test::SourceAddress(set) | Test::DestinationAddress(set) => set.networks.is_empty() && set.ranges.is_empty(),
        Test::CtHelper { ftp } => !ftp,
        _ => false,
    }
}

/// Whether these bits can be the whole status of a connection. What NAT has changed has bits of the kernel's own as well,
/// and a connection whose first packet has got through is confirmed.
const fn can_be_all(bits: u32) -> bool {
    bits & (CtStatus::SNAT | CtStatus::DNAT | CtStatus::DYING) == 0
        && (bits & CtStatus::CONFIRMED != 0 || bits & (CtStatus::SEEN_REPLY | CtStatus::ASSURED) == 0)
}

/// A rule's text as it is shown and written into a script: as in the file, on one line.
pub(super) fn shown(text: &str) -> String {
    if text.contains(['#', ';', '\n']) { plain_text(text) } else { text.trim().to_owned() }
}

/// `notrack` must come before tracking looks, and does nothing else.
fn exemption(problems: &mut Problems<'_>, place: &Located, text: &str, (rule, hook): (&Rule, Option<Hook>)) {
    let span = place.part(word_span(text, "notrack").unwrap_or_default());
    if !matches!(hook, Some(Hook::Prerouting | Hook::Output)) {
        let help = say!("write it in prerouting, or in output for the node's own packets");
        problems.error(span, say!("here it is too late for `notrack`: tracking has looked already"), help);
    } else if rule.sets_helper || !matches!(rule.action, None | Some(Action::Accept)) {
        let help = say!(
            "rules with `notrack` stand in a chain of their own before tracking: end it with `notrack` or `accept`"
        );
        problems.error(span, say!("a rule with `notrack` does nothing else"), help);
    }
}

/// The interfaces that a rule names must exist, and be known when the chain is consulted.
fn interfaces(
    problems: &mut Problems<'_>,
    place: &Located,
    text: &str,
    (looks_at, negated): (&Test, bool),
    hook: Option<Hook>,
    neighbours: Option<&[&str]>,
) {
    let (names, word, never) = match looks_at {
        Test::InInterface(names) => (names, "iifname", matches!(hook, Some(Hook::Output))),
        Test::OutInterface(names) => (names, "oifname", matches!(hook, Some(Hook::Prerouting | Hook::Input))),
        _ => return,
    };
    // A missing interface differs from every name: `!=` always matches there, which is odd but no mistake.
    if let Some(hook) = hook.filter(|_| never && !negated) {
        let span = place.part(word_span(text, word).unwrap_or_default());
        let why = if word == "iifname" {
            say!("packets made here came in nowhere")
        } else {
            say!("packets are not routed out here")
        };
        problems.push(Diagnostic::warning(span, say!("`{}` never matches in {}: {}", word, hook.name(), why)));
    }
    let Some(neighbours) = neighbours else { return };
    for name in names.iter().filter(|name| *name != LOOPBACK && !neighbours.contains(&name.as_str())) {
        if problems.full() {
            break;
        }
        let span = place.part(word_span(text, name).unwrap_or_default());
        let help = did_you_mean(
            problems.closest(name, neighbours.iter().copied()),
            say!("each interface is named after its neighbour: {}", one_of(neighbours.iter().copied())),
        );
        problems.error(span, say!("this node has no interface {}", quote(name)), help);
    }
}
