//! Text from outside, made safe to show: a peer can send anything, and a terminal obeys what it is sent.

use std::fmt::Write;

/// `text` with every character that a terminal would obey or that would reorder what stands around it written as an
/// escape: control characters (C0, DEL, C1), line and paragraph separators, marks of writing direction.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let code = u32::from(c);
        // Writing to a string cannot fail.
        let _ = match c {
            '\r' => shown.write_str("\\r"),
            '\n' => shown.write_str("\\n"),
            '\t' => shown.write_str("\\t"),
            _ if c.is_control() => write!(shown, "\\x{code:02x}"),
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                write!(shown, "\\u{{{code:x}}}")
            }
            _ => shown.write_char(c),
        };
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(visible("a\x1b[2Jb\r\n\x7f\u{9b}c"), "a\\x1b[2Jb\\r\\n\\x7f\\x9bc");
        assert_eq!(visible("gpj.\u{202e}exe\u{2069}"), "gpj.\\u{202e}exe\\u{2069}");
        assert_eq!(visible("227 进入被动模式 (é)"), "227 进入被动模式 (é)");
    }

    proptest! {
        #[test]
        fn no_control_character_is_left(text: String) {
            prop_assert!(!visible(&text).chars().any(char::is_control));
        }
    }
}
