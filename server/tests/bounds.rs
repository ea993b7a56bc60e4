//! What a name costs, and what remains of it: rooms and daemons by the thousand, over restarts.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeMap;

use arcane_server::config::{BusConfig, Config, RealmConfig};
use serde_json::{Value, json};
use support::{TestServer, event};

/// Names of daemons that are summoned, with their colours.
async fn colors(server: &TestServer) -> BTreeMap<String, String> {
    let (_, answer) = server.look("/daemons/active").await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let daemons = answer["daemons"].as_array().unwrap().iter();
    daemons.map(|daemon| (text(&daemon["daemon_name"]), text(&daemon["color"]))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn colours_survive_a_restart_and_names_of_other_rooms_use_none_up() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let events: Vec<_> =
        (0..400).map(|n| json!({"spell_name": "invoke", "daemon_name": format!("other-{n}")})).collect();
    assert_eq!(server.post("/events?room=lab", json!(events)).await.status(), 201);
    for n in 0..63 {
        assert_eq!(server.ask("/summon", json!({"daemon_name": format!("worker-{n}")})).await.0, 200);
    }
    let before = colors(&server).await;
    let alone = arcane_shared::color::assign("worker-0", &[]).to_string();
    assert_eq!(before["worker-0"], alone, "the first of its room gets the colour that its name leads to");
    server.stop().await;
    let server = TestServer::in_dir(dir.path()).await;
    assert_eq!(colors(&server).await, before);
    for (daemon, color) in &before {
        server.ask("/banish", json!({"daemon_name": daemon})).await;
        server.ask("/summon", json!({"daemon_name": daemon})).await;
        let (_, card) = server.look(&format!("/daemons/{daemon}")).await;
        assert_eq!(card["daemon"]["color"], **color, "{daemon}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_beyond_memory_are_still_there_and_a_closed_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let config = || Config {
        bus: BusConfig { rooms_max: 3, ..BusConfig::default() },
        ..TestServer::config_in(dir.path())
    };
    let server = TestServer::with(config()).await;
    let event = json!({"spell_name": "invoke", "daemon_name": "codex", "metadata": {"task": "t"}});
    for n in 0..12 {
        assert_eq!(server.post(&format!("/events?room=lab-{n}"), event.clone()).await.status(), 201);
    }
    let (_, before) = server.look("/rooms").await;
    assert_eq!(before["rooms"].as_array().unwrap().len(), 13);
    server.stop().await;
    let server = TestServer::with(config()).await;
    assert_eq!(server.look("/rooms").await.1["rooms"].as_array().unwrap().len(), 13);
    let (status, recent) = server.look("/events/recent?room=lab-0").await;
    assert_eq!((status, &recent["events"][0]["seq"]), (200, &json!(1)));
    assert_eq!(server.look("/events?room=lab-1").await.1["events"][0]["daemon_name"], "codex");
    let mut reader = server.connect("room=lab-2&recent=1").await;
    assert_eq!(reader.next().await["recent_events"][0]["seq"], 1);

    let delete = |path: &str| server.http.delete(server.url(path)).send();
    assert_eq!(delete("/rooms/lab-2").await.unwrap().status(), 409);
    assert_eq!(delete("/rooms/main").await.unwrap().status(), 409);
    assert_eq!(delete("/rooms/nowhere").await.unwrap().status(), 404);
    assert_eq!(delete("/rooms/lab-0").await.unwrap().status(), 204);
    assert_eq!(server.look("/events/recent?room=lab-0").await.0, 404);
    server.stop().await;
    let server = TestServer::with(config()).await;
    let (_, after) = server.look("/rooms").await;
    let names: Vec<_> = after["rooms"].as_array().unwrap().iter().map(|room| room["room"].clone()).collect();
    assert!(!names.contains(&json!("lab-0")) && names.contains(&json!("lab-1")), "{names:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_daemon_can_be_forgotten() {
    let realm = RealmConfig { daemons_max: 4, ..RealmConfig::default() };
    let server =
        TestServer::with(Config { realm, ..TestServer::config_in(tempfile::tempdir().unwrap().path()) })
            .await;
    let codex = json!({"daemon_name": "codex"});
    server.ask("/summon", codex.clone()).await;
    let delete = || server.http.delete(server.url("/daemons/codex")).send();
    assert_eq!(delete().await.unwrap().status(), 409);
    assert_eq!(
        server.ask("/summon", json!({"daemon_name": "aider"})).await.1["type"],
        "/docs#problem-realm-full"
    );
    server.ask("/banish", codex).await;
    assert_eq!(delete().await.unwrap().status(), 204);
    assert_eq!(delete().await.unwrap().status(), 404);
    assert_eq!(server.ask("/summon", json!({"daemon_name": "aider"})).await.0, 200);
    server.stop().await;
}

/// A server in a directory that keeps few rooms in memory.
fn few_rooms(dir: &std::path::Path, rooms_max: usize) -> Config {
    Config { bus: BusConfig { rooms_max, ..BusConfig::default() }, ..TestServer::config_in(dir) }
}

fn many(n: usize) -> Value {
    (0..n)
        .map(|n| json!({"spell_name": "invoke", "daemon_name": "codex", "metadata": {"task": n.to_string()}}))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_room_that_is_closed_never_meets_a_later_one() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    assert_eq!(server.post("/events?room=old", many(5000)).await.status(), 201);
    assert_eq!(server.http.delete(server.url("/rooms/old")).send().await.unwrap().status(), 204);
    // At once: most of its rows are still there.
    server.stop().await;
    for run in 0..3 {
        let server = TestServer::in_dir(dir.path()).await;
        assert_eq!(server.look("/events/recent?room=old").await.0, 404);
        let (status, answer) = server.ask("/events?room=new", many(2)).await;
        assert_eq!((status, &answer["events"][0]["seq"]), (201, &json!(2 * run + 1)), "{answer}");
        let (_, history) = server.look("/events?room=new&daemon=codex&limit=100").await;
        assert_eq!(history["events"].as_array().unwrap().len(), 2 * run + 2);
        server.stop().await;
    }
    let server = TestServer::in_dir(dir.path()).await;
    let file = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    let swept = async {
        while file.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, u64>(0)).unwrap() > 6 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(support::PATIENCE, swept).await.expect("what is left of it goes");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_deleted_is_still_there() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    assert_eq!(server.post("/events?room=lab", many(3)).await.status(), 201);
    let other = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let delete = async |path: &str| server.http.delete(server.url(path)).send().await.unwrap().status();
    assert_eq!(delete("/events?room=lab&before=3").await, 503);
    assert_eq!(delete("/rooms/lab").await, 503);
    other.execute_batch("ROLLBACK").unwrap();
    let (_, history) = server.look("/events?room=lab").await;
    assert_eq!(history["events"].as_array().unwrap().len(), 3, "{history}");
    let gone = async { while delete("/rooms/lab").await == 503 {} };
    tokio::time::timeout(support::PATIENCE, gone).await.unwrap();
    assert_eq!(server.look("/events?room=lab").await.0, 404);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rooms_that_open_at_the_same_time_at_the_bound_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with(few_rooms(dir.path(), 4)).await;
    let mut kept = Vec::new();
    for round in 0..30 {
        let publish = |n: usize| {
            let (room, http) = (format!("r{round}-{n}"), server.http.clone());
            let url = server.url(&format!("/events?room={room}"));
            async move { (http.post(url).json(&many(1)).send().await.unwrap().status(), room) }
        };
        for (status, room) in futures_util::future::join_all((0..5).map(publish)).await {
            if status == 201 {
                kept.push(room);
            }
        }
    }
    assert!(kept.len() >= 30, "{} rooms", kept.len());
    for room in &kept {
        let (status, history) = server.look(&format!("/events?room={room}")).await;
        assert_eq!((status, history["events"].as_array().map(Vec::len)), (200, Some(1)), "{room}: {history}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_connection_says_in_one_write_may_name_more_rooms_than_memory_has() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with(few_rooms(dir.path(), 3)).await;
    let mut client = server.connect("listen=false").await;
    client.next().await;
    let publish = |n: &usize| json!({"type": "publish", "id": n.to_string(), "room": format!("r{}", n % 6), "ack": "synced", "events": event("t")});
    let ids: Vec<usize> = (0..60).collect();
    client.say_at_once(ids.iter().map(publish)).await;
    for id in &ids {
        let answer = client.next().await;
        assert_eq!(
            (&answer["type"], &answer["id"]),
            (&json!("published"), &json!(id.to_string())),
            "{answer}"
        );
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_sent_again_is_synced_if_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let publish = async |ack: &str| {
        let request = server.http.post(server.url(&format!("/events?ack={ack}"))).json(&many(1));
        let answer: Value =
            request.header("Idempotency-Key", "k").send().await.unwrap().json().await.unwrap();
        (answer["ack"].clone(), answer["events"][0]["seq"].clone())
    };
    let syncs = async || {
        let metrics = server.get("/metrics").await.text().await.unwrap();
        let line =
            metrics.lines().find(|line| line.starts_with("arcane_log_syncs_total")).unwrap().to_owned();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    publish("synced").await;
    let request = server.http.post(server.url("/events?ack=logged")).json(&many(1));
    request.header("Idempotency-Key", "other").send().await.unwrap();
    let before = syncs().await;
    assert_eq!(publish("synced").await, (json!("synced"), json!(1)));
    assert!(syncs().await > before, "what it says is made true first");
    server.stop().await;
}
