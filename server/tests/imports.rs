//! What an import makes of an export that somebody changed, or that was never whole.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use support::TestServer;

fn room(name: &str, first: u64, head: u64) -> String {
    json!({"type": "room", "room": name, "first": first, "head": head}).to_string()
}

fn event(room: &str, seq: u64) -> String {
    json!({"spell_name": "reveal", "description": "x", "success": true, "room": room, "seq": seq,
        "timestamp": "2026-01-01T00:00:00Z", "metadata": {}})
    .to_string()
}

/// An export with these lines between its first and its last.
fn export(lines: &[String]) -> String {
    let events = lines.iter().filter(|line| line.contains("spell_name")).count();
    let begin = json!({"type": "arcane-export", "version": 1}).to_string();
    let end = json!({"type": "end", "events": events}).to_string();
    [&[begin], lines, &[end]].concat().join("\n")
}

fn import(data: &Path, export: &str) -> Output {
    import_with(data, export, false)
}

fn import_with(data: &Path, export: &str, keep_epoch: bool) -> Output {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), export).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args(["import", "--data-dir"]).arg(data).arg(file.path());
    command.args(keep_epoch.then_some("--keep-epoch"));
    command.env_remove("ARCANE_CONFIG").output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn numbers(events: &Value) -> Vec<u64> {
    events.as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn what_is_after_a_hole_is_recent_at_once() {
    for (holes, after) in [
        (vec![(19, 19)], 20..21),
        (vec![(12, 13)], 14..21),
        (vec![(3, 4), (8, 8), (15, 17)], 18..21),
        (vec![], 1..21),
    ] {
        let seqs = (1..21).filter(|seq| !holes.iter().any(|(from, to)| from <= seq && seq <= to));
        let lines: Vec<String> =
            [room("main", 1, 20)].into_iter().chain(seqs.map(|seq| event("main", seq))).collect();
        let data = tempfile::tempdir().unwrap();
        let done = import(data.path(), &export(&lines));
        assert!(done.status.success(), "{}", said(&done));

        let server = TestServer::in_dir(data.path()).await;
        let after: Vec<u64> = after.collect();
        let (_, recent) = server.look("/events/recent?count=50").await;
        assert_eq!(numbers(&recent["events"]), after, "{holes:?}: {recent}");
        let connection = server.connect("recent=50").await.next().await;
        assert_eq!(numbers(&connection["recent_events"]), after, "{holes:?}");
        server.publish(support::event("goes on")).await;
        let (_, recent) = server.look("/events/recent?count=2").await;
        assert_eq!(numbers(&recent["events"]), [20, 21], "{holes:?}");
        server.stop().await;
    }
}

/// The oldest event may be one that is known to be missing: after a purge into a hole the log opens as before.
#[tokio::test]
async fn a_log_whose_oldest_events_are_missing_opens_again() {
    let lines: Vec<String> =
        (1..21).filter(|seq| !(10..13).contains(seq)).map(|seq| event("main", seq)).collect();
    for before in 9..15 {
        let dir = tempfile::tempdir().unwrap();
        let imported = import(dir.path(), &export(&[vec![room("main", 1, 20)], lines.clone()].concat()));
        assert!(imported.status.success(), "{}", said(&imported));
        let server = TestServer::in_dir(dir.path()).await;
        assert_eq!(server.purge(&format!("/events?before={before}")).await.0, 200);
        server.stop().await;
        let server = TestServer::in_dir(dir.path()).await;
        let kept = (before..21).filter(|seq| !(10..13).contains(seq)).collect::<Vec<u64>>();
        assert_eq!(numbers(&server.look("/events").await.1["events"]), kept);
        assert_eq!(server.publish(json!({"spell_name": "reveal"})).await, 21);
        server.stop().await;
    }
}

fn state(key: &str, value: &str) -> String {
    json!({"type": "state", "key": key, "value": value}).to_string()
}

#[test]
fn what_contradicts_itself_is_refused_with_its_line_and_nothing_is_left() {
    const LAST: u64 = (1 << 40) - 2;
    let with_epoch = |head: u64| {
        json!({"type": "room", "room": "main", "epoch": "e", "first": 1, "head": head}).to_string()
    };
    let key = "key/main/00000000000000000000000000000001";
    for (lines, says) in [
        (vec![room("main", 5, 3)], "line 2: head is 3; of a room whose first is 5 it is at least 4"),
        (vec![room("main", 1, LAST + 1)], "line 2: head is 1099511627775; a room's numbers are 1 to"),
        (vec![room("main", LAST + 1, LAST - 1)], "line 2: first is 1099511627775; a room's numbers are 1 to"),
        (
            vec![room("main", 1, 1), event("main", 1), event("main", 2)],
            "line 4: seq is 2; the room has events 1 to 1, as line 2 says",
        ),
        (vec![room("main", 3, 4), event("main", 2)], "line 3: seq is 2; the room has events 3 to 4"),
        (vec![room("main", 5, 4), event("main", 5)], "line 3: seq is 5; the room has events 5 to 4"),
        (
            vec![room("main", 1, 3), event("main", 1), room("lab", 1, 0)],
            "line 2: head is 3, and what comes of the events of room main ends with 1",
        ),
        (
            vec![room("main", 1, 3), state("x", "y")],
            "line 2: head is 3, and what comes of the events of room main has none",
        ),
        (vec![room("main", 1, 3)], "line 2: head is 3, and"),
        (vec![state("x", "y"), room("main", 1, 0)], "line 3: a room's line comes before the state"),
        (
            vec![with_epoch(1), event("main", 1), state("consumer/main/billing", "e:2 7")],
            "line 4: the value of consumer/main/billing names event 2; the head of its room is 1",
        ),
        (
            vec![room("main", 1, 1), event("main", 1), state(key, "1 2 9 7")],
            "line 4: the value of key/main/00000000000000000000000000000001 names event 2; the head of its room is 1",
        ),
        (vec![state(key, "1 1 9 7")], "names event 1; the head of its room is 0"),
    ] {
        for keep_epoch in [false, true] {
            let data = tempfile::tempdir().unwrap();
            let refused = import_with(data.path(), &export(&lines), keep_epoch);
            assert!(!refused.status.success() && said(&refused).contains(says), "{says}: {}", said(&refused));
            let left: Vec<_> = std::fs::read_dir(data.path()).unwrap().map(|file| file.unwrap()).collect();
            assert!(left.iter().all(|file| file.file_name() == "lock"), "{says}: {left:?}");
        }
    }
}

#[tokio::test]
async fn what_ends_where_it_says_is_imported() {
    let key = "key/main/00000000000000000000000000000001";
    let lines = [
        json!({"type": "room", "room": "main", "epoch": "e", "first": 2, "head": 4}).to_string(),
        event("main", 2),
        event("main", 4),
        // All of its events are past retention.
        room("lab", 8, 7),
        room("new", 1, 0),
        state("consumer/main/at-the-head", "e:4 7"),
        state("consumer/main/of-another-epoch", "d:9 7"),
        state("consumer/gone/of-no-room", "e:9 7"),
        state(key, "3 2 9 7"),
        state(&key.replace("01", "02"), "0 0 9 7"),
        state("of a later version", "99"),
    ];
    let data = tempfile::tempdir().unwrap();
    let done = import_with(data.path(), &export(&lines), true);
    assert!(said(&done).contains("imported 2 events of 3 rooms; 1 between them"), "{}", said(&done));
    let server = TestServer::in_dir(data.path()).await;
    assert_eq!(server.publish(support::event("goes on")).await, 5);
    let (status, answer) = server.ask("/events?room=lab", support::event("goes on")).await;
    assert_eq!((status, &answer["events"][0]["seq"]), (201, &json!(8)));
    server.stop().await;
}

/// An export of what can be read of a log.
fn save(dir: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args(["export", "--salvage", "--data-dir"]).arg(dir).env_remove("ARCANE_CONFIG");
    command.output().unwrap()
}

#[tokio::test]
async fn what_is_saved_of_a_damaged_log_leaves_out_keys_of_lost_events() {
    let (dir, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = TestServer::in_dir(dir.path()).await;
    for n in 1..=3 {
        assert_eq!(server.publish_with_key(&format!("key {n}"), &support::event("x")).await.0, 201);
    }
    server.stop().await;
    let log = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    log.execute_batch("DELETE FROM events WHERE id % 1099511627776 = 3").unwrap();
    drop(log);

    let saved = save(dir.path());
    assert!(
        said(&saved).contains("1 idempotency keys stand for events that cannot be read"),
        "{}",
        said(&saved)
    );
    let done = import(data.path(), &String::from_utf8(saved.stdout).unwrap());
    assert!(done.status.success(), "{}", said(&done));
    let server = TestServer::in_dir(data.path()).await;
    assert_eq!(server.publish(support::event("takes the number of the lost one")).await, 3);
    for (key, seq) in [("key 1", 1), ("key 3", 4)] {
        let (_, answer) = server.publish_with_key(key, &support::event("x")).await;
        assert_eq!(answer["events"][0]["seq"], seq, "{key}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_saved_of_a_room_that_has_let_go_of_its_events_is_taken() {
    let (dir, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = TestServer::in_dir(dir.path()).await;
    server.ask("/events", json!(vec![support::event("let go of"); 40])).await;
    assert_eq!(server.purge("/events?before=41").await.0, 200);
    // Its rows are deleted after that, a few at a time: now they are there, or lie in free pages.
    server.stop().await;
    let saved = save(dir.path());
    let done = import(data.path(), &String::from_utf8(saved.stdout).unwrap());
    assert!(done.status.success() && said(&done).contains("imported 0 events"), "{}", said(&done));
    TestServer::in_dir(data.path()).await.stop().await;
}
