//! What an FTP client or server asks of the machine it runs on.
//!
//! The FTP state machines do no I/O of their own: they are told what arrived and answer by calling these methods. The
//! engine implements them over the simulated TCP; tests implement them with a recorder.

use super::{Command, Mode, Reply};
use crate::time::{Duration, Instant};
use bytes::Bytes;
use std::net::SocketAddr;

/// Which port a data listener shall use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenPort {
    /// Any free ephemeral port of the host.
    Ephemeral,
    /// A random free port from `low..=high` (vsftpd's `pasv_min_port`, `pasv_max_port`).
    Range {
        /// Lowest port.
        low: u16,
        /// Highest port.
        high: u16,
    },
}

/// How many connections a data listener takes before it closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// One.
    One,
    /// Any number, one after the other, until [`Host::stop_listening`].
    Many,
}

/// Which control connection of a client: one to each server of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FxpServer {
    /// The session's server.
    First,
    /// The server that files are copied to.
    Second,
}

/// Why a data connection did not come about or broke. The names are those of the socket errors a program sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataError {
    /// ECONNREFUSED: a RST or an ICMP port unreachable answered.
    Refused,
    /// EHOSTUNREACH.
    HostUnreachable,
    /// ENETUNREACH.
    NetUnreachable,
    /// EACCES: `ICMPv6` administratively prohibited.
    Prohibited,
    /// ENOPROTOOPT: protocol unreachable.
    NoProtocol,
    /// ETIMEDOUT: nobody answered.
    TimedOut,
    /// ECONNRESET: the peer reset an established connection.
    Reset,
    /// EINVAL: the host's own route there is a black hole.
    Invalid,
    /// EADDRINUSE: no port free.
    NoPort,
}

impl DataError {
    /// The name of the socket error.
    pub const fn errno(self) -> &'static str {
        match self {
            Self::Refused => "ECONNREFUSED",
            Self::HostUnreachable => "EHOSTUNREACH",
            Self::NetUnreachable => "ENETUNREACH",
            Self::Prohibited => "EACCES",
            Self::NoProtocol => "ENOPROTOOPT",
            Self::TimedOut => "ETIMEDOUT",
            Self::Reset => "ECONNRESET",
            Self::Invalid => "EINVAL",
            Self::NoPort => "EADDRINUSE",
        }
    }
}

/// Something worth a frame that no socket call shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The client begins command `index` of its run list.
    CommandStarted {
        /// Position in the run list; the final QUIT that every session ends with comes last.
        index: u32,
        /// The entry as the scenario has it: `get readme.txt`.
        run: String,
    },
    /// The entry is over.
    CommandFinished {
        /// Position in the run list.
        index: u32,
        /// The entry.
        run: String,
        /// Whether it did what was asked, and if not, why.
        result: CommandResult,
    },
    /// A transfer command was sent.
    TransferStarted {
        /// `LIST`, `NLST`, `RETR`, `STOR`.
        verb: String,
        /// How its data connection is arranged.
        mode: Mode,
    },
    /// A transfer is over, as the client sees it.
    TransferFinished {
        /// `LIST`, `NLST`, `RETR`, `STOR`.
        verb: String,
        /// How its data connection was arranged.
        mode: Mode,
        /// What became of it.
        result: CommandResult,
        /// File bytes that crossed the data connection.
        bytes: u64,
    },
}

/// What became of a step, as the client program knows it. Who is to blame is for `insight` to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommandResult {
    /// It worked.
    Ok,
    /// The server refused with this reply code (4xx or 5xx).
    Reply(u16),
    /// The client could not connect.
    Connect(DataError),
    /// The data connection broke or the control connection was lost.
    Lost(DataError),
    /// The server closed the control connection.
    Closed,
    /// The server did not answer in time.
    NoAnswer,
    /// The server's answer made no sense.
    BadReply,
    /// 227 named another address than the server's, and the client does not go there (tnftp and inetutils-ftp: `Passive
    /// mode address mismatch.`).
    AddressMismatch,
    /// The file ended before the size that the server had told was reached (curl: exit code 18; lftp: `file size
    /// decreased during transfer`).
    Incomplete,
    /// An earlier step of the session ended it.
    NotRun,
}

/// The timers of a session. Setting one that runs sets it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FtpTimer {
    /// Server: no command for too long.
    Idle,
    /// Server: the data connection is not there yet (connecting or waiting to accept). Client: connecting.
    DataConnect,
    /// Server: whether bytes move on the data connection, and whether it ends.
    DataProgress,
    /// Client: connecting to port 21.
    ControlConnect,
    /// Client: the next reply is awaited.
    Reply,
    /// Client: it waits before it tries again.
    Retry,
    /// Client: it was told to wait.
    Wait,
    /// Server: the pause after some bytes of a file, where the rate is limited.
    Pace,
}

impl FtpTimer {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::Pace as usize + 1;
}

/// The machine under an FTP session.
pub trait Host {
    /// The time.
    fn now(&self) -> Instant;
    /// This end of the control connection.
    fn control_local(&self) -> SocketAddr;
    /// The far end of the control connection.
    fn control_remote(&self) -> SocketAddr;

    /// Client: sends a command line, which is `wire` on the control connection: its text, or records.
    fn send_command(&mut self, command: &Command, wire: Bytes);
    /// Server: sends a reply, which is these writes to the control connection, one after the other.
    fn send_reply(&mut self, reply: &Reply, writes: &[Bytes]);
    /// Sends bytes on the control connection that are neither, such as a TLS handshake.
    fn send_raw(&mut self, wire: Bytes);
    /// A command line arrived whole (server).
    fn saw_command(&mut self, command: &Command);
    /// A reply arrived whole (client).
    fn saw_reply(&mut self, reply: &Reply);
    /// Closes the control connection in order, after what was sent.
    fn close_control(&mut self);
    /// Client: everything from here on is about this control connection, until it is said again.
    fn select_control(&mut self, server: FxpServer);
    /// Client: opens another control connection to the same server. What becomes of the last one is not reported any
    /// more; it should be closed.
    fn connect_control(&mut self);

    /// Opens a data listener on the control connection's local address and tells where.
    /// An earlier listener of the session is closed.
    fn listen_data(&mut self, port: ListenPort, accepts: Accepts) -> Result<SocketAddr, DataError>;
    /// Closes the data listener, if there is one.
    fn stop_listening(&mut self);
    /// Starts a data connection to `to`, from port `from` or an ephemeral one.
    fn connect_data(&mut self, from: Option<u16>, to: SocketAddr) -> Result<(), DataError>;
    /// Sends on the data connection. How many of the bytes, the first ones, the socket took: if not all, `on_data_writable`
    /// says when it has room again.
    fn send_data(&mut self, bytes: Bytes) -> usize;
    /// The same, and if all were taken closes the connection in order, so that the FIN travels with the last bytes
    /// (`TCP_CORK`).
    fn send_last_data(&mut self, bytes: Bytes) -> usize;
    /// Closes the data connection in order, after what was sent. The kernel goes on alone (`close()`).
    fn close_data(&mut self);
    /// The same, but the program waits for it: `on_data_sent`, `on_data_done` (`SO_LINGER`, `shutdown()`).
    fn linger_data(&mut self);
    /// After [`Self::linger_data`]: waits no longer. The kernel goes on alone, and nothing more of it is reported.
    fn release_data(&mut self);
    /// Gives up the data connection at once: a connecting one silently, an established one with RST.
    fn abort_data(&mut self);
    /// Closes the data connection in order and wants to hear no more of it.
    fn leave_data(&mut self);

    /// Starts a timer.
    fn set_timer(&mut self, timer: FtpTimer, after: Duration);
    /// Stops a timer.
    fn cancel_timer(&mut self, timer: FtpTimer);

    /// Tells the trace.
    fn note(&mut self, note: Note);
}
