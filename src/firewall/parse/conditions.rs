//! Conditions: what they look at, and what it must be.

use super::context::{ICMP, ICMPV6, TCP, UDP};
use super::cursor::{Cursor, Step, error};
use super::lex::Token;
use super::operand::{Operand, Operator};
use super::values::{Flags, PORTS, Scalar, addresses, helpers, interfaces};
use super::words::{self, find};
use super::{Parser, vmap};
use crate::firewall::{Action, CtState, Direction, EndSet, Family, Match, PortSet, Test};
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

const PROTOCOLS: Scalar<'_> = Scalar {
    what: "a protocol",
    set: "a set: `{ tcp, udp }`",
    names: &words::PROTOCOLS,
    most: 255,
    any_case: true,
    decimal: false,
};
const FAMILIES: Scalar<'_> = Scalar {
    what: "an address family",
    set: "a set: `{ ipv4, ipv6 }`",
    names: &[("ipv4", 2), ("ipv6", 10)],
    most: 255,
    any_case: false,
    decimal: false,
};
const ETHER_TYPES: Scalar<'_> = Scalar {
    what: "a protocol of Ethernet",
    set: "a set: `{ ip, ip6 }`",
    names: &[("ip", 0x0800), ("ip6", 0x86dd), ("arp", 0x0806), ("vlan", 0x8100)],
    most: u16::MAX,
    any_case: false,
    decimal: false,
};
const DIRECTIONS: Scalar<'_> = Scalar {
    what: "a direction",
    set: "a set: `{ original, reply }`",
    names: &[("original", 0), ("reply", 1)],
    most: 255,
    any_case: false,
    decimal: false,
};
const ICMP_TYPES: Scalar<'_> = Scalar {
    what: "a type of ICMP message",
    set: "a set: `{ echo-request, echo-reply }`",
    names: &words::ICMP_TYPES,
    most: 255,
    any_case: false,
    decimal: false,
};
const ICMPV6_TYPES: Scalar<'_> = Scalar { names: &words::ICMPV6_TYPES, ..ICMP_TYPES };
pub(super) const TCP_FLAGS: Flags<'_> =
    Flags { what: "a TCP flag", condition: "tcp flags", names: &words::FLAGS, all: 0xff };
const STATES: Flags<'_> =
    Flags { what: "a connection state", condition: "ct state", names: &words::STATES, all: u32::MAX };
const STATUSES: Flags<'_> = Flags { what: "a status", condition: "ct status", names: &words::STATUSES, all: u32::MAX };

impl Subject {
    /// The numbers that it is, if it is numbers.
    const fn scalar(self) -> Option<&'static Scalar<'static>> {
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
    fn expected(self) -> String {
        match self {
            Self::InInterface | Self::OutInterface => "the name of an interface, such as `\"lan\"`".to_owned(),
            Self::Address { family: Family::V4, .. } | Self::EndAddress { family: Family::V4, .. } => {
                "an address, such as `192.168.1.10` or `10.0.0.0/8`".to_owned()
            }
            Self::Address { .. } | Self::EndAddress { .. } => {
                "an address, such as `2001:db8::10` or `2001:db8::/64`".to_owned()
            }
            Self::Port { .. } | Self::UdpPort | Self::EndPort { .. } => {
                "a port, such as `21`, `1024-65535` or `{ 20, 21 }`".to_owned()
            }
            Self::TcpFlags { .. } => TCP_FLAGS.expected(),
            Self::State { .. } => STATES.expected(),
            Self::Status { .. } => STATUSES.expected(),
            Self::Direction => DIRECTIONS.expected(),
            Self::Helper => "the name of a helper: `\"ftp\"`".to_owned(),
            Self::Protocol { .. } => PROTOCOLS.expected(),
            Self::Family => FAMILIES.expected(),
            Self::EtherType => ETHER_TYPES.expected(),
            Self::IcmpType(_) => ICMP_TYPES.expected(),
        }
    }

    /// As it is named in messages.
    const fn shown(self) -> &'static str {
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
    const fn example(self) -> &'static str {
        match self {
            Self::InInterface | Self::OutInterface => "write `{ \"a\", \"b\" }`",
            Self::Address { .. } | Self::EndAddress { .. } => "write `{ 10.0.0.1, 10.1.0.0/16 }`",
            Self::Port { .. } | Self::UdpPort | Self::EndPort { .. } => "write `{ 21, 22 }`",
            _ => "write `{ ..., ... }`",
        }
    }

    /// The test for `operand`, and whether it is for everything else.
    fn test(self, cursor: &mut Cursor<'_>, operator: Operator, operand: &Operand<'_>) -> Step<(Test, bool)> {
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

impl<'a> Parser<'a> {
    /// What follows the subject of a condition: an operator and values, or a verdict map.
    pub(super) fn compare(&mut self, subject: Subject) -> Step<()> {
        if let Some(token) = self.cursor.peek().cloned().filter(|token| token.text == "vmap") {
            self.cursor.next();
            let read = |cursor: &mut Cursor<'a>| {
                let key = Operand::key(cursor, &subject.expected())?;
                let numbers = match subject.scalar() {
                    Some(scalar) => scalar.ranges(cursor, Operator::Equal, &key)?.0.first().copied(),
                    None => None,
                };
                subject.test(cursor, Operator::Equal, &key).map(|(test, _)| (test, numbers))
            };
            let elements = vmap::elements(&mut self.cursor, read).inspect_err(|_| self.cursor.leave_braces())?;
            self.verdict(&token, Action::Map(elements));
            return Ok(());
        }
        if let Some(sign) = self.cursor.peek().cloned().filter(|sign| ["&", "|", "^"].contains(&sign.text)) {
            let advice = "`&` is known behind `tcp flags`, `ct state` and `ct status`";
            return Err(self.cursor.unsupported(sign.span, sign.text, advice));
        }
        let operator = Operator::take(&mut self.cursor);
        if let Some(token) = self.cursor.peek().cloned().filter(|token| token.text == "vmap") {
            self.cursor.leave_braces();
            return Err(error(
                &token.span,
                "no operator stands before `vmap`",
                "write `tcp dport vmap { 21 : accept }`",
            ));
        }
        let operand = Operand::take(&mut self.cursor, &subject.expected(), subject.example())?;
        let (test, negated) = subject.test(&mut self.cursor, operator, &operand)?;
        if operator.equates() {
            self.learn(subject, operator, &operand)?;
        }
        self.push(test, negated, subject.shown());
        Ok(())
    }

    /// What a condition that must hold says of the packet. nft learns from single values, in sets too, in the order
    /// written; a range tells it nothing.
    fn learn(&mut self, subject: Subject, operator: Operator, operand: &Operand<'a>) -> Step<()> {
        let mut numbers = |scalar: &Scalar<'_>| -> Step<Vec<u8>> {
            let (ranges, _) = scalar.ranges(&mut self.cursor, operator, operand)?;
            Ok(ranges.iter().filter(|(low, high)| low == high).map(|(number, _)| *number as u8).collect())
        };
        match subject {
            Subject::Family => self.context.families_named(numbers(&FAMILIES)?),
            Subject::Protocol { header: false } => self.context.protocols_named(numbers(&PROTOCOLS)?),
            Subject::Protocol { header: true } => self.context.protocols_in_header(numbers(&PROTOCOLS)?),
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, test: Test, negated: bool, shown: &'static str) {
        self.rule.matches.push(Match { test, negated });
        self.last = Some(shown);
    }

    pub(super) fn ip(&mut self, token: &Token<'a>, family: Family) -> Step<()> {
        const OTHERS: [&str; 11] = [
            "version",
            "hdrlength",
            "dscp",
            "ecn",
            "length",
            "id",
            "frag-off",
            "ttl",
            "checksum",
            "hoplimit",
            "flowlabel",
        ];
        let keys: &[_] = match family {
            Family::V4 => &[("saddr", 0), ("daddr", 1), ("protocol", 2)],
            Family::V6 => &[("saddr", 0), ("daddr", 1), ("nexthdr", 2)],
        };
        let key = self.field(token, "a field of the IP header that ftpscope knows", keys, &OTHERS)?;
        let span = self.cursor.span_from(token.span.start);
        self.context.look_at_network(family, &span)?;
        if key == 2 {
            // It matches packets of its own family only; negated, the family must still hold.
            self.rule.matches.push(Match { test: Test::Family(vec![family]), negated: false });
            return self.compare(Subject::Protocol { header: true });
        }
        self.compare(Subject::Address { source: key == 0, family })
    }

    pub(super) fn tcp(&mut self, token: &Token<'a>) -> Step<()> {
        const OTHERS: [&str; 8] = ["sequence", "ackseq", "doff", "reserved", "window", "checksum", "urgptr", "option"];
        let keys = [("dport", 0), ("sport", 1), ("flags", 2)];
        let keys = if token.text == "th" { &keys[..2] } else { &keys };
        let key = self.field(token, "a field of the TCP header that ftpscope knows", keys, &OTHERS)?;
        if token.text == "tcp" {
            let span = self.cursor.span_from(token.span.start);
            self.context.look_at_transport(TCP, &span)?;
        }
        match key {
            0 | 1 => self.compare(Subject::Port { source: key == 1 }),
            _ => {
                let mask = self.mask(&TCP_FLAGS)?;
                self.compare(Subject::TcpFlags { mask })
            }
        }
    }

    /// `& syn`, `& (syn|ack)` behind `tcp flags` and the like.
    fn mask(&mut self, flags: &Flags<'_>) -> Step<Option<u32>> {
        const EXAMPLE: &str = "several flags stand in parentheses: `tcp flags & (syn|ack) == syn`";
        if !self.cursor.eat("&") {
            return Ok(None);
        }
        let start = self.cursor.start();
        if self.cursor.is("{") {
            return Err(error(&(start..start + 1), "a mask is no set", EXAMPLE));
        }
        let parenthesised = self.cursor.is("(");
        let value = super::operand::value(&mut self.cursor, &flags.expected())?;
        if !parenthesised && value.len() > 1 {
            let span = self.cursor.span_from(start);
            return Err(self.cursor.unsupported(span, "|", EXAMPLE));
        }
        if self.cursor.is(",") {
            let start = self.cursor.start();
            return Err(error(&(start..start + 1), "a mask has no commas", EXAMPLE));
        }
        flags.of(&value).map(Some)
    }

    /// There is no UDP here: what asks for it is read, and never holds.
    pub(super) fn udp(&mut self, token: &Token<'a>) -> Step<()> {
        let keys = [("dport", ()), ("sport", ())];
        self.field(token, "a field of the UDP header that ftpscope knows", &keys, &["length", "checksum"])?;
        let span = self.cursor.span_from(token.span.start);
        self.context.look_at_transport(UDP, &span)?;
        self.compare(Subject::UdpPort)
    }

    pub(super) fn icmp(&mut self, token: &Token<'a>, family: Family) -> Step<()> {
        const OTHERS: [&str; 10] = [
            "code",
            "checksum",
            "id",
            "sequence",
            "gateway",
            "mtu",
            "max-delay",
            "packet-too-big",
            "taddr",
            "parameter-problem",
        ];
        self.field(token, "a field of the ICMP header that ftpscope knows", &[("type", ())], &OTHERS)?;
        let span = self.cursor.span_from(token.span.start);
        self.context.look_at_transport(if family == Family::V4 { ICMP } else { ICMPV6 }, &span)?;
        self.compare(Subject::IcmpType(family))
    }

    /// The field of a header that comes next; `others` are those of nft that ftpscope does not know.
    fn field<T: Copy>(&mut self, token: &Token<'a>, what: &str, keys: &[(&str, T)], others: &[&str]) -> Step<T> {
        if let Some(field) = self.cursor.peek().cloned().filter(|field| others.contains(&field.text)) {
            let span = token.span.start..field.span.end;
            return Err(self.cursor.unsupported(span, &format!("{} {}", token.text, field.text), ""));
        }
        self.cursor.one_of(what, keys)
    }

    pub(super) fn ct(&mut self, ct: &Token<'a>) -> Step<()> {
        const OTHERS: [&str; 11] = [
            "mark",
            "zone",
            "expiration",
            "label",
            "timeout",
            "count",
            "event",
            "l3proto",
            "secmark",
            "packets",
            "bytes",
        ];
        let key = self.cursor.word("`state`")?;
        if OTHERS.contains(&key.text) {
            return Err(self.cursor.unsupported(ct.span.start..key.span.end, &format!("ct {}", key.text), ""));
        }
        let known = [("state", 0), ("status", 1), ("helper", 2), ("direction", 3), ("original", 4), ("reply", 5)];
        match super::cursor::lookup(&key, "a `ct` condition that ftpscope knows", &known)? {
            0 => {
                let mask = self.mask(&STATES)?;
                self.compare(Subject::State { mask })
            }
            1 => {
                let mask = self.mask(&STATUSES)?;
                self.compare(Subject::Status { mask })
            }
            2 => self.helper(),
            3 => self.compare(Subject::Direction),
            4 => self.ct_end(ct, Direction::Original),
            _ => self.ct_end(ct, Direction::Reply),
        }
    }

    /// `ct original ip daddr 10.0.0.1`, `ct reply proto-src 21`; the direction has been taken.
    fn ct_end(&mut self, ct: &Token<'a>, direction: Direction) -> Step<()> {
        const OTHERS: [&str; 6] = ["protocol", "l3proto", "packets", "bytes", "avgpkt", "zone"];
        let family = [("ip", Family::V4), ("ip6", Family::V6)].into_iter().find(|(word, _)| self.cursor.eat(word));
        let addresses = [("saddr", (true, false)), ("daddr", (false, false))];
        let all = [addresses[0], addresses[1], ("proto-src", (true, true)), ("proto-dst", (false, true))];
        let keys = if family.is_some() { &all[..2] } else { &all };
        let start = self.cursor.peek().map_or(0..0, |token| token.span.clone());
        let (source, is_port) = self.field(ct, "an end of the tracked connection", keys, &OTHERS)?;
        let span = self.cursor.span_from(ct.span.start);
        if is_port {
            if !self.context.says_protocol() {
                let help = "say so before: `meta l4proto tcp ct original ...`";
                return Err(error(&start, "a port of which protocol?", help));
            }
            return self.compare(Subject::EndPort { direction, source });
        }
        let Some(family) = family.map(|(_, family)| family).or_else(|| self.context.family()) else {
            let word = if source { "saddr" } else { "daddr" };
            let help = format!("write `ip {word}` or `ip6 {word}`");
            return Err(error(&start, "an address of which family?", help));
        };
        self.context.fits(family, &span)?;
        self.compare(Subject::EndAddress { direction, source, family })
    }

    /// `ct helper set "ftp"`, or the condition `ct helper "ftp"`.
    fn helper(&mut self) -> Step<()> {
        if !self.cursor.eat("set") {
            return self.compare(Subject::Helper);
        }
        match self.cursor.next() {
            Some(token) if token.text == "ftp" && token.kind != super::lex::Kind::Sign => {
                self.rule.sets_helper = true;
                Ok(())
            }
            Some(token) => {
                let message = format!("there is no helper {}", crate::suggest::quote(token.text));
                Err(error(&token.span, message, "ftpscope has one helper object: write `ct helper set \"ftp\"`"))
            }
            None => Err(self.cursor.missing("the name of a helper: `\"ftp\"`")),
        }
    }

    pub(super) fn meta(&mut self, meta: &Token<'a>) -> Step<()> {
        const OTHERS: [&str; 22] = [
            "mark",
            "length",
            "skuid",
            "skgid",
            "pkttype",
            "cpu",
            "random",
            "time",
            "nftrace",
            "day",
            "hour",
            "priority",
            "cgroup",
            "iifgroup",
            "oifgroup",
            "iiftype",
            "oiftype",
            "rtclassid",
            "secmark",
            "sdif",
            "ibrname",
            "obrname",
        ];
        let key = self.cursor.word("`l4proto`, `nfproto`, `iifname` or `oifname`")?;
        match key.text {
            "l4proto" => self.compare(Subject::Protocol { header: false }),
            "nfproto" => self.compare(Subject::Family),
            "protocol" => self.compare(Subject::EtherType),
            "iifname" | "iif" => self.compare(Subject::InInterface),
            "oifname" | "oif" => self.compare(Subject::OutInterface),
            other if OTHERS.contains(&other) => {
                Err(self.cursor.unsupported(meta.span.start..key.span.end, &format!("meta {other}"), ""))
            }
            _ => {
                let keys = [("l4proto", ()), ("nfproto", ()), ("protocol", ()), ("iifname", ()), ("oifname", ())];
                super::cursor::lookup(&key, "a `meta` condition that ftpscope knows", &keys)
            }
        }
    }
}
