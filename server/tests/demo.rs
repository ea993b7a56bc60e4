//! `arcane serve --demo`, the real program: it plays, writes nothing, takes others' events beside its own, and ends.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::{Value, json};
use support::{PATIENCE, http_client};
use tokio_tungstenite::tungstenite::Message;

/// `arcane serve` with empty folders of its own as home, working directory and place for temporary files.
fn command(home: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.env_clear().env("HOME", home).env("TMPDIR", home).env("ARCANE_LOG", "warn").current_dir(home);
    command.args(["serve", "--listen", "127.0.0.1:0", "--otlp-listen", "off"]).args(flags);
    command
}

struct Demo {
    child: Child,
    out: BufReader<ChildStdout>,
    url: String,
}

impl Demo {
    fn start(home: &Path, flags: &[&str]) -> Self {
        let mut child = command(home, flags).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { child, out, url }
    }

    fn stop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn it_plays_in_the_room_that_a_page_opens_and_keeps_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(home.path(), &["--demo"]);
    let health: Value =
        http_client().get(format!("{}/health", demo.url)).send().await.unwrap().json().await.unwrap();
    assert_eq!(health["demo"], true);
    let stream = format!("{}/ws/events", demo.url.replace("http:", "ws:"));
    let (mut socket, _) = tokio_tungstenite::connect_async(stream).await.unwrap();
    let published = json!({"spell_name": "invoke", "daemon_name": "mine", "metadata": {"task": "beside it"}});
    let answer = http_client().post(format!("{}/events", demo.url)).json(&published).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let mut events: Vec<Value> = Vec::new();
    let told = |events: &[Value], spell: &str, daemon: &str| {
        events.iter().any(|event| event["spell_name"] == spell && event["daemon_name"] == daemon)
    };
    let heard = async {
        while !(told(&events, "invoke", "mine")
            && told(&events, "summon", "codex")
            && told(&events, "reveal", "claude"))
        {
            let Message::Text(text) = socket.next().await.unwrap().unwrap() else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["type"] == "connection" {
                assert_eq!((&message["demo"], &message["room"]), (&json!(true), &json!("main")));
                events.extend(message["recent_events"].as_array().unwrap().clone());
            } else {
                events.push(message);
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap();
    assert!(told(&events, "summon", "claude"));
    assert!(
        events.iter().all(|event| event["daemon_name"] == "mine" || event["metadata"]["source"] == "demo")
    );

    let stopping = Instant::now();
    demo.stop();
    assert!(stopping.elapsed() < Duration::from_secs(7), "{:?}", stopping.elapsed());
    let mut said = String::new();
    demo.out.read_to_string(&mut said).unwrap();
    insta::assert_snapshot!(said, @"
    a demo: 90 seconds of invented agents, again and again; nothing is kept
    agents of your own: stop this, run `arcane serve` without --demo, then `arcane attach claude`
    ");
    assert_eq!(entries(home.path()), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_server_that_plays_none_says_nothing_of_it() {
    let home = tempfile::tempdir().unwrap();
    let demo = Demo::start(home.path(), &["--ephemeral"]);
    let health: Value =
        http_client().get(format!("{}/health", demo.url)).send().await.unwrap().json().await.unwrap();
    assert_eq!(health.get("demo"), None);
}

#[test]
fn a_folder_for_data_is_refused_beside_it_where_somebody_asks_for_both() {
    let home = tempfile::tempdir().unwrap();
    let refused = command(home.path(), &["--demo", "--data-dir", "kept"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8(refused.stderr).unwrap(), @"arcane: --demo keeps nothing, so that invented events never stand among those of your agents: leave --data-dir out, or leave --demo out");

    // Those of an image, a service or a project are a server's that keeps its events: no reason to refuse, and left alone.
    let project = tempfile::tempdir().unwrap();
    let file = project.path().join("arcane.toml");
    std::fs::write(&file, "data_dir = \"kept-by-file\"\n[voice]\nprogram = \"true\"\n").unwrap();
    let mut from_file = Demo::start(home.path(), &["--demo", "--config", file.to_str().unwrap()]);
    from_file.stop();
    let mut variable = command(home.path(), &["--demo"]);
    let mut child = variable.env("ARCANE_DATA_DIR", "kept").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let _ = child.kill();
    child.wait().unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    assert_eq!(entries(home.path()), Vec::<std::path::PathBuf>::new());
}
