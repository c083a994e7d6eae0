//! Conditions: a subject, an operator and values, or a verdict map.

use super::context::{ICMP, ICMPV6, TCP, UDP};
use super::cursor::{Cursor, Step, error};
use super::lex::Token;
use super::operand::{Operand, Operator};
use super::subject::{FAMILIES, PROTOCOLS, STATES, STATUSES, Subject, TCP_FLAGS};
use super::values::{Flags, Scalar};
use super::{Parser, vmap};
use crate::firewall::{Action, Direction, Family, Match, Test};
use crate::message::{Phrase, say};

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
            let advice = say!("`&` is known behind `tcp flags`, `ct state` and `ct status`");
            return Err(self.cursor.unsupported(sign.span, sign.text, advice));
        }
        let operator = Operator::take(&mut self.cursor);
        if let Some(token) = self.cursor.peek().cloned().filter(|token| token.text == "vmap") {
            self.cursor.leave_braces();
            return Err(error(
                &token.span,
                say!("no operator stands before `vmap`"),
                say!("write `tcp dport vmap { 21 : accept }`"),
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
        let key = self.field(token, say!("a field of the IP header that ftpscope knows"), keys, &OTHERS)?;
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
        let key = self.field(token, say!("a field of the TCP header that ftpscope knows"), keys, &OTHERS)?;
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
        const EXAMPLE: Phrase = say!("several flags stand in parentheses: `tcp flags & (syn|ack) == syn`");
        if !self.cursor.eat("&") {
            return Ok(None);
        }
        let start = self.cursor.start();
        if self.cursor.is("{") {
            return Err(error(&(start..start + 1), say!("a mask is no set"), EXAMPLE));
        }
        let parenthesised = self.cursor.is("(");
        let value = super::operand::value(&mut self.cursor, &flags.expected())?;
        if !parenthesised && value.len() > 1 {
            let span = self.cursor.span_from(start);
            return Err(self.cursor.unsupported(span, "|", EXAMPLE));
        }
        if self.cursor.is(",") {
            let start = self.cursor.start();
            return Err(error(&(start..start + 1), say!("a mask has no commas"), EXAMPLE));
        }
        flags.of(&value).map(Some)
    }

    /// There is no UDP here: what asks for it is read, and never holds.
    pub(super) fn udp(&mut self, token: &Token<'a>) -> Step<()> {
        let keys = [("dport", ()), ("sport", ())];
        self.field(token, say!("a field of the UDP header that ftpscope knows"), &keys, &["length", "checksum"])?;
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
        self.field(token, say!("a field of the ICMP header that ftpscope knows"), &[("type", ())], &OTHERS)?;
        let span = self.cursor.span_from(token.span.start);
        self.context.look_at_transport(if family == Family::V4 { ICMP } else { ICMPV6 }, &span)?;
        self.compare(Subject::IcmpType(family))
    }

    /// The field of a header that comes next; `others` are those of nft that ftpscope does not know.
    fn field<T: Copy>(&mut self, token: &Token<'a>, what: Phrase, keys: &[(&str, T)], others: &[&str]) -> Step<T> {
        if let Some(field) = self.cursor.peek().cloned().filter(|field| others.contains(&field.text)) {
            let span = token.span.start..field.span.end;
            return Err(self.cursor.unsupported(span, &format!("{} {}", token.text, field.text), Phrase::NONE));
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
        let key = self.cursor.word(say!("`state`"))?;
        if OTHERS.contains(&key.text) {
            return Err(self.cursor.unsupported(
                ct.span.start..key.span.end,
                &format!("ct {}", key.text),
                Phrase::NONE,
            ));
        }
        let known = [("state", 0), ("status", 1), ("helper", 2), ("direction", 3), ("original", 4), ("reply", 5)];
        match super::cursor::lookup(&key, say!("a `ct` condition that ftpscope knows"), &known)? {
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
        let (source, is_port) = self.field(ct, say!("an end of the tracked connection"), keys, &OTHERS)?;
        let span = self.cursor.span_from(ct.span.start);
        if is_port {
            if !self.context.says_protocol() {
                let help = say!("say so before: `meta l4proto tcp ct original ...`");
                return Err(error(&start, say!("a port of which protocol?"), help));
            }
            return self.compare(Subject::EndPort { direction, source });
        }
        let Some(family) = family.map(|(_, family)| family).or_else(|| self.context.family()) else {
            let word = if source { "saddr" } else { "daddr" };
            let help = say!("write `ip {}` or `ip6 {}`", word, word);
            return Err(error(&start, say!("an address of which family?"), help));
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
                let message = say!("there is no helper {}", crate::suggest::quote(token.text));
                Err(error(&token.span, message, say!("ftpscope has one helper object: write `ct helper set \"ftp\"`")))
            }
            None => Err(self.cursor.missing(say!("the name of a helper: `\"ftp\"`"))),
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
        let key = self.cursor.word(say!("`l4proto`, `nfproto`, `iifname` or `oifname`"))?;
        match key.text {
            "l4proto" => self.compare(Subject::Protocol { header: false }),
            "nfproto" => self.compare(Subject::Family),
            "protocol" => self.compare(Subject::EtherType),
            "iifname" | "iif" => self.compare(Subject::InInterface),
            "oifname" | "oif" => self.compare(Subject::OutInterface),
            other if OTHERS.contains(&other) => {
                Err(self.cursor.unsupported(meta.span.start..key.span.end, &format!("meta {other}"), Phrase::NONE))
            }
            _ => {
                let keys = [("l4proto", ()), ("nfproto", ()), ("protocol", ()), ("iifname", ()), ("oifname", ())];
                super::cursor::lookup(&key, say!("a `meta` condition that ftpscope knows"), &keys)
            }
        }
    }
}
