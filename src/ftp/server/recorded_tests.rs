//! Line by line what real servers answered (`tests/truth/replies.txt`), against what ours answers.

use crate::ftp::testing::Pair;
use crate::ftp::{ClientConfig, DataError, FileSystem, Profile, ServerConfig};
use crate::time::Duration;
use bytes::Bytes;

/// A server as the laboratory had it.
fn laboratory(title: &str) -> Pair {
    let (software, who) = title.split_once(' ').expect("a title");
    let profile = Profile::ALL.into_iter().find(|profile| profile.name() == software).expect("a server");
    let mut files = FileSystem::new();
    files.add("hello.txt", FileSystem::generated(62));
    files.add("big.bin", FileSystem::generated(20_000));
    files.make_dir("/in");
    let alice = vec![(String::from("alice"), String::from("secret"))];
    let quiet = matches!(who, "guest" | "before") && profile == Profile::Vsftpd;
    let config = ServerConfig {
        software: profile,
        files,
        users: if who == "alice" || profile == Profile::Vsftpd && !quiet { alice } else { Vec::new() },
        idle_timeout: quiet.then(|| Duration::from_secs(60)),
        ..ServerConfig::default()
    };
    Pair::between(ClientConfig::default(), config, who == "v6")
}

/// What depends on chance or clocks, taken out.
fn plain(line: &str) -> String {
    let cut = |prefix: &str, open: &str, close: &str| {
        let rest = line.strip_prefix(prefix)?;
        let (before, _) = rest.rsplit_once(open)?;
        Some(format!("{prefix}{before}{open}<P>{close}"))
    };
    if line.contains("(measured here)") {
        return String::from("226 <rate>");
    }
    cut("229 ", "(|||", "|)")
        .or_else(|| {
            let rest = line.strip_prefix("227 Entering Passive Mode (")?;
            let mut parts: Vec<&str> = rest.split(',').collect();
            parts.truncate(parts.len() - 2);
            let (_, tail) = rest.split_once(')')?;
            Some(format!("227 Entering Passive Mode ({},<P>){tail}", parts.join(",")))
        })
        .unwrap_or_else(|| line.replace("Jan 01 00:00", "<date>").trim_end().to_owned())
}

fn answers(pair: &mut Pair, command: &str) -> Vec<String> {
    pair.log.clear();
    if let Some(transfer) = command.strip_prefix('~') {
        pair.say_text("PASV\r\n");
        pair.log.clear();
        let (session, server, host) = (&mut pair.server, &mut pair.shared, &mut pair.machines[1]);
        session.on_data_connected("192.168.10.10:50001".parse().unwrap(), server, host);
        pair.say_text(&format!("{transfer}\r\n"));
        let begun = pair.log.iter().any(|line| line.starts_with("S: 150"));
        let (session, server, host) = (&mut pair.server, &mut pair.shared, &mut pair.machines[1]);
        if begun && (transfer.starts_with("STOR") || transfer.starts_with("APPE")) {
            session.on_data(Bytes::from_static(b"hello\n"), server, host);
        }
        session.on_data_closed(server, host);
        session.on_data_done(server, host);
        pair.say_text("");
    } else {
        pair.say_text(&format!("{command}\r\n"));
        if pair.log.is_empty() {
            // proftpd tries the client's default data port, where nobody listens.
            let (session, server, host) = (&mut pair.server, &mut pair.shared, &mut pair.machines[1]);
            session.on_data_failed(DataError::Refused, server, host);
            pair.say_text("");
        }
    }
    let lines = pair
        .log
        .iter()
        .filter_map(|line| line.strip_prefix("S: "))
        .flat_map(|reply| reply.lines().map(plain).collect::<Vec<_>>());
    lines.collect()
}

#[test]
fn every_recorded_line_is_answered_as_it_was() {
    let text = include_str!("../../../tests/truth/replies.txt");
    let mut wrong = Vec::new();
    let mut count = 0;
    for block in text.split("\n## ").skip(1) {
        let (title, body) = block.split_once('\n').unwrap();
        let mut pair = laboratory(title);
        // What ends a transfer follows an empty command.
        let mut entries: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in body.lines() {
            match (line.strip_prefix("C:").map(str::trim), entries.last_mut()) {
                (Some(""), Some(_)) => {}
                (Some(command), _) => entries.push((command, Vec::new())),
                (None, Some((_, lines))) => lines.push(line.get(3..).unwrap_or_default()),
                (None, None) => {}
            }
        }
        let mut entries = entries.into_iter();
        let (_, greeting) = entries.next().unwrap();
        pair.greet();
        let here: Vec<String> = pair.log.iter().flat_map(|l| l[3..].lines().map(plain).collect::<Vec<_>>()).collect();
        if here != greeting {
            wrong.push(format!("{title}: real {greeting:#?}, here {here:#?}"));
        }
        for (command, real) in entries {
            count += 1;
            let here = answers(&mut pair, command);
            if here != real {
                wrong.push(format!("{title}: {command}\n   real {real:?}\n   here {here:?}"));
            }
        }
    }
    assert!(count > 300, "{count}");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
