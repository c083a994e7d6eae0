//! Knocking, and the answers to it: SYN, RST, ICMP, silence.

use super::session;
use super::stopped::nobody_at;
use crate::endpoint_text::{parse_eprt, parse_epsv_reply, parse_host_port, parse_pasv_reply};
use crate::firewall::Verdict;
use crate::ids::{FrameId, NodeId};
use crate::insight::listens;
use crate::narrate::Id;
use crate::narrate::facts;
use crate::narrate::mentions::{Teller, is_control};
use crate::packet::{Body, Channel, Endpoint, Flags, Packet, Segment};
use crate::tcp::{State, TimerKind};
use crate::trace::{Event, Fate, Loss, PortName, Scene, Timer};
use std::net::SocketAddr;

/// Why a node makes and sends a packet.
pub(super) fn sent(t: &Teller<'_>, scene: &Scene, node: NodeId, packet: &Packet) -> Vec<String> {
    match &packet.body {
        Body::Icmp(_) => icmp(t, node),
        Body::Tcp(segment) if segment.flags.contains(Flags::RST) => reset(t, scene, node, packet),
        Body::Tcp(segment) if segment.is_syn() => syn(t, node, packet),
        Body::Tcp(segment) if segment.flags.contains(Flags::FIN) && !is_control(packet) => {
            let closes_first = scene.sockets.iter().any(|socket| {
                socket.node == node && socket.local == packet.source() && socket.state == State::FinWait1
            });
            let data = packet.tag.is_some_and(|tag| tag.channel == Channel::Data);
            if closes_first && data { vec![t.say(Id::WhyFinData, &[])] } else { Vec::new() }
        }
        Body::Tcp(_) => Vec::new(),
    }
}

fn syn(t: &Teller<'_>, node: NodeId, packet: &Packet) -> Vec<String> {
    if facts::attempt(t.trace, t.at).is_some() {
        let mut sentences = vec![t.say(Id::WhySilence, &[])];
        let before = facts::reason(t.trace, t.at).and_then(|timer| t.trace.frame(timer).cause);
        if let Some((place, Fate::Dropped)) = before.and_then(|sent| facts::fate_of(t.trace, sent, t.at)) {
            sentences.push(t.say(Id::WhyDroppedAt, &[("node", &t.node(place))]));
        }
        return sentences;
    }
    let Some(tag) = packet.tag else { return Vec::new() };
    let (from, to) = (packet.source(), packet.destination());
    let (port, peer_port) = (from.port.to_string(), to.port.to_string());
    let Some((client, server)) = session(t, Some(tag)) else { return Vec::new() };
    let door = t.door(to);
    match tag.channel {
        Channel::Control if t.port_name(from) == Some(PortName::Aa) => {
            let who = t.role(node, Some(tag));
            vec![t.say(Id::WhySynControl, &[("who", &who), ("port", &port), ("peer_port", &peer_port)])]
        }
        Channel::Data if node == client => vec![match named_by_server(t) {
            Some((code, named)) if named.ip() == to.ip && named.port() == to.port => {
                t.say(Id::WhySynPassive, &[("door", &door), ("code", &code.to_string())])
            }
            Some((227, named)) if named.port() == to.port => {
                let args = [("named", named.to_string()), ("peer", to.to_string())];
                t.say(Id::WhySynPassiveOtherAddress, &args.each_ref().map(|(name, value)| (*name, value.as_str())))
            }
            Some((code, named)) if named.ip().is_unspecified() && named.port() == to.port => {
                t.say(Id::WhySynPassive, &[("door", &door), ("code", &code.to_string())])
            }
            _ => t.say(Id::WhySynPassiveElsewhere, &[("port", &port), ("peer_port", &peer_port)]),
        }],
        Channel::Data if server == Some(node) => vec![match named_by_client(t) {
            Some((verb, named)) if Endpoint::from(named) == to => {
                t.say(Id::WhySynActive, &[("door", &door), ("verb", verb)])
            }
            _ => t.say(Id::WhySynActiveElsewhere, &[("port", &port), ("peer_port", &peer_port)]),
        }],
        _ => Vec::new(),
    }
}

/// The address in the PORT or EPRT that led here.
fn named_by_client<'a>(t: &Teller<'a>) -> Option<(&'a str, SocketAddr)> {
    t.trace.causes(t.at).find_map(|cause| match &t.trace.frame(cause).event {
        Event::FtpCommand { verb, argument, .. } => match verb.as_str() {
            "PORT" => parse_host_port(argument).map(|named| (verb.as_str(), named.into())),
            "EPRT" => parse_eprt(argument).ok().map(|named| (verb.as_str(), named)),
            _ => None,
        },
        _ => None,
    })
}

/// The address in the 227, or the port in the 229 (with no address), that led here.
fn named_by_server(t: &Teller<'_>) -> Option<(u16, SocketAddr)> {
    t.trace.causes(t.at).find_map(|cause| match &t.trace.frame(cause).event {
        Event::FtpReply { code, lines, .. } => match (code, lines.first()) {
            (227, Some(text)) => parse_pasv_reply(text).map(|named| (227, named.into())),
            (229, Some(text)) => parse_epsv_reply(text).map(|port| (229, SocketAddr::from(([0, 0, 0, 0], port)))),
            _ => None,
        },
        _ => None,
    })
}

/// Whether a frame is a firewall's no.
fn is_rejection(t: &Teller<'_>, frame: FrameId) -> bool {
    matches!(t.trace.frame(frame).event, Event::Verdict { verdict: Verdict::Reject(_), .. })
}

/// Whether a frame is about a SYN.
fn is_about_syn(t: &Teller<'_>, frame: FrameId) -> bool {
    t.trace.packet_of(t.trace.frame(frame)).is_some_and(|packet| packet.tcp().is_some_and(Segment::is_syn))
}

fn reset(t: &Teller<'_>, scene: &Scene, node: NodeId, packet: &Packet) -> Vec<String> {
    let Some(reason) = facts::reason(t.trace, t.at) else { return Vec::new() };
    if is_rejection(t, reason) {
        return vec![t.say(Id::WhyRstRejected, &[("node", &t.node(node))])];
    }
    let port = packet.source().port;
    if is_about_syn(t, reason) && !listens(scene, node, packet.source()) {
        return vec![t.say(Id::WhyRstClosed, &[("port", &port.to_string()), ("node", &t.node(node))])];
    }
    Vec::new()
}

fn icmp(t: &Teller<'_>, node: NodeId) -> Vec<String> {
    let Some(reason) = facts::reason(t.trace, t.at).map(|reason| t.trace.frame(reason)) else { return Vec::new() };
    let id = match &reason.event {
        Event::Verdict { verdict: Verdict::Reject(_), .. } => Id::WhyIcmpRejected,
        Event::Lost { reason: Loss::NoRoute, .. } => Id::WhyIcmpNoRoute,
        Event::Lost { reason: Loss::NoNeighbour, .. } => Id::WhyIcmpNoNeighbour,
        Event::Lost { reason: Loss::TtlExpired, .. } => Id::WhyIcmpTtl,
        _ => return Vec::new(),
    };
    let address = t.trace.packet_of(reason).map(|packet| packet.dst.to_string()).unwrap_or_default();
    vec![t.say(id, &[("node", &t.node(node)), ("address", &address)])]
}

/// A timer for an answer has run out: what became of the packet?
pub(super) fn unanswered(t: &Teller<'_>) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(sent) = t.trace.frame(t.at).cause {
        let found = match facts::fate_of(t.trace, sent, t.at) {
            Some((node, Fate::Dropped)) => Some((Id::WhyWaitedDropped, node)),
            Some((node, Fate::Lost)) => Some((Id::WhyWaitedLost, node)),
            // Its sender was told; that it still waits is the answer's story.
            Some(_) => None,
            None => facts::answer_dropped(t.trace, sent, t.at).map(|node| (Id::WhyAnswerDropped, node)),
        };
        sentences.extend(found.map(|(id, node)| t.say(id, &[("node", &t.node(node))])));
    }
    // The connection ends right after its last try.
    let next = FrameId::from_index(t.at.index() + 1).filter(|next| next.index() < t.trace.frames.len());
    let ends = next.map(|next| t.trace.frame(next)).is_some_and(|next| {
        next.cause == Some(t.at) && matches!(next.event, Event::TcpState { to: State::Closed, .. })
    });
    if ends {
        sentences.push(t.say(Id::WhyLastTry, &[]));
    }
    sentences
}

/// A connection could not be made, or broke: who says so?
pub(super) fn failed(t: &Teller<'_>, node: NodeId, remote: Option<Endpoint>) -> Vec<String> {
    if let Some(to) = remote.filter(|remote| remote.ip.is_loopback()) {
        // The call has not left the machine: no packet shows it.
        let args = [("address", to.ip.to_string()), ("node", t.node(node)), ("port", to.port.to_string())];
        return vec![t.say(Id::WhyRefusedHere, &args.each_ref().map(|(name, value)| (*name, value.as_str())))];
    }
    for cause in t.trace.causes(t.at).skip(1) {
        let frame = t.trace.frame(cause);
        match &frame.event {
            Event::TcpState { .. } => {}
            Event::Timer { timer: Timer::Tcp(TimerKind::Handshake), attempt, .. } => {
                return vec![t.say(Id::WhyTimedOut, &[("count", &attempt.to_string())])];
            }
            Event::Lost { packet, reason: Loss::NoNeighbour | Loss::NoRoute } => {
                return nobody_at(t, t.trace.packet(*packet)).into_iter().collect();
            }
            Event::Received { packet, .. } | Event::Verdict { packet, verdict: Verdict::Accept, .. } => {
                return vec![answered(t, cause, t.trace.packet(*packet))];
            }
            _ => return Vec::new(),
        }
    }
    Vec::new()
}

fn answered(t: &Teller<'_>, answer: FrameId, packet: &Packet) -> String {
    let node = t.node(facts::maker(t.trace, answer));
    match facts::reason(t.trace, answer) {
        Some(reason) if is_rejection(t, reason) => t.say(Id::WhyRefusedByFirewall, &[("node", &node)]),
        Some(reason) if packet.tcp().is_some() && is_about_syn(t, reason) => {
            let port = packet.source().port.to_string();
            t.say(Id::WhyRefusedByHost, &[("node", &node), ("port", &port)])
        }
        _ => t.say(Id::WhyAnswerFrom, &[("node", &node)]),
    }
}
