//! Cuts a stream of bytes into lines, of bounded length and without copying where a line arrives whole.
//!
//! RFC 959 ends lines with CRLF (the Telnet end-of-line, section 2.2); real programs accept a bare LF, so does this.

use bytes::{Buf, Bytes};
use thiserror::Error;

/// The longest line, its end included: vsftpd's limit for a command.
pub const MAX_LINE: usize = 4096;
/// How much may wait to be cut: a peer that sends more than this ahead is not an FTP program.
const MAX_WAITING: usize = 1 << 20;

/// A line was longer than [`MAX_LINE`]; it has been skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a line is longer than {MAX_LINE} bytes")]
pub struct LineTooLong;

/// Takes bytes as they arrive and gives whole lines.
#[derive(Clone, Debug, Default)]
pub struct LineSplitter {
    /// Not yet looked at.
    waiting: Bytes,
    /// The beginning of a line whose end has not arrived.
    begun: Vec<u8>,
    /// The rest of the current line is to be thrown away.
    skipping: bool,
    /// Bytes were refused; reported once, as a line too long.
    overflow: bool,
}

impl LineSplitter {
    /// Takes what arrived.
    pub fn push(&mut self, bytes: Bytes) {
        if self.waiting.is_empty() {
            self.waiting = bytes;
        } else if self.waiting.len() + bytes.len() > MAX_WAITING {
            self.overflow = true;
        } else {
            self.waiting = [self.waiting.as_ref(), bytes.as_ref()].concat().into();
        }
    }

    /// Whether nothing has arrived that was not taken out.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.begun.is_empty()
    }

    /// The next whole line without its end, if it has arrived.
    pub fn next_line(&mut self) -> Option<Result<Bytes, LineTooLong>> {
        loop {
            if self.waiting.is_empty() {
                return std::mem::take(&mut self.overflow).then_some(Err(LineTooLong));
            }
            let Some(newline) = self.waiting.iter().position(|&byte| byte == b'\n') else {
                let rest = std::mem::take(&mut self.waiting);
                if self.skipping {
                    continue;
                }
                if self.begun.len() + rest.len() >= MAX_LINE {
                    self.begun = Vec::new();
                    self.skipping = true;
                    return Some(Err(LineTooLong));
                }
                self.begun.extend_from_slice(&rest);
                continue;
            };
            let mut line = self.waiting.split_to(newline);
            self.waiting.advance(1);
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if self.begun.len() + line.len() >= MAX_LINE {
                self.begun = Vec::new();
                return Some(Err(LineTooLong));
            }
            if !self.begun.is_empty() {
                self.begun.extend_from_slice(&line);
                line = std::mem::take(&mut self.begun).into();
            }
            if line.last() == Some(&b'\r') {
                line.truncate(line.len() - 1);
            }
            return Some(Ok(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(splitter: &mut LineSplitter) -> Vec<Result<Bytes, LineTooLong>> {
        std::iter::from_fn(|| splitter.next_line()).collect()
    }

    #[test]
    fn lines_may_arrive_in_pieces_and_together() {
        let mut splitter = LineSplitter::default();
        splitter.push(Bytes::from_static(b"NO"));
        assert_eq!(splitter.next_line(), None);
        splitter.push(Bytes::from_static(b"OP\r"));
        splitter.push(Bytes::from_static(b"\nPWD\nQU"));
        assert_eq!(lines(&mut splitter), [Ok(Bytes::from_static(b"NOOP")), Ok(Bytes::from_static(b"PWD"))]);
    }

    #[test]
    fn a_line_too_long_is_one_error_and_the_next_line_is_read() {
        let mut splitter = LineSplitter::default();
        for _ in 0..9 {
            splitter.push(vec![b'x'; 1000].into());
        }
        splitter.push(Bytes::from_static(b"\nPWD\r\n"));
        assert_eq!(lines(&mut splitter), [Err(LineTooLong), Ok(Bytes::from_static(b"PWD"))]);
    }

    proptest! {
        #[test]
        fn how_bytes_are_cut_into_segments_does_not_matter(text in "[a-z\r\n]{0,80}", cut in 1_usize..9) {
            let mut whole = LineSplitter::default();
            whole.push(Bytes::from(text.clone().into_bytes()));
            let mut pieces = LineSplitter::default();
            let mut got = Vec::new();
            for piece in text.as_bytes().chunks(cut) {
                pieces.push(Bytes::copy_from_slice(piece));
                got.extend(lines(&mut pieces));
            }
            prop_assert_eq!(got, lines(&mut whole));
        }
    }
}
