//! The keys that matter now.

use super::super::action::Action;
use super::super::app::{App, Screen};
use crate::ladder::{Role, text_width};
use crate::narrate::Id;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

const IN_PLAYER: &[Action] = &[
    Action::StepBack,
    Action::StepForward,
    Action::NextMilestone,
    Action::PlayPause,
    Action::SwitchMode,
    Action::Inspector,
    Action::Help,
    Action::Quit,
];
const IN_GALLERY: &[Action] = &[Action::NextPacket, Action::PreviousPacket, Action::Open, Action::Help, Action::Quit];

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let actions = match app.screen {
        Screen::Gallery => IN_GALLERY,
        Screen::Player(_) => IN_PLAYER,
    };
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for binding in actions.iter().filter_map(|action| action.binding()) {
        let key = binding.keys.first().map_or("", super::super::action::Key::label);
        let title = match (&app.screen, binding.action) {
            (Screen::Gallery, Action::NextPacket) => Id::GalleryDown,
            (Screen::Gallery, Action::PreviousPacket) => Id::GalleryUp,
            _ => binding.title,
        };
        let title = format!(" {}  ", app.messages.text(title));
        let width = text_width(key) + text_width(&title);
        // A key that would be cut in half is left out; the help has all.
        if used + width > usize::from(area.width) + 2 {
            break;
        }
        used += width;
        spans.push(Span::styled(key, app.theme.key()));
        spans.push(Span::styled(title, app.theme.role(Role::Dim)));
    }
    buffer.set_line(area.x, area.y, &Line::from(spans), area.width);
}
