//! Connection tracking, NAT and the FTP helper against the kernel's: hand-made packets, one at a time.
//!
//! `truth/conntrack.jsonl` was recorded by `truth/conntrack.py`: after each packet its `ct state`, the entries and
//! expectations with what was left of their time, and what left the router, byte for byte. Here each sequence is played
//! again through a router of the simulator, as often as it has packets, so that every entry's end can be waited for.

use ftpscope::engine::{Limits, Simulation};
use ftpscope::ids::{FrameId, NodeId, PacketId};
use ftpscope::packet::{Body, Flags, Icmp, Packet, Segment, SeqNr, Unreachable};
use ftpscope::scenario::{self, Scenario};
use ftpscope::time::{Duration, Instant};
use ftpscope::trace::{Event, ExpectationAction, Recorder, Scene, Trace};
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Deserialize)]
struct Sequence {
    name: String,
    rules: BTreeMap<String, Vec<String>>,
    loose: u8,
    routes: BTreeMap<String, String>,
    /// The helper is loose.
    #[serde(default)]
    believes: bool,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    name: String,
    /// The interface that it comes in by.
    wire: String,
    packet: Hand,
    state: Option<String>,
    out: Vec<Hand>,
    entries: Vec<Entry>,
    expectations: Vec<Expected>,
}

/// A packet as the record has it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
struct Hand {
    wire: String,
    src: String,
    dst: String,
    ttl: Option<u8>,
    sport: u16,
    dport: u16,
    seq: u32,
    ack: u32,
    flags: String,
    win: u16,
    mss: Option<u16>,
    wscale: Option<u8>,
    sack_ok: bool,
    sack: Vec<(u32, u32)>,
    data: String,
    icmp: Option<String>,
    quoted: Option<Box<Self>>,
}

#[derive(Deserialize)]
struct Entry {
    state: String,
    left: f64,
    flags: String,
    original: String,
    reply: String,
}

#[derive(Deserialize)]
struct Expected {
    left: f64,
    from: String,
    to: String,
}

/// The time between two packets of the record.
const BETWEEN: Duration = Duration::from_millis(70);
const ROUTER: &str = "F";

fn sequences() -> Vec<Sequence> {
    let lines = include_str!("truth/conntrack.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).expect("a sequence")).collect()
}

/// The laboratory: a router between two hosts that say nothing.
fn laboratory(sequence: &Sequence) -> Scenario {
    let mut text = format!(
        r#"title = "conntrack"
limits = {{ time = "720 h" }}
links = ["C -- F -- S"]
[nodes.C]
address = ["192.168.10.10/24", "2001:db8:10::10/64"]
firewall.prerouting.policy = "drop"
[nodes.S]
address = ["203.0.113.10/24", "2001:db8:113::10/64"]
firewall.prerouting.policy = "drop"
[nodes.F]
addresses = {{ C = ["192.168.10.1/24", "2001:db8:10::1/64"], S = ["203.0.113.1/24", "2001:db8:113::1/64"] }}
gateway = "S"
routes = {{ {} }}
[[sessions]]
client = "C"
server = "S"
start = "500 h"
run = ["pwd"]
[nodes.F.firewall]
loose-helper = {}
loose-tracking = {}
"#,
        sequence.routes.iter().map(|(network, hop)| format!("{network:?} = {hop:?}")).collect::<Vec<_>>().join(", "),
        sequence.believes,
        sequence.loose != 0
    );
    let mut rules = sequence.rules.clone();
    // The laboratory's own rule, which switches tracking on.
    rules.entry("prerouting".to_owned()).or_default().insert(0, "ct state invalid counter".to_owned());
    for (hook, rules) in rules {
        let hooks = ["prerouting", "input", "forward", "output", "postrouting"];
        let chains = if hooks.contains(&&*hook) { "" } else { "chains." };
        let _ = writeln!(text, "{chains}{hook}.rules = {rules:?}");
    }
    scenario::parse(&text, "conntrack").unwrap_or_else(|mistakes| panic!("{mistakes:#?}\n{text}"))
}

fn packet(hand: &Hand) -> Packet {
    let body = if let Some(kind) = &hand.icmp {
        let quoted = packet(hand.quoted.as_ref().expect("an error quotes"));
        let reason = match kind.as_str() {
            "net-unreachable" => Some(Unreachable::Net),
            "host-unreachable" => Some(Unreachable::Host),
            "port-unreachable" => Some(Unreachable::Port),
            "admin-prohibited" => Some(Unreachable::AdminProhibited),
            _ => None,
        };
        Body::Icmp(Box::new(match reason {
            Some(reason) => Icmp::Unreachable { reason, quoted },
            None => Icmp::TimeExceeded { quoted },
        }))
    } else {
        let letters = [
            ('F', Flags::FIN),
            ('S', Flags::SYN),
            ('R', Flags::RST),
            ('P', Flags::PSH),
            ('.', Flags::ACK),
            ('U', Flags::URG),
        ];
        let flag = |c| letters.iter().find(|(letter, _)| *letter == c).expect("a flag").1;
        Body::Tcp(Segment {
            src_port: hand.sport,
            dst_port: hand.dport,
            seq: SeqNr(hand.seq),
            ack: SeqNr(hand.ack),
            flags: hand.flags.chars().fold(Flags::default(), |all, c| all.with(flag(c))),
            window: hand.win,
            mss: hand.mss,
            window_scale: hand.wscale,
            sack_permitted: hand.sack_ok,
            sack: hand.sack.iter().map(|(from, to)| (SeqNr(*from), SeqNr(*to))).collect(),
            timestamps: None,
            payload: hand.data.clone().into(),
        })
    };
    Packet {
        id: PacketId(0),
        tag: None,
        last_frame: None,
        src: hand.src.parse().expect("an address"),
        dst: hand.dst.parse().expect("an address"),
        ttl: hand.ttl.unwrap_or(64),
        body,
    }
}

/// The same, as the record writes what comes out: options of SYNs and the TTL of what is quoted are left out there.
fn hand(packet: &Packet, wire: &str, quoted: bool) -> Hand {
    let base = Hand {
        wire: wire.to_owned(),
        src: packet.src.to_string(),
        dst: packet.dst.to_string(),
        ttl: (!quoted).then_some(packet.ttl),
        ..Hand::default()
    };
    match &packet.body {
        Body::Tcp(segment) => Hand {
            sport: segment.src_port,
            dport: segment.dst_port,
            seq: segment.seq.0,
            ack: segment.ack.0,
            flags: "FSRPU.".chars().filter(|c| segment.flags.to_string().contains(*c)).collect(),
            win: segment.window,
            sack: if quoted { Vec::new() } else { segment.sack.iter().map(|(from, to)| (from.0, to.0)).collect() },
            data: if quoted { String::new() } else { String::from_utf8_lossy(&segment.payload).into_owned() },
            ..base
        },
        Body::Icmp(icmp) => {
            Hand { icmp: Some(icmp.name().to_owned()), quoted: Some(Box::new(hand(icmp.quoted(), "", true))), ..base }
        }
    }
}

/// What was found after the last of some packets.
struct Seen {
    state: Option<String>,
    out: Vec<Hand>,
    /// As `state flags original / reply`, with the seconds that were left.
    entries: Vec<(String, f64)>,
    expectations: Vec<(String, f64)>,
}

fn play(laboratory: &Scenario, steps: &[Step]) -> Seen {
    let router = laboratory.node(ROUTER).expect("it is there");
    let mut simulation: Simulation<Recorder> = laboratory.build(Recorder { trace: laboratory.names() });
    let interface = |wire: &str| {
        let found = laboratory.nodes[router].interfaces.iter().position(|interface| interface.name == wire);
        found.expect("a wire") as u16
    };
    let mut at = Instant::START;
    for step in steps {
        at += BETWEEN;
        simulation.inject(at, NodeId(router as u32), interface(&step.wire), packet(&step.packet));
    }
    // Long after everything has expired another packet comes, so that it is told.
    let stray = Hand { src: "192.168.10.10".into(), dst: "203.0.113.10".into(), flags: "R".into(), ..Hand::default() };
    let late = at + Duration::from_secs(450_000);
    simulation.inject(late, NodeId(router as u32), interface("C"), packet(&stray));
    let limits = Limits { time: late + Duration::from_secs(1), ..Limits::default() };
    simulation.run(limits).expect_err("the session is still to come");
    let trace = simulation.into_observer().trace;
    let here = |frame: &&ftpscope::trace::Frame| frame.node.index() == router;
    let soon = at + Duration::from_secs(1);
    let recent = trace.frames.iter().filter(here).filter(|frame| frame.at >= at && frame.at < soon);
    let mut seen = Seen { state: None, out: Vec::new(), entries: Vec::new(), expectations: Vec::new() };
    for frame in recent {
        match &frame.event {
            Event::Verdict { ct_state: Some(state), .. } if seen.state.is_none() => {
                seen.state = Some(state.to_string());
            }
            Event::Sent { packet, to, .. } => seen.out.push(hand(trace.packet(*packet), trace.node_name(*to), false)),
            _ => {}
        }
    }
    let count = trace.frames.partition_point(|frame| frame.at < soon);
    let scene = Scene::after(&trace, count);
    let left = |gone: &dyn Fn(&Event) -> bool| {
        let frame = trace.frames[count..].iter().filter(here).find(|frame| gone(&frame.event));
        frame.map_or(f64::NAN, |frame| frame.at.since(at).as_secs_f64())
    };
    let end = |endpoints: (ftpscope::packet::Endpoint, ftpscope::packet::Endpoint)| {
        format!("{} {} {} {}", endpoints.0.ip, endpoints.0.port, endpoints.1.ip, endpoints.1.port)
    };
    for entry in scene.tracking.iter().filter(|entry| entry.node.index() == router) {
        let flags = match (entry.replied, entry.assured) {
            (_, true) => "assured",
            (false, _) => "unreplied",
            (true, false) => "",
        };
        let text = format!("{} {flags} {} / {}", entry.state, end((entry.from, entry.to)), end(entry.reply));
        let id = entry.entry;
        let gone = move |event: &Event| matches!(event, Event::Conntrack { entry, state: None, .. } if *entry == id);
        seen.entries.push((text, left(&gone)));
    }
    seen.entries.sort_by(|a, b| a.0.cmp(&b.0));
    for expected in &scene.expected {
        let to = expected.to;
        let gone = move |event: &Event| matches!(event, Event::Expectation { action: ExpectationAction::Expired, to: known, .. } if *known == to);
        seen.expectations.push((format!("{} > {} {}", expected.from, to.ip, to.port), left(&gone)));
    }
    seen
}

/// Ports that were picked at random: a recorded one and ours, always the same pair.
#[derive(Default)]
struct Ports {
    made: Vec<u16>,
    pairs: BTreeMap<u16, u16>,
}

impl Ports {
    fn same(&mut self, real: u16, here: u16) -> bool {
        if real == here {
            return true;
        }
        let picked = |port| !self.made.contains(&port) && port != 0;
        if !picked(real) || !picked(here) {
            return false;
        }
        // Low ports stay low.
        (real < 512) == (here < 512)
            && (real < 1024) == (here < 1024)
            && *self.pairs.entry(real).or_insert(here) == here
    }

    /// The same text, but for ports.
    fn same_text(&mut self, real: &str, here: &str) -> bool {
        let words = |text: &str| text.split([' ', ',', '|']).map(str::to_owned).collect::<Vec<_>>();
        let (real, here) = (words(real), words(here));
        real.len() == here.len()
            && real
                .iter()
                .zip(&here)
                .all(|(r, h)| r == h || matches!((r.parse(), h.parse()), (Ok(r), Ok(h)) if self.same(r, h)))
    }

    fn same_packet(&mut self, real: &Hand, here: &Hand) -> bool {
        let rest = |hand: &Hand| Hand { sport: 0, dport: 0, data: String::new(), quoted: None, ..hand.clone() };
        self.same(real.sport, here.sport)
            && self.same(real.dport, here.dport)
            && (real.data == here.data || self.same_line(&real.data, &here.data))
            && rest(real) == rest(here)
            && match (&real.quoted, &here.quoted) {
                (None, None) => true,
                (Some(real), Some(here)) => self.same_packet(real, here),
                _ => false,
            }
    }

    /// `PORT 198,51,100,1,156,65`: a port as two numbers.
    fn same_line(&mut self, real: &str, here: &str) -> bool {
        let parts = |line: &str| {
            let mut numbers = line.trim().rsplitn(3, ',').map(str::to_owned).collect::<Vec<_>>();
            let rest = numbers.pop().unwrap_or_default();
            let port = match numbers.iter().map(|number| number.parse::<u16>()).collect::<Result<Vec<_>, _>>() {
                Ok(numbers) if numbers.len() == 2 => numbers[1] << 8 | numbers[0],
                _ => 0,
            };
            (rest, port)
        };
        let (real, here) = (parts(real), parts(here));
        real.0 == here.0 && self.same(real.1, here.1)
    }
}

fn differences(sequence: &Sequence, steps: &[Step], seen: &Seen, ports: &mut Ports) -> Vec<String> {
    let step = steps.last().expect("one at least");
    let mut found = Vec::new();
    let mut differ = |what: &str, real: String, here: String| {
        found.push(format!("{} / {}: {what}: real {real}, here {here}", sequence.name, step.name));
    };
    if step.state != seen.state {
        differ("state", format!("{:?}", step.state), format!("{:?}", seen.state));
    }
    // Only C and S can be sent to here; further hosts of the record's wires do not exist.
    let reachable = |hand: &&Hand| {
        ["192.168.10.10", "203.0.113.10", "2001:db8:10::10", "2001:db8:113::10"].contains(&hand.dst.as_str())
            || hand.dst.starts_with("198.51.10")
            || hand.dst.starts_with("2001:db8:f")
    };
    let real: Vec<&Hand> = step.out.iter().filter(reachable).collect();
    if real.len() != seen.out.len() || !real.iter().zip(&seen.out).all(|(real, here)| ports.same_packet(real, here)) {
        differ("out", format!("{real:?}"), format!("{:?}", seen.out));
    }
    let mut entries: Vec<(String, f64)> = step
        .entries
        .iter()
        .map(|entry| (format!("{} {} {} / {}", entry.state, entry.flags, entry.original, entry.reply), entry.left))
        .collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    // An expectation goes with the control connection that announced it.
    let control = step.entries.iter().filter(|entry| entry.original.ends_with("21")).map(|entry| entry.left);
    let control = control.fold(f64::INFINITY, f64::min);
    let expectation = |wait: &Expected| (format!("{} > {}", wait.from, wait.to), wait.left.min(control));
    let expected: Vec<(String, f64)> = step.expectations.iter().map(expectation).collect();
    for (what, real, here) in [("entries", &entries, &seen.entries), ("expectations", &expected, &seen.expectations)] {
        let same = real.len() == here.len()
            && real.iter().zip(here).all(|(real, here)| {
                // conntrack shows whole seconds, rounded down, a moment later.
                ports.same_text(&real.0, &here.0) && (here.1 - real.1 - 0.5).abs() < 1.2
            });
        if !same {
            differ(what, format!("{real:?}"), format!("{here:?}"));
        }
    }
    found
}

#[test]
fn the_router_does_what_the_kernel_did() {
    let sequences = sequences();
    assert!(sequences.len() >= 90, "the file is whole");
    let (mut wrong, mut steps) = (Vec::new(), 0);
    for sequence in &sequences {
        let laboratory = laboratory(sequence);
        let made = sequence.steps.iter().flat_map(|step| [step.packet.sport, step.packet.dport]).collect();
        let mut ports = Ports { made, ..Ports::default() };
        for count in 1..=sequence.steps.len() {
            let seen = play(&laboratory, &sequence.steps[..count]);
            steps += 1;
            wrong.extend(differences(sequence, &sequence.steps[..count], &seen, &mut ports));
        }
    }
    println!("{} sequences, {steps} packets, {} differences", sequences.len(), wrong.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A frame's cause and order are kept when what has expired is told late.
#[test]
fn what_expires_is_told_in_order_and_has_a_cause() {
    let sequence = sequences().into_iter().find(|sequence| sequence.name == "PORT").expect("it is recorded");
    let laboratory = laboratory(&sequence);
    let trace: Trace = {
        let router = laboratory.node(ROUTER).expect("it is there");
        let mut simulation = laboratory.build(Recorder { trace: laboratory.names() });
        let mut at = Instant::START;
        for step in &sequence.steps {
            at += BETWEEN;
            let wire = u16::from(step.wire == "S");
            simulation.inject(at, NodeId(router as u32), wire, packet(&step.packet));
        }
        let _ = simulation.run(Limits::default());
        simulation.into_observer().trace
    };
    assert!(trace.frames.is_sorted_by_key(|frame| frame.at));
    for (index, frame) in trace.frames.iter().enumerate() {
        if matches!(frame.event, Event::Conntrack { state: None, .. }) {
            let cause = frame.cause.map(FrameId::index).expect("a packet renewed it last");
            assert!(cause < index);
        }
    }
}

/// A packet of anybody to anybody: few addresses and ports, so that connections come about, and lines that the helper
/// knows, whole and in pieces.
fn any_packet() -> impl Strategy<Value = (bool, Hand)> {
    let address =
        prop::sample::select(vec!["192.168.10.10", "192.168.10.1", "203.0.113.10", "203.0.113.1", "10.1.1.1"]);
    let port = prop::sample::select(vec![20_u16, 21, 40_000, 40_001, 50_000]);
    let flags = prop::sample::select(vec!["S", "S.", ".", "P.", "F.", "R", "R.", "", "SF"]);
    let data = prop::sample::select(vec![
        "",
        "USER x\r\n",
        "PORT 192,168,10,10,156,65\r\n",
        "PORT 192,168,",
        "EPRT |1|192.168.10.10|40001|\r\n",
        "227 (203,0,113,10,195,80)\r\n",
        "229 (|||50000|)\r\n",
        "PO",
    ]);
    let ends = (address.clone(), port.clone(), address, port);
    let numbers = (0_u32..4, 0_u32..4, any::<u16>(), 1_u8..3);
    (any::<bool>(), ends, flags, numbers, data, any::<bool>()).prop_map(
        |(from_client, (src, sport, dst, dport), flags, (seq, ack, win, ttl), data, error)| {
            let tcp = Hand {
                src: src.into(),
                dst: dst.into(),
                ttl: Some(ttl * 2),
                sport,
                dport,
                seq: seq * 8,
                ack: ack * 8,
                flags: flags.into(),
                win,
                data: data.into(),
                ..Hand::default()
            };
            let about = || Hand {
                src: dst.into(),
                dst: src.into(),
                icmp: Some("port-unreachable".into()),
                quoted: Some(Box::new(tcp.clone())),
                ..Hand::default()
            };
            (from_client, if error && flags == "R" { about() } else { tcp })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever comes to a router that filters, translates and helps: it neither panics nor hangs, time goes forward, and
    /// every entry is made before it changes and is gone only once.
    #[test]
    fn a_router_stands_any_packets(packets in prop::collection::vec(any_packet(), 1..40), seconds in 0_u64..90) {
        let rules = [
            ("prerouting", vec![
                "tcp sport 50000 notrack",
                "tcp dport 21 ct helper set \"ftp\"",
                "iifname \"S\" tcp dport 21 dnat to 192.168.10.10",
                "tcp dport 40001 redirect to :21",
            ]),
            ("input", vec!["ct state vmap { established : accept, invalid : drop }", "reject"]),
            ("forward", vec!["ct state invalid drop", "limit rate over 20/second burst 9 packets drop", "tcp dport 40000 jump more"]),
            ("more", vec!["ct direction reply return", "tcp sport 20 reject with tcp reset"]),
            ("postrouting", vec!["oifname \"S\" meta l4proto tcp masquerade to :40000-40003"]),
        ];
        let rules = rules.into_iter().map(|(hook, rules)| (hook.to_owned(), rules.into_iter().map(str::to_owned).collect()));
        let sequence = Sequence {
            name: String::new(),
            rules: rules.collect(),
            loose: 1,
            routes: BTreeMap::new(),
            believes: true,
            steps: Vec::new(),
        };
        let laboratory = laboratory(&sequence);
        let router = NodeId(laboratory.node(ROUTER).expect("it is there") as u32);
        let mut simulation = laboratory.build(Recorder { trace: laboratory.names() });
        let mut at = Instant::START;
        for (from_client, hand) in &packets {
            at += Duration::from_millis(10 + seconds * 1000);
            simulation.inject(at, router, u16::from(!from_client), packet(hand));
        }
        let limits = Limits { time: at + Duration::from_secs(600), ..Limits::default() };
        prop_assert!(matches!(simulation.run(limits), Err(ftpscope::engine::LimitReached::Time(_))), "the session is still to come");
        let trace = simulation.into_observer().trace;
        prop_assert!(trace.frames.is_sorted_by_key(|frame| frame.at));
        let mut living = std::collections::BTreeSet::new();
        for frame in &trace.frames {
            if let Event::Conntrack { entry, state, .. } = &frame.event {
                let key = (frame.node, *entry);
                match state {
                    Some(_) => { living.insert(key); }
                    None => prop_assert!(living.remove(&key), "it was there"),
                }
            }
        }
    }
}
