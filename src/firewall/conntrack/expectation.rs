//! Connections that another one has announced (`nf_conntrack_expect`).

use super::tuple::Tuple;
use super::{Conntrack, TableEvent};
use crate::ids::{EntryId, FrameId};
use crate::packet::{Endpoint, Tag};
use crate::time::{Duration, Instant};
use std::net::IpAddr;

/// How long an expectation waits (`ftp_exp_policy`).
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
/// How often another port is tried if the announced one is expected already (`nf_nat_exp_find_port`).
const MOST_ATTEMPTS: u32 = 128;

/// A connection that another one announced. The first packet that matches uses it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Who will knock; from any port.
    pub from: IpAddr,
    /// At which door, as the knocker sees it.
    pub to: Endpoint,
    /// Where the door really is: with NAT another place than `to`.
    pub door: Endpoint,
    /// As whom the knocker is shown to the door.
    pub shown_as: IpAddr,
    /// Whether it is translated as its master is (`nf_nat_follow_master`). If its master is not translated, the NAT
    /// rules decide as about any other connection.
    pub follows: bool,
    /// The control connection that announced it.
    pub master: EntryId,
    /// Until when it waits.
    pub expires: Instant,
}

/// Why an expectation is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was made.
    Made,
    /// The connection has come.
    Used,
    /// A later announcement of the same control connection has taken its place.
    Replaced,
    /// Nobody came in time, or the control connection is forgotten.
    Expired,
}

/// An expectation and the frame that made it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) expectation: Expectation,
    pub(super) last_frame: Option<FrameId>,
    pub(super) tag: Option<Tag>,
}

impl Conntrack {
    /// Finds the expectation that a first packet fulfils and uses it up, whatever becomes of the packet.
    pub(super) fn use_up(&mut self, now: Instant, tuple: Tuple) -> Option<Expectation> {
        if self.waiting.is_empty() {
            return None;
        }
        self.drop_late(now);
        let matches = |e: &Expectation| e.from == tuple.from.ip && e.to == tuple.to;
        let place = self.waiting.iter().position(|waiting| matches(&waiting.expectation))?;
        let used = self.waiting.remove(place).expectation;
        self.events.push(TableEvent::Expectation(Fate::Used, used));
        Some(used)
    }

    /// Forgets expectations whose time is over, or whose master's is. [`Self::expire`] has reported
    /// them, where anybody records.
    fn drop_late(&mut self, now: Instant) {
        let entries = &self.entries;
        self.waiting.retain(|waiting| {
            let master = &entries[waiting.expectation.master.index()];
            waiting.expectation.expires >= now && master.alive && master.expires >= now
        });
    }

    /// Registers an expectation: at its own port, or at another one if that is expected already and `movable`. Gives
    /// the port; `None`: it cannot be expected.
    pub(super) fn expect(
        &mut self,
        now: Instant,
        mut expectation: Expectation,
        movable: bool,
        (last_frame, tag): (Option<FrameId>, Option<Tag>),
        mut random: impl FnMut(u32) -> u32,
    ) -> Option<u16> {
        self.drop_late(now);
        let clashes = |to: Endpoint| {
            let other = |e: &Expectation| e.master != expectation.master && e.from == expectation.from && e.to == to;
            self.waiting.iter().any(|waiting| other(&waiting.expectation))
        };
        let lowest = expectation.to.port;
        let span = u32::from(u16::MAX - lowest);
        let mut to = expectation.to;
        let mut attempts = span.min(MOST_ATTEMPTS);
        while clashes(to) {
            if !movable || attempts == 0 {
                return None;
            }
            attempts -= 1;
            to.port = lowest + random(span) as u16;
        }
        expectation.to = to;
        // One at a time for each control connection (max_expected = 1): the older gives way.
        let events = &mut self.events;
        self.waiting.retain(|known| {
            let stays = known.expectation.master != expectation.master;
            if !stays {
                events.push(TableEvent::Expectation(Fate::Replaced, known.expectation));
            }
            stays
        });
        self.events.push(TableEvent::Expectation(Fate::Made, expectation));
        self.waiting.push(Waiting { expectation, last_frame, tag });
        Some(to.port)
    }
}
