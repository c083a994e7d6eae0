//! Two runs of one scenario side by side: what came of each command, who knocked on whose door, where the runs part.
//!
//! Of the two runs never more than one trace is held: what is to be said of a run is taken out of its trace, and where
//! the runs part is told by running them once more.

use super::LadderOptions;
use super::ladder::write_folded;
use crate::engine::LimitReached;
use crate::ftp::Mode;
use crate::ids::{FrameId, SessionId};
use crate::insight::{CommandOutcome, Story, knocks, outcomes};
use crate::ladder::{channel_mark, fit, text_width};
use crate::narrate::{Id, Messages, endpoint_label, knock_note, mode_name, outcome_details, sentence, title};
use crate::scenario::Scenario;
use crate::text::visible;
use crate::trace::{Event, Trace};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

/// Widest first column of the table.
const WIDEST_COMMAND: usize = 40;

/// Two runs of a scenario, with what there is to say of each.
#[derive(Debug)]
pub struct Comparison<'a> {
    scenario: &'a Scenario,
    messages: &'a Messages,
    runs: [Run; 2],
}

/// What is kept of a run.
#[derive(Debug)]
struct Run {
    mode: Mode,
    /// The commands, session by session: how they are called, and what became of them.
    commands: Vec<(Key, String)>,
    /// What they are called, in the same order.
    names: Vec<String>,
    knocks: String,
    story: Story,
}

/// Session and place in its run list.
type Key = (SessionId, u32);

impl<'a> Comparison<'a> {
    /// Runs the scenario in both modes.
    ///
    /// # Errors
    /// A run that reaches a limit of the scenario.
    pub fn new(scenario: &'a Scenario, modes: [Mode; 2], messages: &'a Messages) -> Result<Self, LimitReached> {
        let [left, right] = modes;
        let run = |mode| Ok(Run::new(&scenario.clone().with_mode(mode).run()?, mode, messages));
        Ok(Self { scenario, messages, runs: [run(left)?, run(right)?] })
    }

    /// Writes the comparison.
    pub fn write(&self, options: LadderOptions, out: &mut impl io::Write) -> io::Result<()> {
        let Self { scenario, messages, runs } = self;
        writeln!(out, "{}", visible(title(messages.language(), &scenario.title, scenario.title_zh.as_deref())))?;
        writeln!(out, "\n{}\n", messages.text(Id::CompareOutcomes))?;
        self.write_outcomes(out)?;
        writeln!(out, "\n{}", messages.text(Id::CompareKnocks))?;
        for run in runs {
            writeln!(out, "\n  {}", mode_name(messages, run.mode))?;
            out.write_all(run.knocks.as_bytes())?;
        }
        let Some(parting) = runs[0].story.parting(&runs[1].story) else {
            return writeln!(out, "\n{}", messages.text(Id::CompareSame));
        };
        writeln!(out, "\n{}\n", messages.format(Id::CompareParting, &[("count", &parting.same.to_string())]))?;
        let width = runs.iter().map(|run| text_width(run.mode.name())).max().unwrap_or(0);
        // Both are told before either is drawn.
        let mut drawn = Vec::new();
        for (run, frame) in runs.iter().zip([parting.left, parting.right]) {
            let mode = run.mode;
            let Some(frame) = frame else {
                writeln!(out, "  {:width$}  {}", mode.name(), messages.text(Id::CompareEnded))?;
                continue;
            };
            let again = Scenario::clone(scenario).with_mode(mode).run();
            // The same bytes come out of every run.
            let trace = again.map_err(|limit| io::Error::other(limit.to_string()))?;
            writeln!(
                out,
                "  {:width$}  {:>9} s  {}",
                mode.name(),
                trace.frame(frame).at,
                sentence(messages, &trace, frame)
            )?;
            let head = messages.format(Id::CompareLadder, &[("mode", &mode_name(messages, mode))]);
            let mut ladder = format!("\n{head}\n").into_bytes();
            write_folded(&trace, messages, options, (frame, end_of_command(&trace, frame)), &mut ladder)?;
            drawn.push(ladder);
        }
        drawn.iter().try_for_each(|ladder| out.write_all(ladder))
    }

    fn write_outcomes(&self, out: &mut impl io::Write) -> io::Result<()> {
        let [left, right] = &self.runs;
        let others: BTreeMap<Key, &str> = right.commands.iter().map(|(key, cell)| (*key, cell.as_str())).collect();
        let widest = |texts: &mut dyn Iterator<Item = &str>| texts.map(text_width).max().unwrap_or(0);
        let command_width = widest(&mut left.names.iter().map(String::as_str)).clamp(8, WIDEST_COMMAND);
        let heads = [left, right].map(|run| mode_name(self.messages, run.mode));
        let first = widest(&mut left.commands.iter().map(|(_, cell)| cell.as_str())).max(text_width(&heads[0]));
        writeln!(out, "  {}  {}  {}", pad("", command_width), pad(&heads[0], first), heads[1])?;
        for ((key, cell), name) in left.commands.iter().zip(&left.names) {
            let other = others.get(key).copied().unwrap_or_default();
            writeln!(out, "  {}  {}  {other}", pad(&fit(name, command_width), command_width), pad(cell, first))?;
        }
        Ok(())
    }
}

impl Run {
    fn new(trace: &Trace, mode: Mode, messages: &Messages) -> Self {
        let mut outcomes = outcomes(trace);
        // As they ended, sessions stand in any order.
        outcomes.sort_by_key(|outcome| (outcome.session, outcome.index));
        let commands = outcomes
            .iter()
            .map(|outcome| ((outcome.session, outcome.index), outcome_details(messages, trace, outcome)))
            .collect();
        Self {
            mode,
            commands,
            names: names(trace, messages, &outcomes),
            knocks: told_knocks(trace, messages),
            story: Story::new(trace),
        }
    }
}

/// What the commands are called: `ls`, `ls #2` where a session has several of them, `3. client: ls` where there are
/// several sessions.
fn names(trace: &Trace, messages: &Messages, outcomes: &[CommandOutcome]) -> Vec<String> {
    let mut counts: BTreeMap<(SessionId, &str), u32> = BTreeMap::new();
    for outcome in outcomes {
        *counts.entry((outcome.session, &outcome.run)).or_default() += 1;
    }
    let mut numbers: BTreeMap<(SessionId, &str), u32> = BTreeMap::new();
    let names = outcomes.iter().map(|outcome| {
        let key = (outcome.session, outcome.run.as_str());
        let mut name = visible(&outcome.run);
        if counts[&key] > 1 {
            let number = numbers.entry(key).or_default();
            *number += 1;
            name = messages.format(Id::CompareNumbered, &[("command", &name), ("number", &number.to_string())]);
        }
        match trace.sessions.get(outcome.session.index()) {
            Some(session) if trace.sessions.len() > 1 => {
                format!("{}. {}: {name}", outcome.session.0 + 1, visible(trace.node_name(session.client)))
            }
            _ => name,
        }
    });
    names.collect()
}

/// The frame in which the command of the run list ends that is being played at `from`.
fn end_of_command(trace: &Trace, from: FrameId) -> FrameId {
    let session = |id: FrameId| trace.frame(id).tag.map(|tag| tag.session);
    let ends = |id: &FrameId| {
        matches!(trace.frame(*id).event, Event::Command { result: Some(_), .. }) && session(*id) == session(from)
    };
    trace.ids().skip(from.index()).find(ends).or_else(|| trace.last()).unwrap_or(from)
}

fn told_knocks(trace: &Trace, messages: &Messages) -> String {
    let several = trace.sessions.len() > 1;
    let mut told = String::new();
    for knock in knocks(trace) {
        let mark = channel_mark(knock.channel);
        let at = trace.last().unwrap_or(knock.began);
        let (from, to) = (endpoint_label(trace, knock.from, at), endpoint_label(trace, knock.to, at));
        let note = knock_note(messages, trace, &knock);
        let session = if several { format!("{}. ", knock.session.0 + 1) } else { String::new() };
        let _ = writeln!(told, "    {mark} {session}{from} -> {to}: {note}");
    }
    told
}

/// `text` followed by blanks up to `width` cells.
fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text_width(text))))
}
