//! One scenario being watched: its runs, the cursor, the mode.

use super::playback::Playback;
use crate::engine::LimitReached;
use crate::ftp::Mode;
use crate::ids::{FrameId, SessionId};
use crate::insight::same_instant;
use crate::ladder::{Ladder, RowKind};
use crate::scenario::Scenario;
use crate::time::{Duration as SimulatedDuration, Instant as SimulatedInstant};
use crate::trace::{Frame, Milestone, MilestoneKind, Scene, Timeline, Trace, milestones};
use std::collections::BTreeMap;
use std::time::Duration;

/// A scenario run in one mode, ready to be looked at from anywhere.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) trace: Trace,
    pub(super) ladder: Ladder,
    pub(super) milestones: Vec<Milestone>,
    timeline: Timeline,
}

impl Run {
    fn new(trace: Trace) -> Self {
        let timeline = Timeline::new(&trace);
        Self { ladder: Ladder::new(&trace), milestones: milestones(&trace), timeline, trace }
    }
}

/// A scenario being watched.
#[derive(Debug)]
pub(super) struct Player {
    scenario: Scenario,
    runs: BTreeMap<Mode, Run>,
    mode: Mode,
    cursor: FrameId,
    scene: Scene,
    pub(super) playback: Playback,
    /// The inspector in the ladder's place, where there is no room for both.
    pub(super) inspecting: bool,
}

impl Player {
    /// Runs the scenario and stands at its first frame, paused.
    pub(super) fn new(scenario: Scenario) -> Result<Self, LimitReached> {
        let mode = scenario.sessions.first().map(|session| session.mode).unwrap_or_default();
        let run = Run::new(scenario.run()?);
        let cursor = FrameId::from_index(0).ok_or(LimitReached::Frames(0))?;
        let scene = run.timeline.scene(&run.trace, 1);
        Ok(Self {
            scenario,
            runs: BTreeMap::from([(mode, run)]),
            mode,
            cursor,
            scene,
            playback: Playback::paused(),
            inspecting: false,
        })
    }

    pub(super) const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    pub(super) fn run(&self) -> &Run {
        &self.runs[&self.mode]
    }

    pub(super) fn trace(&self) -> &Trace {
        &self.run().trace
    }

    pub(super) const fn scene(&self) -> &Scene {
        &self.scene
    }

    pub(super) const fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) const fn cursor(&self) -> FrameId {
        self.cursor
    }

    pub(super) fn frame(&self) -> Option<&Frame> {
        self.trace().frames.get(self.cursor.index())
    }

    fn next_frame(&self) -> Option<&Frame> {
        self.trace().frames.get(self.cursor.index() + 1)
    }

    /// Simulated time from this frame to the next.
    fn gap(&self) -> SimulatedDuration {
        match (self.frame(), self.next_frame()) {
            (Some(now), Some(next)) => next.at.since(now.at),
            _ => SimulatedDuration::ZERO,
        }
    }

    fn at_milestone(&self) -> bool {
        self.run().milestones.binary_search_by_key(&self.cursor, |milestone| milestone.frame).is_ok()
    }

    /// The instant that the picture shows: while playing, between two frames.
    pub(super) fn instant(&self) -> SimulatedInstant {
        let Some(now) = self.frame() else { return SimulatedInstant::START };
        let share = if self.playback.is_playing() { self.playback.share(self.gap(), self.at_milestone()) } else { 0.0 };
        let passed = (self.gap().as_nanos() as f64 * share) as u64;
        now.at + SimulatedDuration::from_nanos(passed)
    }

    /// The session that the cursor's frame belongs to, or else the last one that something happened to.
    pub(super) fn session(&self) -> SessionId {
        let frames = self.trace().frames.get(..=self.cursor.index()).unwrap_or_default();
        frames.iter().rev().find_map(|frame| frame.tag).map(|tag| tag.session).unwrap_or_default()
    }

    pub(super) fn go(&mut self, to: FrameId) -> bool {
        if to == self.cursor {
            return false;
        }
        if to.index() == self.cursor.index() + 1 {
            let run = &self.runs[&self.mode];
            self.scene.apply(&run.trace, run.trace.frame(to));
        } else {
            let run = &self.runs[&self.mode];
            self.scene = run.timeline.scene(&run.trace, to.index() + 1);
        }
        self.cursor = to;
        true
    }

    fn go_to_index(&mut self, index: usize) -> bool {
        let last = self.trace().frames.len().saturating_sub(1);
        FrameId::from_index(index.min(last)).is_some_and(|to| self.go(to))
    }

    pub(super) fn step(&mut self, forward: bool) -> bool {
        let index = self.cursor.index();
        self.go_to_index(if forward { index + 1 } else { index.saturating_sub(1) })
    }

    pub(super) fn home(&mut self) -> bool {
        self.go_to_index(0)
    }

    pub(super) fn end(&mut self) -> bool {
        self.go_to_index(usize::MAX)
    }

    /// To the frame in which the next packet (or the one before) sets out.
    pub(super) fn step_packet(&mut self, forward: bool) -> bool {
        let is_packet = |kind| matches!(kind, RowKind::Packet(_));
        let rows = self.run().ladder.rows.iter().filter(|row| is_packet(row.kind)).map(|row| row.frame);
        let target = neighbour(rows, self.cursor, forward);
        self.go_or_to_the_end(target, forward)
    }

    pub(super) fn step_milestone(&mut self, forward: bool) -> bool {
        let frames = self.run().milestones.iter().map(|milestone| milestone.frame);
        let target = neighbour(frames, self.cursor, forward);
        self.go_or_to_the_end(target, forward)
    }

    fn go_or_to_the_end(&mut self, target: Option<FrameId>, forward: bool) -> bool {
        match target {
            Some(to) => self.go(to),
            None if forward => self.end(),
            None => self.home(),
        }
    }

    pub(super) fn next_death(&mut self) -> bool {
        let deaths = self.run().milestones.iter().filter(|m| m.kind == MilestoneKind::PacketLost).map(|m| m.frame);
        neighbour(deaths, self.cursor, true).is_some_and(|to| self.go(to))
    }

    /// The other mode with the same seed, at the same instant of the story.
    pub(super) fn switch_mode(&mut self) -> Result<bool, LimitReached> {
        let mode = self.mode.opposite();
        if !self.runs.contains_key(&mode) {
            let trace = self.scenario.clone().with_mode(mode).run()?;
            self.runs.insert(mode, Run::new(trace));
        }
        let there = &self.runs[&mode];
        let to = same_instant(self.trace(), self.cursor, &there.trace).unwrap_or(self.cursor);
        self.scene = there.timeline.scene(&there.trace, to.index() + 1);
        self.mode = mode;
        self.cursor = to;
        self.playback.pause();
        Ok(true)
    }

    /// Real time passes. Whether the picture changes.
    pub(super) fn advance(&mut self, mut time: Duration) -> bool {
        if !self.playback.is_playing() {
            return false;
        }
        while self.playback.is_playing() && {
            let (gap, milestone) = (self.gap(), self.at_milestone());
            self.playback.pass(&mut time, gap, milestone)
        } {
            if !self.step(true) {
                self.playback.pause();
            }
        }
        true
    }
}

/// The nearest of some frames (in order) after or before a frame.
fn neighbour(mut frames: impl DoubleEndedIterator<Item = FrameId>, at: FrameId, forward: bool) -> Option<FrameId> {
    if forward { frames.find(|frame| *frame > at) } else { frames.rfind(|frame| *frame < at) }
}
