//! What a token allows over a connection that stays open: messages, its filter, its end.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use arcane_server::config::LimitsConfig;
use reqwest::Method;
use serde_json::{Value, json};
use support::Sse;
use support::guarded::{Guarded, OTHER_SECRET, all_rights_but, now, signed, token, write_keys};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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
    let metrics = guarded.server.http.get(guarded.server.url("/metrics")).bearer_auth(token(&json!({})));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"arcane_refused_total{why="token"} 5"#), "{metrics}");
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

/// A stream of events that is sent at once, and what it is answered.
async fn stream(guarded: &Guarded, token: &str, lines: usize) -> (u16, Value) {
    let request = guarded.server.http.post(guarded.server.url("/events")).bearer_auth(token);
    let request = request.header("content-type", "application/x-ndjson");
    let response = request.body("{\"spell_name\":\"reveal\"}\n".repeat(lines)).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn head(guarded: &Guarded, token: &str) -> u64 {
    guarded.status(token, Method::GET, "/events", None).await.1["head"].as_u64().unwrap()
}

/// Waits until so many publications were told to wait.
async fn until_waiting(guarded: &Guarded, token: &str, count: u64) {
    let line = format!("arcane_refused_total{{why=\"events\"}} {count}\n");
    loop {
        let metrics = guarded.server.http.get(guarded.server.url("/metrics")).bearer_auth(token);
        if metrics.send().await.unwrap().text().await.unwrap().contains(&line) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stream_that_waits_for_its_turn_ends_with_its_token() {
    let limits = LimitsConfig { events_per_s: 10, ..LimitsConfig::none() };
    let guarded = Guarded::limited(limits).await;
    let watcher = token(&json!({"sub": "watcher"}));
    for (n, (claims, end)) in [
        (json!({"jti": "bad"}), "the token was revoked"),
        (json!({"exp": now() + 3}), "the token has expired"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = claims;
        claims["sub"] = json!(format!("publisher {n}"));
        let bad = token(&claims);
        // Far more than may come at once: what is next waits for a minute.
        let debt = json!(vec![json!({"spell_name": "reveal"}); 620]);
        assert_eq!(guarded.status(&bad, Method::POST, "/events", Some(debt)).await.0, 201);
        let before = head(&guarded, &watcher).await;
        let ending = async {
            until_waiting(&guarded, &watcher, n as u64 + 1).await;
            write_keys(&guarded.file, &json!([{"jti": "bad"}]));
        };
        let begun = Instant::now();
        let (answer, ()) = tokio::join!(stream(&guarded, &bad, 1), ending);
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        assert_eq!(answer.0, 401, "{}", answer.1);
        assert_eq!(answer.1["detail"], format!("0 events were published before this. {end}"));
        assert_eq!(head(&guarded, &watcher).await, before, "and nothing was published");
    }
}

#[tokio::test]
async fn streams_side_by_side_publish_no_more_than_their_subject_may() {
    let limits = LimitsConfig { events_per_s: 100, ..LimitsConfig::none() };
    let guarded = Guarded::limited(limits).await;
    let (watcher, bad) = (token(&json!({"sub": "watcher"})), token(&json!({"jti": "bad"})));
    let begun = Instant::now();
    let ending = async {
        while head(&guarded, &watcher).await == 0 {}
        write_keys(&guarded.file, &json!([{"jti": "bad"}]));
    };
    let streams = (0..8).map(|_| stream(&guarded, &bad, 2_000));
    let (answers, ()) = tokio::join!(futures_util::future::join_all(streams), ending);
    assert_eq!(answers.iter().map(|answer| answer.0).collect::<BTreeSet<_>>(), BTreeSet::from([401]));
    // What is there at the beginning, what came since, and one piece that is paid for later.
    let may = 200 + 100 * (begun.elapsed().as_secs() + 1) + 256;
    let published = head(&guarded, &watcher).await;
    assert!(published <= may, "{published} of {may}");
}

#[tokio::test]
async fn what_comes_slowly_is_not_done_once_its_token_was_revoked() {
    let guarded = Guarded::start().await;
    let (watcher, bad) = (token(&json!({"jti": "good"})), token(&json!({"jti": "bad"})));
    let mut begun = Vec::new();
    for (path, body) in [
        ("/events", r#"{"spell_name":"reveal"}"#),
        ("/summon", r#"{"daemon_name":"claude"}"#),
        ("/spell/cast", r#"{"spell":"summon claude"}"#),
    ] {
        let mut socket = guarded.server.raw().await;
        let (first, rest) = body.split_at(10);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bad}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        // The server says so once the handler reads the body.
        let mut go_on = [0; 25];
        socket.read_exact(&mut go_on).await.unwrap();
        assert!(go_on.starts_with(b"HTTP/1.1 100 "), "{}", String::from_utf8_lossy(&go_on));
        socket.write_all(first.as_bytes()).await.unwrap();
        begun.push((socket, rest, path));
    }
    write_keys(&guarded.file, &json!([{"jti": "bad"}]));
    while guarded.status(&bad, Method::GET, "/rooms", None).await.0 != 401 {}
    for (mut socket, rest, path) in begun {
        socket.write_all(rest.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{path}: {answer}");
    }
    assert_eq!(head(&guarded, &watcher).await, 0);
}

async fn sse(guarded: &Guarded, token: &str) -> Sse {
    let mut stream = Sse::open(&guarded.server, &format!("/events/stream?token={token}"), None).await;
    stream.next().await;
    stream
}
