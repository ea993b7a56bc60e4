//! Telemetry of agents, sent to the real server: beside their hooks, and alone.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::{Config, Dashboard, RealmConfig};
use serde_json::{Value, json};
use support::hooks::{post, told};
use support::otlp::{JSON, attributes, send, span, spans, telemetry};
use support::recordings::recording;
use support::{Client, TestServer};

async fn listen(server: &TestServer) -> Client {
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    reader
}

#[tokio::test]
async fn telemetry_enriches_what_hooks_tell_and_doubles_nothing() {
    let server = TestServer::start().await;
    let mut reader = listen(&server).await;
    let (hooks, mut requests) =
        (recording("codex/headless"), telemetry("codex/headless").into_iter().peekable());
    for one in &hooks {
        while let Some(request) = requests.next_if(|request| request.at <= one.at) {
            let (body, kind) = request.bytes();
            assert_eq!(send(&server, &format!("/v1/{}", request.signal), kind, body).await.status(), 200);
        }
        post(&server, "codex", one).await;
    }
    insta::assert_snapshot!(told(&server, &mut reader).await, @r"
    summon codex manifestations=1
    parse codex prompt_length=87
    reveal codex query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    reveal codex query_type=progress phase=begin tool=Bash task=echo hello
    invoke codex tool=Bash task=echo hello
    reveal codex query_type=progress phase=begin tool=Bash task=cat no-such-file
    invoke codex tool=Bash task=cat no-such-file error=exit code 1 inferred=true
    reveal codex query_type=progress phase=begin tool=apply_patch task=apply_patch probe.txt
    invoke codex tool=apply_patch task=apply_patch probe.txt
    reveal codex query_type=progress phase=begin tool=apply_patch task=apply_patch probe.txt
    invoke codex tool=apply_patch task=apply_patch probe.txt
    reveal codex query_type=progress phase=begin tool=Bash task=cat probe.txt
    invoke codex tool=Bash task=cat probe.txt
    reveal codex query_type=progress phase=begin tool=Bash task=echo one
    reveal codex query_type=progress phase=begin tool=Bash task=echo two
    invoke codex tool=Bash task=echo one
    invoke codex tool=Bash task=echo two
    reveal codex query_type=progress phase=begin tool=collaborationspawn_agent task=collaborationspawn_agent probe
    invoke codex tool=collaborationspawn_agent task=collaborationspawn_agent probe
    summon default parent_daemon=codex manifestations=1
    reveal default query_type=progress phase=begin tool=collaborationwait_agent task=collaborationwait_agent parent_daemon=codex
    reveal codex query_type=progress phase=begin tool=collaborationwait_agent task=collaborationwait_agent
    invoke default tool=collaborationwait_agent task=collaborationwait_agent parent_daemon=codex
    invoke codex tool=collaborationwait_agent task=collaborationwait_agent
    banish default parent_daemon=codex manifestations=0 reason=done
    voice codex event=answer
    banish codex manifestations=0 reason=other
    ");
}

#[tokio::test]
async fn an_agent_that_has_no_hooks_is_there_by_its_spans() {
    let server = TestServer::start().await;
    let mut reader = listen(&server).await;
    let talk = ("gen_ai.conversation.id", json!("c"));
    let name = ("gen_ai.agent.name", json!("Trip Planner"));
    let op = |op: &str| ("gen_ai.operation.name", json!(op));
    let tool = span(
        2,
        1,
        "execute_tool search",
        &[op("execute_tool"), talk.clone(), name.clone(), ("gen_ai.tool.name", json!("search"))],
    );
    let usage = [("gen_ai.usage.input_tokens", json!(10)), ("gen_ai.usage.output_tokens", json!(5))];
    let chat = span(3, 1, "chat m", &[&[op("chat"), talk.clone()][..], &usage].concat());
    let agent = span(9, 0, "invoke_agent Trip Planner", &[op("invoke_agent"), talk, name]);
    for body in [spans("trips", &[tool]), spans("trips", &[chat, agent])] {
        assert_eq!(send(&server, "/v1/traces", JSON, body).await.status(), 200);
    }
    insta::assert_snapshot!(told(&server, &mut reader).await, @r"
    summon trip-planner manifestations=1 synthetic=true
    invoke trip-planner tool=search task=search
    reveal trip-planner query_type=enrich input_tokens=10 output_tokens=5
    voice trip-planner event=answer
    ");
    let (_, roster) = server.look("/roster").await;
    assert_eq!(roster["roster"]["daemons"][1]["daemon_name"], "trip-planner", "{roster}");
}

/// What nobody may know, and the attributes that have it.
const WORDS: &str = "NOBODY-MAY-KNOW";
const NAMES: [&str; 27] = [
    "user.id",
    "user.email",
    "user.account_uuid",
    "organization.id",
    "installation.id",
    "host.name",
    "host.id",
    "process.owner",
    "process.command_args",
    "process.command",
    "process.executable.path",
    "prompt",
    "user_prompt",
    "response",
    "gen_ai.system_instructions",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.prompt",
    "gen_ai.prompt.0.content",
    "gen_ai.tool.definitions",
    "gen_ai.tool.call.result",
    "input.value",
    "output.value",
    "content",
    "enduser.id",
    "client.address",
    "server.address",
];
const EVENTS: [&str; 10] = [
    "user_prompt",
    "tool_result",
    "api_request",
    "codex.user_prompt",
    "codex.tool_result",
    "gemini_cli.user_prompt",
    "gemini_cli.tool_call",
    "qwen-code.user_prompt",
    "qwen-code.tool_call",
    "gen_ai.client.inference.operation.details",
];

fn with(more: &[(&str, Value)]) -> Vec<(&'static str, Value)> {
    let secrets = NAMES.iter().map(|name| (*name, json!(WORDS)));
    let session = ["session.id", "conversation.id", "gen_ai.conversation.id"].map(|name| (name, json!("s")));
    let more = more.iter().map(|(name, value)| {
        let known = ["event.name", "tool_name", "output", "service.name", "gen_ai.operation.name"];
        (*known.iter().find(|known| *known == name).unwrap(), value.clone())
    });
    secrets.chain(session).chain(more).collect()
}

#[tokio::test]
async fn who_and_where_and_what_was_said_is_dropped_before_anything_is_kept() {
    // Also where content is captured: telemetry is not asked for it.
    let realm = RealmConfig { capture_content: true, ..RealmConfig::default() };
    let server = TestServer::with(Config { realm, dashboard: Dashboard::Off, ..Config::default() }).await;
    let mut reader = listen(&server).await;
    for service in
        ["claude-code", "codex_exec", "gemini-cli", "qwen-code", "github-copilot", "opencode", "crew"]
    {
        let resource = json!({"attributes": attributes(&with(&[("service.name", json!(service))]))});
        let records = EVENTS.iter().map(|event| {
            let own = [("event.name", json!(event)), ("tool_name", json!("Bash")), ("output", json!(WORDS))];
            let body = json!({"stringValue": WORDS});
            json!({"attributes": attributes(&with(&own)), "body": body, "timeUnixNano": "1800000000000000000"})
        });
        let scope = json!([{"logRecords": records.collect::<Vec<_>>()}]);
        let body = json!({"resourceLogs": [{"resource": resource, "scopeLogs": scope}]});
        assert_eq!(server.post("/v1/logs", body).await.status(), 200);
        let spans = ["chat", "execute_tool", "invoke_agent"].iter().map(|op| {
            let mut span = span(7, 0, "op", &with(&[("gen_ai.operation.name", json!(op))]));
            span["events"] = json!([{"name": "gen_ai.user.message", "attributes": attributes(&with(&[]))}]);
            span
        });
        let scope = json!([{"spans": spans.collect::<Vec<_>>()}]);
        let body = json!({"resourceSpans": [{"resource": resource, "scopeSpans": scope}]});
        assert_eq!(server.post("/v1/traces", body).await.status(), 200);
    }
    assert!(told(&server, &mut reader).await.contains("summon crew"));
    for path in ["/events?limit=1000", "/roster", "/metrics", "/daemons"] {
        let text = server.get(path).await.text().await.unwrap();
        assert!(!text.to_uppercase().contains(WORDS), "{path}: {text}");
    }
}
