//! A server below a path of its proxy.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use arcane_server::config::{Config, Dashboard, NetConfig};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use support::TestServer;
use tokio_tungstenite::connect_async;

async fn below() -> (TestServer, tempfile::TempDir) {
    let dashboard = tempfile::tempdir().unwrap();
    std::fs::write(dashboard.path().join("index.html"), "<title>Arcane</title>").unwrap();
    let net = NetConfig { base_path: "/arcane".parse().unwrap(), ..NetConfig::default() };
    let config =
        Config { net, dashboard: Dashboard::Folder(dashboard.path().to_owned()), ..Config::default() };
    (TestServer::with(config).await, dashboard)
}

#[tokio::test]
async fn every_route_is_below_it() {
    let (server, _dashboard) = below().await;
    let (status, answer) = server.ask("/arcane/events", json!({"spell_name": "reveal"})).await;
    assert_eq!(status, 201, "{answer}");
    let (_, answer) = server.look("/arcane/events/recent?count=5").await;
    assert_eq!(answer["count"], 1);
    for path in ["/arcane/", "/arcane/health", "/arcane/docs", "/arcane/arcane_audio/x.mp3"] {
        let status = server.get(path).await.status();
        assert_eq!(status.is_success(), !path.contains("audio"), "{path}: {status}");
    }
    let (socket, _) = connect_async(format!("ws://{}/arcane/ws/events", server.address)).await.unwrap();
    let mut client = support::Client { socket };
    assert_eq!(client.next().await["type"], "connection");
    server.ask("/arcane/events", json!({"spell_name": "voice"})).await;
    assert_eq!(client.next().await["spell_name"], "voice");
    let described: Value = server.get("/arcane/openapi.json").await.json().await.unwrap();
    assert_eq!(described["servers"][0]["url"], "/arcane");
}

#[tokio::test]
async fn what_is_not_below_it_says_where_to_go() {
    let (server, _dashboard) = below().await;
    for path in ["/", "/events", "/arcanes/events", "/health"] {
        let (status, problem) = server.look(path).await;
        assert_eq!((status, &problem["type"]), (404, &json!("/docs#problem-no-such-route")), "{path}");
        assert!(problem["detail"].as_str().unwrap().contains("/arcane/docs"), "{problem}");
    }
    assert_eq!(server.ask("/events", json!({"spell_name": "reveal"})).await.0, 404);
    let client = reqwest::Client::builder().tls_certs_only([]).redirect(Policy::none()).build().unwrap();
    let answer = client.get(server.url("/arcane?room=lab")).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (308, &"/arcane/?room=lab".parse().unwrap())
    );
    let evil = client.get(server.url("/arcane/")).header("host", "evil.example").send().await.unwrap();
    assert_eq!(evil.status(), 403);
}
