//! `arcane doctor`: what it finds, in homes where everything is right and in homes where something is not.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use support::TestServer;
use support::guarded::{Guarded, token};
use support::process::Process;

const ALL: [&str; 8] = ["claude", "codex", "gemini", "copilot", "qwen", "cursor", "opencode", "antigravity"];

/// What a command says in a home, and its status.
async fn arcane(home: &Path, args: &[&str]) -> (String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").current_dir(home).args(args);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (said, output.status.code())
}

/// A server, a home, and agents that are attached to it.
async fn attached(agents: &[&str]) -> (TestServer, tempfile::TempDir, String) {
    let (server, home) = (TestServer::start().await, tempfile::tempdir().unwrap());
    let url = server.url("");
    let args = [&["attach", "--telemetry", "off", "--url", &url], agents].concat();
    let (said, status) = arcane(home.path(), &args).await;
    assert_eq!(status, Some(0), "{said}");
    (server, home, url)
}

fn change(file: PathBuf, from: &str, to: &str) {
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_event_goes_through_every_path_that_is_attached() {
    let (_server, home, url) = attached(&ALL).await;
    let (said, status) = arcane(home.path(), &["doctor", "--url", &url]).await;
    assert_eq!(said.matches("  test event arrived; it").count(), ALL.len(), "{said}");
    assert_eq!(said.matches("it costs the agent").count(), ALL.len() - 1, "{said}");
    // Codex asks a human first.
    assert!(said.contains("! trust      0 of 12") && said.ends_with("arcane: 1 problem\n"), "{said}");
    assert_eq!(status, Some(1));
    let hooks = home.path().join(".codex/hooks.json").display().to_string();
    let trusted = [
        "session_start",
        "session_end",
        "user_prompt_submit",
        "pre_tool_use",
        "post_tool_use",
        "permission_request",
        "interrupt",
        "subagent_start",
        "subagent_stop",
        "stop",
        "pre_compact",
        "post_compact",
    ]
    .map(|event| format!("[hooks.state.\"{hooks}:{event}:0:0\"]\ntrusted_hash = \"sha256:0\"\n"));
    std::fs::write(home.path().join(".codex/config.toml"), trusted.concat()).unwrap();
    let (said, status) = arcane(home.path(), &["doctor", "codex", "--url", &url]).await;
    assert!(said.contains("  trust      all of them") && status == Some(0), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_with_what_to_do() {
    let (server, home, url) = attached(&["claude", "gemini", "copilot", "qwen"]).await;
    let program = env!("CARGO_BIN_EXE_arcane");
    change(home.path().join(".claude/settings.json"), program, "/no/such/arcane");
    change(home.path().join(".gemini/settings.json"), program, "/no/such/arcane");
    change(home.path().join(".copilot/hooks/arcane.json"), &url, "http://127.0.0.1:1");
    change(
        home.path().join(".qwen/settings.json"),
        "{\n  \"hooks\"",
        "{\n  \"hooksConfig\": { \"enabled\": false },\n  \"hooks\"",
    );
    let (said, status) = arcane(home.path(), &["doctor", "--url", &url]).await;
    assert_eq!(status, Some(1));
    for line in [
        "! test event its hooks run /no/such/arcane, which is not there\n             → arcane attach claude",
        "             → arcane attach gemini",
        "! server     its hooks speak to http://127.0.0.1:1, not to http",
        "→ arcane attach copilot --url http",
        "! hooks      hooksConfig.enabled in the same file turns all of them off",
        "arcane: 4 problems",
    ] {
        assert!(said.contains(line), "{line} is not in\n{said}");
    }
    std::fs::write(home.path().join(".claude/settings.json"), "{,}").unwrap();
    let (said, _) = arcane(home.path(), &["doctor", "claude", "--no-test", "--url", &url]).await;
    assert!(said.contains("! file ") && said.contains("settings.json: line 1, column 2"), "{said}");
    server.stop().await;
    let (said, status) = arcane(home.path(), &["doctor", "gemini", "--url", &url]).await;
    assert!(said.contains("! address    no server answers") && status == Some(1), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_names_a_room_that_cannot_be_is_a_problem() {
    let (_server, home, url) = attached(&["claude", "--room", "lab"]).await;
    let (said, status) = arcane(home.path(), &["doctor", "claude", "--url", &url]).await;
    assert!(status == Some(0) && !said.contains("! room"), "{said}");
    change(home.path().join(".claude/settings.json"), "--room lab", "--room 'a;b c'");
    let (said, status) = arcane(home.path(), &["doctor", "claude", "--url", &url]).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("! room       its hooks name the room \"a;b c\": a name"), "{said}");
    assert!(said.contains("→ arcane attach claude --room NAME"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn telemetry_is_tried_as_agents_send_it() {
    let (_server, home, url) = attached(&["claude"]).await;
    arcane(home.path(), &["attach", "claude", "--telemetry", &url, "--url", &url]).await;
    let (said, status) = arcane(home.path(), &["doctor", "claude", "--url", &url]).await;
    assert!(
        said.contains(&format!("  telemetry  to {url}: the server takes it")) && status == Some(0),
        "{said}"
    );
    arcane(home.path(), &["attach", "claude", "--telemetry", "http://127.0.0.1:9", "--url", &url]).await;
    let (said, _) = arcane(home.path(), &["doctor", "claude", "--url", &url]).await;
    assert!(said.contains("to http://127.0.0.1:9, which is not this server's"), "{said}");
    // A token that this program knows is of no use to an agent's exporter.
    let (guarded, secret) = (Guarded::start().await, token(&json!({"rooms": ["*"]})));
    let url = guarded.server.url("");
    arcane(home.path(), &["attach", "claude", "--telemetry", &url, "--url", &url]).await;
    let (said, _) =
        arcane(home.path(), &["doctor", "claude", "--no-test", "--url", &url, "--token", &secret]).await;
    assert!(said.contains("! telemetry") && said.contains("it wants a token"), "{said}");
    let remedy = "→ export OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN where claude is started";
    assert!(said.contains(remedy), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_speak_to_another_server_are_told_of_with_what_to_do() {
    let (_server, home, url) = attached(&["claude", "opencode"]).await;
    let other = TestServer::start().await.url("");
    let (said, status) = arcane(home.path(), &["doctor", "claude", "opencode", "--url", &other]).await;
    for agent in ["claude", "opencode"] {
        let remedy = format!("→ arcane attach {agent} --url {other}; or arcane doctor --url {url}");
        assert!(said.contains(&remedy), "{remedy} is not in\n{said}");
    }
    assert_eq!(said.matches(&format!("its hooks speak to {url}, not to {other}")).count(), 2, "{said}");
    assert!(!said.contains("test event") && status == Some(1), "{said}");
    // Without an address in them hooks speak to the server that is remembered, and to none here.
    arcane(home.path(), &["attach", "claude", "--telemetry", "off"]).await;
    let (said, _) = arcane(home.path(), &["doctor", "claude", "--url", &url]).await;
    assert!(said.contains(&format!("→ arcane connect {url}")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_spent_is_no_event_of_a_day_long_ago() {
    let (server, home, url) = attached(&["claude"]).await;
    let spent = json!({"spell_name": "reveal", "daemon_name": "claude", "success": true, "description": "d",
        "metadata": {"query_type": "enrich", "input_tokens": 7}});
    assert_eq!(server.post("/events", spent).await.status(), 201);
    let (said, _) = arcane(home.path(), &["doctor", "claude", "--no-test", "--url", &url]).await;
    assert!(said.contains("last event none in the room main but of what it spent"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_on_the_port_for_telemetry_is_not_taken_for_the_server() {
    // It answers whatever is asked with what an exporter takes for a yes.
    let other = TestServer::start().await;
    let taken = other.url("");
    let (data, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--no-dashboard", "--otlp-listen"]);
    command.arg(taken.trim_start_matches("http://")).arg("--data-dir").arg(data.path());
    command.current_dir(data.path()).env_remove("ARCANE_CONFIG").env("ARCANE_LOG", "error");
    let server = Process::try_start(command).unwrap();
    let url = server.url.clone();
    arcane(home.path(), &["attach", "claude", "--answer", "--telemetry", &taken, "--url", &url]).await;
    let (said, status) = arcane(home.path(), &["doctor", "claude", "--no-test", "--url", &url]).await;
    assert!(said.contains("the server cannot listen there, another program has it"), "{said}");
    // What is advised takes back nothing of what was attached.
    let remedy = format!("→ arcane attach claude --answer --url {url} --telemetry {url}, which takes it");
    assert!(said.contains(&remedy) && status == Some(1), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_there_and_not_attached_is_no_problem() {
    let (server, home) = (TestServer::start().await, tempfile::tempdir().unwrap());
    std::fs::create_dir(home.path().join(".claude")).unwrap();
    let (said, status) = arcane(home.path(), &["doctor", "--url", &server.url("")]).await;
    assert!(
        said.contains("→ arcane attach claude") && said.contains("codex\n  not found on this machine"),
        "{said}"
    );
    assert_eq!(status, Some(0), "{said}");
}
