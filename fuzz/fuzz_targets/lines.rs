//! What comes over a control connection: lines in pieces, commands, replies, the texts of PORT, EPRT, 227 and 229, TLS
//! records, and the same bytes as a firewall's helper hears them.
#![no_main]

use bytes::Bytes;
use ftpscope::endpoint_text::{format_eprt, format_host_port, parse_eprt, parse_epsv_reply, parse_host_port, parse_pasv_reply};
use ftpscope::firewall::{Direction, announcement};
use ftpscope::ftp::{Command, LineSplitter, MAX_LINE, ReplyReader, TlsChannel};
use libfuzzer_sys::fuzz_target;
use std::net::SocketAddr;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let pieces = || bytes.chunks(usize::from(size) + 1).map(Bytes::copy_from_slice);

    // However the bytes are cut, the lines are the same.
    let lines = |pieces: &mut dyn Iterator<Item = Bytes>| {
        let (mut splitter, mut lines) = (LineSplitter::default(), Vec::new());
        for piece in pieces {
            splitter.push(piece);
            lines.extend(std::iter::from_fn(|| splitter.next_line()));
        }
        lines
    };
    let cut = lines(&mut pieces());
    assert_eq!(cut, lines(&mut std::iter::once(Bytes::copy_from_slice(bytes))));
    assert!(cut.iter().flatten().all(|line| line.len() < MAX_LINE && !line.contains(&b'\n')));

    let mut replies = ReplyReader::default();
    for piece in pieces() {
        replies.push(piece);
        while let Some(reply) = replies.next_reply() {
            let Ok(reply) = reply else { continue };
            // What is sent again is read as the same code.
            let mut again = ReplyReader::default();
            again.push(reply.to_bytes());
            assert_eq!(again.next_reply().and_then(Result::ok).map(|again| again.code), Some(reply.code));
        }
    }
    for line in cut.into_iter().flatten() {
        let command = Command::parse(&line);
        let sent = command.to_bytes();
        assert_eq!(sent.iter().filter(|byte| **byte == b'\n').count(), 1);
        addresses(&command.argument);
    }
    addresses(&String::from_utf8_lossy(bytes));
    for direction in [Direction::Original, Direction::Reply] {
        for v4 in [true, false] {
            if let Some(heard) = announcement(direction, bytes, v4) {
                assert!(bytes.get(heard.span.clone()).is_some_and(|text| !text.is_empty()), "{heard:?}");
            }
        }
    }
    let mut tls = TlsChannel::server();
    for piece in pieces() {
        if tls.receive(&piece).is_err() {
            break;
        }
    }
    let _ = (TlsChannel::handshakes(bytes), TlsChannel::open_file(bytes));
    let sealed = TlsChannel::seal_file(bytes);
    assert_eq!(TlsChannel::open_file(&sealed), bytes);
});

/// What is written from an address that was read is read as the same.
fn addresses(text: &str) {
    if let Some(address) = parse_host_port(text) {
        assert_eq!(parse_host_port(&format_host_port(address)), Some(address));
    }
    if let Ok(address) = parse_eprt(text) {
        // (The scope of a link-local address is not announced.)
        let plain = SocketAddr::new(address.ip(), address.port());
        assert_eq!(parse_eprt(&format_eprt(plain)), Ok(plain));
    }
    let _ = (parse_pasv_reply(text), parse_epsv_reply(text));
}
