//! What each command does that neither arranges nor uses a data connection (RFC 959, section 4.1; RFC 3659; RFC 4217).

use super::session::Login;
use super::{Needs, Server, ServerSession, Text};
use crate::ftp::{Command, FileSystem, Host, Reply, TlsChannel, listing};

/// Commands that a server may forbid are checked against this before anything else.
const ALWAYS: [&str; 3] = ["USER", "PASS", "QUIT"];

/// Everything that is answered below, but for talk.
const KNOWN: [&str; 48] = [
    "QUIT", "USER", "PASS", "AUTH", "PORT", "EPRT", "PASV", "EPSV", "LIST", "NLST", "RETR", "STOR", "APPE", "MLSD",
    "PBSZ", "PROT", "CCC", "PWD", "XPWD", "CWD", "XCWD", "CDUP", "XCUP", "SIZE", "MDTM", "DELE", "MKD", "XMKD", "RMD",
    "XRMD", "RNFR", "RNTO", "MLST", "STAT", "FEAT", "HELP", "SYST", "NOOP", "ABOR", "SITE", "OPTS", "TYPE", "MODE",
    "STRU", "REST", "MFMT", "STOU", "RANG",
];

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
            _ if say.unknown_at_once && !is_known(verb, server) => self.fill(say.unknown, command, server, host),
            _ if self.login != Login::Yes && !may_come_first(verb, server) => say.login_first.reply(),
            _ => match self.refusal(command, server) {
                Some(text) => self.fill(text, command, server, host),
                None => match self.admitted(command, server, host) {
                    Some(reply) => reply,
                    None => return,
                },
            },
        };
        self.send(&reply, host);
    }

    /// What a command gets for reasons of its own: the settings forbid it, there is no such file to announce, TLS must
    /// come first.
    fn refusal(&self, command: &Command, server: &Server) -> Option<Text> {
        let (verb, say) = (command.verb.as_str(), server.say());
        if let Some(text) = denial(verb, server).filter(|_| say.denies_strangers || self.login == Login::Yes) {
            return Some(text);
        }
        if let Some(text) = self.argument_refused(command, server) {
            return Some(text);
        }
        match verb {
            "PRET" => {
                let file = command.argument.strip_prefix("RETR ")?;
                let missing = server.files.read(&FileSystem::resolve(&self.cwd, file)).is_none();
                say.announced_missing.filter(|_| missing)
            }
            "PBSZ" | "PROT" if self.tls.is_none() => say.tls_first.filter(|_| server.config.tls),
            _ => None,
        }
    }

    /// What a command gets that lacks its argument, or has one that it does not take.
    fn argument_refused(&self, command: &Command, server: &Server) -> Option<Text> {
        if self.login != Login::Yes && command.verb != "TYPE" {
            return None;
        }
        let say = server.say();
        // proftpd refuses every LANG after the login, whichever it names.
        let argument = if command.verb == "LANG" { "" } else { command.argument.trim() };
        let line = Command::new(&command.verb, argument.to_ascii_uppercase()).to_string();
        let missing = say.argument_missing.iter().find(|(begin, _)| *begin == line);
        let unwanted = say
            .takes_no_argument
            .filter(|(verbs, _)| verbs.contains(&command.verb.as_str()) && !command.argument.trim().is_empty());
        missing.map(|(_, text)| *text).or(unwanted.map(|(_, text)| text))
    }

    /// The answer to a command that nothing stands against; `None`: it answers by itself, now or later.
    fn admitted(&mut self, command: &Command, server: &mut Server, host: &mut dyn Host) -> Option<Reply> {
        let (verb, say) = (command.verb.as_str(), server.say());
        Some(match verb {
            // RFC 7151, section 3.1 wants brackets around an IPv6 address; lftp leaves them out.
            "HOST" if say.checks_host && (self.tls.is_some() || self.login == Login::Yes) => {
                Reply::new(503, "Bad sequence of commands")
            }
            "HOST" if say.checks_host && command.argument.contains(':') && !command.argument.starts_with('[') => {
                Reply::new(501, format!("{}: Invalid IPv6 address provided", command.argument))
            }
            "HOST" if say.checks_host && !is_own_name(&command.argument, host) => {
                Reply::new(504, format!("{}: Unknown hostname provided", command.argument))
            }
            "PORT" | "EPRT" | "PASV" | "EPSV" => self.negotiate(command, server, host)?,
            "LIST" | "NLST" | "RETR" | "STOR" | "APPE" | "STOU" => {
                self.begin_transfer(command, server, host);
                return None;
            }
            "MLSD" if say.facts.is_some() => {
                self.begin_transfer(command, server, host);
                return None;
            }
            "PBSZ" | "PROT" if self.tls.is_some() => {
                self.protect(command, server, host);
                return None;
            }
            "CCC" if self.tls.is_some() && say.knows_ccc => {
                self.protect(command, server, host);
                return None;
            }
            _ => match self.files(command, server, host).or_else(|| self.talk(command, server, host)) {
                Some(reply) => reply,
                None => self.fill(say.unknown, command, server, host),
            },
        })
    }

    fn user(&mut self, command: &Command, server: &Server, host: &dyn Host) -> Reply {
        let say = server.say();
        if self.login == Login::Yes {
            let text = match &self.user {
                user if server.config.is_anonymous(user) => say.guest_again,
                user if *user == command.argument => say.same_user_again,
                _ => say.user_again,
            };
            return self.fill(text, command, server, host);
        }
        if let Some(text) = say.anonymous_only
            && server.config.users.is_empty()
            && !server.config.is_anonymous(&command.argument)
        {
            return text.reply();
        }
        let nobody = command.argument.is_empty();
        if let Some(text) = say.user_missing.filter(|_| nobody) {
            return text.reply();
        }
        // pure-ftpd takes no name for `anonymous`.
        let anonymous = server.config.is_anonymous(&command.argument) || nobody && say.anonymous_at_once;
        if anonymous && say.anonymous_at_once {
            self.login = Login::Yes;
            self.user = String::from("ftp");
            return say.logged_in_anonymously.reply();
        }
        self.login = Login::User(command.argument.clone());
        self.fill(if anonymous { say.need_any_password } else { say.need_password }, command, server, host)
    }

    fn password(&mut self, command: &Command, server: &Server, host: &dyn Host) -> Reply {
        let say = server.say();
        let Login::User(user) = &self.login else {
            return match self.login {
                Login::Yes if server.config.is_anonymous(&self.user) => say.already_logged_in,
                Login::Yes => say.named_already_logged_in,
                _ => say.user_first,
            }
            .reply();
        };
        if !server.config.may_log_in(user, &command.argument) {
            self.login = Login::No;
            return say.login_incorrect.reply();
        }
        let anonymous = server.config.is_anonymous(user);
        let text = if anonymous { say.logged_in_anonymously } else { say.logged_in };
        let reply = self.fill(text, &Command::new("USER", user.as_str()), server, host);
        self.user.clone_from(user);
        self.login = Login::Yes;
        reply
    }

    /// Commands about directories and files.
    fn files(&mut self, command: &Command, server: &mut Server, host: &dyn Host) -> Option<Reply> {
        let say = server.say();
        let argument = command.argument.as_str();
        let path = FileSystem::resolve(&self.cwd, argument);
        let is_file = server.files.read(&path).is_some();
        let is_directory = server.files.is_dir(&path);
        let either = |good: bool, yes: Text, no: Text| if good { yes } else { no };
        let guest = say.guests_may_not.filter(|_| server.config.is_anonymous(&self.user));
        let mut reason = "No such file or directory";
        let text = match command.verb.as_str() {
            // RFC 959, appendix II: quotes within the path are doubled.
            "PWD" | "XPWD" => return Some(say.directory.with(&[&self.cwd.replace('"', "\"\"")])),
            "CWD" | "XCWD" => self.change_directory(path, server),
            "CDUP" | "XCUP" => self.change_directory(FileSystem::resolve(&self.cwd, ".."), server),
            "SIZE" => match (say.size_in_ascii.filter(|_| !self.binary), server.files.size(&path)) {
                (Some(text), _) => text,
                (None, Some(size)) => return Some(say.size.with(&[&size.to_string()])),
                (None, None) => either(is_directory, say.size_no_file, say.size_failed),
            },
            "MDTM" => either(is_file, say.time, say.time_failed),
            "DELE" => {
                if let Some([text, ..]) = guest {
                    text
                } else {
                    reason = if is_directory { say.directory_is_no_file } else { reason };
                    either(server.files.remove(&path), say.removed, say.remove_failed)
                }
            }
            "MKD" | "XMKD" => either(server.files.make_dir(&path), say.made, say.make_failed),
            "RMD" | "XRMD" => {
                if let Some([_, text, ..]) = guest {
                    text
                } else {
                    reason = if is_directory { "Directory not empty" } else { reason };
                    either(server.files.remove_dir(&path), say.directory_removed, say.directory_remove_failed)
                }
            }
            "RNFR" | "RNTO" if guest.is_some() => guest.map(|[_, _, text, _]| text)?,
            "RNFR" => {
                self.rename_from = Some(path).filter(|_| is_file);
                either(is_file, say.rename_from, say.rename_from_failed)
            }
            "RNTO" => match self.rename_from.take() {
                None => say.rename_first,
                Some(from) => either(server.files.rename(&from, &path), say.renamed, say.rename_failed),
            },
            "MLST" => {
                let facts = say.facts?;
                if !is_file && !is_directory {
                    say.facts_failed
                } else {
                    // proftpd names the whole path.
                    let name = if say.facts_of.1.contains("{argument}") { path.as_str() } else { argument };
                    let line = listing::fact_line(facts, name, server.files.size(&path));
                    return Some(say.facts_of.fill(&[("argument", argument), ("fact", &line)], &[]));
                }
            }
            // draft-somers-ftp-mfxx; times are not kept.
            "MFMT" if say.set_time.is_some() => {
                let [guests, others] = say.set_time?;
                let (time, file) = argument.split_once(' ').unwrap_or((argument, ""));
                let there = server.files.size(&FileSystem::resolve(&self.cwd, file)).is_some();
                let text = match (server.config.is_anonymous(&self.user), there) {
                    (true, _) => guests,
                    (false, true) => others,
                    (false, false) => return Some(self.fill(say.time_failed, command, server, host)),
                };
                return Some(text.fill(&[("time", time), ("file", file)], &[]));
            }
            "STAT" if !argument.is_empty() => {
                let (lines, _) = self.listing("LIST", argument, server);
                let lines = String::from_utf8_lossy(&lines).replace("\r\n", "\n");
                return Some(say.status_of.fill(&[("argument", argument), ("lines", lines.trim_end())], &[]));
            }
            _ => return None,
        };
        Some(self.fill_with(text, command, reason, server, host))
    }

    fn change_directory(&mut self, path: String, server: &Server) -> Text {
        if !server.files.is_dir(&path) {
            return server.say().directory_failed;
        }
        self.cwd = path;
        server.say().directory_changed
    }

    /// Parameters and small talk.
    fn talk(&mut self, command: &Command, server: &Server, host: &dyn Host) -> Option<Reply> {
        let say = server.say();
        let argument = command.argument.as_str();
        if command.verb == "SITE" && !say.guests_may_site && server.config.is_anonymous(&self.user) {
            return Some(say.permission_denied.reply());
        }
        let number = |text: &str| text.split(' ').next().is_some_and(|word| word.parse::<u64>().is_ok());
        if let Some(text) = say.allocation_bad.filter(|_| command.verb == "ALLO" && !number(argument)) {
            return Some(self.fill(text, command, server, host));
        }
        for (prefix, text) in say.canned {
            let (verb, words) = prefix.split_once(' ').unwrap_or((prefix, ""));
            let begin = argument.get(..words.len());
            if verb == command.verb && begin.is_some_and(|begin| begin.eq_ignore_ascii_case(words)) {
                let text = text.fill(&[("address", &announced(server, host))], &[argument[words.len()..].trim()]);
                return Some(text);
            }
        }
        let text = match command.verb.as_str() {
            "FEAT" => return Some(features(server)),
            "HELP" => say.help,
            "SYST" => say.system,
            "NOOP" => say.noop,
            "ABOR" => say.nothing_to_abort,
            "AUTH" => say.tls_unknown,
            "STAT" => say.status,
            "SITE" => say.site_unknown,
            "OPTS" => say.option_unknown,
            "TYPE" => self.set_type(argument, server),
            "MODE" if argument.eq_ignore_ascii_case("S") => say.mode_ok,
            "MODE" if ["B", "C"].iter().any(|mode| argument.eq_ignore_ascii_case(mode)) => say.mode_bad,
            "MODE" => say.mode_unknown,
            "RANG" if say.knows_rang => return Some(self.range(argument)),
            "STRU" if argument.eq_ignore_ascii_case("F") => say.structure_ok,
            "STRU" if ["R", "P"].iter().any(|kind| argument.eq_ignore_ascii_case(kind)) => say.structure_bad,
            "STRU" => say.structure_unknown,
            "REST" => {
                let (text, restart) = match (argument.trim().parse::<u64>(), say.restart_bad) {
                    (Err(_), Some(text)) => (text, 0),
                    (Err(_), None) => (say.restart, 0),
                    (Ok(at), _) => match say.restart_in_ascii.filter(|_| at > 0 && !self.binary) {
                        Some((text, counts)) => (text, if counts { at } else { 0 }),
                        None => (say.restart, at),
                    },
                };
                self.restart = restart;
                return Some(text.with(&[&restart.to_string()]));
            }
            _ => return None,
        };
        let mut reply = self.fill(text, command, server, host);
        // proftpd counts bytes only if there are any.
        reply.lines.retain(|line| !line.ends_with("transferred for session: 0"));
        Some(reply)
    }

    /// RANG (draft-bryan-ftp-range): the first and the last byte of the next transfer. Only the answer is modelled.
    fn range(&self, argument: &str) -> Reply {
        let ends = argument.split_once(' ').map(|(first, last)| (first.parse::<u64>(), last.trim().parse::<u64>()));
        match ends {
            _ if !self.binary => Reply::new(551, "RANG: Transfer ranges not allowed in ASCII mode"),
            Some((Ok(first), Ok(last))) if first < last => {
                Reply::new(350, format!("Transferring byte range of {} bytes starting from {first}", last - first + 1))
            }
            Some((Ok(_), Ok(_))) => Reply::new(501, "RANG start must be less than end"),
            _ => Reply::new(501, "RANG requires a value greater than or equal to 0"),
        }
    }

    fn set_type(&mut self, argument: &str, server: &Server) -> Text {
        // RFC 959, section 5.3.2: a second parameter may follow; "L 8" is the same as image.
        let say = server.say();
        let upper = argument.to_ascii_uppercase();
        match if say.type_by_letter { upper.get(..1).unwrap_or_default() } else { upper.as_str() } {
            "A" | "A N" => {
                self.binary = false;
                say.type_ascii
            }
            "I" => {
                self.binary = true;
                say.type_binary
            }
            // pure-ftpd alone does without the size of a byte; proftpd wants it as a word of its own.
            "L" if !say.type_by_letter || say.type_local_wants_word && !upper.starts_with("L ") => say.type_bad,
            "L" | "L8" | "L 8" => {
                self.binary = true;
                say.type_local
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
        if !say.tls_names.iter().any(|known| mechanism.eq_ignore_ascii_case(known)) {
            return self.send(&say.tls_bad.reply(), host);
        }
        self.send(&say.tls_begins.fill(&[("mechanism", &mechanism.to_ascii_uppercase())], &[]), host);
        self.tls = Some(Box::new(TlsChannel::server()));
    }

    /// PBSZ, PROT (RFC 4217, section 9) and CCC (section 6): the answer to CCC is the last record.
    fn protect(&mut self, command: &Command, server: &Server, host: &mut dyn Host) {
        let say = server.say();
        let text = match (command.verb.as_str(), command.argument.as_str()) {
            ("PBSZ", _) => say.buffer_ok,
            ("PROT", "P" | "p") => {
                self.private = true;
                say.protection_private
            }
            ("PROT", "C" | "c") => {
                self.private = false;
                say.protection_clear
            }
            ("PROT", "S" | "s" | "E" | "e") => say.protection_unsupported,
            ("PROT", _) => say.protection_unknown,
            _ => {
                self.send(&say.plain_again.reply(), host);
                self.tls = None;
                return;
            }
        };
        let reply = self.fill(text, command, server, host);
        self.send(&reply, host);
    }

    /// The reply with what this session knows in its holes.
    pub(super) fn fill(&self, text: Text, command: &Command, server: &Server, host: &dyn Host) -> Reply {
        self.fill_with(text, command, "", server, host)
    }

    fn fill_with(&self, text: Text, command: &Command, reason: &str, server: &Server, host: &dyn Host) -> Reply {
        if !text.1.contains('{') {
            return text.reply();
        }
        let local = host.control_local();
        let (families, supported) =
            if local.is_ipv6() { ("1,2", "IPv4 and IPv6 are supported (1,2)") } else { ("1", "IPv4 is supported (1)") };
        let secret = |yes: bool| if yes { "encrypted" } else { "plain text" };
        let login = if server.config.is_anonymous(&self.user) { "ftp" } else { &self.user };
        let idle = server.idle_timeout().as_nanos() / 1_000_000_000;
        let kbytes = |bytes: u64| bytes.div_ceil(1024).to_string();
        let named = [
            ("verb", command.verb.as_str()),
            ("user", command.argument.as_str()),
            ("argument", command.argument.as_str()),
            ("letter", command.argument.get(..1).unwrap_or_default()),
            ("first word", command.argument.split(' ').next().unwrap_or_default()),
            ("word", &command.argument.split(' ').next().unwrap_or_default().to_ascii_uppercase()),
            ("path", &FileSystem::resolve(&self.cwd, &command.argument).replace('"', "\"\"")),
            ("cwd", &self.cwd),
            ("reason", reason),
            ("login", login),
            ("control", secret(self.tls.is_some())),
            ("data", secret(self.private)),
            ("total", &(self.moved[0] + self.moved[1]).to_string()),
            ("type", if self.binary { "8-bit binary" } else { "ASCII" }),
            ("families", families),
            ("families supported", supported),
            ("guest", &server.sessions.to_string()),
            ("seats", &server.seats().unwrap_or_default().to_string()),
            ("port", &local.port().to_string()),
            ("address", &announced(server, host)),
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

/// What a command gets that the server's settings forbid.
fn denial(verb: &str, server: &Server) -> Option<Text> {
    if ALWAYS.contains(&verb) || !server.config.denies(verb) {
        return None;
    }
    server.say().denied.iter().find(|(denied, _)| [verb, ""].contains(denied)).and_then(|(_, text)| *text)
}

/// Whether the server knows this command: those of TLS only where it can do TLS.
fn is_known(verb: &str, server: &Server) -> bool {
    let sealing = matches!(verb, "AUTH" | "PBSZ" | "PROT" | "CCC");
    (KNOWN.contains(&verb) || is_talk(verb, server)) && (server.config.tls || !sealing)
}

fn is_talk(verb: &str, server: &Server) -> bool {
    server.say().canned.iter().any(|(prefix, _)| prefix.split(' ').next() == Some(verb))
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
        Needs::Active => server.config.active,
        Needs::Passive => server.config.passive,
        Needs::Tls => server.config.tls,
    };
    let lines = server.say().features.iter().filter(|(_, needs)| there(*needs));
    Reply { code: 211, lines: lines.map(|(line, _)| (*line).to_owned()).collect() }
}

/// Whether HOST names this server: by its address, as lftp does, for it has no other name.
fn is_own_name(name: &str, host: &dyn Host) -> bool {
    name.trim_matches(['[', ']']).parse() == Ok(host.control_local().ip())
}

/// The address that the server believes it has.
fn announced(server: &Server, host: &dyn Host) -> String {
    server.config.passive_address.map_or_else(|| host.control_local().ip().to_string(), |ip| ip.to_string())
}
