//! Clients with more than one control connection: after a failure, and to two servers at once.

mod common;

use common::run;
use ftpscope::ids::ConnectionId;
use ftpscope::insight::{Progress, outcomes, stages};
use ftpscope::packet::Channel;
use ftpscope::scenario::{Outcome, builtin};
use ftpscope::trace::{Event, Side, SocketAction, Trace};
use std::collections::BTreeSet;

/// The control connections that were begun, in order, and the frames that began them.
fn calls(trace: &Trace) -> Vec<(usize, ConnectionId)> {
    let begun = trace.frames.iter().enumerate().filter_map(|(index, frame)| {
        let tag = frame.tag.filter(|tag| tag.channel == Channel::Control)?;
        matches!(frame.event, Event::Socket { action: SocketAction::Connect, .. }).then_some((index, tag.connection?))
    });
    begun.collect()
}

/// What the client said on a connection.
fn said(trace: &Trace, connection: ConnectionId) -> Vec<&str> {
    let of = trace.frames.iter().filter(|frame| frame.tag.is_some_and(|tag| tag.connection == Some(connection)));
    of.filter_map(|frame| match &frame.event {
        Event::FtpCommand { side: Side::Sent, verb, .. } => Some(verb.as_str()),
        _ => None,
    })
    .collect()
}

fn blocked(software: &str) -> Trace {
    run(&format!(
        "title = \"t\"\nlinks = [\"client -- office -- server\"]\n\
         [nodes.server]\nftp-server = {{ files = {{ \"a.txt\" = \"1 kB\", \"pub/b.txt\" = \"1 kB\" }} }}\n\
         [nodes.office.firewall.forward]\npolicy = \"drop\"\n\
         rules = [\"ct state established,related accept\", \"tcp dport 21 accept\"]\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nsoftware = \"{software}\"\nconnect-timeout = \"6 s\"\n\
         run = [\"cd pub\", \"ls\", \"get b.txt\"]\n"
    ))
}

#[test]
fn each_control_connection_is_its_own_in_the_trace() {
    // lftp: `ls` begins on the connection of `cd`, and may open two more; so may `get`.
    for (software, count) in [("curl", 2), ("lftp", 5)] {
        let trace = blocked(software);
        let calls = calls(&trace);
        assert_eq!(calls.len(), count, "{software}");
        assert_eq!(calls.iter().map(|(_, id)| *id).collect::<BTreeSet<_>>().len(), count, "{software}");
        for (index, (_, id)) in calls.iter().enumerate() {
            let said = said(&trace, *id);
            // A new login; back to the directory; and no QUIT on a connection that was given up.
            assert!(said.contains(&"USER") && said.contains(&"PASV") && !said.contains(&"QUIT"), "{software} {said:?}");
            assert!(said.contains(&"CWD"), "{software} {index} {said:?}");
        }
        let ended: Vec<Outcome> = outcomes(&trace).iter().map(|step| step.outcome).collect();
        assert_eq!(ended, [Outcome::Ok, Outcome::Dropped, Outcome::Dropped, Outcome::NotRun], "{software}");
        let (second, _) = calls[1];
        let at = trace.ids().nth(second).unwrap();
        assert_eq!(stages(&trace, at)[0], Progress::Running, "{software}");
        assert_eq!(stages(&trace, at)[1..], [Progress::Ahead; 3], "{software}");
    }
    // The others stay with the one that they have.
    assert_eq!(calls(&blocked("ftp")).len(), 1);
}

#[test]
fn a_copy_from_server_to_server_goes_past_the_client() {
    let trace = run(builtin("fxp").unwrap().source);
    let crossed = |node: &str, session: usize| {
        trace.frames.iter().any(|frame| {
            let tag = frame.tag.filter(|tag| tag.channel == Channel::Data && tag.session.index() == session);
            tag.is_some() && matches!(frame.event, Event::Sent { .. }) && trace.node_name(frame.node) == node
        })
    };
    assert!(crossed("east", 0) && crossed("west", 0));
    // `ls` had a data connection with the client; the copy has none.
    let copied = trace.frames.iter().position(|frame| match &frame.event {
        Event::FtpCommand { verb, .. } => verb == "STOR",
        _ => false,
    });
    let client = trace.frames[copied.unwrap()..].iter().any(|frame| {
        let data = frame.tag.is_some_and(|tag| tag.channel == Channel::Data && tag.session.index() == 0);
        data && matches!(frame.event, Event::Sent { .. } | Event::Received { .. })
            && trace.node_name(frame.node) == "client"
    });
    assert!(!client);
}

#[test]
fn copies_need_servers_that_trust_strangers() {
    let source = builtin("fxp").unwrap().source;
    for (change, code) in [
        ("pasv-promiscuous = true, connect", None),
        ("port-promiscuous = true, pasv", Some(500)),
        ("connect-from-port-20 = false", Some(500)),
    ] {
        // Left out everywhere: trusting only those who knock, trusting only what PORT says, port 20 that cannot be had.
        let changed = match change.split_once(", ") {
            Some((key, next)) => source.replace(change, next).replace(&format!("{key}, "), ""),
            None => source.replace(&format!(", {change}"), ""),
        };
        let trace = run(&changed);
        let copy = outcomes(&trace).into_iter().find(|step| step.run == "fxp readme.txt").unwrap();
        assert_eq!(copy.outcome, Outcome::Denied, "{change}");
        if let Some(code) = code {
            assert_eq!(copy.reply, Some(code), "{change}");
        }
    }
}
