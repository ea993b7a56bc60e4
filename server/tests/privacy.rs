//! What people and models say, and what files and tools give, is told nowhere unless content is captured; secrets never are.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::otlp::{Post, telemetry};
use support::process::{Process, command};
use support::recordings::{Recorded, recording};
use support::said::{Texts, add_to_hook, add_to_telemetry};
use support::{Client, http_client};
use tokio_tungstenite::connect_async;

/// A recording: hooks, and the telemetry of the same session.
struct Session {
    agent: String,
    name: String,
    hooks: Vec<Recorded>,
    telemetry: Vec<Post>,
}

/// Every recording.
fn sessions() -> Vec<Session> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings");
    let mut names = BTreeSet::new();
    for agent in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        if !agent.file_type().unwrap().is_dir() {
            continue;
        }
        let agent_name = agent.file_name().into_string().unwrap();
        for file in std::fs::read_dir(agent.path()).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let name = file.strip_suffix(".ndjson").unwrap();
            names.insert((agent_name.clone(), name.strip_suffix("-otlp").unwrap_or(name).to_owned()));
        }
    }
    let there = |name: &str| std::path::Path::new(&format!("{folder}/{name}.ndjson")).exists();
    let read = |(agent, name): (String, String)| {
        let path = format!("{agent}/{name}");
        let hooks = if there(&path) { recording(&path) } else { Vec::new() };
        let telemetry = if there(&format!("{path}-otlp")) { telemetry(&path) } else { Vec::new() };
        Session { agent, name, hooks, telemetry }
    };
    names.into_iter().map(read).collect()
}

impl Session {
    fn room(&self) -> String {
        format!("{}-{}", self.agent, self.name)
    }

    fn texts(&self) -> Texts {
        let mut texts = Texts::default();
        self.hooks.iter().for_each(|one| texts.read_hook(&one.payload));
        for post in &self.telemetry {
            texts.read_telemetry(&post.body);
            if post.body.is_null() {
                texts.read_protobuf(&post.bytes().0);
            }
        }
        texts
    }

    /// The recording with a text behind every text that people, models, files and tools say.
    fn with(mut self, text: &str) -> Self {
        self.hooks.iter_mut().for_each(|one| add_to_hook(&mut one.payload, text));
        self.telemetry.iter_mut().for_each(|post| add_to_telemetry(&mut post.body, text));
        self
    }
}

/// A server that logs all that it can.
struct Watched {
    process: Process,
    dir: tempfile::TempDir,
    http: reqwest::Client,
}

/// What is told in a room, as values, from which texts are taken with their fields' names.
struct Told(Vec<Value>);

impl Told {
    /// Every text and every name of a field, with the name of the field that it is in.
    fn texts(&self) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        self.0.iter().for_each(|value| texts_of(value, "", &mut texts));
        texts
    }
}

fn texts_of(value: &Value, key: &str, texts: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                texts.push(("a name".into(), key.clone()));
                texts_of(value, key, texts);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| texts_of(one, key, texts)),
        Value::String(text) => texts.push((key.into(), text.clone())),
        _ => {}
    }
}

impl Watched {
    fn start(captures: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = command(&dir.path().join("data"));
        command.env("ARCANE_LOG", "trace").args(["--max-log-lines-per-s", "0"]);
        if captures {
            command.arg("--capture-content");
        }
        let process = Process::try_start_logged(command, &dir.path().join("log")).unwrap();
        Self { process, dir, http: http_client() }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    async fn post(&self, path: &str, (body, kind): (Vec<u8>, &str)) {
        let request = self.http.post(format!("{}{path}", self.process.url)).header("content-type", kind);
        let answer = request.body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    async fn look(&self, path: &str) -> Value {
        self.http.get(format!("{}{path}", self.process.url)).send().await.unwrap().json().await.unwrap()
    }

    /// Plays a recording in a room of its own, and gives all that is told there.
    async fn play(&self, session: &Session) -> Told {
        let room = session.room();
        let url = self.process.url.replacen("http", "ws", 1);
        let (socket, _) = connect_async(format!("{url}/ws/events?recent=0&room={room}")).await.unwrap();
        let mut reader = Client { socket };
        let mut told = vec![reader.next().await];
        let mut requests = session.telemetry.iter().peekable();
        for one in &session.hooks {
            while let Some(post) = requests.next_if(|post| post.at <= one.at) {
                self.post(&format!("/v1/{}?room={room}", post.signal), post.bytes()).await;
            }
            let path = format!("/hooks/{}?event={}&room={room}", session.agent, one.event);
            self.post(&path, (one.payload.to_string().into_bytes(), "application/json")).await;
        }
        for post in requests {
            self.post(&format!("/v1/{}?room={room}", post.signal), post.bytes()).await;
        }
        // What was posted before is read before.
        let marker = json!({"conversationId": room, "stepIdx": 1, "toolCall": {"name": "marker"}});
        let body = (marker.to_string().into_bytes(), "application/json");
        self.post(&format!("/hooks/antigravity?room={room}"), body).await;
        while told.last().unwrap()["daemon_name"] != "antigravity" {
            told.push(reader.next().await);
        }
        assert!(told.len() > 2 || session.hooks.is_empty(), "{room}: nothing is told");
        for path in [
            format!("/events?limit=1000&room={room}"),
            format!("/roster?room={room}"),
            format!("/daemons?room={room}"),
        ] {
            told.push(self.look(&path).await);
        }
        Told(told)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_a_recording_is_told_where_content_is_not_captured() {
    for captures in [false, true] {
        let watched = Watched::start(captures);
        let (mut sought_in_all, mut found) = (BTreeSet::new(), BTreeSet::new());
        for session in sessions() {
            let texts = session.texts();
            let sought = texts.sought();
            assert!(session.hooks.is_empty() || !sought.is_empty(), "{} says nothing", session.room());
            for (field, text) in watched.play(&session).await.texts() {
                // An `error` is the first line of what a tool gave when it failed.
                let is_first =
                    |part: &str| field == "error" && texts.first.iter().any(|line| line.starts_with(part));
                let leak = sought.iter().find(|sought| text.contains(*sought) && !is_first(sought));
                found.extend(leak.map(|leak| format!("{}: {field} has {leak:?}: {text:?}", session.room())));
            }
            sought_in_all.extend(sought);
        }
        assert!(sought_in_all.len() > 100, "{}", sought_in_all.len());
        assert_eq!(found.is_empty(), !captures, "of {}: {found:#?}", sought_in_all.len());
        let log = watched.log();
        assert!(log.contains("DEBUG"), "the log says more than usual");
        let line = sought_in_all.iter().find(|text| log.contains(*text));
        assert!(line.is_none(), "the log says {line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_that_stands_behind_what_is_said() {
    const WORDS: &str = "WORDS-THAT-NOBODY-MAY-READ";
    for captures in [false, true] {
        let watched = Watched::start(captures);
        let mut found = BTreeSet::new();
        for session in sessions() {
            let session = session.with(WORDS);
            for (field, text) in watched.play(&session).await.texts() {
                if text.contains(WORDS) {
                    found.insert(format!("{}: {field}: {text:?}", session.room()));
                }
            }
        }
        assert_eq!(found.is_empty(), !captures, "{found:#?}");
        assert!(!watched.log().contains(WORDS), "where content is captured: {captures}");
    }
}

/// Secrets by how they begin, by the name before them, and by where a command has them.
fn secrets() -> Vec<(String, String)> {
    let secret = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA".to_owned();
    let placed = [
        "export AWS_SECRET_ACCESS_KEY=@@",
        "password: @@",
        "curl -H 'Authorization: Bearer @@' https://example.org",
        "psql postgres://app:@@@db/app",
        "mytool --password @@",
        "mysql -uroot -p@@ app",
        "sshpass -p @@ ssh host",
        "git clone https://me:@@@github.com/a/b",
    ];
    let kinds = ["ghp_", "sk-", "xoxb-", "glpat-", "hf_", "AIza", "github_pat_", "whsec_"];
    let of_kind = kinds.map(|kind| (format!("{kind}{secret}"), format!("{kind}{secret}")));
    placed.map(|text| (text.replace("@@", &secret), secret.clone())).into_iter().chain(of_kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_told_that_stands_in_what_is_captured() {
    let (texts, secrets): (Vec<_>, BTreeSet<_>) = secrets().into_iter().unzip();
    let watched = Watched::start(true);
    let mut found = BTreeSet::new();
    let mut masked = 0;
    for session in sessions() {
        let session = session.with(&texts.join("\n"));
        for (field, text) in watched.play(&session).await.texts() {
            masked += text.matches("[masked]").count();
            if secrets.iter().any(|secret| text.contains(secret.as_str())) {
                found.insert(format!("{}: {field}: {text:?}", session.room()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(masked > texts.len(), "{masked}");
    let log = watched.log();
    assert!(secrets.iter().all(|secret| !log.contains(secret.as_str())), "the log says one");
}
