//! Small networks, each with one thing that a real one does and a simulator easily gets wrong.

mod common;

use common::run;
use ftpscope::ftp::DataError;
use ftpscope::insight::{KnockFate, knocks, outcomes};
use ftpscope::scenario::{Outcome, parse};
use ftpscope::trace::{Event, SocketAction, Trace};

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

/// What a route that leads nowhere looks like to the client, and to the server of an active session.
#[test]
fn routes_lead_nowhere_in_five_ways() {
    let own = |hop: &str| {
        let source = network("", "", "run = [\"ls\"]").replace(
            "address = \"192.168.1.10\"\n",
            &format!("address = \"192.168.1.10\"\nroutes = {{ \"203.0.113.0/24\" = \"{hop}\" }}\n"),
        );
        let source = source.replace("address = \"203.0.113.5\"\n", &format!("address = \"203.0.113.5\"\n{SERVER}\n"));
        let trace = run(&source);
        let error = trace.frames.iter().find_map(|frame| match frame.event {
            Event::Socket { action: SocketAction::Failed(error), .. } => Some((error, frame.at.as_secs_f64())),
            _ => None,
        });
        let sent = trace.frames.iter().any(|frame| matches!(frame.event, Event::Sent { .. }));
        (error.map(|(error, _)| error), sent)
    };
    assert_eq!(own("blackhole"), (Some(DataError::Invalid), false));
    assert_eq!(own("unreachable"), (Some(DataError::HostUnreachable), false));
    assert_eq!(own("prohibit"), (Some(DataError::Prohibited), false));
    assert_eq!(own("throw"), (Some(DataError::NetUnreachable), false));
    assert_eq!(own("office"), (None, true));
    // A router in between: silence, or an ICMP error with its reason.
    let between = |hop: &str| {
        let nodes = format!("{SERVER}\n[nodes.office]\nroutes = {{ \"192.168.1.10\" = \"{hop}\" }}");
        let session = "mode = \"active\"\nrun = [\"ls\"]\nconnect-timeout = \"3 s\"";
        let trace = run(&network("", &nodes, session));
        let (outcome, node) = told_one(&trace);
        let icmp = trace.frames.iter().any(|frame| {
            trace.packet_of(frame).is_some_and(|packet| matches!(packet.body, ftpscope::packet::Body::Icmp(_)))
        });
        (outcome, node.unwrap_or_default(), icmp)
    };
    for (hop, icmp) in [("blackhole", false), ("unreachable", true), ("prohibit", true), ("throw", true)] {
        assert_eq!(between(hop), (Outcome::Unreachable, "office".to_owned(), icmp), "{hop}");
    }
}

/// A router whose neighbour does not answer tells the client behind it, through its own translation.
#[test]
fn an_error_about_a_translated_packet_finds_its_way_back() {
    let source = "title = \"t\"\nlinks = [\"client -- home -- internet -- server\"]\n\
        [nodes.client]\naddress = \"192.168.1.10\"\n\
        [nodes.home]\naddresses = { internet = \"198.51.100.7/24\" }\n\
        [nodes.home.firewall.postrouting]\nrules = ['oifname \"internet\" masquerade']\n\
        [nodes.server]\naddress = \"203.0.113.5\"\nftp-server = true\n\
        [[sessions]]\nclient = \"client\"\nserver = \"198.51.100.99\"\nrun = [\"ls\"]\n";
    let trace = run(source);
    let error = trace.frames.iter().find_map(|frame| match frame.event {
        Event::Socket { action: SocketAction::Failed(error), .. } => Some((error, frame.at.as_secs_f64())),
        _ => None,
    });
    // Recorded: the error has the address that the packet was given.
    let icmp = trace.frames.iter().filter_map(|frame| trace.packet_of(frame)).find(|packet| packet.tcp().is_none());
    assert_eq!(icmp.map(|packet| packet.src.to_string()), Some("198.51.100.7".to_owned()));
    let (error, when) = error.expect("it fails");
    assert_eq!(error, DataError::HostUnreachable);
    assert!((3.0..3.2).contains(&when), "{when}");
}

/// A packet that is too large is answered from inside, whatever the router translates.
#[test]
fn a_translating_router_says_from_inside_that_a_packet_is_too_large() {
    let source = "title = \"t\"\nlinks = [\"client -- home\", { path = \"home -- internet\", mtu = 1000 }, \"internet -- server\"]\n\
        [nodes.client]\naddress = \"192.168.1.10\"\n\
        [nodes.home]\naddresses = { client = \"192.168.1.1/24\", internet = \"198.51.100.7/24\" }\n\
        [nodes.home.firewall.postrouting]\nrules = ['oifname \"internet\" masquerade']\n\
        [nodes.home.firewall.output]\nrules = ['ct state invalid drop']\n\
        [nodes.server]\naddress = \"203.0.113.5\"\nftp-server = true\n\
        [[sessions]]\nclient = \"client\"\nserver = \"server\"\nrun = [\"put up\"]\nfiles = { up = 20000 }\n";
    let trace = run(source);
    assert_eq!(told_one(&trace).0, Outcome::Ok);
    let mut errors =
        trace.frames.iter().filter_map(|frame| trace.packet_of(frame)).filter(|packet| packet.tcp().is_none());
    let first = errors.next().expect("something is too large");
    assert_eq!((first.src.to_string(), first.dst.to_string()), ("192.168.1.1".to_owned(), "192.168.1.10".to_owned()));
}

#[test]
fn what_is_not_tracked_meets_no_helper_and_no_translation() {
    let helper = "prerouting = { rules = ['tcp dport 21 ct helper set \"ftp\"'] }";
    let stateful = "forward = { policy = \"drop\", rules = ['ct state established,related accept', 'iifname \"client\" accept', 'ct state untracked accept'] }";
    let active = "mode = \"active\"\nrun = [\"ls\"]\nconnect-timeout = \"3 s\"";
    let play = |first: &str| {
        let nodes = format!("{SERVER}\n[nodes.office.firewall]\n{first}\n{stateful}");
        told_one(&run(&network("syn-retries = \"textbook\"", &nodes, active)))
    };
    assert_eq!(play(helper).0, Outcome::Ok);
    let exempt = helper.replace("['tcp dport", "['tcp dport 21 notrack', 'tcp sport 21 notrack', 'tcp dport");
    assert_eq!(play(&exempt), at(Outcome::Dropped, "office"), "the control connection passes unseen");
}

/// A server with two addresses opens its passive port at the one that the client called; at the other it is closed.
#[test]
fn a_passive_port_is_open_at_one_address_only() {
    let play = |named: &str| {
        let source = format!(
            "title = \"t\"\nlinks = [\"client -- server -- other\"]\n\
             [nodes.client]\naddress = \"192.168.1.10\"\n\
             [nodes.server]\naddresses = {{ client = \"192.168.1.1\", other = \"10.9.0.1\" }}\n\
             ftp-server = {{ files = {{ a = 100 }}, passive-address = \"{named}\" }}\n\
             [[sessions]]\nclient = \"client\"\nserver = \"192.168.1.1\"\nrun = [\"get a\"]\n\
             ignore-passive-address = false\n"
        );
        told_one(&run(&source)).0
    };
    assert_eq!(play("192.168.1.1"), Outcome::Ok);
    assert_eq!(play("10.9.0.1"), Outcome::Refused);
}

/// Over IPv6 an error that comes back while the program is still in `connect()` is not seen before the next SYN.
#[test]
fn an_icmpv6_error_can_come_too_early() {
    let refused_after = |delay: &str, client: &str, server: &str| {
        let source = format!(
            "title = \"t\"\nlinks = [{{ path = \"client -- office\", delay = \"{delay}\", bandwidth = \"1 Gbit/s\" }}, \"office -- server\"]\n\
             [nodes.client]\naddress = \"{client}\"\n[nodes.office.firewall.forward]\nrules = ['tcp dport 21 reject']\n\
             [nodes.server]\naddress = \"{server}\"\nftp-server = true\n\
             [[sessions]]\nclient = \"client\"\nserver = \"{server}\"\nrun = [\"ls\"]\n"
        );
        let trace = run(&source);
        let failed = trace.frames.iter().find(|frame| {
            matches!(frame.event, Event::Socket { action: SocketAction::Failed(DataError::Refused), .. })
        });
        failed.expect("it is refused").at.as_secs_f64()
    };
    let (v4, v6) = (("192.168.1.10", "203.0.113.5"), ("2001:db8:1::10", "2001:db8:2::5"));
    assert!(refused_after("10 us", v4.0, v4.1) < 0.1);
    assert!(refused_after("5 ms", v6.0, v6.1) < 0.1);
    assert!((1.0..1.1).contains(&refused_after("10 us", v6.0, v6.1)));
}

/// One port for every active data connection: the server's end of the last one is still in TIME-WAIT, and makes way
/// (recorded: row D20).
#[test]
fn the_same_four_numbers_again() {
    let source = "title = 'again'\nlinks = ['client -- server']\nnodes.server.ftp-server = { files = { a = 5000 } }\n\
        [[sessions]]\nclient = 'client'\nserver = 'server'\nmode = 'active'\nactive-ports = '40000-40000'\n\
        run = ['ls', 'get a', 'get a']\n";
    let trace = run(source);
    let outcomes = outcomes(&trace);
    assert!(outcomes.iter().all(|step| step.outcome == Outcome::Ok), "{outcomes:?}");
}

#[test]
fn a_copy_whose_active_side_cannot_connect_is_tried_the_other_way_round() {
    let server = "ftp-server = { port-promiscuous = true, pasv-promiscuous = true, connect-from-port-20 = false, \
        files = { \"readme.txt\" = \"20 kB\" } }";
    let source = format!(
        "title = \"t\"\nlinks = [\"client -- hub\", \"first -- hub\", \"second -- hub\"]\n\
         [nodes.first]\n{server}\n[nodes.second]\n{}\n[nodes.hub.firewall.forward]\n\
         rules = ['iifname \"first\" oifname \"second\" tcp flags & (syn|ack) == syn reject with tcp reset']\n\
         [[sessions]]\nclient = \"client\"\nserver = \"first\"\nsecond-server = \"second\"\nsoftware = \"lftp\"\n\
         run = [\"fxp readme.txt\"]\n",
        server.replace("20 kB", "1 kB").replace("readme.txt", "other.txt")
    );
    let trace = run(&source);
    assert_eq!(told_one(&trace).0, Outcome::Ok);
    // Recorded from lftp 4.9.2: the first control connection stays, and is told PASV; the second server is called again.
    let said = |wanted: &str| {
        let commands = trace.frames.iter().filter(|frame| trace.node_name(frame.node) == "first");
        commands.filter(|frame| matches!(&frame.event, Event::FtpCommand { verb, .. } if verb == wanted)).count()
    };
    assert_eq!((said("USER"), said("PORT"), said("PASV"), said("RETR")), (1, 1, 1, 2));
}
