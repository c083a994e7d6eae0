//! Commands and replies that name an endpoint for the data connection: PORT, EPRT, 227, 229.

use super::{helper, session};
use crate::endpoint_text::{parse_eprt, parse_epsv_reply, parse_host_port, parse_pasv_reply};
use crate::ids::NodeId;
use crate::insight::{Door, door, listens, translators};
use crate::narrate::Id;
use crate::narrate::facts;
use crate::narrate::mentions::Teller;
use crate::packet::{Endpoint, Tag};
use crate::trace::{Scene, Side};
use std::net::SocketAddr;

/// What is to be said of an endpoint that the one who opens the door names.
struct Words {
    listens: Id,
    nobody: Id,
    /// The address is another node's; the arithmetic may be part of it.
    elsewhere: Id,
}

/// The client gives a PORT or EPRT.
pub(super) fn by_client(
    t: &Teller<'_>,
    scene: &Scene,
    node: NodeId,
    tag: Option<Tag>,
    verb: &str,
    argument: &str,
) -> Vec<String> {
    const PORT: Words =
        Words { listens: Id::WhyPortListens, nobody: Id::WhyPortNobody, elsewhere: Id::WhyPortElsewhere };
    const EPRT: Words =
        Words { listens: Id::WhyEprtListens, nobody: Id::WhyEprtNobody, elsewhere: Id::WhyEprtElsewhere };
    let named = match verb {
        "PORT" => parse_host_port(argument).map(|named| (SocketAddr::V4(named), PORT)),
        _ => parse_eprt(argument).ok().map(|named| (named, EPRT)),
    };
    let Some((named, words)) = named else { return Vec::new() };
    let server = session(t, tag).and_then(|(_, server)| server);
    let named = Endpoint::from(named);
    let mut sentences = vec![door_of(t, scene, node, named, &words)];
    if !facts::owns(t.trace, node, named) {
        sentences.push(behind(t, scene, server.unwrap_or(node), named));
    }
    sentences
}

/// The server gives a 227 or 229, or the client reads one.
pub(super) fn by_server(
    t: &Teller<'_>,
    scene: &Scene,
    tag: Option<Tag>,
    side: Side,
    code: u16,
    text: &str,
) -> Vec<String> {
    const PASV: Words = Words { listens: Id::Why227Listens, nobody: Id::Why227Nobody, elsewhere: Id::WhyArithmetic };
    const EPSV: Words = Words { listens: Id::Why229Listens, nobody: Id::Why229Nobody, elsewhere: Id::Why229Port };
    let Some((client, Some(server))) = session(t, tag) else { return Vec::new() };
    let called = facts::connection(tag).and_then(|connection| t.trace.connections.get(&connection));
    let (named, words) = if code == 227 {
        let Some(named) = parse_pasv_reply(text) else { return Vec::new() };
        (Endpoint::from(SocketAddr::V4(named)), PASV)
    } else {
        let Some(port) = parse_epsv_reply(text) else { return Vec::new() };
        // The address is the control connection's: each side knows another one, where NAT is between them.
        let far = scene.sockets.iter().find(|socket| socket.node == server && socket.tag == tag);
        let own = far.map(|socket| socket.local.ip).filter(|_| side == Side::Sent);
        let Some(ip) = own.or_else(|| called.map(|call| call.called.ip)) else { return Vec::new() };
        (Endpoint::new(ip, port), EPSV)
    };
    let mut sentences = vec![door_of(t, scene, server, named, &words)];
    if !facts::owns(t.trace, server, named) {
        sentences.push(behind(t, scene, client, named));
    }
    // The server knows only its own end; that it is another one for the client shows where the client reads it.
    if side == Side::Seen
        && called.is_some_and(|call| call.called.ip != named.ip)
        && !(named.ip.is_loopback() || named.ip.is_unspecified())
    {
        let address = named.ip.to_string();
        sentences.push(t.say(Id::Why227Elsewhere, &[("address", &address)]));
        if facts::is_private(named.ip) && called.is_some_and(|call| !facts::is_private(call.called.ip)) {
            sentences.push(t.say(Id::WhyPrivate, &[("address", &address)]));
        }
        sentences.extend(tag.into_iter().flat_map(|tag| own_address(t, tag, server, named)));
    }
    sentences
}

/// The server's own address in a 227 that the client knows it by another: whose text was not translated, and why.
fn own_address(t: &Teller<'_>, tag: Tag, server: NodeId, named: Endpoint) -> Vec<String> {
    if !facts::owns(t.trace, server, named) {
        return Vec::new();
    }
    let nodes = tag.connection.map_or_else(Vec::new, |control| translators(t.trace, control));
    let Some(node) = nodes.first().copied() else { return Vec::new() };
    let args = [("server", t.node(server)), ("node", t.node(node))];
    let translated = t.say(Id::Why227Translated, &args.each_ref().map(|(name, value)| (*name, value.as_str())));
    let unread = nodes.into_iter().find_map(|node| helper::not_rewritten(t, node, tag));
    std::iter::once(translated).chain(unread).collect()
}

/// Whether `owner`, who opens the door, listens at the endpoint that it names.
fn door_of(t: &Teller<'_>, scene: &Scene, owner: NodeId, named: Endpoint, words: &Words) -> String {
    let id = if !facts::owns(t.trace, owner, named) {
        words.elsewhere
    } else if listens(scene, owner, named) {
        words.listens
    } else {
        words.nobody
    };
    let [p1, p2] = named.port.to_be_bytes().map(|byte| byte.to_string());
    let port = t.port(named);
    t.say(id, &[("p1", &p1), ("p2", &p2), ("port", &port), ("address", &named.ip.to_string())])
}

/// Where a call from `caller` to an endpoint comes to that is not the one's who names it.
fn behind(t: &Teller<'_>, scene: &Scene, caller: NodeId, named: Endpoint) -> String {
    let address = named.ip.to_string();
    if named.ip.is_loopback() || named.ip.is_unspecified() {
        return t.say(Id::WhyNamedLoopback, &[("address", &address), ("caller", &t.node(caller))]);
    }
    match door(t.trace, scene, t.at, caller, named) {
        Door::Open { node, at } if at == named => {
            t.say(Id::WhyNamedListens, &[("node", &t.node(node)), ("port", &at.port.to_string())])
        }
        Door::Open { node, at } => {
            let args = [("named", t.endpoint(named)), ("door", at.to_string()), ("node", t.node(node))];
            t.say(Id::WhyNamedLeads, &args.each_ref().map(|(name, value)| (*name, value.as_str())))
        }
        Door::Shut { node, at } if at == named => {
            t.say(Id::WhyNamedKept, &[("node", &t.node(node)), ("port", &at.port.to_string())])
        }
        Door::Shut { node, at } => {
            let args = [("named", t.endpoint(named)), ("door", at.to_string()), ("node", t.node(node))];
            t.say(Id::WhyNamedShut, &args.each_ref().map(|(name, value)| (*name, value.as_str())))
        }
        Door::Unknown(node) => t.say(Id::WhyNamedUnknown, &[("address", &address), ("node", &t.node(node))]),
        Door::Nobody => t.say(Id::WhyNobodyHas, &[("address", &address)]),
    }
}
