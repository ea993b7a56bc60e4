//! The real server on a free port, and real clients.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this")]

pub mod asking;
pub mod authority;
pub mod guarded;
pub mod hooks;
pub mod http2;
pub mod load;
#[cfg(target_os = "linux")]
pub mod machine;
pub mod nats;
pub mod otlp;
pub mod process;
pub mod receiver;
pub mod recordings;
pub mod said;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use arcane_server::config::{Config, Dashboard, NatsConfig};
use futures_util::{SinkExt, StreamExt};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Nothing that a test waits for takes longer, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Says what this machine does not allow to be tested, also where the output of tests that pass is kept back.
/// Says in the output of the tests what this machine does not allow to be tested.
#[allow(clippy::explicit_write, reason = "what eprintln! writes is kept back where a test passes")]
pub fn not_tested_here(what: &str) {
    writeln!(std::io::stderr(), "not tested here: {what}").unwrap();
}

/// A client that trusts no authority, and reads none of the system's.
pub fn http_client() -> reqwest::Client {
    reqwest::Client::builder().tls_certs_only([]).build().unwrap()
}

/// The same server with its events on a nats-server, if `ARCANE_TEST_LOG` names one: the tests hold for either log. What was
/// to be in a folder is under a prefix of its own there, so that another server of this folder finds it.
fn on_nats(config: Config) -> Config {
    let (Ok(server), None) = (std::env::var("ARCANE_TEST_LOG"), &config.log) else { return config };
    let prefix = match &config.data_dir {
        Some(dir) => {
            let mut hasher = DefaultHasher::new();
            dir.hash(&mut hasher);
            format!("d{:016x}", hasher.finish())
        }
        None => format!("t{:016x}", rand::random::<u64>()),
    };
    let log = NatsConfig { servers: vec![server], prefix, ..NatsConfig::default() };
    Config { log: Some(log), ..config }
}

/// Whether the servers of tests keep their events on a nats-server.
pub fn is_on_nats() -> bool {
    std::env::var_os("ARCANE_TEST_LOG").is_some()
}

pub struct TestServer {
    scheme: &'static str,
    pub address: SocketAddr,
    pub http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(Config { dashboard: Dashboard::Off, ..Config::default() }).await
    }

    pub async fn with(config: Config) -> Self {
        let config = on_nats(config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if config.net.tls.is_some() { "https" } else { "http" };
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            let until = async {
                let _ = stopped.await;
            };
            arcane_server::run(listener, config, until).await.unwrap();
        });
        Self { scheme, address, http: http_client(), stop: Some(stop), running }
    }

    /// A server whose events are kept in a directory.
    pub async fn in_dir(dir: &std::path::Path) -> Self {
        Self::with(Self::config_in(dir)).await
    }

    pub fn config_in(dir: &std::path::Path) -> Config {
        Config { dashboard: Dashboard::Off, data_dir: Some(dir.to_owned()), ..Config::default() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.http.post(self.url(path)).json(&body).send().await.unwrap()
    }

    /// Status and JSON body.
    pub async fn ask(&self, path: &str, body: Value) -> (u16, Value) {
        let response = self.post(path, body).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Status and JSON body.
    pub async fn look(&self, path: &str) -> (u16, Value) {
        let response = self.get(path).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Publishes one event to the default room and returns its number.
    pub async fn publish(&self, event: Value) -> u64 {
        let (status, answer) = self.ask("/events", event).await;
        assert_eq!(status, 201, "{answer}");
        answer["events"][0]["seq"].as_u64().unwrap()
    }

    /// Status and answer of a publication with an `Idempotency-Key`.
    pub async fn publish_with_key(&self, key: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(self.url("/events")).header("idempotency-key", key).json(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Status and answer of `DELETE`.
    pub async fn purge(&self, path: &str) -> (u16, Value) {
        let response = self.http.delete(self.url(path)).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub async fn connect(&self, query: &str) -> Client {
        let (socket, _) = connect_async(format!("ws://{}/ws/events?{query}", self.address)).await.unwrap();
        Client { socket }
    }

    /// A connection on which one writes bytes oneself.
    pub async fn raw(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Asks the server to stop and waits until it has.
    pub async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        tokio::time::timeout(PATIENCE, self.running).await.expect("the server stops").unwrap();
    }

    /// Waits until a server that was asked to stop has.
    pub async fn ended(self) {
        tokio::time::timeout(PATIENCE, self.running).await.expect("the server stops").unwrap();
    }

    /// Asks the server to stop.
    pub fn begin_to_stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }
}

pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// The next text message, as JSON.
    pub async fn next(&mut self) -> Value {
        loop {
            match self.message().await {
                Message::Text(text) => return serde_json::from_str(text.as_str()).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a text message, got {other:?}"),
            }
        }
    }

    /// The next close frame's code and reason.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.message().await {
                let frame = frame.expect("a close frame with a code");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    pub async fn message(&mut self) -> Message {
        let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a message in time");
        next.expect("the connection is open").unwrap()
    }

    pub async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Says all of it in one write.
    pub async fn say_at_once(&mut self, messages: impl IntoIterator<Item = Value>) {
        for message in messages {
            self.socket.feed(Message::text(message.to_string())).await.unwrap();
        }
        self.socket.flush().await.unwrap();
    }

    pub async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }
}

/// Reads an SSE body event by event.
pub struct Sse {
    body: std::pin::Pin<Box<dyn futures_util::Stream<Item = bytes::Bytes> + Send>>,
    buffer: Vec<u8>,
}

impl Sse {
    pub async fn open(server: &TestServer, path: &str, last_id: Option<&str>) -> Self {
        let mut request = server.http.get(server.url(path));
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let body = futures_util::stream::unfold(response, |mut response| async {
            let chunk = response.chunk().await.ok().flatten()?;
            Some((chunk, response))
        });
        Self { body: Box::pin(body), buffer: Vec::new() }
    }

    /// `id`, `event` and `data` of the next event; `None` at the end.
    pub async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\n\n") {
                // A chunk may end within a character, an event does not.
                let event = String::from_utf8(self.buffer.drain(..end + 2).collect()).unwrap();
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
                };
                let data = field("data: ");
                // A comment, or a position without an event.
                if !data.is_empty() {
                    return Some((field("id: "), field("event: "), serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next()).await.unwrap()?;
            self.buffer.extend_from_slice(&chunk);
        }
    }
}

/// The least that is an event, with something to tell it apart.
pub fn event(task: &str) -> Value {
    json!({ "spell_name": "invoke", "daemon_name": "claude", "metadata": { "task": task } })
}
