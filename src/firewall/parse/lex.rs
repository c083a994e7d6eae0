//! From the text of a rule to tokens.

use std::ops::Range;

/// One word or sign of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// The word, the sign, or what stands between the quotes.
    pub(super) text: &'a str,
    /// Bytes of the rule, quotes included.
    pub(super) span: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `tcp`, `10.0.0.0/8`, `1024-65535`.
    Word,
    /// `"lan"`.
    Quoted,
    /// A quote that is never closed.
    Unclosed,
    /// `{`, `}`, `(`, `)`, `,`, `|`, `&`, `/`, `==`, `!=`, and what has no meaning here.
    Sign,
}

/// Splits `text` into tokens. Never fails: what has no meaning becomes a [`Kind::Sign`] that the parser refuses.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, len) = match first {
            _ if first.is_whitespace() => {
                at += first.len_utf8();
                continue;
            }
            '"' => match rest[1..].find('"') {
                Some(inner) => (Kind::Quoted, inner + 2),
                None => (Kind::Unclosed, rest.len()),
            },
            _ if is_word(rest, 0, first) => (Kind::Word, word_len(rest)),
            '=' | '!' | '<' | '>' if rest[1..].starts_with('=') => (Kind::Sign, 2),
            _ => (Kind::Sign, first.len_utf8()),
        };
        let span = at..at + len;
        let inner = match kind {
            Kind::Quoted => span.start + 1..span.end - 1,
            Kind::Unclosed => span.start + 1..span.end,
            Kind::Word | Kind::Sign => span.clone(),
        };
        tokens.push(Token { kind, text: &text[inner], span });
        at += len;
    }
    tokens
}

fn word_len(text: &str) -> usize {
    text.char_indices().find(|&(at, c)| !is_word(text, at, c)).map_or(text.len(), |(at, _)| at)
}

/// Whether `c`, which stands at `at` in `text`, belongs to a word. A slash does before a digit (`10.0.0.0/8`) and not
/// in `tcp flags syn / syn,ack`.
fn is_word(text: &str, at: usize, c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '_' | '.' | ':' | '-' | '*' | '@' | '$' | '%' | '+')
        || (c == '/' && text[at + 1..].starts_with(|next: char| next.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_signs_and_quotes() {
        let text = r#"tcp flags&(syn|ack)!=syn ip saddr{10.0.0.0/8,a-b} "x y""#;
        let words: Vec<&str> = tokens(text).iter().map(|token| token.text).collect();
        let expected = "tcp flags & ( syn | ack ) != syn ip saddr { 10.0.0.0/8 , a-b }"
            .split(' ')
            .chain(["x y"])
            .collect::<Vec<_>>();
        assert_eq!(words, expected);
    }

    #[test]
    fn an_open_quote_reaches_to_the_end() {
        let tokens = tokens("comment \"abc");
        assert_eq!((tokens[1].kind, tokens[1].text, tokens[1].span.clone()), (Kind::Unclosed, "abc", 8..12));
    }
}
