//! A listener that has metrics alone, and when the certificate ends.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::net::SocketAddr;
use std::time::Instant;

use arcane_server::Server;
use arcane_server::config::{Config, Dashboard, KeysConfig, NetConfig};
use rcgen::date_time_ymd;
use reqwest::Method;
use serde_json::json;
use support::authority::{Authority, write};
use support::guarded::{token, write_keys};
use support::{PATIENCE, http_client};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// 2040-01-02T00:00:00Z and 2041-01-02T00:00:00Z.
const EXPIRIES: [(i32, &str); 2] = [(2040, "2209075200.0"), (2041, "2240697600.0")];

struct Both {
    server: SocketAddr,
    metrics: SocketAddr,
    stop: oneshot::Sender<()>,
    running: tokio::task::JoinHandle<()>,
}

async fn start(config: Config) -> Both {
    let (listener, metrics) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let (server, at) = (listener.local_addr().unwrap(), metrics.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let opened = Server::open(config).await.unwrap().with_metrics_on(Some(metrics));
    let running = tokio::spawn(opened.run(listener, async {
        let _ = stopped.await;
    }));
    Both { server, metrics: at, stop, running }
}

async fn figures(address: SocketAddr) -> String {
    let response = http_client().get(format!("http://{address}/metrics")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

#[tokio::test]
async fn metrics_are_there_without_a_token_and_nothing_else_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    write_keys(&file, &json!([]));
    let keys = Some(KeysConfig { file, audience: "arcane".into() });
    let net = NetConfig { trust_local_pages: false, ..NetConfig::default() };
    let both = start(Config { keys, net, dashboard: Dashboard::Off, ..Config::default() }).await;
    let http = http_client();
    let event = json!({"spell_name": "reveal"});
    let publish = http.post(format!("http://{}/events", both.server)).bearer_auth(token(&json!({})));
    assert_eq!(publish.json(&event).send().await.unwrap().status(), 201);
    let told = figures(both.metrics).await;
    assert!(told.contains(r#"arcane_events_total{spell="reveal",success="true"} 1"#), "{told}");
    assert!(!told.contains("tls_certificate_expiry"), "there is no certificate: {told}");
    for (method, path) in [
        (Method::POST, "/events"),
        (Method::GET, "/events"),
        (Method::GET, "/rooms"),
        (Method::POST, "/summon"),
        (Method::DELETE, "/rooms/main"),
        (Method::GET, "/ws/events"),
        (Method::GET, "/"),
        (Method::GET, "/openapi.json"),
    ] {
        let asked = http.request(method, format!("http://{}{path}", both.metrics)).json(&event);
        assert_eq!(asked.send().await.unwrap().status(), 404, "{path}");
    }
    let post = http.post(format!("http://{}/metrics", both.metrics)).send().await.unwrap();
    assert_eq!(post.status(), 405);
    // A name that was pointed at this machine, and a page of another server.
    for header in [("host", "evil.example"), ("origin", "http://localhost:3000")] {
        let asked = http.get(format!("http://{}/metrics", both.metrics)).header(header.0, header.1);
        assert_eq!(asked.send().await.unwrap().status(), 403, "{header:?}");
    }
    let told = figures(both.metrics).await;
    assert!(
        told.contains(r#"arcane_events_total{spell="reveal",success="true"} 1"#),
        "nothing came in: {told}"
    );
    let open = http.get(format!("http://{}/metrics", both.server)).send().await.unwrap();
    assert_eq!(open.status(), 401, "the server's own metrics want a token");
    both.stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, both.running).await.unwrap().unwrap();
}

#[tokio::test]
async fn metrics_tell_when_the_certificate_ends_that_new_connections_get() {
    let authority = Authority::new();
    let files = authority.files();
    let put =
        |year| write(&files, &authority.issue_with(|params| params.not_after = date_time_ymd(year, 1, 2)));
    put(EXPIRIES[0].0);
    let net =
        NetConfig { tls: Some(files.clone()), base_path: "/arcane".parse().unwrap(), ..NetConfig::default() };
    let both = start(Config { net, dashboard: Dashboard::Off, ..Config::default() }).await;
    for (year, seconds) in EXPIRIES {
        put(year);
        let line = format!("\narcane_tls_certificate_expiry_seconds {seconds}\n");
        let begun = Instant::now();
        while !figures(both.metrics).await.contains(&line) {
            assert!(begun.elapsed() < PATIENCE, "{line}");
        }
    }
    let http = authority.http_client();
    let own = http.get(format!("https://{}/arcane/metrics", both.server)).send().await.unwrap();
    assert!(own.text().await.unwrap().contains(EXPIRIES[1].1), "both say the same");
}
