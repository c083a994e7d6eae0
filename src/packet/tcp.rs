//! TCP segments (RFC 9293, section 3.1).

use bytes::Bytes;
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A sequence number: arithmetic and comparison modulo 2^32 (RFC 9293, section 3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeqNr(pub u32);

impl Add<u32> for SeqNr {
    type Output = Self;
    fn add(self, n: u32) -> Self {
        Self(self.0.wrapping_add(n))
    }
}

impl AddAssign<u32> for SeqNr {
    fn add_assign(&mut self, n: u32) {
        *self = *self + n;
    }
}

/// How far the left number is ahead of the right one, modulo 2^32.
impl Sub for SeqNr {
    type Output = u32;
    fn sub(self, other: Self) -> u32 {
        self.0.wrapping_sub(other.0)
    }
}

/// `a < b` when `b` lies within the 2^31 numbers after `a`. Not transitive over the whole circle, hence no `Ord`.
impl PartialOrd for SeqNr {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.0.wrapping_sub(other.0).cast_signed().cmp(&0))
    }
}

impl fmt::Display for SeqNr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The control bits of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement field is significant.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer is significant. Never sent by our stack; rules can match it.
    pub const URG: Self = Self(0x20);

    /// The flags of a TCP header's byte 13.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0x3f)
    }
    /// As byte 13 of the header.
    pub const fn bits(self) -> u8 {
        self.0
    }
    /// Whether all of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// tcpdump's letters: `S`, `S.`, `.`, `P.`, `F.`, `R`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LETTERS: [(Flags, &str); 6] = [
            (Flags::FIN, "F"),
            (Flags::SYN, "S"),
            (Flags::RST, "R"),
            (Flags::PSH, "P"),
            (Flags::URG, "U"),
            (Flags::ACK, "."),
        ];
        if self.0 == 0 {
            return f.pad("none");
        }
        let text: String = LETTERS.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, letter)| *letter).collect();
        f.pad(&text)
    }
}

/// The timestamps option (RFC 7323, section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamps {
    /// `TSval`: the sender's clock. Linux counts milliseconds from a secret start.
    pub value: u32,
    /// `TSecr`: the last value that the sender has taken from its peer; 0 without ACK.
    pub echo: u32,
}

/// What a SACK block reports: the bytes from the first number up to, but not including, the second.
pub type SackBlock = (SeqNr, SeqNr);

/// A TCP segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number of the first byte (of the SYN, if it is set).
    pub seq: SeqNr,
    /// Next sequence number the sender expects; meaningful with ACK.
    pub ack: SeqNr,
    /// Control bits.
    pub flags: Flags,
    /// Receive window in bytes, as on the wire.
    pub window: u16,
    /// Maximum segment size option; only with SYN (RFC 9293, section 3.7.1).
    pub mss: Option<u16>,
    /// Window scale option: by how many bits the sender's later windows are shifted; only with SYN (RFC 7323,
    /// section 2.2).
    pub window_scale: Option<u8>,
    /// SACK-permitted option; only with SYN (RFC 2018, section 2).
    pub sack_permitted: bool,
    /// Timestamps option; on every segment of a connection or on none (RFC 7323, section 3.2).
    pub timestamps: Option<Timestamps>,
    /// SACK option: bytes that arrived beyond a gap, at most four blocks (RFC 2018, section 3), three beside
    /// timestamps. Mostly empty, and then without allocation.
    pub sack: Box<[SackBlock]>,
    /// The bytes carried. Shared, never copied on the way.
    pub payload: Bytes,
}

impl Segment {
    /// SEG.LEN: the sequence space it takes, counting SYN and FIN (RFC 9293, section 3.3.1).
    pub fn seq_len(&self) -> u32 {
        self.payload.len() as u32
            + u32::from(self.flags.contains(Flags::SYN))
            + u32::from(self.flags.contains(Flags::FIN))
    }

    /// Whether this is a connection request: SYN without ACK.
    pub const fn is_syn(&self) -> bool {
        self.flags.contains(Flags::SYN) && !self.flags.contains(Flags::ACK)
    }

    /// Header length with options, in bytes: padded to a multiple of 4 (RFC 9293, section 3.1).
    pub const fn header_len(&self) -> u32 {
        20 + self.options_len()
    }

    /// Length of the options in bytes, each aligned to 4 as Linux writes them.
    pub const fn options_len(&self) -> u32 {
        let mss = if self.mss.is_some() { 4 } else { 0 };
        let timestamps = if self.timestamps.is_some() { TIMESTAMPS_LEN } else { 0 };
        // Beside timestamps it takes the place of their padding.
        let sack_permitted = if self.sack_permitted && self.timestamps.is_none() { 4 } else { 0 };
        let window_scale = if self.window_scale.is_some() { 4 } else { 0 };
        let sack = if self.sack.is_empty() { 0 } else { 4 + 8 * self.sack.len() as u32 };
        mss + timestamps + sack_permitted + window_scale + sack
    }
}

/// What the timestamps option takes of every segment, with its padding.
pub const TIMESTAMPS_LEN: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_compare_around_the_wrap() {
        assert!(SeqNr(u32::MAX) < SeqNr(0));
        assert!(SeqNr(5) > SeqNr(u32::MAX - 5));
        assert_eq!(SeqNr(3) - SeqNr(u32::MAX), 4);
    }

    #[test]
    fn the_header_grows_by_its_options() {
        let plain = Segment::default();
        assert_eq!(plain.header_len(), 20);
        let syn = Segment { mss: Some(1460), window_scale: Some(10), sack_permitted: true, ..Segment::default() };
        assert_eq!(syn.header_len(), 32, "three options of 4 with their padding");
        let timestamps = Some(Timestamps::default());
        assert_eq!(Segment { timestamps, ..syn }.header_len(), 40);
        assert_eq!(Segment { timestamps, ..Segment::default() }.header_len(), 32);
        let block = (SeqNr(1), SeqNr(2));
        let lengths = [1, 2, 4].map(|n| Segment { sack: vec![block; n].into(), ..Segment::default() }.header_len());
        assert_eq!(lengths, [32, 40, 56]);
    }

    #[test]
    fn flags_print_as_tcpdump_does() {
        assert_eq!(Flags::SYN.with(Flags::ACK).to_string(), "S.");
        assert_eq!(Flags::PSH.with(Flags::ACK).to_string(), "P.");
        assert_eq!(Flags::FIN.with(Flags::ACK).to_string(), "F.");
        assert_eq!(Flags::RST.to_string(), "R");
        assert_eq!(Flags::default().to_string(), "none");
    }
}
