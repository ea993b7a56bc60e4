//! RFC 6455 frames, server side. Pure: bytes in, messages out; messages in, bytes out.
//!
//! What a client sends is masked and small; what the server sends is not masked and never
//! fragmented. Control frames may come between the fragments of a message. With permessage-deflate
//! (RFC 7692) a message may be compressed as a whole.

mod close;
mod decoder;
mod encode;
mod head;
mod mask;
mod message;

use std::fmt;

use arcane_shared::control::CloseCode;
use bytes::Bytes;

pub use decoder::Decoder;
pub(crate) use encode::text_header;
pub use encode::{close_frame, ping, pong, text};

/// Most bytes of a control frame's payload (RFC 6455, 5.5).
const CONTROL_BYTES_MAX: usize = 125;
const FIN: u8 = 0x80;
/// "Compressed", once permessage-deflate was agreed on.
const RSV1: u8 = 0x40;
const MASKED: u8 = 0x80;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// What a client sent.
#[derive(Clone, PartialEq, Eq)]
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

impl fmt::Debug for Incoming {
    /// A text may hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(len) => write!(f, "Binary({len} bytes)"),
            Self::Ping(payload) => write!(f, "Ping({} bytes)", payload.len()),
            Self::Pong => f.write_str("Pong"),
            Self::Close(code) => write!(f, "Close({code:?})"),
        }
    }
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
    /// A compressed message that cannot be restored.
    #[error("the compressed message is damaged")]
    Damaged,
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
            // 1007 is for data that does not fit the message's type; what cannot be restored fits none.
            Self::NotUtf8 | Self::Damaged => CloseCode::NotUtf8,
            Self::TooLarge(_) => CloseCode::TooLarge,
        }
    }
}

#[cfg(test)]
mod tests;
