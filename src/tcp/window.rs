//! The receive window and its scaling (RFC 9293, section 3.8.6; RFC 7323, section 2), growing as Linux's does.

use super::{Config, Connection};
use crate::time::{Duration, Instant};

/// What the first receive buffer of Linux holds of full segments: `tcp_rmem`'s second value, 131072 bytes, of which a
/// frame's bookkeeping takes its share (`scaling_ratio`; measured: windows grow up to 78 KiB).
const FIRST_SPACE: u32 = 131_072 / 256 * 156;

/// The window that we would offer a peer to whom nothing is unread.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReceiveWindow {
    /// `rcv_ssthresh` of Linux: a peer is offered more as it shows that it sends full segments.
    target: u32,
    /// What is offered at first. Of a buffer that the program has set it is all, though the target is less.
    first: u32,
    /// What the buffer can hold.
    space: u32,
    /// Bytes that the program has read since `since`, and the most that it ever read in a round trip (`rcvq_space`).
    read: u32,
    since: Instant,
    most: u32,
}

impl ReceiveWindow {
    /// The first window: whole segments of `mss` (`tcp_select_initial_window`).
    pub(super) fn new(config: &Config, mss: u16) -> Self {
        let mss = u32::from(mss.max(1));
        let whole = |bytes: u32| if bytes > mss { bytes / mss * mss } else { bytes };
        let first = whole(config.fixed_buffer.unwrap_or(u32::from(config.window)));
        Self {
            target: first.min(65535),
            first,
            space: config.fixed_buffer.unwrap_or(FIRST_SPACE.min(config.receive_buffer)).max(first),
            read: 0,
            since: Instant::START,
            most: 10 * mss,
        }
    }

    /// The first window, and what its 16 bits can say of it.
    pub(super) fn first(&self, scaled: bool) -> u32 {
        if scaled { self.first } else { self.first.min(65535) }
    }

    pub(super) const fn was_read(&mut self, bytes: u32) {
        self.read = self.read.saturating_add(bytes);
    }

    /// A segment came (`tcp_grow_window`): small ones cost more memory than their bytes and open nothing.
    fn grow(&mut self, bytes: u32, mss: u32, limit: u32) {
        if bytes >= mss / 2 {
            self.target = (self.target + 2 * mss).min(self.space).min(limit).max(self.target);
        }
    }

    /// Dynamic right-sizing (`tcp_rcv_space_adjust`): room for twice what the program read in a round trip, and more
    /// while that grows, so that the window keeps ahead of slow start.
    fn adjust(&mut self, now: Instant, round_trip: Duration, mss: u32, limit: u32) {
        if self.read == 0 || now.since(self.since) < round_trip {
            return;
        }
        if self.read > self.most {
            let room = 2 * u64::from(self.read) + 16 * u64::from(mss);
            let growth = room * u64::from(self.read - self.most) / u64::from(self.most.max(1));
            let room = room.saturating_add(2 * growth).min(u64::from(limit)) as u32;
            if room > self.space {
                self.space = room;
                self.target = room; // the clamp moves with the buffer
            }
            self.most = self.read;
        }
        self.read = 0;
        self.since = now;
    }
}

impl Connection {
    /// The handshake has shown what segments carry. Of a buffer that the program has set, Linux goes on to offer all but
    /// a segment (recorded from tnftp, which sets 128 KiB: 131072 at first, never less than 129624 later).
    pub(super) fn settle_window(&mut self) {
        if let Some(buffer) = self.config.fixed_buffer.filter(|_| self.scaling_ok) {
            self.rcv_wnd.target = buffer.saturating_sub(self.advertised_mss()).max(1);
        }
    }

    /// `bytes` came in order: the window may grow.
    pub(super) fn window_on_data(&mut self, now: Instant, bytes: u32) {
        if !self.scaling_ok {
            return;
        }
        let (mss, limit) = (self.advertised_mss(), self.receive_limit());
        let round_trip = self.rtt.smoothed().unwrap_or(self.config.initial_rto);
        if self.config.fixed_buffer.is_none() {
            self.rcv_wnd.adjust(now, round_trip, mss, limit);
        }
        self.rcv_wnd.grow(bytes, mss, limit);
    }

    /// What a full segment of the peer carries beside its options (`advmss`).
    pub(super) fn advertised_mss(&self) -> u32 {
        u32::from(self.own_mss()).saturating_sub(self.options_of_each_segment()).max(1)
    }

    /// How much more the application could be given: what it has not read counts against the buffer.
    pub(super) fn receive_room(&self) -> u32 {
        let wnd = &self.rcv_wnd;
        let space = if self.scaling_ok { wnd.space } else { wnd.target };
        space.saturating_sub(self.ready_len).min(wnd.target)
    }

    /// What the peer may send by what it was told last. This much is accepted.
    pub(super) fn offered_window(&self) -> u32 {
        if self.rcv_edge > self.rcv_nxt { self.rcv_edge - self.rcv_nxt } else { 0 }
    }

    /// The least window that is worth telling of (receiver's silly window avoidance, RFC 9293, section 3.8.6.2.2).
    pub(super) fn worth_offering(&self) -> u32 {
        u32::from(self.own_mss()).min(self.rcv_wnd.target / 2)
    }

    /// As far as the window may grow: what its 16 bits can say after shifting.
    pub(super) fn receive_limit(&self) -> u32 {
        self.config.receive_buffer.min(65535 << self.rcv_scale)
    }

    /// The window field of a segment that leaves now, and what it promises.
    pub(super) fn window_field(&mut self, syn: bool) -> u16 {
        let offered = self.offered_window();
        if syn {
            // The window of a SYN is never scaled (RFC 7323, section 2.2).
            return self.rcv_wnd.first(false) as u16;
        }
        let room = self.receive_room();
        let units = if room >= self.worth_offering() {
            // Rounded up, as Linux does: the rest of a unit is less than a segment.
            room.max(offered).div_ceil(1 << self.rcv_scale)
        } else {
            // The edge stays where it is as far as the units can say (RFC 7323, section 2.4).
            offered >> self.rcv_scale
        };
        let units = units.min(65535);
        let edge = self.rcv_nxt + (units << self.rcv_scale);
        if edge > self.rcv_edge {
            self.rcv_edge = edge;
        }
        units as u16
    }
}
