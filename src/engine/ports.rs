//! Which local port a socket takes.

use super::simulation::Simulation;
use crate::ids::NodeId;
use crate::trace::Observer;

/// The system call that an ephemeral port is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortCall {
    Connect,
    Bind,
}

impl<O: Observer> Simulation<O> {
    /// A port from Linux's range of ephemeral ports that nothing on the node uses. Linux keeps the two ways of getting
    /// one apart: `connect()` takes even ports while there are any, `bind()` odd ones.
    pub(super) fn ephemeral_port(&mut self, node: NodeId, call: PortCall) -> Option<u16> {
        /// `net.ipv4.ip_local_port_range`.
        const RANGE: std::ops::Range<u16> = 32_768..61_000;
        /// Ports of one parity in it.
        const HALF: u16 = (RANGE.end - RANGE.start) / 2;
        let first = self.random_below(u32::from(HALF)) as u16;
        let parities = match call {
            PortCall::Connect => [0, 1],
            PortCall::Bind => [1, 0],
        };
        let stack = &self.nodes[node.index()].stack;
        let half = |parity| (0..HALF).map(move |i| RANGE.start + (first + i) % HALF * 2 + parity);
        parities.into_iter().flat_map(half).find(|port| !stack.in_use(*port))
    }

    /// A random port of `low..=high` that nothing on the node uses.
    pub(super) fn free_port(&mut self, node: NodeId, low: u16, high: u16) -> Option<u16> {
        let count = u32::from(high.checked_sub(low)?) + 1;
        let first = self.random_below(count);
        // From a random place on, the first free one.
        (0..count)
            .map(|i| low + ((first + i) % count) as u16)
            .find(|port| !self.nodes[node.index()].stack.in_use(*port))
    }
}
