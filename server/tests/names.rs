//! Names that mean something else in a path are names all the same.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::json;
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
