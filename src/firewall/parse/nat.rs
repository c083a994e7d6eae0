//! `snat to 198.51.100.1`, `dnat ip to 10.0.0.10:2121`, `masquerade random`, `redirect to :2121`.

use super::context::Context;
use super::cursor::{Cursor, Step, error, unexpected};
use super::lex::{Kind, Token};
use super::values::{PORTS, address};
use crate::firewall::{Family, NatTarget};
use crate::message::{Phrase, say};
use crate::suggest::quote;
use std::net::IpAddr;

const ADDRESS: Phrase = say!("an address, as in `to 10.0.0.10`");

/// What follows the statement `token`.
pub(super) fn target(cursor: &mut Cursor<'_>, token: &Token<'_>, context: &Context) -> Step<NatTarget> {
    match token.text {
        "masquerade" | "redirect" => {
            let mut ports = None;
            if cursor.eat("to") {
                // nft takes a port without its colon behind `redirect to` only.
                if !cursor.eat(":") && token.text == "masquerade" {
                    return Err(match cursor.peek() {
                        Some(next) => unexpected(next, say!("a colon and a port, as in `to :2121`")),
                        None => cursor.missing(say!("a colon and a port, as in `to :2121`")),
                    });
                }
                ports = Some(port_range(cursor, context)?);
            }
            let random = if is_flag(cursor) { flags(cursor)? } else { false };
            if let Some(next) = cursor.peek().filter(|_| is_flag(cursor)) {
                return Err(error(&next.span, say!("between flags stands a comma"), say!("write `random,persistent`")));
            }
            Ok(match token.text {
                "masquerade" => NatTarget::Masquerade { ports, random },
                _ => NatTarget::Redirect { ports, random },
            })
        }
        _ => {
            let family = [("ip", Family::V4), ("ip6", Family::V6)].into_iter().find(|(word, _)| cursor.eat(word));
            let family = family.map(|(_, family)| family);
            if !cursor.eat("to") && family.is_some() {
                return Err(match cursor.peek() {
                    Some(next) => unexpected(next, say!("`to`, as in `dnat ip to 10.0.0.10`")),
                    None => cursor.missing(say!("`to` and an address")),
                });
            }
            // nft takes the family of an address only.
            let address =
                if cursor.is(":") && family.is_none() { None } else { Some(target_address(cursor, family, context)?) };
            let ports = if cursor.eat(":") { Some(port_range(cursor, context)?) } else { None };
            let mut random = false;
            // Of several lists of flags nft keeps the last.
            while is_flag(cursor) {
                random = flags(cursor)?;
            }
            Ok(match token.text {
                "snat" => NatTarget::Source { address, ports, random },
                _ => NatTarget::Destination { address, ports, random },
            })
        }
    }
}

fn is_flag(cursor: &Cursor<'_>) -> bool {
    ["random", "fully-random", "persistent"].into_iter().any(|flag| cursor.is(flag))
}

/// `random`, `fully-random`, `persistent`, with commas between them.
fn flags(cursor: &mut Cursor<'_>) -> Step<bool> {
    let mut random = false;
    loop {
        random |=
            cursor.one_of(say!("a flag of NAT"), &[("random", true), ("fully-random", true), ("persistent", false)])?;
        if !cursor.eat(",") {
            return Ok(random);
        }
    }
}

/// The address of a target. `family` is what the statement says, the context what the conditions say; where neither does
/// the address tells it.
fn target_address(cursor: &mut Cursor<'_>, family: Option<Family>, context: &Context) -> Step<IpAddr> {
    let Some(token) = cursor.next() else { return Err(cursor.missing(ADDRESS)) };
    if matches!(token.kind, Kind::Sign | Kind::Unclosed) {
        let help =
            say!("write an address, with a port if it changes: `10.0.0.10`, `10.0.0.10:2121`, `[2001:db8::10]:2121`");
        let message = say!("{} cannot stand here; expected {}", quote(token.text), ADDRESS);
        return Err(match token.kind {
            Kind::Sign => error(&token.span, message, help),
            _ => unexpected(&token, ADDRESS),
        });
    }
    let own = match token.text.parse() {
        Ok(IpAddr::V4(_)) => Family::V4,
        Ok(IpAddr::V6(_)) => Family::V6,
        Err(_) => {
            let help = say!(
                "write an address, with a port if it changes: `10.0.0.10`, `10.0.0.10:2121`, `[2001:db8::10]:2121`"
            );
            return Err(error(&token.span, say!("{} is not an address", quote(token.text)), help));
        }
    };
    if own == Family::V4 && token.span.len() > token.text.len() && token.kind == Kind::Address {
        return Err(error(&token.span, say!("brackets are for IPv6 addresses"), Phrase::NONE));
    }
    let address = address(&token, family.or(context.family()).unwrap_or(own))?;
    context.fits(own, &token.span)?;
    let several = |sign: &&Token<'_>| ["-", "/"].contains(&sign.text) && sign.kind == Kind::Sign;
    if let Some(sign) = cursor.peek().filter(several).cloned() {
        cursor.skip_all();
        let message = say!("ftpscope does not know several addresses for one target (yet)");
        return Err(error(&(token.span.start..sign.span.end), message, say!("write one address")));
    }
    Ok(address)
}

/// `2121`, `40000-40009`, `ftp`.
fn port_range(cursor: &mut Cursor<'_>, context: &Context) -> Step<(u16, u16)> {
    const EXPECTED: Phrase = say!("a port, as in `to :2121` or `to :40000-40009`");
    let start = cursor.start();
    let mut port = || match cursor.next() {
        Some(token) if matches!(token.kind, Kind::Sign | Kind::Unclosed) => Err(unexpected(&token, EXPECTED)),
        Some(token) => PORTS.number(&token),
        None => Err(cursor.missing(EXPECTED)),
    };
    let low = port()?;
    let high = if cursor.eat("-") {
        match cursor.next() {
            Some(token) if matches!(token.kind, Kind::Sign | Kind::Unclosed) => {
                return Err(unexpected(&token, EXPECTED));
            }
            Some(token) => PORTS.number(&token)?,
            None => return Err(cursor.missing(EXPECTED)),
        }
    } else {
        low
    };
    let span = cursor.span_from(start);
    if low > high {
        return Err(error(&span, say!("this range ends before it begins"), say!("write `{}-{}`", high, low)));
    }
    if !context.says_protocol() {
        let help = say!("say it before, with `meta l4proto tcp` or a condition such as `tcp dport 21`");
        return Err(error(&span, say!("nft asks here: a port of which protocol?"), help));
    }
    Ok((low, high))
}
