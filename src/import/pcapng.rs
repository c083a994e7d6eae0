//! pcapng (<https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html>): sections, each in its own byte order and
//! with its own interfaces, and packets in enhanced, simple and old packet blocks. Other blocks hold no packets.

use super::byte_stream::ByteStream;
use super::{BadEnd, File, Frame, MAX_FRAME, MAX_INTERFACES, Reading, Stop};
use crate::packet::wire::Unread;
use std::convert::Infallible;
use std::io::Read;

/// The type of a section header block, the same in both byte orders.
pub(super) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const BYTE_ORDER: u32 = 0x1a2b_3c4d;

const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Type, length, and the length once more at the end.
const AROUND: usize = 12;
const OPTION_NAME: u16 = 2;
const OPTION_RESOLUTION: u16 = 9;

pub(super) fn read<R: Read>(stream: &mut ByteStream<R>, file: &mut File) -> Stop {
    let mut section = Section { is_little: true, first: 0, count: 0, snap_length: 0 };
    match blocks(stream, file, &mut section) {
        Ok(never) => match never {},
        Err(stop) => stop,
    }
}

/// The section that is read: its byte order and its interfaces, which are numbered anew in each.
struct Section {
    is_little: bool,
    /// Where its interfaces begin in the file's list, and how many they are.
    first: usize,
    count: usize,
    /// The longest frame of its first interface; 0: any.
    snap_length: u32,
}

fn blocks<R: Read>(stream: &mut ByteStream<R>, file: &mut File, section: &mut Section) -> Result<Infallible, Stop> {
    let (mut kind, mut length, mut body) = (MAGIC, [0; 4], Vec::new());
    loop {
        stream.take_more(&mut length)?;
        let mut head = 0;
        if kind == MAGIC {
            let mut order = [0; 4];
            stream.take_more(&mut order)?;
            section.is_little = match (u32::from_le_bytes(order), u32::from_be_bytes(order)) {
                (BYTE_ORDER, _) => true,
                (_, BYTE_ORDER) => false,
                _ => return Err(BadEnd::Damaged.into()),
            };
            (section.first, section.count) = (file.interfaces.len(), 0);
            head = order.len();
        }
        let length = section.number(&length, 0).unwrap_or_default() as usize;
        if length < AROUND + head || !length.is_multiple_of(4) || length > MAX_FRAME + (1 << 16) {
            return Err(BadEnd::Damaged.into());
        }
        let rest = length - AROUND - head;
        stream.take_into(&mut body, rest + 4)?;
        body.truncate(rest);
        let kind_number = section.number(&kind, 0).unwrap_or_default();
        if kind != MAGIC {
            section.block(kind_number, &body, file).ok_or(BadEnd::Damaged)?;
        }
        stream.take(&mut kind)?;
    }
}

impl Section {
    fn half(&self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn number(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    /// `None`: the block contradicts itself.
    fn block(&mut self, kind: u32, body: &[u8], file: &mut File) -> Option<()> {
        match kind {
            INTERFACE => {
                if file.interfaces.len() >= MAX_INTERFACES {
                    return None;
                }
                if self.count == 0 {
                    self.snap_length = self.number(body, 4)?;
                }
                let (name, units) = self.interface_options(body.get(8..)?);
                file.interfaces.push(Reading::new(u32::from(self.half(body, 0)?), units, name));
                self.count += 1;
            }
            // The old block has a count of lost packets where the other one has the rest of the interface's number.
            ENHANCED_PACKET | OLD_PACKET => {
                let interface = match kind {
                    ENHANCED_PACKET => self.number(body, 0)?,
                    _ => u32::from(self.half(body, 0)?),
                };
                let time = u64::from(self.number(body, 4)?) << 32 | u64::from(self.number(body, 8)?);
                let captured = self.number(body, 12)? as usize;
                let data = body.get(20..)?.get(..captured)?;
                self.packet(interface, &Frame { time: Some(time), data, length: self.number(body, 16)? }, file);
            }
            SIMPLE_PACKET => {
                let length = self.number(body, 0)?;
                let snap = if self.snap_length == 0 { length } else { length.min(self.snap_length) };
                let data = body.get(4..)?;
                // Behind it stands padding only.
                let data = &data[..data.len().min(snap as usize)];
                self.packet(0, &Frame { time: None, data, length }, file);
            }
            _ => {}
        }
        Some(())
    }

    fn packet(&self, interface: u32, frame: &Frame<'_>, file: &mut File) {
        let place = interface as usize;
        match file.interfaces.get_mut(self.first + place) {
            Some(reading) if place < self.count => reading.frame(frame),
            _ => *file.unread.entry(Unread::NoInterface).or_default() += 1,
        }
    }

    /// The name and the units of time a second. Options that contradict themselves are no reason to give up.
    fn interface_options(&self, mut options: &[u8]) -> (Option<String>, u128) {
        let (mut name, mut units) = (None, 1_000_000);
        while let (Some(code), Some(length)) = (self.half(options, 0), self.half(options, 2)) {
            let Some(value) = options.get(4..4 + usize::from(length)) else { break };
            match (code, value) {
                (0, _) => break,
                (OPTION_NAME, value) => {
                    name.get_or_insert_with(|| String::from_utf8_lossy(value).trim_end_matches('\0').to_owned());
                }
                // A negative power of 2 or of 10.
                (OPTION_RESOLUTION, [power, ..]) => {
                    let exponent = u32::from(power & 0x7f);
                    let base: u128 = if power & 0x80 == 0 { 10 } else { 2 };
                    units = base.checked_pow(exponent).unwrap_or(u128::MAX);
                }
                _ => {}
            }
            options = options.get(4 + usize::from(length).next_multiple_of(4)..).unwrap_or_default();
        }
        (name, units)
    }
}
