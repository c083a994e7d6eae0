//! What is wrong with the TOML itself.

use super::Diagnostic;
use crate::message::{Message, Part, Phrase, say};

/// What the parser of TOML says; whatever else it may say stays in its own words.
const WORDS: [Phrase; 65] = [
    say!("`_` may only go between digits"),
    say!("cannot extend value of type array with a dotted key"),
    say!("cannot extend value of type inline table with a dotted key"),
    say!("carriage return must be followed by newline"),
    say!("duplicate key"),
    say!("extra `=`"),
    say!("extra assignment between key-value pairs"),
    say!("extra comma in array"),
    say!("extra comma in inline table"),
    say!("integers with a radix cannot be signed"),
    say!("invalid basic string"),
    say!("invalid binary number"),
    say!("invalid boolean"),
    say!("invalid comment character"),
    say!("invalid date-time"),
    say!("invalid exponent"),
    say!("invalid float"),
    say!("invalid fraction"),
    say!("invalid hexadecimal number"),
    say!("invalid inline table element"),
    say!("invalid integer number"),
    say!("invalid key"),
    say!("invalid key-value pair"),
    say!("invalid literal string"),
    say!("invalid mantissa"),
    say!("invalid multi-line basic string"),
    say!("invalid multi-line literal string"),
    say!("invalid octal number"),
    say!("invalid string"),
    say!("invalid table"),
    say!("invalid unquoted key"),
    say!("invalid value"),
    say!("key with no value"),
    say!("missing array opening"),
    say!("missing assignment between key-value pairs"),
    say!("missing comma between array elements"),
    say!("missing comma between key-value pairs"),
    say!("missing comment start"),
    say!("missing escaped value"),
    say!("missing inline table opening"),
    say!("missing key for inline table element"),
    say!("missing opening quote"),
    say!("missing table open"),
    say!("missing value"),
    say!("missing value for key"),
    say!("radix must be lowercase"),
    say!("redundant integer number prefix"),
    say!("redundant numeric sign"),
    say!("string values must be quoted"),
    say!("too few unicode value digits"),
    say!("unclosed array"),
    say!("unclosed array table"),
    say!("unclosed inline table"),
    say!("unclosed table"),
    say!("unexpected `=` in array"),
    say!("unexpected content between comment and newline"),
    say!("unexpected key or value"),
    say!("unexpected leading zero"),
    say!("unquoted keys cannot be empty"),
    say!("cannot recurse further; max recursion depth met"),
    say!("keys cannot be multi-line basic strings"),
    say!("keys cannot be multi-line literal strings"),
    say!("integer number overflowed"),
    say!("floating-point number overflowed"),
    say!("invalid inline table"),
];

/// What it says that should stand somewhere.
const EXPECTED: [Phrase; 16] = [
    say!("nothing"),
    say!("newline"),
    say!("basic string"),
    say!("characters"),
    say!("digits"),
    say!("key"),
    say!("letters"),
    say!("literal string"),
    say!("multi-line basic string"),
    say!("non-double-quote visible characters"),
    say!("non-single-quote characters"),
    say!("non-single-quote visible characters"),
    say!("numbers"),
    say!("printable characters"),
    say!("unicode hexadecimal value"),
    say!("value"),
];

/// The parser's error as a diagnostic.
pub(super) fn diagnostic(source: &str, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    let text = source.get(span.clone()).unwrap_or_default();
    let help = if text.contains(['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']) {
        say!("these are typographic quotes: write the straight quote `\"`")
    } else if error.message().contains("duplicate key") {
        say!("a key or a table can be written once; several sessions are `[[sessions]]`, with two brackets")
    } else {
        Phrase::NONE
    };
    Diagnostic::error(span, say!("this is not TOML: {}", words(error.message()))).help(help)
}

/// The parser's sentence, taken apart: `unclosed array, expected "]"`.
fn words(sentence: &str) -> Message {
    let known = |words: &str, table: &[Phrase]| {
        let found = table.iter().find(|phrase| &***phrase == words);
        found.map_or_else(|| Message::plain(words), |phrase| phrase.part())
    };
    let Some((what, expected)) = sentence.split_once(", expected ") else { return known(sentence, &WORDS) };
    let expected = expected.split(", ").map(|word| known(word, &EXPECTED));
    let expected = expected.reduce(|list, word| say!("{}, {}", list, word)).unwrap_or_default();
    say!("{}, expected {}", known(what, &WORDS), expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parsers_sentence_is_taken_apart_and_reads_the_same() {
        for (source, known) in
            [("a = [1 2]", true), ("a = 1\na = 2", true), ("a = x", true), ("[a", true), ("= 1", true)]
        {
            let (_, errors) = toml::de::DeTable::parse_recoverable(source);
            assert!(!errors.is_empty(), "{source}");
            for error in errors {
                let words = words(error.message());
                assert_eq!(&*words, error.message());
                assert_eq!(words.template().is_some(), known, "{words}");
            }
        }
        assert_eq!(words("a sentence of a later version").template(), None);
    }
}
