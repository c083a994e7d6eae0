//! What became of each command of a session, and where that was decided.

use crate::firewall::Verdict;
use crate::ftp::StepResult;
use crate::ids::{FrameId, NodeId, RuleId, SessionId};
use crate::packet::Flags;
use crate::scenario::Outcome;
use crate::trace::{Event, Frame, Loss, Side, Trace};

/// What became of one entry of a run list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepOutcome {
    /// The session.
    pub session: SessionId,
    /// Position in the run list.
    pub index: u32,
    /// The entry.
    pub run: String,
    /// In one word.
    pub outcome: Outcome,
    /// What the client program knew.
    pub result: StepResult,
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

/// What became of every entry of every run list, in the order they ended.
pub fn outcomes(trace: &Trace) -> Vec<StepOutcome> {
    let mut begins = vec![0; trace.sessions.len()];
    let mut all = Vec::new();
    for (id, frame) in trace.ids().zip(&trace.frames) {
        let (Event::Step { index, run, result: Some(result) }, Some(tag)) = (&frame.event, frame.tag) else { continue };
        let session = tag.session;
        let Some(begin) = begins.get_mut(session.index()) else { continue };
        // Everything of this session since the last entry ended; for the first that includes the login.
        let range: Vec<(FrameId, &Frame)> = (*begin..id.index())
            .filter_map(FrameId::from_index)
            .map(|id| (id, trace.frame(id)))
            .filter(|(_, frame)| frame.tag.is_some_and(|tag| tag.session == session))
            .collect();
        *begin = id.index() + 1;
        let (outcome, decisive) = judge(trace, *result, &range);
        let rule = decisive.and_then(|id| match &trace.frame(id).event {
            Event::Verdict { rule, .. } => Some(*rule),
            _ => None,
        });
        all.push(StepOutcome {
            session,
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
    }
    all
}

fn judge(trace: &Trace, result: StepResult, range: &[(FrameId, &Frame)]) -> (Outcome, Option<FrameId>) {
    let network = || death(range).or_else(|| refusal(trace, range));
    match result {
        StepResult::Ok => (Outcome::Ok, None),
        StepResult::NotRun => (Outcome::NotRun, None),
        // 425 and 426 tell of the data connection: what happened to that is the cause, if anything did.
        StepResult::Reply(425 | 426) => network().unwrap_or_else(|| (Outcome::Denied, refusing_reply(range))),
        StepResult::Reply(_) => (Outcome::Denied, refusing_reply(range)),
        StepResult::Connect(_) | StepResult::Lost(_) | StepResult::NoAnswer => {
            network().unwrap_or((Outcome::TimedOut, None))
        }
        StepResult::Closed => network().unwrap_or_else(|| (Outcome::Denied, refusing_reply(range))),
        StepResult::BadReply => (Outcome::Failed, None),
    }
}

/// The first packet that died.
fn death(range: &[(FrameId, &Frame)]) -> Option<(Outcome, Option<FrameId>)> {
    range.iter().find_map(|(id, frame)| {
        let outcome = match &frame.event {
            Event::Verdict { verdict: Verdict::Drop, .. } => Outcome::Dropped,
            Event::Verdict { verdict: Verdict::Reject(_), .. } => Outcome::Rejected,
            Event::Lost { reason: Loss::QueueFull | Loss::LineLoss | Loss::LinkDown | Loss::TooLarge, .. } => {
                Outcome::Lost
            }
            Event::Lost { .. } => Outcome::Unreachable,
            _ => return None,
        };
        Some((outcome, Some(*id)))
    })
}

/// The first RST that a host sent by itself: nobody listens there.
fn refusal(trace: &Trace, range: &[(FrameId, &Frame)]) -> Option<(Outcome, Option<FrameId>)> {
    range.iter().find_map(|(id, frame)| {
        let Event::Sent { packet, .. } = frame.event else { return None };
        let segment = trace.packet(packet).tcp()?;
        let answers_syn = segment.flags.contains(Flags::RST.with(Flags::ACK)) && segment.seq.0 == 0;
        answers_syn.then_some((Outcome::Refused, Some(*id)))
    })
}

fn refusing_reply(range: &[(FrameId, &Frame)]) -> Option<FrameId> {
    range.iter().rev().find_map(|(id, frame)| match frame.event {
        Event::FtpReply { side: Side::Sent, code, .. } if code >= 400 => Some(*id),
        _ => None,
    })
}
