//! The sender's scoreboard: what the peer has beyond the gaps (RFC 2018, section 8; RFC 6675, sections 3 and 4).
//!
//! Not modelled: D-SACK (RFC 2883), rescue retransmission (RFC 6675, section 4, rule 4), RACK (RFC 8985).

use crate::packet::{SackBlock, SeqNr};

/// Duplicate acknowledgements, or segments reported above a gap, that make it a loss (`DupThresh`: RFC 5681, section
/// 3.2; RFC 6675, section 2).
pub(super) const DUP_THRESHOLD: u32 = 3;

/// A hostile peer gains nothing by reporting every second byte.
const MAX_RANGES: usize = 1024;

/// Ranges that were reported, sorted, disjoint, not touching. Empty, and without allocation, where nothing is lost.
#[derive(Clone, Debug, Default)]
pub(super) struct Scoreboard(Vec<SackBlock>);

impl Scoreboard {
    /// Takes a block. How many bytes of it are news.
    pub(super) fn insert(&mut self, from: SeqNr, to: SeqNr) -> u32 {
        // The ranges that the block touches become one.
        let first = self.0.partition_point(|(_, end)| *end < from);
        let last = first + self.0[first..].partition_point(|(start, _)| *start <= to);
        if first == last {
            if self.0.len() >= MAX_RANGES {
                return 0;
            }
            self.0.insert(first, (from, to));
            return to - from;
        }
        let known: u32 = self.0[first..last].iter().map(|(start, end)| *end - *start).sum();
        let start = if from < self.0[first].0 { from } else { self.0[first].0 };
        let end = if to > self.0[last - 1].1 { to } else { self.0[last - 1].1 };
        self.0[first] = (start, end);
        self.0.drain(first + 1..last);
        (end - start) - known
    }

    /// Forgets what lies below `una`: it is acknowledged.
    pub(super) fn acknowledged(&mut self, una: SeqNr) {
        let old = self.0.partition_point(|(_, end)| *end <= una);
        self.0.drain(..old);
        if let Some((start, _)) = self.0.first_mut()
            && *start < una
        {
            *start = una;
        }
    }

    /// After a timeout nothing is believed any more: the peer may have thrown it away (RFC 2018, section 8).
    pub(super) fn clear(&mut self) {
        self.0 = Vec::new();
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first number from `seq` on that is not reported.
    pub(super) fn first_missing(&self, seq: SeqNr) -> SeqNr {
        match self.0.get(self.0.partition_point(|(_, end)| *end <= seq)) {
            Some((start, end)) if *start <= seq => *end,
            _ => seq,
        }
    }

    /// How many bytes are missing from `seq` up to the next reported one; `None`: no report above.
    pub(super) fn missing_from(&self, seq: SeqNr) -> Option<u32> {
        self.0.get(self.0.partition_point(|(start, _)| *start < seq)).map(|(start, _)| *start - seq)
    }

    /// Reported bytes below `seq`.
    pub(super) fn bytes_below(&self, seq: SeqNr) -> u32 {
        let below = self.0.iter().take_while(|(start, _)| *start < seq);
        below.map(|(start, end)| if *end < seq { *end - *start } else { seq - *start }).sum()
    }

    /// The gaps below the highest report, each with whether it is lost: `IsLost` of RFC 6675, section 4.
    pub(super) fn gaps(&self, una: SeqNr, mss: u32) -> impl Iterator<Item = (SeqNr, SeqNr, bool)> {
        let mut above = self.0.len() as u32;
        let mut bytes: u32 = self.0.iter().map(|(start, end)| *end - *start).sum();
        let mut at = una;
        self.0.iter().filter_map(move |(start, end)| {
            let gap = (at, *start, above >= DUP_THRESHOLD || bytes > (DUP_THRESHOLD - 1) * mss);
            above -= 1;
            bytes -= *end - *start;
            at = *end;
            (gap.0 < gap.1).then_some(gap)
        })
    }

    /// `Pipe` of RFC 6675, section 4: bytes from `una` to `max` that are still on the way, where everything missing
    /// below `repeated` was sent again.
    pub(super) fn pipe(&self, una: SeqNr, max: SeqNr, repeated: SeqNr, mss: u32) -> u32 {
        let highest = self.0.last().map_or(una, |(_, end)| *end);
        let mut pipe = max - highest;
        for (from, to, lost) in self.gaps(una, mss) {
            if !lost {
                pipe += to - from;
            }
            if repeated > from {
                pipe += if repeated < to { repeated - from } else { to - from };
            }
        }
        pipe
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn board(ranges: &[(u32, u32)]) -> Scoreboard {
        let mut board = Scoreboard::default();
        for (from, to) in ranges {
            board.insert(SeqNr(*from), SeqNr(*to));
        }
        board
    }

    #[test]
    fn gaps_are_lost_when_enough_is_reported_above() {
        let board = board(&[(200, 300), (400, 500), (600, 700)]);
        let gaps: Vec<_> = board.gaps(SeqNr(100), 100).map(|(from, to, lost)| (from.0, to.0, lost)).collect();
        assert_eq!(gaps, [(100, 200, true), (300, 400, false), (500, 600, false)]);
        // Two gaps not known to be lost, and what lies above all reports.
        assert_eq!(board.pipe(SeqNr(100), SeqNr(1000), SeqNr(100), 100), 500);
        assert_eq!(board.pipe(SeqNr(100), SeqNr(1000), SeqNr(200), 100), 600, "the first gap was filled");
    }

    proptest! {
        /// The scoreboard says what a set of bytes says.
        #[test]
        fn it_is_a_set_of_bytes(
            start in any::<u32>(),
            blocks in prop::collection::vec((0u32..300, 1u32..40), 0..30),
            una in 0u32..100,
        ) {
            let mut board = Scoreboard::default();
            let mut bytes = std::collections::BTreeSet::new();
            for (from, len) in blocks {
                let before = bytes.len();
                bytes.extend(from..from + len);
                let news = board.insert(SeqNr(start) + from, SeqNr(start) + (from + len));
                prop_assert_eq!(news as usize, bytes.len() - before);
            }
            board.acknowledged(SeqNr(start) + una);
            bytes = bytes.split_off(&una);
            prop_assert!(board.0.windows(2).all(|pair| pair[0].1 < pair[1].0));
            for at in una..350 {
                let missing = (at..=400).find(|n| !bytes.contains(n)).unwrap();
                prop_assert_eq!(board.first_missing(SeqNr(start) + at), SeqNr(start) + missing);
                let below = bytes.range(..at).count();
                prop_assert_eq!(board.bytes_below(SeqNr(start) + at) as usize, below);
            }
        }
    }
}
