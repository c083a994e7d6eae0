//! Tail loss probes (RFC 8985, section 7): the last segment of a flight that is lost brings no duplicate
//! acknowledgement. Before the retransmission timer would, and without its consequences, one segment goes out again, or
//! a new one, so that the peer says what it lacks.
//!
//! Modelled as in Linux (`tcp_schedule_loss_probe`, `tcp_send_loss_probe`); not modelled: RACK itself, and the loss that
//! the answer to a probe discloses when the probe alone repaired it (section 7.4.2).

use super::delayed_ack::JIFFY;
use super::recovery::Phase;
use super::{Connection, TimerKind};
use crate::packet::SeqNr;
use crate::time::{Duration, Instant};

/// Two jiffies: `TCP_TIMEOUT_MIN`.
const SHORTEST: Duration = Duration::from_millis(8);

impl Connection {
    /// Something that must be acknowledged is on its way: the probe is scheduled, or the retransmission timer if none
    /// may be sent. One of the two runs.
    pub(super) fn expect_acknowledgement(&mut self, now: Instant) {
        let timeout = self.rtt.timeout(&self.config);
        if let Some(probe) = self.probe_timeout(timeout) {
            self.timers.stop(TimerKind::Retransmit);
            self.timers.set(TimerKind::TailLoss, now + probe);
        } else {
            self.timers.stop(TimerKind::TailLoss);
            self.timers.set(TimerKind::Retransmit, now + timeout);
        }
    }

    /// Whether a timer waits for an acknowledgement.
    pub(super) fn expects_acknowledgement(&self) -> bool {
        self.timers.is_running(TimerKind::Retransmit) || self.timers.is_running(TimerKind::TailLoss)
    }

    /// Everything is acknowledged.
    pub(super) fn expect_nothing(&mut self) {
        self.timers.stop(TimerKind::Retransmit);
        self.timers.stop(TimerKind::TailLoss);
    }

    /// Two round trips; a single segment may be acknowledged late (section 7.2). Never later than the timeout.
    fn probe_timeout(&self, timeout: Duration) -> Option<Duration> {
        let quiet = self.recovery.phase == Phase::Open && self.recovery.scoreboard.is_empty() && self.repeated == 0;
        if !self.config.tail_loss_probe || !self.sack_ok || !quiet || self.snd_wnd == 0 {
            return None;
        }
        let late = if self.segments.len() == 1 { self.config.min_rto } else { SHORTEST };
        Some((self.rtt.smoothed()?.saturating_mul(2) + late).min(timeout))
    }

    /// The time has come. Something new goes out, if there is something and the window lets it; if not, the last
    /// segment once more.
    ///
    /// One probe is on the way at a time; after another the retransmission timer goes on, by when the first segment was
    /// sent (`tcp_rearm_rto`).
    pub(super) fn probe_tail(&mut self, now: Instant) -> Option<Duration> {
        let timeout = self.rtt.timeout(&self.config);
        if self.probed.is_some() {
            let sent = self.segments.front().map_or(now, |(_, at)| *at);
            self.timers.set(TimerKind::Retransmit, (sent + timeout).max(now + JIFFY));
            return None;
        }
        let ran = self.probe_timeout(timeout).unwrap_or(timeout);
        self.probed = Some(self.snd_max);
        let sent = self.snd_max - self.snd_una;
        let new = self.fin_sent.is_none() && self.unsent.len() > sent && self.snd_wnd > sent;
        let last = self.segments.len().checked_sub(2).and_then(|at| self.segments.get(at));
        self.tail_owed = Some(if new { self.snd_max } else { last.map_or(self.snd_una, |(end, _)| *end) });
        self.timers.set(TimerKind::Retransmit, now + timeout);
        Some(ran)
    }

    /// SND.UNA has moved to `una`: has the flight been acknowledged that was probed?
    pub(super) fn probe_on_ack(&mut self, una: SeqNr) {
        if self.probed.is_some_and(|end| una >= end) {
            self.probed = None;
        }
    }
}
