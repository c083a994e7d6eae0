//! One control connection of the server: reads commands one after the other and answers (RFC 959, section 5.4).

use super::Server;
use super::negotiate::DataPlan;
use super::transfer::Transfer;
use crate::ftp::lines::LineSplitter;
use crate::ftp::{Command, DataError, FileSystem, FtpTimer, Host, Reply};
use bytes::Bytes;
use std::net::SocketAddr;

/// One client's session with a [`Server`]. Every event is a method; the answers go to the [`Host`].
#[derive(Debug)]
pub struct ServerSession {
    login: Login,
    /// The working directory, resolved.
    pub(super) cwd: String,
    pub(super) binary: bool,
    /// Where the next RETR begins (REST; RFC 3659, section 5).
    pub(super) restart: u64,
    /// EPSV ALL was said: PORT, EPRT and PASV are refused from then on (RFC 2428, section 4).
    pub(super) epsv_all: bool,
    pub(super) plan: DataPlan,
    pub(super) transfer: Option<Transfer>,
    /// What arrived on the data connection, before or during a STOR.
    pub(super) upload: Vec<Bytes>,
    lines: LineSplitter,
    control: Control,
}

#[derive(Debug, PartialEq, Eq)]
enum Login {
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
            cwd: String::from("/"),
            binary: false,
            restart: 0,
            epsv_all: false,
            plan: DataPlan::None,
            transfer: None,
            upload: Vec::new(),
            lines: LineSplitter::default(),
            control: Control::Open,
        }
    }

    /// Whether the session is over; it then ignores every event.
    pub fn is_finished(&self) -> bool {
        self.control == Control::Closed
    }

    /// The control connection is there.
    pub fn on_connected(&mut self, server: &mut Server, host: &mut dyn Host) {
        host.send_reply(&server.say().greeting.reply());
        host.set_timer(FtpTimer::Idle, server.config.idle_timeout);
    }

    /// Bytes arrived on the control connection. Commands that come during a transfer wait for its end.
    pub fn on_control(&mut self, bytes: Bytes, server: &mut Server, host: &mut dyn Host) {
        self.lines.push(bytes);
        self.read_commands(server, host);
    }

    /// The client closed its side of the control connection.
    pub fn on_control_closed(&mut self, host: &mut dyn Host) {
        if self.control == Control::Open {
            self.control = Control::HalfClosed;
            if self.transfer.is_none() {
                self.close(host);
            }
        }
    }

    /// The control connection broke.
    pub fn on_control_failed(&mut self, _error: DataError, host: &mut dyn Host) {
        if !self.is_finished() {
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
                let text = if self.transfer.is_some() { say.data_timeout } else { say.timeout };
                host.send_reply(&text.reply());
                self.close(host);
            }
            FtpTimer::DataConnect => self.on_data_timeout(server, host),
            FtpTimer::ControlConnect | FtpTimer::Reply => {}
        }
    }

    /// Answers the commands that have arrived, up to one that begins a transfer.
    pub(super) fn read_commands(&mut self, server: &mut Server, host: &mut dyn Host) {
        let mut answered = false;
        while self.transfer.is_none() && !self.is_finished() {
            match self.lines.next_line() {
                None => break,
                Some(Ok(line)) => {
                    let command = Command::parse(&line);
                    host.saw_command(&command);
                    self.answer(&command, server, host);
                }
                Some(Err(_)) => {
                    host.send_reply(&server.say().line_too_long.reply());
                    self.close(host);
                }
            }
            answered = true;
        }
        if self.control == Control::HalfClosed && self.transfer.is_none() {
            self.close(host);
        } else if answered && self.transfer.is_none() && !self.is_finished() {
            host.set_timer(FtpTimer::Idle, server.config.idle_timeout);
        }
    }

    /// Closes everything in order.
    fn close(&mut self, host: &mut dyn Host) {
        self.control = Control::Closed;
        self.drop_data(host);
        host.cancel_timer(FtpTimer::Idle);
        host.close_control();
    }

    fn answer(&mut self, command: &Command, server: &mut Server, host: &mut dyn Host) {
        let say = server.say();
        let verb = command.verb.as_str();
        let argument = command.argument.as_str();
        let text = match (verb, &self.login) {
            // vsftpd ignores empty lines: some NAT devices send them.
            ("", _) if argument.is_empty() => return,
            ("QUIT", _) => {
                host.send_reply(&say.goodbye.reply());
                return self.close(host);
            }
            ("FEAT", _) => return host.send_reply(&features(server)),
            ("USER", Login::Yes) => say.user_again,
            ("USER", _) => {
                self.login = Login::User(argument.to_owned());
                say.need_password
            }
            ("PASS", Login::Yes) => say.already_logged_in,
            ("PASS", Login::No) => say.user_first,
            ("PASS", Login::User(user)) => {
                let welcome = server.config.may_log_in(user, argument);
                self.login = if welcome { Login::Yes } else { Login::No };
                if welcome { say.logged_in } else { say.login_incorrect }
            }
            (_, Login::No | Login::User(_)) => say.login_first,
            ("SYST", _) => say.system,
            ("NOOP", _) => say.noop,
            ("ABOR", _) => say.nothing_to_abort,
            ("HELP", _) => return host.send_reply(&help()),
            ("PWD" | "XPWD", _) => {
                // RFC 959, appendix II: quotes within the path are doubled.
                return host.send_reply(&say.directory.with(&[&self.cwd.replace('"', "\"\"")]));
            }
            ("CWD" | "XCWD", _) => return self.change_directory(argument, server, host),
            ("CDUP" | "XCUP", _) => return self.change_directory("..", server, host),
            ("TYPE", _) => self.set_type(argument, server),
            ("MODE", _) if argument.eq_ignore_ascii_case("S") => say.mode_ok,
            ("MODE", _) => say.mode_bad,
            ("STRU", _) if argument.eq_ignore_ascii_case("F") => say.structure_ok,
            ("STRU", _) => say.structure_bad,
            ("SIZE", _) => match server.files.size(&FileSystem::resolve(&self.cwd, argument)) {
                Some(size) => return host.send_reply(&say.size.with(&[&size.to_string()])),
                None => say.size_failed,
            },
            ("MDTM", _) => match server.files.read(&FileSystem::resolve(&self.cwd, argument)) {
                Some(_) => say.time,
                None => say.time_failed,
            },
            ("REST", _) => {
                self.restart = argument.trim().parse().unwrap_or(0);
                return host.send_reply(&say.restart.with(&[&self.restart.to_string()]));
            }
            ("PORT" | "EPRT" | "PASV" | "EPSV", _) => {
                let reply = self.negotiate(command, server, host);
                return host.send_reply(&reply);
            }
            ("LIST" | "NLST" | "RETR" | "STOR", _) => return self.begin_transfer(command, server, host),
            _ => say.unknown,
        };
        host.send_reply(&text.reply());
    }

    fn change_directory(&mut self, path: &str, server: &Server, host: &mut dyn Host) {
        let path = FileSystem::resolve(&self.cwd, path);
        let text = if server.files.is_dir(&path) {
            self.cwd = path;
            server.say().directory_changed
        } else {
            server.say().directory_failed
        };
        host.send_reply(&text.reply());
    }

    fn set_type(&mut self, argument: &str, server: &Server) -> super::Text {
        // RFC 959, section 5.3.2: a second parameter may follow; "L 8" is the same as image.
        let say = server.say();
        match argument.to_ascii_uppercase().as_str() {
            "A" | "A N" => {
                self.binary = false;
                say.type_ascii
            }
            "I" | "L8" | "L 8" => {
                self.binary = true;
                say.type_binary
            }
            _ => say.type_bad,
        }
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

/// 211, naming only what is allowed (RFC 2389).
fn features(server: &Server) -> Reply {
    let (active, passive) = (server.config.active_enabled, server.config.passive_enabled);
    let lines = [
        ("Features:", true),
        (" EPRT", active),
        (" EPSV", passive),
        (" MDTM", true),
        (" PASV", passive),
        (" REST STREAM", true),
        (" SIZE", true),
        (" TVFS", true),
        ("End", true),
    ];
    let lines = lines.into_iter().filter(|(_, on)| *on).map(|(line, _)| line.to_owned()).collect();
    Reply { code: 211, lines }
}

fn help() -> Reply {
    let lines = [
        "The following commands are recognized.",
        " ABOR CDUP CWD  EPRT EPSV FEAT HELP LIST MDTM MODE NLST NOOP PASS PASV",
        " PORT PWD  QUIT REST RETR SIZE STOR STRU SYST TYPE USER XCUP XCWD XPWD",
        "Help OK.",
    ];
    Reply { code: 214, lines: lines.map(str::to_owned).to_vec() }
}
