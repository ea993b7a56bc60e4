//! Frames that the server sends.

use std::borrow::Cow;

use bytes::Bytes;

use super::{CLOSE, CONTROL_BYTES_MAX, FIN, PING, PONG, TEXT};
use crate::event::frame::header;

/// Where a text goes on that had no place.
const CUT: char = '…';

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

/// A close frame. A reason that is longer than a control frame holds ends with its last whole word, and "…".
#[must_use]
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(shortened(reason, CONTROL_BYTES_MAX - payload.len()).as_bytes());
    frame(FIN | CLOSE, &payload)
}

fn shortened(text: &str, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max {
        return text.into();
    }
    let held = &text[..text.floor_char_boundary(bytes_max - CUT.len_utf8())];
    // A word may end just here. Without a break there is nothing to save.
    let is_whole = text[held.len()..].starts_with(char::is_whitespace);
    let end = if is_whole { held.len() } else { held.rfind(char::is_whitespace).unwrap_or(held.len()) };
    format!("{}{CUT}", held[..end].trim_end()).into()
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
        assert_eq!(frame.len(), 2 + 2 + 120 + 3);
        for (text, cut) in [
            ("as long as it may be", "as long as it may be"),
            ("three words are too many", "three words are…"),
            ("three words, and many more", "three words, and…"),
            ("oneverylongwordthatdoesnotfit", "oneverylongwordth…"),
            ("ééééééééééééé", "éééééééé…"),
        ] {
            assert_eq!(shortened(text, 20), cut);
        }
    }
}
