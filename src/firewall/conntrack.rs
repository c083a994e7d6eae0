//! Connection tracking: the table of connections that a node has seen (`nf_conntrack`).

use super::rule::CtState;
use super::track_state::{Kind, Step, TrackState};
use crate::ids::EntryId;
use crate::lookup::LookUp;
use crate::packet::{Body, Endpoint, Packet};
use crate::time::Instant;

/// A packet's source and destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tuple {
    /// Where it comes from.
    pub from: Endpoint,
    /// Where it goes.
    pub to: Endpoint,
}

impl Tuple {
    /// The tuple of a packet.
    pub fn of(packet: &Packet) -> Self {
        Self { from: packet.source(), to: packet.destination() }
    }

    /// The tuple of the answer.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { from: self.to, to: self.from }
    }
}

/// Which way a packet goes, seen from the one that made the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The same way.
    Original,
    /// The other way.
    Reply,
}

#[derive(Clone, Debug)]
struct Entry {
    original: Tuple,
    state: TrackState,
    replied: bool,
    expires: Instant,
    alive: bool,
}

/// What tracking found out about a packet. Hand it to [`Conntrack::confirm`] when the packet has passed every hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// The packet's state, for `ct state`.
    pub state: CtState,
    /// What happened to the entry at once.
    pub change: Option<Change>,
    /// The entry to be made if the packet gets through.
    pending: Option<(Tuple, TrackState)>,
}

/// A change of the table, to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The entry.
    pub entry: EntryId,
    /// Its original direction.
    pub tuple: Tuple,
    /// Its new state; `None`: it is gone.
    pub state: Option<TrackState>,
    /// Whether a reply was seen.
    pub replied: bool,
}

impl Tracked {
    /// A packet that a firewall made itself in answer to a tracked one: it is RELATED to that, and makes no entry
    /// (`nf_ct_attach`).
    pub const fn attached() -> Self {
        Self { state: CtState::Related, change: None, pending: None }
    }

    const fn found(state: CtState) -> Self {
        Self { state, change: None, pending: None }
    }
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Conntrack {
    entries: Vec<Entry>,
    index: LookUp<Tuple, (EntryId, Direction)>,
}

impl Conntrack {
    /// Looks a packet up and moves its connection's state. A packet that would begin a connection makes no entry yet:
    /// if a rule drops it, the next one is NEW again.
    pub fn track(&mut self, now: Instant, packet: &Packet) -> Tracked {
        match &packet.body {
            Body::Tcp(segment) => match Kind::of(segment.flags) {
                Some(kind) => self.track_segment(now, Tuple::of(packet), kind),
                None => Tracked::found(CtState::Invalid),
            },
            Body::Icmp(icmp) => {
                let known = self.lookup(now, Tuple::of(icmp.quoted())).is_some();
                Tracked::found(if known { CtState::Related } else { CtState::Invalid })
            }
        }
    }

    fn lookup(&mut self, now: Instant, tuple: Tuple) -> Option<(EntryId, Direction)> {
        let &(id, direction) = self.index.get(&tuple)?;
        if self.entries[id.index()].expires < now {
            self.forget(id);
            return None;
        }
        Some((id, direction))
    }

    fn track_segment(&mut self, now: Instant, tuple: Tuple, kind: Kind) -> Tracked {
        let Some((id, direction)) = self.lookup(now, tuple) else { return Self::begins(tuple, kind) };
        let original = direction == Direction::Original;
        let entry = &mut self.entries[id.index()];
        let step = entry.state.step(original, kind);
        let to = match step {
            Step::Invalid => return Tracked::found(CtState::Invalid),
            Step::Ignore => entry.state,
            Step::To(to) => to,
        };
        // A SYN on the ports of a finished connection begins a new one.
        if kind == Kind::Syn && to == TrackState::SynSent && entry.state != TrackState::SynSent {
            self.forget(id);
            return Self::begins(tuple, kind);
        }
        let replied = entry.replied || !original;
        // A RST that answers an unanswered SYN ends the entry at once.
        if kind == Kind::Rst && !original && !entry.replied {
            let change = Change { entry: id, tuple: entry.original, state: None, replied };
            self.forget(id);
            return Tracked { state: CtState::Established, change: Some(change), pending: None };
        }
        let state = if replied { CtState::Established } else { CtState::New };
        let changed = entry.state != to || entry.replied != replied;
        entry.state = to;
        entry.replied = replied;
        entry.expires = now + to.timeout();
        let change = changed.then_some(Change { entry: id, tuple: entry.original, state: Some(to), replied });
        Tracked { state, change, pending: None }
    }

    const fn begins(tuple: Tuple, kind: Kind) -> Tracked {
        match TrackState::first(kind) {
            Some(state) => Tracked { state: CtState::New, change: None, pending: Some((tuple, state)) },
            None => Tracked::found(CtState::Invalid),
        }
    }

    /// The packet has passed every hook: its entry, if it begins a connection, is made.
    pub fn confirm(&mut self, now: Instant, tracked: &Tracked) -> Option<Change> {
        let (tuple, state) = tracked.pending?;
        let id = EntryId(self.entries.len() as u32);
        self.entries.push(Entry {
            original: tuple,
            state,
            replied: false,
            expires: now + state.timeout(),
            alive: true,
        });
        self.index.insert(tuple, (id, Direction::Original));
        self.index.insert(tuple.reversed(), (id, Direction::Reply));
        Some(Change { entry: id, tuple, state: Some(state), replied: false })
    }

    fn forget(&mut self, id: EntryId) {
        let entry = &mut self.entries[id.index()];
        if std::mem::take(&mut entry.alive) {
            let tuple = entry.original;
            self.index.remove(&tuple);
            self.index.remove(&tuple.reversed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PacketId;
    use crate::packet::{Flags, Icmp, Segment, SeqNr, Unreachable};

    const CLIENT: &str = "192.168.10.10";
    const SERVER: &str = "203.0.113.10";

    fn packet(from_client: bool, flags: Flags) -> Packet {
        let (src, dst) = if from_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let (src_port, dst_port) = if from_client { (40_000, 21) } else { (21, 40_000) };
        Packet {
            id: PacketId(0),
            tag: None,
            trail: None,
            src: src.parse().unwrap(),
            dst: dst.parse().unwrap(),
            ttl: 64,
            body: Body::Tcp(Segment {
                src_port,
                dst_port,
                seq: SeqNr(0),
                ack: SeqNr(0),
                flags,
                window: 100,
                ..Segment::default()
            }),
        }
    }

    fn flags(text: &str) -> Flags {
        text.chars().fold(Flags::default(), |flags, c| {
            flags.with(match c {
                'S' => Flags::SYN,
                'F' => Flags::FIN,
                'R' => Flags::RST,
                'P' => Flags::PSH,
                'U' => Flags::URG,
                _ => Flags::ACK,
            })
        })
    }

    /// Runs a line such as `C:S S:S. C:.` and tells each packet's state and the entry's state after it.
    fn run(line: &str) -> String {
        let mut table = Conntrack::default();
        let mut out = Vec::new();
        for word in line.split_whitespace() {
            let (who, what) = word.split_once(':').unwrap();
            let tracked = table.track(Instant::START, &packet(who == "C", flags(what)));
            table.confirm(Instant::START, &tracked);
            let entry = table.entries.iter().rev().find(|e| e.alive).map_or("-", |e| e.state.name());
            out.push(format!("{word} {} {entry}", tracked.state));
        }
        out.join("; ")
    }

    /// The tables of `../shared/truth/kernel_facts.md`, "conntrack classification of injected packets".
    #[test]
    fn packets_are_classified_as_the_kernel_does() {
        assert_eq!(
            run("C:S S:S. C:. C:P. S:. S:F. C:. C:F. S:. C:S"),
            "C:S new SYN_SENT; S:S. established SYN_RECV; C:. established ESTABLISHED; C:P. established ESTABLISHED; \
             S:. established ESTABLISHED; S:F. established FIN_WAIT; C:. established CLOSE_WAIT; \
             C:F. established LAST_ACK; S:. established TIME_WAIT; C:S new SYN_SENT"
        );
        assert_eq!(
            run("C:S S:S. C:. S:R. C:. S:."),
            "C:S new SYN_SENT; S:S. established SYN_RECV; \
             C:. established ESTABLISHED; S:R. established CLOSE; C:. established CLOSE; S:. established CLOSE"
        );
        assert_eq!(run("C:S C:S S:R. C:S"), "C:S new SYN_SENT; C:S new SYN_SENT; S:R. established -; C:S new SYN_SENT");
        for (stray, state) in [(".", "new"), ("P.", "new"), ("F.", "invalid"), ("R", "invalid"), ("S.", "invalid")] {
            assert!(run(&format!("C:{stray}")).contains(state), "{stray}");
        }
        for malformed in ["", "FPU", "SF", "SR"] {
            assert!(run(&format!("C:{malformed}")).contains("invalid"), "{malformed}");
        }
        assert_eq!(run("C:S C:."), "C:S new SYN_SENT; C:. invalid SYN_SENT");
        assert!(run("C:S S:S. C:. C:S").ends_with("C:S established ESTABLISHED"));
    }

    #[test]
    fn a_dropped_first_packet_leaves_nothing_behind() {
        let mut table = Conntrack::default();
        for _ in 0..3 {
            assert_eq!(table.track(Instant::START, &packet(true, Flags::SYN)).state, CtState::New);
        }
        assert!(table.entries.is_empty());
    }

    #[test]
    fn an_icmp_error_is_related_to_the_connection_it_quotes() {
        let mut table = Conntrack::default();
        let syn = packet(true, Flags::SYN);
        let mut error = packet(false, Flags::SYN);
        error.body = Body::Icmp(Box::new(Icmp::Unreachable { reason: Unreachable::Port, quoted: syn.clone() }));
        assert_eq!(table.track(Instant::START, &error).state, CtState::Invalid);
        let tracked = table.track(Instant::START, &syn);
        table.confirm(Instant::START, &tracked);
        assert_eq!(table.track(Instant::START, &error).state, CtState::Related);
    }

    #[test]
    fn an_entry_is_forgotten_after_its_time() {
        let mut table = Conntrack::default();
        let tracked = table.track(Instant::START, &packet(true, Flags::SYN));
        table.confirm(Instant::START, &tracked);
        let later = Instant::START + TrackState::SynSent.timeout();
        assert_eq!(table.track(later, &packet(false, flags("S."))).state, CtState::Established);
        let much_later = later + TrackState::SynReceived.timeout() + crate::time::Duration::from_nanos(1);
        assert_eq!(table.track(much_later, &packet(false, flags("S."))).state, CtState::Invalid);
    }
}
