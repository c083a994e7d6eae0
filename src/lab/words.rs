//! Words, comments and documents of the shell (POSIX, 2.2 and 2.7.4). A script is looked at before it is run: what is not to
//! be shown as it is stands in it as octal numbers, which printf(1) turns back.

use crate::text::{is_hidden, visible};
use std::fmt::Write;

/// Text in a comment: it cannot end it.
pub(super) fn one_line(text: &str) -> String {
    visible(text)
}

/// Line ends are the script's own as well, and are shown by being ones.
fn is_strange(text: &str) -> bool {
    text.chars().any(|c| is_hidden(c) && c != '\n')
}

/// A word that the shell takes as it is.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if is_strange(text) {
        // What a command prints loses the line ends at its end.
        let ends = text.len() - text.trim_end_matches('\n').len();
        let word = format!("\"$({})\"", printf(text.trim_end_matches('\n')));
        return if ends == 0 { word } else { format!("{word}'{}'", "\n".repeat(ends)) };
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The command that prints exactly `text`.
pub(super) fn printf(text: &str) -> String {
    if !is_strange(text) {
        return format!("printf '%s' {}", quoted(text));
    }
    let mut format = String::new();
    for (place, c) in text.chars().enumerate() {
        // A number may have three digits, so it always has. A minus sign in front would begin an option.
        if (is_hidden(c) && c != '\n') || (place == 0 && c == '-') {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(format, "\\{byte:03o}");
            }
            continue;
        }
        match c {
            '\\' => format.push_str(r"\\"),
            '%' => format.push_str("%%"),
            '\'' => format.push_str(r"'\''"),
            _ => format.push(c),
        }
    }
    format!("printf '{format}'")
}

/// The lines `text`, each with its end, written to `file`, a word of the shell, as they are. A line that is `end` would be
/// the last of a here-document.
pub(super) fn document(file: &str, end: &str, text: &str) -> String {
    if is_strange(text) || text.lines().any(|line| line == end) {
        return format!("{} >{file}\n", printf(text));
    }
    format!("cat >{file} <<'{end}'\n{text}{end}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    /// What the shell makes of a word; `None`: there is no such shell.
    fn said(shell: &str, word: &str) -> Option<Vec<u8>> {
        let output = Command::new(shell).args(["-c", &format!("printf '%s' {word}")]).output().ok()?;
        assert!(output.status.success() && output.stderr.is_empty(), "{word:?}: {output:?}");
        Some(output.stdout)
    }

    #[test]
    fn words_and_documents() {
        assert_eq!(quoted("a-b.c"), "a-b.c");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("100% \x1b[m\\'"), r#""$(printf '100%% \033[m\\'\''')""#);
        assert_eq!(quoted("-\u{202e}\n"), "\"$(printf '\\055\\342\\200\\256')\"'\n'");
        assert_eq!(document("f", "END", "a\nb\n"), "cat >f <<'END'\na\nb\nEND\n");
        assert_eq!(document("f", "END", "a\x07\n"), "printf 'a\\007\n' >f\n");
        assert_eq!(document("f", "END", "\nEND\nreboot\n"), "printf '%s' '\nEND\nreboot\n' >f\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_shell_reads_what_was_meant(
            text in "([a-c %\\\\'\"$`!-]|[\u{1}-\u{1f}]|\n|\u{7f}|[\u{80}-\u{9f}]|\u{202e}|\u{200b}|\u{e0041}|进){0,12}"
        ) {
            let word = quoted(&text);
            prop_assert!(!word.chars().any(|c| is_hidden(c) && c != '\n'));
            for shell in ["sh", "bash"] {
                if let Some(said) = said(shell, &word) {
                    prop_assert_eq!(String::from_utf8(said).unwrap(), text.as_str());
                }
            }
        }
    }
}
