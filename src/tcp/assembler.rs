//! Octets that arrived out of order, kept until the gap before them is filled (RFC 9293, section 3.4).

use crate::packet::SeqNr;
use bytes::Bytes;

/// At most this many separate pieces are kept; a hostile peer gains nothing by sending every second octet.
const MAX_PIECES: usize = 1024;

/// Pieces beyond the next expected sequence number: sorted, not overlapping, not touching the front.
#[derive(Clone, Debug, Default)]
pub(super) struct Assembler(Vec<(SeqNr, Bytes)>);

impl Assembler {
    /// Keeps `payload`, which begins at `seq`, less what is already there.
    pub(super) fn insert(&mut self, mut seq: SeqNr, mut payload: Bytes) {
        let mut i = 0;
        while i < self.0.len() && !payload.is_empty() {
            let (start, piece) = &self.0[i];
            let (start, end) = (*start, *start + piece.len() as u32);
            if seq < start {
                // The part before this piece is new.
                let gap = (start - seq).min(payload.len() as u32);
                let new = payload.split_to(gap as usize);
                self.0.insert(i, (seq, new));
                seq += gap;
                i += 1;
            } else if seq < end {
                // What overlaps this piece is old.
                let old = (end - seq).min(payload.len() as u32);
                let _ = payload.split_to(old as usize);
                seq += old;
            } else {
                i += 1;
            }
        }
        if !payload.is_empty() {
            self.0.push((seq, payload));
        }
        self.0.truncate(MAX_PIECES);
    }

    /// The octets that follow `next` without a gap: one piece at a time.
    pub(super) fn take(&mut self, next: SeqNr) -> Option<Bytes> {
        while let Some((seq, piece)) = self.0.first() {
            if *seq > next {
                return None;
            }
            let skip = next - *seq;
            let len = piece.len() as u32;
            let (_, mut piece) = self.0.remove(0);
            if skip < len {
                return Some(piece.split_off(skip as usize));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever pieces arrive in whatever order, what comes out is the stream, once, in order.
        #[test]
        fn pieces_in_any_order_give_the_stream(
            start in any::<u32>(),
            mut pieces in prop::collection::vec((0usize..200, 1usize..60), 0..40),
        ) {
            let stream: Vec<u8> = (0..=255u8).cycle().take(260).collect();
            // Make sure that the whole stream is covered in the end.
            pieces.extend((0..26).map(|i| (i * 10, 10)));
            let mut assembler = Assembler::default();
            let mut next = SeqNr(start);
            let mut out = Vec::new();
            for (at, len) in pieces {
                let seq = SeqNr(start) + at as u32;
                let piece = Bytes::copy_from_slice(&stream[at..at + len]);
                // As a receiver does: what lies before `next` is cut off first.
                if seq + len as u32 <= next { continue; }
                let cut = if seq < next { next - seq } else { 0 };
                assembler.insert(seq + cut, piece.slice(cut as usize..));
                while let Some(ready) = assembler.take(next) {
                    next += ready.len() as u32;
                    out.extend_from_slice(&ready);
                }
            }
            prop_assert_eq!(out, stream);
            prop_assert!(assembler.0.is_empty());
        }
    }
}
