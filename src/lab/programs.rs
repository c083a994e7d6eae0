//! The server and the clients.

use super::quoted;
use crate::ftp::{Mode, Profile, Software, Step};
use crate::scenario::{File, FileBody, FtpServerSpec, Scenario, SessionSpec};
use std::fmt::Write;
use std::net::IpAddr;

/// What a run of real software cannot do as the scenario says.
pub(super) fn notes(scenario: &Scenario) -> Vec<String> {
    let mut notes = Vec::new();
    if scenario.sessions.iter().any(|session| session.user.is_some()) {
        notes.push(String::from("every session logs in as anonymous: vsftpd takes user names from the system"));
    }
    let others = scenario.nodes.iter().filter_map(|node| node.ftp_server.as_ref());
    if others.into_iter().any(|server| server.software != Profile::Vsftpd) {
        notes.push(String::from("every server is vsftpd"));
    }
    if scenario.sessions.iter().any(|session| session.software != Software::Curl || session.tls) {
        notes.push(String::from("every client is curl, without TLS"));
    }
    for session in &scenario.sessions {
        for run in &session.run {
            let left_out = "curl has no words for it, so it is left out";
            match Step::parse(run) {
                Ok(Step::List(_) | Step::NameList(_) | Step::Get(_) | Step::Put(_) | Step::Quit) => {}
                Ok(Step::ChangeDirectory(_)) => notes.push(format!("'{run}': later paths begin there instead")),
                _ => notes.push(format!("'{run}': {left_out}")),
            }
        }
    }
    notes
}

pub(super) fn write_servers(scenario: &Scenario, out: &mut String) {
    for (index, node) in scenario.nodes.iter().enumerate() {
        let Some(server) = node.ftp_server.as_ref().filter(|_| !node.down) else { continue };
        let _ = writeln!(
            out,
            "\n# The server on {}. Its directory may be read by the user that vsftpd becomes.",
            node.name
        );
        let root = format!("\"$work/root.{index}\"");
        let _ = writeln!(out, "chmod 755 \"$work\"\nmkdir -p {root} \"$work/empty\"");
        write_files(&server.files, &format!("$work/root.{index}"), out);
        let ipv6 = node.interfaces.iter().flat_map(|i| &i.addresses).any(|net| net.addr().is_ipv6());
        let _ = writeln!(out, "chmod -R a+rX {root}\ncat >\"$work/vsftpd.{index}.conf\" <<END-OF-SETTINGS");
        write_settings(index, server, ipv6, out);
        let _ = writeln!(out, "END-OF-SETTINGS\nstart_server {} {index} {}", node.name, server.port);
    }
}

fn write_settings(index: usize, spec: &FtpServerSpec, ipv6: bool, out: &mut String) {
    let yes = |flag: bool| if flag { "YES" } else { "NO" };
    // vsftpd counts in whole seconds and takes 0 for never.
    let seconds = |duration: crate::time::Duration| duration.as_nanos().div_ceil(1_000_000_000).max(1);
    let mut set = |name: &str, value: &str| {
        let _ = writeln!(out, "{name}={value}");
    };
    set("listen", yes(!ipv6));
    set("listen_ipv6", yes(ipv6));
    set("background", "NO");
    set("listen_port", &spec.port.to_string());
    set("ftp_data_port", &spec.port.saturating_sub(1).to_string());
    set("anonymous_enable", yes(spec.anonymous));
    set("local_enable", "NO");
    set("anon_root", &format!("$work/root.{index}"));
    set("secure_chroot_dir", "$work/empty");
    set("seccomp_sandbox", "NO");
    set("connect_from_port_20", yes(spec.connect_from_port_20.unwrap_or(true)));
    set("port_enable", yes(spec.active));
    set("pasv_enable", yes(spec.passive));
    set("port_promiscuous", yes(spec.port_promiscuous));
    set("pasv_promiscuous", yes(spec.pasv_promiscuous));
    if let Some((low, high)) = spec.passive_ports {
        set("pasv_min_port", &low.to_string());
        set("pasv_max_port", &high.to_string());
    }
    if let Some(address) = spec.passive_address {
        set("pasv_address", &address.to_string());
    }
    let times = [
        ("idle_session_timeout", spec.idle_timeout),
        ("connect_timeout", spec.connect_timeout),
        ("accept_timeout", spec.accept_timeout),
    ];
    for (name, time) in times {
        // What the scenario leaves out is vsftpd's own business.
        if let Some(time) = time {
            set(name, &seconds(time).to_string());
        }
    }
}

/// Files of a server or a client under `root`, a path with `$work` in it.
fn write_files(files: &[File], root: &str, out: &mut String) {
    for (path, body) in files {
        // Never outside of the temporary directory, whatever the name.
        let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
        let Some((name, folders)) = parts.split_last() else { continue };
        let folder = folders.iter().fold(format!("\"{root}\""), |all, part| format!("{all}/{}", quoted(part)));
        let _ = writeln!(out, "mkdir -p -- {folder}");
        let target = format!("{folder}/{}", quoted(name));
        let _ = match body {
            FileBody::Text(text) => writeln!(out, "printf '%s' {} >{target}", quoted(text)),
            FileBody::Size(size) => writeln!(out, "filler {size} >{target}"),
        };
    }
}

pub(super) fn write_sessions(scenario: &Scenario, out: &mut String) -> Result<(), String> {
    *out += "\n# The clients.\nsessions=''\n";
    for (index, session) in scenario.sessions.iter().enumerate() {
        let address = scenario.target_address(session).ok_or("a session's server has no address")?;
        let operations = operations(session, index, address);
        if operations.is_empty() {
            return Err(String::from("a session asks for nothing that curl can do: no ls, nls, get or put"));
        }
        let folder = format!("$work/client.{index}");
        let _ = writeln!(out, "mkdir -p \"{folder}\"");
        write_files(&session.files, &folder, out);
        let node = &scenario.nodes[session.client].name;
        out.push_str("(\n");
        let nanos = session.start.as_nanos();
        if nanos > 0 {
            let _ = writeln!(out, "    sleep {}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
        }
        let log = format!("\"$captures/curl.{index}.log\"");
        let _ = writeln!(out, "    code=0");
        let _ = writeln!(out, "    in_node {node} curl {} 2>{log} || code=$?", operations.join(" \\\n        --next "));
        let _ = writeln!(out, "    printf '%s\\n' \"session {}: curl ends with $code\"", index + 1);
        let _ = writeln!(out, ") &\nsessions=\"$sessions $!\"");
    }
    Ok(())
}

/// One set of curl's arguments for each entry of the run list that curl can do.
fn operations(session: &SessionSpec, index: usize, address: IpAddr) -> Vec<String> {
    let mut options = String::from("-q -sS -v -u anonymous:ftp@example.com --max-time 600");
    options += match session.mode {
        Mode::Active => " -P - --disable-eprt",
        Mode::ActiveEprt => " -P -",
        Mode::Passive => " --disable-epsv",
        Mode::PassiveEpsv => "",
    };
    if !session.mode.is_active() {
        options += if session.ignore_passive_address.unwrap_or(true) {
            " --ftp-skip-pasv-ip"
        } else {
            " --no-ftp-skip-pasv-ip"
        };
    }
    if let Some(limit) = session.connect_timeout {
        let _ = write!(options, " --connect-timeout {}", limit.as_nanos().div_ceil(1_000_000_000).max(1));
    }
    let host = match address {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let mut folder = String::new();
    let mut operations = Vec::new();
    for (number, run) in session.run.iter().enumerate() {
        let output = format!("-o \"$captures/session.{index}.{number}.out\"");
        let (what, path, more) = match Step::parse(run) {
            Ok(Step::List(path)) => (output, path, "/"),
            Ok(Step::NameList(path)) => (format!("-l {output}"), path, "/"),
            Ok(Step::Get(path)) => (output, path, ""),
            Ok(Step::Put(path)) => {
                let file = path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).map(quoted);
                let file = file.fold(format!("\"$work/client.{index}\""), |all, part| format!("{all}/{part}"));
                (format!("-T {file}"), path, "")
            }
            Ok(Step::ChangeDirectory(path)) => {
                folder = if path.starts_with('/') { path } else { format!("{folder}/{path}") };
                continue;
            }
            Ok(Step::Quit) => break,
            _ => continue,
        };
        let path = if path.starts_with('/') { path } else { format!("{folder}/{path}") };
        let path = escaped(&format!("{}{more}", path.trim_matches('/')));
        let path = if path == "/" { String::new() } else { path };
        operations.push(format!("{options} {what} {}", quoted(&format!("ftp://{host}:{}/{path}", session.port))));
    }
    operations
}

/// A path in a URL (RFC 3986, section 2.1); what curl would take for a pattern is escaped with the rest.
fn escaped(path: &str) -> String {
    let mut url = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_./~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url
}
