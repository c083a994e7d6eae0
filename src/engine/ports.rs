//! Which local port a socket takes.

use super::simulation::Simulation;
use crate::ids::NodeId;
use crate::trace::Observer;

impl<O: Observer> Simulation<O> {
    /// A port from Linux's range of ephemeral ports that nothing on the node uses.
    pub(super) fn ephemeral_port(&mut self, node: NodeId) -> Option<u16> {
        /// `net.ipv4.ip_local_port_range`.
        const RANGE: (u16, u16) = (32_768, 60_999);
        self.free_port(node, RANGE.0, RANGE.1)
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
