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
    let ends = trace.links.iter().enumerate().flat_map(|(number, link)| {
        let link_id = LinkId(number as u32);
        let [a, b] = link.ends;
        [(a, link_id, b), (b, link_id, a)]
    });
    let mut ends: Vec<(NodeId, LinkId, NodeId)> = ends.collect();
    ends.sort_unstable();
    let point = |(node, link, peer)| {
        let name = format!("{}.{}", trace.node_name(node), trace.node_name(peer));
        CapturePoint { node, link, name }
    };
    ends.into_iter().map(point).collect()
}

/// The interfaces that `at` names: a node's, or a single one as `node.interface`; empty if it names none.
pub fn capture_points_at(trace: &Trace, at: &str) -> Vec<CapturePoint> {
    capture_points(trace).into_iter().filter(|v| v.name == at || trace.node_name(v.node) == at).collect()
}
