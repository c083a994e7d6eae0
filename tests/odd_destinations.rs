//! Addresses that no other machine can have, as destinations: what `connect()` says to them on Linux 6.18 (measured in a
//! network namespace), and that nothing of it is seen on a wire.

use ftpscope::insight::outcomes;
use ftpscope::scenario::{Outcome, parse};
use ftpscope::trace::{Event, Trace};

fn run(source: &str) -> Trace {
    let scenario = parse(source, "test.toml").unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{source}"));
    scenario.run().unwrap_or_else(|limit| panic!("{limit}\n{source}"))
}

/// curl believes a 227 with this address.
fn believes(address: &str, more: &str) -> Trace {
    run(&format!(
        "title = \"t\"\nlimits = {{ time = \"1 h\" }}\nlinks = [\"client -- r -- server\"]\nnodes.client.address = \"192.168.1.20\"\n\
         [nodes.server]\nftp-server = {{ passive-ports = \"40000-40009\", passive-address = \"{address}\" }}\n{more}\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nsoftware = \"curl\"\nmode = \"passive\"\n\
         ignore-passive-address = false\nrun = [\"ls\"]\n"
    ))
}

fn syns_on_links_to_ports_from_40000(trace: &Trace) -> usize {
    let syn = |frame: &&ftpscope::trace::Frame| match &frame.event {
        Event::Sent { packet, .. } => trace
            .packet(*packet)
            .tcp()
            .is_some_and(|segment| segment.is_syn() && (40_000..40_010).contains(&segment.dst_port)),
        _ => false,
    };
    trace.frames.iter().filter(syn).count()
}

#[test]
fn the_machine_itself_is_called_without_a_wire() {
    for (address, outcome) in [
        ("0.0.0.0", Outcome::Refused),
        ("127.0.0.1", Outcome::Refused),
        ("127.5.5.5", Outcome::Refused),
        ("192.168.1.20", Outcome::Refused),
        ("224.0.0.1", Outcome::Unreachable),
        ("239.1.1.1", Outcome::Unreachable),
        ("255.255.255.255", Outcome::Unreachable),
        ("192.168.1.255", Outcome::Unreachable),
    ] {
        let trace = believes(address, "");
        let ls = &outcomes(&trace)[0];
        assert_eq!(ls.outcome, outcome, "{address}");
        assert_eq!(ls.at.map(|node| trace.node_name(node)), Some("client"), "{address}");
        assert_eq!(syns_on_links_to_ports_from_40000(&trace), 0, "{address}");
        let took = trace.frame(ls.finished).at.as_nanos();
        assert!(took < 1_000_000_000, "at once: {address}, {took} ns");
    }
}

/// A reserved address that is neither loopback nor multicast goes where the route leads (measured: SYNs on the wire for
/// 240.0.0.1, 0.1.2.3 and 169.254.1.1). A router forwards none to 0/8.
#[test]
fn other_reserved_addresses_are_called_by_wire() {
    for address in ["240.0.0.1", "0.1.2.3", "169.254.1.1"] {
        assert!(syns_on_links_to_ports_from_40000(&believes(address, "")) > 0, "{address}");
    }
    let trace = believes("0.1.2.3", "");
    let martians = trace.frames.iter().filter(|frame| {
        matches!(frame.event, Event::Lost { reason: ftpscope::trace::Loss::Martian, .. })
            && trace.node_name(frame.node) == "r"
    });
    assert!(martians.count() > 0);
}

/// `route_localnet` is off: what a router's rule sends to 127.0.0.1 is discarded there.
#[test]
fn a_router_takes_nothing_for_its_loopback_address() {
    let trace = run("title = \"t\"\nlimits = { time = \"1 h\" }\nlinks = [\"client -- r -- server\"]\n\
         [nodes.server]\nftp-server = true\n[nodes.r.firewall.prerouting]\nrules = ['tcp dport 21 dnat to 127.0.0.1']\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nrun = [\"ls\"]\n");
    let ls = &outcomes(&trace)[0];
    assert_eq!(ls.outcome, Outcome::Unreachable);
    assert_eq!(ls.at.map(|node| trace.node_name(node)), Some("r"));
}
