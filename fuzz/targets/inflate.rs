//! Any bytes as a compressed message: never above the bound. Any bytes as messages to compress: what
//! goes out is restored, alone and with the window of a cohort.

#![no_main]

use std::time::{Duration, Instant};

use arcane_server::ws::deflate::{Cohort, alone, inflate};
use flate2::{Decompress, FlushDecompress};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((bytes_max, bytes)) = input.split_first_chunk::<2>() else { return };
    let bytes_max = usize::from(u16::from_le_bytes(*bytes_max));
    if let Ok(message) = inflate(bytes, bytes_max) {
        assert!(message.len() <= bytes_max);
        assert_eq!(inflate(bytes, message.len()).as_ref(), Ok(&message));
        if let Some(less) = message.len().checked_sub(1) {
            assert!(inflate(bytes, less).is_err());
        }
    }
    let (mut cohort, mut now) = (Cohort::new(), Instant::now());
    let mut reader = Decompress::new(false);
    for line in bytes.split(|byte| *byte == b'\n') {
        // The first byte says how often the rest is repeated, and how long nothing happens before it.
        let (wait, message) = line.split_first().unwrap_or((&0, line));
        let message = message.repeat(1 + usize::from(*wait));
        if let Some(frame) = alone(&message) {
            assert!(frame.len() < message.len() + 10);
            assert_eq!(inflate(payload(&frame), message.len()).as_ref(), Ok(&message));
        }
        now += Duration::from_millis(u64::from(*wait));
        if wait % 3 == 0 {
            cohort.make_room();
        }
        let frame = cohort.frame(&message, now);
        if frame.opens_window {
            reader = Decompress::new(false);
        }
        let mut read = Vec::with_capacity(message.len() + 1);
        for part in [payload(&frame.bytes), &[0, 0, 0xFF, 0xFF]] {
            let status = reader.decompress_vec(part, &mut read, FlushDecompress::Sync);
            assert!(status.is_ok());
        }
        assert_eq!(read, message);
    }
});

/// The payload of a compressed, final text frame.
fn payload(frame: &[u8]) -> &[u8] {
    assert_eq!(frame[0], 0xC1);
    match frame[1] {
        126 => &frame[4..],
        127 => &frame[10..],
        _ => &frame[2..],
    }
}
