//! Verdict maps: `ct state vmap { established : accept, related : accept, invalid : drop }`.

use super::cursor::{Cursor, Step, error, unexpected};
use super::lex::Kind;
use crate::firewall::{Action, PortSet, Test};
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
        // The lexer takes a colon for a part of the word before it.
        cursor.split_colon();
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
        if !cursor.eat(",") && !cursor.is("}") {
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
    let mut extents: Vec<_> = elements.iter().enumerate().map(|(number, (_, key, _))| (extent(key), number)).collect();
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

/// What a key covers: a name, or the first and the last value.
fn extent(key: &Test) -> (&str, u128, u128) {
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    match key {
        Test::InInterface(names) | Test::OutInterface(names) => (names.first().map_or("", String::as_str), 0, 0),
        Test::SourcePort(PortSet(ranges)) | Test::DestinationPort(PortSet(ranges)) => {
            ranges.first().map_or(("", 0, 0), |(low, high)| ("", u128::from(*low), u128::from(*high)))
        }
        Test::SourceAddress(set) | Test::DestinationAddress(set) => {
            let network = set.networks.first().map(|network| (network.network(), network.broadcast()));
            let range = network.or_else(|| set.ranges.first().copied());
            range.map_or(("", 0, 0), |(first, last)| ("", number(first), number(last)))
        }
        Test::Protocol(protocols) => protocols.first().map_or(("", 0, 0), |one| ("", *one as u128, *one as u128)),
        Test::CtState(states) => states.first().map_or(("", 0, 0), |one| ("", *one as u128, *one as u128)),
        // Nothing else is looked up in a map.
        _ => ("", 0, 0),
    }
}

fn verdict(cursor: &mut Cursor<'_>) -> Step<Action> {
    #[derive(Clone, Copy)]
    enum Word {
        Accept,
        Drop,
        Return,
        Jump,
        Goto,
    }
    let words = [
        ("accept", Word::Accept),
        ("drop", Word::Drop),
        ("return", Word::Return),
        ("jump", Word::Jump),
        ("goto", Word::Goto),
    ];
    Ok(match cursor.one_of("a verdict in a map", &words)? {
        Word::Accept => Action::Accept,
        Word::Drop => Action::Drop,
        Word::Return => Action::Return,
        Word::Jump => Action::Jump(cursor.word("the name of a chain")?.text.to_owned()),
        Word::Goto => Action::Goto(cursor.word("the name of a chain")?.text.to_owned()),
    })
}
