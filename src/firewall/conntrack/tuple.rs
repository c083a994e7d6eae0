//! What a connection is known by.

use crate::packet::{Endpoint, Packet};

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// The same way.
    #[default]
    Original,
    /// The other way.
    Reply,
}

impl Direction {
    pub(in crate::firewall) const fn opposite(self) -> Self {
        match self {
            Self::Original => Self::Reply,
            Self::Reply => Self::Original,
        }
    }
}
