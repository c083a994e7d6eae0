//! The rows of a ladder: packets, and the few other things that a reader must not miss.

use crate::ids::{FrameId, NodeId, SessionId};
use crate::trace::{Event, Journey, SocketAction, Timer, Trace, journeys, node_order};

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// The way of a packet: an index into [`Ladder::journeys`].
    Packet(usize),
    /// The client begins or finishes a command of its run list.
    Command,
    /// A door is opened or shut.
    Door,
    /// A connection could not be made, or broke.
    Failure,
    /// An FTP program's timer ran out.
    Timer,
}

/// A row of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The frame that begins it.
    pub frame: FrameId,
    /// What it shows.
    pub kind: RowKind,
}

/// A trace as rows.
#[derive(Clone, Debug, Default)]
pub struct Ladder {
    /// The nodes, left to right.
    pub columns: Vec<NodeId>,
    /// The rows, in the order they begin.
    pub rows: Vec<Row>,
    /// The packets' ways.
    pub journeys: Vec<Journey>,
    /// For each frame the row it belongs to.
    row_of: Vec<usize>,
}

impl Ladder {
    /// Sorts a trace into rows.
    pub fn new(trace: &Trace) -> Self {
        let journeys = journeys(trace);
        let mut rows: Vec<Row> = journeys
            .iter()
            .enumerate()
            .map(|(index, journey)| Row { frame: journey.origin().frame, kind: RowKind::Packet(index) })
            .collect();
        rows.extend(
            trace.ids().zip(&trace.frames).filter_map(|(frame, f)| Some(Row { frame, kind: kind_of(&f.event)? })),
        );
        rows.sort_by_key(|row| row.frame);
        let row_of = row_of_frames(trace, &rows, &journeys);
        Self { columns: columns(trace, &journeys), rows, journeys, row_of }
    }

    /// The row that a frame belongs to: its packet's, or the last one begun.
    pub fn row_of(&self, frame: FrameId) -> Option<usize> {
        self.row_of.get(frame.index()).copied().filter(|_| !self.rows.is_empty())
    }

    /// How many rows have begun by a frame.
    pub fn begun_by(&self, frame: FrameId) -> usize {
        self.rows.partition_point(|row| row.frame <= frame)
    }

    /// The column of a node.
    pub fn column(&self, node: NodeId) -> usize {
        self.columns.iter().position(|column| *column == node).unwrap_or(0)
    }
}

/// The nodes that take part: those that packets come to, and the ends of sessions. In a small network all of them.
fn columns(trace: &Trace, journeys: &[Journey]) -> Vec<NodeId> {
    const FEW: usize = 8;
    let mut columns = node_order(trace);
    if columns.len() > FEW {
        let mut takes_part = vec![false; trace.nodes.len()];
        for stop in journeys.iter().flat_map(|journey| &journey.stops) {
            takes_part[stop.node.index()] = true;
        }
        for (id, session) in (0..).map(SessionId).zip(&trace.sessions) {
            takes_part[session.client.index()] = true;
            if let Some(server) = trace.first_server(id) {
                takes_part[server.index()] = true;
            }
        }
        columns.retain(|node| takes_part[node.index()]);
    }
    columns
}

const fn kind_of(event: &Event) -> Option<RowKind> {
    match event {
        Event::Command { .. } => Some(RowKind::Command),
        Event::Socket { action: SocketAction::Listen | SocketAction::Unlisten, .. } => Some(RowKind::Door),
        Event::Socket { action: SocketAction::Failed(_), .. } => Some(RowKind::Failure),
        Event::Timer { timer: Timer::Ftp(_), .. } => Some(RowKind::Timer),
        _ => None,
    }
}

fn row_of_frames(trace: &Trace, rows: &[Row], journeys: &[Journey]) -> Vec<usize> {
    let mut by_packet = std::collections::BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        if let RowKind::Packet(journey) = row.kind {
            by_packet.insert(journeys[journey].id, index);
        }
    }
    let mut row_of: Vec<usize> = Vec::with_capacity(trace.frames.len());
    let mut begun = 0;
    for (id, frame) in trace.ids().zip(&trace.frames) {
        while rows.get(begun).is_some_and(|row| row.frame <= id) {
            begun += 1;
        }
        let last = begun.saturating_sub(1);
        let begins = rows.get(last).is_some_and(|row| row.frame == id);
        let own = trace.packet_of(frame).and_then(|packet| by_packet.get(&packet.id).copied());
        // What has no row of its own belongs to that of its cause.
        let cause = || frame.cause.and_then(|cause| row_of.get(cause.index()).copied());
        row_of.push(if begins { last } else { own.or_else(cause).unwrap_or(last) });
    }
    row_of
}
