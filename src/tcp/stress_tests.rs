//! Tests of TCP under stress: loss, small windows, silence, ICMP.

use super::testing::{DELAY, Fate, Pair};
use super::{Config, Failure, KeepAlive, State};
use crate::packet::{Segment, Unreachable};
use crate::time::{Duration, Instant};
use std::cell::RefCell;
use std::rc::Rc;

/// An MSS of 1460 less the timestamps of each segment.
const MSS: usize = 1448;

/// Sends `segments` full segments from A to B and loses the first copies of those numbered in `lost`. The numbers of
/// the segments that A sent, in order, and how long it took until all had arrived, in ms.
fn transfer(config: Config, segments: usize, lost: &'static [usize]) -> (Vec<usize>, u64) {
    let mut pair = Pair::established_with([config; 2]);
    let sent = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&sent);
    let first = pair.ends[0].connection.as_ref().unwrap().snd_nxt;
    pair.fates = Box::new(move |end, segment| {
        if end == 1 || segment.payload.is_empty() {
            return Fate::Deliver;
        }
        let number = (segment.seq - first) as usize / MSS;
        let again = seen.borrow().contains(&number);
        seen.borrow_mut().push(number);
        if lost.contains(&number) && !again { Fate::Lose } else { Fate::Deliver }
    });
    let begin = pair.now;
    pair.send(0, &vec![5; segments * MSS]);
    while pair.ends[1].received.len() < segments * MSS {
        let next = pair.now + Duration::from_millis(1);
        pair.run(next);
        assert!(pair.now < begin + Duration::from_secs(60), "it hangs: {:?}", pair.log);
    }
    let sent = sent.borrow().clone();
    (sent, pair.now.since(begin).as_nanos() / 1_000_000)
}

fn without_sack() -> Config {
    Config { sack: false, ..Config::default() }
}

/// RFC 5681, section 3.2: three duplicate acknowledgements, no timer. One round trip is 10 ms.
#[test]
fn one_loss_is_repaired_within_a_round_trip() {
    for config in [Config::default(), without_sack()] {
        let (sent, ms) = transfer(config, 20, &[2]);
        assert_eq!(sent.iter().filter(|number| **number == 2).count(), 2, "{sent:?}");
        assert_eq!(sent.len(), 21, "nothing else is repeated: {sent:?}");
        assert!(ms <= 35, "{ms} ms");
    }
}

/// RFC 6582: each partial acknowledgement repairs one more loss; SACK repairs them in one round trip.
#[test]
fn several_losses_in_one_window() {
    let (sent, new_reno) = transfer(without_sack(), 20, &[0, 2, 4, 6, 8]);
    assert_eq!(sent.len(), 25, "{sent:?}");
    let (sent, sack) = transfer(Config::default(), 20, &[0, 2, 4, 6, 8]);
    assert_eq!(sent.len(), 25, "{sent:?}");
    assert!(sack < new_reno && new_reno < 100, "SACK {sack} ms, NewReno {new_reno} ms");
}

/// RFC 3042: with four segments only two duplicates come back; the two new ones they let out bring the third.
#[test]
fn limited_transmit_saves_the_timeout() {
    let config = Config { window: 4 * 1460, receive_buffer: 4 * 1460, ..without_sack() };
    let mut pair = Pair::established_with([config; 2]);
    let congestion = &mut pair.ends[0].connection.as_mut().unwrap().congestion;
    congestion.on_timeout(4 * 1460, true);
    (0..2).for_each(|_| congestion.on_ack(1460));
    let mut count = 0;
    pair.fates = Box::new(move |end, segment| {
        count += usize::from(end == 0 && !segment.payload.is_empty());
        if end == 0 && count == 1 && !segment.payload.is_empty() {
            count += 1;
            Fate::Lose
        } else {
            Fate::Deliver
        }
    });
    let begin = pair.now;
    pair.send(0, &vec![5; 8 * MSS]);
    pair.run(begin + Duration::from_millis(60));
    assert_eq!(pair.ends[1].received.len(), 8 * MSS, "{:?}", pair.log);
}

/// A lost tail brings no duplicate acknowledgements: the timer must do it. What the peer has is not sent again.
#[test]
fn after_a_timeout_only_the_gaps_are_filled() {
    // The first repetition of segment 0 is lost, too, so fast recovery cannot end.
    let mut pair = Pair::established();
    let mut heads = 0;
    let first = pair.ends[0].connection.as_ref().unwrap().snd_nxt;
    pair.fates = Box::new(move |end, segment| {
        let head = end == 0 && segment.seq == first && !segment.payload.is_empty();
        heads += usize::from(head);
        if head && heads < 3 { Fate::Lose } else { Fate::Deliver }
    });
    let begin = pair.now;
    pair.send(0, &vec![5; 8 * MSS]);
    pair.run(begin + Duration::from_millis(400));
    assert_eq!(pair.ends[1].received.len(), 8 * MSS);
    let data = pair.log.iter().filter(|line| line.starts_with("A[") && line.contains("+1448")).count();
    assert_eq!(data, 8 + 3, "the head twice, and a probe for the tail: {:?}", pair.log);
}

/// RFC 7323, section 2.2: only if both ends offer it; and 64240 bytes a round trip are not the limit then.
#[test]
fn windows_are_scaled_if_both_agree() {
    let plain = Config { window_scaling: false, ..Config::default() };
    for (configs, scaled) in
        [([Config::default(); 2], true), ([Config::default(), plain], false), ([plain, Config::default()], false)]
    {
        let mut pair = Pair::established_with(configs);
        pair.send(0, &vec![1; 4_000_000]);
        let until = pair.now + Duration::from_millis(200);
        pair.run(until);
        let got = pair.ends[1].received.len();
        assert_eq!(got > 20 * 64240, scaled, "{got} bytes in 20 round trips");
        let window = pair.ends[0].connection.as_ref().unwrap().snd_wnd;
        assert_eq!(window > 65535, scaled, "{window}");
    }
}

/// RFC 5681, section 4.2: every second full segment at once, a lonely one after 40 ms, once this end has answered; the
/// first one, and whatever comes to an end that never answers, at once (the recorded ladders).
#[test]
fn acknowledgements_wait_in_a_conversation() {
    let mut pair = Pair::established();
    let say = |pair: &mut Pair, wait: u64| {
        pair.log.clear();
        pair.send(0, b"NOOP\r\n");
        let next = pair.now + DELAY + Duration::from_millis(wait);
        pair.run(next);
        pair.log.iter().filter(|line| *line == "B[.]").count()
    };
    for _ in 0..40 {
        assert_eq!(say(&mut pair, 5), 1, "nobody answers");
    }
    pair.send(1, b"200\r\n");
    assert_eq!(say(&mut pair, 39), 0);
    let soon = pair.now + Duration::from_millis(1);
    pair.run(soon);
    assert_eq!(pair.log.last().map(String::as_str), Some("B[.]"), "after 40 ms");
    assert_eq!(say(&mut pair, 5), 1, "it was in vain: no conversation any more");
    pair.send(1, b"200\r\n");
    pair.log.clear();
    pair.send(0, &vec![1; 6 * MSS]);
    let soon = pair.now + DELAY;
    pair.run(soon);
    assert_eq!(pair.log.iter().filter(|line| *line == "B[.]").count(), 3, "{:?}", pair.log);
}

/// RFC 9293, section 3.7.4.
#[test]
fn nagle_keeps_a_second_small_segment_back() {
    let log = |nagle| {
        let mut pair = Pair::established_with([Config { nagle, ..Config::default() }; 2]);
        pair.send(0, b"a");
        pair.send(0, b"b");
        pair.send(0, b"c");
        let until = pair.now + Duration::from_millis(100);
        pair.run(until);
        pair.log.into_iter().filter(|line| line.starts_with('A')).collect::<Vec<_>>()
    };
    assert_eq!(log(true), ["A[P.]+1", "A[P.]+2"]);
    assert_eq!(log(false), ["A[P.]+1"; 3]);
}

/// Measured on Linux 6.18: an established connection lives on; when it times out at last, the reason is the ICMP error's.
#[test]
fn a_soft_error_is_reported_when_the_connection_times_out() {
    let mut pair = Pair::established();
    pair.fates = Box::new(|_, _| Fate::Lose);
    pair.send(0, b"hello?");
    let outcome = pair.ends[0].connection.as_mut().unwrap().on_unreachable(Unreachable::AdminProhibited);
    assert_eq!(outcome, super::Outcome::default());
    pair.finish();
    assert_eq!(pair.ends[0].failed, Some(Failure::Unreachable(Unreachable::AdminProhibited)));
}

/// Measured on Linux 6.18: while a router says host-unreachable, a repetition every 212 ms; with admin-prohibited, doubling.
#[test]
fn a_broken_network_does_not_back_off() {
    let repetitions = |reason| {
        let mut pair = Pair::established();
        pair.fates = Box::new(|_, _| Fate::Lose);
        pair.send(0, b"hello?");
        let end = pair.now + Duration::from_secs(8);
        while pair.now < end {
            let seen = pair.log.len();
            let next = pair.now + Duration::from_millis(1);
            pair.run(next);
            if pair.log.len() > seen {
                pair.ends[0].connection.as_mut().unwrap().on_unreachable(reason);
            }
        }
        assert_eq!(pair.ends[0].failed, None);
        pair.log.len()
    };
    assert!((36..=39).contains(&repetitions(Unreachable::Host)), "measured: 39");
    assert!((6..=7).contains(&repetitions(Unreachable::AdminProhibited)), "measured: 7");
}

/// RFC 1191: smaller segments at once, no timer, no smaller congestion window.
#[test]
fn segments_that_are_too_large_go_out_smaller() {
    let mut pair = Pair::established();
    let too_large: Rc<RefCell<Vec<Segment>>> = Rc::default();
    let lost = Rc::clone(&too_large);
    pair.fates = Box::new(move |_, segment| {
        if segment.payload.len() <= 1348 {
            return Fate::Deliver;
        }
        lost.borrow_mut().push(segment.clone());
        Fate::Lose
    });
    pair.send(0, &vec![1; 5000]);
    assert_eq!(too_large.borrow().len(), 3, "and a shorter one");
    let connection = pair.ends[0].connection.as_mut().unwrap();
    let before = connection.congestion.window();
    connection.on_too_big(1400, connection.snd_una + u32::MAX);
    assert_eq!(connection.effective_mss(), 1448, "nobody sent that (RFC 5927)");
    for segment in too_large.borrow().iter() {
        connection.on_too_big(1400, segment.seq);
    }
    assert_eq!((connection.effective_mss(), connection.congestion.window()), (1348, before));
    pair.flush(0);
    let next = pair.now + Duration::from_millis(30);
    pair.run(next);
    assert_eq!(pair.ends[1].received.len(), 5000);
    assert_eq!(pair.states(), [State::Established; 2]);
}

/// RFC 9293, section 3.8.4.
#[test]
fn keep_alive_finds_out_that_nobody_is_there() {
    let seconds = Duration::from_secs;
    let keep_alive = KeepAlive { idle: seconds(100), interval: seconds(10), probes: 3 };
    let config = Config { keep_alive: Some(keep_alive), ..Config::default() };
    let mut pair = Pair::established_with([config, Config::default()]);
    pair.run(Instant::START + seconds(450));
    assert_eq!(pair.log, ["A[.]", "B[.]"].repeat(4), "each probe is answered");
    pair.fates = Box::new(|_, _| Fate::Lose);
    pair.finish();
    assert_eq!(pair.ends[0].failed, Some(Failure::TimedOut));
    assert_eq!(pair.now.since(Instant::START).as_nanos() / 1_000_000_000, 500 + 30);
}

/// Thousands of them live in a large simulation.
#[test]
fn a_connection_is_small() {
    let size = size_of::<super::Connection>();
    assert!(size <= 704, "{size} bytes");
}
