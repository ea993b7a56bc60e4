//! Users whom a trusted proxy knows: who they are, what they may, and from where that is believed.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::{Config, Dashboard, ProxyConfig};
use reqwest::Method;
use serde_json::{Value, json};
use support::{Client, TestServer};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

fn behind(address: &str) -> Config {
    let proxy = ProxyConfig {
        addresses: vec![address.parse().unwrap()],
        user_header: Some("x-remote-user".into()),
        user_can: vec!["subscribe".into(), "publish".into()],
        user_rooms: vec!["main".into()],
    };
    Config { proxy, dashboard: Dashboard::Off, ..Config::default() }
}

#[tokio::test]
async fn a_proxy_that_knows_its_users_is_believed_at_its_address_alone() {
    let ask = async |server: &TestServer, method: Method, path: &str, user: Option<&str>| {
        let request = server.http.request(method, server.url(path)).json(&json!({"spell_name": "reveal"}));
        let request = user.into_iter().fold(request, |request, user| request.header("x-remote-user", user));
        request.send().await.unwrap().status().as_u16()
    };
    let server = TestServer::with(behind("127.0.0.1")).await;
    assert_eq!(ask(&server, Method::POST, "/events", Some("ada")).await, 201);
    assert_eq!(ask(&server, Method::POST, "/events", None).await, 401);
    assert_eq!(ask(&server, Method::POST, "/events?room=lab", Some("ada")).await, 403);
    assert_eq!(ask(&server, Method::DELETE, "/rooms/main", Some("ada")).await, 403);
    let detail = async |server: &TestServer, user: Option<&str>| {
        let request = server.http.delete(server.url("/rooms/main"));
        let request = user.into_iter().fold(request, |request, user| request.header("x-remote-user", user));
        request.send().await.unwrap().json::<Value>().await.unwrap()["detail"].as_str().unwrap().to_owned()
    };
    insta::assert_snapshot!(detail(&server, Some("ada")).await, @"the login of ada does not allow admin; it allows subscribe, publish");
    insta::assert_snapshot!(detail(&server, None).await, @"the request comes from a trusted proxy and has no header x-remote-user, in which the proxy names the user whose login it has checked");
    let mut request = format!("ws://{}/ws/events", server.address).into_client_request().unwrap();
    request.headers_mut().insert("x-remote-user", "ada".parse().unwrap());
    let (socket, _) = connect_async(request).await.unwrap();
    assert_eq!(Client { socket }.next().await["type"], "connection");
    let elsewhere = TestServer::with(behind("192.0.2.1")).await;
    assert_eq!(ask(&elsewhere, Method::POST, "/events", Some("ada")).await, 401);
    insta::assert_snapshot!(detail(&elsewhere, Some("ada")).await, @"this server takes the users of its proxy alone, and the request does not come from there: ask at the proxy's address");
}
