//! A disk that is full, a database that somebody holds, a file that is not what was written: nothing answers success
//! that isn't, readers live on, and it goes on by itself where it can.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::print_stderr, reason = "a test that cannot be run here says so")]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::machine::{Clock, Machine};
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
async fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(dir.path(), "size=3m") else { return };
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

/// Publishes to a process until it answers `status`, and returns what it says.
async fn ask_until(url: &str, status: u16) -> Value {
    let http = reqwest::Client::new();
    let asking = async {
        loop {
            let event = event(&"x".repeat(20_000));
            let answer = http.post(format!("{url}/events")).json(&event).send().await.unwrap();
            if answer.status() == status {
                return answer.json().await.unwrap();
            }
        }
    };
    tokio::time::timeout(support::PATIENCE, asking).await.expect("the answer in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_nothing_can_be_written_is_told_apart() {
    for (fault, says) in [("erofs", "read-only file system"), ("edquot", "quota of the event log's owner")] {
        let machine = Machine::new();
        let process = machine.start();
        ask_until(&process.url, 201).await;
        machine.fail(fault);
        let refused = ask_until(&process.url, 503).await;
        assert!(refused["detail"].as_str().unwrap().contains(says), "{refused}");
        machine.fail("");
        ask_until(&process.url, 201).await;
        process.stop();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_may_not_grow_refuses_and_goes_on_when_it_may() {
    use rustix::process::{Resource, Rlimit, prlimit};
    let dir = tempfile::tempdir().unwrap();
    let mut limited = Command::new("sh");
    // In blocks of 512 or 1024 bytes: 2 or 4 MiB.
    limited.args(["-c", "ulimit -S -f 4096; exec \"$0\" \"$@\""]);
    let serve = command(dir.path());
    limited.arg(serve.get_program()).args(serve.get_args()).current_dir(std::env::temp_dir());
    limited.env_remove("ARCANE_CONFIG");
    let process = Process::try_start(limited).unwrap();
    let refused = ask_until(&process.url, 503).await;
    assert!(refused["detail"].as_str().unwrap().contains("ulimit -f"), "{refused}");
    let ready = reqwest::get(format!("{}/ready", process.url)).await.unwrap();
    assert_eq!(ready.status(), 503);
    let pid = rustix::process::Pid::from_raw(i32::try_from(process.id()).unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current: None, maximum: None }).unwrap();
    ask_until(&process.url, 201).await;
    process.stop();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_deletes_nothing_forgets_nothing_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    clock.jump(0);
    let start = || clock.start(dir.path(), &["--retention-events", "100", "--retention-days", "30"]);
    let http = reqwest::Client::new();
    let look = async |url: String| http.get(url).send().await.unwrap().json::<Value>().await.unwrap();
    let publish = async |url: &str, key: &str, events: Value| {
        let request = http.post(format!("{url}/events")).header("idempotency-key", key).json(&events);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()["events"][0]["seq"].as_u64().unwrap()
    };
    let clock_is = async |url: &str, says: Option<&str>| {
        let waiting = async {
            loop {
                let ready = look(format!("{url}/ready")).await;
                assert_eq!(ready["ready"], true, "{ready}");
                let said = ready["clock"].as_str();
                if says.map_or(said.is_none(), |says| said.is_some_and(|said| said.contains(says))) {
                    return;
                }
            }
        };
        tokio::time::timeout(support::PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{says:?} in time"));
    };
    let oldest =
        async |url: &str| look(format!("{url}/events/stats")).await["rooms"][0]["oldest"].as_u64().unwrap();
    let batch = |n: usize| json!((0..n).map(|n| event(&n.to_string())).collect::<Vec<_>>());

    let process = start();
    let url = process.url.clone();
    assert_eq!(publish(&url, "first", batch(90)).await, 1);
    clock_is(&url, None).await;
    clock.jump(40 * 86_400);
    clock_is(&url, Some("the clock jumped 40 days ahead; nothing is deleted")).await;
    assert_eq!(publish(&url, "first", batch(90)).await, 1, "the key is known");
    // More than a hundredth beyond the bound: now the oldest go, and with them whatever is too old.
    assert_eq!(publish(&url, "second", batch(20)).await, 91);
    let waiting = async { while oldest(&url).await == 1 {} };
    tokio::time::timeout(support::PATIENCE, waiting).await.expect("the oldest go");
    assert_eq!(oldest(&url).await, 11, "for their number, not for their age");
    process.stop();

    // A server that starts while the clock is wrong knows it, too: the machine was not off.
    let process = start();
    let url = process.url.clone();
    clock_is(&url, Some("the clock jumped")).await;
    assert_eq!(publish(&url, "first", batch(90)).await, 1, "the key is known");
    assert_eq!(oldest(&url).await, 11);
    clock.jump(0);
    clock_is(&url, None).await;
    assert_eq!(publish(&url, "third", batch(1)).await, 111);
    process.stop();
    let database = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    let span: i64 = database.query_row("SELECT max(at) - min(at) FROM events", [], |row| row.get(0)).unwrap();
    assert!(span < 86_400_000_000, "no event stands in the future: {span}");
}

#[test]
fn a_directory_that_cannot_be_used_is_explained() {
    let refused = |dir: &Path| Process::try_start(command(dir)).err().expect("it does not start");
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

    let read_only = dir.path().join("ro");
    std::fs::create_dir(&read_only).unwrap();
    let Some(_disk) = Disk::mount(&read_only, "ro,size=1m") else { return };
    let said = refused(&read_only);
    assert!(
        said.contains("cannot use the data directory") && said.contains("Read-only file system"),
        "{said}"
    );
}

/// The permissions of what is in a directory, and of itself.
fn modes(dir: &Path) -> Vec<(String, u32)> {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let files = entries.map(|entry| (entry.file_name().into_string().unwrap(), mode(&entry.path())));
    let mut modes: Vec<_> = files.chain([(".".into(), mode(dir))]).collect();
    modes.sort();
    modes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_directory_is_its_owners_alone_also_one_that_was_not() {
    use std::os::unix::fs::PermissionsExt;
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let dir = tempfile::tempdir().unwrap();
    let (ours, shared) = (dir.path().join("ours"), dir.path().join("shared"));
    for data in [&ours, &shared] {
        std::fs::create_dir(data).unwrap();
        open(data, 0o755);
    }
    std::fs::write(shared.join("letter"), "of another program").unwrap();
    open(&shared.join("letter"), 0o644);
    for data in [&ours, &shared] {
        for round in 0..2 {
            let process = Process::start(data);
            let http = reqwest::Client::new();
            let answer = http.post(format!("{}/events", process.url)).json(&event("x")).send().await.unwrap();
            assert_eq!(answer.status(), 201);
            // The index exists once a question was answered from it.
            let found = format!("{}/events?spell=invoke", process.url);
            assert_eq!(http.get(found).send().await.unwrap().status(), 200);
            let modes = modes(data);
            for name in ["events.db", "events.db-wal", "events.db-shm", "index.db", "continuity", "lock"] {
                assert!(modes.contains(&(name.into(), 0o600)), "{name}: {modes:?}");
            }
            let own = if *data == ours { 0o700 } else { 0o755 };
            assert!(modes.contains(&(".".into(), own)), "round {round}: {modes:?}");
            process.kill();
            // As an earlier version left them.
            open(data, 0o755);
            for (name, _) in modes.iter().filter(|(name, _)| *name != "." && name != "letter") {
                open(&data.join(name), 0o644);
            }
        }
    }
    assert!(modes(&shared).contains(&("letter".into(), 0o644)), "what is not ours stays as it is");
}

#[test]
fn a_link_in_place_of_a_file_is_refused_and_what_it_points_to_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let precious = dir.path().join("precious");
    std::fs::write(&precious, "of another program").unwrap();
    for name in ["lock", "continuity", "events.db", "events.db-wal", "index.db"] {
        for target in [&precious, &dir.path().join("nothing")] {
            let data = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink(target, data.path().join(name)).unwrap();
            let said = Process::try_start(command(data.path())).err().expect("it does not start");
            assert!(said.contains(&format!("{name} is a symbolic link; remove it")), "{said}");
            assert!(!dir.path().join("nothing").exists());
        }
    }
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "of another program");
    let data = tempfile::tempdir().unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, data.path().join("lock"), 0o600.into()).unwrap();
    let said = Process::try_start(command(data.path())).err().expect("it does not start");
    assert!(said.contains("lock is no file; remove it"), "{said}");
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
    let http = reqwest::Client::new();
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

/// A small file system of its own; `None`, with a word why, where this may not be made.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(at: &Path, options: &str) -> Option<Self> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            _ => {
                eprintln!("not tried: a file system of a certain size cannot be mounted here");
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
