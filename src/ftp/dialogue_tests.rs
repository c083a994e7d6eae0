//! Whole dialogues between our client and our server, held against what curl 7.88.1 and vsftpd 3.0.3 said.

use super::testing::{Machine, Pair, Path};
use super::{
    ClientConfig, CommandResult, DataError, FileSystem, FtpTimer, Mode, Note, Profile, Server, ServerConfig,
    ServerSession, Software,
};
use bytes::Bytes;
use proptest::prelude::*;

const LOGIN: &str = "\
S: 220 (vsFTPd 3.0.3)
C: USER anonymous
S: 331 Please specify the password.
C: PASS lab@
S: 230 Login successful.
C: PWD
S: 257 \"/\" is the current directory";

fn client(mode: Mode, run: &[&str]) -> ClientConfig {
    let run = run.iter().map(|&entry| entry.to_owned()).collect();
    ClientConfig { mode, run, password: String::from("lab@"), ..ClientConfig::default() }
}

/// The lab's server: two files whose listing has 132 bytes.
fn server() -> ServerConfig {
    let mut files = FileSystem::new();
    files.add("big.bin", FileSystem::generated(20_000));
    files.add("hello.txt", FileSystem::generated(62));
    ServerConfig { files, ..ServerConfig::default() }
}

fn ran(config: ClientConfig, server: ServerConfig) -> Pair {
    let mut pair = Pair::new(config, server);
    pair.run();
    pair
}

/// The dialogue after the login.
fn dialogue(pair: &Pair) -> String {
    let log = pair.log.join("\n");
    log.strip_prefix(LOGIN).map_or_else(|| panic!("no login in {log}"), |rest| rest.trim_start().to_owned())
}

fn results(pair: &Pair) -> Vec<(u32, CommandResult)> {
    let finished = |note: &Note| match note {
        Note::CommandFinished { index, result, .. } => Some((*index, *result)),
        _ => None,
    };
    pair.machines[0].notes.iter().filter_map(finished).collect()
}

#[test]
fn active_is_what_curl_and_vsftpd_said() {
    let pair = ran(client(Mode::Active, &["ls", "get hello.txt"]), server());
    let expected = "\
C: PORT 192,168,10,10,195,81
S: 200 PORT command successful. Consider using PASV.
C: TYPE A
S: 200 Switching to ASCII mode.
C: LIST
data 203.0.113.10:20 > 192.168.10.10:50001
S: 150 Here comes the directory listing.
S data 132 bytes
S data FIN
C data FIN
S: 226 Directory send OK.
C: PORT 192,168,10,10,195,82
S: 200 PORT command successful. Consider using PASV.
C: TYPE I
S: 200 Switching to Binary mode.
C: SIZE hello.txt
S: 213 62
C: RETR hello.txt
data 203.0.113.10:20 > 192.168.10.10:50002
S: 150 Opening BINARY mode data connection for hello.txt (62 bytes).
S data 62 bytes
S data FIN
C data FIN
S: 226 Transfer complete.
C: QUIT
S: 221 Goodbye.
S control FIN
C control FIN";
    assert_eq!(dialogue(&pair), expected);
    assert_eq!(results(&pair), [(0, CommandResult::Ok), (1, CommandResult::Ok), (2, CommandResult::Ok)]);
    assert!(pair.client.is_finished() && pair.server.is_finished());
    assert_eq!(pair.client.received().concat(), FileSystem::generated(62));
    assert!(pair.machines.iter().all(|machine| machine.timers.is_empty()));
}

#[test]
fn passive_is_what_curl_and_vsftpd_said() {
    let pair = ran(client(Mode::Passive, &["ls", "get hello.txt"]), server());
    let expected = "\
C: PASV
S: 227 Entering Passive Mode (203,0,113,10,234,97).
data 192.168.10.10:50001 > 203.0.113.10:60001
C: TYPE A
S: 200 Switching to ASCII mode.
C: LIST
S: 150 Here comes the directory listing.
S data 132 bytes
S data FIN
C data FIN
S: 226 Directory send OK.
C: PASV
S: 227 Entering Passive Mode (203,0,113,10,234,98).
data 192.168.10.10:50002 > 203.0.113.10:60002
C: TYPE I
S: 200 Switching to Binary mode.
C: SIZE hello.txt
S: 213 62
C: RETR hello.txt
S: 150 Opening BINARY mode data connection for hello.txt (62 bytes).
S data 62 bytes
S data FIN
C data FIN
S: 226 Transfer complete.
C: QUIT
S: 221 Goodbye.
S control FIN
C control FIN";
    assert_eq!(dialogue(&pair), expected);
}

#[test]
fn the_extended_forms_work_alike() {
    let pair = ran(client(Mode::ActiveEprt, &["ls"]), server());
    assert!(dialogue(&pair).starts_with("C: EPRT |1|192.168.10.10|50001|\nS: 200 EPRT command successful."));
    assert_eq!(results(&pair)[0].1, CommandResult::Ok);
    let pair = ran(client(Mode::PassiveEpsv, &["nls"]), server());
    assert!(dialogue(&pair).starts_with("C: EPSV\nS: 229 Entering Extended Passive Mode (|||60001|)\ndata 192"));
    assert_eq!(pair.client.received().concat(), b"big.bin\r\nhello.txt\r\n");
}

#[test]
fn a_refused_active_connection_is_425_and_the_session_goes_on() {
    let mut pair = Pair::new(client(Mode::Active, &["ls", "pwd"]), server());
    pair.path = Path::Refuses;
    pair.run();
    assert!(dialogue(&pair).contains(":50001\nS: 425 Failed to establish connection.\nC: PWD\n"));
    assert_eq!(results(&pair), [(0, CommandResult::Reply(425)), (1, CommandResult::Ok), (2, CommandResult::Ok)]);
}

#[test]
fn an_active_connection_that_is_dropped_times_out() {
    let mut pair = Pair::new(client(Mode::Active, &["ls"]), server());
    pair.path = Path::Drops;
    pair.run();
    pair.server_timer(FtpTimer::DataConnect);
    assert!(dialogue(&pair).contains("S data abort\nS: 425 Failed to establish connection.\nC: QUIT"));
}

#[test]
fn a_refused_passive_connection_is_the_clients_to_report() {
    let mut pair = Pair::new(client(Mode::Passive, &["ls", "get hello.txt"]), server());
    pair.path = Path::Refuses;
    pair.run();
    let refused = CommandResult::Connect(DataError::Refused);
    assert_eq!(results(&pair), [(0, refused), (1, refused), (2, CommandResult::NotRun)]);
    let dialogue = dialogue(&pair);
    assert!(!dialogue.contains("LIST") && !dialogue.contains("QUIT"));
    // curl logs in anew for the second URL.
    assert!(dialogue.contains(&format!("C control FIN\nanother control connection\n{LOGIN}\nC: PASV")), "{dialogue}");
}

#[test]
fn a_failed_login_is_tried_again_for_each_url() {
    let config = ClientConfig { user: String::from("mallory"), ..client(Mode::Active, &["ls", "pwd"]) };
    let users = vec![(String::from("ann"), String::from("lab@"))];
    let pair = ran(config, ServerConfig { users, ..server() });
    assert_eq!(
        results(&pair),
        [(0, CommandResult::Reply(530)), (1, CommandResult::Reply(530)), (2, CommandResult::NotRun)]
    );
    assert!(pair.log.join("\n").contains("S: 530 Login incorrect.\nC control FIN\nanother control connection\n"));
}

#[test]
fn named_users_need_their_password() {
    let config = ClientConfig { user: String::from("ann"), ..client(Mode::Active, &[]) };
    let users = vec![(String::from("ann"), String::from("lab@"))];
    let pair = ran(config, ServerConfig { users, anonymous: false, ..server() });
    assert!(pair.log.contains(&String::from("S: 230 Login successful.")));
}

#[test]
fn a_missing_file_is_550_before_any_connection() {
    for mode in [Mode::Active, Mode::Passive] {
        let pair = ran(client(mode, &["get nothing", "get hello.txt"]), server());
        let expected = "C: SIZE nothing\nS: 550 Could not get file size.\n";
        assert!(dialogue(&pair).contains(expected), "{}", dialogue(&pair));
        assert!(!dialogue(&pair).contains("RETR nothing"), "curl believes it");
        // inetutils-ftp does not ask.
        let config = ClientConfig { software: Software::Ftp, ..client(mode, &["get nothing", "get hello.txt"]) };
        let pair = ran(config, server());
        assert!(pair.log.join("\n").contains("C: RETR nothing\nS: 550 Failed to open file.\n"), "{:?}", pair.log);
        assert_eq!(results(&pair), [(0, CommandResult::Reply(550)), (1, CommandResult::Ok), (2, CommandResult::Ok)]);
    }
}

#[test]
fn put_stores_the_file() {
    for mode in Mode::ALL {
        let mut config = client(mode, &["put a.txt", "put b.txt"]);
        config.files.add("a.txt", Bytes::from_static(b"from the client"));
        let pair = ran(config, server());
        let expected = "S: 150 Ok to send data.\nC data 15 bytes\nC data FIN\nS data FIN\nS: 226 Transfer complete.\n";
        assert!(dialogue(&pair).contains(expected), "{}", dialogue(&pair));
        assert_eq!(pair.shared.files.read("/a.txt").unwrap().as_ref(), b"from the client");
        assert_eq!(pair.shared.files.size("/b.txt"), Some(1000));
    }
}

#[test]
fn a_quit_in_the_list_ends_it() {
    let pair = ran(client(Mode::Passive, &["quit", "ls"]), server());
    assert_eq!(results(&pair), [(0, CommandResult::Ok), (1, CommandResult::NotRun)]);
}

/// A server that is talked to by hand.
fn logged_in(config: ServerConfig) -> Pair {
    let mut pair = Pair::new(client(Mode::Passive, &[]), config);
    pair.say("USER ftp\r\nPASS x\r\n");
    pair.log.clear();
    pair
}

fn answers(config: ServerConfig, lines: &'static str) -> Vec<String> {
    let mut pair = logged_in(config);
    pair.say(lines);
    pair.log.iter().map(|line| line.trim_start_matches("S: ").to_owned()).collect()
}

#[test]
fn an_address_that_is_not_the_clients_is_illegal() {
    let lines = "PORT 10,0,0,1,195,80\nPORT 192,168,10,10,3,255\nPORT 1,2,3\n\
                 EPRT |1|10.0.0.1|50000|\nEPRT |2|::1|5000|\nLIST\n";
    let illegal = "500 Illegal PORT command.";
    assert_eq!(
        answers(server(), lines),
        [
            illegal,
            illegal,
            illegal,
            "500 Illegal EPRT command.",
            "500 Bad EPRT protocol.",
            "425 Use PORT or PASV first."
        ]
    );
    let promiscuous = ServerConfig { port_promiscuous: true, ..server() };
    assert!(answers(promiscuous, "PORT 10,0,0,1,195,80\n")[0].starts_with("200 "));
}

#[test]
fn refusals_and_small_talk() {
    let closed = ServerConfig { active: false, passive: false, ..server() };
    let denied = "550 Permission denied.";
    assert_eq!(answers(closed.clone(), "PORT 1,2,3,4,5,6\nEPRT x\nPASV\nEPSV\n"), [denied; 4]);
    assert_eq!(answers(closed, "FEAT\n"), ["211-Features:\n MDTM\n REST STREAM\n SIZE\n TVFS\n211 End"]);
    assert_eq!(
        answers(
            server(),
            "syst\nnoop\nmode s\nMODE B\nSTRU F\nCWD nowhere\nCWD /\nMDTM hello.txt\nLPRT\n\r\nQUIT\nNOOP\n"
        ),
        [
            "215 UNIX Type: L8",
            "200 NOOP ok.",
            "200 Mode set to S.",
            "504 Bad MODE command.",
            "200 Structure set to F.",
            "550 Failed to change directory.",
            "250 Directory successfully changed.",
            "213 20260101000000",
            "500 Unknown command.",
            "221 Goodbye."
        ]
    );
    assert_eq!(answers(server(), "EPSV ALL\nPASV\nEPSV 3\n")[..2], ["200 EPSV ALL ok.", denied]);
}

#[test]
fn before_the_login_there_is_only_login() {
    let mut pair = Pair::new(client(Mode::Passive, &[]), server());
    pair.say("PASS x\nPASV\nSYST\nQUIT\n");
    let first = "S: 530 Please login with USER and PASS.";
    assert_eq!(pair.log, ["S: 503 Login with USER first.", first, first, "S: 221 Goodbye."]);
}

#[test]
fn commands_during_a_transfer_wait_and_nobody_comes() {
    let mut pair = logged_in(server());
    pair.say("PASV\nLIST\nNOOP\nLIST\n");
    assert_eq!(pair.log.len(), 1);
    pair.server_timer(FtpTimer::DataConnect);
    assert_eq!(
        pair.log[1..],
        ["S: 425 Failed to establish connection.", "S: 200 NOOP ok.", "S: 425 Use PORT or PASV first."]
    );
    pair.server_timer(FtpTimer::Idle);
    assert_eq!(pair.log[4..6], ["S: 421 Timeout.", "S control FIN"]);
}

/// What the server alone says and does to a data connection made by `drive`.
fn alone(drive: impl FnOnce(&mut ServerSession, &mut Server, &mut Machine)) -> Vec<String> {
    let mut shared = Server::new(server());
    let mut machine = Machine::new('S', "203.0.113.10:21", "192.168.10.10:40000", 60_000);
    let mut session = ServerSession::new();
    session.on_control(Bytes::from_static(b"USER ftp\nPASS x\nPASV\n"), &mut shared, &mut machine);
    machine.log.clear();
    drive(&mut session, &mut shared, &mut machine);
    machine.log
}

#[test]
fn a_stranger_on_the_passive_port_is_sent_away() {
    let log = alone(|session, server, host| {
        session.on_data_connected("198.51.100.66:5000".parse().unwrap(), server, host);
        session.on_control(Bytes::from_static(b"LIST\n"), server, host);
    });
    assert_eq!(log, ["S data FIN", "S: 425 Security: Bad IP connecting."]);
}

#[test]
fn a_connection_that_breaks_is_426() {
    let client = "192.168.10.10:50001".parse().unwrap();
    let log = alone(|session, server, host| {
        session.on_control(Bytes::from_static(b"STOR up.txt\n"), server, host);
        session.on_data_connected(client, server, host);
        session.on_data(Bytes::from_static(b"half"), server, host);
        session.on_data_failed(DataError::Reset, server, host);
        assert_eq!(server.files.size("/up.txt"), Some(4));
    });
    assert_eq!(log, ["S: 150 Ok to send data.", "S: 426 Failure reading network stream."]);
    let log = alone(|session, server, host| {
        session.on_data_connected(client, server, host);
        session.on_data_failed(DataError::Reset, server, host);
        session.on_control(Bytes::from_static(b"RETR hello.txt\n"), server, host);
    });
    assert_eq!(log.last().unwrap(), "S: 426 Failure writing network stream.");
}

#[test]
fn a_control_connection_that_cannot_be_made_is_tried_again_for_the_next_step() {
    let mut pair = Pair::new(client(Mode::Passive, &["ls", "pwd"]), server());
    pair.client.on_started(&mut pair.machines[0]);
    pair.client.on_control_failed(DataError::Refused, &mut pair.machines[0]);
    let refused = CommandResult::Connect(DataError::Refused);
    assert_eq!(results(&pair), [(0, refused)]);
    pair.client.on_control_failed(DataError::Refused, &mut pair.machines[0]);
    assert_eq!(results(&pair), [(0, refused), (1, refused), (2, CommandResult::NotRun)]);
}

#[test]
fn a_lost_control_connection_ends_the_transfer() {
    let mut pair = Pair::new(client(Mode::Active, &["ls", "pwd"]), server());
    pair.path = Path::Drops;
    pair.run();
    pair.client.on_control_failed(DataError::Reset, &mut pair.machines[0]);
    let lost = CommandResult::Lost(DataError::Reset);
    pair.settle();
    assert_eq!(results(&pair), [(0, lost), (1, CommandResult::Ok), (2, CommandResult::Ok)]);
    let finished = |note: &&Note| matches!(note, Note::TransferFinished { result, .. } if *result == lost);
    assert_eq!(pair.machines[0].notes.iter().filter(finished).count(), 1);
}

#[test]
fn garbage_instead_of_a_greeting_is_a_bad_reply() {
    let mut pair = Pair::new(client(Mode::Active, &["ls"]), server());
    pair.client.on_started(&mut pair.machines[0]);
    pair.client.on_connected(&mut pair.machines[0]);
    pair.client.on_control(Bytes::from_static(b"SSH-2.0-OpenSSH_9.9\r\n"), &mut pair.machines[0]);
    assert_eq!(results(&pair)[0], (0, CommandResult::BadReply));
    assert!(pair.client.is_finished());
}

#[test]
fn files_are_listed_alone_and_rest_skips() {
    let mut pair =
        Pair::new(client(Mode::Passive, &["ls hello.txt", "ls no/where", "REST 60", "get hello.txt"]), server());
    pair.run();
    assert!(pair.log.contains(&String::from("S data 67 bytes")), "{:#?}", pair.log);
    assert!(pair.log.contains(&String::from("S: 226 Transfer done (but failed to open directory).")));
    assert!(pair.log.contains(&String::from("S data 2 bytes")));
}

proptest! {
    #[test]
    fn a_server_survives_any_client(
        profile in prop::sample::select(Profile::ALL.to_vec()),
        tls: bool,
        events in prop::collection::vec(
            (0..7_u8, "((PORT|PASV|EPSV|LIST|STOR|RETR|APPE|ABOR|RNFR|RNTO|AUTH|QUIT|CWD) [ -~]{0,9}\n)?"), 0..30),
    ) {
        let mut pair = logged_in(ServerConfig { software: profile, tls, ..server() });
        let (session, shared, host) = (&mut pair.server, &mut pair.shared, &mut pair.machines[1]);
        for (event, text) in events {
            match event {
                0 => session.on_data_connected("192.168.10.10:5000".parse().unwrap(), shared, host),
                1 => session.on_data(text.into_bytes().into(), shared, host),
                2 => session.on_data_closed(shared, host),
                3 => session.on_data_done(shared, host),
                4 => session.on_data_failed(DataError::Reset, shared, host),
                5 => session.on_timer(FtpTimer::DataConnect, shared, host),
                _ => session.on_control(text.into_bytes().into(), shared, host),
            }
        }
        session.on_control_closed(shared, host);
        session.on_timer(FtpTimer::DataConnect, shared, host);
    }

    #[test]
    fn a_client_survives_any_server_and_finishes_each_step_once(
        mode in prop::sample::select(Mode::ALL.to_vec()),
        software in prop::sample::select(Software::ALL.to_vec()),
        tls: bool,
        events in prop::collection::vec((0..18_u8, prop::sample::select(vec![
            "220 x\n", "331 x\n", "230 x\n", "200 x\n", "227 (1,2,3,4,5,6)\n", "229 (|||7|)\n", "150 x\n", "226 x\n",
            "234 x\n", "211- x\n PRET\n211 x\n", "350 x\n", "550 x\n", "425 x\n", "421 x\n", "221 x\n", "junk\n",
        ])), 0..60),
    ) {
        let config = ClientConfig { software, tls, ..client(mode, &["ls", "get a", "fxp b", "put b", "rename c d", "ls"]) };
        let mut pair = Pair::new(config, server());
        let (session, host) = (&mut pair.client, &mut pair.machines[0]);
        session.on_started(host);
        session.on_connected(host);
        session.on_control(Bytes::from_static(b"220 x\n230 x\n200 x\n"), host);
        for (event, reply) in events {
            match event {
                0 => session.on_data_connected("203.0.113.10:20".parse().unwrap(), host),
                1 => session.on_data(Bytes::from_static(b"x"), host),
                2 => session.on_data_closed(host),
                3 => session.on_data_done(host),
                4 => session.on_data_failed(DataError::Reset, host),
                5 => session.on_timer(FtpTimer::DataConnect, host),
                6 => session.on_timer(FtpTimer::Retry, host),
                7 => session.on_connected(host),
                12 => session.on_second_connected(host),
                13 | 14 => session.on_second_control(Bytes::from_static(reply.as_bytes()), host),
                15 => session.on_second_failed(DataError::Reset, host),
                16 => session.on_second_timer(FtpTimer::Reply, host),
                17 => session.on_second_closed(host),
                _ => session.on_control(Bytes::from_static(reply.as_bytes()), host),
            }
        }
        // Each entry is tried twice at most, on a control connection of its own.
        for _ in 0..14 {
            session.on_control_failed(DataError::Reset, host);
            // Who looks at the data connection alone hears of the other when that one ends; it always does.
            session.on_data_failed(DataError::TimedOut, host);
            session.on_timer(FtpTimer::Retry, host);
        }
        prop_assert!(session.is_finished());
        let finished: Vec<u32> = results(&pair).iter().map(|(index, _)| *index).collect();
        prop_assert_eq!(finished, [0, 1, 2, 3, 4, 5, 6]);
    }
}
