//! ftpscope: see how a protocol meets a firewall.
//!
//! A discrete-event simulator models hosts, firewalls and TCP connections in-process, runs real FTP dialogues over
//! them, and shows every packet of FTP's two channels: who knocks on whose door, which firewall keeps the door shut,
//! and why.
//!
//! Everything is one stream of events:
//!
//! ```text
//! scenario file --> Scenario --> Simulation --> Trace --> every view
//!  (TOML)           checked,      nodes, links,  frames     terminal, ladder, sentences, JSON,
//!                   every error   stacks, FTP    with       outcomes, comparison
//!                   at its place  programs       causes
//! ```
//!
//! Ground floor first; a module uses only what stands above it in this list:
//!
//! - [`time`], [`ids`], `lookup`: simulated time; small integer names; a hash table that cannot be walked
//! - [`message`]: what is said to the user, English, with what other languages need
//! - [`text`]: text from outside, made safe to show
//! - `suggest`: "did you mean"
//! - `units`: quantities with units, `5 ms` or `50 kB/s`
//! - [`endpoint_text`]: how FTP writes addresses, which the firewall's helper reads and writes too
//! - [`packet`]: IP, TCP and ICMP as typed values
//! - [`tcp`]: one connection's state machine, without I/O and without a clock
//! - [`firewall`]: rules, chains, connection tracking
//! - [`ftp`]: the grammar of commands and replies, the server, the client; without I/O
//! - [`network`]: nodes, interfaces, links, routes
//! - [`trace`]: what can happen, who is told, the scene after each frame
//! - [`engine`]: moves packets through nodes, runs stacks and programs
//! - [`scenario`]: the file format, checked; makes a simulation
//! - [`import`]: packet captures, read
//! - [`insight`]: what a trace means
//! - [`narrate`]: words for frames and findings, in English and Simplified Chinese
//! - [`ladder`]: the picture with one column a node and one row a packet
//! - [`export`]: the trace as text and JSON
//! - [`lab`]: the scenario as a shell script for real software
//! - [`tui`]: the terminal view
//! - [`cli`]: the command line
//!
//! ```
//! use ftpscope::{insight, scenario};
//!
//! let classic = scenario::builtin("classic").expect("it ships with the program");
//! let scenario = scenario::parse(classic.source, "classic.toml").expect("it has no mistakes");
//! let trace = scenario.run().expect("it stays within its limits");
//! let ls = &insight::outcomes(&trace)[0];
//! assert_eq!(ls.outcome, scenario::Outcome::Dropped);
//! assert_eq!(ls.at.map(|node| trace.node_name(node)), Some("office"));
//! ```

pub mod cli;
pub mod endpoint_text;
pub mod engine;
pub mod export;
pub mod firewall;
pub mod ftp;
pub mod ids;
pub mod import;
pub mod insight;
pub mod lab;
pub mod ladder;
mod lookup;
pub mod message;
pub mod narrate;
pub mod network;
pub mod packet;
pub mod scenario;
mod suggest;
pub mod tcp;
pub mod text;
pub mod time;
pub mod trace;
pub mod tui;
mod units;
