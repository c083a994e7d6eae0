//! Connection tracking: the table of connections that a node has seen (`nf_conntrack`), and of those it expects.

use super::helper::{FtpHelper, Heard, rewrite};
use super::nat::Half;
use super::rule::{CtState, CtStatus};
use super::track_state::{Kind, Step, TrackState};
use crate::ids::EntryId;
use crate::lookup::LookUp;
use crate::packet::{Body, Endpoint, Packet};
use crate::time::{Duration, Instant};
use std::net::IpAddr;

/// How long an expectation waits (`ftp_exp_policy`).
const EXPECTATION: Duration = Duration::from_secs(300);

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

impl Direction {
    const fn opposite(self) -> Self {
        match self {
            Self::Original => Self::Reply,
            Self::Reply => Self::Original,
        }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    original: Tuple,
    /// What answers look like: the reverse of `original`, unless NAT has changed it.
    reply: Tuple,
    state: TrackState,
    replied: bool,
    /// Whether another connection announced it.
    expected: bool,
    helper: Option<Box<FtpHelper>>,
    expires: Instant,
    alive: bool,
}

/// A connection that another one announced (`nf_conntrack_expect`). The first SYN that matches uses it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Who will knock; from any port.
    pub from: IpAddr,
    /// At which door, as the knocker sees it.
    pub to: Endpoint,
    /// Where the door really is: with NAT another place than `to`.
    pub door: Endpoint,
    /// As whom the knocker is shown to the door.
    pub shown_as: IpAddr,
    /// The control connection that announced it.
    pub master: EntryId,
    /// Until when it waits.
    pub expires: Instant,
}

/// What tracking found out about a packet. Hand it to [`Conntrack::confirm`] when the packet has passed every hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// The packet's state, for `ct state`.
    pub state: CtState,
    /// What happened to the entry at once.
    pub change: Option<Change>,
    /// Whether another connection has announced this one.
    expected: bool,
    entry: Option<EntryId>,
    direction: Direction,
    /// Original and reply tuple; `None` for a packet that belongs to no connection.
    tuples: Option<(Tuple, Tuple)>,
    /// The state of the entry to be made if the packet gets through.
    pending: Option<TrackState>,
    helper: bool,
    /// Which halves NAT has decided about.
    decided: [bool; 2],
}

/// A change of the table, to be told.
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
}

/// What the helper did with a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Helped {
    /// It must not pass: a command is cut off at the segment's end.
    pub dropped: bool,
    /// It announced a connection.
    pub expectation: Option<Expectation>,
    /// Its text was changed.
    pub rewritten: bool,
}

impl Tracked {
    /// A packet that a firewall made itself in answer to another one: it is RELATED to that one's connection, goes the
    /// other way, and makes no entry (`nf_ct_attach`).
    #[must_use]
    pub const fn answer(&self) -> Self {
        Self { state: CtState::Related, direction: self.direction.opposite(), pending: None, change: None, ..*self }
    }

    /// The same packet once its entry has been made.
    #[must_use]
    pub const fn confirmed(&self) -> Self {
        Self { change: None, pending: None, ..*self }
    }

    /// A packet that a firewall made itself in answer to one it does not track.
    pub const fn related() -> Self {
        Self::stranger(CtState::Related)
    }

    const fn stranger(state: CtState) -> Self {
        Self {
            state,
            change: None,
            expected: false,
            entry: None,
            direction: Direction::Original,
            tuples: None,
            pending: None,
            helper: false,
            decided: [true; 2],
        }
    }

    /// What the packet must look like when it leaves.
    pub(super) fn target(&self) -> Option<Tuple> {
        let (original, reply) = self.tuples?;
        Some(match self.direction {
            Direction::Original => reply.reversed(),
            Direction::Reply => original.reversed(),
        })
    }

    pub(super) const fn tuples(&self) -> Option<(Tuple, Tuple)> {
        self.tuples
    }

    pub(super) fn set_reply(&mut self, reply: Tuple, half: Half) {
        if let Some((_, known)) = &mut self.tuples {
            *known = reply;
        }
        self.decided[half as usize] = true;
    }

    /// Whether NAT rules are still to be asked about a half of the packet: only for the first of a connection.
    pub const fn asks_nat(&self, half: Half) -> bool {
        self.pending.is_some() && !self.decided[half as usize]
    }

    /// `ct helper set "ftp"`: takes effect for the first packet of a connection only.
    pub const fn attach_helper(&mut self) {
        self.helper = self.helper || self.pending.is_some();
    }

    /// What `ct status` says.
    pub fn status(&self) -> CtStatus {
        self.tuples.map_or_else(CtStatus::default, |(original, reply)| CtStatus {
            snat: reply.to != original.from,
            dnat: reply.from != original.to,
        })
    }
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Conntrack {
    entries: Vec<Entry>,
    index: LookUp<Tuple, (EntryId, Direction)>,
    expectations: Vec<Expectation>,
    used: Option<Expectation>,
    /// The helper believes third-party addresses (`nf_conntrack_ftp loose=1`).
    pub loose_helper: bool,
}

impl Conntrack {
    /// Looks a packet up and moves its connection's state. A packet that would begin a connection makes no entry yet:
    /// if a rule drops it, the next one is NEW again.
    pub fn track(&mut self, now: Instant, packet: &Packet) -> Tracked {
        match &packet.body {
            Body::Tcp(segment) => match Kind::of(segment.flags) {
                Some(kind) => self.track_segment(now, Tuple::of(packet), kind),
                None => Tracked::stranger(CtState::Invalid),
            },
            Body::Icmp(icmp) => match self.lookup(now, Tuple::of(icmp.quoted())) {
                Some((id, quoted)) => Tracked {
                    state: CtState::Related,
                    entry: Some(id),
                    // An error goes the other way than the packet it is about.
                    direction: quoted.opposite(),
                    tuples: Some((self.entries[id.index()].original, self.entries[id.index()].reply)),
                    ..Tracked::stranger(CtState::Related)
                },
                None => Tracked::stranger(CtState::Invalid),
            },
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
        let Some((id, direction)) = self.lookup(now, tuple) else { return self.begins(now, tuple, kind) };
        let original = direction == Direction::Original;
        let entry = &mut self.entries[id.index()];
        let step = entry.state.step(original, kind);
        let to = match step {
            Step::Invalid => return Tracked::stranger(CtState::Invalid),
            Step::Ignore => entry.state,
            Step::To(to) => to,
        };
        // A SYN on the ports of a finished connection begins a new one.
        if kind == Kind::Syn && to == TrackState::SynSent && entry.state != TrackState::SynSent {
            self.forget(id);
            return self.begins(now, tuple, kind);
        }
        let replied = entry.replied || !original;
        let known = Tracked {
            entry: Some(id),
            direction,
            tuples: Some((entry.original, entry.reply)),
            ..Tracked::stranger(CtState::Established)
        };
        let told = |state| Change { entry: id, tuple: entry.original, reply: entry.reply, state, replied };
        // A RST ends an entry at once that has seen no answer yet, whoever sends it (nf_conntrack_tcp_packet).
        if kind == Kind::Rst && !entry.replied {
            let change = Some(told(None));
            self.forget(id);
            return Tracked { change, entry: None, ..known };
        }
        let state = match (replied, entry.expected) {
            (true, _) => CtState::Established,
            (false, true) => CtState::Related,
            (false, false) => CtState::New,
        };
        let changed = entry.state != to || entry.replied != replied;
        let change = changed.then(|| told(Some(to)));
        entry.state = to;
        entry.replied = replied;
        entry.expires = now + to.timeout();
        Tracked { state, change, ..known }
    }

    fn begins(&mut self, now: Instant, tuple: Tuple, kind: Kind) -> Tracked {
        let Some(state) = TrackState::first(kind) else { return Tracked::stranger(CtState::Invalid) };
        let new = Tracked {
            tuples: Some((tuple, tuple.reversed())),
            pending: Some(state),
            decided: [false; 2],
            ..Tracked::stranger(CtState::New)
        };
        self.expectations.retain(|expectation| expectation.expires >= now);
        let expected = |e: &Expectation| e.from == tuple.from.ip && e.to == tuple.to;
        let Some(place) = self.expectations.iter().position(expected) else { return new };
        // Used up now, whatever becomes of the packet.
        let used = self.expectations.remove(place);
        self.used = Some(used);
        let reply = Tuple { from: used.door, to: Endpoint::new(used.shown_as, tuple.from.port) };
        Tracked {
            state: CtState::Related,
            expected: true,
            tuples: Some((tuple, reply)),
            // It follows its master (nf_nat_follow_master); no rule is asked.
            decided: [true; 2],
            ..new
        }
    }

    /// The packet has passed every hook: its entry, if it begins a connection, is made.
    pub fn confirm(&mut self, now: Instant, tracked: &Tracked) -> Option<Change> {
        let state = tracked.pending?;
        let (original, reply) = tracked.tuples?;
        let id = EntryId(self.entries.len() as u32);
        self.entries.push(Entry {
            original,
            reply,
            state,
            replied: false,
            expected: tracked.expected,
            helper: tracked.helper.then(Box::default),
            expires: now + state.timeout(),
            alive: true,
        });
        self.index.insert(original, (id, Direction::Original));
        self.index.insert(reply, (id, Direction::Reply));
        Some(Change { entry: id, tuple: original, reply, state: Some(state), replied: false })
    }

    /// The expectation that the packet tracked last has used up, if it has.
    pub const fn take_used(&mut self) -> Option<Expectation> {
        self.used.take()
    }

    /// Whether the packet's connection is watched by a helper.
    pub fn has_helper(&self, tracked: &Tracked) -> bool {
        tracked.entry.is_some_and(|id| self.entries[id.index()].helper.is_some())
    }

    /// Whether a tuple belongs to a connection already.
    pub(super) fn is_used(&self, tuple: Tuple) -> bool {
        self.index.contains(&tuple)
    }

    fn forget(&mut self, id: EntryId) {
        let entry = &mut self.entries[id.index()];
        if std::mem::take(&mut entry.alive) {
            let (original, reply) = (entry.original, entry.reply);
            self.index.remove(&original);
            self.index.remove(&reply);
        }
    }

    /// Shows a packet on its way out to the helper of its connection, and carries changes of length into its numbers.
    pub fn help(&mut self, now: Instant, tracked: &Tracked, packet: &mut Packet) -> Helped {
        let mut helped = Helped::default();
        let (Some(id), Body::Tcp(segment)) = (tracked.entry, &mut packet.body) else { return helped };
        let entry = &mut self.entries[id.index()];
        let (original, reply) = (entry.original, entry.reply);
        let Some(reader) = &mut entry.helper else { return helped };
        let direction = tracked.direction;
        if tracked.state == CtState::Established && !segment.payload.is_empty() {
            match reader.hear(direction, segment) {
                Heard::Nothing => {}
                Heard::Cut => helped.dropped = true,
                Heard::Announced { ip, port, span, form } => {
                    let (own, other) = match direction {
                        Direction::Original => (original, reply),
                        Direction::Reply => (reply, original),
                    };
                    let named = ip.unwrap_or(own.from.ip);
                    let third_party = named != own.from.ip;
                    if !third_party || self.loose_helper {
                        // Seen from the other side: the peer knocks at the address it knows the speaker by.
                        let public = if third_party { named } else { other.to.ip };
                        let expectation = Expectation {
                            from: other.from.ip,
                            to: Endpoint::new(public, port),
                            door: Endpoint::new(named, port),
                            shown_as: own.to.ip,
                            master: id,
                            expires: now + EXPECTATION,
                        };
                        if public != named {
                            let written = rewrite(&segment.payload, span, form, expectation.to);
                            let growth = written.len().cast_signed() - segment.payload.len().cast_signed();
                            helped.rewritten = written != segment.payload;
                            segment.payload = written;
                            reader.grew(direction, segment.seq, growth as i32);
                        }
                        helped.expectation = Some(expectation);
                    }
                }
            }
        }
        reader.adjust(direction, segment);
        if let Some(expectation) = helped.expectation {
            // One at a time for each control connection (max_expected = 1): the oldest gives way.
            self.expectations.retain(|known| known.master != expectation.master && known.expires >= now);
            self.expectations.push(expectation);
        }
        helped
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
