//! A disk that is full, a database that somebody holds, a file that is not what was written: nothing answers success
//! that isn't, readers live on, and it goes on by itself where it can.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::process::{Process, command};
use support::{TestServer, event, load};

/// Publishes until the server answers `status`.
async fn publish_until(server: &TestServer, status: u16) -> Value {
    let mut refused = Value::Null;
    let waiting = async {
        loop {
            let (got, answer) = server.ask("/events", event(&"x".repeat(2000))).await;
            if got == status {
                refused = answer;
                return;
            }
        }
    };
    tokio::time::timeout(support::PATIENCE, waiting).await.expect("the answer in time");
    refused
}

/// While the log cannot be written: refusals, a reader that is still there, and afterwards no hole.
async fn while_it_cannot_be_written(server: &TestServer, says: &str, mend: impl FnOnce()) {
    let mut reader = server.connect("recent=0").await;
    let mut last = reader.next().await["seq"].as_u64().unwrap();
    let refused = publish_until(server, 503).await;
    assert_eq!((&refused["type"], &refused["status"]), (&json!("/docs#problem-log"), &json!(503)));
    assert!(refused["detail"].as_str().unwrap().contains(says), "{refused}");
    let (status, ready) = server.look("/ready").await;
    assert_eq!((status, &ready["ready"]), (503, &json!(false)));
    assert!(ready["reason"].as_str().unwrap().contains(says), "{ready}");
    assert_eq!(server.ask("/summon", json!({"daemon_name": "gemini"})).await.0, 503);
    assert_eq!(server.look("/daemons/gemini").await.1["daemon"]["is_active"], false, "nothing half done");
    assert_eq!(server.look("/events/recent").await.0, 200, "memory is still there");
    mend();
    publish_until(server, 201).await;
    assert_eq!(server.ask("/summon", json!({"daemon_name": "gemini"})).await.0, 200);
    assert_eq!(server.look("/ready").await.0, 200);
    let (_, stats) = server.look("/events/stats").await;
    let head = stats["rooms"][0]["seq"].as_u64().unwrap();
    while last < head {
        last += 1;
        assert_eq!(reader.next().await["seq"], last, "the reader has lived on, and there is no hole");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_goes_on_when_there_is_room_where_mounting_is_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(dir.path(), "size=3m", "a disk that is full") else { return };
    let server = TestServer::in_dir(&dir.path().join("data")).await;
    server.publish(event("first")).await;
    let filler = dir.path().join("filler");
    fill(&filler);
    while_it_cannot_be_written(&server, "the disk of the event log is full", || {
        std::fs::remove_file(&filler).unwrap();
    })
    .await;
    let before = load::history(&server.url("")).await;
    server.stop().await;
    let server = TestServer::in_dir(&dir.path().join("data")).await;
    let after = load::history(&server.url("")).await;
    assert_eq!(after[..before.len()], before, "what was answered is there");
    server.stop().await;
    drop(disk);
}

/// Takes all the room there is.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    for bytes in [65_536, 4096, 1] {
        while file.write_all(&vec![0; bytes]).is_ok() {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_another_program_holds_refuses_and_goes_on_when_it_lets_go() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    server.publish(event("first")).await;
    let other = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    // The server may be in the middle of a commit.
    other.busy_timeout(support::PATIENCE).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    while_it_cannot_be_written(&server, "another program holds the event log", || {
        other.execute_batch("ROLLBACK").unwrap();
    })
    .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_set_back_by_an_hour_changes_no_order() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    for n in 0..3 {
        server.publish(event(&n.to_string())).await;
    }
    server.stop().await;
    // As if the clock had been an hour ahead until now.
    let database = || rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    let hour = "UPDATE events SET at = at + 3600000000; UPDATE rooms SET at = at + 3600000000";
    database().execute_batch(hour).unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let mut reader = server.connect("since=1").await;
    assert_eq!(reader.next().await["resume"]["count"], 2);
    for seq in 4..=5 {
        assert_eq!(server.publish(event(&seq.to_string())).await, seq);
    }
    for seq in 2..=5 {
        assert_eq!(reader.next().await["seq"], seq);
    }
    let mut replay = server.connect("from=2020-01-01T00:00:00&speed=100").await;
    replay.next().await;
    for seq in 1..=5 {
        assert_eq!(replay.next().await["seq"], seq);
    }
    assert_eq!(server.look("/events/activity").await.0, 200);
    server.stop().await;
    let database = database();
    let mut rows = database.prepare("SELECT at FROM events ORDER BY id").unwrap();
    let times: Vec<i64> = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(times.is_sorted() && times.len() == 5, "{times:?}");
}

/// What a server says that does not start.
fn refused(dir: &Path) -> String {
    Process::try_start(command(dir)).err().expect("it does not start")
}

#[test]
fn a_directory_that_cannot_be_used_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "no directory").unwrap();
    let said = refused(&file);
    assert!(said.contains("cannot use the data directory") && said.contains("file"), "{said}");

    let other = dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    rusqlite::Connection::open(other.join("events.db"))
        .unwrap()
        .execute_batch("CREATE TABLE theirs(x)")
        .unwrap();
    let said = refused(&other);
    assert!(said.contains("events.db as an event log: it is a database of another program"), "{said}");

    let text = dir.path().join("text");
    std::fs::create_dir(&text).unwrap();
    std::fs::write(
        text.join("events.db"),
        "no database at all, but long enough to be looked at ".repeat(100),
    )
    .unwrap();
    let said = refused(&text);
    assert!(said.contains("is damaged") && said.contains("arcane export --salvage"), "{said}");
}

#[test]
fn a_directory_that_is_read_only_is_explained_where_mounting_is_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let Some(_disk) = Disk::mount(dir.path(), "ro,size=1m", "a directory that is read-only") else { return };
    let said = refused(dir.path());
    assert!(
        said.contains("cannot use the data directory") && said.contains("Read-only file system"),
        "{said}"
    );
}

/// Damages a log at many places; what is served is what was written, or nothing, with the reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_damaged_is_never_served_as_if_it_were_sound() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    for chunk in 0..10 {
        let batch: Vec<Value> =
            (0..100).map(|n| event(&format!("{chunk} {n} {}", "x".repeat(n * 7)))).collect();
        assert_eq!(server.ask("/events", json!(batch)).await.0, 201);
    }
    let before = load::history(&server.url("")).await;
    server.stop().await;
    let path = dir.path().join("events.db");
    let whole = std::fs::read(&path).unwrap();
    let (mut refused, mut found, mut sound) = (0, 0, 0);
    for round in 0..24_usize {
        let mut bytes = whole.clone();
        match round % 3 {
            0 => bytes.truncate(whole.len() * (round + 1) / 26),
            // A bit in the middle of a page, most likely within an event.
            1 => bytes[(whole.len() / 25 * (round + 1)) | 0x800] ^= 0x04,
            // What a page is.
            _ => bytes[whole.len() / 25 * (round + 1) / 4096 * 4096] ^= 0x1F,
        }
        let copy = tempfile::tempdir().unwrap();
        std::fs::write(copy.path().join("events.db"), &bytes).unwrap();
        match Process::try_start(command(copy.path())) {
            Err(said) => {
                assert!(said.contains("events.db"), "{said}");
                refused += 1;
            }
            Ok(process) => {
                let is_found = look(&process.url, &before).await;
                found += usize::from(is_found);
                sound += usize::from(!is_found);
            }
        }
    }
    assert!(refused >= 8 && found >= 4, "{refused} refused, {found} found, {sound} sound");
}

/// Holds what is served against what was written, and waits until the damage is found or everything was right.
async fn look(url: &str, before: &[Value]) -> bool {
    let http = support::http_client();
    let mut served = 0;
    for after in 0..before.len() {
        let page = http.get(format!("{url}/events?limit=1&after={after}")).send().await.unwrap();
        if page.status() == 200 {
            let page: Value = page.json().await.unwrap();
            for event in page["events"].as_array().unwrap() {
                let seq = usize::try_from(event["seq"].as_u64().unwrap()).unwrap();
                assert_eq!(*event, before[seq - 1]);
                served += usize::from(seq == after + 1);
            }
        } else {
            assert_eq!(page.status(), 503);
        }
    }
    if served == before.len() {
        return false;
    }
    let found = async {
        loop {
            let answer = http.post(format!("{url}/events")).json(&event("x")).send().await.unwrap();
            if answer.status() == 503 {
                let problem: Value = answer.json().await.unwrap();
                assert!(problem["detail"].as_str().unwrap().contains("arcane export --salvage"), "{problem}");
                return;
            }
        }
    };
    tokio::time::timeout(support::PATIENCE, found).await.expect("the damage is found");
    true
}

/// A small file system of its own.
struct Disk(std::path::PathBuf);

impl Disk {
    /// `None` where this may not be made, which is said in the output of the tests.
    fn mount(at: &Path, options: &str, what: &str) -> Option<Self> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            _ => {
                support::not_tested_here(&format!("{what}: mounting a file system is not allowed"));
                None
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
