//! From the text of an nftables rule to a [`Rule`].
//!
//! The subset is a real one: whatever is accepted here means the same to `nft`. Parsing is total; a rule with several
//! mistakes gives several errors, each at its own words: after a mistake it goes on at the next statement.

mod cursor;
mod lex;
mod nat;
mod statements;
mod values;
mod vmap;
mod words;

use super::{Action, CtStatus, Direction, EndSet, Family, Match, Policy, RejectWith, Rule, Test};
use crate::packet::Unreachable;
use crate::suggest::{closest, one_of, quote};
use cursor::{Cursor, Step, error, sign_help, unexpected};
use lex::{Kind, Token};
use std::ops::Range;
use thiserror::Error;
use words::{DIRECTIONS, ICMP, ICMPV6, ICMPX, PROTOCOLS, STATEMENTS, STATES, UNSUPPORTED, find};

/// Why a rule is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct RuleError {
    /// The words at fault, in bytes of the rule's text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Parses one rule: conditions, `counter`, `log`, `limit`, a verdict, `comment "..."`, in nftables' syntax.
///
/// Errors are in the order of the text, and there is at least one.
pub fn parse_rule(text: &str) -> Result<Rule, Vec<RuleError>> {
    let mut parser = Parser {
        cursor: Cursor::new(text),
        rule: Rule {
            matches: Vec::new(),
            counter: false,
            action: None,
            sets_helper: false,
            notrack: false,
            log: false,
            comment: None,
        },
        last: None,
        ended: None,
    };
    let mut errors = Vec::new();
    if parser.cursor.peek().is_none() {
        errors.push(error(&(0..text.len()), "this rule is empty", "write a rule such as `tcp dport 21 accept`"));
    }
    while let Some(token) = parser.cursor.next() {
        if let Err(mistake) = parser.statement(&token) {
            parser.cursor.recover(mistake.span.end);
            errors.push(mistake);
        }
    }
    if errors.is_empty() { Ok(parser.rule) } else { Err(errors) }
}

/// Parses a chain's policy: `accept` or `drop`.
pub fn parse_policy(text: &str) -> Result<Policy, RuleError> {
    match text {
        "accept" => Ok(Policy::Accept),
        "drop" => Ok(Policy::Drop),
        _ => {
            let help = match closest(text, ["accept", "drop"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None if text == "reject" => "write `drop`, and a last rule `reject`".to_owned(),
                None => "write `accept` or `drop`".to_owned(),
            };
            Err(error(&(0..text.len()), format!("{} is not a policy", quote(text)), help))
        }
    }
}

/// Where `word` stands in the rule, bare or quoted.
pub(crate) fn word_span(rule: &str, word: &str) -> Option<Range<usize>> {
    lex::tokens(rule).into_iter().find(|token| token.text == word && token.kind != Kind::Sign).map(|token| token.span)
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    rule: Rule,
    /// The condition that was read last, for `tcp dport 21 22`.
    last: Option<&'static str>,
    /// The statement that ended the rule: a verdict or the comment.
    ended: Option<&'a str>,
}

impl<'a> Parser<'a> {
    /// One statement, whose first token has been taken.
    fn statement(&mut self, token: &Token<'a>) -> Step<()> {
        if token.kind != Kind::Word {
            return Err(self.stray(token));
        }
        if let Some(end) = self.ended {
            let known = STATEMENTS.contains(&token.text) || find(UNSUPPORTED, token.text).is_some();
            let comment_follows = token.text == "comment" && end != "comment";
            if known && !comment_follows {
                return Err(after_the_end(token, end));
            }
        }
        let last = self.last.take();
        match token.text {
            "iifname" | "iif" => self.interfaces(Test::InInterface),
            "oifname" | "oif" => self.interfaces(Test::OutInterface),
            "ip" => self.ip(Family::V4),
            "ip6" => self.ip(Family::V6),
            "tcp" | "th" => self.tcp(token),
            "udp" => self.udp(),
            "icmp" => self.icmp(Family::V4),
            "icmpv6" => self.icmp(Family::V6),
            "limit" => {
                let limit = statements::limit(&mut self.cursor)?;
                self.push(Test::Limit(limit), false, "limit rate");
                Ok(())
            }
            "log" => {
                self.rule.log = true;
                statements::log(&mut self.cursor)
            }
            "notrack" => {
                self.rule.notrack = true;
                Ok(())
            }
            "jump" | "goto" => {
                let name = self.cursor.word("the name of a chain")?;
                let action = if token.text == "jump" { Action::Jump } else { Action::Goto };
                self.verdict(token, action(name.text.to_owned()));
                Ok(())
            }
            "return" => {
                self.verdict(token, Action::Return);
                Ok(())
            }
            "ct" => self.ct(token),
            "meta" => self.meta(token),
            "counter" => self.counter(),
            "comment" => self.comment(),
            "accept" => {
                self.verdict(token, Action::Accept);
                Ok(())
            }
            "drop" => {
                self.verdict(token, Action::Drop);
                Ok(())
            }
            "reject" => {
                let with = self.reject()?;
                self.verdict(token, Action::Reject(with));
                Ok(())
            }
            "snat" | "dnat" | "masquerade" | "redirect" => {
                let target = nat::target(&mut self.cursor, token)?;
                self.verdict(token, Action::Nat(target));
                Ok(())
            }
            _ => {
                self.last = last;
                Err(self.stray(token))
            }
        }
    }

    /// What stands after what is looked at: `==`, `!=` or nothing, and gives whether it was `!=`; or a verdict map, of
    /// which `read` takes one key, and gives nothing.
    fn operator_or_map(&mut self, read: impl Fn(&mut Cursor<'a>) -> Step<Test>) -> Step<Option<bool>> {
        let is_map =
            |cursor: &Cursor<'a>| cursor.peek().cloned().filter(|it| it.text == "vmap" && it.kind == Kind::Word);
        if let Some(token) = is_map(&self.cursor) {
            self.cursor.next();
            let elements = vmap::elements(&mut self.cursor, read).inspect_err(|_| self.cursor.leave_braces())?;
            self.verdict(&token, Action::Map(elements));
            return Ok(None);
        }
        let negated = values::negation(&mut self.cursor);
        match is_map(&self.cursor) {
            Some(token) => {
                self.cursor.leave_braces();
                Err(error(&token.span, "no operator stands before `vmap`", "write `tcp dport vmap { 21 : accept }`"))
            }
            None => Ok(Some(negated)),
        }
    }

    fn push(&mut self, test: Test, negated: bool, shown: &'static str) {
        self.rule.matches.push(Match { test, negated });
        self.last = Some(shown);
    }

    fn interfaces(&mut self, test: fn(Vec<String>) -> Test) -> Step<()> {
        let Some(negated) = self.operator_or_map(|cursor| values::interface(cursor).map(test))? else { return Ok(()) };
        let names = values::interfaces(&mut self.cursor)?;
        self.push(test(names), negated, "iifname");
        Ok(())
    }

    fn ip(&mut self, family: Family) -> Step<()> {
        let keys: &[_] = match family {
            Family::V4 => &[("saddr", 0), ("daddr", 1), ("protocol", 2)],
            Family::V6 => &[("saddr", 0), ("daddr", 1), ("nexthdr", 2)],
        };
        let key = self.cursor.one_of("a field of the IP header that ftpscope knows", keys)?;
        if key == 2 {
            let negated = values::negation(&mut self.cursor);
            let protocols = values::set(&mut self.cursor, "a protocol", &PROTOCOLS)?;
            // `ip protocol` matches packets of its own family only; negated, the family must still hold.
            self.push(Test::Family(family), false, "ip protocol");
            self.push(Test::Protocol(protocols), negated, "ip protocol");
            return Ok(());
        }
        let test = if key == 0 { Test::SourceAddress } else { Test::DestinationAddress };
        let read = |cursor: &mut Cursor<'a>| values::one_address_range(cursor, family).map(test);
        let Some(negated) = self.operator_or_map(read)? else { return Ok(()) };
        let set = values::addresses(&mut self.cursor, family)?;
        self.push(test(set), negated, "ip saddr");
        Ok(())
    }

    fn tcp(&mut self, token: &Token<'a>) -> Step<()> {
        let keys = [("dport", 0), ("sport", 1), ("flags", 2)];
        let keys = if token.text == "th" { &keys[..2] } else { &keys };
        let key = self.cursor.one_of("a field of the TCP header that ftpscope knows", keys)?;
        if key == 2 {
            let (test, negated) = values::tcp_flags(&mut self.cursor)?;
            self.push(test, negated, "tcp flags");
            return Ok(());
        }
        let (test, shown): (fn(_) -> _, _) =
            if key == 0 { (Test::DestinationPort, "tcp dport") } else { (Test::SourcePort, "tcp sport") };
        let read = |cursor: &mut Cursor<'a>| values::one_port_range(cursor).map(test);
        let Some(negated) = self.operator_or_map(read)? else { return Ok(()) };
        let ports = values::ports(&mut self.cursor)?;
        self.push(test(ports), negated, shown);
        Ok(())
    }

    /// There is no UDP here: what asks for it is read, and never holds.
    fn udp(&mut self) -> Step<()> {
        self.cursor.one_of("a field of the UDP header that ftpscope knows", &[("dport", ()), ("sport", ())])?;
        let negated = values::negation(&mut self.cursor);
        values::ports(&mut self.cursor)?;
        self.push(Test::Never, negated, "tcp dport");
        Ok(())
    }

    fn icmp(&mut self, family: Family) -> Step<()> {
        self.cursor.one_of("a field of the ICMP header that ftpscope knows", &[("type", ())])?;
        let negated = values::negation(&mut self.cursor);
        let table: &[_] = if family == Family::V4 { &words::ICMP_TYPES } else { &words::ICMPV6_TYPES };
        let kinds = values::set(&mut self.cursor, "a type of ICMP message", table)?;
        self.push(Test::IcmpType { family, kinds }, negated, "icmp type");
        Ok(())
    }

    /// `ct original ip daddr 10.0.0.1`, `ct reply proto-src 21`; the direction has been taken.
    fn ct_end(&mut self, direction: Direction) -> Step<()> {
        let family = [("ip", Family::V4), ("ip6", Family::V6)].into_iter().find(|(word, _)| self.cursor.eat(word));
        let addresses = [("saddr", (true, false)), ("daddr", (false, false))];
        let all = [addresses[0], addresses[1], ("proto-src", (true, true)), ("proto-dst", (false, true))];
        let keys = if family.is_some() { &all[..2] } else { &all };
        let start = self.cursor.peek().map_or(0..0, |token| token.span.clone());
        let (source, is_port) = self.cursor.one_of("an end of the tracked connection", keys)?;
        if is_port && !self.rule.says_protocol() {
            return Err(error(
                &start,
                "a port of which protocol?",
                "say so before: `meta l4proto tcp ct original ...`",
            ));
        }
        if !is_port && family.is_none() {
            let word = if source { "saddr" } else { "daddr" };
            let help = format!("write `ip {word}` or `ip6 {word}`");
            return Err(error(&start, "an address of which family?", help));
        }
        let negated = values::negation(&mut self.cursor);
        let end = match family {
            Some((_, family)) => EndSet::Address(values::addresses(&mut self.cursor, family)?),
            None => EndSet::Port(values::ports(&mut self.cursor)?),
        };
        self.push(Test::CtEnd { direction, source, end }, negated, "ip saddr");
        Ok(())
    }

    fn ct(&mut self, ct: &Token<'a>) -> Step<()> {
        const OTHERS: [&str; 8] = ["mark", "zone", "expiration", "label", "timeout", "count", "event", "l3proto"];
        let key = self.cursor.word("`state`")?;
        if OTHERS.contains(&key.text) {
            return Err(unsupported(&(ct.span.start..key.span.end), &format!("ct {}", key.text), ""));
        }
        match key.text {
            "helper" => return self.helper(),
            "direction" => {
                let negated = values::negation(&mut self.cursor);
                let direction = self.cursor.one_of("a direction", &DIRECTIONS)?;
                self.push(Test::CtDirection(direction), negated, "ct direction");
                return Ok(());
            }
            _ => {}
        }
        if let Some(direction) = find(&DIRECTIONS, key.text) {
            return self.ct_end(direction);
        }
        let is_status = cursor::lookup(
            &key,
            "a `ct` condition that ftpscope knows",
            &[
                ("state", false),
                ("status", true),
                ("helper", false),
                ("direction", false),
                ("original", false),
                ("reply", false),
            ],
        )?;
        if is_status {
            // nft makes a test of bits of a bare list only; it compares the word with anything else.
            let operator = ["==", "eq", "!=", "ne"].into_iter().any(|sign| self.cursor.is(sign));
            let negated = values::negation(&mut self.cursor);
            let whole = operator || self.cursor.is("{");
            let all = values::list(&mut self.cursor, "a status", &[("dnat", false), ("snat", true)])?;
            let status = CtStatus { snat: all.contains(&true), dnat: all.contains(&false) };
            let test = if whole { Test::CtStatusWord } else { Test::CtStatus(status) };
            self.push(test, negated, "ct status");
            return Ok(());
        }
        let read = |cursor: &mut Cursor<'a>| {
            cursor.one_of("a connection state", &STATES).map(|state| Test::CtState(vec![state]))
        };
        let bare = !["==", "eq", "!=", "ne"].into_iter().any(|sign| self.cursor.is(sign));
        let Some(negated) = self.operator_or_map(read)? else { return Ok(()) };
        let is_set = self.cursor.is("{");
        let mut states = values::list(&mut self.cursor, "a connection state", &STATES)?;
        // With an operator nft compares with all states of a bare list at once, and no packet is in two.
        if !bare && !is_set && states.iter().any(|state| *state != states[0]) {
            states.clear();
        }
        self.push(Test::CtState(states), negated, "ct state");
        Ok(())
    }

    /// `ct helper set "ftp"`, or the condition `ct helper "ftp"`.
    fn helper(&mut self) -> Step<()> {
        let sets = self.cursor.eat("set");
        let negated = !sets && values::negation(&mut self.cursor);
        match self.cursor.next() {
            Some(token) if token.text == "ftp" && token.kind != Kind::Sign => {
                if sets {
                    self.rule.sets_helper = true;
                } else {
                    self.push(Test::CtHelper, negated, "ct helper");
                }
                Ok(())
            }
            Some(token) => {
                let message = format!("there is no helper {}", quote(token.text));
                Err(error(&token.span, message, "ftpscope has one helper: write `ct helper set \"ftp\"`"))
            }
            None => Err(self.cursor.missing("the name of a helper: `\"ftp\"`")),
        }
    }

    fn meta(&mut self, meta: &Token<'a>) -> Step<()> {
        const OTHERS: [&str; 9] = ["mark", "length", "skuid", "skgid", "pkttype", "cpu", "random", "time", "nftrace"];
        let key = self.cursor.word("`l4proto`, `nfproto`, `iifname` or `oifname`")?;
        match key.text {
            "l4proto" => {
                let read = |cursor: &mut Cursor<'a>| {
                    cursor.one_of("a protocol", &PROTOCOLS).map(|protocol| Test::Protocol(vec![protocol]))
                };
                let Some(negated) = self.operator_or_map(read)? else { return Ok(()) };
                let protocols = values::set(&mut self.cursor, "a protocol", &PROTOCOLS)?;
                self.push(Test::Protocol(protocols), negated, "meta l4proto");
                Ok(())
            }
            "nfproto" | "protocol" => {
                let negated = values::negation(&mut self.cursor);
                let families: &[_] = match key.text {
                    "nfproto" => &[("ipv4", Family::V4), ("ipv6", Family::V6)],
                    _ => &[("ip", Family::V4), ("ip6", Family::V6)],
                };
                let family = self.cursor.one_of("an address family", families)?;
                self.push(Test::Family(family), negated, "meta nfproto");
                Ok(())
            }
            "iifname" | "iif" => self.interfaces(Test::InInterface),
            "oifname" | "oif" => self.interfaces(Test::OutInterface),
            other if OTHERS.contains(&other) => {
                Err(unsupported(&(meta.span.start..key.span.end), &format!("meta {other}"), ""))
            }
            _ => {
                let keys = [("l4proto", ()), ("nfproto", ()), ("iifname", ()), ("oifname", ())];
                cursor::lookup(&key, "a `meta` condition that ftpscope knows", &keys)
            }
        }
    }

    /// `counter` may carry the numbers that `nft list ruleset` prints; counting starts at zero here all the same.
    fn counter(&mut self) -> Step<()> {
        for word in ["packets", "bytes"] {
            if self.cursor.eat(word) {
                let number = self.cursor.word("a number")?;
                if number.text.parse::<u64>().is_err() {
                    return Err(unexpected(&number, "a number"));
                }
            }
        }
        self.rule.counter = true;
        Ok(())
    }

    fn comment(&mut self) -> Step<()> {
        match self.cursor.next() {
            Some(token) if matches!(token.kind, Kind::Quoted | Kind::Word) => {
                self.rule.comment = Some(token.text.to_owned());
                self.ended = Some("comment");
                Ok(())
            }
            Some(token) => Err(unexpected(&token, "a text in double quotes")),
            None => Err(self.cursor.missing("a text in double quotes")),
        }
    }

    fn verdict(&mut self, token: &Token<'a>, action: Action) {
        self.rule.action = Some(action);
        self.ended = Some(token.text);
    }

    /// What follows `reject`.
    fn reject(&mut self) -> Step<RejectWith> {
        if !self.cursor.eat("with") {
            return Ok(RejectWith::Icmp(Unreachable::Port));
        }
        let table: &[_] = match self.cursor.one_of(
            "a way to reject",
            &[("tcp", None), ("icmp", Some(&ICMP[..])), ("icmpv6", Some(&ICMPV6[..])), ("icmpx", Some(&ICMPX[..]))],
        )? {
            Some(table) => table,
            None => return self.cursor.one_of("a way to reject with TCP", &[("reset", RejectWith::TcpReset)]),
        };
        // Newer versions of nft leave `type` out.
        self.cursor.eat("type");
        self.cursor.one_of("a reason", table).map(RejectWith::Icmp)
    }

    /// A token that begins no statement.
    fn stray(&self, token: &Token<'a>) -> RuleError {
        let (text, span) = (token.text, &token.span);
        if token.kind != Kind::Word {
            return match (self.last, token.text) {
                (
                    Some(
                        condition @ ("tcp dport" | "tcp sport" | "ip saddr" | "iifname" | "ip protocol"
                        | "meta l4proto" | "icmp type"),
                    ),
                    ",",
                ) => error(span, "a comma can only stand in a set", set_help(condition)),
                _ => unexpected(token, "a condition or a verdict"),
            };
        }
        if let Some(advice) = find(UNSUPPORTED, text) {
            return unsupported(span, text, advice);
        }
        if text.starts_with('-') && text.len() > 1 && !text[1..].starts_with(|c: char| c.is_ascii_digit()) {
            let help = "rules are written as for nftables: `tcp dport 21 accept`";
            return error(&self.cursor.rest_from(span.start), "this looks like a rule for iptables", help);
        }
        if let Some(condition) = self.last
            && text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        {
            let message = format!("`{condition}` takes one value, and {} is a second one", quote(text));
            return error(span, message, set_help(condition));
        }
        let message = format!("{} is not a word of the rule language", quote(text));
        let help = match closest(text, STATEMENTS) {
            Some(near) => format!("did you mean `{near}`?"),
            None if !sign_help(text).is_empty() => sign_help(text).to_owned(),
            None if words::names(&words::SERVICES).chain(["dport", "sport", "port"]).any(|word| word == text) => {
                "ports are matched with `tcp dport 21` or `tcp sport 20`".to_owned()
            }
            None if find(&STATES, text).is_some() => format!("connection states are matched with `ct state {text}`"),
            None => format!("a statement begins with {}", one_of(STATEMENTS)),
        };
        error(span, message, help)
    }
}

fn set_help(condition: &str) -> &'static str {
    match condition {
        "tcp dport" => "write a set: `tcp dport { 21, 22 }`, or a range: `tcp dport 21-22`",
        "tcp sport" => "write a set: `tcp sport { 20, 21 }`, or a range: `tcp sport 20-21`",
        "iifname" => "write a set: `{ \"a\", \"b\" }`",
        _ => "write several values as a set: `{ ..., ... }`",
    }
}

fn after_the_end(token: &Token<'_>, end: &str) -> RuleError {
    let message = format!("nothing can follow `{end}`");
    let help = match end {
        "comment" => "the comment comes last, after the verdict".to_owned(),
        _ if ["accept", "drop", "reject"].contains(&token.text) => "a rule has one verdict".to_owned(),
        _ => format!("the rule is over with its verdict: put this before `{end}`"),
    };
    error(&token.span, message, help)
}

fn unsupported(span: &Range<usize>, what: &str, advice: &str) -> RuleError {
    let help = if advice.is_empty() { "leave it out; docs/scenarios.md lists what there is" } else { advice };
    error(span, format!("`{what}` is nftables, but ftpscope does not know it (yet)"), help)
}

#[cfg(test)]
mod tests;
