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
use crate::firewall::{Change, CtState, Hook, Tracked, Verdict, View};
use crate::ids::{FrameId, LinkId, NodeId};
use crate::network::{LOOPBACK, Route};
use crate::packet::{Body, ETHERNET_HEADER, Packet, Unreachable};
use crate::time::{Duration, Instant};
use crate::trace::{Event, Loss, Observer, Timer};

/// How long a node waits for a neighbour to answer: three ARP probes a second apart (`mcast_solicit`,
/// `retrans_time_ms`); measured: EHOSTUNREACH after 3.08 s.
const RESOLUTION: Duration = Duration::from_secs(3);

/// Packets that wait for a neighbour's link address.
#[derive(Debug)]
pub(super) struct Resolving {
    ticket: u32,
    neighbour: std::net::IpAddr,
    /// Each with whether this node made it itself.
    waiting: Vec<(Packet, bool)>,
}

impl<O: Observer> Simulation<O> {
    /// A packet's last bit came in at an interface.
    pub(super) fn arrive(&mut self, node: NodeId, interface: u16, mut packet: Packet) {
        if O::RECORDS {
            let link = self.topology.interfaces(node)[usize::from(interface)].link;
            let (cause, tag) = (packet.trail, packet.tag);
            packet.trail = self.tell(node, cause, tag, |o| Event::Received { packet: o.packet(&packet), link });
        }
        self.ingress(node, Some(interface), packet);
    }

    /// From prerouting on.
    pub(super) fn ingress(&mut self, node: NodeId, input: Option<u16>, mut packet: Packet) {
        let tracked = self.track(node, &mut packet);
        let tracked = tracked.as_ref();
        let ct_state = tracked.map(|tracked| tracked.state);
        if !self.pass(node, Hook::Prerouting, input, None, ct_state, &mut packet) {
            return;
        }
        match self.routes.route(&self.topology, node, packet.dst) {
            Route::Local => {
                if self.pass(node, Hook::Input, input, None, ct_state, &mut packet) {
                    self.confirm(node, tracked, &mut packet);
                    self.deliver(node, packet);
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
        tracked: Option<&Tracked>,
        mut packet: Packet,
    ) {
        let (Route::Via(output) | Route::Nobody(output)) = route else {
            let lost = self.lose(node, packet, Loss::NoRoute);
            return self.send_unreachable(node, Unreachable::Net, lost);
        };
        if packet.ttl <= 1 {
            let lost = self.lose(node, packet, Loss::TtlExpired);
            return self.send_time_exceeded(node, lost);
        }
        // Linux decrements before the forward hook (ip_forward).
        packet.ttl -= 1;
        let ct_state = tracked.map(|tracked| tracked.state);
        if self.pass(node, Hook::Forward, input, Some(output), ct_state, &mut packet)
            && self.pass(node, Hook::Postrouting, None, Some(output), ct_state, &mut packet)
        {
            self.confirm(node, tracked, &mut packet);
            self.egress(node, output, route, packet, false);
        }
    }

    /// A packet that the node made itself. `attached`: it answers another packet and shares that one's tracking.
    /// Returns the last frame about it.
    pub(super) fn originate(&mut self, node: NodeId, mut packet: Packet, attached: bool) -> Option<FrameId> {
        let tracked =
            if attached && self.tracks(node) { Some(Tracked::attached()) } else { self.track(node, &mut packet) };
        let tracked = tracked.as_ref();
        let ct_state = tracked.map(|tracked| tracked.state);
        let route = self.routes.route(&self.topology, node, packet.dst);
        let output = match route {
            Route::Via(output) | Route::Nobody(output) => Some(output),
            Route::Local => Some(LOOPBACK),
            Route::None => None,
        };
        if !self.pass(node, Hook::Output, None, output, ct_state, &mut packet) {
            return packet.trail;
        }
        let Some(output) = output else {
            let lost = self.lose(node, packet, Loss::NoRoute);
            let trail = lost.trail;
            self.report_to_own_socket(node, Unreachable::Net, &lost);
            return trail;
        };
        if !self.pass(node, Hook::Postrouting, None, Some(output), ct_state, &mut packet) {
            return packet.trail;
        }
        self.confirm(node, tracked, &mut packet);
        if route == Route::Local {
            let trail = packet.trail;
            let slot = self.in_flight.insert(packet);
            self.queue.push(self.now, What::Loopback { packet: slot, node });
            return trail;
        }
        self.egress(node, output, route, packet, true)
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
            return self.lose(node, packet, Loss::QueueFull).trail;
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
            let (cause, tag) = (packet.trail, packet.tag);
            packet.trail =
                self.tell(node, cause, tag, |o| Event::Sent { packet: o.packet(&packet), link, to, arrives });
        }
        let trail = packet.trail;
        let slot = self.in_flight.insert(packet);
        self.queue.push(arrives, What::Arrive { packet: slot, node: to, interface });
        trail
    }

    /// Shows the packet to the chain at `hook`. `false`: it died there.
    fn pass(
        &mut self,
        node: NodeId,
        hook: Hook,
        input: Option<u16>,
        output: Option<u16>,
        ct_state: Option<CtState>,
        packet: &mut Packet,
    ) -> bool {
        let Some(chain) = self.nodes[node.index()].firewall.as_mut().and_then(|firewall| firewall.chain_mut(hook))
        else {
            return true;
        };
        let decision = chain.decide(View { packet, input, output, ct_state });
        let verdict = decision.verdict;
        if O::RECORDS {
            let (cause, tag) = (packet.trail, packet.tag);
            packet.trail = self.tell(node, cause, tag, |o| Event::Verdict {
                packet: o.packet(packet),
                hook,
                ct_state,
                verdict,
                rule: decision.rule,
                passed: decision.passed,
            });
        }
        if let Verdict::Reject(with) = verdict {
            self.reject(node, with, packet);
        }
        verdict == Verdict::Accept
    }

    fn tracks(&mut self, node: NodeId) -> bool {
        self.nodes[node.index()].firewall.as_mut().is_some_and(|firewall| firewall.conntrack_mut().is_some())
    }

    fn track(&mut self, node: NodeId, packet: &mut Packet) -> Option<Tracked> {
        let conntrack = self.nodes[node.index()].firewall.as_mut()?.conntrack_mut()?;
        let tracked = conntrack.track(self.now, packet);
        if let Some(change) = tracked.change {
            self.tell_conntrack(node, change, packet);
        }
        Some(tracked)
    }

    fn confirm(&mut self, node: NodeId, tracked: Option<&Tracked>, packet: &mut Packet) {
        let Some(tracked) = tracked else { return };
        let conntrack = self.nodes[node.index()].firewall.as_mut().and_then(|firewall| firewall.conntrack_mut());
        if let Some(change) = conntrack.and_then(|conntrack| conntrack.confirm(self.now, tracked)) {
            self.tell_conntrack(node, change, packet);
        }
    }

    /// A side effect of the packet's way: it does not become part of the packet's own chain of causes.
    fn tell_conntrack(&mut self, node: NodeId, change: Change, packet: &Packet) {
        self.tell(node, packet.trail, packet.tag, |_| Event::Conntrack {
            entry: change.entry,
            from: change.tuple.from,
            to: change.tuple.to,
            state: change.state,
            replied: change.replied,
        });
    }

    /// The packet ends here. Returns it with its last frame.
    pub(super) fn lose(&mut self, node: NodeId, mut packet: Packet, reason: Loss) -> Packet {
        if O::RECORDS {
            let (cause, tag) = (packet.trail, packet.tag);
            packet.trail = self.tell(node, cause, tag, |o| Event::Lost { packet: o.packet(&packet), reason });
        }
        packet
    }

    /// Nobody is there: ask, and wait for an answer that will not come.
    fn resolve(&mut self, node: NodeId, packet: Packet, own: bool) -> Option<FrameId> {
        let trail = packet.trail;
        let resolving = &mut self.nodes[node.index()].resolving;
        if let Some(waiting) = resolving.iter_mut().find(|r| r.neighbour == packet.dst) {
            waiting.waiting.push((packet, own));
            return trail;
        }
        let neighbour = packet.dst;
        let ticket = self.next_ticket();
        self.nodes[node.index()].resolving.push(Resolving { ticket, neighbour, waiting: vec![(packet, own)] });
        self.queue.push(self.now + RESOLUTION, What::Neighbour { node, ticket });
        trail
    }

    pub(super) fn neighbour_failed(&mut self, node: NodeId, ticket: u32) {
        let resolving = &mut self.nodes[node.index()].resolving;
        let Some(position) = resolving.iter().position(|r| r.ticket == ticket) else { return };
        for (mut packet, own) in resolving.remove(position).waiting {
            let (cause, tag) = (packet.trail, packet.tag);
            packet.trail = self
                .tell(node, cause, tag, |_| Event::Timer {
                    timer: Timer::Neighbour,
                    socket: None,
                    attempt: 1,
                    after: RESOLUTION,
                })
                .or(cause);
            let lost = self.lose(node, packet, Loss::NoNeighbour);
            if own {
                self.report_to_own_socket(node, Unreachable::Host, &lost);
            } else {
                self.send_unreachable(node, Unreachable::Host, lost);
            }
        }
    }

    /// No ICMP error is ever sent about an ICMP error (RFC 1122, section 3.2.2).
    pub(super) fn is_error(packet: &Packet) -> bool {
        matches!(packet.body, Body::Icmp(_))
    }
}
