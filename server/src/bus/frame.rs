//! An event, encoded once for everybody.

use std::sync::OnceLock;

use arcane_shared::event::EVENT_BYTES_MAX;
use arcane_shared::{ArcaneEvent, Epoch, Seq};
use bytes::Bytes;

/// The longest header of an unmasked WebSocket frame (RFC 6455, 5.2): 2 bytes and 8 of length.
const WS_HEADER_MAX: usize = 10;
/// FIN and opcode 1.
const WS_TEXT_FINAL: u8 = 0x81;

/// One numbered event and its encodings. Each encoding is made once, when first needed, and shared
/// by every subscriber: server frames are not masked, so the same bytes serve all.
#[derive(Debug)]
pub struct PreparedFrame {
    event: ArcaneEvent,
    seq: Seq,
    ws: Bytes,
    json_at: usize,
    sse: OnceLock<Bytes>,
}

/// An event whose JSON has more than [`EVENT_BYTES_MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event has at most {EVENT_BYTES_MAX} bytes as JSON, this one has {bytes}")]
pub struct TooLarge {
    /// Its size.
    pub bytes: usize,
}

impl PreparedFrame {
    /// Encodes a numbered event.
    ///
    /// # Errors
    /// If it is larger than an event may be.
    pub(crate) fn encode(event: ArcaneEvent, seq: Seq) -> Result<Self, TooLarge> {
        let mut buffer = Vec::with_capacity(768);
        buffer.resize(WS_HEADER_MAX, 0);
        serde_json::to_writer(&mut buffer, &event).expect("an event has string keys and finite numbers");
        let len = buffer.len() - WS_HEADER_MAX;
        if len > EVENT_BYTES_MAX {
            return Err(TooLarge { bytes: len });
        }
        let header = text_header(len);
        let start = WS_HEADER_MAX - header.as_ref().len();
        buffer[start..WS_HEADER_MAX].copy_from_slice(header.as_ref());
        let ws = Bytes::from(buffer).slice(start..);
        Ok(Self { event, seq, json_at: WS_HEADER_MAX - start, ws, sse: OnceLock::new() })
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> &ArcaneEvent {
        &self.event
    }

    /// Its number in its room.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// A whole WebSocket text frame, header included.
    #[must_use]
    pub fn ws(&self) -> Bytes {
        self.ws.clone()
    }

    /// The same without a handle to it.
    pub(crate) fn ws_bytes(&self) -> &[u8] {
        &self.ws
    }

    /// The JSON alone.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.ws[self.json_at..]
    }

    /// A whole server-sent event: `id`, `event`, `data` and the empty line.
    pub fn sse(&self, epoch: &Epoch) -> Bytes {
        self.sse
            .get_or_init(|| {
                let head = format!("id: {epoch}:{}\nevent: {}\ndata: ", self.seq, self.event.spell_name);
                let mut frame = Vec::with_capacity(head.len() + self.json().len() + 2);
                frame.extend_from_slice(head.as_bytes());
                frame.extend_from_slice(self.json());
                frame.extend_from_slice(b"\n\n");
                frame.into()
            })
            .clone()
    }
}

/// The header of an unmasked, unfragmented text frame.
pub(crate) fn text_header(len: usize) -> impl AsRef<[u8]> {
    header(WS_TEXT_FINAL, len)
}

/// The header of an unmasked frame: FIN and opcode as given, then the length.
pub(crate) fn header(first: u8, len: usize) -> impl AsRef<[u8]> {
    let mut header = Header { bytes: [first, 0, 0, 0, 0, 0, 0, 0, 0, 0], len: 0 };
    match len {
        0..=125 => {
            header.bytes[1] = u8::try_from(len).unwrap_or(0);
            header.len = 2;
        }
        126..=0xFFFF => {
            header.bytes[1] = 126;
            header.bytes[2..4].copy_from_slice(&u16::try_from(len).unwrap_or(0).to_be_bytes());
            header.len = 4;
        }
        _ => {
            header.bytes[1] = 127;
            header.bytes[2..10].copy_from_slice(&(len as u64).to_be_bytes());
            header.len = 10;
        }
    }
    header
}

struct Header {
    bytes: [u8; WS_HEADER_MAX],
    len: usize,
}

impl AsRef<[u8]> for Header {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn the_three_lengths() {
        assert_eq!(header(0x81, 125).as_ref(), [0x81, 125]);
        assert_eq!(header(0x81, 126).as_ref(), [0x81, 126, 0, 126]);
        assert_eq!(header(0x81, 65_535).as_ref(), [0x81, 126, 0xFF, 0xFF]);
        assert_eq!(header(0x81, 65_536).as_ref(), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
