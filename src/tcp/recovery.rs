//! Loss recovery without waiting for the timer: fast retransmit and fast recovery (RFC 5681, section 3.2), `NewReno`
//! (RFC 6582), SACK-based recovery (RFC 6675), limited transmit (RFC 3042).

use super::Connection;
use super::sack::{DUP_THRESHOLD, Scoreboard};
use crate::packet::{Flags, Segment, SeqNr};
use crate::time::Instant;

/// What the sender believes about the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is known to be lost.
    Open,
    /// Fast recovery, until everything that was sent before it is acknowledged.
    Fast,
    /// After a timeout, likewise: duplicate acknowledgements come from our own repetitions (RFC 6582, section 3.2,
    /// step 6) and mean nothing.
    Timeout,
}

#[derive(Clone, Debug)]
pub(super) struct Recovery {
    pub(super) phase: Phase,
    /// What our timestamp was when the first timeout repeated something (`retrans_stamp`).
    repeated_at: u32,
    /// The highest number sent when the phase began; without meaning while open.
    recover: SeqNr,
    /// What is missing below this was repeated in this recovery (`HighRxt`).
    repeated: SeqNr,
    /// Duplicate acknowledgements in a row.
    duplicates: u32,
    /// The first unacknowledged segment is to be repeated at once.
    pub(super) head_owed: bool,
    pub(super) scoreboard: Scoreboard,
}

impl Recovery {
    pub(super) fn new(iss: SeqNr) -> Self {
        Self {
            phase: Phase::Open,
            repeated_at: 0,
            recover: iss,
            repeated: iss,
            duplicates: 0,
            head_owed: false,
            scoreboard: Scoreboard::default(),
        }
    }

    /// Bytes beyond the congestion window that the first two duplicates allow (RFC 3042, section 2). With SACK the
    /// bytes reported are not in flight, which comes to the same.
    pub(super) fn limited_transmit(&self, mss: u32) -> u32 {
        if self.phase == Phase::Open && self.scoreboard.is_empty() { self.duplicates.min(2) * mss } else { 0 }
    }

    /// Something was repeated up to `end`.
    pub(super) fn repeated_to(&mut self, end: SeqNr) {
        if end > self.repeated {
            self.repeated = end;
        }
    }
}

impl Connection {
    /// The SACK blocks of an acknowledgement: how many bytes are news. Blocks that lie outside what is unacknowledged
    /// are ignored.
    pub(super) fn take_sack(&mut self, segment: &Segment) -> u32 {
        if !self.sack_ok {
            return 0;
        }
        let una = if segment.ack > self.snd_una { segment.ack } else { self.snd_una };
        let mut news = 0;
        for &(from, to) in &segment.sack {
            if from < to && from > una && to <= self.snd_max {
                news += self.recovery.scoreboard.insert(from, to);
            }
        }
        news
    }

    /// Whether the segment is a duplicate acknowledgement (RFC 5681, section 2); with SACK: whether it brought news
    /// (RFC 6675, section 2).
    pub(super) fn is_duplicate_ack(&self, segment: &Segment, sacked: u32) -> bool {
        if segment.ack != self.snd_una || self.snd_max == self.snd_una {
            return false;
        }
        if self.sack_ok {
            return sacked > 0;
        }
        segment.payload.is_empty()
            && !segment.flags.contains(Flags::FIN)
            && u32::from(segment.window) << self.snd_scale == self.snd_wnd
    }

    /// RFC 5681, section 3.2; RFC 6582, section 3.2, steps 2 to 4; RFC 6675, section 5.
    pub(super) fn take_duplicate_ack(&mut self) {
        match self.recovery.phase {
            Phase::Timeout => {}
            Phase::Fast if self.sack_ok => {} // the pipe tells
            Phase::Fast => self.congestion.inflate(),
            Phase::Open => {
                // The answer to a probe shows what is missing at once (RFC 8985, section 7.3).
                self.recovery.duplicates += if self.probed.is_some() { DUP_THRESHOLD } else { 1 };
                if self.recovery.duplicates >= DUP_THRESHOLD || self.head_is_lost() {
                    self.congestion.on_fast_retransmit(self.snd_max - self.snd_una, self.sack_ok);
                    self.begin_recovery(Phase::Fast);
                    self.recovery.head_owed = true;
                }
            }
        }
    }

    fn head_is_lost(&self) -> bool {
        self.recovery.scoreboard.gaps(self.snd_una, self.effective_mss()).next().is_some_and(|(.., lost)| lost)
    }

    pub(super) fn begin_recovery(&mut self, phase: Phase) {
        self.recovery.phase = phase;
        self.recovery.recover = self.snd_max;
        self.recovery.repeated = self.snd_una;
        self.recovery.duplicates = 0;
        self.recovery.head_owed = false;
    }

    /// A timeout is about to repeat something: what it takes back if it was spurious.
    pub(super) fn remember_for_undo(&mut self, now: Instant) {
        if self.recovery.phase != Phase::Timeout {
            self.recovery.repeated_at = self.clock.value(now);
            self.congestion.remember();
        }
    }

    /// Eifel detection and response (RFC 3522, 4015; `tcp_try_undo_loss`): the acknowledgement answers what was sent before
    /// anything was repeated, so nothing was lost, only late. The windows are taken back, and nothing more is repeated.
    pub(super) fn undo_if_spurious(&mut self, segment: &Segment) {
        if self.recovery.phase == Phase::Timeout && self.echoes_before(segment, self.recovery.repeated_at) {
            self.recovery.phase = Phase::Open;
            self.congestion.undo();
            self.snd_nxt = self.snd_max;
        }
    }

    /// `bytes` were acknowledged and SND.UNA has moved: what becomes of recovery and of the congestion window.
    pub(super) fn recovery_on_ack(&mut self, bytes: u32) {
        let una = self.snd_una;
        let before = self.segments.len();
        while self.segments.front().is_some_and(|(end, _)| *end <= una) {
            self.segments.pop_front();
        }
        let segments = (before - self.segments.len()) as u32;
        if !self.recovery.scoreboard.is_empty() {
            self.recovery.scoreboard.acknowledged(una);
        }
        self.recovery.duplicates = 0;
        self.recovery.head_owed = false;
        match self.recovery.phase {
            Phase::Open => self.congestion.on_ack(segments.saturating_mul(self.effective_mss())),
            Phase::Fast if una >= self.recovery.recover => {
                self.recovery.phase = Phase::Open;
                self.congestion.on_recovered(self.snd_max - una, self.sack_ok);
            }
            Phase::Fast => {
                // A partial acknowledgement: the segment that it stops at is lost, too (RFC 6582, section 3.2, step 5).
                if !self.sack_ok {
                    self.congestion.deflate(bytes);
                }
                self.recovery.head_owed = !self.sack_ok || una >= self.recovery.repeated;
                self.recovery.repeated_to(una);
            }
            Phase::Timeout => {
                if una >= self.recovery.recover {
                    self.recovery.phase = Phase::Open;
                }
                // One segment's worth for each acknowledgement (RFC 5681, equation 2): what one acknowledges now may
                // have arrived long ago, and is no reason for a burst.
                self.congestion.on_ack(bytes.min(self.effective_mss()));
            }
        }
    }

    /// Bytes that count against the congestion window.
    pub(super) fn in_flight(&self) -> u32 {
        let board = &self.recovery.scoreboard;
        if self.recovery.phase == Phase::Fast && self.sack_ok {
            return board.pipe(self.snd_una, self.snd_max, self.recovery.repeated, self.effective_mss());
        }
        if self.recovery.phase == Phase::Open && board.is_empty() {
            // Each segment counts as a full one.
            return (self.segments.len() as u32).saturating_mul(self.effective_mss());
        }
        let sent = self.snd_nxt - self.snd_una;
        if board.is_empty() { sent } else { sent - board.bytes_below(self.snd_nxt) }
    }

    /// What fast recovery repeats next: the first segment, or a gap (`NextSeg` of RFC 6675, section 4: rule 1, and
    /// rule 3 where there is nothing new to send).
    pub(super) fn hole_to_fill(&mut self) -> Option<SeqNr> {
        if std::mem::take(&mut self.recovery.head_owed) {
            return (self.snd_una < self.snd_max).then_some(self.snd_una);
        }
        if self.recovery.phase != Phase::Fast || !self.sack_ok {
            return None;
        }
        let mss = self.effective_mss();
        if self.congestion.window() < self.in_flight() + mss {
            return None;
        }
        let repeated = self.recovery.repeated;
        let from = |start: SeqNr| if start < repeated { repeated } else { start };
        let mut holes = self.recovery.scoreboard.gaps(self.snd_una, mss).filter(|(_, end, _)| *end > repeated);
        let nothing_new = self.snd_nxt - self.snd_una >= self.unsent.len().min(self.snd_wnd);
        holes.find(|(.., lost)| *lost || nothing_new).map(|(start, ..)| from(start))
    }
}
