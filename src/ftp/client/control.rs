//! The control connections of a session: calling the server, hanging up, calling again.
//!
//! Recorded: curl closes a control connection on which something has failed that may have left it in a strange state,
//! without QUIT, and the next URL calls again and logs in anew. lftp does the same and tries the same command once
//! more, up to `net:max-retries` attempts, none earlier than `net:reconnect-interval-base` after the last. tnftp and
//! inetutils-ftp have one control connection; when it is lost, the rest is "Not connected".

use super::Software;
use super::opening::Features;
use super::session::{ClientSession, Phase};
use crate::ftp::{Command, CommandResult, FtpTimer, Host, Note, ReplyReader};
use crate::time::{Duration, Instant};

/// How long lftp waits before it says a command again that got 4xx.
const PAUSE: Duration = Duration::from_secs(2);

/// What has been tried for the current command of the run list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tries {
    /// Attempts so far: control connections that were begun, and transfers that got 4xx.
    count: u32,
    /// When the last one began, as far as waiting for the next is concerned.
    since: Instant,
}

impl Default for Tries {
    fn default() -> Self {
        Self { count: 0, since: Instant::START }
    }
}

impl Tries {
    pub(super) fn begin(&mut self, now: Instant) {
        self.since = now;
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// The entry is over.
    pub(super) fn end(&mut self) {
        self.count = 0;
    }
}

impl ClientSession {
    /// Opens a control connection.
    pub(super) fn call(&mut self, host: &mut dyn Host) {
        self.tries.count += 1;
        self.phase = Phase::Connecting;
        self.online = true;
        if let Some(after) = self.config.connect_timeout.or(self.config.software.call_timeout()) {
            host.set_timer(FtpTimer::ControlConnect, after);
        }
        host.connect_control();
    }

    /// Closes the control connection without a word and forgets what belongs to it.
    pub(super) fn hang_up(&mut self, host: &mut dyn Host) {
        for timer in [FtpTimer::ControlConnect, FtpTimer::Reply] {
            host.cancel_timer(timer);
        }
        if std::mem::take(&mut self.online) {
            host.close_control();
        }
        self.opening = 0;
        self.features = Features::default();
        self.wants_password = false;
        self.utf8_refused = false;
        self.features_refused = false;
        self.unix = false;
        self.tls = None;
        self.private = false;
        self.bare = false;
        self.binary = self.config.software.type_at_first();
        self.replies = ReplyReader::default();
    }

    /// The control connection is of no use any more.
    pub(super) fn lose(&mut self, result: CommandResult, host: &mut dyn Host) {
        if self.is_second() {
            self.hang_up(host);
            self.phase = Phase::Done;
            self.failed = Some(result);
            return;
        }
        self.leave_copy(host);
        match (self.config.software, self.phase) {
            (_, Phase::Quit | Phase::Closing) | (Software::Tnftp | Software::Ftp, _) => {
                self.give_up(result, host);
                host.close_control();
            }
            (Software::Curl, _) => self.fail_and_hang_up(result, host),
            (Software::Lftp, _) => self.try_again(result, host),
        }
    }

    /// The current entry has failed, and the control connection is left with it.
    pub(super) fn fail_and_hang_up(&mut self, result: CommandResult, host: &mut dyn Host) {
        self.fail_step(result, host);
        self.hang_up(host);
        self.begin_step(host);
    }

    /// Whether the control connection that there is will do for the next entry. curl takes none on which something
    /// has arrived that it did not ask for.
    pub(super) fn is_good(&self) -> bool {
        self.online && (self.config.software != Software::Curl || self.replies.is_empty())
    }

    /// The current entry gets the blame, or the next if none runs.
    pub(super) fn fail_step(&mut self, result: CommandResult, host: &mut dyn Host) {
        if self.step.is_none() {
            if self.index >= self.quit_index {
                return;
            }
            host.note(Note::CommandStarted { index: self.index, run: self.entry() });
        }
        self.end_transfer(result, host);
        self.end_copy(result, host);
        self.finish_step(result, host);
    }

    /// lftp: the attempt has failed with its control connection; another one, if it may.
    pub(super) fn try_again(&mut self, result: CommandResult, host: &mut dyn Host) {
        self.end_transfer(result, host);
        self.hang_up(host);
        if self.tries.count >= self.config.max_retries {
            self.fail_step(result, host);
            return self.begin_step(host);
        }
        let waited = host.now().since(self.tries.since);
        if waited >= self.config.reconnect_interval {
            return self.call(host);
        }
        self.phase = Phase::Waiting;
        host.set_timer(FtpTimer::Retry, self.config.reconnect_interval - waited);
    }

    /// lftp: the server said 4xx to a transfer, which may be better soon. Whether it is tried once more.
    pub(super) fn pause(&mut self, code: u16, host: &mut dyn Host) -> bool {
        self.tries.count += 1;
        if self.tries.count > self.config.max_retries {
            return false;
        }
        self.end_transfer(CommandResult::Reply(code), host);
        self.phase = Phase::Pausing;
        host.set_timer(FtpTimer::Retry, PAUSE);
        true
    }

    /// The wait before another attempt is over.
    pub(super) fn on_retry(&mut self, host: &mut dyn Host) {
        match self.phase {
            Phase::Waiting => self.call(host),
            Phase::Pausing => self.resume(host),
            _ => {}
        }
    }

    /// The login is done, again: back to the directory, then on with the list.
    pub(super) fn logged_in(&mut self, host: &mut dyn Host) {
        self.returned = 0;
        self.go_back(host);
    }

    /// Says CWD for the next directory that was entered on an earlier control connection.
    pub(super) fn go_back(&mut self, host: &mut dyn Host) {
        if let Some(path) = self.directories.get(self.returned) {
            let command = Command::new("CWD", path.as_str());
            self.returned += 1;
            return self.send(&command, Phase::Returning, host);
        }
        if self.is_second() {
            self.phase = Phase::Copying;
        } else if self.step.is_some() {
            self.resume(host);
        } else if std::mem::replace(&mut self.opened, true) || self.config.software == Software::Curl {
            self.start_step(host);
        } else {
            // lftp's first login belongs to its `open`; the time of the first entry begins now.
            self.begin_step(host);
        }
    }

    /// Goes on with the entry that an earlier attempt has begun.
    fn resume(&mut self, host: &mut dyn Host) {
        self.again = true;
        self.play(host);
    }
}
