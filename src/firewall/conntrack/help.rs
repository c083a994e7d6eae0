//! What the FTP helper makes of a packet: it reads what passes, announces what it hears of to the table, and writes
//! translated addresses into the text (`nf_conntrack_ftp`'s `help`, `nf_nat_ftp`).

use super::expectation::{Expectation, PATIENCE};
use super::{Conntrack, Tracked};
use crate::firewall::ct::{CtState, Direction};
use crate::firewall::helper::{Heard, rewrite};
use crate::packet::{Body, Endpoint, Packet};
use crate::time::Instant;

/// What the helper did with a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Helped {
    /// It must not pass: a command is cut off at the segment's end, or what it announces cannot be expected.
    pub dropped: bool,
    /// Its text was changed.
    pub rewritten: bool,
}

impl Conntrack {
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
}
