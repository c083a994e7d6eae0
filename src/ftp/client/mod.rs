//! An FTP client as a state machine without I/O: plays a list of commands as curl, lftp, tnftp or inetutils-ftp does.
//!
//! Modelled: what each says after the greeting, one negotiation for each transfer, what it tries when that fails, TYPE
//! when it changes, SIZE and MDTM, the order in which all this is said, when it calls the server again, TLS as opaqueness.
//! Not modelled: changing directory for `ls path`.
//!
//! | file | subject |
//! |---|---|
//! | `control` | the control connections of a session: calling the server, hanging up, calling again |
//! | `entries` | the run list: which command comes next, what it says first, how it ends |
//! | `fxp` | FXP: a file goes from one server to another, and the client only tells them (RFC 959, section 5.2, figure 2) |
//! | `opening` | from the greeting to the first step: who we are, what the server can do |
//! | `script` | the words of a client's run list: `ls`, `get readme.txt`, `SYST` |
//! | `session` | a client's session: what it knows, and what it is told |
//! | `software` | what makes one client program different from another: what it says after the greeting, in which order it prepares a transfer, what it tries when that is refused |
//! | `transfer` | transfers as the client does them: the stages that its program has, in its order |

mod control;
mod entries;
mod fxp;
mod opening;
mod script;
mod session;
mod software;
mod transfer;

pub use script::{Step, StepError};
pub use session::ClientSession;
pub use software::{SocketOptions, Software};

use super::{FileSystem, Mode};
use crate::time::Duration;
use software::PasvAddressPolicy;
use std::net::IpAddr;

/// What a client shall do.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Which program's order of events.
    pub software: Software,
    /// How it arranges data connections.
    pub mode: Mode,
    /// For USER.
    pub user: String,
    /// For PASS.
    pub password: String,
    /// The entries, each as [`Step::parse`] reads them. QUIT is added if they have none.
    pub run: Vec<String>,
    /// Whether to connect to the control connection's address whatever 227 names; `None` is the program's habit.
    pub ignore_pasv_address: Option<bool>,
    /// The lowest and highest port to listen on for active data connections (`curl -P :40000-40009`), used from the
    /// lowest on; `None` is any.
    pub active_ports: Option<(u16, u16)>,
    /// The address that PORT and EPRT name instead of the client's own (`curl -P 198.51.100.1:40000-40009`).
    pub active_address: Option<IpAddr>,
    /// Whether the session must be protected. lftp tries even if not.
    pub tls: bool,
    /// How long to wait for a connection; `None` leaves it to the stack. For an active data connection that is still
    /// not there when the server says that the transfer is complete, `None` is 60 s.
    pub connect_timeout: Option<Duration>,
    /// How long to wait for a reply; `None` is for ever. By default [`Software::patience`].
    pub reply_timeout: Option<Duration>,
    /// lftp: how often an entry is tried (`net:max-retries`).
    pub max_retries: u32,
    /// lftp: how long after an attempt began the next one may begin (`net:reconnect-interval-base`).
    pub reconnect_interval: Duration,
    /// The files that `put` sends; one that is not among them is 1000 bytes of [`FileSystem::generated`].
    pub files: FileSystem,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            software: Software::default(),
            mode: Mode::default(),
            user: String::from("anonymous"),
            password: String::from("ftp@example.com"),
            run: Vec::new(),
            ignore_pasv_address: None,
            active_ports: None,
            active_address: None,
            tls: false,
            connect_timeout: None,
            reply_timeout: Some(Software::default().patience(None)),
            max_retries: 2,
            reconnect_interval: Duration::from_secs(1),
            files: FileSystem::new(),
        }
    }
}

impl ClientConfig {
    fn pasv_address_policy(&self) -> PasvAddressPolicy {
        match self.ignore_pasv_address {
            Some(true) => PasvAddressPolicy::Ignored,
            Some(false) if self.software == Software::Lftp => PasvAddressPolicy::Fixed { all: false },
            Some(false) => PasvAddressPolicy::Believed,
            None => self.software.pasv_address_policy(),
        }
    }
}
