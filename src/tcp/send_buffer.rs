//! Octets that the application gave and the peer has not acknowledged.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// The application's writes in order; shared with the segments that carry them, not copied.
#[derive(Clone, Debug, Default)]
pub(super) struct SendBuffer {
    chunks: VecDeque<Bytes>,
    len: usize,
}

impl SendBuffer {
    /// Octets in the buffer.
    pub(super) const fn len(&self) -> u32 {
        self.len as u32
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.len += bytes.len();
            self.chunks.push_back(bytes);
        }
    }

    /// Forgets the first `n` octets: they are acknowledged.
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
        *self = Self::default();
    }

    /// Up to `max` octets from `offset` on. Shared where they lie in one write; joined where a segment spans two.
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

#[cfg(test)]
mod tests {
    use super::*;

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
