//! The table's own. What it makes of packets is recorded: `tests/conntrack.rs`.

use super::*;
use crate::ids::PacketId;
use crate::packet::{Flags, Icmp, SeqNr, Unreachable};
use proptest::prelude::*;

const CLIENT: &str = "192.168.10.10";
const SERVER: &str = "203.0.113.10";

fn packet(from_client: bool, flags: Flags) -> Packet {
    let (src, dst) = if from_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    let (src_port, dst_port) = if from_client { (40_000, 21) } else { (21, 40_000) };
    Packet {
        id: PacketId(0),
        tag: None,
        last_frame: None,
        src: src.parse().unwrap(),
        dst: dst.parse().unwrap(),
        ttl: 64,
        body: Body::Tcp(Segment {
            src_port,
            dst_port,
            seq: SeqNr(0),
            ack: SeqNr(0),
            flags,
            window: 100,
            ..Segment::default()
        }),
    }
}

fn flags(text: &str) -> Flags {
    text.chars().fold(Flags::default(), |flags, c| {
        flags.with(match c {
            'S' => Flags::SYN,
            'F' => Flags::FIN,
            'R' => Flags::RST,
            'P' => Flags::PSH,
            'U' => Flags::URG,
            _ => Flags::ACK,
        })
    })
}

#[test]
fn a_dropped_first_packet_leaves_nothing_behind() {
    let mut table = Conntrack::default();
    for _ in 0..3 {
        assert_eq!(table.track(Instant::START, &packet(true, Flags::SYN)).state, CtState::New);
    }
    assert!(table.entries.is_empty());
}

#[test]
fn an_icmp_error_is_related_to_the_connection_it_quotes() {
    let mut table = Conntrack::default();
    let syn = packet(true, Flags::SYN);
    let mut error = packet(false, Flags::SYN);
    error.body = Body::Icmp(Box::new(Icmp::Unreachable { reason: Unreachable::Port, quoted: syn.clone() }));
    assert_eq!(table.track(Instant::START, &error).state, CtState::Invalid);
    let tracked = table.track(Instant::START, &syn);
    assert!(table.confirm(Instant::START, &tracked, &syn));
    assert_eq!(table.track(Instant::START, &error).state, CtState::Related);
}

#[test]
fn an_entry_is_forgotten_after_its_time() {
    let mut table = Conntrack::default();
    let syn = packet(true, Flags::SYN);
    let tracked = table.track(Instant::START, &syn);
    assert!(table.confirm(Instant::START, &tracked, &syn));
    let later = Instant::START + Timeouts::default().of(TrackState::SynSent);
    assert_eq!(table.track(later, &packet(false, flags("S."))).state, CtState::Established);
    let much_later = later + Timeouts::default().of(TrackState::SynReceived) + crate::time::Duration::from_nanos(1);
    assert_eq!(table.track(much_later, &packet(false, flags("S."))).state, CtState::Invalid);
}

prop_compose! {
    /// A segment of one connection with numbers from anywhere.
    fn any_segment()(
        from_client: bool, bits: u8, seq: u32, ack: u32, window: u16, scale in prop::option::of(any::<u8>()),
        sack_permitted: bool, sack in prop::collection::vec((any::<u32>(), any::<u32>()), 0..3), length in 0_usize..1500,
    ) -> Packet {
        let mut packet = packet(from_client, Flags::from_bits(bits));
        if let Body::Tcp(segment) = &mut packet.body {
            (segment.seq, segment.ack, segment.window, segment.window_scale) = (SeqNr(seq), SeqNr(ack), window, scale);
            segment.sack_permitted = sack_permitted;
            segment.sack = sack.into_iter().map(|(from, to)| (SeqNr(from), SeqNr(to))).collect();
            segment.payload = vec![b'x'; length].into();
        }
        packet
    }
}

proptest! {
    /// Whatever comes, nothing panics, an entry is not ESTABLISHED for strangers, and it expires.
    #[test]
    fn any_segments_can_be_tracked(packets in prop::collection::vec((any_segment(), 0_u64..400), 1..40), loose: bool) {
        let mut table = Conntrack { loose, translates: true, ..Conntrack::default() };
        let mut now = Instant::START;
        for (packet, seconds) in &packets {
            now += crate::time::Duration::from_secs(*seconds);
            let known = table.is_used(now, Tuple::of(packet));
            let tracked = table.track(now, packet);
            prop_assert!(known || tracked.state != CtState::Established);
            prop_assert!(table.confirm(now, &tracked, packet));
            table.drain_events();
            prop_assert!(table.next_expiry() >= now || table.expire(now).iter().all(|expired| expired.at < now));
        }
        let expired = table.expire(Instant::NEVER);
        prop_assert!(expired.is_sorted_by_key(|expired| expired.at));
        prop_assert_eq!(table.next_expiry(), Instant::NEVER);
        prop_assert!(table.entries.iter().all(|entry| !entry.alive));
    }
}
