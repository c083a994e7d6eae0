//! The congestion window: slow start and congestion avoidance (RFC 5681, section 3.1), initial window of ten segments
//! (RFC 6928). Fast retransmit and recovery come with lossy links.

#[derive(Clone, Debug)]
pub(super) struct Congestion {
    mss: u32,
    window: u32,
    threshold: u32,
    /// Octets acknowledged since the window last grew in congestion avoidance.
    acknowledged: u32,
}

impl Congestion {
    pub(super) fn new(mss: u32) -> Self {
        // RFC 6928, section 2: min (10*MSS, max (2*MSS, 14600)).
        Self { mss, window: (10 * mss).min((2 * mss).max(14_600)), threshold: u32::MAX, acknowledged: 0 }
    }

    /// Octets that may be unacknowledged.
    pub(super) const fn window(&self) -> u32 {
        self.window
    }

    /// `octets` of new data were acknowledged.
    pub(super) fn on_ack(&mut self, octets: u32) {
        if self.window < self.threshold {
            self.window = self.window.saturating_add(octets.min(self.mss)); // RFC 5681, equation 2
        } else {
            self.acknowledged += octets;
            if self.acknowledged >= self.window {
                self.acknowledged -= self.window;
                self.window = self.window.saturating_add(self.mss);
            }
        }
    }

    /// The retransmission timer ran out with `flight` octets unacknowledged (RFC 5681, equation 4).
    pub(super) fn on_timeout(&mut self, flight: u32) {
        self.threshold = (flight / 2).max(2 * self.mss);
        self.window = self.mss;
        self.acknowledged = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_start_then_avoidance() {
        let mut c = Congestion::new(1460);
        assert_eq!(c.window(), 14_600);
        c.on_timeout(14_600);
        assert_eq!(c.window(), 1460);
        while c.window() < 7300 {
            c.on_ack(1460);
        }
        let before = c.window();
        c.on_ack(1460);
        assert_eq!(c.window(), before, "one segment a round trip only");
        for _ in 0..5 {
            c.on_ack(1460);
        }
        assert_eq!(c.window(), before + 1460);
    }
}
