//! The event queue: a 4-ary heap, which stays quick with many events pending (see `../shared/performance.md`, W4).

use crate::ftp::FtpTimer;
use crate::ids::{NodeId, SocketId};
use crate::time::Instant;
use dary_heap::QuaternaryHeap;
use std::cmp::Ordering;

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
    Ftp { node: NodeId, app: u16, seat: u32, timer: FtpTimer },
    /// An FTP client begins.
    Start { node: NodeId, app: u16 },
    /// A node stops waiting for a neighbour to answer.
    Neighbour { node: NodeId, ticket: u32 },
}

#[derive(Clone, Copy, Debug)]
struct Scheduled {
    /// The instant above, the order of scheduling below: one comparison decides.
    key: u128,
    what: What,
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

#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    heap: QuaternaryHeap<Scheduled>,
    count: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at: Instant, what: What) {
        self.heap.push(Scheduled { key: u128::from(at.as_nanos()) << 64 | u128::from(self.count), what });
        self.count += 1;
    }

    pub(super) fn pop(&mut self) -> Option<(Instant, What)> {
        self.heap.pop().map(|next| (next.at(), next.what))
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(Scheduled::at)
    }
}

impl Scheduled {
    const fn at(&self) -> Instant {
        Instant::from_nanos((self.key >> 64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_instant_come_in_the_order_they_were_scheduled() {
        let mut queue = Queue::default();
        let start = |app| What::Start { node: NodeId(0), app };
        for app in 0..100 {
            queue.push(Instant::from_nanos(u64::from(app % 3)), start(app));
        }
        let mut seen = Vec::new();
        while let Some((at, What::Start { app, .. })) = queue.pop() {
            seen.push((at, app));
        }
        assert_eq!(seen.len(), 100);
        assert!(seen.is_sorted());
    }
}
