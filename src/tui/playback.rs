//! Motion: how passing time moves the cursor. Paced by events, not by simulated time: a second of silence between two
//! SYNs is no longer on the screen than five milliseconds on a wire, and the clock beside it tells the truth.

use crate::time::Duration as SimulatedDuration;
use std::time::{Duration, Instant};

/// How long a step takes at normal speed: where simulated time passes, where it does not, and where there is something
/// to read.
const PASSING: Duration = Duration::from_millis(420);
const INSTANT: Duration = Duration::from_millis(40);
const MILESTONE: Duration = Duration::from_millis(900);

/// Speeds, in eighths of the normal one.
const SPEEDS: [u32; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
const NORMAL: usize = 3;

/// Whether and how fast the story plays, and how far it is between two frames.
#[derive(Clone, Debug)]
pub(super) struct Playback {
    playing: bool,
    speed: usize,
    elapsed: Duration,
}

impl Playback {
    pub(super) const fn paused() -> Self {
        Self { playing: false, speed: NORMAL, elapsed: Duration::ZERO }
    }

    pub(super) const fn is_playing(&self) -> bool {
        self.playing
    }

    pub(super) const fn toggle(&mut self) {
        self.playing = !self.playing;
    }

    pub(super) const fn pause(&mut self) {
        self.playing = false;
        self.elapsed = Duration::ZERO;
    }

    pub(super) const fn faster(&mut self) {
        if self.speed + 1 < SPEEDS.len() {
            self.speed += 1;
        }
    }

    pub(super) const fn slower(&mut self) {
        self.speed = self.speed.saturating_sub(1);
    }

    /// `1x`, `1/4x`, `8x`.
    pub(super) fn speed_label(&self) -> String {
        let eighths = SPEEDS[self.speed];
        if eighths >= 8 { format!("{}x", eighths / 8) } else { format!("1/{}x", 8 / eighths) }
    }

    fn step_length(&self, gap: SimulatedDuration, milestone: bool) -> Duration {
        let normal = if milestone {
            MILESTONE
        } else if gap == SimulatedDuration::ZERO {
            INSTANT
        } else {
            PASSING
        };
        normal * 8 / SPEEDS[self.speed]
    }

    /// Time passes; `true` when it is time for the next frame, `gap` of simulated time away.
    pub(super) fn pass(&mut self, time: &mut Duration, gap: SimulatedDuration, milestone: bool) -> bool {
        let length = self.step_length(gap, milestone);
        let left = length.saturating_sub(self.elapsed);
        if *time < left {
            self.elapsed += std::mem::take(time);
            return false;
        }
        *time -= left;
        self.elapsed = Duration::ZERO;
        true
    }

    /// How far it is from this frame to the next, 0 to 1.
    pub(super) fn share(&self, gap: SimulatedDuration, milestone: bool) -> f64 {
        let length = self.step_length(gap, milestone);
        (self.elapsed.as_secs_f64() / length.as_secs_f64()).clamp(0.0, 1.0)
    }
}

/// Measures real time between two pictures. The only clock of the program; the simulation has none.
pub(super) struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "animation is paced by real time; the simulation is not touched")]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the last call; bounded, so that a suspended program does not jump ahead.
    #[expect(clippy::disallowed_methods, reason = "animation is paced by real time; the simulation is not touched")]
    pub(super) fn lap(&mut self) -> Duration {
        let now = Instant::now();
        let passed = now.duration_since(self.0);
        self.0 = now;
        passed.min(Duration::from_millis(250))
    }
}
