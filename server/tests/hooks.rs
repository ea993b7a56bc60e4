//! Agents' hooks on the real server: a recorded session is posted, and its events are read.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fmt::Write as _;

use serde_json::{Value, json};
use support::recordings::{Recorded, recording};
use support::{Client, TestServer};

async fn post(server: &TestServer, agent: &str, one: &Recorded) {
    let path = format!("/hooks/{agent}?event={}", one.event);
    let response = server.post(&path, one.payload.clone()).await;
    assert_eq!(response.status(), 204, "{}", one.event);
    assert!(response.bytes().await.unwrap().is_empty());
}

/// Posts a recording in its order, and gives what came of it, a line an event.
async fn story(agent: &str, name: &str) -> String {
    let server = TestServer::start().await;
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    for one in &recording(name) {
        post(&server, agent, one).await;
    }
    let told = told(&server, &mut reader).await;
    server.stop().await;
    told
}

/// Everything that came before an event which is published now.
async fn told(server: &TestServer, reader: &mut Client) -> String {
    // What was posted before is read before: the queue has an order, and so has this.
    post_marker(server).await;
    let mut lines = String::new();
    loop {
        let event = reader.next().await;
        if event["daemon_name"] == "antigravity" {
            return lines;
        }
        writeln!(lines, "{}", line(&event)).unwrap();
    }
}

async fn post_marker(server: &TestServer) {
    let payload = json!({"conversationId": "m", "stepIdx": 1, "toolCall": {"name": "marker"}});
    server.post("/hooks/antigravity", payload).await;
}

/// What an event says, without what changes from run to run.
fn line(event: &Value) -> String {
    let metadata = &event["metadata"];
    let mut line =
        format!("{} {}", event["spell_name"].as_str().unwrap(), event["daemon_name"].as_str().unwrap());
    for key in [
        "query_type",
        "phase",
        "state",
        "event",
        "why",
        "tool",
        "task",
        "parent_daemon",
        "manifestations",
        "error",
        "error_type",
        "reason",
        "inferred",
        "denied",
        "interrupted",
        "synthetic",
        "late",
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "reasoning_tokens",
        "cost_usd",
        "context_tokens",
        "prompt_length",
    ] {
        let value = &metadata[key];
        if !(value.is_null() || event["spell_name"] == "invoke" && value == "") {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            write!(line, " {key}={value}").unwrap();
        }
    }
    line
}

#[tokio::test]
async fn claude_without_a_terminal() {
    insta::assert_snapshot!(story("claude", "claude/headless").await, @r"
    summon claude manifestations=1
    parse claude prompt_length=92
    reveal claude query_type=progress phase=begin tool=Bash task=Say hello
    invoke claude tool=Bash task=Say hello
    reveal claude query_type=progress phase=begin tool=Bash task=Read a file that is not there
    invoke claude tool=Bash task=Read a file that is not there error=exit code 1
    reveal claude query_type=progress phase=begin tool=Write task=Write probe.txt
    invoke claude tool=Write task=Write probe.txt
    reveal claude query_type=progress phase=begin tool=Read task=Read probe.txt
    invoke claude tool=Read task=Read probe.txt
    reveal claude query_type=progress phase=begin tool=Edit task=Edit probe.txt
    invoke claude tool=Edit task=Edit probe.txt
    reveal claude query_type=progress phase=begin tool=Bash task=Second
    reveal claude query_type=progress phase=begin tool=Bash task=First
    invoke claude tool=Bash task=First
    invoke claude tool=Bash task=Second
    reveal claude query_type=progress phase=begin tool=Agent task=Look around
    summon general-purpose parent_daemon=claude manifestations=1
    reveal general-purpose query_type=progress phase=begin tool=Bash task=Say hello parent_daemon=claude
    invoke general-purpose tool=Bash task=Say hello parent_daemon=claude
    banish general-purpose parent_daemon=claude manifestations=0 reason=done
    invoke claude tool=Agent task=Look around
    reveal claude query_type=progress phase=begin tool=Bash task=Needs a yes
    voice claude event=await why=permission tool=Bash task=Bash: Needs a yes
    invoke claude tool=Bash task=Needs a yes error=not allowed denied=true
    voice claude event=answer
    banish claude manifestations=0 reason=other
    ");
}
