//! The ladder up to now; the row of the cursor is marked and in view.

use super::super::app::App;
use super::super::player::Player;
use super::put_canvas;
use crate::ladder::{Canvas, Geometry, Role, draw_row};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub(super) fn draw(app: &App, player: &Player, geometry: &Geometry, area: Rect, buffer: &mut Buffer) {
    let (trace, ladder, cursor) = (player.trace(), &player.run().ladder, player.cursor());
    let height = usize::from(area.height);
    let begun = ladder.begun_by(cursor);
    let current = ladder.row_of(cursor);
    // A packet is on its way while younger ones set out: its row may lie above the last one begun.
    // What has begun since may be much more than there is room for.
    let last = current.map_or(begun, |row| begun.min(row + 1 + height).max(row + 1));
    let mut lines: Vec<(Canvas, bool)> = Vec::new();
    let mut top = None;
    for index in (0..last).rev() {
        let row = draw_row(trace, &app.messages, ladder, ladder.rows[index], geometry, &app.glyphs, cursor);
        let is_current = current == Some(index);
        for (number, mut line) in row.into_iter().enumerate().rev() {
            if is_current && number == 0 {
                line.set(0, '>', Role::Strong);
            }
            lines.push((line, is_current));
        }
        if is_current {
            top = Some(lines.len());
        }
        if lines.len() >= height && top.is_some() {
            break;
        }
    }
    // Newest at the bottom, unless the current row would not be seen then.
    let skip = top.map_or(0, |top| top.saturating_sub(height));
    let shown: Vec<&(Canvas, bool)> = lines.iter().skip(skip).take(height).collect();
    for (row, (line, is_current)) in shown.into_iter().rev().enumerate() {
        put_canvas(app, line, area, row as u16, buffer);
        if *is_current {
            let bold = app.theme.role(Role::Strong);
            buffer.set_style(Rect { y: area.y + row as u16, height: 1, ..area }, bold);
        }
    }
}
