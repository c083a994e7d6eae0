//! Statements that are no verdict: `log`, `limit`.

use super::cursor::{Cursor, Step, error, unexpected};
use super::lex::Kind;
use crate::firewall::Limit;
use crate::time::Duration;

/// What follows `log`: where the kernel would write it, and what. Nothing of it matters here but its form.
pub(super) fn log(cursor: &mut Cursor<'_>) -> Step<()> {
    const AUDIT: bool = true;
    const LEVELS: [(&str, bool); 9] = [
        ("emerg", false),
        ("alert", false),
        ("crit", false),
        ("err", false),
        ("warn", false),
        ("notice", false),
        ("info", false),
        ("debug", false),
        ("audit", AUDIT),
    ];
    // Where each kind of option stands: for the kernel's own log, for a program that listens at a group, for either.
    let (mut level, mut flags, mut group, mut prefix) = (None, None, None, None);
    let mut audit = false;
    while let Some(option) = cursor.peek().cloned() {
        let place = Some(option.span.clone());
        if cursor.eat("prefix") {
            prefix = place;
            match cursor.next() {
                Some(token) if matches!(token.kind, Kind::Quoted | Kind::Word) => {
                    if token.text.len() > 127 {
                        return Err(error(&token.span, "this prefix is too long", "it has at most 127 characters"));
                    }
                }
                Some(token) => return Err(unexpected(&token, "a text in double quotes")),
                None => return Err(cursor.missing("a text in double quotes")),
            }
        } else if cursor.eat("level") {
            level = place;
            audit = cursor.one_of("a level", &LEVELS)? == AUDIT;
        } else if cursor.eat("group") || cursor.eat("snaplen") || cursor.eat("queue-threshold") {
            group = place;
            number(cursor)?;
        } else if cursor.eat("flags") {
            flags = place;
            log_flags(cursor)?;
        } else {
            break;
        }
    }
    if let (true, Some(place)) = (audit, prefix.or_else(|| flags.clone()).or_else(|| group.clone())) {
        return Err(error(&place, "`level audit` takes nothing else", "leave this out, or write another level"));
    }
    if let (Some(_), Some(place)) = (&group, level.or(flags)) {
        let message = "`level` and `flags` are for the kernel's log, `group` and its like for a program that listens";
        return Err(error(&place, message, "leave one of them out"));
    }
    Ok(())
}

/// What follows `flags`: one kind, and of TCP and IP what of it.
fn log_flags(cursor: &mut Cursor<'_>) -> Step<()> {
    #[derive(Clone, Copy)]
    enum Kind {
        Whole,
        Tcp,
        Ip,
    }
    let kinds =
        [("all", Kind::Whole), ("tcp", Kind::Tcp), ("ip", Kind::Ip), ("skuid", Kind::Whole), ("ether", Kind::Whole)];
    match cursor.one_of("what is logged", &kinds)? {
        Kind::Whole => {}
        Kind::Ip => cursor.one_of("what is logged of IP", &[("options", ())])?,
        Kind::Tcp => loop {
            cursor.one_of("what is logged of TCP", &[("sequence", ()), ("options", ())])?;
            if !cursor.eat(",") {
                return Ok(());
            }
        },
    }
    match cursor.peek() {
        Some(comma) if comma.text == "," => {
            Err(error(&comma.span, "`flags` takes one kind", "write `flags` again: `flags skuid flags ether`"))
        }
        _ => Ok(()),
    }
}

/// What follows `limit`: `rate 10/second burst 5 packets`, `rate over 100 kbytes/second`.
pub(super) fn limit(cursor: &mut Cursor<'_>) -> Step<Limit> {
    const UNITS: [(&str, u64); 5] = [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400), ("week", 604_800)];
    cursor.one_of("what is limited", &[("rate", ())])?;
    let over = cursor.eat("over");
    if let Some(word) = cursor.peek().filter(|word| ["until", "==", "!=", "eq", "ne"].contains(&word.text)) {
        let help = "`limit rate 10/second` matches within the rate, `limit rate over 10/second` beyond it";
        return Err(error(&word.span, format!("`limit rate` knows no `{}`", word.text), help));
    }
    let rate = number(cursor)?;
    let scale = BYTES.into_iter().find(|(word, _)| cursor.eat(word)).map(|(_, bytes)| bytes);
    if !cursor.eat("/") {
        return Err(match cursor.peek() {
            Some(token) => unexpected(token, "a time, as in `10/second`"),
            None => cursor.missing("a time, as in `10/second`"),
        });
    }
    let seconds = cursor.one_of("a time", &UNITS)?;
    let mut burst = if scale.is_some() { 0 } else { 5 };
    if cursor.eat("burst") {
        burst = number(cursor)?;
        burst = if scale.is_some() {
            burst.saturating_mul(cursor.one_of("the unit of a burst where the rate counts bytes", &BYTES)?)
        } else {
            cursor.one_of("the unit of a burst where the rate counts packets", &[("packets", burst)])?
        };
    }
    Ok(Limit {
        rate: rate.saturating_mul(scale.unwrap_or(1)),
        per: Duration::from_secs(seconds),
        burst,
        bytes: scale.is_some(),
        over,
    })
}

/// How many bytes that is.
const BYTES: [(&str, u64); 3] = [("bytes", 1), ("kbytes", 1 << 10), ("mbytes", 1 << 20)];

fn number(cursor: &mut Cursor<'_>) -> Step<u64> {
    const MOST: u64 = 4_294_967_295;
    let token = cursor.word("a number")?;
    let number = token.text.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| error(&token.span, format!("`{}` is not a number", token.text), format!("from 1 to {MOST}")))
}
