//! A service elsewhere that is told things over HTTP: it keeps what it is sent, and answers as it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::PATIENCE;

/// What was sent.
#[derive(Debug)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// The answers that are yet to be given; then 200.
type Answers = Arc<Mutex<VecDeque<(u16, String)>>>;

pub struct Receiver {
    pub address: SocketAddr,
    received: mpsc::UnboundedReceiver<Received>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        Self::answering([]).await
    }

    /// One that gives these answers first: a status, and where it leads.
    pub async fn answering(answers: impl IntoIterator<Item = (u16, &str)>) -> Self {
        let answers = answers.into_iter().map(|(status, to)| (status, to.to_owned())).collect();
        let answers: Answers = Arc::new(Mutex::new(answers));
        let (tell, received) = mpsc::unbounded_channel();
        let routes = Router::new().fallback(take).with_state((tell, answers));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, received }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn next(&mut self) -> Received {
        tokio::time::timeout(PATIENCE, self.received.recv()).await.expect("a message in time").unwrap()
    }

    /// What was sent and not looked at.
    pub fn rest(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.received.try_recv().ok()).collect()
    }
}

async fn take(
    State((tell, answers)): State<(mpsc::UnboundedSender<Received>, Answers)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let _ = tell.send(Received { path: uri.to_string(), headers, body });
    let (status, to) = answers.lock().unwrap().pop_front().unwrap_or((200, String::new()));
    let status = StatusCode::from_u16(status).unwrap();
    if to.is_empty() {
        (status, "heard").into_response()
    } else {
        (status, [(header::LOCATION, to)]).into_response()
    }
}
