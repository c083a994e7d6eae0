//! FTP's commands and replies, and its timers.

use super::{helper, naming, session};
use crate::endpoint_text::{parse_eprt, parse_host_port};
use crate::ftp::{CommandResult, FtpTimer};
use crate::ids::{FrameId, NodeId};
use crate::insight::{is_sealed, translators};
use crate::narrate::mentions::Teller;
use crate::narrate::{Id, data_error, facts};
use crate::packet::{Channel, Endpoint, Packet, Tag};
use crate::tcp::State;
use crate::trace::{Event, Scene, Side, SocketAction, Timer};
use std::net::SocketAddr;

pub(super) fn command(
    t: &Teller<'_>,
    scene: &Scene,
    node: NodeId,
    tag: Option<Tag>,
    side: Side,
    (verb, argument): (&str, &str),
) -> Vec<String> {
    match (verb, side) {
        ("PORT" | "EPRT", Side::Sent) => naming::by_client(t, scene, node, tag, verb, argument),
        ("PORT" | "EPRT", Side::Seen) => vec![t.say(Id::WhyPortSeen, &[])],
        ("PASV", Side::Sent) => vec![t.say(Id::WhyPasv, &[])],
        // EPSV ALL asks for nothing.
        ("EPSV", Side::Sent) if !argument.eq_ignore_ascii_case("ALL") => vec![t.say(Id::WhyEpsv, &[])],
        _ => Vec::new(),
    }
}

pub(super) fn reply(
    t: &Teller<'_>,
    scene: &Scene,
    node: NodeId,
    tag: Option<Tag>,
    side: Side,
    (code, lines): (u16, &[String]),
) -> Vec<String> {
    match code {
        227 | 229 => naming::by_server(t, scene, tag, side, code, lines.first().map_or("", String::as_str)),
        425 => match stranger(t, tag) {
            Some(sentence) => vec![sentence],
            None => vec![no_data_connection(t), t.say(Id::Why425ControlWorks, &[])],
        },
        150 => {
            let stands = scene.sockets.iter().any(|socket| {
                socket.node == node
                    && socket.state.is_synchronized()
                    && socket.tag.is_some_and(|other| is_data_of(other, tag))
            });
            vec![t.say(if stands { Id::Why150 } else { Id::Why150Waiting }, &[])]
        }
        226 => vec![t.say(Id::Why226, &[])],
        200 => port_answered(t, scene, tag, Id::WhyPortTaken),
        500 if lines.first().is_some_and(|text| text.starts_with("OOPS: vsf_sysutil_bind")) => vec![no_port(t)],
        500.. => port_answered(t, scene, tag, Id::WhyPortStranger),
        _ => Vec::new(),
    }
}

/// The address in the PORT or EPRT that a reply answers, and the one that the server knows the client by, where these
/// are two.
fn strange_port(t: &Teller<'_>, scene: &Scene, tag: Option<Tag>) -> Option<(SocketAddr, Endpoint)> {
    let command = t.trace.causes(t.at).find_map(|cause| match &t.trace.frame(cause).event {
        Event::FtpCommand { verb, argument, .. } => Some((verb.as_str(), argument.as_str())),
        _ => None,
    });
    let named = match command? {
        ("PORT", argument) => SocketAddr::V4(parse_host_port(argument)?),
        ("EPRT", argument) => parse_eprt(argument).ok()?,
        _ => return None,
    };
    let connection = facts::connection(tag)?;
    let server = t.trace.answerer(connection)?;
    let far =
        scene.sockets.iter().find(|socket| socket.node == server && facts::connection(socket.tag) == Some(connection));
    let seen = far?.remote?;
    (seen.ip != named.ip()).then_some((named, seen))
}

/// A PORT or EPRT that names another address than the one that the server knows the client by: taken or refused.
fn port_answered(t: &Teller<'_>, scene: &Scene, tag: Option<Tag>, id: Id) -> Vec<String> {
    let (Some((named, seen)), Some(tag)) = (strange_port(t, scene, tag), tag) else { return Vec::new() };
    let (named_text, seen_text) = (named.ip().to_string(), seen.ip.to_string());
    let mut sentences = vec![t.say(id, &[("named", &named_text), ("seen", &seen_text)])];
    let connection = tag.connection.and_then(|name| t.trace.connections.get(&name).map(|info| (name, info.caller)));
    if let Some((connection, client)) = connection
        && facts::owns(t.trace, client, Endpoint::from(named))
    {
        sentences.push(t.say(Id::WhyPortTranslated, &[("client", &t.node(client))]));
        if is_sealed(t.trace, connection, t.at) {
            sentences.push(t.say(Id::WhyPortSealed, &[]));
        } else {
            let nodes = translators(t.trace, connection);
            sentences.extend(nodes.into_iter().find_map(|node| helper::not_rewritten(t, node, tag)));
        }
    }
    sentences
}

fn is_data_of(other: Tag, tag: Option<Tag>) -> bool {
    other.channel == Channel::Data && tag.is_some_and(|tag| tag.session == other.session)
}

/// vsftpd's `bind()` has failed, of which it dies: for its own passive port, or for the port that it would connect from.
fn no_port(t: &Teller<'_>) -> String {
    let verb = t.trace.causes(t.at).find_map(|cause| match &t.trace.frame(cause).event {
        Event::FtpCommand { verb, .. } => Some(verb.as_str()),
        _ => None,
    });
    t.say(if matches!(verb, Some("PASV" | "EPSV")) { Id::WhyOopsPassive } else { Id::WhyOopsActive }, &[])
}

/// A 425 to a data connection that came, from another address than the control connection.
fn stranger(t: &Teller<'_>, tag: Option<Tag>) -> Option<String> {
    let (server, control) = (t.trace.answerer(facts::connection(tag)?)?, facts::connection(tag)?);
    let own = t.trace.frames[..t.at.index()].iter().rev().filter(|frame| frame.node == server);
    let of_session =
        own.filter(|frame| frame.tag.is_some_and(|other| Some(other.session) == tag.map(|tag| tag.session)));
    let mut came = None;
    for frame in of_session {
        match &frame.event {
            Event::Socket { action: SocketAction::Accept, remote: Some(remote), .. }
                if facts::connection(frame.tag) == Some(control) =>
            {
                let from: Endpoint = came.filter(|from: &Endpoint| from.ip != remote.ip)?;
                let (from, seen) = (from.ip.to_string(), remote.ip.to_string());
                return Some(t.say(Id::Why425Stranger, &[("from", &from), ("seen", &seen)]));
            }
            Event::Socket { action: SocketAction::Accept, remote: Some(remote), .. } if came.is_none() => {
                came = Some(*remote);
            }
            // Only what came to the listener of this transfer counts.
            Event::Socket { action: SocketAction::Listen, .. } if came.is_none() => return None,
            _ => {}
        }
    }
    None
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
    let is_server = session(t, tag).is_some_and(|(client, server)| server == Some(node) && client != node);
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
            // Where NAT is on the way, a SYN that died before it had another destination.
            let since = facts::opened(t.trace, socket.id, t.at).unwrap_or(first);
            facts::last_knock_died(t.trace, since, t.at, |packet: &Packet, other| {
                packet.destination() == socket.local || other.is_some_and(|other| is_data_of(other, tag))
            })
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
