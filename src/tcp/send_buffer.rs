//! Bytes that the application gave and the peer has not acknowledged, and how many there may be.
//!
//! The limit is Linux's `sk_sndbuf` with its autotuning (`tcp_sndbuf_expand`): twice the congestion window, each segment
//! with what its bookkeeping costs, at most `tcp_wmem`'s third value. What the buffer holds is counted roughly: as if
//! all of it lay in buffers as large as segmentation offload makes them (`tcp_xmit_size_goal`), though parts of it have
//! been cut for transmission.

use super::Connection;
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// What a buffer of bytes costs beside them (`truesize`; measured on Linux 6.18 with `ss -m`: 832).
const BOOKKEEPING: u32 = 832;
/// The bytes of one buffer: `sk_gso_max_size`.
const LARGEST: u32 = 65_279;
/// `MAX_TCP_HEADER` and `skb_shared_info`, which a segment's memory has beside its bytes.
const SEGMENT_OVERHEAD: u32 = 256 + 320;
/// `sk_buff`.
const SEGMENT_HEAD: u32 = 256;
/// `TCP_INIT_CWND`.
const INITIAL_SEGMENTS: u32 = 10;

/// The application's writes in order; shared with the segments that carry them, not copied.
#[derive(Clone, Debug)]
pub(super) struct SendBuffer {
    chunks: VecDeque<Bytes>,
    len: usize,
    /// `sk_sndbuf`.
    limit: u32,
    /// A write did not fit (`SOCK_NOSPACE`).
    full: bool,
}

impl Default for SendBuffer {
    fn default() -> Self {
        // `tcp_wmem`, second value: before the handshake.
        Self { chunks: VecDeque::new(), len: 0, limit: 16_384, full: false }
    }
}

impl SendBuffer {
    /// Bytes in the buffer.
    pub(super) const fn len(&self) -> u32 {
        self.len as u32
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.len += bytes.len();
            self.chunks.push_back(bytes);
        }
    }

    /// Whether a write did not fit.
    pub(super) const fn is_full(&self) -> bool {
        self.full
    }

    /// Forgets the first `n` bytes: they are acknowledged.
    pub(super) fn advance(&mut self, n: u32) {
        let mut n = (n as usize).min(self.len);
        self.len -= n;
        while n > 0 {
            let front = &mut self.chunks[0];
            if n < front.len() {
                let _ = front.split_to(n);
                return;
            }
            n -= front.len();
            self.chunks.pop_front();
        }
    }

    pub(super) fn clear(&mut self) {
        (self.chunks, self.len, self.full) = (VecDeque::new(), 0, false);
    }

    /// What the bytes cost, in buffers of `goal` bytes (`sk_wmem_queued`).
    fn queued(&self, goal: u32) -> u32 {
        self.len() + self.len().div_ceil(goal) * BOOKKEEPING
    }

    /// How many bytes a write may add: buffers are filled whole, as long as there is room when each is begun
    /// (`sk_stream_memory_free`).
    fn room(&self, goal: u32) -> u32 {
        let begun = (goal - self.len() % goal) % goal;
        let left = self.limit.saturating_sub(self.queued(goal) + begun);
        begun + left.div_ceil(goal + BOOKKEEPING) * goal
    }

    /// Up to `max` bytes from `offset` on. Shared where they lie in one write; joined where a segment spans two.
    pub(super) fn slice(&self, offset: u32, max: u32) -> Bytes {
        let (mut skip, max) = (offset as usize, max as usize);
        let mut chunks = self.chunks.iter();
        let first = loop {
            match chunks.next() {
                Some(chunk) if skip < chunk.len() => break chunk.slice(skip..chunk.len().min(skip + max)),
                Some(chunk) => skip -= chunk.len(),
                None => return Bytes::new(),
            }
        };
        if first.len() == max || chunks.len() == 0 {
            return first;
        }
        let mut joined = BytesMut::with_capacity(max.min(self.len));
        joined.extend_from_slice(&first);
        for chunk in chunks {
            let room = max - joined.len();
            joined.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if joined.len() == max {
                break;
            }
        }
        joined.freeze()
    }
}

impl Connection {
    /// SEND (section 3.10.2) by a program that waits for room: how many of the bytes, the first ones, the send buffer
    /// took. If not all, [`Self::has_become_writable`] says when it is time to try again.
    pub fn write(&mut self, mut bytes: Bytes) -> usize {
        let room = self.unsent.room(self.buffer_goal()) as usize;
        if bytes.len() > room {
            self.unsent.full = true;
            bytes.truncate(room);
        }
        let taken = bytes.len();
        if self.send(bytes) { taken } else { 0 }
    }

    /// Whether there is room again after a write that did not fit: a third of the buffer (`sk_stream_is_writeable`). To be
    /// asked when everything that may be sent was sent; says so once.
    pub fn has_become_writable(&mut self) -> bool {
        if !self.unsent.full || !self.state.can_send() {
            return false;
        }
        if self.in_flight() < self.congestion.window() {
            self.expand_send_buffer();
        }
        let queued = self.unsent.queued(self.buffer_goal());
        self.unsent.full = queued + queued / 2 > self.unsent.limit;
        !self.unsent.full
    }

    /// The buffer grows with the congestion window (`tcp_sndbuf_expand`).
    pub(super) fn expand_send_buffer(&mut self) {
        let per_segment = (self.mss_with_options() + SEGMENT_OVERHEAD).next_power_of_two() + SEGMENT_HEAD;
        let segments = (self.congestion.window() / self.effective_mss()).max(INITIAL_SEGMENTS);
        let limit = segments.saturating_mul(2 * per_segment).min(self.config.send_buffer);
        self.unsent.limit = self.unsent.limit.max(limit);
    }

    /// The bytes that one buffer takes (`tcp_xmit_size_goal`): whole segments, at most half of the peer's window.
    fn buffer_goal(&self) -> u32 {
        let mss = self.effective_mss();
        (LARGEST.min(self.max_window / 2) / mss).max(1) * mss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_filled_whole_while_there_is_room() {
        // Linux 6.18, Reno or CUBIC: 46080 after the handshake, and half of a window of 64240 is 22 segments of 1448.
        let mut buffer = SendBuffer { limit: 46_080, ..SendBuffer::default() };
        assert_eq!(buffer.room(22 * 1448), 2 * 22 * 1448);
        buffer.push(Bytes::from(vec![0; 22 * 1448]));
        assert_eq!(buffer.room(22 * 1448), 22 * 1448);
        buffer.push(Bytes::from(vec![0; 1000]));
        assert_eq!(buffer.room(22 * 1448), 22 * 1448 - 1000, "a buffer that was begun is filled");
        buffer.push(Bytes::from(vec![0; 22 * 1448 - 1000]));
        assert_eq!(buffer.room(22 * 1448), 0);
    }

    #[test]
    fn slices_span_writes_and_advance_cuts_them() {
        let mut buffer = SendBuffer::default();
        buffer.push(Bytes::from_static(b"USER "));
        buffer.push(Bytes::from_static(b"anonymous"));
        buffer.push(Bytes::from_static(b"\r\n"));
        assert_eq!(&buffer.slice(0, 7)[..], b"USER an");
        assert_eq!(&buffer.slice(5, 100)[..], b"anonymous\r\n");
        buffer.advance(7);
        assert_eq!(&buffer.slice(0, 100)[..], b"onymous\r\n");
        assert_eq!(buffer.len(), 9);
        buffer.advance(100);
        assert_eq!(buffer.len(), 0);
        assert!(buffer.slice(0, 5).is_empty());
    }
}
