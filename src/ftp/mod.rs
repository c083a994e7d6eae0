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
