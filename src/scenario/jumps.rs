//! Where `jump` and `goto` lead: to chains that exist, never back, and to no more rules than a packet can be shown.

use super::Diagnostic;
use super::document::Problems;
use super::firewall::{FirewallDraft, NamedDraft, RuleDraft};
use crate::firewall::{Action, DEEPEST_JUMP, Hook};
use crate::message::{Message, Phrase, say};
use crate::suggest::{did_you_mean, one_of, quote};
use std::collections::BTreeMap;

/// The most rules that one packet may meet at one hook: as many as a scenario without jumps could have. Without a limit
/// fifteen chains of four jumps each are a thousand million rules a packet.
const MOST_VISITS: u64 = 10_000;

/// For each rule of a chain the chains that it may lead to, by their numbers.
type Leads = Vec<Vec<usize>>;

/// Checks all jumps of a firewall, and finds the first hook that leads to each chain.
pub(super) fn check(problems: &mut Problems<'_>, draft: &mut FirewallDraft) {
    let numbers: BTreeMap<&str, usize> =
        draft.named.iter().enumerate().map(|(number, chain)| (chain.name.as_str(), number)).collect();
    let every = draft.chains.iter().map(|chain| &chain.rules).chain(draft.named.iter().map(|chain| &chain.rules));
    let certain = !problems.may_miss("chains");
    for rule in every.flatten().filter(|_| certain) {
        for name in targets(rule).into_iter().filter(|name| !numbers.contains_key(name)) {
            unknown(problems, &draft.named, rule, name);
        }
    }
    let leads = |rules: &[RuleDraft]| -> Leads {
        rules
            .iter()
            .map(|rule| targets(rule).into_iter().filter_map(|name| numbers.get(name).copied()).collect())
            .collect()
    };
    let named: Vec<Leads> = draft.named.iter().map(|chain| leads(&chain.rules)).collect();
    let hooks: Vec<Leads> = draft.chains.iter().map(|chain| leads(&chain.rules)).collect();
    let order = leaves_first(&named);
    if order.len() < named.len() {
        circle(problems, &draft.named, &named, &order);
        return;
    }
    let mut costs = vec![0; named.len()];
    for number in order {
        costs[number] = named[number].iter().map(|rule| visits(rule, &costs)).fold(0, u64::saturating_add);
    }
    let mut first: Vec<Option<Hook>> = vec![None; draft.named.len()];
    for (chain, leads) in draft.chains.iter().zip(&hooks) {
        let costs = || leads.iter().map(|rule| visits(rule, &costs));
        if costs().fold(0, u64::saturating_add) > MOST_VISITS
            && let Some((_, rule)) = costs().zip(&chain.rules).max_by_key(|(cost, _)| *cost)
        {
            let message = say!("jumps from here may show one packet to more than {} rules", MOST_VISITS);
            let help = say!("the rules of a chain count again for each jump to it: jump from fewer rules");
            problems.error(rule.span.clone(), message, help);
        }
        for number in reached(problems, &draft.named, &named, leads) {
            first[number].get_or_insert(chain.hook);
            let rejects = |rule: &&RuleDraft| matches!(rule.rule.action, Some(Action::Reject(_)));
            if chain.hook == Hook::Postrouting
                && let Some(rule) = draft.named[number].rules.iter().find(rejects)
            {
                let message = say!("`reject` is not possible in postrouting, which leads here");
                problems.error(rule.span.clone(), message, say!("write `drop`"));
            }
        }
    }
    for (chain, first) in draft.named.iter_mut().zip(first) {
        if let Some(hook) = first {
            chain.hook = hook;
        } else {
            let message = say!("no rule leads to the chain {}", quote(&chain.name));
            problems.push(Diagnostic::warning(chain.span.clone(), message).help(say!("write `jump` with its name")));
        }
    }
}

/// The chains that a hook's rules lead to, in order; it is an error if the way to one is too long.
fn reached(problems: &mut Problems<'_>, drafts: &[NamedDraft], named: &[Leads], leads: &Leads) -> Vec<usize> {
    let mut reached = vec![false; named.len()];
    let mut layer: Vec<usize> = leads.concat();
    let mut depth = 0_u8;
    while !layer.is_empty() {
        layer.sort_unstable();
        layer.dedup();
        depth = depth.saturating_add(1);
        if depth == DEEPEST_JUMP + 1 {
            let span = drafts[layer[0]].span.clone();
            problems.error(span, say!("jumps lead here through more than {} chains", DEEPEST_JUMP), Phrase::NONE);
        }
        if depth > DEEPEST_JUMP {
            // It is said; what follows is only looked for once.
            layer.retain(|number| !reached[*number]);
        }
        for number in &layer {
            reached[*number] = true;
        }
        layer = layer.iter().flat_map(|number| named[*number].concat()).collect();
    }
    (0..named.len()).filter(|number| reached[*number]).collect()
}

/// How many rules a packet may meet at a rule and in the chains that it leads to. Of a map's verdicts one is taken.
fn visits(rule: &[usize], costs: &[u64]) -> u64 {
    rule.iter().map(|number| costs[*number]).max().unwrap_or_default().saturating_add(1)
}

fn targets(rule: &RuleDraft) -> Vec<&str> {
    rule.rule.action.as_ref().map(Action::targets).unwrap_or_default()
}

fn unknown(problems: &mut Problems<'_>, named: &[NamedDraft], rule: &RuleDraft, name: &str) {
    let known = || named.iter().map(|chain| chain.name.as_str());
    let help = if problems.full() {
        Message::default()
    } else if named.is_empty() {
        say!("write it: `[nodes.NAME.firewall.chains.{}]`", name)
    } else {
        did_you_mean(problems.closest(name, known()), say!("this firewall has {}", one_of(known())))
    };
    problems.error(rule.span.clone(), say!("there is no chain {}", quote(name)), help);
}

/// The chains so that each comes after those that it leads to; those on a circle, or before one, are left out.
fn leaves_first(named: &[Leads]) -> Vec<usize> {
    let mut from: Vec<Vec<usize>> = vec![Vec::new(); named.len()];
    let mut waits: Vec<usize> = vec![0; named.len()];
    for (number, rules) in named.iter().enumerate() {
        for next in rules.iter().flatten() {
            from[*next].push(number);
            waits[number] += 1;
        }
    }
    let mut order: Vec<usize> = (0..named.len()).filter(|number| waits[*number] == 0).collect();
    let mut at = 0;
    while let Some(number) = order.get(at).copied() {
        at += 1;
        for before in &from[number] {
            waits[*before] -= 1;
            if waits[*before] == 0 {
                order.push(*before);
            }
        }
    }
    order
}

/// Jumps lead in a circle: the first that does is named. `order` are the chains that are on none.
fn circle(problems: &mut Problems<'_>, drafts: &[NamedDraft], named: &[Leads], order: &[usize]) {
    let mut open = vec![true; named.len()];
    for number in order {
        open[*number] = false;
    }
    let back = named.iter().zip(drafts).zip(&open).filter(|(_, open)| **open).find_map(|((rules, draft), _)| {
        rules.iter().zip(&draft.rules).find(|(leads, _)| leads.iter().any(|next| open[*next]))
    });
    if let Some((_, rule)) = back {
        problems.error(
            rule.span.clone(),
            say!("jumps lead in a circle from here"),
            say!("nft refuses such a set of rules"),
        );
    }
}
