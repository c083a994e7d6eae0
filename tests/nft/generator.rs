//! Rules drawn by chance: most follow the grammar of docs/scenarios.md, many miss it by one step.

/// A small generator of numbers (splitmix64): the same seed, the same rules.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// One time in `n`.
    fn rarely(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// A rule, and whether it translates addresses.
    pub(crate) fn rule(&mut self) -> (String, Chain) {
        loop {
            let (text, chain) = self.any_rule();
            // The kernel takes `notrack` at prerouting and output only.
            if chain != Chain::Source || !text.contains("notrack") {
                return (text, chain);
            }
        }
    }

    fn any_rule(&mut self) -> (String, Chain) {
        let mut parts = Vec::new();
        for _ in 0..[0, 1, 1, 1, 2, 2, 3][self.below(7)] {
            parts.push(self.condition());
        }
        if self.rarely(4) {
            let statement = self.statement();
            let place = self.below(parts.len() + 1);
            parts.insert(place, statement);
        }
        let (end, chain) = self.end();
        parts.push(end);
        if self.rarely(8) {
            parts.push(self.comment());
        }
        if self.rarely(25) && parts.len() > 1 {
            let place = self.below(parts.len() - 1);
            parts.swap(place, place + 1);
        }
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let mut text = parts.join(" ");
        if self.rarely(6) {
            text = self.damaged(&text);
        }
        (text, chain)
    }

    fn condition(&mut self) -> String {
        match self.below(26) {
            0 => {
                let key = self.one(&["iifname", "oifname", "meta iifname", "meta oifname", "iif", "oif"]);
                let names: &[&str] = if key.ends_with("name") {
                    &["lan", "\"wan\"", "lo", "eth0", "\"a b\"", "dmz-1"]
                } else {
                    &["lo", "\"lo\""]
                };
                self.compared(key, names, false)
            }
            1 | 2 => {
                let key = self.one(&["ip saddr", "ip daddr"]);
                self.compared(key, &V4, true)
            }
            3 => {
                let key = self.one(&["ip6 saddr", "ip6 daddr"]);
                self.compared(key, &V6, true)
            }
            4..=7 => {
                let key = self.one(&["tcp dport", "tcp sport", "tcp dport", "th dport", "th sport"]);
                self.compared(key, &PORTS, true)
            }
            8 => {
                let key = self.one(&["udp dport", "udp sport"]);
                self.compared(key, &PORTS, true)
            }
            9 | 10 => self.flags(),
            11..=13 => {
                let names = ["new", "established", "related", "invalid", "untracked"];
                self.bits("ct state", &names)
            }
            14 => {
                let names = ["dnat", "snat", "assured", "seen-reply", "confirmed", "expected", "dying"];
                self.bits("ct status", &names)
            }
            15 => self.compared("ct direction", &["original", "reply", "0", "1"], false),
            16 => {
                let helper = self.one(&["\"ftp\"", "ftp", "\"sip\""]);
                let sign = self.one(&["", "", "!= ", "== "]);
                format!("ct helper {sign}{helper}")
            }
            17 => {
                let direction = self.one(&["original", "reply"]);
                match self.below(3) {
                    0 => {
                        let key = format!("ct {direction} {}", self.one(&["ip saddr", "ip daddr"]));
                        self.compared(&key, &V4, true)
                    }
                    1 => {
                        let key = format!("ct {direction} {}", self.one(&["ip6 saddr", "ip6 daddr", "saddr", "daddr"]));
                        self.compared(&key, &V6, true)
                    }
                    _ => {
                        let key = format!("ct {direction} {}", self.one(&["proto-src", "proto-dst"]));
                        self.compared(&key, &PORTS, true)
                    }
                }
            }
            18..=20 => {
                let key = self.one(&["meta l4proto", "meta l4proto", "ip protocol", "ip6 nexthdr"]);
                self.compared(
                    key,
                    &["tcp", "udp", "icmp", "icmpv6", "ipv6-icmp", "6", "17", "1", "58", "igmp", "gre", "esp", "sctp"],
                    false,
                )
            }
            21 => self.compared("meta nfproto", &["ipv4", "ipv6", "2", "10"], false),
            22 => self.compared("meta protocol", &["ip", "ip6", "arp", "0x0800", "0x86dd"], false),
            23 => {
                let names = [
                    "echo-request",
                    "echo-reply",
                    "destination-unreachable",
                    "time-exceeded",
                    "redirect",
                    "source-quench",
                    "3",
                    "8",
                    "router-advertisement",
                ];
                self.compared("icmp type", &names, false)
            }
            24 => {
                let names = [
                    "echo-request",
                    "packet-too-big",
                    "nd-neighbor-solicit",
                    "destination-unreachable",
                    "1",
                    "135",
                    "mld-listener-query",
                ];
                self.compared("icmpv6 type", &names, false)
            }
            _ => self.limit(),
        }
    }

    fn sign(&mut self) -> &'static str {
        ["", "", "", "", "", "!= ", "== ", "eq ", "ne "][self.below(9)]
    }

    /// `key` compared with one of `values`, a range or a set of them.
    fn compared(&mut self, key: &str, values: &[&str], ordered: bool) -> String {
        let sign = self.sign();
        let value = |draw: &mut Self| draw.one(values).to_owned();
        if ordered && self.rarely(12) {
            let sign = self.one(&["<", "<=", ">", ">=", "lt", "le", "gt", "ge"]);
            return format!("{key} {sign} {}", value(self));
        }
        if self.rarely(16) {
            return format!("{key} vmap {}", self.map(values));
        }
        let text = match self.below(10) {
            0 | 1 if ordered => format!("{}-{}", value(self), value(self)),
            0..=2 => {
                let count = 1 + self.below(3);
                let items: Vec<String> = (0..count)
                    .map(|_| {
                        if ordered && self.rarely(4) { format!("{}-{}", value(self), value(self)) } else { value(self) }
                    })
                    .collect();
                let (open, close) = [("{ ", " }"), ("{", "}"), ("{ ", ", }")][self.below(3)];
                let comma = self.one(&[", ", ",", " , "]);
                format!("{open}{}{close}", items.join(comma))
            }
            3 if self.rarely(3) => format!("{},{}", value(self), value(self)),
            4 if self.rarely(4) => format!("({})", value(self)),
            _ => value(self),
        };
        format!("{key} {sign}{text}")
    }

    fn map(&mut self, keys: &[&str]) -> String {
        let count = 1 + self.below(3);
        let items: Vec<String> = (0..count)
            .map(|_| {
                let verdict = self.one(&["accept", "drop", "return", "jump a", "goto b", "continue", "reject"]);
                let colon = self.one(&[" : ", ":", ": "]);
                format!("{}{colon}{verdict}", self.one(keys))
            })
            .collect();
        let comma = self.one(&[", ", ","]);
        format!("{{ {} }}", items.join(comma))
    }

    fn bits(&mut self, key: &str, names: &[&str]) -> String {
        let sign = self.sign();
        let count = 1 + self.below(3);
        let list: Vec<&str> = (0..count).map(|_| self.one(names)).collect();
        let text = match self.below(9) {
            0 => format!("{{ {} }}", list.join(", ")),
            1 => format!("{{{}}}", list.join(",")),
            2 => list.join(" | "),
            3 => format!("({})", list.join("|")),
            4 if self.rarely(2) => return format!("{key} vmap {}", self.map(names)),
            5 if self.rarely(3) => return format!("{key} ! {}", list.join(",")),
            6 if self.rarely(3) => format!("{} / {}", list[0], list.join(",")),
            _ => list.join(if self.rarely(4) { ", " } else { "," }),
        };
        format!("{key} {sign}{text}")
    }

    fn flags(&mut self) -> String {
        let names = ["syn", "ack", "fin", "rst", "psh", "urg", "ecn", "cwr"];
        let count = 1 + self.below(3);
        let list: Vec<&str> = (0..count).map(|_| self.one(&names)).collect();
        let value = self.one(&["syn", "ack", "0", "0x0", "(syn|ack)", "syn,ack", "syn|ack", "{ syn, ack }"]);
        let sign = self.one(&["==", "!=", "==", ""]);
        match self.below(6) {
            0 => format!("tcp flags & ({}) {sign} {value}", list.join("|")),
            1 => format!("tcp flags & {} {sign} {value}", list[0]),
            2 => format!("tcp flags & ({}) {sign} {value}", list.join(" | ")),
            3 => format!("tcp flags {} / {}", list[0], list.join(",")),
            _ => self.bits("tcp flags", &names),
        }
    }

    fn limit(&mut self) -> String {
        let over = self.one(&["", "", "over ", "until "]);
        let number = self.one(&["1", "10", "100", "0", "05", "4294967296"]);
        let unit = self.one(&["second", "minute", "hour", "day", "week", "seconds"]);
        let rate = match self.below(6) {
            0 => format!("{number} {}/{unit}", self.one(&["bytes", "kbytes", "mbytes", "gbytes"])),
            1 => format!("{number} bytes {}", self.one(&["/ second", "/second", "/minute"])),
            2 => format!("{number} / {unit}"),
            _ => format!("{number}/{unit}"),
        };
        let burst = match self.below(8) {
            0 | 1 => format!(" burst {} packets", self.one(&["1", "5", "0", "100"])),
            2 => format!(" burst {} {}", self.one(&["1", "5", "0"]), self.one(&["bytes", "kbytes", "mbytes"])),
            3 if self.rarely(3) => " burst 5".to_owned(),
            _ => String::new(),
        };
        format!("limit rate {over}{rate}{burst}")
    }

    fn statement(&mut self) -> String {
        match self.below(7) {
            0..=2 => {
                let tail = self.one(&[
                    "",
                    "",
                    " packets 0 bytes 0",
                    " packets 7",
                    " bytes 7",
                    " bytes 1 packets 2",
                    " packets",
                    " packets -1",
                ]);
                format!("counter{tail}")
            }
            3 | 4 => {
                let mut text = "log".to_owned();
                for _ in 0..self.below(3) {
                    text.push(' ');
                    text.push_str(self.one(&[
                        "prefix \"x: \"",
                        "prefix x",
                        "level info",
                        "level warn",
                        "level audit",
                        "group 1",
                        "snaplen 64",
                        "flags all",
                        "flags tcp sequence,options",
                        "flags ip options",
                        "flags skuid",
                        "queue-threshold 5",
                        "prefix \"$x\"",
                        "flags tcp",
                        "level loud",
                        "prefix \"\"",
                        "flags ether",
                    ]));
                }
                text
            }
            5 => "notrack".to_owned(),
            _ => self.one(&["ct helper set \"ftp\"", "ct helper set ftp"]).to_owned(),
        }
    }

    fn end(&mut self) -> (String, Chain) {
        let text = match self.below(14) {
            0..=3 => "accept".to_owned(),
            4 | 5 => "drop".to_owned(),
            6 => self.one(&["jump a", "goto b", "return", "continue"]).to_owned(),
            7..=9 => self.reject(),
            10..=12 => return self.nat(),
            _ => String::new(),
        };
        (text, Chain::Filter)
    }

    fn reject(&mut self) -> String {
        match self.below(6) {
            0 => "reject".to_owned(),
            1 => "reject with tcp reset".to_owned(),
            2 | 3 => {
                let reason = self.one(&[
                    "port-unreachable",
                    "host-unreachable",
                    "admin-prohibited",
                    "net-unreachable",
                    "3",
                    "no-route",
                ]);
                let kind = self.one(&["type ", "type ", ""]);
                format!("reject with icmp {kind}{reason}")
            }
            4 => {
                let reason = self.one(&[
                    "port-unreachable",
                    "no-route",
                    "admin-prohibited",
                    "addr-unreachable",
                    "4",
                    "host-unreachable",
                ]);
                format!("reject with icmpv6 type {reason}")
            }
            _ => {
                let reason = self.one(&["port-unreachable", "no-route", "admin-prohibited", "host-unreachable", "1"]);
                let kind = self.one(&["type ", ""]);
                format!("reject with icmpx {kind}{reason}")
            }
        }
    }

    fn nat(&mut self) -> (String, Chain) {
        let flags = self.one(&[
            "",
            "",
            "",
            " random",
            " fully-random",
            " persistent",
            " random,persistent",
            " random persistent",
            " random,",
        ]);
        let port =
            self.one(&["", "", ":21", ":2121", ":40000-40009", ":ftp", ":+5", ":1-1", ":20-ftp", ": 21", ":0", ":9-8"]);
        match self.below(4) {
            0 => {
                let to = if port.is_empty() { String::new() } else { format!(" to {port}") };
                (format!("masquerade{to}{flags}"), Chain::Source)
            }
            1 => {
                let to = if port.is_empty() { String::new() } else { format!(" to {port}") };
                (format!("redirect{to}{flags}"), Chain::Destination)
            }
            place => {
                let (word, chain) = if place == 2 { ("snat", Chain::Source) } else { ("dnat", Chain::Destination) };
                let (family, address) = match self.below(5) {
                    0 | 1 => ("ip ", self.one(&["10.0.0.1", "198.51.100.7"])),
                    2 => ("ip6 ", self.one(&["2001:db8::1", "[2001:db8::1]"])),
                    3 => (self.one(&["ip ", "ip6 "]), self.one(&["10.0.0.1", "[2001:db8::1]", "[10.0.0.1]", ""])),
                    _ => ("", self.one(&["10.0.0.1", "[2001:db8::1]", ""])),
                };
                (format!("{word} {family}to {address}{port}{flags}"), chain)
            }
        }
    }

    fn comment(&mut self) -> String {
        let text = self.one(&["\"let it in\"", "\"a b; c # d\"", "word", "\"\"", "accept", "5", "\"x\" \"y\""]);
        format!("comment {text}")
    }

    /// The rule with one small mistake, or what looks like one.
    fn damaged(&mut self, text: &str) -> String {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        let at = self.below(words.len());
        match self.below(9) {
            0 => {
                words.remove(at);
            }
            1 => {
                let again = words[at].clone();
                words.insert(at, again);
            }
            2 if at + 1 < words.len() => words.swap(at, at + 1),
            3 => words[at] = words[at].to_uppercase(),
            4 => {
                let extra =
                    self.one(&[",", ";", "!", "==", "{", "}", "not", "or", "-", "/", "and", ":", "(", "21", "tcp"]);
                words.insert(at, extra.to_owned());
            }
            5 => words[at] = format!("\"{}\"", words[at].replace('"', "")),
            6 => {
                words.push(self.one(&[";", "# a comment", "; ;", ";#x", ","]).to_owned());
            }
            7 => words[at] = words[at].replace(['0', '1'], "08"),
            _ => {
                let mut letters: Vec<char> = words[at].chars().collect();
                if !letters.is_empty() {
                    let which = self.below(letters.len());
                    letters.remove(which);
                }
                words[at] = letters.into_iter().collect();
            }
        }
        words.join(" ")
    }
}

/// What kind of chain a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    Filter,
    /// `snat`, `masquerade`.
    Source,
    /// `dnat`, `redirect`.
    Destination,
}

impl Chain {
    /// The name of the chain in the table that `tests/truth/nft.py` and the differential test make.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            // `notrack` can stand there too.
            Self::Filter => "filter",
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }
}

const V4: [&str; 10] = [
    "10.0.0.1",
    "192.168.1.10",
    "203.0.113.5",
    "10.0.0.0/8",
    "192.168.1.0/24",
    "10.0.0.1/32",
    "0.0.0.0/0",
    "10.0.0.0/08",
    "10.0.0.1-10.0.0.9",
    "2001:db8::1",
];
const V6: [&str; 7] =
    ["2001:db8::1", "::1", "2001:db8::/32", "fe80::/10", "2001:db8::1-2001:db8::9", "[2001:db8::1]", "10.0.0.1"];
const PORTS: [&str; 18] = [
    "21",
    "20",
    "ftp",
    "ftp-data",
    "https",
    "1024-65535",
    "50000-50010",
    "21-ftp",
    "ftp-data-ftp",
    "65535",
    "0",
    "65536",
    "010",
    "0x15",
    "08",
    "\"ftp\"",
    "30-20",
    "+5",
];
