//! Timestamps (RFC 7323, sections 3 to 5): the clock of a connection, what is echoed, protection against segments from
//! long ago (PAWS), round trips measured over repetitions.
//!
//! Not modelled: invalidation after 24 days of silence (section 5.5; a run is shorter), Linux's exception for
//! disordered acknowledgements (`tcp_disordered_ack`).

use super::Connection;
use crate::packet::{Endpoint, Flags, Segment, Timestamps};
use crate::time::{Duration, Instant};
use std::net::IpAddr;

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Both SYNs carried the option.
    pub(super) ok: bool,
    /// What the clock showed when time began.
    start: u32,
    /// `TS.Recent`: what we echo.
    recent: u32,
}

impl Clock {
    pub(super) fn new(offered: bool, local: Endpoint, remote: Endpoint) -> Self {
        Self { ok: offered, start: start(local.ip, remote.ip), recent: 0 }
    }

    /// Milliseconds, as in Linux.
    pub(super) const fn value(&self, now: Instant) -> u32 {
        self.start.wrapping_add((now.as_nanos() / 1_000_000) as u32)
    }

    /// How long ago we sent what `echo` answers.
    fn since(&self, now: Instant, echo: u32) -> Duration {
        Duration::from_millis(u64::from(self.value(now).wrapping_sub(echo)))
    }
}

/// One clock for all connections between two hosts, whose reading tells nothing of how long a host is up (Linux:
/// `secure_tcp_ts_off`). Ours has no secret: the same run shows the same clock.
fn start(local: IpAddr, remote: IpAddr) -> u32 {
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u64::from(u32::from(ip)),
        IpAddr::V6(ip) => (u128::from(ip) >> 64) as u64 ^ u128::from(ip) as u64,
    };
    // SplitMix64's finalizer, once for each address.
    let mix = |z: u64| {
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (mix(mix(number(local)).wrapping_add(number(remote))) >> 32) as u32
}

impl Connection {
    /// The option of a segment that leaves now.
    pub(super) fn timestamps(&self, now: Instant, has_ack: bool) -> Option<Timestamps> {
        let echo = if has_ack { self.clock.recent } else { 0 };
        self.clock.ok.then(|| Timestamps { value: self.clock.value(now), echo })
    }

    /// The peer's SYN: its first timestamp.
    pub(super) fn take_first_timestamp(&mut self, syn: &Segment) {
        self.clock.ok &= syn.timestamps.is_some();
        self.clock.recent = syn.timestamps.map_or(0, |timestamps| timestamps.value);
        self.last_ack_sent = self.rcv_nxt;
    }

    /// PAWS (section 5.3, R1): the segment is older than one that arrived. A RST is never judged by its timestamp; a
    /// segment without one is let in, as Linux does.
    pub(super) fn is_from_long_ago(&self, segment: &Segment) -> bool {
        let Some(timestamps) = segment.timestamps.filter(|_| self.clock.ok) else { return false };
        !segment.flags.contains(Flags::RST) && is_before(timestamps.value, self.clock.recent)
    }

    /// Whether the segment's timestamp is later than all that came before.
    pub(super) fn is_later(&self, segment: &Segment) -> bool {
        self.clock.ok && segment.timestamps.is_some_and(|timestamps| is_before(self.clock.recent, timestamps.value))
    }

    /// Section 4.3: the timestamp of the segment that our next acknowledgement answers is echoed, which with delayed
    /// acknowledgements is the first of them.
    pub(super) fn take_timestamp(&mut self, segment: &Segment) {
        let Some(timestamps) = segment.timestamps.filter(|_| self.clock.ok) else { return };
        if !is_before(timestamps.value, self.clock.recent) && segment.seq <= self.last_ack_sent {
            self.clock.recent = timestamps.value;
        }
    }

    /// Whether the segment answers one that we sent before our clock showed `value`.
    pub(super) fn echoes_before(&self, segment: &Segment, value: u32) -> bool {
        let echo = segment.timestamps.filter(|_| self.clock.ok).map_or(0, |timestamps| timestamps.echo);
        echo != 0 && is_before(echo, value)
    }

    /// The round trip that an acknowledgement of something new tells of.
    pub(super) fn echoed_round_trip(&self, now: Instant, segment: &Segment) -> Option<Duration> {
        let echo = segment.timestamps.filter(|_| self.clock.ok)?.echo;
        // An echo of 0 or from the future tells nothing.
        // What takes less than the clock can tell took a tick.
        let tick = Duration::from_millis(1);
        (echo != 0 && !is_before(self.clock.value(now), echo)).then(|| self.clock.since(now, echo).max(tick))
    }
}

/// Comparison modulo 2^32 (section 5.2).
const fn is_before(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_clock_a_pair_of_hosts() {
        let end = |text: &str| text.parse::<std::net::SocketAddr>().unwrap().into();
        let clock = |local, remote| Clock::new(true, end(local), end(remote)).value(Instant::START);
        let (a, b) = ("192.0.2.1:50000", "192.0.2.2:21");
        assert_eq!(clock(a, b), clock("192.0.2.1:20", "192.0.2.2:5000"));
        assert_ne!(clock(a, b), clock(b, a));
        let clock = Clock::new(true, end(a), end(b));
        let later = Instant::START + Duration::from_millis(1500);
        assert_eq!(clock.value(later), clock.value(Instant::START).wrapping_add(1500));
    }
}
