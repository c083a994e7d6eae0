//! A position among the tokens of a rule, and the errors that arise there.

use super::RuleError;
use super::lex::{Kind, Token, c_number, tokens};
use super::words::STATEMENTS;
use crate::message::{Message, Phrase, say};
use crate::suggest::{closest, did_you_mean, one_of, quote};
use std::ops::Range;

/// What a parsing step gives; the error ends its statement.
pub(super) type Step<T> = Result<T, RuleError>;

pub(super) struct Cursor<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    /// What nft takes and means nothing is left out: `;` at the end, line ends in braces.
    pub(super) fn new(text: &'a str) -> Self {
        let mut all = tokens(text);
        let ends = |token: &Token<'_>| token.kind == Kind::Sign && (token.text == ";" || token.text == "\n");
        while all.last().is_some_and(ends) {
            all.pop();
        }
        let mut depth = 0_u32;
        all.retain(|token| {
            match (token.kind, token.text) {
                (Kind::Sign, "{") => depth += 1,
                (Kind::Sign, "}") => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 || token.kind != Kind::Sign || token.text != "\n"
        });
        let leading = all.iter().take_while(|token| token.kind == Kind::Sign && token.text == "\n").count();
        all.drain(..leading);
        let end = all.last().map_or(0, |token| token.span.end);
        Self { tokens: all, at: 0, end }
    }

    /// All of the rule.
    pub(super) fn all(&self) -> &[Token<'a>] {
        &self.tokens
    }

    /// Where the next token begins; at the end of the rule its end.
    pub(super) fn start(&self) -> usize {
        self.peek().map_or(self.end, |token| token.span.start)
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
    pub(super) fn word(&mut self, expected: impl Into<Message>) -> Step<Token<'a>> {
        match self.next() {
            Some(token) if token.kind == Kind::Word => Ok(token),
            Some(token) => Err(unexpected(&token, expected)),
            None => Err(self.missing(expected)),
        }
    }

    /// The next word must be in `table`.
    pub(super) fn one_of<T: Copy>(&mut self, what: Phrase, table: &[(&str, T)]) -> Step<T> {
        let token = self.word(say!("{}: {}", what, one_of(table.iter().map(|(name, _)| *name))))?;
        lookup(&token, what, table)
    }

    /// A number as nft writes it, at most `most`.
    pub(super) fn number(&mut self, most: u64) -> Step<u64> {
        let token = match self.next() {
            Some(token) if token.kind == Kind::Number => token,
            Some(token) => return Err(unexpected(&token, say!("a number"))),
            None => return Err(self.missing(say!("a number"))),
        };
        let number = c_number(token.text).filter(|number| *number <= most);
        let message = || error(&token.span, say!("{} is too large", quote(token.text)), say!("at most {}", most));
        number.ok_or_else(message)
    }

    /// What follows is not looked at.
    pub(super) const fn skip_all(&mut self) {
        self.at = self.tokens.len();
    }

    /// Something of nftables that ftpscope does not have. What follows is not looked at: it may belong to it.
    pub(super) fn unsupported(&mut self, span: Range<usize>, what: &str, advice: Phrase) -> RuleError {
        self.skip_all();
        unsupported(&span, what, advice)
    }

    /// The rule ends too early.
    pub(super) fn missing(&self, expected: impl Into<Message>) -> RuleError {
        let last = self.tokens.last().map_or(0..self.end, |token| token.span.clone());
        RuleError {
            span: last,
            message: say!("the rule ends after this; here should follow {}", expected.into()),
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
}

/// The entry of `table` that `token` names.
pub(super) fn lookup<T: Copy>(token: &Token<'_>, what: Phrase, table: &[(&str, T)]) -> Step<T> {
    super::words::find(table, token.text).ok_or_else(|| {
        let help = names_help(token.text, what, table.iter().map(|(name, _)| *name));
        error(&token.span, say!("{} is not {}", quote(token.text), what), help)
    })
}

/// Which of `names` was perhaps meant by `text`, and all of them.
pub(super) fn names_help<'n>(text: &str, what: Phrase, names: impl Iterator<Item = &'n str> + Clone) -> Message {
    let list = if names.clone().count() > 30 {
        say!("{} is a number, or one of the names in docs/scenarios.md", what)
    } else {
        say!("{} is {}", what, one_of(names.clone()))
    };
    did_you_mean(closest(text, names), list)
}

/// What nft has and ftpscope has not. Advice never is to leave a condition out: the rule would match more than it did.
pub(super) fn unsupported(span: &Range<usize>, what: &str, advice: Phrase) -> RuleError {
    let help = if advice.is_empty() {
        say!("write the rule without it only if it still means what you want; docs/scenarios.md lists what there is")
    } else {
        advice
    };
    error(span, say!("`{}` is nftables, but ftpscope does not know it (yet)", what), help)
}

pub(super) fn error(span: &Range<usize>, message: impl Into<Message>, help: impl Into<Message>) -> RuleError {
    let help = help.into();
    RuleError { span: span.clone(), message: message.into(), help: (!help.is_empty()).then_some(help) }
}

/// `token` stands where `expected` should.
pub(super) fn unexpected(token: &Token<'_>, expected: impl Into<Message>) -> RuleError {
    let expected: Message = expected.into();
    let message = match token.kind {
        Kind::Unclosed => {
            return error(&token.span, say!("this quote is never closed"), say!("end the text with `\"`"));
        }
        Kind::Quoted => say!("a quoted text cannot stand here; expected {}", expected),
        Kind::Sign if token.text == "\n" => say!("the line ends here; expected {}", expected),
        _ => say!("{} cannot stand here; expected {}", quote(token.text), expected),
    };
    error(&token.span, message, sign_help(token.text))
}

/// Advice for signs that people carry over from elsewhere.
pub(super) fn sign_help(sign: &str) -> Phrase {
    match sign {
        "\u{201c}" | "\u{201d}" | "\u{201e}" | "\u{2018}" | "\u{2019}" | "'" => {
            say!("these are typographic or single quotes: nftables wants the straight double quote `\"`")
        }
        "\u{ff0c}" | "\u{3001}" => say!("this is a full-width comma: write `,`"),
        "=" => say!("nftables compares with `==` and `!=`; `==` may be left out"),
        "!" => say!("write `!=`"),
        "+" => say!("nft knows no signs before numbers"),
        ";" | "\n" => say!("write each rule as a string of its own"),
        _ => Phrase::NONE,
    }
}
