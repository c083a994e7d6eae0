//! The words of connection tracking: what rules ask of a packet's connection, and NAT and the helper of the table.
//!
//! They have a file of their own because rules, the table, NAT and the helper all use them and must not use each other
//! for that.

use std::fmt;

/// What connection tracking thinks of a packet (`ct state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CtState {
    /// It would begin a connection that nobody announced.
    New,
    /// It belongs to a connection that was seen in both directions, or answers one.
    Established,
    /// It begins a connection that another one announced, or is an ICMP error about one.
    Related,
    /// It fits nothing.
    Invalid,
    /// It was exempted from tracking.
    Untracked,
}

impl CtState {
    /// All states, in nftables' order.
    pub const ALL: [Self; 5] = [Self::Invalid, Self::New, Self::Established, Self::Related, Self::Untracked];

    /// nftables' name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Established => "established",
            Self::Related => "related",
            Self::Invalid => "invalid",
            Self::Untracked => "untracked",
        }
    }
}

impl fmt::Display for CtState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What NAT does to a connection (`ct status`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CtStatus {
    /// Its source is translated.
    pub snat: bool,
    /// Its destination is translated.
    pub dnat: bool,
}

/// Which way a packet goes, seen from the one that made the entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// The same way.
    #[default]
    Original,
    /// The other way.
    Reply,
}

impl Direction {
    pub(super) const fn opposite(self) -> Self {
        match self {
            Self::Original => Self::Reply,
            Self::Reply => Self::Original,
        }
    }
}

/// Which half of a packet is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The destination: at prerouting and output.
    Destination,
    /// The source: at postrouting and input.
    Source,
}
