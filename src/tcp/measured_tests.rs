//! When a kernel repeated what, measured (`tests/truth/kernel_facts.json`), against this state machine. Round trips
//! are 10 ms here and there; a kernel's timers run out late by their granularity.

use super::testing::{DELAY, Fate, Pair};
use super::{Config, Failure, State, SynRetries};
use crate::packet::{Flags, Unreachable};
use crate::time::{Duration, Instant};
use serde_json::Value;

fn facts() -> Value {
    serde_json::from_str(include_str!("../../tests/truth/kernel_facts.json")).expect("the measurements")
}

fn seconds(values: &Value) -> Vec<f64> {
    values.as_array().expect("times").iter().map(|time| time.as_f64().expect("a time")).collect()
}

/// When end 0 or 1 sent something that `wanted` describes, in seconds from the first time, for `length` seconds.
/// `on_sent` is told a round trip after each.
fn sent(pair: &mut Pair, length: u64, wanted: &str, mut on_sent: impl FnMut(&mut Pair)) -> Vec<f64> {
    let mut times: Vec<f64> = Vec::new();
    let mut answers: Vec<Instant> = Vec::new();
    let mut seen = pair.log.len();
    let end = pair.now + Duration::from_secs(length);
    let first = pair.log.iter().position(|line| line.starts_with(wanted));
    let mut begin = first.map(|_| pair.now);
    if let Some(at) = begin {
        times.push(0.0);
        answers.push(at + DELAY + DELAY);
    }
    while pair.now < end {
        let next = pair.now + Duration::from_millis(1);
        pair.run(next);
        for at in seen..pair.log.len() {
            if pair.log[at].starts_with(wanted) {
                let begin = *begin.get_or_insert(pair.now);
                times.push(pair.now.since(begin).as_nanos() as f64 / 1e9);
                answers.push(pair.now + DELAY + DELAY);
            }
        }
        seen = pair.log.len();
        while answers.first().is_some_and(|at| *at <= pair.now) {
            answers.remove(0);
            on_sent(pair);
        }
    }
    times
}

/// Each of ours has its counterpart, and nearly each counterpart is one of ours: the capture may hold one segment more.
fn compare(what: &str, real: &[f64], here: &[f64]) {
    let near = |a: f64, b: f64| (a - b).abs() <= 0.02 + 0.05 * a.max(b);
    for time in here {
        assert!(real.iter().any(|other| near(*time, *other)), "{what}: {time:.3} s; measured {real:?}, here {here:?}");
    }
    assert!((here.len()..=here.len() + 1).contains(&real.len()), "{what}: measured {real:?}, here {here:?}");
}

#[test]
fn data_and_syn_ack_are_repeated_as_measured() {
    let facts = facts();
    let mut pair = Pair::established();
    pair.fates = Box::new(|_, _| Fate::Lose);
    pair.send(0, b"hello?\n");
    compare("data", &seconds(&facts["timers"]["data_retransmit_times"]), &sent(&mut pair, 56, "A[P.]+7", |_| {}));
    let mut pair = Pair::new(
        |end, segment| {
            if end == 0 && !segment.flags.contains(Flags::SYN) { Fate::Lose } else { Fate::Deliver }
        },
    );
    pair.connect(0);
    compare("SYN-ACK", &seconds(&facts["timers"]["synack_retransmit_times"]), &sent(&mut pair, 40, "B[S.]", |_| {}));
}

/// `established` of the measurements: seven bytes after something has begun to go wrong.
#[test]
fn what_breaks_an_established_connection_and_what_does_not() {
    for case in facts()["established"].as_array().expect("cases") {
        let name = case["case"].as_str().expect("a name");
        let mut pair = Pair::established();
        pair.fates = Box::new(|_, _| Fate::Lose);
        pair.send(0, b"hello?\n");
        let icmp = match name.split(' ').nth(1) {
            Some("host-unreachable") => Some(Unreachable::Host),
            Some("admin-prohibited") => Some(Unreachable::AdminProhibited),
            Some("port-unreachable") => Some(Unreachable::Port),
            _ => None,
        };
        let reset = name.starts_with("RST");
        let here = sent(&mut pair, 8, "A[P.]+7", |pair| {
            let connection = pair.ends[0].connection.as_mut().expect("it is there");
            if let Some(reason) = icmp {
                assert_eq!(connection.on_unreachable(reason).failed, None, "{name}");
            } else if reset && connection.state() == State::Established {
                let rst = crate::packet::Segment {
                    seq: connection.rcv_nxt,
                    flags: Flags::RST,
                    ..crate::packet::Segment::default()
                };
                let outcome = connection.on_segment(pair.now, &rst);
                pair.took(0, outcome);
            }
        });
        compare(name, &seconds(&case["data_segment_sent_at"]), &here);
        let survives = case["result"].as_str().expect("a result").contains("still connected");
        assert_eq!(pair.ends[0].failed, if survives { None } else { Some(Failure::Reset) }, "{name}");
    }
}

/// Rows L01 to L08 of the laboratory: 134 s, and 129 s with the textbook's series.
#[test]
fn a_connection_attempt_is_given_up_as_measured() {
    let linux = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 11.0, 19.0, 35.0, 68.0];
    let textbook = [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 64.0];
    for (syn_retries, real, end) in
        [(SynRetries::Linux, &linux[..], 134.0_f64), (SynRetries::Textbook, &textbook[..], 129.0)]
    {
        let mut pair = Pair::new(|_, _| Fate::Lose);
        pair.configs = [Config { syn_retries, ..Config::default() }; 2];
        pair.connect(0);
        compare("SYN", real, &sent(&mut pair, 140, "A[S]", |_| {}));
        assert_eq!(pair.ends[0].failed, Some(Failure::TimedOut));
        let mut pair = Pair::new(|_, _| Fate::Lose);
        pair.configs = [Config { syn_retries, ..Config::default() }; 2];
        pair.connect(0);
        pair.finish();
        let gave_up = pair.now.since(Instant::START).as_nanos() as f64 / 1e9;
        assert!((gave_up - end).abs() < 0.05 * end, "{syn_retries:?}: {gave_up} s");
    }
}

/// `tcp_retries2` is 15: about 924 s by the kernel's documentation, then the next timeout. An orphan: 8.
#[test]
fn data_is_given_up_after_a_quarter_of_an_hour() {
    let gave_up = |leave: bool| {
        let mut pair = Pair::established();
        pair.fates = Box::new(|_, _| Fate::Lose);
        pair.send(0, b"hello?\n");
        if leave {
            let now = pair.now;
            let outcome = pair.ends[0].connection.as_mut().expect("it is there").leave(now);
            pair.took(0, outcome);
        }
        let begin = pair.now;
        pair.finish();
        assert_eq!(pair.ends[0].failed, Some(Failure::TimedOut));
        pair.now.since(begin).as_nanos() / 1_000_000_000
    };
    assert!((924..=945).contains(&gave_up(false)), "{} s", gave_up(false));
    assert!((100..=115).contains(&gave_up(true)), "{} s", gave_up(true));
}

/// `tcp_fin_timeout`, and TIME-WAIT: 60 s each.
#[test]
fn closed_ends_go_away() {
    let mut pair = Pair::established();
    let now = pair.now;
    let outcome = pair.ends[0].connection.as_mut().expect("it is there").leave(now);
    pair.took(0, outcome);
    let at = |ms: u64| Instant::START + Duration::from_millis(20 + ms);
    pair.run(at(59_900));
    assert_eq!(pair.states(), [State::FinWait2, State::CloseWait]);
    pair.run(at(60_100));
    assert_eq!(pair.states(), [State::Closed, State::CloseWait]);
    let mut pair = Pair::established();
    pair.ends[1].closes_after_peer = true;
    pair.close(0);
    pair.run(at(59_900));
    assert_eq!(pair.states(), [State::TimeWait, State::Closed]);
    pair.run(at(60_100));
    assert_eq!(pair.states(), [State::Closed, State::Closed]);
}
