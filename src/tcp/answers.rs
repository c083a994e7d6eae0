//! Answers to what does not belong: acknowledgements that tell a peer who is wrong where this end is (RFC 9293, section
//! 3.10.7.4; RFC 5961), and how often they may be sent.
//!
//! Two ends that each answer a wrong segment with an acknowledgement that is wrong to the other would do so for ever. Linux
//! therefore sends such an answer at most twice a second for each connection (`tcp_invalid_ratelimit`), except for one to
//! data, which can be in no such loop. Measured on 6.18 with hand-made segments: `tests/truth/out-of-place.jsonl`.

use super::{Connection, Outcome, TimerKind};
use crate::packet::{Flags, Segment};
use crate::time::{Duration, Instant};

/// `tcp_invalid_ratelimit`.
const BETWEEN_ANSWERS: Duration = Duration::from_millis(500);

/// When the next such answer may be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answers(Instant);

impl Default for Answers {
    fn default() -> Self {
        Self(Instant::START)
    }
}

impl Answers {
    fn may_go(&mut self, now: Instant) -> bool {
        let may = now >= self.0;
        if may {
            self.0 = now + BETWEEN_ANSWERS;
        }
        may
    }

    /// To a segment that is outside of the window (`tcp_oow_rate_limited`).
    fn may_go_to(&mut self, now: Instant, segment: &Segment) -> bool {
        let data = segment.seq_len() > 0 && !segment.flags.contains(Flags::SYN);
        data || self.may_go(now)
    }
}

impl Connection {
    /// A segment outside of the window; a RST there is passed over in silence.
    pub(super) fn answer_unacceptable(&mut self, now: Instant, segment: &Segment) {
        if !segment.flags.contains(Flags::RST) && self.answers.may_go_to(now, segment) {
            self.ack_owed = true;
        }
    }

    /// A segment whose timestamp says that it is an old one (RFC 7323, section 5.3).
    pub(super) fn answer_from_long_ago(&mut self, now: Instant, segment: &Segment) {
        if self.answers.may_go_to(now, segment) {
            self.acknowledge_at_once();
        }
    }

    /// What may be a blind attack, or the peer after a restart: it is told where this end is, and if it is the peer it
    /// answers in a way that leaves no doubt (RFC 5961, "challenge ACK").
    pub(super) fn challenge(&mut self, now: Instant) {
        self.ack_owed |= self.answers.may_go(now);
    }

    /// The peer's SYN once more: our SYN-ACK was lost, or the SYN doubled on its way (`tcp_check_req`).
    pub(super) fn answer_repeated_syn(&mut self, now: Instant) {
        self.syn_owed |= self.answers.may_go(now);
    }

    /// In TIME-WAIT (`tcp_timewait_state_process`): a RST that fits ends it, an acknowledgement that fits begins the wait
    /// anew in silence, and all else that acknowledges does so with an answer. A SYN that is newer never comes here
    /// ([`Self::gives_way_to`]), unless nobody listens.
    pub(super) fn arrives_in_time_wait(&mut self, now: Instant, segment: &Segment, outcome: &mut Outcome) {
        let old = self.is_from_long_ago(segment);
        let (rst, ack) = (segment.flags.contains(Flags::RST), segment.flags.contains(Flags::ACK));
        if !old && segment.seq == self.rcv_nxt && (segment.seq_len() == 0 || rst) {
            if rst {
                self.vanish(outcome);
            } else {
                self.take_timestamp(segment);
                self.timers.set(TimerKind::TimeWait, now + self.config.time_wait);
            }
            return;
        }
        if rst {
            return;
        }
        if old || ack {
            self.timers.set(TimerKind::TimeWait, now + self.config.time_wait);
        }
        self.answer_unacceptable(now, segment);
    }
}
