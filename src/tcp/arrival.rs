//! A segment arrives (RFC 9293, section 3.10.7). The order of the checks is the RFC's.

use super::answers::Answers;
use super::connection::{Connection, Failure, Outcome};
use super::{State, TimerKind, reset_for};
use crate::packet::{Flags, Segment, SeqNr};
use crate::time::{Duration, Instant};

impl Connection {
    /// A segment for this connection arrived. Read, write and poll for output afterwards.
    pub fn on_segment(&mut self, now: Instant, segment: &Segment) -> Outcome {
        let mut outcome = Outcome::default();
        match self.state {
            State::Closed | State::Listen => self.rst_owed = reset_for(segment).map(Box::new),
            State::SynSent => self.arrives_in_syn_sent(now, segment, &mut outcome),
            State::TimeWait => self.arrives_in_time_wait(now, segment, &mut outcome),
            _ => {
                if self.config.keep_alive.is_some() {
                    self.peer_is_alive(now);
                }
                self.arrives_in_other_states(now, segment, &mut outcome);
            }
        }
        outcome
    }

    /// Section 3.10.7.3.
    fn arrives_in_syn_sent(&mut self, now: Instant, segment: &Segment, outcome: &mut Outcome) {
        let has_ack = segment.flags.contains(Flags::ACK);
        // First, check the ACK bit.
        let acceptable = has_ack && segment.ack > self.snd_una && segment.ack <= self.snd_max;
        if has_ack && !acceptable {
            self.rst_owed = reset_for(segment).map(Box::new);
            return;
        }
        // Second, check the RST bit.
        if segment.flags.contains(Flags::RST) {
            if acceptable {
                self.fail(Failure::Refused, outcome);
            }
            return;
        }
        // Fourth, check the SYN bit.
        if !segment.flags.contains(Flags::SYN) {
            return;
        }
        self.take_syn(segment);
        if acceptable {
            self.take_ack(now, segment);
            self.take_window(segment);
            self.complete_handshake(now, outcome);
            self.ack_owed = true;
            self.take_text_and_fin(now, segment, outcome);
        } else {
            // Both sides sent a SYN: simultaneous open (section 3.5, figure 7).
            self.syn_owed = true;
            self.enter(State::SynReceived, outcome);
        }
    }

    /// Section 3.10.7.4.
    fn arrives_in_other_states(&mut self, now: Instant, segment: &Segment, outcome: &mut Outcome) {
        // First, check the timestamp (RFC 7323, section 5.3) and the sequence number.
        if self.is_from_long_ago(segment) {
            self.answer_from_long_ago(now, segment);
            return;
        }
        if !self.is_acceptable(segment) {
            // What was acknowledged last comes once more: its acknowledgement was lost, and the next one answers this
            // (Linux's `tcp_sequence` is as lenient; without it a round trip would seem to have taken as long as the
            // timeout).
            if segment.seq + segment.seq_len() == self.last_ack_sent {
                self.take_timestamp(segment);
            }
            // A repeated SYN in SYN-RECEIVED means that our SYN-ACK was lost.
            if self.state == State::SynReceived && segment.is_syn() && segment.seq + 1 == self.rcv_nxt {
                self.answer_repeated_syn(now);
            } else {
                self.answer_unacceptable(now, segment);
            }
            return;
        }
        self.take_timestamp(segment);
        // Second, check the RST bit, guarded as RFC 5961, section 3, has it.
        if segment.flags.contains(Flags::RST) {
            if segment.seq == self.rcv_nxt {
                self.take_reset(outcome);
            } else {
                self.challenge(now);
            }
            return;
        }
        // Fourth, check the SYN bit (RFC 5961, section 4). In SYN-RECEIVED after a simultaneous open the peer's
        // SYN-ACK repeats a SYN that we already have; its acknowledgement completes the handshake.
        if segment.flags.contains(Flags::SYN) && self.state != State::SynReceived {
            self.challenge(now);
            return;
        }
        // Fifth, check the ACK field.
        if !segment.flags.contains(Flags::ACK) {
            return;
        }
        if self.state == State::SynReceived {
            if !(segment.ack > self.snd_una && segment.ack <= self.snd_max) {
                self.rst_owed = reset_for(segment).map(Box::new);
                return;
            }
            self.take_ack(now, segment);
            self.take_window(segment);
            self.complete_handshake(now, outcome);
        } else {
            // It acknowledges what was never sent, or so little that it cannot be of this connection (RFC 5961, section 5).
            let oldest = self.max_window.min((self.snd_una - self.iss).saturating_sub(1));
            if segment.ack > self.snd_max || segment.ack + oldest < self.snd_una {
                self.challenge(now);
                return;
            }
            let sacked = if segment.sack.is_empty() { 0 } else { self.take_sack(segment) };
            if segment.ack > self.snd_una {
                self.take_ack(now, segment);
            } else if self.is_duplicate_ack(segment, sacked) {
                self.take_duplicate_ack();
            }
            if segment.ack >= self.snd_una {
                self.take_window(segment);
            }
        }
        outcome.room = self.unsent.is_full();
        self.after_ack(now, outcome);
        if self.state == State::Closed {
            return;
        }
        // Seventh and eighth: the text and the FIN.
        self.take_text_and_fin(now, segment, outcome);
    }

    /// Section 3.10.7.4, table 6: does any of the segment lie in the receive window?
    fn is_acceptable(&self, segment: &Segment) -> bool {
        let window = self.offered_window();
        let in_window = |seq: SeqNr| seq >= self.rcv_nxt && seq - self.rcv_nxt < window;
        // After a simultaneous open the peer's SYN-ACK begins one before RCV.NXT; its SYN is old, its ACK is not.
        let (seq, len) = if self.state == State::SynReceived && segment.flags.contains(Flags::SYN) && !segment.is_syn()
        {
            (segment.seq + 1, segment.seq_len() - 1)
        } else {
            (segment.seq, segment.seq_len())
        };
        match (len, window) {
            (0, 0) => seq == self.rcv_nxt,
            (0, _) => in_window(seq),
            (_, 0) => false,
            (len, _) => in_window(seq) || in_window(seq + (len - 1)),
        }
    }

    /// The peer's SYN: its initial sequence number, window and MSS.
    pub(super) fn take_syn(&mut self, syn: &Segment) {
        self.rcv_nxt = syn.seq + 1;
        self.snd_wnd = u32::from(syn.window);
        self.max_window = self.snd_wnd;
        self.snd_wl1 = syn.seq;
        self.snd_wl2 = syn.ack;
        if let Some(mss) = syn.mss {
            self.peer_mss = mss.max(1);
        }
        // RFC 7323, section 2.2: only if both SYNs carry it; section 2.3: a larger shift is taken for 14.
        self.scaling_ok &= segment_scale(syn).is_some();
        if self.scaling_ok {
            self.snd_scale = segment_scale(syn).unwrap_or(0);
            self.rcv_scale = self.config.window_scale();
        }
        self.sack_ok &= syn.sack_permitted;
        self.rcv_edge = self.rcv_nxt + self.rcv_wnd.first(self.scaling_ok);
        self.take_first_timestamp(syn);
        self.settle_window();
        self.congestion = super::congestion::Congestion::new(self.effective_mss());
    }

    /// An acknowledgement of something new: SND.UNA moves (section 3.10.7.4, fifth; RFC 6298, sections 5.2 and 5.3).
    fn take_ack(&mut self, now: Instant, segment: &Segment) {
        let before = self.data_start();
        self.synchronized = true;
        self.snd_una = segment.ack;
        if self.snd_nxt < self.snd_una {
            self.snd_nxt = self.snd_una;
        }
        let bytes = (self.snd_una - before).min(self.unsent.len());
        self.unsent.advance(bytes);
        self.soft_error = None;
        let round_trip = self.round_trip(now, before, segment);
        self.undo_if_spurious(segment);
        self.recovery_on_ack(bytes);
        self.rtt.acknowledged(segment.ack, self.snd_max, round_trip, &self.config);
        if self.state.is_synchronized() {
            self.repeated = 0;
            self.reverted = 0;
        }
        self.probe_on_ack(segment.ack);
        if self.snd_una == self.snd_max {
            self.expect_nothing();
        } else {
            self.expect_acknowledgement(now);
        }
    }

    /// How long it took until what begins at `from` was acknowledged: by the segment's own time, or, if that was sent more
    /// than once, by the timestamp that comes back.
    fn round_trip(&mut self, now: Instant, from: SeqNr, segment: &Segment) -> Option<Duration> {
        if let Some(sent) = self.rtt.take_syn() {
            return Some(now.since(sent));
        }
        match self.segments.front() {
            Some((_, sent)) if self.repeated_below <= from => Some(now.since(*sent)),
            _ => self.echoed_round_trip(now, segment),
        }
    }

    /// The number of the first byte in the send buffer: SND.UNA, or what follows the SYN while that is unacknowledged.
    pub(super) fn data_start(&self) -> SeqNr {
        if self.synchronized { self.snd_una } else { self.iss + 1 }
    }

    /// The send window (section 3.10.7.4, fifth: SND.WND, SND.WL1, SND.WL2).
    fn take_window(&mut self, segment: &Segment) {
        if self.snd_wl1 < segment.seq || (self.snd_wl1 == segment.seq && self.snd_wl2 <= segment.ack) {
            let shift = if segment.flags.contains(Flags::SYN) { 0 } else { self.snd_scale };
            self.snd_wnd = u32::from(segment.window) << shift;
            self.max_window = self.max_window.max(self.snd_wnd);
            self.snd_wl1 = segment.seq;
            self.snd_wl2 = segment.ack;
            if self.snd_wnd == 0 {
                self.repeated = 0; // a probe was answered: the peer is alive
            }
        }
    }

    fn complete_handshake(&mut self, now: Instant, outcome: &mut Outcome) {
        self.timers.stop(TimerKind::Handshake);
        self.answers = Answers::default();
        self.syn_owed = false;
        if self.repeated > 0 {
            self.repeated = 0;
            self.rtt.handshake_was_repeated();
        }
        if self.snd_una != self.snd_max {
            self.expect_acknowledgement(now);
        }
        outcome.connected = true;
        self.expand_send_buffer();
        self.enter(State::Established, outcome);
        self.peer_is_alive(now);
        if self.fin_queued {
            self.enter(State::FinWait1, outcome);
        }
    }

    /// Section 3.10.7.4, second: what a RST does in each state.
    fn take_reset(&mut self, outcome: &mut Outcome) {
        match self.state {
            State::SynReceived if self.initiator => self.fail(Failure::Refused, outcome),
            // A passive OPEN goes back to LISTEN: this half of a connection just disappears.
            State::SynReceived => self.vanish(outcome),
            State::Closing | State::LastAck => {
                outcome.done = true;
                self.vanish(outcome);
            }
            _ => self.fail(Failure::Reset, outcome),
        }
    }

    /// What the acknowledgement of our FIN does.
    fn after_ack(&mut self, now: Instant, outcome: &mut Outcome) {
        if self.fin_sent.is_none_or(|fin| self.snd_una <= fin) {
            return;
        }
        outcome.fin_acked = matches!(self.state, State::FinWait1 | State::Closing | State::LastAck);
        match self.state {
            // FIN-WAIT-2 has no end of its own in RFC 9293: the peer may send for as long as it likes. Linux ends it
            // for sockets that no program holds any more.
            State::FinWait1 => {
                if self.orphan {
                    self.timers.set(TimerKind::FinWait2, now + self.config.fin_timeout);
                }
                self.enter(State::FinWait2, outcome);
            }
            State::Closing => self.begin_time_wait(now, outcome),
            State::LastAck => {
                outcome.done = true;
                self.vanish(outcome);
            }
            _ => {}
        }
    }

    fn begin_time_wait(&mut self, now: Instant, outcome: &mut Outcome) {
        self.timers.stop_all();
        self.timers.set(TimerKind::TimeWait, now + self.config.time_wait);
        outcome.done = true;
        self.answers = Answers::default();
        self.enter(State::TimeWait, outcome);
    }

    /// Section 3.10.7.4, seventh and eighth.
    fn take_text_and_fin(&mut self, now: Instant, segment: &Segment, outcome: &mut Outcome) {
        if !matches!(self.state, State::Established | State::FinWait1 | State::FinWait2) {
            return;
        }
        let begin = segment.seq + u32::from(segment.flags.contains(Flags::SYN));
        let end = begin + segment.payload.len() as u32;
        if self.receive_closed && end > self.rcv_nxt && !segment.payload.is_empty() {
            // Nobody will ever read it (RFC 1122, section 4.2.2.13; `tcp_rcv_state_process`).
            self.rst_owed = reset_for(segment).map(Box::new);
            outcome.done = true;
            return self.vanish(outcome);
        }
        if segment.flags.contains(Flags::FIN) {
            self.fin_at = Some(end);
        }
        if segment.payload.is_empty() && self.fin_at.is_none() {
            return;
        }
        let before = self.rcv_nxt;
        let gaps = !self.assembler.is_empty();
        if begin <= self.rcv_nxt {
            let known = (self.rcv_nxt - begin).min(segment.payload.len() as u32);
            let room = self.offered_window() as usize;
            let mut fresh = segment.payload.slice(known as usize..);
            fresh.truncate(room);
            self.deliver(fresh, outcome);
            while let Some(piece) = self.assembler.take(self.rcv_nxt) {
                self.deliver(piece, outcome);
            }
        } else if !segment.payload.is_empty() {
            self.assembler.insert(begin, segment.payload.clone());
        }
        let arrived = self.rcv_nxt - before;
        if arrived > 0 {
            self.data_arrived(now, arrived, segment.flags.contains(Flags::PSH));
        }
        let whole = self.fin_at == Some(self.rcv_nxt);
        if whole {
            self.take_fin(now, outcome);
        }
        if segment.seq_len() == 0 {
            return;
        }
        if (arrived == 0 && !whole) || begin != before {
            self.acknowledge_at_once();
        } else if gaps {
            self.ack_owed = true;
        } else {
            self.acknowledge_soon(now);
        }
    }

    fn deliver(&mut self, bytes: bytes::Bytes, outcome: &mut Outcome) {
        if bytes.is_empty() {
            return;
        }
        self.rcv_nxt += bytes.len() as u32;
        self.ready_len += bytes.len() as u32;
        self.ready.push_back(bytes);
        outcome.readable = true;
    }

    fn take_fin(&mut self, now: Instant, outcome: &mut Outcome) {
        self.fin_at = None;
        self.rcv_nxt += 1;
        outcome.peer_closed = true;
        match self.state {
            State::Established => {
                self.expect_an_answer();
                self.enter(State::CloseWait, outcome);
            }
            State::FinWait1 => {
                self.ack_owed = true;
                self.enter(State::Closing, outcome);
            }
            State::FinWait2 => {
                self.ack_owed = true;
                self.begin_time_wait(now, outcome);
            }
            _ => {}
        }
    }
}

fn segment_scale(syn: &Segment) -> Option<u8> {
    syn.window_scale.map(|shift| shift.min(14))
}
