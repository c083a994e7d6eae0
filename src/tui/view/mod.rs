//! The screen, as a function of the app's state.
//!
//! ```text
//! title                                     active | passive
//! 1 control handshake  2 negotiation  3 port  4 data handshake
//!   client               office                server           stage: nodes, doors, connections,
//!   [51514 AA] o---------####------------------o [21 open]             packets on their way
//!   0.142 o LIST ------------------------------>                ladder, up to now         | inspector
//! > 0.153 *              X<==== SYN 20 > 50121 BB               (its place when narrow)   | (when wide)
//! office drops the SYN ... because ...                          narration
//! |-o--ooooo-o--*X....X......|  frame 41 of 118   0.153 s       timeline
//! <- back  -> step  n next milestone  space play  ? help        keys
//! ```
//!
//! | file | subject |
//! |---|---|
//! | `footer` | the keys that matter now |
//! | `gallery` | the list of scenarios, with what comes of the selected one in either mode |
//! | `header` | the title, the modes, and the four steps that every transfer takes |
//! | `help` | all keys, and what the marks mean; generated from the table of actions |
//! | `inspector` | the inspector: the frame, its packet, the firewall that saw it with its counters, what it tracks, the sockets |
//! | `ladder` | the ladder up to now; the row of the cursor is marked and in view |
//! | `line_breaks` | text broken into lines, English and Chinese |
//! | `narration` | what happened, in one sentence, and why |
//! | `stage` | the stage: nodes side by side over the ladder's lanes, the two channels between the client's and the server's doors, packets on their way |
//! | `timeline` | the whole run on one line: each cell a few frames, marked by the most telling thing that happens in them |

mod footer;
mod gallery;
mod header;
mod help;
mod inspector;
mod ladder;
mod line_breaks;
mod narration;
mod stage;
mod timeline;

use super::app::{App, Screen};
use super::player::Player;
use crate::ladder::{Canvas, Geometry, text_width};
use crate::narrate::Id;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

/// Smaller terminals show only a message.
const LEAST: (u16, u16) = (60, 16);
/// From this width on the inspector stands beside the ladder.
const WIDE: u16 = 120;
const INSPECTOR_WIDTH: u16 = 46;

/// Draws the picture.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return too_small(app, area, buffer);
    }
    match &app.screen {
        Screen::Gallery => gallery::draw(app, area, buffer),
        Screen::Player(player) => draw_player(app, player, area, buffer),
    }
    if app.help {
        help::draw(app, area, buffer);
    }
}

fn draw_player(app: &App, player: &Player, area: Rect, buffer: &mut Buffer) {
    let story = if area.height >= 32 { 7 } else { 6 };
    let [header, body, narration, timeline, footer] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Min(6),
        Constraint::Length(story),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(area);
    header::draw(app, player, header, buffer);
    let wide = area.width >= WIDE;
    let [left, right] =
        Layout::horizontal([Constraint::Min(60), Constraint::Length(if wide { INSPECTOR_WIDTH } else { 0 })])
            .areas(body);
    let [stage, ladder] = Layout::vertical([Constraint::Length(stage::HEIGHT), Constraint::Min(1)]).areas(left);
    let geometry = Geometry::new(player.run().ladder.columns.len(), usize::from(left.width));
    if player.inspecting && !wide {
        inspector::draw(app, player, left, buffer);
    } else {
        stage::draw(app, player, &geometry, stage, buffer);
        ladder::draw(app, player, &geometry, ladder, buffer);
    }
    if wide {
        inspector::draw(app, player, right, buffer);
    }
    narration::draw(app, player, narration, buffer);
    timeline::draw(app, player, timeline, buffer);
    footer::draw(app, footer, buffer);
}

fn too_small(app: &App, area: Rect, buffer: &mut Buffer) {
    let size = format!("{}x{}", LEAST.0, LEAST.1);
    let text = app.messages.format(Id::UiTooSmall, &[("size", &size)]);
    Paragraph::new(text).wrap(Wrap { trim: true }).render(area, buffer);
}

/// Puts a line of the ladder's kind on the screen.
fn put_canvas(app: &App, canvas: &Canvas, area: Rect, row: u16, buffer: &mut Buffer) {
    if row >= area.height {
        return;
    }
    let spans: Vec<Span<'_>> =
        canvas.pieces().into_iter().map(|piece| Span::styled(piece.text, app.theme.role(piece.role))).collect();
    buffer.set_line(area.x, area.y + row, &Line::from(spans), area.width);
}

/// Puts a line on the screen, flush right.
fn put_right(line: &Line<'_>, area: Rect, row: u16, buffer: &mut Buffer) {
    let width: usize = line.spans.iter().map(|span| text_width(&span.content)).sum();
    let width = (width as u16).min(area.width);
    buffer.set_line(area.right() - width, area.y + row, line, width);
}
