//! Who is told what happens, while it happens.

use super::{Event, Frame, PacketRef, Trace};
use crate::ids::{FrameId, NodeId};
use crate::packet::{Packet, Tag};
use crate::time::Instant;

/// Told of everything that happens in a simulation. The engine is generic over it: with [`NoObserver`] nothing is
/// computed, stored or even formatted for the sake of a view.
pub trait Observer {
    /// Whether anybody listens. The engine asks at compile time.
    const RECORDS: bool;

    /// Something happened. Returns the frame, to be the cause of what follows; `None` if it was not recorded.
    fn frame(&mut self, frame: Frame) -> Option<FrameId>;

    /// A packet as it looks now, for events to refer to.
    fn packet(&mut self, packet: &Packet) -> PacketRef;

    /// How many frames were recorded.
    fn count(&self) -> usize;
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    const RECORDS: bool = false;
    fn frame(&mut self, _: Frame) -> Option<FrameId> {
        None
    }
    fn packet(&mut self, _: &Packet) -> PacketRef {
        PacketRef(0)
    }
    fn count(&self) -> usize {
        0
    }
}

/// Writes a [`Trace`].
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    /// What was recorded so far. The names (nodes, links, rules) are filled in by whoever builds the network.
    pub trace: Trace,
}

impl Observer for Recorder {
    const RECORDS: bool = true;

    fn frame(&mut self, frame: Frame) -> Option<FrameId> {
        let id = FrameId::from_index(self.trace.frames.len())?;
        if let Event::Socket { local, name: Some(name), .. } = &frame.event {
            self.trace.port_names.entry(*local).or_default().push((id, *name));
        }
        if let Event::Translated { before, packet, .. } = &frame.event {
            self.keep_names(id, *before, *packet);
        }
        if let Event::Expectation { to, door, .. } = &frame.event
            && let Some(name) = self.trace.port_name(*door, id)
            && self.trace.port_name(*to, id) != Some(name)
        {
            // The door is known by this name from outside as well.
            self.trace.port_names.entry(*to).or_default().push((id, name));
        }
        self.follow(id, &frame);
        self.trace.frames.push(frame);
        Some(id)
    }

    fn packet(&mut self, packet: &Packet) -> PacketRef {
        // The packet's last frame tells how it looked then; only a change makes a new entry.
        let last = packet.last_frame.and_then(|id| match &self.trace.frame(id).event {
            Event::Sent { packet, .. }
            | Event::Received { packet, .. }
            | Event::Verdict { packet, .. }
            | Event::Translated { packet, .. } => Some(*packet),
            _ => None,
        });
        if let Some(last) = last
            && looks_the_same(self.trace.packet(last), packet)
        {
            return last;
        }
        self.trace.packets.push(Packet { last_frame: None, ..packet.clone() });
        PacketRef((self.trace.packets.len() - 1) as u32)
    }

    fn count(&self) -> usize {
        self.trace.frames.len()
    }
}

impl Recorder {
    /// A port keeps its name (AA, BB, PASV) when NAT gives it another address or number.
    fn keep_names(&mut self, id: FrameId, before: PacketRef, after: PacketRef) {
        let ends = |packet: &Packet| [packet.source(), packet.destination()];
        let (before, after) = (ends(self.trace.packet(before)), ends(self.trace.packet(after)));
        for (old, new) in before.into_iter().zip(after) {
            if old != new
                && let Some(name) = self.trace.port_name(old, id)
                && self.trace.port_name(new, id) != Some(name)
            {
                self.trace.port_names.entry(new).or_default().push((id, name));
            }
        }
    }
}

fn looks_the_same(a: &Packet, b: &Packet) -> bool {
    a.id == b.id && a.ttl == b.ttl && a.src == b.src && a.dst == b.dst && a.body == b.body
}

impl Frame {
    /// A frame; a shorthand for the engine.
    pub const fn new(at: Instant, node: NodeId, cause: Option<FrameId>, tag: Option<Tag>, event: Event) -> Self {
        Self { at, node, cause, tag, event }
    }
}
