//! The trace: what happened, in a form that every view can show without knowing the engine.
mod event;
pub use event::*;
