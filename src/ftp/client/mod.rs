//! An FTP client as a state machine without I/O: plays a list of commands as curl 7.88 does.
//!
//! Modelled: the login, PWD after it, one negotiation for each transfer, TYPE when it changes, SIZE before RETR, the
//! order in which all this is said. Not modelled: falling back to another mode, changing directory for `ls path`, TLS.

mod script;
mod session;
mod transfer;

pub use script::Step;
pub use session::ClientSession;

use super::{FileSystem, Mode};
use crate::time::Duration;

/// What a client shall do.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// How it arranges data connections.
    pub mode: Mode,
    /// For USER.
    pub user: String,
    /// For PASS.
    pub password: String,
    /// The entries, each as [`Step::parse`] reads them. QUIT is added if they have none.
    pub run: Vec<String>,
    /// Whether to connect to the control connection's address whatever 227 names, as curl does since 7.74.0.
    pub ignore_pasv_address: bool,
    /// How long to wait for a connection; `None` leaves it to the stack. For an active data connection that is still
    /// not there when the server says that the transfer is complete, `None` is 60 s.
    pub connect_timeout: Option<Duration>,
    /// How long to wait for a reply; `None` is for ever. By default 2 minutes, as curl 7.88 does
    /// (`RESP_TIMEOUT`).
    pub reply_timeout: Option<Duration>,
    /// The files that `put` sends; one that is not among them is 1000 bytes of [`FileSystem::generated`].
    pub files: FileSystem,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            user: String::from("anonymous"),
            password: String::from("ftp@example.com"),
            run: Vec::new(),
            ignore_pasv_address: false,
            connect_timeout: None,
            reply_timeout: Some(Duration::from_secs(120)),
            files: FileSystem::new(),
        }
    }
}
