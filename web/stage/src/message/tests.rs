use super::*;
use arcane_shared::NotRecovered;
use arcane_shared::control::{ClientMessage, Limits, MissReason, PaintSample, ServerMessage};
use proptest::prelude::*;
use serde_json::json;

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
    assert!(matches!(read(r#"{"type":"aurora","colour":1}"#, now()), Incoming::Notice(Notice::Unknown)));
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

fn connection(resume: Option<Resume>) -> ServerMessage {
    ServerMessage::Connection(Connection {
        message: "word".into(),
        subscriber_count: 3,
        recent_events: vec![an_event()],
        room: RoomName::parse("attic").unwrap(),
        epoch: Epoch("k3".into()),
        seq: 9,
        session: "word".into(),
        resume,
        roster: None,
        demo: false,
        plain: true,
    })
}

#[test]
fn whatever_the_server_says_is_understood() {
    let limits = Limits {
        event_bytes_max: 1,
        message_bytes_max: 2,
        seen_samples_max: 3,
        history_size: 4,
        ping_interval_ms: 5,
    };
    let word = || String::from("word");
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
        match message {
            ServerMessage::Connection(said) => {
                let Incoming::Welcome(welcome) = heard(message) else { panic!("{message:?}") };
                assert_eq!(welcome.recent, said.recent_events);
                assert_eq!((welcome.subscriber_count, welcome.seq), (said.subscriber_count, said.seq));
                assert_eq!((welcome.room, welcome.epoch), (said.room.clone(), Some(said.epoch.clone())));
                assert_eq!((welcome.undecodable, welcome.resume), (0, said.resume));
                assert_eq!((welcome.demo, welcome.plain), (said.demo, said.plain));
            }
            notice => {
                let Incoming::Notice(read) = heard(message) else { panic!("{message:?}") };
                assert_eq!(format!("{read:?}"), format!("{notice:?}"));
            }
        }
    }
}

#[test]
fn an_event_is_read_and_written_as_the_protocol_says() {
    let event = an_event();
    let text = serde_json::to_string(&event).unwrap();
    assert_eq!(super::event(serde_json::from_str(&text).unwrap(), now()), Some(event.clone()));
    assert_eq!(written(&event), text);
    let bare = ReceivedEvent { daemon_name: None, seq: None, room: None, ..event };
    assert_eq!(written(&bare), serde_json::to_string(&bare).unwrap());
}

/// Any value, as a part of a message may be in some version of some server.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,5}".prop_map(Value::from),
        "#[0-9a-f]{6}|2026-01-01T00:00:0[0-9]|Claude|main|expired".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 9, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec((".{0,3}|seq|type", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A message with some members added, taken away, or of another kind.
fn of_another_version(message: Value) -> impl Strategy<Value = Value> {
    let keys: Vec<String> =
        message.as_object().unwrap().keys().filter(|key| *key != "type").cloned().collect();
    let key = prop_oneof![proptest::sample::select(keys), "[a-z_]{1,9}"]
        .prop_filter("the type says what it is", |key| key != "type");
    proptest::collection::vec((key, proptest::option::of(any_json())), 0..4).prop_map(move |changes| {
        let mut changed = message.clone();
        let object = changed.as_object_mut().unwrap();
        for (key, change) in changes {
            match change {
                Some(value) => drop(object.insert(key, value)),
                None => drop(object.remove(&key)),
            }
        }
        changed
    })
}

fn a_welcome() -> Value {
    json!({"type": "connection", "message": "✨", "subscriber_count": 3, "recent_events": [value(&an_event())],
        "room": "attic", "epoch": "k3", "seq": 9, "session": "s", "resume": {"recovered": true, "count": 2}})
}

#[test]
fn what_a_notice_does_not_have_may_be_anything_in_it() {
    let message = json!({"type": "draining", "reconnect_in_ms": 250, "to": false, "limits": "none"});
    let read = read(&message.to_string(), now());
    assert!(matches!(read, Incoming::Notice(Notice::Draining { .. })), "{read:?}");
}

proptest! {
    #[test]
    fn an_event_of_any_version_is_shown_if_it_names_a_spell(event in of_another_version(value(&an_event()))) {
        let text = event.to_string();
        let read = read(&text, now());
        // A float may be another after it was written: serde_json reads to within its last place.
        let event: Value = serde_json::from_str(&text).unwrap();
        let Some(spell) = event["spell_name"].as_str() else {
            prop_assert!(matches!(read, Incoming::Undecodable), "{event}: {read:?}");
            return Ok(());
        };
        let Incoming::Event(shown) = read else { panic!("{event}: {read:?}") };
        prop_assert_eq!(shown.spell_name.as_str(), spell);
        prop_assert_eq!(shown.seq, event["seq"].as_u64());
        prop_assert_eq!(shown.success, event["success"].as_bool().unwrap_or(true));
        prop_assert_eq!(&shown.description, event["description"].as_str().unwrap_or_default());
        prop_assert_eq!(shown.metadata, event["metadata"].as_object().cloned().unwrap_or_default());
        let time = event["timestamp"].as_str().and_then(|time| Timestamp::parse(time).ok());
        prop_assert_eq!(shown.timestamp, time.unwrap_or(now()));
    }

    #[test]
    fn a_welcome_of_any_version_is_one(
        change in of_another_version(a_welcome()), events in proptest::collection::vec(any_json(), 0..4),
    ) {
        let mut said = change;
        if let Some(Value::Array(list)) = said.get_mut("recent_events") {
            list.extend(events);
        }
        let listed = said["recent_events"].as_array().map_or(0, Vec::len) as u64;
        let read = read(&said.to_string(), now());
        let Incoming::Welcome(welcome) = read else { panic!("{said}: {read:?}") };
        prop_assert_eq!(welcome.recent.len() as u64 + welcome.undecodable, listed);
        prop_assert_eq!(welcome.subscriber_count, said["subscriber_count"].as_u64().unwrap_or(0));
        prop_assert!(welcome.seq >= said["seq"].as_u64().unwrap_or(0));
        prop_assert_eq!(welcome.epoch.map(|epoch| epoch.0), said["epoch"].as_str().filter(|k| !k.is_empty()).map(Into::into));
    }

    #[test]
    fn a_notice_of_any_version_is_read_or_passed_over(
        message in prop_oneof![
            Just(json!({"type": "gap", "from": 2, "to": 7, "reason": "lagged"})),
            Just(json!({"type": "pong", "t0": 1.5, "t1": 2, "t2": 3.25})),
            Just(json!({"type": "draining", "reconnect_in_ms": 250})),
            Just(json!({"type": "aurora", "seq": 1})),
        ].prop_flat_map(of_another_version),
    ) {
        prop_assume!(message.get("spell_name").is_none());
        let read = read(&message.to_string(), now());
        let Incoming::Notice(notice) = read else { panic!("{message}: {read:?}") };
        let whole = |key: &str| message[key].as_u64();
        match message["type"].as_str().unwrap() {
            "gap" => {
                let understood = whole("from").is_some() && whole("to").is_some() && message["reason"].is_string();
                prop_assert_eq!(understood, matches!(notice, Notice::Gap { .. }), "{}", message);
            }
            "pong" => {
                let understood = ["t0", "t1", "t2"].iter().all(|key| message[*key].is_number());
                prop_assert_eq!(understood, matches!(notice, Notice::Pong { .. }), "{}", message);
            }
            "draining" => {
                let understood = matches!(notice, Notice::Draining { .. });
                prop_assert_eq!(whole("reconnect_in_ms").is_some(), understood, "{}", message);
            }
            _ => prop_assert_eq!(notice, Notice::Unknown),
        }
    }

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

#[test]
fn what_the_page_says_is_what_the_server_reads() {
    let sample = PaintSample {
        seq: 3,
        painted_at: 1_000.5,
        late_ms: -0.25,
        missed: true,
        reason: Some(MissReason::Frame),
    };
    for (text, message) in [
        (
            said("hello", "client", "dashboard".into()),
            ClientMessage::Hello { client: Some("dashboard".into()) },
        ),
        (said("ping", "t0", 1_700_000_000_000.5.into()), ClientMessage::Ping { t0: 1_700_000_000_000.5 }),
        (said("seen", "samples", value(&vec![sample])), ClientMessage::Seen { samples: vec![sample] }),
        (said("presence", "visible", true.into()), ClientMessage::Presence { visible: true }),
    ] {
        assert_eq!(serde_json::from_str::<ClientMessage>(&text).unwrap(), message, "{text}");
    }
}
