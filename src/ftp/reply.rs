//! FTP replies: three digits and text, on one line or several (RFC 959, section 4.2).

use super::lines::LineSplitter;
use bytes::Bytes;
use std::fmt;
use std::io::Write;
use thiserror::Error;

/// The most lines one reply may have.
const MAX_LINES: usize = 256;

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The text, a line each. The code is left off the first and the last line, lines between are as on the wire:
    /// `["Features:", " EPRT", "End"]`.
    pub lines: Vec<String>,
}

impl Reply {
    /// A reply of one line.
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        Self { code, lines: vec![text.into()] }
    }

    /// 1xx: more will follow.
    pub const fn is_preliminary(&self) -> bool {
        self.code < 200
    }

    /// 2xx and 3xx: done, or go on with the next command of the sequence.
    pub const fn is_positive(&self) -> bool {
        self.code >= 200 && self.code < 400
    }

    /// 4xx and 5xx: refused for now, or for good.
    pub const fn is_negative(&self) -> bool {
        self.code >= 400
    }

    /// The first line's text.
    pub fn text(&self) -> &str {
        self.lines.first().map_or("", String::as_str)
    }

    /// The reply as sent: `227 Text` or `211-First`, inner lines, `211 Last`, each with CRLF.
    pub fn to_bytes(&self) -> Bytes {
        let mut wire = Vec::with_capacity(self.lines.iter().map(|line| line.len() + 6).sum());
        for (code, separator, line) in self.wire_lines() {
            if code {
                // Writing to a Vec cannot fail.
                let _ = write!(wire, "{}", self.code);
            }
            wire.extend_from_slice(separator.as_bytes());
            for part in line.as_bytes().split(|byte| matches!(byte, b'\r' | b'\n')) {
                wire.extend_from_slice(part);
            }
            wire.extend_from_slice(b"\r\n");
        }
        wire.into()
    }

    /// The lines as on the wire, without line ends: whether the code is in front, what follows it, the text.
    fn wire_lines(&self) -> impl Iterator<Item = (bool, &'static str, &str)> {
        let last = self.lines.len().saturating_sub(1);
        let empty = self.lines.is_empty().then_some((true, " ", ""));
        empty.into_iter().chain(self.lines.iter().enumerate().map(move |(index, line)| match index {
            _ if index == last => (true, " ", line.as_str()),
            0 => (true, "-", line.as_str()),
            // RFC 959: an inner line must not look like the last one.
            _ if ends(self.code, line.as_bytes()) => (false, " ", line.as_str()),
            _ => (false, "", line.as_str()),
        }))
    }
}

/// The lines as on the wire; control characters are not escaped.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (code, separator, line)) in self.wire_lines().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            if code {
                write!(f, "{}", self.code)?;
            }
            write!(f, "{separator}{line}")?;
        }
        Ok(())
    }
}

/// Why bytes are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReplyError {
    /// A line does not begin with three digits from 100 to 599.
    #[error("a reply does not begin with a code from 100 to 599")]
    NoCode,
    /// A line is too long.
    #[error("a line of a reply is too long")]
    LineTooLong,
    /// A reply has too many lines.
    #[error("a reply has too many lines")]
    TooManyLines,
}

/// Takes bytes as they arrive and gives whole replies.
#[derive(Clone, Debug, Default)]
pub struct ReplyReader {
    splitter: LineSplitter,
    begun: Option<Reply>,
}

impl ReplyReader {
    /// Takes what arrived.
    pub fn push(&mut self, bytes: Bytes) {
        self.splitter.push(bytes);
    }

    /// Whether nothing has arrived that was not taken out.
    pub fn is_empty(&self) -> bool {
        self.splitter.is_empty() && self.begun.is_none()
    }

    /// The next whole reply, if it has arrived. After an error the reader goes on with the next line.
    pub fn next_reply(&mut self) -> Option<Result<Reply, ReplyError>> {
        loop {
            let Ok(line) = self.splitter.next_line()? else {
                self.begun = None;
                return Some(Err(ReplyError::LineTooLong));
            };
            if let Some(mut reply) = self.begun.take() {
                if ends(reply.code, &line) {
                    reply.lines.push(text(line.get(4..).unwrap_or_default()));
                    return Some(Ok(reply));
                }
                reply.lines.push(text(&line));
                if reply.lines.len() >= MAX_LINES {
                    return Some(Err(ReplyError::TooManyLines));
                }
                self.begun = Some(reply);
                continue;
            }
            let Some(code) = code(&line) else { return Some(Err(ReplyError::NoCode)) };
            let reply = Reply::new(code, text(line.get(4..).unwrap_or_default()));
            match line.get(3) {
                None | Some(b' ') => return Some(Ok(reply)),
                Some(b'-') => self.begun = Some(reply),
                Some(_) => return Some(Err(ReplyError::NoCode)),
            }
        }
    }
}

/// The code a line begins with.
fn code(line: &[u8]) -> Option<u16> {
    let digits = line.get(..3)?;
    let code =
        digits.iter().try_fold(0, |code, digit| digit.is_ascii_digit().then(|| code * 10 + u16::from(digit - b'0')))?;
    (100..600).contains(&code).then_some(code)
}

/// Whether a line ends a reply of several lines that began with `code`.
fn ends(begun: u16, line: &[u8]) -> bool {
    code(line) == Some(begun) && matches!(line.get(3), None | Some(b' '))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &'static [u8]) -> Vec<Result<Reply, ReplyError>> {
        let mut reader = ReplyReader::default();
        reader.push(Bytes::from_static(bytes));
        std::iter::from_fn(|| reader.next_reply()).collect()
    }

    #[test]
    fn several_lines_are_one_reply() {
        let wire: &[u8] = b"211-Features:\r\n EPRT\r\n 211 not the end\r\n212 nor this\r\n211 End\r\n";
        let reply = read(wire).remove(0).unwrap();
        assert_eq!(reply.lines, ["Features:", " EPRT", " 211 not the end", "212 nor this", "End"]);
        assert_eq!(reply.to_bytes().as_ref(), wire);
    }

    #[test]
    fn garbage_is_an_error_and_reading_goes_on() {
        assert_eq!(read(b"SSH-2.0-x\r\n220 hi\r\n"), [Err(ReplyError::NoCode), Ok(Reply::new(220, "hi"))]);
        assert_eq!(read(b"999 x\n22\n220\n2200 x\n")[2], Ok(Reply::new(220, "")));
    }

    #[test]
    fn an_endless_reply_is_an_error() {
        let mut reader = ReplyReader::default();
        reader.push([b"220-x\r\n".as_slice(), &b"x\r\n".repeat(300)].concat().into());
        assert_eq!(reader.next_reply(), Some(Err(ReplyError::TooManyLines)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(chunks: Vec<Vec<u8>>) {
            let mut reader = ReplyReader::default();
            for chunk in chunks {
                reader.push(chunk.into());
                while reader.next_reply().is_some() {}
            }
        }

        #[test]
        fn near_replies_are_read_without_panic(text in "([0-6]{0,4}[- a\r]{0,3}\n?){0,12}") {
            let mut reader = ReplyReader::default();
            reader.push(text.into_bytes().into());
            while reader.next_reply().is_some() {}
        }

        #[test]
        fn what_is_sent_is_read(code in 100_u16..600, lines in prop::collection::vec("[ -~]{0,30}", 1..6)) {
            let mut reply = Reply { code, lines };
            let last = reply.lines.len() - 1;
            for line in reply.lines.iter_mut().take(last).skip(1) {
                line.insert(0, ' ');
            }
            let mut reader = ReplyReader::default();
            reader.push(reply.to_bytes());
            prop_assert_eq!(reader.next_reply(), Some(Ok(reply)));
        }
    }
}
