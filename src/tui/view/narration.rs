//! What happened, in one sentence, and why.

use super::super::app::App;
use super::super::player::Player;
use super::line_breaks::wrap;
use crate::insight::outcomes;
use crate::ladder::{Role, fit, text_width};
use crate::narrate::{outcome_note, sentence, why};
use crate::scenario::Outcome;
use crate::text::visible;
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
