//! What a condition compares with: operators, sets, ports, addresses, flags.

use super::cursor::{Cursor, Step, error, lookup, unexpected};
use super::lex::{Kind, Token};
use super::words::{FLAGS, SERVICES, find, names};
use crate::firewall::{AddressSet, Family, PortSet, Test};
use crate::packet::Flags;
use crate::suggest::{closest, quote};
use ipnet::IpNet;
use std::net::IpAddr;

/// `==`, `!=` or nothing; true for `!=`.
pub(super) fn negation(cursor: &mut Cursor<'_>) -> bool {
    if cursor.eat("!=") || cursor.eat("ne") {
        return true;
    }
    let _ = cursor.eat("==") || cursor.eat("eq");
    false
}

/// A bare word, or a quoted text where `quoted` allows it.
fn element<'a>(cursor: &mut Cursor<'a>, expected: &str, quoted: bool) -> Step<Token<'a>> {
    match cursor.next() {
        Some(token) if token.kind == Kind::Word || (quoted && token.kind == Kind::Quoted) => Ok(token),
        Some(token) => Err(unexpected(&token, expected)),
        None => Err(cursor.missing(expected)),
    }
}

/// One element, or `{ a, b, ... }`.
fn elements<'a>(cursor: &mut Cursor<'a>, expected: &str, quoted: bool) -> Step<Vec<Token<'a>>> {
    let element = |cursor: &mut Cursor<'a>| element(cursor, expected, quoted);
    let Some(open) = cursor.peek().cloned().filter(|token| token.kind == Kind::Sign && token.text == "{") else {
        return Ok(vec![element(cursor)?]);
    };
    cursor.next();
    let mut found = Vec::new();
    loop {
        if cursor.eat("}") {
            break;
        }
        if cursor.peek().is_some() {
            found.push(element(cursor)?);
        }
        if cursor.eat("}") {
            break;
        }
        match cursor.peek().cloned() {
            Some(token) if token.text == "," && token.kind == Kind::Sign => {
                cursor.next();
            }
            Some(token) => {
                cursor.next();
                return Err(error(&token.span, "between the elements of a set stands a comma", "write `{ 21, 22 }`"));
            }
            None => return Err(error(&open.span, "this set is never closed", "end it with `}`")),
        }
    }
    if found.is_empty() {
        return Err(error(&cursor.span_from(open.span.start), "this set is empty: nothing would ever match", ""));
    }
    Ok(found)
}

const INTERFACE: &str = "the name of an interface, such as `\"lan\"`";
const PORT: &str = "a port, such as `21`, `1024-65535` or `{ 20, 21 }`";
const ADDRESS: &str = "an address, such as `192.168.1.10` or `10.0.0.0/8`";

/// `"lan"`, `{ "lan", wan }`.
pub(super) fn interfaces(cursor: &mut Cursor<'_>) -> Step<Vec<String>> {
    elements(cursor, INTERFACE, true)?.iter().map(interface_name).collect()
}

/// `"lan"`
pub(super) fn interface(cursor: &mut Cursor<'_>) -> Step<Vec<String>> {
    Ok(vec![interface_name(&element(cursor, INTERFACE, true)?)?])
}

fn interface_name(token: &Token<'_>) -> Step<String> {
    if token.text.contains('*') {
        let help = "write the names as a set: `{ \"a\", \"b\" }`";
        return Err(error(&token.span, "ftpscope does not know wildcards in interface names (yet)", help));
    }
    Ok(token.text.to_owned())
}

/// `21`, `ftp`, `1024-65535`.
pub(super) fn one_port_range(cursor: &mut Cursor<'_>) -> Step<PortSet> {
    Ok(PortSet(vec![port_range(&element(cursor, "a port, such as `21` or `1024-65535`", false)?)?]))
}

/// `21`, `ftp`, `1024-65535`, `{ 20, ftp, 50000-50010 }`.
pub(super) fn ports(cursor: &mut Cursor<'_>) -> Step<PortSet> {
    if let Some(compared) = comparison(cursor) {
        let token = cursor.word("a port, such as `1024`")?;
        let port = port(&token, token.text)?;
        let range = match compared {
            Comparison::Below => port.checked_sub(1).map(|high| (0, high)),
            Comparison::UpTo => Some((0, port)),
            Comparison::Above => port.checked_add(1).map(|low| (low, u16::MAX)),
            Comparison::From => Some((port, u16::MAX)),
        };
        let range = range.ok_or_else(|| error(&token.span, "there is no such port: this would never match", ""))?;
        return Ok(PortSet(vec![range]));
    }
    let tokens = elements(cursor, PORT, false)?;
    tokens.iter().map(port_range).collect::<Step<_>>().map(PortSet)
}

#[derive(Clone, Copy)]
enum Comparison {
    Below,
    UpTo,
    Above,
    From,
}

fn comparison(cursor: &mut Cursor<'_>) -> Option<Comparison> {
    let words = [
        ("<", Comparison::Below),
        ("<=", Comparison::UpTo),
        (">", Comparison::Above),
        (">=", Comparison::From),
        ("lt", Comparison::Below),
        ("le", Comparison::UpTo),
        ("gt", Comparison::Above),
        ("ge", Comparison::From),
    ];
    words.into_iter().find(|(word, _)| cursor.eat(word)).map(|(_, comparison)| comparison)
}

fn port_range(token: &Token<'_>) -> Step<(u16, u16)> {
    if let Some(port) = find(&SERVICES, token.text) {
        return Ok((port, port));
    }
    let Some((low, high)) = split_range(token.text, |part| is_number(part) || find(&SERVICES, part).is_some()) else {
        return port(token, token.text).map(|port| (port, port));
    };
    let (low, high) = (port(token, low)?, port(token, high)?);
    if low > high {
        let help = format!("write `{high}-{low}`");
        return Err(error(&token.span, "this range ends before it begins", help));
    }
    Ok((low, high))
}

fn port(token: &Token<'_>, text: &str) -> Step<u16> {
    if let Some(port) = find(&SERVICES, text) {
        return Ok(port);
    }
    if is_number(text) {
        return text
            .parse()
            .map_err(|_| error(&token.span, format!("there is no port {}", quote(text)), "the highest port is 65535"));
    }
    let near = closest(text, names(&SERVICES)).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let help = format!("{near}write a number, or one of: {}", names(&SERVICES).collect::<Vec<_>>().join(", "));
    Err(error(&token.span, format!("{} is not a port", quote(text)), help))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Splits at the hyphen that has known words on both sides, else on its left: names may contain hyphens themselves.
fn split_range(text: &str, known: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    let splits = || text.match_indices('-').map(|(at, _)| (&text[..at], &text[at + 1..]));
    splits().find(|(low, high)| known(low) && known(high)).or_else(|| splits().find(|(low, _)| known(low)))
}

/// `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, `{ 10.0.0.1, 10.1.0.0/16 }`.
pub(super) fn addresses(cursor: &mut Cursor<'_>, family: Family) -> Step<AddressSet> {
    address_set(elements(cursor, ADDRESS, false)?, family)
}

/// `10.0.0.0/8`, `10.0.0.1-10.0.0.9`.
pub(super) fn one_address_range(cursor: &mut Cursor<'_>, family: Family) -> Step<AddressSet> {
    address_set(vec![element(cursor, ADDRESS, false)?], family)
}

fn address_set(tokens: Vec<Token<'_>>, family: Family) -> Step<AddressSet> {
    let mut set = AddressSet { family, networks: Vec::new(), ranges: Vec::new() };
    for token in tokens {
        if let Some((first, last)) = token.text.split_once('-') {
            let (first, last) = (address(&token, first, family)?, address(&token, last, family)?);
            if first > last {
                let help = format!("write `{last}-{first}`");
                return Err(error(&token.span, "this range ends before it begins", help));
            }
            set.ranges.push((first, last));
        } else if let Some((base, prefix)) = token.text.split_once('/') {
            let base = address(&token, base, family)?;
            let network = prefix.parse().ok().and_then(|prefix| IpNet::new(base, prefix).ok()).ok_or_else(|| {
                let longest = if base.is_ipv4() { 32 } else { 128 };
                error(
                    &token.span,
                    format!("there is no prefix length {}", quote(prefix)),
                    format!("it is at most {longest}"),
                )
            })?;
            set.networks.push(network.trunc());
        } else {
            set.networks.push(address(&token, token.text, family)?.into());
        }
    }
    Ok(set)
}

fn address(token: &Token<'_>, text: &str, family: Family) -> Step<IpAddr> {
    let (word, other) = match family {
        Family::V4 => ("IPv4", "ip6"),
        Family::V6 => ("IPv6", "ip"),
    };
    let address: IpAddr = text.parse().map_err(|_| {
        let help = match (family, text.starts_with('@'), text.parse::<u32>().is_ok()) {
            (_, true, _) => "ftpscope does not know named sets (yet): write `{ ..., ... }`",
            (Family::V4, ..) => "write `192.168.1.10`, `192.168.1.0/24` or `192.168.1.10-192.168.1.20`",
            (Family::V6, ..) => "write `2001:db8::10` or `2001:db8::/64`",
        };
        error(&token.span, format!("{} is not an {word} address", quote(text)), help)
    })?;
    if address.is_ipv4() != (family == Family::V4) {
        let help = format!("write `{other} saddr` or `{other} daddr`");
        return Err(error(&token.span, format!("{} is not an {word} address", quote(text)), help));
    }
    Ok(address)
}

/// What follows `tcp flags`, with nftables' reading of each form: a bare list asks whether any of the flags is set,
/// `==` and `!=` compare all of them, a mask picks those that are compared.
pub(super) fn tcp_flags(cursor: &mut Cursor<'_>) -> Step<(Test, bool)> {
    let all = Flags::from_bits(u8::MAX);
    if cursor.eat("&") {
        let mask = flags(cursor)?;
        let negated = match cursor.next() {
            Some(sign) if sign.text == "==" => false,
            Some(sign) if sign.text == "!=" => true,
            Some(sign) => return Err(unexpected(&sign, "`==` or `!=`, as in `tcp flags & (syn|ack) == syn`")),
            None => return Err(cursor.missing("`==` or `!=`, as in `tcp flags & (syn|ack) == syn`")),
        };
        return Ok((Test::TcpFlags { mask, value: flags(cursor)? }, negated));
    }
    let exact = cursor.is("==") || cursor.is("!=");
    let negated = negation(cursor);
    let value = flags(cursor)?;
    if cursor.eat("/") {
        return Ok((Test::TcpFlags { mask: flags(cursor)?, value }, negated));
    }
    if exact {
        return Ok((Test::TcpFlags { mask: all, value }, negated));
    }
    // Any of several: not none of them.
    let single = value.bits().is_power_of_two();
    let test = Test::TcpFlags { mask: value, value: if single { value } else { Flags::default() } };
    Ok((test, !single))
}

/// `syn`, `syn,ack`, `syn|ack`, `(syn|ack)`, `{ syn, ack }` or `0x0`.
fn flags(cursor: &mut Cursor<'_>) -> Step<Flags> {
    if cursor.eat("0x0") || cursor.eat("0") {
        return Ok(Flags::default());
    }
    let close = [("(", ")"), ("{", "}")].into_iter().find(|(open, _)| cursor.eat(open)).map(|(_, close)| close);
    let mut found = Flags::default();
    loop {
        found = found.with(cursor.one_of("a TCP flag", &FLAGS)?);
        if !(cursor.eat("|") || cursor.eat(",")) {
            break;
        }
    }
    match close {
        Some(close) if !cursor.eat(close) => match cursor.next() {
            Some(token) => Err(unexpected(&token, &format!("`{close}`"))),
            None => Err(cursor.missing(&format!("`{close}`"))),
        },
        _ => Ok(found),
    }
}

/// `a` or `{ a, b }` of the words in `table`.
pub(super) fn set<T: Copy>(cursor: &mut Cursor<'_>, what: &str, table: &[(&str, T)]) -> Step<Vec<T>> {
    let expected = format!("{what}: {}", crate::suggest::one_of(names(table)));
    elements(cursor, &expected, false)?.iter().map(|token| lookup(token, what, table)).collect()
}

/// `a,b` or `{ a, b }` of the words in `table`, which stand for bits.
pub(super) fn list<T: Copy>(cursor: &mut Cursor<'_>, what: &str, table: &[(&str, T)]) -> Step<Vec<T>> {
    if cursor.is("{") {
        return set(cursor, what, table);
    }
    let mut found = vec![cursor.one_of(what, table)?];
    while cursor.eat(",") {
        found.push(cursor.one_of(what, table)?);
    }
    Ok(found)
}
