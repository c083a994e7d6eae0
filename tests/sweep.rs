//! Bad links: loss, reordering, repetition and small MTUs, in whole scenarios. Every byte of a `get` arrives whole and
//! in order, or the step reports an error; nothing hangs.

mod common;

use common::run;
use ftpscope::ftp::CommandResult;
use ftpscope::insight;
use ftpscope::packet::{Body, Channel, Flags, SeqNr};
use ftpscope::scenario::{Outcome, Scenario};
use ftpscope::time::Instant;
use ftpscope::trace::{Event, Loss, SocketAction, Trace};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const SIZE: usize = 300_000;

/// A client and a server with a bad link between two routers.
fn scenario(link: &str, seed: u64, size: usize) -> Scenario {
    let source = format!(
        "title = \"sweep\"\nseed = {seed}\nlimits = {{ frames = 2000000 }}\n\
         links = [\"client -- left\", {{ path = \"left -- right\", bandwidth = \"20 Mbit/s\", {link} }}, \"right -- server\"]\n\
         [nodes.server]\nftp-server = {{ files = {{ big = {size} }} }}\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nmode = \"passive\"\nrun = [\"get big\"]\n"
    );
    common::scenario(&source)
}

/// The file as its bytes went out, and as they came in, by their place in the stream.
fn octets(trace: &Trace, at_client: bool) -> Vec<u8> {
    let mut pieces: BTreeMap<u32, &[u8]> = BTreeMap::new();
    let mut first = None::<SeqNr>;
    for frame in trace.frames.iter().filter(|frame| frame.tag.is_some_and(|tag| tag.channel == Channel::Data)) {
        let client = trace.nodes[frame.node.index()].name == "client";
        let taken = match frame.event {
            Event::Received { .. } => at_client && client,
            Event::Sent { .. } => !at_client && !client && trace.nodes[frame.node.index()].name == "server",
            _ => false,
        };
        let Some(segment) = trace.packet_of(frame).filter(|_| taken).and_then(|packet| packet.tcp()) else { continue };
        if segment.flags.contains(Flags::SYN) {
            first = Some(segment.seq + 1);
        } else if let Some(first) = first.filter(|_| !segment.payload.is_empty()) {
            let at = segment.seq - first;
            let longest = pieces.get(&at).map_or(0, |known| known.len());
            if segment.payload.len() > longest {
                pieces.insert(at, &segment.payload);
            }
        }
    }
    let mut whole = Vec::new();
    for (at, piece) in pieces {
        let Some(known) = whole.len().checked_sub(at as usize) else { break };
        whole.extend_from_slice(piece.get(known..).unwrap_or_default());
    }
    whole
}

/// Seconds that the `get` took; `None`: it reported an error.
fn get(link: &str, seed: u64) -> Option<f64> {
    let trace = scenario(link, seed, SIZE).run().unwrap_or_else(|limit| panic!("{link}, seed {seed}: {limit}"));
    let steps: Vec<_> = insight::outcomes(&trace).into_iter().filter(|step| step.run == "get big").collect();
    assert_eq!(steps.len(), 1, "{link}, seed {seed}: the step has one outcome");
    let mut begin = None;
    for frame in &trace.frames {
        let Event::Transfer { result, bytes, .. } = &frame.event else { continue };
        match result {
            None => begin = Some(frame.at),
            Some(CommandResult::Ok) => {
                assert_eq!(steps[0].outcome, Outcome::Ok);
                assert_eq!(*bytes, SIZE as u64, "{link}, seed {seed}");
                let (sent, came) = (octets(&trace, false), octets(&trace, true));
                assert_eq!(came.len(), SIZE, "{link}, seed {seed}");
                assert!(sent == came, "{link}, seed {seed}: the bytes differ");
                return begin.map(|begin| frame.at.since(begin).as_nanos() as f64 / 1e9);
            }
            Some(_) => break,
        }
    }
    assert_ne!(steps[0].outcome, Outcome::Ok, "{link}, seed {seed}: no transfer, but no error either");
    None
}

/// Goodput in kB a second of simulated time, the mean of the seeds that came through; how many did not.
#[test]
fn every_byte_arrives_or_an_error_is_reported() {
    const SEEDS: u64 = 4;
    const MTUS: [u32; 3] = [1500, 1400, 576];
    let mut table = format!("{:>7} {:>8} {:>10}", "loss", "reorder", "duplicate");
    for mtu in MTUS {
        let _ = write!(table, " {:>14}", format!("MTU {mtu}"));
    }
    table.push('\n');
    for loss in ["0 %", "0.1 %", "1 %", "5 %", "20 %"] {
        for reorder in ["0 %", "5 %"] {
            for duplicate in ["0 %", "3 %"] {
                let _ = write!(table, "{loss:>7} {reorder:>8} {duplicate:>10}");
                for mtu in MTUS {
                    let link =
                        format!("mtu = {mtu}, loss = \"{loss}\", reorder = \"{reorder}\", duplicate = \"{duplicate}\"");
                    let times: Vec<f64> = (1..=SEEDS).filter_map(|seed| get(&link, seed)).collect();
                    let mean = times.iter().map(|time| SIZE as f64 / 1000.0 / time).sum::<f64>() / times.len() as f64;
                    let failed = SEEDS as usize - times.len();
                    let failed = if failed == 0 { String::new() } else { format!(" ({failed} failed)") };
                    let _ = write!(table, " {:>14}", format!("{mean:.0}{failed}"));
                }
                table.push('\n');
            }
        }
    }
    insta::assert_snapshot!("goodput", table);
}

/// Firewalls that track and throw away what is INVALID, on both sides of the bad link: nothing of an honest connection
/// ever is, whatever the link does to it. `nat`: the left one translates, and its helper rewrites PORT.
fn watched(link: &str, seed: u64, nat: bool) -> Trace {
    let stateful = |outward: &str| {
        format!(
            "forward = {{ policy = \"drop\", rules = ['ct state invalid drop', 'ct state established,related accept', \
             '{outward} accept'] }}"
        )
    };
    let (left, right) = (stateful("iifname \"client\""), stateful("oifname \"server\""));
    let nat = if nat {
        "prerouting = { rules = ['tcp dport 21 ct helper set \"ftp\"'] }\npostrouting = { rules = ['oifname \"right\" masquerade'] }"
    } else {
        "prerouting = { rules = ['tcp dport 21 ct helper set \"ftp\"'] }"
    };
    let source = format!(
        "title = \"watched\"\nseed = {seed}\nlimits = {{ frames = 2000000 }}\n\
         links = [\"client -- left\", {{ path = \"left -- right\", bandwidth = \"20 Mbit/s\", {link} }}, \"right -- server\"]\n\
         [nodes.server]\nftp-server = {{ files = {{ big = 100000 }} }}\n\
         [nodes.left.firewall]\n{left}\n{nat}\n[nodes.right.firewall]\n{right}\n\
         prerouting = {{ rules = ['tcp dport 21 ct helper set \"ftp\"'] }}\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nmode = \"active\"\nrun = [\"get big\"]\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nmode = \"passive\"\nrun = [\"get big\", \"put more\"]\n\
         files = {{ more = 50000 }}\n"
    );
    run(&source)
}

#[test]
fn tracking_takes_nothing_from_an_honest_connection() {
    let (mut runs, mut dropped) = (0, 0);
    for link in [
        "mtu = 1500",
        "loss = \"1 %\"",
        "loss = \"5 %\", reorder = \"5 %\", duplicate = \"3 %\"",
        "reorder = \"20 %\", reorder-delay = \"8 ms\", duplicate = \"20 %\"",
        "mtu = 600, loss = \"3 %\", jitter = \"20 ms\"",
        "cuts = [{ from = \"0.3 s\", to = \"3.3 s\" }]",
    ] {
        for seed in 1..=4 {
            for nat in [false, true] {
                let trace = watched(link, seed, nat);
                for frame in &trace.frames {
                    let Event::Verdict { verdict, ct_state: Some(state), packet, .. } = &frame.event else { continue };
                    if verdict.name() == "accept" || state.name() != "invalid" {
                        continue;
                    }
                    dropped += 1;
                    // What belongs to a connection that is over and forgotten is a stranger's.
                    let of_this = frame.tag.map(|tag| tag.connection);
                    let over = trace.frames.iter().take_while(|earlier| earlier.at <= frame.at).any(|earlier| {
                        earlier.tag.map(|tag| tag.connection) == of_this
                            && match &earlier.event {
                                Event::TcpState { to, .. } => *to == ftpscope::tcp::State::Closed,
                                Event::Sent { packet, .. } => {
                                    trace.packet(*packet).tcp().is_some_and(|s| s.flags.contains(Flags::RST))
                                }
                                _ => false,
                            }
                    });
                    assert!(over, "{link}, seed {seed}, nat {nat}: {} {:?}", frame.at, trace.packet(*packet));
                }
                runs += 1;
            }
        }
    }
    println!("{runs} runs, {dropped} packets of finished connections were INVALID");
}

/// Numbers that are the same everywhere (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// A network, its faults, its programs and what they do, by chance. The size of the file, too.
fn any_scenario(number: u64) -> (String, usize) {
    let mut dice = Dice(number);
    let mut link = String::new();
    let mut fault = |key: &str, choices: &[&str], dice: &mut Dice| {
        let value = dice.one_of(choices);
        if !value.is_empty() {
            let _ = write!(link, ", {key} = {value}");
        }
    };
    fault("loss", &["", "", "'0.1 %'", "'1 %'", "'5 %'", "'10 %'", "'20 %'", "'60 %'", "'100 %'"], &mut dice);
    fault("reorder", &["", "", "'1 %'", "'10 %'", "'50 %'"], &mut dice);
    fault("duplicate", &["", "", "'1 %'", "'10 %'", "'100 %'"], &mut dice);
    fault("jitter", &["", "", "'1 ms'", "'30 ms'", "'500 ms'"], &mut dice);
    fault("mtu", &["", "", "1400", "1006", "576"], &mut dice);
    fault("delay", &["", "'0 ms'", "'10 us'", "'40 ms'", "'300 ms'", "'2 s'"], &mut dice);
    fault("bandwidth", &["'20 Mbit/s'", "'1 Gbit/s'", "'1 Mbit/s'", "'64 kbit/s'"], &mut dice);
    fault("queue", &["", "", "'3 kB'", "'15 kB'", "'100 kB'"], &mut dice);
    let cuts = [
        "",
        "",
        "",
        "[{ from = '0.2 s', to = '3 s' }]",
        "[{ from = '0.05 s', to = '100 s' }]",
        "[{ from = '0.3 s', to = '9000 s' }]",
        "[{ from = '0.1 s', to = '0.2 s' }, { from = '0.4 s', to = '2 s' }, { from = '5 s', to = '30 s' }]",
    ];
    fault("cuts", &cuts, &mut dice);
    let size = [0, 1, 1448, 20_000, 300_000][dice.below(5) as usize];
    let (server, client) =
        (dice.one_of(&["vsftpd", "pure-ftpd", "proftpd"]), dice.one_of(&["curl", "lftp", "tnftp", "ftp"]));
    let mode = dice.one_of(&["active", "passive", "active-eprt", "passive-epsv"]);
    let run =
        dice.one_of(&["'get big'", "'ls', 'get big'", "'get big', 'put new', 'ls'", "'ls', 'get big', 'get big'"]);
    let nat = dice.below(3) == 0;
    let (address, rules) = if nat {
        (
            "nodes.client.address = '192.168.7.10'\n",
            "[nodes.left.firewall.prerouting]\nrules = ['tcp dport 21 ct helper set \"ftp\"']\n\
             [nodes.left.firewall.postrouting]\nrules = ['oifname \"right\" masquerade']\n\
             [nodes.left.firewall.forward]\npolicy = 'drop'\n\
             rules = ['iifname \"client\" accept', 'ct state established,related accept']\n",
        )
    } else {
        ("", "")
    };
    let source = format!(
        "title = 'sweep {number}'\nseed = {number}\nlimits = {{ frames = 4000000, time = '24 h' }}\n\
         links = ['client -- left', {{ path = 'left -- right'{link} }}, 'right -- server']\n{address}\
         nodes.server.ftp-server = {{ software = '{server}', files = {{ big = {size} }} }}\n{rules}\
         [[sessions]]\nclient = 'client'\nserver = 'server'\nsoftware = '{client}'\nmode = '{mode}'\nrun = [{run}]\nfiles = {{ new = 100000 }}\n"
    );
    (source, size)
}

/// What holds for every run: time does not go back, every frame but the scenario's own starts follows from an earlier
/// one, and a step that begins ends.
fn check_order(trace: &Trace, what: &str) {
    let mut running = BTreeSet::new();
    let mut last = Instant::START;
    for (id, frame) in trace.ids().zip(&trace.frames) {
        assert!(frame.at >= last, "{what}: frame {id:?} is at {} after {last}: {:?}", frame.at, frame.event);
        last = frame.at;
        match &frame.event {
            // Doors and first calls: nothing comes before them.
            Event::Socket { action: SocketAction::Listen | SocketAction::Connect, .. } if frame.cause.is_none() => {
                assert!(frame.tag.is_none_or(|tag| tag.channel == Channel::Control), "{what}: {id:?} has no cause");
            }
            event => assert!(frame.cause.is_some_and(|cause| cause < id), "{what}: {id:?} has no cause: {event:?}"),
        }
        if let (Event::Command { index, result, .. }, Some(tag)) = (&frame.event, frame.tag) {
            match result {
                None => assert!(running.insert((tag.session, *index)), "{what}: {id:?} begins again"),
                Some(_) => drop(running.remove(&(tag.session, *index))),
            }
        }
    }
    assert!(running.is_empty(), "{what}: {running:?} never ended");
}

/// Whatever is wrong with the network, and whoever talks: a run ends, each step has an outcome, and a file that was
/// got is the file. `SWEEP=5000 cargo test --release --test sweep any` tries more of them, `SWEEP_FROM` begins later.
#[test]
fn any_network_any_programs() {
    let number = |key: &str, default: u64| {
        std::env::var(key).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{key} is a number")))
    };
    let from = number("SWEEP_FROM", 0);
    let (mut ok, mut failed) = (0, 0);
    for number in from..from + number("SWEEP", 150) {
        let (source, size) = any_scenario(number);
        let trace = run(&source);
        check_order(&trace, &format!("{number}\n{source}"));
        let outcomes = insight::outcomes(&trace);
        assert!(!outcomes.is_empty(), "{number}: nothing is reported\n{source}");
        let mut got = outcomes.iter().filter(|step| step.run == "get big");
        for frame in &trace.frames {
            let Event::Transfer { command, result: Some(result), bytes, .. } = &frame.event else { continue };
            let whole = if command == "RETR" { size as u64 } else { 100_000 };
            if matches!(&**command, "RETR" | "STOR") && *result == CommandResult::Ok {
                assert_eq!(*bytes, whole, "{number}: bytes are missing\n{source}");
            }
        }
        match got.next().map(|step| step.outcome) {
            Some(Outcome::Ok) => ok += 1,
            Some(_) => failed += 1,
            None => panic!("{number}: the step has no outcome\n{source}"),
        }
        if source.matches("get big").count() == 1
            && outcomes.iter().any(|s| s.run == "get big" && s.outcome == Outcome::Ok)
        {
            let (sent, came) = (octets(&trace, false), octets(&trace, true));
            assert!(sent.len() >= size && came.len() >= size, "{number}\n{source}");
        }
    }
    println!("{ok} transfers came through, {failed} failed and said so");
    assert!(ok > 0 && failed > 0, "{ok} came through, {failed} failed");
}

/// A path with a smaller MTU in the middle: the router says so, and the segments get smaller (RFC 1191).
#[test]
fn a_small_mtu_on_the_way_is_found() {
    let trace = scenario("mtu = 1400", 1, SIZE).run().expect("it ends");
    let too_large =
        trace.frames.iter().filter(|frame| matches!(frame.event, Event::Lost { reason: Loss::TooLarge, .. }));
    let count = too_large.count();
    assert!((1..=10).contains(&count), "{count}: not more than the first window");
    let longest = trace.frames.iter().filter(|frame| matches!(frame.event, Event::Received { .. }));
    let longest = longest.filter_map(|frame| trace.packet_of(frame)).filter(|packet| packet.tcp().is_some());
    let longest = longest.filter(|packet| packet.ttl < 63).map(|packet| packet.ip_len()).max();
    assert_eq!(longest, Some(1400));
}

/// The same over IPv6, where the router says "packet too big" (RFC 8201); the MSS leaves room for the longer header.
#[test]
fn a_small_mtu_on_the_way_is_found_over_ipv6() {
    let source = "title = \"v6\"\nlinks = [\"client -- left\", { path = \"left -- right\", mtu = 1300 }, \"right -- server\"]\n\
        nodes.client.address = \"2001:db8:1::10\"\n\
        nodes.server = { address = \"2001:db8:2::5\", ftp-server = { files = { big = 50000 } } }\n\
        [[sessions]]\nclient = \"client\"\nserver = \"2001:db8:2::5\"\nmode = \"passive-epsv\"\nrun = [\"get big\"]\n";
    let trace = run(source);
    assert!(insight::outcomes(&trace).iter().all(|step| step.outcome == Outcome::Ok));
    let packets = || trace.frames.iter().filter_map(|frame| trace.packet_of(frame));
    assert!(packets().any(|packet| matches!(&packet.body, Body::Icmp(icmp) if icmp.name() == "packet-too-big")));
    let syns = packets().filter_map(|packet| packet.tcp()).filter(|segment| segment.flags.contains(Flags::SYN));
    assert!(syns.clone().all(|syn| syn.mss == Some(1440)));
    // A SYN offers 45 segments of 1440; its answer 45 of 1428, for timestamps are agreed by then.
    assert!(syns.clone().all(|syn| syn.window == if syn.is_syn() { 64800 } else { 64260 }), "measured: 64800");
    assert_eq!(packets().filter(|packet| packet.tcp().is_some()).map(|packet| packet.ip_len()).max(), Some(1500));
}

/// A host's own link has a small MTU: its SYN says so, and nothing is ever too large.
#[test]
fn the_mss_is_that_of_the_first_link() {
    let trace = {
        let source = "title = \"mss\"\nlinks = [{ path = \"client -- router\", mtu = 1000 }, \"router -- server\"]\n\
            nodes.server.ftp-server = { files = { big = 50000 } }\n\
            [[sessions]]\nclient = \"client\"\nserver = \"server\"\nrun = [\"get big\"]\n";
        run(source)
    };
    assert!(!trace.frames.iter().any(|frame| matches!(frame.event, Event::Lost { .. })));
    let options = trace.frames.iter().filter_map(|frame| trace.packet_of(frame)?.tcp()?.mss);
    assert_eq!(options.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>(), [960, 1460]);
}

/// A cut of three seconds: what was on the link is lost, and the transfer goes on afterwards.
#[test]
fn a_transfer_survives_a_cut() {
    let time = get("cuts = [{ from = \"0.3 s\", to = \"3.3 s\" }]", 1).expect("it comes through");
    assert!((3.0..8.0).contains(&time), "{time} s");
}

/// With nothing wrong and everything set to zero, the run is the one without any settings.
#[test]
fn a_setting_of_zero_changes_nothing() {
    let json = |link: &str| {
        let mut bytes = Vec::new();
        let trace = scenario(link, 3, 20_000).run().expect("it ends");
        ftpscope::export::write_json(&trace, &mut bytes).expect("writing to memory");
        bytes
    };
    let plain = json("mtu = 1500");
    assert!(plain == json("loss = \"0 %\", duplicate = \"0 %\", reorder = \"0 %\", jitter = \"0 ms\", cuts = []"));
    assert!(plain != json("jitter = \"3 ms\""));
}
