//! `arcane hook --hold`, `arcane requests`, `arcane answer` and `arcane attach --answer`: what agents ask, answered from a shell.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use support::TestServer;
use support::asking::{bash, claude, decided, event, page};

fn arcane(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").current_dir(home).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn run(home: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = arcane(home, args);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    said(&output)
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A hook that an agent started.
fn started(home: &Path, url: &str, payload: &Value) -> Child {
    let mut child =
        arcane(home, &["hook", "--agent", "claude", "--hold", "60", "--url", url]).spawn().unwrap();
    child.stdin.take().unwrap().write_all(payload.to_string().as_bytes()).unwrap();
    child
}

async fn ends(child: Child) -> (Option<i32>, String, String) {
    said(&tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_prints_what_a_shell_answers() {
    let (home, server) = (tempfile::tempdir().unwrap(), TestServer::start().await);
    let url = server.url("");
    let mut watching = page(&server).await;
    let hook =
        started(home.path(), &url, &claude("PermissionRequest", "s", bash("git push \u{200b}\u{1b}[2J")));
    let opening = event(&mut watching, "await").await;
    let id = opening["metadata"]["request_id"].as_str().unwrap();
    let (code, list, _) = run(home.path(), &["requests", "--url", &url]).await;
    assert_eq!(code, Some(0));
    assert!(list.starts_with("1 open request, the oldest first:") && list.contains(id), "{list}");
    let (_, whole, _) = run(home.path(), &["requests", id, "--url", &url]).await;
    assert!(whole.contains("git push ⟨ZWSP⟩␛[2J") && whole.contains("allow    Yes"), "{whole}");

    let (code, _, error) = run(home.path(), &["answer", id, "perhaps", "--url", &url]).await;
    assert_eq!(code, Some(1));
    assert!(error.contains("the agent takes: allow, deny"), "{error}");
    let denial = ["answer", id, "deny", "--message", "ask me first", "--url", &url];
    let (code, answered, _) = run(home.path(), &denial).await;
    assert!(code == Some(0) && answered.starts_with("the agent hears deny; it waited "), "{answered}");
    let (code, heard, silence) = ends(hook).await;
    assert_eq!((code, &*silence), (Some(0), ""));
    let heard: Value = serde_json::from_str(&heard).unwrap();
    assert_eq!(Some(heard), decided(json!({"behavior": "deny", "message": "ask me first"})));
    let (code, _, error) = run(home.path(), &["answer", id, "allow", "--url", &url]).await;
    assert_eq!(code, Some(1));
    assert!(error.contains("anonymous was first: deny"), "{error}");
    let (_, list, _) = run(home.path(), &["requests", "--url", &url]).await;
    assert_eq!(list, "No agent asks anything that can be answered from here.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_without_an_answer_prints_nothing_and_ends_well() {
    let (home, server) = (tempfile::tempdir().unwrap(), TestServer::start().await);
    let url = server.url("");
    let asks = claude("PermissionRequest", "s", bash("git push"));
    // Nobody looks.
    assert_eq!(ends(started(home.path(), &url, &asks)).await, (Some(0), String::new(), String::new()));
    let mut watching = page(&server).await;
    // What is cut on its way cannot be shown whole.
    let long = claude("PermissionRequest", "l", bash(&"x".repeat(2 * 1024 * 1024)));
    assert_eq!(ends(started(home.path(), &url, &long)).await, (Some(0), String::new(), String::new()));
    // The server stops.
    let hook = started(home.path(), &url, &claude("PermissionRequest", "t", bash("git pull")));
    while event(&mut watching, "await").await["metadata"]["session"] != "t" {}
    server.stop().await;
    assert_eq!(ends(hook).await, (Some(0), String::new(), String::new()));
    // No server is there, or one that takes a connection and never answers.
    assert_eq!(ends(started(home.path(), &url, &asks)).await, (Some(0), String::new(), String::new()));
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = format!("http://{}", mute.local_addr().unwrap());
    assert_eq!(ends(started(home.path(), &mute, &asks)).await, (Some(0), String::new(), String::new()));
    // A payload that never ends.
    let mut endless = arcane(home.path(), &["hook", "--agent", "claude", "--hold", "60", "--url", &url]);
    let mut endless = endless.spawn().unwrap();
    let input = endless.stdin.take();
    assert_eq!(ends(endless).await, (Some(0), String::new(), String::new()));
    drop(input);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_goes_the_way_of_the_settings_that_attach_writes() {
    let (home, server) = (tempfile::tempdir().unwrap(), TestServer::start().await);
    let url = server.url("");
    let file = home.path().join(".claude/settings.json");
    let attach = ["attach", "claude", "--telemetry", "off", "--url", &url];
    let hook_of = |event: &str| {
        let settings: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        settings["hooks"][event][0]["hooks"][0].clone()
    };
    std::fs::create_dir_all(home.path().join(".claude")).unwrap();
    std::fs::write(&file, "{\n  \"model\": \"opus\"\n}\n").unwrap();
    assert_eq!(run(home.path(), &attach).await.0, Some(0));
    assert_eq!(hook_of("PermissionRequest")["timeout"], 2, "off unless it is asked for");
    assert_eq!(run(home.path(), &[&attach[..], &["--answer"]].concat()).await.0, Some(0));
    let hook = hook_of("PermissionRequest");
    assert_eq!(hook["timeout"], 610);
    // A call of a loop can be denied, and what has ended cannot.
    let holds = |event: &str| hook_of(event)["command"].as_str().unwrap().contains("--hold");
    assert!(holds("PreToolUse") && !holds("PostToolUse"));

    // As the agent runs it.
    let mut watching = page(&server).await;
    let mut child = Command::new("sh")
        .args(["-c", hook["command"].as_str().unwrap()])
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let asks = claude("PermissionRequest", "s", bash("git push"));
    child.stdin.take().unwrap().write_all(asks.to_string().as_bytes()).unwrap();
    let opening = event(&mut watching, "await").await;
    let id = opening["metadata"]["request_id"].as_str().unwrap();
    assert_eq!(run(home.path(), &["answer", id, "allow", "--url", &url]).await.0, Some(0));
    let (_, heard, _) = ends(child).await;
    let heard: Value = serde_json::from_str(&heard).unwrap();
    assert_eq!(Some(heard), decided(json!({"behavior": "allow"})));

    let (_, doctor, _) = run(home.path(), &["doctor", "claude", "--no-test", "--url", &url]).await;
    assert!(
        doctor.contains(
            "answers    from a page that is open, too (PreToolUse, PermissionRequest, Elicitation)"
        ),
        "{doctor}"
    );
    // Without the option it is switched off again, and nothing is left behind.
    assert_eq!(run(home.path(), &attach).await.0, Some(0));
    assert_eq!(hook_of("PermissionRequest")["timeout"], 2);
    assert_eq!(run(home.path(), &["detach", "claude"]).await.0, Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\n  \"model\": \"opus\"\n}\n");
    let (_, said, _) = run(home.path(), &["attach", "gemini", "--answer", "--telemetry", "off"]).await;
    assert!(said.contains("gemini takes no answers from elsewhere"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_added_listed_tried_and_removed_by_their_names() {
    let (home, server) = (tempfile::tempdir().unwrap(), TestServer::start().await);
    let url = server.url("");
    let url = url.trim_end_matches('/');
    let file = home.path().join("more.toml");
    let text = "[[rules]]\nname = \"cargo test in shop\"\nproject = \"shop\"\ncommand = \"cargo test\"\nexact = true\ndecision = \"allow\"\n";
    std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    let rules = async |args: &[&str]| run(home.path(), &[&["rules"], args, &["--url", url]].concat()).await;
    let (code, said, wrong) = rules(&["add", path]).await;
    assert_eq!((code, &*wrong), (Some(0), ""));
    insta::assert_snapshot!(said, @r#"The rule "cargo test in shop" holds: allow exactly cargo test in shop"#);
    insta::assert_snapshot!(rules(&[]).await.1, @"allow cargo test in shop  exactly cargo test in shop  (added)");
    insta::assert_snapshot!(rules(&["test", path]).await.1, @r"
    there is no question yet to try the rules on
      cargo test in shop: 0 times
    ");
    assert_eq!(rules(&["remove", "cargo test in shop"]).await.0, Some(0));
    let (code, _, wrong) = rules(&["remove", "cargo test in shop"]).await;
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(wrong, @r#"arcane: there is no rule "cargo test in shop"; GET /rules lists those that hold"#);
    insta::assert_snapshot!(rules(&[]).await.1, @"No rule answers anything: every question is a person's.");
}
