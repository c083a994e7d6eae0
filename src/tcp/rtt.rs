//! The round-trip estimator and the retransmission timeout: RFC 6298 as Linux has it (`tcp_rtt_estimator`).
//!
//! Every acknowledgement of something new measures: by when the first segment that it covers was sent, or, if that was
//! repeated, by the timestamp that comes back (RFC 7323, section 4; Karn's algorithm where there is none). The variation is
//! the greatest of a round trip, never less than `TCP_RTO_MIN`, and falls by a quarter a round trip.

use super::Config;
use crate::packet::SeqNr;
use crate::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub(super) struct RttEstimator {
    /// What is known once there was a measurement.
    known: Option<Known>,
    /// The timeout before back-off.
    base: Duration,
    /// How often the timeout has doubled since the last acknowledgement of new data (section 5.5).
    backoff: u32,
    /// The SYN or SYN-ACK that is being timed.
    syn: Option<Instant>,
}

/// In nanoseconds, where Linux counts microseconds.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Eight times the smoothed round-trip time.
    smoothed: u64,
    /// Four times the mean deviation, and the greatest since `since`.
    deviation: u64,
    greatest: u64,
    /// What the timeout has beyond the smoothed round-trip time.
    variation: u64,
    /// A round trip is over when this is acknowledged (`rtt_seq`).
    since: SeqNr,
}

impl RttEstimator {
    pub(super) const fn new(initial: Duration) -> Self {
        Self { known: None, base: initial, backoff: 0, syn: None }
    }

    /// The timeout now.
    pub(super) fn timeout(&self, config: &Config) -> Duration {
        self.base.saturating_mul(1 << self.backoff.min(16)).min(config.max_rto)
    }

    /// The SYN or SYN-ACK left, for the first time or once more: then it measures nothing (Karn's algorithm).
    pub(super) fn syn_sent(&mut self, now: Instant, first: bool) {
        self.syn = first.then_some(now);
    }

    /// When the SYN or SYN-ACK left that was never repeated; told once.
    pub(super) const fn take_syn(&mut self) -> Option<Instant> {
        self.syn.take()
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

    /// New data was acknowledged up to `una` and took so long, if that is known; everything sent ends at `max`.
    pub(super) fn acknowledged(&mut self, una: SeqNr, max: SeqNr, round_trip: Option<Duration>, config: &Config) {
        self.backoff = 0;
        if let Some(round_trip) = round_trip {
            self.measure(round_trip, (una, max), config);
        }
    }

    /// The smoothed round-trip time, once there is one.
    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.known.map(|known| Duration::from_nanos(known.smoothed / 8))
    }

    /// The handshake's SYN was repeated: data begins with 3 s (section 5.7).
    pub(super) fn handshake_was_repeated(&mut self) {
        self.backoff = 0;
        if self.known.is_none() {
            self.base = Duration::from_secs(3);
        }
    }

    fn measure(&mut self, r: Duration, (una, max): (SeqNr, SeqNr), config: &Config) {
        let (r, least) = (r.as_nanos(), config.min_rto.as_nanos());
        let known = match self.known {
            None => {
                let variation = (2 * r).max(least);
                Known { smoothed: 8 * r, deviation: 2 * r, greatest: variation, variation, since: max }
            }
            Some(mut known) => {
                let error = r.cast_signed() - (known.smoothed / 8).cast_signed();
                known.smoothed = known.smoothed.saturating_add_signed(error).max(1);
                let change = error.abs() - (known.deviation / 4).cast_signed();
                // A round trip that is shorter than thought says little about the next one.
                let change = if error < 0 && change > 0 { change / 8 } else { change };
                known.deviation = known.deviation.saturating_add_signed(change);
                known.greatest = known.greatest.max(known.deviation);
                known.variation = known.variation.max(known.greatest);
                if una > known.since {
                    known.variation -= (known.variation - known.greatest) / 4;
                    (known.since, known.greatest) = (max, least);
                }
                known
            }
        };
        self.known = Some(known);
        self.base = Duration::from_nanos(known.smoothed / 8 + known.variation).min(config.max_rto);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(round_trips: &[u64]) -> Duration {
        let config = Config::default();
        let mut rtt = RttEstimator::new(config.initial_rto);
        for (n, ms) in (1..).zip(round_trips) {
            rtt.acknowledged(SeqNr(n), SeqNr(n + 5), Some(Duration::from_millis(*ms)), &config);
        }
        rtt.timeout(&config)
    }

    #[test]
    fn timeout_follows_the_measurement_and_backs_off() {
        assert_eq!(measured(&[]), Duration::from_secs(1));
        assert_eq!(measured(&[10]), Duration::from_millis(210));
        // A queue that fills: mdev grows by what the error exceeds it, srtt by an eighth of the error.
        assert_eq!(measured(&[0, 400]), Duration::from_millis(50 + 400));
        let config = Config::default();
        let mut rtt = RttEstimator::new(config.initial_rto);
        rtt.acknowledged(SeqNr(10), SeqNr(10), Some(Duration::from_millis(10)), &config);
        rtt.back_off();
        rtt.back_off();
        assert_eq!(rtt.timeout(&config), Duration::from_millis(840));
        rtt.acknowledged(SeqNr(11), SeqNr(11), None, &config);
        assert_eq!(rtt.timeout(&config), Duration::from_millis(210), "Karn: no measurement, but no back-off either");
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
