//! Clients that come back: with positions of every form, in a consumer's name, and to streams that are over.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use support::{Sse, TestServer, event};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A server with so many events, and its epoch.
async fn with_events(count: u64) -> (TestServer, String) {
    let server = TestServer::start().await;
    for n in 1..=count {
        server.publish(event(&n.to_string())).await;
    }
    let (_, rooms) = server.look("/rooms").await;
    (server, rooms["rooms"][0]["epoch"].as_str().unwrap().to_owned())
}

async fn again(server: &TestServer, path: &str, last_id: &str) -> Response {
    server.http.get(server.url(path)).header("last-event-id", last_id).send().await.unwrap()
}

fn refused(reason: &str) -> Value {
    json!({"recovered": false, "reason": reason})
}

#[tokio::test]
async fn every_form_of_a_last_event_id_is_resumed_or_said_to_be_none() {
    let (server, epoch) = with_events(5).await;
    let resumed = json!({"recovered": true, "count": 2});
    let cases = [
        (format!("{epoch}:3"), resumed.clone()),
        ("3".into(), resumed.clone()),
        (format!("{epoch}%3A3"), resumed.clone()),
        (format!("{epoch}%3a3"), resumed.clone()),
        (format!(" {epoch}:3 "), resumed.clone()),
        (format!("{epoch}:3:end"), resumed.clone()),
        ("another:3".into(), refused("epoch_changed")),
        ("01HZY3-message-id".into(), refused("epoch_changed")),
        (epoch.clone(), refused("epoch_changed")),
        ("-3".into(), refused("epoch_changed")),
        ("99999999999999999999".into(), refused("ahead")),
        (format!("{epoch}:18446744073709551615"), refused("ahead")),
        (format!("{epoch}:99999999999999999999"), refused("ahead")),
        ("6".into(), refused("ahead")),
    ];
    for (id, expected) in cases {
        let mut stream = Sse::open(&server, "/events/stream?recent=0", Some(&id)).await;
        let connection = stream.next().await.unwrap().2;
        assert_eq!(connection["resume"], expected, "Last-Event-ID: {id}");
        let query: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let path = format!("/events/stream?recent=0&lastEventId={query}");
        let mut stream = Sse::open(&server, &path, None).await;
        let connection = stream.next().await.unwrap().2;
        assert_eq!(connection["resume"], expected, "lastEventId={query}");
        if expected["recovered"] == true {
            assert_eq!(stream.next().await.unwrap().2["seq"], 4, "{id}");
        }
        let url = format!("ws://{}/ws/events?recent=0", server.address);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("last-event-id", id.parse().unwrap());
        let (socket, _) = connect_async(request).await.unwrap();
        let connection = support::Client { socket }.next().await;
        assert_eq!(connection["resume"], expected, "the same on a WebSocket: {id}");
    }
}

#[tokio::test]
async fn what_a_client_has_seen_last_counts_before_what_its_address_says() {
    let (server, epoch) = with_events(5).await;
    let path = format!("/events/stream?since=1&lastEventId={epoch}:2");
    let mut stream = Sse::open(&server, &path, Some(&format!("{epoch}:4"))).await;
    assert_eq!(stream.next().await.unwrap().2["seq"], 4, "the header is the newest");
    let mut stream = Sse::open(&server, &path, None).await;
    assert_eq!(stream.next().await.unwrap().2["seq"], 2);
    let mut stream = Sse::open(&server, "/events/stream?since=1", Some("")).await;
    assert_eq!(stream.next().await.unwrap().2["seq"], 1, "an empty one says nothing");
}

#[tokio::test]
async fn a_replay_that_cannot_go_on_where_it_was_begins_anew_and_says_so() {
    let (server, epoch) = with_events(5).await;
    let path = "/events/stream?from=2&speed=100";
    for (id, resume, first) in [
        (format!("{epoch}:3"), json!({"recovered": true, "count": 2}), 4),
        ("another:3".into(), refused("epoch_changed"), 2),
        ("18446744073709551615".into(), refused("ahead"), 2),
    ] {
        let mut stream = Sse::open(&server, path, Some(&id)).await;
        assert_eq!(stream.next().await.unwrap().2["resume"], resume, "{id}");
        assert_eq!(stream.next().await.unwrap().2["seq"], first, "{id}");
    }
    assert_eq!(again(&server, path, &format!("{epoch}:5")).await.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_replay_that_was_seen_to_its_end_is_not_begun_again_whatever_has_happened_since() {
    let (server, _) = with_events(3).await;
    let path = "/events/stream?from=1&speed=100";
    let mut stream = Sse::open(&server, path, None).await;
    let last = loop {
        let (id, name, _) = stream.next().await.unwrap();
        if name == "complete" {
            break id;
        }
    };
    assert!(stream.next().await.is_none());
    server.publish(event("later")).await;
    assert_eq!(again(&server, path, &last).await.status(), StatusCode::NO_CONTENT);
    // The id is a position all the same: the reader may go on live with it.
    let mut live = Sse::open(&server, &format!("/events/stream?since={last}"), None).await;
    assert_eq!(live.next().await.unwrap().2["resume"], json!({"recovered": true, "count": 1}));
}

#[tokio::test]
async fn two_tabs_with_one_name_come_to_rest() {
    let (server, _) = with_events(1).await;
    let path = "/events/stream?consumer=tab&since=0";
    let mut first = Sse::open(&server, path, None).await;
    assert_eq!(first.next().await.unwrap().1, "connection");
    assert_eq!(first.next().await.unwrap().2["seq"], 1);
    let mut second = Sse::open(&server, path, None).await;
    assert_eq!(second.next().await.unwrap().1, "connection");
    let (id, name, data) = first.next().await.unwrap();
    assert_eq!((name.as_str(), &data["code"]), ("close", &json!(4409)), "{data}");
    assert!(first.next().await.is_none());

    // What a browser does by itself, as often as it likes.
    for _ in 0..3 {
        assert_eq!(again(&server, path, &id).await.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(second.next().await.unwrap().2["seq"], 1);
    let seq = server.publish(event("for the second")).await;
    assert_eq!(second.next().await.unwrap().2["seq"], seq, "nobody threw it out");

    // Loading the first page again is a decision.
    let mut third = Sse::open(&server, path, None).await;
    assert_eq!(third.next().await.unwrap().1, "connection");
    assert_eq!(second.next().await.unwrap().1, "close");
}

#[tokio::test]
async fn a_consumer_that_was_deleted_is_not_made_again_by_its_reader() {
    let (server, _) = with_events(1).await;
    let path = "/events/stream?consumer=gone";
    let mut stream = Sse::open(&server, path, None).await;
    stream.next().await.unwrap();
    let deleted = server.http.delete(server.url("/consumers/gone")).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    let (id, name, data) = stream.next().await.unwrap();
    assert_eq!((name.as_str(), &data["code"]), ("close", &json!(4409)));
    assert_eq!(again(&server, path, &id).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(server.look("/consumers").await.1["consumers"], json!([]));
}

#[tokio::test]
async fn a_look_at_the_headers_makes_no_consumer_and_throws_nobody_out() {
    let (server, _) = with_events(0).await;
    let head = async |path: &str| server.http.request(Method::HEAD, server.url(path)).send().await.unwrap();
    let looked = head("/events/stream?consumer=c&room=lab").await;
    assert_eq!(
        (looked.status(), &looked.headers()["content-type"]),
        (StatusCode::OK, &"text/event-stream".parse().unwrap())
    );
    assert_eq!(server.look("/consumers").await.1["consumers"], json!([]));
    let (_, rooms) = server.look("/rooms").await;
    assert_eq!(rooms["rooms"].as_array().unwrap().len(), 1, "and opens no room: {rooms}");
    let mut reader = Sse::open(&server, "/events/stream?consumer=c", None).await;
    reader.next().await.unwrap();
    head("/events/stream?consumer=c").await;
    let seq = server.publish(event("still read")).await;
    assert_eq!(reader.next().await.unwrap().2["seq"], seq);
    assert_eq!(head("/events/stream?recent=1000").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_consumer_ahead_of_the_room_is_told_so_and_begins_with_what_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    for n in 1..=5 {
        server.publish(event(&n.to_string())).await;
    }
    let mut reader = server.connect("consumer=far&since=1000").await;
    assert_eq!(reader.next().await["resume"], refused("ahead"));
    for seq in 1..=5 {
        assert_eq!(reader.next().await["seq"], seq);
    }
    assert_eq!(server.look("/consumers").await.1["consumers"][0]["lag"], 5, "nothing is acknowledged yet");
    assert_eq!(server.post("/consumers/far/ack", json!({"seq": 4})).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(server.look("/consumers").await.1["consumers"][0]["seq"], 4, "an acknowledgement counts");
    drop(reader);
    server.stop().await;

    let server = TestServer::in_dir(dir.path()).await;
    let mut reader = server.connect("consumer=far&since=1000").await;
    assert_eq!(reader.next().await["resume"], json!({"recovered": true, "count": 1}));
    assert_eq!(reader.next().await["seq"], 5, "and after a restart");
}

#[tokio::test]
async fn an_acknowledgement_of_another_epoch_is_refused() {
    let (server, epoch) = with_events(3).await;
    let mut reader = server.connect("consumer=c&since=0").await;
    reader.next().await;
    let (status, problem) = server.ask("/consumers/c/ack", json!({"seq": 2, "epoch": "another"})).await;
    assert_eq!((status, &problem["type"]), (410, &json!("/docs#problem-epoch-changed")));
    assert_eq!(server.look("/consumers").await.1["consumers"][0]["seq"], 0);
    let acked = server.post("/consumers/c/ack", json!({"seq": 2, "epoch": epoch})).await;
    assert_eq!(acked.status(), StatusCode::NO_CONTENT);
    assert_eq!(server.look("/consumers").await.1["consumers"][0]["seq"], 2);
}
