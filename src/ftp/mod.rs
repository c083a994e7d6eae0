//! FTP as state machines without I/O: the grammar of commands and replies (RFC 959, RFC 2428), the server and the
//! client. They are told what arrived and answer through [`Host`].
//!
//! The contract with whoever drives a session, beyond what the methods say:
//!
//! - A session has at most one data connection. After [`Host::abort_data`], after `on_data_failed` and after
//!   `on_data_done` nothing more is reported about it.
//! - `on_data_closed` is the peer's FIN, in order after its bytes; `on_data_done` comes once both directions are closed
//!   and our FIN is acknowledged.
//! - [`Host::abort_data`], [`Host::stop_listening`] and [`Host::cancel_timer`] may be called when there is nothing to
//!   abort, close or cancel. The listener may be closed while the connection it accepted lives on.
//! - Nothing a method of [`Host`] does calls back into the session: its consequences are later events.
//!
//! | file | subject |
//! |---|---|
//! | `client` | an FTP client as a state machine without I/O: plays a list of commands as curl, lftp, tnftp or inetutils-ftp does |
//! | `command` | FTP commands: a verb, perhaps an argument, CRLF (RFC 959, section 5.3) |
//! | `files` | the files of a simulated machine: a tree in memory, given by the scenario |
//! | `host` | what an FTP client or server asks of the machine it runs on |
//! | `lines` | cuts a stream of bytes into lines, of bounded length and without copying where a line arrives whole |
//! | `listing` | what LIST and NLST send (RFC 959, section 4.1.3), and MLSD (RFC 3659, section 7) |
//! | `mode` | how a data connection is arranged |
//! | `reply` | FTP replies: three digits and text, on one line or several (RFC 959, section 4.2) |
//! | `server` | an FTP server as a state machine without I/O, after vsftpd 3.0.3, pure-ftpd 1.0.50 or proftpd 1.3.8 |
//! | `tls` | TLS as opaqueness (RFC 4217 says how FTP uses it, RFC 8446 how a record looks): what crosses the wire cannot be read by whoever only looks at it, such as a firewall's FTP helper |

mod client;
mod command;
mod files;
mod host;
mod lines;
mod listing;
mod mode;
mod reply;
mod server;
mod tls;

#[cfg(test)]
mod dialogue_tests;
#[cfg(test)]
mod program_tests;
#[cfg(test)]
pub(crate) mod testing;

pub use client::{ClientConfig, ClientSession, SocketOptions, Software, Step, StepError};
pub use command::Command;
pub use files::{Entry, FileSystem};
pub use host::{Accepts, CommandResult, DataError, FtpTimer, FxpServer, Host, ListenPort, Note};
pub use lines::{LineSplitter, LineTooLong, MAX_LINE};
pub use mode::{Mode, UnknownMode};
pub use reply::{Reply, ReplyError, ReplyReader};
pub use server::{
    Completion, DataOrigin, Foreign, ListStyle, Needs, PortRefusal, Profile, ProfileTable, RestartBeyond, Server,
    ServerConfig, ServerSession, Stalled, Stranger, Text,
};
pub use tls::{Hello, NotARecord, Received, TlsChannel};
