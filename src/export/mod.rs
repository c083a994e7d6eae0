//! The trace in other forms: ladder, JSON, one sentence a frame, packet capture.

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
