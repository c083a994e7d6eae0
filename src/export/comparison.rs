//! Two runs of one scenario side by side: what came of each command, who knocked on whose door, where the runs part.

use super::LadderOptions;
use super::ladder::write_rows;
use crate::ftp::Mode;
use crate::ids::FrameId;
use crate::insight::{CommandOutcome, divergence, knocks, outcomes};
use crate::ladder::{Ladder, channel_mark, fit, text_width};
use crate::narrate::{Id, Messages, endpoint_label, knock_note, mode_name, outcome_note, sentence, title, visible};
use crate::packet::Channel;
use crate::trace::{Event, Trace};
use std::io;

/// Writes the comparison of two runs.
pub fn write_comparison(
    runs: &[(Mode, Trace); 2],
    messages: &Messages,
    options: LadderOptions,
    out: &mut impl io::Write,
) -> io::Result<()> {
    writeln!(out, "{}", visible(title(messages.language(), &runs[0].1.title, runs[0].1.title_zh.as_deref())))?;
    writeln!(out, "\n{}\n", messages.text(Id::CompareOutcomes))?;
    write_outcomes(runs, messages, out)?;
    writeln!(out, "\n{}", messages.text(Id::CompareKnocks))?;
    for (mode, trace) in runs {
        writeln!(out, "\n  {}", mode_name(messages, *mode))?;
        write_knocks(trace, messages, out)?;
    }
    let Some(parting) = divergence(&runs[0].1, &runs[1].1) else {
        return writeln!(out, "\n{}", messages.text(Id::CompareSame));
    };
    writeln!(out, "\n{}\n", messages.format(Id::CompareParting, &[("count", &parting.same.to_string())]))?;
    let width = runs.iter().map(|(mode, _)| text_width(mode.name())).max().unwrap_or(0);
    for ((mode, trace), frame) in runs.iter().zip([parting.left, parting.right]) {
        let told = match frame {
            Some(frame) => format!("{:>9} s  {}", trace.frame(frame).at, sentence(messages, trace, frame)),
            None => messages.text(Id::CompareEnded),
        };
        writeln!(out, "  {:width$}  {told}", mode.name())?;
    }
    for ((mode, trace), frame) in runs.iter().zip([parting.left, parting.right]) {
        let Some(frame) = frame else { continue };
        writeln!(out, "\n{}", messages.format(Id::CompareLadder, &[("mode", &mode_name(messages, *mode))]))?;
        let ladder = Ladder::new(trace);
        write_rows(trace, messages, &ladder, options, (frame, end_of_step(trace, frame)), out)?;
    }
    Ok(())
}

/// The frame in which the command of the run list ends that is being played at `from`.
fn end_of_step(trace: &Trace, from: FrameId) -> FrameId {
    let session = |id: FrameId| trace.frame(id).tag.map(|tag| tag.session);
    let ends = |id: &FrameId| {
        matches!(trace.frame(*id).event, Event::Command { result: Some(_), .. }) && session(*id) == session(from)
    };
    trace.ids().skip(from.index()).find(ends).or_else(|| trace.last()).unwrap_or(from)
}

fn write_outcomes(runs: &[(Mode, Trace); 2], messages: &Messages, out: &mut impl io::Write) -> io::Result<()> {
    let tables = [outcomes(&runs[0].1), outcomes(&runs[1].1)];
    // With several sessions a command alone does not tell whose it is.
    let trace = &runs[0].1;
    let several = trace.sessions.len() > 1;
    let command = |row: &CommandOutcome| match trace.sessions.get(row.session.index()) {
        Some(session) if several => {
            format!("{}. {}: {}", row.session.0 + 1, visible(trace.node_name(session.client)), visible(&row.run))
        }
        _ => visible(&row.run),
    };
    let command_width = tables[0].iter().map(|row| text_width(&command(row))).max().unwrap_or(0).clamp(8, 40);
    let cells: Vec<Vec<String>> = runs
        .iter()
        .zip(&tables)
        .map(|((_, trace), table)| table.iter().map(|row| outcome_note(messages, trace, row)).collect())
        .collect();
    let names = runs.each_ref().map(|(mode, _)| mode_name(messages, *mode));
    let first = cells[0].iter().map(|cell| text_width(cell)).max().unwrap_or(0).max(text_width(&names[0]));
    writeln!(out, "  {}  {}  {}", pad("", command_width), pad(&names[0], first), names[1])?;
    for (index, row) in tables[0].iter().enumerate() {
        let other = tables[1]
            .iter()
            .position(|other| (other.session, other.index) == (row.session, row.index))
            .map_or("", |other| &cells[1][other]);
        let command = fit(&command(row), command_width);
        writeln!(out, "  {}  {}  {other}", pad(&command, command_width), pad(&cells[0][index], first))?;
    }
    Ok(())
}

fn write_knocks(trace: &Trace, messages: &Messages, out: &mut impl io::Write) -> io::Result<()> {
    for knock in knocks(trace) {
        let mark = match knock.channel {
            Channel::Control => channel_mark(Channel::Control),
            Channel::Data => channel_mark(Channel::Data),
        };
        let at = trace.last().unwrap_or(knock.began);
        let (from, to) = (endpoint_label(trace, knock.from, at), endpoint_label(trace, knock.to, at));
        let note = knock_note(messages, trace, &knock);
        writeln!(out, "    {mark} {from} -> {to}: {note}")?;
    }
    Ok(())
}

/// `text` followed by blanks up to `width` cells.
fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text_width(text))))
}
