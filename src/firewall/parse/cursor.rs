//! A position among the tokens of a rule, and the errors that arise there.

use super::RuleError;
use super::lex::{Kind, Token, tokens};
use super::words::STATEMENTS;
use crate::suggest::{closest, one_of, quote};
use std::ops::Range;

/// What a parsing step gives; the error ends its statement.
pub(super) type Step<T> = Result<T, RuleError>;

pub(super) struct Cursor<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { tokens: tokens(text), at: 0, end: text.trim_end().len() }
    }

    pub(super) fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        let token = self.peek().cloned();
        self.at += usize::from(token.is_some());
        token
    }

    /// Takes the next token if it is the bare word or sign `text`.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.is(text);
        self.at += usize::from(found);
        found
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.peek().is_some_and(|token| matches!(token.kind, Kind::Word | Kind::Sign) && token.text == text)
    }

    /// The next bare word, or an error that says what should stand here.
    pub(super) fn word(&mut self, expected: &str) -> Step<Token<'a>> {
        match self.next() {
            Some(token) if token.kind == Kind::Word => Ok(token),
            Some(token) => Err(unexpected(&token, expected)),
            None => Err(self.missing(expected)),
        }
    }

    /// The next word must be in `table`.
    pub(super) fn one_of<T: Copy>(&mut self, what: &str, table: &[(&str, T)]) -> Step<T> {
        let token = self.word(&format!("{what}: {}", one_of(table.iter().map(|(name, _)| *name))))?;
        lookup(&token, what, table)
    }

    /// Parts the next word from a colon at its end: `established:` becomes two tokens.
    pub(super) fn split_colon(&mut self) {
        let Some(token) = self.tokens.get(self.at) else { return };
        let Some(text) = token.text.strip_suffix(':').filter(|text| !text.is_empty() && token.kind == Kind::Word)
        else {
            return;
        };
        let (colon, end) = (&token.text[text.len()..], token.span.end);
        let word = Token { kind: Kind::Word, text, span: token.span.start..end - 1 };
        let colon = Token { kind: Kind::Sign, text: colon, span: end - 1..end };
        self.tokens.splice(self.at..=self.at, [word, colon]);
    }

    /// The rule ends too early.
    pub(super) fn missing(&self, expected: &str) -> RuleError {
        let last = self.tokens.last().map_or(0..self.end, |token| token.span.clone());
        RuleError {
            span: last,
            message: format!("the rule ends after this; here should follow {expected}"),
            help: None,
        }
    }

    /// After a mistake that reaches to byte `end`: skips to what looks like the beginning of the next statement.
    pub(super) fn recover(&mut self, end: usize) {
        let begins = |word: &str| {
            STATEMENTS.contains(&word) || (word.len() > 3 && closest(word, ["accept", "drop", "reject"]).is_some())
        };
        while self.peek().is_some_and(|token| token.span.start < end || token.kind != Kind::Word || !begins(token.text))
        {
            self.at += 1;
        }
    }

    /// After a mistake in braces: past the last that closes, so that nothing within them is read as a statement.
    pub(super) fn leave_braces(&mut self) {
        let closes = |token: &Token<'_>| token.kind == Kind::Sign && token.text == "}";
        if let Some(last) = self.tokens.iter().rposition(closes) {
            self.at = self.at.max(last + 1);
        }
    }

    /// From `start` to the end of the token last taken.
    pub(super) fn span_from(&self, start: usize) -> Range<usize> {
        let end = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(start, |token| token.span.end);
        start..end.max(start)
    }

    /// From `start` to the end of the rule.
    pub(super) fn rest_from(&self, start: usize) -> Range<usize> {
        start..self.end.max(start)
    }
}

/// The entry of `table` that `token` names.
pub(super) fn lookup<T: Copy>(token: &Token<'_>, what: &str, table: &[(&str, T)]) -> Step<T> {
    super::words::find(table, token.text).ok_or_else(|| {
        let names = || table.iter().map(|(name, _)| *name);
        let list = format!("{what} is {}", one_of(names()));
        error(
            &token.span,
            format!("{} is not {what}", quote(token.text)),
            match closest(token.text, names()) {
                Some(near) => format!("did you mean `{near}`? {list}"),
                None => list,
            },
        )
    })
}

pub(super) fn error(span: &Range<usize>, message: impl Into<String>, help: impl Into<String>) -> RuleError {
    let help = help.into();
    RuleError { span: span.clone(), message: message.into(), help: (!help.is_empty()).then_some(help) }
}

/// `token` stands where `expected` should.
pub(super) fn unexpected(token: &Token<'_>, expected: &str) -> RuleError {
    let message = match token.kind {
        Kind::Unclosed => return error(&token.span, "this quote is never closed", "end the text with `\"`"),
        Kind::Quoted => format!("a quoted text cannot stand here; expected {expected}"),
        Kind::Word | Kind::Sign => format!("{} cannot stand here; expected {expected}", quote(token.text)),
    };
    error(&token.span, message, sign_help(token.text))
}

/// Advice for signs that people carry over from elsewhere.
pub(super) fn sign_help(sign: &str) -> &'static str {
    match sign {
        "\u{201c}" | "\u{201d}" | "\u{201e}" | "\u{2018}" | "\u{2019}" | "'" => {
            "these are typographic or single quotes: nftables wants the straight double quote `\"`"
        }
        "\u{ff0c}" | "\u{3001}" => "this is a full-width comma: write `,`",
        "=" => "nftables compares with `==` and `!=`; `==` may be left out",
        "!" => "write `!=`",
        "<" | ">" | "<=" | ">=" => {
            "ports are compared like this: `tcp dport >= 1024`; elsewhere write a range or a set"
        }
        ";" => "write each rule as a string of its own",
        "#" => "a comment is written `comment \"...\"` at the end of the rule",
        _ => "",
    }
}
