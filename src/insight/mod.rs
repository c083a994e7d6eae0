//! What a trace means: what became of each command, where it was decided, where two runs part.

mod check;
mod divergence;
mod outcome;

pub use check::{Unmet, check};
pub use divergence::{Divergence, divergence};
pub use outcome::{StepOutcome, outcomes};
