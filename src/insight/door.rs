//! What is behind an endpoint that somebody names or calls: who listens there, wherever NAT leads the call.
//!
//! Modelled: loopback addresses, what helpers expect, listeners at the address itself, and where NAT led the calls to the
//! endpoint that the trace has. Not modelled: which rules would match a call that was never made; of a node that
//! redirects connections it is then unknown where it would lead one.

use crate::ids::{FrameId, NodeId};
use crate::packet::{Endpoint, Segment};
use crate::tcp::State;
use crate::trace::{ConnectionInfo, Event, Scene, Trace};

/// What is behind an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A node listens.
    Open {
        /// The node.
        node: NodeId,
        /// Its end: another than the one called, where NAT leads the call to it.
        at: Endpoint,
    },
    /// A call comes to a node that does not listen there.
    Shut {
        /// The node.
        node: NodeId,
        /// Its end.
        at: Endpoint,
    },
    /// The address is this node's, which redirects connections; where it would lead this one is not known.
    Unknown(NodeId),
    /// No node has the address.
    Nobody,
}

/// What is behind `to`, for a call from `caller` at frame `at`. `scene` is the network after that frame.
pub fn door(trace: &Trace, scene: &Scene, at: FrameId, caller: NodeId, to: Endpoint) -> Door {
    if let Some(expected) = scene.expected.iter().find(|expected| expected.to == to)
        && let Some(node) = trace.owner(expected.door.ip)
    {
        return here(scene, node, expected.door);
    }
    let owner = trace.owner_from(caller, to.ip);
    let direct = owner.map_or(Door::Nobody, |owner| here(scene, owner, to));
    for call in nearest_calls(trace, at, to).into_iter().flatten() {
        if call.goal != to {
            return trace.owner(call.goal.ip).map_or(Door::Nobody, |node| here(scene, node, call.goal));
        }
        if owner.is_some_and(|owner| came_to(trace, call, owner)) {
            return direct;
        }
    }
    match (direct, owner) {
        (Door::Shut { .. }, Some(owner)) if trace.nodes[owner.index()].redirects => Door::Unknown(owner),
        _ => direct,
    }
}

/// Whether a node listens on a port for calls to one of its addresses: a program opens the listener of a data
/// connection at the control connection's own address only.
pub fn listens(scene: &Scene, node: NodeId, at: Endpoint) -> bool {
    scene.sockets.iter().any(|socket| {
        socket.node == node
            && socket.state == State::Listen
            && socket.local.port == at.port
            && (socket.tag.is_none() || socket.local.ip == at.ip)
    })
}

fn here(scene: &Scene, node: NodeId, at: Endpoint) -> Door {
    if listens(scene, node, at) { Door::Open { node, at } } else { Door::Shut { node, at } }
}

/// The next call to an endpoint from frame `at` on, and the last one before.
fn nearest_calls(trace: &Trace, at: FrameId, called: Endpoint) -> [Option<&ConnectionInfo>; 2] {
    let calls = || trace.connections.values().filter(move |call| call.called == called);
    [calls().find(|call| call.begun >= at), calls().rev().find(|call| call.begun < at)]
}

/// Whether a SYN of a connection came to a node.
fn came_to(trace: &Trace, call: &ConnectionInfo, node: NodeId) -> bool {
    trace.frames[call.begun.index()..].iter().any(|frame| {
        frame.node == node
            && matches!(frame.event, Event::Received { .. })
            && trace
                .packet_of(frame)
                .is_some_and(|packet| packet.destination() == call.called && packet.tcp().is_some_and(Segment::is_syn))
    })
}
