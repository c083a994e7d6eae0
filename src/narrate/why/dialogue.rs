//! FTP's commands and replies, and its timers.

use super::session;
use crate::endpoint_text::{parse_eprt, parse_epsv_reply, parse_host_port, parse_pasv_reply};
use crate::ftp::{CommandResult, FtpTimer};
use crate::ids::{FrameId, NodeId};
use crate::narrate::phrase::Teller;
use crate::narrate::{Id, data_error, facts};
use crate::packet::{Channel, Endpoint, Packet, Tag};
use crate::tcp::State;
use crate::trace::{Event, Scene, Side, SocketAction, Timer};
use std::net::SocketAddr;

/// Which of three things is to be said of an address that somebody names.
struct Said {
    listens: Id,
    nobody: Id,
    elsewhere: Id,
}

/// An address was named: the arithmetic, and whether somebody listens there.
fn named(t: &Teller<'_>, scene: &Scene, owner: NodeId, address: SocketAddr, said: &Said) -> String {
    let address = Endpoint::from(address);
    let id = if !facts::owns(t.trace, owner, address) {
        said.elsewhere
    } else if facts::listens(scene, owner, address.port) {
        said.listens
    } else {
        said.nobody
    };
    let [p1, p2] = address.port.to_be_bytes().map(|byte| byte.to_string());
    let port = t.port(address);
    t.say(id, &[("p1", &p1), ("p2", &p2), ("port", &port), ("address", &address.ip.to_string())])
}

pub(super) fn command(
    t: &Teller<'_>,
    scene: &Scene,
    node: NodeId,
    side: Side,
    verb: &str,
    argument: &str,
) -> Vec<String> {
    const PORT: Said = Said { listens: Id::WhyPortListens, nobody: Id::WhyPortNobody, elsewhere: Id::WhyPortElsewhere };
    const EPRT: Said = Said { listens: Id::WhyEprtListens, nobody: Id::WhyEprtNobody, elsewhere: Id::WhyEprtElsewhere };
    let sentence = match (verb, side) {
        ("PORT", Side::Sent) => {
            parse_host_port(argument).map(|address| named(t, scene, node, SocketAddr::V4(address), &PORT))
        }
        ("EPRT", Side::Sent) => parse_eprt(argument).ok().map(|address| named(t, scene, node, address, &EPRT)),
        ("PORT" | "EPRT", Side::Seen) => Some(t.say(Id::WhyPortSeen, &[])),
        ("PASV", Side::Sent) => Some(t.say(Id::WhyPasv, &[])),
        // EPSV ALL asks for nothing.
        ("EPSV", Side::Sent) if !argument.eq_ignore_ascii_case("ALL") => Some(t.say(Id::WhyEpsv, &[])),
        _ => None,
    };
    sentence.into_iter().collect()
}

pub(super) fn reply(
    t: &Teller<'_>,
    scene: &Scene,
    node: NodeId,
    tag: Option<Tag>,
    code: u16,
    lines: &[String],
) -> Vec<String> {
    const PASV: Said = Said { listens: Id::Why227Listens, nobody: Id::Why227Nobody, elsewhere: Id::Why227Elsewhere };
    let text = lines.first().map_or("", String::as_str);
    let server = session(t.trace, tag).and_then(|(_, server)| server);
    match (code, server) {
        (227, Some(server)) => parse_pasv_reply(text)
            .map(|address| named(t, scene, server, SocketAddr::V4(address), &PASV))
            .into_iter()
            .collect(),
        (229, Some(server)) => parse_epsv_reply(text)
            .map(|port| {
                let id = if facts::listens(scene, server, port) { Id::Why229Listens } else { Id::Why229Nobody };
                t.say(id, &[("port", &port.to_string())])
            })
            .into_iter()
            .collect(),
        (425, _) => vec![no_data_connection(t), t.say(Id::Why425ControlWorks, &[])],
        (150, _) => {
            let stands = scene.sockets.iter().any(|socket| {
                socket.node == node
                    && socket.state.is_synchronized()
                    && socket.tag.is_some_and(|other| is_data_of(other, tag))
            });
            vec![t.say(if stands { Id::Why150 } else { Id::Why150Waiting }, &[])]
        }
        (226, _) => vec![t.say(Id::Why226, &[])],
        (500.., _) => port_refused(t, scene, node, tag),
        _ => Vec::new(),
    }
}

/// A refused PORT or EPRT that names another address than the one that the server knows the client by.
fn port_refused(t: &Teller<'_>, scene: &Scene, node: NodeId, tag: Option<Tag>) -> Vec<String> {
    let command = t.trace.causes(t.at).find_map(|cause| match &t.trace.frame(cause).event {
        Event::FtpCommand { verb, argument, .. } => Some((verb.as_str(), argument.as_str())),
        _ => None,
    });
    let named = match command {
        Some(("PORT", argument)) => parse_host_port(argument).map(SocketAddr::V4),
        Some(("EPRT", argument)) => parse_eprt(argument).ok(),
        _ => None,
    };
    let (Some(named), Some((client, _))) = (named, session(t.trace, tag)) else { return Vec::new() };
    let connection = facts::connection(tag);
    let far = scene
        .sockets
        .iter()
        .find(|socket| socket.node != client && connection.is_some() && facts::connection(socket.tag) == connection);
    let Some(seen) = far.and_then(|socket| socket.remote).filter(|seen| seen.ip != named.ip()) else {
        return Vec::new();
    };
    let (named_text, seen_text) = (named.ip().to_string(), seen.ip.to_string());
    let mut sentences = vec![t.say(Id::WhyPortStranger, &[("named", &named_text), ("seen", &seen_text)])];
    if facts::owns(t.trace, client, Endpoint::from(named)) {
        sentences.push(t.say(Id::WhyPortTranslated, &[("client", &t.node(client))]));
        let earlier = t.trace.frames.iter().take(t.at.index());
        let of_this = earlier.filter(|frame| facts::connection(frame.tag) == connection && frame.node == node);
        if of_this.into_iter().any(|frame| matches!(frame.event, Event::FtpReply { code: 234, .. })) {
            sentences.push(t.say(Id::WhyPortSealed, &[]));
        }
    }
    sentences
}

fn is_data_of(other: Tag, tag: Option<Tag>) -> bool {
    other.channel == Channel::Data && tag.is_some_and(|tag| tag.session == other.session)
}

/// What a 425 follows from.
fn no_data_connection(t: &Teller<'_>) -> String {
    for cause in t.trace.causes(t.at) {
        let frame = t.trace.frame(cause);
        match &frame.event {
            Event::Timer { timer: Timer::Ftp(FtpTimer::DataConnect), after, .. } => {
                return t.say(Id::Why425Timeout, &[("after", &after.to_string())]);
            }
            Event::Socket { action: SocketAction::Failed(error), .. } => {
                return t.say(Id::Why425Failed, &[("error", &data_error(t.messages, *error))]);
            }
            // Beyond the command that is answered lie other stories.
            Event::FtpCommand { .. } => break,
            _ => {}
        }
    }
    t.say(Id::Why425, &[])
}

/// The time for a data connection has run out: who did not answer whom?
pub(super) fn data_timeout(t: &Teller<'_>, scene: &Scene, node: NodeId, tag: Option<Tag>) -> Vec<String> {
    let is_server = session(t.trace, tag).is_some_and(|(client, server)| server == Some(node) && client != node);
    let mine = |socket: &&crate::trace::SocketView| {
        socket.node == node && socket.tag.is_some_and(|other| is_data_of(other, tag))
    };
    let Some(socket) = scene.sockets.iter().rfind(mine) else { return Vec::new() };
    let first = FrameId::from_index(0).unwrap_or(t.at);
    let mut sentences = Vec::new();
    let died = match (socket.state, socket.remote) {
        (State::Listen, _) => {
            if is_server {
                sentences.push(t.say(Id::WhyDataTimeoutPassive, &[("port", &t.port(socket.local))]));
            }
            facts::last_knock_died(t.trace, first, t.at, |packet: &Packet, _| packet.destination() == socket.local)
        }
        (State::SynSent, Some(remote)) => {
            if is_server {
                sentences.push(t.say(Id::WhyDataTimeoutActive, &[("port", &t.port(remote))]));
            }
            let connection = facts::connection(socket.tag);
            facts::last_knock_died(t.trace, first, t.at, |_, tag| {
                connection.is_some() && facts::connection(tag) == connection
            })
        }
        _ => None,
    };
    if let Some(place) = died {
        sentences.push(t.say(Id::WhyDiedAt, &[("node", &t.node(place))]));
    }
    sentences
}

/// A transfer that failed for want of a data connection. Replies have come until then, so the other channel works.
pub(super) fn transfer(t: &Teller<'_>, result: CommandResult) -> Vec<String> {
    match result {
        CommandResult::Reply(425 | 426) | CommandResult::Connect(_) => vec![t.say(Id::WhyTransferControlFine, &[])],
        _ => Vec::new(),
    }
}
