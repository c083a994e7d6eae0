//! What makes one server program different from another: its texts and the order in which it does things, as a table.
//!
//! The vsftpd column was recorded from vsftpd 3.0.3. Another program is another [`ProfileTable`].

use crate::ftp::Reply;

/// Which real server is imitated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// vsftpd 3.0.3.
    #[default]
    Vsftpd,
}

impl Profile {
    /// Its table.
    pub const fn table(self) -> &'static ProfileTable {
        match self {
            Self::Vsftpd => &VSFTPD,
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

/// A reply with holes: each `{}` is filled in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text(pub u16, pub &'static str);

impl Text {
    /// The reply.
    pub fn reply(self) -> Reply {
        Reply::new(self.0, self.1)
    }

    /// The reply with its holes filled.
    pub fn with(self, values: &[&str]) -> Reply {
        let mut pieces = self.1.split("{}");
        let mut text = String::from(pieces.next().unwrap_or_default());
        for (piece, value) in pieces.zip(values.iter().chain(std::iter::repeat(&""))) {
            text.push_str(value);
            text.push_str(piece);
        }
        Reply::new(self.0, text)
    }
}

macro_rules! table {
    ($($field:ident = $code:literal $text:literal;)*) => {
        /// The texts of one server program and its order of events. Texts are named after what they answer; an
        /// example is in the vsftpd column.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "the texts say it better than a comment could")]
        pub struct ProfileTable {
            $(pub $field: Text,)*
            /// When 226 is sent.
            pub completion: Completion,
        }

        static VSFTPD: ProfileTable = ProfileTable {
            $($field: Text($code, $text),)*
            completion: Completion::BothFins,
        };
    };
}

table! {
    greeting = 220 "(vsFTPd 3.0.3)";
    // Login.
    need_password = 331 "Please specify the password.";
    logged_in = 230 "Login successful.";
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
    eprt_ok = 200 "EPRT command successful. Consider using EPSV.";
    eprt_illegal = 500 "Illegal EPRT command.";
    eprt_bad = 500 "Bad EPRT command.";
    eprt_bad_protocol = 500 "Bad EPRT protocol.";
    pasv_ok = 227 "Entering Passive Mode ({}).";
    epsv_ok = 229 "Entering Extended Passive Mode {}";
    epsv_all = 200 "EPSV ALL ok.";
    epsv_bad_protocol = 522 "Bad network protocol.";
    // vsftpd dies here and says so; our server lives on.
    no_port = 500 "OOPS: vsf_sysutil_bind";
    // Transfers.
    not_arranged = 425 "Use PORT or PASV first.";
    not_connected = 425 "Failed to establish connection.";
    wrong_peer = 425 "Security: Bad IP connecting.";
    list_begins = 150 "Here comes the directory listing.";
    list_done = 226 "Directory send OK.";
    list_no_directory = 226 "Transfer done (but failed to open directory).";
    file_begins_ascii = 150 "Opening ASCII mode data connection for {} ({} bytes).";
    file_begins_binary = 150 "Opening BINARY mode data connection for {} ({} bytes).";
    file_failed = 550 "Failed to open file.";
    store_begins = 150 "Ok to send data.";
    store_failed = 553 "Could not create file.";
    transfer_done = 226 "Transfer complete.";
    read_failed = 426 "Failure reading network stream.";
    write_failed = 426 "Failure writing network stream.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_in_turn_and_values_are_not_looked_into() {
        let reply = Profile::Vsftpd.table().file_begins_binary.with(&["{}.txt", "62"]);
        assert_eq!(reply.to_string(), "150 Opening BINARY mode data connection for {}.txt (62 bytes).");
    }
}
