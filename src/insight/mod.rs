//! What a trace means: what became of each command, where it was decided, where two runs part.
//!
//! | file | subject |
//! |---|---|
//! | `outcome`, `check` | what became of each command, and whether that was expected |
//! | `knock` | each connection in one line: who called whom, and what came of it |
//! | `door` | what is behind an endpoint, wherever NAT leads a call to it |
//! | `helper` | whether a firewall's FTP helper sees a control connection |
//! | `stages` | the four steps of a transfer, for the lights of the screen |
//! | `divergence`, `story` | where two runs part; the same instant in another run |
//! | `calibrate`, `steps`, `stopped` | a capture held against a run: what is compared, at one interface and across a node |

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
