//! What the screen says about a fault, read as the administrator who has it: the node that answers, where calls are
//! led, what a helper cannot see.

use ftpscope::narrate::{Language, Messages, why};
use ftpscope::scenario::parse;
use ftpscope::trace::{Event, Scene, Side, SocketAction, Trace};

fn run(source: &str) -> Trace {
    parse(source, "test.toml").expect("it has no mistakes").run().expect("it ends")
}

/// The reasons given for the frames that `which` picks, in order.
fn whys(trace: &Trace, which: impl Fn(&Event) -> bool) -> Vec<String> {
    let messages = Messages::new(Language::En);
    let mut scene = Scene::empty(trace);
    let mut found = Vec::new();
    for (id, frame) in trace.ids().zip(&trace.frames) {
        scene.apply(trace, frame);
        if which(&frame.event) {
            found.extend(why(&messages, trace, &scene, id));
        }
    }
    found
}

fn server_name(trace: &Trace) -> Option<&str> {
    let server = trace.first_server(ftpscope::ids::SessionId(0))?;
    Some(trace.node_name(server))
}

fn read(code: u16) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::FtpReply { side: Side::Seen, code: found, .. } if *found == code)
}

const PUBLISHED: &str = r#"
title = "published"
links = ["client -- nat -- server"]
nodes.client.address = "203.0.113.5"
nodes.nat.addresses = { client = "203.0.113.1", server = "192.168.1.1" }
nodes.nat.firewall.prerouting.rules = ['tcp dport { 21, 50000-50010 } dnat to 192.168.1.10']
nodes.server.address = "192.168.1.10"
nodes.server.ftp-server = { passive-ports = "50000-50010", passive-address = "203.0.113.1" }
sessions = [{ client = "client", server = "203.0.113.1", run = ["ls"] }]
"#;

#[test]
fn the_server_is_the_node_that_answers_and_its_port_is_followed_through_nat() {
    let trace = run(PUBLISHED);
    assert_eq!(server_name(&trace), Some("server"));
    let said = whys(&trace, read(227));
    assert!(said[0].contains("led to 192.168.1.10:50008 of server, which listens there"), "{said:?}");

    let trace = run(&PUBLISHED.replace("{ 21, 50000-50010 }", "21"));
    let said = whys(&trace, read(227));
    assert!(said[0].contains("nat's, which passes no calls to port 50008 on"), "{said:?}");

    let extended = PUBLISHED.replace("run =", "mode = \"passive-epsv\", run =");
    let said = whys(&run(&extended), read(229));
    assert!(said[0].contains("led to 192.168.1.10:50008 of server"), "{said:?}");
}

#[test]
fn each_connection_has_the_server_that_answers_it() {
    // Double NAT; a hairpin; another port inside than outside.
    let double = r#"
title = "double"
links = ["client -- outer -- inner -- server"]
nodes.client.address = "203.0.113.5"
nodes.outer.addresses = { client = "203.0.113.1", inner = "10.0.0.1" }
nodes.outer.firewall.prerouting.rules = ['tcp dport 2121 dnat to 10.0.0.2:21']
nodes.inner.addresses = { outer = "10.0.0.2", server = "192.168.1.1" }
nodes.inner.firewall.prerouting.rules = ['tcp dport 21 dnat to 192.168.1.10:1021']
nodes.server.address = "192.168.1.10"
nodes.server.ftp-server = { port = 1021 }
sessions = [{ client = "client", server = "203.0.113.1", port = 2121, run = ["pwd"] }]
"#;
    assert_eq!(server_name(&run(double)), Some("server"));
    let hairpin = r#"
title = "hairpin"
links = ["client -- router -- server"]
nodes.client.address = "192.168.2.20"
nodes.router.addresses = { client = "192.168.2.1", server = "192.168.1.1" }
nodes.router.firewall.prerouting.rules = ['ip daddr 192.168.1.1 tcp dport 21 dnat to 192.168.1.10']
nodes.router.firewall.postrouting.rules = ['oifname "server" masquerade']
nodes.server.address = "192.168.1.10"
nodes.server.ftp-server = true
sessions = [{ client = "client", server = "192.168.1.1", run = ["pwd"] }]
"#;
    assert_eq!(server_name(&run(hairpin)), Some("server"));
    let six = r#"
title = "six"
links = ["client -- router -- server"]
nodes.client.addresses = { router = ["10.0.1.10", "2001:db8:1::10/64"] }
nodes.router.addresses = { client = ["10.0.1.1", "2001:db8:1::1/64"], server = ["10.0.2.1", "2001:db8:2::1/64"] }
nodes.router.firewall.prerouting.rules = ['ip6 daddr 2001:db8:1::1 tcp dport 21 dnat to 2001:db8:2::10']
nodes.server.addresses = { router = ["10.0.2.10", "2001:db8:2::10/64"] }
nodes.server.ftp-server = true
sessions = [{ client = "client", server = "2001:db8:1::1", run = ["pwd"] }]
"#;
    assert_eq!(server_name(&run(six)), Some("server"));
    // A call that is dropped on its way was for the node whose address it had last; and an address may be nobody's.
    let dropped =
        PUBLISHED.replace("nodes.server.address", "nodes.nat.firewall.forward.policy = \"drop\"\nnodes.server.address");
    assert_eq!(server_name(&run(&dropped)), Some("server"));
    let nobody = PUBLISHED.replace("server = \"203.0.113.1\"", "server = \"203.0.113.99\"");
    assert_eq!(server_name(&run(&nobody)), None);
}

const HELPED: &str = r#"
title = "helped"
links = ["client -- fw -- server"]
nodes.fw.firewall.prerouting.rules = ['tcp dport 21 ct helper set "ftp"']
nodes.fw.firewall.forward.policy = "drop"
nodes.fw.firewall.forward.rules = ['ct state established,related accept', 'tcp dport { 21, 2121 } accept']
nodes.server.ftp-server = { tls = true }
sessions = [{ client = "client", server = "server", connect-timeout = "3 s", run = ["ls"] }]
"#;

fn dropped(event: &Event) -> bool {
    matches!(event, Event::Verdict { verdict, .. } if *verdict != ftpscope::firewall::Verdict::Accept)
}

#[test]
fn what_a_helper_cannot_see_is_said_where_the_packet_is_dropped() {
    assert!(whys(&run(HELPED), dropped).is_empty(), "the helper helps");
    for (from, to, said) in [
        ("server = \"server\",", "server = \"server\", tls = true,", "TLS hides which port was agreed"),
        ("dport 21 ct", "dport 990 ct", "does not match a control connection to port 21"),
        (
            "['tcp dport 21 ct helper set \"ftp\"']",
            "['accept', 'tcp dport 21 ct helper set \"ftp\"']",
            "never reached: 'accept' decides",
        ),
        ("nodes.fw.firewall.prerouting", "nodes.fw.firewall.output", "stands in output"),
        ("'tcp dport 21 ct helper set \"ftp\"'", "", "no FTP helper that would make it RELATED"),
    ] {
        let changed = HELPED.replace(from, to);
        assert_ne!(changed, HELPED);
        let found = whys(&run(&changed), dropped);
        assert!(found.first().is_some_and(|why| why.contains(said)), "{to}: {found:?}");
    }
}

#[test]
fn a_helper_in_prerouting_never_sees_what_its_own_node_sends() {
    let source = r#"
title = "own"
links = ["client -- server"]
nodes.client.firewall.prerouting.rules = ['tcp dport 21 ct helper set "ftp"']
nodes.client.firewall.input.policy = "drop"
nodes.client.firewall.input.rules = ['ct state established,related accept']
nodes.server.ftp-server = { connect-timeout = "3 s" }
sessions = [{ client = "client", server = "server", mode = "active", run = ["ls"] }]
"#;
    let found = whys(&run(source), dropped);
    assert!(found[0].contains("stands in prerouting"), "{found:?}");
    let output = source.replace("firewall.prerouting", "firewall.output");
    assert!(whys(&run(&output), dropped).is_empty());
}

#[test]
fn a_port_that_names_somebody_else_is_explained_taken_or_refused() {
    let source = r#"
title = "bounce"
links = ["client -- server -- victim"]
nodes.client.address = "192.0.2.5/24"
nodes.server.ftp-server = { port-promiscuous = true, connect-from-port-20 = false }
nodes.victim.address = "198.51.100.9/24"
sessions = [{ client = "client", server = "server", run = ["PORT 198,51,100,9,8,74"] }]
"#;
    let said = whys(&run(source), read(200));
    assert!(said.iter().any(|why| why.contains("names 198.51.100.9") && why.contains("bounce attack")), "{said:?}");
    let said = whys(&run(&source.replace("port-promiscuous = true", "port-promiscuous = false")), read(500));
    assert!(said.iter().any(|why| why.contains("connects to nobody else")), "{said:?}");
}

#[test]
fn a_data_connection_from_another_address_is_explained() {
    let source = r#"
title = "stranger"
links = ["client -- office -- server"]
nodes.client.address = "192.168.1.10"
nodes.office.addresses = { server = "198.51.100.7" }
nodes.office.firewall.postrouting.rules = ['tcp dport 21 snat to 198.51.100.7', 'snat to 198.51.100.8']
nodes.server.address = "198.51.100.20/24"
nodes.server.routes = { "198.51.100.8/32" = "office" }
nodes.server.ftp-server = true
sessions = [{ client = "client", server = "server", run = ["ls"] }]
"#;
    let trace = run(source);
    let said = whys(&trace, read(425));
    assert!(said[0].contains("comes from 198.51.100.8, but the control connection from 198.51.100.7"), "{said:?}");
}

#[test]
fn a_call_to_the_own_machine_and_a_server_without_ports_are_explained() {
    let own = PUBLISHED
        .replace("passive-address = \"203.0.113.1\"", "passive-address = \"127.0.0.1\"")
        .replace("run =", "software = \"curl\", ignore-passive-address = false, run =");
    let trace = run(&own);
    let said = whys(&trace, read(227));
    assert!(said[0].contains("127.0.0.1 is an address inside each machine"), "{said:?}");
    let failed = |event: &Event| matches!(event, Event::Socket { action: SocketAction::Failed(_), .. });
    assert!(whys(&trace, failed)[0].contains("127.0.0.1 is client itself"));

    let exhausted = r#"
title = "exhausted"
links = [{ path = "client -- server", bandwidth = "2 Mbit/s" }]
nodes.server.ftp-server = { passive-ports = "30000-30000", files = { "v" = "1 MB" } }
sessions = [
  { client = "client", server = "server", run = ["get v"] },
  { client = "client", server = "server", start = "2 s", run = ["get v"] },
]
"#;
    let said = whys(&run(exhausted), read(500));
    assert!(said[0].contains("no port of the passive range is free"), "{said:?}");
}
