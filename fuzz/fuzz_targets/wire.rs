//! Frames of every link type: bytes to values and back.
#![no_main]

use ftpscope::packet::{Body, Packet, wire};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (link_type, frame) = input;
    let _ = wire::decode_ip(frame);
    let Ok(read) = wire::decode(u32::from(link_type), frame) else { return };
    let packet = read.packet;
    if !has_bytes(&packet) {
        return;
    }
    // Some options and the end of what an error quotes are lost the first time; then nothing more is.
    let again = wire::decode_ip(&wire::ip(&packet)).expect("what is written can be read").packet;
    assert_eq!((again.src, again.dst, again.ttl), (packet.src, packet.dst, packet.ttl));
    if packet.tcp().is_some() {
        assert_eq!(again.body, packet.body);
    }
    let once_more = wire::decode_ip(&wire::ip(&again)).expect("what is written can be read").packet;
    assert_eq!(once_more.body, again.body);
});

/// Values that fit into an IP packet and its options: captures can hold more (TSO), other arrangements of options less.
fn has_bytes(packet: &Packet) -> bool {
    let fits = packet.tcp().is_none_or(|segment| segment.options_len() <= 40) && packet.ip_len() < 65_536;
    let quoted = match &packet.body {
        Body::Tcp(_) => None,
        Body::Icmp(icmp) => Some(icmp.quoted()),
    };
    fits && quoted.is_none_or(has_bytes)
}
