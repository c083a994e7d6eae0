//! A scenario's expectations held against what happened.

use super::outcome::{CommandOutcome, outcomes};
use crate::engine::LimitReached;
use crate::ftp::Mode;
use crate::scenario::{ExpectSpec, Outcome, Scenario};
use crate::trace::Trace;
use std::collections::BTreeMap;

/// Which command of which session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The command, as the scenario has it.
    pub command: String,
    /// Which one of its kind in its session, from 1, where the session has several.
    pub number: Option<usize>,
    /// The session, from 1, and the node of its client, where the scenario has several sessions.
    pub session: Option<(usize, String)>,
}

/// What came of a command, or shall come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// In one word.
    pub outcome: Outcome,
    /// The node where it is decided.
    pub at: Option<String>,
    /// The reply code that the client gets.
    pub reply: Option<u16>,
    /// The text of the rule that decides, or `policy`, and its line in the file where that is known.
    pub rule: Option<(String, Option<u32>)>,
}

/// An expectation that did not come true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The line of the scenario file.
    pub line: u32,
    /// The first command that it failed for.
    pub subject: Subject,
    /// The mode of the run.
    pub mode: Mode,
    /// What was expected.
    pub expected: Finding,
    /// What happened instead; `None`: the command was never run.
    pub happened: Option<Finding>,
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

/// What came of every command, in the order they ended.
pub fn findings(scenario: &Scenario, trace: &Trace) -> Vec<(Subject, Finding)> {
    let found = |outcome: &CommandOutcome| (subject(scenario, outcome), finding(trace, outcome));
    outcomes(trace).iter().map(found).collect()
}

fn hold(scenario: &Scenario, trace: &Trace, outcomes: &[CommandOutcome], expect: &ExpectSpec) -> Option<Unmet> {
    let about = outcomes
        .iter()
        .filter(|o| o.run == expect.command && expect.session.is_none_or(|session| session == o.session.index()));
    let (mut mode, mut about) =
        (scenario.sessions.first().map(|session| session.mode).unwrap_or_default(), about.peekable());
    let never = about.peek().is_none();
    let failed = about.find(|outcome| !meets(trace, outcome, expect));
    if let Some(outcome) = failed {
        mode = trace.sessions[outcome.session.index()].mode;
    } else if !never {
        return None;
    }
    Some(Unmet {
        line: expect.line,
        subject: failed.map_or_else(|| wanted_subject(scenario, expect), |outcome| subject(scenario, outcome)),
        mode,
        expected: wanted(scenario, expect),
        happened: failed.map(|outcome| finding(trace, outcome)),
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

fn subject(scenario: &Scenario, outcome: &CommandOutcome) -> Subject {
    let run = scenario.sessions.get(outcome.session.index()).map_or(&[][..], |session| &session.run);
    let same = |commands: &[String]| commands.iter().filter(|command| **command == outcome.run).count();
    let number = same(run.get(..=outcome.index as usize).unwrap_or_default());
    Subject {
        command: outcome.run.clone(),
        number: (same(run) > 1).then_some(number),
        session: named_session(scenario, outcome.session.index()),
    }
}

fn wanted_subject(scenario: &Scenario, expect: &ExpectSpec) -> Subject {
    let session = expect.session.and_then(|session| named_session(scenario, session));
    Subject { command: expect.command.clone(), number: None, session }
}

fn named_session(scenario: &Scenario, session: usize) -> Option<(usize, String)> {
    let spec = scenario.sessions.get(session).filter(|_| scenario.sessions.len() > 1)?;
    Some((session + 1, scenario.nodes[spec.client].name.clone()))
}

fn wanted(scenario: &Scenario, expect: &ExpectSpec) -> Finding {
    Finding {
        outcome: expect.outcome,
        at: expect.at.map(|node| scenario.nodes[node].name.clone()),
        reply: expect.reply,
        rule: expect.rule.as_ref().map(|rule| (rule.clone(), None)),
    }
}

fn finding(trace: &Trace, outcome: &CommandOutcome) -> Finding {
    Finding {
        outcome: outcome.outcome,
        at: outcome.at.map(|node| trace.node_name(node).to_owned()),
        reply: outcome.reply,
        rule: outcome.rule.map(|rule| {
            let rule = trace.rule(rule);
            (if rule.is_policy { String::from("policy") } else { rule.text.clone() }, Some(rule.line))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;

    #[test]
    fn commands_are_named_by_session_and_number_where_there_are_several() {
        let source = r#"
title = "two"
links = ["client -- server", "bob -- server"]
nodes.server.ftp-server = true
[[sessions]]
client = "client"
server = "server"
run = ["ls"]
[[sessions]]
client = "bob"
server = "server"
run = ["ls", "get nothing", "ls"]
[[expect]]
command = "ls"
outcome = "denied"
[[expect]]
command = "ls"
session = 2
outcome = "ok"
[[expect]]
command = "get nothing"
outcome = "ok"
"#;
        let scenario = parse(source, "two.toml").unwrap();
        let (total, unmet) = check(&scenario).unwrap();
        assert_eq!((total, unmet.len()), (3, 2));
        assert_eq!(unmet[0].subject.session, Some((1, String::from("client"))));
        assert_eq!(unmet[1].subject.session, Some((2, String::from("bob"))));
        assert_eq!(unmet[1].happened.as_ref().unwrap().reply, Some(550));
        let all = findings(&scenario, &scenario.run().unwrap());
        let numbers = all.iter().filter(|(subject, _)| subject.session.as_ref().unwrap().0 == 2);
        let numbers: Vec<Option<usize>> = numbers.map(|(subject, _)| subject.number).collect();
        assert_eq!(numbers, [Some(1), None, Some(2), None]);
    }
}
