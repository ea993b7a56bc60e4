//! A compressed message, restored within a bound.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};

use super::TAIL;
use super::negotiation::COHORT_WINDOW_BITS;

/// Most bytes that a compressed message may have once restored, whatever is configured: a thousand
/// times as much fits into what is sent.
pub const INFLATED_BYTES_MAX: usize = 1024 * 1024;
/// The tail that the sender left out, and an empty last block: only behind a whole message is it one.
const END: [u8; 6] = [TAIL[0], TAIL[1], TAIL[2], TAIL[3], 0x03, 0x00];
/// Bytes that the output grows by at first, and at least.
const GROW_BYTES_MIN: usize = 512;

/// Why a compressed message cannot be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// It is larger than the bound.
    #[error("the message is too large")]
    TooLarge,
    /// It is no deflate stream, or not a whole one.
    #[error("the compressed message is damaged")]
    Damaged,
}

thread_local! {
    /// No client's messages refer to earlier ones, so one window per thread serves all of them.
    static INFLATER: RefCell<Decompress> =
        RefCell::new(Decompress::new_with_window_bits(false, COHORT_WINDOW_BITS));
}

/// Restores a message that was compressed without regard to earlier ones. Stops as soon as it has
/// more than `bytes_max` bytes.
///
/// # Errors
/// If it is larger than that or than [`INFLATED_BYTES_MAX`], or damaged.
pub fn inflate(compressed: &[u8], bytes_max: usize) -> Result<Vec<u8>, InflateError> {
    if compressed.is_empty() {
        // RFC 7692, 7.2.3.6 wants a zero byte for an empty message; some senders leave that out, too.
        return Ok(Vec::new());
    }
    let bytes_max = bytes_max.min(INFLATED_BYTES_MAX);
    INFLATER.with_borrow_mut(|inflater| {
        inflater.reset(false);
        let mut message = Vec::new();
        let mut rest = compressed;
        // A sender may mark blocks as last ones (RFC 7692, 7.2.3.4); then others may follow.
        while let Some(used) = run(inflater, rest, &mut message, bytes_max)? {
            rest = &rest[used..];
            if rest.is_empty() {
                return Ok(message);
            }
            inflater.reset(false);
        }
        match run(inflater, &END, &mut message, bytes_max)? {
            Some(used) if used == END.len() => Ok(message),
            _ => Err(InflateError::Damaged),
        }
    })
}

/// Inflates all of `input`. Returns how much of it was used if a last block came to its end.
fn run(
    inflater: &mut Decompress,
    input: &[u8],
    message: &mut Vec<u8>,
    bytes_max: usize,
) -> Result<Option<usize>, InflateError> {
    let start = inflater.total_in();
    let mut used = 0;
    loop {
        if message.len() == message.capacity() {
            // One more than allowed shows that there is too much.
            let room = (bytes_max + 1).saturating_sub(message.len());
            message.reserve_exact(room.min(message.len().max(GROW_BYTES_MIN)));
        }
        let status = inflater.decompress_vec(&input[used..], message, FlushDecompress::Sync);
        used = usize::try_from(inflater.total_in() - start).map_err(|_| InflateError::Damaged)?;
        match status {
            _ if message.len() > bytes_max => return Err(InflateError::TooLarge),
            Ok(Status::StreamEnd) => return Ok(Some(used)),
            // A full buffer may hide more output, even without more input.
            Ok(_) if message.len() == message.capacity() => {}
            Ok(_) if used == input.len() => return Ok(None),
            Ok(_) | Err(_) => return Err(InflateError::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};
    use proptest::prelude::*;

    use super::*;

    fn deflate(message: &[u8], flush: FlushCompress) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(message.len() * 2 + 100);
        Compress::new(Compression::default(), false).compress_vec(message, &mut bytes, flush).unwrap();
        bytes
    }

    fn compressed(message: &[u8]) -> Vec<u8> {
        let bytes = deflate(message, FlushCompress::Sync);
        bytes.strip_suffix(&TAIL).unwrap().to_vec()
    }

    #[test]
    fn the_examples_of_the_rfc() {
        for (bytes, message) in [
            (&[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00][..], "Hello"),
            // Stored; a last block and the byte behind it; two blocks; nothing.
            (&[0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00], "Hello"),
            (&[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], "Hello"),
            (&[0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00], "Hello"),
            (&[0x00], ""),
            (&[], ""),
        ] {
            assert_eq!(inflate(bytes, 100).as_deref(), Ok(message.as_bytes()), "{bytes:x?}");
        }
    }

    #[test]
    fn last_blocks_may_follow_each_other() {
        let one = deflate(b"one ", FlushCompress::Finish);
        assert_eq!(inflate(&one, 100).unwrap(), b"one ", "although the byte behind it is missing");
        let bytes = [&one[..], &deflate(b"two ", FlushCompress::Finish), &compressed(b"three")].concat();
        assert_eq!(inflate(&bytes, 100).unwrap(), b"one two three");
    }

    #[test]
    fn what_is_damaged() {
        let whole = compressed(&b"a message of some length, and some length again".repeat(3));
        for bytes in
            [&whole[..whole.len() - 2], &[0xFF], &[0x07, 0x00], &[0xF2, 0x48], &[0x00, 0x05, 0x00, 0xFA]]
        {
            assert_eq!(inflate(bytes, 1000), Err(InflateError::Damaged), "{bytes:x?}");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_bound() {
        for (message_len, bytes_max) in
            [(101, 100), (1 << 24, 65_536), (INFLATED_BYTES_MAX + 1, usize::MAX - 1)]
        {
            assert_eq!(
                inflate(&compressed(&vec![b'x'; message_len]), bytes_max),
                Err(InflateError::TooLarge)
            );
        }
        assert_eq!(inflate(&compressed(&[b'x'; 100]), 100).unwrap().len(), 100);
        assert_eq!(inflate(&compressed(b"x"), 0), Err(InflateError::TooLarge));
    }

    #[test]
    fn a_damaged_message_leaves_nothing_behind() {
        inflate(&[0xFF; 30], 100).unwrap_err();
        assert_eq!(inflate(&compressed(b"Hello"), 100).unwrap(), b"Hello");
    }

    proptest! {
        #[test]
        fn any_message_is_restored(message in proptest::collection::vec(any::<u8>(), 0..5000)) {
            prop_assert_eq!(inflate(&compressed(&message), message.len()).unwrap(), message);
        }

        #[test]
        fn no_bytes_cross_the_bound(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(message) = inflate(&bytes, 300) {
                prop_assert!(message.len() <= 300);
            }
        }
    }
}
