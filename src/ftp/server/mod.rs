//! An FTP server as a state machine without I/O, after vsftpd 3.0.3.
//!
//! Modelled: login, directories, the four ways to arrange a data connection and who may use them, LIST, NLST, RETR
//! (with REST) and STOR, the order of events on both channels, the timeouts. Not modelled: TLS (RFC 4217), renaming and
//! deleting, ABOR during a transfer, line-end conversion in ASCII mode (off in vsftpd by default:
//! `ascii_download_enable=NO`).

mod negotiate;
mod profile;
mod session;
mod transfer;

pub use profile::{Completion, Profile, ProfileTable, Text};
pub use session::ServerSession;

use super::FileSystem;
use crate::time::Duration;
use std::net::Ipv4Addr;

/// How a server is set up. The names in brackets are vsftpd's.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Which program's texts and order of events.
    pub profile: Profile,
    /// Whether `anonymous` and `ftp` may log in, with any password (`anonymous_enable`).
    pub anonymous: bool,
    /// Further users with their passwords.
    pub users: Vec<(String, String)>,
    /// The lowest and highest port to listen on (`pasv_min_port`, `pasv_max_port`); `None` is 1024 to 65535.
    pub pasv_ports: Option<(u16, u16)>,
    /// Whether active data connections come from port 20 (`connect_from_port_20`).
    pub connect_from_port_20: bool,
    /// Whether PORT may name another address than the client's or a port below 1024 (`port_promiscuous`).
    pub port_promiscuous: bool,
    /// Whether a data connection may come from another address than the client's (`pasv_promiscuous`).
    pub pasv_promiscuous: bool,
    /// Whether PORT and EPRT are allowed (`port_enable`).
    pub active_enabled: bool,
    /// Whether PASV and EPSV are allowed (`pasv_enable`).
    pub passive_enabled: bool,
    /// The address that 227 names instead of the server's own (`pasv_address`).
    pub pasv_address: Option<Ipv4Addr>,
    /// How long to wait for a command (`idle_session_timeout`), and for bytes of an upload (`data_connection_timeout`).
    pub idle_timeout: Duration,
    /// How long to wait for an active data connection (`connect_timeout`).
    pub connect_timeout: Duration,
    /// How long to wait for a passive data connection (`accept_timeout`).
    pub accept_timeout: Duration,
    /// What there is to transfer.
    pub files: FileSystem,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            profile: Profile::Vsftpd,
            anonymous: true,
            users: Vec::new(),
            pasv_ports: None,
            connect_from_port_20: true,
            port_promiscuous: false,
            pasv_promiscuous: false,
            active_enabled: true,
            passive_enabled: true,
            pasv_address: None,
            idle_timeout: Duration::from_secs(300),
            connect_timeout: Duration::from_secs(60),
            accept_timeout: Duration::from_secs(60),
            files: FileSystem::new(),
        }
    }
}

impl ServerConfig {
    fn may_log_in(&self, user: &str, password: &str) -> bool {
        self.anonymous && matches!(user, "anonymous" | "ftp")
            || self.users.iter().any(|(name, secret)| name == user && secret == password)
    }
}

/// A server: what its sessions share.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// How it is set up.
    pub config: ServerConfig,
    /// Its files now; uploads go here. They begin as `config.files`.
    pub files: FileSystem,
}

impl Server {
    /// A server with the files of its configuration (moved out of it).
    pub fn new(mut config: ServerConfig) -> Self {
        let files = std::mem::take(&mut config.files);
        Self { config, files }
    }

    fn say(&self) -> &'static ProfileTable {
        self.config.profile.table()
    }
}
