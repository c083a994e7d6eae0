//! Segments that leave together: Linux gives them to the device as one (`tcp_tso_autosize`), which cuts it and leaves
//! PSH on the last piece.

use super::Connection;

/// `tcp_min_tso_segs`.
const LEAST: u32 = 2;
/// As many as fit into 64 KiB of IP packet.
const MOST_BYTES: u32 = 65_000;

/// How many segments the burst had, and how many of it are still to come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Burst {
    size: u32,
    left: u32,
}

impl Connection {
    /// A full segment leaves, as one of a burst. `bytes` (this segment's among them) may leave now. Whether it is the
    /// last one of a burst of several.
    pub(super) fn ends_burst(&mut self, bytes: u32, mss: u32) -> bool {
        if self.burst.left == 0 {
            // A millisecond's worth (`sk_pacing_shift`) at twice the rate that the congestion window allows.
            let round_trip = self.rtt.smoothed().map_or(1_000_000, |rtt| rtt.as_nanos().max(1));
            let rate = 2_000_000 * u64::from(self.congestion.window()) / round_trip;
            let most = (rate / u64::from(mss)).clamp(u64::from(LEAST), u64::from((MOST_BYTES / mss).max(1))) as u32;
            self.burst.size = bytes.div_ceil(mss).clamp(1, most);
            self.burst.left = self.burst.size;
        }
        self.burst.left -= 1;
        self.burst.left == 0 && self.burst.size > 1
    }

    /// What leaves next begins a new burst.
    pub(super) const fn end_burst(&mut self) {
        self.burst.left = 0;
    }
}
