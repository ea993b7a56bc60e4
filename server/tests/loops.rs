//! An agent that makes one call again and again: told, and told to be over; also by a server that was started anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use support::asking::{Hook, answer, bash, claude, event, page, request};
use support::{Client, TestServer};

async fn listen(server: &TestServer) -> Client {
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    reader
}

/// Claude Code runs a command, and hears this of it.
async fn run(server: &TestServer, session: &str, id: u32, command: &str, stdout: &str) {
    for kind in ["PreToolUse", "PostToolUse"] {
        let mut payload = claude(kind, session, bash(command));
        let all = payload.as_object_mut().unwrap();
        all.insert("tool_use_id".into(), format!("t{id}").into());
        // It words the same wish in several ways.
        if session == "s" {
            all["tool_input"]["description"] = format!("the {id}th try").into();
        }
        if kind == "PostToolUse" {
            all.insert("tool_response".into(), json!({"stdout": stdout, "stderr": "", "interrupted": false}));
        }
        assert_eq!(server.post("/hooks/claude", payload).await.status(), 204);
    }
}

fn said(event: &Value) -> Value {
    let metadata = &event["metadata"];
    json!([metadata["event"], metadata["session"], metadata["task"], metadata["count"], metadata["call_id"]])
}

async fn looping(server: &TestServer) -> Value {
    let (_, roster) = server.look("/roster").await;
    roster["roster"]["daemons"][0]["looping"].clone()
}

#[tokio::test]
async fn a_loop_is_told_at_five_and_at_each_doubling_and_ends_with_something_new() {
    let server = TestServer::start().await;
    let mut reader = listen(&server).await;
    for id in 0..10 {
        let took = format!("test result: FAILED. 2 failed; finished in 0.0{id}s");
        run(&server, "s", id, "cargo test", &took).await;
    }
    let told = event(&mut reader, "loop").await;
    assert_eq!(said(&told), json!(["loop", "s", "the 4th try", 5, "t4"]));
    assert_eq!(
        (told["metadata"]["tool"].as_str(), told["metadata"]["attention"].as_bool()),
        (Some("Bash"), None),
        "it is no wait"
    );
    assert_eq!(said(&event(&mut reader, "loop").await), json!(["loop", "s", "the 9th try", 10, "t9"]));
    assert_eq!(looping(&server).await["count"], 10);
    run(&server, "s", 10, "git diff", "").await;
    assert_eq!(
        said(&event(&mut reader, "loop_end").await),
        json!(["loop_end", "s", "the 9th try", 10, null])
    );
    assert_eq!(looping(&server).await, Value::Null);
    server.stop().await;
}

#[tokio::test]
async fn a_test_that_is_mended_between_its_runs_is_no_loop() {
    let server = TestServer::start().await;
    let mut reader = listen(&server).await;
    for id in 0..20 {
        run(&server, "s", 2 * id, "cargo test", "2 failed").await;
        run(&server, "s", 2 * id + 1, &format!("sed -i {id}s/a/b/ src/lib.rs"), "").await;
    }
    for id in 0..20 {
        run(&server, "t", id, "cargo test", &format!("{id} failed")).await;
    }
    for id in 20..25 {
        run(&server, "t", id, "ls", "a").await;
    }
    assert_eq!(said(&event(&mut reader, "loop").await), json!(["loop", "t", "ls", 5, "t24"]));
    server.stop().await;
}

#[tokio::test]
async fn a_loop_outlives_a_restart_and_ends_with_its_session() {
    let dir = tempfile::tempdir().unwrap();
    let first = TestServer::in_dir(dir.path()).await;
    let mut reader = listen(&first).await;
    for id in 0..5 {
        run(&first, "r", id, "cargo test", "no").await;
    }
    event(&mut reader, "loop").await;
    first.stop().await;

    let second = TestServer::in_dir(dir.path()).await;
    let mut reader = listen(&second).await;
    assert_eq!(looping(&second).await["count"], 5);
    for id in 5..10 {
        run(&second, "r", id, "cargo test", "no").await;
    }
    assert_eq!(said(&event(&mut reader, "loop").await), json!(["loop", "r", "cargo test", 10, "t9"]));
    second.post("/hooks/claude", claude("SessionEnd", "r", json!({"reason": "exit"}))).await;
    assert_eq!(said(&event(&mut reader, "loop_end").await)[3], 10);
    second.stop().await;
}

#[tokio::test]
async fn nothing_is_told_where_it_is_switched_off() {
    let server = TestServer::with(arcane_server::config::Config {
        loop_after: arcane_server::config::LoopAfter::NEVER,
        dashboard: arcane_server::config::Dashboard::Off,
        ..Default::default()
    })
    .await;
    for id in 0..20 {
        run(&server, "r", id, "cargo test", "no").await;
    }
    let (_, page) = server.look("/events?limit=1000").await;
    let is_loop = |event: &Value| event["metadata"]["event"] == "loop";
    assert!(!page["events"].as_array().unwrap().iter().any(is_loop));
    server.stop().await;
}

/// The call of a loop begins once more, and its hook may wait.
fn begins(server: &TestServer, id: u32) -> Hook {
    let mut payload = claude("PreToolUse", "l", bash("cargo test"));
    payload.as_object_mut().unwrap().insert("tool_use_id".into(), format!("t{id}").into());
    Hook::asks(server, "/hooks/claude?hold=20", payload)
}

#[tokio::test]
async fn a_loop_is_denied_stopped_or_let_go_on_by_who_looks() {
    let server = TestServer::start().await;
    // Where nobody looks, nothing waits.
    for id in 0..4 {
        run(&server, "l", id, "cargo test", "no").await;
    }
    assert_eq!(begins(&server, 4).hears().await, None);
    let mut page = page(&server).await;
    run(&server, "l", 4, "cargo test", "no").await;
    event(&mut page, "loop").await;

    let denied = begins(&server, 5);
    let opening = event(&mut page, "await").await;
    let metadata = &opening["metadata"];
    assert_eq!(
        json!([metadata["why"], metadata["count"], metadata["call_id"], metadata["task"], metadata["tool"]]),
        json!(["loop", 5, "t5", "cargo test", "Bash"])
    );
    let options: Vec<&str> = metadata["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|option| option["label"].as_str().unwrap())
        .collect();
    assert_eq!(options, ["Go on", "Deny this call", "Stop the agent"]);
    assert_eq!(answer(&server, &request(&opening), json!({"decision": "deny"})).await.0, 200);
    let heard = denied.hears().await.unwrap();
    assert_eq!(heard["hookSpecificOutput"]["permissionDecision"], "deny", "{heard}");
    assert!(heard.to_string().contains("gave the same result 5 times"), "{heard}");

    // What was denied was not made: the next one is asked for, too.
    let stopped = begins(&server, 6);
    let opening = event(&mut page, "await").await;
    assert_eq!(answer(&server, &request(&opening), json!({"decision": "stop"})).await.0, 200);
    assert_eq!(stopped.hears().await.unwrap()["continue"], false);

    let goes_on = begins(&server, 7);
    let opening = event(&mut page, "await").await;
    assert_eq!(answer(&server, &request(&opening), json!({"decision": "allow"})).await.0, 200);
    assert_eq!(goes_on.hears().await, None);
    assert_eq!(event(&mut page, "await_end").await["metadata"]["waits_on"], Value::Null);
    run(&server, "l", 7, "cargo test", "no").await;
    // Nothing is asked before it is told again.
    assert_eq!(begins(&server, 8).hears().await, None);
    assert_eq!(server.look("/requests").await, (200, json!({"requests": []})));
    server.stop().await;
}

#[tokio::test]
async fn without_an_answer_the_call_is_made() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    for id in 0..5 {
        run(&server, "l", id, "cargo test", "no").await;
    }
    let waits = begins(&server, 5);
    let opening = event(&mut page, "await").await;
    page.say(json!({"type": "presence", "visible": false})).await;
    assert_eq!(waits.hears().await, None);
    let end = event(&mut page, "await_end").await;
    assert_eq!(end["metadata"]["request_id"], request(&opening).as_str());
    assert_eq!((&end["metadata"]["decision"], &end["metadata"]["waits_on"]), (&Value::Null, &Value::Null));
    let (_, roster) = server.look("/roster").await;
    let daemon = &roster["roster"]["daemons"][0];
    assert_eq!((&daemon["waiting"], &daemon["calls"][0]["call_id"]), (&Value::Null, &json!("t5")));
    server.stop().await;
}
