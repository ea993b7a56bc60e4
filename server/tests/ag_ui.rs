//! `POST /ag-ui`: a run as an agent's backend streams it becomes a session.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::{Value, json};
use support::TestServer;
use support::hooks::told;

async fn send(server: &TestServer, path: &str, kind: &str, body: String) -> u16 {
    let request = server.http.post(server.url(path)).header("content-type", kind).body(body);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_stream_becomes_a_session_with_its_calls_and_waits() {
    let server = TestServer::start().await;
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    let run = [
        json!({"type": "RUN_STARTED", "threadId": "t", "runId": "r1", "input": {"messages": [{"role": "user", "content": "WORDS"}]}}),
        json!({"type": "TOOL_CALL_START", "toolCallId": "c1", "toolCallName": "search"}),
        json!({"type": "TOOL_CALL_ARGS", "toolCallId": "c1", "delta": "{\"query\":\"runes\"}"}),
        json!({"type": "TOOL_CALL_END", "toolCallId": "c1"}),
        json!({"type": "TOOL_CALL_RESULT", "messageId": "m", "toolCallId": "c1", "content": "found"}),
        json!({"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "An answer"}),
        json!({"type": "RUN_FINISHED", "threadId": "t", "runId": "r1", "usage": [{"inputTokens": 12, "outputTokens": 3, "cachedInputTokens": 2}]}),
    ];
    let stream: String = run.iter().map(|event| format!("data: {event}\n\n")).collect();
    assert_eq!(send(&server, "/ag-ui?agent=writer", "text/event-stream", stream).await, 204);
    let one =
        |event: Value| send(&server, "/ag-ui?agent=writer&thread=t", "application/json", event.to_string());
    for event in [
        json!({"type": "RUN_STARTED", "threadId": "t", "runId": "r2"}),
        json!({"type": "TOOL_CALL_START", "toolCallId": "c2", "toolCallName": "send_mail"}),
        json!({"type": "TOOL_CALL_RESULT", "toolCallId": "c2", "content": "{\"error\": \"no network\"}"}),
        json!({"type": "RUN_FINISHED", "threadId": "t", "runId": "r2", "outcome": {"type": "interrupt", "interrupts": [{"id": "i", "message": "Send it?"}]}}),
        json!({"type": "RUN_STARTED", "threadId": "t", "runId": "r3"}),
        json!({"type": "RUN_ERROR", "message": "rate limit", "code": "429"}),
    ] {
        assert_eq!(one(event).await, 204);
    }
    insta::assert_snapshot!(told(&server, &mut reader).await, @r"
    summon writer manifestations=1
    parse writer prompt_length=5
    reveal writer query_type=progress phase=begin tool=search task=search runes
    invoke writer tool=search task=search runes
    reveal writer query_type=enrich input_tokens=10 output_tokens=3 cache_read_tokens=2
    voice writer event=answer
    parse writer prompt_length=0
    reveal writer query_type=progress phase=begin tool=send_mail task=send_mail
    invoke writer tool=send_mail task=send_mail error=no network inferred=true
    voice writer event=await why=input task=Send it?
    parse writer prompt_length=0
    invoke writer tool=turn task=turn error=rate limit error_type=429
    ");
}

#[tokio::test]
async fn what_cannot_be_used_is_named() {
    let server = TestServer::start().await;
    let (status, problem) = server.ask("/ag-ui", json!({"type": "RUN_ERROR"})).await;
    assert_eq!((status, problem["errors"][0]["pointer"].as_str().unwrap()), (422, "thread"));
    let (status, problem) = server.ask("/ag-ui?thread=t", json!([{"kind": "x"}])).await;
    assert_eq!((status, problem["errors"][0]["pointer"].as_str().unwrap()), (422, "/0/type"));
    assert_eq!(server.ask("/ag-ui?agent=a%20b", json!({})).await.0, 422);
    assert_eq!(send(&server, "/ag-ui", "text/plain", "{}".into()).await, 415);
    assert_eq!(send(&server, "/ag-ui", "application/json", "{".into()).await, 400);
}
