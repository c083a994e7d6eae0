//! The ladder as text.

use crate::ids::FrameId;
use crate::ladder::{Canvas, Geometry, Glyphs, Ladder, RowKind, draw_header, draw_row};
use crate::narrate::{Messages, title, visible};
use crate::trace::{Event, Trace};
use std::io;

/// How a ladder is drawn as text.
#[derive(Clone, Copy, Debug)]
pub struct LadderOptions {
    /// The width of a line; made larger if the network has too many nodes for it.
    pub width: usize,
    /// The drawing characters.
    pub glyphs: Glyphs,
}

/// Writes the whole ladder. The column names are repeated above every command.
pub fn write_ladder(
    trace: &Trace,
    messages: &Messages,
    options: LadderOptions,
    out: &mut impl io::Write,
) -> io::Result<()> {
    writeln!(out, "{}", visible(title(messages.language(), &trace.title, trace.title_zh.as_deref())))?;
    let Some((first, last)) = trace.ids().next().zip(trace.last()) else { return Ok(()) };
    write_rows(trace, messages, &Ladder::new(trace), options, (first, last), out)
}

/// Writes the rows that begin within a range of frames.
pub(super) fn write_rows(
    trace: &Trace,
    messages: &Messages,
    ladder: &Ladder,
    options: LadderOptions,
    (first, last): (FrameId, FrameId),
    out: &mut impl io::Write,
) -> io::Result<()> {
    let width = options.width.max(Geometry::least_width(ladder.columns.len()));
    let geometry = Geometry::new(ladder.columns.len(), width);
    let rows = ladder.rows.iter().filter(|row| (first..=last).contains(&row.frame));
    let end = trace.last().unwrap_or(last);
    for (index, row) in rows.enumerate() {
        let begins_step = matches!(trace.frame(row.frame).event, Event::Command { result: None, .. });
        if index == 0 || (row.kind == RowKind::Command && begins_step) {
            writeln!(out)?;
            for line in draw_header(trace, ladder, &geometry) {
                write_line(&line, out)?;
            }
        }
        for line in draw_row(trace, messages, ladder, *row, &geometry, &options.glyphs, end) {
            write_line(&line, out)?;
        }
    }
    Ok(())
}

fn write_line(line: &Canvas, out: &mut impl io::Write) -> io::Result<()> {
    let text: String = line.pieces().into_iter().map(|piece| piece.text).collect();
    writeln!(out, "{}", text.trim_end())
}
