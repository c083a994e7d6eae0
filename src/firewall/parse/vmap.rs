//! Verdict maps: `ct state vmap { established : accept, related : accept, invalid : drop }`.

use super::cursor::{Cursor, Step, error, unexpected};
use super::lex::Kind;
use super::words::is_reserved;
use crate::firewall::{Action, AddressSet, EndSet, PortSet, Test};
use crate::suggest::quote;
use std::net::IpAddr;
use std::ops::Range;

const EACH: &str = "give each value its own verdict: `20 : accept, 21 : accept`";

/// What follows `vmap`. `read` takes one key.
pub(super) fn elements<'a>(
    cursor: &mut Cursor<'a>,
    read: impl Fn(&mut Cursor<'a>) -> Step<Test>,
) -> Step<Vec<(Test, Action)>> {
    const COMPARISONS: [&str; 6] = ["<", "<=", ">", ">=", "==", "!="];
    const EXAMPLE: &str = "a map such as `{ 21 : accept, 22 : drop }`";
    let Some(open) = cursor.next() else { return Err(cursor.missing(EXAMPLE)) };
    if open.text != "{" || open.kind != Kind::Sign {
        return Err(unexpected(&open, EXAMPLE));
    }
    let mut found = Vec::new();
    while !cursor.eat("}") {
        let start = cursor.peek().map_or(open.span.start, |token| token.span.start);
        if let Some(token) = cursor.peek().filter(|token| token.kind == Kind::Sign) {
            if token.text == "{" {
                return Err(error(&token.span, "a key of a map is no set", EACH));
            }
            if COMPARISONS.contains(&token.text) {
                let help = "write a range, such as `1024-65535 : accept`";
                return Err(error(&token.span, "a key of a map is a value, and no comparison", help));
            }
        }
        let key = read(cursor)?;
        let span = cursor.span_from(start);
        if !cursor.eat(":") {
            return Err(match cursor.peek() {
                Some(token) if token.text == "," => error(&token.span, "a key of a map is no list", EACH),
                Some(token) => unexpected(token, "`:` and a verdict"),
                None => cursor.missing("`:` and a verdict"),
            });
        }
        found.push((span, key, verdict(cursor)?));
        let more = cursor.eat(",");
        while more && cursor.eat(",") {}
        if !more && !cursor.is("}") {
            return Err(match cursor.peek() {
                Some(token) => error(&token.span, "between the elements of a map stands a comma", ""),
                None => error(&open.span, "this map is never closed", "end it with `}`"),
            });
        }
    }
    if found.is_empty() {
        return Err(error(&cursor.span_from(open.span.start), "this map is empty: nothing would ever match", ""));
    }
    apart(&found)?;
    Ok(found.into_iter().map(|(_, key, action)| (key, action)).collect())
}

/// No value may stand in a map twice; nft only takes it if all of it is the same.
fn apart(elements: &[(Range<usize>, Test, Action)]) -> Step<()> {
    let mut extents: Vec<_> =
        elements.iter().enumerate().filter_map(|(number, (_, key, _))| Some((extent(key)?, number))).collect();
    extents.sort_unstable();
    for pair in extents.windows(2) {
        let [(before, first), (after, second)] = pair else { continue };
        let same = before == after && elements[*first].2 == elements[*second].2;
        // They are in order, so that where any overlap two neighbours do.
        if before.0 == after.0 && after.1 <= before.2 && !same {
            let (later, message) = (*first.max(second), "this key of the map overlaps with an earlier one");
            return Err(error(&elements[later].0, message, "give each value one verdict: nft refuses such a map"));
        }
    }
    Ok(())
}

/// What a key covers: a name, or the first and the last value. Keys that no value is equal to cover nothing.
fn extent(key: &Test) -> Option<(&str, u128, u128)> {
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    let one = |number: u128| Some(("", number, number));
    let ports = |PortSet(ranges): &PortSet| ranges.first().map(|(low, high)| ("", u128::from(*low), u128::from(*high)));
    let addresses = |set: &AddressSet| {
        let network = set.networks.first().map(|network| (network.network(), network.broadcast()));
        let range = network.or_else(|| set.ranges.first().copied());
        range.map(|(first, last)| ("", number(first), number(last)))
    };
    match key {
        Test::InInterface(names) | Test::OutInterface(names) => names.first().map(|name| (name.as_str(), 0, 0)),
        Test::SourcePort(set) | Test::DestinationPort(set) | Test::CtEnd { end: EndSet::Port(set), .. } => ports(set),
        Test::SourceAddress(set) | Test::DestinationAddress(set) | Test::CtEnd { end: EndSet::Address(set), .. } => {
            addresses(set)
        }
        Test::Protocol(ranges) | Test::IcmpType { types: ranges, .. } => {
            ranges.first().map(|(low, high)| ("", u128::from(*low), u128::from(*high)))
        }
        Test::CtState(states) => states.first().and_then(|state| one(*state as u128)),
        Test::TcpFlags { values, .. } => values.first().and_then(|flags| one(flags.bits().into())),
        Test::CtStatus { values, .. } => values.first().and_then(|bits| one((*bits).into())),
        Test::Family(families) => families.first().and_then(|family| one(*family as u128)),
        Test::CtDirection(directions) => directions.first().and_then(|direction| one(*direction as u128)),
        Test::CtHelper { ftp } => ftp.then(|| one(1)).flatten(),
        Test::Limit(_) | Test::Never => None,
    }
}

fn verdict(cursor: &mut Cursor<'_>) -> Step<Action> {
    #[derive(Clone, Copy)]
    enum Word {
        Accept,
        Drop,
        Continue,
        Return,
        Jump,
        Goto,
    }
    let words = [
        ("accept", Word::Accept),
        ("drop", Word::Drop),
        ("continue", Word::Continue),
        ("return", Word::Return),
        ("jump", Word::Jump),
        ("goto", Word::Goto),
    ];
    Ok(match cursor.one_of("a verdict in a map", &words)? {
        Word::Accept => Action::Accept,
        Word::Drop => Action::Drop,
        Word::Continue => Action::Continue,
        Word::Return => Action::Return,
        Word::Jump => Action::Jump(chain(cursor)?),
        Word::Goto => Action::Goto(chain(cursor)?),
    })
}

/// The name of a chain.
pub(super) fn chain(cursor: &mut Cursor<'_>) -> Step<String> {
    let token = cursor.word("the name of a chain")?;
    if is_reserved(token.text) {
        let message = format!("{} is a word of nftables, and no name of a chain", quote(token.text));
        return Err(error(&token.span, message, "write the name of a chain under `[nodes.NAME.firewall.chains]`"));
    }
    Ok(token.text.to_owned())
}
