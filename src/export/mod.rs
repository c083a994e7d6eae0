//! The trace in other forms: JSON, one sentence a frame.

mod json;
mod plain;

pub use json::write_json;
pub use plain::write_plain;
