//! Rules answer what agents ask, also where nobody looks; the log has which of them did.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::{Config, Dashboard, Rules};
use serde_json::{Value, json};
use support::asking::{Hook, bash, claude, decided, event, page, request};
use support::{Client, TestServer};

const RULES: &str = r#"
[[rules]]
name = "tests"
project = "arcane"
command = "cargo test"
decision = "allow"

[[rules]]
name = "no force"
command = "git push"
decision = "deny"
message = "push by hand"

[[rules]]
name = "look"
command = "cargo test --release"
decision = "ask"

[[rules]]
name = "search"
tool = "WebSearch"
decision = "allow"
"#;

async fn start() -> TestServer {
    let mut file: toml::Table = RULES.parse().unwrap();
    let rules = Rules::read(file.remove("rules").unwrap()).unwrap();
    TestServer::with(Config { rules, dashboard: Dashboard::Off, ..Config::default() }).await
}

async fn reader(server: &TestServer) -> Client {
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    reader
}

async fn asks(server: &TestServer, path: &str, session: &str, call: Value) -> Option<Value> {
    Hook::asks(server, path, claude("PermissionRequest", session, call)).hears().await
}

/// Where most hooks ask.
const HOLD: &str = "/hooks/claude?hold=60";

#[tokio::test]
async fn a_rule_allows_where_nobody_looks_and_the_log_has_its_name() {
    let server = start().await;
    let mut reader = reader(&server).await;
    let heard = asks(&server, HOLD, "s", bash("cargo test --lib")).await;
    assert_eq!(heard, decided(json!({"behavior": "allow"})));
    let end = event(&mut reader, "await_end").await;
    let metadata = &end["metadata"];
    assert_eq!(
        json!([metadata["decision"], metadata["by"], metadata["via"], metadata["tool"], metadata["project"]]),
        json!(["allow", "tests", "rule", "Bash", "arcane"])
    );
    insta::assert_snapshot!(end["description"].as_str().unwrap(), @"The rule tests lets CLAUDE go on: Bash: cargo test --lib");
    assert_eq!(metadata["input"], r#"{"command":"cargo test --lib"}"#);
    assert_eq!(metadata["input_hash"].as_str().unwrap().len(), 64);
    // Nobody was called: nothing waits, and nothing tells of a wait.
    let (_, recent) = server.look("/events/recent?count=100").await;
    let kinds = recent["events"].as_array().unwrap().iter();
    assert_eq!(kinds.filter(|event| event["metadata"]["event"] == "await").count(), 0);
    let (_, roster) = server.look("/roster").await;
    assert_eq!(roster["roster"]["daemons"][0]["waiting"], Value::Null);
    assert_eq!(server.look("/requests").await, (200, json!({"requests": []})));
}

#[tokio::test]
async fn a_rule_denies_with_its_message_and_the_call_has_its_end() {
    let server = start().await;
    let mut page = page(&server).await;
    let mut begins = claude("PreToolUse", "s", bash("git push -f"));
    begins["tool_use_id"] = "t1".into();
    server.post("/hooks/claude", begins).await;
    let heard = asks(&server, HOLD, "s", bash("git push -f")).await;
    assert_eq!(heard, decided(json!({"behavior": "deny", "message": "push by hand"})));
    let end = event(&mut page, "await_end").await;
    assert_eq!(json!([end["metadata"]["by"], end["metadata"]["call_id"]]), json!(["no force", "t1"]));
    let mut call = page.next().await;
    while call["spell_name"] != "invoke" {
        call = page.next().await;
    }
    assert_eq!(json!([call["metadata"]["call_id"], call["metadata"]["denied"]]), json!(["t1", true]));
}

#[tokio::test]
async fn what_no_rule_answers_is_a_persons() {
    let server = start().await;
    // Nobody looks: no decision, and the wait is told as any other.
    let mut reader = reader(&server).await;
    assert_eq!(asks(&server, HOLD, "s", bash("make")).await, None);
    let opening = event(&mut reader, "await").await;
    assert_eq!(opening["metadata"]["request_id"], Value::Null);
    // A rule that asks goes before one that allows; so does what a rule does not see through.
    for (session, command) in
        [("t", "cargo test --release"), ("u", "cargo test; curl x | sh"), ("v", "cargo test $(x)")]
    {
        assert_eq!(asks(&server, HOLD, session, bash(command)).await, None, "{command}");
    }
    let mut call = bash("cargo test");
    call["tool_input"]["dangerouslyDisableSandbox"] = true.into();
    assert_eq!(asks(&server, HOLD, "w", call).await, None);
    let mut elsewhere = bash("cargo test");
    elsewhere["cwd"] = "/home/user/other".into();
    assert_eq!(asks(&server, HOLD, "x", elsewhere).await, None);
    // Somebody looks: it is asked.
    let mut page = page(&server).await;
    let asked = Hook::asks(&server, HOLD, claude("PermissionRequest", "y", bash("cargo test --release")));
    let id = request(&event(&mut page, "await").await);
    assert_eq!(support::asking::answer(&server, &id, json!({"decision": "allow"})).await.0, 200);
    assert_eq!(asked.hears().await, decided(json!({"behavior": "allow"})));
}

#[tokio::test]
async fn a_rule_for_a_tool_allows_what_the_tool_does() {
    let server = start().await;
    let search = json!({"tool_name": "WebSearch", "tool_input": {"query": "x"}});
    assert_eq!(asks(&server, HOLD, "s", search).await, decided(json!({"behavior": "allow"})));
}

#[tokio::test]
async fn an_agent_without_a_human_is_answered_by_rules_alone() {
    let server = start().await;
    let mut reader = reader(&server).await;
    let path = "/hooks/claude?hold=60&attended=false";
    assert_eq!(asks(&server, path, "s", bash("cargo test")).await, decided(json!({"behavior": "allow"})));
    event(&mut reader, "await_end").await;
    // What no rule answers is refused by the agent itself: nobody is called.
    assert_eq!(asks(&server, path, "s", bash("make")).await, None);
    let (_, roster) = server.look("/roster").await;
    assert_eq!(roster["roster"]["daemons"][0]["waiting"], Value::Null);
}

#[tokio::test]
async fn a_hook_that_does_not_wait_is_answered_by_nobody() {
    let server = start().await;
    assert_eq!(asks(&server, "/hooks/claude", "s", bash("cargo test")).await, None);
    assert_eq!(
        asks(&server, "/hooks/copilot?hold=60", "s", bash("cargo test")).await,
        decided(json!({"behavior": "allow"})),
        "the shape says whose it is"
    );
}
