//! What a node says about packets that it will not deliver.

use super::simulation::Simulation;
use crate::firewall::{Hook, RejectWith, Tracked};
use crate::ids::NodeId;
use crate::network::Route;
use crate::packet::{Body, DEFAULT_TTL, Icmp, Packet, Unreachable};
use crate::tcp::reset_for;
use crate::trace::Observer;
use std::net::IpAddr;

impl<O: Observer> Simulation<O> {
    /// `reject`: the packet is dead; its sender is told as the rule says.
    pub(super) fn reject(
        &mut self,
        node: NodeId,
        hook: Hook,
        with: RejectWith,
        packet: &Packet,
        tracked: Option<&Tracked>,
    ) {
        match with {
            RejectWith::TcpReset => self.answer_with_reset(node, packet, tracked.map(Tracked::answer).as_ref()),
            RejectWith::Icmp(reason) => {
                // Who is called by an address of its own answers by it; an IPv4 packet that was not routed yet is not
                // known to be for this node (icmp_send, icmp6_send).
                let called = self.topology.owns(node, packet.dst) && (hook != Hook::Prerouting || packet.dst.is_ipv6());
                let src = called.then_some(packet.dst);
                self.send_icmp(node, src, packet, tracked, |quoted| Icmp::Unreachable { reason, quoted });
            }
        }
    }

    /// A RST in the name of the packet's destination; nothing if it is not TCP or is a RST itself.
    pub(super) fn answer_with_reset(&mut self, node: NodeId, packet: &Packet, answer: Option<&Tracked>) {
        let Some(reset) = packet.tcp().and_then(reset_for) else { return };
        let reset = Packet {
            id: self.next_packet(),
            tag: packet.tag,
            last_frame: packet.last_frame,
            src: packet.dst,
            dst: packet.src,
            ttl: DEFAULT_TTL,
            body: Body::Tcp(reset),
        };
        self.originate(node, reset, answer);
    }

    pub(super) fn send_unreachable(
        &mut self,
        node: NodeId,
        reason: Unreachable,
        packet: Packet,
        tracked: Option<&Tracked>,
    ) {
        self.send_icmp(node, None, &packet, tracked, |quoted| Icmp::Unreachable { reason, quoted });
    }

    pub(super) fn send_too_big(&mut self, node: NodeId, mtu: u32, packet: Packet, tracked: Option<&Tracked>) {
        self.send_icmp(node, None, &packet, tracked, |quoted| Icmp::TooBig { mtu, quoted });
    }

    pub(super) fn send_time_exceeded(&mut self, node: NodeId, packet: Packet, tracked: Option<&Tracked>) {
        self.send_icmp(node, None, &packet, tracked, |quoted| Icmp::TimeExceeded { quoted });
    }

    /// An ICMP error to the sender of `packet`, from `src` or else the address that faces the sender: that of the
    /// interface by which the error leaves (recorded in `tests/truth/conntrack.jsonl`).
    fn send_icmp(
        &mut self,
        node: NodeId,
        src: Option<IpAddr>,
        packet: &Packet,
        tracked: Option<&Tracked>,
        error: impl FnOnce(Packet) -> Icmp,
    ) {
        if Self::is_error(packet) {
            return;
        }
        let facing = match self.routes.route(&self.topology, node, packet.src) {
            Route::Via(output) | Route::Nobody(output) => self.topology.address_on(node, output, packet.src),
            // Its own packet, or one that it has given its own address: the error goes to itself first.
            Route::Local => Some(packet.src),
            Route::None | Route::Blackhole | Route::Unreachable | Route::Prohibit => return,
        };
        let Some(src) = src.or(facing) else { return };
        let answer = Packet {
            id: self.next_packet(),
            tag: packet.tag,
            last_frame: packet.last_frame,
            src,
            dst: packet.src,
            ttl: DEFAULT_TTL,
            body: Body::Icmp(Box::new(error(packet.clone()))),
        };
        self.originate(node, answer, tracked.map(Tracked::answer).as_ref());
    }
}
