//! `arcane hook`: hands payloads to the server, and disturbs no agent, whatever happens.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use arcane_server::config::NetConfig;
use serde_json::json;
use support::TestServer;
use support::authority::Authority;
use support::guarded::{Guarded, token};
use support::hooks::told;
use support::recordings::recording;

/// What an agent waits for at most.
const LIMIT: Duration = Duration::from_millis(300);

/// So often something is tried that has to happen within the command's own limit.
const TRIES: usize = 20;

/// The command as an agent with these settings starts it, in an empty home.
fn hook(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.env_clear().current_dir(home).env("HOME", home).arg("hook").args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command with something on its standard input, and says how long that took.
async fn run(mut command: Command, input: impl Into<Vec<u8>>) -> (Output, Duration) {
    let input = input.into();
    let running = move || {
        let begun = Instant::now();
        let mut child = command.spawn().unwrap();
        // The program may end without having read all of it.
        let _ = child.stdin.take().unwrap().write_all(&input);
        (child.wait_with_output().unwrap(), begun.elapsed())
    };
    tokio::task::spawn_blocking(running).await.unwrap()
}

fn assert_silent(output: &Output, what: &str) {
    assert_eq!(
        (output.status.code(), &*output.stdout, &*output.stderr),
        (Some(0), &b""[..], &b""[..]),
        "{what}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_become_the_events_that_they_become_over_http() {
    let home = tempfile::tempdir().unwrap();
    for (agent, name) in [("claude", "claude/headless"), ("copilot", "copilot/headless")] {
        let server = TestServer::start().await;
        let mut reader = server.connect("recent=0").await;
        reader.next().await;
        let url = server.url("");
        for one in recording(name).iter().take(6) {
            let args = ["--agent", agent, "--event", &one.event, "--url", &url];
            let (output, _) = run(hook(home.path(), &args), one.payload.to_string()).await;
            assert_silent(&output, &one.event);
        }
        let by_command = told(&server, &mut reader).await;
        server.stop().await;
        let over_http = support::hooks::story(agent, name).await;
        assert!(by_command.lines().count() >= 2, "{by_command}");
        assert!(over_http.starts_with(&by_command), "{by_command}\nis not the beginning of\n{over_http}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_environment_says_of_the_agent_goes_with_the_payload() {
    let (home, server) = (tempfile::tempdir().unwrap(), TestServer::start().await);
    let mut reader = server.connect("recent=0&room=quiet").await;
    reader.next().await;
    let url = server.url("");
    let mut command = hook(home.path(), &["--url", &url, "--room", "quiet"]);
    command.env("CLAUDE_CODE_SESSION_ATTENDED", "0").env("CLAUDECODE", "1");
    let asks = json!({"session_id": "s", "hook_event_name": "PermissionRequest", "tool_name": "Bash", "tool_input": {"command": "ls"}});
    run(command, asks.to_string()).await;
    let summoned = reader.next().await;
    assert_eq!(summoned["daemon_name"], "claude");
    assert!(summoned["metadata"]["host"].is_string(), "{summoned}");
    // Nobody is there who could answer: it is no wait.
    let ends = json!({"session_id": "s", "hook_event_name": "SessionEnd", "reason": "other"});
    run(hook(home.path(), &["--url", &url, "--room", "quiet"]), ends.to_string()).await;
    assert_eq!(reader.next().await["spell_name"], "banish");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_it_is_silent_and_ends_in_time() {
    let home = tempfile::tempdir().unwrap();
    // The connection is taken by the kernel, and never by a program.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = format!("http://{}", mute.local_addr().unwrap());
    let cases: [&[&str]; 7] = [
        &["--agent", "claude", "--url", &mute],
        &["--agent", "claude", "--url", "http://127.0.0.1:1"],
        &["--agent", "claude", "--url", "http://no-such-name.invalid:8000"],
        &["--agent", "claude", "--url", "no address"],
        &["--agent", "../\r\nx", "--url", "https://127.0.0.1:1", "--ca", "/no/such/file"],
        &["--no-such-flag"],
        &["--agent"],
    ];
    for args in cases {
        for input in ["{}", "", "\u{0}"] {
            in_time(|| run(hook(home.path(), args), input), &format!("{args:?} with {input:?}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_that_never_ends_is_not_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let endless = || async {
        let mut command = hook(home.path(), &["--agent", "claude", "--url", "http://127.0.0.1:1"]);
        let running = move || {
            let begun = Instant::now();
            let mut child = command.spawn().unwrap();
            let input = child.stdin.take();
            let output = child.wait_with_output().unwrap();
            drop(input);
            (output, begun.elapsed())
        };
        tokio::task::spawn_blocking(running).await.unwrap()
    };
    in_time(endless, "standard input that never ends").await;
}

/// Asserts that a run is silent, and that the quickest of a few is in time: other programs run on this machine, too.
async fn in_time<R: Future<Output = (Output, Duration)>>(run: impl Fn() -> R, what: &str) {
    let mut quickest = Duration::MAX;
    for _ in 0..5 {
        let (output, took) = run().await;
        assert_silent(&output, what);
        quickest = quickest.min(took);
        if quickest <= LIMIT {
            return;
        }
    }
    panic!("{what} took {quickest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_says_of_a_refusal_is_said_to_who_asks() {
    let (guarded, home) = (Guarded::start().await, tempfile::tempdir().unwrap());
    let url = guarded.server.url("");
    let payload = json!({"session_id": "s", "hook_event_name": "SessionStart"}).to_string();
    let refused = token(&json!({"can": ["subscribe"]}));
    let mut command = hook(home.path(), &["--agent", "claude", "--verbose", "--url", &url]);
    command.env("ARCANE_TOKEN", &refused);
    let (output, _) = run(command, &*payload).await;
    let said = String::from_utf8(output.stderr).unwrap();
    let asked =
        guarded.server.http.post(guarded.server.url("/hooks/claude")).bearer_auth(&refused).body(payload);
    let problem: serde_json::Value = asked.send().await.unwrap().json().await.unwrap();
    let reason = problem["detail"].as_str().or(problem["title"].as_str()).unwrap();
    assert!(said.contains("(403)") && said.contains(reason), "{reason} is not in {said}");
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_payload_is_said_to_be_dropped() {
    let (server, home) = (TestServer::start().await, tempfile::tempdir().unwrap());
    let url = server.url("");
    for garbage in ["{", "[1]", "\"text\"", "no JSON"] {
        let (output, _) = run(hook(home.path(), &["--verbose", "--url", &url]), garbage).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{garbage:?}: {said}");
        assert!(said.contains("no object of JSON") && !said.contains("took"), "{said}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_that_of_the_file_which_its_user_alone_reads() {
    use std::os::unix::fs::PermissionsExt;

    let (guarded, home) = (Guarded::start().await, tempfile::tempdir().unwrap());
    let file = home.path().join(".config/arcane/client.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let secret = token(&json!({"can": ["publish"]}));
    std::fs::write(&file, format!("url = {:?}\ntoken = {secret:?}\n", guarded.server.url(""))).unwrap();
    let payload = json!({"session_id": "s", "hook_event_name": "SessionStart"}).to_string();
    for (mode, code, says) in [(0o600, 0, "took"), (0o644, 1, "others can read the token")] {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        let (output, _) = run(hook(home.path(), &["--agent", "claude", "--verbose"]), &*payload).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(says) && !said.contains(&secret), "{said}");
    }
    // It is shown to no other server.
    let (output, _) = run(
        hook(home.path(), &["--verbose", "--url", &guarded.server.url("").replace("127.0.0.1", "localhost")]),
        &*payload,
    )
    .await;
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_https_is_spoken_to_through_tls() {
    let (authority, home) = (Authority::new(), tempfile::tempdir().unwrap());
    let server = support::authority::server(&authority, NetConfig::default()).await;
    let (url, ca) = (server.url(""), authority.file().display().to_string());
    let payload = json!({"session_id": "s", "hook_event_name": "SessionStart"}).to_string();
    let args = ["--agent", "claude", "--url", &url, "--ca", &ca, "--verbose"];
    let mut said = String::new();
    // The handshake of a build for tests does not always fit into the command's own limit: other programs run here, too.
    for _ in 0..TRIES {
        let (output, _) = run(hook(home.path(), &args), &*payload).await;
        said = String::from_utf8(output.stderr).unwrap();
        if output.status.success() && said.contains("took") {
            break;
        }
    }
    assert!(said.contains("took"), "it did not arrive: {said}");
    let (output, _) = run(hook(home.path(), &args[..4]), &*payload).await;
    assert_silent(&output, "an authority that is not trusted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_is_too_large_is_told_of_without_its_texts() {
    let (home, server) = (tempfile::tempdir().unwrap(), TestServer::start().await);
    let url = server.url("");
    let text = "x".repeat(12 * 1024 * 1024);
    let payload = json!({"session_id": "s", "hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_use_id": "t",
        "tool_input": {"command": "cat"}, "tool_response": {"stdout": text}});
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    // A build for tests takes its time to read that much.
    for _ in 0..TRIES {
        run(hook(home.path(), &["--agent", "claude", "--url", &url]), payload.to_string()).await;
        if told(&server, &mut reader).await.contains("invoke claude tool=Bash task=cat") {
            return;
        }
    }
    panic!("it did not arrive");
}
