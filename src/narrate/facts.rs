//! What a trace knows about a frame: who made a packet and why, what became of it, which doors are open.

use crate::firewall::Verdict;
use crate::ids::{ConnectionId, FrameId, NodeId, PacketId, SocketId};
use crate::packet::{Endpoint, Packet, Tag};
use crate::tcp::TimerKind;
use crate::trace::{Event, Fate, SocketAction, Timer, Trace};
use std::net::IpAddr;

fn packet_id(trace: &Trace, frame: FrameId) -> Option<PacketId> {
    trace.packet_of(trace.frame(frame)).map(|packet| packet.id)
}

/// The frames about the packet of `frame`, from that one back to the first.
fn way(trace: &Trace, frame: FrameId) -> impl Iterator<Item = FrameId> {
    let id = packet_id(trace, frame);
    trace.causes(frame).take_while(move |before| packet_id(trace, *before) == id)
}

/// Whether the packet had come in by a link before it came to this frame's node's way out.
pub(super) fn is_passed_on(trace: &Trace, frame: FrameId) -> bool {
    way(trace, frame).skip(1).any(|before| matches!(trace.frame(before).event, Event::Received { .. }))
}

/// The node that made the packet of `frame`.
pub(super) fn maker(trace: &Trace, frame: FrameId) -> NodeId {
    trace.frame(way(trace, frame).last().unwrap_or(frame)).node
}

/// What made a node make the packet of `frame`.
pub(super) fn reason(trace: &Trace, frame: FrameId) -> Option<FrameId> {
    trace.frame(way(trace, frame).last()?).cause
}

/// How often the packet of `frame` has been sent, by the timer that made its node send it again: 2 for the first
/// repetition.
pub(super) fn attempt(trace: &Trace, frame: FrameId) -> Option<u32> {
    match trace.frame(reason(trace, frame)?).event {
        Event::Timer {
            timer: Timer::Tcp(TimerKind::Handshake | TimerKind::Retransmit | TimerKind::TailLoss),
            attempt,
            ..
        } => Some(attempt + 1),
        _ => None,
    }
}

/// Where and how a packet's way ended at a frame, if it did.
fn ended_at(trace: &Trace, frame: FrameId) -> Option<(NodeId, Fate)> {
    let frame = trace.frame(frame);
    let fate = match frame.event {
        Event::Verdict { verdict: Verdict::Drop, .. } => Fate::Dropped,
        Event::Verdict { verdict: Verdict::Reject(_), .. } => Fate::Rejected,
        Event::Lost { .. } => Fate::Lost,
        _ => return None,
    };
    Some((frame.node, fate))
}

/// Where and how the packet of `sent` ended, short of its goal, before frame `before`.
pub(super) fn fate_of(trace: &Trace, sent: FrameId, before: FrameId) -> Option<(NodeId, Fate)> {
    let id = packet_id(trace, sent)?;
    (sent.index()..before.index())
        .filter_map(FrameId::from_index)
        .filter(|frame| packet_id(trace, *frame) == Some(id))
        .find_map(|frame| ended_at(trace, frame))
}

/// Where a firewall dropped what came back for the packet of `sent` before frame `before`.
pub(super) fn answer_dropped(trace: &Trace, sent: FrameId, before: FrameId) -> Option<NodeId> {
    let asked = trace.packet_of(trace.frame(sent))?;
    let (from, to) = (asked.source(), asked.destination());
    (sent.index()..before.index()).filter_map(FrameId::from_index).find_map(|frame| {
        let packet = trace.packet_of(trace.frame(frame))?;
        let answers = packet.tcp().is_some() && packet.source() == to && packet.destination() == from;
        ended_at(trace, frame).filter(|(_, fate)| answers && *fate == Fate::Dropped).map(|(node, _)| node)
    })
}

/// Where the last SYN before `before` that was addressed to `door`, or belonged to `connection`, died. Looks no
/// further back than frame `since`.
pub(super) fn last_knock_died(
    trace: &Trace,
    since: FrameId,
    before: FrameId,
    knock: impl Fn(&Packet, Option<Tag>) -> bool,
) -> Option<NodeId> {
    let mut frames = (since.index()..before.index()).rev().filter_map(FrameId::from_index);
    let is_knock = |frame: FrameId| {
        let shown = trace.frame(frame);
        trace
            .packet_of(shown)
            .is_some_and(|packet| packet.tcp().is_some_and(crate::packet::Segment::is_syn) && knock(packet, shown.tag))
    };
    // Only the last one's fate counts: an earlier one may have died where a later one passed.
    let last = frames.find(|frame| is_knock(*frame))?;
    let first = way(trace, last).last()?;
    fate_of(trace, first, before).map(|(node, _)| node)
}

/// The frame in which a listener was opened that stands open at frame `at`.
pub(super) fn opened(trace: &Trace, listener: SocketId, at: FrameId) -> Option<FrameId> {
    (0..at.index()).rev().filter_map(FrameId::from_index).find(|frame| match trace.frame(*frame).event {
        Event::Socket { socket, action: SocketAction::Listen, .. } => socket == listener,
        _ => false,
    })
}

/// Both ends of a TCP connection that a frame's socket has, if it is still known which.
pub(super) fn connection(tag: Option<Tag>) -> Option<ConnectionId> {
    tag?.connection
}

/// The node at the other end of a connection that `node` has.
pub(super) fn far_end(trace: &Trace, node: NodeId, tag: Option<Tag>) -> Option<NodeId> {
    let name = connection(tag)?;
    let call = trace.connections.get(&name)?;
    if call.caller == node { trace.answerer(name) } else { Some(call.caller) }
}

/// A private IPv4 address (RFC 1918).
pub(super) const fn is_private(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_private())
}

/// Whether the node has this end's address.
pub(super) fn owns(trace: &Trace, node: NodeId, endpoint: Endpoint) -> bool {
    trace.nodes[node.index()].addresses.contains(&endpoint.ip)
}
