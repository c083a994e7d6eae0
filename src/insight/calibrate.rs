//! A real capture held against the simulated run, as seen from the same interface.
//!
//! Both are brought to the same form, the meaningful [`steps`], in which times, sequence numbers and
//! random ports have no place; then the first step that differs is looked for.

use super::capture_steps::{Seen, Step, steps};
use super::capture_stopped::stopped;
use crate::ids::NodeId;
use crate::packet::Packet;
use crate::packet::wire::Decoded;
use crate::time::{Duration, Instant};
use crate::trace::{CapturePoint, Event, Trace};
use std::collections::BTreeSet;

/// How many steps before a difference are shown.
const CONTEXT: usize = 3;
/// How long after the end, the capture's or that of the last session, the last packets may come.
const SLACK: Duration = Duration::from_secs(1);

/// How a capture and a run compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// The steps that are the same, from the first on.
    pub same: Vec<Step>,
    /// The first step that differs, as simulated and as captured; `None` on one side: it ended there. Both `None`:
    /// nothing differs.
    pub simulated: Option<Step>,
    /// As captured.
    pub captured: Option<Step>,
}

impl Calibration {
    /// Whether nothing differs.
    pub const fn is_same(&self) -> bool {
        self.simulated.is_none() && self.captured.is_none()
    }

    /// The last steps before the difference.
    pub fn context(&self) -> &[Step] {
        &self.same[self.same.len().saturating_sub(CONTEXT)..]
    }
}

/// What was captured at an interface.
#[derive(Clone, Copy, Debug)]
pub struct Captured<'a> {
    /// Where.
    pub point: &'a CapturePoint,
    /// The packets, in order.
    pub packets: &'a [Decoded],
    /// The time from the first to the last, if that is known; what the run does later, and after its sessions, is not
    /// held against them.
    pub lasted: Option<Duration>,
}

/// Compares what the run sent and received at an interface with what was captured there. `ports`: the servers' control
/// ports.
pub fn calibrate(trace: &Trace, captured: Captured<'_>, ports: &[u16]) -> Calibration {
    let simulated = simulated(trace, captured).into_iter().map(Seen::from);
    compare(steps(simulated, ports), steps(captured.packets.iter().map(Seen::from), ports))
}

/// Compares which connections a node stops; `None` unless there is a capture of each of its interfaces, two at least.
pub fn calibrate_node(trace: &Trace, node: NodeId, captured: &[Captured<'_>]) -> Option<Calibration> {
    let here: Vec<&Captured<'_>> = captured.iter().filter(|it| it.point.node == node).collect();
    let links: BTreeSet<_> = here.iter().map(|it| it.point.link.index()).collect();
    let all = trace.links.iter().filter(|link| link.ends.contains(&node)).count();
    if links.len() < 2 || links.len() < all || here.len() > links.len() {
        return None;
    }
    let own = &trace.nodes[node.index()].addresses;
    let ours: Vec<Vec<&Packet>> = here.iter().map(|it| simulated(trace, **it)).collect();
    let real: Vec<Vec<&Packet>> = here.iter().map(|it| it.packets.iter().map(|seen| &seen.packet).collect()).collect();
    Some(compare(stopped(own, &ours), stopped(own, &real)))
}

/// What the run sent and received there, as long as the capture lasted.
fn simulated<'a>(trace: &'a Trace, captured: Captured<'_>) -> Vec<&'a Packet> {
    let point = captured.point;
    let seen = trace.frames.iter().filter(|frame| frame.node == point.node).filter_map(|frame| match frame.event {
        Event::Sent { packet, link, .. } | Event::Received { packet, link } if link == point.link => {
            Some((frame.at, trace.packet(packet)))
        }
        _ => None,
    });
    let seen: Vec<(Instant, &Packet)> = seen.collect();
    // A laboratory ends with its sessions; what servers do later is not captured. (Kernel timers are late by a per cent
    // at most.)
    let sessions = trace.frames.iter().rev().find(|frame| matches!(frame.event, Event::Command { .. }));
    let end = seen.first().zip(captured.lasted).map(|((first, _), lasted)| {
        let captured = *first + lasted + Duration::from_nanos(lasted.as_nanos() / 100);
        captured.max(sessions.map_or(captured, |frame| frame.at)) + SLACK
    });
    seen.into_iter().filter(|(at, _)| end.is_none_or(|end| *at <= end)).map(|(_, packet)| packet).collect()
}

fn compare(simulated: Vec<Step>, captured: Vec<Step>) -> Calibration {
    let (mut left, mut right) = (simulated.into_iter(), captured.into_iter());
    let mut same = Vec::new();
    loop {
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a.means(&b) => same.push(b),
            (simulated, captured) => return Calibration { same, simulated, captured },
        }
    }
}
