//! Segments that do not belong, against what the kernel answered (`tests/truth/out-of-place.jsonl`, recorded by
//! `tests/truth/out_of_place.py`).

use super::testing::endpoint;
use super::*;
use crate::packet::{Flags, Segment, SeqNr, Timestamps};
use crate::time::{Duration, Instant};
use serde::Deserialize;

#[derive(Deserialize)]
struct Sequence {
    name: String,
    timestamps: bool,
    state: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    name: String,
    /// Milliseconds since the answers to the last one were waited for.
    gap: u64,
    flags: String,
    seq: i64,
    ack: i64,
    clock: Option<u32>,
    data: String,
    answers: Vec<(String, u32, u32)>,
}

const ISN: u32 = 1000;
const ISS: SeqNr = SeqNr(5_000_000);
const LETTERS: [(char, Flags); 5] =
    [('F', Flags::FIN), ('S', Flags::SYN), ('R', Flags::RST), ('P', Flags::PSH), ('.', Flags::ACK)];

struct Server {
    connection: Option<Connection>,
    now: Instant,
    /// What its clock said in the SYN-ACK.
    clock: u32,
}

impl Server {
    fn segment(&self, flags: &str, (seq, ack): (i64, i64), clock: Option<u32>, data: &str) -> Segment {
        let bits = LETTERS.iter().filter(|(letter, _)| flags.contains(*letter));
        let flags = bits.fold(Flags::default(), |all, (_, bit)| all.with(*bit));
        let number = |from: u32, by: i64| SeqNr(from.wrapping_add(by as u32));
        Segment {
            src_port: endpoint(0).port,
            dst_port: endpoint(1).port,
            seq: number(ISN, seq),
            ack: if flags.contains(Flags::ACK) { number(ISS.0, ack) } else { SeqNr(0) },
            flags,
            window: 60_000,
            mss: flags.contains(Flags::SYN).then_some(1460),
            timestamps: clock.map(|value| Timestamps { value, echo: self.clock }),
            payload: data.to_owned().into(),
            ..Segment::default()
        }
    }

    /// A segment arrives; the answers, but for those of timers.
    fn hears(&mut self, segment: &Segment) -> Vec<(String, u32, u32)> {
        let way = self.connection.as_ref().filter(|connection| connection.gives_way_to(segment));
        let iss = way.map_or(ISS, Connection::successor);
        if way.is_some() || self.connection.is_none() {
            let (made, _) = Connection::accept(Config::default(), endpoint(1), endpoint(0), iss, segment);
            self.connection = Some(made);
        } else if let Some(connection) = &mut self.connection {
            connection.on_segment(self.now, segment);
            while connection.read().is_some() {}
        }
        self.says()
    }

    fn says(&mut self) -> Vec<(String, u32, u32)> {
        let mut said = Vec::new();
        let Some(connection) = &mut self.connection else { return said };
        while let Some(segment) = connection.poll_transmit(self.now) {
            if segment.flags.contains(Flags::SYN) {
                self.clock = segment.timestamps.map_or(0, |timestamps| timestamps.value);
            }
            let flags: String =
                LETTERS.iter().filter(|(_, bit)| segment.flags.contains(*bit)).map(|(letter, _)| letter).collect();
            let ack = if segment.flags.contains(Flags::ACK) { segment.ack.0.wrapping_sub(ISN) } else { 0 };
            said.push((flags, segment.seq.0.wrapping_sub(ISS.0), ack));
        }
        said.retain(|(flags, ..)| flags != "F.");
        said
    }

    fn waits(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
        let Some(connection) = &mut self.connection else { return };
        while connection.next_deadline().is_some_and(|deadline| deadline <= self.now) {
            connection.on_timer(self.now);
            while connection.poll_transmit(self.now).is_some() {}
        }
    }
}

/// A server in the state where a sequence begins.
fn server(sequence: &Sequence) -> Server {
    let mut server = Server { connection: None, now: Instant::START, clock: 0 };
    let clock = |at: u32| sequence.timestamps.then_some(at);
    server.hears(&server.segment("S", (0, 0), clock(1000), ""));
    let state = sequence.state.as_str();
    if state != "syn-received" {
        server.hears(&server.segment(".", (1, 1), clock(1010), ""));
    }
    if state == "established" {
        server.hears(&server.segment("P.", (1, 1), clock(1010), "hello"));
    }
    server.waits(150);
    if state == "closing" || state == "time-wait" {
        server.connection.as_mut().expect("it was made").close();
        server.says();
    }
    if state == "time-wait" {
        server.hears(&server.segment("F.", (1, 2), clock(1020), ""));
    }
    server.waits(40);
    server
}

#[test]
fn what_does_not_belong_is_answered_as_the_kernel_does() {
    let lines = include_str!("../../tests/truth/out-of-place.jsonl").lines();
    let mut steps = 0;
    for sequence in lines.map(|line| serde_json::from_str::<Sequence>(line).expect("a sequence")) {
        let mut server = server(&sequence);
        for step in &sequence.steps {
            server.waits(step.gap);
            let segment = server.segment(&step.flags, (step.seq, step.ack), step.clock, &step.data);
            assert_eq!(server.hears(&segment), step.answers, "{}: {}", sequence.name, step.name);
            server.waits(31);
            steps += 1;
        }
    }
    assert_eq!(steps, 64);
}
