//! The servers: settings, users, certificates.
//!
//! A server's users are not the machine's: it runs with `/etc/passwd` and its like of its own, mounted where only it
//! sees them (`ip netns exec` gives each command a mount namespace).

use super::{Script, files, quoted, seconds};
use crate::ftp::{Profile, ServerConfig};
use crate::message::{Part, say};
use crate::scenario::{FtpServerSpec, Scenario};
use std::fmt::Write;

/// Whose the files are: a number that no distribution gives away (`make_accounts` in `head.sh` calls it `ftp`).
const FTP_UID: u32 = 64_988;
/// The group of those who are known by name.
const USERS_GID: u32 = 64_987;

pub(super) fn write(scenario: &Scenario, script: &mut Script) {
    let servers = scenario.nodes.iter().filter_map(|node| node.ftp_server.as_ref());
    if servers.into_iter().any(|server| server.config.tls) {
        script.needs.insert(("openssl", "openssl"));
        script.body += "\n# A certificate that nobody vouches for.\nmake_certificate\n";
    }
    for (index, node) in scenario.nodes.iter().enumerate() {
        let Some(server) = node.ftp_server.as_ref().filter(|_| !node.down) else { continue };
        let _ = writeln!(script.body, "\n# The server on {}: its files, its users, its settings.", node.name);
        let root = format!("\"$work\"/root.{index}");
        let _ = writeln!(script.body, "mkdir -p {root}");
        files::write(&server.files, &root, &mut script.body);
        let _ = writeln!(script.body, "chown -R {FTP_UID} {root}\nchmod -R a+rwX {root}");
        // vsftpd refuses to serve anonymous users who could write there; others may.
        if server.config.software == Profile::Vsftpd {
            let _ = writeln!(script.body, "chown 0:{USERS_GID} {root}\nchmod 775 {root}");
        }
        let _ = writeln!(script.body, "make_accounts {index} {FTP_UID}");
        let users = server.config.users.iter().enumerate();
        for (number, (name, password)) in users.filter(|(_, (name, _))| !name.contains([':', '\n'])) {
            script.needs.insert(("openssl", "openssl"));
            let uid = FTP_UID as usize + 1 + number;
            let _ =
                writeln!(script.body, "add_account {index} {uid} {USERS_GID} {} {}", quoted(name), quoted(password));
        }
        let ipv6 = node.interfaces.iter().flat_map(|i| &i.addresses).any(|net| net.addr().is_ipv6());
        let (program, package, command) = match server.config.software {
            Profile::Vsftpd => ("vsftpd", "vsftpd", vsftpd(index, server, ipv6, &mut script.body)),
            Profile::PureFtpd => ("pure-ftpd", "pure-ftpd", pure_ftpd(server, ipv6)),
            Profile::Proftpd => ("proftpd", "proftpd-core", proftpd(index, server, ipv6, &mut script.body)),
        };
        script.needs.insert((program, package));
        if server.config.software == Profile::Proftpd && server.config.tls {
            script.needs.insert(("proftpd", "proftpd-mod-crypto"));
        }
        notes(server, script);
        let _ = writeln!(script.body, "start_server {} {index} {} {command}", node.name, server.port);
    }
}

/// What a program has no setting for. Every setting of a server is named here: a new one has to say where it goes.
fn notes(server: &FtpServerSpec, script: &mut Script) {
    let FtpServerSpec { port: _, files: _, config } = server;
    let ServerConfig {
        software,
        anonymous,
        users,
        passive_ports: _,
        connect_from_port_20,
        port_promiscuous,
        pasv_promiscuous,
        active,
        passive,
        passive_address: _,
        denied_commands,
        tls: _,
        max_clients: _,
        idle_timeout,
        data_timeout,
        connect_timeout,
        accept_timeout,
        // vsftpd's alone, and it can be set there.
        data_port: _,
        rate,
        // Those of the scenario, in another form.
        files: _,
    } = config;
    let (name, vsftpd, pure) = (software.name(), *software == Profile::Vsftpd, *software == Profile::PureFtpd);
    if vsftpd && *anonymous {
        script.note(say!("vsftpd lets no anonymous user write into the root directory itself, only below it"));
    }
    let mut without = |wanted: bool, what: &dyn Part| {
        if wanted {
            script.note(say!("{} has no setting for {}", name, what));
        }
    };
    for (user, password) in users {
        without(user.contains([':', '\n']), &say!("a user with a colon or a line end"));
        without(password.contains('\n'), &say!("a password with a line end"));
    }
    without(pure && !denied_commands.is_empty(), &"denied-commands");
    without(pure && !*active, &"active = false");
    without(pure && !*passive, &"passive = false");
    without(pure && *connect_from_port_20 == Some(false), &"connect-from-port-20 = false");
    without(pure && data_timeout.is_some(), &"data-connection-timeout");
    without(!vsftpd && connect_timeout.is_some(), &"connect-timeout");
    without(!vsftpd && accept_timeout.is_some(), &"accept-timeout");
    if !vsftpd && port_promiscuous != pasv_promiscuous {
        script.note(say!("{} has one setting for port-promiscuous and pasv-promiscuous: both are on", name));
    }
    if let Some(rate) = rate.filter(|rate| pure && rate % 512 != 0) {
        script.note(say!(
            "pure-ftpd counts its rate in half KiB/s: {} B/s becomes {}",
            rate,
            (rate / 512).max(1) * 512
        ));
    }
    let unit = if pure { 60 } else { 1 };
    script.note_rounding("idle-timeout", *idle_timeout, unit);
    for (key, time) in [
        ("data-connection-timeout", data_timeout),
        ("connect-timeout", connect_timeout),
        ("accept-timeout", accept_timeout),
    ] {
        script.note_rounding(key, *time, 1);
    }
}

/// Writes `vsftpd.conf`; the command that starts it.
fn vsftpd(index: usize, spec: &FtpServerSpec, ipv6: bool, out: &mut String) -> String {
    let yes = |flag: bool| if flag { "YES" } else { "NO" };
    let _ = writeln!(out, "mkdir -p \"$work/empty\"\ncat >\"$work/vsftpd.{index}.conf\" <<END-OF-SETTINGS");
    let mut set = |name: &str, value: &str| {
        let _ = writeln!(out, "{name}={value}");
    };
    set("listen", yes(!ipv6));
    set("listen_ipv6", yes(ipv6));
    set("background", "NO");
    set("seccomp_sandbox", "NO");
    set("secure_chroot_dir", "$work/empty");
    set("listen_port", &spec.port.to_string());
    set("write_enable", "YES");
    set("allow_writeable_chroot", "YES");
    set("anonymous_enable", yes(spec.config.anonymous));
    set("anon_root", &format!("$work/root.{index}"));
    // What the simulated server lets anonymous users do.
    for right in ["upload", "mkdir_write", "other_write"] {
        set(&format!("anon_{right}_enable"), "YES");
    }
    set("anon_umask", "022");
    set("anon_world_readable_only", "NO");
    set("local_enable", yes(!spec.config.users.is_empty()));
    if !spec.config.users.is_empty() {
        set("pam_service_name", "ftpscope");
        set("chroot_local_user", "YES");
        set("local_root", &format!("$work/root.{index}"));
        set("local_umask", "022");
    }
    set("connect_from_port_20", yes(spec.config.connect_from_port_20.unwrap_or(true)));
    if let Some(port) = spec.config.data_port {
        set("ftp_data_port", &port.to_string());
    }
    if let Some(rate) = spec.config.rate {
        set("anon_max_rate", &rate.to_string());
        set("local_max_rate", &rate.to_string());
    }
    set("port_enable", yes(spec.config.active));
    set("pasv_enable", yes(spec.config.passive));
    set("port_promiscuous", yes(spec.config.port_promiscuous));
    set("pasv_promiscuous", yes(spec.config.pasv_promiscuous));
    if let Some((low, high)) = spec.config.passive_ports {
        set("pasv_min_port", &low.to_string());
        set("pasv_max_port", &high.to_string());
    }
    if let Some(address) = spec.config.passive_address {
        set("pasv_address", &address.to_string());
    }
    if !spec.config.denied_commands.is_empty() {
        set("cmds_denied", &spec.config.denied_commands.join(","));
    }
    if let Some(clients) = spec.config.max_clients {
        set("max_clients", &clients.to_string());
    }
    if spec.config.tls {
        set("ssl_enable", "YES");
        set("allow_anon_ssl", "YES");
        set("force_local_logins_ssl", "NO");
        set("force_local_data_ssl", "NO");
        set("rsa_cert_file", "$work/certificate.pem");
        set("rsa_private_key_file", "$work/certificate.pem");
        set("ssl_ciphers", "HIGH");
    }
    let times = [
        ("idle_session_timeout", spec.config.idle_timeout),
        ("connect_timeout", spec.config.connect_timeout),
        ("accept_timeout", spec.config.accept_timeout),
        ("data_connection_timeout", spec.config.data_timeout),
    ];
    for (name, time) in times {
        // What the scenario leaves out is vsftpd's own business.
        if let Some(time) = time {
            set(name, &seconds(time).to_string());
        }
    }
    out.push_str("END-OF-SETTINGS\n");
    format!("vsftpd \"$work/vsftpd.{index}.conf\"")
}

/// The command that starts it: pure-ftpd is told everything as options.
fn pure_ftpd(spec: &FtpServerSpec, ipv6: bool) -> String {
    let mut command = format!("pure-ftpd -H -A -M -l unix -S ,{}", spec.port);
    // By itself it listens for IPv6 too, says so in its greeting, and then takes `EPSV 2` over IPv4.
    if !ipv6 {
        command += " -4";
    }
    if !spec.config.anonymous {
        command += " -E";
    }
    if let Some((low, high)) = spec.config.passive_ports {
        let _ = write!(command, " -p {low}:{high}");
    }
    // Measured: its unit is half a KiB/s.
    if let Some(rate) = spec.config.rate {
        let _ = write!(command, " -T {}", (rate / 512).max(1));
    }
    if let Some(address) = spec.config.passive_address {
        let _ = write!(command, " -P {address}");
    }
    if let Some(time) = spec.config.idle_timeout {
        let _ = write!(command, " -I {}", seconds(time).div_ceil(60));
    }
    if let Some(clients) = spec.config.max_clients {
        let _ = write!(command, " -c {clients}");
    }
    // Whose address a data connection may be to or from: also somebody else's, for everybody.
    if spec.config.port_promiscuous || spec.config.pasv_promiscuous {
        command += " -W";
    }
    if spec.config.tls {
        command += " -Y 1 -2 \"$work/certificate.pem\"";
    }
    command
}

/// Writes `proftpd.conf`; the command that starts it.
fn proftpd(index: usize, spec: &FtpServerSpec, ipv6: bool, out: &mut String) -> String {
    let on = |flag: bool| if flag { "on" } else { "off" };
    let _ = writeln!(out, "cat >\"$work/proftpd.{index}.conf\" <<END-OF-SETTINGS");
    let mut line = |text: &str| {
        let _ = writeln!(out, "{text}");
    };
    if spec.config.tls {
        line("LoadModule mod_tls.c");
    }
    line("ServerName ftpscope\nServerType standalone\nDefaultServer on\nWtmpLog off\nTransferLog NONE");
    line("User nobody\nGroup nogroup\nAuthOrder mod_auth_unix.c\nRequireValidShell off\nUseReverseDNS off");
    line(&format!("PidFile $work/proftpd.{index}.pid\nScoreboardFile $work/proftpd.{index}.scoreboard"));
    line("SystemLog $captures/proftpd.log\nDefaultRoot ~\nAllowOverwrite on\nAllowStoreRestart on\nUmask 022");
    line(&format!("Port {}\nUseIPv6 {}", spec.port, on(ipv6)));
    // Without root it cannot use port 20; by itself it gives root up for anonymous users.
    if spec.config.connect_from_port_20 == Some(true) {
        line("RootRevoke off");
    }
    if let Some((low, high)) = spec.config.passive_ports {
        line(&format!("PassivePorts {low} {high}"));
    }
    if let Some(rate) = spec.config.rate {
        line(&format!("TransferRate RETR {:.3}", rate as f64 / 1024.0));
    }
    if let Some(address) = spec.config.passive_address {
        line(&format!("MasqueradeAddress {address}"));
    }
    if let Some(time) = spec.config.idle_timeout {
        line(&format!("TimeoutIdle {}", seconds(time)));
    }
    if let Some(time) = spec.config.data_timeout {
        line(&format!("TimeoutStalled {}", seconds(time)));
    }
    if let Some(clients) = spec.config.max_clients {
        line(&format!("MaxInstances {clients}"));
    }
    if spec.config.port_promiscuous || spec.config.pasv_promiscuous {
        line("AllowForeignAddress on");
    }
    let mut denied: Vec<&str> = spec.config.denied_commands.iter().map(String::as_str).collect();
    denied.extend(
        [!spec.config.active, !spec.config.passive]
            .into_iter()
            .zip([["PORT", "EPRT"], ["PASV", "EPSV"]])
            .flat_map(|(denied, commands)| commands.into_iter().filter(move |_| denied)),
    );
    if !denied.is_empty() {
        line(&format!("<Limit {}>\n    DenyAll\n</Limit>", denied.join(" ")));
    }
    if spec.config.tls {
        line(
            "<IfModule mod_tls.c>\n    TLSEngine on\n    TLSRequired off\n    TLSRSACertificateFile $work/certificate.pem",
        );
        line("    TLSRSACertificateKeyFile $work/certificate.pem\n</IfModule>");
    }
    if spec.config.anonymous {
        line(&format!("<Anonymous $work/root.{index}>\n    User ftp\n    Group ftp\n    UserAlias anonymous ftp"));
        line("    RequireValidShell off\n</Anonymous>");
    }
    out.push_str("END-OF-SETTINGS\n");
    format!("proftpd --nodaemon --config \"$work/proftpd.{index}.conf\"")
}
