//! The stage: nodes side by side over the ladder's lanes, the two channels between the client's and the server's doors,
//! packets on their way.
//!
//! ```text
//!           client                 office                internet                server
//!        192.168.1.10           192.168.1.1              10.0.1.2             203.0.113.5
//!  [51514 AA] ESTABLISHED                                          ESTABLISHED [21 open]
//!              o-------------------####---------------------+----------------------o
//!              *                   ####X<SYN=================+======================*
//!  [50121 BB open]                                                      [20] SYN-SENT
//! ```

use super::super::app::App;
use super::super::player::Player;
use super::put_canvas;
use crate::ids::{ConnectionId, NodeId, SessionId};
use crate::ladder::{Canvas, Geometry, Role, RowKind, channel_mark, draw_header, text_width};
use crate::narrate::{Id, packet_label};
use crate::packet::{Channel, Tag};
use crate::tcp::State;
use crate::trace::{Flight, SocketView, path_between};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Names, addresses, doors, two tracks, doors, a rule.
pub(super) const HEIGHT: u16 = 7;

pub(super) fn draw(app: &App, player: &Player, geometry: &Geometry, area: Rect, buffer: &mut Buffer) {
    let stage = Stage::new(app, player, geometry);
    let [mut names, addresses] = draw_header(player.trace(), &player.run().ladder, geometry);
    stage.mark_current(&mut names);
    let mut rule = Canvas::new(geometry.width);
    rule.fill(0, geometry.width, app.glyphs.rule, Role::Dim);
    let lines = [
        names,
        addresses,
        stage.doors(Channel::Control),
        stage.track(Channel::Control),
        stage.track(Channel::Data),
        stage.doors(Channel::Data),
        rule,
    ];
    for (row, line) in lines.iter().enumerate() {
        put_canvas(app, line, area, row as u16, buffer);
    }
}

struct Stage<'a> {
    app: &'a App,
    player: &'a Player,
    geometry: &'a Geometry,
    session: SessionId,
    /// For each channel the connection that it shows now.
    shown: [Option<ConnectionId>; 2],
    /// For each channel the columns of the nodes from end to end, the left one first.
    paths: [Vec<usize>; 2],
}

const fn role_of(channel: Channel) -> Role {
    match channel {
        Channel::Control => Role::Control,
        Channel::Data => Role::Data,
    }
}

impl<'a> Stage<'a> {
    fn new(app: &'a App, player: &'a Player, geometry: &'a Geometry) -> Self {
        let session = player.session();
        let mut stage = Self { app, player, geometry, session, shown: [None; 2], paths: [Vec::new(), Vec::new()] };
        for channel in [Channel::Control, Channel::Data] {
            stage.shown[channel as usize] = stage.connection(channel);
            let ends = stage.ends(channel);
            let nodes = ends.map_or_else(Vec::new, |(a, b)| path_between(player.trace(), a, b));
            let mut path: Vec<usize> = nodes.into_iter().map(|node| stage.column(node)).collect();
            if let (Some(first), Some(last)) = (path.first(), path.last())
                && stage.lane(*first) > stage.lane(*last)
            {
                path.reverse();
            }
            stage.paths[channel as usize] = path;
        }
        stage
    }

    /// The connection that a channel shows: the one that the frame is about, or else the one that was opened last. (A
    /// client that copies from server to server has two control connections.)
    fn connection(&self, channel: Channel) -> Option<ConnectionId> {
        let ids = || self.sockets(channel).filter_map(|socket| socket.tag.and_then(|tag| tag.connection));
        let current = self.player.frame().and_then(|frame| frame.tag).filter(|tag| tag.channel == channel);
        let current = current.and_then(|tag| tag.connection).filter(|wanted| ids().any(|id| id == *wanted));
        current.or_else(|| ids().last())
    }

    /// Where a channel begins and ends: at the sockets of its connection, wherever a NAT has led it; at an open door; or
    /// at the client and the server that it will call.
    fn ends(&self, channel: Channel) -> Option<(NodeId, NodeId)> {
        let trace = self.player.trace();
        let info = trace.sessions.get(self.session.index())?;
        // A server that is nobody is looked for at the far right.
        let server = trace
            .server(self.session, self.player.cursor())
            .or_else(|| self.player.run().ladder.columns.last().copied())?;
        let mine: Vec<&SocketView> = self.sockets(channel).filter(|socket| self.is_shown(channel, socket)).collect();
        match mine[..] {
            [one, .., other] if one.node != other.node => Some((one.node, other.node)),
            [one, ..] => {
                let called = one.tag.and_then(|tag| trace.answerer(tag.connection?));
                let other = if one.node == info.client { server } else { info.client };
                Some((one.node, called.filter(|node| *node != one.node).unwrap_or(other)))
            }
            [] => {
                let door = self.sockets(channel).filter(|socket| socket.tag.is_some()).last();
                let far = door.map(|socket| socket.node).filter(|node| *node != info.client);
                Some((info.client, far.unwrap_or(server)))
            }
        }
    }

    /// Whether a socket is an end of the connection that a channel shows.
    fn is_shown(&self, channel: Channel, socket: &SocketView) -> bool {
        let connection = socket.tag.and_then(|tag| tag.connection);
        connection.is_some() && connection == self.shown[channel as usize]
    }

    fn path(&self, channel: Channel) -> &[usize] {
        &self.paths[channel as usize]
    }

    fn column(&self, node: NodeId) -> usize {
        self.player.run().ladder.column(node)
    }

    fn lane(&self, column: usize) -> usize {
        self.geometry.lanes[column]
    }

    /// The node that the frame is about stands out: `>client<`.
    fn mark_current(&self, names: &mut Canvas) {
        let Some(frame) = self.player.frame() else { return };
        let name = crate::text::visible(self.player.trace().node_name(frame.node));
        let column = self.column(frame.node);
        let x = self.geometry.centred(column, text_width(&name));
        if x > 0 {
            names.set(x - 1, '>', Role::Strong);
        }
        names.set(x + text_width(&name), '<', Role::Strong);
    }

    fn sockets(&self, channel: Channel) -> impl Iterator<Item = &SocketView> {
        let session = self.session;
        self.player.scene().sockets.iter().filter(move |socket| match socket.tag {
            Some(tag) => tag.session == session && tag.channel == channel,
            // The control door is everyone's.
            None => channel == Channel::Control,
        })
    }

    /// What stands at the ends of a channel: ports with their names, open doors, states.
    fn doors(&self, channel: Channel) -> Canvas {
        let mut canvas = Canvas::new(self.geometry.width);
        let path = self.path(channel);
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return canvas };
        for (column, left) in [(*first, true), (*last, false)] {
            let node = self.player.run().ladder.columns[column];
            let here: Vec<&SocketView> = self.sockets(channel).filter(|socket| socket.node == node).collect();
            // The connection, and the door, if one is open: for the next connection, if this one is over.
            let door = here.iter().rev().find(|socket| socket.remote.is_none());
            let over = |socket: &SocketView| door.is_some() && socket.state == State::TimeWait;
            let connection = here.iter().rev().find(|socket| self.is_shown(channel, socket) && !over(socket));
            let mut words = Vec::new();
            if let Some(socket) = door.or(connection) {
                let port = socket.name.map_or_else(
                    || socket.local.port.to_string(),
                    |name| format!("{} {}", socket.local.port, name.name()),
                );
                let open = door.is_some();
                let text = if open {
                    format!("[{port} {}]", self.app.messages.text(Id::LadderDoorOpen))
                } else {
                    format!("[{port}]")
                };
                words.push((text, if open { Role::Good } else { role_of(channel) }));
            }
            if let Some(socket) = connection {
                words.push((socket.state.name().to_owned(), Role::Dim));
            }
            if words.is_empty()
                && let Some(port) = self.knocked_at(channel, node)
            {
                let shut = self.app.messages.text(Id::LadderDoorShut);
                words.push((format!("[{port} {shut}]"), Role::Alarm));
            }
            if !left {
                words.reverse();
            }
            let width: usize = words.iter().map(|(text, _)| text_width(text) + 1).sum::<usize>().saturating_sub(1);
            let lane = self.lane(column);
            let mut x = if left {
                lane.saturating_sub(12).max(1)
            } else {
                (lane + 3).min(self.geometry.width - 1).saturating_sub(width)
            };
            for (text, role) in words {
                x = canvas.put(x, &text, role) + 1;
            }
        }
        canvas
    }

    /// The port of a node that the other end tries to connect to.
    fn knocked_at(&self, channel: Channel, node: NodeId) -> Option<u16> {
        let addresses = &self.player.trace().nodes[node.index()].addresses;
        let remotes = self.sockets(channel).filter(|socket| socket.initiator).filter_map(|socket| socket.remote);
        remotes.filter(|remote| addresses.contains(&remote.ip)).map(|remote| remote.port).next()
    }

    /// A channel from door to door: a line while connected, the firewalls it passes, the packets on it.
    fn track(&self, channel: Channel) -> Canvas {
        let mut canvas = Canvas::new(self.geometry.width);
        let glyphs = &self.app.glyphs;
        let role = role_of(channel);
        let shown = self.sockets(channel).filter(|socket| self.is_shown(channel, socket));
        let states: Vec<State> = shown.map(|socket| socket.state).collect();
        let path = self.path(channel);
        let alive = |state: &State| state.is_synchronized() && *state != State::TimeWait;
        let line = if states.iter().filter(|state| alive(state)).count() >= 2 {
            Some((glyphs.line(Some(channel)), role))
        } else if states.iter().any(|state| *state != State::TimeWait) {
            Some((glyphs.faint_line, role))
        } else {
            None
        };
        if let (Some((glyph, role)), Some(first), Some(last)) = (line, path.first(), path.last()) {
            let (a, b) = (self.lane(*first), self.lane(*last));
            canvas.fill(a.min(b) + 1, a.max(b), glyph, role);
        }
        for (column, node) in self.player.run().ladder.columns.iter().enumerate() {
            self.node(&mut canvas, column, *node, channel);
        }
        for flight in self.player.scene().flights.iter().filter(|flight| {
            flight.tag.map_or(channel == Channel::Control, |tag| tag.channel == channel && tag.session == self.session)
        }) {
            self.flight(&mut canvas, flight, role);
        }
        self.death(&mut canvas, channel);
        canvas
    }

    fn node(&self, canvas: &mut Canvas, column: usize, node: NodeId, channel: Channel) {
        let info = &self.player.trace().nodes[node.index()];
        let lane = self.lane(column);
        let path = self.path(channel);
        let is_end = path.first() == Some(&column) || path.last() == Some(&column);
        let on_path = path.contains(&column);
        if info.has_firewall {
            // A host's firewall stands before the host.
            let (from, to) = match (is_end, path.first() == Some(&column)) {
                (true, true) => (lane + 1, lane + 4),
                (true, false) => (lane.saturating_sub(3), lane),
                _ => (lane.saturating_sub(2), lane + 3),
            };
            canvas.fill(from, to, self.app.glyphs.wall, Role::Plain);
        } else if !is_end {
            let glyph = match (info.down, on_path) {
                (true, _) => '?',
                (false, true) => self.app.glyphs.node,
                (false, false) => self.app.glyphs.lane,
            };
            canvas.set(lane, glyph, Role::Dim);
        }
        if is_end {
            let role = if info.down { Role::Dim } else { role_of(channel) };
            canvas.set(lane, if info.down { '?' } else { channel_mark(channel) }, role);
        }
    }

    fn flight(&self, canvas: &mut Canvas, flight: &Flight, role: Role) {
        let (from, to) = (self.column(flight.from), self.column(flight.to));
        if from == to {
            return;
        }
        let total = flight.arrives.since(flight.departs).as_secs_f64();
        let passed = self.player.instant().since(flight.departs).as_secs_f64();
        let share = if total > 0.0 { passed / total } else { 1.0 };
        let head = self.geometry.between(from, to, share);
        let label = packet_label(self.player.trace(), self.player.trace().packet(flight.packet), flight.frame);
        let word = label.split_whitespace().next().unwrap_or("?").to_owned();
        self.token(canvas, head, self.lane(from) < self.lane(to), &word, self.lane(from), role);
    }

    /// A packet: an arrow head with a word behind it, as far as the way it has come leaves room.
    fn token(&self, canvas: &mut Canvas, head: usize, rightwards: bool, word: &str, origin: usize, role: Role) {
        let room = head.abs_diff(origin).saturating_sub(1);
        let word: String = word.chars().take(room.min(12)).collect();
        let width = text_width(&word);
        if rightwards {
            canvas.put(head.saturating_sub(width), &word, role);
            canvas.set(head, self.app.glyphs.right, role);
        } else {
            canvas.set(head, self.app.glyphs.left, role);
            canvas.put(head + 1, &word, role);
        }
    }

    /// The packet that the cursor's row is about, if it has died by now.
    fn death(&self, canvas: &mut Canvas, channel: Channel) {
        let ladder = &self.player.run().ladder;
        let Some(row) = ladder.row_of(self.player.cursor()) else { return };
        let RowKind::Packet(index) = ladder.rows[row].kind else { return };
        let journey = &ladder.journeys[index];
        let mine = |tag: Tag| tag.channel == channel && tag.session == self.session;
        let here = journey.tag.map_or(channel == Channel::Control, mine);
        if !here || !journey.failed() || journey.last > self.player.cursor() {
            return;
        }
        let (from, to) = (self.column(journey.origin().node), self.column(journey.end().node));
        let lane = self.lane(to);
        canvas.set(lane, 'X', Role::Alarm);
        if from == to {
            return;
        }
        let rightwards = self.lane(from) < lane;
        let label = packet_label(self.player.trace(), self.player.trace().packet(journey.packet), journey.last);
        let word = label.split_whitespace().next().unwrap_or("?").to_owned();
        let beside = if rightwards { lane.saturating_sub(3) } else { lane + 3 };
        self.token(canvas, beside, rightwards, &word, self.lane(from), Role::Alarm);
    }
}
