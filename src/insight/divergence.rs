//! Where two runs of the same scenario part: the first meaningful step that differs.
//!
//! Times, sequence numbers, random ports and ids differ between any two runs; a step is compared by what it means: who
//! says what on which channel, who knocks on whose door, what a firewall says.

use crate::firewall::Verdict;
use crate::ids::{FrameId, NodeId, SessionId};
use crate::packet::Channel;
use crate::tcp::State;
use crate::trace::{Event, Frame, Side, SocketAction, Trace};

/// Where two traces part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// How many meaningful steps are the same.
    pub same: usize,
    /// The first differing step of the first trace; `None` if it ended.
    pub left: Option<FrameId>,
    /// The first differing step of the second trace; `None` if it ended.
    pub right: Option<FrameId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Meaning {
    Command { verb: String, argument: String },
    Reply { code: u16 },
    Connect { from: NodeId, channel: Channel },
    Listen { at: NodeId, channel: Channel },
    Handshake { at: NodeId, channel: Channel },
    PacketLost { at: NodeId, channel: Option<Channel>, verdict: &'static str },
    Failed { at: NodeId, channel: Channel },
    Step { run: String, done: bool },
}

/// Compares two traces of the same network, session by session; `None` if they mean the same. With several sessions that
/// part, the one that parts first counts.
pub fn divergence(left: &Trace, right: &Trace) -> Option<Divergence> {
    let sessions = (0..left.sessions.len().max(right.sessions.len()) as u32).map(SessionId);
    let partings = sessions.filter_map(|session| {
        let (mut l, mut r) = (meanings(left, session), meanings(right, session));
        let mut same = 0;
        loop {
            match (l.next(), r.next()) {
                (None, None) => return None,
                (Some((_, a)), Some((_, b))) if a == b => same += 1,
                (a, b) => return Some(Divergence { same, left: a.map(|(id, _)| id), right: b.map(|(id, _)| id) }),
            }
        }
    });
    partings.min_by_key(|parting| parting.left.or(parting.right))
}

fn meanings(trace: &Trace, session: SessionId) -> impl Iterator<Item = (FrameId, Meaning)> {
    let own = move |frame: &Frame| frame.tag.is_some_and(|tag| tag.session == session);
    trace.ids().zip(&trace.frames).filter(move |(_, frame)| own(frame)).filter_map(|(id, frame)| {
        let channel = frame.tag.map(|tag| tag.channel);
        let meaning = match &frame.event {
            Event::FtpCommand { side: Side::Sent, verb, argument } => {
                // The port in PORT and EPRT is random.
                let random = matches!(verb.as_str(), "PORT" | "EPRT");
                Meaning::Command { verb: verb.clone(), argument: if random { String::new() } else { argument.clone() } }
            }
            Event::FtpReply { side: Side::Seen, code, .. } => Meaning::Reply { code: *code },
            Event::Socket { action: SocketAction::Connect, .. } => {
                Meaning::Connect { from: frame.node, channel: channel? }
            }
            Event::Socket { action: SocketAction::Listen, .. } => Meaning::Listen { at: frame.node, channel: channel? },
            Event::Socket { action: SocketAction::Failed(_), .. } => {
                Meaning::Failed { at: frame.node, channel: channel? }
            }
            Event::TcpState { from: State::SynReceived, to: State::Established, .. } => {
                Meaning::Handshake { at: frame.node, channel: channel? }
            }
            Event::Verdict { verdict: verdict @ (Verdict::Drop | Verdict::Reject(_)), .. } => {
                Meaning::PacketLost { at: frame.node, channel, verdict: verdict.name() }
            }
            Event::Lost { reason, .. } => Meaning::PacketLost { at: frame.node, channel, verdict: reason.name() },
            Event::Command { run, result, .. } => Meaning::Step { run: run.clone(), done: result.is_some() },
            _ => return None,
        };
        Some((id, meaning))
    })
}
