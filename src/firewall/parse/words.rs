//! The words of the rule language.

use crate::firewall::{CtState, Direction, IcmpKind, Protocol};
use crate::packet::{Flags, Unreachable};

/// The words that a statement can begin with.
pub(super) const STATEMENTS: [&str; 28] = [
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
    "iif",
    "oif",
    "th",
    "udp",
    "icmp",
    "icmpv6",
    "limit",
    "log",
    "notrack",
    "jump",
    "goto",
    "return",
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
    ("iifgroup", "write `iifname`"),
    ("jhash", ""),
    ("mark", ""),
    ("numgen", ""),
    ("oifgroup", "write `oifname`"),
    ("queue", ""),
    ("quota", ""),
    ("rt", ""),
    ("sctp", ""),
    ("set", ""),
    ("socket", ""),
    ("symhash", ""),
    ("synproxy", ""),
    ("tproxy", ""),
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

/// `ct direction`.
pub(super) const DIRECTIONS: [(&str, Direction); 2] = [("original", Direction::Original), ("reply", Direction::Reply)];

/// `meta l4proto`, `ip protocol`.
pub(super) const PROTOCOLS: [(&str, Protocol); 5] = [
    ("tcp", Protocol::Tcp),
    ("udp", Protocol::Udp),
    ("icmp", Protocol::Icmp),
    ("icmpv6", Protocol::Icmpv6),
    ("ipv6-icmp", Protocol::Icmpv6),
];

/// `icmp type`.
pub(super) const ICMP_TYPES: [(&str, IcmpKind); 15] = [
    ("destination-unreachable", IcmpKind::Unreachable),
    ("time-exceeded", IcmpKind::TimeExceeded),
    ("echo-request", IcmpKind::Other),
    ("echo-reply", IcmpKind::Other),
    ("parameter-problem", IcmpKind::Other),
    ("redirect", IcmpKind::Other),
    ("source-quench", IcmpKind::Other),
    ("router-advertisement", IcmpKind::Other),
    ("router-solicitation", IcmpKind::Other),
    ("timestamp-request", IcmpKind::Other),
    ("timestamp-reply", IcmpKind::Other),
    ("info-request", IcmpKind::Other),
    ("info-reply", IcmpKind::Other),
    ("address-mask-request", IcmpKind::Other),
    ("address-mask-reply", IcmpKind::Other),
];

/// `icmpv6 type`.
pub(super) const ICMPV6_TYPES: [(&str, IcmpKind); 15] = [
    ("destination-unreachable", IcmpKind::Unreachable),
    ("packet-too-big", IcmpKind::TooBig),
    ("time-exceeded", IcmpKind::TimeExceeded),
    ("parameter-problem", IcmpKind::Other),
    ("echo-request", IcmpKind::Other),
    ("echo-reply", IcmpKind::Other),
    ("mld-listener-query", IcmpKind::Other),
    ("mld-listener-report", IcmpKind::Other),
    ("mld-listener-done", IcmpKind::Other),
    ("mld2-listener-report", IcmpKind::Other),
    ("nd-router-solicit", IcmpKind::Other),
    ("nd-router-advert", IcmpKind::Other),
    ("nd-neighbor-solicit", IcmpKind::Other),
    ("nd-neighbor-advert", IcmpKind::Other),
    ("nd-redirect", IcmpKind::Other),
];

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
