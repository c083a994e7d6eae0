//! The ways of the packets: what a ladder shows as one arrow.

use super::{Event, PacketRef, Trace};
use crate::firewall::Verdict;
use crate::ids::{FrameId, NodeId, PacketId};
use crate::packet::Tag;
use crate::time::Instant;
use std::collections::BTreeMap;

/// How a packet's way ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It reached the node it was for.
    Delivered,
    /// A firewall dropped it.
    Dropped,
    /// A firewall rejected it.
    Rejected,
    /// It was lost without a firewall.
    Lost,
    /// The trace ends before it does.
    Travelling,
}

/// A node that a packet came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The node.
    pub node: NodeId,
    /// When.
    pub at: Instant,
    /// The frame that told.
    pub frame: FrameId,
}

/// The way of one packet from the node that made it to where it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    /// The packet's name.
    pub id: PacketId,
    /// The packet as it set out.
    pub packet: PacketRef,
    /// The conversation it belongs to.
    pub tag: Option<Tag>,
    /// The nodes it came to, the sender first.
    pub stops: Vec<Stop>,
    /// The frame in which a helper changed its text, if one did.
    pub rewritten: Option<FrameId>,
    /// How it ended.
    pub fate: Fate,
    /// The last frame about it: the verdict or loss that ended it, if one did.
    pub last: FrameId,
}

impl Journey {
    /// Where it set out.
    pub fn origin(&self) -> Stop {
        self.stops[0]
    }

    /// Where it ended, or how far it had come.
    pub fn end(&self) -> Stop {
        self.stops[self.stops.len() - 1]
    }

    /// How far it had come by a frame: the stops made until then.
    pub fn stops_by(&self, frame: FrameId) -> &[Stop] {
        let made = self.stops.partition_point(|stop| stop.frame <= frame);
        &self.stops[..made]
    }

    /// Whether it did not get where it should.
    pub const fn failed(&self) -> bool {
        matches!(self.fate, Fate::Dropped | Fate::Rejected | Fate::Lost)
    }
}

/// The ways of all packets of a trace, in the order they set out.
pub fn journeys(trace: &Trace) -> Vec<Journey> {
    let mut journeys: Vec<Journey> = Vec::new();
    let mut places: BTreeMap<PacketId, usize> = BTreeMap::new();
    for (id, frame) in trace.ids().zip(&trace.frames) {
        let packet = match &frame.event {
            Event::Sent { packet, .. }
            | Event::Received { packet, .. }
            | Event::Lost { packet, .. }
            | Event::Verdict { packet, .. }
            | Event::Translated { packet, .. } => *packet,
            _ => continue,
        };
        let name = trace.packet(packet).id;
        let place = *places.entry(name).or_insert_with(|| {
            let stops = vec![Stop { node: frame.node, at: frame.at, frame: id }];
            // What a node sends to itself is on no link: it is there at once.
            let to_itself = trace.nodes[frame.node.index()].addresses.contains(&trace.packet(packet).dst);
            let fate = if to_itself { Fate::Delivered } else { Fate::Travelling };
            journeys.push(Journey { id: name, packet, tag: frame.tag, stops, rewritten: None, fate, last: id });
            journeys.len() - 1
        });
        let journey = &mut journeys[place];
        journey.last = id;
        match &frame.event {
            Event::Received { .. } => {
                journey.stops.push(Stop { node: frame.node, at: frame.at, frame: id });
                journey.fate = Fate::Delivered;
            }
            Event::Sent { .. } => journey.fate = Fate::Travelling,
            Event::Translated { before, packet, .. } if trace.rewritten_text(*before, *packet).is_some() => {
                journey.rewritten = Some(id);
            }
            Event::Verdict { verdict: Verdict::Drop, .. } => journey.fate = Fate::Dropped,
            Event::Verdict { verdict: Verdict::Reject(_), .. } => journey.fate = Fate::Rejected,
            Event::Lost { .. } => journey.fate = Fate::Lost,
            _ => {}
        }
    }
    journeys
}
