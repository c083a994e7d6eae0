//! The referee: what real software did on real kernels, row by row, against what the simulator does.
//!
//! `truth/rows.jsonl` holds the rows that the simulator can express (see `truth/extract.py`). A row that differs fails
//! the test, unless the difference is [`KNOWN`]; a known difference that is gone fails it too.
//!
//! `cargo test --test truth -- --nocapture` prints the table.

mod common;
#[path = "truth/row.rs"]
mod row;
#[path = "truth/seen.rs"]
mod seen;
use row::{Attempt, Row};
use seen::{Seen, play};
use std::collections::BTreeSet;

const RACE: &str = "a race within vsftpd: its second half died too late to stop curl's next command, as it did in D29";

/// Rows that are known to differ: the row, what of it, and why.
type Known = (&'static str, Aspect, &'static str);
const KNOWN: &[Known] = &[
    ("B20", Aspect::Doors, "226 overtook the last acknowledgement: curl's port was not free yet, so it took the next"),
    ("D28", Aspect::Dialogue, RACE),
    ("D28", Aspect::AtServer, RACE),
    ("D28", Aspect::Attempts, RACE),
    ("D28", Aspect::Endings, RACE),
    ("D28", Aspect::Decisions, RACE),
];

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
    /// The kinds of port that connections came from, as which they arrived (what NAT kept and what it chose), and at
    /// which of the named doors they knocked.
    Ports,
    /// Addresses and kinds of port that PORT, EPRT, LPRT, 227 and 229 named.
    Doors,
    /// Who ended each connection with FIN or RST, and who first.
    Endings,
    /// Which rule decided.
    Decisions,
}

/// Kernel timers are late by up to a jiffy's slack and real programs think for some milliseconds.
fn near(real: f64, simulated: f64) -> bool {
    (real - simulated).abs() <= 0.05 + 0.04 * real
}

#[test]
fn the_simulator_does_what_real_software_did() {
    referee(include_str!("truth/rows.jsonl"), 150, KNOWN);
}

/// A run of the record that is no row.
#[derive(serde::Deserialize)]
struct LeftOut {
    id: String,
    title: String,
    why: String,
}

/// Every run of the record is a row or stands on the list of those that cannot be one.
#[test]
fn what_the_record_has_and_the_rows_have_not_is_named() {
    /// Runs in the record.
    const RECORD: usize = 169;
    let left_out = include_str!("truth/left-out.jsonl").lines();
    let left_out: Vec<LeftOut> = left_out.map(|line| serde_json::from_str(line).expect("a run")).collect();
    let rows = include_str!("truth/rows.jsonl").lines();
    let rows: BTreeSet<_> = rows.map(|line| serde_json::from_str::<Row>(line).expect("a row").id).collect();
    println!("{} of {RECORD} runs cannot be expressed:", left_out.len());
    for LeftOut { id, title, why } in &left_out {
        println!("{id} ({title}): {why}");
        assert!(!rows.contains(id) && !why.is_empty(), "{id}");
    }
    assert_eq!(rows.len() + left_out.len(), RECORD);
    // They are compared nevertheless, by hand: see `a_server_with_patience_waits_for_its_kernel`.
    assert_eq!(left_out.iter().map(|run| &*run.id).collect::<Vec<_>>(), ["L09", "L10", "L11"]);
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
    let whole = rows.iter().filter(|row| row.decisions.is_some()).count();
    println!(
        "{} rows, {whole} of them with ports, rules and endings; {known} differences known, {} not",
        rows.len(),
        wrong.len()
    );
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
    hidden(row, seen, &mut differs);
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

/// What shows only in captures and traces of rules.
fn hidden(row: &Row, seen: &Seen, differs: &mut impl FnMut(Aspect, String, String)) {
    if let Some(real) = row.doors.as_ref().filter(|real| **real != seen.doors) {
        differs(Aspect::Doors, format!("{real:?}"), format!("{:?}", seen.doors));
    }
    let ports = |attempt: &Attempt| (attempt.from.clone(), attempt.arrives.clone(), attempt.door);
    for (real, here) in row.attempts.iter().zip(&seen.attempts).filter(|_| row.doors.is_some()) {
        if ports(real) != ports(here) {
            differs(Aspect::Ports, format!("{:?}", ports(real)), format!("{:?}", ports(here)));
        }
    }
    if let Some(real) = &row.endings {
        let ends = [("client", &real.client, &seen.endings.client), ("server", &real.server, &seen.endings.server)];
        for (end, real, here) in ends {
            let (real, here) = comparable(real, here, row.until.is_some());
            if real != here {
                differs(Aspect::Endings, format!("at the {end} {real:?}"), format!("{here:?}"));
            }
        }
    }
    if let Some(real) = row.decisions.as_ref().filter(|real| **real != seen.decisions) {
        let place = real.iter().zip(&seen.decisions).position(|(real, here)| real != here);
        let place = place.unwrap_or_else(|| real.len().min(seen.decisions.len()));
        differs(Aspect::Decisions, format!("{:?}", real.get(place)), format!("{:?}", seen.decisions.get(place)));
    }
}

/// Who closes the control connection first is a race between two programs that have both said good-bye. Where the row is
/// cut off, what the simulator did later does not count.
fn comparable(real: &[Vec<String>], here: &[Vec<String>], cut: bool) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    let (mut real, mut here) = (real.to_vec(), here.to_vec());
    if cut {
        here.truncate(real.len());
        for (real, here) in real.iter().zip(&mut here) {
            let control = real[0] == "control";
            let mut at = 0..;
            here.retain(|word| at.next().is_some_and(|at| if control { real.contains(word) } else { at < real.len() }));
        }
    }
    for words in real.iter_mut().chain(&mut here).filter(|words| words[0] == "control") {
        words[1..].sort();
    }
    (real, here)
}
