//! The tables as the script says them, held against the simulation's routes.

use super::*;
use crate::network::Routes;
use crate::network::Topology;
use crate::scenario::parse;

fn table(source: &str, node: &str) -> Vec<String> {
    let scenario = crate::scenario::parse(source, "test").unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let mut out = String::new();
    write(&scenario, &mut out);
    let start = format!("in_node {node} ip -4 route replace ");
    out.lines().filter_map(|line| line.strip_prefix(&start)).map(str::to_owned).collect()
}

const RING: &str = r#"
title = "ring"
links = ["client -- office -- internet -- server", "office -- spare -- internet", "other -- office"]
[nodes.client]
address = "192.168.1.10"
[nodes.other]
address = "192.168.1.11"
[nodes.office]
addresses = { internet = "198.51.100.7" }
[nodes.office.firewall.postrouting]
rules = ['oifname "internet" masquerade']
[nodes.internet]
routes = { "10.9.0.0/16" = "blackhole" }
[nodes.server]
address = "203.0.113.5"
ftp-server = true
[[sessions]]
client = "client"
server = "server"
run = ["ls"]
"#;

#[test]
fn a_host_gives_everything_to_its_router() {
    let host = table(RING, "server");
    assert_eq!(host, ["default via 203.0.113.1 dev internet"]);
    // Somebody else on its network, but not on its link, is reached through the router as well.
    let host = table(RING, "client");
    assert_eq!(host, ["default via 192.168.1.1 dev office", "192.168.1.11/32 via 192.168.1.1 dev office"]);
}

#[test]
fn a_router_knows_networks_and_nothing_else() {
    let router = table(RING, "office");
    let expected = [
        // Which of two links of one network an address is on.
        "192.168.1.11/32 dev other",
        // Who translates addresses gives what it does not know to the outside, as the simulator does.
        "default via 198.51.100.1 dev internet",
        // The far end of the nearer router goes another way than its network.
        "10.0.2.1/32 via 10.0.1.2 dev spare",
    ];
    assert_eq!(router, expected);
    // Of the network behind the NAT nobody outside knows; its routes stand as written.
    let router = table(RING, "internet");
    assert_eq!(router[0], "blackhole 10.9.0.0/16");
    assert!(!router.iter().any(|route| route.contains("192.168.1.") && route.contains("dev office")), "{router:?}");
}

/// Draws what a scenario is made of; the same for the same seed (Knuth's multiplier, MMIX).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A network with rings, NAT, hosts, written routes, gateways, odd addresses and switched-off nodes.
fn drawn(seed: u64) -> String {
    let mut draw = Draw(seed);
    let routers = 2 + draw.below(7);
    let mut links: Vec<(String, String)> = Vec::new();
    for router in 1..routers {
        links.push((format!("r{router}"), format!("r{}", draw.below(router))));
    }
    for _ in 0..draw.below(4) {
        let (a, b) = (draw.below(routers), draw.below(routers));
        let new = (format!("r{a}"), format!("r{b}"));
        if a != b && !links.iter().any(|(c, d)| [(c, d), (d, c)].contains(&(&new.0, &new.1))) {
            links.push(new);
        }
    }
    let hosts = 2 + draw.below(4);
    for host in 0..hosts {
        links.push((format!("h{host}"), format!("r{}", draw.below(routers))));
    }
    let listed: Vec<String> = links
        .iter()
        .map(|(a, b)| format!("{{ path = \"{a} -- {b}\", delay = \"{} ms\" }}", 1 + draw.below(3)))
        .collect();
    let mut source = format!("title = \"drawn\"\nlinks = [{}]\n", listed.join(", "));
    let six = draw.once_in(3);
    for host in 0..hosts {
        source += &match draw.below(4) {
            0 if six => format!("[nodes.h{host}]\naddress = [\"2001:db8:{host}::10\", \"198.51.{host}.10\"]\n"),
            1 => format!("[nodes.h{host}]\naddress = \"192.168.{}.{}\"\n", draw.below(2), 10 + host),
            2 => format!("[nodes.h{host}]\naddress = \"172.16.{host}.10/{}\"\n", 20 + draw.below(11)),
            _ => format!("[nodes.h{host}]\n"),
        };
        if host == 0 {
            source += "ftp-server = true\n";
        }
    }
    for router in 0..routers {
        let name = format!("r{router}");
        let ways = links.iter().filter_map(|(a, b)| [(a, b), (b, a)].into_iter().find(|(near, _)| **near == name));
        let neighbours: Vec<&String> = ways.map(|(_, far)| far).collect();
        let mut any = || neighbours[draw.below(neighbours.len())].clone();
        let (gateway, outside, neighbour) = (any(), any(), any());
        source += &format!("[nodes.{name}]\n");
        if draw.once_in(4) {
            source += &format!("gateway = \"{gateway}\"\n");
        }
        if draw.once_in(12) {
            source += "down = true\n";
        }
        if draw.once_in(3) {
            let hop = ["blackhole", "unreachable", "prohibit", "throw", &neighbour][draw.below(5)];
            let net = ["10.0.0.0/16", "10.0.1.0/25", "192.168.0.0/16", "0.0.0.0/0", "10.0.2.0/24"][draw.below(5)];
            source += &format!("routes = {{ \"{net}\" = \"{hop}\" }}\n");
        }
        if draw.once_in(4) {
            source += &format!("[nodes.{name}.firewall.postrouting]\nrules = ['oifname \"{outside}\" masquerade']\n");
        }
    }
    source + "[[sessions]]\nclient = \"h1\"\nserver = \"h0\"\nrun = [\"ls\"]\n"
}

/// Each node's table as the kernel will have it: from its addresses, then from the script.
fn kernel(scenario: &Scenario) -> Vec<BTreeMap<IpNet, Leads>> {
    let mut script = String::new();
    write(scenario, &mut script);
    let mut tables: Vec<BTreeMap<IpNet, Leads>> = Vec::new();
    for node in &scenario.nodes {
        let mut table = BTreeMap::new();
        for (number, interface) in node.interfaces.iter().enumerate() {
            for net in &interface.addresses {
                table.entry(net.trunc()).or_insert(Leads::OnLink(number as u16));
            }
        }
        tables.push(table);
    }
    for line in script.lines().filter(|line| line.starts_with("in_node")) {
        let words: Vec<&str> = line.split(' ').collect();
        let node = scenario.nodes.iter().position(|node| node.name == words[1]).unwrap();
        let nowhere = Hop::NOWHERE.iter().filter_map(|hop| hop.word()).find(|word| *word == words[6]);
        let net = match words[if nowhere.is_some() { 7 } else { 6 }] {
            "default" => everything().find(|net| net.addr().is_ipv4() == (words[3] == "-4")).unwrap(),
            net => net.parse().unwrap(),
        };
        let device = || {
            let name = words[words.iter().position(|word| *word == "dev").unwrap() + 1];
            scenario.nodes[node].interfaces.iter().position(|interface| interface.name == name).unwrap() as u16
        };
        let leads = match nowhere {
            Some(word) => Leads::Nowhere(word),
            None if words.contains(&"via") => Leads::Via(device()),
            None => Leads::OnLink(device()),
        };
        if let Some(at) = words.iter().position(|word| *word == "via") {
            // The kernel takes no gateway that is not on the link, as far as its table knows until then.
            let gateway: IpAddr = words[at + 1].parse().unwrap();
            let on_link = longest(&tables[node], gateway) == Some(Leads::OnLink(device()));
            assert!(on_link || words.last() == Some(&"onlink"), "{line}\n{script}");
        }
        tables[node].insert(net, leads);
    }
    tables
}

fn longest(table: &BTreeMap<IpNet, Leads>, address: IpAddr) -> Option<Leads> {
    let all = table.iter().filter(|(net, _)| net.contains(&address));
    all.max_by_key(|(net, _)| net.prefix_len()).map(|(_, leads)| *leads)
}

/// All addresses at the edges of what the scenario names, and strangers.
fn asked(scenario: &Scenario) -> BTreeSet<IpAddr> {
    let interfaces = || scenario.nodes.iter().flat_map(|node| &node.interfaces);
    let nets = interfaces().flat_map(|interface| &interface.addresses).copied();
    let nets = nets.chain(scenario.nodes.iter().flat_map(|node| &node.routes).map(|(net, _)| *net));
    let edges = nets.flat_map(|net| [net.addr(), net.network(), net.broadcast()]);
    let around = edges.flat_map(|at| {
        [Some(number(at)), number(at).checked_add(1), number(at).checked_sub(1)]
            .into_iter()
            .flatten()
            .map(move |number| address(number, at))
    });
    around.chain(["198.18.7.7", "10.200.0.1", "2001:db8:ffff::1"].map(|text| text.parse().unwrap())).collect()
}

/// How many questions were asked.
fn compare(scenario: &Scenario, topology: &Topology, source: &str) -> usize {
    let mut routes = Routes::new(topology);
    let mut count = 0;
    for (index, table) in kernel(scenario).iter().enumerate().filter(|(index, _)| !scenario.nodes[*index].down) {
        let id = NodeId(index as u32);
        let mine: Vec<IpNet> =
            topology.interfaces(id).iter().flat_map(|interface| &interface.addresses).copied().collect();
        for address in asked(scenario) {
            let reserved = match address {
                IpAddr::V4(v4) => matches!(v4.octets()[0], 127 | 224..=239) || v4.is_broadcast(),
                IpAddr::V6(v6) => v6.is_loopback() || v6.is_multicast() || v6.is_unicast_link_local(),
            };
            // The kernel's local table decides before all others.
            if reserved || crate::network::is_broadcast_at(topology, id, address) || topology.owns(id, address) {
                continue;
            }
            let has_it = |number: u16| far_addresses(scenario, index, number).any(|far| far == address);
            let can_say =
                |number: u16| far_addresses(scenario, index, number).any(|far| far.is_ipv4() == address.is_ipv4());
            let (wanted, found) = (routes.route(topology, id, address), longest(table, address));
            let same = match (wanted, found) {
                (Route::Via(number), Some(Leads::OnLink(at))) => number == at && has_it(at),
                (Route::Via(number), Some(Leads::Via(at))) => number == at,
                // A neighbour without an address of the family cannot be a gateway.
                (Route::Via(number), _) => !can_say(number),
                (Route::Nobody(_), Some(Leads::OnLink(_))) => mine.iter().any(|net| net.contains(&address)),
                (Route::None, found) => matches!(found, None | Some(Leads::Nowhere("throw"))),
                (Route::Blackhole, found) => found == Some(Leads::Nowhere("blackhole")),
                (Route::Unreachable, found) => found == Some(Leads::Nowhere("unreachable")),
                (Route::Prohibit, found) => found == Some(Leads::Nowhere("prohibit")),
                _ => false,
            };
            let name = &scenario.nodes[index].name;
            assert!(same, "{name} to {address}: {wanted:?}, the kernel {found:?}\n{source}\n{table:?}");
            count += 1;
        }
    }
    count
}

#[test]
fn the_kernel_decides_as_the_simulator() {
    let (mut networks, mut questions) = (0, 0);
    for seed in 0..300 {
        let source = drawn(seed);
        let Ok(scenario) = parse(&source, "drawn") else { continue };
        networks += 1;
        questions += compare(&scenario, &scenario.topology(), &source);
    }
    assert!(networks > 150 && questions > 20_000, "{networks} networks, {questions} questions");
    for builtin in crate::scenario::builtins() {
        let scenario = parse(builtin.source, builtin.name).unwrap();
        compare(&scenario, &scenario.topology(), builtin.source);
    }
}

/// A binary tree of routers, with a host at either end of it.
fn tree(routers: usize) -> String {
    let links: Vec<String> = (1..routers).map(|n| format!("\"r{} -- r{n}\"", (n - 1) / 2)).collect();
    format!(
        "title = \"tree\"\nlinks = [{}, \"client -- r{}\", \"server -- r{}\"]\n[nodes.server]\nftp-server = true\n\
         [[sessions]]\nclient = \"client\"\nserver = \"server\"\nrun = [\"ls\"]\n",
        links.join(", "),
        routers - 1,
        routers / 2
    )
}

#[test]
fn a_twice_as_large_network_takes_about_twice_as_many_lines() {
    let lines = |routers: usize| {
        let scenario = parse(&tree(routers), "tree").unwrap();
        let mut out = String::new();
        write(&scenario, &mut out);
        out.lines().count()
    };
    let (small, large) = (lines(250), lines(500));
    // Each generation adds a network or two to what a router has to tell apart.
    assert!(large * 10 < small * 25 && large < 500 * 10, "{small} lines, then {large}");
}
