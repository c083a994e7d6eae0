//! The trace in other forms: JSON, one sentence a frame.

mod comparison;
mod json;
mod ladder;
mod plain;

pub use comparison::write_comparison;
pub use json::write_json;
pub use ladder::{LadderOptions, write_ladder};
pub use plain::write_plain;
