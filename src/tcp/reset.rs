//! The answer to a segment that no connection wants (RFC 9293, section 3.10.7.1).

use crate::packet::{Flags, Segment, SeqNr};

/// The RST that tells the sender of `segment` that there is no connection; `None` if it is a RST itself.
pub fn reset_for(segment: &Segment) -> Option<Segment> {
    if segment.flags.contains(Flags::RST) {
        return None;
    }
    let (seq, ack, flags) = if segment.flags.contains(Flags::ACK) {
        (segment.ack, SeqNr(0), Flags::RST)
    } else {
        (SeqNr(0), segment.seq + segment.seq_len(), Flags::RST.with(Flags::ACK))
    };
    Some(Segment { src_port: segment.dst_port, dst_port: segment.src_port, seq, ack, flags, ..Segment::default() })
}
