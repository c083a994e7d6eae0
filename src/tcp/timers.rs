//! The timers of a connection: a fixed table, so that looking at them and cloning them costs nothing.

use crate::time::Instant;

/// What a connection can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerKind {
    /// A SYN or SYN-ACK is unanswered.
    Handshake,
    /// Data or a FIN is unacknowledged.
    Retransmit,
    /// TIME-WAIT ends.
    TimeWait,
    /// An acknowledgement has waited for company long enough.
    DelayedAck,
    /// The peer has been silent for long.
    KeepAlive,
    /// The last segments may be lost: time to send one more (RFC 8985, section 7).
    TailLoss,
    /// The peer never closes its side, and no program holds this one any more.
    FinWait2,
}

impl TimerKind {
    const COUNT: usize = 7;
    /// All of them.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Handshake,
        Self::Retransmit,
        Self::TimeWait,
        Self::DelayedAck,
        Self::KeepAlive,
        Self::TailLoss,
        Self::FinWait2,
    ];

    /// The name in traces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Retransmit => "retransmit",
            Self::TimeWait => "time-wait",
            Self::DelayedAck => "delayed-ack",
            Self::KeepAlive => "keep-alive",
            Self::TailLoss => "tail-loss-probe",
            Self::FinWait2 => "fin-wait-2",
        }
    }
}

/// When each timer runs out; `NEVER` where it does not run.
#[derive(Clone, Debug)]
pub(super) struct Timers([Instant; TimerKind::COUNT]);

impl Timers {
    pub(super) const fn new() -> Self {
        Self([Instant::NEVER; TimerKind::COUNT])
    }

    pub(super) fn set(&mut self, kind: TimerKind, at: Instant) {
        self.0[kind as usize] = at;
    }

    pub(super) fn stop(&mut self, kind: TimerKind) {
        self.0[kind as usize] = Instant::NEVER;
    }

    pub(super) fn stop_all(&mut self) {
        self.0 = [Instant::NEVER; TimerKind::COUNT];
    }

    pub(super) fn is_running(&self, kind: TimerKind) -> bool {
        self.0[kind as usize] != Instant::NEVER
    }

    /// When the timer runs out, if it runs.
    pub(super) fn get(&self, kind: TimerKind) -> Option<Instant> {
        Some(self.0[kind as usize]).filter(|&at| at != Instant::NEVER)
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().copied().min().filter(|&at| at != Instant::NEVER)
    }

    /// A timer that has run out by `now`, now stopped.
    pub(super) fn take_expired(&mut self, now: Instant) -> Option<TimerKind> {
        let kind = TimerKind::ALL.into_iter().find(|&kind| self.0[kind as usize] <= now)?;
        self.stop(kind);
        Some(kind)
    }
}
