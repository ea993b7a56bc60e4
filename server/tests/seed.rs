//! What the seed document shows is what its clients meet.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use support::{Client, TestServer};

async fn next_of(client: &mut Client, spell: &str) -> Value {
    loop {
        let event = client.next().await;
        if event["spell_name"] == spell {
            return event;
        }
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn the_connection_message_counts_the_newcomer() {
    let server = TestServer::start().await;
    let mut client = server.connect("").await;
    let message = client.next().await;
    assert_eq!(message["type"], "connection");
    assert_eq!(message["message"], "✨ Welcome to the ArcaneOS event stream! ✨");
    assert_eq!(message["subscriber_count"], 1);
    assert_eq!(message["recent_events"], json!([]));
    assert_eq!((&message["room"], &message["seq"]), (&json!("main"), &json!(0)));
}

#[tokio::test]
async fn every_spell_arrives_with_the_fields_that_the_seed_shows() {
    let server = TestServer::start().await;
    let mut client = server.connect("").await;
    client.next().await;
    let fields =
        ["spell_name", "daemon_name", "timestamp", "success", "description", "metadata", "seq", "room"];

    server.ask("/summon", json!({"daemon_name": "claude"})).await;
    let summon = client.next().await;
    assert_eq!(keys(&summon), fields);
    assert_eq!(summon["metadata"]["model"], "claude-3-5-sonnet-20241022");
    let sync = &summon["metadata"]["sync"];
    assert_eq!(
        (&sync["deadline_ms"], &sync["animation"], &sync["particles"], &sync["audio"], &sync["invert"]),
        (&json!(200), &json!("pulse"), &json!("fade_to_idle"), &json!("success"), &json!(false))
    );
    assert_eq!(summon["timestamp"].as_str().unwrap().len(), "2025-10-24T12:34:56.789000".len());

    let voice = client.next().await;
    assert_eq!((&voice["spell_name"], &voice["metadata"]["event"]), (&json!("voice"), &json!("summon")));
    assert_eq!(voice["metadata"]["tone"], "Measured resonance with analytical undertones");

    let (status, answer) =
        server.ask("/invoke", json!({"daemon_name": "claude", "task": "Write a haiku about coding"})).await;
    assert_eq!((status, &answer["status"]), (200, &json!("invoked")));
    let invoke = next_of(&mut client, "invoke").await;
    assert_eq!(invoke["metadata"]["task"], "Write a haiku about coding");
    assert!(invoke["metadata"]["execution_time"].is_f64());
    assert_eq!(invoke["metadata"]["parameters"], json!({}));
    assert_eq!(invoke["metadata"]["invocation_number"], 1);

    server.look("/daemons").await;
    let reveal = next_of(&mut client, "reveal").await;
    assert_eq!(reveal["daemon_name"], Value::Null);
    assert_eq!(
        (&reveal["metadata"]["daemon_count"], &reveal["metadata"]["query_type"]),
        (&json!(3), &json!("all"))
    );

    server.ask("/spell/parse", json!({"spell": "summon claude"})).await;
    let parse = next_of(&mut client, "parse").await;
    assert_eq!(parse["daemon_name"], "claude");
    assert_eq!(
        (&parse["metadata"]["spell_text"], &parse["metadata"]["parsed_action"]),
        (&json!("summon claude"), &json!("summon"))
    );

    server.ask("/banish", json!({"daemon_name": "claude"})).await;
    let banish = next_of(&mut client, "banish").await;
    let metadata = &banish["metadata"];
    assert_eq!((&metadata["invocation_count"], &metadata["total_invocations"]), (&json!(1), &json!(1)));
    assert_eq!((&metadata["daemon_name"], &metadata["is_active"]), (&json!("claude"), &json!(false)));
    for seconds in ["total_time", "total_execution_time", "average_execution_time"] {
        assert!(metadata[seconds].is_f64(), "{seconds}");
    }
}

#[tokio::test]
async fn a_refusal_answers_409_and_is_a_failure_event_that_clients_can_render() {
    let server = TestServer::start().await;
    let mut client = server.connect("").await;
    client.next().await;
    let (status, problem) = server.ask("/invoke", json!({"daemon_name": "gemini", "task": "dream"})).await;
    assert_eq!(status, 409);
    assert_eq!(problem["detail"], "the daemon gemini is not here; summon it first");
    let event = client.next().await;
    assert_eq!((&event["spell_name"], &event["success"]), (&json!("invoke"), &json!(false)));
    assert_eq!(event["metadata"]["execution_time"], json!(0.0));
    let sync = &event["metadata"]["sync"];
    assert_eq!(
        (&sync["animation"], &sync["particles"], &sync["audio"], &sync["invert"]),
        (&json!("invert"), &json!("halt"), &json!("error"), &json!(true))
    );
    assert_eq!(sync["display_text"], "Rune destabilization detected");
}

#[tokio::test]
async fn recent_events_and_statistics_answer_in_the_seeds_words() {
    let server = TestServer::start().await;
    for n in 0..3 {
        server.publish(support::event(&n.to_string())).await;
    }
    let (_, recent) = server.look("/events/recent?count=2").await;
    assert_eq!((&recent["status"], &recent["count"]), (&json!("success"), &json!(2)));
    assert_eq!(recent["message"], "✨ The chronicles reveal the last 2 mystical occurrences... ✨");
    assert_eq!(recent["events"][1]["metadata"]["task"], "2", "the newest comes last");
    let (_, stats) = server.look("/events/stats").await;
    assert_eq!(
        (&stats["subscribers"], &stats["history_size"], &stats["active"]),
        (&json!(0), &json!(3), &json!(true))
    );
}

#[tokio::test]
async fn a_reader_that_left_is_gone_without_another_event() {
    let server = TestServer::start().await;
    let mut client = server.connect("").await;
    client.next().await;
    drop(client);
    loop {
        let (_, stats) = server.look("/events/stats").await;
        if stats["subscribers"] == 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_between_history_and_live() {
    let server = TestServer::start().await;
    let publishing = async {
        for n in 0..300 {
            server.publish(support::event(&n.to_string())).await;
        }
    };
    let reading = async {
        for _ in 0..20 {
            let mut client = server.connect("recent=100").await;
            let connection = client.next().await;
            let recent = connection["recent_events"].as_array().unwrap();
            let head = connection["seq"].as_u64().unwrap();
            assert_eq!(recent.last().map_or(0, |event| event["seq"].as_u64().unwrap()), head);
            if head < 290 {
                assert_eq!(client.next().await["seq"], head + 1);
            }
        }
    };
    tokio::join!(publishing, reading);
}

#[tokio::test]
async fn casting_answers_like_the_route_that_it_stands_for() {
    let server = TestServer::start().await;
    let cast = async |spell: &str| server.ask("/spell/cast", json!({ "spell": spell })).await;
    assert_eq!(cast("summon claude").await.1["status"], "summoned");
    let (_, invoked) = cast("ask claude to count with step=2").await;
    assert_eq!((&invoked["status"], &invoked["result"]), (&json!("invoked"), &json!("count")));
    assert_eq!(cast("list daemons").await.1["count"], 3);
    assert_eq!(cast("list active daemons").await.1["count"], 1);
    assert_eq!(cast("show statistics").await.1["total_invocations"], 1);
    assert_eq!(cast("status of claude").await.1["daemon"]["is_active"], true);
    assert_eq!(cast("status of nobody-42").await.0, 404);
    assert_eq!(cast("banish claude").await.1["status"], "banished");
    assert_eq!(cast("banish claude").await.0, 409);
    let (status, problem) = cast("please do not summon claude").await;
    assert_eq!(status, 422);
    assert!(!problem["suggestions"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn who_asks_for_headers_only_makes_no_event() {
    let server = TestServer::start().await;
    for path in ["/daemons", "/daemons/active", "/daemons/claude", "/statistics", "/rooms", "/events/stats"] {
        let head = server.http.head(server.url(path)).send().await.unwrap();
        assert_eq!(head.status(), 200, "{path}");
    }
    assert_eq!(server.look("/events/stats").await.1["rooms"][0]["seq"], 0);
    server.get("/daemons").await;
    assert_eq!(server.look("/events/stats").await.1["rooms"][0]["seq"], 1);
}
