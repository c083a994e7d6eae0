//! What goes wrong on a link: loss, repetition, held-back packets, jitter, cuts, packets that are too large.
//!
//! Random numbers are drawn only for what a link really has, so that a fault on one link does not change a run without
//! it. Not modelled: bursts of loss, corrupted packets (a checksum would have found them: loss), fragments.

use super::simulation::Simulation;
use crate::ids::{FrameId, LinkId, NodeId};
use crate::network::Chance;
use crate::packet::Packet;
use crate::time::{Duration, Instant};
use crate::trace::{Loss, Observer};

impl<O: Observer> Simulation<O> {
    /// Onto a link with faults, where the packet would arrive at `arrives`.
    pub(super) fn egress_with_faults(
        &mut self,
        (node, to): (NodeId, NodeId),
        (link, far, interface): (LinkId, usize, u16),
        packet: Packet,
        arrives: Instant,
    ) -> Option<FrameId> {
        let Some(faults) = &self.topology.links()[link.index()].faults else { return packet.last_frame };
        let (loss, duplicate, reorder, jitter) = (faults.loss, faults.duplicate, faults.reorder, faults.jitter);
        let held_back = faults.reorder_delay;
        if self.strikes(loss) {
            return self.lose(node, packet, Loss::LineLoss).last_frame;
        }
        let more = match jitter.as_nanos() as u32 {
            0 => Duration::ZERO,
            most => Duration::from_nanos(u64::from(self.random_below(most))),
        };
        let mut at = self.topology.link_mut(link).delay_in_order(far, arrives, more);
        if self.strikes(reorder) {
            at += held_back;
        }
        let now = self.now;
        if self.topology.links()[link.index()].faults.as_ref().is_some_and(|faults| faults.is_cut(now, at)) {
            return self.lose(node, packet, Loss::LinkDown).last_frame;
        }
        let copy = self.strikes(duplicate).then(|| packet.clone());
        let last_frame = self.send_on_link((node, to), (link, interface), packet, at);
        if let Some(mut copy) = copy {
            // A packet of its own: each has its own end.
            copy.id = self.next_packet();
            copy.last_frame = last_frame;
            self.send_on_link((node, to), (link, interface), copy, at);
        }
        last_frame
    }

    /// Whether it happens this time.
    fn strikes(&mut self, chance: Chance) -> bool {
        chance != Chance::default() && self.random_below(Chance::ALWAYS.0) < chance.0
    }

    /// The packet does not fit on the next link. All our packets carry "don't fragment" (RFC 1191, section 3; IPv6
    /// routers never fragment, RFC 8200, section 5).
    pub(super) fn too_large(&mut self, node: NodeId, mtu: u32, packet: Packet, own: bool) -> Option<FrameId> {
        let lost = self.lose(node, packet, Loss::TooLarge);
        let last_frame = lost.last_frame;
        if own {
            self.too_big_for_socket(node, mtu, &lost, last_frame);
        } else {
            self.send_too_big(node, mtu, lost, None);
        }
        last_frame
    }
}
