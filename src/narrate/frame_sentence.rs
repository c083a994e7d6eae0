//! One sentence for any frame: complete in itself, for screen readers, logs and the narration line.

use super::mentions::{Teller, is_syn_ack};
use super::packet_label::control_line;
use super::packet_sentence::sent;
use super::{Id, Messages, command_result, ct_state, data_error, mode_name};
use crate::firewall::{CtState, Hook, TrackState, Verdict};
use crate::ftp::{CommandResult, FtpTimer, Mode, Step};
use crate::ids::{FrameId, RuleId};
use crate::packet::{Endpoint, Packet, Tag};
use crate::tcp::{State, TimerKind};
use crate::text::visible;
use crate::time::Duration;
use crate::trace::{Event, ExpectationAction, Frame, Loss, PacketRef, Side, SocketAction, Timer, Trace};

/// What happens in a frame, in exactly one sentence.
pub fn sentence(messages: &Messages, trace: &Trace, frame: FrameId) -> String {
    let t = Teller { messages, trace, at: frame };
    let shown = trace.frame(frame);
    let node = t.node(shown.node);
    match &shown.event {
        Event::Sent { packet, to, .. } => sent(&t, shown.node, trace.packet(*packet), *to),
        Event::Received { packet, .. } => {
            let packet = trace.packet(*packet);
            let own = trace.nodes[shown.node.index()].addresses.contains(&packet.dst);
            let id = if own { Id::Received } else { Id::ReceivedOnTheWay };
            t.say(id, &[("node", &node), ("packet", &t.packet(packet))])
        }
        Event::Lost { packet, reason } => lost(&t, &node, trace.packet(*packet), *reason),
        Event::Verdict { packet, hook, ct_state, verdict, rule, .. } => {
            decided(&t, &node, trace.packet(*packet), *hook, *ct_state, *verdict, *rule)
        }
        Event::Translated { before, packet, rule, .. } => translated(&t, &node, (*before, *packet), *rule),
        Event::Expectation { action, from, to, door } => {
            let (from, to, door) = (from.to_string(), t.endpoint(*to), t.endpoint(*door));
            let id = match action {
                ExpectationAction::Made => Id::ExpectationMade,
                ExpectationAction::Used => Id::ExpectationUsed,
                ExpectationAction::Replaced => Id::ExpectationReplaced,
                ExpectationAction::Expired => Id::ExpectationExpired,
            };
            t.say(id, &[("node", &node), ("from", &from), ("to", &to), ("door", &door)])
        }
        Event::Conntrack { from, to, state, replied, .. } => {
            tracked(&t, &node, shown.tag, (*from, *to), *state, *replied)
        }
        Event::Socket { action, local, remote, .. } => socket(&t, &node, shown, *action, *local, *remote),
        Event::TcpState { from, to, .. } => state(&t, &node, shown.tag, *from, *to),
        Event::Timer { timer, attempt, after, .. } => ran_out(&t, &node, shown, *timer, *attempt, *after),
        Event::FtpCommand { side, verb, argument } => {
            let line = command_line(verb, argument);
            let id = if *side == Side::Sent { Id::CommandSent } else { Id::CommandSeen };
            t.say(id, &[("node", &node), ("line", &line)])
        }
        Event::FtpReply { side, code, lines } => {
            let first = lines.first().map_or("", String::as_str);
            let first = visible(format!("{code:03} {first}").trim_end());
            let line = match lines.len() {
                0 | 1 => t.full_stop(first),
                count => t.say(Id::MoreLines, &[("line", &first), ("count", &(count - 1).to_string())]),
            };
            let id = if *side == Side::Sent { Id::ReplySent } else { Id::ReplySeen };
            t.say(id, &[("node", &node), ("line", &line)])
        }
        Event::Transfer { command, mode, result, bytes } => {
            transfer(&t, &node, &visible(command), *mode, *result, *bytes)
        }
        Event::Command { index, run, result } => step(&t, &node, shown.tag, *index, run, *result),
    }
}

/// `RETR readme.txt`
pub(super) fn command_line(verb: &str, argument: &str) -> String {
    visible(format!("{verb} {argument}").trim_end())
}

fn lost(t: &Teller<'_>, node: &str, packet: &Packet, reason: Loss) -> String {
    let id = match reason {
        Loss::QueueFull => Id::LostQueueFull,
        Loss::NoRoute => Id::LostNoRoute,
        Loss::NoNeighbour => Id::LostNoNeighbour,
        Loss::TtlExpired => Id::LostTtlExpired,
        Loss::NotForwarding => Id::LostNotForwarding,
        Loss::CutCommand => Id::LostCutCommand,
        Loss::LineLoss => Id::LostLineLoss,
        Loss::LinkDown => Id::LostLinkDown,
        Loss::TooLarge => Id::LostTooLarge,
        Loss::Clash => Id::LostClash,
        Loss::Blackhole => Id::LostBlackhole,
        Loss::Martian => Id::LostMartian,
        Loss::UnreachableRoute => Id::LostUnreachableRoute,
        Loss::ProhibitedRoute => Id::LostProhibitedRoute,
    };
    t.say(id, &[("node", node), ("packet", &t.packet(packet)), ("address", &packet.dst.to_string())])
}

/// NAT or the helper: what was changed in the packet.
fn translated(t: &Teller<'_>, node: &str, (old, new): (PacketRef, PacketRef), rule: Option<RuleId>) -> String {
    let (before, after) = (t.trace.packet(old), t.trace.packet(new));
    let rule = rule.map_or_else(String::new, |rule| {
        let info = t.trace.rule(rule);
        t.say(Id::TranslatedRule, &[("rule", &visible(&info.text)), ("line", &info.line.to_string())])
    });
    let (id, from, to) = if let Some((old, new)) = t.trace.rewritten_text(old, new) {
        (Id::TranslatedText, control_line(old), control_line(new))
    } else if before.tcp().is_none() {
        (Id::TranslatedError, before.dst.to_string(), after.dst.to_string())
    } else if before.source() != after.source() {
        (Id::TranslatedSource, t.endpoint(before.source()), t.endpoint(after.source()))
    } else {
        (Id::TranslatedDestination, t.endpoint(before.destination()), t.endpoint(after.destination()))
    };
    let args = [("node", node), ("packet", &t.packet(before)), ("from", &from), ("to", &to), ("rule", &rule)];
    t.say(id, &args)
}

fn decided(
    t: &Teller<'_>,
    node: &str,
    packet: &Packet,
    hook: Hook,
    tracked: Option<CtState>,
    verdict: Verdict,
    rule: RuleId,
) -> String {
    let rule = t.trace.rule(rule);
    // Lines count from 1: a rule that no file has, such as a chain's default policy, has none.
    let id = match (rule.is_policy, rule.line) {
        (true, 0) => Id::DeciderPolicyUnlined,
        (true, _) => Id::DeciderPolicy,
        (false, 0) => Id::DeciderRuleUnlined,
        (false, _) => Id::DeciderRule,
    };
    let args = [("hook", hook.name()), ("rule", &visible(&rule.text)), ("line", &rule.line.to_string())];
    let decider = t.say(id, &args);
    let tracking =
        tracked.map(|state| t.say(Id::Tracking, &[("state", &ct_state(t.messages, state))])).unwrap_or_default();
    let id = match verdict {
        Verdict::Accept => Id::VerdictSentenceAccept,
        Verdict::Drop => Id::VerdictSentenceDrop,
        Verdict::Reject(_) => Id::VerdictSentenceReject,
    };
    let args = [("node", node), ("packet", &t.packet(packet)), ("decider", &decider), ("tracking", &tracking)];
    t.say(id, &args)
}

fn tracked(
    t: &Teller<'_>,
    node: &str,
    tag: Option<Tag>,
    (from, to): (Endpoint, Endpoint),
    state: Option<TrackState>,
    replied: bool,
) -> String {
    let id = match (state, replied) {
        (None, _) => Id::ConntrackGone,
        (Some(_), true) => Id::ConntrackChanged,
        (Some(TrackState::SynSent), false) => Id::ConntrackNew,
        // An entry that begins with an ACK: without answers an entry never gets to ESTABLISHED otherwise.
        (Some(TrackState::Established), false) => Id::ConntrackPickedUp,
        (Some(_), false) => Id::ConntrackUnanswered,
    };
    let args = [
        ("node", node),
        ("connection", &t.connection(tag)),
        ("from", &t.endpoint(from)),
        ("to", &t.endpoint(to)),
        ("state", state.map_or("", TrackState::name)),
    ];
    t.say(id, &args)
}

fn socket(
    t: &Teller<'_>,
    node: &str,
    frame: &Frame,
    action: SocketAction,
    local: Endpoint,
    remote: Option<Endpoint>,
) -> String {
    let (id, error) = match action {
        // The control door belongs to no session.
        SocketAction::Listen if frame.tag.is_none() => (Id::SocketListenControl, String::new()),
        SocketAction::Listen => (Id::SocketListenData, String::new()),
        SocketAction::Unlisten => (Id::SocketUnlisten, String::new()),
        SocketAction::Connect => (Id::SocketConnect, String::new()),
        SocketAction::Accept => (Id::SocketAccept, String::new()),
        SocketAction::Closed => (Id::SocketClosed, String::new()),
        SocketAction::Failed(error) => (Id::SocketFailed, data_error(t.messages, error)),
    };
    let args = [
        ("node", node),
        ("port", &t.port(local)),
        ("remote", &remote.map(|remote| t.endpoint(remote)).unwrap_or_default()),
        ("connection", &t.connection(frame.tag)),
        ("error", &error),
    ];
    t.say(id, &args)
}

fn state(t: &Teller<'_>, node: &str, tag: Option<Tag>, from: State, to: State) -> String {
    let reason = match (from, to) {
        (_, State::SynSent) => Some(Id::StateSynSent),
        (_, State::SynReceived) => Some(Id::StateSynReceived),
        (State::SynSent, State::Established) => Some(Id::StateEstablishedClient),
        (_, State::Established) => Some(Id::StateEstablishedServer),
        (_, State::FinWait1) => Some(Id::StateFinWait1),
        (_, State::FinWait2) => Some(Id::StateFinWait2),
        (_, State::CloseWait) => Some(Id::StateCloseWait),
        (_, State::Closing) => Some(Id::StateClosing),
        (_, State::LastAck) => Some(Id::StateLastAck),
        (_, State::TimeWait) => Some(Id::StateTimeWait),
        (State::TimeWait, State::Closed) => Some(Id::StateClosedTimeWait),
        (State::SynSent | State::SynReceived, State::Closed) => Some(Id::StateClosedUnopened),
        (_, State::Closed) => Some(if last_ack_came(t, from) { Id::StateClosedLastAck } else { Id::StateClosed }),
        (_, State::Listen) => None,
    };
    let id = if reason.is_some() { Id::StateBecause } else { Id::State };
    let args = [
        ("node", node),
        ("connection", &t.connection(tag)),
        ("from", from.name()),
        ("to", to.name()),
        ("reason", &reason.map(|reason| t.say(reason, &[])).unwrap_or_default()),
    ];
    t.say(id, &args)
}

/// Whether LAST-ACK ended in order. A connection can also be broken off there.
fn last_ack_came(t: &Teller<'_>, from: State) -> bool {
    use crate::packet::Flags;
    let cause = t.trace.frame(t.at).cause.map(|cause| t.trace.frame(cause));
    let acknowledged = cause
        .and_then(|frame| t.trace.packet_of(frame))
        .and_then(Packet::tcp)
        .is_some_and(|segment| segment.flags.contains(Flags::ACK) && !segment.flags.contains(Flags::RST));
    from == State::LastAck && acknowledged
}

fn ran_out(t: &Teller<'_>, node: &str, frame: &Frame, timer: Timer, attempt: u32, after: Duration) -> String {
    let about = frame.cause.and_then(|cause| t.trace.packet_of(t.trace.frame(cause)));
    let id = match timer {
        Timer::Tcp(TimerKind::Handshake) => match about {
            Some(packet) if is_syn_ack(packet) => Id::TimerSynAck,
            Some(packet) if packet.tcp().is_some_and(crate::packet::Segment::is_syn) => Id::TimerSyn,
            _ => Id::TimerHandshake,
        },
        Timer::Tcp(TimerKind::Retransmit) => Id::TimerRetransmit,
        Timer::Tcp(TimerKind::TimeWait) => Id::TimerTimeWait,
        Timer::Tcp(TimerKind::DelayedAck) => Id::TimerDelayedAck,
        Timer::Tcp(TimerKind::KeepAlive) => Id::TimerKeepAlive,
        Timer::Tcp(TimerKind::TailLoss) => Id::TimerTailLoss,
        Timer::Tcp(TimerKind::FinWait2) => Id::TimerFinWait2,
        Timer::Ftp(FtpTimer::Idle) => Id::TimerIdle,
        Timer::Ftp(FtpTimer::DataConnect) => Id::TimerDataConnect,
        Timer::Ftp(FtpTimer::DataProgress) => Id::TimerDataProgress,
        Timer::Ftp(FtpTimer::ControlConnect) => Id::TimerControlConnect,
        Timer::Ftp(FtpTimer::Reply) => Id::TimerReply,
        Timer::Ftp(FtpTimer::Retry) => Id::TimerRetry,
        Timer::Ftp(FtpTimer::Wait) => Id::TimerWait,
        Timer::Ftp(FtpTimer::Pace) => Id::TimerPace,
        Timer::Neighbour if about.is_some() => Id::TimerNeighbour,
        Timer::Neighbour => Id::TimerNeighbourUnknown,
    };
    let args = [
        ("node", node),
        ("connection", &t.connection(frame.tag)),
        ("attempt", &attempt.to_string()),
        ("after", &after.to_string()),
        ("address", &about.map(|packet| packet.dst.to_string()).unwrap_or_default()),
    ];
    t.say(id, &args)
}

fn transfer(
    t: &Teller<'_>,
    node: &str,
    command: &str,
    mode: Mode,
    result: Option<CommandResult>,
    bytes: u64,
) -> String {
    let id = match result {
        None => Id::TransferBegins,
        Some(CommandResult::Ok) => Id::TransferOk,
        Some(_) => Id::TransferFailed,
    };
    let args = [
        ("node", node),
        ("command", command),
        ("mode", &mode_name(t.messages, mode)),
        ("bytes", &bytes.to_string()),
        ("result", &result.map(|result| command_result(t.messages, result)).unwrap_or_default()),
    ];
    t.say(id, &args)
}

fn step(t: &Teller<'_>, node: &str, tag: Option<Tag>, index: u32, run: &str, result: Option<CommandResult>) -> String {
    // The mode matters only to steps that need a data connection.
    let mode = match Step::parse(run) {
        Ok(Step::List(_) | Step::NameList(_) | Step::Get(_) | Step::Put(_)) => {
            tag.and_then(|tag| t.trace.sessions.get(tag.session.index())).map(|session| session.mode)
        }
        _ => None,
    };
    let id = match (result, mode) {
        (None, Some(_)) => Id::StepBeginsMode,
        (None, None) => Id::StepBegins,
        (Some(CommandResult::Ok), _) => Id::StepOk,
        (Some(CommandResult::NotRun), _) => Id::StepNotRun,
        (Some(_), _) => Id::StepFailed,
    };
    let args = [
        ("node", node),
        ("number", &(index + 1).to_string()),
        ("run", &visible(run)),
        ("mode", &mode.map(|mode| mode_name(t.messages, mode)).unwrap_or_default()),
        ("result", &result.map(|result| command_result(t.messages, result)).unwrap_or_default()),
    ];
    t.say(id, &args)
}
