//! One word on who is present: lists, spells and the roster, whoever told of a daemon.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::log::retention::Retention;
use serde_json::{Value, json};
use support::TestServer;

async fn tell(server: &TestServer, daemon: &str, spell: &str, metadata: Value) -> u64 {
    let event = json!({"spell_name": spell, "daemon_name": daemon, "metadata": metadata});
    let (status, answer) = server.ask("/events", event).await;
    assert_eq!(status, 201, "{answer}");
    answer["events"][0]["seq"].as_u64().unwrap()
}

async fn active(server: &TestServer) -> Vec<String> {
    let (_, answer) = server.look("/daemons/active").await;
    let daemons = answer["daemons"].as_array().unwrap();
    assert_eq!(answer["count"], daemons.len());
    daemons.iter().map(|daemon| daemon["daemon_name"].as_str().unwrap().to_owned()).collect()
}

async fn present(server: &TestServer) -> Vec<String> {
    let (_, answer) = server.look("/roster").await;
    let daemons = answer["roster"]["daemons"].as_array().unwrap().iter();
    let here = daemons.filter(|daemon| daemon["doing"] != "gone");
    here.map(|daemon| daemon["daemon_name"].as_str().unwrap().to_owned()).collect()
}

/// Description of the latest event.
async fn latest(server: &TestServer) -> Value {
    server.look("/events?order=desc&limit=1").await.1["events"][0].clone()
}

#[tokio::test]
async fn who_was_published_is_listed_and_can_be_banished() {
    let server = TestServer::start().await;
    server.ask("/summon", json!({"daemon_name": "claude"})).await;
    tell(&server, "codex", "summon", json!({})).await;
    tell(&server, "codex", "invoke", json!({"task": "cargo test", "execution_time": 2.5})).await;
    assert_eq!(active(&server).await, ["claude", "codex"]);
    assert_eq!(present(&server).await, ["claude", "codex"]);
    let (_, said) = server.ask("/spell/cast", json!({"spell": "list active daemons"})).await;
    assert!(said["message"].as_str().unwrap().contains("claude, codex"), "{said}");
    let (status, answer) = server.look("/daemons/codex").await;
    assert_eq!((status, &answer["daemon"]["published"]), (200, &json!(true)));
    assert_eq!(
        (&answer["daemon"]["invocation_count"], &answer["daemon"]["total_time"]),
        (&json!(1), &json!(2.5))
    );
    assert!(answer["daemon"]["summoned_at"].is_string(), "{answer}");
    assert_eq!(server.look("/daemons/claude").await.1["daemon"].get("published"), None);

    // The realm gives it no tasks before it has summoned it, and says so.
    let (status, problem) = server.ask("/invoke", json!({"daemon_name": "codex", "task": "x"})).await;
    assert_eq!((status, problem["type"].as_str().unwrap()), (409, "/docs#problem-only-published"));
    assert!(problem["detail"].as_str().unwrap().contains("summon it first"), "{problem}");

    let (status, answer) = server.ask("/spell/cast", json!({"spell": "banish codex"})).await;
    assert_eq!(
        (status, &answer["status"], &answer["daemon"]["is_active"]),
        (200, &json!("banished"), &json!(false))
    );
    assert!(answer["message"].as_str().unwrap().contains("after 1 task(s)"), "{answer}");
    assert_eq!(active(&server).await, ["claude"]);
    assert_eq!(present(&server).await, ["claude"]);
    assert_eq!(server.ask("/banish", json!({"daemon_name": "codex"})).await.0, 409);
    // It is known, and can be forgotten.
    assert_eq!(server.look("/daemons/codex").await.1["daemon"]["total_invocations"], 1);
    assert_eq!(server.http.delete(server.url("/daemons/codex")).send().await.unwrap().status(), 204);
    assert_eq!(server.look("/daemons/codex").await.0, 404);
}

#[tokio::test]
async fn who_was_published_can_be_taken_over() {
    let server = TestServer::start().await;
    tell(&server, "codex", "summon", json!({})).await;
    assert_eq!(server.ask("/summon", json!({"daemon_name": "codex"})).await.0, 200);
    assert_eq!(server.look("/daemons/codex").await.1["daemon"].get("published"), None);
    assert_eq!(server.ask("/invoke", json!({"daemon_name": "codex", "task": "x"})).await.0, 200);
}

#[tokio::test]
async fn who_was_banished_by_a_publisher_is_listed_nowhere() {
    let server = TestServer::start().await;
    server.ask("/summon", json!({"daemon_name": "claude"})).await;
    server.ask("/invoke", json!({"daemon_name": "claude", "task": "x"})).await;
    tell(&server, "claude", "banish", json!({})).await;
    assert_eq!(active(&server).await, present(&server).await);
    assert_eq!(active(&server).await, [""; 0]);
    let (_, answer) = server.look("/statistics").await;
    assert_eq!((&answer["active_daemons"], &answer["total_invocations"]), (&json!(0), &json!(1)));
    let (status, _) = server.ask("/banish", json!({"daemon_name": "claude"})).await;
    assert_eq!(status, 200, "the realm lets go of it, too");
    assert_eq!(server.ask("/summon", json!({"daemon_name": "claude"})).await.0, 200);
    assert_eq!(active(&server).await, ["claude"]);
}

#[tokio::test]
async fn every_figure_says_its_window_and_is_what_the_log_has() {
    let server = TestServer::start().await;
    server.ask("/summon", json!({"daemon_name": "claude"})).await;
    server.ask("/invoke", json!({"daemon_name": "claude", "task": "x"})).await;
    for n in 0..40_u32 {
        let spent = json!({"task": "t", "cost_usd": f64::from(n % 7) * 0.013, "input_tokens": n});
        tell(&server, ["codex", "aider"][n as usize % 2], "invoke", spent).await;
        if n == 20 {
            tell(&server, "codex", "banish", json!({})).await;
        }
    }
    let enriched = json!({"query_type": "enrich", "cost_usd": 0.5});
    tell(&server, "gone", "reveal", enriched.clone()).await;
    tell(&server, "codex", "reveal", enriched).await;
    let (_, log) = server.look("/events?limit=1000").await;
    let events = log["events"].as_array().unwrap();
    let cost: f64 = events.iter().filter_map(|event| event["metadata"]["cost_usd"].as_f64()).sum();
    let calls = events.iter().filter(|event| event["spell_name"] == "invoke").count();
    for window in ["all", "today"] {
        let (_, answer) = server.look(&format!("/statistics?window={window}")).await;
        assert_eq!(answer["window"], window);
        assert!((answer["sums"]["cost_usd"].as_f64().unwrap() - cost).abs() < 1e-6, "{answer} {cost}");
        assert_eq!(answer["sums"]["invocations"], calls);
    }
    let (_, session) = server.look("/statistics?window=session").await;
    let of = |name: &str| {
        session["figures"].as_array().unwrap().iter().find(|one| one["daemon_name"] == name).cloned().unwrap()
    };
    assert_eq!((&of("codex")["invocations"], &of("aider")["invocations"]), (&json!(9), &json!(20)));
    assert_eq!(of("claude").get("cost_usd"), None, "unknown is absent, not 0");
    assert_eq!(server.look("/statistics").await.1["window"], "all");
    assert_eq!(server.look("/statistics?window=week").await.0, 422);
}

#[tokio::test]
async fn what_a_publisher_tells_of_a_daemon_reads_as_what_it_is() {
    let server = TestServer::start().await;
    let said = async |spell: &str, metadata: Value| {
        tell(&server, "codex", spell, metadata).await;
        latest(&server).await["description"].as_str().unwrap().to_owned()
    };
    let banished = said("banish", json!({})).await;
    assert_eq!(banished, "✨ The aether swirls and dissipates... CODEX returns to the void. ✨");
    assert!(said("banish", json!({"invocation_count": 3})).await.contains("after 3 task(s)"));
    assert_eq!(
        said("reveal", json!({"query_type": "acknowledge"})).await,
        "✨ The failure of CODEX was seen. ✨"
    );
    for kind in ["progress", "enrich", "forget"] {
        assert!(!said("reveal", json!({"query_type": kind})).await.contains("void"), "{kind}");
    }
    assert!(said("reveal", json!({})).await.contains("rests in the void"));
}

#[tokio::test]
async fn a_roster_of_what_is_gone_from_the_log_is_refused_and_one_of_the_future_is_the_latest() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = TestServer::config_in(dir.path());
    config.bus.retention = Retention { events_max: 10, ..Retention::default() };
    let server = TestServer::with(config).await;
    let mut head = 0;
    for _ in 0..300 {
        head = tell(&server, "codex", "summon", json!({})).await;
    }
    let oldest = loop {
        let (_, answer) = server.look("/events?limit=1").await;
        let oldest = answer["oldest"].as_u64().unwrap();
        if oldest > 2 {
            break oldest;
        }
        tokio::task::yield_now().await;
    };
    let (status, problem) = server.look(&format!("/roster?at={}", oldest - 2)).await;
    assert_eq!((status, problem["type"].as_str().unwrap()), (410, "/docs#problem-not-kept"), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("ask at"), "{problem}");
    let (status, answer) = server.look(&format!("/roster?at={}", head + 1_000)).await;
    assert_eq!((status, answer["roster"]["seq"].as_u64().unwrap()), (200, head));
}
