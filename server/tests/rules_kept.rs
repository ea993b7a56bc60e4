//! Rules that are added and removed: what was answered is so, also after the server was killed; and what suggests them is told by those who may answer.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use reqwest::Method;
use serde_json::{Value, json};
use support::guarded::{Guarded, token};
use support::process::Process;

async fn names(process: &Process) -> Vec<String> {
    let listed: Value = reqwest::get(format!("{}/rules", process.url)).await.unwrap().json().await.unwrap();
    let rules = listed["rules"].as_array().unwrap();
    rules.iter().map(|rule| rule["rule"]["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_was_added_and_removed_is_so_after_the_server_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let client = reqwest::Client::new();
    let mut expected = Vec::new();
    for round in 0..4 {
        let process = Process::start(dir.path());
        assert_eq!(names(&process).await, expected);
        let names: Vec<String> = (0..3).map(|n| format!("r{round}{n}")).collect();
        for name in &names {
            let rule = json!({"name": name, "command": format!("rm {name}"), "decision": "deny"});
            let added = client.post(format!("{}/rules", process.url)).json(&rule).send().await.unwrap();
            assert_eq!(added.status(), 201);
        }
        let removed = client.delete(format!("{}/rules/{}", process.url, names[0])).send().await.unwrap();
        assert_eq!(removed.status(), 204);
        process.kill();
        expected.extend_from_slice(&names[1..]);
    }
}

#[tokio::test]
async fn who_may_not_answer_tells_of_no_answers() {
    let guarded = Guarded::start().await;
    let (hook, human) = (token(&json!({"can": ["publish"]})), token(&json!({"can": ["publish", "answer"]})));
    let end = json!({"spell_name": "voice", "daemon_name": "claude", "metadata": {
        "event": "await_end", "request_id": "abcdefghjkm", "decision": "allow", "via": "stage", "by": "ada",
    }});
    let publish = async |token: &str, path: &str, event: &Value| {
        guarded.status(token, Method::POST, path, Some(event.clone())).await
    };
    let (status, problem) = publish(&hook, "/events", &end).await;
    insta::assert_snapshot!(format!("{status} {}", problem["detail"].as_str().unwrap()), @"403 the token of tester does not allow answer, which an event needs that has metadata.request_id: it tells what was asked and answered; leave request_id out");
    assert_eq!(publish(&hook, "/events", &json!([end, end])).await.0, 403);
    assert_eq!(publish(&human, "/events", &end).await.0, 201);
    let reader = token(&json!({"can": ["publish", "subscribe"]}));
    let mut socket = guarded.connect(&reader, "recent=0").await;
    socket.next().await;
    socket.say(json!({"type": "publish", "id": "1", "events": end})).await;
    let said = socket.next().await;
    assert_eq!(json!([said["type"], said["code"], said["id"]]), json!(["error", "forbidden", "1"]));
    // A wait that is no request of this server is told by anybody.
    let wait = json!({"spell_name": "voice", "daemon_name": "claude", "metadata": {"event": "await", "attention": true}});
    assert_eq!(publish(&hook, "/events", &wait).await.0, 201);
}
