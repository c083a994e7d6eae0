//! All mistakes of a file are told in one round: the scenario with every key, broken in two places at a time.

use super::*;

/// A mistake: what is changed into what, and what is then said, once.
struct Mistake {
    from: &'static str,
    to: &'static str,
    said: &'static str,
}

const fn mistake(from: &'static str, to: &'static str, said: &'static str) -> Mistake {
    Mistake { from, to, said }
}

const MISTAKES: &[Mistake] = &[
    mistake("seed = 0x2a", "seed = \"x\"", "`seed` must be a whole number"),
    mistake("seed = 0x2a", "sed = 0x2a", "has no key `sed`"),
    mistake("\"textbook\"", "\"textbok\"", "`syn-retries` cannot be `textbok`"),
    mistake("\"10 min\"", "\"ten\"", "ten"),
    mistake("frames = 5_000", "frames = 0", "`frames` must be between"),
    mistake("title-zh = \"所有的键\"", "title-zh = \"\"", "`title-zh` is empty"),
    mistake("\"client -- office -- internet\"", "\"client -- office - internet\"", "office - internet"),
    mistake("\"20 ms\"", "\"20 mss\"", "`mss` is not a unit"),
    mistake("mtu = 1400", "mtu = 1", "`mtu` must be between"),
    mistake("to = \"2.5 s\"", "to = \"0.5 s\"", "this cut ends before it begins"),
    mistake("\"2001:db8:aa::10\"]", "\"2001:db8:aa::10\"]\nadress = \"10.0.0.1\"", "has no key `adress`"),
    mistake("address = \"192.168.1.11\"", "address = \"192.168.1.1111\"", "is not an IP address"),
    mistake("address = \"192.168.1.11\"", "address = \"192.168.1.10\"", "192.168.1.10"),
    mistake("down = true", "down = 1", "`down` must be true or false"),
    mistake("ct state invalid drop'] }", "ct state invalid dorp'] }", "dorp"),
    mistake("'jump marked'", "'jump maked'", "there is no chain `maked`"),
    mistake("policy = \"accept\"", "policy = \"acept\"", "acept"),
    mistake("\"10.66.0.0/16\" = \"blackhole\"", "\"10.66.0.0/16\" = \"nowhere\"", "nowhere"),
    mistake("\"client\", lo }", "\"clent\", lo }", "this node has no interface `clent`"),
    mistake("backup = \"10.9.0.1/30\"", "bakup = \"10.9.0.1/30\"", "`bakup` is no neighbour"),
    mistake("port = 2121\nusers", "port = 212100\nusers", "`port` must be between"),
    mistake("\"50000-50010\"", "\"50010-50000\"", "this range ends before it begins"),
    mistake("\"pure-ftpd\"", "\"pureftpd\"", "`software` cannot be `pureftpd`"),
    mistake("\"EPRT\", \"site\"", "\"EPRT\", \"si te\"", "si te"),
    mistake("\"readme.txt\" = \"2 kB\"", "\"readme.txt\" = \"2 kk\"", "`kk` is not a unit"),
    mistake("mode = \"passive-epsv\"", "mode = \"pasive\"", "`mode` cannot be `pasive`"),
    mistake("client = \"client\"\nserver = \"server\"", "server = \"server\"", "the session has no `client`"),
    mistake(
        "client = \"client\"\nserver = \"server\"",
        "client = \"client\"\nserver = \"sever\"",
        "no link names a node `sever`",
    ),
    mistake("\"put notes.txt\"]", "\"put notes.txt\", \"get\"]", "get"),
    mistake("\"put notes.txt\"]", "\"put notes.txt\", \"put other.txt\"]", "no file `other.txt`"),
    mistake("\"notes.txt\" = \"100 B\"", "\"notes.txt\" = \"100 X\"", "`X` is not a unit"),
    mistake(
        "client = \"client\"\nserver = \"198.51.100.99\"",
        "client = \"other\"\nserver = \"198.51.100.99\"",
        "is switched off",
    ),
    mistake("server = \"198.51.100.99\"", "server = \"224.0.0.1\"", "no connection can go to 224.0.0.1"),
    mistake("server = \"198.51.100.99\"", "server = \"client\"", "the client and the server are the same node"),
    mistake("outcome = \"denied\"", "outcome = \"denyed\"", "`outcome` cannot be `denyed`"),
    mistake("at = \"server\"", "at = \"servr\"", "no link names a node `servr`"),
    mistake("reply = 550", "reply = 5500", "`reply` must be between"),
    mistake("session = 1", "session = 3", "there is no session 3"),
    mistake("command = \"ls\"\noutcome", "command = \"lss\"\noutcome", "`lss`"),
    mistake("rule = \"ct state invalid drop\"", "rule = \"ct state invalid\"", "a rule `ct state invalid`"),
    mistake("seed = 0x2a", "seed", "this is not TOML"),
    mistake("forward = false", "forward = fals", "this is not TOML"),
    mistake("[nodes.server.ftp-server]", "[nodes.server.ftp-server", "this is not TOML"),
];

/// Pairs of which the first leaves it open whether the second is one.
const DEPENDENT: [[&str; 2]; 3] = [
    // What links a client has decides which of its addresses are in the same network as another's.
    ["\"client -- office - internet\"", "address = \"192.168.1.10\""],
    ["down = 1", "client = \"other\"\nserver = \"198.51.100.99\""],
    // The misspelt rule may be the one that is meant.
    ["ct state invalid dorp'] }", "rule = \"ct state invalid\""],
];

const EVERYTHING: &str = include_str!("tests/everything.toml");

/// What is said of a file: each error in one line.
fn said(source: &str) -> Vec<String> {
    let Err(found) = parse(source, "everything.toml") else { return Vec::new() };
    let errors = found.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors.map(|diagnostic| diagnostic.message.to_string()).collect()
}

fn broken(source: &str, mistake: &Mistake) -> Option<String> {
    let changed = source.replacen(mistake.from, mistake.to, 1);
    (changed != source).then_some(changed)
}

#[test]
fn each_mistake_is_one_error() {
    assert_eq!(said(EVERYTHING), [""; 0]);
    let wrong = MISTAKES.iter().filter_map(|mistake| {
        let source = broken(EVERYTHING, mistake).unwrap_or_else(|| panic!("{}", mistake.from));
        let found = said(&source);
        let one = matches!(&found[..], [only] if only.contains(mistake.said));
        (!one).then(|| format!("{} > {}\n", mistake.to, found.join(" | ")))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn of_any_two_mistakes_both_are_told_and_nothing_else() {
    let mut wrong = Vec::new();
    for (at, first) in MISTAKES.iter().enumerate() {
        for second in &MISTAKES[at + 1..] {
            // Of a section whose TOML is broken nothing else is told.
            let breaks = |mistake: &Mistake| mistake.said.contains("not TOML");
            let in_server = |mistake: &Mistake| {
                let at = EVERYTHING.find(mistake.from).unwrap_or_default();
                let server = EVERYTHING.find("[nodes.server]").unwrap_or_default();
                let files = EVERYTHING.find("[nodes.server.ftp-server.files]").unwrap_or_default();
                (server..files).contains(&at)
            };
            if (breaks(first) || breaks(second)) && in_server(first) && in_server(second) {
                continue;
            }
            if DEPENDENT.contains(&[first.to, second.to]) {
                continue;
            }
            // Two that change the same words, or one of which takes the other's words away, are one mistake.
            let overlaps = |a: &Mistake, b: &Mistake| a.from.contains(b.from) || b.from.contains(a.from);
            let Some(source) = broken(EVERYTHING, first).and_then(|source| broken(&source, second)) else { continue };
            if overlaps(first, second)
                || broken(EVERYTHING, second).and_then(|it| broken(&it, first)) != Some(source.clone())
            {
                continue;
            }
            let found = said(&source);
            let told = |mistake: &Mistake| found.iter().any(|message| message.contains(mistake.said));
            if !told(first) || !told(second) || found.len() > 2 {
                wrong.push(format!("{} + {} > {}\n", first.to, second.to, found.join(" | ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} pairs:\n{}", wrong.len(), wrong.concat());
}
