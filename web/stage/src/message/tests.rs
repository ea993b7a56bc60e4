use super::*;
use arcane_shared::control::{ClientMessage, Connection, Limits, ServerMessage};
use proptest::prelude::*;

fn now() -> Timestamp {
    Timestamp::parse("2026-01-01T00:00:00").unwrap()
}

#[test]
fn the_seeds_connection_message_is_enough() {
    let text = r#"{"type":"connection","message":"✨","subscriber_count":1,"recent_events":[
        {"spell_name":"summon","daemon_name":"claude","timestamp":"2025-10-24T12:34:56.789000","success":true,"description":"x","metadata":{}},
        7]}"#;
    let Incoming::Welcome(welcome) = read(text, now()) else { panic!() };
    assert_eq!((welcome.subscriber_count, welcome.recent.len(), welcome.undecodable), (1, 1, 1));
    assert_eq!(welcome.room.as_str(), "main");
}

#[test]
fn a_strange_event_is_mended() {
    let text = r#"{"spell_name":"route","daemon_name":"Ärger Bot","timestamp":"gestern","success":"yes",
        "metadata":null,"seq":-4,"extra":[1]}"#;
    let Incoming::Event(event) = read(text, now()) else { panic!() };
    assert_eq!(event.spell_name.as_str(), "route");
    assert_eq!(event.daemon_name.unwrap().as_str(), "-rger-bot");
    assert_eq!(event.timestamp, now());
    assert!(event.success && event.seq.is_none());
}

#[test]
fn a_notice_of_a_later_version_is_not_an_error() {
    assert!(matches!(read(r#"{"type":"aurora","colour":1}"#, now()), Incoming::Unknown));
    assert!(matches!(read(r#"{"type":"caught_up","seq":4}"#, now()), Incoming::Notice(_)));
    assert!(matches!(read("[1,2]", now()), Incoming::Undecodable));
}

fn an_event() -> ReceivedEvent {
    let text = r#"{"spell_name":"invoke","daemon_name":"claude","timestamp":"2025-10-24T12:34:56.789000",
        "success":false,"description":"it failed","metadata":{"z":1,"a":[1.5,null,{"b":"c"}]},"seq":7,
        "room":"main"}"#;
    serde_json::from_str(text).unwrap()
}

fn heard(message: &ServerMessage) -> Incoming {
    read(&serde_json::to_string(message).unwrap(), now())
}

#[test]
#[expect(clippy::too_many_lines, reason = "every message there is")]
fn whatever_the_server_says_is_understood() {
    let limits = Limits {
        event_bytes_max: 1,
        message_bytes_max: 2,
        seen_samples_max: 3,
        history_size: 4,
        ping_interval_ms: 5,
    };
    let word = || String::from("word");
    let connection = |resume| {
        ServerMessage::Connection(Connection {
            message: word(),
            subscriber_count: 3,
            recent_events: vec![an_event()],
            room: RoomName::parse("attic").unwrap(),
            epoch: Epoch("k3".into()),
            seq: 9,
            session: word(),
            resume,
        })
    };
    let all = [
        connection(None),
        connection(Some(Resume::recovered(7))),
        connection(Some(Resume::refused(NotRecovered::Expired))),
        connection(Some(Resume::refused(NotRecovered::EpochChanged))),
        connection(Some(Resume::refused(NotRecovered::Ahead))),
        ServerMessage::Hello { version: 1, features: vec![word()], limits },
        ServerMessage::Pong { t0: 1.5, t1: 2.0, t2: 3.25 },
        ServerMessage::Filtered { seq: 4 },
        ServerMessage::Lagging { behind: 4 },
        ServerMessage::CaughtUp { seq: 4 },
        ServerMessage::Gap { from: 2, to: u64::MAX, reason: "damaged".into() },
        ServerMessage::Position { seq: 5 },
        ServerMessage::Draining { reconnect_in_ms: 250 },
        ServerMessage::Published {
            id: Some(word()),
            room: RoomName::default(),
            epoch: Epoch("k3".into()),
            seq: 9,
            count: 2,
        },
        ServerMessage::Error { code: word(), detail: word(), id: None },
    ];
    for message in &all {
        // A new message needs a line here: what the page makes of it.
        let expected = match message {
            ServerMessage::Connection(said) => {
                let Incoming::Welcome(welcome) = heard(message) else { panic!("{message:?}") };
                assert_eq!(welcome.recent, said.recent_events);
                assert_eq!((welcome.subscriber_count, welcome.seq), (said.subscriber_count, said.seq));
                assert_eq!((welcome.room, welcome.epoch), (said.room.clone(), Some(said.epoch.clone())));
                assert_eq!((welcome.undecodable, welcome.resume), (0, said.resume));
                continue;
            }
            ServerMessage::Pong { t0, t1, t2 } => Notice::Pong { t0: *t0, t1: *t1, t2: *t2 },
            ServerMessage::Gap { from, to, .. } => {
                Notice::Gap { from: *from, to: *to, cause: Cause::Damaged }
            }
            ServerMessage::Lagging { behind } => Notice::Behind { events: *behind },
            ServerMessage::CaughtUp { .. } => Notice::Behind { events: 0 },
            ServerMessage::Position { seq } => Notice::Position { seq: *seq },
            ServerMessage::Draining { reconnect_in_ms } => {
                Notice::Draining { reconnect_in_ms: *reconnect_in_ms }
            }
            ServerMessage::Hello { .. }
            | ServerMessage::Filtered { .. }
            | ServerMessage::Published { .. }
            | ServerMessage::Error { .. } => Notice::Remark,
        };
        let Incoming::Notice(notice) = heard(message) else { panic!("{message:?}") };
        assert_eq!(notice, expected);
    }
}

#[test]
fn an_event_is_read_and_written_as_the_protocol_says() {
    let event = an_event();
    let text = serde_json::to_string(&event).unwrap();
    assert_eq!(super::event(serde_json::from_str(&text).unwrap(), now()), Some(event.clone()));
    assert_eq!(written(value(&event)), text);
    let bare = ReceivedEvent { daemon_name: None, seq: None, room: None, ..event };
    assert_eq!(written(value(&bare)), serde_json::to_string(&bare).unwrap());
}

#[test]
fn what_the_page_says_is_what_the_server_reads() {
    let said = |text: &str| serde_json::from_str::<ClientMessage>(text).unwrap();
    assert_eq!(said(&hello("dashboard")), ClientMessage::Hello { client: Some("dashboard".into()) });
    assert_eq!(said(&ping(1_700_000_000_000.25)), ClientMessage::Ping { t0: 1_700_000_000_000.25 });
    let samples = vec![PaintSample {
        seq: 3,
        painted_at: 17.5,
        late_ms: -0.25,
        missed: true,
        reason: Some(arcane_shared::control::MissReason::Frame),
    }];
    assert_eq!(said(&seen(&samples)), ClientMessage::Seen { samples });
}

proptest! {
    #[test]
    fn what_is_no_json_is_counted(text in ".{0,200}|[0-9a-z{}\\[\\],:\"]{0,9}") {
        for text in [&text, &format!("{{\"spell_name\":{text}"), &format!("{{\"type\":\"connection\",\"recent_events\":[{text}]}}")] {
            let is_object = matches!(serde_json::from_str(text), Ok(Value::Object(_)));
            let read = read(text, now());
            prop_assert!(is_object || matches!(read, Incoming::Undecodable), "{text}: {read:?}");
            if let Incoming::Welcome(welcome) = read {
                let listed = serde_json::from_str::<Value>(text).unwrap()["recent_events"].as_array().unwrap().len();
                prop_assert_eq!(welcome.recent.len() as u64 + welcome.undecodable, listed as u64);
            }
        }
    }
}
