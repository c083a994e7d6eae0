//! Scenarios: the file format, checked, with a message at the exact place for everything that is wrong.
//!
//! [`parse`] reads a file in steps, one module each: `document` (TOML with spans), `links`, `nodes` with `firewall` and
//! `server`, `sessions`, then `addresses` and `check`, which need the whole. Every step goes on after a mistake, so that
//! all mistakes of a file are told at once. docs/scenarios.md describes the format.
//!
//! | file | subject |
//! |---|---|
//! | `addresses` | giving every interface its addresses |
//! | `build` | from a checked scenario to a network that runs |
//! | `builtin` | the scenarios that ship with the program: the files under `scenarios/`, embedded |
//! | `check` | checks that need the whole scenario |
//! | `diagnostic` | what is wrong with a file, and how it is shown |
//! | `document` | walking the parsed TOML with spans, and collecting everything that is wrong on the way |
//! | `firewall` | `[nodes.NAME.firewall.HOOK]`: chains and their rules |
//! | `jumps` | where `jump` and `goto` lead: to chains that exist, never back, and to no more rules than a packet can be shown |
//! | `links` | `links`: which nodes there are, and which are joined |
//! | `model` | a scenario that has been checked: plain data, with ids as positions in its tables |
//! | `nodes` | `[nodes.NAME]`: what the file says of each node |
//! | `outcome` | what can come of a command |
//! | `read` | from the text of a file to a [`Scenario`] |
//! | `routes` | `[nodes.NAME] routes`: routes as an administrator writes them |
//! | `server` | `ftp-server`, and the files that servers and clients have |
//! | `sessions` | `[[sessions]]` and `[[expect]]`: what clients do, and what must come of it |
//! | `syntax` | what the TOML parser finds wrong |

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
mod outcome;
mod read;
mod routes;
mod server;
mod sessions;
mod syntax;

pub use builtin::{Builtin, builtin, builtins};
pub use diagnostic::{Diagnostic, Severity, render, render_in};
pub use model::{
    ChainSpec, ExpectSpec, File, FileBody, FtpServerSpec, InterfaceSpec, Limits, LinkEnd, LinkSpec, NodeSpec, RuleSpec,
    Scenario, SessionSpec, Target,
};
pub use outcome::Outcome;
pub use read::{MAX_SOURCE, parse, parse_bytes};

#[cfg(test)]
mod tests;

#[cfg(test)]
mod rounds_tests;
