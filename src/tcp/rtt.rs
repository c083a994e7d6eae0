//! The round-trip estimator and the retransmission timeout (RFC 6298).

use super::Config;
use crate::packet::SeqNr;
use crate::time::{Duration, Instant};

/// Clock granularity G of RFC 6298: our clock counts nanoseconds; Linux's timer granularity keeps the bound sensible.
const GRANULARITY: Duration = Duration::from_millis(1);

#[derive(Clone, Debug)]
pub(super) struct RttEstimator {
    /// Smoothed round-trip time and its variation; `None` before the first measurement.
    smoothed: Option<(Duration, Duration)>,
    /// The timeout before back-off.
    base: Duration,
    /// How often the timeout has doubled since the last acknowledgement of new data (section 5.5).
    backoff: u32,
    /// The segment that is being timed: the sequence number its acknowledgement reaches, and when it left.
    timing: Option<(SeqNr, Instant)>,
    /// When something was sent again last.
    resent: Instant,
}

impl RttEstimator {
    pub(super) const fn new(initial: Duration) -> Self {
        Self { smoothed: None, base: initial, backoff: 0, timing: None, resent: Instant::START }
    }

    /// The timeout now.
    pub(super) fn timeout(&self, config: &Config) -> Duration {
        self.base.saturating_mul(1 << self.backoff.min(16)).min(config.max_rto)
    }

    /// A segment left that ends at `end`; it is timed unless another one is.
    pub(super) fn sent(&mut self, end: SeqNr, now: Instant) {
        self.timing.get_or_insert((end, now));
    }

    /// Something was sent again: no measurement may come from it (Karn's algorithm, section 3).
    pub(super) fn retransmitted(&mut self, now: Instant) {
        self.timing = None;
        self.resent = now;
    }

    /// Doubles the timeout (section 5.5).
    pub(super) fn back_off(&mut self) {
        self.backoff += 1;
    }

    /// Takes one doubling back (RFC 6069, section 3.1). False if there is none.
    pub(super) fn revert_back_off(&mut self) -> bool {
        let backed_off = self.backoff > 0;
        self.backoff = self.backoff.saturating_sub(1);
        backed_off
    }

    /// New data was acknowledged up to `ack`. What the peer echoed measures round trips over repetitions, too (RFC 7323,
    /// section 4), unless it answers an earlier copy than the last: its acknowledgement may have been lost, and the
    /// round trip would seem as long as the timeout. (Linux has no such care, and other ways to find losses.)
    pub(super) fn acknowledged(&mut self, ack: SeqNr, now: Instant, echoed: Option<Duration>, config: &Config) {
        self.backoff = 0;
        match self.timing {
            Some((end, sent)) if ack >= end => {
                self.timing = None;
                self.measure(now.since(sent), config);
            }
            None => {
                if let Some(round_trip) =
                    echoed.filter(|round_trip| *round_trip <= now.since(self.resent) + GRANULARITY)
                {
                    self.measure(round_trip.max(GRANULARITY), config);
                }
            }
            Some(_) => {}
        }
    }

    /// The smoothed round-trip time, once there is one.
    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.smoothed.map(|(smoothed, _)| smoothed)
    }

    /// The handshake's SYN was repeated: data begins with 3 s (section 5.7).
    pub(super) fn handshake_was_repeated(&mut self) {
        self.backoff = 0;
        if self.smoothed.is_none() {
            self.base = Duration::from_secs(3);
        }
    }

    fn measure(&mut self, r: Duration, config: &Config) {
        let r = r.as_nanos();
        let (srtt, rttvar) = match self.smoothed {
            None => (r, r / 2), // section 2.2
            Some((srtt, var)) => {
                let (srtt, var) = (srtt.as_nanos(), var.as_nanos());
                ((7 * srtt + r) / 8, (3 * var + srtt.abs_diff(r)) / 4) // section 2.3
            }
        };
        self.smoothed = Some((Duration::from_nanos(srtt), Duration::from_nanos(rttvar)));
        // Linux bounds the variation term, not the sum, by TCP_RTO_MIN (tcp_rtt_estimator): hence 210 ms at 10 ms RTT.
        let spread = Duration::from_nanos(4 * rttvar).max(GRANULARITY).max(config.min_rto);
        self.base = (Duration::from_nanos(srtt) + spread).min(config.max_rto);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeout_follows_the_measurement_and_backs_off() {
        let config = Config::default();
        let mut rtt = RttEstimator::new(config.initial_rto);
        assert_eq!(rtt.timeout(&config), Duration::from_secs(1));
        rtt.sent(SeqNr(10), Instant::START);
        rtt.acknowledged(SeqNr(10), Instant::START + Duration::from_millis(10), None, &config);
        assert_eq!(rtt.timeout(&config), Duration::from_millis(210));
        rtt.back_off();
        rtt.back_off();
        assert_eq!(rtt.timeout(&config), Duration::from_millis(840));
    }

    #[test]
    fn karn_no_measurement_from_a_retransmission() {
        let config = Config::default();
        let mut rtt = RttEstimator::new(config.initial_rto);
        rtt.sent(SeqNr(10), Instant::START);
        rtt.retransmitted(Instant::START);
        rtt.acknowledged(SeqNr(10), Instant::START + Duration::from_millis(10), None, &config);
        assert_eq!(rtt.timeout(&config), Duration::from_secs(1));
    }

    #[test]
    fn the_timeout_is_bounded() {
        let config = Config::default();
        let mut rtt = RttEstimator::new(config.initial_rto);
        for _ in 0..100 {
            rtt.back_off();
        }
        assert_eq!(rtt.timeout(&config), config.max_rto);
    }
}
