//! Statements that are no condition and no NAT: `log`, `limit`, `counter`, `reject`.

use super::context::Context;
use super::cursor::{Cursor, Step, error, lookup, unexpected, unsupported};
use super::lex::{Kind, Token, c_number};
use super::words::{ICMP, ICMPV6, ICMPX, is_reserved};
use crate::firewall::{Family, Limit, RejectWith, Test};
use crate::message::{Phrase, say};
use crate::packet::Unreachable;
use crate::suggest::quote;
use crate::time::Duration;
use std::ops::Range;

/// The most bytes of a log's prefix (`NF_LOG_PREFIXLEN`, which counts a zero byte at the end).
const LONGEST_PREFIX: usize = 127;
/// The most bytes of a comment (`NFTNL_UDATA_COMMENT_MAXLEN`).
const LONGEST_COMMENT: usize = 128;

/// A text that nft hands on: in quotes, or one word that it does not read otherwise.
fn text<'a>(cursor: &mut Cursor<'a>, what: Phrase, longest: usize) -> Step<Token<'a>> {
    let token = match cursor.next() {
        Some(token) if token.kind == Kind::Quoted => token,
        Some(token) if token.kind == Kind::Word && !token.text.starts_with(|c: char| c.is_ascii_digit()) => {
            if is_reserved(token.text) {
                let message = say!("{} is a word of nftables", quote(token.text));
                return Err(error(&token.span, message, say!("write {} in quotes: `\"{}\"`", what, token.text)));
            }
            token
        }
        Some(token) => return Err(unexpected(&token, say!("a text in double quotes"))),
        None => return Err(cursor.missing(say!("a text in double quotes"))),
    };
    if let Some(control) = token.text.chars().find(|c| matches!(c, '\0' | '\n')) {
        let code = format!("U+{:04X}", u32::from(control));
        let message = say!("ftpscope does not know this character in a text: {}", code);
        return Err(error(&token.span, message, say!("write letters, digits and signs")));
    }
    if token.text.len() > longest {
        let message = say!("{} has {} bytes", what, token.text.len());
        return Err(error(&token.span, message, say!("nftables takes at most {}", longest)));
    }
    Ok(token)
}

/// What follows `comment`.
pub(super) fn comment<'a>(cursor: &mut Cursor<'a>) -> Step<&'a str> {
    text(cursor, say!("the comment"), LONGEST_COMMENT).map(|token| token.text)
}

/// What follows `log`: where the kernel would write it, and what. Nothing of it matters here but its form.
pub(super) fn log(cursor: &mut Cursor<'_>) -> Step<()> {
    const OPTIONS: [&str; 6] = ["prefix", "level", "group", "snaplen", "queue-threshold", "flags"];
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
    // nft 1.0.6 does not know these two words behind the flags of TCP.
    let mut behind_tcp = false;
    while let Some(option) = cursor.peek().cloned() {
        let place = Some(option.span.clone());
        if behind_tcp && (cursor.is("prefix") || cursor.is("level")) {
            let message = say!("behind `flags tcp` nft does not know {}", quote(option.text));
            return Err(error(&option.span, message, say!("write it first: `log prefix \"x\" flags tcp options`")));
        }
        behind_tcp = false;
        if cursor.eat("prefix") {
            prefix = place;
            let token = text(cursor, say!("the prefix"), LONGEST_PREFIX)?;
            if token.kind == Kind::Word && OPTIONS.contains(&token.text) {
                return Err(unexpected(&token, say!("a text in double quotes")));
            }
            if token.text.contains('$') {
                let message = say!(
                    "in a prefix `$` begins the name of a variable (`define`), which ftpscope does not know (yet)"
                );
                return Err(error(&token.span, message, say!("write the text itself, without `$`")));
            }
        } else if cursor.eat("level") {
            level = place;
            audit = match cursor.next() {
                Some(token) if matches!(token.kind, Kind::Word | Kind::Quoted) => {
                    lookup(&token, say!("a level"), &LEVELS)? == AUDIT
                }
                Some(token) => return Err(unexpected(&token, say!("a level, such as `info`"))),
                None => return Err(cursor.missing(say!("a level, such as `info`"))),
            };
        } else if cursor.eat("group") || cursor.eat("snaplen") || cursor.eat("queue-threshold") {
            group = place;
            cursor.number(u64::MAX)?;
        } else if cursor.eat("flags") {
            flags = place;
            behind_tcp = log_flags(cursor)?;
        } else {
            break;
        }
    }
    if let (true, Some(place)) = (audit, prefix.or_else(|| flags.clone()).or_else(|| group.clone())) {
        return Err(error(
            &place,
            say!("`level audit` takes nothing else"),
            say!("write another level, or `level audit` alone"),
        ));
    }
    if let (Some(_), Some(place)) = (&group, level.or(flags)) {
        let message =
            say!("`level` and `flags` are for the kernel's log, `group` and its like for a program that listens");
        return Err(error(&place, message, say!("write `log` twice, or one of them")));
    }
    Ok(())
}

/// What follows `flags`: one kind, and of TCP and IP what of it. Gives whether it is TCP.
fn log_flags(cursor: &mut Cursor<'_>) -> Step<bool> {
    #[derive(Clone, Copy)]
    enum Kind {
        Whole,
        Tcp,
        Ip,
    }
    let kinds =
        [("all", Kind::Whole), ("tcp", Kind::Tcp), ("ip", Kind::Ip), ("skuid", Kind::Whole), ("ether", Kind::Whole)];
    match cursor.one_of(say!("what is logged"), &kinds)? {
        Kind::Whole => {}
        Kind::Ip => cursor.one_of(say!("what is logged of IP"), &[("options", ())])?,
        Kind::Tcp => loop {
            cursor.one_of(say!("what is logged of TCP"), &[("sequence", ()), ("options", ())])?;
            if !cursor.eat(",") {
                return Ok(true);
            }
        },
    }
    match cursor.peek() {
        Some(comma) if comma.text == "," => Err(error(
            &comma.span,
            say!("`flags` takes one kind"),
            say!("write `flags` again: `flags skuid flags ether`"),
        )),
        _ => Ok(false),
    }
}

/// What follows `limit`: `rate 10/second burst 5 packets`, `rate over 100 kbytes/second`.
pub(super) fn limit(cursor: &mut Cursor<'_>) -> Step<Limit> {
    const UNITS: [(&str, u64); 5] = [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400), ("week", 604_800)];
    if cursor.is("name") {
        let span = cursor.start()..cursor.start() + 4;
        return Err(cursor.unsupported(span, "limit name", say!("write the limit itself: `limit rate 10/second`")));
    }
    cursor.one_of(say!("what is limited"), &[("rate", ())])?;
    let over = cursor.eat("over");
    if let Some(word) = cursor.peek().filter(|word| ["until", "==", "!=", "eq", "ne"].contains(&word.text)) {
        let help = say!("`limit rate 10/second` matches within the rate, `limit rate over 10/second` beyond it");
        return Err(error(&word.span, say!("`limit rate` knows no `{}`", word.text), help));
    }
    let start = cursor.start();
    let rate = cursor.number(u64::MAX)?;
    // nft reads `kbytes/second` as one word; with blanks only plain `bytes` is understood.
    let (scale, unit) = if cursor.eat("/") {
        (None, cursor.word(say!("a time, as in `10/second`"))?)
    } else {
        let word = cursor.word(say!("`/` and a time, as in `10/second`"))?;
        match word.text.split_once('/') {
            Some((scale, unit)) => {
                let at = word.span.start + scale.len();
                let scale = Token { text: scale, span: word.span.start..at, ..word.clone() };
                let unit = Token { text: unit, span: at + 1..word.span.end, ..word };
                (Some(lookup(&scale, say!("what a rate counts"), &BYTES)?), unit)
            }
            None if word.text == "bytes" && cursor.eat("/") => {
                (Some(1), cursor.word(say!("a time, as in `10 bytes/second`"))?)
            }
            None => {
                let help = say!("write it in one word: `10 kbytes/second`");
                return Err(error(&word.span, say!("nft wants no blank here"), help));
            }
        }
    };
    let seconds = lookup(&unit, say!("a time"), &UNITS)?;
    let mut burst = if scale.is_some() { 0 } else { 5 };
    if cursor.eat("burst") {
        let start = cursor.start();
        burst = cursor.number(u64::MAX)?;
        if scale.is_some() {
            burst =
                burst.saturating_mul(cursor.one_of(say!("the unit of a burst where the rate counts bytes"), &BYTES)?);
        } else {
            cursor.one_of(say!("the unit of a burst where the rate counts packets"), &[("packets", ())])?;
            if burst == 0 {
                return Err(error(&cursor.span_from(start), say!("a burst of packets is at least 1"), Phrase::NONE));
            }
        }
    }
    let limit = Limit {
        rate: rate.saturating_mul(scale.unwrap_or(1)),
        per: Duration::from_secs(seconds),
        burst: burst & 0xffff_ffff,
        bytes: scale.is_some(),
        over,
    };
    match fits(&limit) {
        Ok(()) => Ok(limit),
        Err(why) => Err(error(&cursor.span_from(start), why, say!("write a rate such as `10/second`"))),
    }
}

/// Whether the kernel takes it (`nft_limit_init`).
fn fits(limit: &Limit) -> Result<(), Phrase> {
    if limit.rate == 0 {
        return Err(say!("a rate is at least 1"));
    }
    let window = limit.per.as_nanos();
    let sum = limit.rate.checked_add(limit.burst);
    let tokens = sum.and_then(|sum| {
        if limit.bytes { window.checked_mul(sum) } else { (window / limit.rate).checked_mul(limit.burst.max(1)) }
    });
    tokens.map(|_| ()).ok_or(say!("this is more than the kernel can count"))
}

/// How many bytes that is.
const BYTES: [(&str, u64); 3] = [("bytes", 1), ("kbytes", 1 << 10), ("mbytes", 1 << 20)];

/// What follows `counter`: it may carry the numbers that `nft list ruleset` prints; counting starts at zero here all the
/// same.
pub(super) fn counter(cursor: &mut Cursor<'_>) -> Step<()> {
    if cursor.is("name") {
        let span = cursor.start()..cursor.start() + 4;
        return Err(cursor.unsupported(
            span,
            "counter name",
            say!("write `counter` alone: every rule has one of its own"),
        ));
    }
    while cursor.eat("packets") || cursor.eat("bytes") {
        cursor.number(u64::MAX)?;
    }
    Ok(())
}

/// What follows `reject`, whose span is `span`; and the condition that nft puts before the rule for it.
pub(super) fn reject(
    cursor: &mut Cursor<'_>,
    context: &Context,
    span: &Range<usize>,
) -> Step<(RejectWith, Option<Test>)> {
    if !cursor.eat("with") {
        return Ok((RejectWith::Icmp(Unreachable::Port), None));
    }
    let table: (&[_], _) =
        match cursor.one_of(say!("a way to reject"), &[("tcp", 0), ("icmp", 1), ("icmpv6", 2), ("icmpx", 3)])? {
            0 => {
                cursor.one_of(say!("a way to reject with TCP"), &[("reset", ())])?;
                let known = context.resets(&cursor.span_from(span.start))?;
                return Ok((RejectWith::TcpReset, (!known).then(|| Test::Protocol(vec![(6, 6)]))));
            }
            1 => (&ICMP, Some(Family::V4)),
            2 => (&ICMPV6, Some(Family::V6)),
            _ => (&ICMPX, None),
        };
    // Newer versions of nft leave `type` out.
    cursor.eat("type");
    let reason = match cursor.next() {
        Some(token) if token.kind == Kind::Number => {
            let number = c_number(token.text);
            let known = table.0.iter().find(|(_, code, _)| Some(u64::from(*code)) == number);
            known.map(|(_, _, reason)| *reason).ok_or_else(|| {
                unsupported(
                    &token.span,
                    &format!("the code {}", token.text),
                    say!("write a name, such as `port-unreachable`"),
                )
            })?
        }
        Some(token) if token.kind == Kind::Word => {
            let names: Vec<_> = table.0.iter().map(|(name, _, reason)| (*name, *reason)).collect();
            lookup(&token, say!("a reason"), &names)?
        }
        Some(token) => return Err(unexpected(&token, say!("a reason, such as `port-unreachable`"))),
        None => return Err(cursor.missing(say!("a reason, such as `port-unreachable`"))),
    };
    let Some(family) = table.1 else { return Ok((RejectWith::Icmp(reason), None)) };
    context.fits(family, &cursor.span_from(span.start))?;
    let condition = context.family().is_none().then(|| Test::Family(vec![family]));
    Ok((RejectWith::Icmp(reason), condition))
}
