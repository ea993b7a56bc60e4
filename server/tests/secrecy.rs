//! A token is shown to nobody but the server: no log says it, at no level, no answer, no metric and no event.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use axum::http::Request;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use support::guarded::{now, token, write_keys};
use support::process::{Process, command};
use support::{PATIENCE, http_client};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, client_async};

/// A server that logs all that it can, and everything that it has said.
struct Watched {
    process: Process,
    dir: tempfile::TempDir,
    answers: String,
}

impl Watched {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("keys.json");
        write_keys(&keys, &json!([]));
        let mut command = command(&dir.path().join("data"));
        command.env("ARCANE_LOG", "trace").arg("--max-log-lines-per-s").arg("0").arg("--keys").arg(keys);
        let process = Process::try_start_logged(command, &dir.path().join("log")).unwrap();
        Self { process, dir, answers: String::new() }
    }

    fn address(&self) -> &str {
        self.process.url.trim_start_matches("http://")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    async fn heard(&mut self, response: reqwest::Response) -> String {
        self.answers += &format!("{:?}", response.headers());
        let body = response.text().await.unwrap();
        self.answers += &body;
        body
    }

    async fn over_http1(&mut self, token: &str) {
        for path in ["/whoami", "/events?nonsense=1", "/nothing", "/rooms", "/events?room=a%20b"] {
            let url = format!("{}{path}", self.process.url);
            let by_header = http_client().get(&url).bearer_auth(token).send().await.unwrap();
            self.heard(by_header).await;
            let join = if path.contains('?') { '&' } else { '?' };
            let by_query = http_client().get(format!("{url}{join}token={token}")).send().await.unwrap();
            self.heard(by_query).await;
        }
        let two = http_client().delete(format!("{}/rooms/lab?token=another", self.process.url));
        let two = two.bearer_auth(token).send().await.unwrap();
        self.heard(two).await;
    }

    async fn over_http2(&mut self, token: &str) {
        let stream = TcpStream::connect(self.address()).await.unwrap();
        let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let by_query = Request::get(format!("{}/rooms?token={token}", self.process.url)).body(()).unwrap();
        let by_header = Request::delete(format!("{}/rooms/nowhere", self.process.url));
        let by_header = by_header.header("authorization", format!("Bearer {token}")).body(()).unwrap();
        for request in [by_query, by_header] {
            let (response, _) = client.send_request(request, true).unwrap();
            let (head, mut body) = response.await.unwrap().into_parts();
            self.answers += &format!("{:?}", head.headers);
            while let Some(chunk) = body.data().await {
                self.answers += &String::from_utf8_lossy(&chunk.unwrap());
            }
        }
    }

    async fn over_websockets(&mut self, token: &str, refreshing: &str) {
        for by_query in [false, true] {
            let query = if by_query { format!("?token={token}") } else { String::new() };
            let url = format!("ws://{}/ws/events{query}", self.address());
            let mut request = url.into_client_request().unwrap();
            if !by_query {
                let protocols = format!("arcane, bearer.{token}").parse().unwrap();
                request.headers_mut().insert("sec-websocket-protocol", protocols);
            }
            let stream = MaybeTlsStream::Plain(TcpStream::connect(self.address()).await.unwrap());
            let (mut socket, response) = client_async(request, stream).await.unwrap();
            self.answers += &format!("{:?}", response.headers());
            for message in [
                json!({"type": "auth", "token": refreshing}),
                json!({"type": "auth", "token": [refreshing]}),
                json!({"type": "auth", "tokn": refreshing}),
                json!({"type": "publish", "token": refreshing, "events": {"spell_name": "reveal"}}),
            ] {
                // A connection whose token does not hold is closed meanwhile.
                if socket.send(Message::text(message.to_string())).await.is_err() {
                    break;
                }
            }
            let _ = socket.close(None).await;
            let rest = async {
                while let Some(Ok(message)) = socket.next().await {
                    self.answers += &format!("{message:?}");
                }
            };
            tokio::time::timeout(PATIENCE, rest).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_told_nowhere() {
    let mut watched = Watched::start();
    let holds = token(&json!({"jti": "holds"}));
    let refreshing = token(&json!({"jti": "refreshing"}));
    let elsewhere = token(&json!({"aud": "elsewhere"}));
    let expired = token(&json!({"exp": now() - 1}));
    let forged = format!("{}.c2lnbmF0dXJlIG9mIG5vYm9keSBhbmQgbm93aGVyZQ", holds.rsplit_once('.').unwrap().0);
    let powerless = token(&json!({"can": [], "sub": "eve"}));
    let tokens = [&holds, &elsewhere, &expired, &forged, &powerless];
    for token in tokens {
        watched.over_http1(token).await;
        watched.over_http2(token).await;
        watched.over_websockets(token, &refreshing).await;
    }
    let admin = token(&json!({"sub": "root"}));
    let mut told = String::new();
    for path in ["/events/recent?room=audit&count=100", "/events", "/metrics", "/rooms"] {
        let asked = http_client().get(format!("{}{path}", watched.process.url)).bearer_auth(&admin);
        told += &watched.heard(asked.send().await.unwrap()).await;
    }
    assert!(told.contains("\"refused\":\"bad-token\"") && told.contains("arcane_refused_total"), "{told}");
    assert!(told.contains("\narcane_diagnostics_lost_total 0\n"), "the whole log can be looked at");
    let log = watched.log();
    // It is all there: what HTTP/2 is made of tells of every frame.
    assert!(log.contains("TRACE") && log.contains("websocket opened"), "{}", log.len());
    for token in tokens.into_iter().chain([&refreshing, &admin]) {
        let parts: Vec<&str> = token.split('.').collect();
        for secret in [parts[1], parts[2]] {
            assert!(!watched.answers.contains(secret), "an answer repeats it");
            let line = log.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "the log says it: {line:?}");
        }
    }
}
