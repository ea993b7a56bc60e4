//! `POST /hooks/{agent}`: the answer is the same whatever comes, and what cannot be used is counted.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::{Config, Dashboard, RealmConfig};
use reqwest::StatusCode;
use serde_json::{Value, json};
use support::guarded::{Guarded, all_rights_but, token};
use support::hooks::{post, told};
use support::recordings::recording;
use support::{TestServer, http_client};

fn prompt(session: &str, text: &str) -> Value {
    json!({"session_id": session, "hook_event_name": "UserPromptSubmit", "cwd": "/home/user/arcane", "prompt": text})
}

/// Sends a body as it is; the answer's status, and how many bytes it has.
async fn send(server: &TestServer, path: &str, body: Vec<u8>) -> (StatusCode, usize) {
    let response = http_client().post(server.url(path)).body(body).send().await.unwrap();
    (response.status(), response.bytes().await.unwrap().len())
}

#[tokio::test]
async fn whatever_comes_the_answer_is_204_and_empty() {
    let server = TestServer::start().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: [(&str, Vec<u8>); 9] = [
        ("/hooks/claude", prompt("s", "x").to_string().into()),
        ("/hooks/claude", b"{".to_vec()),
        ("/hooks/claude", Vec::new()),
        ("/hooks/auto", b"[1,2,3]".to_vec()),
        ("/hooks/nobody", b"\xff\xfe".to_vec()),
        ("/hooks/claude?event=Stop&wrong=1", prompt("s", "x").to_string().into()),
        ("/hooks/claude?room=no%20room", prompt("s", "x").to_string().into()),
        ("/hooks/claude", deep.into()),
        ("/hooks/claude", vec![b' '; 40 * 1024 * 1024]),
    ];
    for (path, body) in bodies {
        let bytes = body.len();
        assert_eq!(send(&server, path, body).await, (StatusCode::NO_CONTENT, 0), "{path} with {bytes} bytes");
    }
    let brotli = server.http.post(server.url("/hooks/claude")).header("content-encoding", "br").body("x");
    assert_eq!(brotli.send().await.unwrap().status(), 204);
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    told(&server, &mut reader).await;
    let metrics = server.get("/metrics").await.text().await.unwrap();
    for line in [
        "arcane_ingest_read_total{agent=\"claude\"} 2",
        "arcane_ingest_dropped_total{why=\"not_json\"} 4",
        "arcane_ingest_dropped_total{why=\"unknown_agent\"} 1",
        "arcane_ingest_dropped_total{why=\"room\"} 1",
        "arcane_ingest_dropped_total{why=\"body\"} 1",
        "arcane_ingest_dropped_total{why=\"encoding\"} 1",
    ] {
        assert!(metrics.lines().any(|told| told == line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn the_payload_says_whose_it_is_before_the_address_does() {
    let server = TestServer::start().await;
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    // Copilot runs the hooks of a project's settings for Claude Code.
    for one in recording("copilot/claude-settings").iter().take(3) {
        post(&server, "claude", one).await;
    }
    for one in recording("qwen/headless").iter().take(3) {
        post(&server, "auto", one).await;
    }
    insta::assert_snapshot!(told(&server, &mut reader).await, @r"
    summon copilot manifestations=1
    parse copilot prompt_length=82
    reveal copilot query_type=progress phase=begin tool=Bash task=Say hello
    summon qwen manifestations=1
    ");
}

#[tokio::test]
async fn hooks_need_the_right_to_publish() {
    let server = Guarded::start().await;
    let hook = |token: Option<String>| {
        let request = http_client().post(server.server.url("/hooks/claude")).json(&prompt("s", "x"));
        token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth).send()
    };
    assert_eq!(hook(None).await.unwrap().status(), 401);
    assert_eq!(hook(Some(token(&all_rights_but("publish")))).await.unwrap().status(), 403);
    assert_eq!(hook(Some(token(&json!({"can": ["publish"]})))).await.unwrap().status(), 204);
}

#[tokio::test]
async fn what_people_and_tools_say_stands_in_events_only_if_it_is_captured() {
    let words = ["WORDS-OF-A-PROMPT", "WORDS-OF-A-FILE", "WORDS-OF-A-RESULT", "WORDS-OF-AN-ANSWER"];
    let input = json!({"file_path": "/home/user/arcane/a.rs", "content": words[1]});
    let tool = |event: &str| {
        let mut payload = prompt("s", "");
        payload["hook_event_name"] = json!(event);
        payload["tool_name"] = json!("Write");
        payload["tool_use_id"] = json!("1");
        payload["tool_input"] = input.clone();
        payload["tool_response"] = json!(words[2]);
        payload["last_assistant_message"] = json!(words[3]);
        payload
    };
    for captures in [false, true] {
        let realm = RealmConfig { capture_content: captures, ..RealmConfig::default() };
        let config = Config { realm, dashboard: Dashboard::Off, ..Config::default() };
        let server = TestServer::with(config).await;
        let mut reader = server.connect("recent=0").await;
        reader.next().await;
        for payload in [prompt("s", words[0]), tool("PreToolUse"), tool("PostToolUse"), tool("Stop")] {
            server.post("/hooks/claude", payload).await;
        }
        told(&server, &mut reader).await;
        let (_, page) = server.look("/events").await;
        let page = page.to_string();
        for (word, kept) in words.iter().zip([captures, false, captures, captures]) {
            assert_eq!(page.contains(word), kept, "{word} where content is captured: {captures}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn no_secret_comes_through_whatever_is_captured() {
    let secret = format!("ghp_{}", "aB3dE5gH7j".repeat(4));
    let realm = RealmConfig { capture_content: true, ..RealmConfig::default() };
    let server = TestServer::with(Config { realm, dashboard: Dashboard::Off, ..Config::default() }).await;
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    let payload = |event: &str| {
        json!({
            "session_id": "s", "hook_event_name": event, "cwd": format!("/home/user/{secret}"), "model": secret, "prompt_id": secret,
            "agent_id": secret, "agent_type": secret, "prompt": format!("use {secret}"), "tool_name": secret, "tool_use_id": secret,
            "tool_input": {"command": format!("GH_TOKEN={secret} gh pr list"), "file_path": secret, "description": secret},
            "tool_response": {"stdout": secret}, "error": format!("Exit: {secret}"), "message": secret, "reason": secret,
            "notification_type": "permission_prompt", "last_assistant_message": secret, "task_subject": secret, "task_id": secret,
        })
    };
    let events = [
        "SessionStart",
        "UserPromptSubmit",
        "SubagentStart",
        "PreToolUse",
        "PermissionRequest",
        "PostToolUse",
        "PreToolUse",
        "PostToolUseFailure",
        "Notification",
        "TaskCreated",
        "PermissionDenied",
        "StopFailure",
        "Stop",
        "SubagentStop",
        "SessionEnd",
    ];
    for event in events {
        for with_agent in [false, true] {
            let mut payload = payload(event);
            if !with_agent {
                payload.as_object_mut().unwrap().remove("agent_id");
            }
            server.post(&format!("/hooks/claude?host={secret}&event={secret}"), payload).await;
        }
    }
    told(&server, &mut reader).await;
    for path in ["/events?limit=1000", "/roster", "/metrics", "/daemons"] {
        let text = server.get(path).await.text().await.unwrap().to_lowercase();
        assert!(!text.contains(&secret.to_lowercase()), "{path}: {text}");
    }
}

#[tokio::test]
async fn sessions_go_on_after_the_server_was_away() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let all = recording("claude/tui");
    for one in &all[..4] {
        post(&server, "claude", one).await;
    }
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    told(&server, &mut reader).await;
    server.stop().await;
    let server = TestServer::in_dir(dir.path()).await;
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    for one in &all[4..6] {
        post(&server, "claude", one).await;
    }
    insta::assert_snapshot!(told(&server, &mut reader).await, @"voice claude event=await why=permission tool=Bash task=Bash: Needs a yes");
}

#[tokio::test]
async fn a_model_that_nobody_named_is_not_called_unknown() {
    let server = TestServer::start().await;
    let payload =
        json!({"session_id": "s", "cwd": "/p", "hook_event_name": "SessionStart", "source": "startup"});
    send(&server, "/hooks/claude", payload.to_string().into_bytes()).await;
    let until = std::time::Instant::now() + support::PATIENCE;
    let summon = loop {
        let (_, page) = server.look("/events?spell=summon").await;
        if let Some(summon) = page["events"].get(0) {
            break summon.clone();
        }
        assert!(std::time::Instant::now() < until, "{page}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(summon["metadata"]["model"], "", "{summon}");
    let (_, page) = server.look("/daemons/claude").await;
    let session = &page["daemon"]["sessions"][0];
    assert!(session["id"] == "s" && session.get("model").is_none(), "{page}");
}
