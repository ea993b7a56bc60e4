//! Frames that the server sends.

use bytes::Bytes;

use super::{CLOSE, CONTROL_BYTES_MAX, FIN, PING, PONG, TEXT};
use crate::bus::frame::header;

/// An unmasked text frame.
#[must_use]
pub fn text(message: &str) -> Bytes {
    frame(FIN | TEXT, message.as_bytes())
}

/// The header of an unmasked text frame whose payload follows.
pub(crate) fn text_header(len: usize) -> Bytes {
    Bytes::copy_from_slice(header(FIN | TEXT, len).as_ref())
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
    use super::*;

    #[test]
    fn a_close_reason_fits_its_frame() {
        let frame = close_frame(4400, &"é".repeat(100));
        assert_eq!(frame.len(), 2 + 2 + 122);
    }
}
