//! Administrative acts and refusals, told in a room that administrators read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use arcane_server::config::{Config, Dashboard, ProxyConfig};
use reqwest::Method;
use serde_json::{Value, json};
use support::TestServer;
use support::guarded::{Guarded, token, write_keys};

/// The entries, oldest first, once there are so many.
async fn entries(guarded: &Guarded, count: usize) -> Vec<Value> {
    let admin = token(&json!({"sub": "root"}));
    loop {
        let (_, answer) =
            guarded.status(&admin, Method::GET, "/events/recent?room=audit&count=100", None).await;
        let events = answer["events"].as_array().cloned().unwrap_or_default();
        if events.len() >= count {
            return events.into_iter().map(|event| event["metadata"].clone()).collect();
        }
        tokio::task::yield_now().await;
    }
}

/// What an entry says, without how it is shown.
fn said(entry: &Value) -> Value {
    let mut entry = entry.clone();
    entry
        .as_object_mut()
        .unwrap()
        .retain(|key, _| !matches!(key.as_str(), "sync" | "daemon_count" | "error"));
    entry
}

#[tokio::test]
async fn acts_and_refusals_are_told_with_who_what_and_why() {
    let guarded = Guarded::start().await;
    let ada = token(&json!({"sub": "ada"}));
    guarded.status(&ada, Method::POST, "/events?room=lab", Some(json!({"spell_name": "reveal"}))).await;
    assert_eq!(guarded.status(&ada, Method::DELETE, "/rooms/lab", None).await.0, 204);
    let eve = token(&json!({"sub": "eve", "can": ["subscribe"]}));
    assert_eq!(guarded.status(&eve, Method::DELETE, "/rooms/main?token=x", None).await.0, 401, "two tokens");
    assert_eq!(guarded.status(&eve, Method::DELETE, "/rooms/main", None).await.0, 403);
    let mut client = guarded.connect(&token(&json!({"sub": "mallory", "rooms": []})), "").await;
    assert_eq!(client.closed().await.0, 4403);
    let told = entries(&guarded, 3).await;
    assert_eq!(
        said(&told[0]),
        json!({"query_type": "audit", "asked": "DELETE /rooms/lab", "subject": "ada", "address": "127.0.0.1"})
    );
    let bad = json!({"query_type": "audit", "asked": "DELETE /rooms/main", "refused": "bad-token", "address": "127.0.0.1"});
    assert_eq!(said(&told[1]), bad, "a query may hold a token");
    let forbidden = json!({
        "query_type": "audit", "asked": "DELETE /rooms/main", "refused": "forbidden", "subject": "eve",
        "address": "127.0.0.1"
    });
    assert_eq!(said(&told[2]), forbidden);
    // The WebSocket was of the same kind and in the same second: it is counted.
    assert_eq!(guarded.status(&ada, Method::DELETE, "/daemons/nobody", None).await.0, 404);
    write_keys(&guarded.file, &json!([{"jti": "gone"}]));
    let told = entries(&guarded, 4).await;
    let last = said(told.last().unwrap());
    assert_eq!((&last["asked"], &last["left_out"]), (&json!("reading its keys again"), &json!(1)));
}

#[tokio::test]
async fn a_tool_that_is_refused_is_told_as_any_refusal() {
    let guarded = Guarded::start().await;
    let eve = token(&json!({"sub": "eve", "can": ["subscribe"]}));
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "summon", "arguments": {"daemon": "eve"}}});
    let request = guarded.server.http.post(guarded.server.url("/mcp")).bearer_auth(&eve).json(&call);
    let answer = request.header("accept", "application/json, text/event-stream").send().await.unwrap();
    assert_eq!(answer.status(), 200, "the tool's own error");
    let forbidden = json!({
        "query_type": "audit", "asked": "POST /mcp", "refused": "forbidden", "subject": "eve", "address": "127.0.0.1"
    });
    assert_eq!(said(&entries(&guarded, 1).await[0]), forbidden);
}

#[tokio::test]
async fn administrators_alone_read_it_and_nobody_changes_it() {
    let guarded = Guarded::start().await;
    let (admin, reader) =
        (token(&json!({"sub": "root"})), token(&json!({"can": ["subscribe", "publish", "cast"]})));
    guarded.status(&reader, Method::DELETE, "/rooms/main", None).await;
    entries(&guarded, 1).await;
    let rooms =
        async |token: &String| guarded.status(token, Method::GET, "/rooms", None).await.1["rooms"].clone();
    assert!(rooms(&admin).await.as_array().unwrap().iter().any(|card| card["room"] == "audit"));
    assert!(!rooms(&reader).await.as_array().unwrap().iter().any(|card| card["room"] == "audit"));
    for path in
        ["/events?room=audit", "/events/recent?room=audit", "/events/stream?room=audit", "/roster?room=audit"]
    {
        assert_eq!(guarded.status(&reader, Method::GET, path, None).await.0, 403, "{path}");
    }
    let mut client = guarded.connect(&reader, "room=audit").await;
    assert_eq!(client.closed().await.0, 4403);
    let mut client = guarded.connect(&admin, "room=audit").await;
    assert_eq!(client.next().await["type"], "connection");
    client.say(json!({"type": "publish", "id": "1", "events": [{"spell_name": "reveal"}]})).await;
    client
        .say(json!({"type": "publish", "id": "2", "room": "audit", "events": [{"spell_name": "reveal"}]}))
        .await;
    for _ in 0..2 {
        let answer = client.next().await;
        assert!(
            answer["type"] == "error" && answer["detail"].as_str().unwrap().contains("nobody changes"),
            "{answer}"
        );
    }
    for (method, path, body) in [
        (Method::POST, "/events?room=audit", Some(json!({"spell_name": "reveal"}))),
        (Method::DELETE, "/events?room=audit&before=100", None),
        (Method::DELETE, "/rooms/audit", None),
    ] {
        let (status, problem) = guarded.status(&admin, method, path, body).await;
        assert_eq!((status, &problem["type"]), (403, &json!("/docs#problem-forbidden")), "{path}");
    }
}

#[tokio::test]
async fn a_flood_of_refusals_leaves_one_entry_a_second_and_their_number() {
    let guarded = Guarded::start().await;
    let begun = std::time::Instant::now();
    for _ in 0..200 {
        assert_eq!(guarded.server.get("/events").await.status(), 401);
    }
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    let ada = token(&json!({"sub": "ada"}));
    guarded.status(&ada, Method::POST, "/events?room=lab", Some(json!({"spell_name": "reveal"}))).await;
    guarded.status(&ada, Method::DELETE, "/rooms/lab", None).await;
    let told = loop {
        let told = entries(&guarded, 2).await;
        if told.last().unwrap()["subject"] == "ada" {
            break told;
        }
    };
    assert!(told.len() <= 2 + seconds, "{} entries in {seconds} s", told.len());
    let left_out: u64 = told.iter().filter_map(|entry| entry["left_out"].as_u64()).sum();
    assert_eq!(left_out + told.len() as u64, 201);
}

#[tokio::test]
async fn what_a_trusted_proxy_asks_is_told_with_its_clients_address() {
    let proxy = ProxyConfig {
        addresses: vec!["127.0.0.1".parse().unwrap()],
        user_header: Some("x-remote-user".into()),
        user_can: vec!["subscribe".into(), "admin".into()],
        user_rooms: vec!["*".into()],
    };
    let server = TestServer::with(Config { proxy, dashboard: Dashboard::Off, ..Config::default() }).await;
    let ask = |path: &str, client: &str| server.http.get(server.url(path)).header("x-forwarded-for", client);
    // Nobody is named, a token does not hold, and a host that the server does not go by.
    assert_eq!(ask("/rooms", "192.0.2.7").send().await.unwrap().status(), 401);
    assert_eq!(ask("/rooms", "192.0.2.8").bearer_auth("x").send().await.unwrap().status(), 401);
    let elsewhere = ask("/rooms", "192.0.2.9").header("host", "evil.example");
    assert_eq!(elsewhere.send().await.unwrap().status(), 403);
    let told = loop {
        let request = ask("/events/recent?room=audit", "192.0.2.1").header("x-remote-user", "ada");
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let events = answer["events"].as_array().cloned().unwrap_or_default();
        if events.len() >= 3 {
            break events;
        }
        tokio::task::yield_now().await;
    };
    let said = told.iter().map(|event| (&event["metadata"]["refused"], &event["metadata"]["address"]));
    let expected = [("no-token", "192.0.2.7"), ("bad-token", "192.0.2.8"), ("origin", "192.0.2.9")];
    for (said, expected) in said.zip(expected) {
        assert_eq!(said, (&json!(expected.0), &json!(expected.1)));
    }
}

#[tokio::test]
async fn a_server_on_which_everybody_may_do_everything_has_none() {
    let server = TestServer::start().await;
    server.ask("/events?room=lab", json!({"spell_name": "reveal"})).await;
    server.http.delete(server.url("/rooms/lab")).send().await.unwrap();
    let evil = server.http.get(server.url("/events")).header("host", "evil.example").send().await.unwrap();
    assert_eq!(evil.status(), 403);
    let (_, rooms) = server.look("/rooms").await;
    assert_eq!(rooms["rooms"].as_array().unwrap().len(), 1);
}
