//! Sessions of agents whose hooks come to several nodes that share a log: what is told is what one node would tell.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arcane_server::config::{Config, Dashboard, NatsConfig};
use serde_json::{Value, json};
use support::nats::NatsServer;
use support::recordings::{Recorded, recording};
use support::{Client, PATIENCE, TestServer};

/// An answer that takes longer may not have waited until the log had what the hook told.
const WAITED_MAX: Duration = Duration::from_millis(90);

const RECORDED: [&str; 9] = [
    "claude/headless",
    "claude/interrupts",
    "claude/tui",
    "codex/tui",
    "codex/tui-code",
    "copilot/tui",
    "gemini/tui",
    "opencode/server",
    "qwen/tui",
];

async fn node(nats: &NatsServer) -> TestServer {
    let log = NatsConfig {
        servers: vec![nats.url()],
        prefix: "arcane".into(),
        is_replicated: false,
        ..NatsConfig::default()
    };
    TestServer::with(Config { dashboard: Dashboard::Off, log: Some(log), ..Config::default() }).await
}

/// The room of a recording.
fn room(name: &str) -> String {
    name.replace('/', "-")
}

async fn post(server: &TestServer, name: &str, hook: &Recorded) {
    let (agent, _) = name.split_once('/').unwrap();
    let path = format!("/hooks/{agent}?event={}&room={}", hook.event, room(name));
    let began = Instant::now();
    assert_eq!(server.post(&path, hook.payload.clone()).await.status(), 204);
    if began.elapsed() > WAITED_MAX {
        until_read(server).await;
    }
}

/// Waits until a node has told what was posted to it before: the answer does not wait for that on a machine that is too busy.
async fn until_read(server: &TestServer) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let step = NEXT.fetch_add(1, Ordering::Relaxed);
    let room = format!("read-{step}");
    let payload = json!({"conversationId": "m", "stepIdx": step, "toolCall": {"name": "marker"}});
    let path = format!("/hooks/antigravity?room={room}");
    assert_eq!(server.post(&path, payload).await.status(), 204);
    let began = Instant::now();
    while head(server, &room).await == 0 {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The latest event that a node has of a room; 0: it has none.
async fn head(server: &TestServer, room: &str) -> u64 {
    let (_, answer) = server.look("/rooms").await;
    let rooms = answer["rooms"].as_array().unwrap();
    let card = rooms.iter().find(|card| card["room"] == room);
    card.map_or(0, |card| card["seq"].as_u64().unwrap())
}

/// Waits until both nodes have read the same events of a room, and so many at least.
async fn until_both_have_read([one, other]: [&TestServer; 2], room: &str, least: usize) {
    let began = Instant::now();
    loop {
        let heads = (head(one, room).await, head(other, room).await);
        if heads.0 == heads.1 && heads.0 >= least as u64 {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{heads:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// What the events of a room say, a line each, without what changes from run to run.
async fn told(server: &TestServer, room: &str) -> Vec<String> {
    let mut reader = server.connect(&format!("room={room}&since=0")).await;
    let count = reader.next().await["resume"]["count"].as_u64().unwrap();
    let mut lines = Vec::new();
    for _ in 0..count {
        lines.push(line(&reader.next().await));
    }
    lines
}

fn line(event: &Value) -> String {
    let mut line =
        format!("{} {}", event["spell_name"].as_str().unwrap(), event["daemon_name"].as_str().unwrap());
    let metadata = event["metadata"].as_object().unwrap();
    for (key, value) in metadata {
        let is_of_the_run = ["sync", "since", "total_time"].contains(&key.as_str());
        let value = if key == "execution_time" { json!(value.as_f64() > Some(0.0)) } else { value.clone() };
        if !is_of_the_run {
            line += &format!(" {key}={value}");
        }
    }
    line
}

/// What one node tells of a recording.
async fn told_by_one(server: &TestServer, name: &str) -> Vec<String> {
    for hook in &recording(name) {
        post(server, name, hook).await;
    }
    // What was posted before is read before.
    let path = format!("/hooks/antigravity?room={}", room(name));
    server.post(&path, json!({"conversationId": "m", "stepIdx": 1, "toolCall": {"name": "marker"}})).await;
    let began = Instant::now();
    loop {
        let mut lines = told(server, &room(name)).await;
        if let Some(end) = lines.iter().position(|line| line.contains(" antigravity ")) {
            lines.truncate(end);
            return lines;
        }
        assert!(began.elapsed() < PATIENCE);
    }
}

/// Readers of a room, which both nodes have in memory as long as they read.
async fn readers([one, other]: [&TestServer; 2], room: &str) -> [Client; 2] {
    let query = format!("room={room}");
    [one.connect(&query).await, other.connect(&query).await]
}

fn assert_told(lines: &[String], expected: &[String], name: &str) {
    let differs = lines.iter().zip(expected).find(|(line, expected)| line != expected);
    assert_eq!((differs, lines.len()), (None, expected.len()), "{name}");
}

fn count(lines: &[String], begin: &str) -> usize {
    lines.iter().filter(|line| line.starts_with(begin)).count()
}

#[tokio::test]
async fn a_session_whose_hooks_come_to_two_nodes_in_turn_is_told_as_by_one() {
    let Some(nats) = NatsServer::start().await else { return };
    let alone = TestServer::start().await;
    let (one, other) = (node(&nats).await, node(&nats).await);
    for name in RECORDED {
        let expected = told_by_one(&alone, name).await;
        let _readers = readers([&one, &other], &room(name)).await;
        for (n, hook) in recording(name).iter().enumerate() {
            post(if n % 2 == 0 { &one } else { &other }, name, hook).await;
            until_both_have_read([&one, &other], &room(name), 0).await;
        }
        until_both_have_read([&one, &other], &room(name), expected.len()).await;
        assert_told(&told(&one, &room(name)).await, &expected, name);
        assert_told(&told(&other, &room(name)).await, &expected, name);
    }
}

#[tokio::test]
async fn it_is_told_as_by_one_however_quickly_the_hooks_follow_the_answers() {
    let Some(nats) = NatsServer::start().await else { return };
    let alone = TestServer::start().await;
    let (one, other) = (node(&nats).await, node(&nats).await);
    for name in RECORDED {
        let expected = told_by_one(&alone, name).await;
        let _readers = readers([&one, &other], &room(name)).await;
        let began = Instant::now();
        let hooks = recording(name);
        for (n, hook) in hooks.iter().enumerate() {
            post(if n % 2 == 0 { &one } else { &other }, name, hook).await;
        }
        println!("{name}: {:?} for each hook", began.elapsed() / u32::try_from(hooks.len()).unwrap());
        until_both_have_read([&one, &other], &room(name), expected.len()).await;
        assert_told(&told(&one, &room(name)).await, &expected, name);
    }
}

#[tokio::test]
async fn a_session_goes_on_at_another_node_when_its_own_is_stopped() {
    let Some(nats) = NatsServer::start().await else { return };
    let name = "claude/headless";
    let alone = TestServer::start().await;
    let expected = told_by_one(&alone, name).await;
    let (one, other) = (node(&nats).await, node(&nats).await);
    let hooks = recording(name);
    // In the middle of a call.
    let middle = hooks.iter().position(|hook| hook.event == "PreToolUse").unwrap() + 1;
    for hook in &hooks[..middle] {
        post(&one, name, hook).await;
    }
    one.stop().await;
    for hook in &hooks[middle..] {
        post(&other, name, hook).await;
    }
    let lines = told(&other, &room(name)).await;
    assert_told(&lines, &expected, name);
    assert_eq!((count(&lines, "summon claude"), count(&lines, "banish claude")), (1, 1));
}

#[tokio::test]
async fn what_comes_to_both_nodes_at_once_is_told_once() {
    let Some(nats) = NatsServer::start().await else { return };
    let (one, other) = (node(&nats).await, node(&nats).await);
    let hooks = |n: usize| {
        let of = |event: &str, more: Value| {
            let mut payload = json!({"session_id": format!("s{n}"), "cwd": "/p", "hook_event_name": event});
            payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            Recorded { event: event.into(), at: 0.0, payload }
        };
        let call = json!({"tool_name": "Bash", "tool_use_id": "t1", "tool_input": {"command": "ls"}});
        [
            of("SessionStart", json!({"source": "startup"})),
            of("PreToolUse", call),
            of("SessionEnd", json!({"reason": "other"})),
        ]
    };
    for n in 0..20 {
        let name = format!("claude/both-{n}");
        let _readers = readers([&one, &other], &room(&name)).await;
        for hook in hooks(n) {
            tokio::join!(post(&one, &name, &hook), post(&other, &name, &hook));
        }
        until_both_have_read([&one, &other], &room(&name), 3).await;
        let lines = told(&one, &room(&name)).await;
        let counts = ["summon", "reveal", "banish"].map(|spell| count(&lines, spell));
        assert_eq!((counts, lines.len()), ([1, 1, 1], 3), "{lines:#?}");
    }
}
