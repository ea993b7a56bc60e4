//! `arcane mcp`: calls that are sent without waiting for answers are told, and answered, in the order in which they came.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fmt::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};
use support::{PATIENCE, TestServer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// Calls that may wait, and the one that is worked on.
const TAKEN: usize = 257;

/// `arcane mcp`, and its ends.
struct Tools {
    _child: Child,
    input: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Tools {
    async fn start(server: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
        command.args(["mcp", "--url", server, "--daemon", "scribe"]).env_remove("ARCANE_TOKEN");
        command.env("ARCANE_CLIENT_CONFIG", "/nonexistent/client.toml").current_dir(std::env::temp_dir());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut tools = Self { _child: child, input, answers: BufReader::new(output).lines() };
        let initialize = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}});
        tools.say(&[initialize, json!({"jsonrpc": "2.0", "method": "notifications/initialized"})]).await;
        tools.answer().await;
        tools
    }

    /// Sends everything at once.
    async fn say(&mut self, messages: &[Value]) {
        let lines = messages.iter().fold(String::new(), |mut lines, message| {
            writeln!(lines, "{message}").unwrap();
            lines
        });
        self.input.write_all(lines.as_bytes()).await.unwrap();
    }

    async fn answer(&mut self) -> Value {
        let line = timeout(PATIENCE, self.answers.next_line()).await.expect("an answer").unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

fn call(id: usize, tool: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_told_and_answered_in_the_order_in_which_they_came() {
    let server = TestServer::start().await;
    let mut tools = Tools::start(&server.url("")).await;
    // More than wait at a time would be refused.
    let calls: Vec<Value> = (1..=200)
        .map(|id| match id % 5 {
            1 => {
                call(id, "invoke", &json!({"task": "t", "state": "begin", "call_id": format!("{}", id / 5)}))
            }
            2 => call(id, "invoke", &json!({"task": "t", "state": "done", "call_id": format!("{}", id / 5)})),
            3 => call(id, "speak", &json!({"text": "Which?", "waiting": true})),
            // What is wrong has its turn, too.
            4 => call(id, "speak", &json!({})),
            _ => call(id, "speak", &json!({"text": "Never mind"})),
        })
        .collect();
    tools.say(&calls).await;
    for id in 1..=200 {
        let answer = tools.answer().await;
        assert_eq!(answer["id"], id, "{answer}");
        assert_eq!(answer["result"]["isError"] == true, id % 5 == 4, "{answer}");
    }
    let (_, page) = server.look("/events?limit=1000").await;
    let told: Vec<_> = page["events"].as_array().unwrap().iter().map(|event| &event["metadata"]).collect();
    assert_eq!(told.len(), 160);
    for (n, told) in told.iter().enumerate() {
        let (call_id, is_begun) = (json!(format!("{}", n / 4)), told["phase"] == "begin");
        let is_right = match n % 4 {
            0 => is_begun && told["call_id"] == call_id,
            1 => !is_begun && told["call_id"] == call_id,
            2 => told["attention"] == true,
            _ => told["attention"] != true && told["text"] == "Never mind",
        };
        assert!(is_right, "event {n}: {told}");
    }
    let (_, page) = server.look("/daemons/scribe").await;
    assert!(!page.to_string().contains("Which?"), "it still waits: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_those_that_may_wait_are_refused_and_a_cancelled_one_holds_nobody_up() {
    // A server that takes requests and answers none.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut tools = Tools::start(&format!("http://{}", listener.local_addr().unwrap())).await;
    let calls: Vec<Value> = (1..=TAKEN + 40).map(|id| call(id, "summon", &json!({}))).collect();
    tools.say(&calls).await;
    let mut refused = Vec::new();
    for _ in 0..40 {
        let answer = tools.answer().await;
        assert!(answer.to_string().contains("256 calls wait; call again"), "{answer}");
        refused.push(answer["id"].as_u64().unwrap());
    }
    refused.sort_unstable();
    let beyond: Vec<u64> = (258..=297).collect();
    assert_eq!(refused, beyond);
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    tools.say(&[cancel]).await;
    let answer = tools.answer().await;
    assert_eq!(answer["id"], 2, "{answer}");
    assert!(answer.to_string().contains("does not answer within 5 s"), "{answer}");
}
