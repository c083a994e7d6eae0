//! Verdict maps: `ct state vmap { established : accept, related : accept, invalid : drop }`.

use super::cursor::{Cursor, Step, error, unexpected};
use super::lex::Kind;
use super::words::is_reserved;
use crate::firewall::{Action, EndSet, Test};
use crate::message::{Phrase, say};
use crate::suggest::quote;
use std::net::IpAddr;
use std::ops::Range;

const EACH: Phrase = say!("give each value its own verdict: `20 : accept, 21 : accept`");

/// What follows `vmap`. `read` takes one key, and gives the numbers that it is, if it is numbers.
pub(super) fn elements<'a>(
    cursor: &mut Cursor<'a>,
    read: impl Fn(&mut Cursor<'a>) -> Step<(Test, Option<(u16, u16)>)>,
) -> Step<Vec<(Test, Action)>> {
    const COMPARISONS: [&str; 6] = ["<", "<=", ">", ">=", "==", "!="];
    const EXAMPLE: Phrase = say!("a map such as `{ 21 : accept, 22 : drop }`");
    let Some(open) = cursor.next() else { return Err(cursor.missing(EXAMPLE)) };
    if open.text != "{" || open.kind != Kind::Sign {
        return Err(unexpected(&open, EXAMPLE));
    }
    let mut found = Vec::new();
    while !cursor.eat("}") {
        let start = cursor.peek().map_or(open.span.start, |token| token.span.start);
        if let Some(token) = cursor.peek().filter(|token| token.kind == Kind::Sign) {
            if token.text == "{" {
                return Err(error(&token.span, say!("a key of a map is no set"), EACH));
            }
            if COMPARISONS.contains(&token.text) {
                let help = say!("write a range, such as `1024-65535 : accept`");
                return Err(error(&token.span, say!("a key of a map is a value, and no comparison"), help));
            }
        }
        let (key, numbers) = read(cursor)?;
        let span = cursor.span_from(start);
        if !cursor.eat(":") {
            return Err(match cursor.peek() {
                Some(token) if token.text == "," => error(&token.span, say!("a key of a map is no list"), EACH),
                Some(token) => unexpected(token, say!("`:` and a verdict")),
                None => cursor.missing(say!("`:` and a verdict")),
            });
        }
        found.push((span, (key, numbers), verdict(cursor)?));
        let more = cursor.eat(",");
        while more && cursor.eat(",") {}
        if !more && !cursor.is("}") {
            return Err(match cursor.peek() {
                Some(token) => error(&token.span, say!("between the elements of a map stands a comma"), Phrase::NONE),
                None => error(&open.span, say!("this map is never closed"), say!("end it with `}`")),
            });
        }
    }
    if found.is_empty() {
        return Err(error(
            &cursor.span_from(open.span.start),
            say!("this map is empty: nothing would ever match"),
            Phrase::NONE,
        ));
    }
    apart(&found)?;
    Ok(found.into_iter().map(|(_, (key, _), action)| (key, action)).collect())
}

/// A key, and the numbers that it is.
type Key = (Test, Option<(u16, u16)>);

/// No value may stand in a map twice; nft only takes it if all of it is the same.
fn apart(elements: &[(Range<usize>, Key, Action)]) -> Step<()> {
    let mut extents: Vec<_> =
        elements.iter().enumerate().filter_map(|(number, (_, key, _))| Some((extent(key)?, number))).collect();
    extents.sort_unstable();
    for pair in extents.windows(2) {
        let [(before, first), (after, second)] = pair else { continue };
        let same = before == after && elements[*first].2 == elements[*second].2;
        // They are in order, so that where any overlap two neighbours do.
        if before.0 == after.0 && after.1 <= before.2 && !same {
            let (later, message) = (*first.max(second), say!("this key of the map overlaps with an earlier one"));
            return Err(error(
                &elements[later].0,
                message,
                say!("give each value one verdict: nft refuses such a map"),
            ));
        }
    }
    Ok(())
}

/// What a key covers: a name, or the first and the last value. Keys that no value is equal to cover nothing.
fn extent((key, numbers): &Key) -> Option<(&str, u128, u128)> {
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    if let Some((low, high)) = numbers {
        return Some(("", u128::from(*low), u128::from(*high)));
    }
    let one = |number: u128| Some(("", number, number));
    match key {
        Test::InInterface(names) | Test::OutInterface(names) => names.first().map(|name| (name.as_str(), 0, 0)),
        Test::SourceAddress(set) | Test::DestinationAddress(set) | Test::CtEnd { end: EndSet::Address(set), .. } => {
            let network = set.networks.first().map(|network| (network.network(), network.broadcast()));
            let range = network.or_else(|| set.ranges.first().copied());
            range.map(|(first, last)| ("", number(first), number(last)))
        }
        Test::CtState(states) => states.first().and_then(|state| one(*state as u128)),
        Test::TcpFlags { values, .. } => values.first().and_then(|flags| one(flags.bits().into())),
        Test::CtStatus { values, .. } => values.first().and_then(|bits| one((*bits).into())),
        Test::CtHelper { ftp } => ftp.then(|| one(1)).flatten(),
        _ => None,
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
    Ok(match cursor.one_of(say!("a verdict in a map"), &words)? {
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
    let token = cursor.word(say!("the name of a chain"))?;
    if is_reserved(token.text) {
        let message = say!("{} is a word of nftables, and no name of a chain", quote(token.text));
        return Err(error(
            &token.span,
            message,
            say!("write the name of a chain under `[nodes.NAME.firewall.chains]`"),
        ));
    }
    Ok(token.text.to_owned())
}
