//! What `connect()` says when something answers a SYN, measured on a real kernel (`truth/kernel_facts.json`), IPv4 and
//! IPv6, against what the simulator's client is told: the error, when, and the packets. (Established connections and
//! timers: `tcp::measured_tests`.)

mod common;

use common::run;
use ftpscope::packet::{Body, Icmp, Packet};
use ftpscope::trace::{Event, SocketAction, Trace};
use serde_json::Value;

/// Cases that the scenario format cannot say, and why.
const LEFT_OUT: [(&str, &str); 2] = [
    ("reject with icmpv6 policy-fail", "a name of nftables that rules here do not have"),
    ("reject with icmpv6 reject-route", "a name of nftables that rules here do not have"),
];

/// The laboratory's network with a rule at the router, and a client that connects where nobody listens.
fn play(case: &str) -> Trace {
    let v6 = case.contains("v6");
    let (client, router, far, server) = if v6 {
        ("2001:db8:10::10/64", "2001:db8:10::1/64", "2001:db8:113:1::1/64", "2001:db8:113:1::10/64")
    } else {
        ("192.168.10.10/24", "192.168.10.1/24", "203.0.113.1/24", "203.0.113.10/24")
    };
    let to = match case {
        "host does not answer ARP on the server LAN" => "203.0.113.77",
        "router has no route" => "198.18.9.9",
        _ => server.split('/').next().unwrap_or(server),
    };
    let rule = case.split(", ").next().unwrap_or(case);
    let rule = match rule.strip_prefix("reject with icmp") {
        Some(rest) => format!("reject with icmp{}", rest.replacen(' ', " type ", 1)),
        None => rule.to_owned(),
    };
    let rules = if rule.starts_with("reject") || rule == "drop" {
        format!("[nodes.router.firewall.forward]\nrules = ['tcp dport 2100 {rule}']\n")
    } else {
        String::new()
    };
    let source = format!(
        "title = 'connect'\n\
         links = [{{ path = 'client -- router', delay = '5 ms' }}, {{ path = 'router -- server', delay = '50 us' }}]\n\
         [nodes.client]\naddress = '{client}'\ngateway = 'router'\n\
         [nodes.router]\naddresses = {{ client = '{router}', server = '{far}' }}\n{rules}\
         [nodes.server]\naddress = '{server}'\n\
         [[sessions]]\nclient = 'client'\nserver = '{to}'\nport = 2100\nrun = ['pwd']\nsoftware = 'lftp'\n"
    );
    run(&source)
}

/// A packet as the measurements write it.
fn text(packet: &Packet) -> String {
    match &packet.body {
        Body::Tcp(segment) => {
            let direction = if segment.dst_port == 2100 { "C>S" } else { "S>C" };
            let syn = segment.is_syn();
            let (seq, ack) = if syn { ("ISN", "-") } else { ("0", "ISN+1") };
            format!(
                "{direction} [{}] seq={seq} ack={ack} win={} ttl={} len={}",
                segment.flags,
                segment.window,
                packet.ttl,
                segment.payload.len()
            )
        }
        Body::Icmp(icmp) => {
            let (quoted, v6) = (icmp.quoted(), packet.src.is_ipv6());
            let Icmp::Unreachable { reason, .. } = &**icmp else { return "another ICMP".into() };
            let (family, kind, code) = if v6 { ("ICMPv6", 1, reason.v6_code()) } else { ("ICMP", 3, reason.v4_code()) };
            // The laboratory's decoder had no name for this one.
            let name = if (kind, code) == (3, 2) { "type3/code2" } else { icmp.name() };
            format!(
                "{family} from {}: type {kind} code {code} ({name}) ttl={} quoting {}:p>{}:{}",
                packet.src,
                packet.ttl,
                quoted.src,
                quoted.dst,
                quoted.destination().port
            )
        }
    }
}

#[test]
fn connect_fails_as_measured() {
    let facts: Value = serde_json::from_str(include_str!("truth/kernel_facts.json")).expect("the measurements");
    let cases = facts["connect"].as_array().expect("cases");
    assert_eq!(cases.len(), 20);
    for case in cases {
        let name = case["case"].as_str().expect("a name");
        if LEFT_OUT.iter().any(|(left_out, _)| *left_out == name) {
            continue;
        }
        let trace = play(name);
        let failed = trace.frames.iter().find_map(|frame| match frame.event {
            Event::Socket { action: SocketAction::Failed(error), .. } => Some((frame.at.as_secs_f64(), error.errno())),
            _ => None,
        });
        let real = case["blocking_connect"].as_str().expect("a result");
        let packets: Vec<String> = trace
            .frames
            .iter()
            .filter(|frame| trace.node_name(frame.node) == "client")
            .filter_map(|frame| match frame.event {
                Event::Sent { packet, .. } | Event::Received { packet, .. } => Some(text(trace.packet(packet))),
                _ => None,
            })
            .collect();
        let measured: Vec<&str> =
            case["packets"].as_array().expect("packets").iter().map(|packet| packet.as_str().expect("text")).collect();
        if name == "drop" {
            assert!(failed.is_none_or(|(at, _)| at > 4.0), "{failed:?}");
            assert_eq!(packets[..4], measured[..4], "{name}");
            continue;
        }
        let (at, error) = failed.unwrap_or_else(|| panic!("{name}: it does not fail"));
        assert!(real.starts_with(error), "{name}: {real}, here {error}");
        let after: f64 = real.split("after ").nth(1).unwrap().split(';').next().unwrap().parse().expect("a time");
        assert!((at - after).abs() < 0.05 + 0.04 * after, "{name}: {real}, here after {at}");
        if name.starts_with("host does not answer") {
            // The capture begins with the ICMP errors; each repetition of the SYN got one.
            assert!(packets.iter().any(|packet| packet == measured[0]), "{name}: {packets:?}");
        } else {
            assert_eq!(packets[..2], measured[..2], "{name}");
        }
    }
}
