//! Connection tracking: the table of connections that a node has seen (`nf_conntrack`), and of those it expects.
//!
//! | file | subject |
//! |---|---|
//! | `tuple` | what a connection is known by |
//! | `tracked` | what is known of one packet |
//! | `window` | one TCP connection, followed |
//! | `expectation` | announced connections |
//! | `help` | what the helper does with a packet |
//! | `expiry` | what is forgotten |

mod expectation;
mod expiry;
mod help;
mod tracked;
mod tuple;
mod window;

use super::Timeouts;
use super::ct::{CtState, Direction};
use super::helper::FtpHelper;
use super::track_state::{Kind, TrackState};
use crate::ids::{EntryId, FrameId};
use crate::lookup::LookUp;
use crate::packet::{Body, Endpoint, Packet, Segment, Tag};
use crate::time::Instant;
use expectation::Waiting;
pub use expectation::{Expectation, Fate};
pub use expiry::Expired;
pub use help::Helped;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
pub use tracked::Tracked;
pub use tuple::Tuple;
use window::{Judgement, Standing, TcpTrack};

#[derive(Clone, Debug)]
struct Entry {
    original: Tuple,
    /// What answers look like: the reverse of `original`, unless NAT has changed it.
    reply: Tuple,
    tcp: TcpTrack,
    replied: bool,
    /// The handshake was seen to its end (`IPS_ASSURED`).
    assured: bool,
    /// Whether another connection announced it.
    expected: bool,
    helper: Option<Box<FtpHelper>>,
    expires: Instant,
    /// The deadline that is noted for it; not after `expires`.
    noted: Instant,
    /// The last frame of its last packet.
    last_frame: Option<FrameId>,
    tag: Option<Tag>,
    alive: bool,
}

/// A change of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The entry.
    pub entry: EntryId,
    /// Its original direction.
    pub tuple: Tuple,
    /// What its answers look like.
    pub reply: Tuple,
    /// Its new state; `None`: it is gone.
    pub state: Option<TrackState>,
    /// Whether a reply was seen.
    pub replied: bool,
    /// Whether its handshake was seen to the end.
    pub assured: bool,
}

/// Something happened to the table, to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableEvent {
    /// An entry was made, changed or forgotten.
    Entry(Change),
    /// An expectation was made or is gone.
    Expectation(Fate, Expectation),
}

/// The table.
#[derive(Clone, Debug)]
pub struct Conntrack {
    entries: Vec<Entry>,
    index: LookUp<Tuple, (EntryId, Direction)>,
    /// The entries that begin at a place, the youngest last; only where NAT may want to know (`nat_bysource`).
    by_source: LookUp<Endpoint, Vec<EntryId>>,
    waiting: Vec<Waiting>,
    deadlines: BinaryHeap<Reverse<(Instant, EntryId)>>,
    events: Vec<TableEvent>,
    /// The node translates addresses: no two connections may look alike from outside.
    pub translates: bool,
    /// The helper believes third-party addresses (`nf_conntrack_ftp loose=1`).
    pub loose_helper: bool,
    /// Connections that began before anybody looked are picked up (`nf_conntrack_tcp_loose`).
    pub loose: bool,
    /// How long connections are remembered (`nf_conntrack_tcp_timeout_*`).
    pub timeouts: Timeouts,
}

impl Default for Conntrack {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            index: LookUp::default(),
            by_source: LookUp::default(),
            waiting: Vec::new(),
            deadlines: BinaryHeap::new(),
            events: Vec::new(),
            translates: false,
            loose_helper: false,
            loose: true,
            timeouts: Timeouts::default(),
        }
    }
}

impl Entry {
    const fn change(&self, id: EntryId) -> Change {
        Change {
            entry: id,
            tuple: self.original,
            reply: self.reply,
            state: Some(self.tcp.state()),
            replied: self.replied,
            assured: self.assured,
        }
    }

    /// What a packet of the connection is, in `direction`.
    const fn state_of(&self, direction: Direction) -> CtState {
        match (self.replied || matches!(direction, Direction::Reply), self.expected) {
            (true, _) => CtState::Established,
            (false, true) => CtState::Related,
            (false, false) => CtState::New,
        }
    }

    /// How far the text was shifted that a segment in `direction` acknowledges.
    fn ack_shift(&self, direction: Direction, segment: &Segment) -> i32 {
        self.helper.as_ref().map_or(0, |helper| helper.shift_at(direction.opposite(), segment.ack))
    }
}

impl Conntrack {
    /// Looks a packet up and moves its connection's state. A packet that would begin a connection makes no entry yet:
    /// if a rule drops it, the next one is NEW again.
    pub fn track(&mut self, now: Instant, packet: &Packet) -> Tracked {
        match &packet.body {
            Body::Tcp(segment) => self.track_segment(now, packet, segment),
            // It answers the packet that it is about, and must go where that came from (nf_conntrack_inet_error).
            Body::Icmp(icmp) => match self.lookup(now, Tuple::of(icmp.quoted()).reversed()) {
                Some((id, direction)) if icmp.quoted().src == packet.dst => Tracked {
                    entry: Some(id),
                    direction,
                    tuples: Some((self.entries[id.index()].original, self.entries[id.index()].reply)),
                    replied: self.entries[id.index()].replied,
                    assured: self.entries[id.index()].assured,
                    nat: self.translates,
                    ..Tracked::unknown(CtState::Related)
                },
                _ => Tracked::invalid(),
            },
        }
    }

    fn lookup(&mut self, now: Instant, tuple: Tuple) -> Option<(EntryId, Direction)> {
        let &(id, direction) = self.index.get(&tuple)?;
        if self.entries[id.index()].expires < now {
            self.end(id);
            return None;
        }
        Some((id, direction))
    }

    fn track_segment(&mut self, now: Instant, packet: &Packet, segment: &Segment) -> Tracked {
        let kind = Kind::of(segment.flags);
        let tuple = Tuple::of(packet);
        let Some((id, direction)) = self.lookup(now, tuple) else {
            return self.begins(now, tuple, kind, segment);
        };
        let Some(kind) = kind else { return Tracked::invalid() };
        let entry = &mut self.entries[id.index()];
        let standing =
            Standing { replied: entry.replied, assured: entry.assured, ack_shift: entry.ack_shift(direction, segment) };
        let before = entry.change(id);
        let old = entry.tcp.state();
        let renewed = match entry.tcp.judge(direction, kind, segment, standing, &self.timeouts) {
            Judgement::Invalid => return Tracked::invalid(),
            Judgement::InvalidEnd => {
                if entry.assured && entry.tcp.ended_before(direction, kind) {
                    entry.expires = entry.expires.min(now + self.timeouts.unacknowledged());
                    self.note_deadline(id);
                }
                return Tracked::invalid();
            }
            Judgement::Reopened => {
                self.end(id);
                return self.begins(now, tuple, Some(kind), segment);
            }
            Judgement::Ignored => None,
            Judgement::Accepted(life) => Some(life),
        };
        let known = Tracked {
            entry: Some(id),
            direction,
            tuples: Some((entry.original, entry.reply)),
            expected: entry.expected,
            nat: self.translates,
            ..Tracked::unknown(CtState::Established)
        };
        if let Some(life) = renewed {
            // A RST ends an entry at once that has seen no answer yet, whoever sends it (nf_conntrack_tcp_packet).
            if kind == Kind::Rst && !entry.replied {
                let state = entry.state_of(direction);
                self.end(id);
                return Tracked { state, entry: None, ..known };
            }
            let new = entry.tcp.state();
            if entry.replied
                && matches!(old, TrackState::SynReceived | TrackState::Established)
                && new == TrackState::Established
            {
                entry.assured = true;
            }
            // A SYN that is repeated does not keep an entry alive.
            if entry.replied || kind != Kind::Syn || old != TrackState::SynSent {
                entry.expires = now + life;
            }
            (entry.last_frame, entry.tag) = (packet.last_frame, packet.tag.or(entry.tag));
        }
        let state = entry.state_of(direction);
        entry.replied |= direction == Direction::Reply;
        let after = entry.change(id);
        if after != before {
            self.events.push(TableEvent::Entry(after));
        }
        self.note_deadline(id);
        Tracked { state, replied: after.replied, assured: after.assured, ..known }
    }

    fn begins(&mut self, now: Instant, tuple: Tuple, kind: Option<Kind>, segment: &Segment) -> Tracked {
        // Even a packet that begins nothing uses up what it was expected by (init_conntrack).
        let used = self.use_up(now, tuple);
        let begins =
            kind.filter(|kind| TrackState::first(*kind).is_some_and(|s| self.loose || s == TrackState::SynSent));
        let Some(kind) = begins else { return Tracked::invalid() };
        let new = Tracked {
            tuples: Some((tuple, tuple.reversed())),
            pending: Some(kind),
            end: segment.seq + segment.seq_len(),
            decided: [false; 2],
            nat: self.translates,
            ..Tracked::unknown(CtState::New)
        };
        match used {
            None => new,
            // It is translated as its master is (nf_nat_follow_master); no rule is asked.
            Some(used) if used.follows => {
                let reply = Tuple { from: used.door, to: Endpoint::new(used.shown_as, tuple.from.port) };
                let tuples = Some((tuple, reply));
                Tracked { state: CtState::Related, expected: true, tuples, decided: [true; 2], ..new }
            }
            Some(_) => Tracked { state: CtState::Related, expected: true, ..new },
        }
    }

    /// The packet has passed every hook: its entry, if it begins a connection, is made. `false`: it cannot be, as
    /// another connection looks the same; the packet must not pass (`insert_failed`).
    #[must_use]
    pub fn confirm(&mut self, now: Instant, tracked: &Tracked, packet: &Packet) -> bool {
        let (Some(kind), Some((original, reply)), Body::Tcp(segment)) = (tracked.pending, tracked.tuples, &packet.body)
        else {
            return true;
        };
        let Some((tcp, life)) = TcpTrack::begin(kind, segment, self.loose, &self.timeouts) else { return true };
        if self.translates && (self.is_used(now, original) || self.is_used(now, reply)) {
            return false;
        }
        let id = EntryId(self.entries.len() as u32);
        self.entries.push(Entry {
            original,
            reply,
            tcp,
            replied: false,
            assured: false,
            expected: tracked.expected,
            helper: tracked.helper.then(Box::default),
            expires: now + life,
            noted: Instant::NEVER,
            last_frame: packet.last_frame,
            tag: packet.tag,
            alive: true,
        });
        self.index.insert(original, (id, Direction::Original));
        self.index.insert(reply, (id, Direction::Reply));
        if self.translates {
            self.by_source.entry(original.from).push(id);
        }
        self.note_deadline(id);
        self.events.push(TableEvent::Entry(self.entries[id.index()].change(id)));
        true
    }

    /// What has happened to the table since this was asked last.
    pub fn drain_events(&mut self) -> Vec<TableEvent> {
        std::mem::take(&mut self.events)
    }

    /// Whether the packet's connection is watched by a helper.
    pub fn has_helper(&self, tracked: &Tracked) -> bool {
        tracked.entry.is_some_and(|id| self.entries[id.index()].helper.is_some())
    }

    /// Whether a tuple belongs to a connection already.
    pub(super) fn is_used(&self, now: Instant, tuple: Tuple) -> bool {
        self.index.get(&tuple).is_some_and(|(id, _)| self.entries[id.index()].expires >= now)
    }

    /// Whether the connection that `tracked` begins may have a tuple: nobody has it, or only one that makes way for it
    /// (`nf_nat_used_tuple_harder`). A connection that is over, and whose source was translated, does for a SYN that
    /// ends beyond all that it has sent: what its far end still sends is then outside of the new one's window.
    pub(super) fn takes_over(&mut self, now: Instant, reply: Tuple, tracked: &Tracked) -> bool {
        let Some(&(id, direction)) = self.index.get(&reply) else { return true };
        let entry = &self.entries[id.index()];
        let gives_way = direction == Direction::Reply
            && tracked.pending == Some(Kind::Syn)
            && entry.tcp.state() >= TrackState::TimeWait
            && entry.reply.to != entry.original.from
            && entry.tcp.sent_to() < tracked.end;
        if gives_way && entry.expires >= now {
            self.end(id);
        }
        gives_way || !self.is_used(now, reply)
    }

    /// The reply tuples of the connections that come from `source`, the youngest first.
    pub(super) fn replies_from(&self, now: Instant, source: Endpoint) -> impl Iterator<Item = Tuple> {
        let entries = self.by_source.get(&source).map_or(&[][..], Vec::as_slice);
        let living = move |id: &&EntryId| self.entries[id.index()].expires >= now;
        entries.iter().rev().filter(living).map(|id| self.entries[id.index()].reply)
    }

    /// Forgets an entry and reports it.
    fn end(&mut self, id: EntryId) {
        let gone = Change { state: None, ..self.entries[id.index()].change(id) };
        let with_it = self.forget(id);
        self.events.extend(with_it);
        self.events.push(TableEvent::Entry(gone));
    }

    /// Forgets an entry and what it has announced; gives the latter.
    fn forget(&mut self, id: EntryId) -> Vec<TableEvent> {
        let entry = &mut self.entries[id.index()];
        if !std::mem::take(&mut entry.alive) {
            return Vec::new();
        }
        let (original, reply) = (entry.original, entry.reply);
        let helped = entry.helper.take().is_some();
        for tuple in [original, reply] {
            if self.index.get(&tuple).is_some_and(|(known, _)| *known == id) {
                self.index.remove(&tuple);
            }
        }
        if self.translates
            && let Some(known) = self.by_source.get_mut(&original.from)
        {
            known.retain(|known| *known != id);
            if known.is_empty() {
                self.by_source.remove(&original.from);
            }
        }
        let mut gone = Vec::new();
        if helped {
            self.waiting.retain(|waiting| {
                let stays = waiting.expectation.master != id;
                if !stays {
                    gone.push(TableEvent::Expectation(Fate::Expired, waiting.expectation));
                }
                stays
            });
        }
        gone
    }
}

#[cfg(test)]
mod tests;
