//! What a trace means: what became of each command, where it was decided, where two runs part.

mod calibrate;
mod check;
mod divergence;
mod door;
mod helper;
mod knock;
mod outcome;
mod stages;
mod steps;
mod stopped;
mod story;

pub use calibrate::{Calibration, Captured, calibrate, calibrate_node};
pub use check::{Finding, Subject, Unmet, check, findings};
pub use divergence::{Divergence, divergence};
pub use door::{Door, door, listens};
pub use helper::{Watch, is_sealed, translators, watch};
pub use knock::{Knock, KnockFate, knocks};
pub use outcome::{CommandOutcome, outcomes};
pub use stages::{Progress, Stage, stages};
pub use steps::{Seen, Step, steps};
pub use stopped::stopped;
pub use story::same_instant;
