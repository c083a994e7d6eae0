//! Text from outside, in every place that takes text: nothing that any command prints holds a character that is not to be
//! shown, but the line ends that the program writes.

use ftpscope::text::is_hidden;
use std::process::{Command, Output, Stdio};

/// One of each kind that passes where control characters are refused.
const FORMAT: &str = "\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{200e}\u{200f}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\
                      \u{3164}\u{fe0f}\u{feff}\u{fff9}\u{e0041}\u{2028}\u{2029}";
/// Some of them, where a text is to be short.
const FEW: &str = "\u{202e}\u{200b}\u{e0041}";
/// And of those that are refused there, or shown where they are not.
const CONTROL: &str = "\u{1b}]52;c;QUFB\u{7}\u{9b}31m\u{85}\u{7f}\u{8}\r\u{0}";

fn ftpscope(arguments: &[&str], folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ftpscope"));
    command.args(arguments).current_dir(folder).env("LANG", "C.UTF-8").env_remove("LC_ALL").stdin(Stdio::null());
    command
}

/// Whatever was said, it can be looked at.
fn assert_harmless(what: &str, output: &Output) {
    for bytes in [&output.stdout, &output.stderr] {
        let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{what}: no text"));
        for line in text.split('\n') {
            let found: Vec<char> = line.chars().filter(|c| is_hidden(*c)).collect();
            assert!(found.is_empty(), "{what}: {found:?} in {line:?}");
        }
    }
    assert!(output.status.code().is_some_and(|code| code <= 2), "{what}: {output:?}");
}

/// `text` as a basic string of TOML, each character escaped.
fn escaped(text: &str) -> String {
    text.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect()
}

/// Every place of a scenario that takes text has a number in braces.
const SCENARIO: &str = r#"
title = "a{0}b"
title-zh = "a{1}b"
about = "a{2}b"
about-zh = "a{3}b"
links = ["client -- fw -- server{16}"]
[nodes.server]
ftp-server = { users = { "al{4}ice" = "se{5}cret" }, files = { "d/f{6}" = { text = "a{7}b" }, "g" = "1 kB" }, denied-commands = ["SITE{15}"] }
[nodes.fw.firewall.forward]
policy = "drop"
rules = ['ct state established,related accept', 'tcp dport 21 log prefix "p{8}" accept comment "c{9}"', "{10} accept"]
[nodes.{17}]
[[sessions]]
client = "client"
server = "server"
user = "al{4}ice"
password = "se{5}cret"
run = ["ls d{11}", "get d/f{6}", "put u{12}", "SITE x{13}", "cd d", "rename g h{11}", "mkdir m{11}"]
files = { "u{12}" = { text = "a{7}b" } }
software = "SOFTWARE"
mode = "passive{18}"
[[expect]]
session = 1
command = "ls d{11}"
outcome = "{14}"
{19} = 1
"#;
/// What stands at a number where nothing hostile does: a scenario without mistakes.
fn harmless(number: usize) -> &'static str {
    match number {
        10 => "tcp dport 990",
        14 => "ok",
        17 => "client",
        19 => "line",
        _ => "",
    }
}

fn scenario(software: &str, hostile: usize, text: &str) -> String {
    let mut source = SCENARIO.replace("SOFTWARE", software);
    for number in 0..20 {
        let filling = if number == hostile { text } else { harmless(number) };
        source = source.replace(&format!("{{{number}}}"), filling);
    }
    // Expectations about lines are for rules that decided: as it is, there is none.
    source.replace("line = 1\n", "")
}

const COMMANDS: [&[&str]; 7] = [
    &["check"],
    &["trace"],
    &["trace", "-f", "plain", "--lang", "zh-CN"],
    &["trace", "-f", "json"],
    &["compare"],
    &["compare", "--lang", "zh-CN"],
    &["lab"],
];

#[test]
fn no_text_of_a_scenario_reaches_the_output_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut fine = 0;
    for number in 0..20 {
        let software = ["curl", "lftp", "tnftp", "ftp"][number % 4];
        let raw = CONTROL.replace(['\0', '\r'], "");
        let texts = [escaped(FEW), escaped(FORMAT), escaped(CONTROL), FORMAT.to_owned(), raw, format!("\"\n{FORMAT}")];
        for text in texts {
            let source = scenario(software, number, &text);
            std::fs::write(folder.path().join("s.toml"), &source).unwrap();
            let checked = ftpscope(&["check", "s.toml"], folder.path()).output().unwrap();
            assert_harmless(&format!("check {number} {text:?}"), &checked);
            if checked.status.code() == Some(2) {
                continue;
            }
            fine += 1;
            for command in COMMANDS {
                let output = ftpscope(&[command, &["s.toml"]].concat(), folder.path()).output().unwrap();
                assert_ne!(output.status.code(), Some(2), "{output:?}");
                assert_harmless(&format!("{command:?} {number} {text:?}"), &output);
            }
        }
    }
    assert!(fine > 20, "{fine} scenarios went the whole way");
}

/// The scenario as it is meant has no mistakes: else the test above would see nothing but refusals.
#[test]
fn the_scenario_of_these_tests_is_one() {
    for software in ["curl", "lftp", "tnftp", "ftp"] {
        let source = scenario(software, 99, "");
        let read = ftpscope::scenario::parse(&source, "s.toml");
        assert!(read.is_ok(), "{}", ftpscope::scenario::render(&read.unwrap_err(), &source, "s.toml", false));
    }
}

/// The underline stands under the words that are wrong, though what is before them is shown as something longer.
#[test]
fn underlines_stand_under_their_words() {
    let source = "title = \"进\u{9b}\u{202e}\u{200b}\", abuot = 3\n";
    let Err(found) = ftpscope::scenario::parse(source, "a\u{9b}.toml") else { panic!("it is no scenario") };
    let shown = ftpscope::scenario::render(&found, source, "a\u{9b}.toml", false);
    let lines: Vec<&str> = shown.lines().collect();
    let at = lines.iter().position(|line| line.contains("title = ")).unwrap();
    assert_eq!(lines[at], "1 | title = \"进\\x9b\\u{202e}\\u{200b}\", abuot = 3", "{shown}");
    let column = |line: &str, byte| ftpscope::ladder::text_width(&line[..byte]);
    let mark = column(lines[at + 1], lines[at + 1].find('^').unwrap());
    let meant = column(lines[at], lines[at].find(", abuot").unwrap());
    assert!((meant..meant + 2).contains(&mark), "{shown}");
    // Its place is told as an editor counts, before anything was escaped.
    assert!(shown.contains("a\\x9b.toml:1:1"), "{shown}");
    let column: usize = shown.split("toml:1:").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert!((15..=16).contains(&column), "{shown}");
}

#[cfg(unix)]
#[test]
fn names_of_files_and_arguments_are_shown_escaped() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::process::CommandExt;
    let folder = tempfile::tempdir().unwrap();
    let classic = std::fs::read(format!("{}/scenarios/classic.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let names = [
        FORMAT.as_bytes()[..120.min(FORMAT.len())].to_vec(),
        CONTROL.replace('\0', "").into_bytes(),
        b"a\xff\xfe\x9b\x1b[2Jb\n".to_vec(),
    ];
    // Cut between two characters.
    let names = names.map(|name| {
        if std::str::from_utf8(&name).is_ok() || name[0] == b'a' { name } else { FORMAT.as_bytes()[..54].to_vec() }
    });
    for name in names {
        let name = OsString::from_vec(name);
        let text = OsString::from(format!("x{}", name.to_string_lossy().replace('\0', "")));
        std::fs::write(folder.path().join(&name), &classic).unwrap();
        let mistaken = String::from_utf8_lossy(&classic).replace("policy =", "polcy =");
        std::fs::write(folder.path().join("mistaken"), mistaken).unwrap();
        std::fs::rename(folder.path().join("mistaken"), folder.path().join("m").with_file_name(concat(&name, "m")))
            .unwrap();
        let mistaken = concat(&name, "m");
        let some = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let mut lines = Vec::new();
        for command in ["check", "trace", "compare", "lab", "play", "calibrate"] {
            for subject in [&name, &mistaken, &text] {
                lines.push([some(&[command]), vec![subject.clone()]].concat());
                lines.push([some(&[command, "classic"]), vec![subject.clone()]].concat());
            }
            lines.push([some(&[command, "classic", "--mode"]), vec![text.clone()]].concat());
            lines.push([some(&[command, "classic", "--seed"]), vec![text.clone()]].concat());
            lines.push([some(&[command, "classic", "--lang"]), vec![text.clone()]].concat());
            lines.push([some(&[command, "classic", "--at"]), vec![text.clone()]].concat());
            lines.push([some(&[command, "classic", "-f"]), vec![text.clone()]].concat());
            lines.push(
                [some(&[command, "classic", "-o"]), vec![concat(&OsString::from("no/such/"), &text.to_string_lossy())]]
                    .concat(),
            );
            lines.push(some(&[command, "classic", &format!("--{}", text.to_string_lossy())]));
        }
        lines.push(vec![name.clone()]);
        lines.push([some(&["completions"]), vec![name.clone()]].concat());
        lines.push([some(&["calibrate", "classic", "--at", "nowhere"]), vec![name.clone()]].concat());
        lines.push([some(&["trace", "classic", "-f", "pcapng", "--at"]), vec![text.clone()]].concat());
        for line in lines {
            for called in [OsString::from("ftpscope"), text.clone()] {
                let mut command = ftpscope(&[], folder.path());
                let output = command.arg0(&called).args(&line).output().unwrap();
                assert_harmless(&format!("{line:?}"), &output);
            }
        }
        let output = ftpscope(&["--help"], folder.path()).arg0(&text).output().unwrap();
        assert_harmless("--help", &output);
    }
}

#[cfg(unix)]
fn concat(name: &std::ffi::OsString, more: &str) -> std::ffi::OsString {
    let mut all = name.clone();
    all.push(more);
    all
}

/// Packets hold what programs said, captures what anybody wrote.
#[test]
fn captures_are_shown_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut different = 0;
    for number in [4, 6, 11, 13] {
        std::fs::write(at("hostile.toml"), scenario("curl", number, &escaped(FEW))).unwrap();
        std::fs::write(at("plain.toml"), scenario("curl", 99, "")).unwrap();
        for (from, against) in [("hostile", "plain"), ("plain", "hostile"), ("hostile", "hostile")] {
            let capture = ["trace", &format!("{from}.toml"), "-f", "pcapng", "-o", "c.pcapng"];
            assert!(ftpscope(&capture, folder.path()).status().unwrap().success());
            let output =
                ftpscope(&["calibrate", &format!("{against}.toml"), "c.pcapng"], folder.path()).output().unwrap();
            assert_harmless(&format!("calibrate {number} {from} {against}"), &output);
            different += output.status.code().unwrap();
            // The interface's name and whatever replies say, as control characters.
            let mut bytes = std::fs::read(at("c.pcapng")).unwrap();
            for at in 0..bytes.len().saturating_sub(12) {
                if bytes[at..].starts_with(b"client.fw") || bytes[at..].starts_with(b"230 ") {
                    bytes[at + 4..at + 6].copy_from_slice(b"\x1b\x07");
                }
            }
            std::fs::write(at("d.pcapng"), bytes).unwrap();
            let output = ftpscope(&["calibrate", "plain.toml", "d.pcapng"], folder.path()).output().unwrap();
            assert_harmless("calibrate", &output);
        }
        let bytes = std::fs::read(at("c.pcapng")).unwrap();
        for comment in comments(&bytes) {
            assert!(!comment.chars().any(|c| is_hidden(c) && c != '\n'), "{comment:?}");
        }
    }
    assert!(different >= 4, "differences were told");
}

/// The comments in a pcapng file of one byte order: option 1 of enhanced packet blocks.
fn comments(bytes: &[u8]) -> Vec<String> {
    let number =
        |at: usize, length: usize| bytes[at..at + length].iter().rev().fold(0, |all, b| all << 8 | usize::from(*b));
    let (mut at, mut found) = (0, Vec::new());
    while at < bytes.len() {
        let length = number(at + 4, 4);
        if number(at, 4) == 6 {
            let mut option = at + 28 + number(at + 20, 4).next_multiple_of(4);
            while option + 4 < at + length - 4 && number(option, 2) != 0 {
                let size = number(option + 2, 2);
                if number(option, 2) == 1 {
                    found.push(String::from_utf8(bytes[option + 4..option + 4 + size].to_vec()).unwrap());
                }
                option += 4 + size.next_multiple_of(4);
            }
        }
        at += length;
    }
    assert!(!found.is_empty());
    found
}
