//! Work grows as what is written does: instructions are counted for a scenario and for one four times as large. Valgrind
//! counts, so no clock and no load of the machine is in it; where it is not installed the test says that it was skipped.
#![cfg(unix)]

use std::fmt::Write;
use std::process::Command;

/// How many instructions the program takes; `None` without valgrind.
fn instructions(arguments: &[&str], source: &str) -> Option<u64> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, source).unwrap();
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    command.arg(env!("CARGO_BIN_EXE_ftpscope")).args(arguments).arg(&file);
    let output = command.output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    let (_, count) = said.lines().find_map(|line| line.split_once("refs:"))?;
    Some(count.trim().replace(',', "").parse().unwrap())
}

/// Four times as much takes at most `most` tenths of the work.
fn grows(arguments: &[&str], source: impl Fn(usize) -> String, size: usize, most: u64) {
    let [Some(small), Some(large)] = [size, 4 * size].map(|size| instructions(arguments, &source(size))) else {
        eprintln!("skipped: valgrind is not installed");
        return;
    };
    assert!(large * 10 < small * most, "{arguments:?}: {small} instructions at {size}, {large} at four times as much");
}

const NETWORK: &str = "title = 'growth'\nlimits = { frames = 10000000 }\n[nodes.server]\nftp-server = true\n";
const RULES: &str = "[nodes.fw.firewall.forward]\npolicy = 'drop'\n\
    rules = ['ct state established,related accept', 'tcp dport 21 accept']\n\
    [nodes.fw.firewall.prerouting]\nrules = ['tcp dport 21 ct helper set \"ftp\"']\n";

/// The usual network; `links` beside it.
fn source(links: &str, sessions: usize, commands: usize) -> String {
    let mut source =
        NETWORK.replacen("[nodes", &format!("links = ['client -- fw -- server'{links}]\n[nodes"), 1) + RULES;
    for _ in 0..sessions {
        let run = "'ls',".repeat(commands);
        let _ = write!(source, "[[sessions]]\nclient = 'client'\nserver = 'server'\nmode = 'passive'\nrun = [{run}]\n");
    }
    source
}

fn commands(count: usize) -> String {
    source("", 1, count)
}

fn sessions(count: usize) -> String {
    source("", count, 1)
}

fn hosts(count: usize) -> String {
    let links: String = (0..count).map(|host| format!(", 'h{host} -- fw'")).collect();
    source(&links, 1, 1)
}

/// Rules that do not match, before those that do.
fn rules(count: usize) -> String {
    let drops: String = (0..count).map(|n| format!("'ip saddr 10.{}.{}.0/24 drop', ", n / 250, n % 250)).collect();
    source("", 1, 1).replacen("rules = [", &format!("rules = [{drops}"), 1)
}

#[test]
fn with_the_commands() {
    grows(&["check"], commands, 40, 44);
    grows(&["compare"], commands, 15, 44);
    grows(&["trace", "--format", "plain"], commands, 15, 44);
    grows(&["trace", "--format", "ladder"], commands, 15, 44);
}

#[test]
fn with_the_sessions() {
    for arguments in [&["check"][..], &["trace"]] {
        grows(arguments, sessions, 10, 46);
    }
}

#[test]
fn with_the_nodes() {
    for arguments in [&["trace", "--format", "plain"][..], &["lab"]] {
        grows(arguments, hosts, 150, 50);
    }
}

#[test]
fn with_the_rules() {
    grows(&["check"], rules, 60, 50);
}
