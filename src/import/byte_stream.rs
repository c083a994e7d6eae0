//! A file as a stream of bytes: gzip taken off (RFC 1952), and never more than a capture may have.

use super::{BadEnd, CaptureError, MAX_CAPTURE, Stop};
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The first bytes of what other programs compress.
const OTHERS: [(&[u8], &str); 4] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
    (&[0x04, 0x22, 0x4d, 0x18], "lz4"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "xz"),
    (b"BZh", "bzip2"),
];

/// See the module.
pub(super) struct ByteStream<R: Read> {
    source: Source<BufReader<R>>,
    left: usize,
}

enum Source<R> {
    Plain(R),
    // Boxed: its window is large.
    Gzip(Box<MultiGzDecoder<R>>),
}

impl<R: Read> ByteStream<R> {
    pub(super) fn new(file: R) -> Result<Self, CaptureError> {
        let mut file = BufReader::with_capacity(1 << 16, file);
        let head = loop {
            match file.fill_buf() {
                Ok(head) => break head,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(CaptureError::System(error.to_string())),
            }
        };
        if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err(CaptureError::Compressed(name));
        }
        let source = if head.starts_with(&GZIP) {
            Source::Gzip(Box::new(MultiGzDecoder::new(file)))
        } else {
            Source::Plain(file)
        };
        Ok(Self { source, left: MAX_CAPTURE })
    }

    /// Fills all of `into`. The file may end before its first byte, and only there.
    pub(super) fn take(&mut self, into: &mut [u8]) -> Result<(), Stop> {
        let mut filled = 0;
        while filled < into.len() {
            let (room, is_gzip) = (&mut into[filled..], matches!(self.source, Source::Gzip(_)));
            let read = match &mut self.source {
                Source::Plain(file) => file.read(room),
                Source::Gzip(file) => file.read(room),
            };
            match read {
                Ok(0) if filled == 0 => return Err(Stop::End(None)),
                Ok(0) => return Err(BadEnd::Cut.into()),
                Ok(count) => {
                    filled += count;
                    self.left = self.left.checked_sub(count).ok_or(Stop::No(CaptureError::TooLarge))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_gzip && error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(BadEnd::GzipCut.into());
                }
                Err(error)
                    if is_gzip && matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) =>
                {
                    return Err(BadEnd::GzipDamaged.into());
                }
                Err(error) => return Err(Stop::No(CaptureError::System(error.to_string()))),
            }
        }
        Ok(())
    }

    /// Fills all of `into` in the middle of something: the file must not end.
    pub(super) fn take_more(&mut self, into: &mut [u8]) -> Result<(), Stop> {
        self.take(into).map_err(|stop| match stop {
            Stop::End(None) if !into.is_empty() => BadEnd::Cut.into(),
            stop => stop,
        })
    }

    /// The next `length` bytes into `buffer`.
    pub(super) fn take_into(&mut self, buffer: &mut Vec<u8>, length: usize) -> Result<(), Stop> {
        buffer.clear();
        buffer.resize(length, 0);
        self.take_more(buffer)
    }
}
