//! What makes one server program different from another: its texts and habits, as a table.
//!
//! Recorded from vsftpd 3.0.3, pure-ftpd 1.0.50 and proftpd 1.3.8, with anonymous and named users, over IPv4 and IPv6
//! (`tests/truth`, `tests/truth/replies.txt`). How long pure-ftpd and proftpd wait for a passive data connection was not
//! measured.
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
    /// When the client's machine has acknowledged its FIN, and so everything (vsftpd: `SO_LINGER`).
    OwnFinAcknowledged,
    /// After both sides have closed (proftpd).
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
            /// Whether each line of a reply is written by itself, and so travels in a segment of its own.
            pub line_by_line: bool,
            /// Whether a listing is held back until the data connection is closed.
            pub corks_listings: bool,
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
            /// What anonymous users hear who want to remove a file, remove a directory, rename, write over a file.
            pub guests_may_not: Option<[Text; 4]>,
            /// What denied commands get, the last for all others; `None`: they are allowed nevertheless.
            pub denied: &'static [(&'static str, Option<Text>)],
            /// What PRET gets for a file that is not there.
            pub announced_missing: Option<Text>,
            /// Whether a transfer that is refused ends the arrangement for it: the passive port is closed.
            pub refusal_ends_plan: bool,
            /// What it says to a client that closes without QUIT, with the code of its last reply.
            pub last_word: Option<&'static str>,
            /// Whether HOST must have brackets around an IPv6 address.
            pub checks_host: bool,
            /// Whether it lets in half as many clients as it has passive ports, at most 50.
            pub counts_ports: bool,
            /// What PBSZ and PROT get before AUTH where there is TLS, if not as where there is none.
            pub tls_first: Option<Text>,
            /// Whether CCC is known where there is TLS.
            pub knows_ccc: bool,
            /// The names that AUTH has for TLS.
            pub tls_names: &'static [&'static str],
            /// What it says to a client too many; `None`: nothing, it closes the connection.
            pub full: Option<Text>,
            /// What USER gets without a name, if it is not taken for one.
            pub user_missing: Option<Text>,
            /// Whether commands that it does not know are unknown even before the login.
            pub unknown_at_once: bool,
            /// Whether 227 has the address as text, with commas for dots: over IPv6 that is nonsense.
            pub address_as_text: bool,
            /// What users hear who are not anonymous where only those may log in.
            pub anonymous_only: Option<Text>,
            /// What SIZE gets in ASCII mode, if not the size.
            pub size_in_ascii: Option<Text>,
            /// What REST gets that is no number, if it is not taken for 0.
            pub restart_bad: Option<Text>,
            /// What REST gets in ASCII mode, and whether it counts nevertheless.
            pub restart_in_ascii: Option<(Text, bool)>,
            /// What RETR gets in ASCII mode after REST.
            pub resume_in_ascii: Option<Text>,
            /// Whether 150 counts what REST skips.
            pub counts_skipped: bool,
            /// What a listing of something that is not there ends with, if not as any other.
            pub list_missing: Option<Text>,
            /// Whether NLST names `.` and `..` too.
            pub names_dots: bool,
            /// What MLSD and NLST end with, if not as LIST.
            pub names_done: Option<Text>,
            /// What STOR ends with in ASCII mode, if not as in binary mode.
            pub store_done_ascii: Option<Text>,
            /// Why DELE cannot remove a directory.
            pub directory_is_no_file: &'static str,
            /// What PASV gets over IPv6, if it is not tried.
            pub no_pasv_over_ipv6: Option<Text>,
            /// Whether EPSV ALL forbids PASV (it forbids PORT and EPRT).
            pub epsv_all_is_all: bool,
            /// What MFMT gets: a guest, another user; `None`: it is unknown.
            pub set_time: Option<[Text; 2]>,
            /// Whether the end of an upload is told at once, and not only when the client has acknowledged our FIN.
            pub ends_upload_at_once: bool,
            /// Whether anonymous users may say SITE.
            pub guests_may_site: bool,
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
            /// Seconds it waits for bytes on a data connection.
            pub data_timeout_secs: u64,
            /// Whether it looks once in each such period whether bytes have moved in it, and not after the last bytes.
            pub looks_each_period: bool,
            /// Seconds that it waits at most when it closes a data connection.
            pub linger: u64,
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
            completion: Completion::OwnFinAcknowledged,
            line_by_line: true,
            corks_listings: false,
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
            before_login: &["FEAT", "OPTS"],
            talk: &[
                ("OPTS UTF8 ON", Text(200, "Always in UTF8 mode.")),
                ("ALLO", Text(202, "ALLO command ignored.")),
                ("ACCT", Text(502, "ACCT not implemented.")),
                ("SMNT", Text(502, "SMNT not implemented.")),
                ("REIN", Text(502, "REIN not implemented.")),
                // It knows them, but not without TLS.
                ("PBSZ", Text(550, "Permission denied.")),
                ("PROT", Text(550, "Permission denied.")),
                ("SITE HELP", Text(214, "CHMOD UMASK HELP")),
                ("SITE CHMOD", Text(200, "SITE CHMOD command ok.")),
                ("SITE UMASK", Text(200, "Your current UMASK is 077")),
            ],
            guests_may_not: None,
            full: Some(Text(421, "There are too many connected users, please try later.")),
            denied: &[("", Some(Text(550, "Permission denied.")))],
            announced_missing: None,
            refusal_ends_plan: false,
            last_word: None,
            tls_first: Some(Text(503, "{verb} needs a secure connection.")),
            knows_ccc: false,
            tls_names: &["TLS", "TLS-C", "SSL"],
            counts_ports: false,
            checks_host: false,
            user_missing: None,
            unknown_at_once: false,
            address_as_text: false,
            anonymous_only: Some(Text(530, "This FTP server is anonymous only.")),
            size_in_ascii: None,
            restart_bad: None,
            restart_in_ascii: None,
            resume_in_ascii: Some(Text(550, "No support for resume of ASCII transfer.")),
            counts_skipped: true,
            list_missing: None,
            names_done: None,
            names_dots: false,
            store_done_ascii: None,
            directory_is_no_file: "",
            no_pasv_over_ipv6: None,
            epsv_all_is_all: true,
            guests_may_site: false,
            set_time: None,
            ends_upload_at_once: false,
            facts: None,
            list_style: ListStyle::Vsftpd,
            hears_abor: false,
            from_port_20: true,
            idle_timeout: 300,
            data_timeout_secs: 300,
            looks_each_period: true,
            // `SO_LINGER`; but see `Server::linger`.
            linger: 600,
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
    named_already_logged_in = 230 "Already logged in.";
    login_incorrect = 530 "Login incorrect.";
    login_first = 530 "Please login with USER and PASS.";
    user_first = 503 "Login with USER first.";
    user_again = 530 "Can't change to another user.";
    same_user_again = 331 "Any password will do.";
    guest_again = 530 "Can't change from guest user.";
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
    size_no_file = 550 "Could not get file size.";
    time = 213 "20260101000000";
    time_failed = 550 "Could not get file modification time.";
    removed = 250 "Delete operation successful.";
    remove_failed = 550 "Delete operation failed.";
    made = 257 "\"{path}\" created";
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
    status = 211 "FTP server status:\n     Connected to {peer}\n     Logged in as {login}\n     TYPE: {mode}\n\
                  \x20    No session bandwidth limit\n     Session timeout in seconds is {idle}\n\
                  \x20    Control connection is {control}\n     Data connections will be {data}\n\
                  \x20    At session startup, client count was {guest}\n\
                  \x20    vsFTPd 3.0.3 - secure, fast, stable\nEnd of status";
    status_of = 213 "Status follows:\n{lines}\nEnd of status";
    help = 214 "The following commands are recognized.\n\
                \x20ABOR ACCT ALLO APPE CDUP CWD  DELE EPRT EPSV FEAT HELP LIST MDTM MKD\n\
                \x20MODE NLST NOOP OPTS PASS PASV PORT PWD  QUIT REIN REST RETR RMD  RNFR\n\
                \x20RNTO SITE SIZE SMNT STAT STOR STOU STRU SYST TYPE USER XCUP XCWD XMKD\n\
                \x20XPWD XRMD\nHelp OK.";
    facts_of = 250 "Begin\n {fact}\nEnd.";
    facts_failed = 550 "Could not get file size.";
    // TLS (RFC 4217).
    tls_begins = 234 "Proceed with negotiation.";
    tls_unknown = 500 "Unknown command.";
    tls_bad = 504 "Unknown AUTH type.";
    tls_already = 530 "Please login with USER and PASS.";
    buffer_ok = 200 "PBSZ set to 0.";
    protection_private = 200 "PROT now Private.";
    protection_clear = 200 "PROT now Clear.";
    protection_unsupported = 536 "PROT not supported.";
    protection_unknown = 504 "PROT not recognized.";
    plain_again = 200 "Control connection is plain text again.";
    // Parameters.
    restart = 350 "Restart position accepted ({}).";
    type_ascii = 200 "Switching to ASCII mode.";
    type_binary = 200 "Switching to Binary mode.";
    type_local = 200 "Switching to Binary mode.";
    type_bad = 500 "Unrecognised TYPE command.";
    mode_ok = 200 "Mode set to S.";
    mode_bad = 504 "Bad MODE command.";
    structure_ok = 200 "Structure set to F.";
    structure_bad = 504 "Bad STRU command.";
    // Arranging data connections.
    port_ok = 200 "PORT command successful. Consider using PASV.";
    port_illegal = 500 "Illegal PORT command.";
    port_foreign = 500 "Illegal PORT command.";
    port_low = 500 "Illegal PORT command.";
    eprt_ok = 200 "EPRT command successful. Consider using EPSV.";
    eprt_foreign = 500 "Illegal EPRT command.";
    eprt_low = 500 "Illegal EPRT command.";
    only_epsv = 550 "Permission denied.";
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
    facts_begin = 150 "Here comes the directory listing.";
    list_no_directory = 226 "Transfer done (but failed to open directory).";
    // BINARY even after TYPE A, as long as `ascii_download_enable` is off.
    file_begins = 150 "Opening BINARY mode data connection for {} ({} bytes).";
    file_failed = 550 "Failed to open file.";
    file_is_directory = 550 "Failed to open file.";
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
