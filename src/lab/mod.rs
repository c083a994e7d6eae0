//! The scenario as a laboratory of real software: a shell script that builds the same network from Linux network
//! namespaces, filters with nftables, serves with the servers and calls with the clients that the scenario names, and
//! captures with tcpdump.
//!
//! | file | subject |
//! |---|---|
//! | `head.sh`, `tail.sh` | what every script begins and ends with |
//! | `network` | namespaces, links with their faults and cuts, addresses |
//! | `routes` | routing tables |
//! | `rules` | the rules, for nft |
//! | `files` | the files that servers and clients have |
//! | `servers` | vsftpd, pure-ftpd, proftpd: settings, users, certificates |
//! | `clients` | curl, lftp, tnftp, inetutils-ftp: options and commands |
//!
//! What is the same: nodes, interface names, addresses, the simulator's own routes, delay, rate and queue of links, the
//! rules as the scenario writes them, the servers' settings and users, the clients' order of commands. What cannot be
//! said to the real programs stands as a comment at the head of the script. The script needs root and touches nothing
//! but its own namespaces, its temporary directory and the directory for captures: the servers' user accounts are
//! files that only the servers see.

mod clients;
mod files;
mod network;
mod routes;
mod rules;
mod servers;

use crate::scenario::Scenario;
use std::collections::BTreeSet;
use std::fmt::Write;
use thiserror::Error;

const HEAD: &str = include_str!("head.sh");
const TAIL: &str = include_str!("tail.sh");

/// What every script calls, with the Debian package that has it.
const TOOLS: [(&str, &str); 8] = [
    ("ip", "iproute2"),
    ("tc", "iproute2"),
    ("nft", "nftables"),
    ("tcpdump", "tcpdump"),
    ("mount", "mount"),
    ("mktemp", "coreutils"),
    ("head", "coreutils"),
    ("awk", "mawk"),
];

/// A script as it is written.
#[derive(Default)]
struct Script {
    body: String,
    /// Programs that it calls besides [`TOOLS`], with their Debian packages.
    needs: BTreeSet<(&'static str, &'static str)>,
    /// What the real programs cannot do as the scenario says.
    notes: BTreeSet<String>,
}

/// Why a scenario cannot be built from real software.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoLaboratory {
    /// A session's server has no address that its client could be told.
    #[error("the server of session {0} has no address")]
    NoAddress(usize),
}

/// The script; or why there can be none.
pub fn script(scenario: &Scenario) -> Result<String, NoLaboratory> {
    let mut script = Script { needs: TOOLS.into_iter().collect(), ..Script::default() };
    network::write(scenario, &mut script);
    servers::write(scenario, &mut script);
    network::write_cuts(scenario, &mut script);
    clients::write(scenario, &mut script)?;
    let mut out = String::from("#!/bin/sh\n");
    let _ = writeln!(out, "# Made by ftpscope {}: {}", env!("CARGO_PKG_VERSION"), one_line(&scenario.title));
    out += "# The same network of real software. As root: sh THIS-FILE [DIRECTORY-FOR-CAPTURES]\n";
    for note in &script.notes {
        let _ = writeln!(out, "# Not the same: {}", one_line(note));
    }
    let names: Vec<&str> = scenario.nodes.iter().map(|node| node.name.as_str()).collect();
    let programs: Vec<&str> = script.needs.iter().map(|(program, _)| *program).collect();
    let packages: BTreeSet<&str> = script.needs.iter().map(|(_, package)| *package).collect();
    let packages: Vec<&str> = packages.into_iter().collect();
    let _ = writeln!(out, "nodes='{}'", names.join(" "));
    let _ = writeln!(out, "programs='{}'\npackages='{}'", programs.join(" "), packages.join(" "));
    Ok([&out, HEAD, &script.body, TAIL].concat())
}

/// Text that cannot end a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A word that the shell takes as it is (POSIX, 2.2.2).
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Whole seconds, at least one: the real programs take 0 for never.
fn seconds(duration: crate::time::Duration) -> u64 {
    duration.as_nanos().div_ceil(1_000_000_000).max(1)
}

#[cfg(test)]
mod tests;
