//! The title, the modes, and the four steps that every transfer takes.

use super::super::app::App;
use super::super::player::Player;
use super::put_right;
use crate::insight::{Progress, Stage, stages};
use crate::ladder::{Role, fit, text_width};
use crate::narrate::{Id, title};
use crate::text::visible;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn draw(app: &App, player: &Player, area: Rect, buffer: &mut Buffer) {
    let modes = modes(app, player);
    let modes_width: usize = modes.spans.iter().map(|span| text_width(&span.content)).sum();
    let scenario = player.scenario();
    let title = title(app.messages.language(), &scenario.title, scenario.title_zh.as_deref());
    let room = usize::from(area.width).saturating_sub(modes_width + 3);
    let title = fit(&visible(title), room);
    buffer.set_line(area.x + 1, area.y, &Line::styled(title, app.theme.role(Role::Strong)), area.width - 1);
    put_right(&modes, area, 0, buffer);
    buffer.set_line(area.x + 1, area.y + 1, &steps(app, player, usize::from(area.width - 1)), area.width - 1);
}

/// ` active | passive `, the one being played in reverse.
fn modes(app: &App, player: &Player) -> Line<'static> {
    let mode = player.mode();
    let pair = if mode.is_active() { [mode, mode.opposite()] } else { [mode.opposite(), mode] };
    let mut spans = Vec::new();
    for (index, shown) in pair.into_iter().enumerate() {
        if index > 0 {
            spans.push(Span::raw("|"));
        }
        let style = if shown == mode { app.theme.selected() } else { app.theme.role(Role::Dim) };
        spans.push(Span::styled(format!(" {} ", crate::narrate::mode_name(&app.messages, shown)), style));
    }
    spans.push(Span::raw(" "));
    Line::from(spans)
}

/// All four with their names; where there is no room for that, the name of the one that matters now.
fn steps(app: &App, player: &Player, width: usize) -> Line<'static> {
    let line = |named: &dyn Fn(Progress) -> bool| -> Line<'static> {
        let progress = stages(player.trace(), player.cursor());
        let mut spans = Vec::new();
        for (index, (stage, progress)) in Stage::ALL.into_iter().zip(progress).enumerate() {
            let (mark, role) = match progress {
                Progress::Ahead => (' ', Role::Dim),
                Progress::Running => ('.', Role::Strong),
                Progress::Done => (app.glyphs.done, Role::Good),
                Progress::Blocked => ('X', Role::Alarm),
            };
            let name = if named(progress) { format!(" {}", app.messages.text(name(stage))) } else { String::new() };
            if index > 0 {
                spans.push(Span::raw("  "));
            }
            spans.push(Span::styled(format!("{mark}{}{name}", index + 1), app.theme.role(role)));
        }
        Line::from(spans)
    };
    let all = line(&|_| true);
    if all.width() <= width { all } else { line(&|progress| matches!(progress, Progress::Running | Progress::Blocked)) }
}

const fn name(stage: Stage) -> Id {
    match stage {
        Stage::ControlHandshake => Id::StageControlHandshake,
        Stage::Negotiation => Id::StageNegotiation,
        Stage::PortAnnounced => Id::StagePortAnnounced,
        Stage::DataHandshake => Id::StageDataHandshake,
    }
}
