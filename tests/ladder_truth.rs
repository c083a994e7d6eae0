//! The referee of segments: every TCP segment that real kernels sent, at the client's and at the server's interface,
//! against what the simulator sends.
//!
//! `truth/ladders.jsonl` holds the recorded ladders (see `truth/ladders.py`). Of each connection the segments are
//! compared in the order in which they passed the interface: direction, flags, relative numbers, bytes; then windows
//! and options.
//!
//! `cargo test --test ladder_truth -- --nocapture` prints the first difference of each row.

use ftpscope::packet::{Endpoint, Flags, Packet, Segment, SeqNr};
use ftpscope::trace::{Event, Trace};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;

mod common;
#[path = "truth/row.rs"]
#[allow(dead_code, reason = "the other referee reads the rest")]
mod row;
use common::run;
use row::Row;

#[derive(Deserialize)]
struct Ladder {
    id: String,
    client: Vec<Vec<String>>,
    server: Vec<Vec<String>>,
}

/// A connection as it passes an interface.
struct Connection {
    ends: [Endpoint; 2],
    first: [Option<SeqNr>; 2],
    /// What each direction has sent so far, counted from its SYN.
    highest: [u32; 2],
    segments: Vec<String>,
}

fn connections(trace: &Trace, node: &str, until: f64) -> Vec<Vec<String>> {
    let at_node = trace.frames.iter().take_while(|frame| frame.at.as_secs_f64() < until).filter(|frame| {
        trace.node_name(frame.node) == node && matches!(frame.event, Event::Sent { .. } | Event::Received { .. })
    });
    let packets: Vec<_> = at_node
        .filter_map(|frame| Some((frame.at.as_secs_f64(), trace.packet_of(frame)?)))
        .filter_map(|(at, packet)| Some((at, packet, packet.tcp()?)))
        .collect();
    let mut found: Vec<Connection> = Vec::new();
    for (_, packet, segment) in without_acknowledgements_of_bursts(&packets) {
        note(&mut found, packet, segment);
    }
    found.into_iter().map(|connection| connection.segments).collect()
}

type Seen<'a> = (f64, &'a Packet, &'a Segment);

/// How many acknowledgements a burst of small segments gets depends on when the reader wakes up: none is kept. As
/// `without_races` of `ladders.py`.
fn without_acknowledgements_of_bursts<'a>(packets: &'a [Seen<'a>]) -> impl Iterator<Item = Seen<'a>> {
    let flow = |packet: &Packet| (packet.source(), packet.destination());
    let back = |packet: &Packet| (packet.destination(), packet.source());
    let mut in_burst = vec![false; packets.len()];
    let mut runs: BTreeMap<(Endpoint, Endpoint), Vec<usize>> = BTreeMap::new();
    for (index, (at, packet, _)) in
        packets.iter().enumerate().filter(|(_, seen)| (1..536).contains(&seen.2.payload.len()))
    {
        let run = runs.entry(flow(packet)).or_default();
        if run.last().is_some_and(|&before| at - packets[before].0 >= 0.005) {
            run.clear();
        }
        run.push(index);
        if run.len() >= 3 {
            for &index in run.iter() {
                in_burst[index] = true;
            }
        }
    }
    let mut last: BTreeMap<(Endpoint, Endpoint), usize> = BTreeMap::new();
    packets.iter().enumerate().filter_map(move |(index, seen)| {
        let (_, packet, segment) = seen;
        let answers_burst = last.get(&back(packet)).is_some_and(|&before| in_burst[before]);
        if !segment.payload.is_empty() {
            last.insert(flow(packet), index);
        }
        (!(answers_burst && segment.flags == Flags::ACK && segment.payload.is_empty())).then_some(*seen)
    })
}

/// Whether a line names a port that is picked at random, or has a stopwatch's reading in it.
fn names_a_port(payload: &[u8]) -> bool {
    const LINES: [&[u8]; 7] = [
        b"PORT ",
        b"EPRT ",
        b"LPRT ",
        b"227 ",
        b"229 ",
        b"150 Connecting to port",
        b"425 Could not open data connection to port",
    ];
    LINES.iter().any(|line| payload.starts_with(line)) || String::from_utf8_lossy(payload).contains("(measured here)")
}

fn note(found: &mut Vec<Connection>, packet: &Packet, segment: &Segment) {
    let (from, to) = (packet.source(), packet.destination());
    let known = found.iter().position(|c| c.ends == [from, to] || c.ends == [to, from]);
    let index = known.unwrap_or_else(|| {
        let kind = |port: u16| if port < 1024 { port.to_string() } else { "*".to_owned() };
        let head = format!("{} > {}", kind(from.port), kind(to.port));
        found.push(Connection { ends: [from, to], first: [None; 2], highest: [0; 2], segments: vec![head] });
        found.len() - 1
    });
    let connection = &mut found[index];
    let side = usize::from(connection.ends[0] != from);
    if segment.flags.contains(Flags::SYN) {
        connection.first[side] = Some(segment.seq);
    }
    let relative = |side: usize, number: SeqNr| number - connection.first[side].unwrap_or(number);
    let seq = relative(side, segment.seq);
    let mut text = format!("{} {} ", [">", "<"][side], segment.flags);
    if names_a_port(&segment.payload) {
        text.push('~');
    } else {
        let _ = write!(text, "{}", segment.payload.len());
    }
    if seq != connection.highest[side] {
        let _ = write!(text, " at {}", i64::from(seq) - i64::from(connection.highest[side]));
    }
    if segment.flags.contains(Flags::ACK) {
        let ack = i64::from(relative(1 - side, segment.ack)) - i64::from(connection.highest[1 - side]);
        let _ = write!(text, " ack {ack}");
    } else {
        text.push_str(" ack -");
    }
    connection.highest[side] = connection.highest[side].max(seq + segment.seq_len());
    let _ = write!(text, " win {}", segment.window);
    if let Some(mss) = segment.mss {
        let _ = write!(text, " mss{mss}");
    }
    if segment.sack_permitted {
        text.push_str(" sackok");
    }
    if let Some(shift) = segment.window_scale {
        let _ = write!(text, " ws{shift}");
    }
    connection.segments.push(text);
}

/// Without windows and options.
fn bare(segment: &str) -> &str {
    segment.split(" win ").next().unwrap_or(segment)
}

/// How the two sides close is a race between two programs: from the last data on, who sent a FIN is left; nothing
/// where the row is cut off.
fn without_races(segments: &[String], cut: bool) -> Vec<String> {
    let data = |segment: &String| {
        segment.split(' ').nth(2).is_some_and(|bytes| bytes != "0") || segment.contains(" R") || segment.contains(" S")
    };
    let end = segments.iter().skip(1).rposition(data).map_or(segments.len(), |last| last + 2);
    let mut kept = segments[..end].to_vec();
    if cut {
        return kept;
    }
    for arrow in ["> F", "< F"] {
        if segments[end..].iter().any(|segment| segment.starts_with(arrow)) {
            kept.push(arrow.to_owned());
        }
    }
    kept
}

fn first_difference(real: &[Vec<String>], here: &[Vec<String>], same: impl Fn(&str, &str) -> bool) -> Option<String> {
    if real.len() != here.len() {
        return Some(format!("{} connections, not {}", here.len(), real.len()));
    }
    for (number, (real, here)) in real.iter().zip(here).enumerate() {
        for at in 0..real.len().max(here.len()) {
            let (r, h) = (real.get(at), here.get(at));
            if !r.zip(h).is_some_and(|(r, h)| same(r, h)) {
                let text = |s: Option<&String>| s.map_or("nothing".to_owned(), Clone::clone);
                return Some(format!("{} #{number} segment {at}: real {}, here {}", real[0], text(r), text(h)));
            }
        }
    }
    None
}

const URGENT: &str = "lftp says good-bye with Telnet's IAC IP and Synch, four bytes of which one is urgent";
const OOPS: &str = "vsftpd writes its last words in six pieces, and the client answers the first";
const PACING: &str = "the laboratory's congestion control (BBR) paces what follows the first ten segments";
const READER: &str = "the window tells how far the reader had come when the acknowledgement left";

/// Ladders that are known to differ: the row, where, and why.
const KNOWN: &[(&str, &str, &str)] = &[
    ("X05", "client", URGENT),
    ("X05", "server", URGENT),
    ("X06", "client", URGENT),
    ("X06", "server", URGENT),
    ("D15", "client", URGENT),
    ("D15", "server", URGENT),
    ("N10", "client", URGENT),
    ("N10", "server", URGENT),
    ("B20", "client", "226 overtook the last acknowledgement: curl's port was not free yet, so it took the next"),
    ("B20", "server", "226 overtook the last acknowledgement: curl's port was not free yet, so it took the next"),
    ("D28", "client", OOPS),
    ("D28", "server", OOPS),
    ("D29", "client", OOPS),
    ("D29", "server", OOPS),
    ("A25", "server", "acknowledgements of a burst of small segments, which end it earlier or later"),
    ("A26", "server", "acknowledgements of a burst of small segments, which end it earlier or later"),
    ("A31", "client", "strace made the server slow: its kernel did not wait for it"),
    ("A31", "server", "strace made the server slow: its kernel did not wait for it"),
    ("A36", "server", PACING),
];

/// Ladders whose windows are known to differ.
const WINDOWS: &[(&str, &str)] = &[
    ("A36", READER),
    ("A38", READER),
    ("A16", READER),
    ("X08", READER),
    ("X09", READER),
    ("D16", READER),
    ("N11", READER),
    ("N19", READER),
    ("D20", "a socket in place of one in TIME-WAIT expects timestamps: its first window is in segments of 1448"),
];

#[test]
fn the_simulator_sends_what_real_kernels_sent() {
    let rows: Vec<Row> =
        include_str!("truth/rows.jsonl").lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    let ladders: Vec<Ladder> =
        include_str!("truth/ladders.jsonl").lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert!(ladders.len() >= 150, "the file is whole");
    let (mut points, mut strict, mut same, mut windows) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for ladder in &ladders {
        let row = rows.iter().find(|row| row.id == ladder.id).expect("ladders are of rows");
        let trace = run(&row.scenario());
        for (node, real) in [("client", &ladder.client), ("server", &ladder.server)] {
            // Ours may be a little later; what is too much is cut off below.
            let here = connections(&trace, node, row.until.map_or(f64::INFINITY, |until| until + 0.5));
            points += 1;
            strict += usize::from(first_difference(real, &here, |r, h| bare(r) == bare(h)).is_none());
            let cut = row.until.is_some();
            let real: Vec<_> = real.iter().map(|segments| without_races(segments, cut)).collect();
            let mut here: Vec<_> = here.iter().map(|segments| without_races(segments, cut)).collect();
            if cut {
                // The row ends where the client begins a second control connection; ours goes on with the first.
                for (real, here) in real.iter().zip(&mut here) {
                    here.truncate(real.len());
                }
            }
            let known = KNOWN.iter().find(|(id, at, _)| *id == row.id && *at == node);
            let shown = WINDOWS.iter().find(|(id, _)| *id == row.id);
            match first_difference(&real, &here, |r, h| bare(r) == bare(h)) {
                None => {
                    same += 1;
                    if known.is_some() {
                        wrong.push(format!("{} {node}: a known difference is gone; take it off the list", row.id));
                    }
                    match (first_difference(&real, &here, |r, h| r == h), shown) {
                        (None, _) => windows += 1,
                        (Some(text), Some((_, why))) => println!("{} {node}: window: {text} (known: {why})", row.id),
                        (Some(text), None) => wrong.push(format!("{} {node}: window: {text}", row.id)),
                    }
                }
                Some(text) => match known {
                    Some((.., why)) => println!("{} {node}: {text} (known: {why})", row.id),
                    None => wrong.push(format!("{} {node}: {text}", row.id)),
                },
            }
        }
    }
    println!(
        "{points} ladders: {same} agree in flags, numbers and bytes, {strict} to the last FIN; {windows} in windows, too"
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// `ROW=A01 cargo test --test ladder_truth print -- --nocapture` prints what the simulator makes of a row.
#[test]
fn print() {
    let Ok(id) = std::env::var("ROW") else { return };
    let rows = include_str!("truth/rows.jsonl").lines().map(|line| serde_json::from_str::<Row>(line).expect("a row"));
    for row in rows.filter(|row| row.id == id) {
        let trace = run(&row.scenario());
        for frame in &trace.frames {
            let (Event::Sent { packet, .. } | Event::Received { packet, .. }) = &frame.event else { continue };
            let packet = trace.packet(*packet);
            let Some(s) = packet.tcp() else { continue };
            println!(
                "{:.4} {} {} > {} {} {}+{} ack {} win {} {}",
                frame.at.as_secs_f64(),
                trace.node_name(frame.node),
                packet.source(),
                packet.destination(),
                s.flags,
                s.seq.0,
                s.payload.len(),
                s.ack.0,
                s.window,
                String::from_utf8_lossy(&s.payload[..s.payload.len().min(30)]).trim_end()
            );
        }
    }
}
