//! Bytes and back.

use super::*;
use proptest::prelude::*;

fn addresses() -> impl Strategy<Value = (IpAddr, IpAddr)> {
    prop_oneof![
        any::<(Ipv4Addr, Ipv4Addr)>().prop_map(|(a, b)| (a.into(), b.into())),
        any::<(Ipv6Addr, Ipv6Addr)>().prop_map(|(a, b)| (a.into(), b.into())),
    ]
}

fn tcp_packet() -> impl Strategy<Value = Packet> {
    let numbers = (any::<u16>(), any::<u16>(), any::<u32>(), any::<u32>(), any::<u8>(), any::<u16>());
    let rest = (any::<Option<u16>>(), proptest::collection::vec(any::<u8>(), 0..1461), any::<u16>(), any::<u8>());
    (addresses(), numbers, rest).prop_map(|((src, dst), numbers, (mss, payload, id, ttl))| {
        let (src_port, dst_port, seq, ack, flags, window) = numbers;
        let mut segment = bare_segment(src_port, dst_port, seq);
        segment.ack = SeqNr(ack);
        segment.flags = Flags::from_bits(flags);
        segment.window = window;
        segment.mss = mss;
        segment.payload = payload.into();
        let id = PacketId(if src.is_ipv4() { u32::from(id) } else { 0 });
        Packet { id, tag: None, trail: None, src, dst, ttl, body: Body::Tcp(segment) }
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
        prop_assert_eq!(decode_ethernet(&ethernet(&packet, [2; 6], [4; 6])), Some(packet));
    }

    #[test]
    fn errors_survive_the_wire(quoted in tcp_packet(), reason in proptest::option::of(proptest::sample::select(&REASONS[..]))) {
        let packet = error(quoted.clone(), reason);
        check_sums(&packet);
        let read = decode_ip(&ip(&packet)).unwrap();
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

#[test]
fn interfaces_have_addresses_of_their_own() {
    let address = mac(NodeId(3), LinkId(258));
    assert_eq!(address, [0x02, 0x46, 0, 3, 1, 2]);
    assert_eq!(address[0] & 0b11, 0b10, "locally administered and unicast");
}
