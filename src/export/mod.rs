//! The trace in other forms: ladder, JSON, one sentence a frame, packet capture.
//!
//! | file | subject |
//! |---|---|
//! | `comparison` | two runs of one scenario side by side: what came of each command, who knocked on whose door, where the runs part |
//! | `json` | the trace as NDJSON: a header, then one frame a line |
//! | `ladder` | the ladder as text |
//! | `pcapng` | the trace as a packet capture in the pcapng format (draft-ietf-opsawg-pcapng): what a capture at every interface of every node would hold |
//! | `plain` | one sentence a frame, without any drawing: for screen readers, logs and handouts |

mod comparison;
mod json;
mod ladder;
mod pcapng;
mod plain;

pub use comparison::Comparison;
pub use json::write_json;
pub use ladder::{LadderOptions, write_ladder};
pub use pcapng::write_pcapng;
pub use plain::write_plain;
