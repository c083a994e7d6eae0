//! Blanks between Chinese and Latin text, where the words around a value are not known to who writes them.

/// Where a value begins and ends in a formatted text, before [`close_up`]. Noncharacters: no text has them.
pub(super) const BEGIN: char = '\u{fdd0}';
pub(super) const END: char = '\u{fdd1}';

/// Chinese sets a blank between Han characters and Latin letters, but none where both neighbours are Han or one is a
/// full-width mark. A translator cannot know what will fill a hole, so blanks at its edges are judged here; what is
/// inside stays as it is.
pub(super) fn close_up(text: &str) -> String {
    let is_mark = |c: char| matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' | '“' | '”');
    let is_wide = |c: char| is_mark(c) || matches!(c, '\u{4e00}'..='\u{9fff}');
    let is_edge = |c: char| matches!(c, BEGIN | END);
    let chars: Vec<char> = text.chars().collect();
    let mut closed = String::with_capacity(text.len());
    let mut depth = 0_u32;
    for (at, &c) in chars.iter().enumerate() {
        match c {
            BEGIN => depth += 1,
            END => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => {
                let before = chars[..at].iter().rev().copied().find(|c| !is_edge(*c));
                let after = chars[at + 1..].iter().copied().find(|c| !is_edge(*c));
                let needless = before.zip(after).is_some_and(|(before, after)| {
                    is_mark(before) || is_mark(after) || is_wide(before) && is_wide(after)
                });
                if !needless {
                    closed.push(c);
                }
            }
            _ => closed.push(c),
        }
    }
    closed
}
