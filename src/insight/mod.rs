//! What a trace means: what became of each command, where it was decided, where two runs part.
//!
//! | file | subject |
//! |---|---|
//! | `calibrate` | a real capture held against the simulated run, as seen from the same interface |
//! | `capture_steps` | packets as meaningful steps: who knocked and what became of it, FTP lines by command and reply code |
//! | `capture_stopped` | what a node lets through and what not, as captures at its interfaces show it: a SYN that came in at one and left by none has been stopped |
//! | `check` | a scenario's expectations held against what happened |
//! | `divergence` | where two runs of the same scenario part: the first meaningful step that differs |
//! | `door` | what is behind an endpoint that somebody names or calls: who listens there, wherever NAT leads the call |
//! | `helper` | whether a firewall's FTP helper watches a session's control connection, and if not, what keeps it from it |
//! | `knock` | who knocked on whose door, and what came of it: one line a connection |
//! | `outcome` | what became of each command of a session, and where that was decided |
//! | `reassembly` | a captured control connection's segments put in order and cut into lines |
//! | `same_instant` | the same instant of the story in another run: where to stand after switching the mode |
//! | `transfer_stages` | the four steps that every transfer takes, as a packet capture shows them |

mod calibrate;
mod capture_steps;
mod capture_stopped;
mod check;
mod divergence;
mod door;
mod helper;
mod knock;
mod outcome;
mod reassembly;
mod same_instant;
mod transfer_stages;

pub use calibrate::{Calibration, Captured, calibrate, calibrate_node};
pub use capture_steps::{Seen, Step, steps};
pub use capture_stopped::stopped;
pub use check::{Finding, Subject, Unmet, check, findings};
pub use divergence::{Divergence, Story, divergence};
pub use door::{Door, door, listens};
pub use helper::{Watch, is_sealed, translators, watch};
pub use knock::{Knock, KnockFate, knocks};
pub use outcome::{CommandOutcome, outcomes};
pub use same_instant::same_instant;
pub use transfer_stages::{Progress, Stage, stages};
