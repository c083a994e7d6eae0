//! Packet captures, read: pcap (classic) and pcapng, as they are or compressed with gzip.
//!
//! | file | subject |
//! |---|---|
//! | `byte_stream` | the file as a stream of bytes: gzip taken off, never more than is allowed |
//! | `classic` | pcap: all byte orders, resolutions and variants of its header |
//! | `pcapng` | pcapng: sections, interfaces, packets in their three kinds of block |
//!
//! What a frame holds is the business of [`wire`]. Nothing is passed over in silence: a frame that gives no packet is
//! counted with the reason, and a file that ends too early says so beside what was read until there. Of time stamps only
//! the distance from the first to the last is kept: nothing that is done with captures needs wall times.

mod byte_stream;
mod classic;
mod pcapng;

use crate::packet::wire::{self, Decoded, Unread};
use crate::time::Duration;
use byte_stream::ByteStream;
use std::collections::BTreeMap;
use std::io::Read;
use thiserror::Error;

/// Largest capture that is read, in bytes, after what gzip saved has been put back.
pub const MAX_CAPTURE: usize = 256 << 20;
/// Longest frame, and longest block of a pcapng file: Wireshark's own limits are smaller.
const MAX_FRAME: usize = 1 << 20;
/// Interfaces that one file may describe.
const MAX_INTERFACES: usize = 4096;

/// What was captured at one point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    /// The interface's name, where the file tells.
    pub interface: Option<String>,
    /// The packets in the order of the file.
    pub packets: Vec<Decoded>,
    /// The frames that gave no packet: why, and how many.
    pub unread: BTreeMap<Unread, u64>,
    /// The time from the first packet to the last, where the file tells.
    pub lasted: Option<Duration>,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    /// One for each interface, in the order of the file.
    pub captures: Vec<Capture>,
    /// Frames of interfaces that the file does not describe.
    pub unread: BTreeMap<Unread, u64>,
    /// What is wrong with the end of the file; what stands before it was read.
    pub end: Option<BadEnd>,
}

/// Why a file is no capture that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CaptureError {
    /// It begins like no pcap and no pcapng file.
    #[error("this is no pcap or pcapng file")]
    Unknown,
    /// It is compressed by a program that is not known here: its name.
    #[error("it is compressed by {0}")]
    Compressed(&'static str),
    /// It has more than [`MAX_CAPTURE`] bytes.
    #[error("a capture is too large: at most {MAX_CAPTURE} bytes are read")]
    TooLarge,
    /// The system does not give it.
    #[error("{0}")]
    System(String),
}

/// How a file ends that does not end as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadEnd {
    /// In the middle of a frame or of a block.
    Cut,
    /// The compressed file does.
    GzipCut,
    /// What gzip should unpack is damaged.
    GzipDamaged,
    /// A length or a number cannot be right.
    Damaged,
}

/// Why reading stops.
#[derive(Debug)]
enum Stop {
    End(Option<BadEnd>),
    No(CaptureError),
}

impl From<BadEnd> for Stop {
    fn from(end: BadEnd) -> Self {
        Self::End(Some(end))
    }
}

/// One interface while its file is read.
struct Reading {
    link_type: u32,
    /// Units of its time stamps a second.
    units: u128,
    /// The time stamp of its first packet, in nanoseconds.
    first: Option<u64>,
    capture: Capture,
}

/// A frame as the file has it.
struct Frame<'a> {
    /// In units of its interface.
    time: Option<u64>,
    data: &'a [u8],
    /// How long it was on the line.
    length: u32,
}

impl Reading {
    fn new(link_type: u32, units: u128, interface: Option<String>) -> Self {
        let capture = Capture { interface, ..Capture::default() };
        Self { link_type, units, first: None, capture }
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        match wire::decode(self.link_type, frame.data) {
            Ok(packet) => self.capture.packets.push(packet),
            Err(why) => {
                let whole = frame.data.len() >= frame.length as usize;
                let why = match why {
                    // Nothing was cut away: it was too short on the line already.
                    Unread::Cut(layer) if whole => Unread::Malformed(layer),
                    why => why,
                };
                *self.capture.unread.entry(why).or_default() += 1;
                return;
            }
        }
        if let Some(time) = frame.time {
            let nanos = u128::from(time) * 1_000_000_000 / self.units.max(1);
            let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
            let since = Duration::from_nanos(nanos.saturating_sub(*self.first.get_or_insert(nanos)));
            self.capture.lasted = self.capture.lasted.max(Some(since));
        }
    }
}

/// What has been read so far.
#[derive(Default)]
struct File {
    interfaces: Vec<Reading>,
    unread: BTreeMap<Unread, u64>,
}

/// Reads a capture file.
///
/// # Errors
/// [`CaptureError`] where there is nothing to read at all. A file that ends too early is no error: see [`Captures::end`].
pub fn read(file: impl Read) -> Result<Captures, CaptureError> {
    let mut stream = ByteStream::new(file)?;
    let mut into = File::default();
    let mut magic = [0; 4];
    let stop = match stream.take(&mut magic) {
        Err(stop) => stop,
        Ok(()) if magic == pcapng::MAGIC => pcapng::read(&mut stream, &mut into),
        Ok(()) => classic::read(magic, &mut stream, &mut into),
    };
    match stop {
        // Not even the beginning is there.
        Stop::End(None | Some(BadEnd::Cut)) if into.interfaces.is_empty() => Err(CaptureError::Unknown),
        Stop::No(why) => Err(why),
        Stop::End(end) => {
            let captures = into.interfaces.into_iter().map(|reading| reading.capture).collect();
            Ok(Captures { captures, unread: into.unread, end })
        }
    }
}

#[cfg(test)]
mod tests;
