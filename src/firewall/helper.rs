//! The FTP helper (`nf_conntrack_ftp`, `nf_nat_ftp`): reads PORT, EPRT, 227 and 229 on a control connection and expects
//! the data connection that they announce.
//!
//! It reads segments, not a stream, as the kernel's does: only a segment that begins where a line begins; a command
//! that is cut off at the segment's end makes it drop the segment. It is blind to everything else: text it cannot read,
//! connections that no rule attached it to. Measured on Linux 6.18.

mod grammar;

use super::ct::Direction;
use crate::endpoint_text::format_host_port;
use crate::packet::{Endpoint, Segment, SeqNr};
use bytes::{Bytes, BytesMut};
use std::net::{IpAddr, SocketAddrV4};

/// What the helper remembers of a control connection.
#[derive(Clone, Debug, Default)]
pub(super) struct FtpHelper {
    /// Where the next lines begin, in each direction: the ends of the last lines seen (`seq_aft_nl`).
    line_starts: [[Option<SeqNr>; 2]; 2],
    /// How far the text was shifted, in each direction.
    pub(super) shift: [Shift; 2],
}

/// Changes of length that rewriting has brought (`nf_ct_seqadj`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shift {
    position: Option<SeqNr>,
    before: i32,
    after: i32,
}

/// How an address was announced, so that it can be written again in the same form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `h1,h2,h3,h4,p1,p2`: PORT and 227.
    HostPort,
    /// `|1|192.0.2.1|50121|`: EPRT.
    Extended,
    /// `|||50121|`: 229.
    PortOnly,
}

/// What a segment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing of interest.
    Nothing,
    /// It begins like an announcement and goes on otherwise, or is cut off: the helper does not let it pass.
    Cut,
    /// A data connection is announced.
    Announced {
        /// Where it will be listened; `ip` is `None` where only the port is named.
        ip: Option<IpAddr>,
        port: u16,
        /// What is written anew if the address changes, in bytes of the payload.
        span: (usize, usize),
        form: Form,
    },
}

/// A data connection that the helper hears of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Where it will be listened; `None` where only the port is named (229).
    pub ip: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// The bytes of the text that say so: what NAT writes anew.
    pub span: std::ops::Range<usize>,
}

/// What the helper hears in a payload that begins where a line begins: PORT and EPRT in the original direction, 227 and
/// 229 in the other, on a connection over IPv4 (`v4`) or IPv6. `None`: nothing, or something that it cannot read.
pub fn announcement(direction: Direction, payload: &[u8], v4: bool) -> Option<Announcement> {
    match grammar::read(direction, payload, v4) {
        Heard::Announced { ip, port, span: (begin, end), .. } => Some(Announcement { ip, port, span: begin..end }),
        Heard::Nothing | Heard::Cut => None,
    }
}

impl FtpHelper {
    /// Reads a segment of an established control connection over IPv4 (`v4`) or IPv6.
    pub(super) fn hear(&mut self, direction: Direction, segment: &Segment, v4: bool) -> Heard {
        let payload = &segment.payload[..];
        let starts = &mut self.line_starts[direction as usize];
        let begins_a_line = starts.contains(&Some(segment.seq));
        let heard = if begins_a_line { grammar::read(direction, payload, v4) } else { Heard::Nothing };
        if heard != Heard::Cut && payload.ends_with(b"\n") {
            let end = segment.seq + payload.len() as u32;
            if !starts.contains(&Some(end)) {
                // Two ends are remembered, the older one gives way (update_nl_seq).
                let place = match *starts {
                    [None, _] => 0,
                    [_, None] => 1,
                    [Some(first), Some(second)] => usize::from(first >= second),
                };
                starts[place] = Some(end);
            }
        }
        heard
    }

    /// How far what is acknowledged with `ack` was shifted (`nf_ct_seq_offset`).
    pub(super) fn shift_at(&self, direction: Direction, ack: SeqNr) -> i32 {
        let shift = self.shift[direction as usize];
        let known = SeqNr(ack.0.wrapping_sub(1));
        if shift.position.is_some_and(|position| known > position) { shift.after } else { shift.before }
    }

    /// Carries the changes of length into a segment's numbers (`nf_ct_seq_adjust`).
    pub(super) fn adjust(&self, direction: Direction, segment: &mut Segment) {
        let (own, other) = (self.shift[direction as usize], self.shift[1 - direction as usize]);
        let seq_shift =
            if own.position.is_some_and(|position| segment.seq > position) { own.after } else { own.before };
        segment.seq = shifted(segment.seq, seq_shift);
        let answered = |number: SeqNr| {
            let known = shifted(number, -other.before);
            let later = other.position.is_some_and(|position| known > position);
            shifted(number, -if later { other.after } else { other.before })
        };
        if segment.flags.contains(crate::packet::Flags::ACK) {
            segment.ack = answered(segment.ack);
        }
        // `nf_ct_sack_adjust`: the blocks are numbers of the other direction too.
        for (from, to) in &mut segment.sack {
            (*from, *to) = (answered(*from), answered(*to));
        }
    }

    /// The text of the segment at `seq` has grown by `growth` (`nf_ct_seqadj_set`).
    pub(super) fn grew(&mut self, direction: Direction, seq: SeqNr, growth: i32) {
        let shift = &mut self.shift[direction as usize];
        if growth != 0 && (shift.before == shift.after || shift.position.is_some_and(|position| position < seq)) {
            shift.position = Some(seq);
            shift.before = shift.after;
            shift.after += growth;
        }
    }
}

fn shifted(number: SeqNr, by: i32) -> SeqNr {
    SeqNr(number.0.wrapping_add_signed(by))
}

/// The payload with another address in place of the announced one.
pub(super) fn rewrite(payload: &Bytes, (begin, end): (usize, usize), form: Form, to: Endpoint) -> Bytes {
    let text = match (form, to.ip) {
        (Form::PortOnly, _) => format!("|||{}|", to.port),
        (Form::HostPort, IpAddr::V4(ip)) => format_host_port(SocketAddrV4::new(ip, to.port)),
        (_, IpAddr::V4(ip)) => format!("|1|{ip}|{}|", to.port),
        // The kernel writes IPv6 addresses in full (`%pI6`).
        (_, IpAddr::V6(ip)) => {
            let groups = ip.segments().map(|group| format!("{group:04x}")).join(":");
            format!("|2|{groups}|{}|", to.port)
        }
    };
    let mut written = BytesMut::with_capacity(payload.len() + 16);
    written.extend_from_slice(&payload[..begin]);
    written.extend_from_slice(text.as_bytes());
    written.extend_from_slice(&payload[end..]);
    written.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Flags;

    #[test]
    fn answers_to_shifted_text_are_shifted_back_block_by_block() {
        let mut helper = FtpHelper::default();
        helper.grew(Direction::Original, SeqNr(100), 4);
        let mut later = Segment { seq: SeqNr(125), ..Segment::default() };
        helper.adjust(Direction::Original, &mut later);
        assert_eq!(later.seq, SeqNr(129), "what follows the longer text");
        let mut answer = Segment {
            ack: SeqNr(100),
            flags: Flags::ACK,
            sack: vec![(SeqNr(129), SeqNr(149))].into(),
            ..Segment::default()
        };
        helper.adjust(Direction::Reply, &mut answer);
        assert_eq!(answer.ack, SeqNr(100), "what precedes it stays");
        assert_eq!(*answer.sack, [(SeqNr(125), SeqNr(145))]);
    }
}
