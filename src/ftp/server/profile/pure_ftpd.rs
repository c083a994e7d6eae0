//! pure-ftpd 1.0.50, for anonymous users only, as Debian starts it.

use super::{Completion, Foreign, ListStyle, Needs, ProfileTable, Text, VSFTPD};

pub(super) static PURE_FTPD: ProfileTable = ProfileTable {
    greeting: Text(
        220,
        "--------- Welcome to Pure-FTPd [privsep] [TLS] ----------\n220-You are user number {guest} of {seats} allowed.\n\
         220-Local time is now 00:00. Server port: {port}.\n220-Only anonymous FTP is allowed here\n\
         You will be disconnected after {minutes} minutes of inactivity.",
    ),
    logged_in_anonymously: Text(230, "Anonymous user logged in"),
    already_logged_in: Text(230, "Any password will work"),
    noop: Text(200, "Zzz..."),
    goodbye: Text(221, "Goodbye. You uploaded {up} and downloaded {down} kbytes.\nLogout."),
    unknown: Text(500, "Unknown command"),
    option_unknown: Text(504, "Unknown command"),
    directory: Text(257, "\"{}\" is your current location"),
    type_ascii: Text(200, "TYPE is now ASCII"),
    type_binary: Text(200, "TYPE is now 8-bit binary"),
    port_ok: Text(200, "PORT command successful"),
    port_foreign: Text(500, "I won't open a connection to {named} (only to {peer})"),
    eprt_ok: Text(200, "PORT command successful"),
    pasv_ok: Text(227, "Entering Passive Mode ({})"),
    epsv_ok: Text(229, "Extended Passive mode OK {}"),
    not_connected: Text(425, "Could not open data connection to port {port}: {error}"),
    list_done: Text(226, "Options: -l \n{matches} matches total"),
    transfer_done: Text(226, "File successfully transferred\n0.000 seconds (measured here), {rate} per second"),
    tls_unknown: Text(500, "This security scheme is not implemented"),
    completion: Completion::OwnFin,
    begins: Some([Text(150, "Connecting to port {port}"), Text(150, "Accepted data connection")]),
    foreign: Foreign::Named,
    anonymous_at_once: true,
    features: &[
        ("Extensions supported:", Needs::Nothing),
        (" UTF8", Needs::Nothing),
        (" EPRT", Needs::Active),
        (" IDLE", Needs::Nothing),
        (" MDTM", Needs::Nothing),
        (" SIZE", Needs::Nothing),
        (" MFMT", Needs::Nothing),
        (" REST STREAM", Needs::Nothing),
        (" MLST type*;size*;sizd*;modify*;UNIX.mode*;UNIX.uid*;UNIX.gid*;unique*;", Needs::Nothing),
        (" MLSD", Needs::Nothing),
        (" PRET", Needs::Nothing),
        // It names TLS even where it has no certificate.
        (" AUTH TLS", Needs::Nothing),
        (" PBSZ", Needs::Nothing),
        (" PROT", Needs::Nothing),
        (" TVFS", Needs::Nothing),
        (" ESTA", Needs::Nothing),
        (" PASV", Needs::Passive),
        (" EPSV", Needs::Passive),
        (" ESTP", Needs::Nothing),
        ("End.", Needs::Nothing),
    ],
    before_login: &["FEAT", "SYST", "NOOP", "OPTS"],
    talk: &[
        ("OPTS MLST", Text(200, " MLST OPTS type;size;sizd;modify;UNIX.mode;UNIX.uid;UNIX.gid;unique;")),
        ("PRET", Text(200, "Ready to proceed")),
    ],
    facts: Some(&["type", "size", "modify", "UNIX.mode", "UNIX.uid", "UNIX.gid"]),
    list_style: ListStyle::PureFtpd,
    hears_abor: true,
    idle_timeout: 900,
    connect_timeout: None,
    accept_timeout: 900,
    ..VSFTPD
};
