//! NAT and the FTP helper on a packet's way through a node.

use super::simulation::Simulation;
use crate::firewall::{Half, Hook, PacketContext, Tracked, translate};
use crate::ids::{NodeId, RuleId};
use crate::network::LOOPBACK;
use crate::packet::Packet;
use crate::trace::{Event, Loss, Observer, PacketRef};

impl<O: Observer> Simulation<O> {
    /// The first packet of a connection is shown to the NAT rules of `hook`; every packet is rewritten as its connection
    /// says.
    pub(super) fn translate(
        &mut self,
        node: NodeId,
        hook: Hook,
        (input, output): (Option<u16>, Option<u16>),
        tracked: Option<&mut Tracked>,
        packet: &mut Packet,
    ) {
        let Some(tracked) = tracked else { return };
        let half = match hook {
            Hook::Prerouting | Hook::Output | Hook::Forward => Half::Destination,
            Hook::Input | Hook::Postrouting => Half::Source,
        };
        let mut rule = None;
        if tracked.asks_nat(half)
            && let Some(mut firewall) = self.nodes[node.index()].firewall.take()
        {
            // The firewall is aside while it decides: random ports come from the simulation's generator.
            let context = PacketContext { packet, input, output, tracked: Some(tracked), now: self.now };
            let decided = firewall.nat_mut(hook).and_then(|rules| rules.translation(context));
            let facing = match half {
                Half::Destination => input.unwrap_or(0),
                Half::Source => output.filter(|output| *output != LOOPBACK).unwrap_or(0),
            };
            let own = self.topology.address_on(node, facing, packet.src);
            let now = self.now;
            if let Some(conntrack) = firewall.conntrack_mut() {
                if let Some((id, target)) = decided {
                    rule = Some(id);
                    conntrack.assign(now, tracked, &target, own, |bound| self.random_below(bound));
                } else if conntrack.translates {
                    conntrack.keep_apart(now, tracked, half, |bound| self.random_below(bound));
                }
            }
            self.nodes[node.index()].firewall = Some(firewall);
        }
        let before = O::RECORDS.then(|| self.observer.packet(packet));
        if translate(packet, tracked, half)
            && let Some(before) = before
        {
            self.record_translation(node, before, packet, (hook, rule));
        }
    }

    fn record_translation(
        &mut self,
        node: NodeId,
        before: PacketRef,
        packet: &mut Packet,
        (hook, rule): (Hook, Option<RuleId>),
    ) {
        let (cause, tag) = (packet.last_frame, packet.tag);
        packet.last_frame =
            self.record(node, cause, tag, |o| Event::Translated { before, packet: o.packet(packet), hook, rule });
    }

    /// Lets the helper of the packet's connection read it. `false`: the helper does not let it pass.
    pub(super) fn help(&mut self, node: NodeId, tracked: &Tracked, packet: &mut Packet) -> bool {
        let now = self.now;
        let conntrack = self.nodes[node.index()].conntrack_mut();
        if !conntrack.is_some_and(|conntrack| conntrack.has_helper(tracked)) {
            return true;
        }
        let before = O::RECORDS.then(|| self.observer.packet(packet));
        // The firewall is aside while its helper works: a random port comes from the simulation's generator.
        let mut firewall = self.nodes[node.index()].firewall.take();
        let conntrack = firewall.as_mut().and_then(|firewall| firewall.conntrack_mut());
        let helped = conntrack
            .map(|conntrack| conntrack.help(now, tracked, packet, |bound| self.random_below(bound)))
            .unwrap_or_default();
        self.nodes[node.index()].firewall = firewall;
        if helped.dropped {
            self.lose(node, packet.clone(), Loss::CutCommand);
            return false;
        }
        if helped.rewritten
            && let Some(before) = before
        {
            self.record_translation(node, before, packet, (Hook::Postrouting, None));
        }
        self.record_table_events(node, packet);
        true
    }
}
