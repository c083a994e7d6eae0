//! The words of the rule language.

use crate::firewall::CtStatus;
use crate::message::{Phrase, say};
use crate::packet::Unreachable;

/// The words that a statement can begin with.
pub(super) const STATEMENTS: [&str; 29] = [
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
    "continue",
];

/// nftables words that statements and conditions begin with and ftpscope does not have, and what to write instead where
/// there is something that means the same.
pub(super) const UNSUPPORTED: &[(&str, Phrase)] = &[
    ("add", Phrase::NONE),
    ("ah", Phrase::NONE),
    ("arp", Phrase::NONE),
    ("cgroup", Phrase::NONE),
    ("comp", Phrase::NONE),
    ("cpu", Phrase::NONE),
    ("day", Phrase::NONE),
    ("dccp", Phrase::NONE),
    ("delete", Phrase::NONE),
    ("dst", Phrase::NONE),
    ("dup", Phrase::NONE),
    ("esp", Phrase::NONE),
    ("ether", Phrase::NONE),
    ("exthdr", Phrase::NONE),
    ("fib", Phrase::NONE),
    ("flow", Phrase::NONE),
    ("frag", Phrase::NONE),
    ("fwd", Phrase::NONE),
    ("geneve", Phrase::NONE),
    ("gre", Phrase::NONE),
    ("hbh", Phrase::NONE),
    ("hour", Phrase::NONE),
    ("igmp", Phrase::NONE),
    ("iifgroup", say!("write the names of the interfaces: `iifname { \"a\", \"b\" }`")),
    ("iiftype", Phrase::NONE),
    ("ipsec", Phrase::NONE),
    ("jhash", Phrase::NONE),
    ("last", Phrase::NONE),
    ("map", Phrase::NONE),
    ("mark", Phrase::NONE),
    ("meter", Phrase::NONE),
    ("mh", Phrase::NONE),
    ("nftrace", Phrase::NONE),
    ("numgen", Phrase::NONE),
    ("oifgroup", say!("write the names of the interfaces: `oifname { \"a\", \"b\" }`")),
    ("oiftype", Phrase::NONE),
    ("osf", Phrase::NONE),
    ("pkttype", Phrase::NONE),
    ("priority", Phrase::NONE),
    ("queue", Phrase::NONE),
    ("quota", Phrase::NONE),
    ("reset", Phrase::NONE),
    ("rt", Phrase::NONE),
    ("rtclassid", Phrase::NONE),
    ("sctp", Phrase::NONE),
    ("secmark", Phrase::NONE),
    ("set", Phrase::NONE),
    ("skgid", Phrase::NONE),
    ("skuid", Phrase::NONE),
    ("socket", Phrase::NONE),
    ("symhash", Phrase::NONE),
    ("synproxy", Phrase::NONE),
    ("time", Phrase::NONE),
    ("tproxy", Phrase::NONE),
    ("udplite", Phrase::NONE),
    ("update", Phrase::NONE),
    ("vlan", Phrase::NONE),
    ("vxlan", Phrase::NONE),
    ("xt", Phrase::NONE),
];

/// Words that nft 1.0.6 does not take for the name of a chain, and two (`destroy`, `last`) that are new in later versions.
const RESERVED: &str = "accept add ah all and arp auto-merge bridge cgroup chain comment comp constant continue counter cpu create ct \
    day dccp define delete describe destroy device devices dnat drop dst dup dynamic ecn element elements eq esp \
    ether exists export exthdr fib flags flow flowtable flush frag fwd gc-interval ge goto gt handle hbh hook hour \
    ibriport ibrname icmp icmpv6 igmp iif iifgroup iifname iiftype import include index inet insert interval ip \
    ip6 ipsec jhash jump last le limit list log lshift lt map mark masquerade meta meter mh missing monitor ne \
    netdev nftrace not notrack numgen obriport obrname oif oifgroup oifname oiftype or osf pkttype policy position \
    priority queue quota random redefine redirect reject rename replace reset return rshift rt rt0 rt2 rtclassid \
    rule ruleset sctp secmark set size skgid skuid snat socket srh symhash synproxy table tcp th time timeout \
    tproxy type typeof udp udplite undefine vlan vmap xor xt";

/// Whether nft does not take `word` for a name.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.split(' ').any(|reserved| reserved == word)
}

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
pub(super) const FLAGS: [(&str, u32); 8] = [
    ("fin", 0x01),
    ("syn", 0x02),
    ("rst", 0x04),
    ("psh", 0x08),
    ("ack", 0x10),
    ("urg", 0x20),
    ("ecn", 0x40),
    ("cwr", 0x80),
];

/// `ct state`, by their bits in the kernel (`NF_CT_STATE_BIT`).
pub(super) const STATES: [(&str, u32); 5] =
    [("new", 0x08), ("established", 0x02), ("related", 0x04), ("invalid", 0x01), ("untracked", 0x40)];

/// `ct status`, by their bits in the kernel (`enum ip_conntrack_status`).
pub(super) const STATUSES: [(&str, u32); 7] = [
    ("expected", CtStatus::EXPECTED),
    ("seen-reply", CtStatus::SEEN_REPLY),
    ("assured", CtStatus::ASSURED),
    ("confirmed", CtStatus::CONFIRMED),
    ("snat", CtStatus::SNAT),
    ("dnat", CtStatus::DNAT),
    ("dying", CtStatus::DYING),
];

/// Protocols above IP, by the names of /etc/protocols and nft's own.
pub(super) const PROTOCOLS: [(&str, u16); 33] = [
    ("tcp", 6),
    ("udp", 17),
    ("icmp", 1),
    ("icmpv6", 58),
    ("ipv6-icmp", 58),
    ("igmp", 2),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("comp", 108),
    ("ipcomp", 108),
    ("sctp", 132),
    ("dccp", 33),
    ("udplite", 136),
    ("ip", 0),
    ("hopopt", 0),
    ("ipencap", 4),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("ipip", 94),
    ("etherip", 97),
    ("eigrp", 88),
    ("ospf", 89),
    ("pim", 103),
    ("vrrp", 112),
    ("l2tp", 115),
    ("isis", 124),
    ("fc", 133),
    ("rsvp", 46),
    ("egp", 8),
];

/// `icmp type`.
pub(super) const ICMP_TYPES: [(&str, u16); 15] = [
    ("destination-unreachable", 3),
    ("time-exceeded", 11),
    ("echo-request", 8),
    ("echo-reply", 0),
    ("parameter-problem", 12),
    ("redirect", 5),
    ("source-quench", 4),
    ("router-advertisement", 9),
    ("router-solicitation", 10),
    ("timestamp-request", 13),
    ("timestamp-reply", 14),
    ("info-request", 15),
    ("info-reply", 16),
    ("address-mask-request", 17),
    ("address-mask-reply", 18),
];

/// `icmpv6 type`.
pub(super) const ICMPV6_TYPES: [(&str, u16); 19] = [
    ("destination-unreachable", 1),
    ("packet-too-big", 2),
    ("time-exceeded", 3),
    ("parameter-problem", 4),
    ("echo-request", 128),
    ("echo-reply", 129),
    ("mld-listener-query", 130),
    ("mld-listener-report", 131),
    ("mld-listener-done", 132),
    ("mld-listener-reduction", 132),
    ("nd-router-solicit", 133),
    ("nd-router-advert", 134),
    ("nd-neighbor-solicit", 135),
    ("nd-neighbor-advert", 136),
    ("nd-redirect", 137),
    ("router-renumbering", 138),
    ("ind-neighbor-solicit", 141),
    ("ind-neighbor-advert", 142),
    ("mld2-listener-report", 143),
];

/// `reject with icmp type ...`: names, codes and what they mean.
pub(super) const ICMP: [(&str, u8, Unreachable); 7] = [
    ("net-unreachable", 0, Unreachable::Net),
    ("host-unreachable", 1, Unreachable::Host),
    ("prot-unreachable", 2, Unreachable::Protocol),
    ("port-unreachable", 3, Unreachable::Port),
    ("net-prohibited", 9, Unreachable::NetProhibited),
    ("host-prohibited", 10, Unreachable::HostProhibited),
    ("admin-prohibited", 13, Unreachable::AdminProhibited),
];

/// `reject with icmpv6 type ...`
pub(super) const ICMPV6: [(&str, u8, Unreachable); 4] = [
    ("no-route", 0, Unreachable::Net),
    ("admin-prohibited", 1, Unreachable::AdminProhibited),
    ("addr-unreachable", 3, Unreachable::Host),
    ("port-unreachable", 4, Unreachable::Port),
];

/// `reject with icmpx type ...`
pub(super) const ICMPX: [(&str, u8, Unreachable); 4] = [
    ("no-route", 0, Unreachable::Net),
    ("port-unreachable", 1, Unreachable::Port),
    ("host-unreachable", 2, Unreachable::Host),
    ("admin-prohibited", 3, Unreachable::AdminProhibited),
];

/// The entry of `table` called `word`.
pub(super) fn find<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(name, _)| *name == word).map(|&(_, value)| value)
}

/// The names of `table`.
pub(super) fn names<'a, T>(table: &[(&'a str, T)]) -> impl Iterator<Item = &'a str> + Clone {
    table.iter().map(|(name, _)| *name)
}
