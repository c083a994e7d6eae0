//! Files of every kind, files that are none, and files that end too early.

use super::*;
use crate::packet::wire::Layer;
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::io::Write;

/// Beginnings that get a hostile file past the first look.
const HEADS: [&[u8]; 4] = [
    b"",
    &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0],
    &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0],
    &[
        0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255,
        255, 28, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0,
    ],
];

/// IPv4 and a SYN, without link header.
const SYN: [u8; 40] = [
    0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0x40, 0, 21, 0, 0, 0, 7, 0, 0, 0, 0,
    0x50, 2, 0xff, 0xff, 0, 0, 0, 0,
];

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap()
}

/// A classic file of raw IP, each number in one byte order.
fn classic(magic: u32, more: usize, order: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| order(*word)).collect::<Vec<u8>>();
    let mut file = words(&[magic, 0x0002_0004, 0, 0, 65535, 101]);
    for second in [5, 7] {
        file.extend(words(&[second, 250, SYN.len() as u32, SYN.len() as u32]));
        file.resize(file.len() + more, 0);
        file.extend(SYN);
    }
    file
}

#[test]
fn all_magic_numbers_of_pcap_are_read() {
    for order in [u32::to_le_bytes, u32::to_be_bytes] {
        for (magic, more) in [(0xa1b2_c3d4, 0), (0xa1b2_3c4d, 0), (0xa1b2_cd34, 8)] {
            let read = read(&classic(magic, more, order)[..]).unwrap();
            let [capture] = &read.captures[..] else { panic!("{magic:x}: {read:?}") };
            assert_eq!((capture.packets.len(), read.end), (2, None), "{magic:x}");
            assert_eq!(capture.lasted, Some(Duration::from_secs(2)), "{magic:x}");
            assert_eq!(capture.packets[0].packet.tcp().unwrap().seq.0, 7);
        }
    }
}

fn block(kind: u32, body: &[u8], order: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = order(body.len() as u32 + 12);
    [&order(kind), &length, &body[..], &length].concat()
}

/// A section with two interfaces of raw IP, microseconds and 2^-10 s, and a packet in each kind of block.
fn section(order: fn(u32) -> [u8; 4], half: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| order(*word)).collect::<Vec<u8>>();
    let halves = |halves: &[u16]| halves.iter().flat_map(|word| half(*word)).collect::<Vec<u8>>();
    let mut file = block(0x0a0d_0d0a, &[&order(0x1a2b_3c4d)[..], &halves(&[1, 0]), &[0xff; 8]].concat(), order);
    file.extend(block(1, &[&halves(&[101, 0])[..], &order(0), &halves(&[2, 4]), b"eth0"].concat(), order));
    file.extend(block(1, &[&halves(&[101, 0])[..], &order(0), &halves(&[9, 1]), &[0x8a]].concat(), order));
    let length = SYN.len() as u32;
    let enhanced =
        |interface, time| block(6, &[&words(&[interface, 0, time, length, length])[..], &SYN].concat(), order);
    file.extend(enhanced(0, 1_000_000));
    file.extend(block(3, &[&order(length)[..], &SYN].concat(), order));
    file.extend(enhanced(0, 4_000_000));
    file.extend(enhanced(1, 1024));
    file.extend(block(2, &[&halves(&[1, 0])[..], &words(&[0, 3072, length, length]), &SYN].concat(), order));
    file.extend(enhanced(2, 0));
    // Statistics: no packet.
    file.extend(block(5, &words(&[0, 0, 0]), order));
    file
}

#[test]
fn sections_interfaces_and_all_blocks_of_pcapng_are_read() {
    let file = [section(u32::to_le_bytes, u16::to_le_bytes), section(u32::to_be_bytes, u16::to_be_bytes)].concat();
    let read = read(&file[..]).unwrap();
    assert_eq!((read.end, read.captures.len()), (None, 4));
    assert_eq!(read.unread, BTreeMap::from([(Unread::NoInterface, 2)]));
    for pair in read.captures.chunks(2) {
        assert_eq!(pair[0].interface.as_deref(), Some("eth0"));
        assert_eq!((pair[0].packets.len(), pair[0].lasted), (3, Some(Duration::from_secs(3))));
        assert_eq!((pair[1].packets.len(), pair[1].lasted), (2, Some(Duration::from_secs(2))));
    }
}

#[test]
fn gzip_is_read_and_says_where_it_ends() {
    let file = classic(0xa1b2_c3d4, 0, u32::to_le_bytes);
    let plain = read(&file[..]).unwrap();
    let zip = zipped(&file);
    assert_eq!(read(&zip[..]), Ok(plain.clone()));
    // Several members, one after the other (RFC 1952, section 2.2).
    assert_eq!(read(&[zipped(&file[..30]), zipped(&file[30..])].concat()[..]), Ok(plain));
    let short = read(&zip[..zip.len() - 10]).unwrap();
    assert_eq!(short.end, Some(BadEnd::GzipCut));
    let mut damaged = zip;
    let last = damaged.len() - 6;
    damaged[last] ^= 1;
    let damaged = read(&damaged[..]).unwrap();
    assert_eq!((damaged.end, damaged.captures[0].packets.len()), (Some(BadEnd::GzipDamaged), 2));
}

#[test]
fn a_bomb_is_not_unpacked() {
    // Frames of one byte each, more of them than a capture may have.
    let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
    zip.write_all(&classic(0xa1b2_c3d4, 0, u32::to_le_bytes)[..24]).unwrap();
    let record = [&[0; 8][..], &[0, 0, 8, 0], &[0, 0, 8, 0], &vec![0; 8 << 16]].concat();
    for _ in 0..=MAX_CAPTURE / record.len() {
        zip.write_all(&record).unwrap();
    }
    let zip = zip.finish().unwrap();
    assert!(zip.len() < MAX_CAPTURE / 100);
    assert_eq!(read(&zip[..]), Err(CaptureError::TooLarge));
}

#[test]
fn what_is_not_read_is_counted_by_its_reason() {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65535, 1]);
    let ether = |kind: u16, rest: &[u8]| [&[2; 12][..], &kind.to_be_bytes(), rest].concat();
    let mut udp = SYN;
    udp[9] = 17;
    let mut fragment = SYN;
    fragment[6] = 0x20;
    let frames = [
        (ether(0x0806, &[0; 28]), None),
        (ether(0x0806, &[0; 28]), None),
        (ether(0x0800, &udp), None),
        (ether(0x0800, &fragment), None),
        (ether(0x0800, &SYN[..32]), Some(54)),
        (ether(0x0800, &SYN[..10]), None),
        (ether(0x0800, &SYN), None),
    ];
    for (data, length) in frames {
        file.extend(words(&[0, 0, data.len() as u32, length.unwrap_or(data.len() as u32)]));
        file.extend(data);
    }
    let whole = read(&file[..]).unwrap();
    let expected = [
        (Unread::EtherType(0x0806), 2),
        (Unread::Protocol(17), 1),
        (Unread::Fragment, 1),
        (Unread::Cut(Layer::Tcp), 1),
        (Unread::Malformed(Layer::Ip), 1),
    ];
    assert_eq!(whole.captures[0].unread, BTreeMap::from(expected));
    assert_eq!((whole.captures[0].packets.len(), whole.end), (1, None));
    let cut = read(&file[..file.len() - 1]).unwrap();
    assert_eq!((cut.captures[0].packets.len(), cut.end), (0, Some(BadEnd::Cut)));
}

proptest! {
    #[test]
    fn hostile_files_are_no_danger(
        head in proptest::sample::select(&HEADS[..]),
        kind in 0_u32..8,
        length in any::<u32>(),
        small in 0_u32..80,
        tail in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = read(&[head, &tail].concat()[..]);
        for length in [length, small] {
            let file = [head, &kind.to_le_bytes(), &length.to_le_bytes(), &tail].concat();
            let _ = (read(&file[..]), read(&zipped(&file)[..]));
        }
    }
}

#[test]
fn other_files_are_told_from_captures() {
    assert_eq!(read(&b""[..]), Err(CaptureError::Unknown));
    assert_eq!(read(&b"title = \"not a capture at all, but long enough\""[..]), Err(CaptureError::Unknown));
    assert_eq!(read(&zipped(b"title = \"no capture\"")[..]), Err(CaptureError::Unknown));
    assert_eq!(read(&[0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3][..]), Err(CaptureError::Compressed("zstd")));
    assert!(read(HEADS[3]).unwrap().captures[0].packets.is_empty());
    assert_eq!(read(&HEADS[3][..40]).unwrap_or_default().captures, []);
}
