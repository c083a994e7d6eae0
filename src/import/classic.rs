//! pcap, the classic format (<https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-03.html>), and what Wireshark
//! knows of its relatives: nanoseconds, the modified header of Kuznetzov's libpcap, the cards of Ixia.

use super::byte_stream::ByteStream;
use super::{BadEnd, CaptureError, File, Frame, MAX_FRAME, Reading, Stop};
use std::io::Read;

/// A kind of file: its magic number, units of time a second, bytes of a record's header beyond the first sixteen.
const KINDS: [(u32, u128, usize); 5] = [
    (0xa1b2_c3d4, 1_000_000, 0),
    (0xa1b2_3c4d, 1_000_000_000, 0),
    // An interface, a protocol and a packet type stand behind the lengths.
    (0xa1b2_cd34, 1_000_000, 8),
    // Ixia's hardware and software captures: one length of all records stands behind the header.
    (0x1c00_01ac, 1_000_000_000, 0),
    (0x1c00_01ab, 1_000_000_000, 0),
];
/// Link types take the lower 28 bits; above stands what is known of the check sequence.
const LINK_TYPE: u32 = 0x0fff_ffff;

pub(super) fn read<R: Read>(magic: [u8; 4], stream: &mut ByteStream<R>, file: &mut File) -> Stop {
    let kind = |number: u32| KINDS.into_iter().find(|(magic, ..)| *magic == number);
    let (number, (kind, units, more)) = match (kind(u32::from_le_bytes(magic)), kind(u32::from_be_bytes(magic))) {
        (Some(kind), _) => (u32::from_le_bytes as fn([u8; 4]) -> u32, kind),
        (None, Some(kind)) => (u32::from_be_bytes as fn([u8; 4]) -> u32, kind),
        (None, None) => return Stop::No(CaptureError::Unknown),
    };
    let is_ixia = kind >> 16 == 0x1c00;
    match records(stream, file, number, units, more, is_ixia) {
        Ok(never) => match never {},
        Err(stop) => stop,
    }
}

fn records<R: Read>(
    stream: &mut ByteStream<R>,
    file: &mut File,
    number: fn([u8; 4]) -> u32,
    units: u128,
    more: usize,
    is_ixia: bool,
) -> Result<std::convert::Infallible, Stop> {
    let at = |bytes: &[u8], at: usize| number([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let mut header = [0; 20];
    stream.take_more(&mut header)?;
    let mut reading = Reading::new(at(&header, 16) & LINK_TYPE, units, None);
    let (mut record, mut data) = ([0; 24], Vec::new());
    let mut all = || {
        if is_ixia {
            stream.take_more(&mut record[..4])?;
        }
        let record = &mut record[..16 + more];
        loop {
            stream.take(record)?;
            let (captured, length) = (at(record, 8), at(record, 12));
            if captured as usize > MAX_FRAME {
                return Err(BadEnd::Damaged.into());
            }
            stream.take_into(&mut data, captured as usize)?;
            let time = u64::from(at(record, 0)).saturating_mul(units as u64).saturating_add(u64::from(at(record, 4)));
            reading.frame(&Frame { time: Some(time), data: &data, length });
        }
    };
    let stop: Result<std::convert::Infallible, Stop> = all();
    file.interfaces.push(reading);
    stop
}
