//! The limits of a system: quotas, largest files, modes, a clock that jumps, a reader that stalls.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use support::machine::{Clock, Machine};
use support::process::{Process, command};
use support::{TestServer, event, load};

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Makes a log of an export.
fn import(data: &Path, export: &str) -> Output {
    let file = data.join("export.ndjson");
    std::fs::write(&file, export).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.arg("import").arg(file).arg("--data-dir").arg(data).env_remove("ARCANE_CONFIG").output().unwrap()
}

/// Publishes to a process until it answers `status`, and returns what it says.
async fn ask_until(url: &str, status: u16) -> Value {
    let http = support::http_client();
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
    for (fault, says) in [
        ("erofs", "read-only file system"),
        ("edquot", "quota of the event log's owner"),
        ("enospc", "the disk of the event log is full"),
    ] {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_deletes_nothing_forgets_nothing_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    clock.jump(0);
    let start = || clock.start(dir.path(), &["--retention-events", "100", "--retention-days", "30"]);
    let http = support::http_client();
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
            let http = support::http_client();
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

/// The length of the write-ahead log.
fn wal_bytes(dir: &Path) -> u64 {
    dir.join("events.db-wal").metadata().map_or(0, |file| file.len())
}

const MIB: u64 = 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_stalls_is_one_moment_and_the_write_ahead_log_stays_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let large: Vec<Value> = (0..110).map(|n| event(&format!("{n} {}", "x".repeat(60_000)))).collect();
    server.ask("/summon", json!({"daemon_name": "claude"})).await;
    assert_eq!(server.ask("/events", json!(large)).await.0, 201);
    assert_eq!(server.ask("/events?room=lab", event("before")).await.0, 201);
    let before = load::history(&server.url("")).await.len() + 1;
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args(["export", "--data-dir"]).arg(dir.path()).env_remove("ARCANE_CONFIG");
    let mut export = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(export.stdout.take().unwrap());
    let mut lines = vec![String::new()];
    out.read_line(&mut lines[0]).unwrap();
    // Nobody reads on, while more is published than the write-ahead log may hold.
    let mut longest = 0;
    for _ in 0..30 {
        assert_eq!(server.ask("/events", json!(large)).await.0, 201);
        longest = longest.max(wal_bytes(dir.path()));
    }
    assert_eq!(server.ask("/banish", json!({"daemon_name": "claude"})).await.0, 200);
    assert_eq!(server.ask("/events?room=lab", event("after")).await.0, 201);
    assert!(longest < 170 * MIB, "{} MiB of {} that were published", longest / MIB, 30 * 110 * 60_000 / MIB);
    let shrunk = async {
        while wal_bytes(dir.path()) > MIB {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(support::PATIENCE, shrunk)
        .await
        .expect("a quiet server has a short write-ahead log");

    lines.extend(out.lines().map(Result::unwrap));
    let done = export.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
    let kinds = |word: &str| lines.iter().filter(|line| line.contains(word)).count();
    assert_eq!(kinds("\"spell_name\""), before, "what there was at the beginning: {:?}", lines.last());
    let presence = lines.iter().find(|line| line.contains("state") && line.contains("claude")).unwrap();
    server.stop().await;
    let copy = tempfile::tempdir().unwrap();
    let imported = import(copy.path(), &lines.join("\n"));
    assert!(imported.status.success(), "{}", said(&imported));
    let server = TestServer::in_dir(copy.path()).await;
    assert_eq!(
        server.look("/daemons/claude").await.1["daemon"]["is_active"],
        true,
        "as it was then: {presence}"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_retention_overtakes_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let large: Vec<Value> = (0..110).map(|n| event(&format!("{n} {}", "x".repeat(60_000)))).collect();
    assert_eq!(server.ask("/events", json!(large)).await.0, 201);
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args(["export", "--data-dir"]).arg(dir.path()).env_remove("ARCANE_CONFIG");
    let mut export = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(export.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    assert_eq!(server.purge("/events?before=100").await.0, 200);
    let rest = std::io::read_to_string(out).unwrap();
    let done = export.wait_with_output().unwrap();
    assert!(!done.status.success() && !rest.contains("\"type\":\"end\""));
    assert!(
        said(&done).contains("to 99 of room main were deleted before they were exported: what the export is")
            && said(&done).contains("(--output)"),
        "{}",
        said(&done)
    );
    server.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_to_a_file_that_retention_overtakes_is_not_told_to_use_a_file() {
    use rustix::process::{Pid, Signal, kill_process};
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = TestServer::in_dir(dir.path()).await;
    let large: Vec<Value> = (0..110).map(|n| event(&format!("{n} {}", "x".repeat(60_000)))).collect();
    let file = out.path().join("export.ndjson");
    let partial = out.path().join("export.ndjson.partial");
    for redirected in [false, true] {
        let mut told = None;
        // It may be through before it is stopped.
        for _ in 0..10 {
            let mut last = 0;
            for _ in 0..3 {
                let (status, answer) = server.ask("/events", json!(large)).await;
                assert_eq!(status, 201);
                last = answer["events"].as_array().unwrap().last().unwrap()["seq"].as_u64().unwrap();
            }
            let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
            command.args(["export", "--data-dir"]).arg(dir.path()).env_remove("ARCANE_CONFIG");
            if redirected {
                command.stdout(std::fs::File::create(&partial).unwrap());
            } else {
                command.arg("--output").arg(&file);
            }
            let mut export = command.stderr(Stdio::piped()).spawn().unwrap();
            let pid = Pid::from_child(&export);
            while export.try_wait().unwrap().is_none() && partial.metadata().map_or(0, |file| file.len()) == 0
            {
                tokio::task::yield_now().await;
            }
            let stopped = export.try_wait().unwrap().is_none() && kill_process(pid, Signal::STOP).is_ok();
            assert_eq!(server.purge(&format!("/events?before={last}")).await.0, 200);
            if stopped {
                kill_process(pid, Signal::CONT).unwrap();
            }
            let done = export.wait_with_output().unwrap();
            let _ = std::fs::remove_file(&partial);
            if !done.status.success() {
                told = Some(said(&done));
                break;
            }
        }
        let told = told.expect("an export is overtaken");
        assert!(told.contains("were deleted before they were exported"), "{told}");
        assert!(!told.contains("--output") && told.contains("export again when less is published"), "{told}");
    }
    server.stop().await;
}
