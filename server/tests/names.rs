//! Names that mean something else in a path are names all the same.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::{Value, json};
use support::TestServer;

#[tokio::test]
async fn a_daemon_may_be_called_like_a_route_or_like_a_step_up() {
    let server = TestServer::start().await;
    for (name, looked_at, forgotten) in [
        ("active", "/daemons/Active", "/daemons/active"),
        ("statistics", "/daemons/statistics", "/daemons/statistics"),
        (".", "/daemons/%20.", "/daemons/%20."),
        ("..", "/daemons/%20..", "/daemons/%20.."),
    ] {
        let named = json!({ "daemon_name": name });
        assert_eq!(server.ask("/summon", named.clone()).await.0, 200, "{name}");
        let (status, answer) = server.look(looked_at).await;
        assert_eq!((status, &answer["daemon"]["daemon_name"]), (200, &json!(name)), "{answer}");
        let (status, answer) = server.purge(forgotten).await;
        assert_eq!((status, &answer["type"]), (409, &json!("/docs#problem-still-here")), "{name}: {answer}");
        assert_eq!(server.ask("/banish", named).await.0, 200, "{name}");
        let gone = server.http.delete(server.url(forgotten)).send().await.unwrap();
        assert_eq!(gone.status(), 204, "{name}");
        assert_eq!(server.look(looked_at).await.0, 404, "{name}");
        assert_eq!(server.purge(forgotten).await.0, 404, "{name}");
    }
    assert_eq!(server.look("/daemons/active").await.1["count"], 0, "the route is what it was");
    assert_eq!(server.purge("/daemons/active?room=main").await.0, 422, "it has no parameters");
}

#[tokio::test]
async fn bytes_in_a_path_that_are_no_text_are_refused_as_any_parameter_is() {
    let server = TestServer::start().await;
    let (_, document) = server.look("/openapi.json").await;
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some((before, rest)) = path.split_once('{') else { continue };
        let (name, after) = rest.split_once('}').unwrap();
        for method in item.as_object().unwrap().keys() {
            let method = method.to_uppercase().parse().unwrap();
            let url = server.url(&format!("{before}%ff{after}"));
            let response = server.http.request(method, url).json(&json!({})).send().await.unwrap();
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
            let (status, problem) = (response.status(), response.json::<Value>().await.unwrap());
            assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!(name)), "{path}");
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried}");
}
