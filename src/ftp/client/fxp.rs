//! FXP: a file goes from one server to another, and the client only tells them (RFC 959, section 5.2, figure 2).
//!
//! The client has a control connection to each. One server is told PASV, the other PORT with the address that the
//! first has named; then one sends the file (RETR) and the other takes it (STOR). Recorded from lftp 4.9.2
//! (`get FILE -o ftp://SECOND/FILE`): the second server listens first, and if that is refused, the first does, after
//! another login; if it could not connect, without one. Not modelled: a real vsftpd kept the second attempt's STOR waiting
//! (probably for the lock that the first still had on the file, `lock_upload_files`; not traced); what lftp does when
//! both ways are refused, copying through itself; the STAT by which it looks how far the second server has come.
//!
//! Servers refuse both by themselves, for an attacker could have them connect to anything (FTP bounce; RFC 2577).

use super::Step;
use super::session::{ClientSession, Phase};
use crate::endpoint_text::{format_host_port, parse_pasv_reply};
use crate::ftp::{Command, CommandResult, DataError, FileSystem, FtpTimer, FxpServer, Host, Mode, Note, Reply};
use bytes::Bytes;
use std::net::SocketAddrV4;
use std::sync::Arc;

/// The far end of a copy: a session that only logs in, and says what it is told to say.
#[derive(Debug)]
pub(super) struct Second {
    session: Box<ClientSession>,
    /// It was told QUIT.
    leaving: bool,
}

/// How far the current copy has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The second server's login.
    #[default]
    Login,
    /// TYPE I, to the second server and to the first.
    Types,
    /// SIZE and MDTM, to the first.
    Parameters,
    /// PASV, to the one that listens.
    Listen,
    /// PORT, to the other.
    Port,
    /// RETR and STOR.
    Transfer,
}

/// The current copy.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FxpState {
    stage: Stage,
    /// The first server listens.
    reversed: bool,
    /// It does because it could not connect, on the control connection that it has.
    turned: bool,
    /// Where the one listens.
    address: Option<SocketAddrV4>,
    /// The replies that end RETR and STOR.
    ended: [bool; 2],
    /// The transfer was told to the trace.
    begun: bool,
    /// What SIZE said, in bytes: the client sees none of them itself.
    size: u64,
}

impl Second {
    fn new(session: &ClientSession) -> Self {
        let mut config = (*session.config).clone();
        config.run = Vec::new();
        let mut session = ClientSession::new(Arc::new(config));
        session.role = Role::Second;
        Self { session: Box::new(session), leaving: false }
    }
}

/// Which part a session plays.
#[derive(Clone, Debug, Default)]
pub(super) enum Role {
    /// It has a run list.
    #[default]
    First,
    /// It logs in and waits for orders.
    Second,
}

impl ClientSession {
    pub(super) const fn is_second(&self) -> bool {
        matches!(self.role, Role::Second)
    }

    /// Begins a copy, or the next attempt.
    pub(super) fn begin_copy(&mut self, host: &mut dyn Host) {
        self.copy.stage = Stage::Login;
        self.copy.ended = [false; 2];
        self.phase = Phase::Copying;
        let mut second = self.second.take().unwrap_or_else(|| Second::new(self));
        let ready = second.session.phase == Phase::Copying;
        if !second.session.online {
            host.select_control(FxpServer::Second);
            second.session.call(host);
            host.select_control(FxpServer::First);
        }
        self.second = Some(second);
        if ready {
            self.copy_on(host);
        }
    }

    /// Says something to the second server.
    fn order(&mut self, command: &Command, host: &mut dyn Host) {
        if let Some(second) = &mut self.second {
            host.select_control(FxpServer::Second);
            second.session.send(command, Phase::Copying, host);
            host.select_control(FxpServer::First);
        }
    }

    /// Says something to the first server.
    fn say(&mut self, command: &Command, host: &mut dyn Host) {
        self.send(command, Phase::Copying, host);
    }

    fn copied_file(&self) -> String {
        match &self.step {
            Some(Step::Copy(file)) => file.clone(),
            _ => String::new(),
        }
    }

    /// Begins the next stage.
    fn copy_on(&mut self, host: &mut dyn Host) {
        let file = self.copied_file();
        let second_is_binary = self.second.as_ref().is_some_and(|second| second.session.binary == Some(true));
        self.copy.stage = match self.copy.stage {
            Stage::Login => {
                if second_is_binary && self.binary == Some(true) {
                    self.copy.stage = Stage::Types;
                    return self.copy_on(host);
                }
                if second_is_binary {
                    self.say(&Command::new("TYPE", "I"), host);
                } else {
                    self.order(&Command::new("TYPE", "I"), host);
                }
                Stage::Types
            }
            // As recorded: how far the second server has come is asked before it goes on.
            Stage::Types if self.again && self.copy.turned => {
                self.order(&Command::new("SIZE", FileSystem::resolve("/", &file)), host);
                Stage::Parameters
            }
            Stage::Types if self.again => {
                self.copy.stage = Stage::Parameters;
                return self.copy_on(host);
            }
            Stage::Types => {
                self.say(&Command::new("SIZE", file), host);
                Stage::Parameters
            }
            Stage::Parameters => {
                let passive = Command::new("PASV", "");
                if self.copy.reversed {
                    self.say(&passive, host);
                } else {
                    self.order(&passive, host);
                }
                Stage::Listen
            }
            Stage::Listen => {
                let Some(address) = self.copy.address else { return };
                let port = Command::new("PORT", format_host_port(address));
                if self.copy.reversed {
                    self.order(&port, host);
                } else {
                    self.say(&port, host);
                }
                Stage::Port
            }
            Stage::Port => {
                self.copy.begun = true;
                let mode = if self.copy.reversed { Mode::Passive } else { Mode::Active };
                host.note(Note::TransferStarted { verb: String::from("RETR"), mode });
                self.say(&Command::new("RETR", file.as_str()), host);
                self.order(&Command::new("STOR", FileSystem::resolve("/", &file)), host);
                Stage::Transfer
            }
            Stage::Transfer => return,
        };
    }

    /// A server has answered, the first or the second.
    pub(super) fn copy_reply(&mut self, server: FxpServer, reply: &Reply, host: &mut dyn Host) {
        let first = server == FxpServer::First;
        let negative = reply.is_negative();
        match self.copy.stage {
            Stage::Types if negative => self.copy_failed(CommandResult::Reply(reply.code), false, host),
            Stage::Types if first => {
                self.binary = Some(true);
                self.copy_on(host);
            }
            Stage::Types => {
                if let Some(second) = &mut self.second {
                    second.session.binary = Some(true);
                }
                if self.binary == Some(true) {
                    self.copy_on(host);
                } else {
                    self.say(&Command::new("TYPE", "I"), host);
                }
            }
            // What SIZE and MDTM say changes nothing.
            Stage::Parameters if !self.again => {
                self.again = true;
                self.copy.size = reply.text().parse().ok().filter(|_| reply.code == 213).unwrap_or_default();
                self.say(&Command::new("MDTM", self.copied_file()), host);
            }
            Stage::Parameters => self.copy_on(host),
            Stage::Listen | Stage::Port if negative => {
                self.copy_failed(CommandResult::Reply(reply.code), false, host);
            }
            Stage::Listen => {
                self.copy.address = parse_pasv_reply(&reply.lines.join("\n"));
                if self.copy.address.is_none() {
                    return self.copy_failed(CommandResult::BadReply, false, host);
                }
                self.copy_on(host);
            }
            Stage::Port => self.copy_on(host),
            Stage::Transfer if negative && first && !self.copy.reversed => {
                self.turn_round(CommandResult::Reply(reply.code), host);
            }
            Stage::Transfer if negative => self.copy_failed(CommandResult::Reply(reply.code), true, host),
            Stage::Transfer => {
                if !reply.is_preliminary() {
                    self.copy.ended[usize::from(!first)] = true;
                }
                match self.copy.ended {
                    [true, true] => {
                        self.end_copy(CommandResult::Ok, host);
                        self.finish_step(CommandResult::Ok, host);
                        self.begin_step(host);
                    }
                    // lftp's net:timeout holds once one of the two is through (`CopyCheckTimeout`); while both are at
                    // it there is nothing to see, and only keep-alive probes find out that nobody is there.
                    [true, false] => self.await_second(host),
                    [false, true] => self.await_reply(host),
                    [false, false] => {}
                }
            }
            Stage::Login => {}
        }
    }

    /// Waits for the second server no longer than for any reply.
    fn await_second(&self, host: &mut dyn Host) {
        if let Some(second) = &self.second {
            host.select_control(FxpServer::Second);
            second.session.await_reply(host);
            host.select_control(FxpServer::First);
        }
    }

    /// Tells the trace that RETR is over.
    pub(super) fn end_copy(&mut self, result: CommandResult, host: &mut dyn Host) {
        if std::mem::take(&mut self.copy.begun) {
            let mode = if self.copy.reversed { Mode::Passive } else { Mode::Active };
            let bytes = if result == CommandResult::Ok { self.copy.size } else { 0 };
            host.note(Note::TransferFinished { verb: String::from("RETR"), mode, result, bytes });
        }
    }

    /// The first server could not connect (425): the other way round. As recorded, it is told so on the control connection
    /// that there is; the second, which still waits for the first, is called again.
    fn turn_round(&mut self, result: CommandResult, host: &mut dyn Host) {
        self.end_copy(result, host);
        self.drop_second(host);
        (self.copy.reversed, self.copy.turned, self.again) = (true, true, true);
        self.begin_copy(host);
    }

    /// It did not work: the other way round, if that was not tried. `busy` if a server still waits for the other.
    fn copy_failed(&mut self, result: CommandResult, busy: bool, host: &mut dyn Host) {
        self.end_copy(result, host);
        if busy {
            self.drop_second(host);
        }
        if std::mem::replace(&mut self.copy.reversed, true) {
            return self.fail_and_hang_up(result, host);
        }
        self.try_again(result, host);
    }

    /// Says QUIT to the second server.
    pub(super) fn leave_second(&mut self, host: &mut dyn Host) {
        if self.second.as_ref().is_some_and(|second| second.session.online) {
            self.order(&Command::new("QUIT", ""), host);
            if let Some(second) = &mut self.second {
                second.leaving = true;
            }
        }
    }

    /// Hangs up on the second server.
    fn drop_second(&mut self, host: &mut dyn Host) {
        if let Some(mut second) = self.second.take() {
            host.select_control(FxpServer::Second);
            second.session.hang_up(host);
            host.select_control(FxpServer::First);
        }
    }

    /// The first connection is lost during a copy. What the second server still has to answer would be taken for the
    /// answer to something else on the next attempt.
    pub(super) fn leave_copy(&mut self, host: &mut dyn Host) {
        if self.phase == Phase::Copying && self.copy.stage != Stage::Login {
            self.drop_second(host);
        }
    }

    /// The session is over: so is what it has with the second server, unless that was told QUIT and is to answer.
    pub(super) fn end_second(&mut self, host: &mut dyn Host) {
        if self.second.as_ref().is_some_and(|second| !second.leaving) {
            self.drop_second(host);
        }
    }

    /// Lets the second session deal with something, and deals with what comes of it.
    fn on_second(&mut self, host: &mut dyn Host, tell: impl FnOnce(&mut Self, &mut dyn Host)) {
        let Some(mut second) = self.second.take() else { return };
        let was_ready = second.session.phase == Phase::Copying;
        host.select_control(FxpServer::Second);
        tell(&mut second.session, host);
        host.select_control(FxpServer::First);
        let ready = second.session.phase == Phase::Copying;
        let replies = std::mem::take(&mut second.session.unread);
        let lost = second.session.failed.take();
        self.second = lost.is_none().then_some(second);
        if self.phase != Phase::Copying {
            return;
        }
        if ready && !was_ready && self.copy.stage == Stage::Login {
            self.copy_on(host);
        }
        for reply in replies {
            if self.phase == Phase::Copying {
                self.copy_reply(FxpServer::Second, &reply, host);
            }
        }
        if let Some(result) = lost
            && self.phase == Phase::Copying
        {
            self.copy_failed(result, true, host);
        }
    }

    /// The second control connection is there.
    pub fn on_second_connected(&mut self, host: &mut dyn Host) {
        self.on_second(host, Self::on_connected);
    }

    /// Bytes arrived on the second control connection.
    pub fn on_second_control(&mut self, bytes: Bytes, host: &mut dyn Host) {
        self.on_second(host, |second, host| second.on_control(bytes, host));
    }

    /// The second server closed its side of the control connection.
    pub fn on_second_closed(&mut self, host: &mut dyn Host) {
        self.on_second(host, Self::on_control_closed);
    }

    /// The second control connection did not come about, or broke.
    pub fn on_second_failed(&mut self, error: DataError, host: &mut dyn Host) {
        self.on_second(host, |second, host| second.on_control_failed(error, host));
    }

    /// A timer of the second control connection ran out.
    pub fn on_second_timer(&mut self, timer: FtpTimer, host: &mut dyn Host) {
        self.on_second(host, |second, host| second.on_timer(timer, host));
    }
}
