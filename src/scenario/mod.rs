//! Scenarios: the file format, checked, with a message at the exact place for everything that is wrong.
//!
//! [`parse`] reads a file in steps, one module each: `document` (TOML with spans), `links`, `nodes` with `firewall` and
//! `server`, `sessions`, then `addresses` and `check`, which need the whole. Every step goes on after a mistake, so that
//! all mistakes of a file are told at once. docs/scenarios.md describes the format.

mod addresses;
mod build;
mod builtin;
mod check;
mod diagnostic;
mod document;
mod firewall;
mod jumps;
mod links;
mod model;
mod nodes;
mod read;
mod routes;
mod server;
mod sessions;
mod units;

pub use builtin::{Builtin, builtin, builtins};
pub use diagnostic::{Diagnostic, Severity, render};
pub use model::{
    ChainSpec, ExpectSpec, File, FileBody, FtpServerSpec, InterfaceSpec, Limits, LinkEnd, LinkSpec, NodeSpec, Outcome,
    RuleSpec, Scenario, SessionSpec, Target,
};
pub use read::{MAX_SOURCE, parse, parse_bytes};

#[cfg(test)]
mod tests;

#[cfg(test)]
mod rounds_tests;
