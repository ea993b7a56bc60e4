//! A client that makes its frames by hand, and cases for the decoder and the real server alike.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this")]

pub mod reader;
pub mod realm;
pub mod utf8;

use std::time::Duration;

use arcane_server::ws::codec::{Decoder, Incoming};
use bytes::BytesMut;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TestServer;

/// Nothing that a case waits for takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(20);

pub const FIN: u8 = 0x80;
pub const RSV1: u8 = 0x40;
pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// What comes of what a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A control message arrived whole and was answered.
    Answered,
    /// A message arrived whole and could not be used, for this reason.
    Refused(&'static str),
    /// A ping was answered with its payload.
    Pong(Vec<u8>),
    /// The connection ended with this code.
    Closed(u16),
}

/// A case's number in the Autobahn test suite, what is sent at once each, and what comes of it.
pub struct Case {
    pub number: String,
    pub sends: Vec<Vec<u8>>,
    pub expected: Vec<Seen>,
}

pub fn case(number: &str, sends: Vec<Vec<u8>>, expected: &[Seen]) -> Case {
    Case { number: number.into(), sends, expected: expected.to_vec() }
}

/// A masked frame.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(len @ 0..126) => frame.push(0x80 | len.to_be_bytes()[1]),
        Ok(len) => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&len.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A control message of exactly this many bytes that is answered.
pub fn ask(len: usize) -> Vec<u8> {
    let mut message = br#"{"type":"ping","t0":1}"#.to_vec();
    assert!(message.len() <= len, "a ping has {} bytes", message.len());
    message.resize(len, b' ');
    message
}

/// A message in fragments of this many bytes.
pub fn fragments(first: u8, message: &[u8], size: usize) -> Vec<u8> {
    let last = message.chunks(size).count() - 1;
    let fragment = |(i, chunk)| {
        let bits = if i == last { FIN } else { 0 } | if i == 0 { first } else { CONTINUATION };
        frame(bits, chunk)
    };
    message.chunks(size).enumerate().flat_map(fragment).collect()
}

/// The bytes in pieces that are sent one by one.
pub fn chopped(bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
    bytes.chunks(size).map(<[u8]>::to_vec).collect()
}

pub fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// What the decoder alone makes of a stream that comes in pieces.
pub fn decoded(mut decoder: Decoder, sends: &[Vec<u8>], piece: usize) -> Vec<Seen> {
    let (mut buffer, mut seen) = (BytesMut::new(), Vec::new());
    for chunk in sends.iter().flat_map(|send| send.chunks(piece)) {
        buffer.extend_from_slice(chunk);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(None) => break,
                Ok(Some(Incoming::Text(text))) if text.trim_end().ends_with(r#""t0":1}"#) => {
                    seen.push(Seen::Answered);
                }
                Ok(Some(Incoming::Text(_))) => seen.push(Seen::Refused("bad_message")),
                Ok(Some(Incoming::Binary(_))) => seen.push(Seen::Refused("binary_message")),
                Ok(Some(Incoming::Ping(payload))) => seen.push(Seen::Pong(payload.to_vec())),
                Ok(Some(Incoming::Pong)) => {}
                Ok(Some(Incoming::Close(code))) => seen.push(Seen::Closed(code.unwrap_or(1000))),
                Err(error) => {
                    seen.push(Seen::Closed(error.close_code().code()));
                    return seen;
                }
            }
        }
    }
    seen
}

/// Runs a case against the decoder, cut in several ways.
pub fn check_decoder(case: &Case, decoder: impl Fn() -> Decoder) {
    for piece in [usize::MAX, 1, 3, 1000] {
        assert_eq!(decoded(decoder(), &case.sends, piece), case.expected, "{} in {piece}", case.number);
    }
}

/// Runs a case against the decoder and a server that has a connection for it alone.
pub async fn check(server: &TestServer, case: &Case) {
    check_decoder(case, || Decoder::new(server_bytes_max()));
    let mut wire = Wire::open(server).await;
    for bytes in &case.sends {
        wire.send(bytes).await;
    }
    let mut expected = case.expected.clone();
    if !matches!(expected.last(), Some(Seen::Closed(_))) {
        wire.send(&close(1000, b"")).await;
        expected.push(Seen::Closed(1000));
    }
    assert_eq!(wire.rest().await, expected, "{}", case.number);
}

/// The largest message of the servers in these tests.
pub fn server_bytes_max() -> usize {
    20 * 1024 * 1024
}

/// A WebSocket of which one sees the bytes.
pub struct Wire {
    stream: TcpStream,
    inbox: BytesMut,
}

impl Wire {
    /// Shakes hands and reads the greeting.
    pub async fn open(server: &TestServer) -> Self {
        let (mut wire, _) = Self::shake_hands(server.raw().await, "recent=0", None).await;
        let (first, _) = wire.frame().await.unwrap();
        assert_eq!(first, FIN | TEXT, "the greeting");
        wire
    }

    /// Shakes hands, with an offer of extensions if there is one. Returns also which were accepted.
    pub async fn shake_hands(stream: TcpStream, query: &str, offer: Option<&str>) -> (Self, Option<String>) {
        let mut wire = Self { stream, inbox: BytesMut::new() };
        wire.stream.set_nodelay(true).unwrap();
        let offer = offer.map_or_else(String::new, |offer| format!("Sec-WebSocket-Extensions: {offer}\r\n"));
        let request = format!(
            "GET /ws/events?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n"
        );
        wire.send(request.as_bytes()).await;
        let end = loop {
            if let Some(at) = wire.inbox.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(wire.more().await, "an answer");
        };
        let head = String::from_utf8(wire.inbox.split_to(end).to_vec()).unwrap();
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        let accepted = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("sec-websocket-extensions").then(|| value.to_owned())
        });
        (wire, accepted)
    }

    /// Sends bytes. The server may have closed the connection meanwhile; what it said still counts.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// What is seen next; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<Seen> {
        loop {
            let (first, payload) = self.frame().await?;
            return Some(match first & 0x0F {
                PING => continue,
                PONG => Seen::Pong(payload),
                CLOSE => Seen::Closed(u16::from_be_bytes([payload[0], payload[1]])),
                _ => {
                    let message: Value = serde_json::from_slice(&payload).unwrap();
                    match (message["type"].as_str(), message["code"].as_str()) {
                        (Some("pong"), _) => Seen::Answered,
                        (_, Some("bad_message")) => Seen::Refused("bad_message"),
                        (_, Some("binary_message")) => Seen::Refused("binary_message"),
                        _ => panic!("unexpected: {message}"),
                    }
                }
            });
        }
    }

    /// All that is seen until the connection ends.
    pub async fn rest(&mut self) -> Vec<Seen> {
        let mut seen = Vec::new();
        while let Some(next) = self.next().await {
            seen.push(next);
        }
        seen
    }

    /// The next frame's first byte and payload.
    pub async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((first, head, len)) = head(&self.inbox)
                && self.inbox.len() >= head + len
            {
                return Some((first, self.inbox.split_to(head + len)[head..].to_vec()));
            }
            if !self.more().await {
                assert!(self.inbox.is_empty(), "the connection ended within a frame");
                return None;
            }
        }
    }

    async fn more(&mut self) -> bool {
        let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.inbox));
        read.await.expect("something in time").is_ok_and(|n| n > 0)
    }
}

/// First byte, length of the head and of the payload.
fn head(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let [first, second, rest @ ..] = bytes else { return None };
    match second {
        126 => Some((*first, 4, usize::from(u16::from_be_bytes(*rest.first_chunk()?)))),
        127 => Some((*first, 10, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).unwrap())),
        len => Some((*first, 2, usize::from(*len))),
    }
}
