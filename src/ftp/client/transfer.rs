//! Transfers as the client does them: the stages that its program has, in its order.
//!
//! A transfer is over when the server has said so and the data connection has ended; which comes first is open.

use super::Step;
use super::session::{ClientSession, Phase};
use super::software::{Failure, OnFailure, PasvAddressPolicy, Software, Stage};
use crate::endpoint_text::{format_eprt, format_host_port, format_long_port, parse_epsv_reply, parse_pasv_reply};
use crate::ftp::{
    Accepts, Command, CommandResult, DataError, FileSystem, FtpTimer, Hello, Host, ListenPort, Mode, Note, Reply,
    TlsChannel,
};
use crate::time::Duration;
use bytes::Bytes;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// How long curl waits for an active data connection.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(60);

/// What is known of the current data connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Data {
    /// How it is arranged.
    mode: Mode,
    link: Link,
    /// Active: the listener is open, here.
    listening: Option<SocketAddr>,
    /// The long commands are said: LPRT, LPSV (RFC 1639).
    long: bool,
    /// The time to connect is over; no other connection will be tried.
    expired: bool,
    /// The timer was set.
    timed: bool,
    /// Protected: the handshake is done, as far as we are concerned.
    shaken: bool,
    /// The file to send was read.
    began_upload: bool,
    /// How long it is.
    file_len: u64,
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
    /// Forgets the last transfer.
    pub(super) fn prepare_transfer(&mut self) {
        self.data = Data { mode: self.step_mode, long: self.long, ..Data::default() };
        self.to_send.clear();
        self.stage = 0;
        self.received.clear();
    }

    /// Begins the next stage of the transfer, or ends the step.
    pub(super) fn advance(&mut self, host: &mut dyn Host) -> Result<(), DataError> {
        let Some(step) = &self.step else { return Ok(()) };
        let file = if let Step::Get(file) = step { Some(file.as_str()) } else { None };
        while let Some(stage) = self.config.software.stages().get(usize::from(self.stage)) {
            self.stage += 1;
            let command = match (stage, file) {
                (Stage::Negotiate, _) => return self.negotiate(host),
                (Stage::Transfer, _) => {
                    self.begin_transfer(host);
                    return Ok(());
                }
                (Stage::Type, _) => {
                    let binary = self.wants_binary();
                    if self.binary != Some(binary) {
                        self.send(&Command::new("TYPE", if binary { "I" } else { "A" }), Phase::Type, host);
                        return Ok(());
                    }
                    continue;
                }
                // What is known from an earlier attempt is not asked again.
                (Stage::Size, _) if self.known.size.is_some() => continue,
                // tnftp asks FEAT after the login: without one it knows of no SIZE.
                (Stage::Size, _) if self.config.software == Software::Tnftp && self.refused.is_some() => continue,
                (Stage::Time, _) if self.known.time => continue,
                (Stage::Size, Some(file)) => Command::new("SIZE", file),
                (Stage::Time | Stage::TimeAfter, Some(file)) => Command::new("MDTM", file),
                (Stage::SetTime, _) => match step {
                    // Every file is as old as the simulation.
                    Step::Put(sent) if self.features.has("MFMT") => {
                        Command::new("MFMT", format!("20260101000000 {sent}"))
                    }
                    Step::Put(sent) => Command::new("SITE", format!("UTIME 20260101000000 {sent}")),
                    _ => continue,
                },
                (Stage::Announce, _) if self.features.has("PRET") && !self.data.mode.is_active() => Command::new(
                    "PRET",
                    step.transfer().map(|it| format!("{} {}", it.verb, it.argument)).unwrap_or_default(),
                ),
                _ => continue,
            };
            self.send(&command, Phase::Parameter, host);
            return Ok(());
        }
        self.settle(CommandResult::Ok, host);
        Ok(())
    }

    /// Goes on after an answer.
    pub(super) fn go_on(&mut self, host: &mut dyn Host) {
        if let Err(error) = self.advance(host) {
            self.settle(CommandResult::Connect(error), host);
        }
    }

    fn wants_binary(&self) -> bool {
        self.step.as_ref().is_some_and(Step::is_binary) && (self.unix || !self.config.software.asks_system())
    }

    /// Opens the listener for an active data connection: of a set range on the first port that is free. The port of the
    /// last data connection is, as soon as its last acknowledgement is here (recorded in row D20); until then it is not
    /// (row B20).
    fn listen(&self, host: &mut dyn Host) -> Result<SocketAddr, DataError> {
        let Some((low, high)) = self.config.active_ports else {
            return host.listen_data(ListenPort::Ephemeral, Accepts::One);
        };
        let mut last = Err(DataError::NoPort);
        for port in low..=high {
            last = host.listen_data(ListenPort::Range { low: port, high: port }, Accepts::One);
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Arranges the data connection.
    fn negotiate(&mut self, host: &mut dyn Host) -> Result<(), DataError> {
        // PORT and 227 have no room for an IPv6 address: the extended commands of the same mode are said instead.
        self.data.mode = match (self.data.mode, host.control_remote()) {
            (Mode::Active, SocketAddr::V6(_)) => Mode::ActiveEprt,
            (Mode::Passive, SocketAddr::V6(_)) => Mode::PassiveEpsv,
            // lftp knows EPRT over IPv6 only.
            (Mode::ActiveEprt, SocketAddr::V4(_)) if self.config.software == Software::Lftp => Mode::Active,
            (mode, _) => mode,
        };
        let mode = self.data.mode;
        let command = if mode.is_active() {
            let address = match self.data.listening {
                Some(address) => address,
                None => self.listen(host)?,
            };
            self.data.listening = Some(address);
            let mut named = address;
            if let Some(ip) = self.config.active_address.filter(|ip| ip.is_ipv4() == address.is_ipv4()) {
                named.set_ip(ip);
            }
            match (mode, named) {
                _ if self.data.long => Command::new("LPRT", format_long_port(named)),
                (Mode::Active, SocketAddr::V4(v4)) => Command::new("PORT", format_host_port(v4)),
                _ => Command::new("EPRT", format_eprt(named)),
            }
        } else {
            Command::new(if self.data.long { "LPSV" } else { mode.verb() }, "")
        };
        self.send(&command, Phase::Negotiating, host);
        Ok(())
    }

    /// Tries another way, if the program knows one.
    fn try_another(&mut self, failure: Failure, host: &mut dyn Host) -> bool {
        let six = host.control_local().is_ipv6();
        let refused = matches!(failure, Failure::Refused(_));
        let extended = matches!(self.data.mode, Mode::ActiveEprt | Mode::PassiveEpsv);
        let long = match self.config.software {
            // What came with IPv6 first gives way to the old command, then to LPRT or LPSV.
            Software::Ftp => six || !extended,
            Software::Tnftp => six,
            Software::Curl | Software::Lftp => false,
        };
        if long && refused && !self.data.long {
            self.data.long = true;
        } else if long && refused && self.config.software == Software::Tnftp && !self.data.mode.is_active() {
            // Nothing passive is left to say, now and later.
            self.data.mode = Mode::ActiveEprt;
            (self.mode, self.long) = (Mode::ActiveEprt, true);
        } else {
            let other = self.config.software.fallback(self.data.mode, failure);
            // Only the extended commands have room for IPv6.
            let fits = |mode| !six || matches!(mode, Mode::ActiveEprt | Mode::PassiveEpsv);
            let Some(other) = other.filter(|other| fits(other.mode)) else { return false };
            if !other.same_port && self.data.listening.take().is_some() {
                host.stop_listening();
            }
            self.data.mode = other.mode;
            self.data.link = Link::None;
            if other.stays {
                self.mode = other.mode;
            }
        }
        if let Err(error) = self.negotiate(host) {
            self.settle(CommandResult::Connect(error), host);
        }
        true
    }

    pub(super) fn on_negotiated(&mut self, reply: &Reply, host: &mut dyn Host) {
        if reply.is_negative() {
            let other = self.config.software.other_mode(self.data.mode).filter(|_| reply.code >= 500);
            if let Some(mode) = other {
                self.step_mode = mode;
                self.try_again(CommandResult::Reply(reply.code), host);
            } else if !self.try_another(Failure::Refused(reply.code), host) {
                // As recorded over IPv6: a refused EPSV ends curl's session; after a refused EPRT it has nothing more to
                // say, and waits.
                if self.config.software == Software::Curl && host.control_local().is_ipv6() {
                    return if self.data.mode.is_active() {
                        self.await_reply(host);
                    } else {
                        self.fail_and_hang_up(CommandResult::Reply(reply.code), host);
                    };
                }
                self.settle(CommandResult::Reply(reply.code), host);
            }
            return;
        }
        let control = host.control_remote();
        let text = || reply.lines.join("\n");
        let to = match self.data.mode {
            Mode::Active | Mode::ActiveEprt => return self.go_on(host),
            Mode::Passive => parse_pasv_reply(&text()).map(SocketAddr::V4),
            Mode::PassiveEpsv => parse_epsv_reply(&text()).map(|port| SocketAddr::new(control.ip(), port)),
        };
        let Some(mut to) = to.filter(|address| address.port() != 0) else {
            return self.settle(CommandResult::BadReply, host);
        };
        if self.data.expired {
            return self.settle(CommandResult::Connect(DataError::TimedOut), host);
        }
        match self.config.pasv_address_policy() {
            _ if to.ip() == control.ip() => {}
            PasvAddressPolicy::Believed => {}
            PasvAddressPolicy::Fixed { all } if !looks_wrong(to.ip(), control.ip(), all) => {}
            PasvAddressPolicy::Ignored | PasvAddressPolicy::Fixed { .. } => to.set_ip(control.ip()),
            // inetutils-ftp calls it off with a word, tnftp without.
            PasvAddressPolicy::Refused if self.config.software == Software::Ftp => {
                return self.send(&Command::new("ABOR", ""), Phase::CallingOff, host);
            }
            PasvAddressPolicy::Refused => return self.settle(CommandResult::AddressMismatch, host),
        }
        self.phase = Phase::ConnectingData;
        self.data.link = Link::Connecting;
        if let Err(error) = host.connect_data(None, to) {
            self.data.link = Link::Over;
            return self.settle(CommandResult::Connect(error), host);
        }
        // The time for the first connection is the time for the second as well.
        if let Some(after) = self.config.connect_timeout.filter(|_| !self.data.timed) {
            self.data.timed = true;
            // curl's time to connect is that since the URL was begun, login included.
            let gone = match self.config.software {
                Software::Curl => host.now().since(self.tries.since()),
                _ => Duration::ZERO,
            };
            host.set_timer(FtpTimer::DataConnect, after - gone);
        }
    }

    /// The answer to SIZE, MDTM, PRET or what sets the time of an uploaded file.
    pub(super) fn on_parameter(&mut self, reply: &Reply, host: &mut dyn Host) {
        let stages = self.config.software.stages();
        let asked = self.stage.checked_sub(1).and_then(|last| stages.get(usize::from(last)));
        match (asked, self.config.software) {
            // As recorded: no file, no RETR (`CURLE_REMOTE_FILE_NOT_FOUND`). With any other code it is tried.
            (Some(Stage::Size), Software::Curl) if reply.code == 550 => {
                return self.settle(CommandResult::Reply(550), host);
            }
            // As recorded: a size of 0 counts as none.
            (Some(Stage::Size), _) => {
                let size = reply.text().trim().parse().ok();
                self.known.size = size.filter(|size| reply.code == 213 && *size > 0);
            }
            (Some(Stage::Time), _) => self.known.time = reply.code == 213,
            // As recorded: lftp drops both connections, and the next entry calls again.
            (Some(Stage::Announce), _) if reply.is_negative() => {
                return self.fail_and_hang_up(CommandResult::Reply(reply.code), host);
            }
            _ => {}
        }
        self.go_on(host);
    }

    pub(super) fn on_type(&mut self, reply: &Reply, host: &mut dyn Host) {
        if !reply.is_negative() {
            self.binary = Some(self.wants_binary());
        } else if self.config.software != Software::Lftp {
            return self.settle(CommandResult::Reply(reply.code), host);
        }
        // As measured: lftp goes on as if nothing were, and says TYPE again the next time.
        self.go_on(host);
    }

    /// Sends the transfer command.
    fn begin_transfer(&mut self, host: &mut dyn Host) {
        let Some(command) = self.step.as_ref().and_then(Step::transfer) else { return };
        if let Some(error) = self.data.error {
            return self.settle(CommandResult::Lost(error), host);
        }
        self.data.begun = true;
        host.note(Note::TransferStarted { verb: command.verb.clone(), mode: self.data.mode });
        self.send(&command, Phase::Transfer, host);
    }

    pub(super) fn on_transfer_reply(&mut self, reply: &Reply, host: &mut dyn Host) {
        if reply.is_preliminary() {
            self.data.preliminary = true;
            if self.forgets_handshake() {
                self.await_reply(host);
            }
            return self.upload(host);
        }
        if reply.is_negative() {
            let transient = self.config.software == Software::Lftp && reply.code < 500;
            if transient && self.pause(reply.code, host) {
                return;
            }
            // A transfer that never began had no data connection to lose.
            let lost = self.data.error.filter(|_| self.data.preliminary);
            return self.settle(lost.map_or(CommandResult::Reply(reply.code), CommandResult::Lost), host);
        }
        self.data.last = Some(reply.code);
        if self.data.link == Link::None {
            host.set_timer(FtpTimer::DataConnect, self.config.connect_timeout.unwrap_or(ACCEPT_TIMEOUT));
        }
        self.finish_transfer(host);
    }

    /// As recorded: curl 7.88.1 forgets the handshake on a data connection that it accepted, and waits.
    fn forgets_handshake(&self) -> bool {
        self.private && self.config.software == Software::Curl && self.data.mode.is_active()
    }

    pub(super) fn data_connected(&mut self, host: &mut dyn Host) {
        self.data.link = Link::Up;
        host.cancel_timer(FtpTimer::DataConnect);
        if self.private {
            if self.forgets_handshake() {
                return;
            }
            host.send_data(TlsChannel::client_hello(self.config.software.hello()));
        }
        if self.phase == Phase::ConnectingData {
            self.go_on(host);
        } else {
            self.upload(host);
        }
    }

    /// Sends the file of `put`, once the server wants it and the connection is there.
    fn upload(&mut self, host: &mut dyn Host) {
        let Some(Step::Put(file) | Step::Append(file)) = &self.step else { return };
        // curl that has forgotten the handshake sends the file as it is, in the clear.
        let bare = !self.private || self.forgets_handshake();
        if !self.data.preliminary || self.data.link != Link::Up || self.data.closed || !bare && !self.data.shaken {
            return;
        }
        if !self.data.began_upload {
            self.data.began_upload = true;
            let path = FileSystem::resolve("/", file);
            let body = self.config.files.read(&path).cloned().unwrap_or_else(|| FileSystem::generated(1000));
            self.data.file_len = body.len() as u64;
            self.to_send = if !bare && !body.is_empty() { TlsChannel::seal_file(&body) } else { body };
        }
        if !self.to_send.is_empty() {
            let taken = host.send_data(self.to_send.clone());
            self.to_send = self.to_send.slice(taken..);
            self.data.bytes += taken as u64;
        }
        if self.to_send.is_empty() {
            // What TLS adds is not the file's.
            self.data.bytes = self.data.file_len;
            self.data.closed = true;
            host.close_data();
        }
    }

    /// Whether bytes may still move on the data connection, in our direction or to us.
    pub(super) fn moves_bytes(&self) -> bool {
        self.data.preliminary && self.data.link == Link::Up && !self.data.closed
    }

    /// Why the data connection broke, if it did.
    pub(super) const fn broken(&self) -> Option<DataError> {
        self.data.error
    }

    /// The data connection has room again for what it did not take.
    pub(super) fn data_writable(&mut self, host: &mut dyn Host) {
        self.upload(host);
    }

    /// Bytes arrived. On a protected connection the first are the server's part of the handshake.
    pub(super) fn data_arrived(&mut self, bytes: Bytes, host: &mut dyn Host) {
        self.data.bytes += bytes.len() as u64;
        self.received.push(bytes);
        if !self.private || self.data.shaken {
            return;
        }
        let arrived = TlsChannel::handshakes(&self.received.concat());
        if arrived.first() == Some(&Hello::Retry) {
            self.received.clear();
            host.send_data(TlsChannel::client_hello_again());
        } else if !arrived.is_empty() {
            self.data.shaken = true;
            self.data.bytes = 0;
            self.received.clear();
            host.send_data(TlsChannel::data_finished());
            self.upload(host);
        }
    }

    pub(super) fn data_closed(&mut self, host: &mut dyn Host) {
        if !self.data.closed {
            self.data.closed = true;
            if self.private {
                let plain = TlsChannel::open_file(&self.received.concat());
                self.data.bytes = plain.len() as u64;
                self.received = vec![plain];
            }
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
            if !self.try_another(Failure::NotConnected, host) {
                self.settle(CommandResult::Connect(error), host);
            }
            return;
        }
        // Once we have read the end of a download, a lost acknowledgement of our FIN is not a lost file.
        let complete = self.data.closed && !matches!(self.step, Some(Step::Put(_) | Step::Append(_)));
        if was == Link::Up && !complete {
            self.data.error = Some(error);
        }
        self.finish_transfer(host);
    }

    pub(super) fn on_data_timeout(&mut self, host: &mut dyn Host) {
        if self.phase == Phase::ConnectingData {
            host.abort_data();
            self.data.link = Link::Over;
            self.data.expired = true;
            if self.try_another(Failure::NotConnected, host) {
                return;
            }
        }
        if self.data.link != Link::Up {
            self.settle(CommandResult::Connect(DataError::TimedOut), host);
        }
    }

    /// Goes on with the next step if the transfer is over on both channels.
    fn finish_transfer(&mut self, host: &mut dyn Host) {
        if self.phase != Phase::Transfer || self.data.link != Link::Over {
            return;
        }
        if self.data.last.is_some() {
            if let Some(error) = self.data.error {
                return self.settle(CommandResult::Lost(error), host);
            }
            if self.came_short() {
                return self.settle(CommandResult::Incomplete, host);
            }
            self.end_transfer(CommandResult::Ok, host);
            self.go_on(host);
        } else {
            self.await_reply(host);
        }
    }

    /// Whether the program finds that it has less of the file than SIZE had told, as after a REST that it was told to say.
    fn came_short(&self) -> bool {
        let compares = self.config.software.compares_size() && matches!(self.step, Some(Step::Get(_)));
        compares && self.known.size.is_some_and(|size| self.data.bytes < size)
    }

    /// Ends the step with this result and begins the next.
    pub(super) fn settle(&mut self, result: CommandResult, host: &mut dyn Host) {
        match self.config.software.on_failure(result, self.data.mode.is_active()) {
            OnFailure::Stays => {}
            OnFailure::HangsUp => return self.fail_and_hang_up(result, host),
            OnFailure::TriesAgain => return self.try_again(result, host),
        }
        self.end_transfer(result, host);
        self.finish_step(result, host);
        self.begin_step(host);
    }

    /// Ends what there is of a transfer: its timer, its listener, its connection.
    pub(super) fn end_transfer(&mut self, result: CommandResult, host: &mut dyn Host) {
        let Some(command) = self.step.as_ref().and_then(Step::transfer) else { return };
        host.cancel_timer(FtpTimer::DataConnect);
        match self.data.link {
            Link::Connecting => host.abort_data(),
            // inetutils-ftp leaves it open; the server's new arrangement ends it.
            Link::Up if self.config.software == Software::Ftp && self.data.begun && !self.data.preliminary => {}
            Link::Up => host.leave_data(),
            Link::None | Link::Over => {}
        }
        if self.data.listening.is_some() {
            host.stop_listening();
        }
        if self.data.begun {
            let (mode, bytes) = (self.data.mode, self.data.bytes);
            host.note(Note::TransferFinished { verb: command.verb, mode, result, bytes });
        }
        self.data = Data::default();
    }
}

/// Whether lftp takes an address in 227 for a mistake (`ftp:fix-pasv-address`, in `Ftp::Handle_PASV`): nobody can have it,
/// or it is private where the server's own is public, or the other way round. 0.0.0.0 is one even if the setting is off.
fn looks_wrong(named: IpAddr, server: IpAddr, all: bool) -> bool {
    let (IpAddr::V4(named), IpAddr::V4(server)) = (named, server) else { return false };
    let nobodys = |ip: Ipv4Addr| ip.octets()[0] == 0 || ip.octets()[0] >= 224;
    let private = |ip: Ipv4Addr| ip.is_private() || ip.is_link_local();
    let differs = private(named) != private(server) || named.is_loopback() != server.is_loopback();
    named.is_unspecified() || all && (nobodys(named) || differs)
}
