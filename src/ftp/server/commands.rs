//! What each command does that neither arranges nor uses a data connection (RFC 959, section 4.1; RFC 3659; RFC 4217).

use super::session::Login;
use super::{Needs, Server, ServerSession, Text};
use crate::ftp::{Command, FileSystem, Host, Reply, TlsChannel, listing};

/// Commands that a server may forbid are checked against this before anything else.
const ALWAYS: [&str; 3] = ["USER", "PASS", "QUIT"];

impl ServerSession {
    /// Answers one command.
    pub(super) fn answer(&mut self, command: &Command, server: &mut Server, host: &mut dyn Host) {
        // vsftpd ignores empty lines: some NAT devices send them.
        if command.verb.is_empty() && command.argument.is_empty() {
            return;
        }
        let verb = command.verb.as_str();
        let say = server.say();
        let reply = match verb {
            "QUIT" => {
                let goodbye = self.fill(say.goodbye, command, server, host);
                self.send(&goodbye, host);
                return self.close(server, host);
            }
            "USER" => self.user(command, server, host),
            "PASS" => self.password(command, server, host),
            "AUTH" if server.config.tls => return self.auth(&command.argument, server, host),
            _ if self.login != Login::Yes && !may_come_first(verb, server) => say.login_first.reply(),
            _ if server.config.denied.iter().any(|denied| denied == verb && !ALWAYS.contains(&verb)) => {
                say.permission_denied.reply()
            }
            "PORT" | "EPRT" | "PASV" | "EPSV" => match self.negotiate(command, server, host) {
                Some(reply) => reply,
                None => return,
            },
            "LIST" | "NLST" | "RETR" | "STOR" | "APPE" => return self.begin_transfer(command, server, host),
            "MLSD" if say.facts.is_some() => return self.begin_transfer(command, server, host),
            "PBSZ" | "PROT" | "CCC" if server.config.tls => return self.protect(command, server, host),
            _ => match self.files(command, server).or_else(|| self.talk(command, server, host)) {
                Some(reply) => reply,
                None => self.fill(say.unknown, command, server, host),
            },
        };
        self.send(&reply, host);
    }

    fn user(&mut self, command: &Command, server: &Server, host: &dyn Host) -> Reply {
        let say = server.say();
        if self.login == Login::Yes {
            return say.user_again.reply();
        }
        let anonymous = server.config.is_anonymous(&command.argument);
        if anonymous && say.anonymous_at_once {
            self.login = Login::Yes;
            return say.logged_in_anonymously.reply();
        }
        self.login = Login::User(command.argument.clone());
        self.fill(if anonymous { say.need_any_password } else { say.need_password }, command, server, host)
    }

    fn password(&mut self, command: &Command, server: &Server, host: &dyn Host) -> Reply {
        let say = server.say();
        let Login::User(user) = &self.login else {
            return if self.login == Login::Yes { say.already_logged_in } else { say.user_first }.reply();
        };
        if !server.config.may_log_in(user, &command.argument) {
            self.login = Login::No;
            return say.login_incorrect.reply();
        }
        let anonymous = server.config.is_anonymous(user);
        let text = if anonymous { say.logged_in_anonymously } else { say.logged_in };
        let reply = self.fill(text, &Command::new("USER", user.as_str()), server, host);
        self.login = Login::Yes;
        reply
    }

    /// Commands about directories and files.
    fn files(&mut self, command: &Command, server: &mut Server) -> Option<Reply> {
        let say = server.say();
        let argument = command.argument.as_str();
        let path = || FileSystem::resolve(&self.cwd, argument);
        let either = |good: bool, yes: Text, no: Text| if good { yes } else { no }.reply();
        Some(match command.verb.as_str() {
            // RFC 959, appendix II: quotes within the path are doubled.
            "PWD" | "XPWD" => say.directory.with(&[&self.cwd.replace('"', "\"\"")]),
            "CWD" | "XCWD" => self.change_directory(argument, server),
            "CDUP" | "XCUP" => self.change_directory("..", server),
            "SIZE" => match server.files.size(&path()) {
                Some(size) => say.size.with(&[&size.to_string()]),
                None => say.size_failed.reply(),
            },
            "MDTM" => either(server.files.read(&path()).is_some(), say.time, say.time_failed),
            "DELE" => either(server.files.remove(&path()), say.removed, say.remove_failed),
            "MKD" | "XMKD" => {
                let path = path();
                if server.files.make_dir(&path) {
                    say.made.with(&[&path.replace('"', "\"\"")])
                } else {
                    say.make_failed.reply()
                }
            }
            "RMD" | "XRMD" => {
                either(server.files.remove_dir(&path()), say.directory_removed, say.directory_remove_failed)
            }
            "RNFR" => {
                self.rename_from = Some(path()).filter(|path| server.files.read(path).is_some());
                either(self.rename_from.is_some(), say.rename_from, say.rename_from_failed)
            }
            "RNTO" => {
                let to = path();
                match self.rename_from.take() {
                    None => say.rename_first.reply(),
                    Some(from) => either(server.files.rename(&from, &to), say.renamed, say.rename_failed),
                }
            }
            "MLST" => {
                let path = path();
                let size = server.files.size(&path);
                if size.is_none() && !server.files.is_dir(&path) {
                    return Some(say.size_failed.reply());
                }
                let line = listing::fact_line(say.facts?, &path, size);
                Reply { code: 250, lines: vec!["Begin".to_owned(), format!(" {line}"), "End.".to_owned()] }
            }
            _ => return None,
        })
    }

    fn change_directory(&mut self, path: &str, server: &Server) -> Reply {
        let path = FileSystem::resolve(&self.cwd, path);
        if !server.files.is_dir(&path) {
            return server.say().directory_failed.reply();
        }
        let reply = server.say().directory_changed.with(&[&path]);
        self.cwd = path;
        reply
    }

    /// Parameters and small talk.
    fn talk(&mut self, command: &Command, server: &Server, host: &dyn Host) -> Option<Reply> {
        let say = server.say();
        let argument = command.argument.as_str();
        for (prefix, text) in say.talk {
            let (verb, words) = prefix.split_once(' ').unwrap_or((prefix, ""));
            let begin = argument.get(..words.len());
            if verb == command.verb && begin.is_some_and(|begin| begin.eq_ignore_ascii_case(words)) {
                return Some(text.with(&[argument[words.len()..].trim()]));
            }
        }
        let text = match command.verb.as_str() {
            "FEAT" => return Some(features(server)),
            "HELP" => return Some(help()),
            "SYST" => say.system,
            "NOOP" => say.noop,
            "ABOR" => say.nothing_to_abort,
            "AUTH" => say.tls_unknown,
            "STAT" => say.status,
            "SITE" => say.site_unknown,
            "OPTS" => say.option_unknown,
            "TYPE" => self.set_type(argument, server),
            "MODE" if argument.eq_ignore_ascii_case("S") => say.mode_ok,
            "MODE" => say.mode_bad,
            "STRU" if argument.eq_ignore_ascii_case("F") => say.structure_ok,
            "STRU" => say.structure_bad,
            "REST" => {
                self.restart = argument.trim().parse().unwrap_or(0);
                return Some(say.restart.with(&[&self.restart.to_string()]));
            }
            _ => return None,
        };
        Some(self.fill(text, command, server, host))
    }

    fn set_type(&mut self, argument: &str, server: &Server) -> Text {
        // RFC 959, section 5.3.2: a second parameter may follow; "L 8" is the same as image.
        let say = server.say();
        match argument.to_ascii_uppercase().as_str() {
            "A" | "A N" => {
                self.binary = false;
                say.type_ascii
            }
            "I" | "L8" | "L 8" => {
                self.binary = true;
                say.type_binary
            }
            _ => say.type_bad,
        }
    }

    /// AUTH (RFC 4217, section 4): what comes after 234 is records.
    fn auth(&mut self, mechanism: &str, server: &Server, host: &mut dyn Host) {
        let say = server.say();
        if self.tls.is_some() {
            return self.send(&say.tls_already.reply(), host);
        }
        if !["TLS", "TLS-C", "SSL"].iter().any(|known| mechanism.eq_ignore_ascii_case(known)) {
            return self.send(&say.tls_unknown.reply(), host);
        }
        self.send(&say.tls_begins.reply(), host);
        self.tls = Some(Box::new(TlsChannel::server()));
    }

    /// PBSZ, PROT (RFC 4217, section 9) and CCC (section 6): the answer to CCC is the last record.
    fn protect(&mut self, command: &Command, server: &Server, host: &mut dyn Host) {
        let say = server.say();
        let text = match (command.verb.as_str(), command.argument.as_str()) {
            _ if self.tls.is_none() => say.tls_first,
            ("PBSZ", _) => say.buffer_ok,
            ("PROT", "P" | "p") => {
                self.private = true;
                say.protection_private
            }
            ("PROT", "C" | "c") => {
                self.private = false;
                say.protection_clear
            }
            ("PROT", _) => say.protection_unknown,
            _ => {
                self.send(&say.plain_again.reply(), host);
                self.tls = None;
                return;
            }
        };
        self.send(&text.reply(), host);
    }

    /// The reply with what this session knows in its holes.
    pub(super) fn fill(&self, text: Text, command: &Command, server: &Server, host: &dyn Host) -> Reply {
        if !text.1.contains('{') {
            return text.reply();
        }
        let local = host.control_local();
        let address = server.config.pasv_address.map_or_else(|| local.ip().to_string(), |ip| ip.to_string());
        let idle = server.idle_timeout().as_nanos() / 1_000_000_000;
        // pure-ftpd lets in 50 users, or half as many as it has passive ports.
        let ports = server.config.pasv_ports.map_or(u32::MAX, |(low, high)| u32::from(high.saturating_sub(low)) + 1);
        let seats = (ports / 2).clamp(1, 50);
        let kbytes = |bytes: u64| bytes.div_ceil(1024).to_string();
        let named = [
            ("verb", command.verb.as_str()),
            ("user", command.argument.as_str()),
            ("guest", &server.guests.to_string()),
            ("seats", &seats.to_string()),
            ("port", &local.port().to_string()),
            ("address", &address),
            ("peer", &host.control_remote().ip().to_string()),
            ("idle", &idle.to_string()),
            ("minutes", &(idle / 60).to_string()),
            ("up", &kbytes(self.moved[0])),
            ("down", &kbytes(self.moved[1])),
            ("mode", if self.binary { "BINARY" } else { "ASCII" }),
        ];
        text.fill(&named, &[])
    }
}

fn may_come_first(verb: &str, server: &Server) -> bool {
    server.say().before_login.contains(&verb) || server.config.tls && matches!(verb, "PBSZ" | "PROT")
        // pure-ftpd and proftpd know no AUTH then; vsftpd asks for the login first.
        || verb == "AUTH" && server.say().before_login.contains(&"SYST")
}

/// 211, naming only what is allowed (RFC 2389).
fn features(server: &Server) -> Reply {
    let there = |needs: Needs| match needs {
        Needs::Nothing => true,
        Needs::Active => server.config.active_enabled,
        Needs::Passive => server.config.passive_enabled,
        Needs::Tls => server.config.tls,
    };
    let lines = server.say().features.iter().filter(|(_, needs)| there(*needs));
    Reply { code: 211, lines: lines.map(|(line, _)| (*line).to_owned()).collect() }
}

fn help() -> Reply {
    let lines = [
        "The following commands are recognized.",
        " ABOR APPE AUTH CDUP CWD  DELE EPRT EPSV FEAT HELP LIST MDTM MKD  MLSD MLST",
        " MODE NLST NOOP OPTS PASS PASV PORT PWD  QUIT REST RETR RMD  RNFR RNTO SITE",
        " SIZE STAT STOR STRU SYST TYPE USER XCUP XCWD XMKD XPWD XRMD",
        "Help OK.",
    ];
    Reply { code: 214, lines: lines.map(str::to_owned).to_vec() }
}
