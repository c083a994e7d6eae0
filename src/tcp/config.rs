//! The settings of a TCP stack. Defaults are those of a current Linux kernel, which the recorded truth was taken on.

use crate::time::Duration;

/// How long an unanswered SYN is repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SynRetries {
    /// Linux 6.5 and later: four repetitions a second apart (`tcp_syn_linear_timeouts` = 4), then doubling, six more
    /// (`tcp_syn_retries` = 6): 0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67 s.
    #[default]
    Linux,
    /// Doubling from the start (RFC 6298, section 5.5), six repetitions: 0, 1, 3, 7, 15, 31, 63 s.
    Textbook,
}

impl SynRetries {
    /// How often a SYN is repeated before the attempt is given up.
    pub const fn limit(self) -> u32 {
        match self {
            Self::Linux => 10,
            Self::Textbook => 6,
        }
    }

    /// How often the timeout has doubled after `repeated` repetitions.
    pub const fn doublings(self, repeated: u32) -> u32 {
        match self {
            Self::Linux => repeated.saturating_sub(4),
            Self::Textbook => repeated,
        }
    }
}

/// Whether anybody is still there (RFC 9293, section 3.8.4). Off by default, as the RFC demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// Silence before the first probe (`tcp_keepalive_time`; at least two hours by the RFC).
    pub idle: Duration,
    /// Between probes (`tcp_keepalive_intvl`).
    pub interval: Duration,
    /// Unanswered probes before the connection is given up (`tcp_keepalive_probes`).
    pub probes: u8,
}

impl Default for KeepAlive {
    fn default() -> Self {
        Self { idle: Duration::from_secs(7200), interval: Duration::from_secs(75), probes: 9 }
    }
}

/// The settings of a stack; shared by all its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The MSS option we send over IPv4: MTU 1500 less IPv4 and TCP headers (RFC 6691). Over IPv6 it is 20 less.
    pub mss: u16,
    /// The first receive window is the whole segments that fit in here, as Linux has it: 64240 = 44 of 1460 over IPv4,
    /// 64800 = 45 of 1440 over IPv6.
    pub window: u16,
    /// How far the receive window grows as the program reads (`tcp_rmem`, third value, of Linux 6.18); it decides the
    /// window scale option: 32 MiB make it 10.
    pub receive_buffer: u32,
    /// How far the send buffer grows with the congestion window (`tcp_wmem`, third value).
    pub send_buffer: u32,
    /// What the program asked for (`SO_RCVBUF`), in bytes of payload: the window then never grows beyond it.
    pub fixed_buffer: Option<u32>,
    /// Whether window scaling is offered (RFC 7323, section 2).
    pub window_scaling: bool,
    /// Whether timestamps are offered (RFC 7323, section 3; `tcp_timestamps`). They take 12 bytes of every segment.
    pub timestamps: bool,
    /// Whether selective acknowledgement is offered (RFC 2018).
    pub sack: bool,
    /// Whether small segments wait for the acknowledgement of an earlier small one (RFC 9293, section 3.7.4).
    pub nagle: bool,
    /// How long an acknowledgement may wait for company: Linux's `TCP_DELACK_MIN`. At most 500 ms (RFC 9293, section
    /// 3.8.6.3); zero: never.
    pub delayed_ack: Duration,
    /// Whether and when a silent peer is probed.
    pub keep_alive: Option<KeepAlive>,
    /// The repetition of SYNs.
    pub syn_retries: SynRetries,
    /// Retransmission timeout before any measurement (RFC 6298, section 2.1).
    pub initial_rto: Duration,
    /// Lower bound of the timeout: Linux's `TCP_RTO_MIN`. RFC 6298, section 2.4, recommends a full second.
    pub min_rto: Duration,
    /// Upper bound of the timeout: Linux's `TCP_RTO_MAX` (RFC 6298, section 2.5: at least 60 s).
    pub max_rto: Duration,
    /// Repetitions of a SYN-ACK (`tcp_synack_retries`).
    pub synack_retries: u32,
    /// Repetitions of data or a FIN before the connection is given up (`tcp_retries2`).
    pub data_retries: u32,
    /// The same of a connection that its program has closed (`tcp_orphan_retries`; 0 there means 8).
    pub orphan_retries: u32,
    /// FIN-WAIT-2 of a connection that its program has closed: `tcp_fin_timeout`. RFC 9293 has no end for it.
    pub fin_timeout: Duration,
    /// Whether a lost tail is probed for before the retransmission timer runs out (`tcp_early_retrans`; with SACK only).
    pub tail_loss_probe: bool,
    /// TIME-WAIT: Linux's fixed 60 s. RFC 9293, section 3.6.1, says twice the maximum segment lifetime, 4 minutes.
    pub time_wait: Duration,
}

impl Config {
    /// The window scale option (RFC 7323, section 2.3): the least shift by which 16 bits reach the receive buffer.
    pub const fn window_scale(&self) -> u8 {
        let most = match self.fixed_buffer {
            Some(buffer) => buffer,
            None => self.receive_buffer,
        };
        let mut shift = 0;
        while shift < 14 && (65535 << shift) < most as u64 {
            shift += 1;
        }
        shift
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mss: 1460,
            window: 65535,
            receive_buffer: 32 << 20,
            send_buffer: 4 << 20,
            fixed_buffer: None,
            window_scaling: true,
            timestamps: true,
            sack: true,
            nagle: true,
            delayed_ack: Duration::from_millis(40),
            keep_alive: None,
            syn_retries: SynRetries::Linux,
            initial_rto: Duration::from_secs(1),
            min_rto: Duration::from_millis(200),
            max_rto: Duration::from_secs(120),
            synack_retries: 5,
            data_retries: 15,
            orphan_retries: 8,
            fin_timeout: Duration::from_secs(60),
            tail_loss_probe: true,
            time_wait: Duration::from_secs(60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_scale_is_linux_s() {
        let scale = |receive_buffer| Config { receive_buffer, ..Config::default() }.window_scale();
        assert_eq!([32 << 20, 6 << 20, 65535, 65536, u32::MAX].map(scale), [10, 7, 0, 1, 14]);
    }
}
