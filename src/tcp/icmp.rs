//! ICMP errors about a connection (RFC 9293, section 3.9.2.2; RFC 5927), as Linux 6.18 takes them (measured).
//!
//! Not modelled: remembering a path's MTU for the next connection, probing for a larger or for a silently smaller one
//! (RFC 4821; off in Linux, too).

use super::connection::{Connection, Failure, Outcome};
use super::recovery::Phase;
use super::{State, TimerKind};
use crate::packet::{SeqNr, Unreachable};

impl Connection {
    /// An ICMP error about this connection arrived. While connecting it is the answer (RFC 1122, section 4.2.3.9, as
    /// Linux does). An established connection is never ended by ICMP (RFC 5927, section 6.1): it only remembers the
    /// reason, for the case that it times out later.
    pub fn on_unreachable(&mut self, reason: Unreachable) -> Outcome {
        let mut outcome = Outcome::default();
        let network = matches!(reason, Unreachable::Net | Unreachable::Host);
        if self.state == State::SynSent {
            self.fail(Failure::Unreachable(reason), &mut outcome);
        } else if self.state == State::SynReceived && !self.initiator && network {
            // What is only half a connection just disappears (`tcp_req_err`).
            self.vanish(&mut outcome);
        } else if self.state.is_synchronized() && self.state != State::TimeWait {
            self.soft_error = Some(reason);
            if network {
                self.revert_back_off();
            }
        }
        outcome
    }

    /// The network, not the peer, is broken: one doubling of the timeout is taken back (RFC 6069, section 3.1; measured:
    /// repetitions every 212 ms while a router says host-unreachable).
    fn revert_back_off(&mut self) {
        let Some(deadline) = self.timers.get(TimerKind::Retransmit).filter(|_| self.repeated > 0) else { return };
        let before = self.rtt.timeout(&self.config);
        if self.rtt.revert_back_off() {
            let sooner = before.as_nanos() - self.rtt.timeout(&self.config).as_nanos();
            let at = deadline.as_nanos().saturating_sub(sooner);
            self.timers.set(TimerKind::Retransmit, crate::time::Instant::from_nanos(at));
            self.reverted = self.reverted.saturating_add(1);
        }
    }

    /// A router could not pass on the segment that begins at `seq`: the next link takes `mtu` bytes of IP packet only
    /// (RFC 1191, section 4; RFC 8201, section 4). What was too large goes out again at once, in smaller segments,
    /// without a change of the congestion window: nothing was congested (RFC 8201, section 5.4).
    pub fn on_too_big(&mut self, mtu: u32, seq: SeqNr) {
        // RFC 5927, section 4.1: only a segment that is really on its way can have been too large.
        if !self.state.is_synchronized() || seq < self.snd_una || seq >= self.snd_max {
            return;
        }
        let mss = mtu.max(LEAST_MTU) - self.headers();
        if mss >= self.mss_with_options() {
            return;
        }
        self.path_mss = mss as u16;
        self.congestion.set_mss(self.effective_mss());
        self.begin_recovery(Phase::Timeout);
        self.snd_nxt = self.snd_una;
    }

    /// Length of IP and TCP headers without options.
    pub(super) const fn headers(&self) -> u32 {
        if self.local.ip.is_ipv4() { 40 } else { 60 }
    }
}

/// Linux's `min_pmtu`. (IPv6 allows no less than 1280, RFC 8200, section 5; a scenario may have such a link all the
/// same.)
const LEAST_MTU: u32 = 552;
