//! What makes one server program different from another: its texts and habits, as a table.
//!
//! Recorded from vsftpd 3.0.3, pure-ftpd 1.0.50 and proftpd 1.3.8, with anonymous and named users, over IPv4 and IPv6
//! (`tests/truth`, `tests/truth/replies.txt`). How long pure-ftpd and proftpd wait for a passive data connection was not
//! measured.
//!
//! Not modelled: texts that depend on the wall clock (pure-ftpd's greeting always says 00:00) or on a stopwatch (its
//! rate is that of a transfer that takes a tenth of a millisecond).
//!
//! | file | subject |
//! |---|---|
//! | `proftpd` | proftpd 1.3.8 with one `<Anonymous>` section and the server's name `lab` |
//! | `pure_ftpd` | pure-ftpd 1.0.50, for anonymous users only, as Debian starts it |
//! | `table` | what a server program says and does, as one table: its texts, then its habits |
//! | `vsftpd` | vsftpd 3.0.3 |

mod proftpd;
mod pure_ftpd;
mod table;
mod vsftpd;

use crate::ftp::{DataError, Reply};
use proftpd::PROFTPD;
use pure_ftpd::PURE_FTPD;
pub use table::ProfileTable;
use vsftpd::VSFTPD;

/// Which real server is imitated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// vsftpd 3.0.3.
    #[default]
    Vsftpd,
    /// pure-ftpd 1.0.50.
    PureFtpd,
    /// proftpd 1.3.8.
    Proftpd,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Vsftpd, Self::PureFtpd, Self::Proftpd];

    /// The name in scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vsftpd => "vsftpd",
            Self::PureFtpd => "pure-ftpd",
            Self::Proftpd => "proftpd",
        }
    }

    /// Its table.
    pub const fn table(self) -> &'static ProfileTable {
        static VSFTPD_TABLE: ProfileTable = VSFTPD;
        match self {
            Self::Vsftpd => &VSFTPD_TABLE,
            Self::PureFtpd => &PURE_FTPD,
            Self::Proftpd => &PROFTPD,
        }
    }
}

/// When the reply that ends a transfer is sent, for transfers that the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// After closing its side (pure-ftpd).
    OwnFin,
    /// When the client's machine has acknowledged its FIN, and so everything (vsftpd: `SO_LINGER`).
    OwnFinAcknowledged,
    /// After both sides have closed (proftpd).
    BothFins,
}

/// What a program does when a data connection has stood still for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stalled {
    /// It says this and ends the session.
    EndsSession(Text),
    /// It closes the data connection and says this; the session goes on.
    EndsTransfer(Text),
    /// Nothing: TCP gives up some day.
    Waits,
}

/// What PORT and EPRT get that name another address than the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A refusal (vsftpd).
    Illegal,
    /// A refusal that names both addresses (pure-ftpd).
    Named,
    /// A private address, from a client whose own is public, is taken for the client's: a NAT has been at work. Another
    /// is refused (proftpd).
    PeerInstead,
}

/// What becomes of a passive data connection from another address than the client's (RFC 2577, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// It is closed, and the transfer refused with 425 (vsftpd).
    EndsTransfer,
    /// It is closed, and the client's own is awaited, without a word (pure-ftpd).
    TurnedAway,
    /// It is served like any other (proftpd).
    Served,
}

/// Which refusals of PORT and EPRT end the arrangement that there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortRefusal {
    /// All of them (vsftpd).
    Any,
    /// That of the address or the port, but not that of a text that is no address (pure-ftpd).
    Address,
    /// None (proftpd).
    None,
}

/// What becomes of REST before an upload, beyond the end of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartBeyond {
    /// The file gets a hole (vsftpd); APPE goes to the end all the same.
    Hole,
    /// Where the file is new, REST counts for nothing (pure-ftpd).
    Ignored,
    /// It is refused, and APPE goes where REST says too (proftpd).
    Refused(Text),
}

/// The fixed port that active data connections may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataOrigin {
    /// 20, or the one that is set (vsftpd's `ftp_data_port`).
    Set,
    /// 20, whatever the control port is (pure-ftpd).
    Twenty,
    /// The one below the control port (proftpd; RFC 959, section 3.2).
    BelowControl,
}

/// What a line of FEAT depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Always there.
    Nothing,
    /// PORT and EPRT are allowed.
    Active,
    /// PASV and EPSV are allowed.
    Passive,
    /// TLS is on.
    Tls,
}

/// How LIST writes a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListStyle {
    /// As vsftpd.
    Vsftpd,
    /// As pure-ftpd.
    PureFtpd,
    /// As proftpd.
    Proftpd,
}

/// A reply with holes: each `{}` is filled in turn, each `{name}` by name. Lines are separated by `\n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text(pub u16, pub &'static str);

impl Text {
    /// The reply.
    pub fn reply(self) -> Reply {
        if self.1.contains('\n') { self.fill(&[], &[]) } else { Reply::new(self.0, self.1) }
    }

    /// The reply with its holes filled.
    pub fn with(self, values: &[&str]) -> Reply {
        self.fill(&[], values)
    }

    /// The reply with its named holes filled, then the others. What is filled in is not looked into.
    pub fn fill(self, named: &[(&str, &str)], values: &[&str]) -> Reply {
        let mut values = values.iter();
        let mut text = String::new();
        let mut rest = self.1;
        while let Some((before, hole)) = rest.split_once('{') {
            text.push_str(before);
            let Some((name, after)) = hole.split_once('}') else { break };
            let value = match name {
                "" => values.next(),
                name => named.iter().find(|(known, _)| *known == name).map(|(_, value)| value),
            };
            text.push_str(value.unwrap_or(&""));
            rest = after;
        }
        text.push_str(rest);
        if self.1.contains('\n') {
            Reply { code: self.0, lines: text.split('\n').map(str::to_owned).collect() }
        } else {
            Reply::new(self.0, text)
        }
    }
}

/// What a program prints for a failed `connect()`.
pub(super) const fn error_text(error: DataError) -> &'static str {
    match error {
        DataError::Refused => "Connection refused",
        DataError::HostUnreachable => "No route to host",
        DataError::NetUnreachable => "Network is unreachable",
        DataError::Prohibited => "Permission denied",
        DataError::NoProtocol => "Protocol not available",
        DataError::TimedOut => "Connection timed out",
        DataError::Reset => "Connection reset by peer",
        DataError::Invalid => "Invalid argument",
        DataError::NoPort => "Address already in use",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_and_values_are_not_looked_into() {
        let reply = Profile::Proftpd.table().file_begins.fill(&[("mode", "{}")], &["{mode}.txt", "62"]);
        assert_eq!(reply.to_string(), "150 Opening {} mode data connection for {mode}.txt (62 bytes)");
    }

    #[test]
    fn several_lines_are_one_reply() {
        let reply = Profile::PureFtpd.table().list_done.fill(&[("matches", "2")], &[]);
        assert_eq!(reply.to_string(), "226-Options: -l \n226 2 matches total");
    }
}
