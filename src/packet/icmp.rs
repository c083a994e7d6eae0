//! ICMP (RFC 792) and `ICMPv6` (RFC 4443) error messages.

use super::{Endpoint, Packet};

/// Why a destination could not be reached. One vocabulary for both families; `code` gives the number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unreachable {
    /// No route to the network.
    Net,
    /// The host does not answer on its own link.
    Host,
    /// The transport protocol is unknown there.
    Protocol,
    /// Nothing listens on the port.
    Port,
    /// A firewall forbids the network (RFC 1812, 5.2.7.1).
    NetProhibited,
    /// A firewall forbids the host (RFC 1812, 5.2.7.1).
    HostProhibited,
    /// A firewall forbids the communication (RFC 1812, 5.2.7.1; RFC 4443, 3.1).
    AdminProhibited,
}

impl Unreachable {
    /// The code of a type 3 message (RFC 792, RFC 1122, RFC 1812).
    pub const fn v4_code(self) -> u8 {
        match self {
            Self::Net => 0,
            Self::Host => 1,
            Self::Protocol => 2,
            Self::Port => 3,
            Self::NetProhibited => 9,
            Self::HostProhibited => 10,
            Self::AdminProhibited => 13,
        }
    }

    /// The code of an `ICMPv6` type 1 message (RFC 4443, section 3.1), the nearest one where v6 has no twin.
    pub const fn v6_code(self) -> u8 {
        match self {
            Self::Net => 0,
            Self::NetProhibited | Self::HostProhibited | Self::AdminProhibited => 1,
            Self::Host => 3,
            Self::Protocol | Self::Port => 4,
        }
    }

    /// nftables' name for it in `reject with icmp type ...`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Net => "net-unreachable",
            Self::Host => "host-unreachable",
            Self::Protocol => "prot-unreachable",
            Self::Port => "port-unreachable",
            Self::NetProhibited => "net-prohibited",
            Self::HostProhibited => "host-prohibited",
            Self::AdminProhibited => "admin-prohibited",
        }
    }

    /// nftables' name for what [`Self::v6_code`] says.
    pub const fn v6_name(self) -> &'static str {
        match self {
            Self::Net => "no-route",
            Self::NetProhibited | Self::HostProhibited | Self::AdminProhibited => "admin-prohibited",
            Self::Host => "addr-unreachable",
            Self::Protocol | Self::Port => "port-unreachable",
        }
    }
}

/// An ICMP error and the packet that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Icmp {
    /// Destination unreachable.
    Unreachable {
        /// Why.
        reason: Unreachable,
        /// The head of the packet that could not be delivered.
        quoted: Packet,
    },
    /// The packet is larger than the next link takes: IPv4 destination unreachable, code 4 (RFC 1191, section 4);
    /// `ICMPv6` packet too big, type 2 (RFC 4443, section 3.2).
    TooBig {
        /// What the next link takes, in bytes of IP packet.
        mtu: u32,
        /// The head of the packet that was too large.
        quoted: Packet,
    },
    /// The TTL ran out on the way.
    TimeExceeded {
        /// The head of the packet that died.
        quoted: Packet,
    },
}

impl Icmp {
    /// The name in traces: nftables' where it has one.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreachable { reason, quoted } if quoted.src.is_ipv6() => reason.v6_name(),
            Self::Unreachable { reason, .. } => reason.name(),
            Self::TooBig { quoted, .. } if quoted.src.is_ipv4() => "frag-needed",
            Self::TooBig { .. } => "packet-too-big",
            Self::TimeExceeded { .. } => "time-exceeded",
        }
    }

    /// The packet that the error is about.
    pub const fn quoted(&self) -> &Packet {
        match self {
            Self::Unreachable { quoted, .. } | Self::TooBig { quoted, .. } | Self::TimeExceeded { quoted } => quoted,
        }
    }

    /// The same, to be changed.
    pub const fn quoted_mut(&mut self) -> &mut Packet {
        match self {
            Self::Unreachable { quoted, .. } | Self::TooBig { quoted, .. } | Self::TimeExceeded { quoted } => quoted,
        }
    }

    /// Source and destination of the packet it is about.
    pub fn about(&self) -> (Endpoint, Endpoint) {
        (self.quoted().source(), self.quoted().destination())
    }

    /// Length of the ICMP message in bytes: 8 of header, and the quoted packet as far as Linux quotes it (up to 576
    /// bytes of IPv4 by RFC 1812 4.3.2.3, up to the minimum MTU of 1280 for IPv6 by RFC 4443 2.4).
    pub fn len(&self) -> u32 {
        let quoted = self.quoted();
        let (header, limit) = if quoted.src.is_ipv4() { (20, 576) } else { (40, 1280) };
        8 + quoted.ip_len().min(limit - header - 8)
    }

    /// Never: an error has a header.
    pub const fn is_empty(&self) -> bool {
        false
    }
}
