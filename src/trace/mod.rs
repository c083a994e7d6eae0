//! The trace: what happened, in a form that every view can show without knowing the engine.
//!
//! | file | subject |
//! |---|---|
//! | `event` | the vocabulary: a frame is one event at one node at one instant |
//! | `capture_point` | where packets can be captured |
//! | `observer` | who is told while it happens: a recorder, or nobody |
//! | `scene` | the network after frame *k*: a pure fold |
//! | `timeline` | the scene at any *k* at once, from keyframes |
//! | `journey` | the packets' ways, as the rows of a ladder |
//! | `milestone` | the frames worth stopping at |
//! | `order` | which node stands where, side by side |
//! | `connection` | who answers: the node that a connection's SYN came to, wherever NAT led it |

mod capture_point;
mod connection;
mod event;
mod journey;
mod milestone;
mod observer;
mod order;
mod scene;
mod timeline;

pub use capture_point::{CapturePoint, capture_points, capture_points_at};
pub use connection::ConnectionInfo;
pub use event::*;
pub use journey::{Fate, Journey, Stop, journeys};
pub use milestone::{Milestone, MilestoneKind, milestones};
pub use observer::{NoObserver, Observer, Recorder};
pub use order::{node_order, path_between};
pub use scene::{Expected, Flight, Scene, SocketView, Tracking};
pub use timeline::Timeline;

use crate::firewall::Hook;
use crate::ftp::Mode;
use crate::ids::{ConnectionId, FrameId, LinkId, NodeId, RuleId};
use crate::packet::{Endpoint, Packet};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A node as views need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeInfo {
    /// Its name.
    pub name: String,
    /// Its addresses, in the order of its interfaces.
    pub addresses: Vec<IpAddr>,
    /// Whether any chain is set up on it.
    pub has_firewall: bool,
    /// Whether it passes packets on.
    pub forwards: bool,
    /// Whether rules of its firewall lead connections elsewhere (`dnat`, `redirect`).
    pub redirects: bool,
    /// Whether it is switched off.
    pub down: bool,
}

/// A link as views need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkInfo {
    /// The nodes at its ends.
    pub ends: [NodeId; 2],
}

/// A rule, or a chain's policy, with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// The node whose firewall it is in.
    pub node: NodeId,
    /// The hook of its chain.
    pub hook: Hook,
    /// Whether it gives connections the FTP helper (`ct helper set "ftp"`).
    pub sets_helper: bool,
    /// Whether it lets packets of state RELATED pass: those of connections that a helper expects.
    pub lets_related: bool,
    /// Whether it is the chain's policy.
    pub is_policy: bool,
    /// Its source text; `policy drop` for a policy.
    pub text: String,
    /// The line of the scenario file, from 1.
    pub line: u32,
}

/// A session as views need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// Where the client runs.
    pub client: NodeId,
    /// Whom it calls; `None` if nothing has an address for it. Who answers: [`Trace::server`].
    pub called: Option<Endpoint>,
    /// How it arranges its data connections.
    pub mode: Mode,
    /// Its control connections to the called endpoint, in the order they were begun.
    pub controls: Vec<ConnectionId>,
}

/// Everything that happened in one run, and the names it uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The scenario's title.
    pub title: String,
    /// The title in Simplified Chinese, if it has one.
    pub title_zh: Option<String>,
    /// The seed of the run.
    pub seed: u64,
    /// The nodes, by id.
    pub nodes: Vec<NodeInfo>,
    /// Who has an address: the first node that has it. Sentences ask for it all the time, and networks are large.
    pub owners: BTreeMap<IpAddr, NodeId>,
    /// The links, by id.
    pub links: Vec<LinkInfo>,
    /// The rules, by id.
    pub rules: Vec<RuleInfo>,
    /// The sessions, by id.
    pub sessions: Vec<SessionInfo>,
    /// Packets as frames refer to them: one for every change that a packet went through.
    pub packets: Vec<Packet>,
    /// What happened, in order.
    pub frames: Vec<Frame>,
    /// The connections that were begun.
    pub connections: BTreeMap<ConnectionId, ConnectionInfo>,
    /// Ports with a name, and the frames from which on they have it, in order.
    pub port_names: BTreeMap<Endpoint, Vec<(FrameId, PortName)>>,
}

impl Trace {
    /// A frame.
    pub fn frame(&self, id: FrameId) -> &Frame {
        &self.frames[id.index()]
    }

    /// All frame ids, in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = FrameId> + use<> {
        (0..self.frames.len()).filter_map(FrameId::from_index)
    }

    /// The last frame; `None` for an empty trace.
    pub fn last(&self) -> Option<FrameId> {
        self.frames.len().checked_sub(1).and_then(FrameId::from_index)
    }

    /// A packet.
    pub fn packet(&self, packet: PacketRef) -> &Packet {
        &self.packets[packet.0 as usize]
    }

    /// The text of a packet before and after it was translated, if a helper changed it.
    pub fn rewritten_text(&self, before: PacketRef, after: PacketRef) -> Option<(&[u8], &[u8])> {
        let (old, new) = (&self.packet(before).tcp()?.payload, &self.packet(after).tcp()?.payload);
        (old != new).then_some((old, new))
    }

    /// A node's name.
    pub fn node_name(&self, node: NodeId) -> &str {
        &self.nodes[node.index()].name
    }

    /// The node at the other end of a link.
    pub fn across(&self, link: LinkId, node: NodeId) -> NodeId {
        let ends = self.links[link.index()].ends;
        if ends[0] == node { ends[1] } else { ends[0] }
    }

    /// A rule.
    pub fn rule(&self, rule: RuleId) -> &RuleInfo {
        &self.rules[rule.index()]
    }

    /// The packet that a frame is about.
    pub fn packet_of(&self, frame: &Frame) -> Option<&Packet> {
        match &frame.event {
            Event::Sent { packet, .. }
            | Event::Received { packet, .. }
            | Event::Lost { packet, .. }
            | Event::Verdict { packet, .. }
            | Event::Translated { packet, .. } => Some(self.packet(*packet)),
            _ => None,
        }
    }

    /// The name that teaching texts give to a port, as it stands at frame `at`.
    pub fn port_name(&self, endpoint: Endpoint, at: FrameId) -> Option<PortName> {
        let names = self.port_names.get(&endpoint)?;
        let known = names.partition_point(|(since, _)| *since <= at);
        names[..known].last().map(|(_, name)| *name)
    }

    /// A frame and all that led to it, from effect to first cause.
    pub fn causes(&self, from: FrameId) -> impl Iterator<Item = FrameId> {
        std::iter::successors(Some(from), |id| self.frame(*id).cause)
    }
}
