//! What the helper understands: the patterns of `nf_conntrack_ftp`, with their quirks. What begins like an
//! announcement and is none counts as cut off.

use super::{Form, Heard};
use crate::firewall::ct::Direction;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address that was read: who, which port, and how many bytes of the text were needed.
type Read = (Option<IpAddr>, u16, usize);

/// What the patterns of a direction find at the beginning of a payload: commands one way, replies the other.
pub(super) fn read(direction: Direction, payload: &[u8], v4: bool) -> Heard {
    let patterns: &[(&[u8], Form)] = match direction {
        Direction::Original => &[(b"PORT", Form::HostPort), (b"EPRT", Form::Extended)],
        Direction::Reply => &[(b"227 ", Form::HostPort), (b"229 ", Form::PortOnly)],
    };
    for (word, form) in patterns {
        let shared = payload.len().min(word.len());
        if !payload[..shared].eq_ignore_ascii_case(&word[..shared]) {
            continue;
        }
        // The word and nothing behind it: more is to come.
        if payload.len() <= word.len() {
            return Heard::Cut;
        }
        return announced(direction, payload, word.len(), *form, v4).unwrap_or(Heard::Cut);
    }
    Heard::Nothing
}

fn announced(direction: Direction, payload: &[u8], word: usize, form: Form, v4: bool) -> Option<Heard> {
    let rest = &payload[word..];
    // Commands have a blank before the address, 229 a parenthesis; 227 is searched for its first digit (RFC 1123,
    // section 4.1.2.6).
    let begin = match (direction, form) {
        (Direction::Reply, Form::HostPort) => rest.iter().position(u8::is_ascii_digit)?,
        (Direction::Reply, _) => rest.iter().position(|byte| *byte == b'(')? + 1,
        (Direction::Original, _) => rest.iter().position(|byte| *byte == b' ')? + 1,
    };
    let text = &rest[begin..];
    let (ip, port, length) = match form {
        Form::HostPort => host_port(text, (direction == Direction::Original).then_some(b'\r'))?,
        Form::Extended => extended(text, v4)?,
        Form::PortOnly => port_only(text)?,
    };
    let span = (word + begin, word + begin + length);
    Some(Heard::Announced { ip, port, span, form })
}

/// `COUNT` numbers with `separator` between them, up to `end` (or to anything that is neither); the length without it.
fn numbers<const COUNT: usize>(text: &[u8], separator: u8, end: Option<u8>) -> Option<([u32; COUNT], usize)> {
    let mut found = [0_u32; COUNT];
    let mut at = 0;
    for (length, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => found[at] = found[at].wrapping_mul(10).wrapping_add(u32::from(byte - b'0')),
            _ if *byte == separator => {
                at += 1;
                if at == COUNT {
                    return None;
                }
            }
            _ => return (at == COUNT - 1 && end.is_none_or(|end| *byte == end)).then_some((found, length)),
        }
    }
    None
}

/// `192,168,1,10,195,80`; numbers above 255 are not noticed.
fn host_port(text: &[u8], end: Option<u8>) -> Option<Read> {
    let ([a, b, c, d, high, low], length) = numbers::<6>(text, b',', end)?;
    let ip = a << 24 | b << 16 | c << 8 | d;
    Some((Some(Ipv4Addr::from(ip).into()), (high << 8 | low) as u16, length))
}

/// What may part the fields of EPRT and 229 (RFC 2428, section 2).
const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 33..=126) && !byte.is_ascii_digit()
}

/// `|1|192.0.2.1|50121|`, of the connection's own family.
fn extended(text: &[u8], v4: bool) -> Option<Read> {
    let [delimiter, family, second, ..] = *text else { return None };
    let own = if v4 { b'1' } else { b'2' };
    if text.len() <= 3 || !is_delimiter(delimiter) || second != delimiter || family != own {
        return None;
    }
    let (ip, length): (IpAddr, _) = if v4 {
        let ([a, b, c, d], length) = numbers::<4>(&text[3..], b'.', Some(delimiter))?;
        (Ipv4Addr::from(a << 24 | b << 16 | c << 8 | d).into(), length)
    } else {
        let length = text[3..].iter().position(|byte| *byte == delimiter)?;
        let ip: Ipv6Addr = std::str::from_utf8(&text[3..3 + length]).ok()?.parse().ok()?;
        (ip.into(), length)
    };
    let (port, end) = port(text, 3 + length + 1, delimiter)?;
    Some((Some(ip), port, end))
}

/// `|||50121|`
fn port_only(text: &[u8]) -> Option<Read> {
    let [delimiter, second, third, ..] = *text else { return None };
    if text.len() <= 3 || !is_delimiter(delimiter) || second != delimiter || third != delimiter {
        return None;
    }
    let (port, end) = port(text, 3, delimiter)?;
    Some((None, port, end))
}

/// The port at `start`, and where what follows its delimiter begins.
fn port(text: &[u8], start: usize, delimiter: u8) -> Option<(u16, usize)> {
    let mut port = 0_u16;
    for (at, byte) in text.iter().enumerate().skip(start) {
        match byte {
            _ if *byte == delimiter => return (port != 0).then_some((port, at + 1)),
            b'0'..=b'9' => port = port.wrapping_mul(10).wrapping_add(u16::from(byte - b'0')),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever stands in a segment: the span lies inside, and what is announced can be cut out.
        #[test]
        fn anything_can_be_read(reply: bool, v4: bool, text in "(PORT|EPRT|227|229)?[ (|,.0-9a-f:=\r\n)]{0,40}") {
            let direction = if reply { Direction::Reply } else { Direction::Original };
            if let Heard::Announced { span: (begin, end), .. } = read(direction, text.as_bytes(), v4) {
                prop_assert!(begin < end && end <= text.len());
            }
        }
    }
}
