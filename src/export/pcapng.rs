//! The trace as a packet capture in the pcapng format (draft-ietf-opsawg-pcapng): what a capture at every interface of
//! every node would hold.
//!
//! Each node's each interface is an interface of the file, named `node.interface`; a packet appears where it is sent
//! and again where it arrives. Time stamps are simulated nanoseconds, counted from 1970. A packet's last appearance at
//! the node where it came to its end has a comment that tells of that end: the verdict with its rule and line, or why
//! it was lost. What never reached a wire is in no capture: a node's own packets that its own firewall drops, packets
//! to itself. ARP is not modelled and not written.

use crate::firewall::Verdict;
use crate::ids::PacketId;
use crate::narrate::{Messages, sentence};
use crate::packet::{Body, Endpoint, Flags, Packet, wire};
use crate::time::Instant;
use crate::trace::{CapturePoint, Event, Trace};
use std::collections::BTreeMap;
use std::io;

const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const BYTE_ORDER_MAGIC: u32 = 0x1A2B_3C4D;
const LINKTYPE_ETHERNET: u32 = 1;
const OPT_END: u16 = 0;
const OPT_COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_MACADDR: u16 = 6;
const IF_TSRESOL: u16 = 9;
/// 10^-9 seconds.
const NANOSECONDS: u8 = 9;
/// Longer comments are cut: an option's length has 16 bits.
const LONGEST_COMMENT: usize = 4096;

/// Writes what was seen at these interfaces.
pub fn write_pcapng(
    trace: &Trace,
    messages: &Messages,
    points: &[CapturePoint],
    out: &mut impl io::Write,
) -> io::Result<()> {
    write_section_header(out)?;
    for point in points {
        write_interface(point, out)?;
    }
    let interfaces: BTreeMap<_, _> = points.iter().map(|point| (point.node, point.link)).zip(0_u32..).collect();
    let comments = comments(trace, messages);
    let identifications = identifications(trace);
    for (index, frame) in trace.frames.iter().enumerate() {
        let (packet, link, [from, to]) = match &frame.event {
            Event::Sent { packet, link, to, .. } => (*packet, *link, [frame.node, *to]),
            Event::Received { packet, link } => (*packet, *link, [trace.across(*link, frame.node), frame.node]),
            _ => continue,
        };
        let Some(interface) = interfaces.get(&(frame.node, link)).copied() else {
            continue;
        };
        let packet = renumbered(trace.packet(packet), &identifications);
        let bytes = wire::ethernet(&packet, wire::mac(from, link), wire::mac(to, link));
        write_packet(interface, frame.at, &bytes, comments.get(&index).map(String::as_str), out)?;
    }
    Ok(())
}

/// The IPv4 identification of each packet, as Linux numbers them: one after the other in each direction of a connection,
/// from a number that nobody can guess; 0 for what no socket sends, which is never cut: SYN-ACKs and the RST that
/// answers a segment without connection. A packet keeps it from hop to hop.
fn identifications(trace: &Trace) -> BTreeMap<PacketId, u16> {
    let mut numbers = BTreeMap::new();
    let mut next: BTreeMap<(Endpoint, Endpoint), u16> = BTreeMap::new();
    for frame in &trace.frames {
        let Event::Sent { packet, .. } = &frame.event else { continue };
        let packet = trace.packet(*packet);
        if numbers.contains_key(&packet.id) {
            continue;
        }
        let number = match packet.tcp() {
            Some(segment) if segment.flags.contains(Flags::SYN.with(Flags::ACK)) => 0,
            Some(segment) if segment.flags.contains(Flags::RST) && segment.timestamps.is_none() => 0,
            Some(segment) => {
                let start = (segment.seq.0 ^ (segment.seq.0 >> 16)) as u16;
                let next = next.entry((packet.source(), packet.destination())).or_insert(start);
                *next = next.wrapping_add(1);
                *next
            }
            None => packet.id.0.wrapping_mul(0x9e37) as u16,
        };
        numbers.insert(packet.id, number);
    }
    numbers
}

/// The packet, and the one that it quotes, with these identifications.
fn renumbered(packet: &Packet, identifications: &BTreeMap<PacketId, u16>) -> Packet {
    let number = |id: PacketId| identifications.get(&id).map_or(id, |number| PacketId(u32::from(*number)));
    let mut packet = packet.clone();
    packet.id = number(packet.id);
    if let Body::Icmp(icmp) = &mut packet.body {
        let quoted = icmp.quoted_mut();
        quoted.id = number(quoted.id);
    }
    packet
}

/// What there is to say of packets, by the frame of the appearance that it is said of.
fn comments(trace: &Trace, messages: &Messages) -> BTreeMap<usize, String> {
    let mut last = BTreeMap::new();
    let mut comments: BTreeMap<usize, String> = BTreeMap::new();
    for (id, frame) in trace.ids().zip(&trace.frames) {
        let Some(packet) = trace.packet_of(frame) else { continue };
        let key = (packet.id, frame.node);
        let note = match &frame.event {
            Event::Sent { .. } | Event::Received { .. } => {
                last.insert(key, id.index());
                continue;
            }
            Event::Verdict { verdict: Verdict::Drop | Verdict::Reject(_), .. } | Event::Lost { .. } => {
                sentence(messages, trace, id)
            }
            _ => continue,
        };
        if let Some(place) = last.get(&key) {
            let comment = comments.entry(*place).or_default();
            if !comment.is_empty() {
                comment.push('\n');
            }
            comment.push_str(&note);
        }
    }
    comments
}

fn write_section_header(out: &mut impl io::Write) -> io::Result<()> {
    let mut body = Vec::new();
    body.extend(BYTE_ORDER_MAGIC.to_le_bytes());
    body.extend(1_u16.to_le_bytes());
    body.extend(0_u16.to_le_bytes());
    // The section's length is not given.
    body.extend(u64::MAX.to_le_bytes());
    option(SHB_USERAPPL, concat!("ftpscope ", env!("CARGO_PKG_VERSION")).as_bytes(), &mut body);
    option(OPT_END, &[], &mut body);
    write_block(SECTION_HEADER, &body, out)
}

fn write_interface(point: &CapturePoint, out: &mut impl io::Write) -> io::Result<()> {
    let mut body = Vec::new();
    // Link type and two reserved bytes; then the longest capture: no limit.
    body.extend(LINKTYPE_ETHERNET.to_le_bytes());
    body.extend(0_u32.to_le_bytes());
    option(IF_NAME, point.name.as_bytes(), &mut body);
    option(IF_MACADDR, &wire::mac(point.node, point.link), &mut body);
    option(IF_TSRESOL, &[NANOSECONDS], &mut body);
    option(OPT_END, &[], &mut body);
    write_block(INTERFACE_DESCRIPTION, &body, out)
}

fn write_packet(
    interface: u32,
    at: Instant,
    bytes: &[u8],
    comment: Option<&str>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let nanoseconds = at.as_nanos();
    let length = bytes.len() as u32;
    let mut body = Vec::with_capacity(bytes.len() + 64);
    for number in [interface, (nanoseconds >> 32) as u32, nanoseconds as u32, length, length] {
        body.extend(number.to_le_bytes());
    }
    padded(bytes, &mut body);
    if let Some(comment) = comment {
        option(OPT_COMMENT, cut(comment, LONGEST_COMMENT).as_bytes(), &mut body);
        option(OPT_END, &[], &mut body);
    }
    write_block(ENHANCED_PACKET, &body, out)
}

fn option(code: u16, value: &[u8], body: &mut Vec<u8>) {
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    padded(value, body);
}

/// `bytes`, and zeros up to a multiple of 32 bits.
fn padded(bytes: &[u8], body: &mut Vec<u8>) {
    body.extend(bytes);
    body.resize(body.len().next_multiple_of(4), 0);
}

fn write_block(kind: u32, body: &[u8], out: &mut impl io::Write) -> io::Result<()> {
    let length = (body.len() as u32 + 12).to_le_bytes();
    out.write_all(&kind.to_le_bytes())?;
    out.write_all(&length)?;
    out.write_all(body)?;
    out.write_all(&length)
}

/// Where to cut a text that is too long without cutting a character.
fn cut(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}
