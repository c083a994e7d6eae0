//! Bytes that arrived out of order, kept until the gap before them is filled (RFC 9293, section 3.4).

use crate::packet::{SackBlock, SeqNr};
use bytes::Bytes;
use std::collections::VecDeque;

/// At most this many separate pieces are kept; a hostile peer gains nothing by sending every second byte. What was
/// kept, and reported, is never thrown away for something newer.
const MAX_PIECES: usize = 8192;
/// As many blocks as fit beside no other option (RFC 2018, section 3); the caller says how many fit.
const MAX_BLOCKS: usize = 4;

/// Pieces beyond the next expected sequence number. Boxed: most connections never have any.
#[derive(Clone, Debug, Default)]
pub(super) struct Assembler(Option<Box<Pieces>>);

#[derive(Clone, Debug, Default)]
struct Pieces {
    /// Sorted, not overlapping, not touching the front.
    pieces: VecDeque<(SeqNr, Bytes)>,
    /// Where the last segments that were kept began, the newest first: their blocks are reported first.
    recent: [SeqNr; MAX_BLOCKS],
}

impl Assembler {
    /// Keeps `payload`, which begins at `seq`, less what is already there.
    pub(super) fn insert(&mut self, seq: SeqNr, payload: Bytes) {
        self.0.get_or_insert_default().insert(seq, payload);
    }

    /// Whether there is no gap.
    pub(super) fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|pieces| pieces.pieces.is_empty())
    }

    /// What lies beyond the gaps: the block with the newest segment first, then the ones reported before (RFC 2018,
    /// section 4).
    pub(super) fn blocks(&self, most: usize) -> Box<[SackBlock]> {
        self.0.as_ref().map(|pieces| pieces.blocks(most)).unwrap_or_default()
    }

    /// The bytes that follow `next` without a gap: one piece at a time.
    pub(super) fn take(&mut self, next: SeqNr) -> Option<Bytes> {
        self.0.as_mut()?.take(next)
    }
}

impl Pieces {
    fn insert(&mut self, mut seq: SeqNr, mut payload: Bytes) {
        if self.pieces.is_empty() {
            self.recent = [seq; MAX_BLOCKS];
        } else {
            self.recent.rotate_right(1);
            self.recent[0] = seq;
        }
        let mut i = self.pieces.partition_point(|(start, piece)| *start + piece.len() as u32 <= seq);
        while i < self.pieces.len() && !payload.is_empty() {
            if self.pieces.len() >= MAX_PIECES {
                return;
            }
            let (start, piece) = &self.pieces[i];
            let (start, end) = (*start, *start + piece.len() as u32);
            if seq < start {
                // The part before this piece is new.
                let gap = (start - seq).min(payload.len() as u32);
                let new = payload.split_to(gap as usize);
                self.pieces.insert(i, (seq, new));
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
        if !payload.is_empty() && self.pieces.len() < MAX_PIECES {
            self.pieces.push_back((seq, payload));
        }
    }

    fn blocks(&self, most: usize) -> Box<[SackBlock]> {
        let mut blocks: Vec<SackBlock> = Vec::new();
        for seq in self.recent {
            if blocks.len() == most {
                break;
            }
            if blocks.iter().any(|(from, to)| *from <= seq && seq < *to) {
                continue;
            }
            blocks.extend(self.block_around(seq));
        }
        blocks.into()
    }

    fn block_around(&self, seq: SeqNr) -> Option<SackBlock> {
        let end_of = |i: usize| self.pieces[i].0 + self.pieces[i].1.len() as u32;
        let at = self.pieces.partition_point(|(start, _)| *start <= seq).checked_sub(1)?;
        if end_of(at) <= seq {
            return None;
        }
        let (mut first, mut last) = (at, at);
        while first > 0 && end_of(first - 1) == self.pieces[first].0 {
            first -= 1;
        }
        while last + 1 < self.pieces.len() && end_of(last) == self.pieces[last + 1].0 {
            last += 1;
        }
        Some((self.pieces[first].0, end_of(last)))
    }

    fn take(&mut self, next: SeqNr) -> Option<Bytes> {
        while let Some((seq, piece)) = self.pieces.front() {
            if *seq > next {
                return None;
            }
            let skip = next - *seq;
            let len = piece.len() as u32;
            let (_, mut piece) = self.pieces.pop_front()?;
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

    #[test]
    fn the_newest_block_is_reported_first() {
        let mut assembler = Assembler::default();
        for seq in [300, 100, 500, 110] {
            assembler.insert(SeqNr(seq), Bytes::from_static(&[0; 10]));
        }
        let blocks: Vec<_> = assembler.blocks(3).iter().map(|(from, to)| (from.0, to.0)).collect();
        assert_eq!(blocks, [(100, 120), (500, 510), (300, 310)]);
    }

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
            prop_assert!(assembler.is_empty());
        }
    }
}
