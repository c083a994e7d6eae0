//! Dialogues of the other programs, of commands that no recording has, and of protected sessions. Those that were
//! recorded are in `tests/truth`.

use super::testing::{Pair, Path};
use super::{
    ClientConfig, CommandResult, DataError, FileSystem, FtpTimer, Hello, Mode, Note, Profile, ServerConfig, Software,
    TlsChannel,
};
use bytes::Bytes;

fn client(software: Software, mode: Mode, run: &[&str]) -> ClientConfig {
    let run = run.iter().map(|&entry| entry.to_owned()).collect();
    ClientConfig { software, mode, run, password: String::from("lab@"), ..ClientConfig::default() }
}

fn server(profile: Profile) -> ServerConfig {
    let mut files = FileSystem::new();
    files.add("hello.txt", FileSystem::generated(62));
    files.add("pub/a.txt", FileSystem::generated(100));
    ServerConfig { software: profile, files, ..ServerConfig::default() }
}

fn ran(config: ClientConfig, server: ServerConfig) -> Pair {
    let mut pair = Pair::new(config, server);
    pair.run();
    pair
}

fn results(pair: &Pair) -> Vec<CommandResult> {
    let finished = |note: &Note| match note {
        Note::CommandFinished { result, .. } => Some(*result),
        _ => None,
    };
    pair.machines[0].notes.iter().filter_map(finished).collect()
}

fn said(pair: &Pair, text: &str) -> bool {
    pair.log.join("\n").contains(text)
}

/// What a server of this kind answers to lines after the login.
fn answers(profile: Profile, lines: &'static str) -> Vec<String> {
    let mut pair = Pair::new(client(Software::Curl, Mode::Passive, &[]), server(profile));
    pair.say("USER ftp\r\nPASS x\r\n");
    pair.log.clear();
    pair.say(lines);
    pair.log.iter().map(|line| line.trim_start_matches("S: ").to_owned()).collect()
}

#[test]
fn every_client_gets_along_with_every_server_in_every_mode() {
    for software in Software::ALL {
        for profile in Profile::ALL {
            for mode in Mode::ALL {
                let run = ["ls", "get hello.txt", "put b.txt", "append b.txt", "nls pub", "get hello.txt"];
                // pure-ftpd lets no anonymous user write over a file.
                let user = String::from("alice");
                let config = ClientConfig { user: user.clone(), ..client(software, mode, &run) };
                let password = config.password.clone();
                let pair = ran(config, ServerConfig { users: vec![(user, password)], ..server(profile) });
                let what = format!("{} {} {mode}:\n{}", software.name(), profile.name(), pair.log.join("\n"));
                assert_eq!(results(&pair), [CommandResult::Ok; 7], "{what}");
                assert_eq!(pair.shared.files.size("/b.txt"), Some(2000), "{what}");
                assert_eq!(pair.client.received().concat(), FileSystem::generated(62), "{what}");
                assert!(pair.machines.iter().all(|machine| machine.timers.is_empty()), "{what}");
            }
        }
    }
}

#[test]
fn directories_and_files_are_made_renamed_and_removed() {
    let run =
        ["mkdir new", "rename hello.txt new/hi.txt", "delete new/hi.txt", "RMD new", "delete hello.txt", "RNTO x"];
    let pair = ran(client(Software::Curl, Mode::Passive, &run), server(Profile::Vsftpd));
    let (ok, no) = (CommandResult::Ok, CommandResult::Reply(550));
    assert_eq!(results(&pair), [ok, ok, ok, ok, no, CommandResult::Reply(503), ok]);
    assert!(said(&pair, "C: RNFR hello.txt\nS: 350 Ready for RNTO.\nC: RNTO new/hi.txt\nS: 250 Rename successful."));
    assert!(!pair.shared.files.is_dir("/new"));
    let pair = ran(client(Software::Curl, Mode::Passive, &["rename nothing x"]), server(Profile::Vsftpd));
    assert_eq!(results(&pair)[0], no);
    // curl is told to go on whatever comes (`-Q '*RNFR nothing'`).
    assert!(said(&pair, "C: RNTO x\nS: 503 "));
    let pair = ran(client(Software::Tnftp, Mode::Passive, &["rename nothing x"]), server(Profile::Vsftpd));
    assert!(!said(&pair, "RNTO"));
    assert_eq!(answers(Profile::Vsftpd, "RMD pub\nMKD pub\nDELE pub\n").len(), 3);
    assert!(answers(Profile::Vsftpd, "RMD pub\nMKD pub\nDELE pub\n").iter().all(|line| line.starts_with("550 ")));
}

#[test]
fn small_talk_is_the_programs_own() {
    assert_eq!(
        answers(Profile::PureFtpd, "NOOP\nPRET LIST\nOPTS UTF8 ON\nAUTH TLS\nXYZZY\n"),
        [
            "200 Zzz...",
            "200 Ready to proceed",
            "504 Unknown command",
            "500 This security scheme is not implemented",
            "500 Unknown command"
        ]
    );
    assert_eq!(
        answers(Profile::Proftpd, "CLNT x\nOPTS MLST size;\nAUTH TLS\nXYZZY\n"),
        ["200 OK", "200 MLST OPTS size;", "500 AUTH not understood", "500 XYZZY not understood"]
    );
    assert_eq!(
        answers(Profile::Proftpd, "MLST hello.txt\n"),
        ["250-Start of list for hello.txt\n modify=20260101000000;perm=adfrw;size=62;type=file;\
         unique=fe00g26a04a85;UNIX.group=0;UNIX.groupname=root;UNIX.mode=0644;UNIX.owner=0;UNIX.ownername=root; \
         /hello.txt\n250 End of list"]
    );
    let vsftpd = answers(Profile::Vsftpd, "MLST\nSITE HELP\nSTAT\n");
    assert_eq!(vsftpd[..2], ["500 Unknown command.", "550 Permission denied."]);
    assert!(vsftpd[2].starts_with("211-FTP server status:\n     Connected to 192.168.10.10\n"), "{}", vsftpd[2]);
    assert!(vsftpd[2].ends_with("\n211 End of status"));
}

#[test]
fn mlsd_is_a_transfer() {
    let mut pair = Pair::new(client(Software::Curl, Mode::Passive, &[]), server(Profile::PureFtpd));
    pair.say("USER ftp\nPASV\nMLSD\n");
    pair.log.clear();
    let (session, shared, host) = (&mut pair.server, &mut pair.shared, &mut pair.machines[1]);
    session.on_data_connected("192.168.10.10:50001".parse().unwrap(), shared, host);
    // "type=file;size=62;modify=20260101000000;UNIX.mode=0644;UNIX.uid=0;UNIX.gid=0;unique=...; hello.txt", and `pub`.
    assert_eq!(host.log[..2], ["S: 150 Accepted data connection", "S data 205 bytes"]);
}

/// What becomes of a transfer of 62 bytes that is broken off with ABOR.
fn aborted(profile: Profile) -> Vec<String> {
    let mut pair = Pair::new(client(Software::Curl, Mode::Passive, &[]), server(profile));
    pair.say("USER ftp\nPASS x\nPASV\nSTOR up.txt\n");
    pair.log.clear();
    let (session, shared, host) = (&mut pair.server, &mut pair.shared, &mut pair.machines[1]);
    session.on_data_connected("192.168.10.10:50001".parse().unwrap(), shared, host);
    session.on_data(Bytes::from_static(b"half"), shared, host);
    session.on_control(Bytes::from_static(b"NOOP\nABOR\n"), shared, host);
    session.on_control(Bytes::from_static(b"ABOR\n"), shared, host);
    host.log.split_off(1)
}

#[test]
fn abor_is_heard_in_time_or_not() {
    assert_eq!(aborted(Profile::Vsftpd), [""; 0]);
    let mut pair = Pair::new(client(Software::Curl, Mode::Passive, &[]), server(Profile::Proftpd));
    pair.say("USER ftp\nPASS x\nPASV\nRETR hello.txt\n");
    let (session, shared, host) = (&mut pair.server, &mut pair.shared, &mut pair.machines[1]);
    session.on_data_connected("192.168.10.10:50001".parse().unwrap(), shared, host);
    host.log.clear();
    session.on_control(Bytes::from_static(b"ABOR\nNOOP\n"), shared, host);
    assert_eq!(
        host.log,
        ["S data abort", "S: 426 Transfer aborted.", "S: 226 Abort successful.", "S: 200 NOOP command successful"]
    );
    // A command that came before it waits for its turn, and so does ABOR then.
    assert_eq!(aborted(Profile::Proftpd), [""; 0]);
}

#[test]
fn a_private_address_from_behind_a_nat() {
    let told = |profile| {
        let mut pair = Pair::new(client(Software::Curl, Mode::Active, &["ls"]), server(profile));
        // The server sees the NAT's address.
        pair.machines[1].remote = "198.51.100.1:40000".parse().unwrap();
        pair.run();
        pair.log.join("\n")
    };
    assert!(told(Profile::Vsftpd).contains("S: 500 Illegal PORT command."));
    assert!(
        told(Profile::PureFtpd).contains("S: 500 I won't open a connection to 192.168.10.10 (only to 198.51.100.1)")
    );
    let proftpd = told(Profile::Proftpd);
    assert!(proftpd.contains("S: 200 PORT command successful"));
    assert!(proftpd.contains(" > 198.51.100.1:50001\nS: 425 Unable to build data connection: Connection refused"));
}

/// What a server does about connections to its passive port from these addresses, and what LIST is answered with.
fn visited(profile: Profile, addresses: &[&str], rest: &'static str) -> Vec<String> {
    let mut pair = Pair::new(client(Software::Curl, Mode::Passive, &[]), server(profile));
    pair.say("USER ftp\nPASS x\nPASV\nLIST\n");
    pair.log.clear();
    let (session, shared, host) = (&mut pair.server, &mut pair.shared, &mut pair.machines[1]);
    for address in addresses {
        session.on_data_connected(address.parse().unwrap(), shared, host);
    }
    session.on_data_closed(shared, host);
    session.on_data_done(shared, host);
    session.on_control(Bytes::from_static(rest.as_bytes()), shared, host);
    host.log.clone()
}

#[test]
fn each_server_deals_with_a_stranger_on_its_passive_port_in_its_own_way() {
    let (stranger, own) = ("198.51.100.66:5000", "192.168.10.10:50001");
    assert_eq!(visited(Profile::Vsftpd, &[stranger], ""), ["S data FIN", "S: 425 Security: Bad IP connecting."]);
    assert_eq!(visited(Profile::PureFtpd, &[stranger], ""), ["S data FIN"]);
    let later = visited(Profile::PureFtpd, &[stranger, own], "");
    assert_eq!(later[..2], ["S data FIN", "S: 150 Accepted data connection"]);
    let proftpd = visited(Profile::Proftpd, &[stranger], "");
    assert_eq!(proftpd[0], "S: 150 Opening ASCII mode data connection for file list");
    assert_eq!(proftpd.last().unwrap(), "S: 226 Transfer complete");
}

#[test]
fn an_arrangement_serves_one_transfer_or_more() {
    let own = "192.168.10.10:50001";
    let vsftpd = visited(Profile::Vsftpd, &[own], "LIST\n");
    assert_eq!(vsftpd.last().unwrap(), "S: 425 Use PORT or PASV first.");
    // It waits at the same port again.
    let pure_ftpd = visited(Profile::PureFtpd, &[own], "NLST\nPWD\n");
    assert_eq!(pure_ftpd.last().unwrap(), "S: 226-Options: -l \n226 2 matches total");
    // The client's control port is 40000.
    let mut pair = Pair::new(client(Software::Curl, Mode::Passive, &[]), server(Profile::Proftpd));
    pair.say("USER ftp\nPASS x\n");
    pair.log.clear();
    pair.say("LIST\n");
    pair.settle();
    let refused = "S: 425 Unable to build data connection: Connection refused";
    assert_eq!(pair.log, ["data 203.0.113.10:60001 > 192.168.10.10:39999", refused]);
    pair.log.clear();
    pair.say("PORT 192,168,10,10,200,10\nLIST\nPORT 1,2\nNLST\n");
    pair.settle();
    assert_eq!(pair.log.iter().filter(|line| line.ends_with(" > 192.168.10.10:51210")).count(), 2, "{:?}", pair.log);
}

#[test]
fn a_port_that_is_refused_ends_the_arrangement_or_not() {
    let answer = |profile, port| answers(profile, port).last().cloned().unwrap_or_default();
    for lines in ["PASV\nPORT 1,2\nLIST\n", "PASV\nPORT 1,2,3,4,5,6\nLIST\n"] {
        assert_eq!(answer(Profile::Vsftpd, lines), "425 Use PORT or PASV first.");
        // It waits.
        assert_eq!(answer(Profile::Proftpd, lines).split(' ').nth(1), Some("Illegal"), "{lines}");
    }
    assert_eq!(answer(Profile::PureFtpd, "PASV\nPORT 1,2\nLIST\n"), "501 Syntax error in IP address");
    assert_eq!(answer(Profile::PureFtpd, "PASV\nPORT 1,2,3,4,5,6\nLIST\n"), "425 No data connection");
}

#[test]
fn the_port_that_active_connections_come_from() {
    let from = |profile, control: u16, fixed, data_port| {
        let config = ServerConfig { connect_from_port_20: fixed, data_port, ..server(profile) };
        let mut pair = Pair::new(client(Software::Curl, Mode::Active, &["ls"]), config);
        pair.machines[1].local.set_port(control);
        pair.run();
        pair.log.iter().find_map(|line| line.strip_prefix("data 203.0.113.10:")?.split(' ').next()?.parse::<u16>().ok())
    };
    assert_eq!(from(Profile::Vsftpd, 2121, None, None), Some(20));
    assert_eq!(from(Profile::Vsftpd, 2121, None, Some(2020)), Some(2020));
    assert_eq!(from(Profile::PureFtpd, 2121, None, None), Some(20));
    assert_eq!(from(Profile::Proftpd, 2121, Some(true), None), Some(2120));
    assert!(from(Profile::Proftpd, 2121, None, None).is_some_and(|port| port > 50_000));
}

#[test]
fn a_file_that_ends_before_its_size() {
    let fetched = |software| {
        let run = ["TYPE I", "REST 50", "get hello.txt", "get hello.txt"];
        let pair = ran(client(software, Mode::Passive, &run), server(Profile::Vsftpd));
        let logins = pair.log.iter().filter(|line| line.starts_with("C: USER")).count();
        (results(&pair)[2..4].to_vec(), logins)
    };
    // curl: (18) transfer closed with 50 bytes remaining to read; the next entry logs in again.
    assert_eq!(fetched(Software::Curl), (vec![CommandResult::Incomplete, CommandResult::Ok], 2));
    // lftp: file size decreased during transfer.
    assert_eq!(fetched(Software::Lftp), (vec![CommandResult::Incomplete, CommandResult::Ok], 1));
    for software in [Software::Tnftp, Software::Ftp] {
        assert_eq!(fetched(software), (vec![CommandResult::Ok; 2], 1));
    }
}

#[test]
fn a_limited_rate_is_kept_by_pauses() {
    let mut files = FileSystem::new();
    files.add("big", FileSystem::generated(100_000));
    for (profile, chunks) in [(Profile::Vsftpd, 2), (Profile::PureFtpd, 3), (Profile::Proftpd, 7)] {
        let config = ServerConfig { rate: Some(50_000), files: files.clone(), ..server(profile) };
        let mut pair = ran(client(Software::Curl, Mode::Passive, &["get big"]), config);
        for _ in 1..chunks {
            assert!(!said(&pair, "S data FIN"), "{profile:?}");
            pair.server_timer(FtpTimer::Pace);
        }
        assert_eq!(
            pair.log.iter().filter(|line| line.starts_with("S data ") && line.ends_with("bytes")).count(),
            chunks
        );
        assert_eq!(results(&pair)[0], CommandResult::Ok, "{profile:?}: {:#?}", pair.log);
    }
}

#[test]
fn a_client_that_waits_keeps_its_control_connection() {
    let mut pair = ran(client(Software::Lftp, Mode::Passive, &["pwd", "wait 5 min", "pwd"]), server(Profile::Vsftpd));
    assert_eq!(results(&pair), [CommandResult::Ok]);
    pair.client_timer(FtpTimer::Wait);
    assert_eq!(results(&pair)[..3], [CommandResult::Ok; 3]);
    assert_eq!(pair.log.iter().filter(|line| line.starts_with("C: USER")).count(), 1);
    // vsftpd gives up after 5 min without a command: 421. lftp notices when it wants something, and calls again.
    let mut pair = ran(client(Software::Lftp, Mode::Passive, &["pwd", "wait 10 min", "pwd"]), server(Profile::Vsftpd));
    pair.server_timer(FtpTimer::Idle);
    pair.client_timer(FtpTimer::Wait);
    assert_eq!(results(&pair)[..3], [CommandResult::Ok; 3]);
    assert_eq!(pair.log.iter().filter(|line| line.starts_with("C: USER")).count(), 2, "{:#?}", pair.log);
}

#[test]
fn vsftpd_asks_openssl_for_another_key() {
    let with_tls = |software, profile| {
        let config = ClientConfig { tls: true, ..client(software, Mode::Passive, &["ls"]) };
        let pair = ran(config, ServerConfig { tls: true, ..server(profile) });
        assert_eq!(results(&pair)[0], CommandResult::Ok, "{:#?}", pair.log);
        let lens = |side: usize| pair.machines[side].raw.iter().map(Bytes::len).collect::<Vec<_>>();
        (lens(0).len(), lens(1))
    };
    // Recorded: 517, 99, 523 bytes; then the server's hello and the client's end.
    assert_eq!(with_tls(Software::Curl, Profile::Vsftpd).0, 3);
    assert_eq!(with_tls(Software::Curl, Profile::Vsftpd).1[0], 99);
    // GnuTLS offers both curves, and the others take both.
    assert_eq!(with_tls(Software::Lftp, Profile::Vsftpd).0, 2);
    assert_eq!(with_tls(Software::Curl, Profile::PureFtpd).0, 2);
}

#[test]
fn rest_before_an_upload() {
    let size = |profile, lines: &'static str| {
        let mut pair = Pair::new(client(Software::Curl, Mode::Passive, &[]), server(profile));
        pair.say("USER ftp\nPASS x\nTYPE I\n");
        pair.say(lines);
        let (session, shared, host) = (&mut pair.server, &mut pair.shared, &mut pair.machines[1]);
        session.on_data_connected("192.168.10.10:50001".parse().unwrap(), shared, host);
        session.on_data(Bytes::from_static(b"nine more"), shared, host);
        session.on_data_closed(shared, host);
        session.on_data_done(shared, host);
        shared.files.size("/pub/a.txt").into_iter().chain(shared.files.size("/new")).collect::<Vec<_>>()
    };
    let beyond = "PASV\nREST 5000\nSTOR new\n";
    assert_eq!(size(Profile::Vsftpd, beyond), [100, 5009]);
    assert_eq!(size(Profile::PureFtpd, beyond), [100, 9]);
    assert_eq!(size(Profile::Proftpd, beyond), [100, 0]);
    let within = "PASV\nREST 10\nSTOR pub/a.txt\n";
    assert_eq!(size(Profile::Vsftpd, within), [100]);
    assert_eq!(size(Profile::PureFtpd, within), [0; 0]);
    let append = "PASV\nREST 10\nAPPE pub/a.txt\n";
    assert_eq!(size(Profile::Vsftpd, append), [109]);
    assert_eq!(size(Profile::Proftpd, append), [100]);
}

#[test]
fn a_refused_login_and_the_entries_after_it() {
    let logins = |software, profile| {
        let users = vec![(String::from("alice"), String::from("secret"))];
        let config =
            ClientConfig { user: String::from("alice"), ..client(software, Mode::Passive, &["ls", "get a", "pwd"]) };
        let pair = ran(config, ServerConfig { users, ..server(profile) });
        let refused = results(&pair).iter().filter(|result| **result == CommandResult::Reply(530)).count();
        (pair.log.iter().filter(|line| line.starts_with("C: PASS")).count(), refused)
    };
    for profile in Profile::ALL {
        for software in [Software::Curl, Software::Lftp] {
            assert_eq!(logins(software, profile), (3, 3), "{software:?} {profile:?}");
        }
        assert_eq!(logins(Software::Tnftp, profile).0, 1);
        assert_eq!(logins(Software::Ftp, profile).0, 1);
    }
}

#[test]
fn lftp_mends_addresses_that_cannot_be_right() {
    let goes_to_the_server = |named: [u8; 4], ignore_pasv_address| {
        let config = ClientConfig { ignore_pasv_address, ..client(Software::Lftp, Mode::Passive, &["ls"]) };
        let pair = ran(config, ServerConfig { passive_address: Some(named.into()), ..server(Profile::Vsftpd) });
        pair.log.iter().any(|line| line.starts_with("data ") && line.contains("> 203.0.113.10:"))
    };
    for named in [[0, 0, 0, 0], [127, 0, 0, 1], [224, 0, 0, 1], [255, 255, 255, 255], [10, 1, 2, 3]] {
        assert!(goes_to_the_server(named, None), "{named:?}");
        assert_eq!(goes_to_the_server(named, Some(false)), named == [0; 4]);
    }
    assert!(!goes_to_the_server([203, 0, 113, 99], None));
}

#[test]
fn an_address_in_227_that_is_not_the_servers() {
    let to = |software, ignore_pasv_address| {
        let config = ClientConfig { ignore_pasv_address, ..client(software, Mode::Passive, &["ls"]) };
        let inside = ServerConfig { passive_address: Some([10, 20, 0, 10].into()), ..server(Profile::Vsftpd) };
        let pair = ran(config, inside);
        let to = pair.log.iter().find(|line| line.starts_with("data ")).map(|line| line.contains("> 203.0.113.10:"));
        (to, results(&pair).first().copied().unwrap_or(CommandResult::NotRun))
    };
    for software in [Software::Curl, Software::Lftp] {
        assert_eq!(to(software, None).0, Some(true));
        assert_eq!(to(software, Some(false)).0, Some(false));
    }
    assert_eq!(to(Software::Curl, None).1, CommandResult::Ok);
    assert_eq!(to(Software::Curl, Some(false)).1, CommandResult::Connect(DataError::Refused));
    for software in [Software::Tnftp, Software::Ftp] {
        assert_eq!(to(software, Some(true)), (Some(true), CommandResult::Ok));
    }
    assert_eq!(to(Software::Ftp, None), (None, CommandResult::AddressMismatch));
    assert_eq!(to(Software::Tnftp, None), (None, CommandResult::AddressMismatch));
}

#[test]
fn proftpd_counts_idle_time_while_it_connects() {
    let mut pair = Pair::new(client(Software::Curl, Mode::Active, &["ls"]), server(Profile::Proftpd));
    pair.path = Path::Drops;
    pair.run();
    pair.server_timer(FtpTimer::Idle);
    assert!(said(&pair, "S: 421 Idle timeout (600 seconds): closing control connection\nS data abort\nS control FIN"));
    assert_eq!(results(&pair)[0], CommandResult::Reply(421));
}

#[test]
fn ftp_tries_lprt_with_the_same_port() {
    let deaf = ServerConfig { active: false, ..server(Profile::Vsftpd) };
    let pair = ran(client(Software::Ftp, Mode::Active, &["ls"]), deaf);
    assert!(said(
        &pair,
        "C: PORT 192,168,10,10,195,81\nS: 550 Permission denied.\nC: LPRT 4,4,192,168,10,10,2,195,81\n"
    ));
    assert_eq!(results(&pair)[0], CommandResult::Reply(500));
}

#[test]
fn protected_sessions_cannot_be_read_on_the_wire() {
    let tls = || ServerConfig { tls: true, ..server(Profile::Vsftpd) };
    for software in [Software::Curl, Software::Lftp] {
        for mode in Mode::ALL {
            if software == Software::Curl && mode.is_active() {
                // As recorded, curl 7.88.1 forgets the handshake on a data connection that it accepted.
                let pair = ran(ClientConfig { tls: true, ..client(software, mode, &["ls"]) }, tls());
                assert!(pair.log.join("\n").ends_with("S: 150 Here comes the directory listing."));
                assert!(pair.machines[0].timers.contains(&FtpTimer::Reply));
                continue;
            }
            let run = ["ls", "get hello.txt", "put b.txt", "append b.txt"];
            let config = ClientConfig { tls: true, ..client(software, mode, &run) };
            let pair = ran(config, tls());
            let log = pair.log.join("\n");
            assert_eq!(results(&pair), [CommandResult::Ok; 5], "{log}");
            assert!(log.contains("S: 234 Proceed with negotiation.\nC: USER anonymous\n"), "{log}");
            assert!(log.contains("C: PBSZ 0\nS: 200 PBSZ set to 0.\nC: PROT P\nS: 200 PROT now Private.\n"), "{log}");
            assert_eq!(pair.client.received().concat(), [0; 0], "{log}");
            assert_eq!(pair.shared.files.size("/b.txt"), Some(2000), "{log}");
            for machine in &pair.machines {
                let plain = machine.wire.iter().filter(|wire| wire.first() != Some(&23));
                let text: Vec<u8> = plain.flat_map(|wire| wire.to_vec()).collect();
                let text = String::from_utf8(text).unwrap();
                assert!(text.ends_with("AUTH SSL\r\n") || text.ends_with("AUTH TLS\r\n") || text.contains("\r\n234 "));
                assert!(!text.contains("PORT ") && !text.contains("PASS "), "{text}");
            }
        }
    }
}

#[test]
fn ccc_makes_the_control_connection_readable_again() {
    let config = ClientConfig { tls: true, ..client(Software::Curl, Mode::Passive, &["CCC", "ls"]) };
    let pair = ran(config, ServerConfig { tls: true, ..server(Profile::Proftpd) });
    assert_eq!(results(&pair), [CommandResult::Ok; 3]);
    assert!(pair.machines[0].wire.contains(&Bytes::from_static(b"LIST\r\n")));
    // vsftpd does not know it.
    let config = ClientConfig { tls: true, ..client(Software::Curl, Mode::Passive, &["CCC", "ls"]) };
    let pair = ran(config, ServerConfig { tls: true, ..server(Profile::Vsftpd) });
    assert_eq!(results(&pair), [CommandResult::Reply(500), CommandResult::Ok, CommandResult::Ok]);
}

#[test]
fn a_server_without_tls_ends_a_session_that_must_have_it() {
    let config = ClientConfig { tls: true, ..client(Software::Curl, Mode::Passive, &["ls", "pwd"]) };
    let pair = ran(config, server(Profile::Proftpd));
    assert_eq!(results(&pair), [CommandResult::Reply(500), CommandResult::Reply(500), CommandResult::NotRun]);
    assert!(!said(&pair, "USER"));
}

#[test]
fn bytes_that_are_no_record_end_a_protected_session() {
    let mut pair =
        Pair::new(client(Software::Curl, Mode::Passive, &[]), ServerConfig { tls: true, ..server(Profile::Vsftpd) });
    pair.say("AUTH TLS\r\n");
    let (session, shared, host) = (&mut pair.server, &mut pair.shared, &mut pair.machines[1]);
    session.on_control(TlsChannel::client_hello(Hello::P256), shared, host);
    assert!(!session.is_finished());
    session.on_control(Bytes::from_static(b"USER ftp\r\n"), shared, host);
    assert!(session.is_finished());
}

#[test]
fn lftp_logs_in_anew_before_it_tries_the_other_way() {
    let mut pair = Pair::new(
        client(Software::Lftp, Mode::Passive, &["ls"]),
        ServerConfig { passive: false, ..server(Profile::Vsftpd) },
    );
    pair.run();
    assert!(said(&pair, "C: PASV\nS: 550 Permission denied.\nC control FIN"), "{:#?}", pair.log);
    pair.client_timer(FtpTimer::Retry);
    let log = pair.log.join("\n");
    let second = log.split_once("another control connection\n").unwrap().1;
    assert!(second.contains("S: 230 Login successful.\nC: PORT 192,168,10,10,"), "{second}");
    assert!(!second.contains("PWD") && second.ends_with("C: QUIT\nS: 221 Goodbye.\nS control FIN\nC control FIN"));
    assert_eq!(results(&pair), [CommandResult::Ok; 2]);
}

#[test]
fn lftp_says_the_same_again_after_425_and_gives_up_in_time() {
    let mut pair = Pair::new(client(Software::Lftp, Mode::Active, &["ls", "get hello.txt"]), server(Profile::Vsftpd));
    pair.path = Path::Refuses;
    pair.run();
    // As recorded in B10: the login counts as the first attempt of `ls`.
    for _ in 0..3 {
        pair.client_timer(FtpTimer::Retry);
    }
    assert_eq!(results(&pair), [CommandResult::Reply(425), CommandResult::Reply(425), CommandResult::Ok]);
    let count = |line: &str| pair.log.iter().filter(|said| *said == line).count();
    assert_eq!((count("C: LIST"), count("C: RETR hello.txt"), count("C: SIZE hello.txt")), (2, 3, 1));
}

#[test]
fn lftp_names_directories_from_the_root_and_sets_the_time_of_what_it_sent() {
    let run = ["cd pub", "put up.txt", "nls", "cd .."];
    let pair = ran(client(Software::Lftp, Mode::Passive, &run), server(Profile::Vsftpd));
    assert!(said(&pair, "C: CWD /pub\nS: 250 Directory successfully changed.\nC: TYPE I\n"), "{:#?}", pair.log);
    assert!(said(&pair, "S: 226 Transfer complete.\nC: SITE UTIME 20260101000000 up.txt\nS: 550 Permission denied.\n"));
    assert!(said(&pair, "C: TYPE A\nS: 200 Switching to ASCII mode.\nC: PASV\n") && said(&pair, "C: CWD /\n"));
    let pair = ran(client(Software::Lftp, Mode::Passive, &run), server(Profile::PureFtpd));
    assert!(said(&pair, "C: PRET STOR up.txt\nS: 200 Ready to proceed\nC: PASV"));
    assert!(said(&pair, "C: MFMT 20260101000000 up.txt\nS: 550 Anonymous users can not change perms\n"));
    assert!(said(&pair, "S: 226 4 matches total\n"), "{:#?}", pair.log);
    // pure-ftpd and proftpd do not wait for the last acknowledgement before they say 226.
    assert!(said(&pair, "S data FIN\nS: 226-File successfully transferred\n"));
    let pair = ran(client(Software::Lftp, Mode::Passive, &run), server(Profile::Proftpd));
    assert!(said(&pair, "C: MFMT 20260101000000 up.txt\nS: 213 Modify=20260101000000; up.txt\n"), "{:#?}", pair.log);
}

#[test]
fn proftpd_calls_the_port_of_its_last_pasv_when_nothing_is_arranged() {
    // As measured: RFC 959's default data port becomes the one on which the server itself listened.
    let pair = ran(client(Software::Ftp, Mode::Passive, &["ls", "LIST"]), server(Profile::Proftpd));
    let log = pair.log.join("\n");
    let (_, numbers) = log.split_once("227 Entering Passive Mode (").unwrap();
    let numbers: Vec<&str> = numbers.split(')').next().unwrap().split(',').collect();
    let port = numbers[4].parse::<u16>().unwrap() * 256 + numbers[5].parse::<u16>().unwrap();
    let called = pair.log.iter().rev().find(|line| line.starts_with("data ")).unwrap();
    assert!(called.ends_with(&format!(":{port}")), "{log}");
}

#[test]
fn proftpd_shows_nothing_where_listings_are_forbidden() {
    let denying = ServerConfig { denied_commands: vec![String::from("LIST")], ..server(Profile::Proftpd) };
    let pair = ran(client(Software::Ftp, Mode::Passive, &["ls", "ls nothing"]), denying);
    assert!(said(&pair, "S: 150 Opening ASCII mode data connection for file list\n"), "{:#?}", pair.log);
    assert!(said(&pair, "S: 226 Transfer complete"), "{:#?}", pair.log);
    assert!(said(&pair, "S: 450 nothing: No such file or directory"), "{:#?}", pair.log);
    assert_eq!(pair.client.received().concat(), [0; 0]);
}

#[test]
fn get_without_a_login_is_silent_in_tnftp_after_a_failed_transfer_only() {
    let run = ["get a", "get a", "ls", "get a", "NOOP", "get a"];
    let wrong = ClientConfig { user: String::from("alice"), ..client(Software::Tnftp, Mode::Passive, &run) };
    let pair = ran(wrong, server(Profile::Proftpd));
    let said: Vec<&str> = pair.log.iter().filter_map(|line| line.strip_prefix("C: ")?.split(' ').next()).collect();
    assert_eq!(said[said.len() - 6..], ["PASV", "PORT", "PORT", "NOOP", "PORT", "QUIT"], "{:#?}", pair.log);
}

#[test]
fn lftp_goes_on_without_type_and_quits_without_tls() {
    let denying = ServerConfig { denied_commands: vec![String::from("TYPE")], ..server(Profile::Vsftpd) };
    let pair = ran(client(Software::Lftp, Mode::Passive, &["NOOP", "get hello.txt"]), denying);
    assert_eq!(pair.log.iter().filter(|line| *line == "C: TYPE I").count(), 2, "{:#?}", pair.log);
    assert_eq!(results(&pair), [CommandResult::Ok; 3]);
    let pair = ran(
        ClientConfig { tls: true, ..client(Software::Lftp, Mode::Passive, &["ls", "ls"]) },
        server(Profile::Vsftpd),
    );
    let said: Vec<&str> = pair.log.iter().filter_map(|line| line.strip_prefix("C: ")).collect();
    assert_eq!(said, ["FEAT", "AUTH TLS", "QUIT", "FEAT", "AUTH TLS", "QUIT"], "{:#?}", pair.log);
}

#[test]
fn a_handshake_that_curl_forgets_ends_the_session() {
    // As measured: curl 7.88.1 in active mode sends an upload in the clear; vsftpd says OpenSSL's error in the clear as
    // well, which costs curl the next entry; pure-ftpd's process just exits, and curl calls again.
    let tls = |profile| ServerConfig { tls: true, ..server(profile) };
    let config = ClientConfig { tls: true, ..client(Software::Curl, Mode::Active, &["put b.txt", "PWD", "PWD"]) };
    let pair = ran(config.clone(), tls(Profile::Vsftpd));
    assert!(said(&pair, "S: 500 OOPS: error:0A00010B:SSL routines::wrong version number"), "{:#?}", pair.log);
    assert_eq!(results(&pair)[..3], [CommandResult::BadReply, CommandResult::Closed, CommandResult::Ok]);
    let pair = ran(config, tls(Profile::PureFtpd));
    assert_eq!(results(&pair)[1..3], [CommandResult::Ok; 2], "{:#?}", pair.log);
    assert_eq!(pair.shared.files.size("/b.txt"), None);
}

#[test]
fn strangers_are_told_what_the_real_servers_tell_them() {
    // Measured after a refused login.
    let strangers = |profile, denied: &[&str], lines| {
        let denied_commands = denied.iter().map(|&verb| verb.to_owned()).collect();
        let server = ServerConfig { denied_commands, ..server(profile) };
        let mut pair = Pair::new(client(Software::Curl, Mode::Passive, &[]), server);
        pair.log.clear();
        pair.say(lines);
        pair.log.iter().map(|line| line.trim_start_matches("S: ").to_owned()).collect::<Vec<_>>()
    };
    let lines = "ACCT x\r\nREIN\r\nSTRU F\r\nMODE S\r\nPBSZ 0\r\nPROT P\r\nTYPE L\r\nSMNT /\r\n";
    assert_eq!(
        strangers(Profile::Proftpd, &[], lines),
        [
            "502 ACCT command not implemented",
            "502 REIN command not implemented",
            "530 Please login with USER and PASS",
            "530 Please login with USER and PASS",
            "500 PBSZ not understood",
            "500 PROT not understood",
            "504 TYPE not implemented for 'L' parameter",
            "530 Please login with USER and PASS",
        ]
    );
    assert_eq!(
        strangers(Profile::PureFtpd, &[], "ACCT\r\nPBSZ 0\r\nCCC\r\nSMNT /\r\n"),
        [
            "202 Please tell me who you are",
            "503 PBSZ=0",
            "534 CCC not allowed at this point",
            "530 You aren't logged in",
        ]
    );
    // vsftpd's `cmds_denied` begins to count with the login.
    assert!(strangers(Profile::Vsftpd, &["FEAT"], "FEAT\r\n")[0].starts_with("211-Features:"));
    assert_eq!(strangers(Profile::Proftpd, &["FEAT"], "FEAT\r\n"), ["550 FEAT: Operation not permitted"]);
    assert_eq!(
        answers(Profile::Proftpd, "LANG en\r\nHOST x\r\n"),
        ["500 Unable to handle command", "503 Bad sequence of commands"]
    );
}
