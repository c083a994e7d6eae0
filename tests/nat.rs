//! NAT and the FTP helper: what a translating router does to the two channels.
//!
//! The expectations are those of the recorded truth (`tests/truth/`): rows D (client NAT), N (server DNAT), C07 to C11.

mod common;

use common::run;
use ftpscope::insight::outcomes;
use ftpscope::scenario::{Outcome, parse};
use ftpscope::trace::{Event, ExpectationAction, Side, Trace};
use std::net::IpAddr;

const STATEFUL: &str = "'ct state invalid counter drop', 'ct state established counter accept', 'ct state related counter accept', 'iifname \"client\" ct state new counter accept', 'counter drop'";

/// The truth's network with firewalls of our choice.
fn network(fw1: &str, fw2: &str, server: &str, session: &str) -> String {
    format!(
        r#"title = "t"
links = [{{ path = "client -- fw1", delay = "10 us" }}, "fw1 -- inet", {{ path = "inet -- fw2 -- server", delay = "10 us" }}]
[nodes.client]
address = "192.168.10.10"
[nodes.fw1]
addresses = {{ client = "192.168.10.1/24", inet = "198.51.100.1/24" }}
gateway = "inet"
{fw1}
[nodes.inet]
addresses = {{ fw1 = "198.51.100.254/24", fw2 = "203.0.113.254/25" }}
[nodes.fw2]
{fw2}
[nodes.server]
{server}
[[sessions]]
client = "client"
connect-timeout = "6 s"
run = ["ls", "get hello.txt"]
{session}
"#
    )
}

const FILES: &str =
    "ftp-server = { files = { \"hello.txt\" = \"62 B\" }, connect-timeout = \"5 s\", accept-timeout = \"5 s\" }";
const ROUTED_FW2: &str = "addresses = { inet = \"203.0.113.129/25\", server = \"203.0.113.1/25\" }\ngateway = \"inet\"";

fn routed(fw1: &str, mode: &str) -> String {
    let server = format!("address = \"203.0.113.10/25\"\n{FILES}");
    network(fw1, ROUTED_FW2, &server, &format!("server = \"server\"\nmode = \"{mode}\""))
}

/// A server behind DNAT, called by its public address. `more` are further keys of the FTP server.
fn hidden(rules: &str, keys: &str, mode: &str) -> String {
    let fw2 = format!(
        "addresses = {{ inet = \"203.0.113.129/25\", server = \"10.20.0.1/24\" }}\n\
         [nodes.fw2.firewall]\n{rules}"
    );
    let files = FILES.replace("{ files", &format!("{{ {keys} files"));
    let server = format!("address = \"10.20.0.10/24\"\n{files}");
    network("", &fw2, &server, &format!("server = \"203.0.113.129\"\nmode = \"{mode}\""))
}

/// A client that believes the address in 227, as old ones do.
fn trusting(source: &str) -> String {
    format!("{source}ignore-passive-address = false\n")
}

fn client_nat(helper: bool) -> String {
    let helper =
        if helper { "\n[nodes.fw1.firewall.prerouting]\nrules = ['tcp dport 21 ct helper set \"ftp\"']" } else { "" };
    format!(
        "[nodes.fw1.firewall.forward]\nrules = [{STATEFUL}]\n[nodes.fw1.firewall.postrouting]\n\
         rules = ['oifname \"inet\" counter masquerade']{helper}"
    )
}

fn server_nat(ports: &str, helper: bool) -> String {
    let helper = if helper { ", 'tcp dport 21 ct helper set \"ftp\"'" } else { "" };
    format!(
        "prerouting = {{ rules = [{ports}{helper}] }}\n\
         forward = {{ rules = ['ct state established,related accept', 'ct status dnat ct state new accept', 'iifname \"server\" accept', 'drop'] }}\n\
         input = {{ rules = ['ct state established,related accept', 'iifname \"server\" accept', 'drop'] }}\n\
         postrouting = {{ rules = ['oifname \"inet\" ip saddr 10.20.0.0/24 masquerade'] }}"
    )
}

const FORWARD_21: &str = "'iifname \"inet\" ip daddr 203.0.113.129 tcp dport 21 dnat ip to 10.20.0.10'";
const FORWARD_RANGE: &str = "'iifname \"inet\" ip daddr 203.0.113.129 tcp dport 21 dnat ip to 10.20.0.10', 'iifname \"inet\" ip daddr 203.0.113.129 tcp dport 50000-50009 dnat ip to 10.20.0.10'";

fn outcome(trace: &Trace) -> (Outcome, Option<String>, Option<u16>) {
    let first = outcomes(trace).remove(0);
    (first.outcome, first.at.map(|node| trace.node_name(node).to_owned()), first.reply)
}

fn all_ok(trace: &Trace) -> bool {
    outcomes(trace).iter().all(|outcome| outcome.outcome == Outcome::Ok)
}

/// FTP lines as one side saw them: `PORT 192,168,10,10,...`.
fn seen_by_server(trace: &Trace, verb: &str) -> String {
    trace
        .frames
        .iter()
        .find_map(|frame| match &frame.event {
            Event::FtpCommand { side: Side::Seen, verb: v, argument } if v == verb => Some(argument.clone()),
            _ => None,
        })
        .unwrap_or_default()
}

#[test]
fn d_rows_a_client_behind_nat() {
    // D01, D02: the private address in PORT is refused.
    for mode in ["active", "active-eprt"] {
        assert_eq!(
            outcome(&run(&routed(&client_nat(false), mode))),
            (Outcome::Denied, Some("server".into()), Some(500))
        );
    }
    // D03, D04: passive passes without any help.
    for mode in ["passive", "passive-epsv"] {
        assert!(all_ok(&run(&routed(&client_nat(false), mode))), "{mode}");
    }
    // D05, D06: the helper rewrites the address and the data SYN is RELATED.
    for (mode, verb, public) in [("active", "PORT", "198,51,100,1,"), ("active-eprt", "EPRT", "|1|198.51.100.1|")] {
        let trace = run(&routed(&client_nat(true), mode));
        assert!(all_ok(&trace), "{mode}: {:?}", outcome(&trace));
        assert!(seen_by_server(&trace, verb).starts_with(public));
        let uses = |e: &Event| matches!(e, Event::Expectation { action: ExpectationAction::Used, .. });
        assert_eq!(trace.frames.iter().filter(|frame| uses(&frame.event)).count(), 2);
    }
    // D07: with the helper passive is RELATED as well.
    assert!(all_ok(&run(&routed(&client_nat(true), "passive"))));
}

#[test]
fn c_rows_the_helper_without_nat() {
    let helper = "[nodes.fw1.firewall.prerouting]\nrules = ['tcp dport { 21 } ct helper set \"ftp\"']\n";
    let firewall = format!("{helper}[nodes.fw1.firewall.forward]\nrules = [{STATEFUL}]");
    for mode in ["active", "active-eprt", "passive", "passive-epsv"] {
        assert!(all_ok(&run(&routed(&firewall, mode))), "{mode}");
    }
    // C11: the expectation is used up by the first SYN even if that is dropped; its repetitions are NEW.
    let trace = run(&routed(&firewall.replace("'ct state related counter accept', ", ""), "active"));
    assert_eq!(outcome(&trace), (Outcome::Dropped, Some("fw1".into()), Some(425)));
    let states: Vec<String> = trace
        .frames
        .iter()
        .filter_map(|frame| match &frame.event {
            Event::Verdict { verdict, ct_state: Some(state), .. } if verdict.name() == "drop" => {
                Some(state.to_string())
            }
            _ => None,
        })
        .take(3)
        .collect();
    assert_eq!(states, ["related", "new", "new"]);
}

#[test]
fn n_rows_a_server_behind_dnat() {
    let only_21 = server_nat(FORWARD_21, false);
    let range = server_nat(FORWARD_RANGE, false);
    let ports = "passive-ports = \"50000-50009\",";
    // N02, N06: the private address in 227 leads nowhere for a client that believes it.
    for rules in [&only_21, &range] {
        assert_eq!(outcome(&run(&trusting(&hidden(rules, ports, "passive")))).0, Outcome::Unreachable);
    }
    // N01, N07: curl does not believe it and calls the address it knows.
    assert_eq!(outcome(&run(&hidden(&only_21, ports, "passive"))), (Outcome::Dropped, Some("fw2".into()), Some(227)));
    assert!(all_ok(&run(&hidden(&range, ports, "passive"))));
    // N03: EPSV names no address, but the port is not forwarded; nor is that of the PASV that curl tries next.
    assert_eq!(
        outcome(&run(&hidden(&only_21, ports, "passive-epsv"))),
        (Outcome::Dropped, Some("fw2".into()), Some(227))
    );
    // N04: active works: the server's SYN goes out and is translated.
    let trace = run(&hidden(&only_21, ports, "active"));
    assert!(all_ok(&trace), "{:?}", outcome(&trace));
    // N08: EPSV with the range forwarded.
    assert!(all_ok(&run(&hidden(&range, ports, "passive-epsv"))));
    // N14, N15: the helper at the server's router rewrites 227.
    let helped = server_nat(FORWARD_21, true);
    for mode in ["passive", "passive-epsv"] {
        let trace = run(&hidden(&helped, ports, mode));
        assert!(all_ok(&trace), "{mode} {:?}", outcome(&trace));
    }
    // N18: the server names its public address itself.
    let named = format!("{ports} passive-address = \"203.0.113.129\",");
    assert!(all_ok(&run(&hidden(&range, &named, "passive"))));
}

#[test]
fn two_clients_behind_one_address_keep_apart() {
    let source = r#"
title = "t"
links = ["alice -- home", "bob -- home", "home -- internet -- server"]
[nodes.alice]
address = "192.168.1.10"
[nodes.bob]
address = "192.168.1.11"
[nodes.home.firewall.postrouting]
rules = ['oifname "internet" meta l4proto tcp snat to 198.51.100.7:40000-40001']
[nodes.home]
addresses = { internet = "198.51.100.7" }
[nodes.server]
address = "203.0.113.5"
ftp-server = { files = { "a.txt" = "5 kB" } }
[[sessions]]
client = "alice"
server = "server"
run = ["get a.txt"]
[[sessions]]
client = "bob"
server = "server"
run = ["get a.txt"]
"#;
    let trace = run(source);
    assert!(all_ok(&trace), "{:?}", outcomes(&trace));
}

/// The rewriting of PORT changes the length of the text: every byte after it still arrives, which the session's end
/// proves, and the numbers that either side sees are its own.
#[test]
fn lengths_change_and_numbers_follow() {
    // 192,168,10,10 is longer than 9,9,9,9.
    let fw1 = client_nat(true).replace("counter masquerade", "snat to 9.9.9.9");
    let fw1 = format!("addresses_placeholder\n{fw1}").replace("addresses_placeholder\n", "");
    let source = routed(&fw1, "active")
        .replace("inet = \"198.51.100.1/24\"", "inet = \"9.9.9.9/24\"")
        .replace("fw1 = \"198.51.100.254/24\"", "fw1 = \"9.9.9.1/24\"");
    let trace = run(&source);
    assert!(all_ok(&trace), "{:?}", outcome(&trace));
    assert!(seen_by_server(&trace, "PORT").starts_with("9,9,9,9,"));
    let resent = trace
        .frames
        .iter()
        .any(|frame| matches!(frame.event, Event::Timer { timer, .. } if format!("{timer:?}").contains("Retransmit")));
    assert!(!resent, "nothing had to be sent again");
}

#[test]
fn each_translation_has_its_hooks() {
    let cases = [
        ("masquerade", ["postrouting"].as_slice()),
        ("snat to 198.51.100.9", &["postrouting", "input"]),
        ("dnat to 192.168.10.10", &["prerouting", "output"]),
        ("meta l4proto tcp redirect to :2121", &["prerouting", "output"]),
    ];
    for (rule, allowed) in cases {
        for hook in ["prerouting", "input", "forward", "output", "postrouting"] {
            let source = routed(&format!("[nodes.fw1.firewall.{hook}]\nrules = ['{rule}']"), "passive");
            match parse(&source, "t.toml") {
                Ok(_) => assert!(allowed.contains(&hook), "{rule} in {hook}"),
                Err(problems) => {
                    assert!(!allowed.contains(&hook), "{rule} in {hook}: {problems:#?}");
                    assert!(format!("{problems:?}").contains("this cannot be done in"), "{problems:#?}");
                }
            }
        }
    }
}

#[test]
fn a_translation_is_for_packets_of_its_family() {
    let rules = "[nodes.fw1.firewall.postrouting]\nrules = ['snat to 2001:db8::9']";
    let trace = run(&routed(rules, "passive"));
    assert!(trace.frames.iter().all(|frame| !matches!(frame.event, Event::Translated { .. })));
    assert_eq!(outcomes(&trace)[0].outcome, Outcome::Ok);
}

/// A client behind two translating routers; the helper is at `home`, and at `isp` if `both`.
fn twice(both: bool, mode: &str) -> String {
    let helper =
        |node: &str| format!("[nodes.{node}.firewall.prerouting]\nrules = ['tcp dport 21 ct helper set \"ftp\"']\n");
    let second = if both { helper("isp") } else { String::new() };
    format!(
        r#"title = "t"
links = ["client -- home -- isp -- internet -- server"]
[nodes.client]
address = "192.168.1.10"
[nodes.home]
addresses = {{ isp = "100.64.0.2" }}
{}
[nodes.home.firewall.postrouting]
rules = ['oifname "isp" masquerade']
[nodes.isp]
addresses = {{ internet = "198.51.100.7" }}
{second}
[nodes.isp.firewall.postrouting]
rules = ['oifname "internet" masquerade']
[nodes.server]
address = "203.0.113.5"
{FILES}
[[sessions]]
client = "client"
server = "server"
mode = "{mode}"
run = ["ls", "get hello.txt"]
"#,
        helper("home")
    )
}

#[test]
fn two_translations_in_a_row_need_two_helpers_for_active_mode() {
    assert!(all_ok(&run(&twice(true, "active"))));
    assert!(all_ok(&run(&twice(true, "passive"))));
    assert!(all_ok(&run(&twice(false, "passive"))));
    // PORT names the first router's address, the connection comes from the second's.
    assert_eq!(outcome(&run(&twice(false, "active"))), (Outcome::Denied, Some("server".into()), Some(500)));
}

#[test]
fn a_server_is_called_by_its_public_address_from_inside() {
    for mode in ["active", "passive"] {
        let trace = run(&format!(
            r#"title = "t"
links = ["client -- home", "server -- home", "home -- internet"]
[nodes.client]
address = "192.168.1.10"
[nodes.server]
address = "192.168.1.20"
{FILES}
[nodes.home]
addresses = {{ internet = "198.51.100.7" }}
[nodes.home.firewall.prerouting]
rules = ['tcp dport 21 ct helper set "ftp"', 'ip daddr 198.51.100.7 dnat to 192.168.1.20']
[nodes.home.firewall.postrouting]
rules = ['ct status dnat oifname "server" masquerade']
[[sessions]]
client = "client"
server = "198.51.100.7"
mode = "{mode}"
run = ["ls", "get hello.txt"]
"#
        ));
        assert!(all_ok(&trace), "{mode}");
        // Neither end ever sees the other's address.
        let [client, server] = ["192.168.1.10", "192.168.1.20"].map(|address| address.parse::<IpAddr>().unwrap());
        for frame in trace.frames.iter().filter(|frame| matches!(frame.event, Event::Received { .. })) {
            let (packet, name) = (trace.packet_of(frame).unwrap(), trace.node_name(frame.node));
            assert!(name != "client" || packet.src != server, "{mode}");
            assert!(name != "server" || packet.src != client, "{mode}");
        }
    }
}

/// A NAT forgets the control connection that says nothing during a long upload (`nf_conntrack_tcp_timeout_established`): 226
/// comes to the router itself, which knows nothing of it.
#[test]
fn a_nat_forgets_a_quiet_control_connection() {
    let outcome = |timeouts: &str| {
        let source = format!(
            "title = \"t\"\nlimits = {{ time = \"3 h\" }}\n\
             links = [{{ path = \"client -- home -- internet\", bandwidth = \"1 Mbit/s\" }}, \"internet -- server\"]\n\
             [nodes.client]\naddress = \"192.168.1.10\"\n[nodes.home.firewall]\n{timeouts}\n\
             [nodes.home.firewall.postrouting]\nrules = ['oifname \"internet\" masquerade']\n\
             [nodes.server]\naddress = \"203.0.113.5\"\nftp-server = true\n\
             [[sessions]]\nclient = \"client\"\nserver = \"server\"\nsoftware = \"curl\"\nrun = [\"put big\"]\n\
             files = {{ big = \"4 MB\" }}\n"
        );
        let scenario = parse(&source, "test.toml").unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let trace = scenario.run().expect("it ends");
        outcomes(&trace)[0].outcome
    };
    assert_eq!(outcome(""), Outcome::Ok);
    assert_eq!(outcome("conntrack-timeouts = { established = \"40 s\" }"), Outcome::Ok, "33 s are not too long");
    assert_ne!(outcome("conntrack-timeouts = { established = \"20 s\" }"), Outcome::Ok);
}
