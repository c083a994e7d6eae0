//! Packet captures: read back by another program's reader, and by Wireshark's dissectors where they are installed.

use ftpscope::export::write_pcapng;
use ftpscope::firewall::Verdict;
use ftpscope::ftp::Mode;
use ftpscope::narrate::{Language, Messages};
use ftpscope::packet::{Flags, wire};
use ftpscope::scenario::{builtin, builtins, parse};
use ftpscope::trace::{CapturePoint, Event, Loss, Trace, capture_points, capture_points_at};
use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, OptionCode, PcapBlockOwned, PcapNGReader};
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

fn run(name: &str, mode: Mode) -> Trace {
    let source = builtin(name).unwrap().source;
    parse(source, name).unwrap().with_mode(mode).run().unwrap()
}

fn capture(trace: &Trace, at: Option<&str>) -> Vec<u8> {
    let points = at.map_or_else(|| capture_points(trace), |at| capture_points_at(trace, at));
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
        for mode in Mode::ALL {
            let trace = run(scenario.name, mode);
            let (names, packets) = read(&capture(&trace, None));
            assert_eq!(names, capture_points(&trace).into_iter().map(|v| v.name).collect::<Vec<_>>());
            let seen = trace.frames.iter().filter_map(|frame| match &frame.event {
                Event::Sent { packet, .. } | Event::Received { packet, .. } => Some((frame, trace.packet(*packet))),
                _ => None,
            });
            let mut count = 0;
            for ((frame, packet), (interface, time, bytes, _)) in seen.zip(&packets) {
                assert!(names[*interface as usize].starts_with(trace.node_name(frame.node)));
                assert_eq!(*time, frame.at.as_nanos());
                assert_eq!(bytes.len(), packet.wire_len() as usize);
                let read = wire::decode_ethernet(bytes).unwrap().packet;
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
        assert!(wire::decode_ethernet(bytes).unwrap().packet.tcp().unwrap().is_syn());
    }
}

#[test]
fn one_interface_can_be_asked_for() {
    let trace = run("classic", Mode::Active);
    assert_eq!(read(&capture(&trace, Some("office.client"))).0, ["office.client"]);
    assert!(capture_points_at(&trace, "nowhere").is_empty());
}

/// As recorded: identifications one after the other, 0 without a socket; errors with their own precedence, which may be
/// cut.
#[test]
fn ip_headers_are_linux_s() {
    let mut packets = read(&capture(&run("classic", Mode::Active), Some("server"))).1;
    packets.extend(read(&capture(&run("no-server", Mode::Active), Some("client"))).1);
    let mut ids = Vec::new();
    let mut errors = 0;
    for (.., bytes, _) in &packets {
        let (tos, id, flags) = (bytes[15], u16::from_be_bytes([bytes[18], bytes[19]]), bytes[20] >> 5);
        let packet = wire::decode_ethernet(bytes).unwrap().packet;
        let Some(segment) = packet.tcp() else {
            errors += 1;
            assert_eq!((tos, flags), (0xc0, 0));
            continue;
        };
        assert_eq!((tos, flags), (0, 2));
        if segment.flags.contains(Flags::SYN.with(Flags::ACK)) {
            assert_eq!(id, 0);
        } else if segment.src_port == 21 {
            ids.push(id);
        }
    }
    assert!(errors > 0 && ids.len() > 10);
    assert!(ids.windows(2).all(|pair| pair[0].wrapping_add(1) == pair[1]), "{ids:?}");
}

/// What of a packet tshark is asked for, and after that what may be remarkable about it.
const FIELDS: [&str; 8] = [
    "frame.protocols",
    "_ws.malformed",
    "ip.checksum.status",
    "tcp.checksum.status",
    "icmp.checksum.status",
    "icmpv6.checksum.status",
    "tcp.len",
    "tcp.port",
];

/// Everything that Wireshark's analysis of TCP can say.
const REMARKS: [&str; 15] = [
    "tcp.analysis.retransmission",
    "tcp.analysis.fast_retransmission",
    "tcp.analysis.spurious_retransmission",
    "tcp.analysis.keep_alive",
    "tcp.analysis.keep_alive_ack",
    "tcp.analysis.duplicate_ack",
    "tcp.analysis.out_of_order",
    "tcp.analysis.lost_segment",
    "tcp.analysis.ack_lost_segment",
    "tcp.analysis.reused_ports",
    "tcp.analysis.window_update",
    "tcp.analysis.window_full",
    "tcp.analysis.zero_window",
    "tcp.analysis.zero_window_probe",
    "tcp.analysis.zero_window_probe_ack",
];

/// A packet as tshark sees it.
struct Dissected {
    fields: [String; FIELDS.len()],
    remarks: Vec<&'static str>,
}

/// One row a packet; without `analysis` TCP's state is not followed: the capture shows packets more than once.
fn dissect(bytes: &[u8], analysis: bool) -> Vec<Dissected> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file.path()).args(["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]);
    command.args([
        "-o",
        if analysis { "tcp.analyze_sequence_numbers:TRUE" } else { "tcp.analyze_sequence_numbers:FALSE" },
    ]);
    command.args(["-T", "fields", "-E", "separator=|"]);
    for field in FIELDS.into_iter().chain(REMARKS) {
        command.args(["-e", field]);
    }
    let output = command.output().expect("tshark runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let row = |line: &str| {
        let values: Vec<&str> = line.split('|').collect();
        let remarks = REMARKS.into_iter().zip(&values[FIELDS.len()..]).filter(|(_, value)| !value.is_empty());
        Dissected {
            fields: std::array::from_fn(|at| values[at].to_owned()),
            remarks: remarks.map(|(name, _)| name.trim_start_matches("tcp.analysis.")).collect(),
        }
    };
    text.lines().map(row).collect()
}

/// How many packets a capture point sees again: the repetitions that the simulation made on purpose.
fn repetitions(trace: &Trace, point: &CapturePoint) -> usize {
    let mut seen = BTreeSet::new();
    let packets = trace.frames.iter().filter(|frame| frame.node == point.node).filter_map(|frame| match frame.event {
        Event::Sent { packet, link, .. } | Event::Received { packet, link } if link == point.link => {
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

/// What a scenario's packets may be remarked for beside repetitions.
#[derive(Clone, Copy, Default)]
struct Allowed {
    /// Lines that lose, reorder or repeat: whatever follows from that.
    faults: bool,
    /// Packets that were too large were lost where the MTU is small.
    too_large: bool,
    /// Wireshark takes only port 21 for FTP.
    odd_port: bool,
}

/// Bytes and checksums of every packet at every interface.
fn judge_bytes(capture: &[u8], context: &str) {
    for (index, packet) in dissect(capture, false).iter().enumerate() {
        let [protocols, malformed, ip, tcp, icmp, icmpv6, length, ports] = &packet.fields;
        let context = format!("{context}, packet {}: {:?}", index + 1, packet.fields);
        assert!(malformed.is_empty(), "{context}");
        // Of a quoted segment that was cut short the checksum cannot be right.
        let tcp = if protocols.contains("icmp") { "" } else { tcp };
        for status in [ip, tcp, icmp, icmpv6] {
            // 0 is bad, 1 good, 2 not verified.
            assert!(!status.split(',').any(|status| status == "0"), "{context}");
        }
        assert!(ip.starts_with('1') || protocols.contains("ipv6"), "{context}");
        let control = ports.split(',').any(|port| port == "21");
        assert!(!control || length == "0" || protocols.contains("icmp") || protocols.contains("tcp:"), "{context}");
    }
}

/// What TCP's analysis makes of one interface.
fn judge_analysis(trace: &Trace, point: &CapturePoint, allowed: Allowed, context: &str) {
    let context = format!("{context} at {}", point.name);
    let lossy = allowed.faults || allowed.too_large;
    let mut repeated = 0;
    for (index, packet) in dissect(&capture(trace, Some(&point.name)), true).iter().enumerate() {
        let context = format!("{context}, packet {}: {:?} {:?}", index + 1, packet.remarks, packet.fields);
        repeated += usize::from(packet.remarks.iter().any(|remark| remark.ends_with("retransmission")));
        for remark in &packet.remarks {
            let expected = match *remark {
                "retransmission" | "fast_retransmission" | "spurious_retransmission" => true,
                "keep_alive" | "keep_alive_ack" => true,
                "duplicate_ack" | "out_of_order" | "lost_segment" | "ack_lost_segment" => lossy,
                "window_update" => allowed.faults,
                _ => false,
            };
            assert!(expected, "{context}: {remark}");
        }
        let [protocols, .., length, ports] = &packet.fields;
        let carries = !length.is_empty() && length != "0" && !protocols.contains("icmp");
        if carries && packet.remarks.is_empty() && !allowed.odd_port && !allowed.faults {
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
    let again = repetitions(trace, point);
    assert!(lossy || repeated == again, "{context}: {repeated} repetitions, not {again}");
}

fn has_tshark() -> bool {
    let there = Command::new("tshark").arg("-v").output().is_ok();
    if !there {
        eprintln!("skipped: tshark is not installed");
    }
    there
}

/// All built-in scenarios, in every mode, at every interface.
#[test]
fn wireshark_has_nothing_to_complain_of() {
    if !has_tshark() {
        return;
    }
    let jobs: Vec<_> = builtins().iter().flat_map(|builtin| Mode::ALL.map(|mode| (builtin.name, mode))).collect();
    in_parallel(&jobs, |(name, mode)| {
        let trace = run(name, *mode);
        let context = format!("{name} {}", mode.name());
        let faults = trace
            .frames
            .iter()
            .any(|frame| matches!(frame.event, Event::Lost { reason: Loss::LineLoss | Loss::LinkDown, .. }));
        let allowed = Allowed { faults, ..Allowed::default() };
        for point in capture_points(&trace) {
            // What a router sees differs little from mode to mode.
            if *mode == Mode::Active || !trace.nodes[point.node.index()].forwards {
                judge_analysis(&trace, &point, allowed, &context);
            }
        }
    });
    // A file of many sections.
    let all: Vec<u8> = jobs.iter().flat_map(|(name, mode)| capture(&run(name, *mode), None)).collect();
    judge_bytes(&all, "all built-in scenarios in all modes");
}

/// Two at a time: tshark takes longer to start than to read.
fn in_parallel<T: Sync>(jobs: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(job);
                }
            });
        }
    });
}

/// Scenarios off the beaten track.
#[test]
fn wireshark_has_nothing_to_complain_of_in_odd_scenarios() {
    if !has_tshark() {
        return;
    }
    let scenario = |nodes: &str, links: &str, session: &str| {
        format!(
            "title = 'odd'\nlinks = {links}\n{nodes}\n[[sessions]]\nclient = 'client'\nserver = 'server'\n\
             run = ['ls', 'get big', 'get small']\n{session}\n"
        )
    };
    let files = "files = { big = 60000, small = 10 }";
    let server = format!("nodes.server = {{ ftp-server = {{ {files} }} }}");
    let v6 = format!(
        "nodes.client.address = '2001:db8:1::10'\nnodes.server = {{ address = '2001:db8:2::5', ftp-server = {{ {files} }} }}"
    );
    let nat = format!(
        "[nodes.client]\naddress = '192.168.1.10'\n[nodes.office.firewall.prerouting]\n\
         rules = ['tcp dport 21 ct helper set \"ftp\"']\n[nodes.office.firewall.postrouting]\n\
         rules = ['oifname \"internet\" masquerade']\n[nodes.server]\naddress = '203.0.113.5'\nftp-server = {{ {files} }}"
    );
    let router = "['client -- office -- internet -- server']";
    let small = "['client -- left', { path = 'left -- right', mtu = 1300 }, 'right -- server']";
    let bad = "['client -- left', { path = 'left -- right', loss = '2 %', reorder = '2 %', duplicate = '1 %', jitter = '3 ms' }, 'right -- server']";
    let over_v6 = |source: String| source.replace("server = 'server'", "server = '2001:db8:2::5'");
    let plain = Allowed::default();
    let too_large = Allowed { too_large: true, ..plain };
    let faults = Allowed { faults: true, ..plain };
    let two = "[[sessions]]\nclient = 'client'\nserver = 'server'\nmode = 'passive'\nrun = ['ls', 'get big']";
    let jobs = [
        ("IPv6 active", over_v6(scenario(&v6, "['client -- router -- server']", "mode = 'active-eprt'")), plain),
        ("IPv6 passive, small MTU", over_v6(scenario(&v6, small, "mode = 'passive-epsv'")), too_large),
        ("NAT and helper", scenario(&nat, router, "mode = 'active'"), plain),
        ("NAT and helper, EPRT", scenario(&nat, router, "mode = 'active-eprt'"), plain),
        ("small MTU", scenario(&server, small, "mode = 'active'"), too_large),
        ("bad line", scenario(&server, bad, "mode = 'passive'"), faults),
        (
            "port 2121",
            scenario(
                "nodes.server = { ftp-server = { port = 2121, files = { big = 20000, small = 10 } } }",
                "['client -- router -- server']",
                "port = 2121\nmode = 'passive'",
            ),
            Allowed { odd_port: true, ..plain },
        ),
        (
            "two sessions",
            scenario(&server, "['client -- router -- server']", &format!("mode = 'active'\n{two}")),
            plain,
        ),
        (
            "proftpd and lftp",
            scenario(
                &server.replace("files", "software = 'proftpd', files"),
                "['client -- router -- server']",
                "software = 'lftp'\nmode = 'passive'",
            ),
            plain,
        ),
        (
            "pure-ftpd and tnftp",
            scenario(
                &server.replace("files", "software = 'pure-ftpd', files"),
                "['client -- router -- server']",
                "software = 'tnftp'\nmode = 'passive-epsv'",
            ),
            plain,
        ),
    ];
    in_parallel(&jobs, |(name, source, allowed)| {
        let scenario = parse(source, name).unwrap_or_else(|mistakes| panic!("{name}: {mistakes:#?}\n{source}"));
        let trace = scenario.run().unwrap();
        judge_bytes(&capture(&trace, None), name);
        for point in capture_points(&trace) {
            judge_analysis(&trace, &point, *allowed, name);
        }
    });
}
