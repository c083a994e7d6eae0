//! Bytes and back.

use super::decode::REASONS;
use super::*;
use crate::ids::PacketId;
use crate::packet::{SeqNr, Timestamps, Unreachable};
use proptest::prelude::*;

fn addresses() -> impl Strategy<Value = (IpAddr, IpAddr)> {
    prop_oneof![
        any::<(Ipv4Addr, Ipv4Addr)>().prop_map(|(a, b)| (a.into(), b.into())),
        any::<(Ipv6Addr, Ipv6Addr)>().prop_map(|(a, b)| (a.into(), b.into())),
    ]
}

/// Options as a SYN or another segment may have them: never more than 40 bytes.
fn options() -> impl Strategy<Value = Segment> {
    let timestamps = || proptest::option::of(any::<(u32, u32)>());
    let stamp = |pair: Option<(u32, u32)>| pair.map(|(value, echo)| Timestamps { value, echo });
    let syn = (any::<Option<u16>>(), proptest::option::of(0_u8..15), any::<bool>(), timestamps()).prop_map(
        move |(mss, window_scale, sack_permitted, pair)| Segment {
            mss,
            window_scale,
            sack_permitted,
            timestamps: stamp(pair),
            ..Segment::default()
        },
    );
    let other = (proptest::collection::vec(any::<(u32, u32)>(), 0..4), timestamps()).prop_map(move |(blocks, pair)| {
        let sack = blocks.into_iter().map(|(from, to)| (SeqNr(from), SeqNr(to))).collect();
        Segment { sack, timestamps: stamp(pair), ..Segment::default() }
    });
    prop_oneof![syn, other]
}

fn tcp_packet() -> impl Strategy<Value = Packet> {
    let numbers = (any::<u16>(), any::<u16>(), any::<u32>(), any::<u32>(), any::<u8>(), any::<u16>());
    let rest = (options(), proptest::collection::vec(any::<u8>(), 0..1461), any::<u16>(), any::<u8>());
    (addresses(), numbers, rest).prop_map(|((src, dst), numbers, (options, payload, id, ttl))| {
        let (src_port, dst_port, seq, ack, flags, window) = numbers;
        let mut segment = Segment { src_port, dst_port, seq: SeqNr(seq), ..options };
        segment.ack = SeqNr(ack);
        segment.flags = Flags::from_bits(flags);
        segment.window = window;
        segment.payload = payload.into();
        let id = PacketId(if src.is_ipv4() { u32::from(id) } else { 0 });
        Packet { id, tag: None, last_frame: None, src, dst, ttl, body: Body::Tcp(segment) }
    })
}

/// The Internet checksum over everything that it covers, itself included, is 0 (RFC 1071).
fn sum(parts: &[&[u8]]) -> u16 {
    let mut bytes = parts.concat();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    let mut sum: u32 = bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn check_sums(packet: &Packet) {
    let bytes = ip(packet);
    assert_eq!(bytes.len(), packet.ip_len() as usize, "the engine reckons with the length on the wire");
    match (packet.src, packet.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            assert_eq!(sum(&[&bytes[..20]]), 0);
            let content = &bytes[20..];
            match packet.body {
                Body::Icmp(_) => assert_eq!(sum(&[content]), 0),
                Body::Tcp(_) => {
                    let length = (content.len() as u16).to_be_bytes();
                    assert_eq!(sum(&[&src.octets(), &dst.octets(), &[0, 6], &length, content]), 0);
                }
            }
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            let content = &bytes[40..];
            let length = (content.len() as u32).to_be_bytes();
            let next = if packet.tcp().is_some() { 6 } else { 58 };
            assert_eq!(sum(&[&src.octets(), &dst.octets(), &length, &[0, 0, 0, next], content]), 0);
        }
        _ => unreachable!(),
    }
}

fn error(quoted: Packet, reason: Option<Unreachable>) -> Packet {
    let icmp = match reason {
        Some(reason) => Icmp::Unreachable { reason, quoted: quoted.clone() },
        None => Icmp::TimeExceeded { quoted: quoted.clone() },
    };
    Packet { src: quoted.dst, dst: quoted.src, body: Body::Icmp(Box::new(icmp)), ..quoted }
}

proptest! {
    #[test]
    fn segments_survive_the_wire(packet in tcp_packet()) {
        check_sums(&packet);
        prop_assert_eq!(decode_ethernet(&ethernet(&packet, [2; 6], [4; 6])), Ok(packet.into()));
    }

    #[test]
    fn errors_survive_the_wire(quoted in tcp_packet(), reason in proptest::option::of(proptest::sample::select(&REASONS[..]))) {
        let packet = error(quoted.clone(), reason);
        check_sums(&packet);
        let read = decode_ip(&ip(&packet)).unwrap().packet;
        prop_assert_eq!((read.src, read.dst, read.ttl), (packet.src, packet.dst, packet.ttl));
        let Body::Icmp(icmp) = read.body else { panic!("an error stays an error") };
        match (&*icmp, reason) {
            (Icmp::Unreachable { reason: read, .. }, Some(reason)) if packet.src.is_ipv4() => prop_assert_eq!(*read, reason),
            (Icmp::Unreachable { reason: read, .. }, Some(reason)) => prop_assert_eq!(read.v6_code(), reason.v6_code()),
            (Icmp::TimeExceeded { .. }, None) => {}
            other => panic!("{other:?}"),
        }
        let (read, sent) = (icmp.quoted().tcp().unwrap(), quoted.tcp().unwrap());
        prop_assert!(sent.payload.starts_with(&read.payload));
        prop_assert_eq!(&Segment { payload: sent.payload.clone(), ..read.clone() }, sent);
    }

    #[test]
    fn hostile_bytes_are_no_danger(bytes in proptest::collection::vec(any::<u8>(), 0..200), version in prop_oneof![Just(0x45_u8), Just(0x60), any::<u8>()]) {
        let mut bytes = bytes;
        let _ = decode_ethernet(&bytes);
        if let Some(first) = bytes.first_mut() {
            *first = version;
        }
        let _ = decode_ip(&bytes);
    }

    #[test]
    fn packets_cut_short_are_no_danger(packet in tcp_packet(), length in 0_usize..100) {
        let bytes = ip(&error(packet, None));
        let _ = decode_ip(&bytes[..length.min(bytes.len())]);
    }
}

/// As recorded from Linux (`pcap/A01/client.eth0.pcap`): SYN, and an acknowledgement.
#[test]
fn options_stand_as_linux_writes_them() {
    let timestamps = |value, echo| Some(Timestamps { value, echo });
    let syn = Segment {
        mss: Some(1460),
        window_scale: Some(10),
        sack_permitted: true,
        timestamps: timestamps(0x84a6_0c05, 0),
        ..Segment::default()
    };
    let hex = |segment: &Segment| super::options(segment).iter().map(|o| format!("{o:02x}")).collect::<String>();
    assert_eq!(hex(&syn), "020405b40402080a84a60c05000000000103030a");
    let ack = Segment { timestamps: timestamps(0x84a6_0c10, 0x284a_3f0b), ..Segment::default() };
    assert_eq!(hex(&ack), "0101080a84a60c10284a3f0b");
    let plain = Segment { timestamps: None, ..syn };
    assert_eq!(hex(&plain), "020405b4010104020103030a");
    let gap = Segment { sack: vec![(SeqNr(1), SeqNr(2))].into(), ..ack };
    assert_eq!(hex(&gap), "0101080a84a60c10284a3f0b0101050a0000000100000002");
}

#[test]
fn interfaces_have_addresses_of_their_own() {
    let address = mac(NodeId(3), LinkId(258));
    assert_eq!(address, [0x02, 0x46, 0, 3, 1, 2]);
    assert_eq!(address[0] & 0b11, 0b10, "locally administered and unicast");
}
