//! What happens to connection tracking tables, told.
//!
//! What expires is told before the next frame that is later: no event of the queue is spent on it, and what would
//! expire after the last frame of a run is not told at all.

use super::simulation::Simulation;
use crate::firewall::{Fate, TableEvent};
use crate::ids::{FrameId, NodeId};
use crate::packet::{Packet, Tag};
use crate::time::Instant;
use crate::trace::{Event, ExpectationAction, Frame, Observer};

impl<O: Observer> Simulation<O> {
    /// Tells what a packet has done to its node's table: side effects of the packet's way, which do not become part of
    /// its own chain of causes.
    pub(super) fn record_table_events(&mut self, node: NodeId, packet: &Packet) {
        let Some(conntrack) = self.nodes[node.index()].conntrack_mut() else { return };
        let events = conntrack.drain_events();
        if !O::RECORDS {
            return;
        }
        // Also when there is nothing to tell: a time may have become shorter without a change of state.
        self.next_expiry = self.next_expiry.min(conntrack.next_expiry());
        for event in events {
            self.record_table_event(node, self.now, event, (packet.last_frame, packet.tag));
        }
    }

    /// Tells of everything whose time was over before now.
    pub(super) fn forget_expired(&mut self) {
        if self.now <= self.next_expiry {
            return;
        }
        let mut all = Vec::new();
        self.next_expiry = Instant::NEVER;
        for (index, node) in self.nodes.iter_mut().enumerate() {
            let Some(conntrack) = node.conntrack_mut() else { continue };
            let expired = conntrack.expire(self.now);
            self.next_expiry = self.next_expiry.min(conntrack.next_expiry());
            all.extend(expired.into_iter().map(|expired| (expired.at, index, expired)));
        }
        all.sort_by_key(|(at, index, _)| (*at, *index));
        for (at, index, expired) in all {
            self.record_table_event(NodeId(index as u32), at, expired.event, (expired.last_frame, expired.tag));
        }
    }

    fn record_table_event(
        &mut self,
        node: NodeId,
        at: Instant,
        event: TableEvent,
        (cause, tag): (Option<FrameId>, Option<Tag>),
    ) {
        let event = match event {
            TableEvent::Entry(change) => Event::Conntrack {
                entry: change.entry,
                from: change.tuple.from,
                to: change.tuple.to,
                reply: (change.reply.from, change.reply.to),
                state: change.state,
                replied: change.replied,
                assured: change.assured,
            },
            TableEvent::Expectation(fate, expectation) => Event::Expectation {
                action: match fate {
                    Fate::Made => ExpectationAction::Made,
                    Fate::Used => ExpectationAction::Used,
                    Fate::Replaced => ExpectationAction::Replaced,
                    Fate::Expired => ExpectationAction::Expired,
                },
                from: expectation.from,
                to: expectation.to,
                door: expectation.door,
            },
        };
        self.observer.frame(Frame { at, node, cause, tag, event });
    }
}
