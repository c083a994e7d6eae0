//! Who answers: the node that a connection's SYN came to, wherever NAT led it.
//!
//! The address that a client calls says little about who answers: a router may own it and pass the connection on
//! (port forwarding, load balancers, hairpin), each connection to another node. So each is followed by itself: to the
//! node that accepted it, or else to the address that its SYN had last.

use super::{Event, Frame, Recorder, SocketAction, Trace};
use crate::ids::{ConnectionId, FrameId, NodeId, SessionId};
use crate::packet::{Channel, Endpoint, Segment, Tag};
use std::net::IpAddr;

/// A connection that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The session that it belongs to.
    pub session: SessionId,
    /// What it carries.
    pub channel: Channel,
    /// The frame in which it was begun.
    pub begun: FrameId,
    /// The node that began it.
    pub caller: NodeId,
    /// The endpoint that it called.
    pub called: Endpoint,
    /// Where its SYN was last on its way to: another endpoint than the one called, where NAT has changed it.
    pub goal: Endpoint,
    /// The node that accepted it; `None` if nobody did.
    pub accepted: Option<NodeId>,
}

impl Recorder {
    /// Follows connections as frames tell of them.
    pub(super) fn follow(&mut self, id: FrameId, frame: &Frame) {
        let Some(tag) = frame.tag else { return };
        let Some(name) = tag.connection else { return };
        match &frame.event {
            Event::Socket { action: SocketAction::Connect, remote: Some(called), .. } => {
                let called = *called;
                self.trace.connections.insert(
                    name,
                    ConnectionInfo {
                        session: tag.session,
                        channel: tag.channel,
                        begun: id,
                        caller: frame.node,
                        called,
                        goal: called,
                        accepted: None,
                    },
                );
                if let Some(session) = self.trace.sessions.get_mut(tag.session.index())
                    && tag.channel == Channel::Control
                    && session.called.is_none_or(|own| own == called)
                {
                    session.controls.push(name);
                }
            }
            Event::Socket { action: SocketAction::Accept, .. } => {
                if let Some(info) = self.trace.connections.get_mut(&name) {
                    info.accepted = Some(frame.node);
                }
            }
            Event::Translated { packet, .. } => {
                let packet = &self.trace.packets[packet.0 as usize];
                if packet.tcp().is_some_and(Segment::is_syn)
                    && let Some(info) = self.trace.connections.get_mut(&name)
                {
                    info.goal = packet.destination();
                }
            }
            _ => {}
        }
    }
}

impl Trace {
    /// The node that has an address.
    pub fn owner(&self, address: IpAddr) -> Option<NodeId> {
        if self.owners.is_empty() {
            // A trace made by hand.
            let place = self.nodes.iter().position(|node| node.addresses.contains(&address))?;
            return Some(NodeId(place as u32));
        }
        self.owners.get(&address).copied()
    }

    /// The node that has an address, as `node` sees it: a loopback address and the unspecified one, which Linux takes
    /// for it, are its own.
    pub fn owner_from(&self, node: NodeId, address: IpAddr) -> Option<NodeId> {
        if address.is_loopback() || address.is_unspecified() { Some(node) } else { self.owner(address) }
    }

    /// The node that a connection came to: the one that accepted it, or else the one that has the address to which NAT
    /// led its SYN. `None` if that address is nobody's.
    pub fn answerer(&self, connection: ConnectionId) -> Option<NodeId> {
        let info = self.connections.get(&connection)?;
        info.accepted.or_else(|| self.owner_from(info.caller, info.goal.ip))
    }

    /// A session's server at frame `at`: the node that answers its control connection, the one that was begun last or,
    /// before any, the first. A session without one: the node that has the called address. `None` if nobody does.
    ///
    /// Of a session that copies between two servers this is the first server.
    pub fn server(&self, session: SessionId, at: FrameId) -> Option<NodeId> {
        let info = self.sessions.get(session.index())?;
        let begun = |name: &ConnectionId| self.connections.get(name).is_some_and(|control| control.begun <= at);
        let known = info.controls.partition_point(begun);
        match info.controls.get(known.saturating_sub(1)) {
            Some(control) => self.answerer(*control),
            None => self.owner_from(info.client, info.called?.ip),
        }
    }

    /// The server that a frame is about: the one that answers its control connection, for a session that copies between
    /// two has two of them; else [`Self::server`].
    pub fn server_of(&self, tag: Tag, at: FrameId) -> Option<NodeId> {
        let control = tag.connection.filter(|_| tag.channel == Channel::Control);
        control.and_then(|control| self.answerer(control)).or_else(|| self.server(tag.session, at))
    }

    /// A session's server at its beginning, for what is drawn once for the whole trace.
    pub fn first_server(&self, session: SessionId) -> Option<NodeId> {
        self.server(session, FrameId::from_index(0)?)
    }
}
