//! What tracking knows of one packet on its way through a node.

use super::tuple::Tuple;
use crate::firewall::ct::{CtState, CtStatus, Direction, Half};
use crate::firewall::track_state::Kind;
use crate::ids::EntryId;
use crate::packet::SeqNr;

/// What tracking found out about a packet. Hand it to [`super::Conntrack::confirm`] when the packet has passed every
/// hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// The packet's state, for `ct state`.
    pub state: CtState,
    /// Whether another connection has announced this one.
    pub(super) expected: bool,
    pub(super) entry: Option<EntryId>,
    /// Whether the connection has seen an answer, this packet included.
    pub(super) replied: bool,
    /// Whether its handshake was seen to the end.
    pub(super) assured: bool,
    /// Whether the node translates.
    pub(super) nat: bool,
    /// Which way it goes.
    pub(super) direction: Direction,
    /// Original and reply tuple; `None` for a packet that belongs to no connection.
    pub(super) tuples: Option<(Tuple, Tuple)>,
    /// What begins the entry that is to be made if the packet gets through.
    pub(super) pending: Option<Kind>,
    /// One past the last number that this first segment takes: whether it may have a port whose connection is over.
    pub(super) end: SeqNr,
    /// A rule has attached the helper to the connection that it begins.
    pub(super) helper: bool,
    /// Which halves NAT has decided about.
    pub(super) decided: [bool; 2],
}

impl Tracked {
    /// A packet that a firewall made itself in answer to another one: it is RELATED to that one's connection, goes the
    /// other way, and makes no entry (`nf_ct_attach`).
    #[must_use]
    pub const fn answer(&self) -> Self {
        Self { state: CtState::Related, direction: self.direction.opposite(), pending: None, ..*self }
    }

    /// The same packet once its entry has been made.
    #[must_use]
    pub const fn confirmed(&self) -> Self {
        Self { pending: None, ..*self }
    }

    /// A packet that a rule exempts from tracking (`notrack`).
    pub const fn untracked() -> Self {
        Self::unknown(CtState::Untracked)
    }

    /// A packet that fits no connection and begins none.
    pub(super) const fn invalid() -> Self {
        Self::unknown(CtState::Invalid)
    }

    /// A packet of which only its state is known.
    pub(super) const fn unknown(state: CtState) -> Self {
        Self {
            state,
            expected: false,
            entry: None,
            replied: false,
            assured: false,
            nat: false,
            direction: Direction::Original,
            tuples: None,
            pending: None,
            end: SeqNr(0),
            helper: false,
            decided: [true; 2],
        }
    }

    /// What the packet must look like when it leaves.
    pub(in crate::firewall) fn target(&self) -> Option<Tuple> {
        let (original, reply) = self.tuples?;
        Some(match self.direction {
            Direction::Original => reply.reversed(),
            Direction::Reply => original.reversed(),
        })
    }

    /// The original and the reply tuple of its connection.
    pub const fn tuples(&self) -> Option<(Tuple, Tuple)> {
        self.tuples
    }

    /// Which way it goes, if it belongs to a connection.
    pub fn direction(&self) -> Option<Direction> {
        self.tuples.map(|_| self.direction)
    }

    pub(in crate::firewall) fn set_reply(&mut self, reply: Tuple, half: Half) {
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

    /// Whether another connection has announced its own (`ct helper`).
    pub const fn is_expected(&self) -> bool {
        self.expected
    }

    /// What `ct status` says, if it belongs to a connection.
    pub fn status(&self) -> Option<CtStatus> {
        let (original, reply) = self.tuples?;
        let bits = [
            (self.expected, CtStatus::EXPECTED),
            (self.replied, CtStatus::SEEN_REPLY),
            (self.assured, CtStatus::ASSURED),
            (self.entry.is_some(), CtStatus::CONFIRMED),
            (reply.to != original.from, CtStatus::SNAT),
            (reply.from != original.to, CtStatus::DNAT),
            (self.nat && self.decided[Half::Source as usize], CtStatus::SOURCE_DONE),
            (self.nat && self.decided[Half::Destination as usize], CtStatus::DESTINATION_DONE),
        ];
        Some(CtStatus(bits.into_iter().filter(|(set, _)| *set).fold(0, |word, (_, bit)| word | bit)))
    }
}
