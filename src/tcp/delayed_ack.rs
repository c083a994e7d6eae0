//! When to acknowledge (RFC 9293, section 3.8.6.3; RFC 5681, section 4.2), as Linux does it.
//!
//! At the start of a connection, and after anything unusual, sixteen segments are acknowledged at once
//! (`TCP_MAX_QUICKACKS`), unless this end answers: once it has sent data within the acknowledgement delay after data
//! came, the two ends converse ("ping-pong" mode) and acknowledgements wait to travel with the answer. A program that
//! reads everything has small segments acknowledged: the second unacknowledged one, or the first outside a conversation
//! (`__tcp_cleanup_rbuf`). The delay adapts to how often segments come.
//!
//! Not modelled: the compression of duplicate acknowledgements (`tcp_comp_sack_nr`).

use super::{Connection, TimerKind};
use crate::time::{Duration, Instant};

const QUICK: u8 = 16;
/// `TCP_DELACK_MAX`, and what bounds the delay outside a conversation.
const LONGEST: Duration = Duration::from_millis(200);

/// The timer's granularity, where nothing else was learnt (a FIN, and never any data): the laboratory's kernel has 250
/// of them in a second.
pub(super) const JIFFY: Duration = Duration::from_millis(4);

#[derive(Clone, Copy, Debug)]
pub(super) struct DelayedAck {
    /// Something is still to be acknowledged (`ICSK_ACK_SCHED`).
    scheduled: bool,
    /// The largest segment seen: what "full-sized" means for this peer (`rcv_mss`).
    largest: u32,
    /// Segments still to be acknowledged at once.
    quick: u8,
    /// This end answers what it hears (`pingpong`).
    converses: bool,
    /// How long to wait (`ato`); zero before any data came.
    delay: Duration,
    /// How long the timer that runs was set for.
    waits: Duration,
    /// When data came last.
    last_data: Instant,
    /// Small segments since the last acknowledgement, counted up to two (`ICSK_ACK_PUSHED`, `ICSK_ACK_PUSHED2`).
    small: u8,
}

impl DelayedAck {
    pub(super) fn new(mss: u16) -> Self {
        Self {
            scheduled: false,
            // RFC 9293, section 3.7.1: no segment need be larger than 536 bytes.
            largest: u32::from(mss).min(536),
            quick: 0,
            converses: false,
            delay: Duration::ZERO,
            waits: Duration::ZERO,
            last_data: Instant::START,
            small: 0,
        }
    }
}

impl Connection {
    /// `bytes` came in order (`tcp_event_data_recv`).
    pub(super) fn data_arrived(&mut self, now: Instant, bytes: u32, pushed: bool) {
        self.window_on_data(now, bytes);
        let most = self.advertised_mss();
        let shortest = self.config.delayed_ack;
        let timeout = self.rtt.timeout(&self.config);
        let delayed = &mut self.delayed_ack;
        delayed.scheduled = true;
        if bytes >= delayed.largest {
            delayed.largest = bytes.min(most);
            if pushed {
                delayed.small = delayed.small.max(1);
            }
        } else {
            delayed.small = (delayed.small + 1).min(2);
        }
        let gap = now.since(delayed.last_data);
        if delayed.delay == Duration::ZERO {
            delayed.quick = QUICK;
            delayed.delay = shortest;
        } else if gap <= half(shortest) {
            delayed.delay = half(delayed.delay) + half(shortest);
        } else if gap < delayed.delay {
            delayed.delay = (half(delayed.delay) + gap).min(timeout);
        } else if gap > timeout {
            // The sender seems to have started anew: it needs to hear from us.
            delayed.quick = QUICK;
        }
        delayed.last_data = now;
    }

    /// Something arrived in order and left no gap: is it acknowledged at once (`__tcp_ack_snd_check`)?
    pub(super) fn acknowledge_soon(&mut self, now: Instant) {
        if self.ack_owed {
            return;
        }
        let delayed = &self.delayed_ack;
        // Every second full-sized segment (RFC 5681, section 4.2), and each of the first ones.
        let much = self.rcv_nxt - self.last_ack_sent > delayed.largest;
        let quick = delayed.quick > 0 && !delayed.converses;
        if much || quick || self.config.delayed_ack == Duration::ZERO {
            self.ack_owed = true;
            return;
        }
        let mut delay = delayed.delay;
        if delay > self.config.delayed_ack {
            let bound = if delayed.converses || delayed.small > 0 { LONGEST } else { Duration::from_millis(500) };
            let round_trip = self.rtt.smoothed().map_or(bound, |rtt| rtt.max(self.config.delayed_ack));
            delay = delay.min(bound).min(round_trip);
        }
        let delay = delay.clamp(JIFFY, LONGEST);
        let at = now + delay;
        match self.timers.get(TimerKind::DelayedAck) {
            // It is about to run out.
            Some(running) if running <= now + half(half(delay)) => self.ack_owed = true,
            Some(running) if running <= at => {}
            _ => {
                self.delayed_ack.waits = delay;
                self.timers.set(TimerKind::DelayedAck, at);
            }
        }
    }

    /// The program has read everything there was (`__tcp_cleanup_rbuf`).
    pub(super) fn acknowledge_what_was_read(&mut self) {
        let delayed = &self.delayed_ack;
        let enough = delayed.small >= 2 || (delayed.small == 1 && !delayed.converses);
        self.ack_owed |= delayed.scheduled && (enough || self.rcv_nxt - self.last_ack_sent > delayed.largest);
    }

    /// A gap, or a repetition: the sender must know at once (RFC 5681, section 4.2; `tcp_enter_quickack_mode`).
    pub(super) fn acknowledge_at_once(&mut self) {
        self.delayed_ack.quick = QUICK;
        self.delayed_ack.converses = false;
        self.delayed_ack.delay = self.config.delayed_ack;
        self.ack_owed = true;
    }

    /// The peer's FIN came: our own FIN will probably follow, the acknowledgement can travel with it (`tcp_fin`).
    pub(super) fn expect_an_answer(&mut self) {
        self.delayed_ack.scheduled = true;
        self.delayed_ack.converses = true;
    }

    /// Data leaves (`tcp_event_data_sent`): if soon after data came, it is an answer.
    pub(super) fn conversation_goes_on(&mut self, now: Instant) {
        let delayed = &mut self.delayed_ack;
        delayed.converses |= now.since(delayed.last_data) < delayed.delay;
    }

    /// An acknowledgement was waited with in vain (`tcp_delack_timer_handler`).
    pub(super) fn delay_was_in_vain(&mut self) -> Duration {
        let timeout = self.rtt.timeout(&self.config);
        let delayed = &mut self.delayed_ack;
        if delayed.converses {
            delayed.converses = false;
            delayed.delay = self.config.delayed_ack;
        } else {
            delayed.delay = delayed.delay.saturating_mul(2).min(timeout);
        }
        self.ack_owed = true;
        delayed.waits
    }

    /// An acknowledgement leaves (`tcp_event_ack_sent`).
    pub(super) fn acknowledged(&mut self) {
        self.ack_owed = false;
        let delayed = &mut self.delayed_ack;
        if std::mem::take(&mut delayed.scheduled) {
            delayed.quick = delayed.quick.saturating_sub(1);
            delayed.small = 0;
            self.timers.stop(TimerKind::DelayedAck);
        }
    }
}

const fn half(duration: Duration) -> Duration {
    Duration::from_nanos(duration.as_nanos() / 2)
}
