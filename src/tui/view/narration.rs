//! What happened, in one sentence, and why.

use super::super::app::App;
use super::super::player::Player;
use crate::insight::outcomes;
use crate::ladder::{Role, fit, text_width};
use crate::narrate::{outcome_note, sentence, visible, why};
use crate::scenario::Outcome;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Widget};

pub(super) fn draw(app: &App, player: &Player, area: Rect, buffer: &mut Buffer) {
    let rule = Block::new().borders(Borders::TOP).border_style(app.theme.role(Role::Dim));
    let ascii = app.glyphs == crate::ladder::Glyphs::ASCII;
    let rule = if ascii { rule.border_set(ASCII_BORDER) } else { rule };
    let inner = rule.inner(area);
    rule.render(area, buffer);
    let trace = player.trace();
    if trace.frames.is_empty() {
        return;
    }
    let mut pieces = Vec::new();
    if let Some(notice) = &app.notice {
        pieces.push((format!("{notice}."), Role::Alarm));
    }
    pieces.push((sentence(&app.messages, trace, player.cursor()), Role::Strong));
    if let Some(why) = why(&app.messages, trace, player.scene(), player.cursor()) {
        pieces.push((why, Role::Plain));
    }
    if Some(player.cursor()) == trace.last() {
        // The end of the story: what came of it.
        for outcome in outcomes(trace).iter().filter(|outcome| outcome.run != "quit") {
            let text = format!("{}: {}.", visible(&outcome.run), outcome_note(&app.messages, trace, outcome));
            pieces.push((text, if outcome.outcome == Outcome::Ok { Role::Good } else { Role::Alarm }));
        }
    }
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let mut lines = wrap(&pieces, usize::from(inner.width));
    if lines.len() > usize::from(inner.height) {
        lines.truncate(usize::from(inner.height));
        if let Some((text, _)) = lines.last_mut().and_then(|line| line.last_mut()) {
            *text = format!("{} ..", fit(text, text_width(text).saturating_sub(3)).trim_end_matches('.'));
        }
    }
    for (row, line) in lines.into_iter().enumerate() {
        let spans: Vec<Span<'_>> =
            line.into_iter().map(|(text, role)| Span::styled(text, app.theme.role(role))).collect();
        buffer.set_line(inner.x, inner.y + row as u16, &Line::from(spans), inner.width);
    }
}

/// Breaks text into lines: between words, and between any two wide characters, as Chinese is set.
fn wrap(pieces: &[(String, Role)], width: usize) -> Vec<Vec<(String, Role)>> {
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

/// A border that is drawn with ASCII.
pub(super) const ASCII_BORDER: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

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
