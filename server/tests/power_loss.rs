//! A machine that goes down at any moment: what was answered `synced` is there, and if anything else that somebody was
//! told is not, the epoch says so.
//!
//! The disk is simulated: a library that is loaded before the C library copies each file when it is synced
//! (`support/shadow.c`), and the copies are what a new server finds. Three rounds; `ARCANE_CRASHES=50` plays more.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use support::load::{self, Ledger, Seen, Told};
use support::machine::Machine;
use support::process::Process;
use tokio::sync::watch;

fn dice() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// Runs a server under load, kills it at any moment, and says what publishers were told and a reader saw.
async fn run(machine: &Machine) -> (Vec<Told>, Seen) {
    let (place, server) = watch::channel(None);
    let (stop, stopped) = watch::channel(false);
    let (goal, until) = watch::channel(None);
    let ledger = Ledger::default();
    let process = machine.start();
    place.send(Some(process.url.clone())).unwrap();
    let publishers: Vec<_> = [("logged", 1), ("logged", 30), ("synced", 1), ("synced", 5), ("received", 2)]
        .into_iter()
        .map(|(ack, batch)| {
            tokio::spawn(load::publish(server.clone(), ledger.clone(), ack, batch, false, stopped.clone()))
        })
        .collect();
    let reader = tokio::spawn(load::read(server.clone(), until));
    let answers = 100 + usize::try_from(dice() % 1500).unwrap();
    while ledger.len() < answers {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_micros(dice() % 5000)).await;
    process.kill();
    stop.send(true).unwrap();
    for publisher in publishers {
        publisher.await.unwrap();
    }
    place.send(None).unwrap();
    goal.send(Some(0)).unwrap();
    (ledger.all(), reader.await.unwrap())
}

/// Starts a server on what was left and holds it against what was told.
async fn check(dir: &Path, told: &[Told], seen: &Seen, what: &str) -> bool {
    let process = Process::start(dir);
    let kept = load::history(&process.url).await;
    let event = |seq: u64| kept.get(usize::try_from(seq).unwrap() - 1);
    let has = |told: &Told| event(told.seq).is_some_and(|event| event["metadata"]["task"] == *told.task);
    for told in told.iter().filter(|told| told.ack == "synced") {
        assert!(has(told), "{what}: {told:?} is missing, {} are there", kept.len());
    }
    let bytes = |seq: u64| event(seq).map(Value::to_string);
    let missed = seen
        .events
        .iter()
        .any(|(seq, text)| bytes(*seq) != Some(serde_json::from_str::<Value>(text).unwrap().to_string()));
    let is_missing = missed || !told.iter().all(has);
    let stats: Value =
        reqwest::get(format!("{}/events/stats", process.url)).await.unwrap().json().await.unwrap();
    let changed = stats["rooms"][0]["epoch"] != json!(seen.epochs[0]);
    assert!(changed || !is_missing, "{what}: something is missing and the epoch is the same");
    if changed {
        let since = format!("{}:{}", seen.epochs[0], seen.events.len());
        let url = format!("{}/ws/events?since={since}", process.url.replace("http", "ws"));
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let hello = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap();
        let hello: Value = serde_json::from_str(hello.to_text().unwrap()).unwrap();
        assert_eq!(hello["resume"], json!({"recovered": false, "reason": "epoch_changed"}), "{what}");
    }
    if dir.join("index.db").exists() && what.contains("index") {
        // It may have come further than the log has now: what it finds is what the log has.
        let found = format!("{}/events?limit=1000&spell=invoke&order=desc", process.url);
        let found: Value = reqwest::get(found).await.unwrap().json().await.unwrap();
        let latest: Vec<&Value> = kept.iter().rev().take(1000).collect();
        assert!(found["events"].as_array().is_some_and(|events| events.iter().eq(latest)), "{what}: {found}");
    }
    // It goes on.
    let http = support::http_client();
    let answer =
        http.post(format!("{}/events", process.url)).json(&support::event("goes on")).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["events"][0]["seq"], kept.len() as u64 + 1, "{what}");
    process.kill();
    is_missing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_synced_is_there_and_what_is_not_changes_the_epoch() {
    let rounds = std::env::var("ARCANE_CRASHES").map_or(3, |n| n.parse().unwrap());
    let mut lost = 0;
    for _ in 0..rounds {
        let machine = Machine::new();
        let (told, seen) = run(&machine).await;
        let parts: [(&str, &[&str]); 6] = [
            (
                "the index as it was written, and only what was synced of the log",
                &["index.db", "index.db-wal"],
            ),
            ("only what was synced", &[]),
            ("the write-ahead log as it was written", &["events.db-wal"]),
            ("the marks as they were written", &["continuity"]),
            ("the database as it was written", &["events.db"]),
            ("a killed process, nothing else", &["events.db", "events.db-wal", "continuity"]),
        ];
        for (what, written) in parts {
            let left = machine.after(written);
            lost += usize::from(check(left.path(), &told, &seen, what).await);
        }
    }
    // Otherwise nothing was tried: what is written and not synced is lost in this simulation.
    assert!(lost > 0, "nothing was ever lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_peaceful_end_everything_is_on_the_disk() {
    let machine = Machine::new();
    let process = machine.start();
    let http = support::http_client();
    let url = format!("{}/events", process.url);
    let mut told = Vec::new();
    for n in 0..50 {
        let task = format!("task {n}");
        let answer = http.post(&url).json(&support::event(&task)).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        told.push(Told { seq: answer["events"][0]["seq"].as_u64().unwrap(), ack: "synced", task });
    }
    let stats: Value =
        reqwest::get(format!("{}/events/stats", process.url)).await.unwrap().json().await.unwrap();
    let epoch = stats["rooms"][0]["epoch"].as_str().unwrap().to_owned();
    process.stop();
    let left = machine.after(&[]);
    let seen = Seen { epochs: vec![epoch.clone()], ..Seen::default() };
    assert!(!check(left.path(), &told, &seen, "everything").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failed_sync_what_is_called_synced_is_there() {
    let machine = Machine::new();
    let process = machine.start();
    let http = support::http_client();
    let publish = async |ack: &str, task: String| {
        let url = format!("{}/events?ack={ack}", process.url);
        let answer = http.post(url).json(&support::event(&task)).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap(), task)
    };
    let mut told = Vec::new();
    let mut tell = |ack, (status, answer, task): (u16, Value, String)| {
        assert_eq!(status, 201, "{answer}");
        told.push(Told { seq: answer["events"][0]["seq"].as_u64().unwrap(), ack, task });
    };
    for n in 0..40 {
        tell("logged", publish("logged", format!("before {n}")).await);
    }
    machine.fail("sync");
    let (status, refused, _) = publish("synced", "refused".into()).await;
    assert_eq!(status, 503, "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("the disk did not confirm"), "{refused}");
    let ready: Value = http.get(format!("{}/ready", process.url)).send().await.unwrap().json().await.unwrap();
    assert!(ready["reason"].as_str().unwrap().contains("the disk did not confirm"), "{ready}");
    machine.fail("");
    let goes_on = async {
        loop {
            let answer = publish("synced", "goes on".into()).await;
            if answer.0 == 201 {
                return answer;
            }
        }
    };
    tell("synced", tokio::time::timeout(support::PATIENCE, goes_on).await.expect("it goes on by itself"));
    for n in 0..5 {
        tell("synced", publish("synced", format!("after {n}")).await);
    }
    let stats = format!("{}/events/stats", process.url);
    let stats: Value = http.get(stats).send().await.unwrap().json().await.unwrap();
    let epoch = stats["rooms"][0]["epoch"].as_str().unwrap().to_owned();
    process.kill();
    let left = machine.after(&[]);
    let seen = Seen { epochs: vec![epoch], ..Seen::default() };
    assert!(!check(left.path(), &told, &seen, "a failed sync").await, "also what was only logged before it");
}
