//! One control connection of the server: reads commands one after the other and answers (RFC 959, section 5.4).

use super::negotiate::DataPlan;
use super::transfer::Transfer;
use super::{Server, Text};
use crate::ftp::lines::{LineSplitter, LineTooLong};
use crate::ftp::{Command, DataError, FtpTimer, Hello, Host, Reply, TlsChannel};
use bytes::Bytes;
use std::net::SocketAddr;

/// One client's session with a [`Server`]. Every event is a method; the answers go to the [`Host`].
#[derive(Debug)]
pub struct ServerSession {
    pub(super) login: Login,
    /// Who is logged in.
    pub(super) user: String,
    /// The working directory, resolved.
    pub(super) cwd: String,
    pub(super) binary: bool,
    /// Where the next RETR begins (REST; RFC 3659, section 5).
    pub(super) restart: u64,
    /// EPSV ALL was said: PORT, EPRT and PASV are refused from then on (RFC 2428, section 4).
    pub(super) epsv_all: bool,
    pub(super) plan: DataPlan,
    /// The port of the last PASV or EPSV: proftpd takes it for the client's default data port from then on.
    pub(super) passive_port: Option<u16>,
    pub(super) transfer: Option<Transfer>,
    /// What arrived on the data connection, before or during a STOR.
    pub(super) upload: Vec<Bytes>,
    /// Bytes received and sent on data connections.
    pub(super) moved: [u64; 2],
    /// RNFR was said, with this resolved path.
    pub(super) rename_from: Option<String>,
    /// A command that came during a transfer and is no ABOR.
    held: Option<Command>,
    lines: LineSplitter,
    /// The control connection is protected.
    pub(super) tls: Option<Box<TlsChannel>>,
    /// PROT P was said: data connections are protected.
    pub(super) private: bool,
    control: Control,
    last_code: u16,
    /// The program writes each line of a reply by itself.
    line_by_line: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Login {
    No,
    User(String),
    Yes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Control {
    Open,
    /// The client has closed its side; a transfer goes on to its end, as vsftpd looks at the control connection only
    /// between commands.
    HalfClosed,
    Closed,
}

impl Default for ServerSession {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerSession {
    /// A session that waits for its connection.
    pub fn new() -> Self {
        Self {
            login: Login::No,
            user: String::new(),
            cwd: String::from("/"),
            binary: false,
            restart: 0,
            epsv_all: false,
            plan: DataPlan::None,
            passive_port: None,
            transfer: None,
            upload: Vec::new(),
            moved: [0; 2],
            rename_from: None,
            held: None,
            lines: LineSplitter::default(),
            tls: None,
            private: false,
            control: Control::Open,
            last_code: 0,
            line_by_line: false,
        }
    }

    /// Whether the session is over; it then ignores every event.
    pub fn is_finished(&self) -> bool {
        self.control == Control::Closed
    }

    /// The control connection is there.
    pub fn on_connected(&mut self, server: &mut Server, host: &mut dyn Host) {
        server.sessions += 1;
        self.line_by_line = server.say().line_by_line;
        if server.seats().is_some_and(|seats| server.sessions > seats) {
            if let Some(text) = server.say().full {
                let refusal = self.fill(text, &Command::new("", ""), server, host);
                self.send(&refusal, host);
            }
            return self.close(server, host);
        }
        let mut greeting = self.fill(server.say().greeting, &Command::new("", ""), server, host);
        if !server.config.users.is_empty() {
            greeting.lines.retain(|line| !line.contains("Only anonymous FTP is allowed here"));
        }
        self.send(&greeting, host);
        host.set_timer(FtpTimer::Idle, server.idle_timeout());
    }

    /// Bytes arrived on the control connection. Commands that come during a transfer wait for its end, but for ABOR
    /// where the program hears it.
    pub fn on_control(&mut self, bytes: Bytes, server: &mut Server, host: &mut dyn Host) {
        let bytes = match &mut self.tls {
            None => bytes,
            Some(tls) => {
                // RFC 8446, section 5: whatever is no record ends the connection.
                let Ok(received) = tls.receive(&bytes) else { return self.close(server, host) };
                match received.hello {
                    Some(Hello::X25519) if server.say().wants_p256 => {
                        tls.await_hello();
                        host.send_raw(TlsChannel::retry());
                    }
                    Some(_) => host.send_raw(TlsChannel::server_hello()),
                    None => {}
                }
                received.plain
            }
        };
        self.lines.push(bytes);
        if self.transfer.is_some() && self.hears_abor(server) {
            return self.listen_for_abor(server, host);
        }
        self.read_commands(server, host);
    }

    /// Sends a reply.
    pub(super) fn send(&mut self, reply: &Reply, host: &mut dyn Host) {
        self.last_code = reply.code;
        let plain = reply.to_bytes();
        match &mut self.tls {
            None if self.line_by_line && reply.lines.len() > 1 => {
                let lines: Vec<Bytes> =
                    plain.split_inclusive(|&byte| byte == b'\n').map(|line| plain.slice_ref(line)).collect();
                host.send_reply(reply, &lines);
            }
            None => host.send_reply(reply, &[plain]),
            Some(tls) => host.send_reply(reply, &[tls.seal(&plain)]),
        }
    }

    fn listen_for_abor(&mut self, server: &mut Server, host: &mut dyn Host) {
        while self.held.is_none() && self.transfer.is_some() {
            let Some(Ok(line)) = self.lines.next_line() else { return };
            let command = Command::parse(&line);
            if command.verb == "ABOR" {
                host.saw_command(&command);
                self.abort_transfer(server, host);
            } else {
                self.held = Some(command);
            }
        }
    }

    /// The next command, if it has arrived.
    fn next_command(&mut self) -> Option<Result<Command, LineTooLong>> {
        if let Some(held) = self.held.take() {
            return Some(Ok(held));
        }
        self.lines.next_line().map(|line| line.map(|line| Command::parse(&line)))
    }

    /// The client closed its side of the control connection.
    pub fn on_control_closed(&mut self, server: &mut Server, host: &mut dyn Host) {
        if self.control == Control::Open {
            self.control = Control::HalfClosed;
            if self.transfer.is_none() {
                self.leave(server, host);
            }
        }
    }

    /// The client has left without QUIT.
    fn leave(&mut self, server: &mut Server, host: &mut dyn Host) {
        if let Some(word) = server.say().on_eof {
            self.send(&Reply::new(self.last_code, word), host);
        }
        self.close(server, host);
    }

    /// The control connection broke.
    pub fn on_control_failed(&mut self, _error: DataError, server: &mut Server, host: &mut dyn Host) {
        if !self.is_finished() {
            server.sessions = server.sessions.saturating_sub(1);
            self.control = Control::Closed;
            self.drop_data(host);
            host.cancel_timer(FtpTimer::Idle);
        }
    }

    /// A timer ran out.
    pub fn on_timer(&mut self, timer: FtpTimer, server: &mut Server, host: &mut dyn Host) {
        if self.is_finished() {
            return;
        }
        match timer {
            FtpTimer::Idle => {
                let say = server.say();
                let reply = self.fill(say.timeout, &Command::new("", ""), server, host);
                self.send(&reply, host);
                self.close(server, host);
            }
            FtpTimer::DataConnect => self.on_data_timeout(server, host),
            FtpTimer::DataProgress => self.on_data_watch(server, host),
            FtpTimer::Pace => self.go_on_sending(server, host),
            FtpTimer::ControlConnect | FtpTimer::Reply | FtpTimer::Retry | FtpTimer::Wait => {}
        }
    }

    /// Answers the commands that have arrived, up to one that begins a transfer.
    pub(super) fn read_commands(&mut self, server: &mut Server, host: &mut dyn Host) {
        let mut answered = false;
        while self.transfer.is_none() && !self.is_finished() {
            match self.next_command() {
                None => break,
                Some(Ok(command)) => {
                    host.saw_command(&command);
                    self.answer(&command, server, host);
                }
                Some(Err(_)) => {
                    self.send(&server.say().line_too_long.reply(), host);
                    self.close(server, host);
                }
            }
            answered = true;
        }
        if self.control == Control::HalfClosed && self.transfer.is_none() {
            self.leave(server, host);
        } else if answered && self.transfer.is_none() && !self.is_finished() {
            host.set_timer(FtpTimer::Idle, server.idle_timeout());
        }
    }

    /// vsftpd's two processes exit one after the other, each with a line of its own (`500 OOPS`).
    pub(super) fn exit_with(&mut self, words: [Text; 2], server: &mut Server, host: &mut dyn Host) {
        // Both are there when the client reads the first.
        let replies = words.map(Text::reply);
        let plain = [replies[0].to_bytes(), replies[1].to_bytes()].concat();
        let wire = self.tls.as_mut().map_or_else(|| plain.clone().into(), |tls| tls.seal(&plain));
        host.send_reply(&replies[0], &[]);
        host.send_reply(&replies[1], &[wire]);
        self.close(server, host);
    }

    /// Closes everything in order.
    pub(super) fn close(&mut self, server: &mut Server, host: &mut dyn Host) {
        self.control = Control::Closed;
        server.sessions = server.sessions.saturating_sub(1);
        self.drop_data(host);
        host.cancel_timer(FtpTimer::Idle);
        host.close_control();
    }

    /// The data connection came about.
    pub fn on_data_connected(&mut self, remote: SocketAddr, server: &mut Server, host: &mut dyn Host) {
        if !self.is_finished() {
            self.data_connected(remote, server, host);
        }
    }

    /// Bytes arrived on the data connection.
    pub fn on_data(&mut self, bytes: Bytes, server: &mut Server, host: &mut dyn Host) {
        if !self.is_finished() {
            self.data(bytes, server, host);
        }
    }

    /// The data connection has room again for what it did not take.
    pub fn on_data_writable(&mut self, server: &mut Server, host: &mut dyn Host) {
        if !self.is_finished() {
            self.send_file(server, host);
        }
    }

    /// The client's machine has acknowledged everything that was sent on the data connection, our FIN included.
    pub fn on_data_sent(&mut self, server: &mut Server, host: &mut dyn Host) {
        if !self.is_finished() {
            self.data_sent(server, host);
        }
    }

    /// The client closed its side of the data connection.
    pub fn on_data_closed(&mut self, server: &mut Server, host: &mut dyn Host) {
        if !self.is_finished() {
            self.data_closed(server, host);
        }
    }

    /// The data connection is closed on both sides and our FIN is acknowledged.
    pub fn on_data_done(&mut self, server: &mut Server, host: &mut dyn Host) {
        if !self.is_finished() {
            self.data_done(server, host);
        }
    }

    /// The data connection did not come about, or broke.
    pub fn on_data_failed(&mut self, error: DataError, server: &mut Server, host: &mut dyn Host) {
        if !self.is_finished() {
            self.data_failed(error, server, host);
        }
    }
}
