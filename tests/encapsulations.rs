//! Captures of every link type: the same session wrapped in each must be read as the same packets, and Wireshark's
//! dissectors, where they are installed, must see in the files what we see.

use ftpscope::import::{self, Capture, Captures};
use ftpscope::insight::{Seen, Step, steps};
use ftpscope::message::Message;
use ftpscope::packet::{Packet, wire};
use ftpscope::scenario::{builtin, parse};
use ftpscope::trace::Event;
use std::path::Path;
use std::process::Command;

/// What a session's client sent and got: an FTP session over IPv4 with everything in it.
fn session() -> Vec<Packet> {
    let trace = parse(builtin("open").unwrap().source, "open").unwrap().run().unwrap();
    let client = trace.sessions[0].client;
    let seen = trace.frames.iter().filter(|frame| frame.node == client).filter_map(|frame| match frame.event {
        Event::Sent { packet, .. } | Event::Received { packet, .. } => Some(trace.packet(packet).clone()),
        _ => None,
    });
    seen.collect()
}

/// A name, a link type and what stands in front of IP.
type Wrapping = (&'static str, u32, Vec<u8>);

fn wrappings() -> Vec<Wrapping> {
    const MACS: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    let ethernet = |rest: &[u8]| [&MACS[..], rest].concat();
    let mut sll = vec![0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    let mut sll2 = vec![8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    let mut all = vec![
        ("Ethernet", 1, ethernet(&[8, 0])),
        ("VLAN", 1, ethernet(&[0x81, 0, 0, 7, 8, 0])),
        ("QinQ", 1, ethernet(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, 8, 0])),
        ("old QinQ", 1, ethernet(&[0x91, 0, 0, 7, 0x81, 0, 0, 8, 8, 0])),
        ("three tags", 1, ethernet(&[0x88, 0xa8, 0, 7, 0x88, 0xa8, 0, 9, 0x81, 0, 0, 8, 8, 0])),
        ("MPLS", 1, ethernet(&[0x88, 0x47, 0, 1, 1, 64])),
        ("MPLS stack in a VLAN", 1, ethernet(&[0x81, 0, 0, 7, 0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64])),
        ("null, little", 0, vec![2, 0, 0, 0]),
        ("null, big", 0, vec![0, 0, 0, 2]),
        ("loop", 108, vec![0, 0, 0, 2]),
        ("raw", 101, vec![]),
        ("raw, as the BSDs number it", 12, vec![]),
        ("raw, as OpenBSD numbers it", 14, vec![]),
        ("IPv4", 228, vec![]),
        ("PPP", 9, vec![0xff, 3, 0, 0x21]),
        ("PPP without framing", 9, vec![0, 0x21]),
        ("PPP compressed", 9, vec![0x21]),
        ("PPP in HDLC framing", 50, vec![0xff, 3, 0, 0x21]),
        ("PPP with MPLS", 9, vec![0xff, 3, 2, 0x81, 0, 1, 1, 64]),
        ("Cisco HDLC", 104, vec![0x0f, 0, 8, 0]),
    ];
    sll.extend([8, 0]);
    all.push(("cooked", 113, sll.clone()));
    sll.truncate(14);
    sll.extend([0x81, 0, 0, 5, 8, 0]);
    all.push(("cooked with a VLAN", 113, sll));
    all.push(("cooked, second version", 276, sll2.clone()));
    sll2[0] = 0x88;
    sll2[1] = 0x47;
    sll2.extend([0, 1, 1, 64]);
    all.push(("cooked, second version, MPLS", 276, sll2));
    all
}

/// `PPPoE` and IEEE 802.3 say how long they are.
fn wrapped((_, _, head): &Wrapping, packet: &Packet) -> Vec<u8> {
    [&head[..], &wire::ip(packet)].concat()
}

fn with_length(frames: &mut Vec<(&'static str, u32, Vec<Vec<u8>>)>, packets: &[Packet]) {
    let macs = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    let each = |make: &dyn Fn(&[u8]) -> Vec<u8>| packets.iter().map(|packet| make(&wire::ip(packet))).collect();
    let pppoe = |ip: &[u8]| {
        let length = (ip.len() as u16 + 2).to_be_bytes();
        [&[0x11, 0, 0, 9][..], &length, &[0, 0x21], ip].concat()
    };
    frames.push(("PPPoE alone", 51, each(&pppoe)));
    frames.push(("PPPoE", 1, each(&|ip| [&macs[..], &[0x88, 0x64], &pppoe(ip)].concat())));
    frames.push(("PPPoE in a VLAN", 1, each(&|ip| [&macs[..], &[0x81, 0, 0, 7, 0x88, 0x64], &pppoe(ip)].concat())));
    let snap = |ip: &[u8]| match ip.len() + 8 {
        // Longer than a frame that says its length may be.
        1501.. => [&macs[..], &[8, 0], ip].concat(),
        length => [&macs[..], &(length as u16).to_be_bytes(), &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], ip].concat(),
    };
    frames.push(("IEEE 802.2 SNAP", 1, each(&snap)));
    // Short frames are filled up.
    let padded = |ip: &[u8]| {
        let mut frame = [&macs[..], &[8, 0], ip].concat();
        frame.resize(frame.len().max(60), 0);
        frame
    };
    frames.push(("padding", 1, each(&padded)));
}

/// A link type and its frames, of which at most so many bytes are captured.
type Wrapped = (u32, Vec<Vec<u8>>, usize);

/// A capture with an interface for each.
fn pcapng(all: &[Wrapped]) -> Vec<u8> {
    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = (body.len() + padding.len() + 12) as u32;
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), body, &padding, &length.to_le_bytes()].concat()
    }
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]));
    for (link_type, _, snap) in all {
        file.extend(block(1, &words(&[*link_type, *snap as u32])));
    }
    for (interface, (_, frames, snap)) in all.iter().enumerate() {
        for frame in frames {
            let captured = frame.len().min(*snap);
            let head = words(&[interface as u32, 0, 0, captured as u32, frame.len() as u32]);
            file.extend(block(6, &[&head, &frame[..captured]].concat()));
        }
    }
    file
}

/// What we read of them, which must be what Wireshark reads.
fn read(all: &[Wrapped], held_against_tshark: bool) -> Vec<Capture> {
    let file = pcapng(all);
    let Captures { captures, unread, end } = import::read(&file[..]).unwrap();
    assert!(captures.len() == all.len() && unread.is_empty() && end.is_none());
    if held_against_tshark && has_tshark() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture.pcapng");
        std::fs::write(&path, &file).unwrap();
        let mut theirs = dissected(&path).into_iter();
        for (place, capture) in captures.iter().enumerate() {
            let ours = ours(capture);
            assert_eq!(theirs.by_ref().take(ours.len()).collect::<Vec<_>>(), ours, "interface {place}");
        }
        assert_eq!(theirs.next(), None);
    }
    captures
}

fn steps_of(capture: &Capture) -> Vec<Step> {
    steps(capture.packets.iter().map(Seen::from), &[21])
}

fn has_tshark() -> bool {
    let there = Command::new("tshark").arg("-v").output().is_ok();
    if !there {
        eprintln!("skipped: tshark is not installed");
    }
    there
}

/// Addresses, ports, sequence number and payload length of every TCP segment that is not quoted by an error.
fn dissected(file: &Path) -> Vec<String> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args([
        "-o",
        "tcp.desegment_tcp_streams:FALSE",
        "-o",
        "tcp.relative_sequence_numbers:FALSE",
    ]);
    command.args(["-Y", "tcp && !icmp && !icmpv6 && !gre && !(udp)", "-T", "fields"]);
    for field in ["tcp.srcport", "tcp.dstport", "tcp.seq", "tcp.len"] {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The same of what we read.
fn ours(capture: &Capture) -> Vec<String> {
    let segments = capture.packets.iter().filter_map(|seen| Some((seen.packet.tcp()?, seen.missing)));
    segments
        .map(|(segment, missing)| {
            let length = segment.payload.len() + missing as usize;
            format!("{}\t{}\t{}\t{length}", segment.src_port, segment.dst_port, segment.seq.0)
        })
        .collect()
}

#[test]
fn every_link_type_holds_the_same_packets() {
    let packets = session();
    let mut files: Vec<_> = wrappings()
        .iter()
        .map(|wrapping| {
            let frames: Vec<_> = packets.iter().map(|packet| wrapped(wrapping, packet)).collect();
            (wrapping.0, wrapping.1, frames)
        })
        .collect();
    with_length(&mut files, &packets);
    // Wireshark takes these two for something else.
    let odd = |name: &str| matches!(name, "raw, as the BSDs number it" | "PPP compressed");
    let (odd, plain): (Vec<_>, Vec<_>) = files.into_iter().partition(|(name, ..)| odd(name));
    for (files, held_against_tshark) in [(odd, false), (plain, true)] {
        let all: Vec<Wrapped> =
            files.iter().map(|(_, link_type, frames)| (*link_type, frames.clone(), 65535)).collect();
        for (capture, (name, ..)) in read(&all, held_against_tshark).iter().zip(&files) {
            assert_eq!(capture.unread.len(), 0, "{name}: {:?}", capture.unread);
            assert_eq!(capture.packets.len(), packets.len(), "{name}");
            for (read, packet) in capture.packets.iter().zip(&packets) {
                assert_eq!((&read.packet.body, read.packet.src, read.missing), (&packet.body, packet.src, 0), "{name}");
            }
        }
    }
}

#[test]
fn ipv6_is_read_behind_its_families_and_extension_headers() {
    let mut packet = session().remove(0);
    (packet.src, packet.dst) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
    let plain = wire::ip(&packet);
    let heads: [(u32, &[u8]); 11] = [
        (0, &[24, 0, 0, 0]),
        (0, &[28, 0, 0, 0]),
        (0, &[30, 0, 0, 0]),
        (0, &[0, 0, 0, 30]),
        (108, &[0, 0, 0, 28]),
        (101, &[]),
        (229, &[]),
        (9, &[0xff, 3, 0, 0x57]),
        (51, &[0x11, 0, 0, 9, 0, 86, 0, 0x57]),
        (104, &[0x0f, 0, 0x86, 0xdd]),
        (113, &[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x86, 0xdd]),
    ];
    let mut all: Vec<Wrapped> =
        heads.iter().map(|(link_type, head)| (*link_type, vec![[head, &plain[..]].concat()], 65535)).collect();
    // Hop-by-hop, routing, destination options, authentication, and a fragment header of a whole packet.
    let extensions: &[u8] = &[
        43, 0, 1, 4, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 51, 0, 1, 4, 0, 0, 0, 0, 44, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 9,
    ];
    let mut long = [&plain[..40], extensions, &plain[40..]].concat();
    let length = (long.len() as u16 - 40).to_be_bytes();
    long[4..6].copy_from_slice(&length);
    long[6] = 0;
    all.push((101, vec![long], 65535));
    // Wireshark does not know Linux's own number of the family.
    let linux = read(&[(0, vec![[&[10, 0, 0, 0], &plain[..]].concat()], 65535)], false);
    for (place, capture) in read(&all, true).iter().chain(&linux).enumerate() {
        let body = capture.packets.first().map(|read| &read.packet.body);
        assert_eq!(body, Some(&packet.body), "{place}: {:?}", capture.unread);
    }
}

/// A snapshot length cuts text away, not the order of what is left: the steps are the same as of the whole capture.
#[test]
fn cut_frames_are_followed() {
    let frames: Vec<_> = session().iter().map(|packet| wire::ethernet(packet, [2; 6], [4; 6])).collect();
    let snaps = [65535, 54, 60, 66, 68, 70, 72, 80, 96];
    let captures = read(&snaps.map(|snap| (1, frames.clone(), snap)), true);
    let whole = steps_of(&captures[0]);
    for (capture, snap) in captures.iter().zip(snaps) {
        assert!(capture.unread.is_empty(), "{snap}: {:?}", capture.unread);
        let cut = steps_of(capture);
        assert_eq!(cut.len(), whole.len(), "{snap}: {cut:#?}");
        for (cut, whole) in cut.iter().zip(&whole) {
            assert!(cut.means(whole) && whole.means(cut), "{snap}: {cut:?}, {whole:?}");
        }
        // What is there is still held against the other side.
        if snap >= 72 {
            let other = Step { meaning: String::from("reply 999"), shown: Message::default() };
            assert!(cut.iter().all(|step| !step.means(&other)), "{snap}");
        }
    }
}

/// Captures of real sessions with answers that were found with tshark: every TCP segment is read, everything else is
/// counted.
#[test]
fn real_captures_are_read_whole() {
    let Some(folder) = std::env::var_os("FTPSCOPE_CAPTURES") else {
        eprintln!("skipped: FTPSCOPE_CAPTURES names no folder with captures");
        return;
    };
    if !has_tshark() {
        return;
    }
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| !extension.to_string_lossy().starts_with("pcap")) {
            continue;
        }
        let read = import::read(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(read.end, None, "{}", path.display());
        let [capture] = &read.captures[..] else { panic!("{}: one interface", path.display()) };
        let segments: Vec<_> = ours(capture);
        assert_eq!(segments, dissected(&path), "{}: {:?}", path.display(), capture.unread);
        assert!(!steps_of(capture).is_empty(), "{}", path.display());
        count += 1;
    }
    assert!(count > 0, "the folder has captures");
}
