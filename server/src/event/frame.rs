//! An event, encoded once for everybody.

use std::sync::OnceLock;

use arcane_shared::event::EVENT_BYTES_MAX;
use arcane_shared::{ArcaneEvent, DaemonName, Epoch, EventFilter, Seq, SpellName};
use bytes::Bytes;

use super::encoding::Outgoing;

/// The longest header of an unmasked WebSocket frame (RFC 6455, 5.2): 2 bytes and 8 of length.
const WS_HEADER_MAX: usize = 10;
/// FIN and opcode 1.
const WS_TEXT_FINAL: u8 = 0x81;

/// One numbered event and its encodings. Each encoding is made once, when first needed, and shared
/// by every subscriber: server frames are not masked, so the same bytes serve all.
///
/// Beside them it keeps only what filters look at: the event's values would take several times the
/// memory of its bytes.
#[derive(Debug)]
pub struct PreparedFrame {
    spell_name: SpellName,
    daemon_name: Option<DaemonName>,
    success: bool,
    seq: Seq,
    /// When the bus took it, Unix microseconds; never less than the event's before.
    at: i64,
    ws: Bytes,
    json_at: usize,
    deflated: OnceLock<Option<Bytes>>,
    sse: OnceLock<Bytes>,
}

/// An event whose JSON has more than [`EVENT_BYTES_MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event has at most {EVENT_BYTES_MAX} bytes as JSON, this one has {bytes}")]
pub struct TooLarge {
    /// Its size.
    pub bytes: usize,
}

/// What a log keeps beside an event's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its spell.
    pub spell_name: SpellName,
    /// Its daemon.
    pub daemon_name: Option<DaemonName>,
    /// Whether it worked.
    pub success: bool,
    /// Its number in its room.
    pub seq: Seq,
    /// When the bus took it, Unix microseconds.
    pub at: i64,
}

impl PreparedFrame {
    /// Encodes a numbered event. `scratch` is memory to write in.
    ///
    /// # Errors
    /// If it is larger than an event may be.
    pub(crate) fn encode(outgoing: &Outgoing<'_>, at: i64, scratch: &mut Vec<u8>) -> Result<Self, TooLarge> {
        scratch.clear();
        scratch.resize(WS_HEADER_MAX, 0);
        serde_json::to_writer(&mut *scratch, outgoing).expect("an event has string keys and finite numbers");
        let len = scratch.len() - WS_HEADER_MAX;
        if len > EVENT_BYTES_MAX {
            return Err(TooLarge { bytes: len });
        }
        let header = text_header(len);
        let start = WS_HEADER_MAX - header.as_ref().len();
        scratch[start..WS_HEADER_MAX].copy_from_slice(header.as_ref());
        let event = outgoing.event;
        Ok(Self {
            spell_name: event.spell_name,
            daemon_name: event.daemon_name.clone(),
            success: event.success,
            seq: outgoing.seq,
            at,
            ws: Bytes::copy_from_slice(&scratch[start..]),
            json_at: WS_HEADER_MAX - start,
            deflated: OnceLock::new(),
            sse: OnceLock::new(),
        })
    }

    /// An event as a log kept it. `json` is what [`Self::json`] was, to the byte, in pieces.
    #[must_use]
    pub fn logged(of: Logged, json: &[&[u8]]) -> Self {
        let len = json.iter().map(|piece| piece.len()).sum();
        let header = text_header(len);
        let mut ws = Vec::with_capacity(header.as_ref().len() + len);
        ws.extend_from_slice(header.as_ref());
        json.iter().for_each(|piece| ws.extend_from_slice(piece));
        let Logged { spell_name, daemon_name, success, seq, at } = of;
        Self {
            spell_name,
            daemon_name,
            success,
            seq,
            at,
            json_at: header.as_ref().len(),
            ws: ws.into(),
            deflated: OnceLock::new(),
            sse: OnceLock::new(),
        }
    }

    /// The event, read from its bytes.
    #[must_use]
    pub fn event(&self) -> ArcaneEvent {
        serde_json::from_slice(self.json()).expect("what was written as an event can be read as one")
    }

    /// The spell.
    #[must_use]
    pub fn spell_name(&self) -> SpellName {
        self.spell_name
    }

    /// Whether it worked.
    #[must_use]
    pub fn success(&self) -> bool {
        self.success
    }

    /// Whether it passes a filter.
    #[must_use]
    pub fn passes(&self, filter: &EventFilter) -> bool {
        filter.passes(self.spell_name, self.daemon_name.as_ref(), self.success)
    }

    /// Its number in its room.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// When the bus took it: Unix microseconds, never less than the event's before.
    #[must_use]
    pub fn at(&self) -> i64 {
        self.at
    }

    /// Bytes of memory that it takes with the encodings that were made so far.
    pub(crate) fn memory(&self) -> usize {
        /// What an `Arc` and each allocation take beside what is in them.
        const BESIDE: usize = 64;
        let deflated = self.deflated.get().and_then(Option::as_ref).map_or(0, Bytes::len);
        let sse = self.sse.get().map_or(0, Bytes::len);
        size_of::<Self>() + self.ws.len() + deflated + sse + BESIDE
    }

    /// Its daemon.
    #[must_use]
    pub fn daemon_name(&self) -> Option<&DaemonName> {
        self.daemon_name.as_ref()
    }

    /// A whole WebSocket text frame, header included.
    #[must_use]
    pub fn ws(&self) -> &Bytes {
        &self.ws
    }

    /// The frame for readers that agreed on compression, as `deflate` made it the first time; the
    /// plain one where it found that compressing does not help.
    pub(crate) fn deflated(&self, deflate: impl FnOnce(&[u8]) -> Option<Bytes>) -> &Bytes {
        self.deflated.get_or_init(|| deflate(self.json())).as_ref().unwrap_or(&self.ws)
    }

    /// The JSON alone.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.ws[self.json_at..]
    }

    /// The same, shared.
    pub(crate) fn json_bytes(&self) -> Bytes {
        self.ws.slice(self.json_at..)
    }

    /// The same as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(self.json()).expect("JSON that was written is UTF-8")
    }

    /// A whole server-sent event: `id`, `event`, `data` and the empty line.
    pub fn sse(&self, epoch: &Epoch) -> Bytes {
        self.sse
            .get_or_init(|| {
                let mut frame = Vec::new();
                self.write_sse(epoch, &mut frame);
                frame.into()
            })
            .clone()
    }

    /// The same for a reader that shares its frames with nobody.
    pub(crate) fn write_sse(&self, epoch: &Epoch, out: &mut Vec<u8>) {
        let head = format!("id: {epoch}:{}\nevent: {}\ndata: ", self.seq, self.spell_name);
        out.reserve_exact(head.len() + self.json().len() + 2);
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(self.json());
        out.extend_from_slice(b"\n\n");
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
