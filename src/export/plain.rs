//! One sentence a frame, without any drawing: for screen readers, logs and handouts.

use crate::narrate::{Messages, sentence, title};
use crate::text::visible;
use crate::trace::Trace;
use std::io;

/// Writes the trace.
pub fn write_plain(trace: &Trace, messages: &Messages, out: &mut impl io::Write) -> io::Result<()> {
    writeln!(out, "{}", visible(title(messages.language(), &trace.title, trace.title_zh.as_deref())))?;
    let width = trace.last().map_or(1, |last| last.number().to_string().len());
    for (id, frame) in trace.ids().zip(&trace.frames) {
        writeln!(out, "{:>width$}  {:>9} s  {}", id.number(), frame.at, sentence(messages, trace, id))?;
    }
    Ok(())
}
