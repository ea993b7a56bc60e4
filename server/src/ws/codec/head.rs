//! The head of a client's frame (RFC 6455, 5.2), and what can be said about it alone.

use super::mask::Mask;
use super::{
    BINARY, CLOSE, CONTINUATION, CONTROL_BYTES_MAX, FIN, FrameError, MASKED, PING, PONG, RSV1, TEXT,
};

const RSV: u8 = 0x70;

/// A frame's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) fin: bool,
    pub(super) compressed: bool,
    pub(super) opcode: u8,
    pub(super) payload_len: u64,
    pub(super) mask: Mask,
    /// Bytes of the head itself.
    pub(super) len: usize,
}

impl Head {
    /// Reads a head; `None` until all of it has come. What its first two bytes and its length forbid
    /// is refused before the rest has come.
    pub(super) fn read(bytes: &[u8], deflate: bool) -> Result<Option<Self>, FrameError> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let (fin, compressed, opcode) = (first & FIN != 0, first & RSV1 != 0, first & 0x0F);
        check(first & RSV, opcode, deflate)?;
        if second & MASKED == 0 {
            return Err(FrameError::Protocol("a client's frame must be masked"));
        }
        let short_len = second & !MASKED;
        if opcode >= CLOSE {
            if !fin {
                return Err(FrameError::Protocol("a control frame must not be fragmented"));
            }
            if usize::from(short_len) > CONTROL_BYTES_MAX {
                return Err(FrameError::Protocol("a control frame has at most 125 bytes"));
            }
        }
        let (len_bytes, payload_len) = match short_len {
            126 => match rest.first_chunk::<2>() {
                Some(bytes) => (2, u64::from(u16::from_be_bytes(*bytes))),
                None => return Ok(None),
            },
            127 => match rest.first_chunk::<8>() {
                Some(bytes) => (8, u64::from_be_bytes(*bytes)),
                None => return Ok(None),
            },
            len => (0, u64::from(len)),
        };
        if payload_len > i64::MAX as u64 {
            return Err(FrameError::Protocol("the highest bit of a length must not be set"));
        }
        let Some(key) = rest[len_bytes..].first_chunk::<4>() else { return Ok(None) };
        let (mask, len) = (Mask::new(*key), 2 + len_bytes + 4);
        Ok(Some(Self { fin, compressed, opcode, payload_len, mask, len }))
    }
}

fn check(reserved: u8, opcode: u8, deflate: bool) -> Result<(), FrameError> {
    if !matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG) {
        return Err(FrameError::Protocol("unknown opcode"));
    }
    match reserved {
        0 => Ok(()),
        RSV1 if deflate && matches!(opcode, TEXT | BINARY) => Ok(()),
        RSV1 if deflate => {
            Err(FrameError::Protocol("only the first frame of a message says that it is compressed"))
        }
        _ => Err(FrameError::Protocol("reserved bits are set but no extension was agreed on")),
    }
}
