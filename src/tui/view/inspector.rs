//! The inspector: the frame, its packet, the firewall that saw it with its counters, what it tracks, the sockets.

use super::super::app::App;
use super::super::player::Player;
use super::narration::ASCII_BORDER;
use crate::firewall::Hook;
use crate::ids::{NodeId, RuleId};
use crate::ladder::{Glyphs, Role, fit};
use crate::narrate::{Id, endpoint_label, port_label};
use crate::packet::{Body, Packet};
use crate::text::visible;
use crate::trace::Event;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Padding, Paragraph, Widget};

pub(super) fn draw(app: &App, player: &Player, area: Rect, buffer: &mut Buffer) {
    let beside = area.width < 60;
    let mut block = Block::new().borders(if beside { Borders::LEFT } else { Borders::NONE });
    block = block.border_style(app.theme.role(Role::Dim)).padding(Padding::horizontal(1));
    if app.glyphs == Glyphs::ASCII {
        block = block.border_set(ASCII_BORDER);
    }
    let inner = block.inner(area);
    block.render(area, buffer);
    if beside {
        let page = Page::new(app, player, inner);
        Paragraph::new(page.write()).render(inner, buffer);
        return;
    }
    // In the place of stage and ladder: two columns, or half of it would lie below the edge.
    let [left, right] = Layout::horizontal([Constraint::Length(36), Constraint::Min(20)]).spacing(1).areas(inner);
    let page = Page::new(app, player, left);
    Paragraph::new(page.about_the_frame().lines).render(left, buffer);
    let page = Page::new(app, player, right);
    Paragraph::new(page.about_the_network().lines).render(right, buffer);
}

struct Page<'a> {
    app: &'a App,
    player: &'a Player,
    width: usize,
    height: usize,
    lines: Vec<Line<'static>>,
}

impl<'a> Page<'a> {
    fn new(app: &'a App, player: &'a Player, area: Rect) -> Self {
        Self { app, player, width: usize::from(area.width), height: usize::from(area.height), lines: Vec::new() }
    }

    /// How many lines still fit: more are not even made.
    fn room(&self) -> usize {
        self.height.saturating_sub(self.lines.len())
    }

    fn write(self) -> Vec<Line<'static>> {
        self.about_the_frame().about_the_network().lines
    }

    fn about_the_frame(mut self) -> Self {
        let Some(frame) = self.player.frame() else { return self };
        let trace = self.player.trace();
        let node = frame.node;
        let cause = frame.cause.map_or_else(|| "-".to_owned(), |cause| cause.to_string());
        self.heading(Id::InspectorFrame);
        let number = self.player.cursor().to_string();
        let name = visible(trace.node_name(node));
        let about = self.app.messages.format(
            Id::InspectorFrameLine,
            &[("frame", &number), ("node", &name), ("time", &frame.at.to_string()), ("cause", &cause)],
        );
        self.text(&about, Role::Plain);
        if let Some(packet) = trace.packet_of(frame) {
            self.packet(packet);
        }
        self
    }

    fn about_the_network(mut self) -> Self {
        let Some(frame) = self.player.frame() else { return self };
        let deciding = match &frame.event {
            Event::Verdict { rule, .. } => Some(*rule),
            _ => None,
        };
        self.firewall(frame.node, deciding);
        self.tracking(frame.node);
        self.expected(frame.node);
        self.sockets();
        self
    }

    fn heading(&mut self, id: Id) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        let style = self.app.theme.role(Role::Strong);
        self.lines.push(Line::styled(self.app.messages.text(id), style));
    }

    fn text(&mut self, text: &str, role: Role) {
        self.lines.push(Line::styled(fit(text, self.width), self.app.theme.role(role)));
    }

    fn field(&mut self, name: &str, value: &str, style: Style) {
        let value = fit(value, self.width.saturating_sub(7));
        let name = Span::styled(format!("{name:<6} "), self.app.theme.role(Role::Dim));
        self.lines.push(Line::from(vec![name, Span::styled(value, style)]));
    }

    fn packet(&mut self, packet: &Packet) {
        self.heading(Id::InspectorPacket);
        let (trace, at) = (self.player.trace(), self.player.cursor());
        let plain = Style::new();
        self.field("src", &endpoint_label(trace, packet.source(), at), plain);
        self.field("dst", &endpoint_label(trace, packet.destination(), at), plain);
        match &packet.body {
            Body::Tcp(segment) => {
                self.field("flags", &segment.flags.to_string(), plain);
                self.field("seq", &segment.seq.to_string(), plain);
                if segment.flags.contains(crate::packet::Flags::ACK) {
                    self.field("ack", &segment.ack.to_string(), plain);
                }
                let options = segment.mss.map_or_else(String::new, |mss| format!("  mss {mss}"));
                self.field("win", &format!("{}{options}", segment.window), plain);
                self.field("len", &segment.payload.len().to_string(), plain);
            }
            Body::Icmp(icmp) => {
                let (from, to) = icmp.about();
                let label = crate::narrate::packet_label(trace, packet, at);
                self.field("icmp", &label, plain);
                self.field("about", &format!("{from} > {to}"), plain);
            }
        }
        self.field("ttl", &packet.ttl.to_string(), plain);
    }

    /// The rules of the node that the frame is about, or of the first firewall, with how often each matched.
    fn firewall(&mut self, node: NodeId, deciding: Option<RuleId>) {
        let trace = self.player.trace();
        let shown = if trace.nodes[node.index()].has_firewall {
            Some(node)
        } else {
            trace.nodes.iter().position(|info| info.has_firewall).map(|index| NodeId(index as u32))
        };
        let Some(shown) = shown else { return };
        self.heading(Id::InspectorFirewall);
        self.text(&visible(trace.node_name(shown)), Role::Plain);
        let counters = &self.player.scene().counters;
        for hook in Hook::ALL {
            let rules: Vec<(usize, _)> =
                trace.rules.iter().enumerate().filter(|(_, rule)| rule.node == shown && rule.hook == hook).collect();
            if rules.is_empty() {
                continue;
            }
            self.text(hook.name(), Role::Dim);
            for (index, rule) in rules {
                let count = counters.get(index).copied().unwrap_or(0);
                let mark = if deciding == Some(RuleId(index as u32)) { '>' } else { ' ' };
                let style = if mark == '>' { Role::Strong } else { Role::Plain };
                self.text(&format!("{mark}{count:>4}  {}", visible(&rule.text)), style);
            }
        }
    }

    fn tracking(&mut self, node: NodeId) {
        let trace = self.player.trace();
        let at = self.player.cursor();
        let entries: Vec<String> = self
            .player
            .scene()
            .tracking
            .iter()
            .filter(|entry| entry.node == node || !trace.nodes[node.index()].has_firewall)
            .take(self.room())
            .map(|entry| {
                let unreplied = if entry.replied { "" } else { " [UNREPLIED]" };
                let (from, to) = (port_label(trace, entry.from, at), port_label(trace, entry.to, at));
                format!("{} {}:{from} > {}:{to}{unreplied}", entry.state, entry.from.ip, entry.to.ip)
            })
            .collect();
        if entries.is_empty() {
            return;
        }
        self.heading(Id::InspectorTracking);
        for entry in entries {
            self.text(&entry, Role::Plain);
        }
    }

    fn expected(&mut self, node: NodeId) {
        let trace = self.player.trace();
        let at = self.player.cursor();
        let all = &self.player.scene().expected;
        let shown: Vec<String> = all
            .iter()
            .filter(|expected| expected.node == node || !trace.nodes[node.index()].has_firewall)
            .take(self.room())
            .map(|expected| format!("{} > {}", expected.from, endpoint_label(trace, expected.to, at)))
            .collect();
        if !shown.is_empty() {
            self.heading(Id::InspectorExpected);
            for line in shown {
                self.text(&line, Role::Plain);
            }
        }
    }

    fn sockets(&mut self) {
        self.heading(Id::InspectorSockets);
        let trace = self.player.trace();
        let at = self.player.cursor();
        let sockets: Vec<String> = self
            .player
            .scene()
            .sockets
            .iter()
            .take(self.room())
            .map(|socket| {
                let node = visible(trace.node_name(socket.node));
                let local = port_label(trace, socket.local, at);
                let remote = socket.remote.map_or_else(|| "*".to_owned(), |remote| port_label(trace, remote, at));
                format!("{node} {local} > {remote}  {}", socket.state)
            })
            .collect();
        for socket in sockets {
            self.text(&socket, Role::Plain);
        }
    }
}
