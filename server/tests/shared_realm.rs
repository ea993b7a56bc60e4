//! Spells on several servers with one log: whoever is asked, what is accepted follows from what was accepted before.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeMap;

use arcane_server::config::{Config, Dashboard, NatsConfig};
use serde_json::{Value, json};
use support::nats::NatsServer;
use support::{TestServer, event};

const NAMES: [&str; 3] = ["ada", "bob", "cyd"];
/// Spells of each caster.
const CASTS: usize = 40;

fn on(nats: &NatsServer) -> Config {
    let log = NatsConfig { servers: vec![nats.url()], prefix: "arcane".into(), ..NatsConfig::default() };
    Config { dashboard: Dashboard::Off, log: Some(log), ..Config::default() }
}

/// What is wrong with a history of spells: nobody is summoned who is there, or does anything who is not; a refusal is true.
fn wrong(events: &[Value]) -> Vec<String> {
    let mut here: BTreeMap<&str, bool> = BTreeMap::new();
    let mut wrong = Vec::new();
    for event in events {
        let Some(name) = event["daemon_name"].as_str().filter(|name| NAMES.contains(name)) else { continue };
        let (spell, success) = (event["spell_name"].as_str().unwrap(), event["success"] == true);
        let is_here = here.entry(name).or_default();
        let may = match spell {
            "summon" => !*is_here,
            "banish" | "invoke" => *is_here,
            _ => continue,
        };
        if may != success {
            wrong.push(format!("{} {name} at {}: success {success}, here {is_here}", spell, event["seq"]));
        }
        if success && spell != "invoke" {
            *is_here = spell == "summon";
        }
    }
    wrong
}

async fn all(server: &TestServer) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let (status, page) = server.look(&format!("/events?limit=500&after={after}&order=asc")).await;
        assert_eq!(status, 200, "{page}");
        let some = page["events"].as_array().unwrap().clone();
        let Some(last) = some.last() else { return events };
        after = last["seq"].as_u64().unwrap();
        events.extend(some);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn casters_on_two_servers_never_decide_on_what_is_over() {
    let Some(nats) = NatsServer::start().await else { return };
    let servers = [TestServer::with(on(&nats)).await, TestServer::with(on(&nats)).await];
    let servers: Vec<_> = servers.into_iter().map(std::sync::Arc::new).collect();
    let mut casters = Vec::new();
    for n in 0..6 {
        let server = std::sync::Arc::clone(&servers[n % 2]);
        casters.push(tokio::spawn(async move {
            let mut accepted = 0;
            for cast in 0..CASTS {
                let name = NAMES[(n + cast) % NAMES.len()];
                let spell = ["/summon", "/invoke", "/banish"][(n * 7 + cast) % 3];
                let body = json!({"daemon_name": name, "task": "count"});
                let body = if spell == "/invoke" { body } else { json!({"daemon_name": name}) };
                let (status, answer) = server.ask(spell, body).await;
                assert!(matches!(status, 200 | 409), "{status} {answer}");
                accepted += usize::from(status == 200);
                server.publish(event("beside")).await;
            }
            accepted
        }));
    }
    let mut accepted = 0;
    for caster in casters {
        accepted += caster.await.unwrap();
    }
    let events = all(&servers[0]).await;
    assert_eq!(wrong(&events), Vec::<String>::new());
    let is_spell = |event: &&Value| {
        matches!(event["spell_name"].as_str(), Some("summon" | "banish" | "invoke"))
            && event["metadata"]["task"] != "beside"
    };
    let spells: Vec<&Value> = events.iter().filter(is_spell).collect();
    assert_eq!(spells.len(), 6 * CASTS, "each spell is told once");
    assert_eq!(spells.iter().filter(|event| event["success"] == true).count(), accepted);
    assert_eq!(all(&servers[1]).await, events);
    let cards = |(_, answer): (u16, Value)| answer["daemons"].clone();
    let one = cards(servers[0].look("/daemons").await);
    assert_eq!(one, cards(servers[1].look("/daemons").await));
    // A server that begins now knows as much.
    let third = TestServer::with(on(&nats)).await;
    assert_eq!(one, cards(third.look("/daemons").await));
}

#[tokio::test]
async fn spells_go_on_when_the_latest_was_let_go_of() {
    let Some(nats) = NatsServer::start().await else { return };
    let (one, other) = (TestServer::with(on(&nats)).await, TestServer::with(on(&nats)).await);
    assert_eq!(one.ask("/summon", json!({"daemon_name": "ada"})).await.0, 200);
    let mut last = 0;
    for n in 0..5 {
        last = one.publish(event(&n.to_string())).await;
    }
    assert_eq!(one.purge(&format!("/events?before={last}")).await.0, 200);
    for server in [&other, &one] {
        assert_eq!(server.ask("/summon", json!({"daemon_name": "ada"})).await.0, 409);
        assert_eq!(server.ask("/banish", json!({"daemon_name": "ada"})).await.0, 200);
        assert_eq!(server.ask("/summon", json!({"daemon_name": "ada"})).await.0, 200);
    }
    let third = TestServer::with(on(&nats)).await;
    assert_eq!(third.ask("/summon", json!({"daemon_name": "ada"})).await.0, 409);
}
