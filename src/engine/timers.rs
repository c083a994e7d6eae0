//! The timers of the FTP programs.

use super::apps::Call;
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
pub(super) struct SeatTimer {
    /// When it runs out; `NEVER` if it is stopped.
    pub(super) deadline: Instant,
    /// How long it was set for.
    pub(super) length: Duration,
    /// When the engine will look at it; `NEVER` if it will not.
    pub(super) wakes: Instant,
    /// What it was set for.
    pub(super) cause: Option<FrameId>,
}

impl SeatTimer {
    const STOPPED: Self = Self { deadline: Instant::NEVER, length: Duration::ZERO, wakes: Instant::NEVER, cause: None };
}

/// The timers of a seat, by [`FtpTimer`].
#[derive(Debug)]
pub(super) struct SeatTimers([SeatTimer; FtpTimer::COUNT]);

impl Default for SeatTimers {
    fn default() -> Self {
        Self([SeatTimer::STOPPED; FtpTimer::COUNT])
    }
}

impl Index<FtpTimer> for SeatTimers {
    type Output = SeatTimer;

    fn index(&self, timer: FtpTimer) -> &SeatTimer {
        &self.0[timer as usize]
    }
}

impl IndexMut<FtpTimer> for SeatTimers {
    fn index_mut(&mut self, timer: FtpTimer) -> &mut SeatTimer {
        &mut self.0[timer as usize]
    }
}

impl<O: Observer> Simulation<O> {
    pub(super) fn ftp_timer(&mut self, node: NodeId, app: u16, seat: u32, timer: FtpTimer) {
        let now = self.now;
        let Some(state) = self.seat_mut(node, app, seat) else { return };
        let slot = &mut state.timers[timer];
        // An event that is not waited for is one of a session that sat here before.
        if slot.wakes != now {
            return;
        }
        slot.wakes = Instant::NEVER;
        if slot.deadline > now {
            let at = slot.deadline;
            return self.wake_at(node, app, seat, timer, at);
        }
        slot.deadline = Instant::NEVER;
        let after = slot.length;
        let tag = self.session_tag(node, app, seat).map(|tag| match timer {
            FtpTimer::DataConnect => {
                self.data_tag(node, app, seat).unwrap_or(Tag { connection: None, channel: Channel::Data, ..tag })
            }
            _ => tag,
        });
        let cause = self.timer_cause(node, app, seat, timer);
        let cause =
            self.tell(node, cause, tag, |_| Event::Timer { timer: Timer::Ftp(timer), socket: None, attempt: 1, after });
        let owner = Owner { app, seat, channel: Channel::Control };
        self.tell_session(node, owner, None, Call::Timer(timer), cause);
    }

    /// Sees to it that the engine looks at a timer at `at` or earlier.
    pub(super) fn wake_at(&mut self, node: NodeId, app: u16, seat: u32, timer: FtpTimer, at: Instant) {
        let Some(state) = self.seat_mut(node, app, seat) else { return };
        let slot = &mut state.timers[timer];
        if at < slot.wakes {
            slot.wakes = at;
            self.queue.push(at, What::Ftp { node, app, seat, timer });
        }
    }

    /// Why a timer could run out: the last thing that was sent in vain. For a data connection that is its SYN, so that
    /// the reply 425 leads back to the packet that somebody dropped. When the socket is gone, it is what the timer was
    /// set for.
    fn timer_cause(&mut self, node: NodeId, app: u16, seat: u32, timer: FtpTimer) -> Option<FrameId> {
        let state = self.seat_mut(node, app, seat)?;
        let set_for = state.timers[timer].cause;
        let handle = match timer {
            FtpTimer::DataConnect => state.data.or(state.control),
            _ => state.control,
        };
        let socket = handle.and_then(|handle| self.nodes[node.index()].stack.socket(handle));
        socket.and_then(|socket| socket.last_sent).or(set_for)
    }
}
