//! Text from outside, made safe to show: a scenario, a capture, a file's name or a peer can hold anything, a terminal obeys
//! what it is sent, and a reader believes what is seen.
//!
//! [`is_hidden`] alone decides. Whatever is shown goes through [`visible`]; forms that have escapes of their own use these
//! (`\u` in JSON, octal numbers in scripts), so that the meaning stays.

use std::fmt::Write;

/// Whether a character is not to be shown as it is. These are:
///
/// - control characters: C0, DEL and C1 (U+009B alone begins a sequence as ESC `[` does);
/// - what ends a line or a paragraph elsewhere (U+2028, U+2029);
/// - what changes the direction of writing, and so the order in which its neighbours appear;
/// - what has no picture of its own, so that two different texts would look the same: all characters that Unicode calls
///   default-ignorable (soft hyphen, joiners, zero-width spaces, fillers, tags), and the marks of interlinear
///   annotation and of hieroglyphs. Joiners are among them though some scripts and emoji need them: here text is mostly
///   names of files, and a name is to be seen for what it is;
/// - variation selectors, which are default-ignorable too: terminals do not agree on the width they give to the
///   character before, and a picture in columns would be torn.
///
/// Combining marks are shown: names in many languages need them, and they stay in the cell of their letter.
///
/// Source: Unicode 16, `DerivedCoreProperties.txt`, `Default_Ignorable_Code_Point`.
pub const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// `text` with every hidden character written as an escape: `\n`, `\x1b`, `\u{202e}`.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        show(c, &mut shown);
    }
    shown
}

/// One character of [`visible`]'s.
pub(crate) fn show(c: char, out: &mut String) {
    let code = u32::from(c);
    // Writing to a string cannot fail.
    let _ = match c {
        '\r' => out.write_str("\\r"),
        '\n' => out.write_str("\\n"),
        '\t' => out.write_str("\\t"),
        _ if c.is_control() => write!(out, "\\x{code:02x}"),
        _ if is_hidden(c) => write!(out, "\\u{{{code:x}}}"),
        _ => out.write_char(c),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(visible("a\x1b[2Jb\r\n\x7f\u{9b}c"), "a\\x1b[2Jb\\r\\n\\x7f\\x9bc");
        assert_eq!(visible("gpj.\u{202e}exe\u{2069}"), "gpj.\\u{202e}exe\\u{2069}");
        assert_eq!(visible("a\u{200b}b\u{ad}\u{feff}\u{e0041}"), "a\\u{200b}b\\u{ad}\\u{feff}\\u{e0041}");
        assert_eq!(visible("227 进入被动模式 (é, e\u{301}) \u{1f4c1}"), "227 进入被动模式 (é, e\u{301}) \u{1f4c1}");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text: String) {
            let shown = visible(&text);
            prop_assert!(!shown.chars().any(is_hidden));
            prop_assert!(!shown.chars().any(char::is_control));
        }
    }
}
