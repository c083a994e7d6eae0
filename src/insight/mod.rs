//! What a trace means: what became of each command, where it was decided, where two runs part.

mod check;
mod divergence;
mod knock;
mod outcome;
mod stages;
mod story;

pub use check::{Unmet, check};
pub use divergence::{Divergence, divergence};
pub use knock::{Knock, KnockFate, knocks};
pub use outcome::{StepOutcome, outcomes};
pub use stages::{Progress, Stage, stages};
pub use story::same_instant;
