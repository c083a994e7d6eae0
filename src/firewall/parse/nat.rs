//! `snat to 198.51.100.1`, `dnat ip to 10.0.0.10:2121`, `masquerade random`, `redirect to :2121`.

use super::cursor::{Cursor, Step, error, unexpected};
use super::lex::{Kind, Token};
use crate::firewall::NatTarget;
use crate::suggest::quote;
use std::net::IpAddr;

/// What follows the statement `token`.
pub(super) fn target(cursor: &mut Cursor<'_>, token: &Token<'_>) -> Step<NatTarget> {
    // `dnat ip to`: the family is plain from the address.
    let _ = cursor.eat("ip") || cursor.eat("ip6");
    match token.text {
        "masquerade" | "redirect" => {
            let ports = if cursor.eat("to") { Some(ports_only(cursor)?) } else { None };
            let random = flags(cursor);
            Ok(match token.text {
                "masquerade" => NatTarget::Masquerade { ports, random },
                _ => NatTarget::Redirect { ports, random },
            })
        }
        _ => {
            if !cursor.eat("to") {
                return Err(match cursor.peek() {
                    Some(next) => unexpected(next, "`to`, as in `dnat to 10.0.0.10`"),
                    None => cursor.missing("`to` and an address"),
                });
            }
            let (address, ports) = endpoint(cursor)?;
            let random = flags(cursor);
            Ok(match token.text {
                "snat" => NatTarget::Source { address, ports, random },
                _ => NatTarget::Destination { address, ports, random },
            })
        }
    }
}

/// `random`, `fully-random`, `persistent`, in any order and with commas.
fn flags(cursor: &mut Cursor<'_>) -> bool {
    let mut random = false;
    loop {
        if cursor.eat("random") || cursor.eat("fully-random") {
            random = true;
        } else if !cursor.eat("persistent") && !cursor.eat(",") {
            return random;
        }
    }
}

/// All that stands up to the next blank: `10.0.0.10:2121` may be several tokens.
fn joined<'a>(cursor: &mut Cursor<'a>, expected: &str) -> Step<(String, Token<'a>)> {
    let Some(first) = cursor.next() else { return Err(cursor.missing(expected)) };
    let mut text = first.text.to_owned();
    let mut token = first;
    while let Some(next) = cursor.peek().filter(|next| next.span.start == token.span.end && next.kind != Kind::Quoted) {
        text.push_str(next.text);
        token.span.end = next.span.end;
        cursor.next();
    }
    Ok((text, token))
}

fn ports_only(cursor: &mut Cursor<'_>) -> Step<(u16, u16)> {
    let expected = "a port, as in `to :2121`";
    let (text, token) = joined(cursor, expected)?;
    let ports = text.strip_prefix(':').and_then(range);
    ports.ok_or_else(|| {
        error(&token.span, format!("{} is not a port", quote(&text)), "write `to :2121` or `to :40000-40009`")
    })
}

fn endpoint(cursor: &mut Cursor<'_>) -> Step<(IpAddr, Option<(u16, u16)>)> {
    let (text, token) = joined(cursor, "an address, as in `to 10.0.0.10`")?;
    if let Ok(address) = text.parse() {
        return Ok((address, None));
    }
    let split = text.rsplit_once(':').and_then(|(address, ports)| {
        let address = address.trim_start_matches('[').trim_end_matches(']');
        Some((address.parse().ok()?, Some(range(ports)?)))
    });
    let help = "write an address, with a port if it changes: `10.0.0.10`, `10.0.0.10:2121`, `[2001:db8::10]:2121`";
    split.ok_or_else(|| error(&token.span, format!("{} is not an address", quote(&text)), help))
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high) = (low.parse().ok()?, high.parse().ok()?);
    (0 < low && low <= high).then_some((low, high))
}
