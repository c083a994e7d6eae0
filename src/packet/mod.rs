//! IP packets with their TCP or ICMP content, as plain typed values.
//!
//! What is modelled: addresses, TTL, TCP header fields and options that our stack uses, ICMP errors and the packet
//! they quote. What is not: fragments, IP options, checksums (a value cannot be corrupted; [`wire`] makes
//! bytes and checksums when somebody looks).
//!
//! | file | subject |
//! |---|---|
//! | `endpoint` | an IP address with a port |
//! | `icmp` | ICMP (RFC 792) and `ICMPv6` (RFC 4443) error messages |
//! | `tcp` | TCP segments (RFC 9293, section 3.1) |
//! | `wire` | a packet's true bytes, and packets from bytes |

mod endpoint;
mod icmp;
mod tcp;
pub mod wire;

pub use endpoint::Endpoint;
pub use icmp::{Icmp, Unreachable};
pub use tcp::{Flags, SackBlock, Segment, SeqNr, TIMESTAMPS_LEN, Timestamps};

use crate::ids::{ConnectionId, FrameId, PacketId, SessionId};
use std::net::IpAddr;

/// FTP's two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// The control (command) connection: client to port 21.
    Control,
    /// A data connection: one for each transfer.
    Data,
}

impl Channel {
    /// The name used in traces: `control` or `data`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Data => "data",
        }
    }
}

/// Which conversation a packet or a frame belongs to. Simulation knowledge: it is never on the wire, and no firewall
/// or stack reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// The TCP connection; `None` for a listener, which belongs to a session but to no connection yet.
    pub connection: Option<ConnectionId>,
    /// The FTP session that it belongs to.
    pub session: SessionId,
    /// What the connection carries.
    pub channel: Channel,
}

/// An IP packet on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Its name in the trace.
    pub id: PacketId,
    /// The conversation it belongs to.
    pub tag: Option<Tag>,
    /// The last frame that told of this packet: the cause of whatever happens to it next.
    pub last_frame: Option<FrameId>,
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Hops left (IPv4 TTL, IPv6 hop limit).
    pub ttl: u8,
    /// What it carries.
    pub body: Body,
}

/// The transport part of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A TCP segment.
    Tcp(Segment),
    /// An ICMP or `ICMPv6` error. Boxed: rare, and larger than a segment.
    Icmp(Box<Icmp>),
}

/// The TTL that Linux gives to a new packet (`net.ipv4.ip_default_ttl`).
pub const DEFAULT_TTL: u8 = 64;
/// Ethernet header; the link carries this much more than the IP packet.
pub const ETHERNET_HEADER: u32 = 14;

impl Packet {
    /// The TCP segment inside, if it is one.
    pub const fn tcp(&self) -> Option<&Segment> {
        match &self.body {
            Body::Tcp(segment) => Some(segment),
            Body::Icmp(_) => None,
        }
    }

    /// Source address and port; port 0 for ICMP.
    pub fn source(&self) -> Endpoint {
        Endpoint::new(self.src, self.tcp().map_or(0, |s| s.src_port))
    }

    /// Destination address and port; port 0 for ICMP.
    pub fn destination(&self) -> Endpoint {
        Endpoint::new(self.dst, self.tcp().map_or(0, |s| s.dst_port))
    }

    /// Length of the IP packet in bytes.
    pub fn ip_len(&self) -> u32 {
        let header = if self.src.is_ipv4() { 20 } else { 40 };
        header
            + match &self.body {
                Body::Tcp(segment) => segment.header_len() + segment.payload.len() as u32,
                Body::Icmp(icmp) => icmp.len(),
            }
    }

    /// Length on an Ethernet link in bytes, without preamble and frame check sequence.
    pub fn wire_len(&self) -> u32 {
        self.ip_len() + ETHERNET_HEADER
    }
}
