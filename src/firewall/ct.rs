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

/// What the table knows of a connection (`ct status`), in the kernel's bits (`enum ip_conntrack_status`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CtStatus(pub u32);

impl CtStatus {
    /// Another connection has announced it.
    pub const EXPECTED: u32 = 1;
    /// There was an answer.
    pub const SEEN_REPLY: u32 = 1 << 1;
    /// Its handshake was seen to the end.
    pub const ASSURED: u32 = 1 << 2;
    /// Its first packet has got through.
    pub const CONFIRMED: u32 = 1 << 3;
    /// Its source is translated.
    pub const SNAT: u32 = 1 << 4;
    /// Its destination is translated.
    pub const DNAT: u32 = 1 << 5;
    /// NAT has decided about its source (`IPS_SRC_NAT_DONE`); no word of nftables asks for it.
    pub const SOURCE_DONE: u32 = 1 << 7;
    /// NAT has decided about its destination (`IPS_DST_NAT_DONE`).
    pub const DESTINATION_DONE: u32 = 1 << 8;
    /// Its entry is being removed. No packet sees that.
    pub const DYING: u32 = 1 << 9;
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
