//! One direction of a captured control connection: segments put in order again (RFC 9293, section 3.4) and cut into
//! lines.

use crate::packet::{Segment, SeqNr};
use std::collections::BTreeMap;

/// How many pieces of a stream wait for a missing one, and what is kept of a line without an end, in bytes.
const MOST_WAITING: usize = 256;
const LONGEST_LINE: usize = 4096;

/// What was received, as far as it is in order.
#[derive(Debug, Default)]
pub(super) struct LineStream {
    next: SeqNr,
    /// By sequence number, with how many bytes are missing behind them.
    waiting: BTreeMap<u32, (Vec<u8>, u32)>,
    line: Vec<u8>,
    is_cut: bool,
}

/// A line without its end.
pub(super) struct Line {
    pub(super) text: String,
    /// The capture has all of it.
    pub(super) whole: bool,
}

impl LineStream {
    /// A stream whose first byte has the number `next`.
    pub(super) fn from(next: SeqNr) -> Self {
        Self { next, ..Self::default() }
    }

    /// Whether some of it was not captured.
    pub(super) const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Takes a segment, of which the capture lacks the last `missing` bytes: the lines that end now.
    pub(super) fn take(&mut self, segment: &Segment, missing: u32) -> Vec<Line> {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.insert(segment.seq.0, (segment.payload.to_vec(), missing));
        }
        let mut lines = Vec::new();
        // Pieces are few; each round uses one up.
        while let Some(seq) = self.waiting.keys().copied().find(|seq| SeqNr(*seq) <= self.next) {
            let (piece, missing) = self.waiting.remove(&seq).unwrap_or_default();
            let known = (self.next - SeqNr(seq)) as usize;
            for &byte in piece.get(known..).unwrap_or_default() {
                self.next += 1;
                match byte {
                    b'\n' => lines.push(self.end_line(true)),
                    b'\r' => {}
                    _ if self.line.len() < LONGEST_LINE => self.line.push(byte),
                    _ => {}
                }
            }
            let end = SeqNr(seq) + piece.len() as u32 + missing;
            if missing > 0 && self.next < end {
                self.next = end;
                self.is_cut = true;
                lines.push(self.end_line(false));
            }
        }
        lines
    }

    fn end_line(&mut self, whole: bool) -> Line {
        let line = std::mem::take(&mut self.line);
        Line { text: String::from_utf8_lossy(&line).into_owned(), whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Flags;

    fn take(stream: &mut LineStream, seq: u32, text: &'static str, missing: u32) -> Vec<(String, bool)> {
        let payload = bytes::Bytes::from_static(text.as_bytes());
        let segment = Segment { seq: SeqNr(seq), payload, flags: Flags::ACK, ..Segment::default() };
        stream.take(&segment, missing).into_iter().map(|line| (line.text, line.whole)).collect()
    }

    #[test]
    fn segments_out_of_order_and_repeated_give_each_line_once() {
        let mut stream = LineStream::from(SeqNr(u32::MAX - 2));
        assert_eq!(take(&mut stream, 2, "LIST\r\n", 0), []);
        assert_eq!(take(&mut stream, u32::MAX - 2, "QU", 0), []);
        // It overlaps what is there, and closes the gap.
        assert_eq!(take(&mut stream, u32::MAX - 1, "UI\r\n", 0), [("QUI".to_owned(), true), ("LIST".to_owned(), true)]);
        assert_eq!(take(&mut stream, 2, "LIST\r\n", 0), []);
    }

    #[test]
    fn what_was_not_captured_ends_a_line() {
        let mut stream = LineStream::from(SeqNr(1));
        assert_eq!(take(&mut stream, 1, "227 Ent", 10), [("227 Ent".to_owned(), false)]);
        assert!(stream.is_cut());
        assert_eq!(take(&mut stream, 18, "200 x\r\n", 0), [("200 x".to_owned(), true)]);
    }
}
