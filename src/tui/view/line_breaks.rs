//! Text broken into lines: between words, and between any two wide characters, as Chinese is set.

use crate::ladder::{Role, text_width};

/// Breaks pieces of text, set one after the other with a blank between them, into lines of at most `width` columns (a
/// word that is longer has a line of its own). Closing punctuation of Chinese stays with the character before it.
pub(super) fn wrap(pieces: &[(String, Role)], width: usize) -> Vec<Vec<(String, Role)>> {
    let mut lines: Vec<Vec<(String, Role)>> = vec![Vec::new()];
    let mut used = 0;
    for (index, (text, role)) in pieces.iter().enumerate() {
        // No blank after Chinese punctuation.
        let after_wide = index > 0 && pieces[index - 1].0.chars().last().is_some_and(is_wide);
        let mut space = index > 0 && !after_wide;
        for word in words(text) {
            let blank = word == " ";
            if blank {
                space = true;
                continue;
            }
            let len = text_width(word) + usize::from(space);
            if used > 0 && used + len > width {
                lines.push(Vec::new());
                used = 0;
                space = false;
            }
            if space && used > 0 {
                push(&mut lines, " ", *role);
                used += 1;
            }
            push(&mut lines, word, *role);
            used += text_width(word);
            space = false;
        }
    }
    lines
}

fn push(lines: &mut [Vec<(String, Role)>], text: &str, role: Role) {
    let Some(line) = lines.last_mut() else { return };
    match line.last_mut() {
        Some((last, last_role)) if *last_role == role => last.push_str(text),
        _ => line.push((text.to_owned(), role)),
    }
}

fn is_wide(c: char) -> bool {
    text_width(c.encode_utf8(&mut [0; 4])) > 1
}

/// Words, single wide characters (with the punctuation that follows them), and blanks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let closes = |c: char| matches!(c, '，' | '。' | '：' | '；' | '）' | '”' | '、');
        let end = if first == ' ' {
            1
        } else if is_wide(first) {
            let len = first.len_utf8();
            rest[len..].chars().take_while(|c| closes(*c)).fold(len, |end, c| end + c.len_utf8())
        } else {
            rest.find(|c| c == ' ' || is_wide(c)).unwrap_or(rest.len())
        };
        let (word, tail) = rest.split_at(end);
        rest = tail;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, width: usize) -> Vec<String> {
        let pieces = [(text.to_owned(), Role::Plain)];
        wrap(&pieces, width).into_iter().map(|line| line.into_iter().map(|(text, _)| text).collect()).collect()
    }

    #[test]
    fn text_breaks_between_words_and_between_chinese_characters() {
        assert_eq!(lines("the server knocks", 10), ["the server", "knocks"]);
        assert_eq!(lines("防火墙丢弃 SYN，因为", 8), ["防火墙丢", "弃 SYN，", "因为"]);
        assert_eq!(lines("", 8), [""]);
    }
}
