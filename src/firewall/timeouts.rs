//! How long connection tracking remembers TCP connections: Linux's `nf_conntrack_tcp_timeout_*`.

use super::TrackState;
use crate::time::Duration;

/// The times after the last packet of a connection, by its state, and two that cut them short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts([Duration; Timeouts::COUNT]);

impl Timeouts {
    const COUNT: usize = 10;
    /// The names in scenarios, which are the kernel's with hyphens, and the seconds of Linux 6.18.
    pub const ALL: [(&'static str, u64); Self::COUNT] = [
        ("syn-sent", 120),
        ("syn-recv", 60),
        ("established", 432_000),
        ("fin-wait", 120),
        ("close-wait", 60),
        ("last-ack", 30),
        ("time-wait", 120),
        ("close", 10),
        ("max-retrans", 300),
        ("unacknowledged", 300),
    ];

    /// What the name in a scenario stands for.
    pub fn named_mut(&mut self, name: &str) -> Option<&mut Duration> {
        let place = Self::ALL.iter().position(|(known, _)| *known == name)?;
        self.0.get_mut(place)
    }

    /// What differs from Linux's own values, with the kernel's names after `nf_conntrack_tcp_timeout_`, in seconds (the
    /// kernel knows nothing finer), rounded up.
    pub fn changed(&self) -> impl Iterator<Item = (String, u64)> {
        let seconds = |time: &Duration| time.as_nanos().div_ceil(1_000_000_000);
        let all = self.0.iter().zip(Self::ALL).map(move |(time, (name, usual))| (name, usual, seconds(time)));
        all.filter(|(_, usual, now)| usual != now).map(|(name, _, now)| (name.replace('-', "_"), now))
    }

    /// How long an entry in this state lives after its last packet.
    pub const fn of(&self, state: TrackState) -> Duration {
        self.0[match state {
            TrackState::SynSent | TrackState::SynSent2 => 0,
            TrackState::SynReceived => 1,
            TrackState::Established => 2,
            TrackState::FinWait => 3,
            TrackState::CloseWait => 4,
            TrackState::LastAck => 5,
            TrackState::TimeWait => 6,
            TrackState::Close => 7,
        }]
    }

    /// After so many repetitions, or with a window that is shut, an entry lives no longer than this.
    pub(super) const fn max_retrans(&self) -> Duration {
        self.0[8]
    }

    /// Nor than this while data is unacknowledged, or after an end that does not fit.
    pub(super) const fn unacknowledged(&self) -> Duration {
        self.0[9]
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self(Self::ALL.map(|(_, seconds)| Duration::from_secs(seconds)))
    }
}
