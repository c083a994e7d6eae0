//! The event queue: two binary heaps, one for what comes soon and one for what is far ahead.

use crate::ftp::FtpTimer;
use crate::ids::{NodeId, SocketId};
use crate::time::{Duration, Instant};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A packet's last bit reaches a node.
    Arrive { packet: u32, node: NodeId, interface: u16 },
    /// A packet that a node sends to itself.
    Loopback { packet: u32, node: NodeId },
    /// A TCP timer of a socket may have run out.
    Tcp { node: NodeId, slot: u32, socket: SocketId },
    /// A timer of an FTP session may have run out.
    Ftp { node: NodeId, program: u16, slot: u32, timer: FtpTimer },
    /// An FTP client begins.
    Start { node: NodeId, program: u16 },
    /// A node stops waiting for a neighbour to answer.
    Neighbour { node: NodeId, ticket: u32 },
}

#[derive(Clone, Copy, Debug)]
struct Scheduled {
    /// The instant above, the order of scheduling below: one comparison decides.
    key: u128,
    what: What,
}

impl Scheduled {
    const fn at(&self) -> Instant {
        Instant::from_nanos((self.key >> 64) as u64)
    }
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
/// Reversed: the heap keeps its greatest on top, and we want the earliest.
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key)
    }
}

/// What lies further ahead than this is far.
const FAR: Duration = Duration::from_millis(100);

/// Two heaps with one order: packets on links are near; timers, most of which are set anew before they ring, are far and
/// do not lengthen the packets' way through the heap.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    near: BinaryHeap<Scheduled>,
    far: BinaryHeap<Scheduled>,
    now: Instant,
    count: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at: Instant, what: What) {
        let heap = if at.since(self.now) < FAR { &mut self.near } else { &mut self.far };
        heap.push(Scheduled { key: u128::from(at.as_nanos()) << 64 | u128::from(self.count), what });
        self.count += 1;
    }

    pub(super) fn pop(&mut self) -> Option<(Instant, What)> {
        // The greater is the earlier, and something is greater than nothing.
        let heap = if self.near.peek() > self.far.peek() { &mut self.near } else { &mut self.far };
        let next = heap.pop()?;
        self.now = next.at();
        Some((next.at(), next.what))
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.near.peek().max(self.far.peek()).map(Scheduled::at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_pushed_between_comes_out_in_order() {
        let mut queue = Queue::default();
        let mut random = 1_u64;
        let (mut before, mut popped) = (Instant::START, 0);
        for _ in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let ahead = Duration::from_micros((random >> 33) % 300_000);
            queue.push(before + ahead, What::Start { node: NodeId(0), program: 0 });
            if random >> 63 == 0 {
                let next = queue.next_at();
                let (at, _) = queue.pop().unwrap();
                assert_eq!(next, Some(at));
                assert!(at >= before);
                before = at;
                popped += 1;
            }
        }
        while let Some((at, _)) = queue.pop() {
            assert!(at >= before);
            before = at;
            popped += 1;
        }
        assert_eq!(popped, 20_000);
    }

    #[test]
    fn events_of_one_instant_come_in_the_order_they_were_scheduled() {
        let mut queue = Queue::default();
        let start = |program| What::Start { node: NodeId(0), program };
        for program in 0..100 {
            queue.push(Instant::from_nanos(u64::from(program % 3)), start(program));
        }
        let mut seen = Vec::new();
        while let Some((at, What::Start { program, .. })) = queue.pop() {
            seen.push((at, program));
        }
        assert_eq!(seen.len(), 100);
        assert!(seen.is_sorted());
    }
}
