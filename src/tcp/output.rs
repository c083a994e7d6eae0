//! What to send next (RFC 9293, sections 3.8.6 and 3.10.2).

use super::{Connection, State, TimerKind};
use crate::packet::{Flags, Segment, SeqNr};
use crate::time::Instant;
use bytes::Bytes;

impl Connection {
    /// The next segment to send, or `None`. Call again until it is `None`.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Segment> {
        if let Some(reset) = self.rst_owed.take() {
            return Some(reset);
        }
        match self.state {
            State::Closed | State::Listen => None,
            State::SynSent => self.syn_owed.then(|| self.syn(now, Flags::SYN)),
            State::SynReceived if self.syn_owed => Some(self.syn(now, Flags::SYN.with(Flags::ACK))),
            _ => self.text_or_fin(now).or_else(|| self.acknowledgement()),
        }
    }

    fn syn(&mut self, now: Instant, flags: Flags) -> Segment {
        self.syn_owed = false;
        self.ack_owed = false;
        if self.snd_max == self.iss {
            self.rtt.sent(self.iss + 1, now);
        } else {
            self.rtt.retransmitted();
        }
        self.snd_nxt = self.iss + 1;
        self.snd_max = self.snd_nxt;
        self.timers.set(TimerKind::Handshake, now + self.handshake_timeout());
        Segment { mss: Some(self.config.mss), ..self.segment(self.iss, flags, Bytes::new()) }
    }

    /// The next data, as the windows allow, with the FIN if it follows.
    fn text_or_fin(&mut self, now: Instant) -> Option<Segment> {
        if !self.synchronized || self.state == State::TimeWait {
            return None;
        }
        let offset = self.snd_nxt - self.snd_una;
        let mut window = self.snd_wnd.min(self.congestion.window());
        if std::mem::take(&mut self.probe_owed) {
            window = window.max(offset + 1);
        }
        let left = self.unsent.len().saturating_sub(offset);
        let room = window.saturating_sub(offset);
        let len = left.min(room).min(self.effective_mss());
        let fin = self.fin_queued && len == left && self.fin_sent.is_none_or(|fin| self.snd_nxt <= fin);
        // Sender's silly window avoidance (section 3.8.6.2.1): a full segment, or all there is, or nothing to wait for.
        let worth_it = len == self.effective_mss() || len == left || self.snd_nxt == self.snd_una;
        if (len == 0 && !fin) || !worth_it {
            if left > 0 && offset == 0 && !self.timers.is_running(TimerKind::Retransmit) {
                // The window is shut and nothing is on the way that could bring news: probe after a timeout.
                self.timers.set(TimerKind::Retransmit, now + self.rtt.timeout(&self.config));
            }
            return None;
        }
        let payload = if len == 0 { Bytes::new() } else { self.unsent.slice(offset, len) };
        let mut flags = Flags::ACK;
        if len > 0 && len == left {
            flags = flags.with(Flags::PSH);
        }
        if fin {
            flags = flags.with(Flags::FIN);
        }
        let segment = self.segment(self.snd_nxt, flags, payload);
        self.snd_nxt += segment.seq_len();
        if fin {
            self.fin_sent = Some(self.snd_nxt + u32::MAX);
        }
        if self.snd_nxt > self.snd_max {
            self.snd_max = self.snd_nxt;
            self.rtt.sent(self.snd_nxt, now);
        } else {
            self.rtt.retransmitted();
        }
        self.ack_owed = false;
        if !self.timers.is_running(TimerKind::Retransmit) {
            self.timers.set(TimerKind::Retransmit, now + self.rtt.timeout(&self.config)); // RFC 6298, section 5.1
        }
        Some(segment)
    }

    fn acknowledgement(&mut self) -> Option<Segment> {
        std::mem::take(&mut self.ack_owed).then(|| self.segment(self.snd_max, Flags::ACK, Bytes::new()))
    }

    pub(super) fn reset_segment(&self) -> Segment {
        Segment { window: 0, ..self.segment(self.snd_max, Flags::RST.with(Flags::ACK), Bytes::new()) }
    }

    fn segment(&self, seq: SeqNr, flags: Flags, payload: Bytes) -> Segment {
        Segment {
            src_port: self.local.port,
            dst_port: self.remote.port,
            seq,
            ack: if flags.contains(Flags::ACK) { self.rcv_nxt } else { SeqNr(0) },
            flags,
            window: self.receive_window(),
            mss: None,
            payload,
        }
    }
}
