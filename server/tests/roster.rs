//! Who is present and does what: the server's word and what a page folds from events are the same at every position.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::log::retention::Retention;
use arcane_shared::ReceivedEvent;
use arcane_shared::roster::{Doing, Roster, Sign};
use serde_json::{Value, json};
use support::{Sse, TestServer, event};

async fn roster(server: &TestServer, query: &str) -> Roster {
    let (status, answer) = server.look(&format!("/roster?{query}")).await;
    assert_eq!(status, 200, "{answer}");
    serde_json::from_value(answer["roster"].clone()).unwrap()
}

fn fold(roster: &mut Roster, event: &Value) {
    let event: ReceivedEvent = serde_json::from_value(event.clone()).unwrap();
    roster.fold(event.seq.unwrap(), Sign::read(&event).as_ref());
}

/// Events of a room, oldest first, after a position.
async fn history(server: &TestServer, after: u64) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), after);
    loop {
        let (_, page) = server.look(&format!("/events?limit=1000&after={after}")).await;
        let events = page["events"].as_array().unwrap().clone();
        match events.last() {
            Some(last) => after = last["seq"].as_u64().unwrap(),
            None => return all,
        }
        all.extend(events);
    }
}

/// What agents do, made of a number: any kind of event, from a dozen of them.
fn deed(n: u64) -> Value {
    // A step of the generator of Numerical Recipes (Press et al., 1992): only that it is uneven counts.
    let mixed = (n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) >> 7) & 0xFFFF;
    let daemon = format!("agent-{}", mixed % 12);
    let call = format!("c{}", mixed % 5);
    let (spell, success, metadata) = match mixed % 11 {
        0 => ("summon", true, json!({})),
        1 if mixed.is_multiple_of(5) => ("banish", true, json!({})),
        2 => ("voice", true, json!({"attention": true, "call_id": call})),
        3 => ("voice", true, json!({"event": "turn_end"})),
        4 => ("invoke", false, json!({"task": "cargo test", "error": "exit 101", "call_id": call})),
        5 => ("reveal", true, json!({"query_type": "enrich", "cost_usd": 0.0123, "input_tokens": mixed})),
        6 => ("reveal", true, json!({"query_type": "acknowledge"})),
        7 | 8 => (
            "reveal",
            true,
            json!({"query_type": "progress", "phase": "begin", "call_id": call, "task": "w"}),
        ),
        _ => (
            "invoke",
            true,
            json!({"task": "build", "call_id": call, "execution_time": 0.25, "cost_usd": 0.01}),
        ),
    };
    json!({"spell_name": spell, "daemon_name": daemon, "success": success, "metadata": metadata})
}

async fn publish(server: &TestServer, numbers: std::ops::Range<u64>) {
    let deeds: Vec<Value> = numbers.map(deed).collect();
    for part in deeds.chunks(500) {
        let (status, answer) = server.ask("/events", json!(part)).await;
        assert_eq!(status, 201, "{answer}");
    }
}

#[tokio::test]
async fn the_server_and_a_page_say_the_same_at_every_position() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    // Enough for several snapshots.
    publish(&server, 0..10_000).await;
    let events = history(&server, 0).await;
    let mut page = Roster::after(0, 0);
    let mut checked = 0;
    for event in &events {
        fold(&mut page, event);
        let seq = page.seq();
        if seq.is_multiple_of(997) || [1, 2, 4_095, 4_096, 4_097, 8_192, 10_000].contains(&seq) {
            same(&roster(&server, &format!("at={seq}")).await, &page);
            checked += 1;
        }
    }
    assert!(checked > 15);
    same(&roster(&server, "").await, &page);
    server.stop().await;

    // After a restart it goes on from the latest snapshot, and says the same.
    let server = TestServer::in_dir(dir.path()).await;
    same(&roster(&server, "").await, &page);
    publish(&server, 10_000..10_050).await;
    for event in history(&server, page.seq()).await {
        fold(&mut page, &event);
    }
    same(&roster(&server, "").await, &page);
    server.stop().await;
}

/// Two rosters are the same but for the calendar, which is the machine's.
fn same(left: &Roster, right: &Roster) {
    let plain = |roster: &Roster| {
        let mut value = serde_json::to_value(roster).unwrap();
        value["day_offset_minutes"] = json!(0);
        for daemon in value["daemons"].as_array_mut().unwrap() {
            daemon["day"] = json!(0);
            daemon["today"] = json!(null);
        }
        value
    };
    assert_eq!(plain(left), plain(right));
}

#[tokio::test]
async fn a_stream_begins_with_the_roster_that_it_goes_on_from() {
    let server = TestServer::start().await;
    server.ask("/summon", json!({"daemon_name": "claude"})).await;
    publish(&server, 0..300).await;
    // A page that knows nothing, and one that comes back after a while: both fold what follows.
    let mut newcomer = server.connect("roster=true&recent=0").await;
    let hello = newcomer.next().await;
    let mut back = server.connect("roster=true&since=100").await;
    let mut rosters = Vec::new();
    rosters.push(serde_json::from_value::<Roster>(hello["roster"].clone()).unwrap());
    let resumed = back.next().await;
    assert_eq!(resumed["resume"]["recovered"], true);
    rosters.push(serde_json::from_value(resumed["roster"].clone()).unwrap());
    let last = server.publish(deed(301)).await;
    for (client, roster) in [&mut newcomer, &mut back].into_iter().zip(&mut rosters) {
        loop {
            let event = client.next().await;
            fold(roster, &event);
            if event["seq"] == last {
                break;
            }
        }
        assert_eq!(*roster, self::roster(&server, "").await);
    }
    let mut sse = Sse::open(&server, "/events/stream?roster=true", None).await;
    let (_, _, hello) = sse.next().await.unwrap();
    assert_eq!(serde_json::from_value::<Roster>(hello["roster"].clone()).unwrap(), rosters[0]);
    let mut plain = server.connect("").await;
    assert!(plain.next().await.get("roster").is_none(), "who does not ask is not told");
    server.stop().await;
}

#[tokio::test]
async fn a_look_at_the_roster_is_no_event_and_opens_nothing() {
    let server = TestServer::start().await;
    let head = server.publish(event("one")).await;
    assert_eq!(roster(&server, "").await.seq(), head);
    assert_eq!(server.publish(event("two")).await, head + 1);
    assert_eq!(server.look("/roster?room=nowhere").await.0, 404);
    assert_eq!(server.look("/roster?at=x").await.0, 422);
    assert_eq!(server.look("/roster?at=other:1").await.0, 410);
    assert_eq!(server.look("/events/stream?roster=true&from=1").await.0, 422);
    assert_eq!(roster(&server, "at=0").await.iter().count(), 0);
    assert_eq!(roster(&server, "at=999").await.seq(), head + 1, "as far as there is something");
    server.stop().await;
}

#[tokio::test]
async fn what_is_purged_is_in_no_roster_and_figures_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    server.publish(json!({"spell_name": "summon", "daemon_name": "codex"})).await;
    let failed = json!({"task": "secret", "error": "secret", "cost_usd": 0.5});
    server
        .publish(
            json!({"spell_name": "invoke", "daemon_name": "codex", "success": false, "metadata": failed}),
        )
        .await;
    publish(&server, 0..5_000).await;
    assert_eq!(server.purge("/events?before=5000").await.0, 200);
    for _ in 0..2 {
        for query in ["", "at=5000", "at=5001"] {
            let (_, answer) = server.look(&format!("/roster?{query}")).await;
            assert!(!answer.to_string().contains("secret"), "{query}: {answer}");
        }
        let then = roster(&server, "at=5001").await;
        assert_eq!((then.begins_after(), then.get("codex").unwrap().all.failures), (0, 1));
        let now = roster(&server, "").await;
        let codex = now.get("codex").unwrap();
        assert_eq!((codex.doing, codex.all.failures), (Doing::Failed, 1));
        assert_eq!(codex.all.cost_usd.map(arcane_shared::roster::Dollars::get), Some(0.5));
    }
    server.stop().await;
    let server = TestServer::in_dir(dir.path()).await;
    let (_, answer) = server.look("/roster").await;
    assert!(!answer.to_string().contains("secret"));
    assert_eq!(roster(&server, "").await.get("codex").unwrap().all.failures, 1);
    server.stop().await;
}

#[tokio::test]
async fn what_retention_took_is_still_in_the_roster() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = TestServer::config_in(dir.path());
    config.bus.rooms_max = 2;
    config.bus.retention = Retention { events_max: 500, ..Retention::default() };
    let server = TestServer::with(config.clone()).await;
    let tell = async |server: &TestServer, daemon: &str, spell: &str, metadata: Value| {
        server
            .ask("/events?room=a", json!({"spell_name": spell, "daemon_name": daemon, "metadata": metadata}))
            .await
    };
    let work = async |server: &TestServer, events: usize| {
        let many =
            vec![json!({"spell_name": "invoke", "daemon_name": "work", "metadata": {"task": "t"}}); 250];
        for _ in 0..events / 250 {
            assert_eq!(server.ask("/events?room=a", json!(many)).await.0, 201);
        }
    };
    tell(&server, "old", "summon", json!({})).await;
    tell(&server, "ghost", "summon", json!({})).await;
    work(&server, 4_250).await;
    tell(&server, "ghost", "banish", json!({})).await;
    tell(&server, "newbie", "invoke", json!({"task": "x", "execution_time": 5})).await;
    work(&server, 2_000).await;
    let before = roster(&server, "room=a").await;
    assert_eq!((before.begins_after(), before.get("work").unwrap().all.invocations), (0, 6_250));
    let head = before.seq();
    let near = roster(&server, &format!("room=a&at={}", head - 1)).await;
    assert_eq!((near.begins_after(), near.get("work").unwrap().all.invocations), (0, 6_249));
    // The room leaves memory and comes back.
    server.ask("/events?room=b", event("b")).await;
    server.ask("/events?room=c", event("c")).await;
    assert_eq!(roster(&server, "room=a").await, before);
    server.stop().await;
    let server = TestServer::with(config).await;
    assert_eq!(roster(&server, "room=a").await, before);
    server.stop().await;
}

#[tokio::test]
async fn who_was_only_published_can_be_forgotten() {
    let server = TestServer::start().await;
    server.publish(json!({"spell_name": "summon", "daemon_name": "guest"})).await;
    assert_eq!(server.purge("/daemons/guest").await.0, 409);
    server.publish(json!({"spell_name": "banish", "daemon_name": "guest"})).await;
    let gone = server.http.delete(server.url("/daemons/guest")).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    assert!(roster(&server, "").await.get("guest").is_none());
    assert_eq!(server.purge("/daemons/guest").await.0, 404);
    server.stop().await;
}

#[tokio::test]
async fn a_room_that_is_closed_takes_its_roster_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let deeds: Vec<Value> = (0..900).map(deed).collect();
    for _ in 0..5 {
        assert_eq!(server.ask("/events?room=side", json!(deeds)).await.0, 201);
    }
    assert!(roster(&server, "room=side").await.iter().count() > 1);
    let closed = server.http.delete(server.url("/rooms/side")).send().await.unwrap();
    assert_eq!(closed.status(), 204);
    server.ask("/events?room=side", event("anew")).await;
    assert_eq!(roster(&server, "room=side").await.iter().count(), 1);
    server.stop().await;
}
