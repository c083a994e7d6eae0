//! From the text of an nftables rule to a [`Rule`].
//!
//! The subset is a real one: whatever is accepted here means the same to `nft`. Parsing is total; a rule with several
//! mistakes gives several errors, each at its own words: after a mistake it goes on at the next statement.
//!
//! | file | subject |
//! |---|---|
//! | `lex` | text to tokens |
//! | `cursor` | a position among tokens, and errors |
//! | `foreign` | what is not a rule, or not here, told by its looks |
//! | `context` | which family and protocol the rule is about |
//! | `operand` | operators and values, by their shape |
//! | `values` | what values mean |
//! | `subject` | what conditions look at |
//! | `conditions` | conditions |
//! | `vmap` | verdict maps |
//! | `statements` | `log`, `limit`, `counter`, `comment`, `reject` |
//! | `nat` | `snat`, `dnat`, `masquerade`, `redirect` |
//! | `words` | the words of the language |

mod conditions;
mod context;
mod cursor;
mod foreign;
mod lex;
mod nat;
mod operand;
mod statements;
mod subject;
mod values;
mod vmap;
mod words;

use super::{Action, Family, Match, Policy, Rule, Test};
use crate::message::{Message, Phrase, say};
use crate::suggest::{closest, one_of, quote};
use context::Context;
use cursor::{Cursor, Step, error, sign_help, unexpected};
use lex::{Kind, Token};
use std::ops::Range;
use subject::Subject;
use thiserror::Error;
pub(crate) use words::is_reserved;
use words::{STATEMENTS, STATES, UNSUPPORTED, find};

/// Why a rule is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct RuleError {
    /// The words at fault, in bytes of the rule's text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: Message,
    /// What to write instead.
    pub help: Option<Message>,
}

/// Parses one rule: conditions, `counter`, `log`, `limit`, a verdict, `comment "..."`, in nftables' syntax.
///
/// Errors are in the order of the text, and there is at least one.
pub fn parse_rule(text: &str) -> Result<Rule, Vec<RuleError>> {
    let mut parser = Parser {
        cursor: Cursor::new(text),
        context: Context::default(),
        rule: Rule {
            matches: Vec::new(),
            counter: false,
            action: None,
            sets_helper: false,
            notrack: false,
            log: false,
            unreached: false,
            comment: None,
        },
        last: None,
        ended: None,
        said: false,
        before_map: None,
    };
    if parser.cursor.peek().is_none() {
        let help = say!("write a rule such as `tcp dport 21 accept`");
        return Err(vec![error(&(0..text.len()), say!("this rule is empty"), help)]);
    }
    if let Some(mistake) = foreign::find(text, parser.cursor.all()) {
        return Err(vec![mistake]);
    }
    let mut errors = Vec::new();
    while let Some(token) = parser.cursor.next() {
        if let Err(mistake) = parser.statement(&token) {
            parser.cursor.recover(mistake.span.end);
            errors.push(mistake);
        }
    }
    if errors.is_empty() && !parser.said {
        errors.push(error(&(0..text.len()), say!("a comment alone is no rule"), say!("write a rule before it")));
    }
    if let Some(rule) = parser.before_map {
        // A map decides, or its rule does not match: no packet reaches what stands behind it.
        let comment = parser.rule.comment.take();
        parser.rule = Rule { comment, ..rule };
    }
    if errors.is_empty() { Ok(parser.rule) } else { Err(errors) }
}

/// Parses a chain's policy: `accept` or `drop`.
pub fn parse_policy(text: &str) -> Result<Policy, RuleError> {
    match text {
        "accept" => Ok(Policy::Accept),
        "drop" => Ok(Policy::Drop),
        _ => {
            let help = match closest(text, ["accept", "drop"]) {
                Some(near) => say!("did you mean `{}`?", near),
                None if text == "reject" => say!("write `drop`, and a last rule `reject`").into(),
                None => say!("write `accept` or `drop`").into(),
            };
            Err(error(&(0..text.len()), say!("{} is not a policy", quote(text)), help))
        }
    }
}

/// Where `word` stands in the rule, bare or quoted.
pub(crate) fn word_span(rule: &str, word: &str) -> Option<Range<usize>> {
    lex::tokens(rule).into_iter().find(|token| token.text == word && token.kind != Kind::Sign).map(|token| token.span)
}

/// The rule in one line, without comments of the kind `# ...` and signs at its end that mean nothing.
pub(crate) fn plain_text(rule: &str) -> String {
    let cursor = Cursor::new(rule);
    let mut text = String::new();
    let mut end = None;
    for token in cursor.all() {
        if end.is_some_and(|end| end < token.span.start) {
            text.push(' ');
        }
        text.push_str(&rule[token.span.clone()]);
        end = Some(token.span.end);
    }
    text
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    /// What the conditions so far have said of the packet.
    context: Context,
    rule: Rule,
    /// The condition that was read last, for `tcp dport 21 22`.
    last: Option<&'static str>,
    /// The statement that ended the rule: a verdict or the comment.
    ended: Option<&'a str>,
    /// Whether there is anything but a comment.
    said: bool,
    /// The rule up to a verdict map, where more stands behind it.
    before_map: Option<Rule>,
}

impl<'a> Parser<'a> {
    /// One statement, whose first token has been taken.
    fn statement(&mut self, token: &Token<'a>) -> Step<()> {
        if token.kind != Kind::Word {
            return Err(self.stray(token));
        }
        if let Some(end) = self.ended {
            let known = STATEMENTS.contains(&token.text) || find(UNSUPPORTED, token.text).is_some();
            let comment_follows = token.text == "comment" && end != "comment";
            if known && !comment_follows {
                let mistake = after_the_end(token, end);
                self.cursor.skip_all();
                return Err(mistake);
            }
        }
        self.said |= token.text != "comment";
        if token.text != "comment" && self.before_map.is_none() && matches!(self.rule.action, Some(Action::Map(_))) {
            self.before_map = Some(Rule { unreached: true, ..self.rule.clone() });
        }
        let last = self.last.take();
        match token.text {
            "iifname" | "iif" => self.compare(Subject::InInterface),
            "oifname" | "oif" => self.compare(Subject::OutInterface),
            "ip" => self.ip(token, Family::V4),
            "ip6" => self.ip(token, Family::V6),
            "tcp" | "th" => self.tcp(token),
            "udp" => self.udp(token),
            "icmp" => self.icmp(token, Family::V4),
            "icmpv6" => self.icmp(token, Family::V6),
            "ct" => self.ct(token),
            "meta" => self.meta(token),
            "limit" => {
                let test = Test::Limit(statements::limit(&mut self.cursor)?);
                self.rule.matches.push(Match { test, negated: false });
                self.last = Some("limit rate");
                Ok(())
            }
            "log" => {
                self.rule.log = true;
                statements::log(&mut self.cursor)
            }
            "notrack" => {
                self.rule.notrack = true;
                Ok(())
            }
            "counter" => {
                self.rule.counter = true;
                statements::counter(&mut self.cursor)
            }
            "comment" => {
                self.rule.comment = Some(statements::comment(&mut self.cursor)?.to_owned());
                self.ended = Some("comment");
                Ok(())
            }
            // It goes on to the next statement, and rule.
            "continue" => Ok(()),
            _ => {
                let Some(action) = self.decision(token)? else {
                    self.last = last;
                    return Err(self.stray(token));
                };
                self.verdict(token, action);
                Ok(())
            }
        }
    }

    /// A verdict, and what is like one; `None`: the token begins none.
    fn decision(&mut self, token: &Token<'a>) -> Step<Option<Action>> {
        Ok(Some(match token.text {
            "accept" => Action::Accept,
            "drop" => Action::Drop,
            "return" => Action::Return,
            "jump" => Action::Jump(vmap::chain(&mut self.cursor)?),
            "goto" => Action::Goto(vmap::chain(&mut self.cursor)?),
            "reject" => {
                let (with, condition) = statements::reject(&mut self.cursor, &self.context, &token.span)?;
                // nft puts it first: what cannot be answered so does not match, and is not logged.
                if let Some(test) = condition {
                    self.rule.matches.insert(0, Match { test, negated: false });
                }
                Action::Reject(with)
            }
            "snat" | "dnat" | "masquerade" | "redirect" => {
                Action::Nat(nat::target(&mut self.cursor, token, &self.context)?)
            }
            _ => return Ok(None),
        }))
    }

    fn verdict(&mut self, token: &Token<'a>, action: Action) {
        let goes_on = |elements: &[(Test, Action)]| !elements.iter().any(|(_, action)| *action == Action::Continue);
        if !matches!(&action, Action::Map(elements) if goes_on(elements)) {
            self.ended = Some(token.text);
        }
        self.rule.action = Some(action);
    }

    /// A token that begins no statement.
    fn stray(&mut self, token: &Token<'a>) -> RuleError {
        let (text, span) = (token.text, &token.span);
        if let Some(condition) = self.last
            && matches!(token.kind, Kind::Number | Kind::Address)
        {
            let message = say!("`{}` takes one value, and {} is a second one", condition, quote(text));
            return error(span, message, set_help(condition));
        }
        if token.kind == Kind::Sign && [";", "\n"].contains(&text) {
            self.cursor.skip_all();
            return error(span, say!("here ends the rule, and more follows"), sign_help(text));
        }
        if token.kind != Kind::Word {
            return match (self.last, token.text) {
                (
                    Some(
                        condition @ ("tcp dport" | "tcp sport" | "ip saddr" | "iifname" | "ip protocol"
                        | "meta l4proto" | "icmp type"),
                    ),
                    ",",
                ) => error(span, say!("a comma can only stand in a set"), set_help(condition)),
                _ => unexpected(token, say!("a condition or a verdict")),
            };
        }
        if let Some(advice) = find(UNSUPPORTED, text) {
            return self.cursor.unsupported(span.clone(), text, advice);
        }
        if let Some(condition) = self.last
            && text.starts_with(|c: char| c.is_ascii_digit())
        {
            let message = say!("`{}` takes one value, and {} is a second one", condition, quote(text));
            return error(span, message, set_help(condition));
        }
        let message = say!("{} is not a word of the rule language", quote(text));
        let help = match closest(text, STATEMENTS) {
            Some(near) => say!("did you mean `{}`?", near),
            None if !sign_help(text).is_empty() => sign_help(text).into(),
            None if words::names(&words::SERVICES).chain(["dport", "sport", "port"]).any(|word| word == text) => {
                say!("ports are matched with `tcp dport 21` or `tcp sport 20`").into()
            }
            None if find(&STATES, text).is_some() => say!("connection states are matched with `ct state {}`", text),
            None => say!("a statement begins with {}", one_of(STATEMENTS)),
        };
        error(span, message, help)
    }
}

fn set_help(condition: &str) -> Phrase {
    match condition {
        "tcp dport" => say!("write a set: `tcp dport { 21, 22 }`, or a range: `tcp dport 21-22`"),
        "tcp sport" => say!("write a set: `tcp sport { 20, 21 }`, or a range: `tcp sport 20-21`"),
        "iifname" => say!("write a set: `{ \"a\", \"b\" }`"),
        _ => say!("write several values as a set: `{ ..., ... }`"),
    }
}

fn after_the_end(token: &Token<'_>, end: &str) -> RuleError {
    if end == "vmap" {
        // nft goes on here for the values that `continue`.
        let message = say!("ftpscope does not know statements behind a map with `continue` (yet)");
        return error(&token.span, message, say!("write the rest as another rule, with the values that continue"));
    }
    let message = say!("nothing can follow `{}`", end);
    let help = match end {
        "comment" => say!("the comment comes last, after the verdict").into(),
        _ if ["accept", "drop", "reject"].contains(&token.text) => say!("a rule has one verdict").into(),
        _ => say!("the rule is over with its verdict: put this before `{}`", end),
    };
    error(&token.span, message, help)
}

#[cfg(test)]
mod tests;
