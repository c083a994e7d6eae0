//! The scenario as a laboratory of real software: a shell script that builds the same network from Linux network
//! namespaces, filters with nftables, serves with vsftpd, calls with curl and captures with tcpdump.
//!
//! | file | subject |
//! |---|---|
//! | `head.sh`, `tail.sh` | what every script begins and ends with |
//! | `network` | namespaces, links, addresses, routes, rules |
//! | `programs` | vsftpd's settings and files, curl's options |
//!
//! What is the same: nodes, interface names, addresses, the simulator's own routes, delay, rate and queue of links, the
//! rules as the scenario writes them, the server's settings, the order of commands. What is not: user names (vsftpd
//! takes them from the system, so every session logs in as anonymous), raw commands other than those that curl sends
//! by itself, the frame queue's unit (netem counts packets). The script needs root and touches nothing but its own
//! namespaces, its temporary directory and the directory for captures.

mod network;
mod programs;

use crate::scenario::Scenario;
use std::fmt::Write;

const HEAD: &str = include_str!("head.sh");
const TAIL: &str = include_str!("tail.sh");
/// The script; or why the scenario cannot be built from real software.
pub fn script(scenario: &Scenario) -> Result<String, String> {
    let mut out = String::from("#!/bin/sh\n");
    let _ = writeln!(out, "# Made by ftpscope {}: {}", env!("CARGO_PKG_VERSION"), one_line(&scenario.title));
    out += "# The same network of real software. As root: sh THIS-FILE [DIRECTORY-FOR-CAPTURES]\n";
    for note in programs::notes(scenario) {
        let _ = writeln!(out, "# Not the same: {}", one_line(&note));
    }
    let names: Vec<&str> = scenario.nodes.iter().map(|node| node.name.as_str()).collect();
    let _ = writeln!(out, "nodes='{}'", names.join(" "));
    out += HEAD;
    network::write(scenario, &mut out);
    programs::write_servers(scenario, &mut out);
    programs::write_sessions(scenario, &mut out)?;
    out += TAIL;
    Ok(out)
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

#[cfg(test)]
mod tests;
