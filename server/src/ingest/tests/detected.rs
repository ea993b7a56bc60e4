//! Every recorded payload is known for its agent's, and all of it is understood.

use serde_json::json;

use super::super::dialect::{Agent, Context, detect, read};
use super::recording;

const RECORDINGS: [(Agent, &[&str]); 6] = [
    (Agent::Claude, &["headless", "tui", "auto", "interrupts", "resume-signals", "idle", "http"]),
    (Agent::Codex, &["headless", "tui", "tui-code"]),
    (Agent::Gemini, &["headless", "tui"]),
    (Agent::Copilot, &["headless", "pascal", "claude-settings", "tui", "deny"]),
    (Agent::Qwen, &["headless", "tui"]),
    (Agent::Opencode, &["headless", "server"]),
];

#[test]
fn every_recorded_payload_is_its_agents() {
    for (agent, names) in RECORDINGS {
        for name in names {
            for one in recording(&format!("{}/{name}", agent.name())) {
                assert_eq!(detect(&one.payload, None), Some(agent), "{name} {}", one.event);
            }
        }
    }
}

#[test]
fn a_session_without_a_transcript_is_of_codex_where_its_hook_says_so() {
    let payload = json!({"session_id": "s", "transcript_path": null, "cwd": "/p", "hook_event_name": "SessionStart",
        "source": "startup", "model": "gpt-5-codex", "permission_mode": "default"});
    assert_eq!(detect(&payload, Some(Agent::Codex)), Some(Agent::Codex));
    assert_eq!(detect(&payload, None), Some(Agent::Claude));
    // Another agent that runs the hooks of Codex.
    let foreign = json!({"session_id": "s", "hook_event_name": "Stop", "transcript_path": "/h/.claude/projects/p/s.jsonl"});
    assert_eq!(detect(&foreign, Some(Agent::Codex)), Some(Agent::Claude));
}

#[test]
fn nothing_of_a_recording_is_unknown() {
    let mut unknown = Vec::new();
    for (agent, names) in RECORDINGS {
        for name in names {
            for one in recording(&format!("{}/{name}", agent.name())) {
                let context = Context { event: Some(one.event.as_str().into()), ..Context::default() };
                let reading = read(agent, &one.payload, &context);
                let fields =
                    reading.unknown_fields.iter().map(|field| format!("{field} of {} of {name}", one.event));
                unknown.extend(reading.unknown_event.iter().map(|event| event.to_string()).chain(fields));
                assert!(!reading.is_foreign, "{name} {}", one.event);
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn an_event_or_a_field_that_is_new_is_counted_and_does_no_harm() {
    let payload = json!({"session_id": "s", "hook_event_name": "Dreaming", "cwd": "/p", "lucid": true});
    let reading = read(Agent::Claude, &payload, &Context::default());
    assert_eq!(reading.unknown_event.as_deref(), Some("Dreaming"));
    assert_eq!(reading.unknown_fields, ["lucid".into()]);
}

#[test]
fn what_is_no_payload_is_foreign_to_every_dialect() {
    for payload in
        [json!(null), json!([1]), json!("x"), json!({}), json!({"session_id": 7, "hook_event_name": []})]
    {
        for agent in Agent::ALL {
            let reading = read(agent, &payload, &Context::default());
            assert!(reading.signs.is_empty(), "{agent:?} {payload}");
        }
    }
}

#[test]
fn names_of_agents_in_addresses() {
    for (name, agent) in [
        ("claude", Some(Agent::Claude)),
        ("claude-code", Some(Agent::Claude)),
        ("agy", Some(Agent::Antigravity)),
        ("auto", None),
        ("clippy", None),
    ] {
        assert_eq!(Agent::named(name), agent, "{name}");
    }
}
