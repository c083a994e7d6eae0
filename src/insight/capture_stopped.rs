//! What a node lets through and what not, as captures at its interfaces show it: a SYN that came in at one and left by
//! none has been stopped.
//!
//! A SYN keeps its sequence number on its way (NAT and helpers leave the first one alone), so it is known again
//! whatever became of its addresses. What a node stops on its way out of its own stack, or in to it, is on no wire
//! and cannot be told from captures.

use super::capture_steps::Step;
use crate::message::{Message, say};
use crate::packet::{Body, Endpoint, Flags, Packet};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The connections that a node stops, each once. `own`: its addresses; `seen`: the packets at each of its interfaces.
pub fn stopped(own: &[IpAddr], seen: &[Vec<&Packet>]) -> Vec<Step> {
    // Where each SYN was seen, by its sequence number; and what answers there were, by whom they are for.
    let mut places: BTreeMap<u32, (BTreeSet<usize>, Endpoint, Endpoint)> = BTreeMap::new();
    let mut answers: BTreeMap<(usize, Endpoint, Endpoint), Message> = BTreeMap::new();
    for (place, packets) in seen.iter().enumerate() {
        for packet in packets {
            match &packet.body {
                Body::Tcp(segment) if segment.is_syn() => {
                    let entry = (BTreeSet::new(), packet.source(), packet.destination());
                    places.entry(segment.seq.0).or_insert(entry).0.insert(place);
                }
                Body::Tcp(segment) if segment.flags.contains(Flags::RST) => {
                    let key = (place, packet.destination(), packet.source());
                    answers.entry(key).or_insert_with(|| say!("with RST").into());
                }
                Body::Icmp(icmp) => {
                    let (from, to) = icmp.about();
                    answers.entry((place, from, to)).or_insert_with(|| say!("with ICMP {}", icmp.name()));
                }
                Body::Tcp(_) => {}
            }
        }
    }
    let mut found = BTreeMap::new();
    for (at, from, to) in places.into_values() {
        let (Some(&place), 1) = (at.first(), at.len()) else { continue };
        if own.contains(&from.ip) || own.contains(&to.ip) {
            continue;
        }
        let how = answers.get(&(place, from, to)).cloned().unwrap_or_else(|| say!("in silence").into());
        let port = |port: u16| if port < 1024 { port.to_string() } else { String::from("a high port") };
        let meaning = format!("stops {} {} > {} {} {how}", from.ip, port(from.port), to.ip, port(to.port));
        found.entry(meaning).or_insert_with(|| say!("stops the SYN {} > {} {}", from.to_string(), to.to_string(), how));
    }
    found.into_iter().map(|(meaning, shown)| Step { meaning, shown }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PacketId;
    use crate::packet::Segment;

    fn packet(from: &str, to: &str, flags: Flags, seq: u32) -> Packet {
        let (from, to): (std::net::SocketAddr, std::net::SocketAddr) = (from.parse().unwrap(), to.parse().unwrap());
        let segment = Segment {
            src_port: from.port(),
            dst_port: to.port(),
            seq: crate::packet::SeqNr(seq),
            flags,
            ..Segment::default()
        };
        let (src, dst) = (from.ip(), to.ip());
        Packet { id: PacketId(seq), tag: None, last_frame: None, src, dst, ttl: 64, body: Body::Tcp(segment) }
    }

    #[test]
    fn what_comes_in_and_does_not_leave_is_stopped() {
        let knock = packet("203.0.113.5:20", "192.168.1.10:50000", Flags::SYN, 7);
        let passes = packet("192.168.1.10:40000", "203.0.113.5:21", Flags::SYN, 8);
        let translated = packet("198.51.100.7:40000", "203.0.113.5:21", Flags::SYN, 8);
        let own = ["192.168.1.1".parse().unwrap(), "198.51.100.7".parse().unwrap()];
        let inside = vec![&passes];
        let found = stopped(&own, &[inside.clone(), vec![&translated, &knock, &knock]]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].meaning, "stops 203.0.113.5 20 > 192.168.1.10 a high port in silence");
        let rst = packet("192.168.1.10:50000", "203.0.113.5:20", Flags::RST, 0);
        let found = stopped(&own, &[inside, vec![&translated, &knock, &rst]]);
        assert!(found[0].meaning.ends_with("with RST"), "{found:?}");
    }
}
