//! What calls mean, and what is said of those that mean nothing.

use rmcp::model::JsonObject;
use serde_json::{Value, json};

use super::arguments::Arguments;
use super::telling::{Call, of_client};
use super::{Past, tools};
use arcane_shared::DaemonName;

fn read(tool: &str, arguments: &Value) -> Result<Call, String> {
    let arguments: JsonObject = arguments.as_object().cloned().unwrap_or_default();
    let read = Arguments::of(tool, &tools::names_of(tool), &arguments)
        .and_then(|arguments| Call::read(tool, &arguments, None));
    read.map_err(|wrong| wrong.to_string())
}

fn event(tool: &str, arguments: &Value) -> Value {
    match read(tool, arguments).unwrap() {
        Call::Tell(told) => told.event(Some("s")),
        call => panic!("{call:?}"),
    }
}

#[test]
fn calls_become_events_that_may_be_published() {
    for (tool, arguments, spell, metadata) in [
        (
            "summon",
            json!({"daemon": "Claude", "model": "opus", "parent_daemon": "boss"}),
            "summon",
            json!({"source": "mcp", "model": "opus", "parent_daemon": "boss", "session": "s"}),
        ),
        (
            "invoke",
            json!({"daemon": "claude", "task": " cargo test "}),
            "invoke",
            json!({"source": "mcp", "task": "cargo test", "session": "s"}),
        ),
        (
            "invoke",
            json!({"daemon": "claude", "task": "t", "state": "begin", "call_id": "c"}),
            "reveal",
            json!({"source": "mcp", "task": "t", "query_type": "progress", "phase": "begin", "session": "s", "call_id": "c"}),
        ),
        (
            "invoke",
            json!({"daemon": "claude", "task": "t", "state": "failed", "execution_time": 2}),
            "invoke",
            json!({"source": "mcp", "task": "t", "error": "failed", "session": "s", "execution_time": 2.0}),
        ),
        (
            "speak",
            json!({"daemon": "claude", "text": "Hello"}),
            "voice",
            json!({"source": "mcp", "text": "Hello", "event": "speech", "session": "s"}),
        ),
        (
            "speak",
            json!({"daemon": "claude", "text": "Which?", "waiting": true}),
            "voice",
            json!({"source": "mcp", "text": "Which?", "event": "await", "why": "input", "task": "Which?", "attention": true, "session": "s"}),
        ),
        (
            "banish",
            json!({"daemon": "claude", "reason": "done"}),
            "banish",
            json!({"source": "mcp", "reason": "done", "session": "s"}),
        ),
    ] {
        let event = event(tool, &arguments);
        assert_eq!(
            (&event["spell_name"], &event["metadata"]),
            (&json!(spell), &metadata),
            "{tool} {arguments}"
        );
        assert_eq!(event["daemon_name"], "claude");
        assert_eq!(event["success"], arguments["state"] != "failed");
        crate::intake::read_one(event.to_string().as_bytes()).unwrap();
    }
}

#[test]
fn secrets_are_masked() {
    let key = format!("sk-ant-api03-{}", "a1B2".repeat(12));
    for (tool, argument) in [("invoke", "task"), ("speak", "text"), ("banish", "reason")] {
        let event = event(tool, &json!({"daemon": "claude", argument: format!("curl -H {key}")})).to_string();
        assert!(!event.contains(&key), "{event}");
    }
}

#[test]
fn what_is_wrong_is_named_with_what_would_be_right() {
    let wrong = |tool: &str, arguments: Value| read(tool, &arguments).unwrap_err();
    let of = |arguments: Value| {
        let mut all = json!({"daemon": "claude", "task": "t"});
        all.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
        wrong("invoke", all)
    };
    insta::assert_snapshot!(wrong("summon", json!({})), @"daemon: is missing; say your own name; or set the server up with one: `arcane mcp --daemon NAME`, or ?daemon=NAME in its address");
    insta::assert_snapshot!(wrong("invoke", json!({"daemon": "claude"})), @"task: is missing; say in a line what is done");
    insta::assert_snapshot!(of(json!({"daemon": "a b"})), @"daemon: a name consists of a-z, 0-9, '.', '_' and '-', not ' '");
    insta::assert_snapshot!(of(json!({"task": 5})), @"task: must be a string, not a number");
    insta::assert_snapshot!(of(json!({"task": " "})), @"task: is empty; say something, or leave it out where it may be");
    insta::assert_snapshot!(of(json!({"task": "x".repeat(10 << 20)})), @"task: has 10485760 characters, at most 1000 are allowed; say it shorter");
    insta::assert_snapshot!(of(json!({"state": "started"})), @r#"state: must be done or begin or failed, not "started""#);
    insta::assert_snapshot!(of(json!({"execution_time": -1})), @"execution_time: must be a number of seconds, 0.0 or more, not -1");
    insta::assert_snapshot!(of(json!({"error": "e"})), @r#"error: does not go with state "done"; say state "failed", or leave it out"#);
    insta::assert_snapshot!(of(json!({"exec_time": 1})), @r#"exec_time: there is no such argument; did you mean "execution_time"?"#);
    insta::assert_snapshot!(of(json!({"zzz": 1})), @"zzz: there is no such argument of invoke; there are task, state, call_id, execution_time, error, tool, daemon, parent_daemon");
    insta::assert_snapshot!(wrong("speak", json!({"daemon": "c", "text": "x", "waiting": "yes"})), @"waiting: must be true or false, not a string");
    insta::assert_snapshot!(wrong("query", json!({"what": "events", "daemon": "c", "limit": 51})), @"limit: must be a whole number from 1 to 50, not 51");
    insta::assert_snapshot!(tools::unknown("sumon"), @r#"name: there is no tool "sumon"; did you mean "summon"?"#);
    insta::assert_snapshot!(tools::unknown("delete"), @r#"name: there is no tool "delete"; there are summon, invoke, speak, banish, query"#);
}

#[test]
fn clients_of_known_agents_are_those_agents() {
    for (client, daemon) in [
        ("claude-code", "claude"),
        ("codex-mcp-client", "codex"),
        ("gemini-cli-mcp-client", "gemini"),
        ("opencode", "opencode"),
        ("My Crew", "my-crew"),
    ] {
        assert_eq!(of_client(client).unwrap().as_str(), daemon);
    }
    assert_eq!(of_client(""), None);
}

#[test]
fn the_time_of_a_task_is_known_from_its_beginning() {
    let began = std::time::Instant::now();
    let told = |arguments: &Value| match read("invoke", arguments).unwrap() {
        Call::Tell(told) => told,
        call => panic!("{call:?}"),
    };
    let mut past = Past::default();
    for n in 0..100 {
        past.remember(
            &told(&json!({"daemon": "c", "task": "t", "state": "begin", "call_id": format!("{n}")})),
            began,
        );
    }
    assert_eq!(past.begun.len(), super::BEGUN_MAX, "the oldest give way");
    let (daemon, later) = (DaemonName::parse("c").unwrap(), began + std::time::Duration::from_secs(3));
    assert_eq!(past.ended(&daemon, "99", later), Some(3.0));
    assert_eq!(past.ended(&daemon, "99", later), None, "it ends once");
    assert_eq!(past.ended(&daemon, "0", later), None);
}
