//! FTP as state machines without I/O: the grammar of commands and replies (RFC 959, RFC 2428), the server and the
//! client. They are told what arrived and answer through [`Host`].

mod host;
mod mode;

pub use host::{DataError, FtpTimer, Host, ListenPort, Note, StepResult};
pub use mode::Mode;
