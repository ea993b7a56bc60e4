//! The WebSocket protocol, case by case, with the numbers of the Autobahn test suite. An echo is
//! there what an answer is here.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;
mod wire;

use arcane_server::config::{Config, Dashboard, NetConfig};
use arcane_server::ws::codec::Decoder;
use support::TestServer;
use wire::Seen::{self, Answered, Closed, Refused};
use wire::{
    BINARY, CLOSE, CONTINUATION, Case, FIN, PING, PONG, TEXT, Wire, ask, case, check, check_decoder, chopped,
    close, fragments, frame, server_bytes_max,
};

const BINARY_REFUSED: Seen = Refused("binary_message");
const TEXT_REFUSED: Seen = Refused("bad_message");

async fn server() -> TestServer {
    let net = NetConfig { message_bytes_max: server_bytes_max(), ..NetConfig::default() };
    TestServer::with(Config { dashboard: Dashboard::Off, net, ..Config::default() }).await
}

async fn check_all(cases: Vec<Case>) {
    let server = server().await;
    for case in cases {
        check(&server, &case).await;
    }
}

fn pong(payload: &[u8]) -> Seen {
    Seen::Pong(payload.to_vec())
}

#[tokio::test]
async fn group_1_messages_of_every_length() {
    let mut cases = vec![case("1.1.1", vec![frame(FIN | TEXT, b"")], &[TEXT_REFUSED])];
    for (i, len) in [125, 126, 127, 128, 65_535, 65_536].into_iter().enumerate() {
        cases.push(case(&format!("1.1.{}", i + 2), vec![frame(FIN | TEXT, &ask(len))], &[Answered]));
    }
    cases.push(case("1.1.8", chopped(&frame(FIN | TEXT, &ask(65_536)), 997), &[Answered]));
    for (i, len) in [0, 125, 126, 127, 128, 65_535, 65_536].into_iter().enumerate() {
        let bytes = frame(FIN | BINARY, &vec![0xFE; len]);
        cases.push(case(&format!("1.2.{}", i + 1), vec![bytes], &[BINARY_REFUSED]));
    }
    let chops = chopped(&frame(FIN | BINARY, &[0xFE; 65_536]), 997);
    cases.push(case("1.2.8", chops, &[BINARY_REFUSED]));
    check_all(cases).await;
}

#[tokio::test]
async fn group_2_pings_and_pongs() {
    let ping = |payload: &[u8]| frame(FIN | PING, payload);
    let unsolicited = frame(FIN | PONG, b"unsolicited pong payload");
    let ten: Vec<_> = (0..10).map(|i| format!("payload-{i}").into_bytes()).collect();
    let pings: Vec<u8> = ten.iter().flat_map(|payload| ping(payload)).collect();
    let pongs: Vec<_> = ten.into_iter().map(Seen::Pong).collect();
    check_all(vec![
        case("2.1", vec![ping(b"")], &[pong(b"")]),
        case("2.2", vec![ping(b"Hello, world!")], &[pong(b"Hello, world!")]),
        case(
            "2.3",
            vec![ping(b"\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF")],
            &[pong(b"\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF")],
        ),
        case("2.4", vec![ping(&[0xFE; 125])], &[pong(&[0xFE; 125])]),
        case("2.5", vec![ping(&[0xFE; 126])], &[Closed(1002)]),
        case("2.6", chopped(&ping(&[0xFE; 125]), 1), &[pong(&[0xFE; 125])]),
        case("2.7", vec![frame(FIN | PONG, b"")], &[]),
        case("2.8", vec![unsolicited.clone()], &[]),
        case("2.9", vec![unsolicited, ping(b"ping payload")], &[pong(b"ping payload")]),
        case("2.10", vec![pings.clone()], &pongs),
        case("2.11", chopped(&pings, 1), &pongs),
    ])
    .await;
}

#[tokio::test]
async fn group_3_reserved_bits() {
    let (hello, ping) = (frame(FIN | TEXT, &ask(30)), frame(FIN | PING, b""));
    let reserved = |bits: u8, opcode, payload| frame(FIN | bits << 4 | opcode, payload);
    check_all(vec![
        case("3.1", vec![reserved(4, TEXT, b"Hello, world!")], &[Closed(1002)]),
        case(
            "3.2",
            vec![[hello.clone(), reserved(2, TEXT, b"x"), ping.clone()].concat()],
            &[Answered, Closed(1002)],
        ),
        case("3.3", vec![hello.clone(), reserved(6, TEXT, b"x"), ping.clone()], &[Answered, Closed(1002)]),
        case("3.4", chopped(&[hello, reserved(1, TEXT, b"x"), ping].concat(), 1), &[Answered, Closed(1002)]),
        case("3.5", vec![reserved(5, BINARY, &[0xFF; 8])], &[Closed(1002)]),
        case("3.6", vec![reserved(3, PING, b"Hello, world!")], &[Closed(1002)]),
        case("3.7", vec![reserved(7, CLOSE, b"")], &[Closed(1002)]),
    ])
    .await;
}

#[tokio::test]
async fn group_4_reserved_opcodes() {
    let (hello, ping) = (frame(FIN | TEXT, &ask(30)), frame(FIN | PING, b""));
    let mut cases = Vec::new();
    for (group, opcodes) in [(1, [3, 4, 5, 6, 7]), (2, [11, 12, 13, 14, 15])] {
        for (i, opcode) in opcodes.into_iter().enumerate() {
            let number = format!("4.{group}.{}", i + 1);
            let unknown = frame(FIN | opcode, if i == 1 { b"reserved opcode payload" } else { b"" });
            match i {
                0 | 1 => cases.push(case(&number, vec![unknown], &[Closed(1002)])),
                2 => {
                    let bytes = [hello.clone(), unknown, ping.clone()].concat();
                    cases.push(case(&number, vec![bytes], &[Answered, Closed(1002)]));
                }
                _ => {
                    let bytes = [hello.clone(), unknown, ping.clone()].concat();
                    cases.push(case(&number, chopped(&bytes, 1), &[Answered, Closed(1002)]));
                }
            }
        }
    }
    check_all(cases).await;
}

#[tokio::test]
async fn group_5_fragments() {
    let (start, end) = (ask(40)[..18].to_vec(), ask(40)[18..].to_vec());
    let first = frame(TEXT, &start);
    let last = frame(FIN | CONTINUATION, &end);
    let ping = frame(FIN | PING, b"ping payload");
    let text = frame(FIN | TEXT, &ask(40));
    let stray = |bits| frame(bits | CONTINUATION, b"non-continuation payload");
    let mut cases = vec![
        case("5.1", vec![frame(PING, b"frag"), frame(FIN | CONTINUATION, b"ment")], &[Closed(1002)]),
        case("5.2", vec![frame(PONG, b"frag"), frame(FIN | CONTINUATION, b"ment")], &[Closed(1002)]),
    ];
    let three = [first.clone(), ping.clone(), last.clone()];
    for (number, parts, expected) in [
        ("5.3", vec![first.clone(), last.clone()], &[Answered][..]),
        ("5.6", three.to_vec(), &[pong(b"ping payload"), Answered]),
        ("5.9", vec![stray(FIN), text.clone()], &[Closed(1002)]),
        ("5.12", vec![stray(0), text.clone()], &[Closed(1002)]),
    ] {
        // In one chop, frame by frame, octet by octet: three numbers in a row.
        let (group, number) = number.split_once('.').unwrap();
        let number = |i: u32| format!("{group}.{}", number.parse::<u32>().unwrap() + i);
        cases.push(case(&number(0), vec![parts.concat()], expected));
        cases.push(case(&number(1), parts.clone(), expected));
        cases.push(case(&number(2), chopped(&parts.concat(), 1), expected));
    }
    cases.extend([
        case(
            "5.15",
            vec![[first.clone(), last.clone(), stray(0), text.clone()].concat()],
            &[Answered, Closed(1002)],
        ),
        case("5.16", vec![[stray(0), first.clone(), last.clone()].concat().repeat(2)], &[Closed(1002)]),
        case("5.17", vec![[stray(FIN), first.clone(), last.clone()].concat().repeat(2)], &[Closed(1002)]),
        case("5.18", vec![[first.clone(), frame(FIN | TEXT, &end)].concat()], &[Closed(1002)]),
    ]);
    check_all(cases).await;
}

#[tokio::test]
async fn cases_5_19_and_5_20_a_ping_is_answered_before_the_message_is_complete() {
    let server = server().await;
    let message = ask(100);
    let part = |bits, i: usize| frame(bits, &message[i * 20..i * 20 + 20]);
    for piece in [usize::MAX, 1] {
        let mut wire = Wire::open(&server).await;
        for bytes in [
            [part(TEXT, 0), part(CONTINUATION, 1), frame(FIN | PING, b"pongme!")].concat(),
            [part(CONTINUATION, 2), part(CONTINUATION, 3), frame(FIN | PING, b"pongme!")].concat(),
        ] {
            for chop in bytes.chunks(piece) {
                wire.send(chop).await;
            }
            assert_eq!(wire.next().await, Some(pong(b"pongme!")));
        }
        wire.send(&part(FIN | CONTINUATION, 4)).await;
        assert_eq!(wire.next().await, Some(Answered));
    }
}

#[tokio::test]
async fn group_6_1_to_6_3_text_in_fragments() {
    let greek = "κόσμε".as_bytes();
    let german = "Hello-µ@ßöäüàá-UTF-8!!".as_bytes();
    let (one, two) = ("Hello-µ@ßöä".as_bytes(), "üàá-UTF-8!!".as_bytes());
    let nothing = [frame(TEXT, b""), frame(CONTINUATION, b""), frame(FIN, b"")].concat();
    let middle = [frame(TEXT, b""), frame(CONTINUATION, b"middle frame payload"), frame(FIN, b"")].concat();
    let bad = [greek, b"\xED\xA0\x80edited"].concat();
    check_all(vec![
        case("6.1.1", vec![frame(FIN | TEXT, b"")], &[TEXT_REFUSED]),
        case("6.1.2", vec![nothing], &[TEXT_REFUSED]),
        case("6.1.3", vec![middle], &[TEXT_REFUSED]),
        case("6.2.1", vec![frame(FIN | TEXT, german)], &[TEXT_REFUSED]),
        case("6.2.2", vec![[frame(TEXT, one), frame(FIN, two)].concat()], &[TEXT_REFUSED]),
        case("6.2.3", vec![fragments(TEXT, german, 1)], &[TEXT_REFUSED]),
        case("6.2.4", vec![fragments(TEXT, greek, 1)], &[TEXT_REFUSED]),
        case("6.3.1", vec![frame(FIN | TEXT, &bad)], &[Closed(1007)]),
        case("6.3.2", vec![fragments(TEXT, &bad, 1)], &[Closed(1007)]),
    ])
    .await;
}

#[tokio::test]
async fn group_6_4_bad_text_is_refused_without_waiting_for_the_rest() {
    let server = server().await;
    let (good, bad) = ("κόσμε".as_bytes(), b"\xF4\x90\x80\x80");
    let whole = frame(FIN | TEXT, &[good, bad, b"edited"].concat());
    let payload_at = whole.len() - 11 - 4 - 6;
    for (number, sends) in [
        ("6.4.1", vec![frame(TEXT, good), frame(CONTINUATION, bad)]),
        ("6.4.2", vec![frame(TEXT, &[good, &bad[..1]].concat()), frame(CONTINUATION, &bad[1..2])]),
        ("6.4.3", vec![whole[..payload_at + 11].to_vec(), whole[payload_at + 11..payload_at + 15].to_vec()]),
        ("6.4.4", vec![whole[..payload_at + 12].to_vec(), whole[payload_at + 12..payload_at + 13].to_vec()]),
    ] {
        check_decoder(&case(number, sends[..1].to_vec(), &[]), || Decoder::new(100));
        check_decoder(&case(number, sends.clone(), &[Closed(1007)]), || Decoder::new(100));
        let mut wire = Wire::open(&server).await;
        wire.send(&sends[0]).await;
        wire.send(&sends[1]).await;
        assert_eq!(wire.rest().await, [Closed(1007)], "{number}");
    }
}

#[tokio::test]
async fn group_6_5_to_6_23_what_is_utf8_and_what_is_not() {
    let server = server().await;
    for (number, valid, sequences) in wire::utf8::sequences() {
        let expected = if valid { TEXT_REFUSED } else { Closed(1007) };
        for bytes in &sequences {
            let whole = frame(FIN | TEXT, bytes);
            check_decoder(&case(number, vec![whole], std::slice::from_ref(&expected)), || Decoder::new(1000));
            if !bytes.is_empty() {
                let octets = fragments(TEXT, bytes, 1);
                check_decoder(&case(number, vec![octets], std::slice::from_ref(&expected)), || {
                    Decoder::new(1000)
                });
            }
        }
        let last = frame(FIN | TEXT, sequences.last().unwrap());
        check(&server, &case(number, vec![last], &[expected])).await;
    }
}

#[tokio::test]
async fn group_7_1_to_7_5_saying_goodbye() {
    let goodbye = close(1000, b"");
    let message = ask(40);
    check_all(vec![
        case("7.1.1", vec![frame(FIN | TEXT, &message), goodbye.clone()], &[Answered, Closed(1000)]),
        case("7.1.2", vec![[goodbye.clone(), goodbye.clone()].concat()], &[Closed(1000)]),
        case("7.1.3", vec![[goodbye.clone(), frame(FIN | PING, b"x")].concat()], &[Closed(1000)]),
        case("7.1.4", vec![[goodbye.clone(), frame(FIN | TEXT, &message)].concat()], &[Closed(1000)]),
        case(
            "7.1.5",
            vec![[frame(TEXT, &message[..9]), goodbye.clone(), frame(FIN, &message[9..])].concat()],
            &[Closed(1000)],
        ),
        case(
            "7.1.6",
            vec![[frame(FIN | TEXT, &ask(262_144)), goodbye.clone(), frame(FIN | PING, b"x")].concat()],
            &[Answered, Closed(1000)],
        ),
        case("7.3.1", vec![frame(FIN | CLOSE, b"")], &[Closed(1000)]),
        case("7.3.2", vec![frame(FIN | CLOSE, b"a")], &[Closed(1002)]),
        case("7.3.3", vec![goodbye], &[Closed(1000)]),
        case("7.3.4", vec![close(1000, b"Hello World!")], &[Closed(1000)]),
        case("7.3.5", vec![close(1000, &[b'*'; 123])], &[Closed(1000)]),
        case("7.3.6", vec![close(1000, &[b'*'; 124])], &[Closed(1002)]),
        case(
            "7.5.1",
            vec![close(1000, b"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80edited")],
            &[Closed(1007)],
        ),
    ])
    .await;
}

#[tokio::test]
async fn group_7_7_to_7_13_codes_of_a_goodbye() {
    let mut cases = Vec::new();
    let valid = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    for (i, code) in valid.into_iter().enumerate() {
        cases.push(case(&format!("7.7.{}", i + 1), vec![close(code, b"")], &[Closed(code)]));
    }
    let invalid = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
    for (i, code) in invalid.into_iter().enumerate() {
        cases.push(case(&format!("7.9.{}", i + 1), vec![close(code, b"")], &[Closed(1002)]));
    }
    cases.push(case("7.13.1", vec![close(5000, b"")], &[Closed(1002)]));
    cases.push(case("7.13.2", vec![close(65_535, b"")], &[Closed(1002)]));
    check_all(cases).await;
}

#[tokio::test]
async fn group_9_large_messages() {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;
    let server = server().await;
    for (i, size) in [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB].into_iter().enumerate() {
        let text = frame(FIN | TEXT, &ask(size));
        run(&server, case(&format!("9.1.{}", i + 1), vec![text], &[Answered])).await;
        let binary = frame(FIN | BINARY, &vec![0xFE; size]);
        run(&server, case(&format!("9.2.{}", i + 1), vec![binary], &[BINARY_REFUSED])).await;
    }
    let sizes = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
    for (i, size) in sizes.into_iter().enumerate() {
        let text = fragments(TEXT, &ask(4 * MIB), size);
        run(&server, case(&format!("9.3.{}", i + 1), vec![text], &[Answered])).await;
        let binary = fragments(BINARY, &vec![0xFE; 4 * MIB], size);
        run(&server, case(&format!("9.4.{}", i + 1), vec![binary], &[BINARY_REFUSED])).await;
    }
    for (i, size) in [64, 128, 256, 512, KIB, 2 * KIB].into_iter().enumerate() {
        let text = chopped(&frame(FIN | TEXT, &ask(MIB)), size);
        run(&server, case(&format!("9.5.{}", i + 1), text, &[Answered])).await;
        let binary = chopped(&frame(FIN | BINARY, &vec![0xFE; MIB]), size);
        run(&server, case(&format!("9.6.{}", i + 1), binary, &[BINARY_REFUSED])).await;
    }
    // Messages of 0 and 16 bytes cannot be asked; ten binary ones are what a minute allows.
    for (i, size) in [22, 64, 256, KIB, 4 * KIB, 16 * KIB].into_iter().enumerate() {
        let text = frame(FIN | TEXT, &ask(size)).repeat(1000);
        run(&server, case(&format!("9.7.{}", i + 1), vec![text], &vec![Answered; 1000])).await;
        let binary = frame(FIN | BINARY, &vec![0xFE; size]).repeat(10);
        run(&server, case(&format!("9.8.{}", i + 1), vec![binary], &vec![BINARY_REFUSED; 10])).await;
    }
}

#[tokio::test]
async fn case_10_1_1_a_message_that_its_sender_fragments() {
    check_all(vec![case("10.1.1", vec![fragments(TEXT, &ask(65_536), 1300)], &[Answered])]).await;
}

/// Sends while it reads, as what does not fit into the buffers of the connection needs.
async fn run(server: &TestServer, case: Case) {
    let mut wire = Wire::open(server).await;
    for bytes in &case.sends {
        wire.send(bytes).await;
    }
    for expected in case.expected {
        assert_eq!(wire.next().await, Some(expected), "{}", case.number);
    }
}
