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

fn read(text: &str) -> Rules {
    let mut file: toml::Table = text.parse().unwrap();
    Rules::read(file.remove("rules").unwrap()).unwrap()
}

async fn start() -> TestServer {
    let rules = read(RULES);
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
    let told = &call["metadata"];
    assert_eq!(json!([told["call_id"], told["denied"], told["via"]]), json!(["t1", true, "rule"]));
    assert_eq!(told["sync"]["display_text"], "The ward refuses");
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
async fn rules_answer_however_much_waits_and_however_long_it_is() {
    let server = start().await;
    let denied = decided(json!({"behavior": "deny", "message": "push by hand"}));
    // Nobody looks, and nobody answers: as many wait as are told.
    for n in 0..9 {
        assert_eq!(asks(&server, HOLD, "s", bash(&format!("make {n}"))).await, None);
    }
    assert_eq!(asks(&server, HOLD, "s", bash("git push")).await, denied);
    assert_eq!(asks(&server, HOLD, "s", bash("cargo test")).await, decided(json!({"behavior": "allow"})));
    for command in
        [format!("git push {}", "x".repeat(9_000)), format!("echo {}; git push", "A=1 ".repeat(90_000))]
    {
        assert_eq!(asks(&server, HOLD, "t", bash(&command)).await, denied);
    }
    assert_eq!(asks(&server, HOLD, "u", bash(&format!("cargo test {}", "x".repeat(9_000)))).await, None);
}

#[tokio::test]
async fn a_page_of_another_server_of_this_machine_adds_no_rule() {
    let server = TestServer::start().await;
    let rule = json!({"name": "a", "decision": "ask"});
    let add =
        |origin: &str| server.http.post(server.url("/rules")).header("origin", origin).json(&rule).send();
    assert_eq!(add("http://localhost:3000").await.unwrap().status(), 403);
    assert_eq!(add(server.url("").trim_end_matches('/')).await.unwrap().status(), 201);
    let (status, problem) = server.ask("/rules", json!({"name": "test", "decision": "ask"})).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/name")));
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

#[tokio::test]
async fn a_rule_is_suggested_by_what_was_allowed_and_holds_once_it_is_added() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    for session in ["a", "b", "c", "d", "e"] {
        let asked = Hook::asks(&server, HOLD, claude("PermissionRequest", session, bash("cargo test --lib")));
        let id = request(&event(&mut page, "await").await);
        assert_eq!(support::asking::answer(&server, &id, json!({"decision": "allow"})).await.0, 200);
        asked.hears().await;
    }
    let (status, listed) = server.look("/rules").await;
    assert_eq!((status, &listed["rules"], &listed["may_add"]), (200, &json!([]), &json!(true)));
    let suggestion = &listed["suggestions"][0];
    assert_eq!(
        json!([suggestion["sentence"], suggestion["times"], suggestion["rule"]]),
        json!(["you allowed `cargo test --lib` 5 times: always, for this project?", 5, {
            "name": "cargo test --lib in arcane", "agent": "claude", "project": "arcane", "tool": "Bash",
            "command": "cargo test --lib", "exact": true, "decision": "allow",
        }])
    );
    let rule = suggestion["rule"].clone();
    let (_, tried) = server.ask("/rules/test", json!({"rules": [rule]})).await;
    assert_eq!(
        json!([tried["sentence"], tried["asked"], tried["rules"], tried["against"]]),
        json!(["would have answered 5 of 5, all as you did", 5, [{"rule": "cargo test --lib in arcane", "decided": 5, "against": 0}], []])
    );
    assert_eq!(server.ask("/rules", rule.clone()).await.0, 201);
    assert_eq!(
        asks(&server, HOLD, "f", bash("cargo test --lib")).await,
        decided(json!({"behavior": "allow"}))
    );
    // And no more than that.
    let asked =
        Hook::asks(&server, HOLD, claude("PermissionRequest", "g", bash("cargo test --lib --config x")));
    event(&mut page, "await").await;
    asked.ends();
    let (_, listed) = server.look("/rules").await;
    assert_eq!(json!([listed["rules"][0]["origin"], listed["suggestions"]]), json!(["added", []]));
    // Twice is once.
    let (status, problem) = server.ask("/rules", rule).await;
    assert_eq!((status, &problem["type"]), (409, &json!("/docs#problem-rule-refused")));
    let (status, problem) = server.ask("/rules", json!({"name": "all", "decision": "allow"})).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/decision")), "{problem}");
    let (status, problem) =
        server.ask("/rules/test", json!({"rules": [{"name": "a\u{202e}b", "decision": "ask"}]})).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/rules/0/name")), "{problem}");
}

#[tokio::test]
async fn rules_of_a_list_are_added_all_or_none() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let named = |names: &[&str]| {
        let rules: Vec<Value> = names.iter().map(|name| json!({"name": name, "decision": "ask"})).collect();
        json!({ "rules": rules })
    };
    let held = async |server: &TestServer| {
        let (_, listed) = server.look("/rules").await;
        let names = listed["rules"].as_array().unwrap().iter().map(|card| card["rule"]["name"].clone());
        names.collect::<Vec<_>>()
    };
    let (status, added) = server.ask("/rules", named(&["a", "b"])).await;
    assert_eq!((status, &added["rules"][1]["rule"]["name"]), (201, &json!("b")), "{added}");
    let mut wrong = named(&["c", "d", "e"]);
    wrong["rules"][2]["desicion"] = "deny".into();
    let many: Vec<String> = (0..255).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (body, status, said) in [
        (named(&["c", "d", "a"]), 409, "another rule has the name \"a\""),
        (named(&["c", "d", "c"]), 422, "/rules/2/name: rule 1 has the same"),
        (named(&["c", "d", "test"]), 422, "/rules/2/name: \"test\""),
        (wrong, 422, "/rules/2/desicion: is not known; did you mean \"decision\"?"),
        (named(&many), 409, "there would be 257 rules"),
        (json!({"rules": ["c"]}), 422, "/rules/0: is an object"),
        (json!({"rules": 3}), 422, "/rules: is a list of rules"),
        (json!({"rules": [], "name": "c"}), 422, "/name: is not known; there is \"rules\""),
        (json!({"name": "c", "decision": "ask", "a/b: c": 1}), 422, "/a~1b: c: is not known; there are name"),
        (json!({"name": "c"}), 422, "/decision: is missing; write"),
    ] {
        let (found, problem) = server.ask("/rules", body).await;
        assert_eq!(found, status, "{problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(said), "{problem}");
    }
    assert_eq!(held(&server).await, ["a", "b"]);
    server.stop().await;
    let server = TestServer::in_dir(dir.path()).await;
    assert_eq!(held(&server).await, ["a", "b"]);
}

#[tokio::test]
async fn a_rule_for_what_no_agent_asks_is_taken_with_a_warning() {
    let server = TestServer::start().await;
    let rule = json!({"name": "a", "decision": "ask", "agent": "claud"});
    let warnings = json!([r#"agent: no agent is called "claud"; did you mean "claude"?"#]);
    let (_, tried) = server.ask("/rules/test", json!({ "rules": [rule] })).await;
    assert_eq!(tried["rules"][0]["warnings"], warnings);
    let (status, added) = server.ask("/rules", rule).await;
    assert_eq!((status, &added["warnings"]), (201, &warnings));
    assert_eq!(server.look("/rules").await.1["rules"][0]["warnings"], warnings);
    let (_, added) = server.ask("/rules", json!({"name": "b", "decision": "ask", "agent": "claude"})).await;
    assert_eq!(added.get("warnings"), None);
}

#[tokio::test]
async fn what_was_added_can_be_removed_where_the_configuration_has_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let with = |rules| Config { rules, ..TestServer::config_in(dir.path()) };
    let server = TestServer::with(with(Rules::default())).await;
    assert_eq!(server.ask("/rules", json!({"name": "tests", "decision": "ask"})).await.0, 201);
    server.stop().await;
    let server = TestServer::with(with(read(RULES))).await;
    let delete = || server.http.delete(server.url("/rules/tests")).send();
    assert_eq!(delete().await.unwrap().status(), 204);
    assert_eq!(delete().await.unwrap().status(), 409, "the configuration's");
    assert_eq!(server.look("/rules").await.1["rules"][0]["rule"]["name"], "tests");
    server.stop().await;
    let server = TestServer::with(with(Rules::default())).await;
    assert_eq!(server.look("/rules").await.1["rules"], json!([]));
}

#[tokio::test]
async fn a_rule_that_was_added_outlives_the_server_and_can_be_removed() {
    let dir = tempfile::tempdir().unwrap();
    let config = || Config {
        data_dir: Some(dir.path().to_owned()),
        dashboard: Dashboard::Off,
        rules: read(RULES),
        ..Config::default()
    };
    let server = TestServer::with(config()).await;
    let rule = json!({"name": "no curl / wget", "command": "curl", "decision": "deny"});
    assert_eq!(server.ask("/rules", rule).await.0, 201);
    server.stop().await;
    let server = TestServer::with(config()).await;
    let denied = decided(json!({"behavior": "deny"}));
    assert_eq!(asks(&server, HOLD, "s", bash("curl x")).await, denied);
    let delete = |name: &str| server.http.delete(server.url(&format!("/rules/{name}"))).send();
    assert_eq!(delete("tests").await.unwrap().status(), 409, "the configuration's");
    assert_eq!(delete("none").await.unwrap().status(), 404);
    assert_eq!(delete("no%20curl%20%2F%20wget").await.unwrap().status(), 204);
    assert_eq!(asks(&server, HOLD, "t", bash("curl x")).await, None);
    server.stop().await;
    let server = TestServer::with(config()).await;
    assert_eq!(server.look("/rules").await.1["rules"].as_array().unwrap().len(), 4);
}
