//! From the greeting to the first step: who we are, what the server can do.

use super::Software;
use super::session::{ClientSession, Phase};
use super::software::Opening;
use crate::ftp::{Command, CommandResult, Hello, Host, Reply, TlsChannel};

/// What FEAT said that matters.
#[derive(Debug, Default)]
pub(super) struct Features {
    bits: u16,
    /// The facts of MLST.
    facts: String,
}

/// What is looked for in FEAT, by bit.
const KNOWN: [&str; 9] = ["AUTH", "CLNT", "LANG", "UTF8", "HOST", "PRET", "EPSV", "PASV", "MFMT"];
/// The facts that lftp asks for.
const FACTS: [&str; 9] =
    ["type", "size", "modify", "perm", "UNIX.mode", "UNIX.owner", "UNIX.group", "UNIX.uid", "UNIX.gid"];

impl Features {
    fn read(reply: &Reply) -> Self {
        let mut features = Self::default();
        for line in reply.lines.iter().filter(|line| line.starts_with(' ')) {
            let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            if let Some(bit) = KNOWN.iter().position(|known| word.eq_ignore_ascii_case(known)) {
                features.bits |= 1 << bit;
            } else if word == "MLST" {
                let facts = rest.split(';').map(|fact| fact.trim_end_matches('*'));
                features.facts = facts.filter(|fact| FACTS.contains(fact)).flat_map(|fact| [fact, ";"]).collect();
            }
        }
        features
    }

    pub(super) fn has(&self, name: &str) -> bool {
        KNOWN.iter().position(|known| *known == name).is_some_and(|bit| self.bits & 1 << bit != 0)
    }
}

impl ClientSession {
    /// Says the next thing of the opening, or begins the first step.
    pub(super) fn open(&mut self, host: &mut dyn Host) {
        while let Some(opening) = self.config.software.opening().get(usize::from(self.opening)) {
            self.opening += 1;
            if let Some(command) = self.opening_command(*opening, host) {
                if *opening == Opening::Password && self.config.software == Software::Lftp {
                    // As recorded, lftp counts the time to the next attempt from here.
                    self.tries.begin(host.now());
                }
                return self.send(&command, Phase::Opening(*opening), host);
            }
        }
        self.logged_in(host);
    }

    fn opening_command(&self, opening: Opening, host: &dyn Host) -> Option<Command> {
        let features = &self.features;
        let when = |wanted: bool, verb: &str, argument: &str| wanted.then(|| Command::new(verb, argument));
        match opening {
            Opening::Features => when(true, "FEAT", ""),
            // As recorded: lftp leaves it out where FEAT names no way to be passive, but not where FEAT is refused.
            Opening::Auth if self.config.software.opening().contains(&Opening::Features) => {
                let likely = self.features_refused || ["AUTH", "EPSV", "PASV"].iter().any(|name| features.has(name));
                when(likely || self.config.tls, "AUTH", "TLS")
            }
            Opening::Auth => when(self.config.tls, "AUTH", "SSL"),
            Opening::AuthAgain => when(self.config.tls && self.tls.is_none(), "AUTH", "TLS"),
            Opening::ClientName => when(features.has("CLNT"), "CLNT", "lftp/4.9.2"),
            Opening::Language => when(features.has("LANG"), "LANG", ""),
            Opening::Utf8 => when(features.has("UTF8"), "OPTS", "UTF8 ON"),
            Opening::HostName => when(features.has("HOST"), "HOST", "")
                .map(|_| Command::new("HOST", host.control_remote().ip().to_string())),
            Opening::User => when(true, "USER", &self.config.user),
            Opening::Password => when(self.wants_password, "PASS", &self.config.password),
            // Data connections between two servers are not protected (lftp: ftp:ssl-protect-fxp).
            Opening::Buffer => when(self.tls.is_some() && !self.is_second(), "PBSZ", "0"),
            Opening::Protection => when(self.tls.is_some() && !self.is_second(), "PROT", "P"),
            Opening::System => when(true, "SYST", ""),
            Opening::Utf8Again => when(self.utf8_refused, "OPTS", "UTF8 ON"),
            Opening::Facts => when(!features.facts.is_empty(), "OPTS", &format!("MLST {}", features.facts)),
            // curl asks on every control connection, lftp once.
            Opening::Where => when(!self.knows_home, "PWD", ""),
        }
    }

    pub(super) fn on_opening(&mut self, opening: Opening, reply: &Reply, host: &mut dyn Host) {
        match opening {
            Opening::User if reply.code == 331 => self.wants_password = true,
            // 332 wants an account, which we have not.
            Opening::User | Opening::Password if !reply.is_positive() || reply.code == 332 => {
                return self.not_let_in(reply.code, host);
            }
            Opening::Auth | Opening::AuthAgain if reply.code == 234 => {
                self.tls = Some(Box::new(TlsChannel::client()));
                self.phase = Phase::Handshake;
                host.send_raw(TlsChannel::client_hello(self.config.software.hello()));
                return self.await_reply(host);
            }
            // curl --ssl-reqd gives up; so does lftp where TLS was asked for, with QUIT and without another word.
            Opening::Auth if self.config.tls && self.config.software == Software::Lftp && !self.is_second() => {
                return self.leave_refused(reply.code, host);
            }
            Opening::Auth if self.config.tls && self.config.software == Software::Lftp => {
                return self.not_let_in(reply.code, host);
            }
            Opening::AuthAgain => return self.not_let_in(reply.code, host),
            Opening::Protection => self.private = reply.is_positive(),
            Opening::Features if reply.is_positive() => self.features = Features::read(reply),
            Opening::Features => self.features_refused = true,
            Opening::System => self.unix = reply.code == 215 && reply.text().starts_with("UNIX"),
            Opening::Utf8 => self.utf8_refused = reply.is_negative(),
            Opening::Where => {
                if let Some(code) = self.refused.take() {
                    return self.leave_refused(code, host);
                }
                self.knows_home = self.config.software == Software::Lftp && reply.is_positive();
            }
            _ => {}
        }
        self.open(host);
    }

    /// The login was refused: curl hangs up and calls again for the next entry, and so does lftp, but for servers that
    /// have not told it what MLST knows: there it asks where it is before it believes it, and says goodbye. tnftp and
    /// ftp go on as if nothing were.
    fn not_let_in(&mut self, code: u16, host: &mut dyn Host) {
        if self.is_second() {
            return self.lose(CommandResult::Reply(code), host);
        }
        match self.config.software {
            Software::Curl => self.fail_and_hang_up(CommandResult::Reply(code), host),
            Software::Lftp if self.features.facts.is_empty() => {
                self.refused = Some(code);
                self.send(&Command::new("PWD", ""), Phase::Opening(Opening::Where), host);
            }
            Software::Lftp => self.fail_and_hang_up(CommandResult::Reply(code), host),
            Software::Tnftp | Software::Ftp => {
                self.refused = Some(code);
                self.begin_step(host);
            }
        }
    }

    /// lftp: the login was refused. The entry has failed; the next one logs in again, on a control connection of its own,
    /// while this one says QUIT.
    fn leave_refused(&mut self, code: u16, host: &mut dyn Host) {
        self.fail_step(CommandResult::Reply(code), host);
        if self.index < self.quit_index {
            return self.send(&Command::new("QUIT", ""), Phase::Leaving, host);
        }
        self.begin_step(host);
    }

    /// The server's hello has come: the handshake ends with ours, and what follows is records.
    pub(super) fn on_hello(&mut self, hello: Hello, host: &mut dyn Host) {
        if self.phase == Phase::Handshake && hello == Hello::Retry {
            if let Some(tls) = &mut self.tls {
                tls.await_hello();
            }
            host.send_raw(TlsChannel::client_hello_again());
            self.await_reply(host);
        } else if self.phase == Phase::Handshake {
            host.send_raw(TlsChannel::client_finished());
            self.open(host);
        }
    }
}
