//! The list of scenarios, with what comes of the selected one in either mode.

use super::super::app::App;
use super::super::gallery::Item;
use super::footer;
use crate::ids::NodeId;
use crate::ladder::{Role, fit, text_width};
use crate::narrate::{Id, mode_name, outcome_note};
use crate::scenario::Outcome;
use crate::text::visible;
use crate::trace::{Trace, node_order};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

/// Rows that a scenario's details take: the network, three lines of text, four of results, gaps, the command.
const DETAILS: u16 = 11;

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let Some(gallery) = &app.gallery else { return };
    let count = gallery.items.len() as u16;
    let [title, list, details, keys] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(count.min(area.height.saturating_sub(5 + DETAILS)) + 2),
        Constraint::Min(6),
        Constraint::Length(1),
    ])
    .areas(area);
    let heading = Line::from(vec![
        Span::styled(" ftpscope  ", app.theme.role(Role::Strong)),
        Span::styled(app.messages.text(Id::UiTagline), app.theme.role(Role::Dim)),
    ]);
    buffer.set_line(title.x, title.y, &heading, title.width);
    draw_list(app, list, buffer);
    if let Some(item) = gallery.selected() {
        draw_details(app, item, details, buffer);
    }
    footer::draw(app, keys, buffer);
}

fn draw_list(app: &App, area: Rect, buffer: &mut Buffer) {
    let Some(gallery) = &app.gallery else { return };
    let height = usize::from(area.height.saturating_sub(2)).max(1);
    let first = (gallery.selected + 1).saturating_sub(height);
    for (row, (index, item)) in gallery.items.iter().enumerate().skip(first).take(height).enumerate() {
        let selected = index == gallery.selected;
        let title = fit(item.title(app.messages.language()), usize::from(area.width).saturating_sub(6));
        let text = format!(" {} {title} ", if selected { '>' } else { ' ' });
        let style = if selected { app.theme.selected() } else { app.theme.role(Role::Plain) };
        buffer.set_line(area.x, area.y + row as u16, &Line::styled(text, style), area.width);
    }
    if first + height < gallery.items.len() {
        let more = Line::styled("   ...", app.theme.role(Role::Dim));
        buffer.set_line(area.x, area.y + height as u16, &more, area.width);
    }
}

fn draw_details(app: &App, item: &Item, area: Rect, buffer: &mut Buffer) {
    let mut lines = Vec::new();
    let results = item.results();
    if let Some((trace, _)) = results.first() {
        lines.push(network(app, trace));
        lines.push(Line::default());
    }
    lines.push(Line::raw(item.about(app.messages.language()).to_owned()));
    lines.push(Line::default());
    let width = results
        .iter()
        .filter_map(|(trace, _)| trace.sessions.first())
        .map(|session| text_width(&mode_name(&app.messages, session.mode)))
        .max()
        .unwrap_or(0);
    for (trace, outcomes) in results {
        let Some(session) = trace.sessions.first() else { continue };
        let name = mode_name(&app.messages, session.mode);
        let gap = " ".repeat(width - text_width(&name) + 2);
        let mut spans = vec![Span::styled(name, app.theme.role(Role::Strong)), Span::raw(gap)];
        // QUIT is no news.
        for outcome in outcomes.iter().filter(|outcome| outcome.run != "quit") {
            let role = if outcome.outcome == Outcome::Ok { Role::Good } else { Role::Alarm };
            spans.push(Span::raw(format!("{}: ", visible(&outcome.run))));
            spans.push(Span::styled(outcome_note(&app.messages, trace, outcome), app.theme.role(role)));
            spans.push(Span::raw("   "));
        }
        lines.push(Line::from(spans));
    }
    lines.push(Line::default());
    lines.push(Line::styled(format!("ftpscope play {}", item.name), app.theme.role(Role::Dim)));
    let inner = Rect { x: area.x + 3, width: area.width.saturating_sub(6), ..area };
    Paragraph::new(lines).wrap(Wrap { trim: false }).render(inner, buffer);
}

/// The nodes from left to right: `client -- [office] -- server`, firewalls in brackets.
fn network(app: &App, trace: &Trace) -> Line<'static> {
    let name = |node: NodeId| {
        let info = &trace.nodes[node.index()];
        let name = visible(&info.name);
        if info.has_firewall { format!("[{name}]") } else { name }
    };
    let order = node_order(trace);
    let mut text = order.first().map_or_else(String::new, |first| name(*first));
    for (before, node) in order.iter().zip(order.iter().skip(1)) {
        // Where the next one hangs somewhere else, a branch begins.
        let linked = trace.links.iter().any(|link| link.ends.contains(before) && link.ends.contains(node));
        let at = order.iter().find(|other| {
            *other != node && trace.links.iter().any(|link| link.ends.contains(other) && link.ends.contains(node))
        });
        match (linked, at) {
            (false, Some(at)) => text += &format!(", {} -- {}", name(*at), name(*node)),
            _ => text += &format!(" -- {}", name(*node)),
        }
    }
    Line::styled(text, app.theme.role(Role::Control))
}
