//! A link: two directions, each with a delay, a rate and a queue.

use crate::ids::NodeId;
use crate::time::{Duration, Instant};

/// What a link can do, the same in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSettings {
    /// Propagation delay, one way.
    pub delay: Duration,
    /// Rate in bits a second.
    pub bandwidth: u64,
    /// Bytes that may wait to be sent; a packet that does not fit is lost (tail drop).
    pub queue: u64,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self { delay: Duration::from_millis(5), bandwidth: 100_000_000, queue: 1_000_000 }
    }
}

/// A link between two nodes.
#[derive(Clone, Debug)]
pub struct Link {
    /// The nodes at its ends.
    pub ends: [NodeId; 2],
    /// The number of the interface at each end.
    pub interfaces: [u16; 2],
    /// What it can do.
    pub settings: LinkSettings,
    /// Until when each direction (0: from the first end) is busy sending.
    busy_until: [Instant; 2],
}

impl Link {
    /// An idle link.
    pub const fn new(ends: [NodeId; 2], interfaces: [u16; 2], settings: LinkSettings) -> Self {
        Self { ends, interfaces, settings, busy_until: [Instant::START; 2] }
    }

    /// The other end, seen from `node`: its index into `ends`.
    pub fn far_end(&self, node: NodeId) -> usize {
        usize::from(self.ends[0] == node)
    }

    /// Puts `bytes` on the link towards end `to`: when the last bit arrives there, or `None` if the queue is full.
    ///
    /// The arrival is known as soon as the packet is queued: what waits in front of it is the time that the direction
    /// is still busy, so one event a hop is enough.
    pub fn enqueue(&mut self, now: Instant, to: usize, bytes: u32) -> Option<Instant> {
        let free = self.busy_until[to].max(now);
        let waiting = free.since(now).as_nanos();
        if waiting > 0 {
            let backlog = u128::from(waiting) * u128::from(self.settings.bandwidth) / 8_000_000_000;
            if backlog + u128::from(bytes) > u128::from(self.settings.queue) {
                return None;
            }
        }
        self.busy_until[to] = free + self.serialisation(bytes);
        Some(self.busy_until[to] + self.settings.delay)
    }

    /// How long it takes to send `bytes`.
    fn serialisation(&self, bytes: u32) -> Duration {
        // 32 bits of bytes, 3 for the eight, 30 for the thousand million: 65 bits in the worst case, hence the check.
        let bits = u64::from(bytes) * 8;
        match bits.checked_mul(1_000_000_000) {
            Some(scaled) => Duration::from_nanos(scaled / self.settings.bandwidth.max(1)),
            None => Duration::from_nanos(u64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_queue_behind_each_other_and_overflow_at_the_limit() {
        let settings = LinkSettings { delay: Duration::from_millis(5), bandwidth: 8_000_000, queue: 2500 };
        let mut link = Link::new([NodeId(0), NodeId(1)], [0, 0], settings);
        let ms = |n| Some(Instant::START + Duration::from_millis(n));
        // 1000 bytes take 1 ms at 8 Mbit/s.
        assert_eq!(link.enqueue(Instant::START, 1, 1000), ms(6));
        assert_eq!(link.enqueue(Instant::START, 1, 1000), ms(7));
        assert_eq!(link.enqueue(Instant::START, 1, 1000), None, "2000 bytes wait already");
        assert_eq!(link.enqueue(Instant::START, 0, 1000), ms(6), "the other direction is free");
        assert_eq!(link.enqueue(Instant::START + Duration::from_millis(2), 1, 1000), ms(8));
    }
}
