//! What happened, in one sentence, and why.

use super::super::app::App;
use super::super::player::Player;
use crate::ladder::Role;
use crate::narrate::{sentence, why};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Borders, Paragraph, Widget, Wrap};

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
    let mut spans = vec![Span::styled(sentence(&app.messages, trace, player.cursor()), app.theme.role(Role::Strong))];
    if let Some(notice) = &app.notice {
        spans.insert(0, Span::styled(format!("{notice}. "), app.theme.role(Role::Alarm)));
    }
    if let Some(why) = why(&app.messages, trace, player.scene(), player.cursor()) {
        spans.push(Span::raw(" "));
        spans.push(Span::raw(why));
    }
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    Paragraph::new(Text::from(Line::from(spans))).wrap(Wrap { trim: true }).render(inner, buffer);
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
