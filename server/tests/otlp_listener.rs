//! The listener that takes OpenTelemetry alone: what it has, who may come in, and what happens where its port is taken.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::net::SocketAddr;
use std::process::Command;

use arcane_server::config::{BasePath, Config, Dashboard, KeysConfig, NetConfig};
use arcane_server::{OtlpListener, Server};
use reqwest::Method;
use serde_json::{Value, json};
use support::guarded::{token, write_keys};
use support::otlp::{JSON, PROTOBUF};
use support::process::{Process, command};
use support::{PATIENCE, http_client};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

struct Both {
    server: SocketAddr,
    otlp: SocketAddr,
    stop: oneshot::Sender<()>,
    running: tokio::task::JoinHandle<()>,
}

async fn start(config: Config, at: SocketAddr) -> Both {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let on = OtlpListener::bind(at).await;
    let otlp = on.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let opened = Server::open(config).await.unwrap().with_otlp_on(Some(on));
    let running = tokio::spawn(opened.run(listener, async {
        let _ = stopped.await;
    }));
    Both { server, otlp, stop, running }
}

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn plain() -> Config {
    Config { dashboard: Dashboard::Off, ..Config::default() }
}

impl Both {
    async fn health(&self) -> Value {
        http_client()
            .get(format!("http://{}/health", self.server))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(PATIENCE, self.running).await.expect("the server stops").unwrap();
    }
}

#[tokio::test]
async fn it_takes_telemetry_and_has_nothing_else() {
    let net = NetConfig { base_path: "/arcane".parse::<BasePath>().unwrap(), ..NetConfig::default() };
    let both = start(Config { net, ..plain() }, any_port()).await;
    let http = http_client();
    for path in ["/v1/logs", "/v1/traces", "/v1/metrics"] {
        // The server's own address has it below its path, this port where agents look for it.
        for url in [format!("http://{}{path}", both.otlp), format!("http://{}/arcane{path}", both.server)] {
            let answer = http.post(&url).header("content-type", PROTOBUF).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{url}");
        }
    }
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/health"),
        (Method::GET, "/events"),
        (Method::GET, "/metrics"),
        (Method::POST, "/events"),
        (Method::POST, "/hooks/claude"),
        (Method::GET, "/ws/events"),
        (Method::GET, "/openapi.json"),
    ] {
        let asked = http.request(method, format!("http://{}{path}", both.otlp)).json(&json!({}));
        assert_eq!(asked.send().await.unwrap().status(), 404, "{path}");
    }
    let health = http.get(format!("http://{}/arcane/health", both.server)).send().await.unwrap();
    let health: Value = health.json().await.unwrap();
    assert_eq!(health["otlp"], json!({"address": both.otlp.to_string()}));
    both.stop().await;
}

#[tokio::test]
async fn keys_hosts_and_origins_hold_there_too() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    write_keys(&file, &json!([]));
    let keys = Some(KeysConfig { file, audience: "arcane".into() });
    let net = NetConfig { trust_local_pages: false, ..NetConfig::default() };
    let both = start(Config { keys, net, ..plain() }, any_port()).await;
    let ask = async |token: Option<String>, headers: &[(&str, &str)]| {
        let request = http_client()
            .post(format!("http://{}/v1/logs", both.otlp))
            .header("content-type", JSON)
            .body("{}");
        let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask(None, &[]).await, 401);
    assert_eq!(ask(Some(token(&json!({"can": ["subscribe"]}))), &[]).await, 403);
    let writer = token(&json!({"can": ["publish"]}));
    assert_eq!(ask(Some(writer.clone()), &[]).await, 200);
    for header in
        [("origin", "http://localhost:3000"), ("host", "evil.example"), ("sec-fetch-site", "cross-site")]
    {
        assert_eq!(ask(Some(writer.clone()), &[header]).await, 403, "{header:?}");
    }
    both.stop().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_no_reason_not_to_run() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = other.local_addr().unwrap();
    let both = start(plain(), taken).await;
    let otlp = &both.health().await["otlp"];
    assert_eq!(otlp["address"], taken.to_string());
    assert!(otlp["error"].as_str().unwrap().contains("in use"), "{otlp}");
    let metrics = http_client().get(format!("http://{}/metrics", both.server)).send().await.unwrap();
    assert!(metrics.text().await.unwrap().contains("\narcane_otlp_listening 0\n"));
    // The server's own address takes it.
    let own = http_client().post(format!("http://{}/v1/logs", both.server)).header("content-type", PROTOBUF);
    assert_eq!(own.send().await.unwrap().status(), 200);
    both.stop().await;
}

#[tokio::test]
async fn what_is_being_sent_when_the_server_stops_is_answered() {
    let both = start(plain(), any_port()).await;
    let mut stream = TcpStream::connect(both.otlp).await.unwrap();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nHost: {}\r\nContent-Type: {JSON}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        both.otlp
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut said = [0; 512];
    let len = stream.read(&mut said).await.unwrap();
    assert!(said[..len].starts_with(b"HTTP/1.1 100"), "its handler waits for the body");
    both.stop.send(()).unwrap();
    stream.write_all(b"{}").await.unwrap();
    let len = tokio::time::timeout(PATIENCE, stream.read(&mut said)).await.unwrap().unwrap();
    assert!(said[..len].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&said[..len]));
    drop(stream);
    tokio::time::timeout(PATIENCE, both.running).await.expect("the server stops").unwrap();
}

/// `arcane serve` with other arguments: what it says on standard error, if it does not start.
fn refused(args: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut command: Command = command(dir.path());
    command.args(args);
    Process::try_start(command).err().unwrap_or_else(|| panic!("{args:?} started"))
}

#[test]
fn a_public_address_needs_a_decision_as_the_servers_own_does() {
    // The first `--otlp-listen off` is one argument too many.
    let serve = |args: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-dashboard", "--data-dir"]).arg(dir.path());
        let output = command.args(args).arg("--print-config").output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (starts, said) = serve(&["--otlp-listen", "0.0.0.0:0"]);
    assert!(!starts && said.contains("0.0.0.0:0 (--otlp-listen) can be reached by others"), "{said}");
    assert!(serve(&["--otlp-listen", "0.0.0.0:0", "--insecure"]).0);
    let (starts, said) = serve(&["--otlp-listen", "everywhere"]);
    assert!(!starts && said.contains("it is IP:PORT") && said.contains("or off"), "{said}");
    assert!(serve(&["--otlp-listen", "off"]).0);
    let twice = refused(&["--otlp-listen", "off"]);
    assert!(twice.contains("cannot be used multiple times"), "{twice}");
}

#[test]
fn the_command_line_warns_of_a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args([
        "serve",
        "--ephemeral",
        "--listen",
        "127.0.0.1:0",
        "--no-dashboard",
        "--otlp-listen",
        &address,
    ]);
    command
        .current_dir(dir.path())
        .env_remove("ARCANE_CONFIG")
        .env("ARCANE_LOG", "warn")
        .env("NO_COLOR", "1");
    let server = Process::try_start_logged(command, &log).unwrap();
    server.stop();
    let said = std::fs::read_to_string(log).unwrap();
    assert!(said.contains(&address) && said.contains("name another address, or off"), "{said}");
}
