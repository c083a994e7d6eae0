//! Rules as values: the documented subset of nftables that scenarios are written in.

use super::ct::{CtState, Direction};
use super::limit::Limit;
use crate::packet::{Flags, Unreachable};
use ipnet::IpNet;
use std::net::IpAddr;

/// One rule of a chain: everything in `matches` must hold, then `action` is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// All conditions, in the order written. Empty: every packet matches.
    pub matches: Vec<Match>,
    /// Whether the rule has a `counter` (we count every rule; nftables only these).
    pub counter: bool,
    /// What to do with a packet that matches; `None` goes on to the next rule.
    pub action: Option<Action>,
    /// `ct helper set "ftp"`: the connection that the packet begins is watched by the FTP helper.
    pub sets_helper: bool,
    /// `notrack`: the packet is exempted from connection tracking. Such rules are asked before tracking looks.
    pub notrack: bool,
    /// `log`: the kernel would write a line; here the match is counted.
    pub log: bool,
    /// Statements stand behind a verdict map: nft takes them, and no packet reaches them.
    pub unreached: bool,
    /// The text of `comment "..."`.
    pub comment: Option<String>,
}

impl Rule {
    /// Whether it lets packets of state RELATED pass, whatever else it asks of them.
    pub fn lets_related(&self) -> bool {
        let related = |test: &Test| matches!(test, Test::CtState(states) if states.contains(&CtState::Related));
        match &self.action {
            Some(Action::Accept) => self.matches.iter().any(|found| !found.negated && related(&found.test)),
            Some(Action::Map(elements)) => {
                elements.iter().any(|(test, action)| related(test) && *action == Action::Accept)
            }
            _ => false,
        }
    }
}

/// One condition. `negated` inverts it (`!=`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// What is looked at, and what it must be.
    pub test: Test,
    /// `!=` instead of `==`.
    pub negated: bool,
}

/// What a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// `iifname "lan"`: the interface the packet came in on; never matches where there is none.
    InInterface(Vec<String>),
    /// `oifname "wan"`: the interface it will leave by; never matches where there is none.
    OutInterface(Vec<String>),
    /// `ip saddr`, `ip6 saddr`.
    SourceAddress(AddressSet),
    /// `ip daddr`, `ip6 daddr`.
    DestinationAddress(AddressSet),
    /// `tcp sport`: implies TCP.
    SourcePort(PortSet),
    /// `tcp dport`: implies TCP.
    DestinationPort(PortSet),
    /// `tcp flags & (syn|ack) == syn`: implies TCP.
    TcpFlags {
        /// The bits looked at.
        mask: Flags,
        /// What they must be: one of these.
        values: Vec<Flags>,
    },
    /// `ct state`: any of these. None: `ct state == new,related` compares with both at once, and no packet is in two.
    CtState(Vec<CtState>),
    /// `ct status dnat`, `ct status == assured|confirmed`: whether the bits of `mask` in the connection's status are one
    /// of `values`. A mask of all bits compares the whole word, with bits of the kernel's own in it.
    CtStatus {
        /// The bits looked at.
        mask: u32,
        /// What they must be: one of these.
        values: Vec<u32>,
    },
    /// `meta l4proto`, `ip protocol`: the number of the protocol lies in one of these ranges, ends included.
    Protocol(Vec<(u8, u8)>),
    /// `meta nfproto`, `meta protocol`: one of these.
    Family(Vec<Family>),
    /// `ct direction`: of the side that began the connection, or of the other.
    CtDirection(Vec<Direction>),
    /// `ct helper`: the connection was announced by one that a helper watches.
    CtHelper {
        /// Whether the helper is asked for that there is: `ftp`.
        ftp: bool,
    },
    /// `ct original ip daddr`, `ct reply proto-src`: an end of the tracked connection.
    CtEnd {
        /// The tuple that is looked at.
        direction: Direction,
        /// Its source, not its destination.
        source: bool,
        /// What the end must be.
        end: EndSet,
    },
    /// `icmp type`, `icmpv6 type`: implies the protocol.
    IcmpType {
        /// `icmp` or `icmpv6`.
        family: Family,
        /// Its number lies in one of these ranges, ends included.
        types: Vec<(u8, u8)>,
    },
    /// `limit rate`.
    Limit(Limit),
    /// It asks for what no packet here can be: UDP.
    Never,
}

/// What `ct original` and `ct reply` are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndSet {
    /// `ip daddr`, `saddr`.
    Address(AddressSet),
    /// `proto-dst`, `proto-src`.
    Port(PortSet),
}

/// What a NAT rule makes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NatTarget {
    /// `snat to ADDRESS[:PORTS]`
    Source {
        /// The new source address; `None`: as it is.
        address: Option<IpAddr>,
        /// The ports to choose from; as they are where possible.
        ports: Option<(u16, u16)>,
        /// Whether the port is picked at random even if it is free as it is.
        random: bool,
    },
    /// `masquerade [to :PORTS] [random]`: the address of the outgoing interface.
    Masquerade {
        /// The ports to choose from.
        ports: Option<(u16, u16)>,
        /// Whether the port is picked at random even if it is free as it is.
        random: bool,
    },
    /// `dnat to ADDRESS[:PORT]`
    Destination {
        /// The new destination address; `None`: as it is.
        address: Option<IpAddr>,
        /// The ports to choose from: as it is if it is among them, else the first that is free.
        ports: Option<(u16, u16)>,
        /// Whether the port is picked at random.
        random: bool,
    },
    /// `redirect [to :PORT]`: to this node itself.
    Redirect {
        /// The ports to choose from.
        ports: Option<(u16, u16)>,
        /// Whether the port is picked at random.
        random: bool,
    },
}

impl NatTarget {
    /// Whether it rewrites the source, and so belongs at postrouting (or input).
    pub const fn is_source(&self) -> bool {
        matches!(self, Self::Source { .. } | Self::Masquerade { .. })
    }

    /// The address that it writes, where the rule names one.
    pub const fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Source { address, .. } | Self::Destination { address, .. } => *address,
            Self::Masquerade { .. } | Self::Redirect { .. } => None,
        }
    }

    /// The ports that the rule allows; `None`: it leaves the port as it is where it can.
    pub const fn ports(&self) -> Option<(u16, u16)> {
        match self {
            Self::Source { ports, .. }
            | Self::Masquerade { ports, .. }
            | Self::Destination { ports, .. }
            | Self::Redirect { ports, .. } => *ports,
        }
    }

    /// Whether the port is picked at random.
    pub const fn is_random(&self) -> bool {
        match self {
            Self::Source { random, .. }
            | Self::Masquerade { random, .. }
            | Self::Destination { random, .. }
            | Self::Redirect { random, .. } => *random,
        }
    }
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Addresses of one family: networks and single addresses (as /32 or /128).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressSet {
    /// `ip` or `ip6`; packets of the other family never match, not even negated.
    pub family: Family,
    /// A packet matches when its address lies in any of these.
    pub networks: Vec<IpNet>,
    /// Ranges `first-last`, inclusive.
    pub ranges: Vec<(IpAddr, IpAddr)>,
}

/// Ports and port ranges, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSet(pub Vec<(u16, u16)>);

/// What a rule does with a packet that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Let it pass this chain.
    Accept,
    /// Throw it away, silently.
    Drop,
    /// Throw it away and tell the sender.
    Reject(RejectWith),
    /// Translate the connection that it begins.
    Nat(NatTarget),
    /// Show it to another chain, and go on here if that decides nothing.
    Jump(String),
    /// Show it to another chain instead of what is left of this one.
    Goto(String),
    /// Go on with the next rule; only in a map, where nothing else says it.
    Continue,
    /// Go back to where this chain was jumped to; in a hook's own list, to its policy.
    Return,
    /// `ct state vmap { established : accept, invalid : drop }`: what stands beside the first that holds; if none does the
    /// rule does not match.
    Map(Vec<(Test, Self)>),
}

impl Action {
    /// Whether it may lead a connection to another destination.
    pub fn redirects(&self) -> bool {
        match self {
            Self::Nat(NatTarget::Destination { .. } | NatTarget::Redirect { .. }) => true,
            Self::Map(elements) => elements.iter().any(|(_, action)| action.redirects()),
            _ => false,
        }
    }

    /// The chains that it may lead to.
    pub fn targets(&self) -> Vec<&str> {
        match self {
            Self::Jump(name) | Self::Goto(name) => vec![name],
            Self::Map(elements) => elements.iter().flat_map(|(_, action)| action.targets()).collect(),
            _ => Vec::new(),
        }
    }
}

/// How the sender is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectWith {
    /// `reject with tcp reset`; a rule with it matches TCP only.
    TcpReset,
    /// `reject with icmp type ...`, `icmpv6 type ...`, `icmpx type ...`; plain `reject` is port-unreachable.
    Icmp(Unreachable),
}

/// A chain's last word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// What no rule decided passes.
    #[default]
    Accept,
    /// What no rule decided is thrown away.
    Drop,
}

impl PortSet {
    /// Whether `port` is in the set.
    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|&(low, high)| (low..=high).contains(&port))
    }
}

impl AddressSet {
    /// Whether `address` is in the set; `None` when it is of the other family.
    pub fn contains(&self, address: IpAddr) -> Option<bool> {
        let same_family = matches!((self.family, address), (Family::V4, IpAddr::V4(_)) | (Family::V6, IpAddr::V6(_)));
        same_family.then(|| {
            self.networks.iter().any(|network| network.contains(&address))
                || self.ranges.iter().any(|&(first, last)| first <= address && address <= last)
        })
    }
}
