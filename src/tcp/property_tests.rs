//! What holds for every wire, every pair of settings and every nonsense that may arrive.

use super::testing::{Fate, Pair};
use super::{Config, State};
use crate::packet::{Flags, Segment, SeqNr};
use crate::time::{Duration, Instant};
use State::{Closed, Established};
use bytes::Bytes;
use proptest::prelude::*;

fn config() -> impl Strategy<Value = Config> {
    let buffer = prop_oneof![Just(20_000), Just(32 << 20)];
    (any::<[bool; 6]>(), buffer, 300u16..3000).prop_map(
        |([sack, window_scaling, nagle, delayed, timestamps, tail_loss_probe], receive_buffer, mss)| {
            let default = Config::default();
            let delayed_ack = if delayed { default.delayed_ack } else { Duration::ZERO };
            Config {
                mss,
                receive_buffer,
                window_scaling,
                timestamps,
                sack,
                nagle,
                delayed_ack,
                tail_loss_probe,
                ..default
            }
        },
    )
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Deliver),
        2 => Just(Fate::Lose),
        1 => Just(Fate::Double),
        1 => (1u8..80).prop_map(Fate::Late),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No byte lost, doubled or reordered under any loss, duplication and delay; and no silence: both ends finish or
    /// report a failure.
    #[test]
    fn every_byte_arrives_once_and_in_order(
        fates in prop::collection::vec(fate(), 1..250),
        up in prop::collection::vec(1usize..40_000, 0..6),
        down in prop::collection::vec(1usize..9000, 0..6),
        first_closer in 0usize..2,
        configs in [config(), config()],
    ) {
        // A finite script of faults, then a clean wire: every transfer must come through.
        let mut script = fates.into_iter();
        let mut pair = Pair::new(move |_, _| script.next().unwrap_or(Fate::Deliver));
        pair.configs = configs;
        pair.ends[0].closes_after_peer = true;
        pair.ends[1].closes_after_peer = true;
        pair.connect(0);
        while pair.states() != [Established, Established] {
            if pair.ends.iter().any(|end| end.failed.is_some()) {
                return Ok(()); // so much was lost that an end gave up, and said so
            }
            let next = pair.now + Duration::from_millis(500);
            pair.run(next);
            prop_assert!(pair.now < Instant::START + Duration::from_secs(400));
        }
        let mut sent = [Vec::new(), Vec::new()];
        let longest = up.len().max(down.len());
        for i in 0..longest {
            for (end, writes) in [(0, &up), (1, &down)] {
                if let Some(len) = writes.get(i) {
                    let bytes: Vec<u8> = (0..*len).map(|n| (n * 31 + i * 7 + end) as u8).collect();
                    sent[end].extend_from_slice(&bytes);
                    pair.send(end, &bytes);
                }
            }
            let next = pair.now + Duration::from_millis(3);
            pair.run(next);
        }
        pair.close(first_closer);
        if !sent[1 - first_closer].is_empty() {
            // The other side closes on its own, too.
            pair.close(1 - first_closer);
        }
        pair.finish();
        for (end, want) in sent.iter().enumerate() {
            let got = &pair.ends[1 - end].received;
            let differs = got.iter().zip(want).position(|(a, b)| a != b);
            prop_assert!(got == want, "{} of {} bytes, differ at {differs:?}", got.len(), want.len());
        }
        prop_assert_eq!(pair.states(), [Closed, Closed]);
        prop_assert_eq!((pair.ends[0].failed, pair.ends[1].failed), (None, None));
    }

    /// Whatever arrives, no panic, and never a segment in answer to a RST storm.
    #[test]
    fn nonsense_segments_do_no_harm(
        segments in prop::collection::vec((any::<u32>(), any::<u32>(), any::<u8>(), any::<u16>(), 0usize..40, any::<bool>()), 0..60),
    ) {
        let mut pair = Pair::established();
        let connection = pair.ends[0].connection.as_mut().unwrap();
        for (seq, ack, flags, window, len, near) in segments {
            let seq = if near { connection.rcv_nxt + seq % 5000 } else { SeqNr(seq) };
            let ack = if near { connection.snd_max } else { SeqNr(ack) };
            let segment = Segment {
                src_port: 21, dst_port: 50_000, seq, ack, flags: Flags::from_bits(flags), window,
                payload: Bytes::from(vec![0; len]), ..Segment::default()
            };
            connection.on_segment(pair.now, &segment);
            let mut answers = 0;
            while connection.poll_transmit(pair.now).is_some() {
                answers += 1;
                prop_assert!(answers < 10);
            }
            while connection.read().is_some() {}
        }
    }
}
