//! One sentence for a packet that a node put on a link.

use super::mentions::{Teller, is_control, is_syn_ack};
use super::packet_label::{control_line, icmp_reason};
use super::{Id, facts};
use crate::firewall::Verdict;
use crate::ids::NodeId;
use crate::packet::{Body, Channel, Flags, Packet, Segment};
use crate::tcp::State;
use crate::trace::Event;

/// `node` sends `packet`, or passes it on to `next`.
pub(super) fn sent(t: &Teller<'_>, node: NodeId, packet: &Packet, next: NodeId) -> String {
    let name = t.node(node);
    if facts::is_passed_on(t.trace, t.at) {
        let args = [("node", name.as_str()), ("packet", &t.packet(packet)), ("next", &t.node(next))];
        return t.say(Id::SentOn, &args);
    }
    match &packet.body {
        Body::Tcp(segment) => sent_segment(t, &name, packet, segment),
        Body::Icmp(icmp) => {
            let (from, to) = icmp.about();
            let args = [
                ("node", name.as_str()),
                ("peer", &t.host(packet.dst)),
                ("reason", icmp_reason(icmp)),
                ("about_from", &t.endpoint(from)),
                ("about_to", &t.endpoint(to)),
            ];
            t.say(Id::SentIcmp, &args)
        }
    }
}

fn sent_segment(t: &Teller<'_>, node: &str, packet: &Packet, segment: &Segment) -> String {
    let has = |flag| segment.flags.contains(flag);
    let attempt = facts::attempt(t.trace, t.at).map(|attempt| attempt.to_string());
    let (peer, connection) = (t.host(packet.dst), t.connection(packet.tag));
    let (port, peer_port) = (t.port(packet.source()), t.port(packet.destination()));
    // Every argument that any of these messages may want: a message takes what it names.
    let bytes = segment.payload.len().to_string();
    let line = control_line(&segment.payload);
    let args = [
        ("node", node),
        ("peer", &peer),
        ("port", &port),
        ("peer_port", &peer_port),
        ("connection", &connection),
        ("attempt", attempt.as_deref().unwrap_or_default()),
        ("bytes", &bytes),
        ("line", &line),
        ("from", &t.host(packet.src)),
    ];
    let again = attempt.is_some();
    let id = if has(Flags::RST) {
        reset(t)
    } else if segment.is_syn() {
        match packet.tag.map(|tag| tag.channel) {
            _ if again => Id::SentSynAgain,
            Some(Channel::Control) => Id::SentSynControl,
            Some(Channel::Data) => Id::SentSynData,
            None => Id::SentSyn,
        }
    } else if is_syn_ack(packet) {
        if again { Id::SentSynAckAgain } else { Id::SentSynAck }
    } else if !segment.payload.is_empty() {
        match (is_control(packet), again, has(Flags::FIN)) {
            (true, true, _) => Id::SentLineAgain,
            (true, false, _) => Id::SentLine,
            (false, true, _) => Id::SentDataAgain,
            (false, false, true) => Id::SentDataLast,
            (false, false, false) => Id::SentData,
        }
    } else if has(Flags::FIN) {
        if again { Id::SentFinAgain } else { Id::SentFin }
    } else if has(Flags::ACK) {
        let completes = facts::reason(t.trace, t.at).is_some_and(|reason| {
            matches!(t.trace.frame(reason).event, Event::TcpState { from: State::SynSent, to: State::Established, .. })
        });
        if completes { Id::SentHandshakeAck } else { Id::SentAck }
    } else {
        return t.say(Id::SentOther, &[("node", node), ("packet", &t.packet(packet))]);
    };
    t.say(id, &args)
}

/// A RST says no for one of three reasons.
fn reset(t: &Teller<'_>) -> Id {
    match facts::reason(t.trace, t.at).map(|reason| &t.trace.frame(reason).event) {
        Some(Event::Verdict { verdict: Verdict::Reject(_), .. }) => Id::SentRstRejected,
        Some(Event::Received { .. } | Event::Verdict { .. }) => Id::SentRstRefused,
        _ => Id::SentRst,
    }
}
