//! When to acknowledge (RFC 9293, section 3.8.6.3; RFC 5681, section 4.2), with Linux's quick acknowledgements.
//!
//! At the start of a connection, and after anything unusual, sixteen segments are acknowledged at once
//! (`TCP_MAX_QUICKACKS`); a short dialogue never sees a delay. Not modelled: Linux's "ping-pong" mode, which delays
//! earlier in a dialogue, and its adaptive delay beyond the 40 ms.

use super::{Connection, TimerKind};
use crate::time::{Duration, Instant};

const QUICK: u8 = 16;

#[derive(Clone, Copy, Debug)]
pub(super) struct DelayedAck {
    /// Octets that arrived in order since our last acknowledgement.
    octets: u32,
    /// The largest segment seen: what "full-sized" means for this peer (`rcv_mss` of Linux).
    largest: u32,
    /// Segments still to be acknowledged at once.
    quick: u8,
}

impl DelayedAck {
    pub(super) const fn new() -> Self {
        // RFC 9293, section 3.7.1: no segment need be larger than 536 octets.
        Self { octets: 0, largest: 536, quick: QUICK }
    }
}

impl Connection {
    /// A segment with `octets` arrived in order and left no gap.
    pub(super) fn acknowledge_soon(&mut self, now: Instant, octets: u32) {
        let delayed = &mut self.delayed_ack;
        delayed.octets += octets;
        delayed.largest = delayed.largest.max(octets);
        if delayed.quick > 0 || self.config.delayed_ack == Duration::ZERO {
            delayed.quick = delayed.quick.saturating_sub(1);
            self.ack_owed = true;
        } else if delayed.octets > delayed.largest {
            self.ack_owed = true; // every second full-sized segment (RFC 5681, section 4.2)
        } else if !self.timers.is_running(TimerKind::DelayedAck) {
            self.timers.set(TimerKind::DelayedAck, now + self.config.delayed_ack);
        }
    }

    /// A gap, its end, or a repetition: the sender must know at once (RFC 5681, section 4.2).
    pub(super) fn acknowledge_at_once(&mut self) {
        self.delayed_ack.quick = QUICK;
        self.ack_owed = true;
    }

    /// An acknowledgement leaves.
    pub(super) fn acknowledged(&mut self) {
        self.ack_owed = false;
        if self.delayed_ack.octets > 0 {
            self.delayed_ack.octets = 0;
            self.timers.stop(TimerKind::DelayedAck);
        }
    }
}
