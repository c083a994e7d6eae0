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
    /// The longest IP packet that it takes, in bytes.
    pub mtu: u32,
}

impl LinkSettings {
    /// What a link can do where nothing else is said: Ethernet.
    pub const DEFAULT: Self =
        Self { delay: Duration::from_millis(5), bandwidth: 100_000_000, queue: 1_000_000, mtu: 1500 };
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A probability in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chance(pub u32);

impl Chance {
    /// Certainty.
    pub const ALWAYS: Self = Self(1_000_000);
}

/// What goes wrong on a link, the same in both directions and for each packet anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The packet is lost.
    pub loss: Chance,
    /// The packet arrives twice.
    pub duplicate: Chance,
    /// The packet is held back, so that later ones overtake it.
    pub reorder: Chance,
    /// How long such a packet is held back.
    pub reorder_delay: Duration,
    /// Each packet takes up to so much longer; the order stays. At most [`Self::MOST_JITTER`].
    pub jitter: Duration,
    /// When the link is down: from the first instant up to the second. Packets on it at that time are lost.
    pub cuts: Vec<(Instant, Instant)>,
}

impl Faults {
    /// Random numbers have 32 bits and count nanoseconds.
    pub const MOST_JITTER: Duration = Duration::from_secs(4);

    /// Whether the link is down at some time from `from` up to and including `to`.
    pub fn is_cut(&self, from: Instant, to: Instant) -> bool {
        self.cuts.iter().any(|(down, up)| *down <= to && from < *up)
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
    /// What goes wrong on it; none: nothing.
    pub faults: Option<Box<Faults>>,
    /// When the last packet that was not held back arrives, in each direction: jitter does not change the order.
    last_arrival: [Instant; 2],
    /// Until when each direction (0: from the first end) is busy sending.
    busy_until: [Instant; 2],
}

impl Link {
    /// An idle link.
    pub const fn new(ends: [NodeId; 2], interfaces: [u16; 2], settings: LinkSettings) -> Self {
        Self {
            ends,
            interfaces,
            settings,
            faults: None,
            last_arrival: [Instant::START; 2],
            busy_until: [Instant::START; 2],
        }
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

    /// Puts off an arrival at end `to` by `more`, but not before the packet in front has arrived.
    pub fn delay_in_order(&mut self, to: usize, arrives: Instant, more: Duration) -> Instant {
        self.last_arrival[to] = (arrives + more).max(self.last_arrival[to]);
        self.last_arrival[to]
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
    fn a_cut_takes_what_is_on_the_link() {
        let at = |ms| Instant::START + Duration::from_millis(ms);
        let faults = Faults { cuts: vec![(at(10), at(20))], ..Faults::default() };
        let cut = [(0, 9), (0, 10), (12, 15), (19, 25), (20, 25)].map(|(from, to)| faults.is_cut(at(from), at(to)));
        assert_eq!(cut, [false, true, true, true, false]);
    }

    #[test]
    fn jitter_keeps_the_order() {
        let mut link = Link::new([NodeId(0), NodeId(1)], [0, 0], LinkSettings::DEFAULT);
        let at = |ms| Instant::START + Duration::from_millis(ms);
        assert_eq!(link.delay_in_order(1, at(5), Duration::from_millis(4)), at(9));
        assert_eq!(link.delay_in_order(1, at(6), Duration::ZERO), at(9));
        assert_eq!(link.delay_in_order(0, at(6), Duration::ZERO), at(6));
    }

    #[test]
    fn packets_queue_behind_each_other_and_overflow_at_the_limit() {
        let settings = LinkSettings {
            delay: Duration::from_millis(5),
            bandwidth: 8_000_000,
            queue: 2500,
            ..LinkSettings::DEFAULT
        };
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
