//! A log as lines of text, and back; and what can be saved of a damaged one.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use support::{TestServer, event};

fn arcane(args: &[&str], dir: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args(args).arg("--data-dir").arg(dir).env_remove("ARCANE_CONFIG").output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A log with some events in two rooms, and somebody present.
async fn filled(dir: &Path, events: usize) {
    let server = TestServer::in_dir(dir).await;
    server.ask("/summon", json!({"daemon_name": "claude"})).await;
    let batch: Vec<Value> = (0..events).map(|n| event(&format!("{n} {}", "é".repeat(n % 3000)))).collect();
    for chunk in batch.chunks(200) {
        assert_eq!(server.ask("/events", json!(chunk)).await.0, 201);
    }
    server.ask("/events?room=lab", event("in the lab")).await;
    server.stop().await;
}

async fn epoch(server: &TestServer) -> Value {
    server.look("/events/stats").await.1["rooms"][0]["epoch"].clone()
}

async fn events(server: &TestServer) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), String::from("0"));
    loop {
        let (_, page) = server.look(&format!("/events?limit=1000&after={after}")).await;
        events.extend(page["events"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = next.into(),
            None => return events,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_imported_to_the_byte() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path(), 300).await;
    let export = arcane(&["export"], dir.path());
    assert!(export.status.success(), "{}", said(&export));
    let file = copy.path().join("export.ndjson");
    std::fs::write(&file, &export.stdout).unwrap();
    let data = copy.path().join("data");
    let import = arcane(&["import", file.to_str().unwrap()], &data);
    assert!(
        import.status.success() && said(&import).contains("imported 303 events of 2 rooms"),
        "{}",
        said(&import)
    );
    let again = arcane(&["export"], &data);
    let lines = |bytes: &[u8]| -> Vec<String> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.lines().filter(|line| !line.contains("\"type\":\"room\"")).map(str::to_owned).collect()
    };
    assert_eq!(
        lines(&again.stdout),
        lines(&export.stdout),
        "events and state to the byte; only epochs are new"
    );

    let original = TestServer::in_dir(dir.path()).await;
    let copied = TestServer::in_dir(&data).await;
    assert_eq!(events(&copied).await, events(&original).await);
    assert_eq!(copied.look("/daemons/claude").await.1["daemon"]["is_active"], true);
    assert_ne!(epoch(&copied).await, epoch(&original).await, "nobody goes on with a position of another log");
    copied.publish(event("goes on")).await;

    let refused = arcane(&["import", file.to_str().unwrap()], &data);
    assert!(
        said(&refused).contains("in use") || said(&refused).contains("uses the data directory"),
        "{}",
        said(&refused)
    );
    copied.stop().await;
    let refused = arcane(&["import", file.to_str().unwrap()], &data);
    assert!(said(&refused).contains("holds an event log already"), "{}", said(&refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_whole_export_leaves_nothing_behind() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path(), 20).await;
    let export = arcane(&["export"], dir.path()).stdout;
    let text = String::from_utf8(export).unwrap();
    let cut: Vec<&str> = text.lines().take(10).collect();
    let changed = text.replacen("\"seq\":5,", "\"seq\":4,", 1);
    for (wrong, says) in [
        (cut.join("\n"), "it was cut off"),
        (changed, "line 7: events have numbers that grow; the last was 4"),
        (String::from("{}"), "line 1: "),
        (String::new(), "it was cut off"),
    ] {
        let file = copy.path().join("wrong.ndjson");
        std::fs::write(&file, wrong).unwrap();
        let data = copy.path().join("data");
        let import = arcane(&["import", file.to_str().unwrap()], &data);
        assert!(!import.status.success() && said(&import).contains(says), "{says}: {}", said(&import));
        assert!(!data.join("events.db").exists());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_read_of_a_damaged_log_is_saved() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 2000).await;
    let server = TestServer::in_dir(dir.path()).await;
    let before = events(&server).await;
    server.stop().await;
    let path = dir.path().join("events.db");
    let whole = std::fs::read(&path).unwrap();
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 3] = [
        ("its first page is gone", |bytes| bytes[..4096].fill(0)),
        ("it was cut off", |bytes| bytes.truncate(bytes.len() * 2 / 3)),
        ("a stretch is overwritten", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle..middle + 20_000].fill(0xA5);
        }),
    ];
    for (name, damage) in damages {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        std::fs::write(&path, &bytes).unwrap();
        let saved = arcane(&["export", "--salvage"], dir.path());
        assert!(saved.status.success(), "{name}: {}", said(&saved));
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("saved.ndjson");
        std::fs::write(&file, &saved.stdout).unwrap();
        let data = data.path().join("data");
        let import = arcane(&["import", file.to_str().unwrap()], &data);
        assert!(import.status.success(), "{name}: {}", said(&import));
        let server = TestServer::in_dir(&data).await;
        let after = events(&server).await;
        assert!(after.len() > before.len() / 3, "{name}: {} of {}", after.len(), before.len());
        for event in &after {
            let seq = usize::try_from(event["seq"].as_u64().unwrap()).unwrap();
            assert_eq!(*event, before[seq - 1], "{name}");
        }
        // What is missing is told, and everything goes on.
        let mut reader = server.connect("since=0").await;
        reader.say(json!({"type": "hello"})).await;
        server.publish(json!({"spell_name": "reveal", "description": "goes on"})).await;
        loop {
            let message = reader.next().await;
            if message["type"] == "gap" {
                assert_eq!(message["reason"], "damaged", "{name}");
            }
            if message["description"] == "goes on" {
                break;
            }
        }
        server.stop().await;
    }
}

/// A process that reads what it is given, and then waits for more.
fn importing(data: &Path, lines: &[u8]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args(["import", "--data-dir"]).arg(data).env_remove("ARCANE_CONFIG");
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(lines).unwrap();
    child
}

/// Waits until some of an import is in a file.
async fn until_something_is_written(data: &Path) {
    let written = || {
        let files = std::fs::read_dir(data).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum::<u64>() > 1_000_000
    };
    let waiting = async {
        while !written() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(support::PATIENCE, waiting).await.expect("the import is under way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_killed_leaves_no_log_behind() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path(), 300).await;
    let export = String::from_utf8(arcane(&["export"], dir.path()).stdout).unwrap();
    // More than a transaction of the same: only the numbers differ.
    let mut lines: Vec<String> = export.lines().map(str::to_owned).collect();
    let event = lines.iter().find(|line| line.contains("\"seq\":2,") && line.contains("\"main\"")).unwrap();
    let events = 12_000;
    let room = json!({"type": "room", "room": "main", "first": 1, "head": events}).to_string();
    let many = (1..=events).map(|seq| event.replacen("\"seq\":2,", &format!("\"seq\":{seq},"), 1));
    let end = format!("{{\"type\":\"end\",\"events\":{events}}}");
    lines = [lines[0].clone(), room].into_iter().chain(many).chain([end]).collect();
    let whole = lines.join("\n");
    let data = copy.path().join("data");
    for _ in 0..3 {
        let mut child = importing(&data, &whole.as_bytes()[..whole.len() - 100]);
        until_something_is_written(&data).await;
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!data.join("events.db").exists(), "what is not whole is no log");
    }
    let elsewhere = copy.path().join("elsewhere");
    let mut child = importing(&elsewhere, &whole.as_bytes()[..whole.len() - 100]);
    until_something_is_written(&elsewhere).await;
    child.kill().unwrap();
    child.wait().unwrap();

    let child = importing(&data, whole.as_bytes());
    let imported = child.wait_with_output().unwrap();
    assert!(said(&imported).contains(&format!("imported {events} events")), "{}", said(&imported));
    let files = |dir: &Path| {
        let files =
            std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<String> = files.filter(|name| name.starts_with("events")).collect();
        files.sort();
        files
    };
    assert_eq!(files(&data), ["events.db"], "nothing is left of the attempts");
    let server = TestServer::in_dir(&data).await;
    assert_eq!(server.look("/events/stats").await.1["rooms"][0]["seq"], events);
    server.stop().await;

    let server = TestServer::in_dir(&elsewhere).await;
    assert_eq!(server.look("/events/stats").await.1["rooms"][0]["seq"], 0, "a new log, not a part of one");
    assert!(!files(&elsewhere).iter().any(|name| name.contains("importing")), "{:?}", files(&elsewhere));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_not_imported_beside_the_remains_of_another() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path(), 20).await;
    let export = arcane(&["export"], dir.path()).stdout;
    std::fs::write(copy.path().join("events.db-wal"), "of a log that was moved away").unwrap();
    let refused = importing(copy.path(), &export).wait_with_output().unwrap();
    assert!(said(&refused).contains("holds an event log already"), "{}", said(&refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_that_a_log_cannot_keep_are_refused_and_others_open_again() {
    let event = |room: &str, seq: u64| {
        json!({"spell_name": "reveal", "description": "x", "success": true, "room": room, "seq": seq,
            "timestamp": "2026-01-01T00:00:00Z", "metadata": {}})
        .to_string()
    };
    let room = |name: &str, first: u64, head: u64| {
        json!({"type": "room", "room": name, "first": first, "head": head}).to_string()
    };
    let export = |lines: &[String]| {
        let events = lines.iter().filter(|line| line.contains("spell_name")).count();
        let begin = json!({"type": "arcane-export", "version": 1}).to_string();
        let end = json!({"type": "end", "events": events}).to_string();
        [&[begin], lines, &[end]].concat().join("\n")
    };
    let import = |lines: &[String]| {
        let data = tempfile::tempdir().unwrap();
        let done = importing(data.path(), export(lines).as_bytes()).wait_with_output().unwrap();
        (data, done)
    };
    let last = (1_u64 << 40) - 2;
    for (lines, says) in [
        (
            vec![room("main", 1 << 40, 1 << 40)],
            "line 2: first is 1099511627776; a room's numbers are 1 to 1099511627774",
        ),
        (vec![room("main", u64::MAX, u64::MAX)], "line 2: first is 18446744073709551615;"),
        (vec![room("main", 0, 0)], "line 2: first is 0;"),
        (
            vec![room("main", 1, last), event("main", 1 << 40)],
            "line 3: seq is 1099511627776; a room's numbers are",
        ),
        (vec![room("main", 1, last), event("main", last + 1)], "line 3: seq is 1099511627775;"),
    ] {
        let (data, refused) = import(&lines);
        assert!(!refused.status.success() && said(&refused).contains(says), "{says}: {}", said(&refused));
        assert!(!data.path().join("events.db").exists());
    }

    // A room that begins later than it says, and one that has given all of its numbers beside one that has not.
    let lines = [
        room("main", 3, 7),
        event("main", 5),
        event("main", 7),
        room("full", last, last),
        event("full", last),
    ];
    let (data, done) = import(&lines);
    assert!(said(&done).contains("imported 3 events of 2 rooms; 3 between them"), "{}", said(&done));
    let server = TestServer::in_dir(data.path()).await;
    let (_, stats) = server.look("/events/stats").await;
    assert_eq!(events(&server).await.len(), 2, "{stats}");
    let (status, refused) = server.ask("/events?room=full", support::event("x")).await;
    assert!(status == 503 && refused["detail"].as_str().unwrap().contains("its last number"), "{refused}");
    assert_eq!(server.publish(support::event("x")).await, 8, "the other room goes on");
    server.stop().await;
    TestServer::in_dir(data.path()).await.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_of_what_is_not_there_fails_and_leaves_no_file() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path(), 20).await;
    let file = out.path().join("export.ndjson");
    let nowhere = out.path().join("nowhere");
    let no_log = format!("there is no event log in {};", nowhere.display());
    for (dir, args, says) in [
        (dir.path(), vec!["--room", "labb"], "there is no room \"labb\" in the log; there are main, lab"),
        (&nowhere, vec![], no_log.as_str()),
        (&nowhere, vec!["--salvage"], no_log.as_str()),
    ] {
        let to_file = ["--output", file.to_str().unwrap()];
        for to in [&[] as &[&str], &to_file] {
            let failed = arcane(&[&["export"], args.as_slice(), to].concat(), dir);
            assert_eq!(failed.status.code(), Some(1), "{args:?}");
            assert!(said(&failed).contains(says) && failed.stdout.is_empty(), "{args:?}: {}", said(&failed));
            assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0, "{args:?}");
        }
    }
    let lab = arcane(&["export", "--room", "lab"], dir.path());
    assert!(said(&lab).contains("exported 1 event of 1 room"), "{}", said(&lab));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_a_server_writes_is_not_salvaged() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 20).await;
    let server = TestServer::in_dir(dir.path()).await;
    // Once it answers, the log is its own.
    assert_eq!(server.look("/ready").await.0, 200);
    let salvage = || arcane(&["export", "--salvage"], dir.path());
    let refused = salvage();
    assert!(!refused.status.success() && refused.stdout.is_empty());
    assert!(said(&refused).contains("uses the data directory"), "{}", said(&refused));
    assert!(arcane(&["export"], dir.path()).status.success(), "an export of a sound one is made meanwhile");
    server.stop().await;
    assert!(salvage().status.success());
    // A copy of the file alone, where nothing may be made.
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(dir.path().join("events.db"), copy.path().join("events.db")).unwrap();
    let copied = arcane(&["export", "--salvage"], copy.path());
    assert!(copied.status.success(), "{}", said(&copied));
    assert!(!copy.path().join("lock").exists());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_to_a_file_is_there_whole_or_not_at_all() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path(), 300).await;
    let file = out.path().join("export.ndjson");
    let names = || std::fs::read_dir(out.path()).unwrap().count();
    let export = |dir: &Path| arcane(&["export", "--output", file.to_str().unwrap()], dir);
    // What a killed export left is replaced.
    std::fs::write(out.path().join("export.ndjson.partial"), "half").unwrap();
    let done = export(dir.path());
    assert!(done.status.success(), "{}", said(&done));
    let whole = std::fs::read(&file).unwrap();
    assert_eq!(whole, arcane(&["export"], dir.path()).stdout);
    assert_eq!((file.metadata().unwrap().permissions().mode() & 0o777, names()), (0o600, 1));

    // An export that fails in the middle: the one of before is still there, and nothing else.
    let path = dir.path().join("events.db");
    let damage =
        "UPDATE events SET event = replace(event, 'claude', 'CLAUDE') WHERE id % 1099511627776 = 250";
    rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
    let failed = export(dir.path());
    assert!(!failed.status.success() && said(&failed).contains("event 250 of room main is damaged"));
    assert_eq!((std::fs::read(&file).unwrap(), names()), (whole, 1));

    let link = out.path().join("link.ndjson");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let again = arcane(&["export", "--salvage", "--output", link.to_str().unwrap()], dir.path());
    assert!(again.status.success() && link.is_symlink(), "{}", said(&again));
    assert!(!std::fs::read_to_string(&file).unwrap().contains("\"seq\":250,"));
}
