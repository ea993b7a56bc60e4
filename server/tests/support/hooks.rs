//! Hooks of agents, posted to a server, and what came of them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::recordings::{Recorded, recording};
use super::{Client, TestServer};

pub async fn post(server: &TestServer, agent: &str, one: &Recorded) {
    let path = format!("/hooks/{agent}?event={}", one.event);
    let response = server.post(&path, one.payload.clone()).await;
    assert_eq!(response.status(), 204, "{}", one.event);
    assert!(response.bytes().await.unwrap().is_empty());
}

/// Posts a recording in its order, and gives what came of it, a line an event.
pub async fn story(agent: &str, name: &str) -> String {
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
pub async fn told(server: &TestServer, reader: &mut Client) -> String {
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
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let step = NEXT.fetch_add(1, Ordering::Relaxed);
    let payload = json!({"conversationId": "m", "stepIdx": step, "toolCall": {"name": "marker"}});
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
        // Prices change with their table.
        let is_computed = key == "cost_usd" && metadata["cost_computed"] == true;
        if !(is_computed || value.is_null() || event["spell_name"] == "invoke" && value == "") {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            write!(line, " {key}={value}").unwrap();
        }
    }
    line
}
