//! The receive window and its scaling (RFC 9293, section 3.8.6; RFC 7323, section 2).

use super::Connection;

impl Connection {
    /// How much more the application could be given: what it has not read counts against the window.
    pub(super) const fn receive_room(&self) -> u32 {
        self.rcv_wnd.saturating_sub(self.ready_len)
    }

    /// What the peer may send by what it was told last. This much is accepted.
    pub(super) fn offered_window(&self) -> u32 {
        if self.rcv_edge > self.rcv_nxt { self.rcv_edge - self.rcv_nxt } else { 0 }
    }

    /// The least window that is worth telling of (receiver's silly window avoidance, RFC 9293, section 3.8.6.2.2).
    pub(super) fn worth_offering(&self) -> u32 {
        u32::from(self.own_mss()).min(self.rcv_wnd / 2)
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
            return self.rcv_wnd.min(65535) as u16;
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
