//! The codec and its compression as an echo server, for the Autobahn test suite. Start it with
//! `cargo run --package arcane-server --example echo`; then, with `pip2 install autobahntestsuite`,
//! `wstest --mode fuzzingclient --spec spec.json` where the spec names ws://127.0.0.1:9001.
//!
//! Whatever was agreed on is used: every answer is compressed, with the window of a cohort where the
//! client keeps one.

use std::time::Instant;

use anyhow::{Result, ensure};
use arcane_server::ws::codec::{self, Decoder, Incoming};
use arcane_server::ws::deflate::negotiation::{Agreed, negotiate};
use arcane_server::ws::deflate::{Cohort, alone, inflate};
use axum::http::HeaderMap;
use axum::http::header::{HeaderName, SEC_WEBSOCKET_KEY};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes, BytesMut};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Final frames: text and binary, plain and compressed.
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;

#[tokio::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:9001").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A client that breaks off is no reason to stop.
        tokio::spawn(serve(stream));
    }
}

async fn serve(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut inbox = BytesMut::new();
    let agreed = shake_hands(&mut stream, &mut inbox).await?;
    let mut binaries = Binaries { compressed: agreed.is_some(), ..Binaries::default() };
    binaries.inbox.extend_from_slice(&inbox);
    let mut decoder = match agreed {
        Some(_) => Decoder::with_deflate(MESSAGE_BYTES_MAX),
        None => Decoder::new(MESSAGE_BYTES_MAX),
    };
    let mut echo = Echo { cohort: Cohort::new(), agreed };
    loop {
        loop {
            let (answer, last) = match decoder.decode(&mut inbox) {
                Ok(None) => break,
                Ok(Some(Incoming::Text(text))) => (echo.frame(text.as_bytes(), TEXT), false),
                Ok(Some(Incoming::Binary(len))) => (echo.frame(&binaries.next(len)?, BINARY), false),
                Ok(Some(Incoming::Ping(payload))) => (codec::pong(&payload), false),
                Ok(Some(Incoming::Pong)) => continue,
                Ok(Some(Incoming::Close(code))) => (codec::close_frame(code.unwrap_or(1000), ""), true),
                Err(error) => (codec::close_frame(error.close_code().code(), &error.to_string()), true),
            };
            stream.write_all(&answer).await?;
            if last {
                stream.shutdown().await?;
                while stream.read_buf(&mut inbox).await? > 0 {
                    inbox.clear();
                }
                return Ok(());
            }
        }
        let known = inbox.len();
        ensure!(stream.read_buf(&mut inbox).await? > 0, "the client went away");
        binaries.inbox.extend_from_slice(&inbox[known..]);
    }
}

async fn shake_hands(stream: &mut TcpStream, inbox: &mut BytesMut) -> Result<Option<Agreed>> {
    let end = loop {
        if let Some(at) = inbox.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        ensure!(stream.read_buf(inbox).await? > 0, "no handshake");
    };
    let head = String::from_utf8(inbox.split_to(end).to_vec())?;
    let headers: HeaderMap = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.trim().parse().ok()?)))
        .collect();
    let mut digest = Sha1::new();
    digest.update(headers.get(SEC_WEBSOCKET_KEY).map_or(&b""[..], |key| key.as_bytes()));
    digest.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(digest.finalize());
    let agreed = negotiate(&headers);
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
    );
    if let Some(Agreed { response, .. }) = &agreed {
        answer.push_str(&format!("Sec-WebSocket-Extensions: {}\r\n", response.to_str()?));
    }
    stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    Ok(agreed)
}

struct Echo {
    agreed: Option<Agreed>,
    cohort: Cohort,
}

impl Echo {
    /// The message as a frame with this opcode, as small as may be.
    fn frame(&mut self, message: &[u8], first: u8) -> Bytes {
        let compressed = match &self.agreed {
            Some(Agreed { context_takeover: true, .. }) => {
                self.cohort.make_room();
                Some(self.cohort.frame(message, Instant::now()).bytes)
            }
            Some(_) => alone(message),
            None => None,
        };
        let mut frame = match compressed {
            Some(frame) => frame.to_vec(),
            None => plain(message),
        };
        frame[0] = first | frame[0] & 0x40;
        frame.into()
    }
}

fn plain(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![TEXT];
    match u16::try_from(message.len()) {
        Ok(len @ 0..126) => frame.extend_from_slice(&len.to_be_bytes()[1..]),
        Ok(len) => {
            frame.push(126);
            frame.extend_from_slice(&len.to_be_bytes());
        }
        Err(_) => {
            frame.push(127);
            frame.extend_from_slice(&(message.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(message);
    frame
}

/// The contents of binary messages, which the codec only counts. Reads what it has found to be right
/// once more, in the plainest way.
#[derive(Default)]
struct Binaries {
    compressed: bool,
    inbox: BytesMut,
    message: Vec<u8>,
    is_compressed: bool,
    is_binary: bool,
}

impl Binaries {
    fn next(&mut self, len: usize) -> Result<Vec<u8>> {
        loop {
            let (first, short) = (self.inbox.get_u8(), self.inbox.get_u8() & 0x7F);
            let payload_len = match short {
                126 => u64::from(self.inbox.get_u16()),
                127 => self.inbox.get_u64(),
                short => u64::from(short),
            };
            let key = self.inbox.get_u32().to_be_bytes();
            let mut payload = self.inbox.split_to(usize::try_from(payload_len)?);
            if first & 0x0F >= 8 {
                continue;
            }
            for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
                *byte ^= key;
            }
            if first & 0x0F > 0 {
                self.message.clear();
                self.is_compressed = self.compressed && first & 0x40 != 0;
                self.is_binary = first & 0x0F == 2;
            }
            self.message.extend_from_slice(&payload);
            if first & 0x80 != 0 && self.is_binary {
                let message = std::mem::take(&mut self.message);
                let message =
                    if self.is_compressed { inflate(&message, MESSAGE_BYTES_MAX)? } else { message };
                ensure!(message.len() == len, "{} bytes were counted as {len}", message.len());
                return Ok(message);
            }
        }
    }
}
