//! Who knocked on whose door, and what came of it: one line a connection.

use crate::firewall::Verdict;
use crate::ftp::DataError;
use crate::ids::{ConnectionId, FrameId, NodeId, SessionId};
use crate::lookup::LookUp;
use crate::packet::{Channel, Endpoint, Flags};
use crate::tcp::State;
use crate::trace::{Event, SocketAction, Trace};

/// What came of a knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnockFate {
    /// The handshake was completed.
    Opened,
    /// A firewall dropped the SYN (or what answered it).
    Dropped,
    /// A firewall rejected it.
    Rejected,
    /// The host itself refused: nobody listens there.
    Refused,
    /// It never got there.
    Unreachable,
    /// Nothing was heard.
    Silence,
}

/// A connection that somebody began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knock {
    /// The connection.
    pub connection: ConnectionId,
    /// The session.
    pub session: SessionId,
    /// What it was to carry.
    pub channel: Channel,
    /// The node that knocked.
    pub node: NodeId,
    /// From where.
    pub from: Endpoint,
    /// At which door.
    pub to: Endpoint,
    /// How many SYNs it took.
    pub tries: u32,
    /// What came of it.
    pub fate: KnockFate,
    /// The frame in which it began.
    pub began: FrameId,
    /// The frame that decided.
    pub decided: Option<FrameId>,
}

/// All connections of a trace, in the order they were begun.
pub fn knocks(trace: &Trace) -> Vec<Knock> {
    let mut knocks: Vec<Knock> = Vec::new();
    let mut places: LookUp<ConnectionId, usize> = LookUp::default();
    for (id, frame) in trace.ids().zip(&trace.frames) {
        let Some(tag) = frame.tag else { continue };
        let Some(connection) = tag.connection else { continue };
        if let Event::Socket { action: SocketAction::Connect, local, remote: Some(remote), .. } = &frame.event {
            places.insert(connection, knocks.len());
            knocks.push(Knock {
                connection,
                session: tag.session,
                channel: tag.channel,
                node: frame.node,
                from: *local,
                to: *remote,
                tries: 0,
                fate: KnockFate::Silence,
                began: id,
                decided: None,
            });
            continue;
        }
        let Some(knock) = places.get(&connection).and_then(|place| knocks.get_mut(*place)) else { continue };
        if knock.fate != KnockFate::Opened {
            follow(trace, knock, id);
        }
    }
    knocks
}

fn follow(trace: &Trace, knock: &mut Knock, id: FrameId) {
    let frame = trace.frame(id);
    let mut decide = |fate| {
        // The first obstacle decides, unless the door opens after all.
        if knock.decided.is_none() || fate == KnockFate::Opened {
            knock.fate = fate;
            knock.decided = Some(id);
        }
    };
    match &frame.event {
        Event::TcpState { from: State::SynReceived, to: State::Established, .. } => decide(KnockFate::Opened),
        Event::Verdict { verdict: Verdict::Drop, .. } => decide(KnockFate::Dropped),
        Event::Verdict { verdict: Verdict::Reject(_), .. } => decide(KnockFate::Rejected),
        Event::Lost { .. } => decide(KnockFate::Unreachable),
        // Of a connection to itself nothing is seen on a link.
        Event::Socket { action: SocketAction::Failed(DataError::Refused), .. } => decide(KnockFate::Refused),
        Event::Sent { packet, .. } => {
            let packet = trace.packet(*packet);
            if let Some(segment) = packet.tcp() {
                // The RST that answers a SYN, not one that the knocker sends itself.
                if segment.flags.contains(Flags::RST) && packet.dst == knock.from.ip && segment.seq.0 == 0 {
                    decide(KnockFate::Refused);
                } else if segment.is_syn() && frame.node == knock.node {
                    knock.tries += 1;
                }
            }
        }
        _ => {}
    }
}
