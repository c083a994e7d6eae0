//! Where results go: files, links, devices, pipes, and what is left behind.
#![cfg(unix)]

use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ftpscope");

fn ftpscope(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env("LANG", "C.UTF-8").env_remove("LC_ALL").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    ftpscope(arguments).output().unwrap()
}

/// Runs a line of shell in `folder`, with the program as `$1`.
fn shell(folder: &Path, line: &str) -> Output {
    Command::new("sh").args(["-c", line, "sh", PROGRAM]).current_dir(folder).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("a signal: {output:?}"))
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Each command that has an output file, with something that marks its result.
const COMMANDS: [(&[&str], &str); 4] = [
    (&["trace", "classic", "--width", "100"], "Active mode meets a client firewall"),
    (&["trace", "classic", "--format", "json"], "{\"ftpscope\":1,"),
    (&["compare", "classic", "--width", "100"], "Active mode meets a client firewall"),
    (&["lab", "classic"], "#!/bin/sh"),
];

#[test]
fn devices_stay_devices() {
    for (command, _) in COMMANDS {
        for device in ["/dev/null", "/dev/full"] {
            let before = std::fs::metadata(device).unwrap();
            let output = run(&[command, &["-o", device]].concat());
            let after = std::fs::metadata(device).unwrap();
            assert!(after.file_type().is_char_device(), "{device}");
            assert_eq!((before.ino(), before.mode()), (after.ino(), after.mode()));
            assert_eq!(code(&output), if device == "/dev/full" { 2 } else { 0 }, "{command:?}");
            assert_eq!(said(&output).contains("cannot write '/dev/full'"), device == "/dev/full");
        }
    }
}

#[test]
fn a_fifo_is_written_to_and_its_reader_may_leave() {
    let folder = tempfile::tempdir().unwrap();
    for (command, mark) in COMMANDS {
        let output =
            shell(folder.path(), &format!("mkfifo f; \"$1\" {} -o f & cat f; wait $! && rm f", command.join(" ")));
        assert_eq!(code(&output), 0, "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(mark));
    }
    let output = shell(folder.path(), "mkfifo f; \"$1\" trace classic -f json -o f & head -c 10 f; wait $!");
    assert_eq!((code(&output), output.stdout.len(), said(&output).as_str()), (0, 10, ""));
    assert!(std::fs::metadata(folder.path().join("f")).unwrap().file_type().is_fifo());
    assert_eq!(names(folder.path()), ["f"]);
}

#[test]
fn a_socket_is_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let mut child = ftpscope(&["lab", "classic", "-o", path.to_str().unwrap()]).spawn().unwrap();
    let mut text = String::new();
    listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success() && text.starts_with("#!/bin/sh"));
    drop(listener);
    let output = run(&["lab", "classic", "-o", path.to_str().unwrap()]);
    assert!(code(&output) == 2 && said(&output).contains("cannot write"), "{output:?}");
    assert!(std::fs::metadata(&path).unwrap().file_type().is_socket());
}

#[test]
fn what_a_link_leads_to_is_replaced_and_the_link_stays() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("deep")).unwrap();
    std::fs::write(at("deep/file"), "old").unwrap();
    symlink("deep/file", at("one")).unwrap();
    symlink("one", at("two")).unwrap();
    symlink("deep/new", at("dangling")).unwrap();
    symlink("round", at("round")).unwrap();
    symlink("/dev/full", at("device")).unwrap();
    for (link, target) in [("two", "deep/file"), ("dangling", "deep/new")] {
        assert_eq!(code(&run(&["lab", "classic", "-o", at(link).to_str().unwrap()])), 0);
        assert!(std::fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
        assert!(std::fs::read_to_string(at(target)).unwrap().starts_with("#!/bin/sh"), "{link}");
        assert!(!std::fs::symlink_metadata(at(target)).unwrap().is_symlink());
    }
    for link in ["round", "device"] {
        assert_eq!(code(&run(&["lab", "classic", "-o", at(link).to_str().unwrap()])), 2);
        assert!(std::fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
    }
    assert_eq!(names(&at("deep")), ["file", "new"]);
}

#[test]
fn modes_are_the_umasks_or_the_old_files() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().mode() & 0o7777;
    for (umask, new) in [("022", 0o644), ("077", 0o600), ("002", 0o664), ("0", 0o666)] {
        assert_eq!(code(&shell(folder.path(), &format!("umask {umask}; rm -f new; \"$1\" lab classic -o new"))), 0);
        assert_eq!(mode("new"), new, "umask {umask}");
    }
    for old in [0o600, 0o640, 0o755, 0o666] {
        std::fs::write(folder.path().join("old"), "old").unwrap();
        std::fs::set_permissions(folder.path().join("old"), std::fs::Permissions::from_mode(old)).unwrap();
        assert_eq!(code(&shell(folder.path(), "umask 022; \"$1\" lab classic -o old")), 0);
        assert_eq!(mode("old"), old);
    }
    // As root: somebody else's file stays theirs.
    if shell(folder.path(), "chown 12:34 old").status.success() {
        assert_eq!(code(&shell(folder.path(), "\"$1\" lab classic -o old")), 0);
        let owner = std::fs::metadata(folder.path().join("old")).unwrap();
        assert_eq!((owner.uid(), owner.gid()), (12, 34));
    }
}

#[test]
fn open_files_are_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let lines = "{ echo before; \"$1\" trace classic -o WHERE; echo after; }";
    symlink("/dev/stdout", at("link")).unwrap();
    for place in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link", "-"] {
        let output = shell(folder.path(), &format!("{} >file; cat file", lines.replace("WHERE", place)));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("before\n") && text.ends_with("after\n") && text.contains("PORT"), "{place}: {text}");
        let output = shell(folder.path(), &format!("{} | cat", lines.replace("WHERE", place)));
        assert!(String::from_utf8(output.stdout).unwrap().contains("PORT"), "{place}");
    }
    let output = shell(folder.path(), "exec 3>third; \"$1\" lab classic -o /dev/fd/3; cat third");
    assert!(output.stdout.starts_with(b"#!/bin/sh"), "{output:?}");
    let output = shell(folder.path(), "\"$1\" lab classic -o /dev/stderr");
    assert!(output.stderr.starts_with(b"#!/bin/sh"), "{output:?}");
    assert_eq!(names(folder.path()), ["file", "link", "third"]);
}

#[test]
fn what_cannot_be_written_keeps_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["lab", "classic", "-o", folder.path().to_str().unwrap()]);
    assert!(code(&output) == 2 && said(&output).contains("directory"), "{output:?}");
    for nowhere in ["no/such/folder/file", "file/below"] {
        std::fs::write(folder.path().join("file"), "old").unwrap();
        let output = shell(folder.path(), &format!("\"$1\" lab classic -o '{nowhere}'"));
        assert!(code(&output) == 2 && said(&output).contains("cannot write"), "{output:?}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("file")).unwrap(), "old");
    assert_eq!(names(folder.path()), ["file"]);
}

/// As root, in a mount namespace of its own: a full disk, a folder that takes no files, a file that is a mount.
#[test]
fn full_disks_and_folders_that_take_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
        mount -t tmpfs -o size=64k tmpfs . 2>/dev/null || exit 77
        cd "$PWD"
        echo old >file; echo old >mounted; mkdir shut; echo a long old text >shut/file
        mount --bind file mounted
        mount --bind shut shut
        "$1" lab classic -o mounted || exit 1
        head -c 9 mounted; echo; stat -c %h mounted >/dev/null
        chattr +i shut 2>/dev/null || mount -o remount,bind shut shut
        echo old >file
        head -c 100k /dev/zero >filler 2>/dev/null
        "$1" lab classic -o file; echo "code $?"
        cat file
        ls -A | sort | tr '\n' ' '
    "#;
    let output =
        Command::new("unshare").args(["-m", "sh", "-c", script, "sh", PROGRAM]).current_dir(folder.path()).output();
    let Ok(output) = output else { return eprintln!("skipped: unshare is not installed") };
    if output.status.code() == Some(77) || said(&output).contains("unshare failed") {
        return eprintln!("skipped: not root");
    }
    let shown = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(shown, "#!/bin/sh\ncode 2\nold\nfile filler mounted shut ", "{output:?}");
    assert!(said(&output).contains("No space left on device"), "{output:?}");
}

/// As nobody, whom modes hold up: a file that may be written in a folder that may not, and the other way round.
#[test]
fn rights_are_the_files_own() {
    let folder = tempfile::tempdir().unwrap();
    let script =
        "umask 022; mkdir shut open; echo old and longer than what comes, not at all >shut/file; echo old >open/file
        cp \"$1\" ftpscope; chmod 666 shut/file; chmod 644 open/file; chmod 777 open; chmod 755 shut . ftpscope";
    assert_eq!(code(&shell(folder.path(), script)), 0);
    let as_nobody = |line: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", line]);
        command.current_dir(folder.path()).output()
    };
    match as_nobody("./ftpscope list >/dev/null") {
        Ok(output) if output.status.success() => {}
        _ => return eprintln!("skipped: not root, or setpriv is not installed"),
    }
    let output = as_nobody("./ftpscope trace classic -o shut/file").unwrap();
    assert_eq!((code(&output), said(&output).as_str()), (0, ""));
    let text = std::fs::read_to_string(folder.path().join("shut/file")).unwrap();
    assert_eq!(text.as_bytes(), run(&["trace", "classic"]).stdout);
    assert_eq!(std::fs::metadata(folder.path().join("shut/file")).unwrap().uid(), 0);
    // Who may not write a file may not put another in its place either.
    let output = as_nobody("./ftpscope lab classic -o open/file").unwrap();
    assert!(code(&output) == 2 && said(&output).contains("Permission denied"), "{output:?}");
    assert_eq!(std::fs::read_to_string(folder.path().join("open/file")).unwrap(), "old\n");
    assert_eq!(names(&folder.path().join("open")), ["file"]);
}

const LONG: &str = r#"
title = "A long one"
links = ["client -- server"]
[nodes.server]
ftp-server = { files = { "f" = "12 MB" } }
[[sessions]]
client = "client"
server = "server"
run = ["get f"]
"#;

/// A program in the middle of writing its file.
fn writing(folder: &Path) -> Child {
    std::fs::write(folder.join("long.toml"), LONG).unwrap();
    std::fs::write(folder.join("out"), "old").unwrap();
    let mut child = ftpscope(&["trace", "long.toml", "-f", "json", "-o", "out"]).current_dir(folder).spawn().unwrap();
    while names(folder).len() < 3 {
        assert!(child.try_wait().unwrap().is_none(), "it is over before it began");
        pause(5);
    }
    child
}

#[expect(clippy::disallowed_methods, reason = "a real program takes real time")]
fn pause(milliseconds: u64) {
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
}

#[test]
fn signals_leave_nothing_behind() {
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1), ("QUIT", 3)] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = writing(folder.path());
        Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
        let status = child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(number), "{signal}");
        assert_eq!(names(folder.path()), ["long.toml", "out"], "{signal}");
        assert_eq!(std::fs::read_to_string(folder.path().join("out")).unwrap(), "old");
    }
}

/// Under nohup(1) a hang-up stays without effect.
#[cfg(target_os = "linux")]
#[test]
fn ignored_signals_stay_ignored() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("long.toml"), LONG).unwrap();
    let line = "trap '' HUP; \"$1\" trace long.toml -f json -o out & pid=$!
        until ls -A | grep -q tmp; do sleep 0.05; done; kill -HUP $pid; wait $pid";
    let output = shell(folder.path(), line);
    assert_eq!(code(&output), 0, "{output:?}");
    assert_eq!(names(folder.path()), ["long.toml", "out"]);
}

#[test]
fn the_exit_status_does_not_depend_on_who_reads() {
    let folder = tempfile::tempdir().unwrap();
    let classic = std::fs::read_to_string(format!("{}/scenarios/classic.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let wrong = classic.replacen("outcome = \"dropped\"", "outcome = \"ok\"", 1);
    std::fs::write(folder.path().join("wrong.toml"), wrong).unwrap();
    shell(folder.path(), "\"$1\" trace classic --format pcapng --at office.client -o office.client.pcap");
    // The reader has gone before the first byte is written.
    let unread = "{ sleep 0.3; \"$1\" COMMAND; echo $? >code; } | :; cat code";
    for (command, expected) in [
        ("check wrong.toml", "1\n"),
        ("check wrong.toml classic wrong.toml", "1\n"),
        ("check classic", "0\n"),
        ("check nothing.toml classic", "2\n"),
        ("calibrate classic office.client.pcap", "0\n"),
        ("calibrate classic --mode passive office.client.pcap", "1\n"),
        ("trace classic", "0\n"),
        ("compare classic", "0\n"),
        ("lab classic", "0\n"),
        ("list", "0\n"),
        ("completions bash", "0\n"),
        ("--help", "0\n"),
        ("trace --help", "0\n"),
        ("--version", "0\n"),
    ] {
        let output = shell(folder.path(), &unread.replace("COMMAND", command));
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{command}: {output:?}");
        if expected == "0\n" {
            // What a laboratory leaves out is no failure.
            let said = said(&output);
            let left_out = |line: &&str| line.starts_with("ftpscope: lab: not the same: ");
            assert_eq!(said.lines().find(|line| !left_out(line)), None, "{command}");
        }
        // A disk that is full is another matter.
        let output = shell(folder.path(), &format!("\"$1\" {command} >/dev/full"));
        assert_eq!(code(&output), 2, "{command}: {output:?}");
        assert!(said(&output).contains("ftpscope: "), "{command}: {output:?}");
        // Closed streams are no reason to panic, nor is a full disk under the messages.
        for streams in [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full 2>/dev/full"] {
            let output = shell(folder.path(), &format!("\"$1\" {command} {streams}"));
            assert!((0..=2).contains(&code(&output)), "{command} {streams}: {output:?}");
        }
    }
}
