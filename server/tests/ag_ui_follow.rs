//! `arcane ag-ui follow`: a stream of an agent's backend is followed over breaks, and told to the server.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arcane_server::config::{Config, Dashboard};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::StreamExt;
use serde_json::json;
use support::{PATIENCE, TestServer};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What a backend answers, one after another; the last again and again.
#[derive(Clone)]
struct Backend {
    answers: Arc<Mutex<Vec<Answer>>>,
    asked: Arc<Mutex<Vec<HeaderMap>>>,
}

#[derive(Clone)]
enum Answer {
    /// Says this, and ends.
    Stream(String),
    /// Says this, and nothing more.
    Silence(String),
    Status(u16),
    Page,
    /// A stream that is compressed though nobody asked for it.
    Compressed,
}

async fn answer(State(backend): State<Backend>, headers: HeaderMap) -> Response {
    backend.asked.lock().unwrap().push(headers);
    let next = {
        let mut answers = backend.answers.lock().unwrap();
        if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
    };
    let stream = [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")];
    match next {
        Answer::Stream(text) => (stream, text).into_response(),
        Answer::Silence(text) => {
            let text = futures_util::stream::iter([Ok::<_, std::io::Error>(text)]);
            (stream, Body::from_stream(text.chain(futures_util::stream::pending()))).into_response()
        }
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::Compressed => (stream, [(header::CONTENT_ENCODING, "gzip")], "\u{1f}").into_response(),
        Answer::Page => ([(header::CONTENT_TYPE, "text/html")], "<p>").into_response(),
    }
}

impl Backend {
    async fn start(answers: Vec<Answer>) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/stream?key=1", listener.local_addr().unwrap());
        let backend = Self { answers: Arc::new(Mutex::new(answers)), asked: Arc::default() };
        let router = Router::new().route("/stream", get(answer)).with_state(backend.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (backend, url)
    }
}

fn follow(server: &str, stream: &str, args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args(["ag-ui", "follow", stream, "--agent", "writer", "--url", server]).args(args);
    command.env_remove("ARCANE_TOKEN").env("ARCANE_CLIENT_CONFIG", "/nonexistent/client.toml");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.current_dir(std::env::temp_dir()).spawn().unwrap()
}

/// Whether it ended well, and what it said.
async fn ended(child: Child) -> (bool, String) {
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Spells and tasks, once the last of them is there.
async fn told(server: &TestServer, last: &str) -> Vec<String> {
    let until = Instant::now() + PATIENCE;
    loop {
        let (_, page) = server.look("/events?daemon=writer").await;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
        let line = |event: &serde_json::Value| {
            format!("{} {}", text(&event["spell_name"]), text(&event["metadata"]["task"]))
        };
        let lines: Vec<_> = page["events"].as_array().unwrap().iter().map(line).collect();
        if lines.last().is_some_and(|line| line == last) {
            return lines;
        }
        assert!(Instant::now() < until, "{lines:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn events(all: &[serde_json::Value]) -> String {
    all.iter().enumerate().map(|(n, event)| format!("id: {n}\ndata: {event}\n\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_followed_over_breaks_until_it_is_over() {
    let server = TestServer::start().await;
    let begins = events(&[
        json!({"type": "RUN_STARTED", "threadId": "t", "runId": "r"}),
        json!({"type": "TOOL_CALL_START", "toolCallId": "c", "toolCallName": "search"}),
        json!({"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": "{\"query\":\"runes\"}"}),
    ]);
    let broken = format!(
        "{begins}data: [DONE]\n\ndata: {{\"no\": \"type\"}}\n\n: still there\n\ndata: {{\"type\": \"RUN_ERR"
    );
    let ends = format!(
        "retry: 250\ndata: {}\n\n",
        json!({"type": "TOOL_CALL_RESULT", "toolCallId": "c", "content": "found"})
    );
    let answers =
        vec![Answer::Stream(broken), Answer::Status(503), Answer::Stream(ends), Answer::Status(204)];
    let (backend, url) = Backend::start(answers).await;
    let (is_well, said) = ended(follow(&server.url(""), &url, &["--header", "X-Key: k"])).await;
    assert!(is_well, "{said}");
    assert!(said.contains("4 events told; 2 events could not be read"), "{said}");
    assert!(said.contains("503 Service Unavailable; it is opened again in"), "{said}");
    let all = told(&server, "invoke search runes").await;
    assert_eq!(all, ["summon -", "parse -", "reveal search runes", "invoke search runes"]);
    let asked = backend.asked.lock().unwrap();
    let last_ids: Vec<_> = asked
        .iter()
        .map(|headers| headers.get("last-event-id").map(|id| id.to_str().unwrap().to_owned()))
        .collect();
    assert_eq!(last_ids, [None, Some("2".into()), Some("2".into()), Some("2".into())]);
    assert!(asked.iter().all(|headers| headers["x-key"] == "k" && headers["accept"] == "text/event-stream"));
    assert!(asked.iter().all(|headers| headers["accept-encoding"] == "identity"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_stream_is_an_error_that_says_so() {
    let server = TestServer::start().await;
    let stream = |url: &str| follow(&server.url(""), url, &[]);
    for (answer, why) in [
        (Answer::Status(401), "answers 401 Unauthorized; a key for it is said with --header"),
        (Answer::Status(307), "leads to nowhere; say that address"),
        (Answer::Page, "is text/html; a stream of AG-UI is text/event-stream"),
        (Answer::Compressed, "is encoded as gzip; a stream is read as it is (identity)"),
    ] {
        let (_backend, url) = Backend::start(vec![answer]).await;
        let (is_well, said) = ended(stream(&url)).await;
        assert!(!is_well && said.contains(why), "{said}");
    }
    let (is_well, said) = ended(stream("file:///etc/hosts")).await;
    assert!(!is_well && said.contains("the address of a stream is http://HOST:PORT/PATH"), "{said}");
    // What is opened once and cannot be opened has not been followed.
    let (is_well, said) = ended(follow(&server.url(""), "http://127.0.0.1:1/stream", &["--once"])).await;
    assert!(!is_well && said.contains("http://127.0.0.1:1/stream does not answer"), "{said}");
    let (_backend, url) = Backend::start(vec![Answer::Status(503)]).await;
    let (is_well, said) = ended(follow(&server.url(""), &url, &["--once"])).await;
    assert!(!is_well && said.contains("answers 503"), "{said}");
    let (_backend, url) = Backend::start(vec![Answer::Stream(events(&[json!({"type": "RUN_ERROR"})]))]).await;
    let (is_well, said) = ended(follow(&server.url(""), &url, &["--once"])).await;
    assert!(is_well && said.contains("0 events told; 1 event of no thread: say --thread"), "{said}");
    let (is_well, said) = ended(follow(&server.url(""), &url, &["--once", "--thread", "t"])).await;
    assert!(is_well && said.contains("1 event told"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_is_opened_again_and_a_server_that_is_down_is_waited_for() {
    let place = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = place.local_addr().unwrap();
    drop(place);
    let begins = events(&[json!({"type": "RUN_STARTED", "threadId": "t", "runId": "r"})]);
    let ends = format!("data: {}\n\n", json!({"type": "RUN_ERROR", "message": "no model"}));
    let answers = vec![Answer::Silence(begins), Answer::Stream(ends), Answer::Status(204)];
    let (backend, url) = Backend::start(answers).await;
    let child = follow(&format!("http://{address}"), &url, &["--silence-s", "1"]);
    let until = Instant::now() + PATIENCE;
    while backend.asked.lock().unwrap().len() < 3 {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let listener = TcpListener::bind(address).await.unwrap();
    let config = Config { dashboard: Dashboard::Off, ..Config::default() };
    let running = tokio::spawn(arcane_server::run(listener, config, std::future::pending()));
    let (is_well, said) = ended(child).await;
    assert!(
        is_well && said.contains("the stream said nothing for 1 s") && said.contains("2 events told"),
        "{said}"
    );
    assert!(said.contains("no server answers at"), "{said}");
    running.abort();
}
