//! The FTP helper (`nf_conntrack_ftp`, `nf_nat_ftp`): reads PORT, EPRT, 227 and 229 on a control connection and expects
//! the data connection that they announce.
//!
//! It reads segments, not a stream, as the kernel's does: only a segment that begins where a line begins; a command
//! that is cut off at the segment's end makes it drop the segment. It is blind to everything else: text it cannot read,
//! connections that no rule attached it to. Measured behaviour: `../shared/truth/kernel_facts.md`.

use super::conntrack::Direction;
use crate::ftp::address::{format_host_port, parse_host_port};
use crate::packet::{Endpoint, Segment, SeqNr};
use bytes::{Bytes, BytesMut};
use std::net::{IpAddr, SocketAddr, SocketAddrV4};

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
    /// It begins like an announcement and is cut off.
    Cut,
    /// A data connection is announced.
    Announced {
        /// Where it will be listened; `ip` is `None` where only the port is named.
        ip: Option<IpAddr>,
        port: u16,
        /// Where the address stands in the payload.
        span: (usize, usize),
        form: Form,
    },
}

impl FtpHelper {
    /// Reads a segment of an established control connection.
    pub(super) fn hear(&mut self, direction: Direction, segment: &Segment) -> Heard {
        let payload = &segment.payload[..];
        let starts = &mut self.line_starts[direction as usize];
        let begins_a_line = starts.contains(&Some(segment.seq));
        let heard = if begins_a_line { read(direction, payload) } else { Heard::Nothing };
        if heard != Heard::Cut && payload.ends_with(b"\n") {
            // Two ends are remembered, the older one gives way (update_nl_seq).
            let end = segment.seq + payload.len() as u32;
            if !starts.contains(&Some(end)) {
                starts[0] = starts[1];
                starts[1] = Some(end);
            }
        }
        heard
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
        (_, IpAddr::V6(ip)) => format!("|2|{ip}|{}|", to.port),
    };
    let mut written = BytesMut::with_capacity(payload.len() + 16);
    written.extend_from_slice(&payload[..begin]);
    written.extend_from_slice(text.as_bytes());
    written.extend_from_slice(&payload[end..]);
    written.freeze()
}

/// What the patterns of a direction find at the beginning of a payload: commands one way, replies the other.
fn read(direction: Direction, payload: &[u8]) -> Heard {
    let patterns: &[(&[u8], Form)] = match direction {
        Direction::Original => &[(b"PORT", Form::HostPort), (b"EPRT", Form::Extended)],
        Direction::Reply => &[(b"227 ", Form::HostPort), (b"229 ", Form::PortOnly)],
    };
    for (word, form) in patterns {
        let shared = payload.len().min(word.len());
        if !payload[..shared].eq_ignore_ascii_case(&word[..shared]) {
            continue;
        }
        // "PO" at the end of a segment: more is to come.
        if shared < word.len() {
            return if payload.is_empty() { Heard::Nothing } else { Heard::Cut };
        }
        return announced(&payload[word.len()..], word.len(), *form);
    }
    Heard::Nothing
}

fn announced(rest: &[u8], offset: usize, form: Form) -> Heard {
    // PORT and EPRT take what follows the blank, up to the line's end; 227 and 229 what stands in parentheses.
    let is_reply = offset == 4 && matches!(form, Form::PortOnly) || rest.contains(&b'(');
    let opening = if is_reply { b'(' } else { b' ' };
    let Some(begin) = rest.iter().position(|byte| *byte == opening).map(|at| at + 1) else {
        return if rest.contains(&b'\n') { Heard::Nothing } else { Heard::Cut };
    };
    let closing: &[u8] = if is_reply { b")" } else { b"\r\n" };
    let Some(length) = rest[begin..].iter().position(|byte| closing.contains(byte)) else { return Heard::Cut };
    let text = &rest[begin..begin + length];
    let span = (offset + begin, offset + begin + length);
    let Ok(text) = std::str::from_utf8(text) else { return Heard::Nothing };
    match form {
        Form::HostPort => match parse_host_port(text) {
            Some(address) => Heard::Announced { ip: Some((*address.ip()).into()), port: address.port(), span, form },
            None => Heard::Nothing,
        },
        Form::Extended => match extended(text) {
            Some(address) => Heard::Announced { ip: Some(address.ip()), port: address.port(), span, form },
            None => Heard::Nothing,
        },
        Form::PortOnly => {
            let port = text.split(text.chars().next().unwrap_or('|')).nth(3).and_then(|port| port.parse().ok());
            port.map_or(Heard::Nothing, |port| Heard::Announced { ip: None, port, span, form })
        }
    }
}

/// `|1|192.0.2.1|50121|`
fn extended(text: &str) -> Option<SocketAddr> {
    let delimiter = text.chars().next()?;
    let mut parts = text.split(delimiter).skip(1);
    let family = parts.next()?;
    let ip: IpAddr = parts.next()?.parse().ok()?;
    let port = parts.next()?.parse().ok()?;
    let fits = matches!((family, ip), ("1", IpAddr::V4(_)) | ("2", IpAddr::V6(_)));
    fits.then(|| SocketAddr::new(ip, port))
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
