//! What agents spend: priced where they do not say it, rolled up, told by the roster, cards, statistics and days of a real server.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use arcane_server::config::{Config, ConfigFile, Dashboard};
use serde_json::{Value, json};
use support::hooks::told;
use support::otlp::{JSON, send, span, spans};
use support::{Client, TestServer, process};

const PRICES: &str = r#"
[[prices."house-model"]]
since = "2020-01-01"
input = 1.0
output = 10.0
cache_read = 0.1

[[ingest.map]]
name = "ci"
spell = "reveal"
daemon = "builder"
query_type = "enrich"
model = "/model"
input_tokens = "/read"
cache_read_tokens = "/cached"
"#;

async fn server() -> TestServer {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("arcane.toml");
    std::fs::write(&file, PRICES).unwrap();
    let ConfigFile { maps, prices, .. } = ConfigFile::read(&file, &[]).unwrap();
    TestServer::with(Config { maps, prices, dashboard: Dashboard::Off, ..Config::default() }).await
}

/// A request to a model, as a program that follows the conventions tells of it.
async fn chat(server: &TestServer, id: u64, model: &str, tokens: [Value; 3], cost: Option<Value>) {
    let [read, cached, written] = tokens;
    let mut of = vec![
        ("gen_ai.operation.name", json!("chat")),
        ("gen_ai.conversation.id", json!("c")),
        ("gen_ai.response.model", json!(model)),
        ("gen_ai.usage.input_tokens", read),
        ("gen_ai.usage.cache_read.input_tokens", cached),
        ("gen_ai.usage.output_tokens", written),
    ];
    of.extend(cost.map(|cost| ("gen_ai.usage.cost", cost)));
    let body = spans("crew", &[span(id, 0, "chat", &of)]);
    assert_eq!(send(server, "/v1/traces", JSON, body).await.status(), 200);
}

async fn listen(server: &TestServer) -> Client {
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    reader
}

#[tokio::test]
async fn what_is_computed_reported_and_unpriced_is_told_apart_everywhere() {
    let server = server().await;
    let mut reader = listen(&server).await;
    let works = [("gen_ai.operation.name", json!("execute_tool")), ("gen_ai.conversation.id", json!("c"))];
    let body = spans("crew", &[span(9, 0, "execute_tool search", &works)]);
    assert_eq!(send(&server, "/v1/traces", JSON, body).await.status(), 200);
    let tokens = || [json!(2_000), json!(1_000), json!(100)];
    chat(&server, 1, "house-model", tokens(), None).await;
    chat(&server, 2, "house-model", tokens(), Some(json!(0.5))).await;
    chat(&server, 3, "mystery-9", tokens(), None).await;
    insta::assert_snapshot!(told(&server, &mut reader).await, @r"
    summon crew manifestations=1 synthetic=true
    invoke crew tool=search task=search
    reveal crew query_type=enrich input_tokens=1000 output_tokens=100 cache_read_tokens=1000
    reveal crew query_type=enrich input_tokens=1000 output_tokens=100 cache_read_tokens=1000 cost_usd=0.5
    reveal crew query_type=enrich input_tokens=1000 output_tokens=100 cache_read_tokens=1000
    ");
    let figures = |of: &Value| {
        [
            "input_tokens",
            "cache_read_tokens",
            "output_tokens",
            "cost_usd",
            "cost_computed_usd",
            "unpriced_tokens",
        ]
        .map(|field| of[field].clone())
    };
    let all = [json!(3_000), json!(3_000), json!(300), json!(0.5021), json!(0.0021), json!(2_100)];
    let (_, card) = server.look("/daemons/crew").await;
    assert_eq!(figures(&card["daemon"]["all"]), all, "{card}");
    assert_eq!(figures(&card["daemon"]["today"]), all, "{card}");
    assert_eq!(figures(&card["daemon"]["sessions"][0]["spent"]), all, "{card}");
    assert_eq!(card["daemon"]["sessions"][0]["model"], "mystery-9");
    let (_, statistics) = server.look("/statistics?window=today").await;
    assert_eq!(figures(&statistics["sums"]), all, "{statistics}");
    let (_, days) = server.look("/statistics/days?days=1").await;
    assert_eq!(figures(&days["days"][0]["sums"]), all, "{days}");
    let (_, roster) = server.look("/roster").await;
    let crew = roster["roster"]["daemons"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["daemon_name"] == "crew")
        .unwrap();
    assert_eq!(figures(&crew["session"]), all, "{roster}");
}

#[tokio::test]
async fn a_rules_tokens_are_priced_by_their_model() {
    let server = server().await;
    for body in [
        json!({"model": "house-model", "read": 1_000_000, "cached": 1_000_000}),
        json!({"model": "x", "read": 5}),
    ] {
        assert_eq!(server.post("/ingest/ci", body).await.status(), 204);
    }
    let (_, card) = server.look("/daemons/builder").await;
    let all = &card["daemon"]["all"];
    assert_eq!(
        (&all["cost_usd"], &all["cost_computed_usd"], &all["unpriced_tokens"]),
        (&json!(1.1), &json!(1.1), &json!(5))
    );
}

#[tokio::test]
async fn subagents_are_rolled_up_into_those_who_started_them_and_contexts_are_told() {
    let server = TestServer::start().await;
    let sub = |id: &str, parent: &str, parent_id: Option<&str>| json!({"session": "s", "agent_id": id, "parent_daemon": parent, "parent_agent_id": parent_id});
    let events = [
        (
            "claude",
            json!({"session": "s"}),
            json!({"cost_usd": 1.0, "context_tokens": 50_000, "context_limit": 200_000}),
        ),
        ("plan", sub("p", "claude", None), json!({"cost_usd": 0.1, "cost_computed": true})),
        ("explore", sub("e", "plan", Some("p")), json!({"cost_usd": 0.01})),
    ];
    for (daemon, of, _) in &events {
        server.publish(json!({"spell_name": "summon", "daemon_name": daemon, "metadata": of})).await;
    }
    for (daemon, of, spent) in &events {
        let mut metadata = json!({"query_type": "enrich"});
        for part in [of, spent] {
            metadata.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        }
        server.publish(json!({"spell_name": "reveal", "daemon_name": daemon, "metadata": metadata})).await;
    }
    let (_, claude) = server.look("/daemons/claude").await;
    let claude = &claude["daemon"];
    assert_eq!(claude["all"]["cost_usd"], 1.0);
    assert_eq!(claude["all"]["subagents"], json!({"cost_usd": 0.11, "cost_computed_usd": 0.1}));
    assert_eq!(claude["sessions"][0]["subagents"]["cost_usd"], 0.11);
    assert_eq!(
        (&claude["sessions"][0]["context_tokens"], &claude["sessions"][0]["context_limit"]),
        (&json!(50_000), &json!(200_000))
    );
    let (_, days) = server.look("/statistics/days?days=1").await;
    assert_eq!(days["days"][0]["sums"]["cost_usd"], 1.11, "{days}");
    let (_, statistics) = server.look("/statistics").await;
    assert_eq!((&statistics["sums"]["cost_usd"], statistics["sums"].get("subagents")), (&json!(1.11), None));
}

#[tokio::test]
async fn absurd_amounts_spoil_no_sum_and_are_counted_by_field() {
    let server = server().await;
    let mut reader = listen(&server).await;
    chat(&server, 1, "house-model", [json!(1_000), json!(0), json!(0)], Some(json!(0.25))).await;
    for (id, odd) in (2..).zip([json!(i64::MAX), json!(-1), json!(1e300)]) {
        chat(&server, id, "house-model", [odd.clone(), odd.clone(), odd.clone()], Some(odd)).await;
    }
    let endless = json!({
        "session_id": "s", "hook_event_name": "PostToolUse", "cwd": "/home/user/arcane", "tool_name": "Bash",
        "tool_input": {"command": "ls"}, "tool_response": "", "tool_use_id": "endless", "duration_ms": 1e300
    });
    server.post("/hooks/claude", endless).await;
    told(&server, &mut reader).await;
    let (_, card) = server.look("/daemons/crew").await;
    let all = &card["daemon"]["all"];
    assert_eq!(
        (&all["input_tokens"], &all["cost_usd"], &all["output_tokens"]),
        (&json!(1_000), &json!(0.25), &json!(0))
    );
    let (_, card) = server.look("/daemons/claude").await;
    let all = &card["daemon"]["all"];
    assert_eq!((&all["invocations"], &all["seconds"]), (&json!(1), &json!(0.0)));
    let metrics = server.get("/metrics").await.text().await.unwrap();
    let fields = [
        ("input_tokens", 3),
        ("cache_read_tokens", 3),
        ("output_tokens", 3),
        ("cost_usd", 3),
        ("execution_time", 1),
    ];
    for (field, times) in fields {
        let line = format!("arcane_ingest_unusable_total{{field=\"{field}\"}} {times}");
        assert!(metrics.lines().any(|told| told == line), "{line} is not in\n{metrics}");
    }
}

#[test]
fn a_price_that_cannot_be_used_stops_the_server_with_its_field() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("arcane.toml");
    std::fs::write(&config, "[prices.\"gpt-*\"]\nsince = \"2026-01-01\"\ninput = \"cheap\"\noutput = 1\n")
        .unwrap();
    let mut command = process::command(&dir.path().join("data"));
    let output = command.arg("--print-config").arg("--config").arg(&config).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains(
            r#"arcane.toml: prices."gpt-*".input: is USD per million tokens, such as 2.5, not a string"#
        ),
        "{said}"
    );
}
