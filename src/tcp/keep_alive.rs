//! Keep-alive (RFC 9293, section 3.8.4): off unless the configuration asks for it.

use super::connection::{Connection, Failure, Outcome};
use super::{State, TimerKind};
use crate::time::{Duration, Instant};

impl Connection {
    /// Something arrived from the peer, or the handshake is complete: it is there.
    pub(super) fn peer_is_alive(&mut self, now: Instant) {
        let Some(keep_alive) = self.config.keep_alive else { return };
        if self.state.is_synchronized() && self.state != State::TimeWait {
            self.unanswered_probes = 0;
            self.timers.set(TimerKind::KeepAlive, now + keep_alive.idle);
        }
    }

    pub(super) fn keep_alive_ran_out(&mut self, now: Instant, outcome: &mut Outcome) -> (u32, Duration) {
        let Some(keep_alive) = self.config.keep_alive else { return (0, Duration::ZERO) };
        let ran = if self.unanswered_probes == 0 { keep_alive.idle } else { keep_alive.interval };
        let attempt = u32::from(self.unanswered_probes) + 1;
        if self.unanswered_probes >= keep_alive.probes {
            self.fail(self.timed_out(), outcome);
            return (attempt, ran);
        }
        // While data is unacknowledged the retransmission timer finds out whether the peer is there.
        if self.snd_una == self.snd_max {
            self.unanswered_probes += 1;
            self.keep_alive_owed = true;
        }
        self.timers.set(TimerKind::KeepAlive, now + keep_alive.interval);
        (attempt, ran)
    }

    /// Nobody answered any more: an ICMP error that came meanwhile is the better reason (measured: `SO_ERROR`;
    /// Linux's `sk_err_soft`).
    pub(super) fn timed_out(&self) -> Failure {
        self.soft_error.map_or(Failure::TimedOut, Failure::Unreachable)
    }
}
