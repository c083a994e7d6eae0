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
//! | `words` | words, comments and documents of the shell |
//!
//! What is the same: nodes, interface names, addresses, the simulator's own routes, delay, rate and queue of links, the
//! rules as the scenario writes them, the servers' settings and users, the clients' order of commands. What cannot be
//! said to the real programs stands as a comment at the head of the script and is told to who asked for it. The script needs root and touches nothing
//! but its own namespaces, its temporary directory and the directory for captures: the servers' user accounts are
//! files that only the servers see.

mod clients;
mod files;
mod network;
mod routes;
mod rules;
mod servers;
mod words;

use crate::message::{Message, say};
use crate::scenario::{Limits, Scenario};
use crate::time::Duration;
use std::collections::BTreeSet;
use std::fmt::Write;
use thiserror::Error;
use words::{one_line, quoted};

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
    notes: BTreeSet<Message>,
}

impl Script {
    /// Something is not as in the scenario.
    fn note(&mut self, what: impl Into<Message>) {
        self.notes.insert(what.into());
    }

    /// A program counts in `unit` seconds what the scenario gives more finely.
    fn note_rounding(&mut self, key: &str, time: Option<Duration>, unit: u64) {
        let Some(time) = time else { return };
        let rounded = time.as_nanos().div_ceil(unit * 1_000_000_000).max(1) * unit;
        if time != Duration::from_secs(rounded) {
            self.note(match unit {
                60 => say!("{} is {} s: the program counts in whole minutes", key, rounded),
                _ => say!("{} is {} s: the program counts in whole seconds", key, rounded),
            });
        }
    }
}

/// A laboratory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laboratory {
    /// The shell script that builds it.
    pub script: String,
    /// What is not as in the scenario, each in a sentence; the script says them as well.
    pub differences: Vec<Message>,
}

/// Why a scenario cannot be built from real software.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", self.message())]
pub enum NoLaboratory {
    /// A session's server has no address that its client could be told.
    NoAddress(usize),
}

impl NoLaboratory {
    /// What is wrong.
    pub fn message(&self) -> Message {
        match self {
            Self::NoAddress(session) => say!("the server of session {} has no address", session),
        }
    }
}

/// The laboratory of a scenario; or why there can be none.
pub fn laboratory(scenario: &Scenario) -> Result<Laboratory, NoLaboratory> {
    let mut script = Script { needs: TOOLS.into_iter().collect(), ..Script::default() };
    notes(scenario, &mut script);
    network::write(scenario, &mut script);
    servers::write(scenario, &mut script);
    network::write_cuts(scenario, &mut script);
    clients::write(scenario, &mut script)?;
    let differences: Vec<Message> = script.notes.iter().cloned().collect();
    let mut out = String::from("#!/bin/sh\n");
    let _ = writeln!(out, "# Made by ftpscope {}: {}", env!("CARGO_PKG_VERSION"), one_line(&scenario.title));
    out += "# The same network of real software. As root: sh THIS-FILE [DIRECTORY-FOR-CAPTURES]\n";
    for difference in &differences {
        let _ = writeln!(out, "# Not the same: {}", one_line(difference));
    }
    let names: Vec<&str> = scenario.nodes.iter().map(|node| node.name.as_str()).collect();
    let programs: Vec<&str> = script.needs.iter().map(|(program, _)| *program).collect();
    let packages: BTreeSet<&str> = script.needs.iter().map(|(_, package)| *package).collect();
    let packages: Vec<&str> = packages.into_iter().collect();
    let _ = writeln!(out, "nodes='{}'", names.join(" "));
    let _ = writeln!(out, "programs='{}'\npackages='{}'", programs.join(" "), packages.join(" "));
    Ok(Laboratory { script: [&out, HEAD, &script.body, TAIL].concat(), differences })
}

/// What no laboratory has of a scenario. Every key of the file is named here or where it is built in (links in
/// `network`, rules in `rules`, servers and sessions in theirs): a new one has to say what becomes of it.
fn notes(scenario: &Scenario, script: &mut Script) {
    let Scenario {
        // For people.
        title: _,
        about: _,
        title_zh: _,
        about_zh: _,
        seed,
        syn_retries: _,
        limits: Limits { time, frames },
        nodes: _,
        links,
        sessions: _,
        // Held against a run by `check`, against captures by nobody.
        expects: _,
        rules: _,
        warnings: _,
    } = scenario;
    if *seed != 1 {
        script.note(say!("seed: real programs and kernels choose ports and numbers as they like"));
    }
    let usual = Limits::default();
    if (*time, *frames) != (usual.time, usual.frames) {
        script.note(say!("limits are the simulation's: a session takes as long as it takes"));
    }
    if links.iter().any(|link| !link.faults.cuts.is_empty()) {
        script.note(say!(
            "what waits to be sent into a link when it is cut is lost only if it is sent before the cut is over"
        ));
        script.note(say!("a packet that a cut link loses is seen at its sender's interface"));
    }
}

/// Whole seconds, at least one: the real programs take 0 for never.
fn seconds(duration: Duration) -> u64 {
    duration.as_nanos().div_ceil(1_000_000_000).max(1)
}

#[cfg(test)]
mod tests;
