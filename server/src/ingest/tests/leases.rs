//! What time alone does: silence, fading, waits that last, and sessions of an earlier run.

use arcane_shared::roster::Doing;
use serde_json::{Value, json};

use super::super::dialect::Agent;
use super::super::session::Table;
use super::Lab;
use crate::config::Prices;

#[allow(clippy::needless_pass_by_value, reason = "payloads are written where they are used")]
fn claude(event: &str, more: Value) -> Value {
    let mut payload = json!({"session_id": "s", "cwd": "/home/user/arcane", "hook_event_name": event});
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    payload
}

fn bash(event: &str, id: &str, command: &str) -> Value {
    claude(event, json!({"tool_name": "Bash", "tool_use_id": id, "tool_input": {"command": command}}))
}

#[test]
fn a_call_of_which_nothing_is_heard_is_told_to_be_silent_once() {
    let mut lab = Lab::of(Agent::Claude);
    lab.hear(&claude("SessionStart", json!({}))).hear(&bash("PreToolUse", "1", "sleep 999")).told();
    lab.pass(100);
    assert_eq!(lab.told(), "");
    lab.pass(30).pass(60);
    insta::assert_snapshot!(lab.told(), @"reveal claude query_type=silent synthetic=true");
    lab.hear(&bash("PostToolUse", "1", "sleep 999"));
    insta::assert_snapshot!(lab.told(), @"invoke claude call_id=1 task=sleep 999");
}

#[test]
fn a_session_without_a_sign_fades_and_its_next_sign_brings_it_back() {
    let mut lab = Lab::of(Agent::Claude);
    lab.hear(&claude("SessionStart", json!({})));
    lab.hear(&claude("SubagentStart", json!({"agent_id": "a", "agent_type": "Explore"}))).told();
    lab.pass(15 * 60);
    insta::assert_snapshot!(lab.told(), @r"
    banish explore parent_daemon=claude reason=faded synthetic=true manifestations=0
    banish claude reason=faded synthetic=true manifestations=0
    ");
    assert!(lab.roster().present().next().is_none());
    lab.pass(3 * 60 * 60).hear(&bash("PreToolUse", "1", "ls"));
    insta::assert_snapshot!(lab.told(), @r"
    summon claude synthetic=true manifestations=1
    reveal claude query_type=progress phase=begin call_id=1 task=ls
    ");
}

#[test]
fn a_wait_outlasts_a_night_and_not_a_day() {
    let mut lab = Lab::of(Agent::Claude);
    lab.hear(&bash("PreToolUse", "1", "rm -r x")).hear(&bash("PermissionRequest", "", "rm -r x")).told();
    lab.pass(11 * 60 * 60);
    assert_eq!((lab.told().as_str(), lab.roster().get("claude").unwrap().doing), ("", Doing::Waiting));
    lab.pass(60 * 60);
    assert_eq!(lab.roster().get("claude").unwrap().doing, Doing::Gone);
}

#[test]
fn sessions_of_an_earlier_run_go_on_and_end() {
    let mut lab = Lab::of(Agent::Claude);
    lab.hear(&claude("SessionStart", json!({})));
    lab.hear(&claude("SubagentStart", json!({"agent_id": "a", "agent_type": "Explore"})));
    lab.hear(&bash("PreToolUse", "1", "rm -r x")).hear(&bash("PermissionRequest", "", "rm -r x")).told();
    lab.table = Table::new(Prices::none(), 5);
    let roster = lab.roster();
    lab.table.adopt(&arcane_shared::RoomName::default(), &roster);
    // No second summons, and the call that was open ends.
    lab.hear(&bash("PostToolUse", "1", "rm -r x"));
    insta::assert_snapshot!(lab.told(), @"invoke claude call_id=1 task=rm -r x");
    lab.hear(&claude("SessionEnd", json!({"reason": "other"})));
    insta::assert_snapshot!(lab.told(), @r"
    banish explore parent_daemon=claude reason=other manifestations=0
    banish claude reason=other manifestations=0
    ");
    assert!(lab.roster().present().next().is_none());
}

#[test]
fn a_hundred_sessions_are_told_apart() {
    let mut lab = Lab::of(Agent::Claude);
    for n in 0..100 {
        let mut begin = bash("PreToolUse", &format!("c{n}"), "ls");
        begin["session_id"] = json!(format!("s{n}"));
        lab.hear(&begin);
    }
    assert_eq!(lab.roster().get("claude").unwrap().sessions.len(), 64);
    for n in 0..100 {
        let mut end = claude("SessionEnd", json!({}));
        end["session_id"] = json!(format!("s{n}"));
        lab.hear(&end);
        let doing = lab.roster().get("claude").unwrap().doing;
        assert_eq!(doing == Doing::Gone, n == 99, "{n}");
    }
}
