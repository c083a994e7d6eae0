//! Statements that are no verdict: `log`, `limit`.

use super::cursor::{Cursor, Step, error, unexpected};
use super::lex::Kind;
use super::values::negation;
use crate::firewall::Limit;
use crate::time::Duration;

/// What follows `log`: where the kernel would write it, and what. Nothing of it matters here but its form.
pub(super) fn log(cursor: &mut Cursor<'_>) -> Step<()> {
    const LEVELS: [(&str, ()); 9] = [
        ("emerg", ()),
        ("alert", ()),
        ("crit", ()),
        ("err", ()),
        ("warn", ()),
        ("notice", ()),
        ("info", ()),
        ("debug", ()),
        ("audit", ()),
    ];
    loop {
        if cursor.eat("prefix") {
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
            cursor.one_of("a level", &LEVELS)?;
        } else if cursor.eat("group") || cursor.eat("snaplen") || cursor.eat("queue-threshold") {
            number(cursor)?;
        } else if cursor.eat("flags") {
            loop {
                cursor.one_of(
                    "what is logged",
                    &[
                        ("all", ()),
                        ("tcp", ()),
                        ("ip", ()),
                        ("skuid", ()),
                        ("ether", ()),
                        ("sequence", ()),
                        ("options", ()),
                    ],
                )?;
                let goes_on = cursor.eat(",") || cursor.is("sequence") || cursor.is("options");
                if !goes_on {
                    break;
                }
            }
        } else {
            return Ok(());
        }
    }
}

/// What follows `limit`: `rate 10/second burst 5 packets`, `rate over 100 kbytes/second`.
pub(super) fn limit(cursor: &mut Cursor<'_>) -> Step<Limit> {
    const UNITS: [(&str, u64); 5] = [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400), ("week", 604_800)];
    cursor.one_of("what is limited", &[("rate", ())])?;
    let over = cursor.eat("over") || negation(cursor);
    if cursor.eat("until") && over {
        return Err(cursor.missing("either `over` or `until`"));
    }
    let rate = number(cursor)?;
    let scale = bytes(cursor);
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
        match bytes(cursor) {
            Some(scale) => burst = burst.saturating_mul(scale),
            None => {
                let _ = cursor.eat("packets");
            }
        }
    }
    Ok(Limit {
        rate: rate.saturating_mul(scale.unwrap_or(1)),
        per: Duration::from_secs(seconds),
        burst,
        bytes: scale.is_some(),
        over,
    })
}

/// `bytes`, `kbytes`, `mbytes`: how many bytes that is.
fn bytes(cursor: &mut Cursor<'_>) -> Option<u64> {
    [("bytes", 1), ("kbytes", 1 << 10), ("mbytes", 1 << 20)]
        .into_iter()
        .find(|(word, _)| cursor.eat(word))
        .map(|it| it.1)
}

fn number(cursor: &mut Cursor<'_>) -> Step<u64> {
    const MOST: u64 = 4_294_967_295;
    let token = cursor.word("a number")?;
    let number = token.text.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| error(&token.span, format!("`{}` is not a number", token.text), format!("from 1 to {MOST}")))
}
