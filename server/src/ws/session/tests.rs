use bytes::Bytes;

use super::*;
use crate::bus::{Fault, LogError};
use crate::event::{Gap, GapReason};
use crate::ws::publish::PublishRefused;
use crate::ws::publish::taken_back;

fn session() -> (Session, Instant) {
    let now = Instant::now();
    (Session::new(&NetConfig::default(), 100, now), now)
}

fn say(text: &str) -> Input {
    Input::Said(Incoming::Text(text.into()), 5000.5)
}

#[test]
fn a_client_that_says_nothing_hears_only_pings() {
    let (mut session, now) = session();
    assert_eq!(session.handle(Input::Lost(Gap { from: 1, to: 2 }, GapReason::Lagged), now), []);
    assert_eq!(session.handle(Input::Considered(9), now), []);
    let due = session.next_deadline();
    assert_eq!(session.handle(Input::Tick, due), [Output::Ping]);
}

#[test]
fn no_pong_in_time_closes() {
    let (mut session, _) = session();
    let due = session.next_deadline();
    session.handle(Input::Tick, due);
    let due = session.next_deadline();
    assert!(matches!(session.handle(Input::Tick, due)[..], [Output::Close(CloseCode::NoPong, _)]));
    let due = session.next_deadline();
    assert_eq!(session.handle(Input::Tick, due), [Output::End]);
}

#[test]
fn any_sign_of_life_counts_as_a_pong() {
    let (mut session, now) = session();
    let due = session.next_deadline();
    session.handle(Input::Tick, due);
    session.handle(Input::Said(Incoming::Pong, 0.0), due);
    assert_eq!(session.next_deadline(), due + Duration::from_secs(25));
    assert!(session.handle(Input::Tick, now).is_empty());
}

#[test]
fn what_may_be_taken_a_moment_later_is_nobodys_fault() {
    let (mut session, now) = session();
    let log = LogError::new(Fault::Disk, "the disk is full");
    for _ in 0..=BAD_MAX {
        let outputs = session.handle(Input::Refused(taken_back(None, &log)), now);
        assert!(matches!(outputs[..], [Output::Send(ServerMessage::Error { .. })]), "{outputs:?}");
    }
    for _ in 0..BAD_MAX {
        session.handle(Input::Refused(PublishRefused::new("bad_event", "…")), now);
    }
    let outputs = session.handle(Input::Refused(PublishRefused::new("bad_event", "…")), now);
    assert!(matches!(outputs[..], [Output::Close(CloseCode::BadRequest, _)]), "{outputs:?}");
}

#[test]
fn four_stamps() {
    let (mut session, now) = session();
    assert_eq!(
        session.handle(say(r#"{"type":"ping","t0":1.25}"#), now),
        [Output::Send(ServerMessage::Pong { t0: 1.25, t1: 5000.5, t2: 5000.5 })]
    );
}

#[test]
fn the_eleventh_bad_message_in_a_minute_closes() {
    let (mut session, now) = session();
    for _ in 0..10 {
        assert!(matches!(
            session.handle(say("nonsense"), now)[..],
            [Output::Send(ServerMessage::Error { .. })]
        ));
    }
    let later = now + BAD_WINDOW;
    assert!(matches!(session.handle(say("{}"), later)[..], [Output::Send(_)]), "the window moves on");
    for _ in 0..9 {
        session.handle(Input::Said(Incoming::Binary(3), 0.0), later);
    }
    assert!(matches!(session.handle(say("[]"), later)[..], [Output::Close(CloseCode::BadRequest, _)]));
}

#[test]
fn an_array_is_no_message_whatever_is_in_it() {
    let (mut session, now) = session();
    for text in [
        r#"["hello"]"#,
        r#"["publish","7",null,null,null,[{"spell_name":"reveal"}]]"#,
        r#" ["filter",["voice"]]"#,
        "\u{feff}[]",
    ] {
        let outputs = session.handle(say(text), now);
        let [Output::Send(ServerMessage::Error { code, detail, .. })] = &outputs[..] else {
            panic!("{text}: {outputs:?}")
        };
        let said = (code.as_str(), detail.as_str());
        assert_eq!(said, ("bad_message", "a message is an object with a type, not an array"), "{text}");
        assert!(!is_publish(text));
    }
    let sample = r#"{"type":"seen","samples":[[1,1.0,1.0,false]]}"#;
    let outputs = session.handle(say(sample), now);
    assert!(
        matches!(&outputs[..], [Output::Send(ServerMessage::Error { code, .. })] if code == "bad_message")
    );
}

#[test]
fn who_does_not_read_is_let_go() {
    let (mut session, now) = session();
    session.handle(Input::Waiting, now);
    session.handle(Input::Waiting, now + Duration::from_secs(20));
    session.handle(Input::Said(Incoming::Pong, 0.0), now + Duration::from_secs(20));
    assert_eq!(session.next_deadline(), now + Duration::from_secs(30));
    assert_eq!(
        session.handle(Input::Tick, now + Duration::from_secs(30)),
        [Output::Abandon(CloseCode::NoPong)]
    );
}

const SECOND: Duration = Duration::from_secs(1);

/// Pinged, with bytes that wait before the ping.
fn pinged_behind_others() -> (Session, Instant) {
    let (mut session, _) = session();
    let due = session.next_deadline();
    session.handle(Input::Waiting, due);
    assert_eq!(session.handle(Input::Tick, due), [Output::Ping]);
    (session, due)
}

#[test]
fn a_pong_is_not_due_before_its_ping_was_sent() {
    let (mut session, mut now) = pinged_behind_others();
    // Longer than a pong may take, but not at a stretch.
    for _ in 0..10 {
        now += 20 * SECOND;
        assert_eq!(session.handle(Input::Tick, now), [], "the ping waits");
        session.handle(Input::Progress { waited: true }, now);
        session.handle(Input::Waiting, now);
        assert_eq!(session.next_deadline(), now + 30 * SECOND, "one rule for who reads nothing");
    }
    let due = session.next_deadline();
    assert_eq!(session.handle(Input::Tick, due), [Output::Abandon(CloseCode::NoPong)]);
}

#[test]
fn behind_what_waited_a_pong_may_take_as_long_as_nothing_may_be_read() {
    let (mut session, now) = pinged_behind_others();
    session.handle(Input::Progress { waited: true }, now + 20 * SECOND);
    let due = session.next_deadline();
    assert_eq!(due, now + 50 * SECOND);
    assert!(matches!(session.handle(Input::Tick, due)[..], [Output::Close(CloseCode::NoPong, _)]));
}

#[test]
fn what_the_kernel_takes_at_once_says_nothing_of_the_client() {
    let (mut session, _) = session();
    let now = session.next_deadline();
    session.handle(Input::Tick, now);
    for second in 1..10 {
        session.handle(Input::Waiting, now + second * SECOND);
        session.handle(Input::Progress { waited: false }, now + second * SECOND);
    }
    assert_eq!(session.next_deadline(), now + 10 * SECOND);
}

#[test]
fn a_goodbye_is_behind_what_waits_like_a_ping() {
    let (mut session, now) = session();
    session.handle(Input::Waiting, now);
    session.handle(Input::Ended, now);
    assert_eq!(session.handle(Input::Tick, now + 5 * SECOND), []);
    session.handle(Input::Progress { waited: true }, now + 20 * SECOND);
    assert_eq!(session.next_deadline(), now + 50 * SECOND);
    assert_eq!(session.handle(Input::Tick, now + 49 * SECOND), []);
    assert_eq!(session.handle(Input::Tick, now + 50 * SECOND), [Output::End]);
}

#[test]
fn who_takes_no_goodbye_is_let_go_as_who_reads_nothing() {
    let (mut session, now) = session();
    session.handle(Input::Waiting, now);
    session.handle(Input::Drain { back_in_ms: 1_200 }, now + 20 * SECOND);
    assert_eq!(session.next_deadline(), now + 30 * SECOND);
    let outputs = session.handle(Input::Tick, now + 30 * SECOND);
    assert_eq!(outputs, [Output::Abandon(CloseCode::NoPong)]);
}

#[test]
fn notices_only_after_hello() {
    let (mut session, now) = session();
    session.handle(say(r#"{"type":"hello"}"#), now);
    let drained = session.handle(Input::Drain { back_in_ms: 1_200 }, now);
    assert!(matches!(drained[0], Output::Send(ServerMessage::Draining { reconnect_in_ms: 1_200 })));
    assert!(matches!(drained[1], Output::Close(CloseCode::Draining, _)));
    assert!(!session.is_open());
}

#[test]
fn a_filtered_stream_tells_its_position_once_a_second() {
    let (mut session, now) = session();
    session.handle(say(r#"{"type":"hello"}"#), now);
    let position = |seq| vec![Output::Send(ServerMessage::Position { seq })];
    assert_eq!(session.handle(Input::Considered(1), now), position(1));
    assert_eq!(session.handle(Input::Considered(2), now), []);
    assert_eq!(session.handle(Input::Considered(3), now), []);
    let due = session.next_deadline();
    assert_eq!(due, now + POSITION_INTERVAL);
    assert_eq!(session.handle(Input::Tick, due), position(3));
}

#[test]
fn behind_its_own_goodbye_a_session_says_nothing_and_publishes_nothing() {
    let (mut session, now) = session();
    session.handle(Input::Drain { back_in_ms: 1_200 }, now);
    let ping = Incoming::Ping(Bytes::from_static(b"?"));
    assert_eq!(session.handle(Input::Said(ping, 0.0), now), []);
    for text in [r#"{"type":"ping","t0":1}"#, r#"{"type":"hello"}"#, "nonsense"] {
        assert_eq!(session.handle(say(text), now), [], "{text}");
    }
    assert_eq!(session.handle(Input::Said(Incoming::Close(None), 0.0), now), [Output::End]);
}

#[test]
fn a_goodbye_is_answered_with_its_own_code() {
    let (mut session, now) = session();
    let answer = session.handle(Input::Said(Incoming::Close(Some(3001)), 0.0), now);
    assert_eq!(answer, [Output::CloseAnswer(3001)]);
}
