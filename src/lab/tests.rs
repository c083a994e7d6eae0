//! The scripts are shell scripts. That they build what they should is seen only as root: `tests/lab.rs`.

use super::*;
use crate::scenario::{builtins, parse};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Whether `program` accepts the script; `None` if it is not installed.
fn accepted(program: &str, arguments: &[&str], script: &str) -> Option<(bool, String)> {
    let mut command = Command::new(program);
    let child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.ok()?;
    child.stdin.take()?.write_all(script.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

fn check(script: &str) {
    for (program, arguments) in [("sh", &["-n"][..]), ("shellcheck", &["-s", "sh", "-S", "warning", "-"])] {
        match accepted(program, arguments, script) {
            Some((fine, said)) => assert!(fine, "{program}: {said}"),
            None => eprintln!("skipped: {program} is not installed"),
        }
    }
}

#[test]
fn every_scenario_becomes_a_script() {
    for builtin in builtins() {
        let scenario = parse(builtin.source, builtin.name).unwrap();
        check(&script(&scenario).unwrap());
    }
}

#[test]
fn strange_names_stay_words() {
    let source = r#"
title = "it's $(reboot) `reboot`"
links = ["client -- server"]
[nodes.server]
address = "203.0.113.5"
ftp-server = { files = { "o'clock $(reboot)/x" = { text = "'; reboot; '" }, "big" = "3 kB" } }
[[sessions]]
client = "client"
server = "server"
run = ["ls o'clock $(reboot)", "get a;b c", "cd deep", "put 'x'", "SYST"]
files = { "'x'" = "1 kB" }
"#;
    for software in ["curl", "lftp", "tnftp", "ftp"] {
        let source = format!("{source}software = \"{software}\"\n");
        let script = script(&parse(&source, "test").unwrap_or_else(|mistakes| panic!("{mistakes:?}"))).unwrap();
        check(&script);
        assert!(script.contains(r"/root.1/'o'\''clock $(reboot)'/x"), "{script}");
        if software == "curl" {
            assert!(script.contains("ftp://203.0.113.5:21/o%27clock%20%24%28reboot%29/"));
        } else {
            // Between the lines of a quoted here-document nothing is special to the shell.
            assert!(script.contains("ls \"o'clock $(reboot)\""), "{script}");
        }
    }
}

#[test]
fn every_server_gets_its_settings() {
    for (software, settings) in [
        (
            "vsftpd",
            &["pasv_min_port=50000", "pasv_address=198.51.100.7", "ssl_enable=YES", "cmds_denied=EPSV,SITE"][..],
        ),
        ("pure-ftpd", &["-p 50000:50009", "-P 198.51.100.7", "-Y 1"]),
        ("proftpd", &["PassivePorts 50000 50009", "MasqueradeAddress 198.51.100.7", "<Limit EPSV SITE>"]),
    ] {
        let source = format!(
            r#"
title = "settings"
links = ["client -- server"]
[nodes.server.ftp-server]
software = "{software}"
passive-ports = "50000-50009"
passive-address = "198.51.100.7"
denied-commands = ["EPSV", "SITE"]
users = {{ alice = "it's secret" }}
tls = true
[[sessions]]
client = "client"
server = "server"
run = ["ls"]
"#
        );
        let script = script(&parse(&source, "test").unwrap_or_else(|mistakes| panic!("{mistakes:?}"))).unwrap();
        check(&script);
        for setting in settings.iter().chain(&[r"alice 'it'\''s secret'", "make_certificate\n"]) {
            assert!(script.contains(setting), "{setting}: {script}");
        }
        let noted = script.contains("# Not the same: pure-ftpd has no setting for denied commands");
        assert_eq!(noted, software == "pure-ftpd");
    }
}
