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
use crate::ids::{NodeId, SessionId};
use crate::ladder::{Canvas, Geometry, Role, RowKind, channel_mark, draw_header, text_width};
use crate::narrate::{Id, packet_label};
use crate::packet::Channel;
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
    /// The columns of the nodes between client and server, ends included.
    path: Vec<usize>,
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
        let trace = player.trace();
        let ladder = &player.run().ladder;
        let path = trace.sessions.get(session.index()).map_or_else(Vec::new, |info| {
            // A server that is nobody is looked for at the far right.
            let server = info.server.or_else(|| ladder.columns.last().copied());
            server.map_or_else(Vec::new, |server| path_between(trace, info.client, server))
        });
        let path = path.into_iter().map(|node| ladder.column(node)).collect();
        Self { app, player, geometry, session, path }
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
        let name = crate::narrate::visible(self.player.trace().node_name(frame.node));
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
        let (Some(first), Some(last)) = (self.path.first(), self.path.last()) else { return canvas };
        for (column, left) in [(*first, true), (*last, false)] {
            let node = self.player.run().ladder.columns[column];
            let here: Vec<&SocketView> = self.sockets(channel).filter(|socket| socket.node == node).collect();
            // The connection that lives, or else the last one that ended in TIME-WAIT; and the door, if one is open.
            let connection = here
                .iter()
                .rev()
                .find(|socket| socket.remote.is_some() && socket.state != State::TimeWait)
                .or_else(|| here.iter().rev().find(|socket| socket.remote.is_some()));
            let door = here.iter().rev().find(|socket| socket.remote.is_none());
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
        let states: Vec<State> =
            self.sockets(channel).filter(|socket| socket.remote.is_some()).map(|socket| socket.state).collect();
        let alive = |state: &State| state.is_synchronized() && *state != State::TimeWait;
        let line = if states.iter().filter(|state| alive(state)).count() >= 2 {
            Some((glyphs.line(Some(channel)), role))
        } else if states.iter().any(|state| *state != State::TimeWait) {
            Some((glyphs.faint_line, role))
        } else {
            None
        };
        if let (Some((glyph, role)), Some(first), Some(last)) = (line, self.path.first(), self.path.last()) {
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
        let is_end = self.path.first() == Some(&column) || self.path.last() == Some(&column);
        let on_path = self.path.contains(&column);
        if info.has_firewall {
            // A host's firewall stands before the host.
            let (from, to) = match (is_end, self.path.first() == Some(&column)) {
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
        let here = journey.tag.map_or(channel == Channel::Control, |tag| tag.channel == channel);
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
