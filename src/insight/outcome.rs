//! What became of each command of a session, and where that was decided.

use crate::firewall::Verdict;
use crate::ftp::{CommandResult, DataError};
use crate::ids::{FrameId, NodeId, RuleId, SessionId};
use crate::packet::Flags;
use crate::scenario::Outcome;
use crate::trace::{Event, Frame, Loss, Side, SocketAction, Trace};

/// What became of one command of a run list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandOutcome {
    /// The session.
    pub session: SessionId,
    /// Position in the run list.
    pub index: u32,
    /// The command, as the scenario has it.
    pub run: String,
    /// In one word.
    pub outcome: Outcome,
    /// What the client program knew.
    pub result: CommandResult,
    /// The last reply that the client got.
    pub reply: Option<u16>,
    /// The frame that decided, if it did not work.
    pub decisive: Option<FrameId>,
    /// Where it was decided.
    pub at: Option<NodeId>,
    /// The rule or policy that decided, if a firewall did.
    pub rule: Option<RuleId>,
    /// The frame in which the client finished it.
    pub finished: FrameId,
}

/// What became of every command of every run list, in the order they ended.
pub fn outcomes(trace: &Trace) -> Vec<CommandOutcome> {
    // The frames of each session since its last command ended; for the first command that includes the login.
    let mut since: Vec<Vec<(FrameId, &Frame)>> = vec![Vec::new(); trace.sessions.len()];
    let mut all = Vec::new();
    for (id, frame) in trace.ids().zip(&trace.frames) {
        let Some(tag) = frame.tag else { continue };
        let Some(range) = since.get_mut(tag.session.index()) else { continue };
        let Event::Command { index, run, result: Some(result) } = &frame.event else {
            range.push((id, frame));
            continue;
        };
        let (outcome, decisive) = judge(trace, *result, range);
        let rule = decisive.and_then(|id| match &trace.frame(id).event {
            Event::Verdict { rule, .. } => Some(*rule),
            _ => None,
        });
        all.push(CommandOutcome {
            session: tag.session,
            index: *index,
            run: run.clone(),
            outcome,
            result: *result,
            reply: range.iter().rev().find_map(|(_, frame)| match frame.event {
                Event::FtpReply { side: Side::Seen, code, .. } => Some(code),
                _ => None,
            }),
            decisive,
            at: decisive.map(|id| trace.frame(id).node),
            rule,
            finished: id,
        });
        range.clear();
    }
    all
}

fn judge(trace: &Trace, result: CommandResult, range: &[(FrameId, &Frame)]) -> (Outcome, Option<FrameId>) {
    let network = || death(range).or_else(|| refusal(trace, range));
    match result {
        CommandResult::Ok => (Outcome::Ok, None),
        CommandResult::NotRun => (Outcome::NotRun, None),
        // These tell of connections: what happened to them is the cause, if anything did.
        CommandResult::Reply(421 | 425 | 426) => network().unwrap_or_else(|| (Outcome::Denied, refusing_reply(range))),
        CommandResult::Reply(_) => (Outcome::Denied, refusing_reply(range)),
        CommandResult::Connect(_) | CommandResult::Lost(_) | CommandResult::NoAnswer => {
            network().unwrap_or((Outcome::TimedOut, None))
        }
        CommandResult::Closed => network().unwrap_or_else(|| (Outcome::Denied, refusing_reply(range))),
        CommandResult::BadReply => (Outcome::Failed, None),
    }
}

/// The first packet that died of the connection that was begun last; else the last one that died at all, for a loss
/// that was made good is no cause.
fn death(range: &[(FrameId, &Frame)]) -> Option<(Outcome, Option<FrameId>)> {
    let begun = range.iter().rev().find_map(|(_, frame)| match frame.event {
        Event::Socket { action: SocketAction::Connect, .. } => frame.tag.and_then(|tag| tag.connection),
        _ => None,
    });
    let of_begun = |frame: &Frame| frame.tag.is_some_and(|tag| tag.connection.is_some() && tag.connection == begun);
    let mut deaths = range.iter().filter_map(|(id, frame)| Some((end_of(frame)?, *id, of_begun(frame))));
    let mut last = None;
    let first = deaths.find(|(outcome, id, of_begun)| {
        last = Some((*outcome, Some(*id)));
        *of_begun
    });
    first.map(|(outcome, id, _)| (outcome, Some(id))).or(last)
}

/// How a packet ended in a frame, if one did.
const fn end_of(frame: &Frame) -> Option<Outcome> {
    match &frame.event {
        Event::Verdict { verdict: Verdict::Drop, .. } => Some(Outcome::Dropped),
        Event::Verdict { verdict: Verdict::Reject(_), .. } => Some(Outcome::Rejected),
        Event::Lost { reason: Loss::QueueFull | Loss::LineLoss | Loss::LinkDown | Loss::TooLarge, .. } => {
            Some(Outcome::Lost)
        }
        Event::Lost { .. } => Some(Outcome::Unreachable),
        _ => None,
    }
}

/// The first RST that a host sent by itself: nobody listens there. What a node refuses itself is on no link.
fn refusal(trace: &Trace, range: &[(FrameId, &Frame)]) -> Option<(Outcome, Option<FrameId>)> {
    let on_a_link = range.iter().find_map(|(id, frame)| {
        let Event::Sent { packet, .. } = frame.event else { return None };
        let segment = trace.packet(packet).tcp()?;
        let answers_syn = segment.flags.contains(Flags::RST.with(Flags::ACK)) && segment.seq.0 == 0;
        answers_syn.then_some((Outcome::Refused, Some(*id)))
    });
    on_a_link.or_else(|| {
        let refused = |frame: &Frame| {
            matches!(frame.event, Event::Socket { action: SocketAction::Failed(DataError::Refused), .. })
        };
        range.iter().find(|(_, frame)| refused(frame)).map(|(id, _)| (Outcome::Refused, Some(*id)))
    })
}

fn refusing_reply(range: &[(FrameId, &Frame)]) -> Option<FrameId> {
    range.iter().rev().find_map(|(id, frame)| match frame.event {
        Event::FtpReply { side: Side::Sent, code, .. } if code >= 400 => Some(*id),
        _ => None,
    })
}
