//! The program from outside: what it prints, where, and its exit status.

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

fn ftpscope(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ftpscope"));
    command.args(args).stdin(Stdio::null());
    for name in ["LANG", "LC_ALL", "LC_MESSAGES", "LC_CTYPE", "LANGUAGE", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.env("LANG", "C.UTF-8");
    command
}

fn run(args: &[&str]) -> Output {
    ftpscope(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs with a scenario on standard input.
fn with_input(args: &[&str], input: &[u8]) -> Output {
    let mut child = ftpscope(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that refuses its input early closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn scenario(name: &str) -> String {
    std::fs::read_to_string(format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn without_a_terminal_it_prints_the_classic_comparison() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "");
    insta::assert_snapshot!("comparison", stdout(&output));
}

#[test]
fn help_and_version() {
    insta::assert_snapshot!("help", stdout(&run(&["--help"])));
    for command in ["play", "trace", "compare", "check", "lab", "calibrate", "list", "completions"] {
        let output = run(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0));
        insta::assert_snapshot!(format!("help_{command}"), stdout(&output));
    }
    insta::assert_snapshot!("help_zh", stdout(&run(&["--help", "--lang", "zh-CN"])));
    insta::assert_snapshot!("help_trace_zh", stdout(&run(&["trace", "--lang=zh-CN", "--help"])));
    let of_the_environment = ftpscope(&["check", "-h"]).env("LANG", "zh_CN.UTF-8").output().unwrap();
    assert!(stdout(&of_the_environment).contains("文件、内置名称或 -"), "{of_the_environment:?}");
    assert!(stdout(&run(&["--version"])).starts_with("ftpscope "));
}

#[test]
fn every_scenario_as_a_ladder_in_both_modes() {
    for line in stdout(&run(&["list"])).lines() {
        let name = line.split_whitespace().next().unwrap();
        for mode in ["active", "passive"] {
            let ladder = stdout(&run(&["trace", name, "--mode", mode, "--ascii"]));
            assert!(ladder.is_ascii());
            insta::assert_snapshot!(format!("ladder_{name}_{mode}"), ladder);
        }
    }
}

#[test]
fn list_and_plain_and_chinese() {
    insta::assert_snapshot!("list", stdout(&run(&["list"])));
    insta::assert_snapshot!("list_zh", stdout(&run(&["list", "--lang", "zh-CN"])));
    let plain = stdout(&run(&["trace", "closed-port", "--format", "plain"]));
    insta::assert_snapshot!("plain_closed_port", plain);
    let chinese = stdout(&run(&["trace", "closed-port", "--format", "plain", "--lang", "zh-CN"]));
    insta::assert_snapshot!("plain_closed_port_zh", chinese);
    assert_eq!(plain.lines().count(), chinese.lines().count());
}

#[test]
fn json_is_the_same_bytes_every_time() {
    let once = run(&["trace", "classic", "--format", "json"]);
    let again = run(&["trace", "classic", "--format", "json"]);
    assert_eq!(once.stdout, again.stdout);
    assert!(once.stdout.starts_with(br#"{"ftpscope":1,"title":"Active mode meets a client firewall","seed":20,"#));
    let other = run(&["trace", "classic", "--format", "json", "--seed", "7"]);
    assert_ne!(once.stdout, other.stdout);
    for line in stdout(&once).lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn check_holds_every_shipped_scenario_and_finds_a_wrong_expectation() {
    let output = run(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    insta::assert_snapshot!("check", stdout(&output));
    let wrong = scenario("classic").replacen("outcome = \"dropped\"", "outcome = \"ok\"", 1);
    let output = with_input(&["check", "-"], wrong.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("check_wrong", stdout(&output));
}

#[test]
fn mistakes_in_a_scenario_are_shown_where_they_are() {
    let broken = scenario("classic")
        .replace("policy = \"drop\"", "polcy = \"drop\"")
        .replace("ct state established,related accept", "ct state establishd accept")
        .replace("server = \"server\"", "server = \"sever\"")
        .replace("iifname \"client\"", "iifname \"clint\"");
    let output = with_input(&["trace", "-"], broken.as_bytes());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    insta::assert_snapshot!("broken", stderr(&output));
}

/// Every kind of mistake: in the TOML, keys, values with units, links, addresses, rules, sessions and expectations.
#[test]
fn mistakes_in_a_scenario_are_told_in_chinese_too() {
    let broken = r#"titel = "x"
title = ""
limits = { time = "5" }
links = ["client -- office -- server", "client -- office", { path = "office -- x", bandwidth = "10 MBit", mtu = "big" }]
[nodes.client]
address = "127.0.0.1"
[nodes.serverr]
address = 5
[nodes.office.firewall.forward]
policy = "dorp"
rules = [
    'ct state establishd accept',
    'tcp dport 21 22 acept',
    'ip saddr 10.0.0.0/33 accept',
    'iptables -A INPUT -j DROP',
    'tcp dport { 21',
    'jump nowhere',
    'tcp dport 21',
]
[[sessions]]
client = "client"
server = "server"
run = ["get", "wait x", "put a.txt"]
mode = "pasive"
[[expect]]
command = "ls"
outcome = "okay"
session = 3
"#;
    let output = with_input(&["check", "-", "--lang", "zh-CN"], broken.as_bytes());
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!("broken_zh", stderr(&output));
    let output =
        with_input(&["check", "-", "--lang", "zh-CN"], "title = \u{201c}x\u{201d}\nlinks = [1 2]\n".as_bytes());
    insta::assert_snapshot!("broken_toml_zh", stderr(&output));
}

#[test]
fn nonsense_is_refused_with_a_message() {
    let huge = vec![b'#'; 3_000_000];
    let deep = format!("a = {}", "[".repeat(20_000));
    let control = b"title = \"\x1b]0;gone\x07\"\n\x1b[31m = 1".to_vec();
    for input in [&b""[..], b"\xff\xfe\x00", &huge, deep.as_bytes(), &control, b"title = 3", b"links = []"] {
        let output = with_input(&["trace", "-"], input);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        let message = stderr(&output);
        assert!(message.contains("error"), "{message}");
        assert!(!message.contains(['\x1b', '\x07']), "no control characters: {message:?}");
    }
    let output = run(&["trace", "clasic"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean the built-in scenario 'classic'?"));
    assert_eq!(run(&["trace", "/"]).status.code(), Some(2));
    assert_eq!(run(&["trace", "classic", "--mode", "sideways"]).status.code(), Some(2));
    assert_eq!(run(&["play", "classic"]).status.code(), Some(2), "there is no terminal");
}

#[test]
fn a_limit_is_an_error_that_names_itself() {
    let limited = format!("limits = {{ frames = 50 }}\n{}", scenario("classic"));
    let output = with_input(&["trace", "-"], limited.as_bytes());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("limit of 50 frames"), "{}", stderr(&output));
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ladder.txt");
    std::fs::write(&file, "what was there").unwrap();
    let path = file.to_str().unwrap();
    assert_eq!(run(&["trace", "nothing-like-this", "-o", path]).status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "what was there");
    assert_eq!(run(&["trace", "classic", "-o", path, "--width", "100"]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), stdout(&run(&["trace", "classic"])));
    let nowhere = folder.path().join("no/such/folder/x");
    assert_eq!(run(&["trace", "classic", "-o", nowhere.to_str().unwrap()]).status.code(), Some(2));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left lying about");
}

#[test]
fn a_pipe_that_closes_early_is_no_error() {
    let mut child = ftpscope(&["trace", "classic", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&run(&["completions", shell]));
        assert!(script.contains("ftpscope") && script.contains("compare"), "{shell}");
    }
}

#[test]
fn captures_go_to_files_and_pipes() {
    let output = run(&["trace", "classic", "--format", "pcapng", "--at", "office"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    assert_eq!(run(&["trace", "classic", "--at", "office"]).status.code(), Some(2));
    let nowhere = run(&["trace", "classic", "--format", "pcapng", "--at", "nowhere"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(stderr(&nowhere).contains("office.internet"));
}

/// The script is the same bytes in every language; what is said beside it is translated.
#[test]
fn what_a_laboratory_cannot_do_is_told_in_chinese_too() {
    let [english, chinese] = ["en", "zh-CN"].map(|lang| run(&["lab", "classic", "--lang", lang]));
    assert_eq!(stdout(&english), stdout(&chinese));
    assert!(stderr(&english).contains("lab: not the same: seed: real programs"), "{}", stderr(&english));
    assert!(stderr(&chinese).contains("seed：真实的程序和内核自行选择端口和序号"), "{}", stderr(&chinese));
}

#[test]
fn a_laboratory_is_a_shell_script() {
    let script = stdout(&run(&["lab", "classic", "--mode", "passive"]));
    assert!(script.starts_with("#!/bin/sh\n"));
    insta::assert_snapshot!("lab", script[script.find("# The nodes").unwrap()..]);
}
