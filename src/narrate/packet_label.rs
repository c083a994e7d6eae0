//! Short labels: what the ladder, the inspector and every other view write on a packet or a port. They are notation,
//! like tcpdump's, and the same in every language.

use crate::ftp::TlsChannel;
use crate::ids::FrameId;
use crate::packet::{Body, Channel, Endpoint, Flags, Icmp, Packet, Segment};
use crate::text::visible;
use crate::trace::Trace;

/// A packet in a few words, as it was known at frame `at`:
///
/// - `SYN 20 > 50121 BB`, `SYN-ACK 50121 BB > 20`, `ACK`, `FIN-ACK`, `RST`
/// - what it carries on the control channel: `PORT 192,168,1,10,195,201`, `211-Features: (+8 lines)`
/// - `data 1460 bytes`, `data 62 bytes FIN`
/// - `ICMP port-unreachable about 20 > 50121 BB`
pub fn packet_label(trace: &Trace, packet: &Packet, at: FrameId) -> String {
    match &packet.body {
        Body::Tcp(segment) if !segment.payload.is_empty() => payload_label(packet, segment),
        Body::Tcp(segment) => {
            let flags = flags_label(segment.flags);
            if segment.flags.contains(Flags::SYN) {
                let (from, to) = (packet.source(), packet.destination());
                format!("{flags} {} > {}", port_label(trace, from, at), port_label(trace, to, at))
            } else {
                flags
            }
        }
        Body::Icmp(icmp) => {
            let name = if packet.src.is_ipv4() { "ICMP" } else { "ICMPv6" };
            let (from, to) = icmp.about();
            let reason = icmp_reason(icmp);
            format!("{name} {reason} about {} > {}", port_label(trace, from, at), port_label(trace, to, at))
        }
    }
}

/// An address and a port with the name that teaching texts give it: `192.168.1.10:50121 BB`.
pub fn endpoint_label(trace: &Trace, endpoint: Endpoint, at: FrameId) -> String {
    with_name(endpoint.to_string(), trace, endpoint, at)
}

/// A port with the name that teaching texts give it: `50121 BB`.
pub fn port_label(trace: &Trace, endpoint: Endpoint, at: FrameId) -> String {
    with_name(endpoint.port.to_string(), trace, endpoint, at)
}

fn with_name(text: String, trace: &Trace, endpoint: Endpoint, at: FrameId) -> String {
    match trace.port_name(endpoint, at) {
        Some(name) => format!("{text} {}", name.name()),
        None => text,
    }
}

/// The control bits as words: `SYN-ACK`, `FIN-ACK`, `ACK`. PSH says nothing that the payload does not; neither does the
/// ACK of a RST.
pub(super) fn flags_label(flags: Flags) -> String {
    const WORDS: [(Flags, &str); 5] =
        [(Flags::SYN, "SYN"), (Flags::FIN, "FIN"), (Flags::RST, "RST"), (Flags::URG, "URG"), (Flags::ACK, "ACK")];
    if flags.contains(Flags::RST) && !flags.contains(Flags::SYN) {
        return String::from("RST");
    }
    let words: Vec<&str> = WORDS.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, word)| *word).collect();
    if words.is_empty() { String::from("no flags") } else { words.join("-") }
}

/// `port-unreachable`, `time-exceeded`.
pub(super) const fn icmp_reason(icmp: &Icmp) -> &'static str {
    icmp.name()
}

fn payload_label(packet: &Packet, segment: &Segment) -> String {
    let fin = if segment.flags.contains(Flags::FIN) { " FIN" } else { "" };
    if packet.tag.is_some_and(|tag| tag.channel == Channel::Control) {
        format!("{}{fin}", control_line(&segment.payload))
    } else {
        format!("data {} bytes{fin}", segment.payload.len())
    }
}

/// The first line of a payload, and how many follow; of a protected one only its length, as for anybody who looks.
pub(super) fn control_line(payload: &[u8]) -> String {
    // No line of FTP begins with bytes that are not ASCII: this is the rest of a record that began in another segment.
    let rest = payload.len() >= 4 && payload[..4].iter().all(|byte| !byte.is_ascii());
    if TlsChannel::is_record(payload) || rest {
        return format!("TLS {} bytes", payload.len());
    }
    let text = String::from_utf8_lossy(payload);
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let first = visible(lines.next().unwrap_or_default());
    match lines.count() {
        0 => first,
        1 => format!("{first} (+1 line)"),
        more => format!("{first} (+{more} lines)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_lines_are_shown_as_they_are_sent() {
        assert_eq!(control_line(b"PORT 192,168,1,10,195,201\r\n"), "PORT 192,168,1,10,195,201");
        assert_eq!(control_line(b"211-Features:\r\n EPRT\r\n211 End\r\n"), "211-Features: (+2 lines)");
        assert_eq!(control_line(b"\x17\x03\x03\x00\x01x"), "TLS 6 bytes");
        assert_eq!(control_line(b"\xef\xbf\xbd\xe1\xff"), "TLS 5 bytes");
        assert_eq!(control_line(b"RETR \x1b]0;x\x07\r\n"), "RETR \\x1b]0;x\\x07");
        assert_eq!(control_line(b""), "");
        assert_eq!(control_line(b"\x17\x03\x03\x00\x02ab"), "TLS 7 bytes");
    }

    #[test]
    fn flags_are_words() {
        assert_eq!(flags_label(Flags::SYN.with(Flags::ACK)), "SYN-ACK");
        assert_eq!(flags_label(Flags::FIN.with(Flags::ACK).with(Flags::PSH)), "FIN-ACK");
        assert_eq!(flags_label(Flags::RST.with(Flags::ACK)), "RST");
        assert_eq!(flags_label(Flags::default()), "no flags");
    }
}
