//! The whole run on one line: each cell a few frames, marked by the most telling thing that happens in them.

use super::super::app::App;
use super::super::player::Player;
use super::put_right;
use crate::ladder::{Role, channel_mark};
use crate::narrate::Id;
use crate::packet::Channel;
use crate::trace::MilestoneKind;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn draw(app: &App, player: &Player, area: Rect, buffer: &mut Buffer) {
    let trace = player.trace();
    let total = trace.frames.len();
    let cursor = player.cursor();
    let at = player.instant().to_string();
    let state = if player.playback.is_playing() { app.glyphs.right } else { ' ' };
    let speed = format!(" {state}{:>4}", player.playback.speed_label());
    // Of fixed width: the cells of the timeline must not move while the story goes on.
    let (frame, total_text) = (cursor.to_string(), total.to_string());
    let end = trace.frames.last().map(|frame| frame.at.to_string()).unwrap_or_default();
    let frame = format!("{frame:>width$}", width = total_text.len());
    let at = format!("{at:>width$}", width = end.len());
    let count = app.messages.format(Id::UiFrameCount, &[("frame", &frame), ("total", &total_text), ("time", &at)]);
    let text = format!(" {count}{speed} ");
    let right = Line::from(Span::raw(text));
    let taken = right.width() as u16;
    put_right(&right, area, 0, buffer);
    let cells = usize::from(area.width.saturating_sub(taken + 3));
    if cells < 8 || total == 0 {
        return;
    }
    let cell_of = |index: usize| index * cells / total;
    let mut marks: Vec<(u8, char, Role)> =
        vec![(0, if app.glyphs.lane == '|' { '-' } else { '─' }, Role::Dim); cells];
    for milestone in &player.run().milestones {
        let cell = &mut marks[cell_of(milestone.frame.index())];
        let mark = mark_of(milestone.kind, milestone.channel);
        if mark.0 > cell.0 {
            *cell = mark;
        }
    }
    let spans = marks.iter().enumerate().map(|(index, (_, glyph, role))| {
        let style = app.theme.role(*role);
        let style = if index == cell_of(cursor.index()) { style.patch(app.theme.selected()) } else { style };
        Span::styled(glyph.to_string(), style)
    });
    let mut line = vec![Span::raw("|")];
    line.extend(spans);
    line.push(Span::raw("|"));
    buffer.set_line(area.x + 1, area.y, &Line::from(line), area.width);
}

/// How telling a milestone is, and its mark.
const fn mark_of(kind: MilestoneKind, channel: Option<Channel>) -> (u8, char, Role) {
    let (mark, role) = match channel {
        Some(Channel::Data) => (channel_mark(Channel::Data), Role::Data),
        _ => (channel_mark(Channel::Control), Role::Control),
    };
    match kind {
        MilestoneKind::PacketLost => (5, 'X', Role::Alarm),
        MilestoneKind::Failure => (4, '!', Role::Alarm),
        MilestoneKind::Handshake => (3, 'H', Role::Good),
        MilestoneKind::Knock | MilestoneKind::Door => (2, mark, role),
        MilestoneKind::Command | MilestoneKind::Reply | MilestoneKind::Transfer => (1, mark, role),
    }
}
