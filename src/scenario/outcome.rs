//! What can come of a command: what a scenario's `[[expect]]` says, and what `insight` finds in a trace.

use std::fmt;

/// What can come of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It worked.
    Ok,
    /// A firewall dropped a packet of it, silently.
    Dropped,
    /// A firewall rejected it.
    Rejected,
    /// Nothing listens on the port: a RST answered.
    Refused,
    /// No route, or the host does not answer on its link.
    Unreachable,
    /// A link lost it.
    Lost,
    /// The server refused with a reply of its own (4xx, 5xx).
    Denied,
    /// Somebody gave up waiting.
    TimedOut,
    /// It failed in another way.
    Failed,
    /// An earlier command of the session ended it.
    NotRun,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Dropped,
        Self::Rejected,
        Self::Refused,
        Self::Unreachable,
        Self::Lost,
        Self::Denied,
        Self::TimedOut,
        Self::Failed,
        Self::NotRun,
    ];

    /// The word in scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Dropped => "dropped",
            Self::Rejected => "rejected",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Lost => "lost",
            Self::Denied => "denied",
            Self::TimedOut => "timed-out",
            Self::Failed => "failed",
            Self::NotRun => "not-run",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
