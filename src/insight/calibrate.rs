//! A real capture held against the simulated run, as seen from the same interface.
//!
//! Both are brought to the same form, the meaningful [`steps`], in which times, sequence numbers and
//! random ports have no place; then the first step that differs is looked for.

use super::steps::{Step, steps};
use crate::export::Vantage;
use crate::packet::Packet;
use crate::time::{Duration, Instant};
use crate::trace::{Event, Trace};

/// How many steps before a difference are shown.
const CONTEXT: usize = 3;
/// How much longer than a capture the run it is held against may be.
const SLACK: Duration = Duration::from_secs(10);

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

/// Compares what the run sent and received at an interface with what was captured there. `ports`: the servers' control
/// ports. `lasted`: how long the capture is, from its first packet to its last, if that is known; what the run does
/// later is not held against it.
pub fn calibrate(
    trace: &Trace,
    vantage: &Vantage,
    ports: &[u16],
    captured: &[Packet],
    lasted: Option<Duration>,
) -> Calibration {
    let seen = trace.frames.iter().filter(|frame| frame.node == vantage.node).filter_map(|frame| match frame.event {
        Event::Sent { packet, link, .. } | Event::Received { packet, link } if link == vantage.link => {
            Some((frame.at, trace.packet(packet)))
        }
        _ => None,
    });
    let seen: Vec<(Instant, &Packet)> = seen.collect();
    let end = seen.first().zip(lasted).map(|((first, _), lasted)| {
        // The kernel's timers are late by some per cent, and a real network may be quicker than the scenario's.
        *first + lasted + Duration::from_nanos(lasted.as_nanos() / 20) + SLACK
    });
    let simulated: Vec<&Packet> =
        seen.into_iter().filter(|(at, _)| end.is_none_or(|end| *at <= end)).map(|(_, packet)| packet).collect();
    let captured: Vec<&Packet> = captured.iter().collect();
    let (mut left, mut right) = (steps(&simulated, ports).into_iter(), steps(&captured, ports).into_iter());
    let mut same = Vec::new();
    loop {
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a.means(&b) => same.push(b),
            (simulated, captured) => return Calibration { same, simulated, captured },
        }
    }
}
