//! `ftp-server`, and the files that servers and clients have.

use super::document::{Field, Problems};
use super::model::{File, FileBody, FtpServerSpec};
use crate::ftp::Profile;
use crate::message::{Phrase, say};
use crate::suggest::quote;
use crate::units;
use std::net::Ipv4Addr;
use std::ops::Range;

const KEYS: [&str; 21] = [
    "port",
    "files",
    "users",
    "anonymous",
    "passive-ports",
    "passive-address",
    "connect-from-port-20",
    "data-port",
    "rate",
    "port-promiscuous",
    "pasv-promiscuous",
    "active",
    "passive",
    "idle-timeout",
    "data-connection-timeout",
    "max-clients",
    "connect-timeout",
    "accept-timeout",
    "software",
    "denied-commands",
    "tls",
];
/// All file bodies of a scenario together.
const MOST_BYTES: u64 = 100_000_000;
const LONGEST_PATH: usize = 255;
const LONGEST_WORD: usize = 64;

/// Reads `ftp-server`: true, or a table. `bytes` counts what all files of the scenario hold.
pub(super) fn read(problems: &mut Problems<'_>, field: &Field<'_>, bytes: &mut u64) -> Option<FtpServerSpec> {
    if let Some(runs) = field.value.get_ref().as_bool() {
        return runs.then(FtpServerSpec::default);
    }
    if !field.value.get_ref().is_table() {
        problems.wrong_type(field, say!("true or a table"), "ftp-server = { files = { \"readme.txt\" = \"2 kB\" } }");
        return None;
    }
    let table = problems.table(field, "")?;
    problems.known(&table, say!("an FTP server"), &KEYS);
    let mut server = FtpServerSpec::default();
    let config = &mut server.config;
    let flags: [(&str, &mut bool); 6] = [
        ("anonymous", &mut config.anonymous),
        ("port-promiscuous", &mut config.port_promiscuous),
        ("pasv-promiscuous", &mut config.pasv_promiscuous),
        ("active", &mut config.active),
        ("passive", &mut config.passive),
        ("tls", &mut config.tls),
    ];
    for (key, flag) in flags {
        if let Some(value) = table.get(key).and_then(|field| problems.boolean(field)) {
            *flag = value;
        }
    }
    config.max_clients =
        table.get("max-clients").and_then(|field| problems.integer(field, 1..=100_000)).map(|count| count as u32);
    let times = [
        ("idle-timeout", &mut config.idle_timeout),
        ("data-connection-timeout", &mut config.data_timeout),
        ("connect-timeout", &mut config.connect_timeout),
        ("accept-timeout", &mut config.accept_timeout),
    ];
    for (key, time) in times {
        *time = table.get(key).and_then(|field| timeout(problems, field));
    }
    config.connect_from_port_20 = table.get("connect-from-port-20").and_then(|field| problems.boolean(field));
    if let Some(field) = table.get("denied-commands") {
        config.denied_commands = denied_commands(problems, field);
    }
    if let Some(port) = table.get("port").and_then(|field| problems.port(field)) {
        server.port = port;
    }
    if let Some(field) = table.get("files") {
        server.files = files(problems, field, bytes);
    }
    if let Some(field) = table.get("users") {
        config.users = users(problems, field);
    }
    config.passive_ports = table.get("passive-ports").and_then(|field| port_range(problems, field, "passive-ports"));
    config.passive_address = table.get("passive-address").and_then(|field| passive_address(problems, field));
    let known = Profile::ALL.map(|profile| (profile.name(), profile));
    if let Some(profile) = table.get("software").and_then(|field| problems.choice(field, &known)) {
        config.software = profile;
    }
    config.rate = table.get("rate").and_then(|field| {
        let rate = problems.quantity(field, say!("a rate"), "\"50 kB/s\"", units::bytes_a_second)?;
        if rate == 0 {
            problems.error(field.span(), say!("rate cannot be zero"), say!("write for example `50 kB/s`"));
        }
        (rate > 0).then_some(rate)
    });
    if let Some(field) = table.get("data-port") {
        config.data_port = problems.port(field);
        if config.software != Profile::Vsftpd {
            let habit =
                if config.software == Profile::Proftpd { say!("the port below its own") } else { Phrase::new("20") };
            let message = say!("{} has no setting for data-port", config.software.name());
            problems.error(field.span(), message, say!("leave it out: its data connections come from {}", habit));
        }
    }
    Some(server)
}

/// A duration that is not zero.
pub(super) fn timeout(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<crate::time::Duration> {
    let duration = problems.duration(field)?;
    if duration.as_nanos() == 0 {
        problems.error(field.span(), say!("{} cannot be zero", field.name), say!("write for example `60 s`"));
        return None;
    }
    Some(duration)
}

fn users(problems: &mut Problems<'_>, field: &Field<'_>) -> Vec<(String, String)> {
    let Some(table) = problems.table(field, "users = { alice = \"secret\" }") else { return Vec::new() };
    let mut users = Vec::new();
    for field in &table.fields {
        let strange = |c: char| c.is_control() || c.is_whitespace();
        if field.key.is_empty() || field.key.len() > LONGEST_WORD || field.key.contains(strange) {
            let help = say!("a user's name is a word of at most {} bytes", LONGEST_WORD);
            problems.error(field.key_span.clone(), say!("{} cannot be a user's name", quote(field.key)), help);
        } else if let Some(password) = problems.line_of_text(field, LONGEST_WORD) {
            users.push((field.key.to_owned(), password.to_owned()));
        }
    }
    users
}

/// `50000-50010`
pub(super) fn port_range(problems: &mut Problems<'_>, field: &Field<'_>, key: &str) -> Option<(u16, u16)> {
    let text = problems.string(field, &format!("{key} = \"50000-50010\""))?;
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let ports = low.trim().parse::<u16>().ok().zip(high.trim().parse::<u16>().ok());
    match ports {
        Some((low, high)) if 0 < low && low <= high => return Some((low, high)),
        Some((low, high)) if high < low => {
            problems.error(field.span(), say!("this range ends before it begins"), say!("write `{}-{}`", high, low));
        }
        _ => problems.error(
            field.span(),
            say!("{} is not a range of ports", quote(text)),
            say!("write for example `50000-50010`"),
        ),
    }
    None
}

/// `["EPSV", "EPRT"]`
fn denied_commands(problems: &mut Problems<'_>, field: &Field<'_>) -> Vec<String> {
    let items = problems.list(field, say!("a command"), "denied-commands = [\"EPSV\"]").unwrap_or_default();
    let mut denied = Vec::new();
    for item in items {
        let Some(word) = problems.line_of_text(&item, LONGEST_WORD) else { continue };
        if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            let message = say!("{} is not an FTP command", quote(word));
            problems.error(item.span(), message, say!("write for example `EPSV`"));
        } else {
            denied.push(word.to_ascii_uppercase());
        }
    }
    denied
}

fn passive_address(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<Ipv4Addr> {
    let text = problems.string(field, "passive-address = \"203.0.113.5\"")?;
    let address = text.trim().parse();
    if address.is_err() {
        let help = say!("the reply to PASV has room for an IPv4 address only, such as `203.0.113.5`");
        problems.error(field.span(), say!("{} is not an IPv4 address", quote(text)), help);
    }
    address.ok()
}

/// `{ "readme.txt" = "2 kB", "dir/x" = { text = "..." } }`, sorted by name.
pub(super) fn files(problems: &mut Problems<'_>, field: &Field<'_>, bytes: &mut u64) -> Vec<File> {
    let Some(table) = problems.table(field, "files = { \"readme.txt\" = \"2 kB\" }") else { return Vec::new() };
    let mut found: Vec<(File, Range<usize>)> = Vec::new();
    for field in &table.fields {
        let named = path(problems, field);
        let Some(body) = body(problems, field) else { continue };
        let before = *bytes;
        *bytes = bytes.saturating_add(body.len());
        if before <= MOST_BYTES && *bytes > MOST_BYTES {
            let message = say!("the files of a scenario hold at most {} MB together", MOST_BYTES / 1_000_000);
            problems.error(field.span(), message, say!("a transfer of 1 MB shows as much as a longer one"));
        }
        if named {
            found.push(((field.key.to_owned(), body), field.key_span.clone()));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.0.cmp(&b.0));
    for ((name, _), span) in &found {
        let directory = format!("{name}/");
        let at = found.partition_point(|((other, _), _)| *other < directory);
        if found.get(at).is_some_and(|((other, _), _)| other.starts_with(&directory)) {
            problems.error(
                span.clone(),
                say!("{} cannot be a file and a directory", quote(name)),
                say!("rename one of them"),
            );
        }
    }
    found.into_iter().map(|(file, _)| file).collect()
}

/// Whether the key is a path that a file can have.
fn path(problems: &mut Problems<'_>, field: &Field<'_>) -> bool {
    let name = field.key;
    let help = if name.starts_with('/') {
        say!("write it without the leading `/`")
    } else if name.is_empty() || name.len() > LONGEST_PATH || name.chars().any(char::is_control) {
        say!("a file's name is a line of at most 255 bytes")
    } else if name.split('/').any(|part| matches!(part.trim(), "" | "." | "..")) {
        say!("write a name such as `readme.txt` or `pub/readme.txt`")
    } else {
        return true;
    };
    problems.error(field.key_span.clone(), say!("{} cannot be the name of a file", quote(name)), help);
    false
}

fn body(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<FileBody> {
    const EXAMPLE: &str = "\"readme.txt\" = \"2 kB\"";
    let value = field.value.get_ref();
    if value.is_table() {
        let table = problems.table(field, "")?;
        problems.known(&table, say!("a file"), &["text", "size"]);
        return match (table.get("text"), table.get("size")) {
            (Some(text), None) => problems.string(text, "").map(|text| FileBody::Text(text.to_owned())),
            (None, Some(size)) => file_size(problems, size),
            _ => {
                problems.error(
                    field.span(),
                    say!("a file has either a `text` or a `size`"),
                    say!("write `{ text = \"hello\" }` or `{ size = \"2 kB\" }`"),
                );
                None
            }
        };
    }
    if !value.is_str() && !value.is_integer() {
        problems.wrong_type(field, say!("a size or a table"), EXAMPLE);
        return None;
    }
    file_size(problems, field)
}

fn file_size(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<FileBody> {
    if field.value.get_ref().is_integer() {
        return problems.integer(field, 0..=u64::MAX).map(FileBody::Size);
    }
    let text = problems.string(field, "2 kB")?;
    match units::size(text) {
        Ok(size) => Some(FileBody::Size(size)),
        Err(error) => {
            let help = say!("{}; for a file with this content write `{ text = \"...\" }`", error.help);
            problems.error(field.span(), error.message, help);
            None
        }
    }
}
