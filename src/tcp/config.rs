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

/// The settings of a stack; shared by all its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The MSS option we send: MTU 1500 less IPv4 and TCP headers (RFC 6691).
    pub mss: u16,
    /// The receive window we offer (Linux offers 64240 before scaling: 44 segments of 1460).
    pub window: u16,
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
    /// TIME-WAIT: Linux's fixed 60 s. RFC 9293, section 3.6.1, says twice the maximum segment lifetime, 4 minutes.
    pub time_wait: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mss: 1460,
            window: 64240,
            syn_retries: SynRetries::Linux,
            initial_rto: Duration::from_secs(1),
            min_rto: Duration::from_millis(200),
            max_rto: Duration::from_secs(120),
            synack_retries: 5,
            data_retries: 15,
            time_wait: Duration::from_secs(60),
        }
    }
}
