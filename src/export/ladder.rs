//! The ladder as text.

use crate::ids::FrameId;
use crate::ladder::{Canvas, Geometry, Glyphs, Ladder, Line, Row, RowKind, draw_fold, draw_header, draw_row, folded};
use crate::narrate::{Messages, title};
use crate::text::visible;
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
    let ladder = Ladder::new(trace);
    let pen = Pen::new(trace, messages, &ladder, options);
    pen.write(ladder.rows.iter().filter(|row| (first..=last).contains(&row.frame)).map(|row| Line::Row(*row)), out)
}

/// Writes the rows that begin within a range of frames, bulk data folded.
pub(super) fn write_folded(
    trace: &Trace,
    messages: &Messages,
    options: LadderOptions,
    (first, last): (FrameId, FrameId),
    out: &mut impl io::Write,
) -> io::Result<()> {
    let ladder = Ladder::new(trace);
    let rows: Vec<Row> = ladder.rows.iter().filter(|row| (first..=last).contains(&row.frame)).copied().collect();
    Pen::new(trace, messages, &ladder, options).write(folded(trace, &ladder, &rows).into_iter(), out)
}

/// What drawing takes.
struct Pen<'a> {
    trace: &'a Trace,
    messages: &'a Messages,
    ladder: &'a Ladder,
    glyphs: Glyphs,
    geometry: Geometry,
}

impl<'a> Pen<'a> {
    fn new(trace: &'a Trace, messages: &'a Messages, ladder: &'a Ladder, options: LadderOptions) -> Self {
        let width = options.width.max(Geometry::least_width(ladder.columns.len()));
        let geometry = Geometry::new(ladder.columns.len(), width);
        Self { trace, messages, ladder, glyphs: options.glyphs, geometry }
    }

    fn write(&self, lines: impl Iterator<Item = Line>, out: &mut impl io::Write) -> io::Result<()> {
        let Self { trace, messages, ladder, glyphs, geometry } = self;
        let Some(end) = trace.last() else { return Ok(()) };
        for (index, line) in lines.enumerate() {
            let begins_command = match line {
                Line::Row(Row { frame, kind: RowKind::Command }) => {
                    matches!(trace.frame(frame).event, Event::Command { result: None, .. })
                }
                _ => false,
            };
            if index == 0 || begins_command {
                writeln!(out)?;
                for line in draw_header(trace, ladder, geometry) {
                    write_line(&line, out)?;
                }
            }
            let drawn = match line {
                Line::Row(row) => draw_row(trace, messages, ladder, row, geometry, glyphs, end),
                Line::Fold(fold) => draw_fold(trace, messages, ladder, &fold, geometry, glyphs),
            };
            for line in drawn {
                write_line(&line, out)?;
            }
        }
        Ok(())
    }
}

fn write_line(line: &Canvas, out: &mut impl io::Write) -> io::Result<()> {
    let text: String = line.pieces().into_iter().map(|piece| piece.text).collect();
    writeln!(out, "{}", text.trim_end())
}
