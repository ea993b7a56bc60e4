//! What agents ask is answered from elsewhere: by a page, a shell or a WebSocket, once, and only while somebody looks.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::{Value, json};
use support::TestServer;
use support::asking::{Hook, answer, bash, claude, decided, event, page, request, watch};

/// What an end says, without what changes from run to run.
fn end(event: &Value) -> Value {
    let metadata = &event["metadata"];
    json!([metadata["decision"], metadata["by"], metadata["via"], metadata["waits_on"]])
}

#[tokio::test]
async fn where_nobody_looks_a_hook_is_answered_at_once() {
    let server = TestServer::start().await;
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    let asks =
        Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "s", bash("git push")));
    assert_eq!(asks.hears().await, None);
    let opening = event(&mut reader, "await").await;
    assert_eq!(opening["metadata"]["request_id"], Value::Null);
    // A page of another room is none of this one.
    let mut other = server.connect("room=other&recent=0").await;
    other.next().await;
    watch(&mut other).await;
    let asks =
        Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "t", bash("git push")));
    assert_eq!(asks.hears().await, None);
    // A page that is hidden watches no more.
    let mut page = page(&server).await;
    page.say(json!({"type": "presence", "visible": false})).await;
    page.say(json!({"type": "ping", "t0": 1.0})).await;
    while page.next().await["type"] != "pong" {}
    let asks =
        Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "u", bash("git push")));
    assert_eq!(asks.hears().await, None);
    assert_eq!(server.look("/requests").await, (200, json!({"requests": []})));
}

#[tokio::test]
async fn a_permission_is_allowed_and_the_log_says_by_whom() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let call = json!({"tool_use_id": "t1"});
    let mut begins = claude("PreToolUse", "s", bash("git push"));
    begins.as_object_mut().unwrap().extend(call.as_object().unwrap().clone());
    server.post("/hooks/claude", begins.clone()).await;
    let asks =
        Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "s", bash("git push")));
    let opening = event(&mut page, "await").await;
    let metadata = &opening["metadata"];
    assert_eq!(
        json!([
            metadata["tool"],
            metadata["call_id"],
            metadata["input"],
            metadata["attention"],
            metadata["project"]
        ]),
        json!(["Bash", "t1", r#"{"command":"git push"}"#, true, "arcane"])
    );
    assert_eq!(metadata["input_hash"].as_str().unwrap().len(), 64);
    let id = request(&opening);
    let (_, roster) = server.look("/roster").await;
    assert_eq!(roster["roster"]["daemons"][0]["waiting"][0]["request_id"], id.as_str());

    let (_, listed) = server.look("/requests").await;
    assert_eq!(listed["requests"][0]["request_id"], id.as_str());
    assert_eq!(listed["requests"][0]["input"], Value::Null);
    let (_, whole) = server.look(&format!("/requests/{id}")).await;
    assert_eq!(whole["input"], json!({"command": "git push"}));
    assert_eq!(
        whole["options"],
        json!([{"id": "allow", "label": "Yes", "kind": "allow"}, {"id": "deny", "label": "No", "kind": "deny"}])
    );

    let (status, ended) = answer(&server, &id, json!({"decision": "allow"})).await;
    assert_eq!((status, &ended["decision"], &ended["via"]), (200, &json!("allow"), &json!("cli")));
    assert_eq!(asks.hears().await, decided(json!({"behavior": "allow"})));
    let told = event(&mut page, "await_end").await;
    assert_eq!(end(&told), json!(["allow", "anonymous", "cli", null]));
    assert_eq!(told["description"], "A human lets CLAUDE go on: Bash: git push");
    assert!(told["metadata"]["waited_s"].as_f64().unwrap() > 0.0);
    // The same again is answered as the first time, another decision is told who was first.
    let (status, again) = answer(&server, &id, json!({"decision": "allow"})).await;
    assert_eq!((status, &again["is_repeated"]), (200, &json!(true)));
    let (status, other) = answer(&server, &id, json!({"decision": "deny"})).await;
    assert_eq!((status, &other["type"]), (409, &json!("/docs#problem-request-ended")));
    assert_eq!(other["detail"], "anonymous was first: allow (via cli)");
    assert_eq!(server.look(&format!("/requests/{id}")).await.0, 409);
    let (_, roster) = server.look("/roster").await;
    assert_eq!(roster["roster"]["daemons"][0]["doing"], "working");

    // The call goes on and ends: nothing is told of the request again.
    let mut ends = begins;
    ends["hook_event_name"] = "PostToolUse".into();
    server.post("/hooks/claude", ends).await;
    loop {
        let message = page.next().await;
        assert_ne!(message["metadata"]["event"], "await_end");
        if message["spell_name"] == "invoke" {
            assert_eq!((&message["success"], &message["metadata"]["call_id"]), (&json!(true), &json!("t1")));
            break;
        }
    }
}

#[tokio::test]
async fn a_denial_comes_with_a_message_and_ends_the_call() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let mut begins = claude("PreToolUse", "s", bash("rm -rf /"));
    begins["tool_use_id"] = "t1".into();
    server.post("/hooks/claude", begins).await;
    let asks =
        Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "s", bash("rm -rf /")));
    let id = request(&event(&mut page, "await").await);
    let denial = json!({"decision": "deny", "message": "Not today."});
    assert_eq!(answer(&server, &id, denial).await.0, 200);
    assert_eq!(asks.hears().await, decided(json!({"behavior": "deny", "message": "Not today."})));
    let told = event(&mut page, "await_end").await;
    assert_eq!(end(&told), json!(["deny", "anonymous", "cli", null]));
    assert_eq!(told["metadata"]["message"], Value::Null, "what is said to an agent is content");
    // Claude tells of no end: what was denied is over.
    let over = page.next().await;
    assert_eq!(
        json!([over["spell_name"], over["success"], over["metadata"]["denied"], over["metadata"]["call_id"]]),
        json!(["invoke", false, true, "t1"])
    );
    let (via, words) = (&over["metadata"]["via"], &over["metadata"]["sync"]["display_text"]);
    assert_eq!(json!([via, words]), json!(["cli", "A human refuses"]));
    // An agent that says so itself tells nothing new; one that has made the call after all does.
    let mut ends = claude("PermissionDenied", "s", bash("rm -rf /"));
    ends["tool_use_id"] = "t1".into();
    server.post("/hooks/claude", ends.clone()).await;
    ends["hook_event_name"] = "PostToolUse".into();
    server.post("/hooks/claude", ends).await;
    let over = page.next().await;
    assert_eq!(json!([over["success"], over["metadata"]["call_id"]]), json!([true, "t1"]));
}

#[tokio::test]
async fn what_claude_suggests_goes_back_as_it_came_and_questions_are_answered() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let suggestion = json!({"type": "addRules", "rules": [{"toolName": "Bash", "ruleContent": "git push:*"}], "behavior": "allow", "destination": "localSettings"});
    let mut more = bash("git push");
    more["permission_suggestions"] = json!([{"type": "unheard"}, suggestion]);
    let asks = Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "s", more));
    let opening = event(&mut page, "await").await;
    let option = &opening["metadata"]["options"][1];
    assert_eq!(
        *option,
        json!({"id": "always-1", "label": "Yes, and do not ask again for Bash(git push:*), in this project, for me", "kind": "allow_always"})
    );
    assert_eq!(answer(&server, &request(&opening), json!({"decision": "always-1"})).await.0, 200);
    assert_eq!(asks.hears().await, decided(json!({"behavior": "allow", "updatedPermissions": [suggestion]})));

    // A yes to a plan wants the plan back.
    let plan = json!({"plan": "first this, then that"});
    let more = json!({"tool_name": "ExitPlanMode", "tool_input": plan});
    let asks = Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "p", more));
    let id = request(&event(&mut page, "await").await);
    assert_eq!(answer(&server, &id, json!({"decision": "allow"})).await.0, 200);
    assert_eq!(asks.hears().await, decided(json!({"behavior": "allow", "updatedInput": plan})));

    let questions = json!([{"question": "Which colour?", "header": "Colour", "options": [{"label": "Red"}, {"label": "Blue"}], "multiSelect": false}]);
    let more = json!({"tool_name": "AskUserQuestion", "tool_input": {"questions": questions}});
    let asked = |session: &str| {
        Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", session, more.clone()))
    };
    let with = |answer: &str| {
        decided(
            json!({"behavior": "allow", "updatedInput": {"questions": questions, "answers": {"Which colour?": answer}}}),
        )
    };
    let asks = asked("q1");
    let id = request(&event(&mut page, "await").await);
    assert_eq!(answer(&server, &id, json!({"decision": "allow"})).await.0, 422, "a question has no yes");
    assert_eq!(answer(&server, &id, json!({"decision": "answer-2"})).await.0, 200);
    assert_eq!(asks.hears().await, with("Blue"));
    for (said, heard) in [(json!("Green, please"), "Green, please"), (json!(["Red", "Blue"]), "Red, Blue")] {
        let asks = asked(heard);
        let id = request(&event(&mut page, "await").await);
        let other = json!({"decision": "allow", "answers": {"Which size?": said}});
        assert_eq!(answer(&server, &id, other).await.0, 422, "nobody asked for this");
        assert_eq!(
            answer(&server, &id, json!({"decision": "allow", "answers": {"Which colour?": said}})).await.0,
            200
        );
        assert_eq!(asks.hears().await, with(heard));
    }
}

#[tokio::test]
async fn an_agent_that_goes_on_was_answered_where_it_runs() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let mut call = claude("PreToolUse", "s", bash("git push"));
    call["tool_use_id"] = "t1".into();
    server.post("/hooks/claude", call.clone()).await;
    let asks =
        Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "s", bash("git push")));
    let id = request(&event(&mut page, "await").await);
    call["hook_event_name"] = "PostToolUse".into();
    server.post("/hooks/claude", call).await;
    assert_eq!(asks.hears().await, None);
    assert_eq!(end(&event(&mut page, "await_end").await), json!([null, null, "terminal", null]));
    let (status, late) = answer(&server, &id, json!({"decision": "deny"})).await;
    assert_eq!((status, &late["detail"]), (409, &json!("it was answered where the agent runs")));

    // Claude ends its hook where a human says no, and tells nothing else.
    let mut call = claude("PreToolUse", "s", bash("git pull"));
    call["tool_use_id"] = "t2".into();
    server.post("/hooks/claude", call).await;
    let asks =
        Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "s", bash("git pull")));
    event(&mut page, "await").await;
    asks.ends();
    assert_eq!(end(&event(&mut page, "await_end").await), json!([null, null, "terminal", null]));
    // That it was a no is inferred: the call goes on no longer.
    let over = page.next().await;
    let over = &over["metadata"];
    assert_eq!(json!([over["phase"], over["inferred"], over["call_id"]]), json!(["end", true, "t2"]));
}

#[tokio::test]
async fn one_allow_answers_one_of_two_equal_questions() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let mut hooks = Vec::new();
    for call in ["t1", "t2"] {
        let mut begins = claude("PreToolUse", "s", bash("git push"));
        begins["tool_use_id"] = call.into();
        server.post("/hooks/claude", begins).await;
    }
    for _ in 0..2 {
        let asks = claude("PermissionRequest", "s", bash("git push"));
        hooks.push(Hook::asks(&server, "/hooks/claude?hold=60", asks));
        // In the order in which they are told.
        let opening = event(&mut page, "await").await;
        hooks.last().unwrap();
        let calls = ["t1", "t2"];
        assert!(calls.contains(&opening["metadata"]["call_id"].as_str().unwrap()));
    }
    let (_, open) = server.look("/requests").await;
    let ids: Vec<&str> =
        open["requests"].as_array().unwrap().iter().map(|one| one["request_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(answer(&server, ids[0], json!({"decision": "allow"})).await.0, 200);
    assert_eq!(hooks.remove(0).hears().await, decided(json!({"behavior": "allow"})));
    // Nobody says which of the two it was: the other one goes on asking, whichever ends.
    let mut ends = claude("PostToolUse", "s", bash("git push"));
    ends["tool_use_id"] = "t2".into();
    server.post("/hooks/claude", ends).await;
    loop {
        if page.next().await["metadata"]["call_id"] == "t2" {
            break;
        }
    }
    let (_, open) = server.look("/requests").await;
    assert_eq!(open["requests"][0]["request_id"], ids[1]);
    assert_eq!(open["requests"][0]["is_held"], true);
    let no = json!({"decision": "deny"});
    assert_eq!(answer(&server, ids[1], no).await.0, 200);
    assert_eq!(hooks.remove(0).hears().await, decided(json!({"behavior": "deny"})));
}

#[tokio::test]
async fn what_nobody_answers_in_time_has_no_decision_and_the_agent_waits_on() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let asks =
        Hook::asks(&server, "/hooks/claude?hold=1", claude("PermissionRequest", "s", bash("git push")));
    event(&mut page, "await").await;
    assert_eq!(asks.hears().await, None);
    assert_eq!(end(&event(&mut page, "await_end").await), json!([null, null, "expired", true]));
    let (_, roster) = server.look("/roster").await;
    let claude_now = &roster["roster"]["daemons"][0];
    assert_eq!(
        json!([claude_now["doing"], claude_now["waiting"][0]["request_id"]]),
        json!(["waiting", null])
    );
    // Where nobody is at the agent's own prompt, it takes no answer for a no.
    let asks = claude("PermissionRequest", "t", bash("git push"));
    let asks = Hook::asks(&server, "/hooks/claude?hold=1&attended=false", asks);
    event(&mut page, "await").await;
    assert_eq!(asks.hears().await, None);
    assert_eq!(end(&event(&mut page, "await_end").await), json!([null, null, "expired", null]));
    let (_, roster) = server.look("/roster").await;
    assert_eq!(roster["roster"]["daemons"][0]["waiting"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_page_that_goes_away_lets_the_agent_go() {
    let server = TestServer::start().await;
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    let mut page = page(&server).await;
    let codex = json!({"session_id": "c", "turn_id": "1", "hook_event_name": "PermissionRequest", "cwd": "/home/user/arcane",
        "tool_name": "Bash", "tool_input": {"command": "ls"}});
    let asks = Hook::asks(&server, "/hooks/codex?hold=600", codex);
    let opening = event(&mut reader, "await").await;
    let (_, whole) = server.look(&format!("/requests/{}", request(&opening))).await;
    let [since, until] =
        ["since", "expires_at"].map(|name| whole[name].as_str().unwrap()[17..].parse::<f64>().unwrap());
    assert!((until - since).rem_euclid(60.0) <= 20.1, "its own prompt is hidden meanwhile");
    page.say(json!({"type": "presence", "visible": false})).await;
    assert_eq!(asks.hears().await, None);
    assert_eq!(end(&event(&mut reader, "await_end").await), json!([null, null, "withdrawn", true]));
}

#[tokio::test]
async fn requests_survive_a_restart_and_can_be_answered_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let mut watching = page(&server).await;
    let asks =
        Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "s", bash("git push")));
    let id = request(&event(&mut watching, "await").await);
    server.stop().await;
    assert_eq!(asks.hears().await, None, "a server that stops decides nothing");

    let server = TestServer::in_dir(dir.path()).await;
    let mut watching = page(&server).await;
    // A room is read when something comes for it.
    server
        .post("/hooks/claude", claude("Notification", "s", json!({"notification_type": "permission_prompt"})))
        .await;
    let (_, open) = server.look("/requests").await;
    let one = &open["requests"][0];
    assert_eq!(json!([one["request_id"], one["is_held"], one["task"]]), json!([id, false, "Bash: git push"]));
    let (status, refused) = answer(&server, &id, json!({"decision": "allow"})).await;
    assert_eq!((status, &refused["type"]), (409, &json!("/docs#problem-request-not-held")));
    server.post("/hooks/claude", claude("Stop", "s", json!({}))).await;
    assert_eq!(end(&event(&mut watching, "await_end").await), json!([null, null, "terminal", null]));
    assert_eq!(server.look("/requests").await, (200, json!({"requests": []})));
}

#[tokio::test]
async fn a_websocket_answers_too() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let asks =
        Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "s", bash("git push")));
    let id = request(&event(&mut page, "await").await);
    let answer =
        |decision: &str| json!({"type": "answer", "request_id": id, "decision": decision, "id": "a1"});
    page.say(answer("perhaps")).await;
    let refused = page.next().await;
    assert_eq!(json!([refused["type"], refused["code"], refused["id"]]), json!(["error", "invalid", "a1"]));
    assert_eq!(refused["detail"], "the agent takes: allow, deny, deny with a message");
    page.say(answer("allow")).await;
    let mut answered = page.next().await;
    while answered["type"] != "answered" {
        answered = page.next().await;
    }
    assert_eq!(
        json!([answered["id"], answered["decision"], answered["via"]]),
        json!(["a1", "allow", "stage"])
    );
    assert_eq!(asks.hears().await, decided(json!({"behavior": "allow"})));
    page.say(answer("deny")).await;
    let mut late = page.next().await;
    while late["type"] != "error" {
        late = page.next().await;
    }
    assert_eq!(
        json!([late["code"], late["detail"]]),
        json!(["request-ended", "anonymous was first: allow (via stage)"])
    );
}
