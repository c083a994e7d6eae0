//! Notes of a few words, for the rows of a ladder and the lines of a table.

use super::{Id, Messages, data_error, loss_reason, packet_label};
use crate::ftp::FtpTimer;
use crate::ids::{FrameId, NodeId};
use crate::insight::{CommandOutcome, Knock, KnockFate};
use crate::scenario::Outcome;
use crate::text::visible;
use crate::time::Duration;
use crate::trace::{Event, SocketAction, Timer, Trace};

/// Why a packet died, or which timer ran out: `policy drop (line 9)`, `no route`, `gave up after 60 s`.
pub fn row_note(messages: &Messages, trace: &Trace, frame: FrameId) -> String {
    match &trace.frame(frame).event {
        Event::Verdict { rule, .. } => {
            let info = trace.rule(*rule);
            let line = info.line.to_string();
            messages.format(Id::NoteRule, &[("rule", &visible(&info.text)), ("line", &line)])
        }
        Event::Lost { reason, .. } => loss_reason(messages, *reason),
        Event::Translated { packet, .. } => {
            let text = packet_label(trace, trace.packet(*packet), frame);
            messages.format(Id::NoteRewritten, &[("text", &text)])
        }
        Event::Timer { timer: Timer::Ftp(FtpTimer::Retry), after, .. } => {
            messages.format(Id::NoteRetry, &[("after", &after.to_string())])
        }
        Event::Timer { timer: Timer::Ftp(FtpTimer::DataProgress), after, .. } => {
            messages.format(Id::NoteDataProgress, &[("after", &after.to_string())])
        }
        Event::Timer { timer: Timer::Ftp(_), after, .. } => {
            messages.format(Id::NoteTimer, &[("after", &after.to_string())])
        }
        Event::Socket { action: SocketAction::Failed(error), .. } => data_error(messages, *error),
        _ => String::new(),
    }
}

/// What came of a knock: `the door opens`, `office drops it: policy drop (line 9)`.
pub fn knock_note(messages: &Messages, trace: &Trace, knock: &Knock) -> String {
    let place: Option<NodeId> = knock.decided.map(|frame| trace.frame(frame).node);
    let name = visible(place.map_or("", |node| trace.node_name(node)));
    let note = knock.decided.map(|frame| row_note(messages, trace, frame)).unwrap_or_default();
    let args = [("node", name.as_str()), ("note", note.as_str())];
    match knock.fate {
        KnockFate::Opened => messages.text(Id::KnockOpened),
        KnockFate::Dropped => messages.format(Id::KnockDropped, &args),
        KnockFate::Rejected => messages.format(Id::KnockRejected, &args),
        KnockFate::Refused => messages.format(Id::KnockRefused, &args[..1]),
        KnockFate::Unreachable => messages.format(Id::KnockUnreachable, &args),
        KnockFate::Silence => messages.text(Id::KnockSilence),
    }
}

/// What became of a command in one word.
pub fn outcome_name(messages: &Messages, outcome: Outcome) -> String {
    messages.text(match outcome {
        Outcome::Ok => Id::OutcomeOk,
        Outcome::Dropped => Id::OutcomeDropped,
        Outcome::Rejected => Id::OutcomeRejected,
        Outcome::Refused => Id::OutcomeRefused,
        Outcome::Unreachable => Id::OutcomeUnreachable,
        Outcome::Lost => Id::OutcomeLost,
        Outcome::Denied => Id::OutcomeDenied,
        Outcome::TimedOut => Id::OutcomeTimedOut,
        Outcome::Failed => Id::OutcomeFailed,
        Outcome::NotRun => Id::OutcomeNotRun,
    })
}

/// What became of a command, and where: `dropped at office, reply 425`.
pub fn outcome_note(messages: &Messages, trace: &Trace, outcome: &CommandOutcome) -> String {
    let mut text = outcome_name(messages, outcome.outcome);
    if outcome.outcome == Outcome::Ok {
        return text;
    }
    if let Some(node) = outcome.at {
        let name = visible(trace.node_name(node));
        text = messages.format(Id::OutcomeAt, &[("outcome", &text), ("node", &name)]);
    }
    if let crate::ftp::CommandResult::Reply(code) = outcome.result {
        text = messages.format(Id::OutcomeReply, &[("outcome", &text), ("code", &code.to_string())]);
    }
    text
}

/// Longer than this a command takes for a reason.
const NOTEWORTHY: Duration = Duration::from_secs(1);

/// What became of a command, and what it took: `ok (EPSV, then EPRT; 131.3 s)`.
pub fn outcome_details(messages: &Messages, trace: &Trace, outcome: &CommandOutcome) -> String {
    let mut details = Vec::new();
    match &outcome.fallback[..] {
        [] => {}
        [verb] => details.push(messages.format(Id::DetailBy, &[("verb", verb)])),
        [first, rest @ ..] => {
            let then =
                |first: String, then: &String| messages.format(Id::DetailThen, &[("first", &first), ("then", then)]);
            details.push(rest.iter().fold(first.clone(), then));
        }
    }
    if outcome.reconnects > 0 {
        details.push(messages.format(Id::DetailReconnects, &[("count", &outcome.reconnects.to_string())]));
    }
    if outcome.lasted >= NOTEWORTHY {
        details.push(messages.format(Id::DetailTime, &[("time", &seconds(outcome.lasted))]));
    }
    let text = outcome_note(messages, trace, outcome);
    if details.is_empty() {
        return text;
    }
    messages.format(Id::OutcomeDetails, &[("outcome", &text), ("details", &details.join("; "))])
}

/// To the tenth of a second: `131.3`.
pub fn seconds(time: Duration) -> String {
    let tenths = (time.as_nanos() + 50_000_000) / 100_000_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}
