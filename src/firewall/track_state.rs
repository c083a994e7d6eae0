//! The states of a tracked TCP connection, as Linux's `nf_conntrack_proto_tcp` has them: what an observer in the
//! middle can know. Recorded on Linux 6.18: `tests/truth/conntrack.jsonl`.

use crate::packet::Flags;
use std::fmt;

/// The state of a tracked connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrackState {
    /// A SYN was seen.
    SynSent,
    /// A SYN of the other direction was seen as well: simultaneous open.
    SynSent2,
    /// A SYN-ACK was seen.
    SynReceived,
    /// The handshake is complete.
    Established,
    /// A FIN was seen.
    FinWait,
    /// The FIN was acknowledged.
    CloseWait,
    /// A second FIN was seen.
    LastAck,
    /// The last acknowledgement was seen.
    TimeWait,
    /// A RST was seen.
    Close,
}

/// What a segment does to a tracked connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The connection goes (or stays) there.
    To(TrackState),
    /// The segment passes, but the tracker does not know what to make of it.
    Ignore,
    /// The segment does not fit.
    Invalid,
}

/// What kind of segment it is, for the tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Syn,
    SynAck,
    Fin,
    Ack,
    Rst,
}

impl Kind {
    /// `None` for combinations of flags that no stack sends (NULL, XMAS, SYN with FIN, ...).
    pub(super) fn of(flags: Flags) -> Option<Self> {
        // URG may stand beside a lone SYN, FIN with ACK, and ACK (tcp_valid_flags).
        let urgent =
            flags.contains(Flags::URG) && (flags.contains(Flags::RST) || flags.contains(Flags::SYN.with(Flags::ACK)));
        if urgent {
            return None;
        }
        let meaningful = flags.bits() & !Flags::PSH.bits() & !Flags::URG.bits();
        match Flags::from_bits(meaningful) {
            Flags::SYN => Some(Self::Syn),
            Flags::ACK => Some(Self::Ack),
            Flags::RST => Some(Self::Rst),
            other if other == Flags::SYN.with(Flags::ACK) => Some(Self::SynAck),
            other if other == Flags::RST.with(Flags::ACK) => Some(Self::Rst),
            other if other == Flags::FIN.with(Flags::ACK) => Some(Self::Fin),
            _ => None,
        }
    }
}

impl TrackState {
    /// The state that a first segment begins with. An ACK is believed to belong to a connection that began before the
    /// tracker looked (`nf_conntrack_tcp_loose` = 1).
    pub(super) const fn first(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Syn => Some(Self::SynSent),
            Kind::Ack => Some(Self::Established),
            Kind::SynAck | Kind::Fin | Kind::Rst => None,
        }
    }

    /// What a segment of `kind` does, sent by the side that began the connection (`original`) or by the other.
    pub(super) const fn step(self, original: bool, kind: Kind) -> Step {
        use Step::{Ignore, Invalid, To};
        use TrackState::{Close, CloseWait, Established, FinWait, LastAck, SynReceived, SynSent, SynSent2, TimeWait};
        match (kind, self, original) {
            (Kind::Rst, _, _) => To(Close),
            (Kind::Syn, SynSent | TimeWait | Close, true) | (Kind::Syn, TimeWait, false) => To(SynSent),
            (Kind::Syn, SynSent2, _) | (Kind::Syn, SynSent, false) => To(SynSent2),
            (Kind::Syn, _, true) => Ignore,
            (Kind::SynAck, SynReceived | SynSent2, true) | (Kind::SynAck, SynSent | SynSent2, false) => To(SynReceived),
            (Kind::SynAck, _, false) | (Kind::Ack, SynSent | SynSent2, false) => Ignore,
            (Kind::Syn, _, false)
            | (Kind::SynAck, _, true)
            | (Kind::Fin, SynSent | SynSent2, _)
            | (Kind::Ack, SynSent | SynSent2, true) => Invalid,
            (Kind::Fin, SynReceived | Established, _) => To(FinWait),
            (Kind::Fin, FinWait | CloseWait | LastAck, _) => To(LastAck),
            (Kind::Ack, SynReceived, true) => To(Established),
            (Kind::Ack, FinWait | CloseWait, _) => To(CloseWait),
            (Kind::Ack, LastAck, _) => To(TimeWait),
            (Kind::Fin, TimeWait | Close, _) | (Kind::Ack, SynReceived | Established | TimeWait | Close, _) => To(self),
        }
    }

    /// conntrack's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SynSent => "SYN_SENT",
            Self::SynSent2 => "SYN_SENT2",
            Self::SynReceived => "SYN_RECV",
            Self::Established => "ESTABLISHED",
            Self::FinWait => "FIN_WAIT",
            Self::CloseWait => "CLOSE_WAIT",
            Self::LastAck => "LAST_ACK",
            Self::TimeWait => "TIME_WAIT",
            Self::Close => "CLOSE",
        }
    }
}

impl fmt::Display for TrackState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
