//! What to send next (RFC 9293, sections 3.8.6 and 3.10.2).

use super::delayed_ack::JIFFY;
use super::recovery::Phase;
use super::{Connection, State, TimerKind};
use crate::packet::{Flags, SackBlock, Segment, SeqNr};
use crate::time::{Duration, Instant};
use bytes::Bytes;

impl Connection {
    /// The next segment to send, or `None`. Call again until it is `None`.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Segment> {
        if let Some(mut reset) = self.rst_owed.take() {
            if let Some(timestamps) = &mut reset.timestamps {
                timestamps.value = self.clock.value(now);
            }
            return Some(*reset);
        }
        match self.state {
            State::Closed | State::Listen => None,
            State::SynSent => self.syn_owed.then(|| self.syn(now, Flags::SYN)),
            State::SynReceived if self.syn_owed => Some(self.syn(now, Flags::SYN.with(Flags::ACK))),
            _ => self.text_or_fin(now).or_else(|| self.acknowledgement(now)),
        }
    }

    fn syn(&mut self, now: Instant, flags: Flags) -> Segment {
        self.syn_owed = false;
        self.ack_owed = false;
        self.rtt.syn_sent(now, self.snd_max == self.iss);
        self.snd_nxt = self.iss + 1;
        self.snd_max = self.snd_nxt;
        self.small_end = self.snd_nxt;
        // An answer waits a jiffy longer (measured: 1.01 s): a SYN that is repeated after the same time comes before.
        let jiffy = if self.state == State::SynReceived { JIFFY } else { Duration::ZERO };
        self.timers.set(TimerKind::Handshake, now + self.handshake_timeout() + jiffy);
        Segment {
            mss: Some(self.own_mss()),
            // An answer carries what the request carried (RFC 7323, section 2.2; RFC 2018, section 2).
            window_scale: self.scaling_ok.then(|| self.config.window_scale()),
            sack_permitted: self.sack_ok,
            ..self.segment(now, self.iss, flags, Bytes::new())
        }
    }

    /// What recovery repeats, or the next data as the windows allow, with the FIN if it follows.
    fn text_or_fin(&mut self, now: Instant) -> Option<Segment> {
        if !self.synchronized || self.state == State::TimeWait {
            return None;
        }
        if let Some(seq) = self.tail_owed.take() {
            let tail =
                if seq < self.snd_max { self.repeat(now, seq) } else { self.more_text(now, self.room_in_segment()) };
            if tail.is_some() {
                return tail;
            }
        }
        if self.recovery.phase == Phase::Open {
            return self.new_text(now);
        }
        if let Some(seq) = self.hole_to_fill()
            && let Some(segment) = self.repeat(now, seq)
        {
            return Some(segment);
        }
        if self.snd_nxt < self.snd_max {
            // After a timeout everything goes out again but what the peer is known to have.
            self.snd_nxt = self.recovery.scoreboard.first_missing(self.snd_nxt);
        }
        self.new_text(now)
    }

    fn new_text(&mut self, now: Instant) -> Option<Segment> {
        self.more_text(now, 0)
    }

    /// The next data as the windows allow, and `beyond` bytes more of the congestion window.
    fn more_text(&mut self, now: Instant, beyond: u32) -> Option<Segment> {
        let offset = self.snd_nxt - self.snd_una;
        let left = self.unsent.len().saturating_sub(offset);
        let fin_due = self.fin_queued && self.fin_sent.is_none_or(|fin| self.snd_nxt <= fin);
        let probe = std::mem::take(&mut self.probe_owed);
        if left == 0 && !fin_due {
            return None;
        }
        let mss = self.room_in_segment();
        let beyond = beyond + self.recovery.limited_transmit(mss);
        let congestion = self.congestion.window().saturating_add(beyond);
        let mut room = self.snd_wnd.saturating_sub(offset).min(congestion.saturating_sub(self.in_flight()));
        if probe {
            room = room.max(1);
        }
        let mut len = left.min(room).min(mss);
        if self.snd_nxt < self.snd_max
            && let Some(missing) = self.recovery.scoreboard.missing_from(self.snd_nxt)
        {
            len = len.min(missing);
        }
        let fin = fin_due && len == left;
        if (len == 0 && !fin) || !self.is_worth_it(len, left, mss) {
            if left > 0 && offset == 0 && !self.expects_acknowledgement() {
                // The window is shut and nothing is on the way that could bring news: probe after a timeout.
                self.timers.set(TimerKind::Retransmit, now + self.rtt.timeout(&self.config));
            }
            return None;
        }
        if len > 0 {
            self.conversation_goes_on(now);
        }
        let mut segment = self.text(now, offset, len, fin);
        if len == mss && self.ends_burst(left.min(room), mss) {
            segment.flags = segment.flags.with(Flags::PSH);
        } else if len < mss {
            self.end_burst();
        }
        self.snd_nxt += segment.seq_len();
        if len > 0 && len < mss {
            self.small_end = self.snd_nxt;
        }
        if fin {
            self.fin_sent = Some(self.snd_nxt + u32::MAX);
        }
        if self.snd_nxt > self.snd_max {
            self.snd_max = self.snd_nxt;
            self.segments.push_back((self.snd_max, now));
            if !self.timers.is_running(TimerKind::Retransmit) {
                self.expect_acknowledgement(now); // the probe waits for the last segment
            }
        } else {
            self.was_repeated_to(self.snd_nxt);
        }
        self.left(now);
        Some(segment)
    }

    /// Sender's silly window avoidance (section 3.8.6.2.1): a full segment, or all there is, or nothing to wait for.
    /// With Nagle's algorithm (section 3.7.4) "all there is" waits while an earlier small segment is unacknowledged.
    fn is_worth_it(&self, len: u32, left: u32, mss: u32) -> bool {
        if len == mss || self.snd_nxt == self.snd_una || self.snd_nxt < self.snd_max {
            return true;
        }
        let waits = self.config.nagle && !self.fin_queued && self.small_end > self.snd_una;
        len == left && !(waits && len > 0)
    }

    /// The segment at `seq` once more, up to what the peer is known to have.
    fn repeat(&mut self, now: Instant, seq: SeqNr) -> Option<Segment> {
        let offset = seq - self.snd_una;
        let missing = self.recovery.scoreboard.missing_from(seq).unwrap_or(u32::MAX);
        let left = self.unsent.len().saturating_sub(offset).min(self.snd_max - seq);
        let len = left.min(missing).min(self.room_in_segment());
        let fin = self.fin_sent == Some(seq + len);
        if len == 0 && !fin {
            return None;
        }
        let segment = self.text(now, offset, len, fin);
        self.recovery.repeated_to(seq + segment.seq_len());
        self.was_repeated_to(seq + segment.seq_len());
        self.left(now);
        Some(segment)
    }

    fn was_repeated_to(&mut self, end: SeqNr) {
        if end > self.repeated_below {
            self.repeated_below = end;
        }
    }

    /// `len` bytes, PSH with the last there is, that lie at `offset` in the send buffer.
    fn text(&mut self, now: Instant, offset: u32, len: u32, fin: bool) -> Segment {
        let payload = if len == 0 { Bytes::new() } else { self.unsent.slice(offset, len) };
        let mut flags = Flags::ACK;
        if len > 0 && offset + len == self.unsent.len() {
            flags = flags.with(Flags::PSH);
        }
        if fin {
            flags = flags.with(Flags::FIN);
        }
        self.segment(now, self.snd_una + offset, flags, payload)
    }

    /// Something that must be acknowledged has left.
    fn left(&mut self, now: Instant) {
        self.acknowledged();
        if !self.expects_acknowledgement() {
            self.expect_acknowledgement(now); // RFC 6298, section 5.1
        }
    }

    /// The payload that a segment has room for beside the options that it will carry (RFC 6691, section 2).
    fn room_in_segment(&self) -> u32 {
        let mss = self.effective_mss();
        if self.reports_gaps() {
            let options = Segment { sack: self.blocks(), ..Segment::default() }.options_len();
            return mss.saturating_sub(options).max(1);
        }
        mss
    }

    fn reports_gaps(&self) -> bool {
        self.sack_ok && !self.assembler.is_empty()
    }

    /// The SACK blocks to report: as many as fit beside the other options (RFC 7323, section 3.2).
    fn blocks(&self) -> Box<[SackBlock]> {
        self.assembler.blocks(if self.clock.ok { 3 } else { 4 })
    }

    fn acknowledgement(&mut self, now: Instant) -> Option<Segment> {
        if self.ack_owed {
            self.acknowledged();
            return Some(self.segment(now, self.snd_max, Flags::ACK, Bytes::new()));
        }
        // An old number makes the peer answer (section 3.8.4).
        std::mem::take(&mut self.keep_alive_owed)
            .then(|| self.segment(now, self.snd_una + u32::MAX, Flags::ACK, Bytes::new()))
    }

    /// The RST of ABORT; its timestamp is that of the instant it leaves.
    pub(super) fn reset_segment(&mut self) -> Segment {
        let reset = self.segment(Instant::START, self.snd_max, Flags::RST.with(Flags::ACK), Bytes::new());
        Segment { window: 0, sack: Box::default(), ..reset }
    }

    fn segment(&mut self, now: Instant, seq: SeqNr, flags: Flags, payload: Bytes) -> Segment {
        let has_ack = flags.contains(Flags::ACK);
        if has_ack {
            self.last_ack_sent = self.rcv_nxt;
        }
        Segment {
            src_port: self.local.port,
            dst_port: self.remote.port,
            seq,
            ack: if has_ack { self.rcv_nxt } else { SeqNr(0) },
            flags,
            window: self.window_field(flags.contains(Flags::SYN)),
            sack: if has_ack && self.reports_gaps() { self.blocks() } else { Box::default() },
            timestamps: self.timestamps(now, has_ack),
            payload,
            ..Segment::default()
        }
    }
}
