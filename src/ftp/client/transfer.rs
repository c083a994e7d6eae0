//! Transfers as the client does them: negotiate, perhaps connect, TYPE, perhaps SIZE, then the transfer command.
//!
//! A transfer is over when the server has said so and the data connection has ended; which comes first is open.

use super::Step;
use super::session::{ClientSession, Phase};
use crate::ftp::address::{format_eprt, format_host_port, parse_epsv_reply, parse_pasv_reply};
use crate::ftp::{Command, DataError, FileSystem, FtpTimer, Host, ListenPort, Mode, Note, Reply, StepResult};
use crate::time::Duration;
use std::net::SocketAddr;

/// How long curl waits for an active data connection.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(60);

/// What is known of the current data connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Data {
    link: Link,
    /// Active: the listener is open.
    listening: bool,
    /// We have closed our side.
    closed: bool,
    /// Why it broke.
    error: Option<DataError>,
    /// The transfer command was sent.
    begun: bool,
    /// 150 or 125 came.
    preliminary: bool,
    /// The reply that ends the transfer.
    last: Option<u16>,
    /// File bytes that crossed it.
    pub(super) bytes: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Link {
    /// Not there, not begun.
    #[default]
    None,
    /// We are connecting.
    Connecting,
    /// There.
    Up,
    /// Was there, and is over.
    Over,
}

impl ClientSession {
    /// The mode as it can be asked for here: PORT and 227 have no room for an IPv6 address, so curl says EPRT and EPSV.
    fn mode(&self, host: &dyn Host) -> Mode {
        match (self.config.mode, host.control_remote()) {
            (Mode::Active, SocketAddr::V6(_)) => Mode::ActiveEprt,
            (Mode::Passive, SocketAddr::V6(_)) => Mode::PassiveEpsv,
            (mode, _) => mode,
        }
    }

    /// Arranges the data connection.
    pub(super) fn negotiate(&mut self, host: &mut dyn Host) -> Result<(), DataError> {
        self.data = Data::default();
        self.received.clear();
        let mode = self.mode(host);
        let command = if mode.is_active() {
            let address = host.listen_data(ListenPort::Ephemeral)?;
            self.data.listening = true;
            match (mode, address) {
                (Mode::Active, SocketAddr::V4(v4)) => Command::new("PORT", format_host_port(v4)),
                _ => Command::new("EPRT", format_eprt(address)),
            }
        } else {
            Command::new(mode.verb(), "")
        };
        self.send(&command, Phase::Negotiating, host);
        Ok(())
    }

    pub(super) fn on_negotiated(&mut self, reply: &Reply, host: &mut dyn Host) {
        if reply.is_negative() {
            return self.settle(StepResult::Reply(reply.code), host);
        }
        let control = host.control_remote();
        let to = match self.mode(host) {
            Mode::Active | Mode::ActiveEprt => return self.set_type(host),
            Mode::Passive => parse_pasv_reply(&reply.lines.join("\n")).map(SocketAddr::V4).map(|mut address| {
                if self.config.ignore_pasv_address {
                    address.set_ip(control.ip());
                }
                address
            }),
            Mode::PassiveEpsv => {
                parse_epsv_reply(&reply.lines.join("\n")).map(|port| SocketAddr::new(control.ip(), port))
            }
        };
        let Some(to) = to.filter(|address| address.port() != 0) else {
            return self.settle(StepResult::BadReply, host);
        };
        self.phase = Phase::ConnectingData;
        self.data.link = Link::Connecting;
        if let Err(error) = host.connect_data(None, to) {
            self.data.link = Link::Over;
            return self.settle(StepResult::Connect(error), host);
        }
        if let Some(after) = self.config.connect_timeout {
            host.set_timer(FtpTimer::DataConnect, after);
        }
    }

    fn set_type(&mut self, host: &mut dyn Host) {
        let binary = self.step.as_ref().is_some_and(Step::is_binary);
        if self.binary == Some(binary) {
            self.ask_size(host);
        } else {
            self.send(&Command::new("TYPE", if binary { "I" } else { "A" }), Phase::Type, host);
        }
    }

    pub(super) fn on_type(&mut self, reply: &Reply, host: &mut dyn Host) {
        if reply.is_negative() {
            return self.settle(StepResult::Reply(reply.code), host);
        }
        self.binary = self.step.as_ref().map(Step::is_binary);
        self.ask_size(host);
    }

    fn ask_size(&mut self, host: &mut dyn Host) {
        match &self.step {
            Some(Step::Get(file)) => {
                let size = Command::new("SIZE", file.as_str());
                self.send(&size, Phase::Size, host);
            }
            _ => self.begin_transfer(host),
        }
    }

    /// Sends the transfer command. What SIZE said does not matter: curl tries RETR anyway.
    pub(super) fn begin_transfer(&mut self, host: &mut dyn Host) {
        let Some(command) = self.step.as_ref().and_then(Step::transfer) else { return };
        if let Some(error) = self.data.error {
            return self.settle(StepResult::Lost(error), host);
        }
        self.data.begun = true;
        host.note(Note::TransferStarted { verb: command.verb.clone(), mode: self.config.mode });
        self.send(&command, Phase::Transfer, host);
    }

    pub(super) fn on_transfer_reply(&mut self, reply: &Reply, host: &mut dyn Host) {
        if reply.is_preliminary() {
            self.data.preliminary = true;
            return self.upload(host);
        }
        if reply.is_negative() {
            let result = self.data.error.map_or(StepResult::Reply(reply.code), StepResult::Lost);
            return self.settle(result, host);
        }
        self.data.last = Some(reply.code);
        if self.data.link == Link::None {
            host.set_timer(FtpTimer::DataConnect, self.config.connect_timeout.unwrap_or(ACCEPT_TIMEOUT));
        }
        self.finish_transfer(host);
    }

    pub(super) fn data_connected(&mut self, host: &mut dyn Host) {
        self.data.link = Link::Up;
        host.cancel_timer(FtpTimer::DataConnect);
        if self.phase == Phase::ConnectingData {
            self.set_type(host);
        } else {
            self.upload(host);
        }
    }

    /// Sends the file of `put`, once the server wants it and the connection is there.
    fn upload(&mut self, host: &mut dyn Host) {
        let Some(Step::Put(file)) = &self.step else { return };
        if !self.data.preliminary || self.data.link != Link::Up || self.data.closed {
            return;
        }
        let path = FileSystem::resolve("/", file);
        let body = self.config.files.read(&path).cloned().unwrap_or_else(|| FileSystem::generated(1000));
        self.data.bytes = body.len() as u64;
        self.data.closed = true;
        if !body.is_empty() {
            host.send_data(body);
        }
        host.close_data();
    }

    pub(super) fn data_closed(&mut self, host: &mut dyn Host) {
        if !self.data.closed {
            self.data.closed = true;
            host.close_data();
        }
    }

    pub(super) fn data_done(&mut self, host: &mut dyn Host) {
        self.data.link = Link::Over;
        self.finish_transfer(host);
    }

    pub(super) fn data_failed(&mut self, error: DataError, host: &mut dyn Host) {
        let was = std::mem::replace(&mut self.data.link, Link::Over);
        if self.phase == Phase::ConnectingData {
            return self.settle(StepResult::Connect(error), host);
        }
        // Once we have read the end of a download, a lost acknowledgement of our FIN is not a lost file.
        let complete = self.data.closed && !matches!(self.step, Some(Step::Put(_)));
        if was == Link::Up && !complete {
            self.data.error = Some(error);
        }
        self.finish_transfer(host);
    }

    pub(super) fn on_data_timeout(&mut self, host: &mut dyn Host) {
        if self.data.link != Link::Up {
            self.settle(StepResult::Connect(DataError::TimedOut), host);
        }
    }

    /// Goes on with the next step if the transfer is over on both channels.
    fn finish_transfer(&mut self, host: &mut dyn Host) {
        if self.phase != Phase::Transfer || self.data.link != Link::Over {
            return;
        }
        if self.data.last.is_some() {
            let result = self.data.error.map_or(StepResult::Ok, StepResult::Lost);
            self.settle(result, host);
        } else {
            self.await_reply(host);
        }
    }

    /// Ends the step with this result and begins the next.
    fn settle(&mut self, result: StepResult, host: &mut dyn Host) {
        self.end_transfer(result, host);
        self.finish_step(result, host);
        self.begin_step(host);
    }

    /// Ends what there is of a transfer: its timer, its listener, its connection.
    pub(super) fn end_transfer(&mut self, result: StepResult, host: &mut dyn Host) {
        let Some(command) = self.step.as_ref().and_then(Step::transfer) else { return };
        host.cancel_timer(FtpTimer::DataConnect);
        if matches!(self.data.link, Link::Connecting | Link::Up) {
            // A program would close it; we reset it so that its end cannot be taken for the next one's.
            host.abort_data();
        }
        if self.data.listening {
            host.stop_listening();
        }
        if self.data.begun {
            let (mode, bytes) = (self.config.mode, self.data.bytes);
            host.note(Note::TransferFinished { verb: command.verb, mode, result, bytes });
        }
        self.data = Data::default();
    }
}
