//! Any bytes as a client's stream. However they are cut, the same messages and the same error come
//! out, nothing is larger than its bound, and only a head or a control frame waits for more.

#![no_main]

use arcane_server::ws::codec::{Decoder, FrameError, Incoming};
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;

const BYTES_MAX: usize = 1000;
/// Longest head and control frame, less one byte.
const WAITING_BYTES_MAX: usize = 2 + 8 + 4 + 125 - 1;

fuzz_target!(|input: &[u8]| {
    // Whether compression was agreed on, the size of the pieces, and the stream.
    let [deflate, piece, stream @ ..] = input else { return };
    let whole = decode(deflate % 2 == 1, stream, usize::MAX);
    assert_eq!(whole, decode(deflate % 2 == 1, stream, 1));
    assert_eq!(whole, decode(deflate % 2 == 1, stream, usize::from(*piece).max(1)));
});

fn decode(deflate: bool, stream: &[u8], piece: usize) -> (Vec<Incoming>, Option<FrameError>) {
    let mut decoder = if deflate { Decoder::with_deflate(BYTES_MAX) } else { Decoder::new(BYTES_MAX) };
    let (mut buffer, mut messages) = (BytesMut::new(), Vec::new());
    for piece in stream.chunks(piece) {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(None) => break,
                Ok(Some(message)) => {
                    match &message {
                        Incoming::Text(text) => assert!(text.len() <= BYTES_MAX),
                        Incoming::Binary(len) => assert!(*len <= BYTES_MAX),
                        Incoming::Ping(payload) => assert!(payload.len() <= 125),
                        Incoming::Pong | Incoming::Close(_) => {}
                    }
                    messages.push(message);
                }
                Err(error) => return (messages, Some(error)),
            }
        }
        assert!(buffer.len() <= WAITING_BYTES_MAX);
    }
    (messages, None)
}
