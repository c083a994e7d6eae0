//! Small networks, each with one thing that a real one does and a simulator easily gets wrong.

use ftpscope::insight::{KnockFate, knocks, outcomes};
use ftpscope::scenario::{Outcome, Scenario, parse};
use ftpscope::trace::{Event, Trace};

/// client -- office -- server, with what is added to it.
fn network(head: &str, nodes: &str, session: &str) -> String {
    format!(
        "title = \"t\"\nlinks = [\"client -- office -- server\"]\n{head}\n\
         [nodes.client]\naddress = \"192.168.1.10\"\n\
         [nodes.server]\naddress = \"203.0.113.5\"\n{nodes}\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\n{session}\n"
    )
}

const SERVER: &str = "ftp-server = { files = { \"readme.txt\" = \"2 kB\" } }";

fn scenario(source: &str) -> Scenario {
    parse(source, "test.toml").unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{source}"))
}

fn run(source: &str) -> Trace {
    scenario(source).run().unwrap()
}

/// Each command's outcome and where it was decided.
fn told(trace: &Trace) -> Vec<(String, Outcome, Option<String>)> {
    outcomes(trace)
        .into_iter()
        .filter(|o| o.run != "quit")
        .map(|o| (o.run.clone(), o.outcome, o.at.map(|node| trace.node_name(node).to_owned())))
        .collect()
}

fn told_one(trace: &Trace) -> (Outcome, Option<String>) {
    let (_, outcome, at) = told(trace).remove(0);
    (outcome, at)
}

fn at(outcome: Outcome, node: &str) -> (Outcome, Option<String>) {
    (outcome, Some(node.to_owned()))
}

#[test]
fn a_timer_that_was_stopped_does_not_keep_a_run_from_being_over() {
    let server = "ftp-server = { idle-timeout = \"61 min\" }";
    let trace = run(&network("limits = { time = \"2 min\" }", server, "run = [\"ls\"]"));
    assert_eq!(told_one(&trace).0, Outcome::Ok);
}

#[test]
fn a_reject_on_the_way_out_tells_the_own_socket_at_once() {
    for with in ["", " with tcp reset"] {
        let nodes = format!(
            "{SERVER}\n[nodes.client.firewall.output]\nrules = [\"ip daddr 203.0.113.5 tcp dport 1024-65535 reject{with}\"]\n\
             [nodes.client.firewall.input]\npolicy = \"drop\"\nrules = [\"ct state established,related accept\"]"
        );
        let trace = run(&network("", &nodes, "run = [\"ls\"]"));
        assert_eq!(told_one(&trace), at(Outcome::Rejected, "client"));
        let refused = outcomes(&trace)[0].finished;
        assert!(trace.frame(refused).at.as_secs_f64() < 1.0, "no waiting");
    }
}

#[test]
fn the_incoming_interface_is_known_at_postrouting_and_a_missing_one_differs_from_every_name() {
    let drop = |rule: &str, hook: &str, node: &str| {
        let nodes = format!("{SERVER}\n[nodes.{node}.firewall.{hook}]\nrules = ['{rule}']");
        told_one(&run(&network("syn-retries = \"textbook\"", &nodes, "run = [\"ls\"]")))
    };
    assert_eq!(drop("iifname \"client\" drop", "postrouting", "office"), at(Outcome::Dropped, "office"));
    assert_eq!(drop("iifname != \"lo\" drop", "output", "client"), at(Outcome::Dropped, "client"));
    assert_eq!(drop("iifname \"office\" drop", "output", "client").0, Outcome::Ok);
}

#[test]
fn an_upload_that_stalls_is_blamed_on_the_firewall_that_drops_it() {
    let nodes = format!(
        "{SERVER}\n[nodes.office.firewall.forward]\n\
         rules = ['tcp dport 50000-50010 tcp flags & (syn|ack) == ack ip saddr 192.168.1.10 counter drop']"
    )
    .replace("files =", "passive-ports = \"50000-50010\", files =");
    let session = "files = { \"up.txt\" = \"9 kB\" }\nrun = [\"put up.txt\"]";
    let trace = run(&network("", &nodes, session));
    assert_eq!(told_one(&trace), at(Outcome::Dropped, "office"));
}

#[test]
fn a_packet_that_runs_out_of_hops_ends_the_attempt() {
    let hops: Vec<String> = (0..70).map(|i| format!("r{i}")).collect();
    let source = format!(
        "title = \"t\"\nlinks = [\"client -- {} -- server\"]\n[nodes.server]\n{SERVER}\n[[sessions]]\n\
         client = \"client\"\nserver = \"server\"\nrun = [\"ls\"]\n",
        hops.join(" -- ")
    );
    assert_eq!(told_one(&run(&source)), at(Outcome::Unreachable, "r63"));
}

#[test]
fn a_client_that_gives_up_is_not_refused() {
    let head = "links = [{ path = \"client -- office -- server\", delay = \"2 s\" }]";
    let source = network(head, SERVER, "connect-timeout = \"6 s\"\nrun = [\"ls\"]").replacen(
        "links = [\"client -- office -- server\"]\n",
        "",
        1,
    );
    let trace = run(&source);
    assert_ne!(knocks(&trace)[0].fate, KnockFate::Refused);
}

#[test]
fn the_handshake_is_complete_before_the_program_speaks() {
    for mode in ["active", "passive"] {
        let trace = run(&network("", SERVER, &format!("mode = \"{mode}\"\nrun = [\"ls\"]")));
        // Of each connection the third packet is the bare acknowledgement.
        for knock in knocks(&trace) {
            let sent: Vec<String> = trace
                .frames
                .iter()
                .filter(|frame| frame.tag.is_some_and(|tag| tag.connection == Some(knock.connection)))
                .filter(|frame| matches!(frame.event, Event::Sent { .. }))
                .filter_map(|frame| trace.packet_of(frame).filter(|packet| packet.ttl == 64))
                .filter_map(|packet| packet.tcp().map(|segment| segment.flags.to_string()))
                .take(3)
                .collect();
            assert_eq!(sent, ["S", "S.", "."], "{mode}");
        }
    }
}

#[test]
fn ipv6_speaks_the_extended_commands_in_either_mode() {
    let source = |mode: &str| {
        format!(
            "title = \"t\"\nlinks = [\"client -- office -- server\"]\n[nodes.client]\naddress = \"2001:db8:1::10\"\n\
             [nodes.server]\naddress = \"2001:db8:2::10\"\n{SERVER}\n[[sessions]]\nclient = \"client\"\n\
             server = \"2001:db8:2::10\"\nmode = \"{mode}\"\nrun = [\"ls\", \"get readme.txt\"]\n"
        )
    };
    for (mode, verb) in [("active", "EPRT"), ("passive", "EPSV")] {
        let trace = run(&source(mode));
        assert!(told(&trace).iter().all(|(_, outcome, _)| *outcome == Outcome::Ok), "{mode}");
        assert!(trace.frames.iter().any(|f| matches!(&f.event, Event::FtpCommand { verb: v, .. } if v == verb)));
    }
}

#[test]
fn two_sessions_at_once_keep_their_own_outcomes() {
    let nodes = format!(
        "{SERVER}\n[nodes.office.firewall.forward]\npolicy = \"drop\"\n\
         rules = [\"ct state established,related accept\", 'iifname \"client\" accept']"
    );
    let session = "mode = \"active\"\nrun = [\"ls\"]\n[[sessions]]\nclient = \"client\"\nserver = \"server\"\n\
                   mode = \"passive\"\nrun = [\"get readme.txt\"]";
    let trace = run(&network("", &nodes, session));
    let mut told = told(&trace);
    told.sort();
    assert_eq!(told[0], ("get readme.txt".to_owned(), Outcome::Ok, None));
    assert_eq!((told[1].1, told[1].2.as_deref()), (Outcome::Dropped, Some("office")));
}

#[test]
fn what_cannot_run_is_a_mistake_of_the_file() {
    let off = network("", SERVER, "run = [\"ls\"]").replace("[nodes.client]\n", "[nodes.client]\ndown = true\n");
    let nothing_to_put = network("", SERVER, "run = [\"put nothing.txt\"]");
    for (source, message) in [(off, "switched off"), (nothing_to_put, "has no file")] {
        let mistakes = parse(&source, "test.toml").unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.message.contains(message)), "{mistakes:?}");
    }
}

/// One port for every active data connection: the server's end of the last one is still in TIME-WAIT, and makes way
/// (recorded: row D20).
#[test]
fn the_same_four_numbers_again() {
    let source = "title = 'again'\nlinks = ['client -- server']\nnodes.server.ftp-server = { files = { a = 5000 } }\n\
        [[sessions]]\nclient = 'client'\nserver = 'server'\nmode = 'active'\nactive-ports = '40000-40000'\n\
        run = ['ls', 'get a', 'get a']\n";
    let trace = parse(source, "again").expect("it is right").run().expect("it ends");
    let outcomes = outcomes(&trace);
    assert!(outcomes.iter().all(|step| step.outcome == Outcome::Ok), "{outcomes:?}");
}
