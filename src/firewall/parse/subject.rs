//! What conditions look at, and what an operand means for each.

use super::cursor::{Cursor, Step};
use super::operand::{Operand, Operator};
use super::values::{Flags, PORTS, Scalar, addresses, helpers, interfaces};
use super::words::{self, find};
use crate::firewall::{CtState, Direction, EndSet, Family, PortSet, Test};
use crate::message::{Message, Phrase, say};
use crate::packet;

/// What a condition looks at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    InInterface,
    OutInterface,
    Address {
        source: bool,
        family: Family,
    },
    Port {
        source: bool,
    },
    /// A port of UDP, which no packet here carries.
    UdpPort,
    /// `tcp flags`, or `tcp flags & mask`.
    TcpFlags {
        mask: Option<u32>,
    },
    /// `ct state`, or `ct state & mask`.
    State {
        mask: Option<u32>,
    },
    /// `ct status`, or `ct status & mask`.
    Status {
        mask: Option<u32>,
    },
    Direction,
    Helper,
    EndAddress {
        direction: Direction,
        source: bool,
        family: Family,
    },
    EndPort {
        direction: Direction,
        source: bool,
    },
    /// `meta l4proto`, and (`header`) `ip protocol`, `ip6 nexthdr`.
    Protocol {
        header: bool,
    },
    /// `meta nfproto`
    Family,
    /// `meta protocol`
    EtherType,
    IcmpType(Family),
}

pub(super) const PROTOCOLS: Scalar<'_> = Scalar {
    what: say!("a protocol"),
    set: say!("a set: `{ tcp, udp }`"),
    names: &words::PROTOCOLS,
    most: 255,
    any_case: true,
    decimal: false,
};
pub(super) const FAMILIES: Scalar<'_> = Scalar {
    what: say!("an address family"),
    set: say!("a set: `{ ipv4, ipv6 }`"),
    names: &[("ipv4", 2), ("ipv6", 10)],
    most: 255,
    any_case: false,
    decimal: false,
};
const ETHER_TYPES: Scalar<'_> = Scalar {
    what: say!("a protocol of Ethernet"),
    set: say!("a set: `{ ip, ip6 }`"),
    names: &[("ip", 0x0800), ("ip6", 0x86dd), ("arp", 0x0806), ("vlan", 0x8100)],
    most: u16::MAX,
    any_case: false,
    decimal: false,
};
const DIRECTIONS: Scalar<'_> = Scalar {
    what: say!("a direction"),
    set: say!("a set: `{ original, reply }`"),
    names: &[("original", 0), ("reply", 1)],
    most: 255,
    any_case: false,
    decimal: false,
};
const ICMP_TYPES: Scalar<'_> = Scalar {
    what: say!("a type of ICMP message"),
    set: say!("a set: `{ echo-request, echo-reply }`"),
    names: &words::ICMP_TYPES,
    most: 255,
    any_case: false,
    decimal: false,
};
const ICMPV6_TYPES: Scalar<'_> = Scalar { names: &words::ICMPV6_TYPES, ..ICMP_TYPES };
pub(super) const TCP_FLAGS: Flags<'_> =
    Flags { what: say!("a TCP flag"), condition: "tcp flags", names: &words::FLAGS, all: 0xff };
pub(super) const STATES: Flags<'_> =
    Flags { what: say!("a connection state"), condition: "ct state", names: &words::STATES, all: u32::MAX };
pub(super) const STATUSES: Flags<'_> =
    Flags { what: say!("a status"), condition: "ct status", names: &words::STATUSES, all: u32::MAX };

impl Subject {
    /// The numbers that it is, if it is numbers.
    pub(super) const fn scalar(self) -> Option<&'static Scalar<'static>> {
        Some(match self {
            Self::Port { .. } | Self::UdpPort | Self::EndPort { .. } => &PORTS,
            Self::Direction => &DIRECTIONS,
            Self::Protocol { .. } => &PROTOCOLS,
            Self::Family => &FAMILIES,
            Self::EtherType => &ETHER_TYPES,
            Self::IcmpType(Family::V4) => &ICMP_TYPES,
            Self::IcmpType(Family::V6) => &ICMPV6_TYPES,
            _ => return None,
        })
    }

    /// What is expected behind it.
    pub(super) fn expected(self) -> Message {
        match self {
            Self::InInterface | Self::OutInterface => say!("the name of an interface, such as `\"lan\"`").into(),
            Self::Address { family: Family::V4, .. } | Self::EndAddress { family: Family::V4, .. } => {
                say!("an address, such as `192.168.1.10` or `10.0.0.0/8`").into()
            }
            Self::Address { .. } | Self::EndAddress { .. } => {
                say!("an address, such as `2001:db8::10` or `2001:db8::/64`").into()
            }
            Self::Port { .. } | Self::UdpPort | Self::EndPort { .. } => {
                say!("a port, such as `21`, `1024-65535` or `{ 20, 21 }`").into()
            }
            Self::TcpFlags { .. } => TCP_FLAGS.expected(),
            Self::State { .. } => STATES.expected(),
            Self::Status { .. } => STATUSES.expected(),
            Self::Direction => DIRECTIONS.expected(),
            Self::Helper => say!("the name of a helper: `\"ftp\"`").into(),
            Self::Protocol { .. } => PROTOCOLS.expected(),
            Self::Family => FAMILIES.expected(),
            Self::EtherType => ETHER_TYPES.expected(),
            Self::IcmpType(_) => ICMP_TYPES.expected(),
        }
    }

    /// As it is named in messages.
    pub(super) const fn shown(self) -> &'static str {
        match self {
            Self::InInterface | Self::OutInterface => "iifname",
            Self::Address { .. } | Self::EndAddress { .. } => "ip saddr",
            Self::Port { source: false } | Self::UdpPort | Self::EndPort { .. } => "tcp dport",
            Self::Port { source: true } => "tcp sport",
            Self::TcpFlags { .. } => "tcp flags",
            Self::State { .. } => "ct state",
            Self::Status { .. } => "ct status",
            Self::Direction => "ct direction",
            Self::Helper => "ct helper",
            Self::Protocol { header: true } => "ip protocol",
            Self::Protocol { header: false } => "meta l4proto",
            Self::Family | Self::EtherType => "meta nfproto",
            Self::IcmpType(_) => "icmp type",
        }
    }

    /// How several values are written.
    pub(super) const fn example(self) -> Phrase {
        match self {
            Self::InInterface | Self::OutInterface => say!("write `{ \"a\", \"b\" }`"),
            Self::Address { .. } | Self::EndAddress { .. } => say!("write `{ 10.0.0.1, 10.1.0.0/16 }`"),
            Self::Port { .. } | Self::UdpPort | Self::EndPort { .. } => say!("write `{ 21, 22 }`"),
            _ => say!("write `{ ..., ... }`"),
        }
    }

    /// The test for `operand`, and whether it is for everything else.
    pub(super) fn test(self, cursor: &mut Cursor<'_>, operator: Operator, operand: &Operand<'_>) -> Step<(Test, bool)> {
        let ports = |cursor: &mut Cursor<'_>| {
            PORTS.ranges(cursor, operator, operand).map(|(ranges, negated)| (PortSet(ranges), negated))
        };
        let bytes = |cursor: &mut Cursor<'_>, scalar: &Scalar<'_>| {
            let (ranges, negated) = scalar.ranges(cursor, operator, operand)?;
            let byte = |number: u16| number.min(255) as u8;
            let inside = ranges.into_iter().filter(|(low, _)| *low <= 255);
            Ok((inside.map(|(low, high)| (byte(low), byte(high))).collect::<Vec<_>>(), negated))
        };
        let among =
            |ranges: &[(u16, u16)], number: u16| ranges.iter().any(|(low, high)| (*low..=*high).contains(&number));
        let families = |ranges: &[(u16, u16)], (v4, v6): (u16, u16)| {
            let known = [(Family::V4, v4), (Family::V6, v6)];
            known.into_iter().filter(|(_, number)| among(ranges, *number)).map(|(family, _)| family).collect::<Vec<_>>()
        };
        Ok(match self {
            Self::InInterface => {
                let (names, negated) = interfaces(cursor, operator, operand)?;
                (Test::InInterface(names), negated)
            }
            Self::OutInterface => {
                let (names, negated) = interfaces(cursor, operator, operand)?;
                (Test::OutInterface(names), negated)
            }
            Self::Address { source, family } => {
                let (set, negated) = addresses(cursor, operator, operand, family)?;
                (if source { Test::SourceAddress(set) } else { Test::DestinationAddress(set) }, negated)
            }
            Self::Port { source } => {
                let (set, negated) = ports(cursor)?;
                (if source { Test::SourcePort(set) } else { Test::DestinationPort(set) }, negated)
            }
            Self::UdpPort => {
                let (_, negated) = ports(cursor)?;
                (Test::Never, negated)
            }
            Self::TcpFlags { mask } => {
                let bits = TCP_FLAGS.bits(cursor, operator, operand, mask)?;
                let flags = |bits: u32| packet::Flags::from_bits((bits & 0xff) as u8);
                let values = bits.values.iter().map(|value| flags(*value)).collect();
                (Test::TcpFlags { mask: flags(bits.mask), values }, bits.negated)
            }
            Self::State { mask } => {
                let bits = STATES.bits(cursor, operator, operand, mask)?;
                // A packet has one state; those that would fit are listed. `!=` stays: what it is compared with is told.
                let fits = |state: &CtState| {
                    let bit = find(&words::STATES, state.name()).unwrap_or_default();
                    bits.values.contains(&(bit & bits.mask)) != (bits.negated && operator != Operator::Unequal)
                };
                let states = CtState::ALL.into_iter().filter(fits).collect();
                (Test::CtState(states), operator == Operator::Unequal)
            }
            Self::Status { mask } => {
                let bits = STATUSES.bits(cursor, operator, operand, mask)?;
                (Test::CtStatus { mask: bits.mask, values: bits.values }, bits.negated)
            }
            Self::Direction => {
                let (ranges, negated) = DIRECTIONS.ranges(cursor, operator, operand)?;
                let known = [(Direction::Original, 0), (Direction::Reply, 1)];
                let found = known.into_iter().filter(|(_, number)| among(&ranges, *number));
                (Test::CtDirection(found.map(|(direction, _)| direction).collect()), negated)
            }
            Self::Helper => {
                let (ftp, negated) = helpers(cursor, operator, operand)?;
                (Test::CtHelper { ftp }, negated)
            }
            Self::EndAddress { direction, source, family } => {
                let (set, negated) = addresses(cursor, operator, operand, family)?;
                (Test::CtEnd { direction, source, end: EndSet::Address(set) }, negated)
            }
            Self::EndPort { direction, source } => {
                let (set, negated) = ports(cursor)?;
                (Test::CtEnd { direction, source, end: EndSet::Port(set) }, negated)
            }
            Self::Protocol { .. } => {
                let (ranges, negated) = bytes(cursor, &PROTOCOLS)?;
                (Test::Protocol(ranges), negated)
            }
            Self::Family => {
                let (ranges, negated) = FAMILIES.ranges(cursor, operator, operand)?;
                (Test::Family(families(&ranges, (2, 10))), negated)
            }
            Self::EtherType => {
                let (ranges, negated) = ETHER_TYPES.ranges(cursor, operator, operand)?;
                (Test::Family(families(&ranges, (0x0800, 0x86dd))), negated)
            }
            Self::IcmpType(family) => {
                let scalar = if family == Family::V4 { &ICMP_TYPES } else { &ICMPV6_TYPES };
                let (types, negated) = bytes(cursor, scalar)?;
                (Test::IcmpType { family, types }, negated)
            }
        })
    }
}
