//! A packet's true bytes, and packets from bytes.
//!
//! Modelled: Ethernet II without a check sequence, IPv4 (RFC 791; DF set, as Linux does with path MTU discovery) and
//! IPv6 (RFC 8200) without extension headers, TCP with its options (RFC 9293, section 3.1), ICMP errors with the packet
//! they quote (RFC 792; up to 576 bytes, RFC 1812, section 4.3.2.3) and `ICMPv6` errors (RFC 4443, section 2.4: up to
//! 1280 bytes). Every checksum is right. Not written: fragments, VLANs, ARP, neighbour discovery.
//!
//! What a [`Packet`] does not say is derived, so that the same trace gives the same bytes: the IPv4 identification is
//! the packet's own number (a packet keeps it from hop to hop and in quotes; captures have Linux's, see
//! `export::pcapng`), addresses of interfaces are locally administered ones made of the node's and the link's number, the
//! IPv6 flow label is a hash of addresses and ports.
//!
//! | file | subject |
//! |---|---|
//! | `wire` | values to bytes |
//! | `decode` | bytes from the IP header on to values |
//! | `link` | what stands in front of the IP header, by link type |
//! | `unread` | why a frame is not read |

mod decode;
mod link;
mod unread;

pub use decode::{Decoded, decode_ip};
pub use link::{decode, decode_ethernet};
pub use unread::{Layer, Unread};

use super::{Body, Flags, Icmp, Packet, Segment};
use crate::ids::{LinkId, NodeId};
use etherparse::{
    EtherType, Ethernet2Header, Icmpv4Header, Icmpv4Type, Icmpv6Header, Icmpv6Type, IpDscp, IpNumber, Ipv4Header,
    Ipv6FlowLabel, Ipv6Header, TcpHeader,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The largest IPv4 packet that carries an ICMP error (RFC 1812, section 4.3.2.3).
const ICMP_LIMIT: usize = 576;
/// The largest IPv6 packet that carries an `ICMPv6` error (RFC 4443, section 2.4).
const ICMPV6_LIMIT: usize = 1280;
/// Class selector 6 (RFC 2474, section 4.2.2.1).
const INTERNETWORK_CONTROL: IpDscp = IpDscp::CS6;
/// Header of an ICMP error in front of the quote.
const ICMP_HEADER: usize = 8;
const ICMP_UNREACHABLE: u8 = 3;
const ICMP_FRAGMENTATION_NEEDED: u8 = 4;
const ICMPV6_TOO_BIG: u8 = 2;
const ICMP_TIME_EXCEEDED: u8 = 11;
const ICMPV6_UNREACHABLE: u8 = 1;
const ICMPV6_TIME_EXCEEDED: u8 = 3;

/// An Ethernet address.
pub type Mac = [u8; 6];

/// The address of a node's interface on a link: locally administered (the second bit of the first byte), unicast.
pub const fn mac(node: NodeId, link: LinkId) -> Mac {
    let (node, link) = ((node.0 as u16).to_be_bytes(), (link.0 as u16).to_be_bytes());
    [0x02, 0x46, node[0], node[1], link[0], link[1]]
}

/// The packet as an Ethernet frame from one interface to another, without its check sequence.
pub fn ethernet(packet: &Packet, source: Mac, destination: Mac) -> Vec<u8> {
    let ether_type = if packet.src.is_ipv4() { EtherType::IPV4 } else { EtherType::IPV6 };
    let mut bytes = Ethernet2Header { source, destination, ether_type }.to_bytes().to_vec();
    bytes.extend(ip(packet));
    bytes
}

/// The packet from its IP header on. A packet whose addresses are of two families has no bytes.
pub fn ip(packet: &Packet) -> Vec<u8> {
    match (packet.src, packet.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => ipv4(packet, src, dst),
        (IpAddr::V6(src), IpAddr::V6(dst)) => ipv6(packet, src, dst),
        _ => Vec::new(),
    }
}

fn ipv4(packet: &Packet, src: Ipv4Addr, dst: Ipv4Addr) -> Vec<u8> {
    let (protocol, content) = match &packet.body {
        Body::Tcp(segment) => {
            let mut header = tcp_header(segment);
            header.checksum =
                header.calc_checksum_ipv4_raw(src.octets(), dst.octets(), &segment.payload).unwrap_or_default();
            (IpNumber::TCP, joined(&header.to_bytes(), &segment.payload))
        }
        Body::Icmp(icmp) => {
            let (type_u8, code_u8, bytes5to8) = match &**icmp {
                Icmp::Unreachable { reason, .. } => (ICMP_UNREACHABLE, reason.v4_code(), [0; 4]),
                // The next hop's MTU stands in the last two bytes (RFC 1191, section 4).
                Icmp::TooBig { mtu, .. } => (ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, (mtu & 0xffff).to_be_bytes()),
                Icmp::TimeExceeded { .. } => (ICMP_TIME_EXCEEDED, 0, [0; 4]),
            };
            let quote = quote(icmp, ICMP_LIMIT - Ipv4Header::MIN_LEN - ICMP_HEADER);
            let kind = Icmpv4Type::Unknown { type_u8, code_u8, bytes5to8 };
            (IpNumber::ICMP, joined(&Icmpv4Header::with_checksum(kind, &quote).to_bytes(), &quote))
        }
    };
    let is_error = protocol == IpNumber::ICMP;
    let mut header = Ipv4Header {
        total_len: (Ipv4Header::MIN_LEN + content.len()) as u16,
        identification: packet.id.0 as u16,
        // Linux sends errors with the precedence of internetwork control, and lets them be cut (`icmp_send`).
        dscp: if is_error { INTERNETWORK_CONTROL } else { IpDscp::ZERO },
        dont_fragment: !is_error,
        time_to_live: packet.ttl,
        protocol,
        source: src.octets(),
        destination: dst.octets(),
        ..Ipv4Header::default()
    };
    header.header_checksum = header.calc_header_checksum();
    joined(&header.to_bytes(), &content)
}

fn ipv6(packet: &Packet, src: Ipv6Addr, dst: Ipv6Addr) -> Vec<u8> {
    let (next_header, content) = match &packet.body {
        Body::Tcp(segment) => {
            let mut header = tcp_header(segment);
            header.checksum =
                header.calc_checksum_ipv6_raw(src.octets(), dst.octets(), &segment.payload).unwrap_or_default();
            (IpNumber::TCP, joined(&header.to_bytes(), &segment.payload))
        }
        Body::Icmp(icmp) => {
            let (type_u8, code_u8, bytes5to8) = match &**icmp {
                Icmp::Unreachable { reason, .. } => (ICMPV6_UNREACHABLE, reason.v6_code(), [0; 4]),
                Icmp::TooBig { mtu, .. } => (ICMPV6_TOO_BIG, 0, mtu.to_be_bytes()),
                Icmp::TimeExceeded { .. } => (ICMPV6_TIME_EXCEEDED, 0, [0; 4]),
            };
            let quote = quote(icmp, ICMPV6_LIMIT - Ipv6Header::LEN - ICMP_HEADER);
            let kind = Icmpv6Type::Unknown { type_u8, code_u8, bytes5to8 };
            let mut header = Icmpv6Header::new(kind);
            // Fails only beyond 4 GiB.
            let _ = header.update_checksum(src.octets(), dst.octets(), &quote);
            (IpNumber::IPV6_ICMP, joined(&header.to_bytes(), &quote))
        }
    };
    let header = Ipv6Header {
        payload_length: content.len() as u16,
        next_header,
        flow_label: flow_label(packet),
        hop_limit: packet.ttl,
        source: src.octets(),
        destination: dst.octets(),
        ..Ipv6Header::default()
    };
    joined(&header.to_bytes(), &content)
}

/// Each direction of a connection has a label of its own (RFC 6437; Linux's `auto_flowlabels`); errors have none.
fn flow_label(packet: &Packet) -> Ipv6FlowLabel {
    let Some(segment) = packet.tcp() else { return Ipv6FlowLabel::ZERO };
    let octets = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    };
    // FNV-1a over the halves of the four numbers.
    let words = [octets(packet.src), octets(packet.dst)].map(|ip| [(ip >> 64) as u64, ip as u64]);
    let ports = u64::from(segment.src_port) << 16 | u64::from(segment.dst_port);
    let hash = words.into_iter().flatten().chain([ports]).fold(0xcbf2_9ce4_8422_2325_u64, |hash, word| {
        let mixed = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        mixed ^ (mixed >> 29)
    });
    Ipv6FlowLabel::try_new((hash >> 40) as u32 & 0xf_ffff).unwrap_or(Ipv6FlowLabel::ZERO)
}

fn joined(head: &[u8], tail: &[u8]) -> Vec<u8> {
    [head, tail].concat()
}

/// The head of the packet that an error is about: it was whole when its checksums and lengths were written.
fn quote(icmp: &Icmp, limit: usize) -> Vec<u8> {
    let mut quote = ip(icmp.quoted());
    quote.truncate(limit);
    quote
}

fn tcp_header(segment: &Segment) -> TcpHeader {
    let mut header = TcpHeader::new(segment.src_port, segment.dst_port, segment.seq.0, segment.window);
    header.acknowledgment_number = segment.ack.0;
    header.fin = segment.flags.contains(Flags::FIN);
    header.syn = segment.flags.contains(Flags::SYN);
    header.rst = segment.flags.contains(Flags::RST);
    header.psh = segment.flags.contains(Flags::PSH);
    header.ack = segment.flags.contains(Flags::ACK);
    header.urg = segment.flags.contains(Flags::URG);
    // Fails only beyond 40 bytes of options.
    let _ = header.set_options_raw(&options(segment));
    header
}

/// The options of a segment as Linux writes them (`tcp_options_write`): each aligned to 4 bytes, `NOP` in front. The
/// one place to add an option; `decode` reads it.
fn options(segment: &Segment) -> Vec<u8> {
    const NOP: u8 = 1;
    const WINDOW_SCALE: [u8; 2] = [3, 3];
    const SACK_PERMITTED: [u8; 2] = [4, 2];
    const TIMESTAMPS: [u8; 2] = [8, 10];
    let mut options = Vec::with_capacity(segment.options_len() as usize);
    if let Some(mss) = segment.mss {
        options.extend([2, 4]);
        options.extend(mss.to_be_bytes());
    }
    if segment.timestamps.is_none() && segment.sack_permitted {
        options.extend([NOP; 2]);
    }
    if segment.timestamps.is_some() || segment.sack_permitted {
        options.extend(if segment.sack_permitted { SACK_PERMITTED } else { [NOP; 2] });
    }
    if let Some(timestamps) = segment.timestamps {
        options.extend(TIMESTAMPS);
        options.extend(timestamps.value.to_be_bytes());
        options.extend(timestamps.echo.to_be_bytes());
    }
    if let Some(shift) = segment.window_scale {
        options.push(NOP);
        options.extend(WINDOW_SCALE);
        options.push(shift);
    }
    if !segment.sack.is_empty() {
        options.extend([NOP, NOP, 5, 2 + 8 * segment.sack.len() as u8]);
        for (from, to) in &segment.sack {
            options.extend(from.0.to_be_bytes());
            options.extend(to.0.to_be_bytes());
        }
    }
    options
}

#[cfg(test)]
mod tests;
