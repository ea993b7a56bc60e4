//! What agents ask, in odd ways, rooms and moments: nothing is shown in part, told before its time, or answered for somebody else.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::{Value, json};
use support::TestServer;
use support::asking::{Hook, answer, bash, claude, decided, event, page, request, watch};
use support::guarded::{Guarded, all_rights_but, token};

fn rules(content: &str) -> Value {
    json!({"type": "addRules", "rules": [{"toolName": "Bash", "ruleContent": content}], "behavior": "allow", "destination": "session"})
}

#[tokio::test]
async fn what_is_not_seen_whole_is_not_offered_and_secrets_are_not_told() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let secret = "curl -H 'Authorization: Bearer ghp_0123456789abcdefghijABCDEFGHIJ012345'";
    let mut many = rules("a");
    many["rules"] = (0..41)
        .map(|n| json!({"toolName": "Bash", "ruleContent": format!("a rule that is long {n}")}))
        .collect();
    let mut asks = bash("ls");
    asks["permission_suggestions"] = json!([
        many, rules("rm \u{202e}x"), rules("a\u{1b}[2J"), rules(secret),
        {"type": "addDirectories", "directories": [], "destination": "session"},
        {"type": "setMode", "mode": "x".repeat(9_000), "destination": "session"},
    ]);
    let hook = Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "s", asks));
    let opening = event(&mut page, "await").await;
    let options = opening["metadata"]["options"].as_array().unwrap();
    assert_eq!(options.len(), 3, "{options:?}");
    assert!(!opening.to_string().contains("ghp_"), "{opening}");
    // Who answers sees what is answered.
    let (_, whole) = server.look(&format!("/requests/{}", request(&opening))).await;
    assert!(whole["options"][1]["label"].as_str().unwrap().contains("ghp_"));
    assert_eq!(answer(&server, &request(&opening), json!({"decision": "always-1"})).await.0, 200);
    let told = event(&mut page, "await_end").await;
    assert!(!told.to_string().contains("ghp_") && told["metadata"]["choice"].is_string(), "{told}");
    assert_eq!(
        hook.hears().await,
        decided(json!({"behavior": "allow", "updatedPermissions": [rules(secret)]}))
    );
}

#[tokio::test]
async fn a_form_is_accepted_filled_in_declined_or_cancelled() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let form = |session: &str| {
        let schema =
            json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
        let more = json!({"mode": "form", "message": "Where?", "mcp_server_name": "maps", "requested_schema": schema});
        Hook::asks(&server, "/hooks/claude?hold=60", claude("Elicitation", session, more))
    };
    let heard = |action: &str, content: Option<Value>| {
        let mut output = json!({"hookEventName": "Elicitation", "action": action});
        if let Some(content) = content {
            output["content"] = content;
        }
        Some(json!({"hookSpecificOutput": output}))
    };
    for (n, (body, expected)) in [
        (json!({"decision": "cancel"}), heard("cancel", None)),
        (json!({"decision": "deny"}), heard("decline", None)),
        (
            json!({"decision": "allow", "answers": {"city": "Ulm"}}),
            heard("accept", Some(json!({"city": "Ulm"}))),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let hook = form(&format!("f{n}"));
        let id = request(&event(&mut page, "await").await);
        assert_eq!(
            answer(&server, &id, json!({"decision": "allow"})).await.0,
            422,
            "what is required is no mere yes"
        );
        assert_eq!(answer(&server, &id, body).await.0, 200);
        assert_eq!(hook.hears().await, expected);
    }
    let properties = json!({"k": {"type": "string", "title": "API key / password"}});
    let more = json!({"mode": "form", "message": "Sign in", "requested_schema": {"properties": properties}});
    let secret = Hook::asks(&server, "/hooks/claude?hold=60", claude("Elicitation", "s", more));
    assert_eq!(secret.hears().await, None);
}

#[tokio::test]
async fn a_room_that_is_deleted_is_not_born_again() {
    let server = TestServer::start().await;
    let mut page = server.connect("room=x&recent=0").await;
    page.next().await;
    watch(&mut page).await;
    let hook =
        Hook::asks(&server, "/hooks/claude?hold=60&room=x", claude("PermissionRequest", "s", bash("ls")));
    event(&mut page, "await").await;
    page.send(tokio_tungstenite::tungstenite::Message::Close(None)).await;
    page.closed().await;
    // Until the page's connection has ended.
    while server.http.delete(server.url("/rooms/x")).send().await.unwrap().status() == 409 {}
    assert_eq!(hook.hears().await, None);
    let (_, rooms) = server.look("/rooms").await;
    assert!(!rooms.to_string().contains("\"x\""), "{rooms}");
    assert_eq!(server.look("/requests").await, (200, json!({"requests": []})));
}

#[tokio::test]
async fn a_page_that_is_second_again_and_again_stays() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let hook = Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "s", bash("ls")));
    let id = request(&event(&mut page, "await").await);
    assert_eq!(answer(&server, &id, json!({"decision": "allow"})).await.0, 200);
    hook.hears().await;
    for _ in 0..15 {
        page.say(json!({"type": "answer", "request_id": id, "decision": "deny"})).await;
        while page.next().await["code"] != "request-ended" {}
    }
}

#[tokio::test]
async fn a_question_is_told_before_its_end_however_quickly_its_hook_is_gone() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let mut hooks = Vec::new();
    for n in 0..24 {
        let asks = claude("PermissionRequest", &format!("s{n}"), bash("ls"));
        hooks.push(Hook::asks(&server, "/hooks/claude?hold=60", asks));
        if n % 4 == 0 {
            // What is long is read beside the others.
            let long = claude("PreToolUse", "long", bash(&"x".repeat(500_000)));
            hooks.push(Hook::asks(&server, "/hooks/claude", long));
        }
    }
    // All of them have come, whatever has become of them.
    let mut seen = std::collections::BTreeMap::new();
    event(&mut page, "await").await;
    hooks.into_iter().for_each(Hook::ends);
    support::hooks::told(&server, &mut page).await;
    let (_, log) = server.look("/events?limit=1000&spell=voice").await;
    for event in log["events"].as_array().unwrap() {
        let metadata = &event["metadata"];
        let Some(id) = metadata["request_id"].as_str() else { continue };
        let is_end = metadata["event"] == "await_end";
        let was = seen.insert(id.to_owned(), is_end);
        assert_eq!(was, is_end.then_some(false), "{id}: first the question, then its end");
    }
    assert!(!seen.is_empty());
}

#[tokio::test]
async fn who_may_not_answer_neither_sees_nor_holds_nor_answers() {
    let guarded = Guarded::start().await;
    let (all, blind) = (token(&json!({})), token(&all_rights_but("answer")));
    let elsewhere = token(&json!({"rooms": ["other"]}));
    let filtered = token(&json!({"filter": {"daemon": ["claude"]}}));
    let hook = |hold: u64| {
        let asks = claude("PermissionRequest", "s", bash("git push"));
        let path = format!("/hooks/claude?hold={hold}");
        let request = guarded.server.http.post(guarded.server.url(&path)).bearer_auth(&all).json(&asks);
        tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
    };
    let mut page = guarded.connect(&blind, "recent=0").await;
    page.next().await;
    page.say(json!({"type": "presence", "visible": true})).await;
    let refused = page.next().await;
    assert_eq!(json!([refused["type"], refused["code"]]), json!(["error", "forbidden"]));
    assert_eq!(hook(60).await.unwrap(), 204);

    let mut page = guarded.connect(&all, "recent=0").await;
    page.next().await;
    watch(&mut page).await;
    let held = hook(60);
    let opening = event(&mut page, "await").await;
    let id = request(&opening);
    let (one, path) = (format!("/requests/{id}"), format!("/requests/{id}/answer"));
    let allow = || Some(json!({"decision": "allow"}));
    assert_eq!(guarded.status(&blind, reqwest::Method::POST, &path, allow()).await.0, 403);
    for token in [&elsewhere, &filtered] {
        assert_eq!(guarded.status(token, reqwest::Method::GET, &one, None).await.0, 404);
        assert_eq!(guarded.status(token, reqwest::Method::POST, &path, allow()).await.0, 404);
        let (_, list) = guarded.status(token, reqwest::Method::GET, "/requests", None).await;
        assert_eq!(list, json!({"requests": []}));
    }
    assert_eq!(guarded.status(&all, reqwest::Method::POST, &path, allow()).await.0, 200);
    assert_eq!(held.await.unwrap(), 200);
    assert_eq!(event(&mut page, "await_end").await["metadata"]["by"], "tester");
    // How it ended is no business of those either.
    assert_eq!(guarded.status(&elsewhere, reqwest::Method::POST, &path, allow()).await.0, 404);
}

#[tokio::test]
async fn what_is_too_large_or_no_question_has_the_agents_own_prompt() {
    let server = TestServer::start().await;
    let mut page = page(&server).await;
    let large = "x".repeat(300 * 1024);
    for (path, payload) in [
        ("/hooks/claude?hold=60", claude("PermissionRequest", "l", bash(&large))),
        ("/hooks/claude?hold=60", claude("PreToolUse", "p", bash("ls"))),
        ("/hooks/claude?hold=nonsense", claude("PermissionRequest", "n", bash("ls"))),
        ("/hooks/claude?hold=0", claude("PermissionRequest", "z", bash("ls"))),
        (
            "/hooks/gemini?hold=60",
            json!({"session_id": "g", "hook_event_name": "Notification", "notification_type": "ToolPermission", "timestamp": "2026-01-01T00:00:00Z", "transcript_path": "/home/user/.gemini/tmp/x", "details": {"type": "exec", "command": "ls"}}),
        ),
        ("/hooks/claude?hold=60", json!("text")),
        (
            "/hooks/claude?hold=60",
            claude(
                "Elicitation",
                "e",
                json!({"mode": "form", "message": "Sign in", "requested_schema": {"properties": {"password": {"type": "string"}}}}),
            ),
        ),
        (
            "/hooks/claude?hold=60",
            claude(
                "PermissionRequest",
                "q",
                json!({"tool_name": "AskUserQuestion", "tool_input": {"questions": "none"}}),
            ),
        ),
    ] {
        assert_eq!(Hook::asks(&server, path, payload).hears().await, None, "{path}");
    }
    // A list of a thousand options is cut to what a human reads, and none is invented.
    let labels: Vec<Value> = (0..1_000).map(|n| json!({"label": format!("choice {n}")})).collect();
    let many = json!({"tool_name": "AskUserQuestion", "tool_input": {"questions": [{"question": "Which?", "options": labels}]}});
    let asks = Hook::asks(&server, "/hooks/claude?hold=60", claude("PermissionRequest", "m", many));
    let mut opening = event(&mut page, "await").await;
    while opening["metadata"]["session"] != "m" {
        opening = event(&mut page, "await").await;
    }
    assert_eq!(opening["metadata"]["options"].as_array().unwrap().len(), 13);
    let id = request(&opening);
    for (body, status) in [
        (json!({"decision": "answer-1000"}), 422),
        (json!({"decision": "allow", "message": "yes"}), 422),
        (json!({"decision": "deny", "message": "x".repeat(5_000)}), 422),
        (json!({"decision": "deny", "message": "a\u{0}\u{1b}[2J\u{202e}"}), 422),
        (json!({"decision": "deny", "answers": {"Which?": "choice 1"}}), 422),
        (json!({"decision": "allow", "answers": {"Which?": null}}), 422),
        (json!({"decision": "allow", "updatedInput": {}}), 422),
        (json!({"message": "no"}), 422),
        (json!(["allow"]), 422),
    ] {
        assert_eq!(answer(&server, &id, body.clone()).await.0, status, "{body}");
    }
    assert_eq!(answer(&server, "nobody", json!({"decision": "allow"})).await.0, 404);
    assert_eq!(answer(&server, &id, json!({"decision": "answer-12"})).await.0, 200);
    assert!(asks.hears().await.unwrap().to_string().contains("choice 11"));
}
