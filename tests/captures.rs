//! Packet captures: read back by another program's reader, and by Wireshark's dissectors where they are installed.

use ftpscope::export::{vantages, vantages_at, write_pcapng};
use ftpscope::firewall::Verdict;
use ftpscope::ftp::Mode;
use ftpscope::narrate::{Language, Messages};
use ftpscope::packet::{Flags, wire};
use ftpscope::scenario::{builtin, builtins, parse};
use ftpscope::trace::{Event, Loss, Trace};
use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, OptionCode, PcapBlockOwned, PcapNGReader};
use std::collections::BTreeSet;
use std::process::Command;

const MODES: [Mode; 2] = [Mode::Active, Mode::Passive];

fn run(name: &str, mode: Mode) -> Trace {
    let source = builtin(name).unwrap().source;
    parse(source, name).unwrap().with_mode(mode).run().unwrap()
}

fn capture(trace: &Trace, at: Option<&str>) -> Vec<u8> {
    let points = at.map_or_else(|| vantages(trace), |at| vantages_at(trace, at));
    let mut bytes = Vec::new();
    write_pcapng(trace, &Messages::new(Language::En), &points, &mut bytes).unwrap();
    bytes
}

/// Interface names, and of every packet: interface, time in nanoseconds, bytes, comments.
type Read = (Vec<String>, Vec<(u32, u64, Vec<u8>, Vec<String>)>);

fn read(bytes: &[u8]) -> Read {
    let mut reader = PcapNGReader::new(1 << 20, bytes).unwrap();
    let (mut names, mut packets) = (Vec::new(), Vec::new());
    loop {
        let (offset, block) = match reader.next() {
            Ok(next) => next,
            Err(pcap_parser::PcapError::Eof) => return (names, packets),
            Err(pcap_parser::PcapError::Incomplete(_)) => {
                reader.refill().unwrap();
                continue;
            }
            Err(error) => panic!("{error:?}"),
        };
        match block {
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                assert_eq!(interface.if_tsresol, 9);
                names.push(interface.if_name().unwrap().unwrap().to_owned());
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let comments = packet.options.iter().filter(|option| option.code == OptionCode::Comment);
                let comments = comments.map(|c| String::from_utf8(c.as_bytes().unwrap().to_vec()).unwrap()).collect();
                let time = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                packets.push((packet.if_id, time, packet.packet_data().to_vec(), comments));
            }
            _ => {}
        }
        reader.consume(offset);
    }
}

#[test]
fn what_is_written_can_be_read() {
    for scenario in builtins() {
        for mode in MODES {
            let trace = run(scenario.name, mode);
            let (names, packets) = read(&capture(&trace, None));
            assert_eq!(names, vantages(&trace).into_iter().map(|v| v.name).collect::<Vec<_>>());
            let seen = trace.frames.iter().filter_map(|frame| match &frame.event {
                Event::Sent { packet, .. } | Event::Received { packet, .. } => Some((frame, trace.packet(*packet))),
                _ => None,
            });
            let mut count = 0;
            for ((frame, packet), (interface, time, bytes, _)) in seen.zip(&packets) {
                assert!(names[*interface as usize].starts_with(trace.node_name(frame.node)));
                assert_eq!(*time, frame.at.as_nanos());
                assert_eq!(bytes.len(), packet.wire_len() as usize);
                let read = wire::decode_ethernet(bytes).unwrap();
                assert_eq!((read.src, read.dst, read.ttl), (packet.src, packet.dst, packet.ttl));
                if packet.tcp().is_some() {
                    assert_eq!(read.body, packet.body);
                }
                count += 1;
            }
            assert_eq!(count, packets.len());
        }
    }
}

#[test]
fn the_end_of_a_packet_is_told_where_it_was_last_seen() {
    let trace = run("classic", Mode::Active);
    let (names, packets) = read(&capture(&trace, Some("office")));
    assert_eq!(names, ["office.client", "office.internet"]);
    let dropped = |event: &Event| matches!(event, Event::Verdict { verdict: Verdict::Drop, .. });
    let drops = trace.frames.iter().filter(|frame| dropped(&frame.event)).count();
    let told: Vec<_> = packets.iter().filter(|(.., comments)| !comments.is_empty()).collect();
    assert_eq!(told.len(), drops);
    for (interface, _, bytes, comments) in told {
        assert_eq!(names[*interface as usize], "office.internet");
        assert!(comments[0].contains("policy drop") && comments[0].contains("line 12"), "{comments:?}");
        assert!(wire::decode_ethernet(bytes).unwrap().tcp().unwrap().is_syn());
    }
}

#[test]
fn one_interface_can_be_asked_for() {
    let trace = run("classic", Mode::Active);
    assert_eq!(read(&capture(&trace, Some("office.client"))).0, ["office.client"]);
    assert!(vantages_at(&trace, "nowhere").is_empty());
}

/// What of a packet tshark is asked for.
const FIELDS: [&str; 9] = [
    "frame.protocols",
    "_ws.malformed",
    "ip.checksum.status",
    "tcp.checksum.status",
    "icmp.checksum.status",
    "tcp.analysis.flags",
    "tcp.analysis.retransmission",
    "tcp.len",
    "tcp.port",
];

/// One row a packet; `None` without tshark.
fn dissect(bytes: &[u8]) -> Option<Vec<Vec<String>>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file.path()).args(["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]);
    command.args(["-T", "fields", "-E", "separator=|"]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    let output = command.output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect())
}

/// How many packets a capture point sees again: the repetitions that the simulation made on purpose.
fn repetitions(trace: &Trace, at: &str) -> usize {
    let vantage = &vantages_at(trace, at)[0];
    let mut seen = BTreeSet::new();
    let packets =
        trace.frames.iter().filter(|frame| frame.node == vantage.node).filter_map(|frame| match frame.event {
            Event::Sent { packet, link, .. } | Event::Received { packet, link } if link == vantage.link => {
                Some(trace.packet(packet))
            }
            _ => None,
        });
    packets
        .filter(|packet| packet.tcp().is_some_and(|s| s.seq_len() > 0))
        .filter(|packet| {
            let segment = packet.tcp().unwrap();
            let syn = segment.flags.contains(Flags::SYN);
            !seen.insert((packet.source(), packet.destination(), segment.seq.0, syn))
        })
        .count()
}

#[test]
fn wireshark_has_nothing_to_complain_of() {
    if Command::new("tshark").arg("-v").output().is_err() {
        eprintln!("skipped: tshark is not installed");
        return;
    }
    for scenario in builtins() {
        for mode in MODES {
            let trace = run(scenario.name, mode);
            let server = trace.sessions[0].server;
            let faulty = trace
                .frames
                .iter()
                .any(|frame| matches!(frame.event, Event::Lost { reason: Loss::LineLoss | Loss::LinkDown, .. }));
            let nodes = [Some(trace.sessions[0].client), server].into_iter().flatten();
            let names = vantages(&trace).into_iter().collect::<Vec<_>>();
            for node in nodes {
                for vantage in names.iter().filter(|vantage| vantage.node == node) {
                    let context = format!("{} {} at {}", scenario.name, mode.name(), vantage.name);
                    let rows = dissect(&capture(&trace, Some(&vantage.name))).unwrap();
                    let repeated = judge(&rows, faulty, &context);
                    let sent_again = repetitions(&trace, &vantage.name);
                    assert!(faulty || repeated == sent_again, "{context}: {repeated} repetitions, not {sent_again}");
                }
            }
        }
    }
}

/// Looks at every packet; the number of retransmissions. Behind a faulty line gaps and repeated ACKs are remarkable too.
fn judge(rows: &[Vec<String>], faulty: bool, context: &str) -> usize {
    let mut repeated = 0;
    for (index, row) in rows.iter().enumerate() {
        let context = format!("{context}, packet {}: {row:?}", index + 1);
        let [protocols, malformed, ip, tcp, icmp, flags, retransmission, length, ports] = &row[..] else {
            panic!("{context}")
        };
        assert!(malformed.is_empty(), "{context}");
        for status in [ip, tcp, icmp] {
            // 0 is bad, 1 good, 2 not verified: a quoted packet that was cut short.
            assert!(!status.split(',').any(|status| status == "0"), "{context}");
        }
        assert!(ip.starts_with('1') || protocols.contains("ipv6"), "{context}");
        let again = !retransmission.is_empty();
        assert!(faulty || again != flags.is_empty(), "{context}: only repetitions are remarkable");
        repeated += usize::from(again);
        if !length.is_empty() && length != "0" && !protocols.contains("icmp") && !again {
            let control = ports.split(',').any(|port| port == "21");
            // Wireshark takes a data connection between two servers for anything.
            let third = context.starts_with("fxp ") || context.starts_with("bounce ");
            let expected: &[&str] = match (control, third) {
                (true, _) => &["tcp:ftp"],
                (false, false) => &["tcp:ftp-data", "tcp:tls"],
                (false, true) => &["tcp:ftp-data", "tcp:data"],
            };
            assert!(expected.iter().any(|protocol| protocols.contains(protocol)), "{context}");
        }
    }
    repeated
}
