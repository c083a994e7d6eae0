//! A packet from its IP header on.
//!
//! Read are IPv4 with options, IPv6 with extension headers (RFC 8200, section 4; authentication RFC 4302), TCP, and
//! ICMP errors about TCP with the packet that they quote.

use super::{
    ICMP_FRAGMENTATION_NEEDED, ICMP_HEADER, ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE, ICMPV6_TIME_EXCEEDED, ICMPV6_TOO_BIG,
    ICMPV6_UNREACHABLE, Layer, Unread,
};
use crate::ids::PacketId;
use crate::packet::{Body, Flags, Icmp, Packet, Segment, SeqNr, Timestamps, Unreachable};
use bytes::Bytes;
use etherparse::{IpNumber, Ipv4Header, Ipv6Header, TcpOptionElement, TcpOptionsIterator};
use std::net::{IpAddr, Ipv4Addr};

/// Extension headers that one packet may have.
const MOST_EXTENSIONS: usize = 16;

/// A packet as it was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What there is of it.
    pub packet: Packet,
    /// Bytes of its payload that were on the line and are not in the capture (a small snapshot length): sequence
    /// numbers go on behind them.
    pub missing: u32,
}

impl From<Packet> for Decoded {
    fn from(packet: Packet) -> Self {
        Self { packet, missing: 0 }
    }
}

/// Reads a packet from its IP header on. Checksums are not held against the content: captures are often made before
/// the network card fills them in. A segment whose payload was cut short is read as far as it goes.
pub fn decode_ip(bytes: &[u8]) -> Result<Decoded, Unread> {
    decode(bytes, true)
}

/// `with_errors`: whether ICMP is read; an error is never about an error (RFC 1122, section 3.2.2).
fn decode(bytes: &[u8], with_errors: bool) -> Result<Decoded, Unread> {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => {
            let short =
                if usize::from(bytes[0] & 0xf) * 4 < Ipv4Header::MIN_LEN { Unread::Malformed } else { Unread::Cut };
            let (header, rest) = Ipv4Header::from_slice(bytes).map_err(|_| short(Layer::Ip))?;
            if header.fragment_offset.value() != 0 || header.more_fragments && with_errors {
                return Err(Unread::Fragment);
            }
            // Captures from before the network card cuts a large packet up (TSO) have no length.
            let length = match usize::from(header.total_len) {
                0 => rest.len(),
                length => length.checked_sub(header.header_len()).ok_or(Unread::Malformed(Layer::Ip))?,
            };
            // What follows the packet is the link's padding.
            let content = &rest[..rest.len().min(length)];
            let (body, missing) = body(header.protocol, content, length, with_errors)?;
            let (src, dst) = (Ipv4Addr::from(header.source).into(), Ipv4Addr::from(header.destination).into());
            let id = PacketId(u32::from(header.identification));
            Ok(decoded(id, src, dst, header.time_to_live, body, missing))
        }
        Some(6) => {
            let (header, rest) = Ipv6Header::from_slice(bytes).map_err(|_| Unread::Cut(Layer::Ip))?;
            let length = match usize::from(header.payload_length) {
                0 => rest.len(),
                length => length,
            };
            let content = &rest[..rest.len().min(length)];
            let (protocol, skipped) = extensions(header.next_header, content, length)?;
            let (body, missing) = body(protocol, &content[skipped..], length - skipped, with_errors)?;
            let (src, dst) = (header.source_addr().into(), header.destination_addr().into());
            Ok(decoded(PacketId(0), src, dst, header.hop_limit, body, missing))
        }
        Some(_) => Err(Unread::Malformed(Layer::Ip)),
        None => Err(Unread::Cut(Layer::Ip)),
    }
}

fn decoded(id: PacketId, src: IpAddr, dst: IpAddr, ttl: u8, body: Body, missing: u32) -> Decoded {
    Decoded { packet: Packet { id, tag: None, last_frame: None, src, dst, ttl, body }, missing }
}

/// The protocol behind the extension headers, and how long they are. `length`: of all that follows the fixed header.
fn extensions(mut next: IpNumber, content: &[u8], length: usize) -> Result<(IpNumber, usize), Unread> {
    let mut at = 0;
    for _ in 0..MOST_EXTENSIONS {
        let is_fragment = next == IpNumber::IPV6_FRAGMENTATION_HEADER;
        let is_authentication = next == IpNumber::AUTHENTICATION_HEADER;
        let in_eights = [
            IpNumber::IPV6_HEADER_HOP_BY_HOP,
            IpNumber::IPV6_ROUTE_HEADER,
            IpNumber::IPV6_DESTINATION_OPTIONS,
            IpNumber::MOBILITY_HEADER,
            IpNumber::HIP,
            IpNumber::SHIM6,
        ];
        if !is_fragment && !is_authentication && !in_eights.contains(&next) {
            return Ok((next, at));
        }
        let head = content.get(at..).and_then(|rest| rest.first_chunk::<8>()).ok_or(Unread::Cut(Layer::Ip))?;
        // Offset 0 and nothing to follow: a whole packet all the same (RFC 6946).
        if is_fragment && u16::from_be_bytes([head[2], head[3]]) & 0xfff9 != 0 {
            return Err(Unread::Fragment);
        }
        at += match head[1] {
            _ if is_fragment => 8,
            words if is_authentication => (usize::from(words) + 2) * 4,
            eights => (usize::from(eights) + 1) * 8,
        };
        if at > length {
            return Err(Unread::Malformed(Layer::Ip));
        }
        if at > content.len() {
            return Err(Unread::Cut(Layer::Ip));
        }
        next = IpNumber(head[0]);
    }
    Err(Unread::Malformed(Layer::Ip))
}

/// `content`: what was captured of `length` bytes. With what of the payload is missing.
fn body(protocol: IpNumber, content: &[u8], length: usize, with_errors: bool) -> Result<(Body, u32), Unread> {
    match protocol {
        IpNumber::TCP => {
            let (segment, missing) = match segment(content, length) {
                // The least that an error quotes is the ports and the sequence number (RFC 792).
                Err(_) if !with_errors => (head_of_segment(content).ok_or(Unread::Cut(Layer::Icmp))?, 0),
                read => read?,
            };
            Ok((Body::Tcp(segment), missing))
        }
        IpNumber::ICMP | IpNumber::IPV6_ICMP if with_errors => {
            Ok((Body::Icmp(Box::new(error(content, protocol == IpNumber::ICMP)?)), 0))
        }
        // An error about an error, or about an echo.
        IpNumber::ICMP | IpNumber::IPV6_ICMP => Err(Unread::Icmp),
        other => Err(Unread::Protocol(other.0)),
    }
}

fn error(content: &[u8], v4: bool) -> Result<Icmp, Unread> {
    let kind = *content.first().ok_or(Unread::Cut(Layer::Icmp))?;
    let is_error = match kind {
        ICMP_UNREACHABLE | ICMP_TIME_EXCEEDED if v4 => true,
        kind => !v4 && matches!(kind, ICMPV6_UNREACHABLE | ICMPV6_TOO_BIG | ICMPV6_TIME_EXCEEDED),
    };
    if !is_error {
        return Err(Unread::Icmp);
    }
    let (head, quote) = content.split_at_checked(ICMP_HEADER).ok_or(Unread::Cut(Layer::Icmp))?;
    let code = head[1];
    let quoted = match decode(quote, false) {
        Ok(decoded) => decoded.packet,
        Err(Unread::Protocol(_) | Unread::Icmp) => return Err(Unread::Icmp),
        Err(Unread::Malformed(_)) => return Err(Unread::Malformed(Layer::Icmp)),
        Err(Unread::Cut(_)) => return Err(Unread::Cut(Layer::Icmp)),
        Err(other) => return Err(other),
    };
    let next_mtu = || u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
    match (v4, kind) {
        // The MTU has the last two bytes (RFC 1191, section 4).
        (true, ICMP_UNREACHABLE) if code == ICMP_FRAGMENTATION_NEEDED => {
            Ok(Icmp::TooBig { mtu: next_mtu() & 0xffff, quoted })
        }
        (false, ICMPV6_TOO_BIG) => Ok(Icmp::TooBig { mtu: next_mtu(), quoted }),
        (true, ICMP_UNREACHABLE) => {
            Ok(Icmp::Unreachable { reason: reason(code, Unreachable::v4_code).ok_or(Unread::Icmp)?, quoted })
        }
        (false, ICMPV6_UNREACHABLE) => Ok(Icmp::Unreachable { reason: reason_v6(code).ok_or(Unread::Icmp)?, quoted }),
        _ => Ok(Icmp::TimeExceeded { quoted }),
    }
}

pub(super) const REASONS: [Unreachable; 7] = [
    Unreachable::Net,
    Unreachable::Host,
    Unreachable::Protocol,
    Unreachable::Port,
    Unreachable::NetProhibited,
    Unreachable::HostProhibited,
    Unreachable::AdminProhibited,
];

fn reason(code: u8, of: fn(Unreachable) -> u8) -> Option<Unreachable> {
    REASONS.into_iter().find(|reason| of(*reason) == code)
}

/// Where several reasons share a code, the one that nftables names.
fn reason_v6(code: u8) -> Option<Unreachable> {
    match code {
        1 => Some(Unreachable::AdminProhibited),
        4 => Some(Unreachable::Port),
        _ => reason(code, Unreachable::v6_code),
    }
}

/// A segment of `length` bytes with its header, of which `content` was captured: its fixed header at least.
fn segment(content: &[u8], length: usize) -> Result<(Segment, u32), Unread> {
    const FIXED: usize = 20;
    if length < FIXED {
        return Err(Unread::Malformed(Layer::Tcp));
    }
    let head: &[u8; FIXED] = content.first_chunk().ok_or(Unread::Cut(Layer::Tcp))?;
    let header = usize::from(head[12] >> 4) * 4;
    if header < FIXED || header > length {
        return Err(Unread::Malformed(Layer::Tcp));
    }
    let pair = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let number = |at: usize| u32::from(pair(at)) << 16 | u32::from(pair(at + 2));
    let mut segment = bare_segment(pair(0), pair(2), number(4));
    segment.ack = SeqNr(number(8));
    segment.flags = Flags::from_bits(head[13]);
    segment.window = pair(14);
    let payload = content.get(header..).unwrap_or_default();
    segment.payload = Bytes::copy_from_slice(payload);
    let options = &content[FIXED..header.min(content.len())];
    for option in TcpOptionsIterator::from_slice(options).map_while(Result::ok) {
        take_option(&mut segment, &option);
    }
    Ok((segment, (length - header - payload.len()) as u32))
}

fn head_of_segment(content: &[u8]) -> Option<Segment> {
    let head: &[u8; 8] = content.first_chunk()?;
    let number = u64::from_be_bytes(*head);
    Some(bare_segment((number >> 48) as u16, (number >> 32) as u16, number as u32))
}

fn bare_segment(src_port: u16, dst_port: u16, seq: u32) -> Segment {
    Segment { src_port, dst_port, seq: SeqNr(seq), ..Segment::default() }
}

/// Puts an option that was read where a segment keeps it; one that it does not know is dropped.
fn take_option(segment: &mut Segment, option: &TcpOptionElement) {
    match option {
        TcpOptionElement::MaximumSegmentSize(mss) => segment.mss = Some(*mss),
        TcpOptionElement::WindowScale(shift) => segment.window_scale = Some(*shift),
        TcpOptionElement::SelectiveAcknowledgementPermitted => segment.sack_permitted = true,
        TcpOptionElement::Timestamp(value, echo) => {
            segment.timestamps = Some(Timestamps { value: *value, echo: *echo });
        }
        TcpOptionElement::SelectiveAcknowledgement(first, more) => {
            let all = std::iter::once(Some(*first)).chain(*more).flatten();
            segment.sack = all.map(|(from, to)| (SeqNr(from), SeqNr(to))).collect();
        }
        TcpOptionElement::Noop => {}
    }
}
