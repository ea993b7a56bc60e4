//! A server whose event log is on a nats-server: how it starts, what it says of its log, and what it does while the log is away.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use arcane_server::config::{Config, Dashboard, KeysConfig, NatsConfig};
use serde_json::{Value, json};
use support::guarded::write_keys;
use support::nats::NatsServer;
use support::process;
use support::{PATIENCE, TestServer, event};

/// How long a start that cannot succeed may take.
const START_MAX: Duration = Duration::from_secs(8);

fn config(server: &NatsServer) -> Config {
    let log = NatsConfig { servers: vec![server.url()], prefix: "arcane".into(), ..NatsConfig::default() };
    Config { dashboard: Dashboard::Off, log: Some(log), ..Config::default() }
}

/// What `arcane serve` says that does not start.
async fn refusal(flags: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut command = process::command(&dir.path().join("data"));
    command.args(flags);
    let began = Instant::now();
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(began.elapsed() < START_MAX, "{flags:?}: {:?}", began.elapsed());
    assert_eq!(output.status.code(), Some(1), "{flags:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    said.lines().last().unwrap().to_owned()
}

/// Asks until the answer of `GET /ready` is this.
async fn until_ready(server: &TestServer, wanted: bool) -> Value {
    let began = Instant::now();
    loop {
        let (status, answer) = server.look("/ready").await;
        assert_eq!(status == 200, answer["ready"] == json!(true), "{answer}");
        if answer["ready"] == json!(wanted) {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "{answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn doctor(url: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").current_dir(home.path());
    command.args(["doctor", "--no-test", "--url", url]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_start_that_cannot_succeed_says_why_and_ends() {
    let nobody = refusal(&["--log", "nats://me:secret@127.0.0.1:1"]).await;
    insta::assert_snapshot!(nobody, @"arcane: --log: no nats-server answers at nats://127.0.0.1:1: IO error: Connection refused (os error 111). Check that one runs there, and that this machine can reach it");
    let Some(bare) = NatsServer::with("# without jetstream\n").await else { return };
    let said = refusal(&["--log", &bare.url(), "--log-replicas", "1"]).await;
    insta::assert_snapshot!(said.replace(&bare.address(), "HOST:PORT"), @"arcane: --log: the nats-server at nats://HOST:PORT has no JetStream, or not for this account (nothing answers for it). Add `jetstream { store_dir: … }` to its configuration and to the account");
    let alone = NatsServer::start().await.unwrap();
    let said = refusal(&["--log", &alone.url()]).await;
    insta::assert_snapshot!(said.replace(&alone.address(), "HOST:PORT"), @"arcane: --log: 3 replicas need a cluster of at least three nats-servers, and the one at nats://HOST:PORT is alone. Set --log-replicas 1, or add servers");
    alone.pause();
    let said = refusal(&["--log", &alone.url(), "--log-replicas", "1"]).await;
    insta::assert_snapshot!(said.replace(&alone.address(), "HOST:PORT"), @"arcane: --log: no nats-server answers at nats://HOST:PORT: timed out. Check that one runs there, and that this machine can reach it");
}

#[tokio::test]
async fn a_stream_with_wrong_settings_is_told_with_what_to_set() {
    let Some(nats) = NatsServer::start().await else { return };
    let client = async_nats::connect(nats.url()).await.unwrap();
    let stream = async_nats::jetstream::stream::Config {
        name: "arcane-room-main".into(),
        subjects: vec!["arcane.room.main.>".into()],
        ..Default::default()
    };
    async_nats::jetstream::new(client).create_stream(stream).await.unwrap();
    let said = refusal(&["--log", &nats.url(), "--log-replicas", "1"]).await;
    insta::assert_snapshot!(said.replace(&nats.address(), "HOST:PORT"), @"arcane: cannot go on with nats://HOST:PORT: the nats-server that keeps the event log refuses this: the stream arcane-room-main cannot keep room main: deny_delete is false, not true: set it with `nats stream edit`; allow_direct is false, not true: set it with `nats stream edit`; allow_atomic is false, not true: set it with `nats stream edit`; republish is none, not arcane.room.main.> to arcane.live.main.>: set it with `nats stream edit`");
}

#[tokio::test]
async fn what_is_on_the_disk_of_a_server_elsewhere_is_not_promised() {
    let Some(nats) = NatsServer::start().await else { return };
    let server = TestServer::with(config(&nats)).await;
    let (status, answer) = server.ask("/events?ack=synced", event("x")).await;
    assert_eq!(status, 422);
    insta::assert_snapshot!(answer["detail"].as_str().unwrap(), @r#"ack: this server keeps events on nats-servers (--log) and cannot answer "synced": log-monitor names no monitoring of the nats-servers, such as http://10.0.0.1:8222, so it is not known whether they have `sync_interval: always`"#);
    assert_eq!(server.ask("/events?ack=logged", event("x")).await.1["ack"], "logged");
}

#[tokio::test]
async fn what_is_on_disks_is_promised_where_each_server_says_that_it_writes_first() {
    const LAZY: &str = "http: \"127.0.0.1:-1\"\n";
    const SYNCED: &str =
        "http: \"127.0.0.1:-1\"\njetstream { store_dir: \"$store\", max_file: 1G, sync_interval: always }\n";
    for (settings, is_promised) in [(LAZY, false), (SYNCED, true)] {
        let Some(nats) = NatsServer::with(settings).await else { return };
        let mut config = config(&nats);
        config.log.as_mut().unwrap().monitors = vec![nats.monitoring()];
        let server = TestServer::with(config).await;
        let (status, answer) = server.ask("/events?ack=synced", event("x")).await;
        let (_, health) = server.look("/health").await;
        assert_eq!(health["log"]["synced"] == true, is_promised, "{health}");
        assert_eq!(doctor(&server.url("")).await.contains("synced"), is_promised);
        if is_promised {
            assert_eq!((status, &answer["ack"]), (201, &json!("synced")), "{answer}");
        } else {
            assert_eq!(status, 422);
            let said = answer["detail"].as_str().unwrap();
            let end = format!(
                "({}) does not have `sync_interval: always` in its `jetstream` block",
                nats.monitoring()
            );
            assert!(said.ends_with(&end), "{said}");
        }
    }
}

#[tokio::test]
async fn while_the_log_is_away_publishing_is_refused_at_once_and_it_comes_back_by_itself() {
    let Some(mut nats) = NatsServer::start().await else { return };
    let server = TestServer::with(config(&nats)).await;
    until_ready(&server, true).await;
    assert_eq!(server.publish(event("before")).await, 1);
    for is_killed in [true, false] {
        if is_killed {
            nats.kill();
        } else {
            nats.pause();
        }
        let mut why = until_ready(&server, false).await;
        // That nothing answers is known before the connection is given up.
        let given_up = async {
            while !why["reason"].as_str().unwrap().contains("there is no connection") {
                why = until_ready(&server, false).await;
            }
        };
        tokio::time::timeout(PATIENCE, given_up).await.unwrap();
        insta::allow_duplicates! { insta::assert_snapshot!(why["reason"].as_str().unwrap(), @"the nats-servers that keep the event log cannot be reached, or have no leader; it goes on by itself once they answer: there is no connection to a nats-server"); }
        let began = Instant::now();
        let answer = server.post("/events", event("away")).await;
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        let answer: Value = answer.json().await.unwrap();
        insta::allow_duplicates! { insta::assert_snapshot!(answer["detail"], @r#""the nats-servers that keep the event log cannot be reached, or have no leader; it goes on by itself once they answer: there is no connection to a nats-server""#); }
        if is_killed {
            nats.start_again().await;
        } else {
            nats.go_on();
        }
        until_ready(&server, true).await;
    }
    assert_eq!(server.publish(event("after")).await, 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_shows_which_servers_keep_the_log() {
    let Some(mut nats) = NatsServer::start().await else { return };
    let server = TestServer::with(config(&nats)).await;
    let (_, mut health) = server.look("/health").await;
    let node = health["log"].as_object_mut().unwrap().remove("node").unwrap();
    assert_eq!(node.as_str().unwrap().len(), 16);
    insta::assert_snapshot!(health["log"].to_string().replace(&nats.address(), "HOST:PORT"), @r#"{"addresses":["nats://HOST:PORT"],"version":"2.15.1","connected":true,"replicas":1,"prefix":"arcane","nodes":1}"#);
    let address = nats.address();
    let line = |said: &str| {
        let lines = said
            .lines()
            .filter(|line| !line.contains("share this log"))
            .skip_while(|line| !line.get(1..).is_some_and(|line| line.starts_with(" log ")))
            .take(2);
        lines.collect::<Vec<_>>().join("\n").replace(&address, "HOST:PORT")
    };
    let told = line(&doctor(&server.url("")).await);
    insta::assert_snapshot!(told, @"  log        on NATS JetStream at nats://HOST:PORT, nats-server 2.15.1, 1 replica, prefix arcane");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    write_keys(&file, &json!([]));
    let keys = Some(KeysConfig { file, audience: "arcane".into() });
    let guarded = TestServer::with(Config { keys, ..config(&nats) }).await;
    let (_, health) = guarded.look("/health").await;
    assert_eq!(health["log"]["addresses"], Value::Null, "{health}");
    let told = line(&doctor(&guarded.url("")).await);
    insta::assert_snapshot!(told, @"  log        on NATS JetStream, nats-server 2.15.1, 1 replica, prefix arcane");
    nats.kill();
    until_ready(&server, false).await;
    let told = line(&doctor(&server.url("")).await);
    insta::assert_snapshot!(told, @r"
    ! log        on NATS JetStream at nats://HOST:PORT, 1 replica, prefix arcane: not connected
                 → start these nats-servers, and look at what stands between; the server connects again by itself
    ");
}
