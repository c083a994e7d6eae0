//! The words of the rule language.

use crate::firewall::{CtState, Protocol};
use crate::packet::{Flags, Unreachable};

/// The words that a statement can begin with.
pub(super) const STATEMENTS: [&str; 16] = [
    "iifname",
    "oifname",
    "ip",
    "ip6",
    "tcp",
    "ct",
    "meta",
    "counter",
    "comment",
    "accept",
    "drop",
    "reject",
    "snat",
    "dnat",
    "masquerade",
    "redirect",
];

/// nftables words for statements that ftpscope does not have, and what to write instead where there is something.
pub(super) const UNSUPPORTED: &[(&str, &str)] = &[
    ("add", ""),
    ("ah", ""),
    ("arp", ""),
    ("comp", ""),
    ("continue", "a rule without a verdict goes on to the next one anyway"),
    ("dccp", ""),
    ("delete", ""),
    ("dup", ""),
    ("esp", ""),
    ("ether", ""),
    ("exthdr", ""),
    ("fib", ""),
    ("flow", ""),
    ("fwd", ""),
    ("goto", "every hook has one chain here: write the rules out"),
    ("icmp", "to match ICMP errors, write `meta l4proto icmp` or `ct state related`"),
    ("icmpv6", "to match ICMPv6 errors, write `meta l4proto icmpv6` or `ct state related`"),
    ("iif", "write `iifname`"),
    ("iifgroup", "write `iifname`"),
    ("jhash", ""),
    ("jump", "every hook has one chain here: write the rules out"),
    ("limit", ""),
    ("log", "every verdict is shown anyway"),
    ("mark", ""),
    ("notrack", ""),
    ("numgen", ""),
    ("oif", "write `oifname`"),
    ("oifgroup", "write `oifname`"),
    ("queue", ""),
    ("quota", ""),
    ("return", "every hook has one chain here: write `accept` or `drop`"),
    ("rt", ""),
    ("sctp", ""),
    ("set", ""),
    ("socket", ""),
    ("symhash", ""),
    ("synproxy", ""),
    ("th", "write `tcp dport` or `tcp sport`"),
    ("tproxy", ""),
    ("udp", "FTP runs over TCP; there is no UDP traffic here"),
    ("udplite", ""),
    ("update", ""),
    ("vlan", ""),
    ("xt", ""),
];

/// TCP services by the names of /etc/services.
pub(super) const SERVICES: [(&str, u16); 16] = [
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("http", 80),
    ("pop3", 110),
    ("ntp", 123),
    ("imap2", 143),
    ("https", 443),
    ("submission", 587),
    ("ftps-data", 989),
    ("ftps", 990),
    ("imaps", 993),
    ("pop3s", 995),
];

/// TCP flags.
pub(super) const FLAGS: [(&str, Flags); 6] = [
    ("fin", Flags::FIN),
    ("syn", Flags::SYN),
    ("rst", Flags::RST),
    ("psh", Flags::PSH),
    ("ack", Flags::ACK),
    ("urg", Flags::URG),
];

/// `ct state`.
pub(super) const STATES: [(&str, CtState); 5] = [
    ("new", CtState::New),
    ("established", CtState::Established),
    ("related", CtState::Related),
    ("invalid", CtState::Invalid),
    ("untracked", CtState::Untracked),
];

/// `meta l4proto`, `ip protocol`.
pub(super) const PROTOCOLS: [(&str, Protocol); 4] =
    [("tcp", Protocol::Tcp), ("icmp", Protocol::Icmp), ("icmpv6", Protocol::Icmpv6), ("ipv6-icmp", Protocol::Icmpv6)];

/// `reject with icmp type ...`
pub(super) const ICMP: [(&str, Unreachable); 7] = [
    ("net-unreachable", Unreachable::Net),
    ("host-unreachable", Unreachable::Host),
    ("prot-unreachable", Unreachable::Protocol),
    ("port-unreachable", Unreachable::Port),
    ("net-prohibited", Unreachable::NetProhibited),
    ("host-prohibited", Unreachable::HostProhibited),
    ("admin-prohibited", Unreachable::AdminProhibited),
];

/// `reject with icmpv6 type ...`
pub(super) const ICMPV6: [(&str, Unreachable); 4] = [
    ("no-route", Unreachable::Net),
    ("admin-prohibited", Unreachable::AdminProhibited),
    ("addr-unreachable", Unreachable::Host),
    ("port-unreachable", Unreachable::Port),
];

/// `reject with icmpx type ...`
pub(super) const ICMPX: [(&str, Unreachable); 4] = [
    ("port-unreachable", Unreachable::Port),
    ("admin-prohibited", Unreachable::AdminProhibited),
    ("no-route", Unreachable::Net),
    ("host-unreachable", Unreachable::Host),
];

/// The entry of `table` called `word`.
pub(super) fn find<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(name, _)| *name == word).map(|&(_, value)| value)
}

/// The names of `table`.
pub(super) fn names<'a, T>(table: &[(&'a str, T)]) -> impl Iterator<Item = &'a str> {
    table.iter().map(|(name, _)| *name)
}
