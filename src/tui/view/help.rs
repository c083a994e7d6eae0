//! All keys, and what the marks mean; generated from the table of actions.

use super::super::action::BINDINGS;
use super::super::app::App;
use super::narration::ASCII_BORDER;
use crate::ladder::{Glyphs, Role, text_width};
use crate::narrate::Id;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Widget};

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let entries: Vec<(String, String)> = BINDINGS
        .iter()
        .map(|binding| {
            let keys: Vec<&str> = binding.keys.iter().map(super::super::action::Key::label).collect();
            (keys.join(" "), app.messages.text(binding.title))
        })
        .collect();
    let rows = entries.len().div_ceil(2);
    let column = |half: &[(String, String)]| {
        let keys = half.iter().map(|(keys, _)| text_width(keys)).max().unwrap_or(0);
        let titles = half.iter().map(|(_, title)| text_width(title)).max().unwrap_or(0);
        (keys, titles)
    };
    let (left, right) = entries.split_at(rows);
    let ((left_keys, left_titles), (right_keys, right_titles)) = (column(left), column(right));
    let mut lines: Vec<Line<'_>> = (0..rows)
        .map(|row| {
            let mut spans = Vec::new();
            for (half, keys_width, titles_width) in [(left, left_keys, left_titles), (right, right_keys, right_titles)]
            {
                if let Some((keys, title)) = half.get(row) {
                    let gap = " ".repeat(keys_width - text_width(keys) + 2);
                    let rest = " ".repeat(titles_width - text_width(title) + 3);
                    spans.push(Span::styled(keys.clone(), app.theme.key()));
                    spans.push(Span::raw(format!("{gap}{title}{rest}")));
                }
            }
            Line::from(spans)
        })
        .collect();
    lines.push(Line::default());
    for (mark, role, id) in [
        ("o", Role::Control, Id::LegendControl),
        ("*", Role::Data, Id::LegendData),
        ("X", Role::Alarm, Id::LegendDeath),
        ("H", Role::Good, Id::LegendHandshake),
    ] {
        lines.push(Line::from(vec![
            Span::styled(mark, app.theme.role(role)),
            Span::raw(format!("  {}", app.messages.text(id))),
        ]));
    }
    for id in [Id::LegendAa, Id::LegendBb, Id::LegendPasv] {
        lines.push(Line::raw(app.messages.text(id)));
    }
    let width = (left_keys + left_titles + right_keys + right_titles + 10 + 4) as u16;
    let place = area.centered(
        ratatui::layout::Constraint::Length(width.min(area.width)),
        ratatui::layout::Constraint::Length((lines.len() as u16 + 2).min(area.height)),
    );
    Clear.render(place, buffer);
    let mut block = Block::bordered().title(format!(" {} ", app.messages.text(Id::ActionHelp)));
    if app.glyphs == Glyphs::ASCII {
        block = block.border_set(ASCII_BORDER);
    }
    Paragraph::new(lines).block(block.padding(ratatui::widgets::Padding::horizontal(1))).render(place, buffer);
}
