//! A server that is killed at any moment: what was answered is there, and readers miss nothing.
//!
//! Ten rounds; `ARCANE_CRASHES=100 cargo test -p arcane-server --test crash` plays more.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use support::load::{self, Ledger};
use support::process::Process;
use tokio::sync::watch;

fn rounds() -> usize {
    std::env::var("ARCANE_CRASHES").map_or(10, |n| n.parse().unwrap())
}

/// Numbers that nobody can foresee, as the moment of a crash.
fn dice() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

use std::hash::{BuildHasher, Hasher};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_loses_nothing_that_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    let (place, server) = watch::channel(None);
    let (stop, stopped) = watch::channel(false);
    let (goal, until) = watch::channel(None);
    let ledger = Ledger::default();
    let mut publishers = Vec::new();
    for (ack, batch, keyed) in [
        ("logged", 1, false),
        ("logged", 20, false),
        ("synced", 1, false),
        ("synced", 7, true),
        ("logged", 3, true),
    ] {
        let publisher = load::publish(server.clone(), ledger.clone(), ack, batch, keyed, stopped.clone());
        publishers.push(tokio::spawn(publisher));
    }
    let readers: Vec<_> = (0..3).map(|_| tokio::spawn(load::read(server.clone(), until.clone()))).collect();
    for _ in 0..rounds() {
        let process = Process::start(dir.path());
        let (before, more) = (ledger.len(), 50 + dice() % 400);
        place.send(Some(process.url.clone())).unwrap();
        // Under load for as long as it takes to get some answers, then at any moment of the next milliseconds.
        while ((ledger.len() - before) as u64) < more {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_micros(dice() % 3000)).await;
        process.kill();
        place.send(None).unwrap();
    }
    let process = Process::start(dir.path());
    place.send(Some(process.url.clone())).unwrap();
    stop.send(true).unwrap();
    for publisher in publishers {
        publisher.await.unwrap();
    }
    let kept = load::history(&process.url).await;
    goal.send(Some(kept.len() as u64)).unwrap();
    load::is_kept(&ledger, &kept);
    for reader in readers {
        let seen = tokio::time::timeout(Duration::from_secs(60), reader).await.unwrap().unwrap();
        assert_eq!(seen.faults, Vec::<String>::new());
        assert_eq!(seen.epochs.len(), 1, "nothing is missing, so nobody begins anew: {:?}", seen.resumes);
        assert_eq!(seen.events.len(), kept.len());
        process_has(&seen.events, dir.path());
    }
    process.stop();
}

/// What a reader saw, some of it before a crash, is what the log has, to the byte.
fn process_has(seen: &BTreeMap<u64, String>, dir: &std::path::Path) {
    assert_eq!(load::exported(dir), *seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_was_told_too_early_changes_the_epoch_if_it_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let http = support::http_client();
    let (mut lost, mut kept) = (0, 0);
    for round in 0..rounds() {
        let process = Process::start(dir.path());
        // Until the disk knows that events are being written, no number is told too early.
        let first = http.post(format!("{}/events", process.url)).json(&support::event("first")).send();
        let first: Value = first.await.unwrap().json().await.unwrap();
        let mut told = first["events"][0]["seq"].as_u64().unwrap();
        let epoch = epoch_of(&process.url).await;
        // Every other time somebody holds the database, so that nothing of it can be written.
        let other = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
        if round % 2 == 1 {
            other.busy_timeout(support::PATIENCE).unwrap();
            other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        }
        let burst = (0..40).map(|n| {
            let body = support::event(&format!("round {round} event {n}"));
            http.post(format!("{}/events?ack=received", process.url)).json(&body).send()
        });
        for answer in futures_util::future::join_all(burst).await {
            let answer = answer.unwrap();
            // Somebody holds it for too long: then that is the answer, and nothing was told.
            if answer.status() == 201 {
                let answer: Value = answer.json().await.unwrap();
                told = told.max(answer["events"][0]["seq"].as_u64().unwrap());
            }
        }
        process.kill();
        drop(other);
        let process = Process::start(dir.path());
        let head = load::history(&process.url).await.len() as u64;
        let is_lost = head < told;
        assert_eq!(epoch_of(&process.url).await != epoch, is_lost, "told {told}, has {head}");
        if is_lost {
            lost += 1;
        } else {
            kept += 1;
        }
        process.kill();
    }
    assert!(lost > 0 && kept > 0, "{lost} lost, {kept} kept: both were tried");
}

async fn epoch_of(url: &str) -> String {
    let stats: Value = reqwest::get(format!("{url}/events/stats")).await.unwrap().json().await.unwrap();
    stats["rooms"][0]["epoch"].as_str().unwrap().to_owned()
}
