//! The frames worth stopping at.

use super::{Event, Side, SocketAction, Trace};
use crate::firewall::Verdict;
use crate::ids::FrameId;
use crate::packet::Channel;
use crate::tcp::State;

/// Why a frame is worth stopping at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MilestoneKind {
    /// A door was opened for this session: a listener.
    Door,
    /// The first SYN of a connection sets out: somebody knocks.
    Knock,
    /// A three-way handshake is complete.
    Handshake,
    /// An FTP command was sent.
    Command,
    /// An FTP reply was read.
    Reply,
    /// A packet got no further: dropped, rejected or lost.
    PacketLost,
    /// A connection could not be made, or broke.
    Failure,
    /// A transfer came to its end.
    Transfer,
}

/// A frame worth stopping at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// The frame.
    pub frame: FrameId,
    /// Why.
    pub kind: MilestoneKind,
    /// The channel it belongs to.
    pub channel: Option<Channel>,
}

/// All milestones of a trace, in order.
pub fn milestones(trace: &Trace) -> Vec<Milestone> {
    let kind_of = |event: &Event| match event {
        Event::Socket { action: SocketAction::Listen, .. } => Some(MilestoneKind::Door),
        Event::Socket { action: SocketAction::Connect, .. } => Some(MilestoneKind::Knock),
        Event::Socket { action: SocketAction::Failed(_), .. } => Some(MilestoneKind::Failure),
        // Complete is the handshake when the side that was knocked at has seen the last acknowledgement.
        Event::TcpState { from: State::SynReceived, to: State::Established, .. } => Some(MilestoneKind::Handshake),
        Event::FtpCommand { side: Side::Sent, .. } => Some(MilestoneKind::Command),
        Event::FtpReply { side: Side::Seen, .. } => Some(MilestoneKind::Reply),
        Event::Verdict { verdict: Verdict::Drop | Verdict::Reject(_), .. } | Event::Lost { .. } => {
            Some(MilestoneKind::PacketLost)
        }
        Event::Transfer { result: Some(_), .. } => Some(MilestoneKind::Transfer),
        _ => None,
    };
    trace
        .ids()
        .zip(&trace.frames)
        .filter_map(|(id, frame)| {
            let kind = kind_of(&frame.event)?;
            Some(Milestone { frame: id, kind, channel: frame.tag.map(|tag| tag.channel) })
        })
        .collect()
}
