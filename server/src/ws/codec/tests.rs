//! What the decoder makes of frames, and laws that hold for any bytes.

use bytes::BytesMut;
use proptest::prelude::*;

use super::*;
use crate::event::frame::header;
use crate::ws::deflate;

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, payload.len()).as_ref().to_vec();
    bytes[1] |= MASKED;
    bytes.extend_from_slice(&MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// All messages up to the first error, of a stream that comes in pieces.
fn decode_pieces(decoder: &mut Decoder, bytes: &[u8], piece: usize) -> (Vec<Incoming>, Option<FrameError>) {
    let (mut buffer, mut messages) = (BytesMut::new(), Vec::new());
    for chunk in bytes.chunks(piece) {
        buffer.extend_from_slice(chunk);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
        assert!(buffer.len() < 14 + CONTROL_BYTES_MAX, "only a head or a control frame waits");
    }
    (messages, None)
}

fn decode_all(bytes: &[u8], max: usize) -> Result<Vec<Incoming>, FrameError> {
    let (messages, error) = decode_pieces(&mut Decoder::new(max), bytes, usize::MAX);
    error.map_or(Ok(messages), Err)
}

fn inflate_all(bytes: &[u8], max: usize) -> Result<Vec<Incoming>, FrameError> {
    let (messages, error) = decode_pieces(&mut Decoder::with_deflate(max), bytes, usize::MAX);
    error.map_or(Ok(messages), Err)
}

/// A compressed payload, taken from one of our own frames.
fn compressed(message: &str) -> Vec<u8> {
    let frame = deflate::alone(message.as_bytes()).expect("long enough to be compressed");
    frame[header(0, frame.len() - 4).as_ref().len()..].to_vec()
}

#[test]
fn a_control_frame_between_fragments() {
    let bytes = [masked(TEXT, b"ar"), masked(FIN | PING, b"?"), masked(FIN | CONTINUATION, b"cane")].concat();
    assert_eq!(
        decode_all(&bytes, 100).unwrap(),
        [Incoming::Ping(Bytes::from_static(b"?")), Incoming::Text("arcane".into())]
    );
}

#[test]
fn what_the_protocol_forbids() {
    let check = |bytes: &[u8], code: u16| {
        assert_eq!(decode_all(bytes, 10).unwrap_err().close_code().code(), code, "{bytes:?}");
    };
    check(&[FIN | TEXT, 1, b'x'], 1002);
    check(&masked(FIN | RSV1 | TEXT, b"x"), 1002);
    check(&masked(FIN | 0x3, b"x"), 1002);
    check(&masked(FIN | CONTINUATION, b"x"), 1002);
    check(&[masked(TEXT, b"x"), masked(FIN | TEXT, b"y")].concat(), 1002);
    check(&masked(PING, b"x"), 1002);
    check(&masked(FIN | PING, &[0; 126]), 1002);
    check(&masked(FIN | CLOSE, &[3]), 1002);
    check(&masked(FIN | CLOSE, &1005_u16.to_be_bytes()), 1002);
    check(&masked(FIN | TEXT, &[0xC3, 0x28]), 1007);
    check(&masked(FIN | TEXT, &[b'x'; 11]), 4413);
    check(&[masked(TEXT, b"123456"), masked(FIN | CONTINUATION, b"78901")].concat(), 4413);
    check(&[&[FIN | TEXT, MASKED | 127, 0x7F][..], &[0xFF; 7], &MASK].concat(), 4413);
    check(&[&[FIN | TEXT, MASKED | 127][..], &[0xFF; 8]].concat(), 1002);
}

#[test]
fn what_is_forbidden_is_refused_before_it_has_come() {
    for (bytes, code) in [
        (&[FIN | PING, MASKED | 126][..], 1002),
        (&[FIN | TEXT, MASKED | 127, 0x80, 0, 0, 0, 0, 0, 0, 0], 1002),
        (&[FIN | TEXT, MASKED | 11, 0, 0, 0, 0], 4413),
        (&[TEXT, MASKED | 9, 0, 0, 0, 0, b'a', 0xF4, 0x90], 1007),
    ] {
        assert_eq!(decode_all(bytes, 10).unwrap_err().close_code().code(), code, "{bytes:?}");
    }
}

#[test]
fn what_follows_a_goodbye_is_thrown_away() {
    let goodbye = masked(FIN | CLOSE, &1000_u16.to_be_bytes());
    let bytes = [masked(TEXT, b"ar"), goodbye.clone(), masked(FIN | PING, b""), goodbye, vec![0xFF]].concat();
    assert_eq!(decode_all(&bytes, 100).unwrap(), [Incoming::Close(Some(1000))]);
}

#[test]
fn a_compressed_message_is_restored_whole_or_in_fragments() {
    let message = "the circle closes ".repeat(20);
    let payload = compressed(&message);
    let (first, rest) = payload.split_at(7);
    let bytes = [
        masked(FIN | RSV1 | TEXT, &payload),
        masked(FIN | TEXT, b"plain"),
        masked(RSV1 | TEXT, first),
        masked(FIN | PING, b""),
        masked(CONTINUATION, rest),
        masked(FIN | CONTINUATION, b""),
        masked(FIN | RSV1 | BINARY, &payload),
    ];
    let text = Incoming::Text(message.clone());
    assert_eq!(
        inflate_all(&bytes.concat(), 1000).unwrap(),
        [
            text.clone(),
            Incoming::Text("plain".into()),
            Incoming::Ping(Bytes::new()),
            text,
            Incoming::Binary(message.len())
        ]
    );
}

#[test]
fn what_compression_forbids() {
    let payload = compressed(&"x".repeat(500));
    let (first, rest) = payload.split_at(2);
    for (frames, max, code) in [
        (vec![masked(FIN | RSV1 | PING, b"")], 100, 1002),
        (vec![masked(FIN | RSV1 | CLOSE, b"")], 100, 1002),
        (vec![masked(RSV1 | TEXT, first), masked(FIN | RSV1 | CONTINUATION, rest)], 1000, 1002),
        (vec![masked(TEXT, b"plain"), masked(FIN | RSV1 | CONTINUATION, rest)], 1000, 1002),
        (vec![masked(FIN | RSV1 | 0x20 | TEXT, &payload)], 1000, 1002),
        (vec![masked(FIN | 0x10 | TEXT, b"x")], 1000, 1002),
        (vec![masked(FIN | RSV1 | TEXT, &payload)], 499, 4413),
        (vec![masked(FIN | RSV1 | TEXT, b"\xFF\xFF")], 100, 1007),
        (vec![masked(FIN | RSV1 | TEXT, &[0x00, 0x01, 0x00, 0xFE, 0xFF, 0xC3, 0x00])], 100, 1007),
    ] {
        assert_eq!(inflate_all(&frames.concat(), max).unwrap_err().close_code().code(), code, "{frames:x?}");
    }
}

#[test]
fn a_compressed_message_has_a_bound_of_its_own() {
    let payload = compressed(&"x".repeat(deflate::INFLATED_BYTES_MAX + 1));
    assert_eq!(
        inflate_all(&masked(FIN | RSV1 | TEXT, &payload), usize::MAX),
        Err(FrameError::TooLarge(deflate::INFLATED_BYTES_MAX))
    );
}

#[test]
fn an_idle_decoder_is_small() {
    assert!(size_of::<Decoder>() <= 24, "{}", size_of::<Decoder>());
}

/// Frames that are mostly in order, so that every state is met.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let opcode =
        prop_oneof![Just(TEXT), Just(BINARY), Just(CONTINUATION), Just(PING), Just(CLOSE), any::<u8>()];
    let payload = prop_oneof![
        ".{0,60}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..300),
        "[a-c]{130,300}".prop_map(|text| compressed(&text)),
    ];
    let frame = (opcode, prop_oneof![Just(FIN), Just(0), Just(FIN | RSV1), Just(RSV1)], payload);
    proptest::collection::vec(frame.prop_map(|(opcode, bits, payload)| masked(opcode | bits, &payload)), 0..8)
        .prop_map(|frames| frames.concat())
}

proptest! {
    #[test]
    fn any_cut_of_the_stream_gives_the_same_messages(
        texts in proptest::collection::vec(".{0,300}", 1..6), cut in 1_usize..40,
    ) {
        let bytes: Vec<u8> = texts.iter().flat_map(|text| masked(FIN | TEXT, text.as_bytes())).collect();
        let (messages, error) = decode_pieces(&mut Decoder::new(10_000), &bytes, cut);
        prop_assert_eq!(messages, texts.into_iter().map(Incoming::Text).collect::<Vec<_>>());
        prop_assert_eq!(error, None);
    }

    #[test]
    fn any_cut_gives_the_same_error(bytes in frames(), cut in 1_usize..40, deflate in any::<bool>()) {
        let decoder = || if deflate { Decoder::with_deflate(400) } else { Decoder::new(400) };
        prop_assert_eq!(
            decode_pieces(&mut decoder(), &bytes, cut),
            decode_pieces(&mut decoder(), &bytes, usize::MAX)
        );
    }

    #[test]
    fn no_bytes_make_a_message_beyond_its_bound(
        bytes in prop_oneof![frames(), proptest::collection::vec(any::<u8>(), 0..400)],
    ) {
        for mut decoder in [Decoder::new(100), Decoder::with_deflate(100)] {
            for message in decode_pieces(&mut decoder, &bytes, usize::MAX).0 {
                let (len, max) = match &message {
                    Incoming::Text(text) => (text.len(), 100),
                    Incoming::Binary(len) => (*len, 100),
                    Incoming::Ping(bytes) => (bytes.len(), CONTROL_BYTES_MAX),
                    _ => (0, 0),
                };
                prop_assert!(len <= max, "{message:?}");
            }
        }
    }
}
