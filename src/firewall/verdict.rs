//! What a chain decides.

use super::rule::RejectWith;

/// The fate of a packet at one hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Accept,
    /// It is dropped without notice.
    Drop,
    /// It is dropped and its sender is told.
    Reject(RejectWith),
}

impl Verdict {
    /// `accept`, `drop`, `reject`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Drop => "drop",
            Self::Reject(_) => "reject",
        }
    }
}
