//! `[nodes.NAME.firewall.HOOK]`: chains and their rules.

use super::Diagnostic;
use super::document::{Field, Located, Problems};
use crate::firewall::{Action, Hook, NatTarget, Policy, Rule, Test, parse_policy, parse_rule, word_span};
use crate::suggest::{one_of, quote};

const MOST_RULES: usize = 10_000;
const LOOPBACK: &str = "lo";

/// What the file says of a firewall.
pub(super) struct FirewallDraft {
    pub(super) chains: Vec<ChainDraft>,
    pub(super) loose_helper: bool,
    pub(super) loose_tracking: bool,
}

impl Default for FirewallDraft {
    fn default() -> Self {
        Self { chains: Vec::new(), loose_helper: false, loose_tracking: true }
    }
}

/// A chain before its rules have numbers.
pub(super) struct ChainDraft {
    pub(super) hook: Hook,
    pub(super) policy: Policy,
    pub(super) policy_line: u32,
    /// Each rule, its text and its line.
    pub(super) rules: Vec<(Rule, String, u32)>,
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
    let keys: Vec<&str> = Hook::ALL.map(Hook::name).into_iter().chain(["loose-helper", "loose-tracking"]).collect();
    problems.known(&table, "a firewall", &keys);
    draft.loose_helper = table.get("loose-helper").and_then(|field| problems.boolean(field)).unwrap_or_default();
    draft.loose_tracking = table.get("loose-tracking").and_then(|field| problems.boolean(field)).unwrap_or(true);
    for hook in Hook::ALL {
        if let Some(field) = table.get(hook.name()) {
            draft.chains.extend(chain(problems, field, hook, neighbours, count));
        }
    }
    draft
}

fn chain(
    problems: &mut Problems<'_>,
    field: &Field<'_>,
    hook: Hook,
    neighbours: Option<&[&str]>,
    count: &mut usize,
) -> Option<ChainDraft> {
    let table = problems.table(field, "{ policy = \"drop\", rules = [] }")?;
    problems.known(&table, "a chain", &["policy", "rules"]);
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
    let rules = table.get("rules").and_then(|field| problems.list(field, "a rule", "rules = ['tcp dport 21 accept']"));
    for item in rules.unwrap_or_default() {
        *count += 1;
        if *count == MOST_RULES + 1 {
            problems.error(item.span(), format!("a scenario has at most {MOST_RULES} rules"), "");
        }
        if *count > MOST_RULES {
            break;
        }
        chain.rules.extend(rule(problems, &item, hook, neighbours));
    }
    Some(chain)
}

fn rule(
    problems: &mut Problems<'_>,
    field: &Field<'_>,
    hook: Hook,
    neighbours: Option<&[&str]>,
) -> Option<(Rule, String, u32)> {
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
    if let Some(Action::Nat(target)) = &rule.action {
        let fits = match hook {
            Hook::Prerouting | Hook::Output => !target.is_source(),
            Hook::Postrouting => target.is_source(),
            // The kernel knows `snat` there, but no `masquerade`: the packet leaves through no interface.
            Hook::Input => matches!(target, NatTarget::Source { .. }),
            Hook::Forward => false,
        };
        if !fits {
            let word = ["snat", "masquerade", "dnat", "redirect"].into_iter().find_map(|word| word_span(text, word));
            let help = if target.is_source() {
                "the source is translated in postrouting"
            } else {
                "the destination is translated in prerouting, or in output for the node's own packets"
            };
            problems.error(place.part(word.unwrap_or_default()), format!("this cannot be done in {hook}"), help);
        }
    }
    if hook == Hook::Postrouting && matches!(rule.action, Some(Action::Reject(_))) {
        let span = word_span(text, "reject").unwrap_or_default();
        let help = "reject in `forward` or `output`, or write `drop`";
        problems.error(place.part(span), "`reject` is not possible in postrouting", help);
    }
    if rule.action.is_none() && !rule.counter && !rule.sets_helper {
        let warning = Diagnostic::warning(field.span(), "this rule has no verdict, so it does nothing");
        problems.push(warning.help("end it with `accept`, `drop` or `reject`, or add `counter`"));
    }
    Some((rule, text.trim().to_owned(), problems.line(field.span().start)))
}

/// The interfaces that a rule names must exist, and be known when the chain is consulted.
fn interfaces(
    problems: &mut Problems<'_>,
    place: &Located,
    text: &str,
    (looks_at, negated): (&Test, bool),
    hook: Hook,
    neighbours: Option<&[&str]>,
) {
    let (names, word, never) = match looks_at {
        Test::InInterface(names) => (names, "iifname", matches!(hook, Hook::Output)),
        Test::OutInterface(names) => (names, "oifname", matches!(hook, Hook::Prerouting | Hook::Input)),
        _ => return,
    };
    // A missing interface differs from every name: `!=` always matches there, which is odd but no mistake.
    if never && !negated {
        let span = place.part(word_span(text, word).unwrap_or_default());
        let why =
            if word == "iifname" { "packets made here came in nowhere" } else { "packets are not routed out here" };
        problems.push(Diagnostic::warning(span, format!("`{word}` never matches in {hook}: {why}")));
    }
    let Some(neighbours) = neighbours else { return };
    for name in names.iter().filter(|name| *name != LOOPBACK && !neighbours.contains(&name.as_str())) {
        if problems.full() {
            break;
        }
        let span = place.part(word_span(text, name).unwrap_or_default());
        let near = problems.closest(name, neighbours.iter().copied()).map(|near| format!("did you mean `{near}`? "));
        let help = format!(
            "{}each interface is named after its neighbour: {}",
            near.unwrap_or_default(),
            one_of(neighbours.iter().copied())
        );
        problems.error(span, format!("this node has no interface {}", quote(name)), help);
    }
}
