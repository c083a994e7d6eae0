//! Where `jump` and `goto` lead: to chains that exist, and never back.

use super::Diagnostic;
use super::document::Problems;
use super::firewall::{FirewallDraft, NamedDraft, RuleDraft};
use crate::firewall::{Action, Hook};
use crate::suggest::{one_of, quote};

/// The most jumps from a hook's own chain (`NFT_JUMP_STACK_SIZE`).
const DEEPEST: usize = 16;

/// Checks all jumps of a firewall, and finds the first hook that leads to each chain.
pub(super) fn check(problems: &mut Problems<'_>, draft: &mut FirewallDraft) {
    let every = draft.chains.iter().map(|chain| &chain.rules).chain(draft.named.iter().map(|chain| &chain.rules));
    for rule in every.flatten() {
        for name in targets(rule).into_iter().filter(|name| position(&draft.named, name).is_none()) {
            unknown(problems, &draft.named, rule, name);
        }
    }
    if circle(problems, &draft.named) {
        return;
    }
    let mut first: Vec<Option<Hook>> = vec![None; draft.named.len()];
    for chain in &draft.chains {
        let mut reached = vec![false; draft.named.len()];
        let mut layer: Vec<usize> = leads_to(&draft.named, &chain.rules).collect();
        let mut depth = 0;
        while !layer.is_empty() {
            depth += 1;
            if depth > DEEPEST {
                let span = draft.named[layer[0]].span.clone();
                problems.error(span, format!("jumps lead here through more than {DEEPEST} chains"), "");
                break;
            }
            let mut next = Vec::new();
            for number in layer {
                reached[number] = true;
                next.extend(leads_to(&draft.named, &draft.named[number].rules));
            }
            next.sort_unstable();
            next.dedup();
            layer = next;
        }
        for (number, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
            first[number].get_or_insert(chain.hook);
            let rejects = |rule: &&RuleDraft| matches!(rule.rule.action, Some(Action::Reject(_)));
            if chain.hook == Hook::Postrouting
                && let Some(rule) = draft.named[number].rules.iter().find(rejects)
            {
                let message = "`reject` is not possible in postrouting, which leads here";
                problems.error(rule.span.clone(), message, "write `drop`");
            }
        }
    }
    for (chain, first) in draft.named.iter_mut().zip(first) {
        if let Some(hook) = first {
            chain.hook = hook;
        } else {
            let message = format!("no rule leads to the chain {}", quote(&chain.name));
            problems.push(Diagnostic::warning(chain.span.clone(), message).help("write `jump` with its name"));
        }
    }
}

fn targets(rule: &RuleDraft) -> Vec<&str> {
    rule.rule.action.as_ref().map(Action::targets).unwrap_or_default()
}

fn position(named: &[NamedDraft], name: &str) -> Option<usize> {
    named.iter().position(|chain| chain.name == name)
}

fn leads_to<'a>(named: &'a [NamedDraft], rules: &'a [RuleDraft]) -> impl Iterator<Item = usize> + 'a {
    rules.iter().flat_map(targets).filter_map(|name| position(named, name))
}

fn unknown(problems: &mut Problems<'_>, named: &[NamedDraft], rule: &RuleDraft, name: &str) {
    let known = || named.iter().map(|chain| chain.name.as_str());
    let help = if named.is_empty() {
        format!("write it: `[nodes.NAME.firewall.chains.{name}]`")
    } else {
        let near = problems.closest(name, known()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        format!("{near}this firewall has {}", one_of(known()))
    };
    problems.error(rule.span.clone(), format!("there is no chain {}", quote(name)), help);
}

/// Whether jumps lead in a circle; the first that does is named.
fn circle(problems: &mut Problems<'_>, named: &[NamedDraft]) -> bool {
    // Chains that lead nowhere new are taken away until none is left, or only circles are.
    let mut open: Vec<bool> = vec![true; named.len()];
    loop {
        let ends = |number: &usize| open[*number] && !leads_to(named, &named[*number].rules).any(|next| open[next]);
        let Some(end) = (0..named.len()).find(ends) else { break };
        open[end] = false;
    }
    let circular = (0..named.len()).find_map(|number| {
        let back = |rule: &&RuleDraft| {
            targets(rule).into_iter().any(|name| position(named, name).is_some_and(|next| open[next]))
        };
        open[number].then(|| named[number].rules.iter().find(back)).flatten()
    });
    if let Some(rule) = circular {
        problems.error(rule.span.clone(), "jumps lead in a circle from here", "nft refuses such a set of rules");
    }
    circular.is_some()
}
