//! An FTP server as a state machine without I/O, after vsftpd 3.0.3, pure-ftpd 1.0.50 or proftpd 1.3.8.
//!
//! Modelled: login, directories, the four ways to arrange a data connection and who may use them, LIST, NLST, MLSD,
//! RETR (with REST), STOR and APPE, ABOR, removing and renaming, the order of events on both channels, the timeouts,
//! TLS as opaqueness ([`crate::ftp::TlsChannel`]). Not modelled: permissions of files (but what
//! guests may not do), line-end conversion in ASCII mode (off in vsftpd by default: `ascii_download_enable=NO`).
//!
//! | file | subject |
//! |---|---|
//! | `commands` | what each command does that neither arranges nor uses a data connection (RFC 959, section 4.1; RFC 3659; RFC 4217) |
//! | `job` | what a transfer command asks for: the bytes that go, or where those that come are put (RFC 959, section 4.1.3) |
//! | `negotiate` | how a server arranges data connections: PORT and PASV (RFC 959, section 4.1.2), EPRT and EPSV (RFC 2428) |
//! | `profile` | what makes one server program different from another: its texts and habits, as a table |
//! | `session` | one control connection of the server: reads commands one after the other and answers (RFC 959, section 5.4) |
//! | `transfer` | transfers as the server does them (RFC 959, section 5.1.1 and the sequences of 5.4) |

mod commands;
mod job;
mod negotiate;
mod profile;
#[cfg(test)]
mod recorded_tests;
mod session;
mod transfer;

pub use profile::{
    Completion, DataOrigin, Foreign, ListStyle, Needs, PortRefusal, Profile, ProfileTable, RestartBeyond, Stalled,
    Stranger, Text,
};
pub use session::ServerSession;

use super::FileSystem;
use crate::time::Duration;
use std::net::Ipv4Addr;

/// How a server is set up. The names in brackets are vsftpd's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Which program's texts and habits it has.
    pub software: Profile,
    /// Whether `anonymous` and `ftp` may log in, with any password (`anonymous_enable`).
    pub anonymous: bool,
    /// Further users with their passwords.
    pub users: Vec<(String, String)>,
    /// The lowest and highest port to listen on (`pasv_min_port`, `pasv_max_port`); `None` is 1024 to 65535.
    pub passive_ports: Option<(u16, u16)>,
    /// Whether active data connections come from port 20 (`connect_from_port_20`); `None` is the program's habit.
    pub connect_from_port_20: Option<bool>,
    /// The port that they come from then (`ftp_data_port`); `None` is 20. Only vsftpd has a setting for it.
    pub data_port: Option<u16>,
    /// Bytes a second that a file is sent at (`anon_max_rate` and `local_max_rate`, proftpd's `TransferRate`, pure-ftpd's
    /// `-T`); `None` is as fast as it goes.
    pub rate: Option<u64>,
    /// Whether PORT may name another address than the client's or a port below 1024 (`port_promiscuous`).
    pub port_promiscuous: bool,
    /// Whether a data connection may come from another address than the client's (`pasv_promiscuous`).
    pub pasv_promiscuous: bool,
    /// Whether PORT and EPRT are allowed (`port_enable`).
    pub active: bool,
    /// Whether PASV and EPSV are allowed (`pasv_enable`).
    pub passive: bool,
    /// The address that 227 names instead of the server's own (`pasv_address`).
    pub passive_address: Option<Ipv4Addr>,
    /// Commands that are refused (`cmds_denied`), in capitals.
    pub denied_commands: Vec<String>,
    /// Whether AUTH TLS is accepted (`ssl_enable`).
    pub tls: bool,
    /// How many sessions there may be at a time (`max_clients`, pure-ftpd `-c`, proftpd `MaxInstances`); `None`: pure-ftpd
    /// 50, or half as many as it has passive ports, the others any number.
    pub max_clients: Option<u32>,
    /// How long to wait for a command (`idle_session_timeout`). This one and the next three: `None` is the profile's
    /// habit.
    pub idle_timeout: Option<Duration>,
    /// How long a data connection may stand still (`data_connection_timeout`): vsftpd looks once in each such time whether
    /// anything has moved since the last look, both ways.
    pub data_timeout: Option<Duration>,
    /// How long to wait for an active data connection (`connect_timeout`).
    pub connect_timeout: Option<Duration>,
    /// How long to wait for a passive data connection (`accept_timeout`).
    pub accept_timeout: Option<Duration>,
    /// What there is to transfer.
    pub files: FileSystem,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            software: Profile::Vsftpd,
            anonymous: true,
            users: Vec::new(),
            passive_ports: None,
            connect_from_port_20: None,
            data_port: None,
            rate: None,
            port_promiscuous: false,
            pasv_promiscuous: false,
            active: true,
            passive: true,
            passive_address: None,
            denied_commands: Vec::new(),
            tls: false,
            max_clients: None,
            idle_timeout: None,
            data_timeout: None,
            connect_timeout: None,
            accept_timeout: None,
            files: FileSystem::new(),
        }
    }
}

impl ServerConfig {
    fn is_anonymous(&self, user: &str) -> bool {
        self.anonymous && matches!(user, "anonymous" | "ftp")
    }

    /// Whether the settings forbid a command.
    fn denies(&self, verb: &str) -> bool {
        match verb {
            "PORT" | "EPRT" if !self.active => true,
            "PASV" | "EPSV" if !self.passive => true,
            _ => self.denied_commands.iter().any(|denied| denied == verb),
        }
    }

    fn may_log_in(&self, user: &str, password: &str) -> bool {
        self.is_anonymous(user) || self.users.iter().any(|(name, secret)| name == user && secret == password)
    }
}

/// A server: what its sessions share.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// How it is set up.
    pub config: ServerConfig,
    /// Its files now; uploads go here. They begin as `config.files`.
    pub files: FileSystem,
    /// How many sessions there are.
    sessions: u32,
}

impl Server {
    /// A server with the files of its configuration (moved out of it).
    pub fn new(mut config: ServerConfig) -> Self {
        let files = std::mem::take(&mut config.files);
        Self { config, files, sessions: 0 }
    }

    fn say(&self) -> &'static ProfileTable {
        self.config.software.table()
    }

    fn idle_timeout(&self) -> Duration {
        self.config.idle_timeout.unwrap_or(Duration::from_secs(self.say().idle_timeout))
    }

    /// How many sessions there may be at a time.
    fn seats(&self) -> Option<u32> {
        let ports = self.config.passive_ports.map_or(u32::MAX, |(low, high)| u32::from(high.saturating_sub(low)) + 1);
        let habit = self.say().counts_ports.then(|| (ports / 2).clamp(1, 50));
        self.config.max_clients.or(habit)
    }

    fn data_timeout(&self) -> Duration {
        self.config.data_timeout.unwrap_or(Duration::from_secs(self.say().data_timeout_secs))
    }

    /// How long it waits when it closes a data connection. Where it looks at data connections by the clock, the alarm of
    /// that clock interrupts the wait.
    fn linger(&self) -> Duration {
        let linger = Duration::from_secs(self.say().linger);
        if self.say().looks_each_period { linger.min(self.data_timeout()) } else { linger }
    }

    fn connect_timeout(&self) -> Option<Duration> {
        self.config.connect_timeout.or(self.say().connect_timeout.map(Duration::from_secs))
    }

    fn accept_timeout(&self) -> Duration {
        self.config.accept_timeout.unwrap_or(Duration::from_secs(self.say().accept_timeout))
    }

    /// How many bytes of a file are written at once, and how long the pause after them is.
    fn pace(&self) -> Option<(usize, Duration)> {
        let rate = self.config.rate?;
        let chunk = self.say().paced_chunk;
        let nanos = u128::from(chunk) * 1_000_000_000 / u128::from(rate.max(1));
        Some((chunk as usize, Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))))
    }

    /// The port that active data connections come from, for a control connection to `control`; `None` is any.
    fn data_port(&self, control: u16) -> Option<u16> {
        let port = match self.say().data_origin {
            DataOrigin::Set => self.config.data_port.unwrap_or(20),
            DataOrigin::Twenty => 20,
            DataOrigin::BelowControl => control.saturating_sub(1),
        };
        let fixed = self.config.connect_from_port_20.unwrap_or(self.say().from_port_20);
        (fixed && port != 0).then_some(port)
    }
}
