//! `[[ingest.map]]`: rules of the configuration make events of any JSON, and rules that cannot be used stop the server at its start.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::Path;
use std::process::Command;

use arcane_server::config::{Config, ConfigFile, Dashboard};
use serde_json::{Value, json};
use support::TestServer;

const RULES: &str = r#"
[[ingest.map]]
name = "ci.failed"
when = { "/event" = "finished", "/run/status" = ["failed", "broken"] }
spell = "invoke"
daemon = "/run/agent"
description = "Build {/run/number} of {/repo} failed"
task = "Build {/repo}"
call_id = "/run/number"
success = false
error = "/run/why"
time = "/at"
id = "/delivery"
execution_time = "/run/seconds"
metadata = { branch = "/ref", prompt = "/said", api_key = "/key" }

[[ingest.map]]
name = "ci"
when = { "/event" = "finished" }
spell = "invoke"
daemon = "builder"
task = "/repo"
success = { "/run/status" = "ok" }

[[ingest.map]]
name = "cloudevents.build"
when = { "/type" = "com.example.build", "/data/branch" = "main" }
spell = "voice"
daemon = "/subject"
description = "{/data/words}"
"#;

fn rules(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("arcane.toml");
    std::fs::write(&file, text).unwrap();
    let file = ConfigFile::read(&file, &[]).map_err(|error| error.to_string())?;
    Ok(Config { maps: file.maps, dashboard: Dashboard::Off, ..Config::default() })
}

fn refused(text: &str) -> String {
    let refused = rules(text).unwrap_err();
    refused.split_once("arcane.toml: ").unwrap().1.to_owned()
}

async fn events(server: &TestServer) -> Vec<Value> {
    let (_, mut answer) = server.look("/events/recent?count=100").await;
    answer["events"].as_array_mut().map(std::mem::take).unwrap_or_default()
}

async fn status(server: &TestServer, path: &str, body: Value) -> u16 {
    server.post(path, body).await.status().as_u16()
}

#[tokio::test]
async fn the_first_rule_whose_conditions_hold_makes_the_event() {
    let server = TestServer::with(rules(RULES).unwrap()).await;
    let failed = json!({"event": "finished", "repo": "arcane", "ref": "main", "at": 1_767_323_045, "delivery": 7, "said": "WORDS",
        "key": "a1b2c3", "run": {"agent": "Code Builder", "number": 12, "status": "broken", "why": "exit 1", "seconds": 2.5}});
    assert_eq!(status(&server, "/ingest/ci", failed.clone()).await, 204);
    assert_eq!(status(&server, "/ingest/ci", failed).await, 204, "again");
    let list = json!([{"event": "finished", "repo": "a", "run": {"status": "ok"}}, {"event": "started"}, {"event": "finished"}]);
    assert_eq!(status(&server, "/ingest/ci", list).await, 204);
    assert_eq!(status(&server, "/ingest/ci", json!({"event": "started"})).await, 202);
    let told = events(&server).await;
    assert_eq!(told.len(), 3);
    let first = &told[0];
    assert_eq!(first["daemon_name"], "code-builder");
    assert_eq!(first["description"], "Build 12 of arcane failed");
    assert_eq!(first["timestamp"], "2026-01-02T03:04:05.000000");
    assert_eq!((&first["spell_name"], &first["success"]), (&json!("invoke"), &json!(false)));
    let of = |field: &str| first["metadata"][field].clone();
    assert_eq!((of("task"), of("call_id"), of("error")), (json!("Build arcane"), json!(12), json!("exit 1")));
    assert_eq!((of("branch"), of("execution_time"), of("source")), (json!("main"), json!(2.5), json!("ci")));
    assert_eq!((of("prompt"), of("api_key")), (json!("[left out: 5 characters]"), json!("[masked]")));
    assert_eq!((&told[1]["daemon_name"], &told[1]["success"]), (&json!("builder"), &json!(true)));
    assert_eq!(told[2]["success"], false);
}

#[tokio::test]
async fn rules_for_cloudevents_go_before_what_their_types_say() {
    let server = TestServer::with(rules(RULES).unwrap()).await;
    for (id, branch) in [("1", "main"), ("2", "other"), ("1", "main")] {
        let event = json!({"specversion": "1.0", "id": id, "source": "/ci", "type": "com.example.build", "subject": "Builder",
                           "data": {"branch": branch, "words": "It is done"}});
        let request = server.http.post(server.url("/cloudevents"));
        let request = request.header("content-type", "application/cloudevents+json").body(event.to_string());
        assert_eq!(request.send().await.unwrap().status(), 204);
    }
    let told = events(&server).await;
    let said: Vec<_> = told
        .iter()
        .map(|event| (&event["spell_name"], &event["daemon_name"], &event["description"]))
        .collect();
    let expected = [("voice", "builder", "It is done"), ("reveal", "ci", "com.example.build")]
        .map(|(spell, daemon, text)| (json!(spell), json!(daemon), json!(text)));
    assert_eq!(said, expected.each_ref().map(|(spell, daemon, text)| (spell, daemon, text)));
    assert_eq!(told[0]["metadata"]["cloudevent"]["type"], "com.example.build");
}

#[tokio::test]
async fn what_cannot_be_used_names_rule_and_field() {
    let server = TestServer::with(rules(RULES).unwrap()).await;
    let wrong = json!([{"event": "finished", "run": {"status": "failed", "seconds": "2"}}, 3]);
    let (status, problem) = server.ask("/ingest/ci", wrong).await;
    assert_eq!(status, 422);
    insta::assert_snapshot!(problem["detail"].as_str().unwrap(), @"/0: rule ci.failed, execution_time: must be a number of seconds, 0.0 or more; /1: is no object; rules read the fields of objects");
    let (status, problem) = server.ask("/ingest/cd", json!({})).await;
    assert_eq!((status, problem["type"].as_str().unwrap()), (404, "/docs#problem-no-such-route"));
    insta::assert_snapshot!(problem["detail"].as_str().unwrap(), @"no [[ingest.map]] has this name; there are ci, cloudevents");
    let form = server.http.post(server.url("/ingest/ci")).header("content-type", "text/plain").body("{}");
    assert_eq!(form.send().await.unwrap().status(), 415);
    assert_eq!(events(&server).await, [Value::Null; 0]);
}

#[test]
fn a_rule_that_cannot_be_used_is_named_with_table_key_and_remedy() {
    let of = |rule: &str| {
        refused(&format!("[[ingest.map]]\nname = \"a\"\nspell = \"reveal\"\ndaemon = \"x\"\n{rule}"))
    };
    insta::assert_snapshot!(of("deamon = \"y\""), @r#"[[ingest.map]] 1 (a): deamon: is not known; did you mean "daemon"? Fields of your own go into metadata"#);
    insta::assert_snapshot!(of("task = \"/a~2\""), @r#"[[ingest.map]] 1 (a): task: "/a~2" is no JSON pointer: write '~' as '~0', and a '/' within a name as '~1'"#);
    insta::assert_snapshot!(of("task = \"a {/b\""), @r#"[[ingest.map]] 1 (a): task: "{/b" has no '}' at its end"#);
    insta::assert_snapshot!(of("task = [1]"), @"[[ingest.map]] 1 (a): task: expected a string, a number, true or false");
    insta::assert_snapshot!(of("when = { event = \"x\" }"), @r#"[[ingest.map]] 1 (a): when: "event" is no JSON pointer: it begins with '/', as in "/run/status""#);
    insta::assert_snapshot!(of("when = { \"/event\" = { a = 1 } }"), @r#"[[ingest.map]] 1 (a): when: "/event": expected a string, a number, true or false, or a list of those"#);
    insta::assert_snapshot!(of("success = \"yes\""), @r#"[[ingest.map]] 1 (a): success: must be true, false, a place ("/ok"), or what has to hold: { "/status" = "ok" }"#);
    insta::assert_snapshot!(of("id = \"x\""), @r#"[[ingest.map]] 1 (a): id: is the same for all that comes; name the place where it stands: "/id""#);
    insta::assert_snapshot!(of("[[ingest.map]]\nname = \"a\"\nspell = \"reveal\"\ndaemon = \"x\""), @"[[ingest.map]] 2 (a): name: table 1 has the same; rules of one address have names of their own: a.other");
    insta::assert_snapshot!(refused("[[ingest.map]]\nspell = \"reveal\""), @r#"[[ingest.map]] 1: name: is missing; it is the address of the rule: "ci" is asked by POST /ingest/ci"#);
    insta::assert_snapshot!(refused("[[ingest.map]]\nname = \"A b\""), @r#"[[ingest.map]] 1 (A b): name: "A b" is no name: up to 64 of a-z, 0-9, '_' and '-', in parts with dots between them"#);
    insta::assert_snapshot!(refused("[[ingest.map]]\nname = \"a\"\ndaemon = \"x\""), @"[[ingest.map]] 1 (a): spell: is missing; name one of summon, invoke, banish, reveal, parse, voice");
    insta::assert_snapshot!(refused("[[ingest.map]]\nname = \"a\"\nspell = \"hex\""), @r#"[[ingest.map]] 1 (a): spell: unknown spell "hex"; known are summon, invoke, banish, reveal, parse and voice"#);
    insta::assert_snapshot!(refused("[[ingest.map]]\nname = \"a\"\nspell = \"reveal\""), @r#"[[ingest.map]] 1 (a): daemon: is missing; name one, or the place where its name stands: "/agent/name""#);
    insta::assert_snapshot!(refused("[[ingest.map]]\nname = \"a\"\nspell = \"reveal\"\ndaemon = \"a b\""), @"[[ingest.map]] 1 (a): daemon: a name consists of a-z, 0-9, '.', '_' and '-', not ' '");
    insta::assert_snapshot!(refused("[ingest]\nmaps = 3"), @"ingest.maps: is not known; there is [[ingest.map]]");
    insta::assert_snapshot!(refused("[ingest.map]\nname = \"a\""), @"ingest.map: expected an array of tables: write [[ingest.map]]");
}

#[test]
fn a_server_does_not_start_with_such_a_rule() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("arcane.toml");
    std::fs::write(&file, "[[ingest.map]]\nname = \"a\"\nspell = \"hex\"\ndaemon = \"x\"\n").unwrap();
    for more in [&["--ephemeral", "--listen", "127.0.0.1:0"][..], &["--print-config"]] {
        let mut arcane = Command::new(Path::new(env!("CARGO_BIN_EXE_arcane")));
        let ended = arcane.arg("serve").arg("--config").arg(&file).args(more).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(
            !ended.status.success() && said.contains("[[ingest.map]] 1 (a): spell: unknown spell"),
            "{said}"
        );
    }
}
