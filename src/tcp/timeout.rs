//! What happens when a timer runs out (RFC 9293, section 3.10.8; RFC 6298, section 5).

use super::connection::{Connection, Failure, Outcome};
use super::recovery::Phase;
use super::{State, TimerKind};
use crate::time::{Duration, Instant};

impl Connection {
    /// A deadline may have come. Handles one timer that has run out; call again while [`Self::next_deadline`] is not
    /// after `now`.
    pub fn on_timer(&mut self, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(kind) = self.timers.take_expired(now) else { return outcome };
        match kind {
            TimerKind::Handshake => {
                let ran = self.handshake_timeout();
                self.repeated += 1;
                outcome.expired = Some((kind, self.repeated, ran));
                let limit = match self.state {
                    State::SynSent => self.config.syn_retries.limit(),
                    _ => self.config.synack_retries,
                };
                if self.repeated > limit {
                    self.fail(Failure::TimedOut, &mut outcome);
                } else {
                    self.syn_owed = true;
                }
            }
            TimerKind::Retransmit => {
                self.repeated += 1;
                outcome.expired = Some((kind, self.repeated, self.rtt.timeout(&self.config)));
                // Repetitions that a router's ICMP brought forward do not count (RFC 6069, section 3.1), within reason:
                // Linux gives up by the clock, after what the repetitions with doubling would have taken (924.6 s).
                let retries = if self.orphan { self.config.orphan_retries } else { self.config.data_retries };
                if self.repeated > retries + u32::from(self.reverted.min(4000)) {
                    self.fail(self.timed_out(), &mut outcome);
                } else if self.snd_max == self.snd_una {
                    self.probe_owed = true;
                    self.rtt.back_off();
                } else {
                    // Sections 5.4 to 5.6: the earliest segment again, with twice the timeout; what follows it goes
                    // out as the congestion window opens again.
                    self.remember_for_undo(now);
                    self.congestion.on_timeout(self.snd_max - self.snd_una, self.repeated == 1);
                    self.begin_recovery(Phase::Timeout);
                    self.recovery.scoreboard.clear();
                    self.rtt.back_off();
                    self.snd_nxt = self.snd_una;
                    self.probe_owed = self.snd_wnd == 0;
                }
            }
            TimerKind::DelayedAck => {
                outcome.expired = Some((kind, 1, self.delay_was_in_vain()));
            }
            TimerKind::KeepAlive => {
                let (attempt, ran) = self.keep_alive_ran_out(now, &mut outcome);
                outcome.expired = Some((kind, attempt, ran));
            }
            TimerKind::TimeWait => {
                outcome.expired = Some((kind, 1, self.config.time_wait));
                self.vanish(&mut outcome);
            }
            TimerKind::FinWait2 => {
                outcome.expired = Some((kind, 1, self.config.fin_timeout));
                outcome.done = true;
                self.vanish(&mut outcome);
            }
            TimerKind::TailLoss => outcome.expired = self.probe_tail(now).map(|ran| (kind, 1, ran)),
        }
        outcome
    }

    /// How long the SYN or SYN-ACK that goes out now is waited for.
    pub(super) fn handshake_timeout(&self) -> Duration {
        let doublings = match self.state {
            State::SynSent => self.config.syn_retries.doublings(self.repeated),
            _ => self.repeated,
        };
        self.config.initial_rto.saturating_mul(1 << doublings.min(16)).min(self.config.max_rto)
    }
}
