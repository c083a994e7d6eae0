//! Bulk data in one row: what a transfer carries is a number, not a story.
//!
//! Of a data connection the segments with data and the acknowledgements are folded. What tells something stays a row of
//! its own: handshake and goodbye, a segment that is sent again or gets lost (of many the first [`VISIBLE`]), and runs
//! that are too short to be worth it.

use super::{Ladder, Row, RowKind};
use crate::ids::{ConnectionId, FrameId, NodeId};
use crate::packet::{Channel, Endpoint, Flags, SeqNr};
use crate::time::Instant;
use crate::trace::{Journey, Trace};
use std::collections::BTreeMap;

/// So many repeated and lost segments of a connection are shown; more are counted.
const VISIBLE: u32 = 16;
/// Shorter runs of rows stay as they are.
const SHORTEST: u32 = 8;

/// A row, or what many rows amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A row as it is.
    Row(Row),
    /// Many.
    Fold(Fold),
}

/// What the folded rows of a data connection amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The frame that begins the first of them.
    pub frame: FrameId,
    /// Who sent most of the data; without any who acknowledged.
    pub from: NodeId,
    /// Where it came to.
    pub to: NodeId,
    /// How many rows they are.
    pub rows: u32,
    /// Segments with data.
    pub segments: u32,
    /// Bytes of data in them, each time they were sent.
    pub bytes: u64,
    /// Segments without data.
    pub acks: u32,
    /// Segments that had been sent before.
    pub repeated: u32,
    /// Packets that got lost.
    pub lost: u32,
    /// When the first was sent, and the last.
    pub time: (Instant, Instant),
}

/// Where a connection stands.
#[derive(Default)]
struct Bulk {
    /// The run that is open.
    run: Option<usize>,
    /// Behind the data that each end has sent.
    ends: BTreeMap<Endpoint, SeqNr>,
    /// Repeated and lost segments that were shown.
    shown: u32,
}

/// What a row is to the fold.
struct Piece {
    bytes: u32,
    repeated: bool,
    lost: bool,
}

/// Rows, with the bulk data of each data connection folded.
pub fn folded(trace: &Trace, ladder: &Ladder, rows: &[Row]) -> Vec<Line> {
    let mut connections: BTreeMap<ConnectionId, Bulk> = BTreeMap::new();
    let mut runs: Vec<Fold> = Vec::new();
    let mut run_of: Vec<Option<usize>> = Vec::with_capacity(rows.len());
    for row in rows {
        run_of.push(journey_of(ladder, *row).and_then(|(connection, journey)| {
            let bulk = connections.entry(connection).or_default();
            let Some(piece) = piece(trace, journey, bulk) else {
                bulk.run = None;
                return None;
            };
            let run = *bulk.run.get_or_insert_with(|| {
                runs.push(begin(journey));
                runs.len() - 1
            });
            count(journey, &piece, &mut runs[run]);
            Some(run)
        }));
    }
    let mut told = vec![false; runs.len()];
    let lines = rows.iter().zip(run_of).filter_map(|(row, run)| match run {
        Some(run) if runs[run].rows >= SHORTEST => {
            (!std::mem::replace(&mut told[run], true)).then_some(Line::Fold(runs[run]))
        }
        _ => Some(Line::Row(*row)),
    });
    lines.collect()
}

/// The packet of a row of a data connection.
fn journey_of(ladder: &Ladder, row: Row) -> Option<(ConnectionId, &Journey)> {
    let RowKind::Packet(journey) = row.kind else { return None };
    let journey = &ladder.journeys[journey];
    let tag = journey.tag.filter(|tag| tag.channel == Channel::Data)?;
    Some((tag.connection?, journey))
}

/// `None`: the row tells something.
fn piece(trace: &Trace, journey: &Journey, bulk: &mut Bulk) -> Option<Piece> {
    let packet = trace.packet(journey.packet);
    let segment = packet.tcp()?;
    let tells = [Flags::SYN, Flags::FIN, Flags::RST].into_iter().any(|flag| segment.flags.contains(flag));
    if tells || journey.rewritten.is_some() {
        return None;
    }
    let (bytes, lost) = (segment.payload.len() as u32, journey.failed());
    let end = segment.seq + bytes;
    let known = bulk.ends.get(&packet.source()).copied();
    let repeated = bytes > 0 && known.is_some_and(|known| segment.seq < known);
    if bytes > 0 && known.is_none_or(|known| known < end) {
        bulk.ends.insert(packet.source(), end);
    }
    if (repeated || lost) && bulk.shown < VISIBLE {
        bulk.shown += 1;
        return None;
    }
    Some(Piece { bytes, repeated, lost })
}

fn begin(journey: &Journey) -> Fold {
    let (origin, end) = (journey.origin(), journey.end());
    Fold {
        frame: origin.frame,
        from: origin.node,
        to: end.node,
        rows: 0,
        segments: 0,
        bytes: 0,
        acks: 0,
        repeated: 0,
        lost: 0,
        time: (origin.at, origin.at),
    }
}

fn count(journey: &Journey, piece: &Piece, run: &mut Fold) {
    run.rows += 1;
    run.time.1 = journey.origin().at;
    run.repeated += u32::from(piece.repeated);
    run.lost += u32::from(piece.lost);
    if piece.bytes == 0 {
        run.acks += 1;
        return;
    }
    if run.segments == 0 || !piece.lost && run.from == journey.origin().node {
        (run.from, run.to) = (journey.origin().node, journey.end().node);
    }
    run.segments += 1;
    run.bytes += u64::from(piece.bytes);
}
