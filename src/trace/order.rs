//! In which order nodes stand side by side: the client's side left, the server's side right.

use super::Trace;
use crate::ids::{NodeId, SessionId};
use std::collections::VecDeque;

/// All nodes from left to right: by how much nearer they are to the first session's client than to its server; what
/// hangs beside the way between the two stands outside of it.
pub fn node_order(trace: &Trace) -> Vec<NodeId> {
    let all: Vec<NodeId> = (0..trace.nodes.len() as u32).map(NodeId).collect();
    let Some(session) = trace.sessions.first() else { return all };
    let (client, server) = (session.client, trace.first_server(SessionId(0)));
    let from_client = distances(trace, client);
    let server = server.unwrap_or_else(|| farthest(&all, &from_client).unwrap_or(client));
    let from_server = distances(trace, server);
    let mut order = all;
    order.sort_by_key(|node| {
        let (c, s) = (from_client[node.index()], from_server[node.index()]);
        let side = c - s;
        (side, side.signum() * (c + s), node.index())
    });
    order
}

fn farthest(nodes: &[NodeId], distance: &[i64]) -> Option<NodeId> {
    nodes.iter().copied().max_by_key(|node| (distance[node.index()], node.index()))
}

/// Hops from a node to every other; far away where there is no path.
fn distances(trace: &Trace, from: NodeId) -> Vec<i64> {
    const FAR: i64 = 1 << 30;
    let mut neighbours = vec![Vec::new(); trace.nodes.len()];
    for link in &trace.links {
        let [a, b] = link.ends;
        neighbours[a.index()].push(b);
        neighbours[b.index()].push(a);
    }
    let mut distance = vec![FAR; trace.nodes.len()];
    distance[from.index()] = 0;
    let mut queue = VecDeque::from([from]);
    while let Some(node) = queue.pop_front() {
        for next in &neighbours[node.index()] {
            if distance[next.index()] == FAR {
                distance[next.index()] = distance[node.index()] + 1;
                queue.push_back(*next);
            }
        }
    }
    distance
}

/// The nodes of the shortest way between two nodes, ends included; empty if there is none.
pub fn path_between(trace: &Trace, from: NodeId, to: NodeId) -> Vec<NodeId> {
    let distance = distances(trace, to);
    let mut path = vec![from];
    let mut at = from;
    while at != to {
        let next = trace
            .links
            .iter()
            .filter_map(|link| match link.ends {
                [a, b] if a == at => Some(b),
                [a, b] if b == at => Some(a),
                _ => None,
            })
            .find(|next| distance[next.index()] < distance[at.index()]);
        let Some(next) = next else { return Vec::new() };
        path.push(next);
        at = next;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::Mode;
    use crate::packet::Endpoint;
    use crate::trace::{LinkInfo, NodeInfo, SessionInfo};

    #[test]
    fn what_hangs_beside_the_way_stands_outside() {
        let called = Endpoint::new(std::net::Ipv4Addr::new(203, 0, 113, 5).into(), 21);
        let names = ["client", "office", "net", "server", "client2", "server2"];
        let nodes = names
            .map(|name| NodeInfo {
                name: name.to_owned(),
                addresses: if name == "server" { vec![called.ip] } else { Vec::new() },
                has_firewall: false,
                forwards: false,
                redirects: false,
                down: false,
            })
            .to_vec();
        let links =
            [(0, 1), (1, 2), (2, 3), (4, 1), (2, 5)].map(|(a, b)| LinkInfo { ends: [NodeId(a), NodeId(b)] }).to_vec();
        let sessions =
            vec![SessionInfo { client: NodeId(0), called: Some(called), mode: Mode::Active, controls: Vec::new() }];
        let trace = Trace { nodes, links, sessions, ..Trace::default() };
        let order: Vec<&str> = node_order(&trace).iter().map(|node| names[node.index()]).collect();
        assert_eq!(order, ["client", "client2", "office", "net", "server2", "server"]);
        assert_eq!(path_between(&trace, NodeId(4), NodeId(5)), [4, 1, 2, 5].map(NodeId));
    }
}
