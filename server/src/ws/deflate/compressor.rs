//! A message's bytes in, a frame's payload out.

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};

use super::TAIL;
use crate::event::frame::header;

/// FIN, RSV1 for "compressed" (RFC 7692, 6), and opcode 1.
const COMPRESSED_TEXT_FINAL: u8 = 0xC1;
/// Least room for another piece of output. A flush that is given little more than its own marker's
/// bytes writes the marker again.
const ROOM_BYTES_MIN: usize = 64;

/// A compressor with its window and a buffer for what it writes.
#[derive(Debug)]
pub(super) struct Compressor {
    deflate: Compress,
    /// Grows to the largest message that was compressed and an eighth.
    scratch: Vec<u8>,
}

impl Compressor {
    pub(super) fn new(level: u32, window_bits: u8) -> Self {
        let deflate = Compress::new_with_window_bits(Compression::new(level), false, window_bits);
        Self { deflate, scratch: Vec::new() }
    }

    /// Begins a new window: what is compressed next refers to nothing before it.
    pub(super) fn forget(&mut self) {
        self.deflate.reset();
    }

    /// The payload of a compressed message. It may refer to messages since [`Self::forget`].
    pub(super) fn compress(&mut self, message: &[u8]) -> &[u8] {
        self.scratch.clear();
        // What cannot be compressed grows a little.
        self.scratch.reserve(message.len() + message.len() / 8 + ROOM_BYTES_MIN);
        let mut rest = message;
        loop {
            let before = self.deflate.total_in();
            let status = self.deflate.compress_vec(rest, &mut self.scratch, FlushCompress::Sync);
            let taken = usize::try_from(self.deflate.total_in() - before).unwrap_or(rest.len());
            rest = &rest[taken..];
            let room = self.scratch.capacity() - self.scratch.len();
            // No progress means that there is nothing left to flush.
            if room > 0 && rest.is_empty() || !matches!(status, Ok(Status::Ok)) {
                break;
            }
            self.scratch.reserve(ROOM_BYTES_MIN);
        }
        // An empty message has nothing to flush, and a payload of its own (RFC 7692, 7.2.3.6).
        self.scratch.strip_suffix(&TAIL).unwrap_or(&[0])
    }
}

/// A whole frame around a compressed payload.
pub(super) fn frame(payload: &[u8]) -> Bytes {
    let header = header(COMPRESSED_TEXT_FINAL, payload.len());
    let mut frame = Vec::with_capacity(header.as_ref().len() + payload.len());
    frame.extend_from_slice(header.as_ref());
    frame.extend_from_slice(payload);
    frame.into()
}
