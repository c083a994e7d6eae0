//! What a server program says and does, as one table: its texts, then its habits.

use super::{Completion, DataOrigin, Foreign, ListStyle, Needs, PortRefusal, RestartBeyond, Stalled, Stranger, Text};

/// The texts of one server program and its habits. Texts are named after what they answer; an example is in
/// the vsftpd column.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the texts say it better than a comment could")]
pub struct ProfileTable {
    pub greeting: Text,
    // Login.
    pub need_password: Text,
    pub need_any_password: Text,
    pub logged_in: Text,
    pub logged_in_anonymously: Text,
    pub already_logged_in: Text,
    pub named_already_logged_in: Text,
    pub login_incorrect: Text,
    pub login_first: Text,
    pub user_first: Text,
    pub user_again: Text,
    pub same_user_again: Text,
    pub guest_again: Text,
    // Talk.
    pub system: Text,
    pub noop: Text,
    pub goodbye: Text,
    pub timeout: Text,
    pub unknown: Text,
    pub line_too_long: Text,
    pub permission_denied: Text,
    pub nothing_to_abort: Text,
    // Directories and files.
    pub directory: Text,
    pub directory_changed: Text,
    pub directory_failed: Text,
    pub size: Text,
    pub size_failed: Text,
    pub size_no_file: Text,
    pub time: Text,
    pub time_failed: Text,
    pub removed: Text,
    pub remove_failed: Text,
    pub made: Text,
    pub make_failed: Text,
    pub directory_removed: Text,
    pub directory_remove_failed: Text,
    pub rename_from: Text,
    pub rename_from_failed: Text,
    pub rename_first: Text,
    pub renamed: Text,
    pub rename_failed: Text,
    // Parameters that are only talk.
    pub site_unknown: Text,
    pub option_unknown: Text,
    pub status: Text,
    pub status_of: Text,
    pub help: Text,
    pub facts_of: Text,
    pub facts_failed: Text,
    // TLS (RFC 4217).
    pub tls_begins: Text,
    pub tls_unknown: Text,
    pub tls_bad: Text,
    pub tls_already: Text,
    pub buffer_ok: Text,
    pub protection_private: Text,
    pub protection_clear: Text,
    pub protection_unsupported: Text,
    pub protection_unknown: Text,
    pub plain_again: Text,
    // Parameters.
    pub restart: Text,
    pub type_ascii: Text,
    pub type_binary: Text,
    pub type_local: Text,
    pub type_bad: Text,
    pub mode_ok: Text,
    pub mode_bad: Text,
    pub mode_unknown: Text,
    pub structure_ok: Text,
    pub structure_bad: Text,
    pub structure_unknown: Text,
    // Arranging data connections.
    pub port_ok: Text,
    pub port_illegal: Text,
    pub port_foreign: Text,
    pub port_low: Text,
    pub eprt_ok: Text,
    pub eprt_foreign: Text,
    pub eprt_low: Text,
    pub only_epsv: Text,
    pub eprt_bad: Text,
    pub eprt_bad_protocol: Text,
    pub pasv_ok: Text,
    pub epsv_ok: Text,
    pub epsv_all: Text,
    pub epsv_bad_protocol: Text,
    pub no_port: Text,
    pub no_port_passive: Text,
    pub no_port_active: Text,
    /// The last words, in the clear, when what comes on a data connection is no TLS, and when it ends in the middle of the
    /// handshake: vsftpd says OpenSSL's error and exits.
    pub no_handshake: Option<[Text; 2]>,
    // Transfers.
    pub not_arranged: Text,
    pub not_connected: Text,
    pub nobody_came: Text,
    pub wrong_peer: Text,
    pub list_begins: Text,
    pub list_done: Text,
    pub facts_begin: Text,
    pub list_no_directory: Text,
    pub file_begins: Text,
    pub file_failed: Text,
    pub file_is_directory: Text,
    pub store_begins: Text,
    pub store_failed: Text,
    pub aborted: Text,
    pub abort_done: Text,
    pub transfer_done: Text,
    pub read_failed: Text,
    pub write_failed: Text,
    // Habits.
    /// When 226 is sent.
    pub completion: Completion,
    /// Whether each line of a reply is written by itself, and so travels in a segment of its own.
    pub line_by_line: bool,
    /// Whether a listing is held back until the data connection is closed.
    pub corks_listings: bool,
    /// Whether a port that cannot be had ends the session; and whether `port_promiscuous` makes an unprivileged
    /// process ask for port 20, which cannot have it.
    pub exits_on_bind_failure: bool,
    /// What 150 says instead of `list_begins`, `file_begins` and `store_begins`: active, passive.
    pub begins: Option<[Text; 2]>,
    /// What becomes of another address in PORT.
    pub foreign_port_address: Foreign,
    /// Whether USER anonymous is the whole login.
    pub anonymous_at_once: bool,
    /// FEAT, line by line, with its first and last.
    pub features: &'static [(&'static str, Needs)],
    /// Commands that are answered before the login as after it.
    pub before_login: &'static [&'static str],
    /// Whether a command that the settings forbid is refused before the login too.
    pub denies_strangers: bool,
    /// Commands that are only talk, by how they begin; what follows fills the hole.
    pub canned: &'static [(&'static str, Text)],
    /// What anonymous users hear who want to remove a file, remove a directory, rename, write over a file.
    pub guests_may_not: Option<[Text; 4]>,
    /// What denied commands get, the last for all others; `None`: they are allowed nevertheless.
    pub denied: &'static [(&'static str, Option<Text>)],
    /// What PRET gets for a file that is not there.
    pub announced_missing: Option<Text>,
    /// Whether a transfer that is refused ends the arrangement for it: the passive port is closed.
    pub refusal_ends_plan: bool,
    /// What it says to a client that closes without QUIT, with the code of its last reply.
    pub on_eof: Option<&'static str>,
    /// Whether HOST must have brackets around an IPv6 address.
    pub checks_host: bool,
    /// Whether it lets in half as many clients as it has passive ports, at most 50.
    pub counts_ports: bool,
    /// What PBSZ and PROT get before AUTH where there is TLS, if not as where there is none.
    pub tls_first: Option<Text>,
    /// Whether its TLS takes curve P-256 only, and asks for another hello of a client that has offered no key for it.
    pub wants_p256: bool,
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
    /// What EPSV ALL forbids.
    pub epsv_all_forbids: &'static [&'static str],
    /// What becomes of a passive data connection from another address than the client's.
    pub stranger: Stranger,
    /// What becomes of REST beyond the end of a file that is sent.
    pub restart_beyond: RestartBeyond,
    /// What a line gets, after the login, that lacks the argument it needs.
    pub argument_missing: &'static [(&'static str, Text)],
    /// Commands that must have no argument, and what they get if they have one.
    pub takes_no_argument: Option<(&'static [&'static str], Text)>,
    /// What ALLO gets that is no number, if anybody looks.
    pub allocation_bad: Option<Text>,
    /// How many bytes it writes before it pauses where the rate is limited.
    pub paced_chunk: u32,
    /// Whether RANG is known.
    pub knows_rang: bool,
    /// Whether TYPE looks at the first letter of its argument only.
    pub type_by_letter: bool,
    /// Whether TYPE L needs the size of a byte as a second word: proftpd takes neither `L` nor `L8`.
    pub type_local_wants_word: bool,
    /// Which refusals of PORT and EPRT end the arrangement that there was.
    pub refused_port_drops: PortRefusal,
    /// Whether the address of PORT and EPRT is good for every transfer until the next arrangement.
    pub active_stays: bool,
    /// Whether the passive port is good for every transfer until the next arrangement.
    pub passive_stays: bool,
    /// Whether a transfer without an arrangement goes to the client's default data port: its control port, less one.
    pub default_data_port: bool,
    /// Whether a transfer without an arrangement is refused before anybody looks at the file.
    pub arranges_first: bool,
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
    /// The port that active data connections come from, where it is a fixed one.
    pub data_origin: DataOrigin,
    /// Whether they come from there, unless the configuration says.
    pub from_port_20: bool,
    /// Seconds it waits for a command, unless the configuration says.
    pub idle_timeout: u64,
    /// Seconds it waits for bytes on a data connection.
    pub data_timeout_secs: u64,
    /// What it does when a download, and when an upload, stands still for so long.
    pub stalled: [Stalled; 2],
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
