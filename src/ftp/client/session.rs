//! A client's session: what it knows, and what it is told.

use super::control::Tries;
use super::fxp::{FxpState, Role, Second};
use super::opening::Features;
use super::software::{Opening, SocketOptions};
use super::transfer::Data;
use super::{ClientConfig, Software, Step};
use crate::ftp::{Command, CommandResult, DataError, FtpTimer, FxpServer, Host, Mode, Reply, ReplyReader, TlsChannel};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// One client's session. Every event is a method; what it does goes to the [`Host`].
#[derive(Debug)]
pub struct ClientSession {
    pub(super) config: Arc<ClientConfig>,
    pub(super) phase: Phase,
    /// How much of the opening has been said, and what has been learnt from it.
    pub(super) opening: u8,
    pub(super) features: Features,
    pub(super) wants_password: bool,
    /// The login was refused with this code.
    pub(super) refused: Option<u16>,
    /// The last entry was a transfer that failed before it began: no reply has come since.
    pub(super) mute: bool,
    /// What came over TLS was no TLS. curl keeps that connection, as measured, and so loses the next entry as well.
    pub(super) spoilt: bool,
    /// RNFR was refused with this code, and curl has said RNTO all the same.
    rename_refused: Option<u16>,
    pub(super) utf8_refused: bool,
    pub(super) features_refused: bool,
    /// SYST named UNIX.
    pub(super) unix: bool,
    /// How data connections are arranged now.
    pub(super) mode: Mode,
    /// The control connection is protected.
    pub(super) tls: Option<Box<TlsChannel>>,
    /// Data connections are protected.
    pub(super) private: bool,
    /// They are not, for a copy from server to server.
    pub(super) bare: bool,
    /// The entry that runs or, before it begins, comes next.
    pub(super) index: u32,
    /// Which entry says QUIT: the first that does, or one more than there are.
    pub(super) quit_index: u32,
    /// The entry's step, once it has begun.
    pub(super) step: Option<Step>,
    /// How many stages of the transfer have begun.
    pub(super) stage: u8,
    pub(super) data: Data,
    /// What TYPE was last accepted.
    pub(super) binary: Option<bool>,
    pub(super) replies: ReplyReader,
    /// There is a control connection, or one is being opened.
    pub(super) online: bool,
    /// What the server said while nobody looked, and whether it has closed the connection.
    pub(super) unread: Vec<Reply>,
    hung_up: bool,
    pub(super) tries: Tries,
    /// The session has logged in before.
    pub(super) opened: bool,
    /// The entry is tried again.
    pub(super) again: bool,
    /// What the server has told of the entry's file.
    pub(super) known: Known,
    /// Whether this is a session of its own, or the far end of another's copy; then how it failed.
    pub(super) role: Role,
    pub(super) failed: Option<CommandResult>,
    /// The far end of a copy from server to server.
    pub(super) second: Option<Second>,
    pub(super) copy: FxpState,
    /// How the data connections of this entry are arranged.
    pub(super) step_mode: Mode,
    /// The long commands are all that is left.
    pub(super) long: bool,
    /// PWD was answered.
    pub(super) knows_home: bool,
    /// The directories that were entered, and how many of them have been entered again on a new control connection.
    pub(super) directories: Vec<String>,
    pub(super) returned: usize,
    /// What the last transfer brought.
    pub(super) received: Vec<Bytes>,
    /// What is still to be sent of an upload.
    pub(super) to_send: Bytes,
}

/// What the server has told of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// What SIZE said, in bytes, if that was not 0.
    pub(super) size: Option<u64>,
    pub(super) time: bool,
}

/// What the session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The control connection.
    Connecting,
    /// The time for another control connection.
    Waiting,
    /// The time to say the same again.
    Pausing,
    /// The time that it was told to wait.
    Idle,
    /// The reply to CWD after another login.
    Returning,
    /// 220.
    Greeting,
    /// The reply to something of the opening.
    Opening(Opening),
    /// The server's part of the TLS handshake.
    Handshake,
    /// The reply to PORT, PASV and their like.
    Negotiating,
    /// The passive data connection.
    ConnectingData,
    /// The reply to TYPE.
    Type,
    /// The reply to the TYPE that comes before a raw command.
    Preparing,
    /// The reply to SIZE, MDTM or PRET, which does not matter.
    Parameter,
    /// The reply to the ABOR that calls off a transfer to a strange address.
    CallingOff,
    /// The end of a transfer, on both channels.
    Transfer,
    /// The reply to RNFR.
    RenameFrom,
    /// A copy from server to server goes on.
    Copying,
    /// The reply to a command that is a step by itself.
    Simple,
    /// The reply to the QUIT on a control connection that is given up for another.
    Leaving,
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
        // Found once: run lists are long.
        let quit = |entry: &String| Step::parse(entry) == Ok(Step::Quit);
        Self {
            quit_index: config.run.iter().position(quit).unwrap_or(config.run.len()) as u32,
            mode: config.mode,
            step_mode: config.mode,
            binary: config.software.type_at_first(),
            config,
            phase: Phase::Connecting,
            opening: 0,
            features: Features::default(),
            wants_password: false,
            refused: None,
            mute: false,
            spoilt: false,
            rename_refused: None,
            utf8_refused: false,
            features_refused: false,
            unix: false,
            tls: None,
            private: false,
            bare: false,
            index: 0,
            step: None,
            stage: 0,
            data: Data::default(),
            replies: ReplyReader::default(),
            online: false,
            unread: Vec::new(),
            hung_up: false,
            tries: Tries::default(),
            opened: false,
            again: false,
            known: Known::default(),
            role: Role::First,
            failed: None,
            second: None,
            copy: FxpState::default(),
            long: false,
            knows_home: false,
            directories: Vec::new(),
            returned: 0,
            received: Vec::new(),
            to_send: Bytes::new(),
        }
    }

    /// What its program sets its sockets to.
    pub fn socket_options(&self) -> SocketOptions {
        self.config.software.socket_options()
    }

    /// Whether the session is over; it then ignores every event.
    pub fn is_finished(&self) -> bool {
        self.phase == Phase::Done
    }

    /// The bytes that the last `ls`, `nls` or `get` received, as they arrived.
    pub fn received(&self) -> &[Bytes] {
        &self.received
    }

    /// The session begins.
    pub fn on_started(&mut self, host: &mut dyn Host) {
        self.tries.begin(host.now());
        self.call(host);
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
        if !self.online {
            return;
        }
        let bytes = match &mut self.tls {
            None => bytes,
            Some(tls) => {
                let Ok(received) = tls.receive(&bytes) else {
                    self.spoilt = self.config.software == Software::Curl;
                    return self.lose(CommandResult::BadReply, host);
                };
                if let Some(hello) = received.hello {
                    self.on_hello(hello, host);
                }
                received.plain
            }
        };
        self.replies.push(bytes);
        self.read_replies(host);
    }

    /// Whether the program does not look at its control connection: tnftp and ftp wait for `connect()`; curl, while bytes
    /// move, looks at the data connection only (measured: a 421 meanwhile is read when the data connection breaks).
    fn is_deaf(&self) -> bool {
        match self.config.software {
            Software::Curl => self.phase == Phase::Transfer && self.moves_bytes(),
            Software::Lftp => false,
            Software::Tnftp | Software::Ftp => self.phase == Phase::ConnectingData,
        }
    }

    /// Deals with the replies that have arrived.
    fn read_replies(&mut self, host: &mut dyn Host) {
        while !self.is_finished() {
            match self.replies.next_reply() {
                None => break,
                Some(Ok(reply)) => {
                    host.saw_reply(&reply);
                    if self.is_deaf() {
                        self.unread.push(reply);
                    } else {
                        host.cancel_timer(FtpTimer::Reply);
                        self.answer(&reply, host);
                    }
                    self.watch_transfer(host);
                }
                Some(Err(_)) => self.lose(CommandResult::BadReply, host),
            }
        }
    }

    /// The server closed its side of the control connection.
    pub fn on_control_closed(&mut self, host: &mut dyn Host) {
        if self.phase == Phase::Idle && self.config.software.calls_again() {
            // It notices when it wants to say something again.
            self.hang_up(host);
        } else if self.is_deaf() {
            self.hung_up = true;
        } else if self.online && !self.is_finished() {
            // After QUIT this is the answer, even without 221.
            let result = if self.phase == Phase::Quit { CommandResult::Ok } else { CommandResult::Closed };
            self.lose(result, host);
        }
    }

    /// The control connection did not come about, or broke.
    pub fn on_control_failed(&mut self, error: DataError, host: &mut dyn Host) {
        if self.phase == Phase::Idle && self.config.software.calls_again() {
            self.hang_up(host);
        } else if self.is_deaf() {
            self.hung_up = true;
        } else if self.online && !self.is_finished() {
            let connecting = self.phase == Phase::Connecting;
            self.lose(if connecting { CommandResult::Connect(error) } else { CommandResult::Lost(error) }, host);
        }
    }

    /// A timer ran out.
    pub fn on_timer(&mut self, timer: FtpTimer, host: &mut dyn Host) {
        match (timer, self.phase) {
            (FtpTimer::ControlConnect, Phase::Connecting) => {
                self.lose(CommandResult::Connect(DataError::TimedOut), host);
            }
            (FtpTimer::DataConnect, Phase::ConnectingData | Phase::Transfer) => {
                self.on_data_timeout(host);
                self.look_up(host);
            }
            (FtpTimer::Reply, phase) if phase != Phase::Done => self.lose(CommandResult::NoAnswer, host),
            (FtpTimer::Retry, _) => self.on_retry(host),
            (FtpTimer::Wait, Phase::Idle) => {
                self.finish_step(CommandResult::Ok, host);
                self.begin_step(host);
            }
            _ => {}
        }
    }

    pub(super) fn send(&mut self, command: &Command, phase: Phase, host: &mut dyn Host) {
        let plain = command.to_bytes();
        let wire = match &mut self.tls {
            None => plain,
            Some(tls) => tls.seal(&plain),
        };
        host.send_command(command, wire);
        self.phase = phase;
        self.await_reply(host);
    }

    pub(super) fn await_reply(&self, host: &mut dyn Host) {
        let mut patience = self.config.reply_timeout;
        // As recorded: what curl takes for connecting ends with the login.
        if self.config.software == Software::Curl
            && matches!(self.phase, Phase::Greeting | Phase::Opening(_) | Phase::Handshake)
            && let Some(connect) = self.config.connect_timeout
        {
            let left = connect - host.now().since(self.tries.since());
            patience = Some(patience.map_or(left, |patience| patience.min(left)));
        }
        if let Some(after) = patience {
            host.set_timer(FtpTimer::Reply, after);
        }
    }

    /// A transfer that stalls is given up after as long as a reply is waited for. curl has no such limit: its keep-alive
    /// probes find out that nobody is there.
    fn watch_transfer(&self, host: &mut dyn Host) {
        if self.phase == Phase::Transfer && self.config.software != Software::Curl {
            self.await_reply(host);
        }
    }

    fn answer(&mut self, reply: &Reply, host: &mut dyn Host) {
        if self.phase == Phase::Idle && self.config.software.calls_again() {
            return;
        }
        // RFC 959, section 4.2.2: 421 may come at any time, even instead of another reply.
        if reply.code == 421 && !matches!(self.phase, Phase::Closing | Phase::Quit) {
            if self.is_second() || self.config.software.calls_again() {
                return self.lose(CommandResult::Reply(421), host);
            }
            self.fail_rest(CommandResult::Reply(421), host);
            self.phase = Phase::Closing;
            return;
        }
        if reply.is_preliminary() && !matches!(self.phase, Phase::Transfer | Phase::Copying) {
            return self.await_reply(host);
        }
        match self.phase {
            Phase::Copying if self.is_second() => self.unread.push(reply.clone()),
            Phase::Copying => self.copy_reply(FxpServer::First, reply, host),
            Phase::Greeting if reply.is_positive() => self.open(host),
            Phase::Greeting if self.is_second() || self.config.software.calls_again() => {
                self.lose(CommandResult::Reply(reply.code), host);
            }
            Phase::Greeting => {
                self.fail_rest(CommandResult::Reply(reply.code), host);
                self.begin_step(host);
            }
            Phase::Opening(opening) => self.on_opening(opening, reply, host),
            // `curl -Q '*RNFR a' -Q '*RNTO b'` says both whatever comes of the first.
            Phase::RenameFrom if !reply.is_negative() || self.config.software == Software::Curl => {
                self.rename_refused = reply.is_negative().then_some(reply.code);
                if let Some(Step::Rename(_, to)) = &self.step {
                    let to = Command::new("RNTO", to.as_str());
                    self.send(&to, Phase::Simple, host);
                }
            }
            Phase::RenameFrom | Phase::Simple => {
                self.learn(reply);
                let code = self.rename_refused.take().or_else(|| reply.is_negative().then_some(reply.code));
                self.finish_step(code.map_or(CommandResult::Ok, CommandResult::Reply), host);
                self.begin_step(host);
            }
            Phase::Quit => {
                let result = if reply.is_negative() { CommandResult::Reply(reply.code) } else { CommandResult::Ok };
                self.finish_step(result, host);
                self.skip_to(self.entries(), host);
                self.phase = Phase::Closing;
            }
            Phase::Negotiating => self.on_negotiated(reply, host),
            Phase::Type => self.on_type(reply, host),
            Phase::Preparing => {
                self.play(host);
                if reply.is_negative() {
                    // As measured: a TYPE that was refused is said again before the next entry.
                    self.binary = self.config.software.type_at_first();
                }
            }
            Phase::Parameter => self.on_parameter(reply, host),
            Phase::Returning => self.go_back(host),
            Phase::CallingOff => self.settle(CommandResult::AddressMismatch, host),
            Phase::Leaving => {
                self.hang_up(host);
                self.begin_step(host);
            }
            Phase::Transfer => self.on_transfer_reply(reply, host),
            // Nothing was asked.
            Phase::Connecting
            | Phase::Waiting
            | Phase::Pausing
            | Phase::Idle
            | Phase::Handshake
            | Phase::ConnectingData
            | Phase::Closing
            | Phase::Done => {}
        }
    }

    /// The data connection came about.
    pub fn on_data_connected(&mut self, _remote: SocketAddr, host: &mut dyn Host) {
        if self.step.is_some() {
            self.data_connected(host);
            self.look_up(host);
        }
    }

    /// After a wait for the data connection: what has come meanwhile on the control connection.
    fn look_up(&mut self, host: &mut dyn Host) {
        if self.is_deaf() {
            return;
        }
        for reply in std::mem::take(&mut self.unread) {
            if self.is_finished() {
                return;
            }
            host.cancel_timer(FtpTimer::Reply);
            match self.broken() {
                // That the data connection broke is what the program says, not that the server has left meanwhile.
                Some(error) if reply.code == 421 => self.lose(CommandResult::Lost(error), host),
                _ => self.answer(&reply, host),
            }
        }
        if std::mem::take(&mut self.hung_up) {
            match self.broken() {
                Some(error) if !self.is_finished() => self.lose(CommandResult::Lost(error), host),
                _ => self.on_control_closed(host),
            }
        }
    }

    /// Bytes arrived on the data connection.
    pub fn on_data(&mut self, bytes: Bytes, host: &mut dyn Host) {
        if self.step.is_some() {
            self.data_arrived(bytes, host);
            self.watch_transfer(host);
        }
    }

    /// The data connection has room again for what it did not take.
    pub fn on_data_writable(&mut self, host: &mut dyn Host) {
        if self.step.is_some() {
            self.data_writable(host);
            self.watch_transfer(host);
            self.look_up(host);
        }
    }

    /// The server closed its side of the data connection.
    pub fn on_data_closed(&mut self, host: &mut dyn Host) {
        if self.step.is_some() {
            self.data_closed(host);
            self.look_up(host);
        }
    }

    /// The data connection is closed on both sides and our FIN is acknowledged.
    pub fn on_data_done(&mut self, host: &mut dyn Host) {
        if self.step.is_some() {
            self.data_done(host);
            self.look_up(host);
        }
    }

    /// The data connection did not come about, or broke.
    pub fn on_data_failed(&mut self, error: DataError, host: &mut dyn Host) {
        if self.step.is_some() {
            self.data_failed(error, host);
            self.look_up(host);
        }
    }
}
