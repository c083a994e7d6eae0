//! A row of `rows.jsonl`, and the scenario file that it becomes.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

#[derive(Deserialize)]
pub(crate) struct Row {
    pub id: String,
    pub title: String,
    /// The program.
    pub client: String,
    pub mode: String,
    pub target: String,
    /// `routed`; `six`: the same with IPv6; `silent`: inet has a black hole for private addresses; `hidden`: the server's address is private, and
    /// its router's is called.
    pub network: String,
    /// The client was told to believe the address in 227.
    pub believes: bool,
    pub connect_timeout: Option<u32>,
    /// curl gives up after so many seconds, whatever it waits for.
    pub max_time: Option<u32>,
    pub active_ports: Option<String>,
    /// curl was told to announce this address.
    pub active_address: Option<String>,
    pub run: Vec<String>,
    /// Only what happened before this second is compared.
    pub until: Option<f64>,
    /// The programs ran under strace, which takes its time.
    pub slowed: bool,
    /// The session was protected with TLS, and the server knows it. Lines are those of the client's own log then.
    #[serde(default)]
    pub tls: bool,
    /// Only the server knows TLS; the session need not be protected.
    #[serde(default)]
    pub tls_offered: bool,
    pub rules: BTreeMap<String, BTreeMap<String, Chain>>,
    pub server: Option<Server>,
    pub list_ok: bool,
    pub retr_ok: Option<bool>,
    pub retr_bytes: Option<u64>,
    /// Seconds, `C` or `S`, the line.
    pub dialogue: Vec<(f64, String, String)>,
    /// `C` or `S` and the line, on the server's side; only where something could rewrite it.
    pub at_server: Option<Vec<(String, String)>>,
    /// Node, verdict, connection tracking state, flags; `None` if the laboratory did not trace its rules.
    pub verdicts: Option<Vec<(String, String, String, String)>>,
    pub attempts: Vec<Attempt>,
    /// What PORT, EPRT, LPRT, 227 and 229 named; `None` here and below: not kept of this recording.
    pub doors: Option<Vec<Door>>,
    /// Who ended each connection.
    pub endings: Option<Endings>,
    /// Which rule decided on packets that open and reset connections and on ICMP errors, device by device.
    pub decisions: Option<Vec<Decision>>,
}

/// `C` or `S`; the address (229 has none); the kind of port: `odd` or `even` of the kernel's, `range+N` of a set range,
/// `as N`: that of door N.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Door(pub String, pub Option<String>, pub String);

/// Of each connection, in the order in which they passed this end's interface: its channel, then who sent FIN or RST for
/// the first time, in order.
#[derive(Debug, Deserialize)]
pub(crate) struct Endings {
    pub client: Vec<Vec<String>>,
    pub server: Vec<Vec<String>>,
}

/// A rule's verdict on a packet.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Decision {
    pub device: String,
    /// Its flags, or `ICMP`.
    pub packet: String,
    /// Of connection tracking.
    pub state: String,
    pub verdict: String,
    pub hook: String,
    /// The rule that decided, or `policy`.
    pub rule: String,
    /// All rules that matched, with those of NAT, in order.
    pub rules: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Chain {
    pub policy: String,
    pub rules: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Server {
    pub software: String,
    pub connect_timeout: Option<u32>,
    pub accept_timeout: Option<u32>,
    pub idle_timeout: Option<u32>,
    pub port_20: Option<bool>,
    pub passive_ports: Option<String>,
    pub passive_address: Option<String>,
    pub promiscuous: bool,
    pub denied: Vec<String>,
    pub active: bool,
    pub passive: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Attempt {
    pub channel: String,
    /// `20 > C`: ephemeral ports are C on the client, S on the server.
    pub ports: String,
    /// Seconds.
    pub syns: Vec<f64>,
    pub answer: String,
    /// How the SYN looked at the other end: each end's address, and whether its port was kept; `None`: none came, or
    /// not kept of this recording.
    #[serde(default)]
    pub arrives: Option<String>,
    /// The kind of port that it came from: its number, or `odd` or `even`.
    #[serde(default)]
    pub from: Option<String>,
    /// Which of the row's doors it knocked at: the last with its port.
    #[serde(default)]
    pub door: Option<usize>,
}

impl Row {
    /// The devices whose rules were traced.
    pub(crate) fn decided_at(&self) -> impl Iterator<Item = &str> {
        let devices: BTreeSet<_> = self.decisions.iter().flatten().map(|decision| &*decision.device).collect();
        devices.into_iter()
    }

    /// The row as a scenario file.
    pub(crate) fn scenario(&self) -> String {
        let (inside, server) = match &*self.network {
            "hidden" => ("10.20.0.1/24", "10.20.0.10/24"),
            _ => ("203.0.113.1/25", "203.0.113.10/25"),
        };
        // Every interface has both addresses, as in the laboratory.
        let six = self.network == "six";
        let both = |four: &str, six_too: &str| {
            if six { format!("[\"{four}\", \"{six_too}/64\"]") } else { format!("\"{four}\"") }
        };
        // What inet does not know: a black hole for private addresses, or no route to the server's network.
        let routes = match &*self.network {
            "silent" => "routes = { \"192.168.0.0/16\" = \"blackhole\" }",
            "hidden" => "routes = { \"10.20.0.0/24\" = \"throw\" }",
            _ => "",
        };
        let mut text = format!(
            r#"
title = '''{}'''
seed  = 1
links = [
    {{ path = "client -- fw1", delay = "10 us", bandwidth = "1 Gbit/s" }},
    {{ path = "fw1 -- inet", delay = "5 ms", bandwidth = "1 Gbit/s" }},
    {{ path = "inet -- fw2 -- server", delay = "10 us", bandwidth = "1 Gbit/s" }},
]
[nodes.client]
address = {}
[nodes.fw1]
addresses = {{ client = {}, inet = {} }}
gateway = "inet"
[nodes.inet]
addresses = {{ fw1 = {}, fw2 = {} }}
{routes}
[nodes.fw2]
addresses = {{ inet = {}, server = {} }}
gateway = "inet"
[nodes.server]
address = {}
"#,
            self.title,
            both("192.168.10.10/24", "2001:db8:10::10"),
            both("192.168.10.1/24", "2001:db8:10::1"),
            both("198.51.100.1/24", "2001:db8:51::1"),
            both("198.51.100.254/24", "2001:db8:51::254"),
            both("203.0.113.254/25", "2001:db8:113:2::254"),
            both("203.0.113.129/25", "2001:db8:113:2::129"),
            both(inside, "2001:db8:113:1::1"),
            both(server, "2001:db8:113:1::10"),
        );
        if let Some(server) = &self.server {
            let _ = write!(
                text,
                "[nodes.server.ftp-server]\nsoftware = \"{}\"\nfiles = {{ \"hello.txt\" = 62, \"big.bin\" = 20000 }}\n\
                 denied-commands = {:?}\nactive = {}\npassive = {}\n",
                server.software, server.denied, server.active, server.passive,
            );
            let times = [
                ("connect-timeout", server.connect_timeout),
                ("accept-timeout", server.accept_timeout),
                ("idle-timeout", server.idle_timeout),
            ];
            for (key, seconds) in times.into_iter().filter_map(|(key, seconds)| Some((key, seconds?))) {
                let _ = writeln!(text, "{key} = \"{seconds} s\"");
            }
            if let Some(ports) = &server.passive_ports {
                let _ = writeln!(text, "passive-ports = \"{ports}\"");
            }
            if let Some(address) = &server.passive_address {
                let _ = writeln!(text, "passive-address = \"{address}\"");
            }
            if self.tls || self.tls_offered {
                text.push_str("tls = true\n");
            }
            if server.promiscuous {
                text.push_str("port-promiscuous = true\n");
            }
            if let Some(port_20) = server.port_20 {
                let _ = writeln!(text, "connect-from-port-20 = {port_20}");
            }
        }
        for (node, chains) in &self.rules {
            // The laboratory looked on with rules of its own, which ask for `ct state`: that alone switches tracking on.
            let stopped = self.verdicts.iter().flatten().map(|(at, _, state, _)| (at, state));
            let decided = self.decisions.iter().flatten().map(|decision| (&decision.device, &decision.state));
            let tracked = stopped.chain(decided).any(|(at, state)| at == node && !state.is_empty());
            let asks = chains.values().flat_map(|chain| &chain.rules).any(|rule| rule.contains("ct "));
            if tracked && !asks && !chains.contains_key("prerouting") {
                let _ = writeln!(text, "[nodes.{node}.firewall.prerouting]\nrules = ['ct state invalid counter']");
            }
            for (hook, chain) in chains {
                let _ = writeln!(text, "[nodes.{node}.firewall.{hook}]\npolicy = \"{}\"\nrules = [", chain.policy);
                for rule in &chain.rules {
                    let _ = writeln!(text, "    '''{rule}''',");
                }
                text.push_str("]\n");
            }
        }
        let seconds = |key: &str, s: Option<u32>| s.map(|s| format!("{key} = \"{s} s\"\n")).unwrap_or_default();
        let text_key = |key: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{key} = \"{value}\"\n")).unwrap_or_default()
        };
        let ports = text_key("active-ports", &self.active_ports) + &text_key("active-address", &self.active_address);
        let to = if self.target == "203.0.113.10" { "server" } else { &self.target };
        let _ = write!(
            text,
            "[[sessions]]\nclient = \"client\"\nserver = \"{to}\"\nmode = \"{}\"\nrun = {:?}\n\
             user = \"anonymous\"\npassword = \"lab@\"\nsoftware = \"{}\"\n{ports}{}{}",
            self.mode,
            self.run,
            self.client,
            seconds("connect-timeout", self.connect_timeout),
            seconds("reply-timeout", self.max_time),
        );
        if self.tls {
            text.push_str("tls = true\n");
        }
        if self.believes {
            text.push_str("ignore-passive-address = false\n");
        }
        text
    }
}
