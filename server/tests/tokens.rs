//! What a token allows over a connection that stays open: messages, its filter, its end.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use support::Sse;
use support::guarded::{Guarded, OTHER_SECRET, all_rights_but, now, signed, token, write_keys};

#[tokio::test]
async fn a_socket_without_a_token_that_holds_is_closed_with_the_reason() {
    let guarded = Guarded::start().await;
    for (token, code, reason) in [
        ("rubbish".to_owned(), 4401, "the token is no JSON Web Token of at most 4096 bytes"),
        (token(&json!({"exp": now() - 1})), 4401, "the token has expired"),
        (
            token(&json!({"aud": "another"})),
            4401,
            "the token is not for this server: its aud must have \"arcane\"",
        ),
        (signed(OTHER_SECRET, &json!({})), 4401, "the token was not signed with a key of this server"),
        (
            token(&all_rights_but("subscribe")),
            4403,
            "the token of tester does not allow subscribe; it allows publish, cast, answer, metrics, admin",
        ),
        (
            token(&json!({"rooms": ["lab"]})),
            4403,
            "the token of tester is not for the room main; it is for lab",
        ),
    ] {
        let mut client = guarded.connect(&token, "").await;
        assert_eq!(client.closed().await, (code, reason.to_owned()));
    }
    let mut client = guarded.server.connect("").await;
    assert_eq!(client.closed().await.0, 4401, "no token at all");
    let narrow = token(&json!({"filter": {"spell": ["voice"]}}));
    let mut client = guarded.connect(&narrow, "spell=summon").await;
    assert_eq!(client.closed().await.0, 4403, "nothing is left of it");
    // In the address, for who can do nothing else.
    let mut client = guarded.server.connect(&format!("token={}", token(&json!({})))).await;
    assert_eq!(client.next().await["type"], "connection");
    // A connection that only publishes needs no other right, and sees nothing.
    let publisher = token(&json!({"can": ["publish"]}));
    guarded.status(&publisher, Method::POST, "/events", Some(json!({"spell_name": "reveal"}))).await;
    let mut client = guarded.connect(&publisher, "listen=false").await;
    assert_eq!(client.next().await["recent_events"], json!([]));
}

#[tokio::test]
async fn every_message_needs_its_right() {
    let guarded = Guarded::start().await;
    let publish = |room: &str| json!({"type": "publish", "id": "7", "room": room, "events": [{"spell_name": "reveal"}]});
    let said = async |token: &str, message: Value| {
        let mut client = guarded.connect(token, "recent=0").await;
        client.next().await;
        client.say(message).await;
        let answer = client.next().await;
        answer["code"].as_str().or(answer["type"].as_str()).unwrap().to_owned()
    };
    let reader = token(&json!({"can": ["subscribe"], "rooms": ["main"]}));
    let writer = token(&json!({"can": ["subscribe", "publish"], "rooms": ["main", "lab"]}));
    for (token, message, answer) in [
        (&reader, json!({"type": "hello"}), "hello"),
        (&reader, json!({"type": "ping", "t0": 1}), "pong"),
        (&reader, json!({"type": "filter", "spell": ["voice"]}), "filtered"),
        (&reader, json!({"type": "auth", "token": reader}), "authenticated"),
        (&reader, json!({"type": "auth", "token": "rubbish"}), "bad_token"),
        (&reader, json!({"type": "auth", "token": token(&json!({"sub": "other"}))}), "bad_token"),
        (&reader, json!({"type": "auth", "token": token(&json!({"can": ["publish"]}))}), "bad_token"),
        (&reader, json!({"type": "auth", "token": token(&json!({"rooms": ["lab"]}))}), "bad_token"),
        (
            &reader,
            json!({"type": "auth", "token": token(&json!({"filter": {"success": true}}))}),
            "bad_token",
        ),
        (&reader, json!({"type": "ack", "seq": 1}), "no_consumer"),
        (&reader, publish("main"), "forbidden"),
        (&writer, publish("lab"), "published"),
        (&writer, publish("other"), "forbidden"),
    ] {
        assert_eq!(said(token, message.clone()).await, answer, "{message}");
    }
    let all = token(&json!({}));
    let (_, rooms) = guarded.status(&all, Method::GET, "/rooms", None).await;
    let names: Vec<&str> =
        rooms["rooms"].as_array().unwrap().iter().map(|room| room["room"].as_str().unwrap()).collect();
    assert_eq!(names, ["lab", "main"], "a refused publication opens no room");
    let (_, rooms) = guarded.status(&reader, Method::GET, "/rooms", None).await;
    assert_eq!(rooms["rooms"].as_array().unwrap().len(), 1, "and a reader sees its own alone");
    // Rights that are gained are there at once.
    let mut client = guarded.connect(&reader, "recent=0").await;
    client.next().await;
    client.say(json!({"type": "auth", "token": token(&json!({"rooms": ["*"]}))})).await;
    assert_eq!(client.next().await["type"], "authenticated");
    client.say(publish("other")).await;
    assert_eq!(client.next().await["type"], "published");
}

#[tokio::test]
async fn a_filter_of_a_token_cannot_be_widened() {
    let guarded = Guarded::start().await;
    let (all, narrow) = (token(&json!({})), token(&json!({"filter": {"daemon": ["claude"]}})));
    for (spell, daemon) in
        [("summon", "claude"), ("summon", "gemini"), ("voice", "claude"), ("voice", "gemini")]
    {
        let event = json!({"spell_name": spell, "daemon_name": daemon});
        guarded.status(&all, Method::POST, "/events", Some(event)).await;
    }
    let names = |events: &Value| -> BTreeSet<String> {
        let of = |event: &Value| event["daemon_name"].as_str().unwrap_or_default().to_owned();
        events.as_array().unwrap().iter().map(of).collect()
    };
    let claude = BTreeSet::from(["claude".to_owned()]);
    for path in ["/events", "/events?daemon=claude,gemini", "/events/recent", "/events?q=claude"] {
        let (status, page) = guarded.status(&narrow, Method::GET, path, None).await;
        assert_eq!((status, names(&page["events"])), (200, claude.clone()), "{path}");
    }
    let (status, _) = guarded.status(&narrow, Method::GET, "/events?daemon=gemini", None).await;
    assert_eq!(status, 403);
    let mut client = guarded.connect(&narrow, "roster=true").await;
    let first = client.next().await;
    assert_eq!((names(&first["recent_events"]), &first["roster"]), (claude.clone(), &Value::Null));
    client.say(json!({"type": "filter", "daemon": ["gemini"]})).await;
    assert_eq!(client.next().await["code"], "forbidden");
    client.say(json!({"type": "filter"})).await;
    assert_eq!(client.next().await["type"], "filtered");
    for daemon in ["gemini", "claude"] {
        let event = json!({"spell_name": "invoke", "daemon_name": daemon});
        guarded.status(&all, Method::POST, "/events", Some(event)).await;
    }
    assert_eq!(client.next().await["daemon_name"], "claude");
    // A replay, and a look from a position.
    for query in ["from=1&speed=100&max_gap=0", "since=0"] {
        let mut client = guarded.connect(&narrow, query).await;
        client.next().await;
        for _ in 0..3 {
            assert_eq!(client.next().await["daemon_name"], "claude", "{query}");
        }
    }
}

#[tokio::test]
async fn what_is_open_ends_when_its_token_does() {
    let guarded = Guarded::start().await;
    let soon = token(&json!({"exp": now() + 2}));
    let (mut client, mut stream) = (guarded.connect(&soon, "").await, sse(&guarded, &soon).await);
    client.next().await;
    assert_eq!(client.closed().await, (4401, "the token has expired".to_owned()));
    assert_eq!(stream.next().await.unwrap().1, "error");
    // Another token in time.
    let mut client = guarded.connect(&token(&json!({"exp": now() + 2})), "").await;
    client.next().await;
    client.say(json!({"type": "auth", "token": token(&json!({}))})).await;
    assert_eq!(client.next().await["type"], "authenticated");
    let mut other = guarded.connect(&token(&json!({"exp": now() + 2})), "").await;
    other.next().await;
    assert_eq!(other.closed().await.0, 4401);
    client.say(json!({"type": "ping", "t0": 1})).await;
    assert_eq!(client.next().await["type"], "pong", "it goes on");
}

#[tokio::test]
async fn what_is_open_ends_when_its_token_is_revoked() {
    let guarded = Guarded::start().await;
    let (good, bad) = (token(&json!({"jti": "good"})), token(&json!({"jti": "bad"})));
    let mut kept = guarded.connect(&good, "").await;
    let (mut client, mut stream) = (guarded.connect(&bad, "").await, sse(&guarded, &bad).await);
    kept.next().await;
    client.next().await;
    // What cannot be used changes nothing.
    std::fs::write(&guarded.file, "{").unwrap();
    write_keys(&guarded.file, &json!([{"jti": "bad"}]));
    assert_eq!(client.closed().await, (4401, "the token was revoked".to_owned()));
    let end = stream.next().await;
    assert_eq!(end.as_ref().map(|end| end.1.as_str()), Some("error"), "{end:?}");
    assert_eq!(guarded.status(&bad, Method::GET, "/rooms", None).await.0, 401);
    kept.say(json!({"type": "ping", "t0": 1})).await;
    assert_eq!(kept.next().await["type"], "pong");
}

async fn sse(guarded: &Guarded, token: &str) -> Sse {
    let mut stream = Sse::open(&guarded.server, &format!("/events/stream?token={token}"), None).await;
    stream.next().await;
    stream
}
