use crate::scenario::{Scenario, parse, render};

fn addresses(links: &str, nodes: &str, server: &str) -> String {
    let source = format!(
        "title = \"t\"\nlinks = {links}\n{nodes}\n[[sessions]]\nclient = \"client\"\nserver = \"{server}\"\nrun = [\"ls\"]\n"
    );
    let scenario: Scenario =
        parse(&source, "t").unwrap_or_else(|found| panic!("{}", render(&found, &source, "t", false)));
    let mut found = Vec::new();
    for node in &scenario.nodes {
        for interface in &node.interfaces {
            let list: Vec<String> = interface.addresses.iter().map(ToString::to_string).collect();
            found.push(format!("{}.{} {}\n", node.name, interface.name, list.join(" ")));
        }
    }
    found.concat()
}

#[test]
fn nothing_given() {
    let expected = "client.r 10.0.1.10/24\nr.client 10.0.1.1/24\nr.server 10.0.2.1/24\nserver.r 10.0.2.10/24\n";
    assert_eq!(addresses("[\"client -- r -- server\"]", "", "server"), expected);
}

#[test]
fn used_networks_and_called_addresses_are_left_alone() {
    let nodes = "[nodes.client]\naddress = \"10.0.1.77\"";
    let expected = "client.r 10.0.1.77/24\nr.client 10.0.1.1/24\nr.server 10.0.3.1/24\nserver.r 10.0.3.10/24\n";
    assert_eq!(addresses("[\"client -- r -- server\"]", nodes, "10.0.2.5"), expected);
}

#[test]
fn a_router_has_one_address_in_a_network_of_several_links() {
    let nodes = "[nodes.client]\naddress = \"192.168.1.10\"\n[nodes.b]\naddress = \"192.168.1.11\"\n";
    let links = "[\"client -- r -- server\", \"b -- r\"]";
    let found = addresses(links, nodes, "server");
    assert!(found.contains("r.client 192.168.1.1/24") && found.contains("r.b 192.168.1.1/24"), "{found}");
    let found = addresses(links, &format!("{nodes}[nodes.r]\naddress = \"192.168.1.254\"\n"), "server");
    assert!(found.contains("r.client 192.168.1.254/24") && found.contains("r.b 192.168.1.254/24"), "{found}");
    assert!(found.contains("r.server 10.0.1.1/24"), "{found}");
}

#[test]
fn the_address_of_a_router_goes_where_it_belongs() {
    let nodes =
        "[nodes.server]\naddress = \"203.0.113.5\"\n[nodes.r]\naddress = [\"203.0.113.1\", \"172.16.0.1/16\"]\n";
    let expected =
        "client.r 172.16.0.10/16\nr.client 172.16.0.1/16\nr.server 203.0.113.1/24\nserver.r 203.0.113.5/24\n";
    assert_eq!(addresses("[\"client -- r -- server\"]", nodes, "server"), expected);
}

#[test]
fn small_networks() {
    let nodes = "[nodes.client]\naddress = \"10.9.0.1/31\"\n[nodes.server]\naddress = \"10.9.1.1/30\"\n";
    let expected = "client.r 10.9.0.1/31\nr.client 10.9.0.0/31\nr.server 10.9.1.2/30\nserver.r 10.9.1.1/30\n";
    assert_eq!(addresses("[\"client -- r -- server\"]", nodes, "server"), expected);
}

#[test]
fn one_ipv6_address_brings_ipv6_everywhere() {
    let nodes = "[nodes.server]\naddress = \"2001:db8:1::5\"\n";
    let expected = "client.r 10.0.1.10/24 2001:db8:2::a/64\nr.client 10.0.1.1/24 2001:db8:2::1/64\n\
        r.server 10.0.2.1/24 2001:db8:1::1/64\nserver.r 10.0.2.10/24 2001:db8:1::5/64\n";
    assert_eq!(addresses("[\"client -- r -- server\"]", nodes, "server"), expected);
}

#[test]
fn a_full_network_is_an_error() {
    let source = "title = \"t\"\nlinks = [\"client -- server\"]\n[nodes.server]\naddress = \"10.0.0.1/32\"\n\
        [[sessions]]\nclient = \"client\"\nserver = \"server\"\nrun = [\"ls\"]\n";
    let found = parse(source, "t").unwrap_err();
    assert!(found[0].message.contains("no address is left in 10.0.0.1/32"), "{found:?}");
}
