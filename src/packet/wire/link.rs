//! What stands in front of the IP header, by link type.
//!
//! Read are Ethernet II and IEEE 802.2 with SNAP (RFC 1042), any number of VLAN tags (IEEE 802.1Q, 802.1ad and the
//! types that were used before it), MPLS label stacks (RFC 3032), PPP (RFC 1661; RFC 1662 framing or none), `PPPoE`
//! sessions (RFC 2516), Cisco HDLC, the loopback headers of the BSDs, Linux cooked captures and plain IP. Numbers of
//! link types are those of the capture files (<https://www.tcpdump.org/linktypes.html>).

use super::{Decoded, Layer, Unread, decode_ip};

/// Tags and labels that one frame may have in front of its IP header.
const MOST_TAGS: usize = 16;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// IEEE 802.1Q, 802.1ad, and what stacked tags were called before the latter.
const VLAN: [u16; 5] = [0x8100, 0x88a8, 0x9100, 0x9200, 0x9300];
const MPLS: [u16; 2] = [0x8847, 0x8848];
const PPPOE_SESSION: u16 = 0x8864;
/// Smaller numbers are lengths (IEEE 802.3, section 3.2.6).
const LEAST_ETHER_TYPE: u16 = 0x0600;
/// PPP's protocol numbers (RFC 1332, RFC 5072, RFC 3032).
const PPP_IPV4: u16 = 0x0021;
const PPP_IPV6: u16 = 0x0057;
const PPP_MPLS: [u16; 2] = [0x0281, 0x0283];

/// Reads a captured frame of a link type. `frame` may be shorter than it was on the line.
pub fn decode(link_type: u32, frame: &[u8]) -> Result<Decoded, Unread> {
    let after = |header: usize| frame.get(header..).ok_or(Unread::Cut(Layer::Link));
    match link_type {
        // NULL and LOOP, the latter also under its old number.
        0 | 12 if is_loopback(link_type, frame) => loopback(frame),
        108 => loopback(frame),
        1 => decode_ethernet(frame),
        9 | 50 => ppp_or_hdlc(frame),
        51 => pppoe(frame),
        // RAW, as files and as the BSDs number it; IPV4; IPV6.
        12 | 14 | 101 | 228 | 229 => decode_ip(frame),
        104 => hdlc(frame),
        // Linux cooked: the protocol stands last, in the second version first.
        113 => protocol(word(frame, 14)?, after(16)?),
        276 => protocol(word(frame, 0)?, after(20)?),
        _ => Err(Unread::LinkType(link_type)),
    }
}

/// Reads an Ethernet frame, without its check sequence.
pub fn decode_ethernet(frame: &[u8]) -> Result<Decoded, Unread> {
    protocol(word(frame, 12)?, frame.get(14..).unwrap_or_default())
}

/// Two bytes in network order.
fn word(bytes: &[u8], at: usize) -> Result<u16, Unread> {
    let pair = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Unread::Cut(Layer::Link))?;
    Ok(u16::from_be_bytes(*pair))
}

/// What an Ethernet type (or a length) announces.
fn protocol(mut kind: u16, mut rest: &[u8]) -> Result<Decoded, Unread> {
    for _ in 0..MOST_TAGS {
        match kind {
            IPV4 | IPV6 => return decode_ip(rest),
            kind if MPLS.contains(&kind) => return mpls(rest),
            PPPOE_SESSION => return pppoe(rest),
            tag if VLAN.contains(&tag) => {
                kind = word(rest, 2)?;
                rest = rest.get(4..).unwrap_or_default();
            }
            // SNAP in unnumbered information: an Ethernet type after all.
            length if length < LEAST_ETHER_TYPE => {
                let head = rest.get(..3).ok_or(Unread::Cut(Layer::Link))?;
                if head != [0xaa, 0xaa, 0x03] || rest.get(3..6).is_some_and(|owner| owner != [0; 3]) {
                    return Err(Unread::Llc(head[0]));
                }
                kind = word(rest, 6)?;
                rest = rest.get(8..).unwrap_or_default();
            }
            other => return Err(Unread::EtherType(other)),
        }
    }
    Err(Unread::Malformed(Layer::Link))
}

/// A stack of labels, the last with the bottom bit; what follows says by itself what it is (RFC 3032, section 2.2).
fn mpls(mut rest: &[u8]) -> Result<Decoded, Unread> {
    for _ in 0..MOST_TAGS {
        let label = rest.first_chunk::<4>().ok_or(Unread::Cut(Layer::Link))?;
        rest = &rest[4..];
        if label[2] & 1 == 1 {
            return match rest.first().map(|first| first >> 4) {
                None => Err(Unread::Cut(Layer::Ip)),
                Some(4 | 6) => decode_ip(rest),
                // Ethernet behind a control word (RFC 4448).
                Some(0) if rest.len() > 4 => decode_ethernet(&rest[4..]),
                Some(_) => Err(Unread::EtherType(MPLS[0])),
            };
        }
    }
    Err(Unread::Malformed(Layer::Link))
}

/// Version 1, type 1, code 0: data of a session.
fn pppoe(bytes: &[u8]) -> Result<Decoded, Unread> {
    let head = bytes.get(..6).ok_or(Unread::Cut(Layer::Link))?;
    match head[..2] {
        [0x11, 0] => ppp(&bytes[6..]),
        [0x11, _] => Err(Unread::EtherType(0x8863)),
        _ => Err(Unread::Malformed(Layer::Link)),
    }
}

/// PPP from its protocol number on, which has one byte where the two ends agreed so (RFC 1661, section 6.5).
fn ppp(bytes: &[u8]) -> Result<Decoded, Unread> {
    let first = *bytes.first().ok_or(Unread::Cut(Layer::Link))?;
    let (kind, rest) = if first & 1 == 1 { (u16::from(first), &bytes[1..]) } else { (word(bytes, 0)?, &bytes[2..]) };
    match kind {
        PPP_IPV4 | PPP_IPV6 => decode_ip(rest),
        kind if PPP_MPLS.contains(&kind) => mpls(rest),
        other => Err(Unread::Ppp(other)),
    }
}

/// PPP with or without the address and control bytes of its HDLC-like framing (RFC 1662, section 3.1); on serial lines
/// Cisco's HDLC is told by its address.
fn ppp_or_hdlc(frame: &[u8]) -> Result<Decoded, Unread> {
    match frame {
        [0xff, 0x03, rest @ ..] => ppp(rest),
        [0x0f | 0x8f, 0, ..] => hdlc(frame),
        _ => ppp(frame),
    }
}

/// Cisco HDLC: address, control, Ethernet type (RFC 1547, section 4.3.1).
fn hdlc(frame: &[u8]) -> Result<Decoded, Unread> {
    protocol(word(frame, 2)?, frame.get(4..).unwrap_or_default())
}

/// Link type 12 is the loopback of `OpenBSD` and raw IP elsewhere; IP begins with its version, a family's number
/// never does. Link type 0 has PPP in it where the first bytes say so.
fn is_loopback(link_type: u32, frame: &[u8]) -> bool {
    link_type == 0 || frame.first() == Some(&0)
}

/// The address family in the byte order of whoever captured (NULL) or of the network (LOOP): the smaller reading of
/// the two is meant, families are small numbers.
fn loopback(frame: &[u8]) -> Result<Decoded, Unread> {
    if let [0xff, 0x03, rest @ ..] = frame {
        return ppp(rest);
    }
    let head = frame.first_chunk::<4>().ok_or(Unread::Cut(Layer::Link))?;
    let family = u32::from_be_bytes(*head).min(u32::from_le_bytes(*head));
    match family {
        // AF_INET everywhere; AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin.
        2 | 10 | 23 | 24 | 28 | 30 => decode_ip(&frame[4..]),
        // Some write an Ethernet type instead.
        other => match u16::try_from(other) {
            Ok(kind) if kind >= LEAST_ETHER_TYPE => protocol(kind, &frame[4..]),
            _ => Err(Unread::AddressFamily(other)),
        },
    }
}
