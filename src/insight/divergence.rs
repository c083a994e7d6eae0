//! Where two runs of the same scenario part: the first meaningful step that differs.
//!
//! Times, sequence numbers, random ports and ids differ between any two runs; a step is compared by what it means: who
//! says what on which channel, who knocks on whose door, what a firewall says.

use crate::firewall::Verdict;
use crate::ids::{FrameId, NodeId};
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

/// What happened in a run, session by session: as much of a trace as comparing it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story(Vec<Vec<(FrameId, Meaning)>>);

impl Story {
    /// The story of a trace.
    pub fn new(trace: &Trace) -> Self {
        let mut sessions = vec![Vec::new(); trace.sessions.len()];
        for (id, frame) in trace.ids().zip(&trace.frames) {
            let told = frame.tag.and_then(|tag| sessions.get_mut(tag.session.index()));
            if let Some((story, meaning)) = told.zip(meaning(frame)) {
                story.push((id, meaning));
            }
        }
        Self(sessions)
    }

    /// Where two stories part; `None` if they mean the same. With several sessions that part, the one that parts first
    /// counts.
    pub fn parting(&self, other: &Self) -> Option<Divergence> {
        let none = Vec::new();
        let sessions = (0..self.0.len().max(other.0.len())).filter_map(|session| {
            let (left, right) = (self.0.get(session).unwrap_or(&none), other.0.get(session).unwrap_or(&none));
            let same = left.iter().zip(right).take_while(|((_, a), (_, b))| a == b).count();
            let at = |story: &[(FrameId, Meaning)]| story.get(same).map(|(id, _)| *id);
            (same < left.len().max(right.len())).then(|| Divergence { same, left: at(left), right: at(right) })
        });
        sessions.min_by_key(|parting| parting.left.or(parting.right))
    }
}

/// Compares two traces of the same network: see [`Story::parting`].
pub fn divergence(left: &Trace, right: &Trace) -> Option<Divergence> {
    Story::new(left).parting(&Story::new(right))
}

fn meaning(frame: &Frame) -> Option<Meaning> {
    let channel = frame.tag.map(|tag| tag.channel);
    Some(match &frame.event {
        Event::FtpCommand { side: Side::Sent, verb, argument } => {
            // The port in PORT and EPRT is random.
            let random = matches!(verb.as_str(), "PORT" | "EPRT");
            Meaning::Command { verb: verb.clone(), argument: if random { String::new() } else { argument.clone() } }
        }
        Event::FtpReply { side: Side::Seen, code, .. } => Meaning::Reply { code: *code },
        Event::Socket { action: SocketAction::Connect, .. } => Meaning::Connect { from: frame.node, channel: channel? },
        Event::Socket { action: SocketAction::Listen, .. } => Meaning::Listen { at: frame.node, channel: channel? },
        Event::Socket { action: SocketAction::Failed(_), .. } => Meaning::Failed { at: frame.node, channel: channel? },
        Event::TcpState { from: State::SynReceived, to: State::Established, .. } => {
            Meaning::Handshake { at: frame.node, channel: channel? }
        }
        Event::Verdict { verdict: verdict @ (Verdict::Drop | Verdict::Reject(_)), .. } => {
            Meaning::PacketLost { at: frame.node, channel, verdict: verdict.name() }
        }
        Event::Lost { reason, .. } => Meaning::PacketLost { at: frame.node, channel, verdict: reason.name() },
        Event::Command { run, result, .. } => Meaning::Step { run: run.clone(), done: result.is_some() },
        _ => return None,
    })
}
