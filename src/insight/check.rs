//! A scenario's expectations held against what happened.

use super::outcome::{CommandOutcome, outcomes};
use crate::engine::LimitReached;
use crate::ftp::Mode;
use crate::scenario::{ExpectSpec, Scenario};
use crate::text::visible;
use crate::trace::Trace;
use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

/// An expectation that did not come true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The line of the scenario file.
    pub line: u32,
    /// The command it is about.
    pub command: String,
    /// The mode of the run.
    pub mode: Mode,
    /// What was expected, in the file's words.
    pub expected: String,
    /// What happened instead.
    pub happened: String,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, mode, expected, happened, .. } = self;
        let text = format!("'{command}' in {mode} mode: expected {expected}, but it was {happened}");
        // All of it is the scenario's own words.
        f.write_str(&visible(&text))
    }
}

/// Runs the scenario as often as its expectations need (each mode once) and returns how many were held and which
/// failed.
pub fn check(scenario: &Scenario) -> Result<(usize, Vec<Unmet>), LimitReached> {
    let mut unmet = Vec::new();
    let mut held = 0;
    let mut runs: Vec<Option<Mode>> = vec![None];
    runs.extend(Mode::ALL.map(Some));
    for run in runs {
        let wanted: Vec<&ExpectSpec> = scenario.expects.iter().filter(|expect| expect.mode == run).collect();
        // Without expectations the scenario is still run once: it must not hit a limit.
        if wanted.is_empty() && !(run.is_none() && scenario.expects.is_empty()) {
            continue;
        }
        let scenario = match run {
            Some(mode) => scenario.clone().with_mode(mode),
            None => scenario.clone(),
        };
        let trace = scenario.run()?;
        // By command: files have many expectations, and run lists many commands.
        let mut outcomes_of: BTreeMap<String, Vec<CommandOutcome>> = BTreeMap::new();
        for outcome in outcomes(&trace) {
            outcomes_of.entry(outcome.run.clone()).or_default().push(outcome);
        }
        for expect in wanted {
            held += 1;
            let outcomes = outcomes_of.get(&expect.command).map_or(&[][..], Vec::as_slice);
            unmet.extend(hold(&scenario, &trace, outcomes, expect));
        }
    }
    unmet.sort_by_key(|unmet| unmet.line);
    Ok((held, unmet))
}

/// `outcomes`: those of the command.
fn hold(scenario: &Scenario, trace: &Trace, outcomes: &[CommandOutcome], expect: &ExpectSpec) -> Option<Unmet> {
    let about = outcomes.iter().filter(|o| expect.session.is_none_or(|session| session == o.session.index()));
    let mut mode = scenario.sessions.first().map(|session| session.mode).unwrap_or_default();
    let mut any = false;
    let mut failed = None;
    for outcome in about {
        any = true;
        if !meets(trace, outcome, expect) && failed.is_none() {
            mode = trace.sessions[outcome.session.index()].mode;
            failed = Some(describe(trace, outcome));
        }
    }
    let happened = if any { failed? } else { "never run".to_owned() };
    Some(Unmet {
        line: expect.line,
        command: expect.command.clone(),
        mode,
        expected: wanted(scenario, expect),
        happened,
    })
}

fn meets(trace: &Trace, outcome: &CommandOutcome, expect: &ExpectSpec) -> bool {
    outcome.outcome == expect.outcome
        && expect.at.is_none_or(|node| outcome.at.is_some_and(|at| at.index() == node))
        && expect.reply.is_none_or(|code| outcome.reply == Some(code))
        && expect.rule.as_ref().is_none_or(|text| {
            outcome.rule.is_some_and(|rule| {
                let rule = trace.rule(rule);
                if rule.is_policy { text == "policy" } else { rule.text == *text }
            })
        })
}

fn wanted(scenario: &Scenario, expect: &ExpectSpec) -> String {
    let mut words = format!("'{}'", expect.outcome);
    if let Some(node) = expect.at {
        let _ = write!(words, " at {}", scenario.nodes[node].name);
    }
    if let Some(code) = expect.reply {
        let _ = write!(words, " with reply {code}");
    }
    if let Some(rule) = &expect.rule {
        let _ = write!(words, " by rule '{rule}'");
    }
    words
}

fn describe(trace: &Trace, outcome: &CommandOutcome) -> String {
    let mut words = format!("'{}'", outcome.outcome);
    if let Some(node) = outcome.at {
        let _ = write!(words, " at {}", trace.node_name(node));
    }
    if let Some(code) = outcome.reply {
        let _ = write!(words, " with reply {code}");
    }
    if let Some(rule) = outcome.rule {
        let rule = trace.rule(rule);
        let text = if rule.is_policy { "policy" } else { &rule.text };
        let _ = write!(words, " by rule '{text}' (line {})", rule.line);
    }
    words
}
