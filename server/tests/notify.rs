//! `[[notify]]`: a service elsewhere is told what needs a human.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use arcane_server::config::{Config, Dashboard, NetConfig, Notify, RealmConfig};
use serde_json::json;
use support::TestServer;
use support::receiver::Receiver;

/// The targets that these tables say.
fn notify(tables: &str) -> Notify {
    let mut table: toml::Table = tables.parse().unwrap();
    Notify::read(table.remove("notify").unwrap()).unwrap()
}

/// A webhook that is told at once, of all that there is.
fn webhook(receiver: &Receiver, lines: &str) -> String {
    let url = receiver.url("/hook");
    format!(
        "[[notify]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{url}\"\nafter_s = 0\nmin_interval_s = 0\n{lines}\n"
    )
}

async fn server(tables: &str) -> TestServer {
    let public_url = Some("https://arcane.example/base".parse().unwrap());
    let net = NetConfig { public_url, ..NetConfig::default() };
    TestServer::with(Config { notify: notify(tables), net, dashboard: Dashboard::Off, ..Config::default() })
        .await
}

async fn waits(server: &TestServer, daemon: &str, task: &str) {
    let metadata =
        json!({"attention": true, "task": task, "session": "s1", "project": "webshop", "host": "kestrel"});
    server.publish(json!({"spell_name": "voice", "daemon_name": daemon, "metadata": metadata})).await;
}

async fn goes_on(server: &TestServer, daemon: &str) {
    let metadata = json!({"task": "cargo test", "session": "s1"});
    server.publish(json!({"spell_name": "invoke", "daemon_name": daemon, "metadata": metadata})).await;
}

/// How often messages to a target came to something.
async fn count(server: &TestServer, outcome: &str) -> u64 {
    let text = server.get("/metrics").await.text().await.unwrap();
    let name = format!("arcane_notifications_total{{target=\"hook\",outcome=\"{outcome}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |n| n.parse().unwrap())
}

async fn counted(server: &TestServer, outcome: &str) {
    let counted = async {
        while count(server, outcome).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(support::PATIENCE, counted).await.unwrap_or_else(|_| panic!("nothing is {outcome}"));
}

#[tokio::test]
async fn those_who_wait_together_are_told_once_and_those_who_wait_no_more_are_not() {
    let mut receiver = Receiver::start().await;
    let server = server(&webhook(&receiver, "")).await;
    waits(&server, "claude", "git push --force").await;
    waits(&server, "gemini", "rm -rf build").await;
    waits(&server, "codex", "cargo publish").await;
    goes_on(&server, "gemini").await;
    let received = receiver.next().await;
    assert_eq!((received.path.as_str(), received.header("content-type")), ("/hook", "application/json"));
    assert_eq!(
        received.json(),
        json!({
            "kind": "waiting", "title": "claude, codex wait for you: 2 questions", "count": 2, "room": "main", "daemon": "",
            "text": "claude: git push --force (webshop on kestrel)\ncodex: cargo publish (webshop on kestrel)",
            "link": "https://arcane.example/base/?room=main&open=claude",
        })
    );
    counted(&server, "sent").await;
    // They still wait, and something happens: only what is new is told.
    waits(&server, "qwen", "npm install").await;
    assert_eq!(receiver.next().await.json()["title"], "qwen waits for you");
    assert!(receiver.rest().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn more_than_five_failures_of_an_agent_within_a_minute_are_told() {
    let mut receiver = Receiver::start().await;
    let server = server(&webhook(&receiver, "")).await;
    waits(&server, "claude", "git push").await;
    // The first look at a room is what later ones are compared with.
    assert_eq!(receiver.next().await.json()["kind"], "waiting");
    for n in 0..7 {
        let metadata = json!({"task": format!("cargo test {n}"), "error": "exit code 101", "session": "s1"});
        let event =
            json!({"spell_name": "invoke", "daemon_name": "claude", "success": false, "metadata": metadata});
        server.publish(event).await;
    }
    let told = receiver.next().await.json();
    assert_eq!((&told["kind"], &told["title"]), (&json!("failures"), &json!("claude fails again and again")));
    assert_eq!(
        told["text"],
        "claude: more than 5 failures within a minute, the last: cargo test 6: exit code 101"
    );
    server.stop().await;
}

#[tokio::test]
async fn ntfy_gets_a_text_and_headers_without_secrets_and_hidden_characters() {
    let mut receiver = Receiver::start().await;
    let url = receiver.url("/topic");
    let server = server(&format!(
        "[[notify]]\nname = \"phone\"\nkind = \"ntfy\"\nurl = \"{url}\"\nafter_s = 0\nrooms = [\"main\"]\npriority = 4\ntags = [\"bell\"]"
    ))
    .await;
    waits(
        &server,
        "claude",
        "curl -H 'Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789' \u{202e}evil",
    )
    .await;
    let received = receiver.next().await;
    let headers = ["title", "priority", "tags", "click"].map(|name| received.header(name));
    let link = "https://arcane.example/base/?room=main&open=claude";
    assert_eq!(headers, ["claude waits for you", "4", "bell", link]);
    assert!(!received.body.contains("abcdefghijklmnopqrstuvwxyz"), "{}", received.body);
    assert!(received.body.contains("⟨RLO⟩"), "{}", received.body);
    server.stop().await;
}

#[tokio::test]
async fn what_a_service_does_not_take_now_is_sent_again() {
    let mut receiver = Receiver::answering([(500, "")]).await;
    let server = server(&webhook(&receiver, "template = '{\"m\": \"{text}: {count}\"}'")).await;
    waits(&server, "claude", "echo \"a\"").await;
    let first = receiver.next().await;
    let second = receiver.next().await;
    assert_eq!(first.body, second.body);
    counted(&server, "sent").await;
    assert_eq!(count(&server, "failed").await, 0);
    server.stop().await;
}

#[tokio::test]
async fn another_try_tells_of_the_waits_that_go_on_and_of_no_other() {
    let mut receiver = Receiver::answering([(503, "")]).await;
    let server = server(&webhook(&receiver, "")).await;
    waits(&server, "claude", "git push").await;
    waits(&server, "codex", "cargo publish").await;
    assert_eq!(receiver.next().await.json()["title"], "claude, codex wait for you: 2 questions");
    goes_on(&server, "claude").await;
    assert_eq!(receiver.next().await.json()["title"], "codex waits for you");
    counted(&server, "sent").await;
    server.stop().await;
}

#[tokio::test]
async fn no_other_try_tells_of_what_is_over() {
    let mut receiver = Receiver::answering([(503, "")]).await;
    let server = server(&webhook(&receiver, "")).await;
    waits(&server, "claude", "git push").await;
    receiver.next().await;
    goes_on(&server, "claude").await;
    counted(&server, "stale").await;
    assert!(receiver.rest().is_empty());
    assert_eq!(count(&server, "failed").await, 0);
    server.stop().await;
}

#[tokio::test]
async fn what_a_service_refuses_or_sends_elsewhere_is_not_sent_again() {
    let mut elsewhere = Receiver::start().await;
    let there = elsewhere.url("/");
    let mut receiver = Receiver::answering([(307, there.as_str())]).await;
    let server = server(&webhook(&receiver, "")).await;
    waits(&server, "claude", "git push").await;
    receiver.next().await;
    counted(&server, "refused").await;
    assert!(elsewhere.rest().is_empty() && receiver.rest().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_service_that_takes_nothing() {
    let mut receiver = Receiver::answering([(503, ""), (503, ""), (503, ""), (503, "")]).await;
    let server = server(&webhook(&receiver, "")).await;
    waits(&server, "claude", "git push").await;
    receiver.next().await;
    let begun = std::time::Instant::now();
    server.stop().await;
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_does_not_start_without_the_secrets_of_its_targets() {
    let tables = "[[notify]]\nname = \"phone\"\nkind = \"ntfy\"\nurl_env = \"ARCANE_TEST_NO_SUCH_VARIABLE\"";
    let config = Config { notify: notify(tables), ..Config::default() };
    let error = arcane_server::Server::open(config).await.unwrap_err().to_string();
    insta::assert_snapshot!(error, @"[[notify]] phone: url_env: there is no variable ARCANE_TEST_NO_SUCH_VARIABLE in the server's environment; set it, or name another");
}

#[tokio::test]
async fn what_is_spent_of_a_budget_is_told() {
    let mut receiver = Receiver::start().await;
    let tables = webhook(&receiver, "on = [\"budget\"]");
    let budget_usd = Some("2.5".parse().unwrap());
    let realm = RealmConfig { budget_usd, ..RealmConfig::default() };
    let server = TestServer::with(Config {
        notify: notify(&tables),
        realm,
        dashboard: Dashboard::Off,
        ..Config::default()
    })
    .await;
    for (cost, told) in [
        (2.1, "claude: 80 % of its budget of today: $2.10 of $2.50"),
        (0.9, "claude: 100 % of its budget of today: $3.00 of $2.50"),
    ] {
        let metadata = json!({"task": "think", "session": "s1", "cost_usd": cost});
        server.publish(json!({"spell_name": "invoke", "daemon_name": "claude", "metadata": metadata})).await;
        let received = receiver.next().await.json();
        assert_eq!((&received["kind"], &received["text"]), (&json!("budget"), &json!(told)));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_the_others_where_one_target_lacks_a_variable() {
    let mut receiver = Receiver::start().await;
    let dir = tempfile::tempdir().unwrap();
    let lacking =
        "[[notify]]\nname = \"phone\"\nkind = \"ntfy\"\nurl_env = \"ARCANE_TEST_NO_SUCH_VARIABLE\"\n";
    std::fs::write(dir.path().join("arcane.toml"), format!("{lacking}{}", webhook(&receiver, ""))).unwrap();
    let mut test = std::process::Command::new(env!("CARGO_BIN_EXE_arcane"));
    test.current_dir(dir.path()).env_remove("ARCANE_CONFIG").env_remove("ARCANE_PUBLIC_URL");
    let output = test.args(["notify", "test"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(receiver.next().await.json()["kind"], "test");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap().replace(&receiver.address.to_string(), "ADDRESS");
    insta::assert_snapshot!(said, @r"
    [[notify]] phone: url_env: there is no variable ARCANE_TEST_NO_SUCH_VARIABLE in the server's environment; set it, or name another
    hook at http://ADDRESS: 200 OK
      heard
    Messages have no links: public_url in the file, or --public-url, says where people reach the dashboard.
    arcane: 1 of 2 targets took no message
    ");
}
