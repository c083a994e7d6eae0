//! What became of each command of a session, and where that was decided.

use crate::firewall::Verdict;
use crate::ftp::{CommandResult, DataError, Mode, Step};
use crate::ids::{FrameId, NodeId, RuleId, SessionId};
use crate::packet::{Channel, Flags};
use crate::scenario::Outcome;
use crate::time::Duration;
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
    /// How long it took; for the first command with the login.
    pub lasted: Duration,
    /// The control connections that the client began for it, beyond its first one.
    pub reconnects: u32,
    /// How the client arranged the data connection, where that is not the session's mode: the verbs that it tried, in
    /// order (`EPSV`, `EPRT`).
    pub fallback: Vec<String>,
}

/// What became of every command of every run list, in the order they ended.
pub fn outcomes(trace: &Trace) -> Vec<CommandOutcome> {
    // The frames of each session since its last command ended; for the first command that includes the login.
    let mut since: Vec<Vec<(FrameId, &Frame)>> = vec![Vec::new(); trace.sessions.len()];
    // Whether a session's first control connection lies behind.
    let mut called = vec![false; trace.sessions.len()];
    let mut all = Vec::new();
    for (id, frame) in trace.ids().zip(&trace.frames) {
        let Some(tag) = frame.tag else { continue };
        let Some(range) = since.get_mut(tag.session.index()) else { continue };
        let Event::Command { index, run, result: Some(result) } = &frame.event else {
            range.push((id, frame));
            continue;
        };
        let (outcome, decisive) = judge(trace, *result, range);
        let began =
            range.iter().find(|(_, frame)| begins(frame)).or(range.first()).map_or(frame.at, |(_, first)| first.at);
        let calls = range.iter().filter(|(_, frame)| is_call(frame)).count() as u32;
        let first_call = !std::mem::replace(&mut called[tag.session.index()], true);
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
                // What inetutils-ftp says ABOR for afterwards is not what it failed for.
                Event::FtpReply { side: Side::Seen, code, .. }
                    if *result != CommandResult::AddressMismatch || code == 227 =>
                {
                    Some(code)
                }
                _ => None,
            }),
            decisive,
            at: decisive.map(|id| trace.frame(id).node),
            rule,
            finished: id,
            lasted: frame.at.since(began),
            reconnects: calls.saturating_sub(u32::from(first_call)),
            fallback: fallback(run, trace.sessions[tag.session.index()].mode, range),
        });
        range.clear();
    }
    all
}

/// The client begins a control connection.
fn is_call(frame: &Frame) -> bool {
    let control = frame.tag.is_some_and(|tag| tag.channel == Channel::Control);
    control && matches!(frame.event, Event::Socket { action: SocketAction::Connect, .. })
}

/// Where a command begins; what lies before it in its range is the end of the one before.
fn begins(frame: &Frame) -> bool {
    is_call(frame) || matches!(frame.event, Event::Command { result: None, .. })
}

/// The verbs by which the client arranged the data connection of a transfer, without repetitions; empty where they are
/// as the mode says.
fn fallback(run: &str, mode: Mode, range: &[(FrameId, &Frame)]) -> Vec<String> {
    // What is said word for word, and copies between servers, have nothing to do with the mode.
    if matches!(Step::parse(run), Err(_) | Ok(Step::Raw(_) | Step::Copy(_))) {
        return Vec::new();
    }
    let mut verbs: Vec<String> = Vec::new();
    for (_, frame) in range {
        if let Event::FtpCommand { side: Side::Sent, verb, .. } = &frame.event
            && matches!(verb.as_str(), "PORT" | "PASV" | "EPRT" | "EPSV" | "LPRT" | "LPSV")
            && verbs.last() != Some(verb)
        {
            verbs.push(verb.clone());
        }
    }
    let own = match mode {
        Mode::Active => "PORT",
        Mode::Passive => "PASV",
        Mode::ActiveEprt => "EPRT",
        Mode::PassiveEpsv => "EPSV",
    };
    if verbs.iter().all(|verb| verb == own) { Vec::new() } else { verbs }
}

fn judge(trace: &Trace, result: CommandResult, range: &[(FrameId, &Frame)]) -> (Outcome, Option<FrameId>) {
    let network = || death(trace, range).or_else(|| refusal(trace, range));
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
        CommandResult::BadReply | CommandResult::Incomplete => (Outcome::Failed, None),
        CommandResult::AddressMismatch => (Outcome::Failed, announcement(range)),
    }
}

/// The first packet that died of the connection that was begun last; else the last one that died at all, for a loss
/// that was made good is no cause.
fn death(trace: &Trace, range: &[(FrameId, &Frame)]) -> Option<(Outcome, Option<FrameId>)> {
    let begun = range.iter().rev().find_map(|(_, frame)| match frame.event {
        Event::Socket { action: SocketAction::Connect, .. } => frame.tag.and_then(|tag| tag.connection),
        _ => None,
    });
    let of_begun = |frame: &Frame| frame.tag.is_some_and(|tag| tag.connection.is_some() && tag.connection == begun);
    // A RST that gets lost says only that its receiver goes on: what it answers is the cause, not its own end.
    let lost_reset = |frame: &Frame| match frame.event {
        Event::Lost { packet, .. } => trace.packet(packet).tcp().is_some_and(|it| it.flags.contains(Flags::RST)),
        _ => false,
    };
    let mut deaths = range
        .iter()
        .filter(|(_, frame)| !lost_reset(frame))
        .filter_map(|(id, frame)| Some((end_of(frame)?, *id, of_begun(frame))));
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

/// The 227 that the client does not believe.
fn announcement(range: &[(FrameId, &Frame)]) -> Option<FrameId> {
    range.iter().rev().find_map(|(id, frame)| match frame.event {
        Event::FtpReply { side: Side::Sent, code: 227, .. } => Some(*id),
        _ => None,
    })
}

fn refusing_reply(range: &[(FrameId, &Frame)]) -> Option<FrameId> {
    range.iter().rev().find_map(|(id, frame)| match frame.event {
        Event::FtpReply { side: Side::Sent, code, .. } if code >= 400 => Some(*id),
        _ => None,
    })
}
