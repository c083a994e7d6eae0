//! The referee: what real software did on real kernels, row by row, against what the simulator does.
//!
//! `truth/rows.jsonl` holds the rows that the simulator can express (see `truth/extract.py`). A row that differs fails
//! the test, unless the difference is [`KNOWN`]; a known difference that is gone fails it too.
//!
//! `cargo test --test truth -- --nocapture` prints the table.

use ftpscope::firewall::Verdict;
use ftpscope::ftp::Reply;
use ftpscope::insight;
use ftpscope::packet::{Body, Channel, Flags, Icmp, Packet};
use ftpscope::scenario::{self, Outcome};
use ftpscope::trace::{Event, Frame, Side, Trace};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Rows that are known to differ: the row, what of it, and why.
const KNOWN: &[(&str, Aspect, &str)] = &[
    ("X05", Aspect::Attempts, "one control connection a session: lftp logs in anew before it tries the other way"),
    ("X06", Aspect::Attempts, "one control connection a session: lftp logs in anew before it tries the other way"),
    ("K06", Aspect::Attempts, "no default routes: the first router knows that nobody has the address, not the last"),
    ("B18", Aspect::Verdicts, "the laboratory's tracing switched connection tracking on; the rules do not ask for it"),
];

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aspect {
    /// Whether LIST and RETR worked, and the length of the file.
    Outcome,
    /// Commands and replies on the client's side, word for word.
    Dialogue,
    /// Packets that a firewall stopped: where, how, their connection tracking state, their flags.
    Verdicts,
    /// Connection attempts: who, between which kinds of port, how many SYNs, what came back and with which TTL.
    Attempts,
    /// When SYNs were repeated and when each line came after the one before.
    Times,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    title: String,
    /// The program.
    client: String,
    mode: String,
    target: String,
    connect_timeout: Option<u32>,
    /// curl gives up after so many seconds, whatever it waits for.
    max_time: Option<u32>,
    active_ports: Option<String>,
    run: Vec<String>,
    /// Only what happened before this second is compared.
    until: Option<f64>,
    rules: BTreeMap<String, BTreeMap<String, Chain>>,
    server: Option<Server>,
    list_ok: bool,
    retr_ok: Option<bool>,
    retr_bytes: Option<u64>,
    /// Seconds, `C` or `S`, the line.
    dialogue: Vec<(f64, String, String)>,
    /// Node, verdict, connection tracking state, flags.
    verdicts: Vec<(String, String, String, String)>,
    attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
struct Chain {
    policy: String,
    rules: Vec<String>,
}

#[derive(Deserialize)]
struct Server {
    software: String,
    connect_timeout: Option<u32>,
    accept_timeout: Option<u32>,
    idle_timeout: Option<u32>,
    port_20: Option<bool>,
    passive_ports: Option<String>,
    denied: Vec<String>,
    active: bool,
    passive: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct Attempt {
    channel: String,
    /// `20 > C`: ephemeral ports are C on the client, S on the server.
    ports: String,
    /// Seconds.
    syns: Vec<f64>,
    answer: String,
}

/// What the simulator made of a row, in the row's terms.
struct Seen {
    list_ok: bool,
    retr_ok: Option<bool>,
    retr_bytes: Option<u64>,
    dialogue: Vec<(f64, String, String)>,
    verdicts: Vec<(String, String, String, String)>,
    attempts: Vec<Attempt>,
}

/// Kernel timers are late by up to a jiffy's slack and real programs think for some milliseconds.
fn near(real: f64, simulated: f64) -> bool {
    (real - simulated).abs() <= 0.05 + 0.04 * real
}

#[test]
fn the_simulator_does_what_real_software_did() {
    let mut wrong = Vec::new();
    let mut known = 0;
    println!("row   client server    mode          real    here    verdict");
    let rows: Vec<Row> =
        include_str!("truth/rows.jsonl").lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert!(rows.len() >= 80, "the file is whole");
    for row in &rows {
        let seen = play(row);
        let found = differences(row, &seen);
        let listed = |aspect| KNOWN.iter().find(|(id, known, _)| *id == row.id && *known == aspect);
        let mut notes = Vec::new();
        for (aspect, text) in &found {
            if let Some((.., why)) = listed(*aspect) {
                known += 1;
                notes.push(format!("known: {why}"));
            } else {
                notes.push(format!("DIFFERS ({aspect:?}): {text}"));
                wrong.push(format!("{} ({}) {aspect:?}: {text}", row.id, row.title));
            }
        }
        for (id, aspect, _) in KNOWN.iter().filter(|(id, ..)| *id == row.id) {
            if !found.iter().any(|(found, _)| found == aspect) {
                wrong.push(format!("{id} {aspect:?}: a known difference is gone; take it off the list"));
            }
        }
        notes.dedup();
        let mark = |list: bool, retr: Option<bool>| {
            let sign = |ok| if ok { "ok" } else { "x" };
            format!("{}/{}", sign(list), retr.map_or("-", sign))
        };
        println!(
            "{:<5} {:<6} {:<9} {:<13} {:<7} {:<7} {}",
            row.id,
            row.client,
            row.server.as_ref().map_or("-", |server| &server.software),
            row.mode,
            mark(row.list_ok, row.retr_ok),
            mark(seen.list_ok, seen.retr_ok),
            if notes.is_empty() { "same".to_owned() } else { notes.join("; ") }
        );
    }
    for (id, ..) in KNOWN {
        assert!(rows.iter().any(|row| row.id == *id), "{id} is on the list of known differences but is no row");
    }
    println!("{} rows, {} differences known, {} not", rows.len(), known, wrong.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// L09, L10 and L11, whose client was a script: what a server says when its kernel gives up, 134.3 s after LIST.
#[test]
fn a_server_with_patience_waits_for_its_kernel() {
    let replies = [
        ("L05", "425 Could not open data connection to port <P>: Connection timed out"),
        ("L06", "425 Unable to build data connection: Connection timed out"),
        ("L02", "425 Failed to establish connection."),
    ];
    for (id, reply) in replies {
        let rows = include_str!("truth/rows.jsonl").lines();
        let mut rows = rows.map(|line| serde_json::from_str::<Row>(line).expect("a row"));
        let mut row = rows.find(|row| row.id == id).expect("it is there");
        row.max_time = Some(200);
        if let Some(server) = &mut row.server {
            server.idle_timeout = Some(600);
            server.connect_timeout = server.connect_timeout.map(|_| 300);
        }
        let dialogue = play(&row).dialogue;
        let at = |wanted: &str| dialogue.iter().find(|line| line.2 == wanted).map(|line| line.0);
        let waited = at("LIST").zip(at(reply)).map(|(asked, answered)| answered - asked);
        assert!(waited.is_some_and(|waited| near(134.3, waited)), "{id}: {waited:?} {dialogue:?}");
    }
}

fn differences(row: &Row, seen: &Seen) -> Vec<(Aspect, String)> {
    let mut found = Vec::new();
    let mut differs = |aspect, real: String, here: String| found.push((aspect, format!("real {real}, here {here}")));
    let (real, here) = ((row.list_ok, row.retr_ok, row.retr_bytes), (seen.list_ok, seen.retr_ok, seen.retr_bytes));
    if real != here {
        differs(Aspect::Outcome, format!("{real:?}"), format!("{here:?}"));
    }
    // Where curl gave up its control connection, it did so without QUIT, and the record ends there.
    let whole = row.dialogue.last().is_some_and(|(.., line)| line.starts_with("221"));
    let place =
        row.dialogue.iter().zip(&seen.dialogue).position(|(real, here)| (&real.1, &real.2) != (&here.1, &here.2));
    let lengths = (row.dialogue.len(), seen.dialogue.len());
    let complete = if whole { lengths.0 == lengths.1 } else { lengths.0 <= lengths.1 };
    if let Some(place) = place.or_else(|| (!complete).then_some(lengths.0.min(lengths.1))) {
        let line = |lines: &[(f64, String, String)]| {
            lines.get(place).map_or("nothing".into(), |l| format!("{}: {}", l.1, l.2))
        };
        differs(Aspect::Dialogue, line(&row.dialogue), line(&seen.dialogue));
    }
    if row.verdicts != seen.verdicts {
        differs(Aspect::Verdicts, format!("{:?}", row.verdicts), format!("{:?}", seen.verdicts));
    }
    let summary = |attempts: &[Attempt]| {
        let words = attempts.iter().map(|a| format!("{} {} {}x -> {}", a.channel, a.ports, a.syns.len(), a.answer));
        words.collect::<Vec<_>>().join(", ")
    };
    if summary(&row.attempts) != summary(&seen.attempts) {
        differs(Aspect::Attempts, summary(&row.attempts), summary(&seen.attempts));
    }
    for (real, here) in row.attempts.iter().zip(&seen.attempts) {
        for (r, h) in real.syns.iter().zip(&here.syns) {
            let (r, h) = (r - real.syns[0], h - here.syns[0]);
            if !near(r, h) {
                differs(Aspect::Times, format!("SYN after {r:.3} s"), format!("{h:.3} s"));
            }
        }
    }
    for (real, here) in row.dialogue.windows(2).zip(seen.dialogue.windows(2)) {
        let (r, h) = (real[1].0 - real[0].0, here[1].0 - here[0].0);
        if !near(r, h) && place.is_none() {
            differs(Aspect::Times, format!("'{}' after {r:.3} s", real[1].2), format!("{h:.3} s"));
        }
    }
    found
}

/// The row as a scenario file.
fn source(row: &Row) -> String {
    let mut text = format!(
        r#"
title = '''{}'''
seed  = 1
links = [
    {{ path = "client -- fw1", delay = "10 us", bandwidth = "1 Gbit/s" }},
    {{ path = "fw1 -- inet", delay = "5 ms", bandwidth = "1 Gbit/s" }},
    {{ path = "inet -- fw2 -- server", delay = "10 us", bandwidth = "1 Gbit/s" }},
]
[nodes.client]
address = "192.168.10.10/24"
[nodes.fw1]
addresses = {{ client = "192.168.10.1/24", inet = "198.51.100.1/24" }}
[nodes.inet]
addresses = {{ fw1 = "198.51.100.254/24", fw2 = "203.0.113.254/25" }}
[nodes.fw2]
addresses = {{ inet = "203.0.113.129/25", server = "203.0.113.1/25" }}
[nodes.server]
address = "203.0.113.10/25"
"#,
        row.title
    );
    if let Some(server) = &row.server {
        let _ = write!(
            text,
            "[nodes.server.ftp-server]\nsoftware = \"{}\"\nfiles = {{ \"hello.txt\" = 62, \"big.bin\" = 20000 }}\n\
             denied-commands = {:?}\nactive = {}\npassive = {}\n",
            server.software, server.denied, server.active, server.passive,
        );
        let times = [
            ("connect-timeout", server.connect_timeout),
            ("accept-timeout", server.accept_timeout),
            ("idle-timeout", server.idle_timeout),
        ];
        for (key, seconds) in times.into_iter().filter_map(|(key, seconds)| Some((key, seconds?))) {
            let _ = writeln!(text, "{key} = \"{seconds} s\"");
        }
        if let Some(ports) = &server.passive_ports {
            let _ = writeln!(text, "passive-ports = \"{ports}\"");
        }
        if let Some(port_20) = server.port_20 {
            let _ = writeln!(text, "connect-from-port-20 = {port_20}");
        }
    }
    for (node, chains) in &row.rules {
        for (hook, chain) in chains {
            let _ = writeln!(text, "[nodes.{node}.firewall.{hook}]\npolicy = \"{}\"\nrules = [", chain.policy);
            for rule in &chain.rules {
                let _ = writeln!(text, "    '''{rule}''',");
            }
            text.push_str("]\n");
        }
    }
    let seconds = |key: &str, s: Option<u32>| s.map(|s| format!("{key} = \"{s} s\"\n")).unwrap_or_default();
    let ports = row.active_ports.as_ref().map(|ports| format!("active-ports = \"{ports}\"\n")).unwrap_or_default();
    let to = if row.target == "203.0.113.10" { "server" } else { &row.target };
    let _ = write!(
        text,
        "[[sessions]]\nclient = \"client\"\nserver = \"{to}\"\nmode = \"{}\"\nrun = {:?}\n\
         user = \"anonymous\"\npassword = \"lab@\"\nsoftware = \"{}\"\n{ports}{}{}",
        row.mode,
        row.run,
        row.client,
        seconds("connect-timeout", row.connect_timeout),
        seconds("reply-timeout", row.max_time),
    );
    text
}

fn play(row: &Row) -> Seen {
    let text = source(row);
    let scenario =
        scenario::parse(&text, &row.id).unwrap_or_else(|mistakes| panic!("{}: {mistakes:?}\n{text}", row.id));
    let trace = scenario.run().unwrap_or_else(|limit| panic!("{}: {limit}", row.id));
    let outcomes = insight::outcomes(&trace);
    let ok = |index| outcomes.iter().find(|step| step.index == index).is_some_and(|step| step.outcome == Outcome::Ok);
    let retr_ok = (row.run.len() > 1).then(|| ok(1));
    let bytes = trace.frames.iter().find_map(|frame| match &frame.event {
        Event::Transfer { command, result: Some(_), bytes, .. } if command == "RETR" => Some(*bytes),
        _ => None,
    });
    Seen {
        list_ok: ok(0),
        retr_ok,
        retr_bytes: bytes.filter(|_| retr_ok == Some(true)),
        dialogue: dialogue(&trace),
        verdicts: verdicts(&trace, row.until.unwrap_or(f64::INFINITY)),
        attempts: attempts(&trace, row.until.unwrap_or(f64::INFINITY)),
    }
}

/// Ports that are picked at random become `<P>`, as in the rows.
fn without_ports(line: &str) -> String {
    let cut = |prefix: &str, before: char, fields: usize, tail: &str| {
        let rest = line.strip_prefix(prefix)?.strip_suffix(tail)?;
        let mut parts: Vec<&str> = rest.split(before).collect();
        parts.truncate(parts.len().checked_sub(fields)?);
        parts.push("<P>");
        Some(format!("{prefix}{}{tail}", parts.join(&before.to_string())))
    };
    cut("PORT ", ',', 2, "")
        .or_else(|| cut("EPRT ", '|', 1, "|"))
        .or_else(|| cut("227 Entering Passive Mode (", ',', 2, ")."))
        .or_else(|| cut("227 Entering Passive Mode (", ',', 2, ")"))
        .or_else(|| cut("229 Entering Extended Passive Mode (", '|', 1, "|)"))
        .or_else(|| cut("229 Extended Passive mode OK (", '|', 1, "|)"))
        .or_else(|| cut("150 Connecting to port ", ' ', 1, "").map(|line| line.replace("  ", " ")))
        .or_else(|| {
            let (_, why) = line.strip_prefix("425 Could not open data connection to port ")?.split_once(':')?;
            Some(format!("425 Could not open data connection to port <P>:{why}"))
        })
        .or_else(|| line.contains("(measured here)").then(|| "226 <rate>".to_owned()))
        .unwrap_or_else(|| line.to_owned())
}

fn dialogue(trace: &Trace) -> Vec<(f64, String, String)> {
    let lines = |frame: &Frame| match &frame.event {
        Event::FtpCommand { side: Side::Sent, verb, argument } => ("C", format!("{verb} {argument}")),
        Event::FtpReply { side: Side::Seen, code, lines } => {
            ("S", Reply { code: *code, lines: lines.clone() }.to_string())
        }
        _ => ("", String::new()),
    };
    let mut dialogue = Vec::new();
    for frame in &trace.frames {
        let (who, text) = lines(frame);
        for line in text.lines() {
            dialogue.push((frame.at.as_secs_f64(), who.to_owned(), without_ports(line.trim_end())));
        }
    }
    dialogue
}

fn verdicts(trace: &Trace, until: f64) -> Vec<(String, String, String, String)> {
    let stopped = |frame: &Frame| match &frame.event {
        Event::Verdict { packet, ct_state, verdict, .. } if *verdict != Verdict::Accept => {
            let state = ct_state.map_or_else(String::new, |state| state.name().to_owned());
            let flags = trace.packet(*packet).tcp().map_or_else(String::new, |segment| segment.flags.to_string());
            Some((trace.node_name(frame.node).to_owned(), verdict.name().to_owned(), state, flags))
        }
        _ => None,
    };
    trace.frames.iter().take_while(|frame| frame.at.as_secs_f64() < until).filter_map(stopped).collect()
}

fn attempts(trace: &Trace, until: f64) -> Vec<Attempt> {
    let owner = |packet: &Packet| trace.nodes.iter().position(|node| node.addresses.contains(&packet.src));
    let mut found: Vec<(Packet, Attempt)> = Vec::new();
    for frame in trace.frames.iter().take_while(|frame| frame.at.as_secs_f64() < until) {
        match &frame.event {
            Event::Sent { packet, .. } => {
                let packet = trace.packet(*packet);
                let Some(segment) = packet.tcp().filter(|segment| segment.is_syn()) else { continue };
                if owner(packet) != Some(frame.node.index()) {
                    continue;
                }
                let at = frame.at.as_secs_f64();
                if let Some((_, attempt)) = found.iter_mut().find(|(syn, _)| syn.tag == packet.tag) {
                    attempt.syns.push(at);
                    continue;
                }
                let port = |port: u16, on_client| match (port, on_client) {
                    (20 | 21, _) => port.to_string(),
                    (_, true) => "C".to_owned(),
                    (_, false) => "S".to_owned(),
                };
                let from_client = trace.node_name(frame.node) == "client";
                let control = packet.tag.is_some_and(|tag| tag.channel == Channel::Control);
                let attempt = Attempt {
                    channel: if control { "control" } else { "data" }.to_owned(),
                    ports: format!(
                        "{} > {}",
                        port(segment.src_port, from_client),
                        port(segment.dst_port, !from_client)
                    ),
                    syns: vec![at],
                    answer: "nothing".to_owned(),
                };
                found.push((packet.clone(), attempt));
            }
            Event::Received { packet, .. } => {
                let packet = trace.packet(*packet);
                for (syn, attempt) in &mut found {
                    if attempt.answer == "nothing"
                        && owner(syn) == Some(frame.node.index())
                        && let Some(answer) = answer(syn, packet)
                    {
                        attempt.answer = answer;
                    }
                }
            }
            _ => {}
        }
    }
    found.into_iter().map(|(_, attempt)| attempt).collect()
}

fn answer(syn: &Packet, packet: &Packet) -> Option<String> {
    match &packet.body {
        Body::Tcp(segment) if (packet.source(), packet.destination()) == (syn.destination(), syn.source()) => {
            let kind = if segment.flags.contains(Flags::RST) { "RST" } else { "SYN-ACK" };
            Some(format!("{kind} ttl={}", packet.ttl))
        }
        Body::Icmp(icmp) if icmp.about() == (syn.source(), syn.destination()) => match &**icmp {
            Icmp::Unreachable { reason, .. } => Some(format!("ICMP {} from {}", reason.name(), packet.src)),
            Icmp::TooBig { .. } | Icmp::TimeExceeded { .. } => Some(format!("ICMP time-exceeded from {}", packet.src)),
        },
        _ => None,
    }
}
