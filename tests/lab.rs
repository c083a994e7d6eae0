//! Laboratories of real software, run: the scenario as a script of namespaces, the captures held against the
//! simulation. Only root can, and only where the programs are installed; elsewhere the test says that it was skipped.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A short way to write the usual network, its rules, the server's settings and the session's.
fn scenario(rules: &str, server: &str, session: &str) -> String {
    format!(
        r#"title = "laboratory"
links = ["client -- office -- internet -- server"]
[nodes.client]
address = "192.168.1.10"
[nodes.office]
addresses = {{ internet = "198.51.100.7" }}
[nodes.server]
address = "203.0.113.5"
[nodes.server.ftp-server]
files = {{ "readme.txt" = "20 kB", "pub/notes.txt" = "3 kB" }}
{server}
{rules}
[[sessions]]
client = "client"
server = "server"
{session}
"#
    )
}

const STATEFUL: &str = r#"[nodes.office.firewall.forward]
policy = "drop"
rules = ["ct state established,related accept", 'iifname "client" accept']"#;
const HELPER: &str = r#"[nodes.office.firewall.prerouting]
rules = ['tcp dport 21 ct helper set "ftp"']"#;
const NAT: &str = r#"[nodes.office.firewall.postrouting]
rules = ['oifname "internet" masquerade']"#;

/// Each with a name.
fn laboratories() -> Vec<(&'static str, String)> {
    let both = r#"run = ["ls", "get readme.txt"]"#;
    let with = |more: &str| format!("{more}\n{both}");
    vec![
        (
            "a firewall drops the active data connection",
            scenario(STATEFUL, "connect-timeout = \"2 s\"", &with("mode = \"active\"")),
        ),
        ("the helper lets it in and rewrites it", {
            let rules = [STATEFUL, HELPER, NAT].join("\n");
            scenario(&rules, "", &with("mode = \"active-eprt\""))
        }),
        ("NAT without a helper: PORT is refused", scenario(NAT, "", &with("mode = \"active\""))),
        (
            "pure-ftpd and lftp",
            scenario(STATEFUL, "software = \"pure-ftpd\"", &with("mode = \"passive\"\nsoftware = \"lftp\"")),
        ),
        (
            "proftpd and tnftp, somebody known by name",
            scenario(
                "",
                "software = \"proftpd\"\nusers = { alice = \"secret\" }",
                "software = \"tnftp\"\nuser = \"alice\"\npassword = \"secret\"\n\
                 run = [\"ls\", \"cd pub\", \"get notes.txt\"]",
            ),
        ),
        ("the classic ftp and vsftpd", scenario(STATEFUL, "", &with("mode = \"passive\"\nsoftware = \"ftp\""))),
        ("a small MTU on the way, and a slow line", {
            let slow = r#"links = ["client -- office", { path = "office -- internet", mtu = 1300, bandwidth = "1 Mbit/s" },
                         "internet -- server"]"#;
            scenario(STATEFUL, "software = \"proftpd\"", &with("mode = \"passive\""))
                .replace("links = [\"client -- office -- internet -- server\"]", slow)
        }),
        ("a link is cut while the client calls", {
            let cut = r#"links = ["client -- office", { path = "office -- internet", cuts = [{ from = "500 ms", to = "3 s" }] },
                        "internet -- server"]"#;
            scenario("", "", &with("mode = \"passive\"\nstart = \"900 ms\""))
                .replace("links = [\"client -- office -- internet -- server\"]", cut)
        }),
        (
            "a router knows no way to the address in 227",
            scenario(
                "",
                "passive-address = \"192.168.77.7\"",
                &with("ignore-passive-address = false\nconnect-timeout = \"3 s\""),
            ),
        ),
        (
            "one client at a time",
            scenario(
                "",
                "max-clients = 1\naccept-timeout = \"3 s\"",
                "run = [\"PASV\", \"LIST\"]\n[[sessions]]\nclient = \"client\"\nserver = \"server\"\n\
                 run = [\"ls\"]\nstart = \"1 s\"",
            ),
        ),
        (
            "what stands in quotes in a rule",
            scenario(
                "[nodes.office.firewall.prerouting]\n\
                 rules = ['log prefix \"dnat to  \\ `id` {}; \" tcp dport 2121 dnat to 203.0.113.5:21 comment \"snat to\"']",
                "",
                &with("port = 2121"),
            ),
        ),
        (
            "IPv6",
            scenario("", "", &with("mode = \"active-eprt\""))
                .replace("192.168.1.10", "2001:db8:1::10")
                .replace("198.51.100.7", "2001:db8:51::7")
                .replace("203.0.113.5", "2001:db8:113::5"),
        ),
    ]
}

/// Why no laboratory can be run here.
fn obstacle() -> Option<String> {
    let name = format!("ftpscope-probe-{}", std::process::id());
    let ip = |arguments: &[&str]| {
        let output = Command::new("ip").args(arguments).output().map_err(|error| format!("ip: {error}"))?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
    };
    let tried = ip(&["netns", "add", &name]).and_then(|()| ip(&["netns", "exec", &name, "nft", "list", "ruleset"]));
    let _ = ip(&["netns", "del", &name]);
    tried.err()
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ftpscope"))
}

/// Starts one; its captures go to `folder`.
fn start(text: &str, folder: &Path) -> Child {
    let (file, script) = (folder.join("scenario.toml"), folder.join("lab.sh"));
    std::fs::write(&file, text).unwrap();
    let written = program().arg("lab").arg(&file).arg("-o").arg(&script).output().unwrap();
    assert!(written.status.success(), "{}\n{text}", String::from_utf8_lossy(&written.stderr));
    let mut command = Command::new("sh");
    command.arg(script).arg(folder.join("captures")).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Whether it can be run at all, then what `calibrate` says.
fn finish(child: Child, folder: &Path) -> Result<Result<(), String>, String> {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if let Some((_, rest)) = said.split_once("these programs are missing:") {
        return Err(rest.lines().next().unwrap_or_default().to_owned());
    }
    assert!(output.status.success(), "{said}");
    let captures = std::fs::read_dir(folder.join("captures")).unwrap().map(|entry| entry.unwrap().path());
    let captures = captures.filter(|path| path.extension().is_some_and(|extension| extension == "pcap"));
    let compared = program().arg("calibrate").arg(folder.join("scenario.toml")).args(captures).output().unwrap();
    let verdict = String::from_utf8_lossy(&compared.stdout).into_owned();
    Ok(if compared.status.success() { Ok(()) } else { Err(format!("{verdict}\n{said}")) })
}

#[test]
fn real_software_does_the_same() {
    if let Some(why) = obstacle() {
        println!("skipped: no network namespaces here: {why}");
        return;
    }
    let laboratories = laboratories();
    let run = |texts: &[(&'static str, String)]| {
        let started: Vec<_> = texts
            .iter()
            .map(|(name, text)| {
                let folder = tempfile::tempdir().unwrap();
                (*name, start(text, folder.path()), folder)
            })
            .collect();
        let finished = started.into_iter().map(|(name, child, folder)| (name, finish(child, folder.path())));
        finished.collect::<Vec<_>>()
    };
    let mut wrong = Vec::new();
    for (name, result) in run(&laboratories) {
        match result {
            Err(missing) => println!("skipped: {name}: not installed:{missing}"),
            Ok(Ok(())) => println!("same: {name}"),
            Ok(Err(_)) => wrong.push(name),
        }
    }
    // Real programs race with each other; what is wrong is wrong twice.
    let again: Vec<_> = laboratories.into_iter().filter(|(name, _)| wrong.contains(name)).collect();
    for (name, result) in run(&again) {
        match result {
            Ok(Err(why)) => panic!("{name}: {why}"),
            _ => println!("same at the second try: {name}"),
        }
    }
}
