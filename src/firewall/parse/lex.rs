//! From the text of a rule to tokens, as nft's scanner takes it apart: the longest match wins, names may hold `-` and `/`,
//! numbers may not.

use std::net::Ipv6Addr;
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
    /// `tcp`, `ftp-data`, `eth*`; and what begins with a digit and is no number: `08`, `5m`.
    Word,
    /// `21`, `0x15`.
    Number,
    /// `10.0.0.1`, `2001:db8::1`, `[2001:db8::1]` (the text is without the brackets).
    Address,
    /// `"lan"`.
    Quoted,
    /// A quote that is never closed.
    Unclosed,
    /// `{`, `}`, `(`, `)`, `,`, `|`, `&`, `/`, `-`, `==`, `!=`, a line end, and what has no meaning here.
    Sign,
}

/// Splits `text` into tokens, without comments (`#`). Never fails: what has no meaning becomes a [`Kind::Sign`] that the
/// parser refuses.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if matches!(first, ' ' | '\t' | '\r') {
            at += 1;
            continue;
        }
        if rest.starts_with("\\\n") {
            at += 2;
            continue;
        }
        if first == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (kind, len) = scan(rest, first);
        let span = at..at + len;
        let inner = match kind {
            Kind::Quoted => span.start + 1..span.end - 1,
            Kind::Unclosed => span.start + 1..span.end,
            Kind::Address if first == '[' => span.start + 1..span.end - 1,
            _ => span.clone(),
        };
        tokens.push(Token { kind, text: &text[inner], span });
        at += len;
    }
    tokens
}

/// The kind and the length of the token that `rest` begins with.
fn scan(rest: &str, first: char) -> (Kind, usize) {
    if first == '"' {
        return match rest[1..].find('"') {
            Some(inner) => (Kind::Quoted, inner + 2),
            None => (Kind::Unclosed, rest.len()),
        };
    }
    if first == '[' {
        let inner = ipv6(&rest[1..]);
        let closed = inner > 0 && rest[1 + inner..].starts_with(']');
        return if closed { (Kind::Address, inner + 2) } else { (Kind::Sign, 1) };
    }
    let address = ipv6(rest).max(ipv4(rest));
    if first.is_ascii_digit() {
        let digits = count(rest, |c| c.is_ascii_digit());
        let hex = rest[1..].strip_prefix(['x', 'X']).filter(|_| first == '0');
        let hex = hex.map_or(0, |hex| count(hex, |c| c.is_ascii_hexdigit()));
        let number = if hex > 0 { hex + 2 } else { digits };
        let time = time(rest);
        if address > number.max(time) {
            return (Kind::Address, address);
        }
        let is_number = number >= time && c_number(&rest[..number]).is_some();
        return (if is_number { Kind::Number } else { Kind::Word }, number.max(time));
    }
    let word = word(rest, first);
    if address > word {
        return (Kind::Address, address);
    }
    if word > 0 {
        return (Kind::Word, word);
    }
    let two = ["==", "!=", "<=", ">=", "<<", ">>"].into_iter().any(|sign| rest.starts_with(sign));
    let foreign = |c: char| c.is_alphanumeric() && !c.is_ascii();
    let len = if two { 2 } else { count(rest, foreign).max(first.len_utf8()) };
    (Kind::Sign, len)
}

fn count(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// A name, perhaps with an asterisk at its end.
fn word(text: &str, first: char) -> usize {
    if !(first.is_ascii_alphabetic() || first == '_' || first == '.') {
        return 0;
    }
    let len = count(text, |c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.'));
    match &text[..len] {
        // A lone dot joins two values.
        "." => 0,
        _ => len + usize::from(text[len..].starts_with('*')),
    }
}

fn ipv4(text: &str) -> usize {
    let mut len = 0;
    for group in 0..4 {
        if group > 0 {
            if !text[len..].starts_with('.') {
                return 0;
            }
            len += 1;
        }
        match count(&text[len..], |c| c.is_ascii_digit()) {
            0 => return 0,
            digits => len += digits.min(3),
        }
    }
    len
}

fn ipv6(text: &str) -> usize {
    const LONGEST: usize = 45;
    let belongs = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let run = &text[..text.bytes().take(LONGEST).take_while(belongs).count()];
    if run.matches(':').count() < 2 {
        return 0;
    }
    (2..=run.len()).rev().find(|len| run[..*len].parse::<Ipv6Addr>().is_ok()).unwrap_or(0)
}

/// `1d`, `2h30m`, `10s`, `5ms`: a duration, which nft reads as one word.
fn time(text: &str) -> usize {
    let mut len = 0;
    for unit in ["d", "h", "m", "s", "ms"] {
        let digits = count(&text[len..], |c| c.is_ascii_digit());
        let rest = &text[len + digits..];
        if digits > 0 && rest.starts_with(unit) && !(unit == "m" && rest.starts_with("ms")) {
            len += digits + unit.len();
        }
    }
    len
}

/// A number as C writes it (`strtoull` with base 0): `21`, `0x15`, `025`. `None` for `08` and what has more than 64 bits.
pub(super) fn c_number(text: &str) -> Option<u64> {
    let parse = |digits: &str, radix| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        plain.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
    };
    match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => parse(&text[2..], 16),
        [b'0', _, ..] => parse(&text[1..], 8),
        _ => parse(text, 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_signs_and_quotes() {
        let text = r#"tcp flags&(syn|ack)!=syn ip saddr{10.0.0.0/8,a-b} "x y" # the rest"#;
        let expected = "tcp flags & ( syn | ack ) != syn ip saddr { 10.0.0.0 / 8 , a-b }"
            .split(' ')
            .chain(["x y"])
            .collect::<Vec<_>>();
        assert_eq!(words(text), expected);
    }

    #[test]
    fn the_longest_match_wins_as_in_nfts_scanner() {
        assert_eq!(words("ftp-22 21-ftp 1024-65535"), ["ftp-22", "21", "-", "ftp", "1024", "-", "65535"]);
        assert_eq!(
            words("{established:accept,21:drop}"),
            ["{", "established", ":", "accept", ",", "21", ":", "drop", "}"]
        );
        assert_eq!(
            words("10.0.0.1:80 [::1]:80 ::1:80 2001:db8::/32"),
            ["10.0.0.1", ":", "80", "::1", ":", "80", "::1:80", "2001:db8::", "/", "32"]
        );
        assert_eq!(
            words("5kbytes/second 5mbytes 10.0.0 a . b eth* syn/ack"),
            ["5", "kbytes/second", "5m", "bytes", "10", ".0.0", "a", ".", "b", "eth*", "syn/ack"]
        );
        let kinds = |text| tokens(text).iter().map(|token| token.kind).collect::<Vec<_>>();
        assert_eq!(
            kinds("21 0x15 08 18446744073709551616 10.0.0.1 a"),
            [Kind::Number, Kind::Number, Kind::Word, Kind::Word, Kind::Address, Kind::Word]
        );
        assert_eq!(
            [c_number("025"), c_number("0x15"), c_number("08"), c_number("+5")],
            [Some(21), Some(21), None, None]
        );
    }

    #[test]
    fn an_open_quote_reaches_to_the_end() {
        let tokens = tokens("comment \"abc");
        assert_eq!((tokens[1].kind, tokens[1].text, tokens[1].span.clone()), (Kind::Unclosed, "abc", 8..12));
    }
}
