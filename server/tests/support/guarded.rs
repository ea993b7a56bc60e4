//! A server with keys, and tokens of every kind for it.

use std::path::{Path, PathBuf};

use arcane_server::config::{Config, Dashboard, KeysConfig, LimitsConfig, NetConfig};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{Client, TestServer};

/// 32 bytes, base64url.
pub const SECRET: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
pub const OTHER_SECRET: &[u8] = b"another secret of thirty-two bytes";

/// A server with keys, and tokens for it.
pub struct Guarded {
    pub server: TestServer,
    pub file: PathBuf,
    _dir: tempfile::TempDir,
}

impl Guarded {
    pub async fn start() -> Self {
        Self::with(NetConfig { trust_local_pages: false, ..NetConfig::default() }).await
    }

    pub async fn with(net: NetConfig) -> Self {
        Self::of(net, LimitsConfig::none()).await
    }

    pub async fn limited(limits: LimitsConfig) -> Self {
        Self::of(NetConfig { trust_local_pages: false, ..NetConfig::default() }, limits).await
    }

    async fn of(net: NetConfig, limits: LimitsConfig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keys.json");
        write_keys(&file, &json!([]));
        let keys = Some(KeysConfig { file: file.clone(), audience: "arcane".into() });
        let config = Config { keys, net, limits, dashboard: Dashboard::Off, ..Config::default() };
        let server = TestServer::with(config).await;
        Self { server, file, _dir: dir }
    }

    pub async fn connect(&self, token: &str, query: &str) -> Client {
        connect_to(&self.server, token, query).await
    }

    pub async fn status(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.server.http.request(method, self.server.url(path)).bearer_auth(token);
        let request = body.into_iter().fold(request, |request, body| request.json(&body));
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }
}

pub async fn connect_to(server: &TestServer, token: &str, query: &str) -> Client {
    let mut request = format!("ws://{}/ws/events?{query}", server.address).into_client_request().unwrap();
    let protocols = format!("arcane, bearer.{token}").parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", protocols);
    let (socket, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "arcane", "the token is not repeated");
    Client { socket }
}

/// Writes the keys as programs do that replace a file: at once.
pub fn write_keys(file: &Path, revoked: &Value) {
    let set = json!({"keys": [{"kty": "oct", "alg": "HS256", "kid": "k", "k": SECRET}], "revoked": revoked});
    let new = file.with_extension("new");
    std::fs::write(&new, set.to_string()).unwrap();
    std::fs::rename(new, file).unwrap();
}

pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// Claims that allow everything, changed by these.
pub fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "exp": now() + 600, "iat": now(), "aud": "arcane", "sub": "tester", "jti": "t1", "rooms": ["*"],
        "can": ["subscribe", "publish", "cast", "answer", "metrics", "admin"],
    });
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    claims
}

pub fn signed(secret: &[u8], changes: &Value) -> String {
    let header = Header { kid: Some("k".into()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, &claims(changes), &EncodingKey::from_secret(secret)).unwrap()
}

pub fn token(changes: &Value) -> String {
    signed(b"01234567890123456789012345678901", changes)
}

pub fn all_rights_but(right: &str) -> Value {
    let all = ["subscribe", "publish", "cast", "answer", "metrics", "admin"];
    json!({"can": all.into_iter().filter(|one| *one != right).collect::<Vec<_>>()})
}
