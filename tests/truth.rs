//! The referee: what real software did on real kernels, row by row, against what the simulator does.
//!
//! `truth/rows.jsonl` holds the rows that the simulator can express (see `truth/extract.py`). A row that differs fails
//! the test, unless the difference is [`KNOWN`]; a known difference that is gone fails it too.
//!
//! `cargo test --test truth -- --nocapture` prints the table.

use ftpscope::firewall::Verdict;
use ftpscope::ftp::{CommandResult, Reply};
use ftpscope::insight;
use ftpscope::packet::{Body, Channel, Flags, Icmp, Packet};
use ftpscope::scenario::{self, Outcome};
use ftpscope::trace::{Event, Frame, Side, Trace};

#[path = "truth/row.rs"]
mod row;
use row::{Attempt, Row};

const RACE: &str = "a race within vsftpd: its second half died too late to stop curl's next command, as it did in D29";

/// Rows that are known to differ: the row, what of it, and why.
type Known = (&'static str, Aspect, &'static str);
const KNOWN: &[Known] =
    &[("D28", Aspect::Dialogue, RACE), ("D28", Aspect::AtServer, RACE), ("D28", Aspect::Attempts, RACE)];

/// The same, of `more.jsonl`.
const KNOWN_MORE: &[Known] = &[
    ("U053", Aspect::Times, "the kernel gave up connecting after 134 s, ours after 131 s: its long timers run late"),
    ("V124", Aspect::Times, "the kernel gave up connecting after 134 s, ours after 131 s: its long timers run late"),
    ("U287", Aspect::Attempts, "the ICMP error met a socket that connect() still held, and did not count"),
    ("U297", Aspect::Attempts, "the kernel sent no more than so many ICMP errors a second (icmp_ratelimit)"),
    ("U311", Aspect::Attempts, "inetutils-ftp gave up a quarter of a second later than elsewhere"),
];

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aspect {
    /// Whether LIST and RETR worked, and the length of the file.
    Outcome,
    /// Commands and replies on the client's side, word for word.
    Dialogue,
    /// The same on the server's side, where a router in between may have rewritten it.
    AtServer,
    /// Packets that a firewall stopped: where, how, their connection tracking state, their flags.
    Verdicts,
    /// Connection attempts: who, between which kinds of port, how many SYNs, what came back and with which TTL.
    Attempts,
    /// When SYNs were repeated and when each line came after the one before.
    Times,
}

/// What the simulator made of a row, in the row's terms.
struct Seen {
    list_ok: bool,
    retr_ok: Option<bool>,
    retr_bytes: Option<u64>,
    dialogue: Vec<(f64, String, String)>,
    at_server: Vec<(String, String)>,
    verdicts: Vec<(String, String, String, String)>,
    attempts: Vec<Attempt>,
}

/// Kernel timers are late by up to a jiffy's slack and real programs think for some milliseconds.
fn near(real: f64, simulated: f64) -> bool {
    (real - simulated).abs() <= 0.05 + 0.04 * real
}

#[test]
fn the_simulator_does_what_real_software_did() {
    referee(include_str!("truth/rows.jsonl"), 150, KNOWN);
}

/// The same for recordings of our own: see `truth/more.md`.
#[test]
fn the_simulator_does_what_real_software_did_in_more_recordings() {
    referee(include_str!("truth/more.jsonl"), 700, KNOWN_MORE);
}

fn referee(rows: &str, least: usize, listed: &[Known]) {
    let mut wrong = Vec::new();
    let mut known = 0;
    println!("row   client server    mode          real    here    verdict");
    let rows: Vec<Row> = rows.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert!(rows.len() >= least, "the file is whole");
    let of_row = |id: &str| listed.iter().filter(move |(known, ..)| *known == id).copied().collect::<Vec<_>>();
    for row in &rows {
        let expected = of_row(&row.id);
        let seen = play(row);
        let found = differences(row, &seen);
        let listed = |aspect| expected.iter().find(|(_, known, _)| *known == aspect);
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
        for (id, aspect, _) in &expected {
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
    for (id, ..) in listed {
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
        (row.max_time, row.until) = (Some(200), None);
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
    let place =
        row.dialogue.iter().zip(&seen.dialogue).position(|(real, here)| (&real.1, &real.2) != (&here.1, &here.2));
    let lengths = (row.dialogue.len(), seen.dialogue.len());
    if let Some(real) = &row.at_server {
        let place = real.iter().zip(&seen.at_server).position(|(real, here)| real != here);
        let complete = real.len() == seen.at_server.len();
        if let Some(place) = place.or_else(|| (!complete).then_some(real.len().min(seen.at_server.len()))) {
            let line = |lines: &[(String, String)]| format!("{:?}", lines.get(place));
            differs(Aspect::AtServer, line(real), line(&seen.at_server));
        }
    }
    let complete = lengths.0 == lengths.1;
    if let Some(place) = place.or_else(|| (!complete).then_some(lengths.0.min(lengths.1))) {
        let line = |lines: &[(f64, String, String)]| {
            lines.get(place).map_or("nothing".into(), |l| format!("{}: {}", l.1, l.2))
        };
        differs(Aspect::Dialogue, line(&row.dialogue), line(&seen.dialogue));
    }
    if let Some(real) = row.verdicts.as_ref().filter(|real| **real != seen.verdicts) {
        differs(Aspect::Verdicts, format!("{real:?}"), format!("{:?}", seen.verdicts));
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
        if !near(r, h) && place.is_none() && !row.slowed {
            differs(Aspect::Times, format!("'{}' after {r:.3} s", real[1].2), format!("{h:.3} s"));
        }
    }
    found
}

fn play(row: &Row) -> Seen {
    let text = row.scenario();
    let scenario =
        scenario::parse(&text, &row.id).unwrap_or_else(|mistakes| panic!("{}: {mistakes:?}\n{text}", row.id));
    let trace = scenario.run().unwrap_or_else(|limit| panic!("{}: {limit}", row.id));
    let outcomes = insight::outcomes(&trace);
    let ok = |index| outcomes.iter().find(|step| step.index == index).is_some_and(|step| step.outcome == Outcome::Ok);
    let retr_ok = (row.run.len() > 1).then(|| ok(1));
    let bytes = trace.frames.iter().find_map(|frame| match &frame.event {
        Event::Transfer { command, result: Some(CommandResult::Ok), bytes, .. } if command == "RETR" => Some(*bytes),
        _ => None,
    });
    Seen {
        list_ok: ok(0),
        retr_ok,
        retr_bytes: bytes.filter(|_| retr_ok == Some(true)),
        dialogue: dialogue(&trace, Side::Sent, row.until.unwrap_or(f64::INFINITY)),
        at_server: dialogue(&trace, Side::Seen, row.until.unwrap_or(f64::INFINITY))
            .into_iter()
            .map(|(_, who, line)| (who, line))
            .collect(),
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
        .or_else(|| cut("LPRT 4,4,", ',', 2, ""))
        .or_else(|| cut("LPRT 6,16,", ',', 2, ""))
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

/// What was said, where commands are sent or where they are seen.
fn dialogue(trace: &Trace, commands: Side, until: f64) -> Vec<(f64, String, String)> {
    let lines = |frame: &Frame| match &frame.event {
        Event::FtpCommand { side, verb, argument } if *side == commands => ("C", format!("{verb} {argument}")),
        Event::FtpReply { side, code, lines } if *side != commands => {
            ("S", Reply { code: *code, lines: lines.clone() }.to_string())
        }
        _ => ("", String::new()),
    };
    let mut dialogue = Vec::new();
    for frame in trace.frames.iter().take_while(|frame| frame.at.as_secs_f64() < until) {
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
                let name = trace.node_name(frame.node);
                if owner(packet) != Some(frame.node.index()) || !matches!(name, "client" | "server") {
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
                let from_client = name == "client";
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
