//! Programs of the configuration: what they see, what they may leave behind, and how many there are.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use support::PATIENCE;
use support::process::{Process, command};

/// A server with a configuration, and a directory for it.
struct Realm {
    server: Process,
    http: reqwest::Client,
    dir: tempfile::TempDir,
}

impl Realm {
    /// `config` may name the directory as `DIR`.
    fn start(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("arcane.toml");
        std::fs::write(&file, config.replace("DIR", dir.path().to_str().unwrap())).unwrap();
        Self::in_dir(dir)
    }

    /// A server on what another one has left.
    fn in_dir(dir: tempfile::TempDir) -> Self {
        let mut command = command(&dir.path().join("data"));
        command.arg("--config").arg(dir.path().join("arcane.toml")).env("ARCANE_TEST_SECRET", "secret");
        let server = Process::try_start_logged(command, &dir.path().join("log")).unwrap();
        Self { server, http: support::http_client(), dir }
    }

    async fn ask(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.server.url)).json(&body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The number that a program wrote into a file.
    fn pid(&self, name: &str) -> u32 {
        std::fs::read_to_string(self.file(name)).unwrap().trim().parse().unwrap()
    }
}

/// State and parent of each process.
fn processes() -> Vec<(u32, String, u32)> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let look = |id| {
        let stat = std::fs::read(format!("/proc/{id}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat).into_owned();
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        Some((id, fields.next()?.to_owned(), fields.next()?.parse().ok()?))
    };
    numbers.filter_map(look).collect()
}

fn lives(id: u32) -> bool {
    processes().iter().any(|(other, state, _)| *other == id && state != "Z")
}

/// Waits for something that other processes do, up to a limit.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Starts a process in a session of its own, without a variable or a stream of the program, and waits until it is there.
const DETACHED: &str = "env -i setsid sh -c 'echo $$ > DIR/pid.new; mv DIR/pid.new DIR/pid; exec sleep 600' \
                        </dev/null >/dev/null 2>&1 & while ! [ -e DIR/pid ]; do sleep 0.01; done";

#[tokio::test]
async fn nothing_that_a_program_starts_outlives_it_not_even_as_a_zombie() {
    let realm = Realm::start(&format!(
        "[daemons.forker]\nconduit = \"command\"\nprogram = \"/bin/sh\"\n\
         args = [\"-c\", \"\"\"{DETACHED}; for n in 1 2 3; do (setsid true &); done; echo done\"\"\"]"
    ));
    assert_eq!(realm.ask("/summon", json!({"daemon_name": "forker"})).await.0, 200);
    let (status, answer) = realm.ask("/invoke", json!({"daemon_name": "forker", "task": "x"})).await;
    assert_eq!((status, &answer["result"]), (200, &json!("done\n")), "{answer}");
    assert!(!lives(realm.pid("pid")));
    let server = realm.server.id();
    until("no child is left", || !processes().iter().any(|(_, _, parent)| *parent == server)).await;
}

#[tokio::test]
async fn a_program_that_has_ended_is_answered_whoever_holds_its_output() {
    let realm = Realm::start(
        "[daemons.loose]\nconduit = \"command\"\nprogram = \"sh\"\ntimeout_s = 600\n\
         args = [\"-c\", \"sleep 600 & env -i setsid sleep 600 & echo done\"]",
    );
    realm.ask("/summon", json!({"daemon_name": "loose"})).await;
    let invoke = realm.ask("/invoke", json!({"daemon_name": "loose", "task": "x"}));
    let (status, answer) =
        tokio::time::timeout(PATIENCE, invoke).await.expect("long before its time is over");
    assert_eq!((status, &answer["result"]), (200, &json!("done\n")), "{answer}");
    let server = realm.server.id();
    until("no child is left", || !processes().iter().any(|(_, _, parent)| *parent == server)).await;
}

#[tokio::test]
async fn an_invocation_whose_server_was_killed_is_closed_by_the_next_one() {
    let mut realm = Realm::start(
        "[daemons.slow]\nconduit = \"command\"\nprogram = \"/bin/sh\"\n\
         args = [\"-c\", \"touch DIR/began; while [ -e DIR/began ]; do sleep 0.05; done\"]",
    );
    assert_eq!(realm.ask("/summon", json!({"daemon_name": "slow"})).await.0, 200);
    let url = format!("{}/invoke", realm.server.url);
    let asking = realm.http.post(url).json(&json!({"daemon_name": "slow", "task": "dig"})).send();
    let asking = tokio::spawn(asking);
    until("the program runs", || realm.file("began").exists()).await;
    for _ in 0..2 {
        let Realm { server, dir, .. } = realm;
        server.kill();
        realm = Realm::in_dir(dir);
        let closed = async {
            loop {
                let url = format!("{}/events?limit=100", realm.server.url);
                let page: Value = realm.http.get(url).send().await.unwrap().json().await.unwrap();
                let events = page["events"].as_array().unwrap().clone();
                let ends: Vec<Value> =
                    events.into_iter().filter(|event| event["spell_name"] == "invoke").collect();
                if !ends.is_empty() {
                    return ends;
                }
            }
        };
        let ends = tokio::time::timeout(PATIENCE, closed).await.unwrap();
        assert_eq!(ends.len(), 1, "once, however often a server is started: {ends:?}");
        let metadata = &ends[0]["metadata"];
        assert_eq!((&ends[0]["success"], &metadata["abandoned"]), (&json!(false), &json!(true)));
        assert_eq!((&metadata["task"], &metadata["invocation_number"]), (&json!("dig"), &json!(1)));
    }
    assert!(asking.await.unwrap().is_err(), "who asked was not answered");
    std::fs::remove_file(realm.file("began")).unwrap();
}

#[tokio::test]
async fn a_program_sees_none_of_the_servers_secrets_unless_it_is_named() {
    let realm = Realm::start(
        "[daemons.plain]\nconduit = \"command\"\nprogram = \"env\"\n\
         [daemons.trusted]\nconduit = \"command\"\nprogram = \"env\"\npass_env = [\"ARCANE_TEST_SECRET\"]",
    );
    let see = async |name: &str| {
        realm.ask("/summon", json!({"daemon_name": name})).await;
        let (_, answer) = realm.ask("/invoke", json!({"daemon_name": name, "task": "x"})).await;
        answer["result"].as_str().unwrap().to_owned()
    };
    let (plain, trusted) = (see("plain").await, see("trusted").await);
    assert!(plain.contains("PATH=") && !plain.contains("SECRET") && !plain.contains("CARGO"), "{plain}");
    assert!(trusted.contains("ARCANE_TEST_SECRET=secret"), "{trusted}");
}

#[tokio::test]
async fn three_hundred_voices_are_eight_programs_at_a_time_and_leave_nothing_behind() {
    let realm = Realm::start(
        "[voice]\nprogram = \"/bin/sh\"\ntimeout_s = 120\n\
         args = [\"-c\", \"setsid sleep 600 & echo $! > DIR/started/$$; \
         while ! [ -e DIR/gate ]; do sleep 0.05; done; cat > {file}\"]",
    );
    let started = realm.file("started");
    std::fs::create_dir(&started).unwrap();
    let count = || std::fs::read_dir(&started).unwrap().count();
    let lines = (0..300).map(|n| format!("line {n}"));
    let mut asked: FuturesUnordered<_> =
        lines.map(|text| realm.ask("/voice", json!({"daemon_name": "claude", "text": text}))).collect();
    // Eight are spoken, 64 wait; the others are told at once.
    for _ in 0..300 - 72 {
        let (status, answer) = asked.next().await.unwrap();
        assert_eq!((status, &answer["status"]), (200, &json!("narrated")), "{answer}");
    }
    until("eight are spoken", || count() == 8).await;
    std::fs::write(realm.file("gate"), "").unwrap();
    while let Some((status, answer)) = asked.next().await {
        assert_eq!((status, &answer["status"]), (200, &json!("spoken")), "{answer}");
    }
    assert_eq!(count(), 72);
    for entry in std::fs::read_dir(&started).unwrap() {
        let left: u32 = std::fs::read_to_string(entry.unwrap().path()).unwrap().trim().parse().unwrap();
        until("nothing that it started is left", || !lives(left)).await;
    }
    let server = realm.server.id();
    until("no child is left", || !processes().iter().any(|(_, _, parent)| *parent == server)).await;
}

#[tokio::test]
async fn the_same_line_is_spoken_once_however_many_ask_for_it() {
    let realm = Realm::start(
        "[voice]\nprogram = \"/bin/sh\"\ntimeout_s = 60\n\
         args = [\"-c\", \"echo x >> DIR/spoken; cat > {file}\"]",
    );
    let say = || realm.ask("/voice", json!({"daemon_name": "claude", "text": "the same"}));
    let mut asked: FuturesUnordered<_> = (0..50).map(|_| say()).collect();
    while let Some((_, answer)) = asked.next().await {
        assert_eq!(answer["status"], "spoken", "{answer}");
    }
    assert_eq!(std::fs::read_to_string(realm.file("spoken")).unwrap(), "x\n");
}

#[tokio::test]
async fn what_a_program_says_cannot_forge_the_servers_log() {
    let realm = Realm::start(
        "[daemons.liar]\nconduit = \"command\"\nprogram = \"/bin/sh\"\n\
         args = [\"-c\", '''printf '\\033[2Jcleared\\n2031-01-01T00:00:00Z ERROR forged\\302\\233' >&2; exit 1''']",
    );
    realm.ask("/summon", json!({"daemon_name": "liar"})).await;
    let (status, problem) = realm.ask("/invoke", json!({"daemon_name": "liar", "task": "x"})).await;
    assert_eq!(status, 502);
    assert!(
        problem["detail"].as_str().unwrap().contains("\u{1b}[2Jcleared\n2031"),
        "to its caller, as it was"
    );
    let log = || std::fs::read_to_string(realm.file("log")).unwrap();
    until("the log tells of it", || log().contains("cleared")).await;
    let log = log();
    assert!(!log.contains('\u{1b}') && !log.contains('\u{9b}'), "{log:?}");
    assert_eq!(log.lines().filter(|line| line.contains("forged")).count(), 1);
    assert!(!log.lines().any(|line| line.starts_with("2031")), "{log}");
}

#[tokio::test]
async fn a_server_that_stops_leaves_no_program_behind() {
    let realm = Realm::start(&format!(
        "[daemons.forker]\nconduit = \"command\"\nprogram = \"/bin/sh\"\nargs = [\"-c\", \"\"\"{DETACHED}; sleep 600\"\"\"]"
    ));
    realm.ask("/summon", json!({"daemon_name": "forker"})).await;
    // Whoever asked has gone away: only the invocation itself is under way.
    let asking = realm.ask("/invoke", json!({"daemon_name": "forker", "task": "x"}));
    tokio::select! {
        (status, answer) = asking => panic!("{status} {answer}"),
        () = until("the program runs", || realm.file("pid").exists()) => {}
    }
    let left = realm.pid("pid");
    realm.server.stop();
    assert!(!lives(left));
}

#[tokio::test]
async fn nor_does_one_that_is_told_to_hurry() {
    let realm = Realm::start(&format!(
        "[daemons.forker]\nconduit = \"command\"\nprogram = \"/bin/sh\"\nargs = [\"-c\", \"\"\"{DETACHED}; sleep 600\"\"\"]"
    ));
    realm.ask("/summon", json!({"daemon_name": "forker"})).await;
    let invoke = json!({"daemon_name": "forker", "task": "x"});
    let asking = realm.http.post(format!("{}/invoke", realm.server.url)).json(&invoke).send();
    let file = realm.file("pid");
    let ending = async {
        until("the program runs", || file.exists()).await;
        let server = realm.server.id();
        let pid = rustix::process::Pid::from_raw(i32::try_from(server).unwrap()).unwrap();
        until("the server ends", || {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            !lives(server)
        })
        .await;
    };
    // Whoever waits for an answer does not keep the server.
    let (_, ()) = tokio::join!(asking, ending);
    assert!(!lives(realm.pid("pid")));
}
