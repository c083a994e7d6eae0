//! Where packets can be captured.

use super::Trace;
use crate::ids::{LinkId, NodeId};

/// A point where packets are captured: a node's interface on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturePoint {
    /// The node.
    pub node: NodeId,
    /// The link.
    pub link: LinkId,
    /// `node.interface`
    pub name: String,
}

/// All interfaces of the network, by node and link.
pub fn capture_points(trace: &Trace) -> Vec<CapturePoint> {
    let nodes = (0..trace.nodes.len() as u32).map(NodeId);
    nodes
        .flat_map(|node| {
            let links = (0..trace.links.len() as u32).map(LinkId);
            links.filter(move |link| trace.links[link.index()].ends.contains(&node)).map(move |link| {
                let peer = trace.node_name(trace.across(link, node));
                CapturePoint { node, link, name: format!("{}.{peer}", trace.node_name(node)) }
            })
        })
        .collect()
}

/// The interfaces that `at` names: a node's, or a single one as `node.interface`; empty if it names none.
pub fn capture_points_at(trace: &Trace, at: &str) -> Vec<CapturePoint> {
    capture_points(trace).into_iter().filter(|v| v.name == at || trace.node_name(v.node) == at).collect()
}
