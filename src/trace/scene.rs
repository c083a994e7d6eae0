//! The network after frame *k*: a pure fold of the frames up to it.

use super::{Event, ExpectationAction, Frame, PacketRef, PortName, SocketAction, Trace};
use crate::firewall::TrackState;
use crate::ids::{EntryId, FrameId, LinkId, NodeId, PacketId, RuleId, SocketId};
use crate::packet::{Endpoint, Tag};
use crate::tcp::State;
use crate::time::Instant;
use std::net::IpAddr;

/// A packet on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    /// The packet, as it was sent.
    pub packet: PacketRef,
    /// Its name.
    pub id: PacketId,
    /// The conversation it belongs to.
    pub tag: Option<Tag>,
    /// The link.
    pub link: LinkId,
    /// Where it left.
    pub from: NodeId,
    /// Where it goes.
    pub to: NodeId,
    /// When it left.
    pub departs: Instant,
    /// When it arrives.
    pub arrives: Instant,
    /// The frame that sent it.
    pub frame: FrameId,
}

/// A socket that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketView {
    /// Its name.
    pub id: SocketId,
    /// Where it is.
    pub node: NodeId,
    /// This end.
    pub local: Endpoint,
    /// The far end; `None` for a listener.
    pub remote: Option<Endpoint>,
    /// Its state; LISTEN for a listener.
    pub state: State,
    /// The name that teaching texts give to the local port.
    pub name: Option<PortName>,
    /// The conversation it belongs to.
    pub tag: Option<Tag>,
    /// Whether this end began the connection.
    pub initiator: bool,
}

/// A connection tracking entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// The node that tracks.
    pub node: NodeId,
    /// The entry.
    pub entry: EntryId,
    /// Where the first packet came from.
    pub from: Endpoint,
    /// Where it went.
    pub to: Endpoint,
    /// Source and destination of the answers: the reverse, unless NAT has changed it.
    pub reply: (Endpoint, Endpoint),
    /// The state of the connection.
    pub state: TrackState,
    /// Whether a packet of the other direction was seen.
    pub replied: bool,
    /// Whether the handshake was seen to its end.
    pub assured: bool,
    /// The conversation it belongs to.
    pub tag: Option<Tag>,
}

/// A connection that a helper expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The node that expects it.
    pub node: NodeId,
    /// Who will knock.
    pub from: IpAddr,
    /// At which door, as the knocker sees it.
    pub to: Endpoint,
    /// Where the door really is.
    pub door: Endpoint,
}

/// What the network looks like at one frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// The instant of the last frame.
    pub at: Instant,
    /// How many frames are in it.
    pub frames: usize,
    /// Packets on links, in the order they were sent.
    pub flights: Vec<Flight>,
    /// Open sockets, in the order they were opened.
    pub sockets: Vec<SocketView>,
    /// Tracked connections, in the order their entries were made.
    pub tracking: Vec<Tracking>,
    /// Connections that helpers expect, in the order they were announced.
    pub expected: Vec<Expected>,
    /// How many packets each rule and policy decided or matched, by rule id.
    pub counters: Vec<u64>,
}

impl Scene {
    /// Before anything has happened.
    pub fn empty(trace: &Trace) -> Self {
        Self { counters: vec![0; trace.rules.len()], ..Self::default() }
    }

    /// The scene after the first `count` frames, from nothing: what [`super::Timeline`] gives quicker.
    pub fn after(trace: &Trace, count: usize) -> Self {
        let mut scene = Self::empty(trace);
        for frame in &trace.frames[..count] {
            scene.apply(trace, frame);
        }
        scene
    }

    /// How many things are in it: what a copy costs.
    pub(super) fn size(&self) -> usize {
        self.flights.len() + self.sockets.len() + self.tracking.len() + self.expected.len() + self.counters.len()
    }

    /// Adds the next frame.
    pub fn apply(&mut self, trace: &Trace, frame: &Frame) {
        let id = FrameId::from_index(self.frames);
        self.frames += 1;
        self.at = frame.at;
        match &frame.event {
            Event::Sent { packet, link, to, arrives } => {
                if let Some(frame_id) = id {
                    self.flights.push(Flight {
                        packet: *packet,
                        id: trace.packet(*packet).id,
                        tag: frame.tag,
                        link: *link,
                        from: frame.node,
                        to: *to,
                        departs: frame.at,
                        arrives: *arrives,
                        frame: frame_id,
                    });
                }
            }
            Event::Received { packet, .. } => {
                let id = trace.packet(*packet).id;
                self.flights.retain(|flight| !(flight.id == id && flight.to == frame.node));
            }
            Event::Verdict { rule, passed, .. } => {
                for rule in passed.iter().chain([rule]) {
                    self.count(*rule);
                }
            }
            Event::Translated { rule, .. } => {
                if let Some(rule) = rule {
                    self.count(*rule);
                }
            }
            Event::Expectation { action, from, to, door } => self.expect(frame.node, *action, *from, *to, *door),
            Event::Conntrack { entry, from, to, reply, state, replied, assured } => {
                self.track(frame, *entry, (*from, *to), *reply, *state, (*replied, *assured));
            }
            Event::Socket { socket, action, local, remote, name } => {
                self.socket(frame, *socket, *action, *local, *remote, *name);
            }
            Event::TcpState { socket, to, .. } => {
                if let Some(view) = self.sockets.iter_mut().find(|view| view.id == *socket) {
                    view.state = *to;
                }
            }
            Event::Lost { .. }
            | Event::Timer { .. }
            | Event::FtpCommand { .. }
            | Event::FtpReply { .. }
            | Event::Transfer { .. }
            | Event::Command { .. } => {}
        }
    }

    fn expect(&mut self, node: NodeId, action: ExpectationAction, from: IpAddr, to: Endpoint, door: Endpoint) {
        self.expected.retain(|known| !(known.node == node && known.from == from && known.to == to));
        if action == ExpectationAction::Made {
            self.expected.push(Expected { node, from, to, door });
        }
    }

    fn count(&mut self, rule: RuleId) {
        if let Some(counter) = self.counters.get_mut(rule.index()) {
            *counter += 1;
        }
    }

    fn track(
        &mut self,
        frame: &Frame,
        entry: EntryId,
        (from, to): (Endpoint, Endpoint),
        reply: (Endpoint, Endpoint),
        state: Option<TrackState>,
        (replied, assured): (bool, bool),
    ) {
        let place = self.tracking.iter().position(|t| t.node == frame.node && t.entry == entry);
        match (place, state) {
            (Some(place), Some(state)) => {
                self.tracking[place].state = state;
                self.tracking[place].replied = replied;
                self.tracking[place].assured = assured;
            }
            (Some(place), None) => {
                self.tracking.remove(place);
            }
            (None, Some(state)) => {
                self.tracking.push(Tracking {
                    node: frame.node,
                    entry,
                    from,
                    to,
                    reply,
                    state,
                    replied,
                    assured,
                    tag: frame.tag,
                });
            }
            (None, None) => {}
        }
    }

    fn socket(
        &mut self,
        frame: &Frame,
        id: SocketId,
        action: SocketAction,
        local: Endpoint,
        remote: Option<Endpoint>,
        name: Option<PortName>,
    ) {
        let state = match action {
            SocketAction::Listen => State::Listen,
            SocketAction::Connect | SocketAction::Accept => State::Closed,
            SocketAction::Unlisten | SocketAction::Closed | SocketAction::Failed(_) => {
                self.sockets.retain(|view| view.id != id);
                return;
            }
        };
        let initiator = action == SocketAction::Connect;
        self.sockets.push(SocketView { id, node: frame.node, local, remote, state, name, tag: frame.tag, initiator });
    }
}
