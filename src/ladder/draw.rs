//! A row of the ladder as lines of text.

use super::canvas::{Canvas, Role, fit, text_width};
use super::glyphs::{Glyphs, channel_mark};
use super::{Fold, Geometry, Ladder, Row, RowKind};
use crate::ids::FrameId;
use crate::narrate::{Id, Messages, command_result, data_error, packet_label, row_note, seconds};
use crate::packet::Channel;
use crate::text::visible;
use crate::trace::{Event, Journey, SocketAction, Trace};

/// The names and addresses of the columns, on two lines.
pub fn draw_header(trace: &Trace, ladder: &Ladder, geometry: &Geometry) -> [Canvas; 2] {
    let mut lines = [Canvas::new(geometry.width), Canvas::new(geometry.width)];
    let pitch = geometry.lanes.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(geometry.width);
    for (lane, node) in ladder.columns.iter().enumerate() {
        let info = &trace.nodes[node.index()];
        // Of the family that is spoken here.
        let v4 = trace.packets.first().is_none_or(|packet| packet.src.is_ipv4());
        let spoken = info.addresses.iter().find(|address| address.is_ipv4() == v4);
        let address = spoken.or(info.addresses.first()).map(ToString::to_string).unwrap_or_default();
        let role = if info.down { Role::Dim } else { Role::Strong };
        for (line, text, role) in [(0, visible(&info.name), role), (1, address, Role::Dim)] {
            // Where the lanes are too near for names, the ends still have theirs.
            let is_end = lane == 0 || lane + 1 == geometry.lanes.len();
            let room = if is_end { pitch.max(12) } else { pitch };
            if room < 5 {
                continue;
            }
            let text = fit(&text, room - 1);
            let x = geometry.centred(lane, text_width(&text));
            lines[line].put(x, &text, role);
        }
    }
    lines
}

/// A row, as far as it has come by frame `until`; one line, or two where a packet died.
pub fn draw_row(
    trace: &Trace,
    messages: &Messages,
    ladder: &Ladder,
    row: Row,
    geometry: &Geometry,
    glyphs: &Glyphs,
    until: FrameId,
) -> Vec<Canvas> {
    let drawing = Drawing { trace, messages, ladder, geometry, glyphs };
    match row.kind {
        RowKind::Packet(index) => drawing.packet(row, &ladder.journeys[index], until),
        RowKind::Command => vec![drawing.step(row)],
        RowKind::Door => vec![drawing.door(row)],
        RowKind::Failure | RowKind::Timer => vec![drawing.failure(row)],
    }
}

/// Folded rows as one, or two where something went wrong.
pub fn draw_fold(
    trace: &Trace,
    messages: &Messages,
    ladder: &Ladder,
    fold: &Fold,
    geometry: &Geometry,
    glyphs: &Glyphs,
) -> Vec<Canvas> {
    Drawing { trace, messages, ladder, geometry, glyphs }.fold(fold)
}

struct Drawing<'a> {
    trace: &'a Trace,
    messages: &'a Messages,
    ladder: &'a Ladder,
    geometry: &'a Geometry,
    glyphs: &'a Glyphs,
}

const fn channel_role(channel: Option<Channel>) -> Role {
    match channel {
        Some(Channel::Control) => Role::Control,
        Some(Channel::Data) => Role::Data,
        None => Role::Plain,
    }
}

impl Drawing<'_> {
    /// Time and lanes, with nothing between them.
    fn blank(&self) -> Canvas {
        let mut canvas = Canvas::new(self.geometry.width);
        for lane in &self.geometry.lanes {
            canvas.set(*lane, self.glyphs.lane, Role::Dim);
        }
        canvas
    }

    fn begin(&self, row: Row, channel: Option<Channel>) -> Canvas {
        let mut canvas = self.blank();
        let time = format!("{:>9}", self.trace.frame(row.frame).at);
        canvas.put(1, &time, Role::Dim);
        if let Some(channel) = channel {
            canvas.set(11, channel_mark(channel), channel_role(Some(channel)));
        }
        canvas
    }

    fn packet(&self, row: Row, journey: &Journey, until: FrameId) -> Vec<Canvas> {
        let channel = journey.tag.map(|tag| tag.channel);
        let mut canvas = self.begin(row, channel);
        let stops = journey.stops_by(until);
        let Some(last) = stops.last() else { return vec![canvas] };
        let over = journey.last <= until;
        let died = over && journey.failed();
        let (from, to) = (self.ladder.column(journey.origin().node), self.ladder.column(last.node));
        let role = if died { Role::Alarm } else { channel_role(channel) };
        let label = packet_label(self.trace, self.trace.packet(journey.packet), row.frame);
        // A packet that is still at its first node points to where it is going.
        let ahead = || self.trace.sessions.first().map_or(to, |_| self.towards(journey));
        self.arrow(&mut canvas, from, to, &label, (role, channel), ahead);
        let rewritten = journey.rewritten.filter(|frame| *frame <= until).map(|frame| self.rewritten(frame));
        if !died {
            return std::iter::once(canvas).chain(rewritten).collect();
        }
        let lane = self.geometry.lanes[to];
        canvas.set(lane, 'X', Role::Alarm);
        let mut note = self.blank();
        let text = row_note(self.messages, self.trace, journey.last);
        // On the side of the lane that has more room for it.
        let (left, right) = (lane.saturating_sub(3), self.geometry.width.saturating_sub(lane + 3));
        if text_width(&text) <= right || right >= left {
            note.put(lane + 2, &fit(&text, right), Role::Alarm);
        } else {
            let text = fit(&text, left);
            note.put((lane - 1).saturating_sub(text_width(&text)), &text, Role::Alarm);
        }
        vec![canvas, note]
    }

    fn fold(&self, fold: &Fold) -> Vec<Canvas> {
        let row = Row { frame: fold.frame, kind: RowKind::Door };
        let mut canvas = self.begin(row, Some(Channel::Data));
        let time = seconds(fold.time.1.since(fold.time.0));
        let number = |number: u32| number.to_string();
        let label = if fold.segments == 0 {
            self.messages.format(Id::LadderFoldAcks, &[("acks", &number(fold.acks)), ("time", &time)])
        } else {
            let (bytes, segments) = (fold.bytes.to_string(), number(fold.segments));
            let args = [("bytes", &*bytes), ("segments", &*segments), ("time", &*time)];
            self.messages.format(Id::LadderFold, &args)
        };
        let (from, to) = (self.ladder.column(fold.from), self.ladder.column(fold.to));
        let channel = Some(Channel::Data);
        self.arrow(&mut canvas, from, to, &label, (channel_role(channel), channel), || to);
        if fold.repeated + fold.lost == 0 {
            return vec![canvas];
        }
        let args = [("repeated", &*number(fold.repeated)), ("lost", &*number(fold.lost))];
        let mut note = self.blank();
        self.at_lane(&mut note, from.min(to), &self.messages.format(Id::LadderFoldTrouble, &args), Role::Alarm);
        vec![canvas, note]
    }

    /// What a helper made of a packet's text, under the helper's node.
    fn rewritten(&self, frame: FrameId) -> Canvas {
        let mut note = self.blank();
        let lane = self.geometry.lanes[self.ladder.column(self.trace.frame(frame).node)];
        let text = row_note(self.messages, self.trace, frame);
        let right = self.geometry.width.saturating_sub(lane + 3);
        note.put(lane + 2, &fit(&text, right), Role::Strong);
        note
    }

    /// The column that a packet heads for.
    fn towards(&self, journey: &Journey) -> usize {
        let packet = self.trace.packet(journey.packet);
        let owner = self.trace.owner(packet.dst);
        owner.map_or(self.geometry.lanes.len() - 1, |node| self.ladder.column(node))
    }

    fn arrow(
        &self,
        canvas: &mut Canvas,
        from: usize,
        to: usize,
        label: &str,
        (role, channel): (Role, Option<Channel>),
        ahead: impl FnOnce() -> usize,
    ) {
        let lanes = &self.geometry.lanes;
        let line = self.glyphs.line(channel);
        if from == to {
            // It has not left, or it died where it was made.
            let right = ahead() >= from;
            let text = fit(label, self.geometry.width / 2);
            if right {
                canvas.put(lanes[from] + 2, &text, role);
            } else {
                canvas.put(lanes[from].saturating_sub(text_width(&text) + 1), &text, role);
            }
            return;
        }
        let (left, right) = (lanes[from.min(to)], lanes[from.max(to)]);
        canvas.fill(left + 1, right, line, role);
        for crossed in lanes.iter().filter(|lane| left < **lane && **lane < right) {
            canvas.set(*crossed, self.glyphs.crossing, role);
        }
        let text = fit(label, (right - left).saturating_sub(5));
        let words = format!(" {text} ");
        if from < to {
            canvas.put(left + 1, &words, role);
            canvas.set(right - 1, self.glyphs.right, role);
        } else {
            canvas.put(right.saturating_sub(text_width(&words)), &words, role);
            canvas.set(left + 1, self.glyphs.left, role);
        }
    }

    fn step(&self, row: Row) -> Canvas {
        let frame = self.trace.frame(row.frame);
        let mut canvas = self.begin(row, None);
        let Event::Command { run, result, .. } = &frame.event else { return canvas };
        let x = self.geometry.lanes[self.ladder.column(frame.node)] + 2;
        let run = fit(&visible(run), self.geometry.width / 2);
        match result {
            None => {
                canvas.put(x, &format!("ftp> {run}"), Role::Strong);
            }
            Some(result) => {
                let ok = *result == crate::ftp::CommandResult::Ok;
                let words = format!("{run}: {}", command_result(self.messages, *result));
                canvas.put(x, &words, if ok { Role::Good } else { Role::Alarm });
            }
        }
        canvas
    }

    fn door(&self, row: Row) -> Canvas {
        let frame = self.trace.frame(row.frame);
        let mut canvas = self.begin(row, frame.tag.map(|tag| tag.channel));
        let Event::Socket { action, local, name, .. } = &frame.event else { return canvas };
        let port = name.map_or_else(|| local.port.to_string(), |name| format!("{} {}", local.port, name.name()));
        let opens = *action == SocketAction::Listen;
        let word = self.messages.text(if opens { Id::LadderDoorOpen } else { Id::LadderDoorShut });
        let role = if opens { Role::Good } else { Role::Dim };
        self.at_lane(&mut canvas, self.ladder.column(frame.node), &format!("[{port} {word}]"), role);
        canvas
    }

    fn failure(&self, row: Row) -> Canvas {
        let frame = self.trace.frame(row.frame);
        let mut canvas = self.begin(row, frame.tag.map(|tag| tag.channel));
        let words = match &frame.event {
            Event::Socket { action: SocketAction::Failed(error), .. } => data_error(self.messages, *error),
            _ => row_note(self.messages, self.trace, row.frame),
        };
        self.at_lane(&mut canvas, self.ladder.column(frame.node), &words, Role::Alarm);
        canvas
    }

    /// Text beside a lane, on the side where there is room.
    fn at_lane(&self, canvas: &mut Canvas, lane: usize, text: &str, role: Role) {
        let at = self.geometry.lanes[lane];
        let len = text_width(text);
        let right = at + 2;
        let x = if right + len <= self.geometry.width { right } else { at.saturating_sub(len + 1) };
        canvas.put(x, text, role);
    }
}
