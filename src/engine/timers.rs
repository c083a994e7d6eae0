//! The timers of the FTP programs.

use super::programs::Call;
use super::queue::What;
use super::simulation::Simulation;
use super::stack::Owner;
use crate::ftp::FtpTimer;
use crate::ids::{FrameId, NodeId};
use crate::packet::{Channel, Tag};
use crate::time::{Duration, Instant};
use crate::trace::{Event, Observer, Timer};
use std::ops::{Index, IndexMut};

/// A timer that is set anew far more often than it runs out: as with TCP's, an event that comes too early is set again,
/// so that there is seldom more than one in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionTimer {
    /// When it runs out; `NEVER` if it is stopped.
    pub(super) deadline: Instant,
    /// How long it was set for.
    pub(super) length: Duration,
    /// When the engine will look at it; `NEVER` if it will not.
    pub(super) wakes: Instant,
    /// What it was set for.
    pub(super) cause: Option<FrameId>,
}

impl SessionTimer {
    const STOPPED: Self = Self { deadline: Instant::NEVER, length: Duration::ZERO, wakes: Instant::NEVER, cause: None };
}

/// The timers of a session, by [`FtpTimer`].
#[derive(Debug)]
pub(super) struct SessionTimers([SessionTimer; FtpTimer::COUNT]);

impl Default for SessionTimers {
    fn default() -> Self {
        Self([SessionTimer::STOPPED; FtpTimer::COUNT])
    }
}

impl Index<FtpTimer> for SessionTimers {
    type Output = SessionTimer;

    fn index(&self, timer: FtpTimer) -> &SessionTimer {
        &self.0[timer as usize]
    }
}

impl IndexMut<FtpTimer> for SessionTimers {
    fn index_mut(&mut self, timer: FtpTimer) -> &mut SessionTimer {
        &mut self.0[timer as usize]
    }
}

impl<O: Observer> Simulation<O> {
    pub(super) fn ftp_timer(&mut self, node: NodeId, program: u16, slot: u32, timer: FtpTimer) {
        let now = self.now;
        let Some(state) = self.session_mut(node, program, slot) else { return };
        let running = &mut state.timers[timer];
        // An event that is not waited for belongs to an earlier session in this slot.
        if running.wakes != now {
            return;
        }
        running.wakes = Instant::NEVER;
        if running.deadline > now {
            let at = running.deadline;
            return self.wake_at(node, program, slot, timer, at);
        }
        running.deadline = Instant::NEVER;
        let after = running.length;
        let tag = self.session_tag(node, program, slot).map(|tag| match timer {
            FtpTimer::DataConnect | FtpTimer::DataProgress => {
                self.data_tag(node, program, slot).unwrap_or(Tag { connection: None, channel: Channel::Data, ..tag })
            }
            _ => tag,
        });
        let cause = self.timer_cause(node, program, slot, timer);
        let cause = self.record(node, cause, tag, |_| Event::Timer {
            timer: Timer::Ftp(timer),
            socket: None,
            attempt: 1,
            after,
        });
        let owner = Owner { program, slot, channel: Channel::Control };
        self.notify_session(node, owner, None, Call::Timer(timer), cause);
    }

    /// Sees to it that the engine looks at a timer at `at` or earlier.
    pub(super) fn wake_at(&mut self, node: NodeId, program: u16, slot: u32, timer: FtpTimer, at: Instant) {
        let Some(state) = self.session_mut(node, program, slot) else { return };
        let running = &mut state.timers[timer];
        if at < running.wakes {
            running.wakes = at;
            self.queue.push(at, What::Ftp { node, program, slot, timer });
        }
    }

    /// Why a timer could run out: the last unanswered packet. For a data connection that is its SYN, so that
    /// the reply 425 leads back to the packet that somebody dropped. When the socket is gone, it is what the timer was
    /// set for.
    fn timer_cause(&mut self, node: NodeId, program: u16, slot: u32, timer: FtpTimer) -> Option<FrameId> {
        let state = self.session_mut(node, program, slot)?;
        let set_for = state.timers[timer].cause;
        let handle = match timer {
            FtpTimer::DataConnect | FtpTimer::DataProgress => state.data.or(state.control),
            _ => state.control,
        };
        let socket = handle.and_then(|handle| self.nodes[node.index()].stack.socket(handle));
        socket.and_then(|socket| socket.last_sent).or(set_for)
    }
}
