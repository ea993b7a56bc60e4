//! Limits that a token has for itself, less or more than the server's.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::LimitsConfig;
use reqwest::Method;
use serde_json::{Value, json};
use support::guarded::{Guarded, token};

fn events(n: usize) -> Option<Value> {
    Some(json!(vec![json!({"spell_name": "reveal"}); n]))
}

#[tokio::test]
async fn a_token_may_have_less_or_more_than_the_server_gives() {
    let guarded =
        Guarded::limited(LimitsConfig { events_per_s: 10, streams: 1, ..LimitsConfig::none() }).await;
    let plain = token(&json!({}));
    let less = token(&json!({"limits": {"events_per_s": 1}}));
    let more = token(&json!({"limits": {"events_per_s": 0, "streams": 2}}));
    let other = token(&json!({"limits": {"queries": 1}}));
    let publish =
        async |token: &str, n: usize| guarded.status(token, Method::POST, "/events", events(n)).await;
    assert_eq!(publish(&less, 50).await.0, 201);
    let (status, problem) = publish(&less, 1).await;
    assert_eq!(status, 429);
    assert!(problem["detail"].as_str().unwrap().starts_with("more than 1 events a second"), "{problem}");
    for _ in 0..3 {
        assert_eq!(publish(&more, 100).await.0, 201);
    }
    // What it does not say is as the server has it, and its count is its own.
    assert_eq!(publish(&other, 100).await.0, 201);
    assert_eq!(publish(&other, 1).await.0, 429);
    assert_eq!(publish(&plain, 100).await.0, 201);
    assert_eq!(publish(&plain, 1).await.0, 429);
    let (mut first, mut second) = (guarded.connect(&more, "").await, guarded.connect(&more, "").await);
    first.next().await;
    second.next().await;
    assert_eq!(guarded.connect(&more, "").await.closed().await.0, 4429);
    // Over an open WebSocket the limits of the token count that was shown last.
    let publication = json!({"type": "publish", "id": "1", "events": events(1)});
    first.say(json!({"type": "auth", "token": less})).await;
    assert_eq!(first.next().await["type"], "authenticated");
    first.say(publication).await;
    loop {
        let said = first.next().await;
        if said["type"] == "error" {
            assert_eq!(said["code"], "too_much", "{said}");
            break;
        }
        assert!(said["type"].is_null(), "{said}");
    }
}

#[tokio::test]
async fn a_token_with_limits_that_nobody_knows_does_not_hold() {
    let guarded = Guarded::start().await;
    for limits in
        [json!({"stream": 1}), json!({"streams": -1}), json!({"streams": "1"}), json!([1]), json!(null)]
    {
        let (status, problem) =
            guarded.status(&token(&json!({"limits": limits})), Method::GET, "/rooms", None).await;
        assert_eq!((status, &problem["type"]), (401, &json!("/docs#problem-bad-token")), "{limits}");
    }
    let unknown = token(&json!({"limits": {"stream": 1}}));
    let detail = guarded.status(&unknown, Method::GET, "/rooms", None).await.1["detail"].to_string();
    assert!(detail.contains("there is no limit") && detail.contains("events_per_s"), "{detail}");
}
