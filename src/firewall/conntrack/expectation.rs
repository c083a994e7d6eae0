//! Connections that another one has announced (`nf_conntrack_expect`), and the helper that hears the announcements.

use super::tuple::{Direction, Tuple};
use super::{Conntrack, Told, Tracked};
use crate::firewall::helper::{Heard, rewrite};
use crate::firewall::rule::CtState;
use crate::ids::{EntryId, FrameId};
use crate::packet::{Body, Endpoint, Packet, Tag};
use crate::time::{Duration, Instant};
use std::net::IpAddr;

/// How long an expectation waits (`ftp_exp_policy`).
const PATIENCE: Duration = Duration::from_secs(300);
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

/// Why an expectation is told of.
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

/// What the helper did with a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Helped {
    /// It must not pass: a command is cut off at the segment's end, or what it announces cannot be expected.
    pub dropped: bool,
    /// Its text was changed.
    pub rewritten: bool,
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
        self.told.push(Told::Expectation(Fate::Used, used));
        Some(used)
    }

    /// Forgets expectations whose time is over, or whose master's is. What is told of them has been told by
    /// [`Self::expire`], where anybody listens.
    fn drop_late(&mut self, now: Instant) {
        let entries = &self.entries;
        self.waiting.retain(|waiting| {
            let master = &entries[waiting.expectation.master.index()];
            waiting.expectation.expires >= now && master.alive && master.expires >= now
        });
    }

    /// Shows a packet on its way out to the helper of its connection, and carries changes of length into its numbers.
    /// `random` gives numbers below a bound.
    pub fn help(
        &mut self,
        now: Instant,
        tracked: &Tracked,
        packet: &mut Packet,
        random: impl FnMut(u32) -> u32,
    ) -> Helped {
        let mut helped = Helped::default();
        let (last_frame, tag) = (packet.last_frame, packet.tag);
        let (Some(id), Body::Tcp(segment)) = (tracked.entry, &mut packet.body) else { return helped };
        let entry = &mut self.entries[id.index()];
        let (original, reply) = (entry.original, entry.reply);
        let direction = tracked.direction;
        let Some(reader) = entry.helper.as_deref_mut() else { return helped };
        if tracked.state == CtState::Established && !segment.payload.is_empty() {
            match reader.hear(direction, segment, original.from.ip.is_ipv4()) {
                Heard::Nothing => {}
                Heard::Cut => helped.dropped = true,
                Heard::Announced { ip, port, span, form } => {
                    let (own, other) = match direction {
                        Direction::Original => (original, reply),
                        Direction::Reply => (reply, original),
                    };
                    let named = ip.unwrap_or(own.from.ip);
                    if named == own.from.ip || self.loose_helper {
                        let translated = original != reply.reversed();
                        // The peer knocks at the address that it knows the speaker by.
                        let known_as = if named == own.from.ip { other.to.ip } else { named };
                        let wanted = Endpoint::new(known_as, port);
                        let door = if translated { Endpoint::new(own.from.ip, port) } else { wanted };
                        let expectation = Expectation {
                            from: other.from.ip,
                            to: wanted,
                            door,
                            shown_as: own.to.ip,
                            follows: translated,
                            master: id,
                            expires: now + PATIENCE,
                        };
                        match self.expect(now, expectation, translated, (last_frame, tag), random) {
                            None => helped.dropped = true,
                            Some(port) if translated => {
                                let known = Endpoint::new(other.to.ip, port);
                                let written = rewrite(&segment.payload, span, form, known);
                                let growth = written.len().cast_signed() - segment.payload.len().cast_signed();
                                helped.rewritten = written != segment.payload;
                                segment.payload = written;
                                if let Some(reader) = self.entries[id.index()].helper.as_deref_mut() {
                                    reader.grew(direction, segment.seq, growth as i32);
                                }
                            }
                            Some(_) => {}
                        }
                    }
                }
            }
        }
        if let Some(reader) = self.entries[id.index()].helper.as_deref() {
            reader.adjust(direction, segment);
        }
        helped
    }

    /// Registers an expectation: at its own port, or at another one if that is expected already and `movable`. Gives
    /// the port; `None`: it cannot be expected.
    fn expect(
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
        let told = &mut self.told;
        self.waiting.retain(|known| {
            let stays = known.expectation.master != expectation.master;
            if !stays {
                told.push(Told::Expectation(Fate::Replaced, known.expectation));
            }
            stays
        });
        self.told.push(Told::Expectation(Fate::Made, expectation));
        self.waiting.push(Waiting { expectation, last_frame, tag });
        Some(to.port)
    }
}
