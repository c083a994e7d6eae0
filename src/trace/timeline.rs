//! The scene at any frame at once, forwards or backwards: keyframes plus a short replay.

use super::{Scene, Trace};

/// A keyframe every so many frames at least; more for long traces, so that their number stays bounded.
const SPACING: usize = 64;
/// At most this many keyframes.
const MOST: usize = 512;

/// Keyframes of a trace.
#[derive(Clone, Debug)]
pub struct Timeline {
    spacing: usize,
    keyframes: Vec<Scene>,
}

impl Timeline {
    /// Folds the trace once and keeps a scene now and then.
    pub fn new(trace: &Trace) -> Self {
        let spacing = SPACING.max(trace.frames.len().div_ceil(MOST));
        let mut scene = Scene::empty(trace);
        let mut keyframes = vec![scene.clone()];
        for (index, frame) in trace.frames.iter().enumerate() {
            scene.apply(trace, frame);
            if (index + 1) % spacing == 0 {
                keyframes.push(scene.clone());
            }
        }
        Self { spacing, keyframes }
    }

    /// The scene after the first `count` frames of the same trace.
    pub fn scene(&self, trace: &Trace, count: usize) -> Scene {
        let count = count.min(trace.frames.len());
        let mut scene = self.keyframes[count / self.spacing].clone();
        for frame in &trace.frames[scene.frames..count] {
            scene.apply(trace, frame);
        }
        scene
    }
}
