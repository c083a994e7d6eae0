//! The scene at any frame at once, forwards or backwards: keyframes plus a short replay.

use super::{Scene, Trace};

/// A keyframe every so many frames at least; more for long traces, so that their number stays bounded, and more where
/// much is going on, so that all keyframes together are no larger than the trace.
const SPACING: usize = 64;
/// At most this many keyframes.
const MOST: usize = 512;

/// Keyframes of a trace.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// In order; the first is the empty scene.
    keyframes: Vec<Scene>,
}

impl Timeline {
    /// Folds the trace once and keeps a scene now and then.
    pub fn new(trace: &Trace) -> Self {
        let spacing = SPACING.max(trace.frames.len().div_ceil(MOST));
        let mut scene = Scene::empty(trace);
        let mut keyframes = vec![scene.clone()];
        let mut since = 0;
        for frame in &trace.frames {
            scene.apply(trace, frame);
            since += 1;
            if since >= spacing.max(scene.size()) {
                keyframes.push(scene.clone());
                since = 0;
            }
        }
        Self { keyframes }
    }

    /// The scene after the first `count` frames of the same trace.
    pub fn scene(&self, trace: &Trace, count: usize) -> Scene {
        let count = count.min(trace.frames.len());
        // The first one has no frames, so there is one.
        let before = self.keyframes.partition_point(|keyframe| keyframe.frames <= count);
        let mut scene = self.keyframes[before - 1].clone();
        for frame in &trace.frames[scene.frames..count] {
            scene.apply(trace, frame);
        }
        scene
    }
}
