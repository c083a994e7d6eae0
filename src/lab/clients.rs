//! The clients: curl's options, and the commands that lftp, tnftp and inetutils-ftp are typed.
//!
//! A client runs in a directory of its own, where the files it sends are in `files` and what it gets goes to `received`.

use super::words::document;
use super::{NoLaboratory, Script, files, quoted, seconds};
use crate::ftp::{ClientConfig, Mode, Software, Step};
use crate::scenario::{Scenario, SessionSpec};
use crate::time::Duration;
use std::fmt::Write;
use std::net::IpAddr;

pub(super) fn write(scenario: &Scenario, script: &mut Script) -> Result<(), NoLaboratory> {
    script.body += "\n# The clients.\nsessions=''\n";
    for (index, session) in scenario.sessions.iter().enumerate() {
        let address = scenario.target_address(session).ok_or(NoLaboratory::NoAddress(index + 1))?;
        let place = format!("\"$captures\"/session.{index}");
        let _ = writeln!(script.body, "mkdir -p {place}/files {place}/received");
        files::write(&session.files, &format!("{place}/files"), &mut script.body);
        let second = session.second_server.and_then(|second| scenario.address_of(second));
        let client = Client { session, address, second };
        client.notes(script);
        let (program, package, command) = match session.software {
            Software::Curl => ("curl", "curl", client.curl(script)),
            Software::Lftp => ("lftp", "lftp", client.typed(script, "lftp --norc", index)),
            Software::Tnftp => {
                let options = client.tnftp_options();
                ("tnftp", "tnftp", client.typed(script, &format!("tnftp -n -v -i{options}"), index))
            }
            Software::Ftp => ("inetutils-ftp", "inetutils-ftp", client.typed(script, "inetutils-ftp -n -v -i", index)),
        };
        script.needs.insert((program, package));
        script.body.push_str("(\n");
        let nanos = session.start.as_nanos();
        if nanos > 0 {
            let _ = writeln!(script.body, "    sleep {}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
        }
        let node = &scenario.nodes[session.client].name;
        let _ = writeln!(script.body, "    cd {place}\n    code=0");
        let _ = writeln!(script.body, "    in_node {node} {command} >log 2>&1 || code=$?");
        let _ = writeln!(script.body, "    printf '%s\\n' \"session {}: {program} ends with $code\"", index + 1);
        let _ = writeln!(script.body, ") &\nsessions=\"$sessions $!\"");
    }
    Ok(())
}

struct Client<'a> {
    session: &'a SessionSpec,
    address: IpAddr,
    /// Where `fxp` copies to.
    second: Option<IpAddr>,
}

impl Client<'_> {
    /// The name and password for the login.
    fn login(&self) -> (String, String) {
        let anonymous = ClientConfig::default();
        let user = self.session.user.clone().unwrap_or(anonymous.user);
        (user, self.session.password.clone().unwrap_or(anonymous.password))
    }

    /// The steps up to QUIT, with their numbers.
    fn steps(&self) -> impl Iterator<Item = (usize, Step)> {
        let steps = self.session.run.iter().map(|run| Step::parse(run));
        steps.enumerate().filter_map(|(number, step)| Some((number, step.ok()?))).take_while(|(_, s)| *s != Step::Quit)
    }

    /// What the program has no setting for. Every setting of a session is named here: a new one has to say where it goes.
    fn notes(&self, script: &mut Script) {
        let SessionSpec {
            client: _,
            server: _,
            port: _,
            second_server: _,
            second_port: _,
            software,
            mode: _,
            run: _,
            user: _,
            password: _,
            start: _,
            connect_timeout,
            reply_timeout,
            // Nobody but lftp has these, simulated or not.
            max_retries: _,
            reconnect_interval,
            ignore_passive_address,
            active_ports,
            active_address,
            tls: _,
            files: _,
        } = self.session;
        let name = software.name();
        let mut without = |wanted: bool, what: &str| {
            if wanted {
                script.note(format!("{name} has no setting for {what}"));
            }
        };
        let (curl, lftp, ftp) = (*software == Software::Curl, *software == Software::Lftp, *software == Software::Ftp);
        let classic = !curl && !lftp;
        let (user, _) = self.login();
        without(curl && user.contains(':'), "a user with a colon");
        without(lftp && user.contains(','), "a user with a comma");
        without(classic && ignore_passive_address.is_some(), "ignore-passive-address");
        without(classic && active_ports.is_some(), "active-ports");
        without(classic && active_address.is_some(), "active-address");
        without(lftp && active_address.is_some_and(|ip| ip.is_ipv6()), "an IPv6 active-address");
        without(ftp && connect_timeout.is_some(), "connect-timeout");
        without(ftp && reply_timeout.is_some(), "reply-timeout");
        if !ftp && !curl && connect_timeout.is_some() && reply_timeout.is_some() && connect_timeout != reply_timeout {
            script.note(format!("{name} has one time-out for connect-timeout and reply-timeout"));
        }
        if !curl && !ftp {
            script.note_rounding("connect-timeout", *connect_timeout, 1);
            script.note_rounding("reply-timeout", *reply_timeout, 1);
        }
        if lftp {
            script.note_rounding("reconnect-interval", *reconnect_interval, 1);
        }
    }

    /// curl with one set of options for each command of the run list. What moves no bytes goes with a request for nothing
    /// (`--head`). The star before a command: go on whatever the answer.
    fn curl(&self, script: &mut Script) -> String {
        // `-q` counts as the first word only. By itself curl changes directory for a path with directories; the
        // simulated one names the path.
        let options = format!("-q -sS -v --ftp-method nocwd {}", self.curl_options(script));
        let host = in_url(self.address);
        let url = |path: &str| quoted(&format!("ftp://{host}:{}/{}", self.session.port, escaped(path)));
        let quote = |commands: &[String]| {
            let words = commands.iter().map(|command| format!("-Q {}", quoted(&format!("*{command}"))));
            format!("{} --head", words.collect::<Vec<_>>().join(" "))
        };
        let mut operations = Vec::new();
        for (number, step) in self.steps() {
            let (what, path, more) = match step {
                Step::List(path) => (format!("-o received/{number}"), path, "/"),
                Step::NameList(path) => (format!("-l -o received/{number}"), path, "/"),
                Step::Get(path) => (format!("-o received/{number}"), path, ""),
                Step::Put(path) => (format!("-T {}", files::below("files", &path)), path, ""),
                Step::Append(path) => (format!("-a -T {}", files::below("files", &path)), path, ""),
                Step::ChangeDirectory(path) => (quote(&[format!("CWD {path}")]), String::new(), ""),
                Step::Delete(path) => (quote(&[format!("DELE {path}")]), String::new(), ""),
                Step::MakeDirectory(path) => (quote(&[format!("MKD {path}")]), String::new(), ""),
                Step::Rename(from, to) => (quote(&[format!("RNFR {from}"), format!("RNTO {to}")]), String::new(), ""),
                Step::PrintDirectory => (quote(&[String::from("PWD")]), String::new(), ""),
                Step::Raw(command) => {
                    let text = command.to_string();
                    (quote(&[text.trim_end().to_owned()]), String::new(), "")
                }
                Step::Wait(_) => {
                    script.notes.insert(String::from("curl does not wait between two URLs"));
                    continue;
                }
                // The scenario's check lets only lftp copy.
                Step::Copy(_) | Step::Quit => continue,
            };
            let path = if path.is_empty() { path } else { format!("{}{more}", path.trim_end_matches('/')) };
            operations.push(format!("{options} {what} {}", url(&path)));
        }
        if operations.is_empty() {
            operations.push(format!("{options} --head {}", url("")));
        }
        format!("curl {}", operations.join(" \\\n        --next "))
    }

    fn curl_options(&self, script: &mut Script) -> String {
        let session = self.session;
        let (user, password) = self.login();
        let mut options = format!("-u {}", quoted(&format!("{user}:{password}")));
        if session.mode.is_active() {
            let _ = match (session.active_address, session.active_ports) {
                (None, None) => write!(options, " -P -"),
                (Some(IpAddr::V6(ip)), None) => write!(options, " -P [{ip}]"),
                (Some(ip), None) => write!(options, " -P {ip}"),
                (None, Some((low, high))) => write!(options, " -P :{low}-{high}"),
                (Some(IpAddr::V6(ip)), Some((low, high))) => write!(options, " -P [{ip}]:{low}-{high}"),
                (Some(ip), Some((low, high))) => write!(options, " -P {ip}:{low}-{high}"),
            };
        } else if session.ignore_passive_address.unwrap_or(true) {
            options += " --ftp-skip-pasv-ip";
        } else {
            options += " --no-ftp-skip-pasv-ip";
        }
        options += match session.mode {
            Mode::Active => " --disable-eprt",
            Mode::Passive => " --disable-epsv",
            Mode::ActiveEprt | Mode::PassiveEpsv => "",
        };
        if session.tls {
            options += " --ssl-reqd --insecure";
        }
        if let Some(limit) = session.connect_timeout {
            let _ = write!(options, " --connect-timeout {}", decimal(limit));
        }
        match session.reply_timeout {
            Some(limit) => {
                script.note("curl's reply-timeout is a limit to each command as a whole");
                let _ = write!(options, " --max-time {}", decimal(limit));
            }
            // So that no script hangs.
            None => options += " --max-time 600",
        }
        options
    }

    /// A program that is typed its commands: the command that starts it.
    fn typed(&self, script: &mut Script, program: &str, index: usize) -> String {
        let lines = match self.session.software {
            Software::Lftp => self.lftp_lines(script),
            _ => self.classic_lines(),
        };
        let file = format!("\"$captures\"/session.{index}/commands");
        script.body += &document(&file, "END-OF-COMMANDS", &(lines.join("\n") + "\n"));
        format!("{program} <commands")
    }

    fn lftp_lines(&self, script: &mut Script) -> Vec<String> {
        let session = self.session;
        let mut lines: Vec<String> =
            ["debug 9", "set cmd:fail-exit no", "set xfer:clobber yes"].map(String::from).into();
        let mut set = |name: &str, value: String| lines.push(format!("set {name} {value}"));
        set("ftp:passive-mode", if session.mode.is_active() { "no" } else { "yes" }.to_owned());
        set("ftp:prefer-epsv", if session.mode == Mode::PassiveEpsv { "yes" } else { "no" }.to_owned());
        if session.mode == Mode::ActiveEprt {
            script.note("lftp says PORT to an IPv4 server, never EPRT");
        }
        if session.tls {
            set("ftp:ssl-force", "yes".to_owned());
        }
        // It says AUTH TLS to everybody, and the simulated one trusts all certificates.
        set("ssl:verify-certificate", "no".to_owned());
        // By itself it would try for hours; the simulated one does not either.
        let simulated = ClientConfig::default();
        let pause = seconds(session.reconnect_interval.unwrap_or(simulated.reconnect_interval)).to_string();
        set("net:max-retries", session.max_retries.unwrap_or(simulated.max_retries).to_string());
        set("net:reconnect-interval-base", pause.clone());
        set("net:reconnect-interval-max", pause);
        if let Some(limit) = session.connect_timeout.or(session.reply_timeout) {
            set("net:timeout", seconds(limit).to_string());
        }
        if let Some(IpAddr::V4(ip)) = session.active_address {
            set("ftp:port-ipv4", ip.to_string());
        }
        if let Some((low, high)) = session.active_ports {
            set("ftp:port-range", format!("{low}-{high}"));
        }
        if let Some(ignore) = session.ignore_passive_address {
            set("ftp:ignore-pasv-address", if ignore { "yes" } else { "no" }.to_owned());
            set("ftp:fix-pasv-address", "no".to_owned());
        }
        let (user, password) = self.login();
        let login = in_quotes(&format!("{user},{password}"));
        lines.push(format!("open -u {login} -p {} {}", session.port, self.address));
        for (number, step) in self.steps() {
            lines.push(match step {
                Step::List(path) if path.is_empty() => format!("ls > received/{number}"),
                Step::List(path) => format!("ls {} > received/{number}", in_quotes(&path)),
                Step::NameList(path) if path.is_empty() => format!("nlist > received/{number}"),
                Step::NameList(path) => format!("nlist {} > received/{number}", in_quotes(&path)),
                Step::Get(path) => format!("get {} -o received/{number}", in_quotes(&path)),
                Step::Put(path) => format!("put {} -o {}", in_quotes(&local(&path)), in_quotes(&path)),
                Step::Append(path) => {
                    script.note("lftp has no word for APPE, so append is left out");
                    format!("# append {}", super::one_line(&path))
                }
                Step::Copy(path) => {
                    let Some(second) = self.second else { continue };
                    let (user, password) = self.login();
                    let [user, password, name] = [&user, &password, &path].map(|text| escaped(text));
                    let to = format!("ftp://{user}:{password}@{}:{}/{name}", in_url(second), session.second_port);
                    format!("get {} -o {}", in_quotes(&path), in_quotes(&to))
                }
                Step::Delete(path) => format!("rm {}", in_quotes(&path)),
                Step::MakeDirectory(path) => format!("mkdir {}", in_quotes(&path)),
                Step::Rename(from, to) => format!("mv {} {}", in_quotes(&from), in_quotes(&to)),
                Step::ChangeDirectory(path) => format!("cd {}", in_quotes(&path)),
                Step::Wait(time) => format!("!sleep {}", seconds(time)),
                Step::PrintDirectory => String::from("quote PWD"),
                Step::Raw(command) => with("quote", &[command.word(), &command.argument]),
                Step::Quit => continue,
            });
        }
        lines.push(String::from("bye"));
        lines
    }

    /// tnftp's own choice is EPSV, `-A` is EPRT; `epsv4` leaves PASV and PORT.
    fn tnftp_options(&self) -> String {
        let mut options = String::from(if self.session.mode.is_active() { " -A" } else { "" });
        // How long it waits for anything.
        if let Some(limit) = self.session.reply_timeout.or(self.session.connect_timeout) {
            let _ = write!(options, " -q {}", seconds(limit));
        }
        options
    }

    /// What tnftp and inetutils-ftp, of one family, are typed.
    fn classic_lines(&self) -> Vec<String> {
        let session = self.session;
        let (user, password) = self.login();
        let tnftp = session.software == Software::Tnftp;
        let mut lines = vec![format!("open {} {}", self.address, session.port)];
        lines.push(format!("user {} {}", in_quotes(&user), in_quotes(&password)));
        // Both programs are for EPSV and EPRT over IPv6. Over IPv4 tnftp is as well, the other is not.
        let extended = matches!(session.mode, Mode::ActiveEprt | Mode::PassiveEpsv);
        if !tnftp && !session.mode.is_active() {
            lines.push(String::from("passive"));
        }
        if self.address.is_ipv4() && extended != tnftp {
            lines.push(String::from("epsv4"));
        }
        for (_, step) in self.steps() {
            lines.push(match step {
                Step::List(path) => with("ls", &[&path]),
                Step::NameList(path) => with("nlist", &[&path]),
                Step::Get(path) => {
                    let name = path.rsplit('/').next().unwrap_or(&path);
                    with("get", &[&path, &format!("received/{name}")])
                }
                Step::Put(path) => with("put", &[&local(&path), &path]),
                Step::Append(path) => with("append", &[&local(&path), &path]),
                Step::Delete(path) => with("delete", &[&path]),
                Step::MakeDirectory(path) => with("mkdir", &[&path]),
                Step::Rename(from, to) => with("rename", &[&from, &to]),
                Step::ChangeDirectory(path) => with("cd", &[&path]),
                Step::Wait(time) => format!("!sleep {}", seconds(time)),
                Step::PrintDirectory => String::from("pwd"),
                Step::Raw(command) => format!("quote {command}"),
                Step::Copy(_) | Step::Quit => continue,
            });
        }
        lines.push(String::from("quit"));
        lines
    }
}

/// Seconds, as finely as curl takes them.
fn decimal(time: Duration) -> String {
    let millis = time.as_nanos().div_ceil(1_000_000).max(1);
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// A command with its arguments.
fn with(word: &str, arguments: &[&str]) -> String {
    let arguments = arguments.iter().filter(|argument| !argument.is_empty());
    arguments.fold(word.to_owned(), |all, argument| format!("{all} {}", in_quotes(argument)))
}

/// A word that lftp, tnftp and inetutils-ftp take as it is.
fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// Where the client has a file that it sends.
fn local(path: &str) -> String {
    files::parts(path).fold(String::from("files"), |all, part| format!("{all}/{part}"))
}

/// An address in a URL (RFC 3986, section 3.2.2).
fn in_url(address: IpAddr) -> String {
    match address {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// A path in a URL (RFC 3986, section 2.1); what curl would take for a pattern is escaped with the rest, and so is a
/// slash in front, which would be the URL's own (RFC 1738, section 3.2.2).
fn escaped(path: &str) -> String {
    let mut url = String::new();
    for (place, byte) in path.bytes().enumerate() {
        if (place, byte) != (0, b'/') && (byte.is_ascii_alphanumeric() || b"-_./~".contains(&byte)) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url
}
