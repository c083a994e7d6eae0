//! The run list: which command comes next, what it says first, how it ends.

use super::fxp::FxpState;
use super::session::{ClientSession, Known, Phase};
use super::{Software, Step};
use crate::ftp::{Command, CommandResult, FileSystem, FtpTimer, Host, Note, Reply};

impl ClientSession {
    /// What a command changes that the session must know: the directory and protection. (A raw TYPE is none of it: as
    /// recorded, the programs go by what they have said by themselves.)
    pub(super) fn learn(&mut self, reply: &Reply) {
        if reply.is_negative() {
            return;
        }
        let command = match &self.step {
            Some(Step::Raw(command)) => command,
            Some(Step::ChangeDirectory(path)) => {
                let path = self.directory(path);
                if path.starts_with('/') {
                    self.directories.clear();
                }
                return self.directories.push(path);
            }
            _ => return,
        };
        match (command.verb.as_str(), command.argument.as_str()) {
            ("PROT", level) => self.private = level.eq_ignore_ascii_case("P"),
            ("CCC", _) => self.tls = None,
            _ => {}
        }
    }

    /// What CWD says for a directory: lftp names it from the root.
    fn directory(&self, path: &str) -> String {
        if self.config.software != Software::Lftp {
            return path.to_owned();
        }
        FileSystem::resolve(self.directories.last().map_or("/", String::as_str), path)
    }

    /// How many entries the run list has, with the QUIT that is added.
    pub(super) fn entries(&self) -> u32 {
        (self.quit_index + 1).max(self.config.run.len() as u32)
    }

    pub(super) fn entry(&self) -> String {
        self.config.run.get(self.index as usize).map_or_else(|| String::from("quit"), Clone::clone)
    }

    /// Begins the next entry.
    pub(super) fn begin_step(&mut self, host: &mut dyn Host) {
        self.tries.begin(host.now());
        self.again = false;
        self.known = Known::default();
        self.step_mode = self.mode;
        if std::mem::take(&mut self.spoilt) {
            self.fail_step(CommandResult::Closed, host);
        }
        let more = self.index < self.quit_index;
        if more && !self.is_good() {
            while let Some(Ok(reply)) = self.replies.next_reply() {
                host.saw_reply(&reply);
            }
            self.hang_up(host);
            return self.call(host);
        }
        if !self.online {
            // Nobody is there to say goodbye to.
            self.skip_to(self.entries(), host);
            return self.finish(host);
        }
        self.start_step(host);
    }

    /// Begins the next entry on the control connection that there is.
    pub(super) fn start_step(&mut self, host: &mut dyn Host) {
        let entry = self.entry();
        let Ok(step) = Step::parse(&entry) else {
            // The scenario's check lets no such entry through.
            self.finish_step(CommandResult::NotRun, host);
            return self.begin_step(host);
        };
        host.note(Note::CommandStarted { index: self.index, run: entry });
        self.step = Some(step);
        self.play(host);
    }

    /// Says the first thing of the current entry.
    pub(super) fn play(&mut self, host: &mut dyn Host) {
        let Some(step) = &self.step else { return };
        // As recorded: without a login, tnftp's `get` gives up before it has said a word if the entry before it was a
        // transfer, which has left no reply code behind.
        if let (Software::Tnftp, Some(code), Step::Get(_), true) = (self.config.software, self.refused, step, self.mute)
        {
            return self.settle(CommandResult::Reply(code), host);
        }
        // As recorded: lftp says what it is told to say (`quote`) after TYPE I.
        let told = matches!(step, Step::Raw(_) | Step::PrintDirectory);
        if told && self.config.software == Software::Lftp && self.binary != Some(true) {
            self.binary = Some(true);
            return self.send(&Command::new("TYPE", "I"), Phase::Preparing, host);
        }
        if let Some(level) = self.other_protection(step) {
            self.private = !self.private;
            self.bare = !self.private;
            return self.send(&Command::new("PROT", level), Phase::Preparing, host);
        }
        let command = match step {
            Step::ChangeDirectory(path) => Command::new("CWD", self.directory(path)),
            Step::PrintDirectory => Command::new("PWD", ""),
            Step::Delete(path) => Command::new("DELE", path.as_str()),
            Step::MakeDirectory(path) => Command::new("MKD", path.as_str()),
            Step::Raw(command) => command.clone(),
            Step::Rename(from, _) => {
                let from = Command::new("RNFR", from.as_str());
                return self.send(&from, Phase::RenameFrom, host);
            }
            Step::Wait(time) => {
                self.phase = Phase::Idle;
                return host.set_timer(FtpTimer::Wait, *time);
            }
            Step::Quit => {
                self.leave_second(host);
                return self.send(&Command::new("QUIT", ""), Phase::Quit, host);
            }
            Step::Copy(_) => {
                if !self.again {
                    self.copy = FxpState::default();
                }
                return self.begin_copy(host);
            }
            Step::List(_) | Step::NameList(_) | Step::Get(_) | Step::Put(_) | Step::Append(_) => {
                self.prepare_transfer();
                return self.go_on(host);
            }
        };
        self.send(&command, Phase::Simple, host);
    }

    /// What PROT must say before this step. From the source of lftp: unless told otherwise, it protects its own data
    /// connections (`ftp:ssl-protect-data`, `-list`), but not those between two servers (`ftp:ssl-protect-fxp`), of which
    /// each would wait for the other to begin the handshake. PROT comes before TYPE.
    fn other_protection(&self, step: &Step) -> Option<&'static str> {
        match step {
            Step::Copy(_) => self.private.then_some("C"),
            _ => (self.bare && self.tls.is_some() && step.transfer().is_some()).then_some("P"),
        }
    }

    /// Ends the current entry.
    pub(super) fn finish_step(&mut self, result: CommandResult, host: &mut dyn Host) {
        let run = self.entry();
        self.mute = result != CommandResult::Ok && self.step.as_ref().is_some_and(|step| step.transfer().is_some());
        host.note(Note::CommandFinished { index: self.index, run, result });
        self.index += 1;
        self.step = None;
        self.tries.end();
    }

    /// Ends the entries up to `end` as not run.
    pub(super) fn skip_to(&mut self, end: u32, host: &mut dyn Host) {
        while self.index < end {
            self.finish_step(CommandResult::NotRun, host);
        }
    }

    /// The session has failed: the current entry, or the next if none runs, gets the blame; the others are not run, up
    /// to QUIT, which can still be said.
    pub(super) fn fail_rest(&mut self, result: CommandResult, host: &mut dyn Host) {
        let quit = self.quit_index;
        if self.step.is_some() {
            self.end_transfer(result, host);
            self.finish_step(result, host);
        } else if self.index < quit {
            host.note(Note::CommandStarted { index: self.index, run: self.entry() });
            self.finish_step(result, host);
        }
        self.skip_to(quit, host);
    }

    /// Ends the session at once: whatever has not been finished is.
    pub(super) fn give_up(&mut self, result: CommandResult, host: &mut dyn Host) {
        if self.phase != Phase::Closing {
            let end = self.entries();
            if self.step.is_none() && self.index < end {
                host.note(Note::CommandStarted { index: self.index, run: self.entry() });
                self.finish_step(result, host);
            } else if self.step.is_some() {
                self.end_transfer(result, host);
                self.finish_step(result, host);
            }
        }
        self.skip_to(self.entries(), host);
        self.finish(host);
    }

    /// The session is over: nothing of it goes on.
    fn finish(&mut self, host: &mut dyn Host) {
        self.phase = Phase::Done;
        for timer in [FtpTimer::ControlConnect, FtpTimer::Reply, FtpTimer::Retry, FtpTimer::Wait] {
            host.cancel_timer(timer);
        }
        self.end_second(host);
    }
}
