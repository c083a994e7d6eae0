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

fn made(source: &str) -> Laboratory {
    laboratory(&parse(source, "test").unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{source}"))).unwrap()
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
        check(&laboratory(&scenario).unwrap().script);
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
        let script = made(&source).script;
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
        let script = made(&source).script;
        check(&script);
        for setting in settings.iter().chain(&[r"alice 'it'\''s secret'", "make_certificate\n"]) {
            assert!(script.contains(setting), "{setting}: {script}");
        }
        let noted = script.contains("# Not the same: pure-ftpd has no setting for denied-commands");
        assert_eq!(noted, software == "pure-ftpd");
    }
}

/// A line with everything that can go wrong on it, and settings of a server and a session.
fn everything(server: &str, session: &str) -> Laboratory {
    made(&format!(
        r#"
title = "everything"
seed = 7
syn-retries = "textbook"
limits = {{ time = "2 h" }}
links = [
    "client -- office",
    {{ path = "office -- server", delay = "3 ms", bandwidth = "40 kbit/s", queue = "20 kB", mtu = 1300, loss = "1.5 %",
       duplicate = "2 %", reorder = "3 %", reorder-delay = "4 ms", jitter = "6 ms",
       cuts = [{{ from = "1 s", to = "3 s" }}, {{ from = "2 s", to = "4500 ms" }}, {{ from = "9 s", to = "10 s" }}] }},
]
[nodes.office.firewall]
loose-helper = true
[nodes.server.ftp-server]
{server}
[[sessions]]
client = "client"
server = "server"
run = ["ls"]
{session}
"#
    ))
}

#[test]
fn links_get_their_mtu_rate_faults_and_cuts() {
    let Laboratory { script, differences } = everything("", "start = \"1500 ms\"");
    check(&script);
    let set = "40000bit 16 20000 1314 'delay 6000.000us 3000.000us loss 1.5000% duplicate 2.0000%' \
               'delay 4000.000us reorder 97.0000%' 'delay, jitter, loss, duplicate, reorder'";
    for line in [
        "add_link office server server office 1300 1",
        &format!("set_end office server {set}"),
        &format!("set_end server office {set}"),
        // Cuts that overlap are one.
        "    sleep 1.000000000\n    cut 1 down\n    sleep 3.500000000\n    cut 1 up\n    \
         sleep 4.500000000\n    cut 1 down\n    sleep 1.000000000\n    cut 1 up\n",
        "    sleep 1.500000000\n",
        "add_node office 1 0",
    ] {
        assert!(script.contains(&format!("{line}\n")) || script.contains(line), "{line}: {script}");
    }
    let expected = [
        "a packet that a cut link loses is seen at its sender's interface",
        "limits are the simulation's: a session takes as long as it takes",
        "loose-helper of office is a setting of the whole kernel, not of a namespace",
        "seed: real programs and kernels choose ports and numbers as they like",
        "vsftpd lets no anonymous user write into the root directory itself, only below it",
        "what waits to be sent into a link when it is cut is lost only if it is sent before the cut is over",
    ];
    assert_eq!(differences, expected);
}

#[test]
fn what_a_program_cannot_be_told_is_said() {
    let settings = r#"
max-clients = 3
idle-timeout = "90 s"
data-connection-timeout = "7 s"
connect-timeout = "8 s"
accept-timeout = "2500 ms"
port-promiscuous = true
active = false
connect-from-port-20 = false
"#;
    let cases = [
        (
            "vsftpd",
            &["max_clients=3", "data_connection_timeout=7", "port_promiscuous=YES"][..],
            &["accept-timeout is 3 s"][..],
        ),
        (
            "pure-ftpd",
            &["-I 2", "-c 3", "-W"],
            &[
                "pure-ftpd has no setting for active = false",
                "pure-ftpd has no setting for connect-from-port-20 = false",
                "pure-ftpd has no setting for data-connection-timeout",
                "pure-ftpd has no setting for connect-timeout",
                "pure-ftpd has no setting for accept-timeout",
                "pure-ftpd has one setting for port-promiscuous and pasv-promiscuous",
                "idle-timeout is 120 s",
            ],
        ),
        (
            "proftpd",
            &["MaxInstances 3", "TimeoutStalled 7", "AllowForeignAddress on", "TimeoutIdle 90", "<Limit PORT EPRT>"],
            &["proftpd has no setting for connect-timeout", "proftpd has no setting for accept-timeout"],
        ),
    ];
    for (software, set, said) in cases {
        let Laboratory { script, differences } = everything(&format!("software = \"{software}\"{settings}"), "");
        check(&script);
        for text in set {
            assert!(script.contains(text), "{software}: {text}: {script}");
        }
        for text in said {
            assert!(differences.iter().any(|it| it.starts_with(text)), "{software}: {text}: {differences:?}");
        }
    }
    let settings = r#"
mode = "active"
connect-timeout = "2500 ms"
reply-timeout = "4 s"
ignore-passive-address = false
active-ports = "40000-40009"
active-address = "198.51.100.9"
"#;
    let cases = [
        ("curl", &["--connect-timeout 2.500", "-P 198.51.100.9:40000-40009"][..], &[][..]),
        (
            "lftp",
            &["set net:timeout 3", "set ftp:ignore-pasv-address no", "set ftp:port-range 40000-40009"],
            &["lftp has one time-out for connect-timeout and reply-timeout", "connect-timeout is 3 s"],
        ),
        (
            "ftp",
            &[],
            &[
                "ftp has no setting for connect-timeout",
                "ftp has no setting for reply-timeout",
                "ftp has no setting for ignore-passive-address",
                "ftp has no setting for active-ports",
            ],
        ),
    ];
    for (software, set, said) in cases {
        let classic = settings.replace("active-address = \"198.51.100.9\"\n", "");
        let settings = if software == "ftp" { &classic } else { settings };
        let Laboratory { script, differences } = everything("", &format!("software = \"{software}\"{settings}"));
        check(&script);
        for text in set {
            assert!(script.contains(text), "{software}: {text}: {script}");
        }
        for text in said {
            assert!(differences.iter().any(|it| it.starts_with(text)), "{software}: {text}: {differences:?}");
        }
        for difference in &differences {
            assert!(script.contains(&format!("# Not the same: {difference}\n")), "{difference}");
        }
    }
}
