//! The same instant of the story in another run: where to stand after switching the mode.

use super::divergence;
use crate::ids::{FrameId, SessionId};
use crate::packet::Channel;
use crate::tcp::State;
use crate::trace::{Event, Side, SocketAction, Trace};
use std::collections::BTreeMap;

/// A point of the story that both modes have, though not in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    StepBegins,
    Negotiated,
    Agreed,
    DoorOpens,
    Knock,
    Decided,
    TransferAsked,
    StepEnds,
}

/// The frame of `other` that tells the same as `at` does in `trace`.
///
/// As long as the runs are the same that is the same frame; afterwards the last point of the story before `at` that the
/// other run has as well, in the same command of the run list.
pub fn same_instant(trace: &Trace, at: FrameId, other: &Trace) -> Option<FrameId> {
    if Some(at) == trace.last() {
        return other.last();
    }
    let identical = trace.frames.iter().zip(&other.frames).take_while(|(a, b)| a == b).count();
    if at.index() < identical {
        return Some(at);
    }
    let mine = points(trace);
    let theirs = points(other);
    let before = mine.iter().rev().skip_while(|(frame, ..)| *frame > at);
    for (_, step, point) in before {
        if let Some((frame, ..)) = theirs.iter().find(|(_, s, p)| s == step && p == point) {
            return Some(*frame);
        }
    }
    divergence(trace, other).and_then(|d| d.right).or_else(|| other.last())
}

fn points(trace: &Trace) -> Vec<(FrameId, (u32, u32), Point)> {
    // Each session is at an entry of its own.
    let mut steps: BTreeMap<SessionId, u32> = BTreeMap::new();
    let mut points: Vec<(FrameId, (u32, u32), Point)> = Vec::new();
    for (id, frame) in trace.ids().zip(&trace.frames) {
        let Some(session) = frame.tag.map(|tag| tag.session) else { continue };
        let step = (session.0, steps.get(&session).copied().unwrap_or(0));
        let data = frame.tag.is_some_and(|tag| tag.channel == Channel::Data);
        let point = match &frame.event {
            Event::Command { index, result: None, .. } => {
                steps.insert(session, index + 1);
                points.push((id, (session.0, index + 1), Point::StepBegins));
                continue;
            }
            Event::Command { result: Some(_), .. } => Point::StepEnds,
            Event::FtpCommand { side: Side::Sent, verb, .. } => match verb.as_str() {
                "PORT" | "EPRT" | "PASV" | "EPSV" => Point::Negotiated,
                "LIST" | "NLST" | "RETR" | "STOR" => Point::TransferAsked,
                _ => continue,
            },
            Event::FtpReply { side: Side::Seen, code: 200 | 227 | 229, .. }
                if points
                    .last()
                    .is_some_and(|(_, s, p)| *s == step && matches!(p, Point::Negotiated | Point::DoorOpens)) =>
            {
                Point::Agreed
            }
            Event::Socket { action: SocketAction::Listen, .. } if data => Point::DoorOpens,
            Event::Socket { action: SocketAction::Connect, .. } if data => Point::Knock,
            Event::TcpState { from: State::SynReceived, to: State::Established, .. } if data => Point::Decided,
            Event::Verdict { verdict, .. } if data && *verdict != crate::firewall::Verdict::Accept => Point::Decided,
            _ => continue,
        };
        points.push((id, step, point));
    }
    points
}
