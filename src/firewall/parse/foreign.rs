//! What is not a rule, or uses what ftpscope does not have, told by its looks before the rule is read: one error for one
//! cause, however many words would not fit afterwards.

use super::RuleError;
use super::cursor::{error, unsupported};
use super::lex::{Kind, Token};
use super::words::UNSUPPORTED;
use crate::message::{Message, Phrase, say};
use crate::suggest::quote;

/// Looks at the whole of `text`, whose tokens are `tokens`.
pub(super) fn find(text: &str, tokens: &[Token<'_>]) -> Option<RuleError> {
    let first = tokens.first()?;
    let all = first.span.start..tokens.last().map_or(first.span.end, |token| token.span.end);
    if is_iptables(text.trim()) {
        let help = say!(
            "rules are written as for nftables, such as `tcp dport 21 accept`; `iptables-translate` turns one rule \
            into that, `iptables-restore-translate -f FILE` a whole file"
        );
        return Some(error(&all, say!("this looks like a rule for iptables"), help));
    }
    if let Some((message, help)) = around(first, tokens) {
        return Some(error(&all, message, help));
    }
    // What stands behind such a word belongs to it.
    let beginning = super::words::find(UNSUPPORTED, first.text).filter(|_| first.kind == Kind::Word);
    beginning.map(|advice| unsupported(&first.span, first.text, advice)).or_else(|| inside(tokens))
}

fn is_iptables(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let option = |word: &str| {
        word.strip_prefix("--")
            .or_else(|| word.strip_prefix('-'))
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    };
    let mut policy = || words.next().is_some_and(|word| ["ACCEPT", "DROP", "-"].contains(&word));
    option(first)
        || first == "COMMIT"
        || first.contains("iptables")
        || first.strip_prefix('*').is_some_and(|table| ["filter", "nat", "mangle", "raw", "security"].contains(&table))
        || (first.starts_with(':') && policy())
}

/// What stands around rules in a file for nft.
fn around(first: &Token<'_>, tokens: &[Token<'_>]) -> Option<(Message, Phrase)> {
    const EACH: Phrase =
        say!("write each rule as a string of its own, in the list of its hook: `[nodes.NAME.firewall.forward]`");
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| token.kind == Kind::Word && token.text == text);
    if first.kind == Kind::Sign && ["{", "}"].contains(&first.text) {
        return Some((say!("{} belongs around rules, and not into one", quote(first.text)), EACH));
    }
    if first.kind != Kind::Word {
        return None;
    }
    match first.text {
        "define" | "redefine" | "undefine" => Some((
            say!("`define` is nftables, but ftpscope does not know variables (yet)").into(),
            say!("write the value itself wherever a rule uses the variable"),
        )),
        "set" | "map" if tokens.len() > 1 => Some((
            say!("`{}` with a name is nftables, but ftpscope does not know it (yet)", first.text),
            say!("write the values into the rules that use it: `tcp dport { 20, 21 }`"),
        )),
        "add" | "insert" | "create" | "replace" if is(1, "rule") => Some((
            say!("this is a command for nft around a rule").into(),
            say!("write the rule alone, without `add rule` and the names of table and chain"),
        )),
        "nft" | "table" | "flush" | "include" | "delete" | "list" | "insert" | "create" | "destroy" | "flowtable" => {
            Some((say!("{} is a command for nft, and not a rule", quote(first.text)), EACH))
        }
        "add" if is(1, "table") || is(1, "chain") => {
            Some((say!("`add` is a command for nft, and not a rule").into(), EACH))
        }
        "chain" => Some((
            say!("`chain` belongs around rules, and not into one").into(),
            say!("chains with names are `[nodes.NAME.firewall.chains.CHAIN]`, each rule a string in its `rules`"),
        )),
        "type" if tokens.iter().any(|token| token.text == "hook") => Some((
            say!("`type` says where a chain stands, and is no rule").into(),
            say!(
                "the hook is the name of the list: `[nodes.NAME.firewall.forward]`, with `policy = \"drop\"` beside `rules`"
            ),
        )),
        "policy" => {
            Some((say!("the policy of a chain is no rule").into(), say!("write `policy = \"drop\"` beside `rules`")))
        }
        "elements" | "typeof" | "timeout" | "size" => {
            Some((say!("{} belongs to a named set, which ftpscope does not know (yet)", quote(first.text)), EACH))
        }
        _ => None,
    }
}

/// The first word or sign of a rule that ftpscope has nothing for, whatever stands around it.
fn inside(tokens: &[Token<'_>]) -> Option<RuleError> {
    tokens.iter().enumerate().find_map(|(at, token)| {
        let next = tokens.get(at + 1);
        let named = || {
            let end =
                next.filter(|next| next.span.start == token.span.end).map_or(token.span.end, |next| next.span.end);
            (token.span.start..end, next.map_or("", |next| next.text))
        };
        match (token.kind, token.text) {
            (Kind::Sign, "$") => {
                let (span, name) = named();
                let message =
                    say!("`${}` is a variable of nftables (`define`), which ftpscope does not know (yet)", name);
                Some(error(&span, message, say!("write the value itself")))
            }
            (Kind::Sign, "@") => {
                let (span, name) = named();
                if ["ll", "nh", "th", "ih"].contains(&name) && tokens.get(at + 2).is_some_and(|comma| comma.text == ",")
                {
                    return Some(unsupported(&span, &format!("@{name}"), Phrase::NONE));
                }
                let message = say!("`@{}` is a named set of nftables, which ftpscope does not know (yet)", name);
                Some(error(&span, message, say!("write its values here: `{ ..., ... }`")))
            }
            (Kind::Sign, ".") => {
                let message = say!("`.` joins two fields in nftables, which ftpscope does not know (yet)");
                Some(error(&token.span, message, say!("write a rule for each pair: `ip saddr 10.0.0.1 tcp dport 21`")))
            }
            (Kind::Word, word @ ("map" | "numgen" | "jhash" | "symhash" | "meter" | "fib")) if !is_name(tokens, at) => {
                let advice = match word {
                    "map" => say!("write a rule for each value of the map"),
                    "meter" | "fib" => Phrase::NONE,
                    _ => say!("ftpscope does not spread connections over several targets: write one"),
                };
                Some(unsupported(&token.span, word, advice))
            }
            _ => None,
        }
    })
}

/// Whether a word is the text of something: it may be any.
fn is_name(tokens: &[Token<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.get(before)).map_or("", |token| token.text);
    ["comment", "prefix", "jump", "goto"].contains(&before)
}
