//! Whether a firewall's FTP helper watches a session's control connection, and if not, what keeps it from it.
//!
//! Found from which rules the first packet of the control connection met at the node, and from what was said on it since.

use crate::ids::{ConnectionId, FrameId, NodeId, RuleId, SessionId};
use crate::packet::{Channel, Segment};
use crate::trace::{Event, Trace};

/// What the helper of a node can know of a session's control connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// No rule of the node gives a connection the helper.
    NoHelper,
    /// The control connection does not pass the node.
    OffPath,
    /// The rule that gives the helper stands where the control connection's SYN does not come by: what a node itself
    /// sends passes output and postrouting only.
    PassedBy(RuleId),
    /// Another rule decided before the one that gives the helper.
    NotReached {
        /// The rule that gives the helper.
        helper: RuleId,
        /// The rule that decided.
        decided: RuleId,
    },
    /// The rule that gives the helper does not match the control connection.
    NoMatch(RuleId),
    /// It watches, and sees only TLS (RFC 4217, section 4: after the reply 234).
    Sealed,
    /// It watches and reads.
    Watching,
}

/// What the helper of `node` knows, up to frame `at`, of the control connection that the session began last.
pub fn watch(trace: &Trace, node: NodeId, session: SessionId, at: FrameId) -> Watch {
    let rules = (0..).map(RuleId).zip(&trace.rules);
    let helpers: Vec<RuleId> =
        rules.filter(|(_, rule)| rule.node == node && rule.sets_helper).map(|(id, _)| id).collect();
    let Some(last) = helpers.last().copied() else { return Watch::NoHelper };
    let controls = trace.connections.iter().rev();
    let mut controls = controls
        .filter(|(_, info)| info.session == session && info.channel == Channel::Control && info.begun < at)
        .map(|(name, _)| *name)
        .filter(|name| passes(trace, node, *name, at));
    let Some(control) = controls.next() else { return Watch::OffPath };
    let mut found = Watch::PassedBy(last);
    for frame in own_frames(trace, node, control, at) {
        let Event::Verdict { packet, hook, rule: decided, passed, .. } = &frame.event else { continue };
        if !trace.packet(*packet).tcp().is_some_and(Segment::is_syn) {
            continue;
        }
        for helper in helpers.iter().copied().filter(|helper| trace.rule(*helper).hook == *hook) {
            if passed.contains(&helper) || *decided == helper {
                return if is_sealed(trace, control, at) { Watch::Sealed } else { Watch::Watching };
            }
            let earlier = *decided < helper && !trace.rule(*decided).is_policy;
            found = if earlier { Watch::NotReached { helper, decided: *decided } } else { Watch::NoMatch(helper) };
        }
    }
    found
}

fn own_frames(
    trace: &Trace,
    node: NodeId,
    control: ConnectionId,
    until: FrameId,
) -> impl Iterator<Item = &crate::trace::Frame> {
    let frames = trace.frames[..until.index()].iter();
    frames.filter(move |frame| frame.node == node && frame.tag.and_then(|tag| tag.connection) == Some(control))
}

fn passes(trace: &Trace, node: NodeId, control: ConnectionId, until: FrameId) -> bool {
    own_frames(trace, node, control, until).any(|frame| trace.packet_of(frame).is_some())
}

/// Whether the control connection is protected by then.
pub fn is_sealed(trace: &Trace, control: ConnectionId, until: FrameId) -> bool {
    let frames = trace.frames[..until.index()].iter();
    frames
        .filter(|frame| frame.tag.and_then(|tag| tag.connection) == Some(control))
        .any(|frame| matches!(frame.event, Event::FtpReply { code: 234, .. }))
}

/// The nodes that gave a control connection's SYN another destination, or another source, in the order it met them.
pub fn translators(trace: &Trace, control: ConnectionId) -> Vec<NodeId> {
    let Some(info) = trace.connections.get(&control) else { return Vec::new() };
    let mut nodes = Vec::new();
    for frame in &trace.frames[info.begun.index()..] {
        if frame.tag.and_then(|tag| tag.connection) != Some(control) {
            continue;
        }
        match frame.event {
            Event::Translated { packet, .. }
                if trace.packet(packet).tcp().is_some_and(Segment::is_syn) && !nodes.contains(&frame.node) =>
            {
                nodes.push(frame.node);
            }
            // What comes after the handshake has met them all.
            Event::FtpReply { .. } => break,
            _ => {}
        }
    }
    nodes
}
