//! Packet captures, read: pcap (classic, both byte orders, micro- and nanoseconds) and pcapng.
//!
//! Read are Ethernet (link type 1), raw IP (12, 101, 228, 229) and Linux cooked captures (113, 276). Whatever is no IP
//! packet with TCP or an ICMP error in it (ARP, UDP, ...) is left out. Of time stamps only the distance from the first
//! to the last is kept: nothing that is done with captures needs wall times.

use crate::packet::{Packet, wire};
use crate::time::Duration;
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};
use std::collections::BTreeMap;
use thiserror::Error;

/// Largest capture that is read, in bytes.
pub const MAX_CAPTURE: usize = 64 << 20;
/// Room of the reader: the longest block.
const BUFFER: usize = 1 << 20;

/// What was captured at one point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    /// The interface's name, where the file tells.
    pub interface: Option<String>,
    /// The packets in the order of the file.
    pub packets: Vec<Packet>,
    /// The time from the first packet to the last, where the file tells.
    pub lasted: Option<Duration>,
}

/// One interface while its file is read.
struct Reading {
    link: Linktype,
    /// Units of its time stamps a second; `None`: they are not understood.
    units: Option<u64>,
    /// The time stamp of its first packet, in nanoseconds.
    first: Option<u64>,
    capture: Capture,
}

impl Reading {
    fn new(link: Linktype, units: Option<u64>, interface: Option<String>) -> Self {
        let capture = Capture { interface, ..Capture::default() };
        Self { link, units, first: None, capture }
    }

    fn frame(&mut self, time: Option<u64>, data: &[u8]) {
        let Some(packet) = decode(self.link, data) else { return };
        self.capture.packets.push(packet);
        if let (Some(time), Some(units)) = (time, self.units) {
            let nanos = u128::from(time) * 1_000_000_000 / u128::from(units.max(1));
            let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
            let since = Duration::from_nanos(nanos.saturating_sub(*self.first.get_or_insert(nanos)));
            self.capture.lasted = self.capture.lasted.max(Some(since));
        }
    }
}

/// Why a file is no capture, or cannot be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CaptureError {
    /// It has so many bytes.
    #[error("a capture of {0} bytes is too large: at most {MAX_CAPTURE} are read")]
    TooLarge(usize),
    /// It is something else.
    #[error("this is no pcap or pcapng file")]
    NotACapture,
    /// A block has no room in the reader.
    #[error("a block is longer than a block may be")]
    BlockTooLong,
    /// The last block wants more bytes than the file has.
    #[error("the last block is cut off, or longer than a block may be")]
    CutOff,
    /// A packet refers to an interface description (pcapng) that is not there.
    #[error("a packet of an interface that the file does not describe")]
    UnknownInterface,
    /// Its structure is broken.
    #[error("the file is damaged")]
    Damaged,
}

/// Reads a capture file: one capture for each interface in it.
pub fn read(bytes: &[u8]) -> Result<Vec<Capture>, CaptureError> {
    if bytes.len() > MAX_CAPTURE {
        return Err(CaptureError::TooLarge(bytes.len()));
    }
    // The reader needs room for one whole block at least.
    let mut reader = create_reader(BUFFER, bytes).map_err(|error| told(&error))?;
    let mut interfaces: Vec<Reading> = Vec::new();
    // Interfaces are numbered anew in each section.
    let mut section: BTreeMap<u32, usize> = BTreeMap::new();
    let mut in_vain = 0;
    loop {
        let (length, block) = match reader.next() {
            Ok(next) => next,
            Err(PcapError::Eof) => break,
            Err(PcapError::Incomplete(_)) => {
                let before = reader.data().len();
                reader.refill().map_err(|error| told(&error))?;
                // The reader learns that the file has ended by reading in vain, once.
                in_vain = if reader.data().len() == before { in_vain + 1 } else { 0 };
                if in_vain > 1 {
                    return Err(CaptureError::CutOff);
                }
                continue;
            }
            Err(error) => return Err(told(&error)),
        };
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let units = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
                interfaces.push(Reading::new(header.network, Some(units), None));
            }
            PcapBlockOwned::Legacy(record) => {
                if let Some(reading) = interfaces.first_mut() {
                    let seconds = u64::from(record.ts_sec) * reading.units.unwrap_or_default();
                    reading.frame(Some(seconds + u64::from(record.ts_usec)), record.data);
                }
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => section.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
                let interface = description.if_name().and_then(Result::ok).map(str::to_owned);
                section.insert(section.len() as u32, interfaces.len());
                // (Resolutions as powers of two are beyond the reader.)
                let units = description.ts_resolution();
                interfaces.push(Reading::new(description.linktype, units, interface));
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(block)) => {
                let place = section.get(&block.if_id).ok_or(CaptureError::UnknownInterface)?;
                let time = u64::from(block.ts_high) << 32 | u64::from(block.ts_low);
                interfaces[*place].frame(Some(time), block.packet_data());
            }
            PcapBlockOwned::NG(Block::SimplePacket(block)) => {
                if let Some(place) = section.get(&0) {
                    interfaces[*place].frame(None, block.packet_data());
                }
            }
            PcapBlockOwned::NG(_) => {}
        }
        reader.consume(length);
        in_vain = 0;
    }
    Ok(interfaces.into_iter().map(|reading| reading.capture).collect())
}

/// The packet in a captured frame.
fn decode(link: Linktype, frame: &[u8]) -> Option<Packet> {
    match link.0 {
        1 => wire::decode_ethernet(frame),
        12 | 101 | 228 | 229 => wire::decode_ip(frame),
        113 => wire::decode_ip(frame.get(16..)?),
        276 => wire::decode_ip(frame.get(20..)?),
        _ => None,
    }
}

fn told(error: &PcapError<&[u8]>) -> CaptureError {
    match error {
        PcapError::HeaderNotRecognized | PcapError::Eof => CaptureError::NotACapture,
        PcapError::BufferTooSmall => CaptureError::BlockTooLong,
        PcapError::UnexpectedEof | PcapError::Incomplete(_) => CaptureError::CutOff,
        _ => CaptureError::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Beginnings that get a hostile file past the first look.
    const HEADS: [&[u8]; 4] = [
        b"",
        &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0],
        &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0],
        &[
            0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255,
            255, 28, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0,
        ],
    ];

    proptest! {
        #[test]
        fn hostile_files_are_no_danger(
            head in proptest::sample::select(&HEADS[..]),
            kind in 0_u32..8,
            length in any::<u32>(),
            small in 0_u32..80,
            tail in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = read(&[head, &tail].concat());
            for length in [length, small] {
                let _ = read(&[head, &kind.to_le_bytes(), &length.to_le_bytes(), &tail].concat());
            }
        }
    }

    #[test]
    fn other_files_are_told_from_captures() {
        assert_eq!(read(b""), Err(CaptureError::NotACapture));
        assert_eq!(read(b"title = \"not a capture at all, but long enough\""), Err(CaptureError::NotACapture));
        assert!(read(HEADS[3]).unwrap()[0].packets.is_empty());
        assert!(read(&HEADS[3][..40]).is_err());
    }
}
