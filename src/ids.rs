//! Small integer names for the things of a simulation, so that events and frames stay flat and cheap to copy.

use std::fmt;
use std::num::NonZeroU32;

macro_rules! index_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the table this id points into.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

index_id! {
    /// A node of the network.
    NodeId;
    /// A link between two nodes.
    LinkId;
    /// A firewall rule or chain policy, numbered over the whole network.
    RuleId;
    /// A packet, from the moment it is made until it is delivered or dies; a retransmission is a new packet.
    PacketId;
    /// A socket: a listener or one end of a TCP connection.
    SocketId;
    /// A TCP connection, named by its first SYN; both ends and every packet of it carry the same id.
    ConnectionId;
    /// An FTP session: a control connection and the data connections it arranges.
    SessionId;
    /// A connection tracking entry of one node.
    EntryId;
}

/// A frame of a trace. Counted from 1, as people count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(NonZeroU32);

impl FrameId {
    /// The id of the frame at `index` (from 0); `None` beyond four thousand million frames.
    pub fn from_index(index: usize) -> Option<Self> {
        u32::try_from(index + 1).ok().and_then(NonZeroU32::new).map(Self)
    }

    /// The position in the trace, from 0.
    pub const fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    /// The number shown to people, from 1.
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for FrameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
