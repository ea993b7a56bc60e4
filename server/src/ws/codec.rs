//! RFC 6455 frames, server side. Pure: bytes in, messages out; messages in, bytes out.
//!
//! What a client sends is masked and small; what the server sends is not masked and never
//! fragmented. Control frames may come between the fragments of a message.

use arcane_shared::control::CloseCode;
use bytes::{Buf, Bytes, BytesMut};

use crate::bus::frame::header;

/// Most bytes of a control frame's payload (RFC 6455, 5.5).
const CONTROL_BYTES_MAX: usize = 125;
const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// What a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A whole text message.
    Text(String),
    /// A whole binary message, of which only the size is told.
    Binary(usize),
    /// A ping with its payload.
    Ping(Bytes),
    /// A pong.
    Pong,
    /// A close frame with its code, if it had one.
    Close(Option<u16>),
}

/// A frame that ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// RFC 6455 does not allow it.
    #[error("{0}")]
    Protocol(&'static str),
    /// A text message or close reason that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A message above the bound.
    #[error("a message has at most {0} bytes")]
    TooLarge(usize),
}

impl FrameError {
    /// The code to close with.
    #[must_use]
    pub fn close_code(self) -> CloseCode {
        match self {
            Self::Protocol(_) => CloseCode::Protocol,
            Self::NotUtf8 => CloseCode::NotUtf8,
            Self::TooLarge(_) => CloseCode::TooLarge,
        }
    }
}

/// Takes frames apart and puts messages together.
#[derive(Debug)]
pub struct Decoder {
    message_bytes_max: usize,
    /// The opcode and the fragments so far of a message that is not complete.
    partial: Option<(u8, Vec<u8>)>,
}

struct Head {
    fin: bool,
    opcode: u8,
    mask: [u8; 4],
    head_len: usize,
    payload_len: usize,
}

impl Decoder {
    /// A decoder for messages of at most `message_bytes_max` bytes.
    #[must_use]
    pub fn new(message_bytes_max: usize) -> Self {
        Self { message_bytes_max, partial: None }
    }

    /// Takes the next message out of `buffer`; `None` until more bytes have come. The buffer never
    /// needs to hold more than one frame: a head above the bound is refused before its payload.
    ///
    /// # Errors
    /// If the bytes are not allowed; the connection has to be closed.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Incoming>, FrameError> {
        loop {
            let Some(head) = self.head(buffer)? else { return Ok(None) };
            if buffer.len() < head.head_len + head.payload_len {
                return Ok(None);
            }
            buffer.advance(head.head_len);
            let mut payload = buffer.split_to(head.payload_len);
            unmask(&mut payload, head.mask);
            if let Some(incoming) = self.accept(head.opcode, head.fin, &payload)? {
                return Ok(Some(incoming));
            }
        }
    }

    fn head(&self, buffer: &[u8]) -> Result<Option<Head>, FrameError> {
        let [first, second, rest @ ..] = buffer else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(FrameError::Protocol("reserved bits are set but no extension was agreed on"));
        }
        let (fin, opcode) = (first & FIN != 0, first & 0x0F);
        if second & MASKED == 0 {
            return Err(FrameError::Protocol("a client's frame must be masked"));
        }
        let (len_bytes, payload_len) = match second & 0x7F {
            126 => match rest {
                [a, b, ..] => (2, u64::from(u16::from_be_bytes([*a, *b]))),
                _ => return Ok(None),
            },
            127 => match rest.first_chunk::<8>() {
                Some(bytes) => (8, u64::from_be_bytes(*bytes)),
                None => return Ok(None),
            },
            len => (0, u64::from(len)),
        };
        self.check(fin, opcode, payload_len)?;
        let Some(mask) = rest.get(len_bytes..).and_then(<[u8]>::first_chunk::<4>) else { return Ok(None) };
        let payload_len =
            usize::try_from(payload_len).map_err(|_| FrameError::TooLarge(self.message_bytes_max))?;
        Ok(Some(Head { fin, opcode, mask: *mask, head_len: 2 + len_bytes + 4, payload_len }))
    }

    fn check(&self, fin: bool, opcode: u8, payload_len: u64) -> Result<(), FrameError> {
        match opcode {
            CLOSE | PING | PONG => {
                if !fin {
                    return Err(FrameError::Protocol("a control frame must not be fragmented"));
                }
                if payload_len > CONTROL_BYTES_MAX as u64 {
                    return Err(FrameError::Protocol("a control frame has at most 125 bytes"));
                }
                return Ok(());
            }
            CONTINUATION if self.partial.is_none() => {
                return Err(FrameError::Protocol("there is no message to continue"));
            }
            TEXT | BINARY if self.partial.is_some() => {
                return Err(FrameError::Protocol("the message before is not complete"));
            }
            CONTINUATION | TEXT | BINARY => {}
            _ => return Err(FrameError::Protocol("unknown opcode")),
        }
        let so_far = self.partial.as_ref().map_or(0, |(_, bytes)| bytes.len()) as u64;
        if so_far.saturating_add(payload_len) > self.message_bytes_max as u64 {
            return Err(FrameError::TooLarge(self.message_bytes_max));
        }
        Ok(())
    }

    fn accept(&mut self, opcode: u8, fin: bool, payload: &[u8]) -> Result<Option<Incoming>, FrameError> {
        match opcode {
            PING => Ok(Some(Incoming::Ping(Bytes::copy_from_slice(payload)))),
            PONG => Ok(Some(Incoming::Pong)),
            CLOSE => close(payload).map(Some),
            _ => {
                let (kind, mut message) = self.partial.take().unwrap_or((opcode, Vec::new()));
                message.extend_from_slice(payload);
                if !fin {
                    self.partial = Some((kind, message));
                    return Ok(None);
                }
                if kind == BINARY {
                    return Ok(Some(Incoming::Binary(message.len())));
                }
                let text = String::from_utf8(message).map_err(|_| FrameError::NotUtf8)?;
                Ok(Some(Incoming::Text(text)))
            }
        }
    }
}

fn close(payload: &[u8]) -> Result<Incoming, FrameError> {
    let code = match payload {
        [] => return Ok(Incoming::Close(None)),
        [_] => return Err(FrameError::Protocol("a close frame has no payload or a code of two bytes")),
        [a, b, reason @ ..] => {
            std::str::from_utf8(reason).map_err(|_| FrameError::NotUtf8)?;
            u16::from_be_bytes([*a, *b])
        }
    };
    // RFC 6455, 7.4: below 1000 nothing, and what must not be sent, or is not assigned.
    let allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    if !allowed {
        return Err(FrameError::Protocol("the close code must not be used"));
    }
    Ok(Incoming::Close(Some(code)))
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    for (byte, key) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

/// An unmasked text frame.
#[must_use]
pub fn text(message: &str) -> Bytes {
    frame(FIN | TEXT, message.as_bytes())
}

/// An unmasked ping frame without payload.
#[must_use]
pub fn ping() -> Bytes {
    frame(FIN | PING, &[])
}

/// The answer to a ping.
#[must_use]
pub fn pong(payload: &[u8]) -> Bytes {
    frame(FIN | PONG, payload)
}

/// A close frame. The reason is cut to what a control frame holds.
#[must_use]
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    let mut end = reason.len().min(CONTROL_BYTES_MAX - 2);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    frame(FIN | CLOSE, &payload)
}

fn frame(first: u8, payload: &[u8]) -> Bytes {
    let header = header(first, payload.len());
    let mut frame = Vec::with_capacity(header.as_ref().len() + payload.len());
    frame.extend_from_slice(header.as_ref());
    frame.extend_from_slice(payload);
    frame.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = header(first, payload.len()).as_ref().to_vec();
        bytes[1] |= MASKED;
        bytes.extend_from_slice(&MASK);
        let start = bytes.len();
        bytes.extend_from_slice(payload);
        unmask(&mut bytes[start..], MASK);
        bytes
    }

    fn decode_all(bytes: &[u8], max: usize) -> Result<Vec<Incoming>, FrameError> {
        let (mut decoder, mut buffer) = (Decoder::new(max), BytesMut::from(bytes));
        let mut messages = Vec::new();
        while let Some(message) = decoder.decode(&mut buffer)? {
            messages.push(message);
        }
        Ok(messages)
    }

    #[test]
    fn a_control_frame_between_fragments() {
        let bytes =
            [masked(TEXT, b"ar"), masked(FIN | PING, b"?"), masked(FIN | CONTINUATION, b"cane")].concat();
        assert_eq!(
            decode_all(&bytes, 100).unwrap(),
            [Incoming::Ping(Bytes::from_static(b"?")), Incoming::Text("arcane".into())]
        );
    }

    #[test]
    fn what_the_protocol_forbids() {
        let check = |bytes: &[u8], code: u16| {
            assert_eq!(decode_all(bytes, 10).unwrap_err().close_code().code(), code, "{bytes:?}");
        };
        check(&[FIN | TEXT, 1, b'x'], 1002);
        check(&masked(FIN | 0x40 | TEXT, b"x"), 1002);
        check(&masked(FIN | 0x3, b"x"), 1002);
        check(&masked(FIN | CONTINUATION, b"x"), 1002);
        check(&[masked(TEXT, b"x"), masked(FIN | TEXT, b"y")].concat(), 1002);
        check(&masked(PING, b"x"), 1002);
        check(&masked(FIN | PING, &[0; 126]), 1002);
        check(&masked(FIN | CLOSE, &[3]), 1002);
        check(&masked(FIN | CLOSE, &1005_u16.to_be_bytes()), 1002);
        check(&masked(FIN | TEXT, &[0xC3, 0x28]), 1007);
        check(&masked(FIN | TEXT, &[b'x'; 11]), 4413);
        check(&[masked(TEXT, b"123456"), masked(FIN | CONTINUATION, b"78901")].concat(), 4413);
        check(&[FIN | TEXT, MASKED | 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 4413);
    }

    #[test]
    fn a_close_reason_fits_its_frame() {
        let frame = close_frame(4400, &"é".repeat(100));
        assert_eq!(frame.len(), 2 + 2 + 122);
    }

    proptest! {
        #[test]
        fn any_cut_of_the_stream_gives_the_same_messages(
            texts in proptest::collection::vec(".{0,300}", 1..6), cut in 1_usize..40,
        ) {
            let bytes: Vec<u8> = texts.iter().flat_map(|text| masked(FIN | TEXT, text.as_bytes())).collect();
            let (mut decoder, mut buffer) = (Decoder::new(10_000), BytesMut::new());
            let mut messages = Vec::new();
            for chunk in bytes.chunks(cut) {
                buffer.extend_from_slice(chunk);
                while let Some(message) = decoder.decode(&mut buffer).unwrap() {
                    messages.push(message);
                }
            }
            prop_assert_eq!(messages, texts.into_iter().map(Incoming::Text).collect::<Vec<_>>());
            prop_assert!(buffer.is_empty());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode_all(&bytes, 100);
        }
    }
}
