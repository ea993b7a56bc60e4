//! permessage-deflate (RFC 7692). Pure: agreed on once, then each message stands for itself.
//!
//! Memory is what makes compression expensive for a server: a window for each connection. Here no
//! connection has one. Clients are asked to compress each message alone, and what goes out is either
//! compressed alone ([`alone`]) or with the window that a whole [`Cohort`] of readers shares.

mod cohort;
mod compressor;
mod inflate;
pub mod negotiation;
#[cfg(test)]
pub(super) mod sample;

use std::cell::RefCell;

use bytes::Bytes;

pub use cohort::{COHORT_EVENTS_MAX, COHORT_WINDOW_MAX, Cohort, CohortFrame};
use compressor::Compressor;
pub use inflate::{INFLATED_BYTES_MAX, InflateError, inflate};

/// Messages of fewer bytes than this hardly get smaller when they are compressed alone.
pub const ALONE_BYTES_MIN: usize = 128;

/// Of messages alone: level 1 leaves 87 % of an event, this one 65 %, and the ones above no less.
const ALONE_LEVEL: u32 = 3;

/// How each message ends before it is sent, and what the other side appends (RFC 7692, 7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

thread_local! {
    static ALONE: RefCell<Compressor> = RefCell::new(Compressor::new(ALONE_LEVEL, negotiation::ALONE_WINDOW_BITS));
}

/// A whole WebSocket text frame for every reader that agreed on compression: compressed without
/// regard to any other message. `None` if that would not make it smaller.
#[must_use]
pub fn alone(json: &[u8]) -> Option<Bytes> {
    if json.len() < ALONE_BYTES_MIN {
        return None;
    }
    ALONE.with_borrow_mut(|compressor| {
        compressor.forget();
        let payload = compressor.compress(json);
        (payload.len() < json.len()).then(|| compressor::frame(payload))
    })
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};
    use proptest::prelude::*;

    use super::*;

    /// The payload of a compressed, final text frame.
    pub(super) fn payload(frame: &[u8]) -> &[u8] {
        assert_eq!(frame[0], 0xC1, "final, compressed, text");
        let (at, len) = match frame[1] {
            126 => (4, usize::from(u16::from_be_bytes([frame[2], frame[3]]))),
            127 => (10, usize::try_from(u64::from_be_bytes(frame[2..10].try_into().unwrap())).unwrap()),
            len => (2, usize::from(len)),
        };
        assert_eq!(frame.len(), at + len);
        &frame[at..]
    }

    /// A client's inflater.
    pub(super) struct Reader(Decompress);

    impl Reader {
        pub(super) fn new() -> Self {
            Self(Decompress::new_with_window_bits(false, negotiation::COHORT_WINDOW_BITS))
        }

        fn with_small_window() -> Self {
            Self(Decompress::new_with_window_bits(false, negotiation::ALONE_WINDOW_BITS))
        }

        /// The message in a compressed frame; `None` if it does not fit what was read before.
        pub(super) fn read(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
            let mut message = Vec::with_capacity(1 << 17);
            for part in [payload(frame), &TAIL] {
                let before = self.0.total_in();
                self.0.decompress_vec(part, &mut message, FlushDecompress::Sync).ok()?;
                assert_eq!(self.0.total_in() - before, part.len() as u64);
            }
            Some(message)
        }
    }

    #[test]
    fn what_would_not_get_smaller_is_not_compressed() {
        assert_eq!(alone(&[b'x'; ALONE_BYTES_MIN - 1]), None);
        assert!(alone(&[b'x'; ALONE_BYTES_MIN]).is_some());
        let mut noise = sample::Dice::new(1);
        let noise: Vec<u8> = (0..1000).map(|_| u8::try_from(noise.roll(256)).unwrap()).collect();
        assert_eq!(alone(&noise), None);
    }

    #[test]
    fn alone_means_in_any_order() {
        let mut reader = Reader::with_small_window();
        let events = sample::events(200);
        for event in events.iter().chain(events.iter().rev().step_by(3)) {
            assert_eq!(reader.read(&alone(event.as_bytes()).unwrap()).unwrap(), event.as_bytes());
            assert_eq!(Reader::new().read(&alone(event.as_bytes()).unwrap()).unwrap(), event.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn any_message_is_restored(
            pattern in proptest::collection::vec(any::<u8>(), 1..300), len in ALONE_BYTES_MIN..70_000,
        ) {
            let message: Vec<u8> = pattern.into_iter().cycle().take(len).collect();
            if let Some(frame) = alone(&message) {
                prop_assert_eq!(Reader::with_small_window().read(&frame).unwrap(), message);
            }
        }
    }
}
