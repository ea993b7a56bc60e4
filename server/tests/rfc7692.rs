//! Compression, case by case, with the numbers of the Autobahn test suite: 12 takes the defaults, 13
//! sets of parameters. There a message comes back; here what comes in and what goes out is checked.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;
mod wire;

use std::time::Instant;

use arcane_server::ws::codec::{self, Decoder, Incoming};
use arcane_server::ws::deflate::negotiation::negotiate;
use arcane_server::ws::deflate::{Cohort, alone};
use axum::http::header::SEC_WEBSOCKET_EXTENSIONS;
use axum::http::{HeaderMap, HeaderValue};
use bytes::BytesMut;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use support::TestServer;
use wire::{
    BINARY, CLOSE, CONTINUATION, FIN, PING, RSV1, Seen, TEXT, Wire, ask, case, check_decoder, fragments,
    frame,
};

/// Message length and fragment size of the cases 12.x.1 to 12.x.18 and 13.x.1 to 13.x.18.
const SIZES: [(usize, usize); 18] = [
    (16, 0),
    (64, 0),
    (256, 0),
    (1024, 0),
    (4096, 0),
    (8192, 0),
    (16_384, 0),
    (32_768, 0),
    (65_536, 0),
    (131_072, 0),
    (8192, 256),
    (16_384, 256),
    (32_768, 256),
    (65_536, 256),
    (131_072, 256),
    (131_072, 1024),
    (131_072, 4096),
    (131_072, 32_768),
];

/// Text as events have it, and text that varies all the time.
fn texts(len: usize) -> [String; 2] {
    let event = r#"{"spell_name":"invoke","daemon_name":"claude","success":true,"seq":1},"#;
    let mut state = 1_u32;
    let varied = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        char::from_digit(state >> 20 & 0x1F, 32).unwrap_or('?')
    });
    [event.chars().cycle().take(len).collect(), varied.take(len).collect()]
}

/// A client's compressor: each message alone, as the server asks for.
fn compressed(message: &[u8], window_bits: u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(message.len() * 2 + 64);
    let mut compress = Compress::new_with_window_bits(Compression::default(), false, window_bits);
    compress.compress_vec(message, &mut bytes, FlushCompress::Sync).unwrap();
    bytes.truncate(bytes.len() - 4);
    bytes
}

/// A client's inflater: the message in one of the server's frames.
fn inflated(inflater: &mut Decompress, frame: &[u8]) -> Vec<u8> {
    let head = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    if frame[0] == FIN | TEXT {
        return frame[head..].to_vec();
    }
    assert_eq!(frame[0], FIN | RSV1 | TEXT, "never in fragments");
    let mut message = Vec::with_capacity(200_000);
    for part in [&frame[head..], &[0, 0, 0xFF, 0xFF]] {
        inflater.decompress_vec(part, &mut message, FlushDecompress::Sync).unwrap();
    }
    message
}

#[test]
fn group_12_what_comes_in_is_restored() {
    for (i, (len, fragment)) in SIZES.into_iter().enumerate() {
        for text in texts(len) {
            for window_bits in [9, 12, 15] {
                let payload = compressed(text.as_bytes(), window_bits);
                let fragment = if fragment == 0 { payload.len() } else { fragment };
                for (opcode, expected) in
                    [(TEXT, Incoming::Text(text.clone())), (BINARY, Incoming::Binary(len))]
                {
                    let mut buffer = BytesMut::from(&fragments(RSV1 | opcode, &payload, fragment)[..]);
                    let mut decoder = Decoder::with_deflate(131_072);
                    assert_eq!(decoder.decode(&mut buffer).unwrap(), Some(expected), "12.1.{}", i + 1);
                    assert!(buffer.is_empty());
                }
            }
        }
    }
}

/// Offers of the groups 13.1 to 13.7 and the answer's parameters, if there is an answer.
const OFFERS: [(&str, &str, Option<&str>); 7] = [
    ("13.1", "permessage-deflate; client_max_window_bits", Some("")),
    (
        "13.2",
        "permessage-deflate; client_max_window_bits; server_no_context_takeover",
        Some("; server_no_context_takeover"),
    ),
    ("13.3", "permessage-deflate; client_max_window_bits; server_max_window_bits=9", None),
    (
        "13.4",
        "permessage-deflate; client_max_window_bits; server_max_window_bits=15",
        Some("; server_max_window_bits=15"),
    ),
    (
        "13.5",
        "permessage-deflate; client_max_window_bits; server_no_context_takeover; server_max_window_bits=9",
        None,
    ),
    (
        "13.6",
        "permessage-deflate; client_max_window_bits; server_no_context_takeover; server_max_window_bits=15",
        Some("; server_no_context_takeover; server_max_window_bits=15"),
    ),
    (
        "13.7",
        "permessage-deflate; server_no_context_takeover; client_max_window_bits; server_max_window_bits=9, permessage-deflate; server_no_context_takeover; client_max_window_bits, permessage-deflate; client_max_window_bits",
        Some("; server_no_context_takeover"),
    ),
];

#[test]
fn group_13_what_goes_out_is_what_was_agreed_on() {
    for (number, offer, parameters) in OFFERS {
        let headers = HeaderMap::from_iter([(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(offer))]);
        let agreed = negotiate(&headers);
        let expected = parameters
            .map(|parameters| format!("permessage-deflate; client_no_context_takeover{parameters}"));
        assert_eq!(
            agreed.as_ref().map(|agreed| agreed.response.to_str().unwrap().to_owned()),
            expected,
            "{number}"
        );
        let Some(agreed) = agreed else { continue };
        let (mut cohort, mut inflater) = (Cohort::new(), Decompress::new_with_window_bits(false, 15));
        for (i, (len, _)) in SIZES.into_iter().enumerate() {
            for text in texts(len) {
                let bytes = if agreed.context_takeover {
                    cohort.frame(text.as_bytes(), Instant::now()).bytes
                } else {
                    inflater.reset(false);
                    // What does not get smaller goes out as it is.
                    alone(text.as_bytes()).unwrap_or_else(|| codec::text(&text))
                };
                assert_eq!(inflated(&mut inflater, &bytes), text.as_bytes(), "{number}.{}", i + 1);
            }
        }
    }
}

#[test]
fn what_compression_forbids() {
    let payload = compressed(&ask(200), 15);
    let (one, two) = payload.split_at(5);
    let closed = |code| [Seen::Closed(code)];
    for case in [
        case("RSV1 on a control frame", vec![frame(FIN | RSV1 | PING, b"x")], &closed(1002)),
        case("RSV1 on a goodbye", vec![frame(FIN | RSV1 | CLOSE, b"")], &closed(1002)),
        case(
            "RSV1 on a continuation",
            vec![frame(RSV1 | TEXT, one), frame(FIN | RSV1 | CONTINUATION, two)],
            &closed(1002),
        ),
        case("RSV2 as well", vec![frame(FIN | RSV1 | 0x20 | TEXT, &payload)], &closed(1002)),
        case("RSV3 as well", vec![frame(FIN | RSV1 | 0x10 | TEXT, &payload)], &closed(1002)),
        case("not compressed at all", vec![frame(FIN | RSV1 | TEXT, &ask(200))], &closed(1007)),
        case("cut off", vec![frame(FIN | RSV1 | TEXT, one)], &closed(1007)),
        case(
            "no text inside",
            vec![frame(FIN | RSV1 | TEXT, &compressed(b"\xED\xA0\x80", 15))],
            &closed(1007),
        ),
        case("too large inside", vec![frame(FIN | RSV1 | TEXT, &compressed(&ask(1001), 15))], &closed(4413)),
        case(
            "a ping in between",
            vec![frame(RSV1 | TEXT, one), frame(FIN | PING, b"x"), frame(FIN | CONTINUATION, two)],
            &[Seen::Pong(b"x".to_vec()), Seen::Answered],
        ),
        case(
            "compressed and plain in turn",
            vec![
                frame(FIN | RSV1 | TEXT, &payload),
                frame(FIN | TEXT, &ask(50)),
                frame(FIN | RSV1 | TEXT, &payload),
            ],
            &[Seen::Answered, Seen::Answered, Seen::Answered],
        ),
    ] {
        check_decoder(&case, || Decoder::with_deflate(1000));
    }
}

#[tokio::test]
async fn without_an_offer_nothing_may_be_compressed() {
    let server = TestServer::start().await;
    let mut wire = Wire::open(&server).await;
    wire.send(&frame(FIN | RSV1 | TEXT, &compressed(&ask(200), 15))).await;
    assert_eq!(wire.rest().await, [Seen::Closed(1002)]);
}
