//! The congestion window: slow start, congestion avoidance and what a loss does to it (RFC 5681, section 3), initial
//! window of ten segments (RFC 6928), the inflation and deflation of `NewReno` (RFC 6582, section 3.2).
//!
//! Not modelled: CUBIC (RFC 9438), proportional rate reduction (RFC 6937), pacing. Linux has all three; what a student
//! sees of a loss is the same, the numbers are Reno's.

#[derive(Clone, Debug)]
pub(super) struct Congestion {
    mss: u32,
    window: u32,
    threshold: u32,
    /// Bytes acknowledged since the window last grew in congestion avoidance.
    acknowledged: u32,
    /// Window and threshold before the last timeout.
    before: (u32, u32),
}

impl Congestion {
    pub(super) fn new(mss: u32) -> Self {
        // RFC 6928, section 2: min (10*MSS, max (2*MSS, 14600)).
        Self {
            mss,
            window: (10 * mss).min((2 * mss).max(14_600)),
            threshold: u32::MAX,
            acknowledged: 0,
            before: (0, 0),
        }
    }

    /// Bytes that may be unacknowledged.
    pub(super) const fn window(&self) -> u32 {
        self.window
    }

    /// The path takes smaller segments only.
    pub(super) fn set_mss(&mut self, mss: u32) {
        self.mss = mss;
        self.window = self.window.max(mss);
    }

    /// `bytes` of new data were acknowledged. In slow start the window grows by all of them, as in Linux (RFC 3465
    /// without its limit): a receiver that delays acknowledgements does not slow it down.
    pub(super) fn on_ack(&mut self, bytes: u32) {
        if self.window < self.threshold {
            self.window = self.window.saturating_add(bytes);
        } else {
            self.acknowledged += bytes;
            if self.acknowledged >= self.window {
                self.acknowledged -= self.window;
                self.window = self.window.saturating_add(self.mss);
            }
        }
    }

    /// The retransmission timer ran out with `flight` bytes unacknowledged. Only the first time for one segment does
    /// it say something new about the path (RFC 5681, equation 4 and the paragraph after it).
    pub(super) fn on_timeout(&mut self, flight: u32, first: bool) {
        if first {
            self.lower_threshold(flight);
        }
        self.window = self.mss;
        self.acknowledged = 0;
    }

    /// What [`Self::undo`] takes back comes next.
    pub(super) const fn remember(&mut self) {
        self.before = (self.window, self.threshold);
    }

    /// Nothing was lost (`tcp_undo_cwnd_reduction`).
    pub(super) fn undo(&mut self) {
        let (window, threshold) = self.before;
        (self.window, self.threshold) = (self.window.max(window), self.threshold.max(threshold));
    }

    /// Fast retransmit: half of what was in flight. Without SACK the three segments that have left the network are
    /// added (RFC 6582, section 3.2, step 2); with SACK the pipe is counted instead (RFC 6675, section 5, step 4.2).
    pub(super) fn on_fast_retransmit(&mut self, flight: u32, sack: bool) {
        self.lower_threshold(flight);
        self.window = self.threshold + if sack { 0 } else { 3 * self.mss };
        self.acknowledged = 0;
    }

    /// Another duplicate acknowledgement: another segment has left the network (RFC 6582, section 3.2, step 3).
    pub(super) fn inflate(&mut self) {
        self.window = self.window.saturating_add(self.mss);
    }

    /// A partial acknowledgement of `bytes` (RFC 6582, section 3.2, step 5).
    pub(super) fn deflate(&mut self, bytes: u32) {
        let refund = if bytes >= self.mss { self.mss } else { 0 };
        self.window = (self.window.saturating_sub(bytes) + refund).max(self.mss);
    }

    /// Recovery is over with `flight` bytes unacknowledged: no burst (RFC 6582, section 3.2, step 5, first choice).
    pub(super) fn on_recovered(&mut self, flight: u32, sack: bool) {
        self.window = if sack { self.threshold } else { self.threshold.min(flight.max(self.mss) + self.mss) };
    }

    fn lower_threshold(&mut self, flight: u32) {
        self.threshold = (flight / 2).max(2 * self.mss);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_start_then_avoidance() {
        let mut c = Congestion::new(1460);
        assert_eq!(c.window(), 14_600);
        c.on_timeout(14_600, true);
        c.on_timeout(1460, false);
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

    #[test]
    fn fast_recovery_halves_the_window() {
        let mut c = Congestion::new(1000);
        c.on_fast_retransmit(10_000, false);
        assert_eq!(c.window(), 8000, "half and the three that left");
        c.inflate();
        c.deflate(3000);
        assert_eq!(c.window(), 7000);
        c.on_recovered(10_000, false);
        assert_eq!(c.window(), 5000);
        c.on_fast_retransmit(5000, true);
        assert_eq!(c.window(), 2500);
    }
}
