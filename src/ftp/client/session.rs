//! One control connection of the client: the login, one step after the other, the end.

use super::transfer::Data;
use super::{ClientConfig, Step};
use crate::ftp::{Command, DataError, FtpTimer, Host, Note, Reply, ReplyReader, StepResult};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// One client's session. Every event is a method; what it does goes to the [`Host`].
#[derive(Debug)]
pub struct ClientSession {
    pub(super) config: Arc<ClientConfig>,
    pub(super) phase: Phase,
    /// The entry that runs or, before it begins, comes next.
    index: u32,
    /// The entry's step, once it has begun.
    pub(super) step: Option<Step>,
    pub(super) data: Data,
    /// What TYPE was last accepted.
    pub(super) binary: Option<bool>,
    replies: ReplyReader,
    /// What the last transfer brought.
    pub(super) received: Vec<Bytes>,
}

/// What the session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The control connection.
    Connecting,
    /// 220.
    Greeting,
    /// The reply to USER.
    User,
    /// The reply to PASS.
    Pass,
    /// The reply to the PWD that follows the login.
    Where,
    /// The reply to PORT, PASV and their like.
    Negotiating,
    /// The passive data connection.
    ConnectingData,
    /// The reply to TYPE.
    Type,
    /// The reply to SIZE.
    Size,
    /// The end of a transfer, on both channels.
    Transfer,
    /// The reply to a command that is a step by itself.
    Simple,
    /// The reply to QUIT.
    Quit,
    /// The server's FIN.
    Closing,
    /// Nothing.
    Done,
}

impl ClientSession {
    /// A session that waits for its control connection.
    pub fn new(config: Arc<ClientConfig>) -> Self {
        Self {
            config,
            phase: Phase::Connecting,
            index: 0,
            step: None,
            data: Data::default(),
            binary: None,
            replies: ReplyReader::default(),
            received: Vec::new(),
        }
    }

    /// Whether the session is over; it then ignores every event.
    pub fn is_finished(&self) -> bool {
        self.phase == Phase::Done
    }

    /// The bytes that the last `ls`, `nls` or `get` received, as they arrived.
    pub fn received(&self) -> &[Bytes] {
        &self.received
    }

    /// The control connection is being opened.
    pub fn on_started(&mut self, host: &mut dyn Host) {
        if let Some(after) = self.config.connect_timeout {
            host.set_timer(FtpTimer::ControlConnect, after);
        }
    }

    /// The control connection is there.
    pub fn on_connected(&mut self, host: &mut dyn Host) {
        if self.phase == Phase::Connecting {
            host.cancel_timer(FtpTimer::ControlConnect);
            self.phase = Phase::Greeting;
            self.await_reply(host);
        }
    }

    /// Bytes arrived on the control connection.
    pub fn on_control(&mut self, bytes: Bytes, host: &mut dyn Host) {
        self.replies.push(bytes);
        while !self.is_finished() {
            match self.replies.next_reply() {
                None => break,
                Some(Ok(reply)) => {
                    host.saw_reply(&reply);
                    host.cancel_timer(FtpTimer::Reply);
                    self.answer(&reply, host);
                }
                Some(Err(_)) => {
                    self.give_up(StepResult::BadReply, host);
                    host.close_control();
                }
            }
        }
    }

    /// The server closed its side of the control connection.
    pub fn on_control_closed(&mut self, host: &mut dyn Host) {
        if !self.is_finished() {
            // After QUIT this is the answer, even without 221.
            let result = if self.phase == Phase::Quit { StepResult::Ok } else { StepResult::Closed };
            self.give_up(result, host);
            host.close_control();
        }
    }

    /// The control connection did not come about, or broke.
    pub fn on_control_failed(&mut self, error: DataError, host: &mut dyn Host) {
        match self.phase {
            Phase::Done => {}
            Phase::Connecting => self.give_up(StepResult::Connect(error), host),
            _ => self.give_up(StepResult::Lost(error), host),
        }
    }

    /// A timer ran out.
    pub fn on_timer(&mut self, timer: FtpTimer, host: &mut dyn Host) {
        match (timer, self.phase) {
            (FtpTimer::ControlConnect, Phase::Connecting) => {
                self.give_up(StepResult::Connect(DataError::TimedOut), host);
                host.close_control();
            }
            (FtpTimer::DataConnect, Phase::ConnectingData | Phase::Transfer) => self.on_data_timeout(host),
            (FtpTimer::Reply, phase) if phase != Phase::Done => {
                self.give_up(StepResult::NoAnswer, host);
                host.close_control();
            }
            _ => {}
        }
    }

    pub(super) fn send(&mut self, command: &Command, phase: Phase, host: &mut dyn Host) {
        host.send_command(command);
        self.phase = phase;
        self.await_reply(host);
    }

    pub(super) fn await_reply(&self, host: &mut dyn Host) {
        if let Some(after) = self.config.reply_timeout {
            host.set_timer(FtpTimer::Reply, after);
        }
    }

    fn answer(&mut self, reply: &Reply, host: &mut dyn Host) {
        // RFC 959, section 4.2.2: 421 may come at any time, even instead of another reply.
        if reply.code == 421 && self.phase != Phase::Closing {
            self.fail_rest(StepResult::Reply(421), host);
            self.phase = Phase::Closing;
            return;
        }
        if reply.is_preliminary() && self.phase != Phase::Transfer {
            return self.await_reply(host);
        }
        match self.phase {
            Phase::Greeting if reply.is_positive() => {
                let user = Command::new("USER", self.config.user.as_str());
                self.send(&user, Phase::User, host);
            }
            Phase::User if reply.code == 331 => {
                let password = Command::new("PASS", self.config.password.as_str());
                self.send(&password, Phase::Pass, host);
            }
            // 332 wants an account, which we have not.
            Phase::User | Phase::Pass if reply.is_positive() && reply.code != 332 => {
                self.send(&Command::new("PWD", ""), Phase::Where, host);
            }
            Phase::Greeting | Phase::User | Phase::Pass => {
                self.fail_rest(StepResult::Reply(reply.code), host);
                self.begin_step(host);
            }
            Phase::Where => self.begin_step(host),
            Phase::Simple => {
                let result = if reply.is_negative() { StepResult::Reply(reply.code) } else { StepResult::Ok };
                self.finish_step(result, host);
                self.begin_step(host);
            }
            Phase::Quit => {
                let result = if reply.is_negative() { StepResult::Reply(reply.code) } else { StepResult::Ok };
                self.finish_step(result, host);
                self.skip_to(self.entries(), host);
                self.phase = Phase::Closing;
            }
            Phase::Negotiating => self.on_negotiated(reply, host),
            Phase::Type => self.on_type(reply, host),
            Phase::Size => self.begin_transfer(host),
            Phase::Transfer => self.on_transfer_reply(reply, host),
            // Nothing was asked.
            Phase::Connecting | Phase::ConnectingData | Phase::Closing | Phase::Done => {}
        }
    }

    /// Which entry says QUIT: the first that does, or one more than there are.
    fn quit_index(&self) -> u32 {
        let quit = |entry: &String| Step::parse(entry) == Ok(Step::Quit);
        self.config.run.iter().position(quit).unwrap_or(self.config.run.len()) as u32
    }

    /// How many entries the run list has, with the QUIT that is added.
    fn entries(&self) -> u32 {
        (self.quit_index() + 1).max(self.config.run.len() as u32)
    }

    fn entry(&self) -> String {
        self.config.run.get(self.index as usize).map_or_else(|| String::from("quit"), Clone::clone)
    }

    /// Begins the next entry.
    pub(super) fn begin_step(&mut self, host: &mut dyn Host) {
        let command = loop {
            let entry = self.entry();
            let Ok(step) = Step::parse(&entry) else {
                // The scenario's check lets no such entry through.
                self.finish_step(StepResult::NotRun, host);
                continue;
            };
            host.note(Note::StepStarted { index: self.index, run: entry });
            let step = self.step.insert(step);
            match step {
                Step::ChangeDirectory(path) => break Command::new("CWD", path.as_str()),
                Step::PrintDirectory => break Command::new("PWD", ""),
                Step::Raw(command) => break command.clone(),
                Step::Quit => return self.send(&Command::new("QUIT", ""), Phase::Quit, host),
                Step::List(_) | Step::NameList(_) | Step::Get(_) | Step::Put(_) => match self.negotiate(host) {
                    Ok(()) => return,
                    Err(error) => self.finish_step(StepResult::Connect(error), host),
                },
            }
        };
        self.send(&command, Phase::Simple, host);
    }

    /// Ends the current entry.
    pub(super) fn finish_step(&mut self, result: StepResult, host: &mut dyn Host) {
        let run = self.entry();
        host.note(Note::StepFinished { index: self.index, run, result });
        self.index += 1;
        self.step = None;
    }

    /// Ends the entries up to `end` as not run.
    fn skip_to(&mut self, end: u32, host: &mut dyn Host) {
        while self.index < end {
            self.finish_step(StepResult::NotRun, host);
        }
    }

    /// The session has failed: the current entry, or the next if none runs, gets the blame; the others are not run, up
    /// to QUIT, which can still be said.
    fn fail_rest(&mut self, result: StepResult, host: &mut dyn Host) {
        let quit = self.quit_index();
        if self.step.is_some() {
            self.end_transfer(result, host);
            self.finish_step(result, host);
        } else if self.index < quit {
            host.note(Note::StepStarted { index: self.index, run: self.entry() });
            self.finish_step(result, host);
        }
        self.skip_to(quit, host);
    }

    /// Ends the session at once: whatever has not been finished is.
    fn give_up(&mut self, result: StepResult, host: &mut dyn Host) {
        if self.phase != Phase::Closing {
            let end = self.entries();
            if self.step.is_none() && self.index < end {
                host.note(Note::StepStarted { index: self.index, run: self.entry() });
                self.finish_step(result, host);
            } else if self.step.is_some() {
                self.end_transfer(result, host);
                self.finish_step(result, host);
            }
        }
        self.skip_to(self.entries(), host);
        self.phase = Phase::Done;
        for timer in [FtpTimer::ControlConnect, FtpTimer::Reply] {
            host.cancel_timer(timer);
        }
    }

    /// The data connection came about.
    pub fn on_data_connected(&mut self, _remote: SocketAddr, host: &mut dyn Host) {
        if self.step.is_some() {
            self.data_connected(host);
        }
    }

    /// Bytes arrived on the data connection.
    pub fn on_data(&mut self, bytes: Bytes, _host: &mut dyn Host) {
        if self.step.is_some() {
            self.data.bytes += bytes.len() as u64;
            self.received.push(bytes);
        }
    }

    /// The server closed its side of the data connection.
    pub fn on_data_closed(&mut self, host: &mut dyn Host) {
        if self.step.is_some() {
            self.data_closed(host);
        }
    }

    /// The data connection is closed on both sides and our FIN is acknowledged.
    pub fn on_data_done(&mut self, host: &mut dyn Host) {
        if self.step.is_some() {
            self.data_done(host);
        }
    }

    /// The data connection did not come about, or broke.
    pub fn on_data_failed(&mut self, error: DataError, host: &mut dyn Host) {
        if self.step.is_some() {
            self.data_failed(error, host);
        }
    }
}
