//! "Did you mean ...?"

use crate::message::{Message, say};
use crate::text::show;

/// Words longer than this are not typing errors of anything we know; comparing them would only cost time.
const LONGEST: usize = 40;

/// The candidate that `word` is most likely a misspelling of, ignoring case. The first of equals.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let tolerance = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::osa_distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= tolerance && distance < candidate.chars().count())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// `word` in backticks, shortened and safe to show.
pub(crate) fn quote(word: &str) -> String {
    const SHOWN: usize = 60;
    let mut text = String::from("`");
    for c in word.chars().take(SHOWN) {
        show(c, &mut text);
    }
    if word.chars().nth(SHOWN).is_some() {
        text.push_str("...");
    }
    text.push('`');
    text
}

/// `` `a`, `b` or `c` ``.
pub(crate) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Message {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => Message::default(),
        [only] => Message::plain(only.as_str()),
        [head @ .., last] => say!("{} or {}", head.join(", "), last),
    }
}

/// `advice`, after the word that was perhaps meant.
pub(crate) fn did_you_mean(near: Option<&str>, advice: Message) -> Message {
    match near {
        Some(near) => say!("did you mean `{}`? {}", near, advice),
        None => advice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_near_and_leaves_the_far() {
        assert_eq!(closest("acept", ["drop", "accept"]), Some("accept"));
        assert_eq!(closest("DROP", ["drop", "accept"]), Some("drop"));
        assert_eq!(closest("banana", ["drop", "accept"]), None);
        assert_eq!(closest("x", ["a", "b"]), None);
        assert_eq!(closest(&"a".repeat(1000), ["a"]), None);
    }

    #[test]
    fn quoting_disarms_escape_sequences() {
        assert_eq!(quote("\u{1b}[2J"), "`\\x1b[2J`");
        assert_eq!(&*one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
