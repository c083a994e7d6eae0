//! Why a frame is not read.

/// Why a captured frame gives no [`Packet`](crate::packet::Packet).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unread {
    /// A link type (pcap's `LINKTYPE_` number) that is not known.
    LinkType(u32),
    /// Another network protocol, by its Ethernet type (IEEE 802 numbers): ARP is 0x0806.
    EtherType(u16),
    /// An IEEE 802.2 frame without an Ethernet type (spanning tree, IPX), by its destination service access point.
    Llc(u8),
    /// A PPP frame that carries no IP, by its protocol number (RFC 1661, section 2): LCP is 0xc021.
    Ppp(u16),
    /// Another address family in a BSD loopback header.
    AddressFamily(u32),
    /// Another transport protocol, by its IP protocol number: UDP is 17, GRE 47.
    Protocol(u8),
    /// ICMP or `ICMPv6` that reports nothing about TCP (echo, neighbour discovery, an error about UDP).
    Icmp,
    /// A piece of an IP packet (RFC 791, section 3.2; RFC 8200, section 4.5).
    Fragment,
    /// The capture does not hold enough of it (a small snapshot length).
    Cut(Layer),
    /// A header that contradicts itself or the frame's length.
    Malformed(Layer),
    /// It belongs to an interface that the file does not describe.
    NoInterface,
}

/// The header that is not there or not right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The link's own: Ethernet, tags, labels, PPP.
    Link,
    /// IPv4 or IPv6 with its extension headers.
    Ip,
    /// TCP.
    Tcp,
    /// ICMP and the packet that an error quotes.
    Icmp,
}
