//! TLS as opaqueness (RFC 4217 says how FTP uses it, RFC 8446 how a record looks): what crosses the wire cannot be read
//! by whoever only looks at it, such as a firewall's FTP helper.
//!
//! THIS IS NOT CRYPTOGRAPHY. A record has TLS's header, its length and its overhead; its content is the plain text,
//! scrambled with a stream that anybody can compute. The handshake is three flights of about the usual size, with
//! nothing in them; data connections have a shorter one of their own, as if they resumed the session. Not modelled:
//! certificates, keys, alerts.

use bytes::{BufMut, Bytes, BytesMut};
use thiserror::Error;

/// Content types (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;
const HEADER: usize = 5;
/// What an AEAD tag and the inner content type add.
const OVERHEAD: usize = 17;
/// The longest plain text of one record.
const LONGEST: usize = 1 << 14;
/// Sizes in bytes of a second `ClientHello` (with the `ChangeCipherSpec` before it) and of a `HelloRetryRequest`, as
/// recorded between curl and vsftpd, both with OpenSSL 3.
const HELLO_AGAIN: usize = 518;
const RETRY: usize = 94;
/// Usual sizes of a `ClientHello`, of what the server answers, and of the client's Finished.
const HELLO: usize = 512;
const SERVER_FLIGHT: usize = 2900;
const FINISHED: usize = 53;
/// The same for a data connection, where the session is resumed.
const DATA_SERVER_FLIGHT: usize = 263;
const DATA_FINISHED: usize = 69;

/// Bytes that are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("these bytes are no TLS record")]
pub struct NotARecord;

/// What a handshake record says that matters here; its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hello {
    /// A `ClientHello` with a key for curve X25519 only, as OpenSSL sends it.
    X25519 = 1,
    /// A `ClientHello` with a key for curve P-256 too: `GnuTLS`'s, or anybody's second one.
    P256 = 2,
    /// A `HelloRetryRequest` (RFC 8446, section 4.1.4): the server wants a key for another curve.
    Retry = 3,
    /// Anything else.
    Other = 4,
}

/// What arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Plain text of whole records.
    pub plain: Bytes,
    /// The handshake record that was awaited: the peer's hello, or its wish for another.
    pub hello: Option<Hello>,
}

/// One end of a protected control connection.
#[derive(Clone, Debug)]
pub struct TlsChannel {
    /// Direction of what this end sends.
    ours: u8,
    /// Records sent and received.
    sent: u32,
    received: u32,
    /// The peer's hello is still to come.
    awaits_hello: bool,
    /// A record that has not arrived whole.
    begun: BytesMut,
}

impl TlsChannel {
    /// The client's end.
    pub fn client() -> Self {
        Self::new(0)
    }

    /// The server's end.
    pub fn server() -> Self {
        Self::new(1)
    }

    fn new(ours: u8) -> Self {
        Self { ours, sent: 0, received: 0, awaits_hello: true, begun: BytesMut::new() }
    }

    /// The client's first flight.
    pub fn client_hello(offers: Hello) -> Bytes {
        flight(HELLO, offers)
    }

    /// What the server says that takes P-256 only, as vsftpd 3.0.3 does, to a client that has offered no key for it.
    pub fn retry() -> Bytes {
        flight(RETRY, Hello::Retry)
    }

    /// What the client answers to that.
    pub fn client_hello_again() -> Bytes {
        flight(HELLO_AGAIN, Hello::P256)
    }

    /// What the server answers it with.
    pub fn server_hello() -> Bytes {
        flight(SERVER_FLIGHT, Hello::Other)
    }

    /// The client's second flight, which its first command follows.
    pub fn client_finished() -> Bytes {
        flight(FINISHED, Hello::Other)
    }

    /// What the server answers a hello on a data connection with.
    pub fn data_server_hello() -> Bytes {
        flight(DATA_SERVER_FLIGHT, Hello::Other)
    }

    /// The client's second flight on a data connection.
    pub fn data_finished() -> Bytes {
        flight(DATA_FINISHED, Hello::Other)
    }

    /// What OpenSSL says when the other end goes away in the middle of a handshake: `decode_error`, fatal.
    pub const fn alert() -> Bytes {
        Bytes::from_static(&[21, 3, 3, 0, 2, 2, 50])
    }

    /// Whether these bytes, the first of a connection, can be the beginning of a handshake.
    pub fn may_begin(bytes: &[u8]) -> bool {
        bytes.first().is_none_or(|&kind| kind == HANDSHAKE)
    }

    /// The handshake records that have arrived whole on a data connection.
    pub fn handshakes(wire: &[u8]) -> Vec<Hello> {
        let mut begun = BytesMut::from(wire);
        let records = std::iter::from_fn(|| next_record(&mut begun).ok().flatten());
        records.take_while(|(kind, _)| *kind == HANDSHAKE).map(|(_, body)| hello(&body)).collect()
    }

    /// Another hello is awaited.
    pub fn await_hello(&mut self) {
        self.awaits_hello = true;
    }

    /// Whether a segment's bytes look like the beginning of a record. No line of FTP does.
    pub const fn is_record(bytes: &[u8]) -> bool {
        matches!(bytes, [HANDSHAKE | DATA, 3, 3, ..])
    }

    /// Puts plain text into records.
    pub fn seal(&mut self, plain: &[u8]) -> Bytes {
        let mut wire = BytesMut::new();
        for part in plain.chunks(LONGEST) {
            record(&mut wire, part, self.ours, self.sent);
            self.sent = self.sent.wrapping_add(1);
        }
        wire.freeze()
    }

    /// Takes what arrived.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Received, NotARecord> {
        self.begun.extend_from_slice(bytes);
        let mut plain = BytesMut::new();
        let mut awaited = None;
        while let Some((kind, body)) = next_record(&mut self.begun)? {
            if kind == HANDSHAKE {
                if std::mem::take(&mut self.awaits_hello) {
                    awaited = Some(hello(&body));
                }
                continue;
            }
            let text = body.len().checked_sub(OVERHEAD).ok_or(NotARecord)?;
            plain.put(scrambled(&body[..text], 1 - self.ours, self.received).as_slice());
            self.received = self.received.wrapping_add(1);
        }
        Ok(Received { plain: plain.freeze(), hello: awaited })
    }

    /// Puts a whole file into records, for a data connection.
    pub fn seal_file(plain: &[u8]) -> Bytes {
        let mut wire = BytesMut::new();
        for (number, part) in plain.chunks(LONGEST).enumerate() {
            record(&mut wire, part, 2, number as u32);
        }
        wire.freeze()
    }

    /// Reads what came over a data connection after the handshake, up to the last whole record.
    pub fn open_file(wire: &[u8]) -> Bytes {
        let mut begun = BytesMut::from(wire);
        let mut plain = BytesMut::new();
        let mut number = 0;
        while let Ok(Some((kind, body))) = next_record(&mut begun) {
            if kind == HANDSHAKE {
                continue;
            }
            let text = body.len().saturating_sub(OVERHEAD);
            plain.put(scrambled(&body[..text], 2, number).as_slice());
            number += 1;
        }
        plain.freeze()
    }
}

/// The next whole record: its type and its body.
fn next_record(begun: &mut BytesMut) -> Result<Option<(u8, BytesMut)>, NotARecord> {
    let Some(&[kind, major, minor, high, low]) = begun.first_chunk::<HEADER>() else { return Ok(None) };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if !matches!(kind, HANDSHAKE | DATA) || (major, minor) != (3, 3) || len > LONGEST + 256 {
        return Err(NotARecord);
    }
    if begun.len() < HEADER + len {
        return Ok(None);
    }
    let mut whole = begun.split_to(HEADER + len);
    let _ = whole.split_to(HEADER);
    Ok(Some((kind, whole)))
}

fn record(wire: &mut BytesMut, plain: &[u8], direction: u8, number: u32) {
    header(wire, DATA, plain.len() + OVERHEAD);
    wire.put(scrambled(plain, direction, number).as_slice());
    wire.put(scrambled(&[0; OVERHEAD], direction, !number).as_slice());
}

fn hello(body: &[u8]) -> Hello {
    let known = [Hello::X25519, Hello::P256, Hello::Retry];
    known.into_iter().find(|hello| body.first() == Some(&(*hello as u8))).unwrap_or(Hello::Other)
}

fn flight(len: usize, hello: Hello) -> Bytes {
    let mut wire = BytesMut::with_capacity(HEADER + len);
    header(&mut wire, HANDSHAKE, len);
    wire.put_u8(hello as u8);
    wire.put(scrambled(&vec![0; len - 1], 3, len as u32).as_slice());
    wire.freeze()
}

fn header(wire: &mut BytesMut, kind: u8, len: usize) {
    wire.put_slice(&[kind, 3, 3]);
    wire.put_u16(len as u16);
}

/// The text under a stream that depends on direction and number, so that equal lines look different; its own inverse.
/// Bytes have the highest bit set, so that no scrambled text looks like a line.
fn scrambled(text: &[u8], direction: u8, number: u32) -> Vec<u8> {
    // Marsaglia's xorshift.
    let mut state = number.wrapping_mul(4).wrapping_add(u32::from(direction)).wrapping_mul(0x9e37_79b9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        0x80 | state as u8
    };
    text.iter().map(|byte| byte ^ next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_sealed_cannot_be_read_and_is_opened_again() {
        let (mut client, mut server) = (TlsChannel::client(), TlsChannel::server());
        let lines = [b"PORT 192,168,1,10,195,80\r\n".as_slice(), b"PORT 192,168,1,10,195,80\r\n"];
        let wires = lines.map(|line| client.seal(line));
        assert_ne!(wires[0], wires[1]);
        for (line, wire) in lines.iter().zip(&wires) {
            assert_eq!(wire.len(), HEADER + line.len() + OVERHEAD);
            assert!(!wire.windows(4).any(|part| part == b"PORT" || part == b"192,"));
            // One byte at a time is as good as all together.
            let mut plain = Vec::new();
            for byte in wire {
                plain.extend_from_slice(&server.receive(&[*byte]).unwrap().plain);
            }
            assert_eq!(plain, *line);
        }
    }

    #[test]
    fn a_hello_is_seen_once_and_plain_text_is_no_record() {
        let mut server = TlsChannel::server();
        assert!(server.receive(&TlsChannel::client_hello(Hello::X25519)).unwrap().hello == Some(Hello::X25519));
        assert_eq!(server.receive(&TlsChannel::client_finished()).unwrap().hello, None);
        assert_eq!(server.receive(b"USER anonymous\r\n"), Err(NotARecord));
    }

    proptest! {
        #[test]
        fn any_bytes_are_received_without_panic(chunks: Vec<Vec<u8>>) {
            let mut channel = TlsChannel::client();
            for chunk in chunks {
                let _ = channel.receive(&chunk);
                let _ = TlsChannel::open_file(&chunk);
            }
        }

        #[test]
        fn a_file_survives(file in prop::collection::vec(any::<u8>(), 0..40_000)) {
            prop_assert_eq!(TlsChannel::open_file(&TlsChannel::seal_file(&file)), file);
        }
    }
}
