//! A packet's way through one node, as through netfilter:
//!
//! ```text
//! in --> prerouting --> route --> input --> the node's own stack
//!                         +-----> forward --> postrouting --> out
//! own stack --> output --> route --> postrouting --> out
//! ```
//!
//! Connection tracking looks first (at prerouting or output) and confirms a new entry last (after input or
//! postrouting), so that a packet which dies on the way leaves no entry.

use super::queue::What;
use super::simulation::Simulation;
use crate::firewall::{CtState, Hook, PacketContext, Tracked, Verdict};
use crate::ids::{FrameId, LinkId, NodeId};
use crate::network::{LOOPBACK, Route, is_broadcast_at, is_martian};
use crate::packet::{Body, ETHERNET_HEADER, Packet, Unreachable};
use crate::time::{Duration, Instant};
use crate::trace::{Event, Loss, Observer, Timer};
use std::net::IpAddr;

/// How long a node waits for a neighbour to answer: three ARP probes a second apart (`mcast_solicit`,
/// `retrans_time_ms`); measured: EHOSTUNREACH after 3.08 s.
const RESOLUTION: Duration = Duration::from_secs(3);

/// Packets that wait for a neighbour's link address.
#[derive(Debug)]
pub(super) struct Resolving {
    ticket: u32,
    neighbour: IpAddr,
    /// Each with whether this node made it itself.
    waiting: Vec<(Packet, bool)>,
}

/// Why a packet ends at a route that leads nowhere, and what its sender is told.
const fn nowhere(route: Route) -> (Loss, Option<Unreachable>) {
    match route {
        Route::Blackhole => (Loss::Blackhole, None),
        Route::Unreachable => (Loss::UnreachableRoute, Some(Unreachable::Host)),
        Route::Prohibit => (Loss::ProhibitedRoute, Some(Unreachable::AdminProhibited)),
        _ => (Loss::NoRoute, Some(Unreachable::Net)),
    }
}

impl<O: Observer> Simulation<O> {
    /// A packet's last bit came in at an interface.
    pub(super) fn arrive(&mut self, node: NodeId, interface: u16, mut packet: Packet) {
        if O::RECORDS {
            let link = self.topology.interfaces(node)[usize::from(interface)].link;
            let (cause, tag) = (packet.last_frame, packet.tag);
            packet.last_frame = self.record(node, cause, tag, |o| Event::Received { packet: o.packet(&packet), link });
        }
        self.ingress(node, Some(interface), packet);
    }

    /// A packet that came in: tracked, then from prerouting on.
    fn ingress(&mut self, node: NodeId, input: Option<u16>, mut packet: Packet) {
        let tracked = self.track(node, (Hook::Prerouting, input), &mut packet);
        self.walk_in(node, input, packet, tracked);
    }

    /// From prerouting on. A packet that a node sent to itself comes here with what tracking knows of it already.
    pub(super) fn walk_in(
        &mut self,
        node: NodeId,
        input: Option<u16>,
        mut packet: Packet,
        mut tracked: Option<Tracked>,
    ) {
        let between = (input, None);
        self.translate(node, Hook::Prerouting, between, tracked.as_mut(), &mut packet);
        if !self.pass(node, Hook::Prerouting, between, tracked.as_mut(), &mut packet) {
            return;
        }
        if input != Some(LOOPBACK) && is_martian(packet.src, packet.dst) {
            self.lose(node, packet, Loss::Martian);
            return;
        }
        match self.routes.route(&self.topology, node, packet.dst) {
            Route::None if is_broadcast_at(&self.topology, node, packet.dst) => {
                self.lose(node, packet, Loss::Martian);
            }
            Route::Local => {
                if self.pass(node, Hook::Input, between, tracked.as_mut(), &mut packet) {
                    self.translate(node, Hook::Input, between, tracked.as_mut(), &mut packet);
                    if self.help_and_confirm(node, tracked.as_ref(), &mut packet) {
                        self.deliver(node, packet);
                    }
                }
            }
            _ if !self.topology.forwards(node) => {
                self.lose(node, packet, Loss::NotForwarding);
            }
            route => self.forward(node, input, route, tracked, packet),
        }
    }

    fn forward(
        &mut self,
        node: NodeId,
        input: Option<u16>,
        route: Route,
        mut tracked: Option<Tracked>,
        mut packet: Packet,
    ) {
        let (Route::Via(output) | Route::Nobody(output)) = route else {
            let (why, reason) = nowhere(route);
            // IPv6 knows one reason for all but what is forbidden (ip6_pkt_discard).
            let reason = reason.map(|reason| match (reason, packet.src) {
                (Unreachable::Host, IpAddr::V6(_)) => Unreachable::Net,
                _ => reason,
            });
            let lost = self.lose(node, packet, why);
            if let Some(reason) = reason {
                self.send_unreachable(node, reason, lost, tracked.as_ref());
            }
            return;
        };
        if packet.ttl <= 1 {
            let lost = self.lose(node, packet, Loss::TtlExpired);
            return self.send_time_exceeded(node, lost, tracked.as_ref());
        }
        // A packet that is too large is answered before any rule sees it, as it came in (ip_forward, ip6_forward).
        if let Route::Via(_) = route {
            let mtu = self.topology.link_of(node, output).settings.mtu;
            if packet.ip_len() > mtu {
                let lost = self.lose(node, packet, Loss::TooLarge);
                return self.send_too_big(node, mtu, lost, tracked.as_ref());
            }
        }
        // Linux decrements before the forward hook (ip_forward).
        packet.ttl -= 1;
        let between = (input, Some(output));
        if !self.pass(node, Hook::Forward, between, tracked.as_mut(), &mut packet)
            || !self.pass(node, Hook::Postrouting, between, tracked.as_mut(), &mut packet)
        {
            return;
        }
        self.translate(node, Hook::Postrouting, between, tracked.as_mut(), &mut packet);
        if self.help_and_confirm(node, tracked.as_ref(), &mut packet) {
            self.egress(node, output, route, packet, false);
        }
    }

    /// A packet that the node made itself. `answer`: it answers another packet and shares that one's connection, if that
    /// has one (`nf_ct_attach`).
    /// Returns the last frame about it.
    pub(super) fn originate(&mut self, node: NodeId, mut packet: Packet, answer: Option<&Tracked>) -> Option<FrameId> {
        let mut tracked = match answer {
            Some(answer) if answer.tuples().is_some() => Some(*answer),
            _ => self.track(node, (Hook::Output, None), &mut packet),
        };
        self.translate(node, Hook::Output, (None, None), tracked.as_mut(), &mut packet);
        let route = self.routes.route(&self.topology, node, packet.dst);
        let output = match route {
            Route::Via(output) | Route::Nobody(output) => Some(output),
            Route::Local => Some(LOOPBACK),
            Route::None | Route::Blackhole | Route::Unreachable | Route::Prohibit => None,
        };
        let between = (None, output);
        if !self.pass(node, Hook::Output, between, tracked.as_mut(), &mut packet) {
            return packet.last_frame;
        }
        let Some(output) = output else {
            let lost = self.lose(node, packet, nowhere(route).0);
            let last_frame = lost.last_frame;
            self.no_way_for_own_socket(node, route, &lost);
            return last_frame;
        };
        if !self.pass(node, Hook::Postrouting, between, tracked.as_mut(), &mut packet) {
            return packet.last_frame;
        }
        self.translate(node, Hook::Postrouting, between, tracked.as_mut(), &mut packet);
        if !self.help_and_confirm(node, tracked.as_ref(), &mut packet) {
            return packet.last_frame;
        }
        if route == Route::Local {
            let last_frame = packet.last_frame;
            let slot = self.looped.insert((packet, tracked.as_ref().map(Tracked::confirmed)));
            self.queue.push(self.now, What::Loopback { packet: slot, node });
            return last_frame;
        }
        self.egress(node, output, route, packet, true)
    }

    /// The last thing at a node: the helper reads the packet, and a new connection gets its entry. `false`: one of the
    /// two has stopped it.
    fn help_and_confirm(&mut self, node: NodeId, tracked: Option<&Tracked>, packet: &mut Packet) -> bool {
        let Some(tracked) = tracked else { return true };
        if !self.help(node, tracked, packet) {
            return false;
        }
        self.confirm(node, tracked, packet)
    }

    /// Out of an interface, if somebody is there to take it.
    fn egress(&mut self, node: NodeId, output: u16, route: Route, packet: Packet, own: bool) -> Option<FrameId> {
        let interface = &self.topology.interfaces(node)[usize::from(output)];
        let (link, to) = (interface.link, interface.peer);
        if matches!(route, Route::Nobody(_)) || self.nodes[to.index()].down {
            return self.resolve(node, packet, own);
        }
        let bytes = packet.wire_len();
        let link_state = self.topology.link_mut(link);
        let mtu = link_state.settings.mtu;
        if bytes > mtu + ETHERNET_HEADER {
            return self.too_large(node, mtu, packet, own);
        }
        let far = link_state.far_end(node);
        let interface = link_state.interfaces[far];
        let Some(arrives) = link_state.enqueue(self.now, far, bytes) else {
            return self.lose(node, packet, Loss::QueueFull).last_frame;
        };
        if link_state.faults.is_some() {
            return self.egress_with_faults((node, to), (link, far, interface), packet, arrives);
        }
        self.send_on_link((node, to), (link, interface), packet, arrives)
    }

    /// Onto the link: the packet arrives at `to`.
    pub(super) fn send_on_link(
        &mut self,
        (node, to): (NodeId, NodeId),
        (link, interface): (LinkId, u16),
        mut packet: Packet,
        arrives: Instant,
    ) -> Option<FrameId> {
        if O::RECORDS {
            let (cause, tag) = (packet.last_frame, packet.tag);
            packet.last_frame =
                self.record(node, cause, tag, |o| Event::Sent { packet: o.packet(&packet), link, to, arrives });
        }
        let last_frame = packet.last_frame;
        let slot = self.in_flight.insert(packet);
        self.queue.push(arrives, What::Arrive { packet: slot, node: to, interface });
        last_frame
    }

    /// Shows the packet to the chain at `hook`. `false`: it died there.
    fn pass(
        &mut self,
        node: NodeId,
        hook: Hook,
        (input, output): (Option<u16>, Option<u16>),
        tracked: Option<&mut Tracked>,
        packet: &mut Packet,
    ) -> bool {
        let Some(firewall) = self.nodes[node.index()].firewall.as_mut() else { return true };
        let context = PacketContext { packet, input, output, tracked: tracked.as_deref(), now: self.now };
        let Some(decision) = firewall.decide(hook, context) else { return true };
        let ct_state = tracked.as_ref().map(|tracked| tracked.state);
        let verdict = decision.verdict;
        if O::RECORDS {
            let (cause, tag) = (packet.last_frame, packet.tag);
            packet.last_frame = self.record(node, cause, tag, |o| Event::Verdict {
                packet: o.packet(packet),
                hook,
                ct_state,
                verdict,
                rule: decision.rule,
                passed: decision.passed,
            });
        }
        if let Verdict::Reject(with) = verdict {
            self.reject(node, hook, with, packet, tracked.as_deref());
        } else if let Some(tracked) = tracked
            && decision.sets_helper
        {
            tracked.attach_helper();
        }
        verdict == Verdict::Accept
    }

    /// What connection tracking knows of a packet, at prerouting or output, if the node tracks.
    fn track(&mut self, node: NodeId, place: (Hook, Option<u16>), packet: &mut Packet) -> Option<Tracked> {
        if O::RECORDS {
            self.forget_expired();
        }
        if self.is_exempt(node, place, packet) {
            return Some(Tracked::untracked());
        }
        let conntrack = self.nodes[node.index()].conntrack_mut()?;
        let tracked = conntrack.track(self.now, packet);
        self.record_table_events(node, packet);
        Some(tracked)
    }

    /// Whether a rule says `notrack` of a packet; if so that is told.
    fn is_exempt(&mut self, node: NodeId, (hook, input): (Hook, Option<u16>), packet: &mut Packet) -> bool {
        let Some(firewall) = self.nodes[node.index()].firewall.as_mut() else { return false };
        let Some(rules) = firewall.raw_mut(hook) else { return false };
        // A packet of the node's own has been routed before.
        let output = match hook {
            Hook::Output => match self.routes.route(&self.topology, node, packet.dst) {
                Route::Via(output) | Route::Nobody(output) => Some(output),
                Route::Local => Some(LOOPBACK),
                _ => None,
            },
            _ => None,
        };
        let context = PacketContext { packet, input, output, tracked: None, now: self.now };
        let Some(rule) = rules.exempts(context) else { return false };
        if O::RECORDS {
            let (cause, tag) = (packet.last_frame, packet.tag);
            packet.last_frame = self.record(node, cause, tag, |o| Event::Verdict {
                packet: o.packet(packet),
                hook,
                ct_state: Some(CtState::Untracked),
                verdict: Verdict::Accept,
                rule,
                passed: Vec::new(),
            });
        }
        true
    }

    fn confirm(&mut self, node: NodeId, tracked: &Tracked, packet: &Packet) -> bool {
        let Some(conntrack) = self.nodes[node.index()].conntrack_mut() else { return true };
        if !conntrack.confirm(self.now, tracked, packet) {
            self.lose(node, packet.clone(), Loss::Clash);
            return false;
        }
        self.record_table_events(node, packet);
        true
    }

    /// The packet ends here. Returns it with its last frame.
    pub(super) fn lose(&mut self, node: NodeId, mut packet: Packet, reason: Loss) -> Packet {
        if O::RECORDS {
            let (cause, tag) = (packet.last_frame, packet.tag);
            packet.last_frame = self.record(node, cause, tag, |o| Event::Lost { packet: o.packet(&packet), reason });
        }
        packet
    }

    /// ARP or ND for an address that nobody has: fails after 3 s.
    fn resolve(&mut self, node: NodeId, packet: Packet, own: bool) -> Option<FrameId> {
        let last_frame = packet.last_frame;
        let resolving = &mut self.nodes[node.index()].resolving;
        if let Some(waiting) = resolving.iter_mut().find(|r| r.neighbour == packet.dst) {
            waiting.waiting.push((packet, own));
            return last_frame;
        }
        let neighbour = packet.dst;
        let ticket = self.next_ticket();
        self.nodes[node.index()].resolving.push(Resolving { ticket, neighbour, waiting: vec![(packet, own)] });
        self.queue.push(self.now + RESOLUTION, What::Neighbour { node, ticket });
        last_frame
    }

    pub(super) fn neighbour_failed(&mut self, node: NodeId, ticket: u32) {
        let resolving = &mut self.nodes[node.index()].resolving;
        let Some(position) = resolving.iter().position(|r| r.ticket == ticket) else { return };
        let waiting = resolving.remove(position).waiting;
        // One wait, begun by the first packet, ends for all of them.
        let first = waiting.first().map(|(packet, _)| (packet.last_frame, packet.tag));
        let (cause, tag) = first.unwrap_or_default();
        let timer = self.record(node, cause, tag, |_| Event::Timer {
            timer: Timer::Neighbour,
            socket: None,
            attempt: 1,
            after: RESOLUTION,
        });
        for (mut packet, own) in waiting {
            packet.last_frame = timer.or(packet.last_frame);
            let lost = self.lose(node, packet, Loss::NoNeighbour);
            if own {
                self.report_to_own_socket(node, Unreachable::Host, &lost);
            } else {
                self.send_unreachable(node, Unreachable::Host, lost, None);
            }
        }
    }

    /// No ICMP error is ever sent about an ICMP error (RFC 1122, section 3.2.2).
    pub(super) fn is_error(packet: &Packet) -> bool {
        matches!(packet.body, Body::Icmp(_))
    }
}
