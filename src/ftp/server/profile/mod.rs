//! What makes one server program different from another: its texts and habits, as a table.
//!
//! Recorded from vsftpd 3.0.3, pure-ftpd 1.0.50 and proftpd 1.3.8, with anonymous logins (`tests/truth`). What was not
//! recorded is less sure: removing, renaming, STAT, SITE and TLS, and proftpd's replies to named users and to CWD; where
//! pure-ftpd's or proftpd's own words are not known, they are vsftpd's. How long pure-ftpd and proftpd wait for a
//! passive data connection was not measured either.
//!
//! Not modelled: texts that depend on the wall clock (pure-ftpd's greeting always says 00:00) or on a stopwatch (its
//! rate is that of a transfer that takes a tenth of a millisecond).

mod proftpd;
mod pure_ftpd;

use crate::ftp::{DataError, Reply};
use proftpd::PROFTPD;
use pure_ftpd::PURE_FTPD;

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
    /// After both sides have closed (vsftpd in passive mode, proftpd).
    BothFins,
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

macro_rules! table {
    ($($field:ident = $code:literal $text:literal;)*) => {
        /// The texts of one server program and its habits. Texts are named after what they answer; an example is in
        /// the vsftpd column.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "the texts say it better than a comment could")]
        pub struct ProfileTable {
            $(pub $field: Text,)*
            /// When 226 is sent.
            pub completion: Completion,
            /// Whether a port that cannot be had ends the session; and whether `port_promiscuous` makes an unprivileged
            /// process ask for port 20, which cannot have it.
            pub dies_of_ports: bool,
            /// What 150 says instead of `list_begins`, `file_begins` and `store_begins`: active, passive.
            pub begins: Option<[Text; 2]>,
            /// What becomes of another address in PORT.
            pub foreign: Foreign,
            /// Whether USER anonymous is the whole login.
            pub anonymous_at_once: bool,
            /// FEAT, line by line, with its first and last.
            pub features: &'static [(&'static str, Needs)],
            /// Commands that are answered before the login as after it.
            pub before_login: &'static [&'static str],
            /// Commands that are only talk, by how they begin; what follows fills the hole.
            pub talk: &'static [(&'static str, Text)],
            /// The facts of MLST and MLSD, if it has them.
            pub facts: Option<&'static [&'static str]>,
            /// How LIST looks.
            pub list_style: ListStyle,
            /// Whether ABOR is heard while bytes move.
            pub hears_abor: bool,
            /// Whether active data connections come from port 20, unless the configuration says.
            pub from_port_20: bool,
            /// Seconds it waits for a command, unless the configuration says.
            pub idle_timeout: u64,
            /// Seconds it tries to connect; `None` leaves it to the kernel.
            pub connect_timeout: Option<u64>,
            /// Seconds it waits for a passive data connection.
            pub accept_timeout: u64,
            /// Whether the time without a command runs on while it waits for a data connection.
            pub idle_while_waiting: bool,
        }

        /// vsftpd 3.0.3.
        const VSFTPD: ProfileTable = ProfileTable {
            $($field: Text($code, $text),)*
            completion: Completion::BothFins,
            dies_of_ports: true,
            begins: None,
            foreign: Foreign::Illegal,
            anonymous_at_once: false,
            features: &[
                ("Features:", Needs::Nothing),
                (" AUTH TLS", Needs::Tls),
                (" EPRT", Needs::Active),
                (" EPSV", Needs::Passive),
                (" MDTM", Needs::Nothing),
                (" PASV", Needs::Passive),
                (" PBSZ", Needs::Tls),
                (" PROT", Needs::Tls),
                (" REST STREAM", Needs::Nothing),
                (" SIZE", Needs::Nothing),
                (" TVFS", Needs::Nothing),
                ("End", Needs::Nothing),
            ],
            before_login: &["FEAT"],
            talk: &[("OPTS UTF8 ON", Text(200, "Always in UTF8 mode."))],
            facts: None,
            list_style: ListStyle::Vsftpd,
            hears_abor: false,
            from_port_20: true,
            idle_timeout: 300,
            connect_timeout: Some(60),
            accept_timeout: 60,
            idle_while_waiting: false,
        };
    };
}

table! {
    greeting = 220 "(vsFTPd 3.0.3)";
    // Login.
    need_password = 331 "Please specify the password.";
    need_any_password = 331 "Please specify the password.";
    logged_in = 230 "Login successful.";
    logged_in_anonymously = 230 "Login successful.";
    already_logged_in = 230 "Already logged in.";
    login_incorrect = 530 "Login incorrect.";
    login_first = 530 "Please login with USER and PASS.";
    user_first = 503 "Login with USER first.";
    user_again = 530 "Can't change to another user.";
    // Talk.
    system = 215 "UNIX Type: L8";
    noop = 200 "NOOP ok.";
    goodbye = 221 "Goodbye.";
    timeout = 421 "Timeout.";
    data_timeout = 421 "Data timeout. Reconnect. Sorry.";
    unknown = 500 "Unknown command.";
    line_too_long = 500 "Input line too long.";
    permission_denied = 550 "Permission denied.";
    nothing_to_abort = 225 "No transfer to ABOR.";
    // Directories and files.
    directory = 257 "\"{}\" is the current directory";
    directory_changed = 250 "Directory successfully changed.";
    directory_failed = 550 "Failed to change directory.";
    size = 213 "{}";
    size_failed = 550 "Could not get file size.";
    time = 213 "20260101000000";
    time_failed = 550 "Could not get file modification time.";
    removed = 250 "Delete operation successful.";
    remove_failed = 550 "Delete operation failed.";
    made = 257 "\"{}\" created";
    make_failed = 550 "Create directory operation failed.";
    directory_removed = 250 "Remove directory operation successful.";
    directory_remove_failed = 550 "Remove directory operation failed.";
    rename_from = 350 "Ready for RNTO.";
    rename_from_failed = 550 "RNFR command failed.";
    rename_first = 503 "RNFR required first.";
    renamed = 250 "Rename successful.";
    rename_failed = 550 "Rename failed.";
    // Parameters that are only talk.
    site_unknown = 500 "Unknown SITE command.";
    option_unknown = 501 "Option not understood.";
    status = 211 "FTP server status:\n     Connected to {peer}\n     Logged in\n     TYPE: {mode}\n\
                  \x20    Session timeout in seconds is {idle}\n     Control connection is plain text\n\
                  \x20    Data connections will be plain text\nEnd of status";
    // TLS (RFC 4217).
    tls_begins = 234 "Proceed with negotiation.";
    tls_unknown = 500 "Unknown command.";
    tls_already = 503 "Already using TLS.";
    tls_first = 503 "AUTH TLS comes first.";
    buffer_ok = 200 "PBSZ set to 0.";
    protection_private = 200 "PROT now Private.";
    protection_clear = 200 "PROT now Clear.";
    protection_unknown = 536 "PROT not supported.";
    plain_again = 200 "Control connection is plain text again.";
    // Parameters.
    restart = 350 "Restart position accepted ({}).";
    type_ascii = 200 "Switching to ASCII mode.";
    type_binary = 200 "Switching to Binary mode.";
    type_bad = 500 "Unrecognised TYPE command.";
    mode_ok = 200 "Mode set to S.";
    mode_bad = 504 "Bad MODE command.";
    structure_ok = 200 "Structure set to F.";
    structure_bad = 504 "Bad STRU command.";
    // Arranging data connections.
    port_ok = 200 "PORT command successful. Consider using PASV.";
    port_illegal = 500 "Illegal PORT command.";
    port_foreign = 500 "Illegal PORT command.";
    eprt_ok = 200 "EPRT command successful. Consider using EPSV.";
    eprt_illegal = 500 "Illegal EPRT command.";
    eprt_bad = 500 "Bad EPRT command.";
    eprt_bad_protocol = 500 "Bad EPRT protocol.";
    pasv_ok = 227 "Entering Passive Mode ({}).";
    epsv_ok = 229 "Entering Extended Passive Mode {}";
    epsv_all = 200 "EPSV ALL ok.";
    epsv_bad_protocol = 522 "Bad network protocol.";
    // vsftpd's unprivileged half dies of this; the other half then says the second and ends the session.
    no_port = 500 "OOPS: vsf_sysutil_bind";
    no_port_passive = 500 "OOPS: priv_sock_get_int";
    no_port_active = 500 "OOPS: priv_sock_get_cmd";
    // Transfers.
    not_arranged = 425 "Use PORT or PASV first.";
    not_connected = 425 "Failed to establish connection.";
    nobody_came = 425 "Failed to establish connection.";
    wrong_peer = 425 "Security: Bad IP connecting.";
    list_begins = 150 "Here comes the directory listing.";
    list_done = 226 "Directory send OK.";
    list_no_directory = 226 "Transfer done (but failed to open directory).";
    // BINARY even after TYPE A, as long as `ascii_download_enable` is off.
    file_begins = 150 "Opening BINARY mode data connection for {} ({} bytes).";
    file_failed = 550 "Failed to open file.";
    store_begins = 150 "Ok to send data.";
    store_failed = 553 "Could not create file.";
    aborted = 426 "Transfer aborted.";
    abort_done = 226 "Abort successful.";
    transfer_done = 226 "Transfer complete.";
    read_failed = 426 "Failure reading network stream.";
    write_failed = 426 "Failure writing network stream.";
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
