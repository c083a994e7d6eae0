//! Promises about every run: the same input gives the same bytes, causes lie in the past, packets have one end, the
//! views agree with each other, and no network, however odd, makes the engine stumble.
//!
//! `RENEW=1 cargo test --test determinism` writes the golden traces anew; look at the difference before committing it.

use ftpscope::export::write_json;
use ftpscope::firewall::{Verdict, parse_rule};
use ftpscope::ftp::{CommandResult, Mode};
use ftpscope::ids::{FrameId, PacketId};
use ftpscope::insight;
use ftpscope::packet::{Channel, Flags, SeqNr};
use ftpscope::scenario::{self, Outcome, Scenario, builtins};
use ftpscope::trace::{Event, Fate, PortName, Scene, SocketAction, Timeline, Trace, journeys};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;

fn parse(name: &str, source: &str) -> Scenario {
    scenario::parse(source, name).unwrap_or_else(|mistakes| panic!("{name}: {mistakes:#?}\n{source}"))
}

fn run(scenario: &Scenario) -> Trace {
    scenario.run().unwrap_or_else(|limit| panic!("{}: {limit}", scenario.title))
}

fn ndjson(trace: &Trace) -> String {
    let mut bytes = Vec::new();
    write_json(trace, &mut bytes).expect("writing to memory");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// Every built-in scenario in every mode.
fn everything() -> impl Iterator<Item = (String, Scenario)> {
    builtins().iter().flat_map(|builtin| {
        let scenario = parse(builtin.name, builtin.source);
        Mode::ALL.map(|mode| (format!("{} {mode}", builtin.name), scenario.clone().with_mode(mode)))
    })
}

#[test]
fn the_same_scenario_gives_the_same_bytes() {
    for (name, scenario) in everything() {
        assert!(ndjson(&run(&scenario)) == ndjson(&run(&scenario)), "{name}: two runs differ");
    }
}

#[test]
fn another_seed_gives_other_ports() {
    let port =
        |trace: &Trace| trace.port_names.iter().find(|(_, names)| names[0].1 == PortName::Aa).map(|(end, _)| end.port);
    for (name, scenario) in everything() {
        let ports: BTreeSet<_> = (100..105).map(|seed| port(&run(&scenario.clone().with_seed(seed)))).collect();
        assert!(ports.len() > 1, "{name}: {ports:?}");
    }
}

#[test]
fn golden_traces() {
    for mode in [Mode::Active, Mode::Passive] {
        let builtin = scenario::builtin("classic").expect("the classic is built in");
        let found = ndjson(&run(&parse("classic", builtin.source).with_mode(mode)));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/classic-{mode}.ndjson"));
        if std::env::var_os("RENEW").is_some() {
            std::fs::write(&path, &found).expect("the golden trace can be written");
        }
        // A checkout on Windows may have turned the line ends.
        let golden = std::fs::read_to_string(&path).expect("the golden trace is there").replace("\r\n", "\n");
        for (number, (found, golden)) in found.lines().zip(golden.lines()).enumerate() {
            assert_eq!(found, golden, "{}, line {}", path.display(), number + 1);
        }
        assert_eq!(found.len(), golden.len(), "{}", path.display());
    }
}

#[test]
fn traces_hold_together() {
    for (name, scenario) in everything() {
        holds_together(&name, &run(&scenario));
    }
}

/// Causes lie in the past, time goes forward, a packet ends once and does nothing afterwards, nothing is left in flight.
fn holds_together(name: &str, trace: &Trace) {
    let mut ended: BTreeMap<PacketId, FrameId> = BTreeMap::new();
    let mut before = None;
    for (id, frame) in trace.ids().zip(&trace.frames) {
        assert!(frame.cause.is_none_or(|cause| cause < id), "{name}: frame {id} has its cause in the future");
        assert!(
            frame.cause.is_none_or(|cause| trace.frame(cause).at <= frame.at),
            "{name}: frame {id} happens before its cause"
        );
        assert!(before <= Some(frame.at), "{name}: time goes back at frame {id}");
        before = Some(frame.at);
        let Some(packet) = trace.packet_of(frame) else { continue };
        if let Some(end) = ended.get(&packet.id) {
            panic!("{name}: the packet of frame {id} ended in frame {end}");
        }
        let dies = match &frame.event {
            Event::Verdict { verdict, .. } => *verdict != Verdict::Accept,
            Event::Lost { .. } => true,
            _ => false,
        };
        if dies {
            ended.insert(packet.id, id);
        }
    }
    for journey in journeys(trace) {
        assert_ne!(journey.fate, Fate::Travelling, "{name}: packet {:?} never ends", journey.id);
        if journey.fate == Fate::Delivered {
            // Its destination as it was when it came in: NAT may have changed it on the way.
            let end = journey.end();
            let packet = trace.packet_of(trace.frame(end.frame)).expect("stops are frames about packets");
            let at = &trace.nodes[end.node.index()];
            assert!(at.addresses.contains(&packet.dst), "{name}: packet {:?} ends at {}", journey.id, at.name);
        }
    }
    assert_eq!(Scene::after(trace, trace.frames.len()).flights.len(), 0, "{name}: packets are left in flight");
}

/// A few traces of different shapes, made once.
static TRACES: LazyLock<Vec<(Trace, Timeline)>> = LazyLock::new(|| {
    let with_timeline = |(_, scenario): (String, Scenario)| {
        let trace = run(&scenario);
        let timeline = Timeline::new(&trace);
        (trace, timeline)
    };
    everything().map(with_timeline).collect()
});

proptest! {
    #[test]
    fn a_timeline_jumps_to_what_stepping_would_show(which in any::<prop::sample::Index>(), jumps in prop::collection::vec(any::<prop::sample::Index>(), 1..12)) {
        let (trace, timeline) = &TRACES[which.index(TRACES.len())];
        for jump in jumps {
            let count = jump.index(trace.frames.len() + 1);
            prop_assert_eq!(timeline.scene(trace, count), Scene::after(trace, count));
        }
    }
}

/// A network nobody would build, and what is tried on it.
#[derive(Clone, Debug)]
struct Odd {
    /// The node that node i + 1 is linked with.
    parents: Vec<usize>,
    /// Whether the last node is linked with the first.
    ring: bool,
    chains: BTreeMap<(usize, &'static str), (bool, Vec<OddRule>)>,
    /// The length of the server's file.
    file: u32,
    sessions: Vec<(usize, &'static str, Vec<&'static str>)>,
    seed: u32,
    /// What is wrong with one of the links.
    fault: (usize, &'static str),
}

const FAULTS: [&str; 9] = [
    "",
    "",
    "loss = \"3 %\"",
    "loss = \"30 %\"",
    "duplicate = \"50 %\"",
    "reorder = \"20 %\", reorder-delay = \"30 ms\"",
    "mtu = 576",
    "jitter = \"20 ms\", loss = \"1 %\", duplicate = \"5 %\", reorder = \"5 %\", mtu = 1400",
    "cuts = [{ from = \"100 ms\", to = \"5 s\" }, { from = \"20 s\", to = \"50 s\" }]",
];

/// Conditions and a verdict; `{}` in a condition is a neighbour.
type OddRule = (Vec<(&'static str, usize)>, &'static str);

const HOOKS: [&str; 5] = ["prerouting", "input", "forward", "output", "postrouting"];
const CONDITIONS: [&str; 14] = [
    "iifname \"{}\"",
    "oifname \"{}\"",
    "iifname != \"{}\"",
    "ct state established,related",
    "ct state new",
    "ct state != invalid",
    "ct state related",
    "tcp dport 21",
    "tcp sport 21",
    "tcp sport 20",
    "tcp dport 1024-65535",
    "tcp flags & (syn|ack) == syn",
    "ip saddr 10.0.1.0/24",
    "meta l4proto icmp",
];
const VERDICTS: [&str; 8] = [
    "accept",
    "accept",
    "accept",
    "counter",
    "drop",
    "reject",
    "reject with tcp reset",
    "reject with icmpx type admin-prohibited",
];

fn odd() -> impl Strategy<Value = Odd> {
    let parents = (3..=8_usize).prop_flat_map(|nodes| {
        let chain = Just((0..nodes - 1).collect::<Vec<_>>());
        let tree = (1..nodes).map(|i| 0..i).collect::<Vec<_>>();
        prop_oneof![(chain.clone(), Just(false)), (tree, Just(false)), (chain, Just(true))]
    });
    parents.prop_flat_map(|(parents, ring)| {
        let nodes = parents.len() + 1;
        let rule = (prop::collection::vec((select(&CONDITIONS[..]), 0..8_usize), 0..3), select(&VERDICTS[..]));
        let chain = (prop::bool::weighted(0.8), prop::collection::vec(rule, 0..5));
        let chains = prop::collection::btree_map((0..nodes, select(&HOOKS[..])), chain, 0..5);
        let command = select(&["ls", "nls", "get file", "get nothing", "pwd", "put file", "SYST"][..]);
        let mode = select(&["active", "passive", "active-eprt", "passive-epsv"][..]);
        let sessions = prop::collection::vec((0..nodes - 1, mode, prop::collection::vec(command, 1..4)), 1..4);
        let fault = (0..8_usize, select(&FAULTS[..]));
        (chains, 0..6000_u32, sessions, any::<u32>(), fault).prop_map(move |(chains, file, sessions, seed, fault)| {
            Odd { parents: parents.clone(), ring, chains, file, sessions, seed, fault }
        })
    })
}

impl Odd {
    /// Text in which no two stretches of some length are the same.
    fn content(&self) -> String {
        (0..self.file).map(|i| char::from(b'a' + (i * i / 7 % 26) as u8)).collect()
    }

    /// The server is the last node.
    fn server(&self) -> usize {
        self.parents.len()
    }

    fn source(&self) -> String {
        let server = self.server();
        let mut links: Vec<(usize, usize)> =
            self.parents.iter().enumerate().map(|(i, parent)| (*parent, i + 1)).collect();
        if self.ring {
            links.push((server, 0));
        }
        let mut list: Vec<String> = links.iter().map(|(a, b)| format!("\"n{a} -- n{b}\"")).collect();
        let (at, fault) = self.fault;
        if !fault.is_empty() {
            let at = at % list.len();
            list[at] = format!("{{ path = {}, {fault} }}", list[at]);
        }
        let mut text = format!("title = \"odd\"\nseed = {}\nlinks = [{}]\n", self.seed, list.join(", "));
        for ((node, hook), (accept, rules)) in &self.chains {
            let neighbours: Vec<usize> =
                links.iter().filter(|(a, b)| a == node || b == node).map(|(a, b)| a + b - node).collect();
            let _ = write!(
                text,
                "[nodes.n{node}.firewall.{hook}]\npolicy = \"{}\"\nrules = [\n",
                if *accept { "accept" } else { "drop" }
            );
            for (conditions, verdict) in rules {
                let verdict = if *hook == "postrouting" && verdict.starts_with("reject") { "drop" } else { verdict };
                // Not every hook knows both interfaces; the scenario's check says so.
                let allowed = |condition: &str| match *hook {
                    "prerouting" | "input" => !condition.contains("oifname"),
                    "output" | "postrouting" => !condition.contains("iifname"),
                    _ => true,
                };
                let conditions = conditions.iter().filter(|(condition, _)| allowed(condition)).map(|(condition, i)| {
                    condition.replace("{}", &format!("n{}", neighbours[i % neighbours.len()])) + " "
                });
                let rule = conditions.collect::<String>() + verdict;
                // Conditions that contradict each other are no rule, to nft neither.
                if parse_rule(&rule).is_ok() {
                    let _ = writeln!(text, "    '{rule}',");
                }
            }
            text.push_str("]\n");
        }
        let _ =
            write!(text, "[nodes.n{server}.ftp-server]\nfiles = {{ file = {{ text = \"{}\" }} }}\n", self.content());
        for (client, mode, run) in &self.sessions {
            let _ = write!(
                text,
                "[[sessions]]\nclient = \"n{client}\"\nserver = \"n{server}\"\nmode = \"{mode}\"\nrun = {run:?}\n\
                 files = {{ file = 300 }}\n"
            );
        }
        text
    }
}

/// The bytes that reached the client on the data connection of each successful RETR, put together from the segments.
fn retrieved(trace: &Trace) -> Vec<(Vec<u8>, u64)> {
    let finished = trace.ids().filter_map(|id| {
        let frame = trace.frame(id);
        let Event::Transfer { command, result: Some(CommandResult::Ok), bytes, .. } = &frame.event else { return None };
        // The data connection is the last that its session began.
        let session = frame.tag?.session;
        let connection = trace.frames[..id.index()].iter().rev().find_map(|earlier| {
            let tag = earlier.tag.filter(|tag| tag.session == session && tag.channel == Channel::Data)?;
            matches!(earlier.event, Event::Socket { action: SocketAction::Connect, .. }).then_some(tag.connection?)
        })?;
        (command == "RETR").then_some((frame.node, connection, *bytes))
    });
    finished
        .map(|(client, connection, count)| {
            let mut octets: BTreeMap<u32, &[u8]> = BTreeMap::new();
            let mut first = None::<SeqNr>;
            for frame in
                trace.frames.iter().filter(|frame| frame.tag.is_some_and(|tag| tag.connection == Some(connection)))
            {
                let (Event::Received { .. } | Event::Verdict { .. }, true) = (&frame.event, frame.node == client)
                else {
                    continue;
                };
                let Some(packet) = trace.packet_of(frame) else { continue };
                let Some(segment) =
                    packet.tcp().filter(|_| trace.nodes[client.index()].addresses.contains(&packet.dst))
                else {
                    continue;
                };
                if segment.flags.contains(Flags::SYN) {
                    first = Some(segment.seq + 1);
                } else if let Some(first) = first.filter(|_| !segment.payload.is_empty()) {
                    octets.insert(segment.seq - first, &segment.payload);
                }
            }
            let mut whole = Vec::new();
            for (at, part) in octets {
                if let Some(new) = whole.len().checked_sub(at as usize).and_then(|known| part.get(known..)) {
                    whole.extend_from_slice(new);
                }
            }
            (whole, count)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn odd_networks_come_to_an_end(odd in odd()) {
        let scenario = parse("odd", &odd.source());
        let trace = scenario.run().map_err(|limit| TestCaseError::fail(limit.to_string()))?;
        holds_together("odd", &trace);
        let outcomes = insight::outcomes(&trace);
        for (session, (.., run)) in odd.sessions.iter().enumerate() {
            for index in 0..run.len() {
                let count = outcomes
                    .iter()
                    .filter(|step| step.session.index() == session && step.index as usize == index)
                    .count();
                prop_assert_eq!(count, 1, "session {}, entry {}", session, index);
            }
        }
        let good = outcomes.iter().filter(|step| step.run == "get file" && step.outcome == Outcome::Ok).count();
        let retrieved = retrieved(&trace);
        prop_assert!(retrieved.len() >= good);
        let written = odd.sessions.iter().any(|(.., run)| run.contains(&"put file"));
        for (octets, count) in retrieved {
            prop_assert_eq!(octets.len() as u64, count);
            if !written {
                prop_assert_eq!(octets, odd.content().into_bytes());
            }
        }
    }
}
