//! What operands mean: numbers and addresses as ranges, flags as bits.

use super::cursor::{Cursor, Step, error, names_help};
use super::lex::{Kind, Token, c_number};
use super::operand::{Form, Item, Operand, Operator, Value};
use super::words::{SERVICES, find, names};
use crate::firewall::{AddressSet, Family};
use crate::message::{Message, Phrase, say};
use crate::suggest::quote;
use ipnet::IpNet;
use std::net::IpAddr;

/// Numbers with names: what they are, what they are called, how large they can be.
pub(super) struct Scalar<'t> {
    /// `a protocol`
    pub(super) what: Phrase,
    /// How several are written.
    pub(super) set: Phrase,
    pub(super) names: &'t [(&'t str, u16)],
    pub(super) most: u16,
    /// Whether names may be written in capitals.
    pub(super) any_case: bool,
    /// Whether numbers in text are decimal whatever they begin with.
    pub(super) decimal: bool,
}

impl Scalar<'_> {
    pub(super) fn expected(&self) -> Message {
        match self.names {
            // All of these would be too many.
            _ if self.names.len() > 8 => say!("{}, by name or number", self.what),
            names => say!("{}: {}", self.what, crate::suggest::one_of(names.iter().map(|(name, _)| *name))),
        }
    }

    /// The number that `token` means.
    pub(super) fn number(&self, token: &Token<'_>) -> Step<u16> {
        let text = token.text;
        let named =
            self.names.iter().find(|(name, _)| *name == text || (self.any_case && name.eq_ignore_ascii_case(text)));
        if let Some((_, number)) = named {
            return Ok(*number);
        }
        let number = match token.kind {
            Kind::Number => c_number(text),
            // Ports in text are decimal, `08` too: nft leaves them to the resolver of services.
            Kind::Word | Kind::Quoted
                if self.decimal && !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit()) =>
            {
                text.parse().ok().or(Some(u64::MAX))
            }
            Kind::Quoted => c_number(text),
            _ => None,
        };
        match number {
            Some(number) if number <= u64::from(self.most) => Ok(number as u16),
            Some(_) => {
                let message = say!("{} is too large for {}", quote(text), self.what);
                Err(error(&token.span, message, say!("the highest is {}", self.most)))
            }
            None => Err(self.unknown(token)),
        }
    }

    fn unknown(&self, token: &Token<'_>) -> super::RuleError {
        let text = token.text;
        // `ftp-data-ftp` is one word to nft, and no range.
        let range = text.match_indices('-').find_map(|(at, _)| {
            let number = |name: &str| find(self.names, name).or_else(|| name.parse().ok());
            Some((number(&text[..at])?, number(&text[at + 1..])?))
        });
        if let Some((low, high)) = range {
            let message = say!("{} is one word to nft, and not a range", quote(text));
            return error(&token.span, message, say!("write the range with numbers: `{}-{}`", low, high));
        }
        let help = names_help(text, self.what, self.names.iter().map(|(name, _)| *name));
        error(&token.span, say!("{} is not {}", quote(text), self.what), help)
    }

    /// Every number that fits, as ranges, and whether it was asked for the others.
    pub(super) fn ranges(
        &self,
        cursor: &mut Cursor<'_>,
        operator: Operator,
        operand: &Operand<'_>,
    ) -> Step<(Vec<(u16, u16)>, bool)> {
        let one = |item: &Item<'_>, cursor: &mut Cursor<'_>| match item {
            Item::Value(value) => {
                single(cursor, value).and_then(|token| self.number(token)).map(|number| (number, number))
            }
            Item::Range(first, last) => {
                let (low, high) = (self.number(first)?, self.number(last)?);
                if low > high {
                    let help = say!("write `{}-{}`", last.text, first.text);
                    return Err(error(&item.span(), say!("this range ends before it begins"), help));
                }
                Ok((low, high))
            }
            Item::Prefix(_, length) => {
                Err(error(&length.span, say!("{} has no prefix", self.what), say!("write {}", self.set)))
            }
        };
        if operator.orders() {
            let (number, _) = one(compared(operand)?, cursor)?;
            let range = match operator {
                Operator::Below => number.checked_sub(1).map(|high| (0, high)),
                Operator::UpTo => Some((0, number)),
                Operator::Above => number.checked_add(1).map(|low| (low, u16::MAX)),
                _ => Some((number, u16::MAX)),
            };
            return Ok((range.into_iter().collect(), false));
        }
        let negated = negated(operator, operand)?;
        let ranges = match &operand.form {
            Form::One(item) => vec![one(item, cursor)?],
            Form::Set(items) => items.iter().map(|item| one(item, cursor)).collect::<Step<_>>()?,
            Form::List(_, comma) => {
                return Err(error(comma, say!("a comma can only stand in a set"), say!("write {}", self.set)));
            }
            Form::Masked(..) => return Err(no_mask(operand, self.set)),
        };
        Ok((ranges, negated))
    }
}

/// The only value of an operand that is compared by size.
fn compared<'a, 'b>(operand: &'b Operand<'a>) -> Step<&'b Item<'a>> {
    match &operand.form {
        Form::One(item @ Item::Value(_)) => Ok(item),
        Form::Set(items) if matches!(items[..], [Item::Value(_)]) => Ok(&items[0]),
        _ => Err(error(
            &operand.span,
            say!("`<` and `>` compare with one value"),
            say!("write a range or a set without them"),
        )),
    }
}

/// Whether the operator, which compares for being the same, is `!=`.
fn negated(operator: Operator, operand: &Operand<'_>) -> Step<bool> {
    match operator {
        Operator::Not => {
            Err(error(&operand.span, say!("`!` alone asks for flags that are not set"), say!("write `!=`")))
        }
        _ => Ok(operator == Operator::Unequal),
    }
}

/// Values that are no flags cannot be joined with `|`.
fn single<'a, 'b>(cursor: &mut Cursor<'_>, value: &'b Value<'a>) -> Step<&'b Token<'a>> {
    if let [only] = &value[..] {
        return Ok(only);
    }
    let span = value.first().map_or(0, |token| token.span.start)..value.last().map_or(0, |token| token.span.end);
    let advice = say!("several values are written as a set: `{ 20, 21 }`; `|` is for flags");
    Err(cursor.unsupported(span, "|", advice))
}

/// The values of a condition that takes one or a set; `set` is an example of a set.
fn one_or_set<'a, 's>(operand: &'a Operand<'s>, set: Phrase) -> Step<&'a [Item<'s>]> {
    match &operand.form {
        Form::One(item) => Ok(std::slice::from_ref(item)),
        Form::Set(items) => Ok(items),
        Form::List(_, comma) => Err(error(comma, say!("a comma can only stand in a set"), say!("write {}", set))),
        Form::Masked(..) => Err(no_mask(operand, set)),
    }
}

fn no_mask(operand: &Operand<'_>, set: Phrase) -> super::RuleError {
    error(&operand.span, say!("a list behind `/` is for flags"), say!("write {}", set))
}

/// `21`, `ftp`, `1024-65535`, `{ 20, ftp, 50000-50010 }`.
pub(super) const PORTS: Scalar<'_> = Scalar {
    what: say!("a port"),
    set: say!("a set: `{ 21, 22 }`, or a range: `21-22`"),
    names: &SERVICES,
    most: u16::MAX,
    any_case: false,
    decimal: true,
};

/// Addresses of a family that fit, and whether it was asked for the others.
pub(super) fn addresses(
    cursor: &mut Cursor<'_>,
    operator: Operator,
    operand: &Operand<'_>,
    family: Family,
) -> Step<(AddressSet, bool)> {
    const SET: Phrase = say!("a set: `{ 10.0.0.1, 10.1.0.0/16 }`");
    let mut set = AddressSet { family, networks: Vec::new(), ranges: Vec::new() };
    if operator.orders() {
        let Item::Value(value) = compared(operand)? else { return Ok((set, false)) };
        let number = number_of(address(single(cursor, value)?, family)?);
        let most = if family == Family::V4 { u128::from(u32::MAX) } else { u128::MAX };
        let range = match operator {
            Operator::Below => number.checked_sub(1).map(|high| (0, high)),
            Operator::UpTo => Some((0, number)),
            Operator::Above => (number < most).then(|| (number + 1, most)),
            _ => Some((number, most)),
        };
        set.ranges.extend(range.map(|(low, high)| (address_of(low, family), address_of(high, family))));
        return Ok((set, false));
    }
    let negated = negated(operator, operand)?;
    let items = one_or_set(operand, SET)?;
    for item in items {
        match item {
            Item::Value(value) => set.networks.push(address(single(cursor, value)?, family)?.into()),
            Item::Range(first, last) => {
                let (first, last) = (address(first, family)?, address(last, family)?);
                if first > last {
                    let help = say!("write `{}-{}`", last, first);
                    return Err(error(&item.span(), say!("this range ends before it begins"), help));
                }
                set.ranges.push((first, last));
            }
            Item::Prefix(base, length) => {
                let base = address(base, family)?;
                let prefix = c_number(length.text).and_then(|prefix| u8::try_from(prefix).ok());
                let network = prefix.and_then(|prefix| IpNet::new(base, prefix).ok()).ok_or_else(|| {
                    let longest = if base.is_ipv4() { 32_u8 } else { 128 };
                    let message = say!("there is no prefix length {}", quote(length.text));
                    error(&item.span(), message, say!("it is at most {}", longest))
                })?;
                set.networks.push(network.trunc());
            }
        }
    }
    Ok((set, negated))
}

fn number_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn address_of(number: u128, family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
        Family::V6 => IpAddr::V6(number.into()),
    }
}

/// The address of `family` that `token` is.
pub(super) fn address(token: &Token<'_>, family: Family) -> Step<IpAddr> {
    let (word, other) = match family {
        Family::V4 => ("IPv4", "ip6"),
        Family::V6 => ("IPv6", "ip"),
    };
    let text = token.text;
    let address: IpAddr = text.parse().map_err(|_| {
        let help = match family {
            Family::V4 => say!("write `192.168.1.10`, `192.168.1.0/24` or `192.168.1.10-192.168.1.20`"),
            Family::V6 => say!("write `2001:db8::10` or `2001:db8::/64`"),
        };
        let message = match token.kind {
            Kind::Number => {
                say!("{} is one number: ftpscope does not know addresses written like that", quote(text))
            }
            Kind::Word | Kind::Quoted if text.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                say!("{} is not an {} address, and ftpscope does not know names of hosts", quote(text), word)
            }
            Kind::Address
                if text.contains('.')
                    && !text.contains(':')
                    && text.split('.').any(|part| part.len() > 1 && part.starts_with('0')) =>
            {
                say!("{} has a zero before a digit: ftpscope does not know octal numbers in addresses", quote(text))
            }
            _ => say!("{} is not an {} address", quote(text), word),
        };
        error(&token.span, message, help)
    })?;
    if address.is_ipv4() != (family == Family::V4) {
        let help =
            say!("a rule about {} is another rule, with `{}`", if address.is_ipv4() { "IPv4" } else { "IPv6" }, other);
        return Err(error(&token.span, say!("{} is not an {} address", quote(text), word), help));
    }
    Ok(address)
}

/// Flags that are looked at: whether those of `mask` are one of `values`, or (`negated`) none of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    pub(super) mask: u32,
    pub(super) values: Vec<u32>,
    pub(super) negated: bool,
}

/// Names of bits.
pub(super) struct Flags<'t> {
    /// `a TCP flag`
    pub(super) what: Phrase,
    /// `tcp flags`
    pub(super) condition: &'static str,
    pub(super) names: &'t [(&'t str, u32)],
    /// All bits that a number may have.
    pub(super) all: u32,
}

impl Flags<'_> {
    pub(super) fn expected(&self) -> Message {
        say!("{}: {}", self.what, crate::suggest::one_of(names(self.names)))
    }

    /// The bits of `a | b`.
    pub(super) fn of(&self, value: &Value<'_>) -> Step<u32> {
        value.iter().try_fold(0, |bits, token| Ok(bits | self.bit(token)?))
    }

    fn bit(&self, token: &Token<'_>) -> Step<u32> {
        if let Some(bit) = find(self.names, token.text) {
            return Ok(bit);
        }
        if matches!(token.kind, Kind::Number | Kind::Quoted)
            && let Some(number) = c_number(token.text)
        {
            let number = u32::try_from(number).ok().filter(|number| number & !self.all == 0);
            let message =
                || error(&token.span, say!("{} is too large for {}", quote(token.text), self.what), Phrase::NONE);
            return number.ok_or_else(message);
        }
        let help = names_help(token.text, self.what, names(self.names));
        Err(error(&token.span, say!("{} is not {}", quote(token.text), self.what), help))
    }

    /// What `operator` and `operand` ask for, of the bits in `looked_at` where a mask stands before them.
    ///
    /// A bare list asks whether any of the flags is set, `==` and `!=` compare all of them, a mask picks those that are
    /// compared, and a set compares with each of its elements.
    pub(super) fn bits(
        &self,
        cursor: &mut Cursor<'_>,
        operator: Operator,
        operand: &Operand<'_>,
        looked_at: Option<u32>,
    ) -> Step<Bits> {
        let mask = looked_at.unwrap_or(u32::MAX);
        let all = |values: &[Value<'_>]| values.iter().try_fold(0, |bits, value| Ok(bits | self.of(value)?));
        let negated = operator == Operator::Unequal;
        if operator == Operator::Not && looked_at.is_some() {
            return Err(error(
                &operand.span,
                say!("`!` takes no mask"),
                say!("write `!=`, or `tcp flags ! syn` without `&`"),
            ));
        }
        if operator.orders() {
            return Err(cursor.unsupported(operand.span.clone(), "<", say!("flags are compared with `==` and `!=`")));
        }
        let asked = match &operand.form {
            Form::One(Item::Value(value)) => self.of(value)?,
            Form::List(values, _) => all(values)?,
            Form::Masked(values, masks) => {
                if operator == Operator::Not {
                    return Err(error(&operand.span, say!("`!` takes no mask"), say!("write `!=`")));
                }
                return Ok(Bits { mask: mask & all(masks)?, values: vec![all(values)?], negated });
            }
            Form::Set(items) if operator != Operator::Not => {
                let value = |item: &Item<'_>| match item {
                    Item::Value(value) => self.of(value),
                    _ => Err(self.no_range(item.span())),
                };
                let values = items.iter().map(value).collect::<Step<_>>()?;
                return Ok(Bits { mask, values, negated });
            }
            Form::Set(_) => return Err(error(&operand.span, say!("`!` takes no set"), say!("write `!=`"))),
            Form::One(item) => return Err(self.no_range(item.span())),
        };
        Ok(match operator {
            // Behind a mask nothing is like `==`.
            Operator::Implicit if looked_at.is_some() => Bits { mask, values: vec![asked], negated: false },
            Operator::Implicit if asked.is_power_of_two() => Bits { mask: asked, values: vec![asked], negated: false },
            // Any of several: not none of them.
            Operator::Implicit => Bits { mask: asked, values: vec![0], negated: true },
            Operator::Not => Bits { mask: asked, values: vec![0], negated: false },
            _ => Bits { mask, values: vec![asked], negated },
        })
    }

    fn no_range(&self, span: std::ops::Range<usize>) -> super::RuleError {
        let help = say!("write the flags with commas (any of them): `{} ...,...`", self.condition);
        error(&span, say!("ftpscope does not know ranges and prefixes of flags"), help)
    }
}

/// The names of interfaces that `operand` lists, and whether it was asked for the others.
pub(super) fn interfaces(
    cursor: &mut Cursor<'_>,
    operator: Operator,
    operand: &Operand<'_>,
) -> Step<(Vec<String>, bool)> {
    const SET: Phrase = say!("a set: `{ \"a\", \"b\" }`");
    if operator.orders() {
        return Err(cursor.unsupported(
            operand.span.clone(),
            "<",
            say!("names are listed in a set: `{ \"a\", \"b\" }`"),
        ));
    }
    let negated = negated(operator, operand)?;
    let items = one_or_set(operand, SET)?;
    let mut names = Vec::new();
    for item in items {
        let Item::Value(value) = item else {
            return Err(error(&item.span(), say!("names of interfaces have no ranges"), say!("write {}", SET)));
        };
        let token = single(cursor, value)?;
        let text = token.text;
        if text.contains('*') {
            let help = say!("write the names as a set: `{ \"a\", \"b\" }`");
            return Err(error(&token.span, say!("ftpscope does not know wildcards in interface names (yet)"), help));
        }
        let usable = ["ip", "ip6", "snat", "dnat", "ether", "vlan", "arp", "ecn", "reset"].contains(&text);
        if token.kind == Kind::Word && !usable && super::words::is_reserved(text) {
            let message = say!("{} is a word of nftables", quote(text));
            return Err(error(&token.span, message, say!("write the name in quotes: `\"{}\"`", text)));
        }
        if token.kind == Kind::Number {
            let help = say!("write its name; one that begins with a digit stands in quotes");
            return Err(error(&token.span, say!("ftpscope does not know interfaces by number"), help));
        }
        if !matches!(token.kind, Kind::Word | Kind::Quoted) || text.len() > 15 || text.is_empty() {
            let help = say!("it has at most 15 characters");
            return Err(error(&token.span, say!("{} is not the name of an interface", quote(text)), help));
        }
        names.push(text.to_owned());
    }
    Ok((names, negated))
}

/// Whether the helper that `operand` lists is `ftp`, and whether it was asked for the others.
pub(super) fn helpers(cursor: &mut Cursor<'_>, operator: Operator, operand: &Operand<'_>) -> Step<(bool, bool)> {
    let negated = negated(operator, operand)?;
    let items = match &operand.form {
        Form::One(item) if !operator.orders() => std::slice::from_ref(item),
        Form::Set(items) if !operator.orders() => items,
        _ => return Err(cursor.unsupported(operand.span.clone(), "ct helper", Phrase::NONE)),
    };
    let mut ftp = false;
    for item in items {
        let Item::Value(value) = item else {
            return Err(error(&item.span(), say!("names of helpers have no ranges"), Phrase::NONE));
        };
        let token = single(cursor, value)?;
        if !matches!(token.kind, Kind::Word | Kind::Quoted) {
            let message = say!("{} is no name: ftpscope does not know other helpers", quote(token.text));
            return Err(error(&token.span, message, say!("write `ct helper \"ftp\"`")));
        }
        ftp |= token.text == "ftp";
    }
    Ok((ftp, negated))
}
