//! What no run may do, each found once: wait for ever, go on after its end, tell of something too late or without
//! saying why.

mod common;

use common::run;
use ftpscope::ftp::FtpTimer;
use ftpscope::packet::Channel;
use ftpscope::time::{Duration, Instant};
use ftpscope::trace::{Event, Side, Timer, Trace};

/// What became of the entries, in words.
fn results(trace: &Trace) -> Vec<String> {
    let ended = trace.frames.iter().filter_map(|frame| match &frame.event {
        Event::Command { run, result: Some(result), .. } => Some(format!("{run}: {result:?}")),
        _ => None,
    });
    ended.collect()
}

/// What the client said on both lines, from a word on.
fn said_from(trace: &Trace, from: &str) -> Vec<String> {
    let said = trace.frames.iter().filter_map(|frame| match &frame.event {
        Event::FtpCommand { side: Side::Sent, verb, argument } => Some(format!("{verb} {argument}")),
        _ => None,
    });
    said.skip_while(|line| line.trim() != from).map(|line| line.trim().to_owned()).collect()
}

/// Two servers that copy from one to the other, on links of their own.
fn copying(client_link: &str, west_link: &str, session: &str, run: &str, size: &str) -> String {
    let server = "users = { alice = \"secret\" }, port-promiscuous = true, pasv-promiscuous = true, \
                  connect-from-port-20 = false";
    let tls = if session.contains("tls") { ", tls = true" } else { "" };
    format!(
        "title = \"t\"\nseed = 1\nlimits = {{ time = \"24 h\" }}\n\
         links = [{{ path = \"client -- r\"{client_link} }}, {{ path = \"r -- east\", bandwidth = \"10 Mbit/s\" }}, \
         {{ path = \"r -- west\"{west_link} }}]\n\
         [nodes.east]\nftp-server = {{ files = {{ \"readme.txt\" = \"{size}\" }}, {server}{tls} }}\n\
         [nodes.west]\nftp-server = {{ {server}{tls} }}\n\
         [[sessions]]\nclient = \"client\"\nserver = \"east\"\nsecond-server = \"west\"\nsoftware = \"lftp\"\n\
         user = \"alice\"\npassword = \"secret\"\n{session}\nrun = [{run}]\n"
    )
}

/// proftpd says 226 while the data connection of the upload still waits for its last acknowledgement, pure-ftpd after
/// its own FIN: the next data connection is taken all the same.
#[test]
fn a_data_connection_is_taken_while_the_last_one_still_ends() {
    for (software, first) in [("proftpd", "put a"), ("pure-ftpd", "put a"), ("proftpd", "ls"), ("pure-ftpd", "ls")] {
        for seed in 1..=12 {
            let trace = run(&format!(
                "title = \"t\"\nseed = {seed}\nlinks = [{{ path = \"client -- server\", loss = \"20 %\", delay = \"5 ms\" }}]\n\
                 [nodes.server]\nftp-server = {{ software = \"{software}\" }}\n\
                 [[sessions]]\nclient = \"client\"\nserver = \"server\"\nmode = \"passive\"\nsoftware = \"ftp\"\n\
                 run = [\"{first}\", \"nls\", \"{first}\", \"nls\", \"{first}\", \"nls\"]\nfiles = {{ a = \"1 kB\" }}\n"
            ));
            let gave_up = trace.frames.iter().any(|frame| matches!(frame.event, Event::FtpReply { code: 421, .. }));
            assert!(!gave_up, "{software}, {first}, seed {seed}: {:?}", results(&trace));
        }
    }
}

/// What expires earlier than it first seemed is told in its place.
#[test]
fn a_shorter_deadline_of_a_tracked_connection_is_not_told_late() {
    let ls = ["\"ls\""; 13].join(", ");
    let trace = run(&format!(
        "title = \"t\"\nseed = 1\nlimits = {{ time = \"20000 s\" }}\n\
         links = [{{ path = \"client -- office\", cuts = [{{ from = \"670 s\", to = \"2500 s\" }}] }}, \"office -- server\"]\n\
         [nodes.client]\naddress = \"192.168.1.10\"\n[nodes.office.firewall.forward]\npolicy = \"drop\"\n\
         rules = [\"ct state established,related accept\", 'iifname \"client\" accept']\n\
         [nodes.server]\naddress = \"203.0.113.5\"\nftp-server = {{ idle-timeout = \"9000 s\" }}\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nmode = \"active\"\nsoftware = \"tnftp\"\n\
         reply-timeout = \"9000 s\"\nrun = [{ls}]\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nmode = \"passive\"\nstart = \"2600 s\"\nrun = [\"ls\"]\n"
    ));
    let mut last = Instant::START;
    for frame in &trace.frames {
        assert!(frame.at >= last, "{} after {last}: {:?}", frame.at, frame.event);
        last = frame.at;
    }
}

/// Both servers copy, and nobody can tell the client how it went: its keep-alive probes find out (strace of lftp 4.9.2
/// shows `SO_KEEPALIVE`), not net:timeout, for which a copy may take too long.
#[test]
fn a_copy_that_nobody_hears_of_ends() {
    let cut = ", cuts = [{ from = \"1.5 s\", to = \"80000 s\" }]";
    let trace = run(&copying(cut, "", "", "\"fxp readme.txt\"", "4 MB"));
    assert_eq!(results(&trace), ["fxp readme.txt: Connect(TimedOut)", "quit: NotRun"]);
    let slow = run(&copying("", ", bandwidth = \"64 kbit/s\"", "", "\"fxp readme.txt\"", "4 MB"));
    assert_eq!(results(&slow), ["fxp readme.txt: Ok", "quit: Ok"], "eight minutes are no reason to give up");
}

/// Once one of the two is through, the other has net:timeout to say so.
#[test]
fn a_copy_of_which_only_one_server_says_that_it_is_over_ends() {
    let slow = ", delay = \"900 ms\"";
    let copying = |west: &str| {
        let source = copying("", west, "", "\"fxp readme.txt\"", "4 kB");
        source.replacen("users =", "idle-timeout = \"1000 s\", users =", 1)
    };
    let whole = run(&copying(slow));
    let done = whole.frames.iter().find(|frame| match frame.event {
        Event::FtpReply { side: Side::Sent, code: 226, .. } => whole.node_name(frame.node) == "east",
        _ => false,
    });
    // The acknowledgement for which the second server waits is on the link.
    let cut = done.unwrap().at + Duration::from_millis(100);
    let limit = cut + Duration::from_secs(301);
    let cut = format!("{slow}, cuts = [{{ from = \"{} ms\", to = \"1500 s\" }}]", cut.as_nanos() / 1_000_000);
    let trace = run(&copying(&cut));
    let gave_up = trace
        .frames
        .iter()
        .find(|frame| matches!(frame.event, Event::Timer { timer: Timer::Ftp(FtpTimer::Reply), .. }));
    let at = gave_up.expect("the client does not wait for ever").at;
    assert!(at < limit, "{at}");
    assert_eq!(results(&trace).len(), 2);
}

/// The session with the first server is over: so is the one with the second, whatever it was doing.
#[test]
fn the_second_connection_does_not_outlive_the_session() {
    let source = copying("", ", delay = \"900 ms\"", "", "\"fxp readme.txt\"", "4 kB");
    let trace = run(&source.replacen("users =", "idle-timeout = \"1 s\", users =", 1));
    assert_eq!(results(&trace), ["fxp readme.txt: Reply(421)", "quit: NotRun"]);
    let over = trace.frames.iter().rposition(|frame| matches!(frame.event, Event::Command { .. })).unwrap();
    for frame in &trace.frames[over..] {
        assert!(!matches!(frame.event, Event::FtpCommand { side: Side::Sent, .. }), "{:?}", frame.event);
        let timer = matches!(&frame.event, Event::Timer { timer: Timer::Ftp(_), .. });
        assert!(!timer || trace.node_name(frame.node) != "client", "{:?}", frame.event);
    }
}

/// The first server hangs up while the second still has to answer: the next attempt begins with a new login there, and
/// takes no late answer for another one.
#[test]
fn a_late_answer_of_the_second_server_is_not_taken_for_another() {
    let source = copying("", ", delay = \"3 s\"", "max-retries = 1", "\"fxp readme.txt\", \"fxp readme.txt\"", "4 kB");
    let trace = run(&source.replacen("users =", "idle-timeout = \"47 s\", users =", 1));
    assert_eq!(results(&trace)[0], "fxp readme.txt: Reply(421)");
    let logins = trace.frames.iter().filter(|frame| match &frame.event {
        Event::FtpCommand { side: Side::Seen, verb, .. } => verb == "USER" && trace.node_name(frame.node) == "west",
        _ => false,
    });
    assert_eq!(logins.count(), 2);
}

/// lftp waits before it calls again, when nothing is left of the last connection: that it waits has a reason.
#[test]
fn every_timer_says_why() {
    let trace = run("title = \"t\"\nlinks = [\"client -- server\"]\n[nodes.server]\nftp-server = { }\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nport = 2121\nsoftware = \"lftp\"\nrun = [\"ls\"]\n");
    let timers = trace.frames.iter().filter(|frame| matches!(frame.event, Event::Timer { .. }));
    assert!(timers.clone().count() > 0);
    assert!(timers.clone().all(|frame| frame.cause.is_some()));
}

/// Two servers would wait for each other to begin the handshake: lftp does not protect what goes between them
/// (`ftp:ssl-protect-fxp`), but what comes to itself.
#[test]
fn a_copy_between_protected_servers_is_not_protected() {
    let trace = run(&copying("", "", "tls = true", "\"nls\", \"fxp readme.txt\", \"nls\"", "4 kB"));
    assert_eq!(results(&trace), ["nls: Ok", "fxp readme.txt: Ok", "nls: Ok", "quit: Ok"]);
    let said = said_from(&trace, "PROT C");
    assert_eq!(said.iter().filter(|line| line.starts_with("PROT")).collect::<Vec<_>>(), ["PROT C", "PROT P"]);
    let second = trace.frames.iter().filter(|frame| frame.tag.is_some_and(|tag| tag.channel == Channel::Control));
    let second = second.filter(|frame| trace.node_name(frame.node) == "west");
    assert!(!second.into_iter().any(|frame| matches!(&frame.event, Event::FtpCommand { verb, .. } if verb == "PROT")));
}
