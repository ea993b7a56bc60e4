//! Traps of the hooks of Copilot CLI, opencode, Cursor and Antigravity.

use serde_json::{Value, json};

use super::super::dialect::Agent;
use super::payloads::tells;
use super::{Lab, recording};

#[test]
fn copilot_requests_permission_for_what_is_allowed() {
    let request = json!({"hookName": "permissionRequest", "sessionId": "s", "timestamp": 5, "toolName": "bash", "toolInput": {"command": "ls"}});
    assert_eq!(tells(Agent::Copilot, &[request]), "");
}

#[test]
fn copilot_in_two_casings_at_once_counts_once() {
    let mut both = Lab::of(Agent::Copilot);
    for (camel, pascal) in recording("copilot/headless")
        .iter()
        .filter(|one| one.event != "userPromptTransformed")
        .zip(&recording("copilot/pascal"))
    {
        both.replay(camel).replay(pascal);
    }
    let mut one = Lab::of(Agent::Copilot);
    for recorded in recording("copilot/headless") {
        one.replay(&recorded);
    }
    let count = |told: String| told.lines().filter(|line| !line.starts_with("voice")).count();
    assert_eq!(count(both.told()), count(one.told()));
}

#[test]
fn copilots_two_casings_say_the_same() {
    let told = |name: &str| {
        let mut lab = Lab::of(Agent::Copilot);
        for one in recording(name) {
            lab.replay(&one);
        }
        let told = lab.told();
        told.lines().map(|line| line.split(" call_id").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told("copilot/headless"), told("copilot/pascal"));
}

#[test]
fn copilots_events_are_told_by_their_shape_where_nobody_names_them() {
    let told = |named: bool| {
        let mut lab = Lab::of(Agent::Copilot);
        for one in recording("copilot/headless") {
            lab.context.event = named.then(|| one.event.as_str().into());
            lab.hear(&one.payload);
        }
        lab.told()
    };
    assert_eq!(told(true), told(false));
}

#[test]
fn copilots_error_after_the_end_brings_nobody_back() {
    let over = json!({"sessionId": "s", "timestamp": 5, "reason": "user_exit"});
    let error =
        json!({"sessionId": "s", "timestamp": 6, "errorContext": "model_call", "error": {"message": "m"}});
    insta::assert_snapshot!(tells(Agent::Copilot, &[over, error]), @"banish copilot reason=user_exit manifestations=0");
}

#[test]
fn copilots_subagents_have_subagents() {
    let start = |id: &str, parent: &str| {
        json!({"sessionId": parent, "timestamp": 5, "agentName": "explore", "agentId": id,
        "agentType": "explore", "parentAgentId": parent, "hookName": "subagentStart"})
    };
    let mut call = json!({"sessionId": "b", "timestamp": 7, "agentId": "b", "agentType": "explore", "parentAgentId": "a"});
    call["toolName"] = json!("bash");
    call["toolArgs"] = json!({"command": "ls"});
    let mut lab = Lab::of(Agent::Copilot);
    lab.hear(&json!({"sessionId": "s", "timestamp": 1, "source": "new"}));
    lab.hear(&start("a", "s")).hear(&start("b", "a")).hear(&call);
    insta::assert_snapshot!(lab.told(), @r"
    summon copilot manifestations=1
    summon explore parent_daemon=copilot manifestations=1
    summon explore parent_daemon=explore manifestations=2
    reveal explore query_type=progress phase=begin call_id=205cb534-1 task=ls parent_daemon=explore
    ");
}

#[test]
fn opencode_is_idle_twice_after_an_abort_and_its_tool_ends_after_that() {
    let idle = json!({"id": "e", "type": "session.idle", "properties": {"sessionID": "s"}});
    let error = json!({"id": "e", "type": "session.error", "properties": {"sessionID": "s", "error": {"name": "MessageAbortedError"}}});
    let tool = |hook: &str| json!({"hook": hook, "input": {"tool": "bash", "sessionID": "s", "callID": "1"}, "output": {"args": {"command": "ls"}}});
    let all = [tool("tool.execute.before"), error, idle.clone(), tool("tool.execute.after"), idle];
    insta::assert_snapshot!(tells(Agent::Opencode, &all), @r"
    summon opencode synthetic=true manifestations=1
    reveal opencode query_type=progress phase=begin call_id=1 task=ls
    invoke opencode call_id=1 task=ls error=interrupted by a human interrupted=true
    reveal opencode query_type=state state=interrupted
    ");
}

#[test]
fn cursor_tells_of_a_shell_by_two_pairs_of_hooks_and_it_counts_once() {
    let base = |event: &str, more: Value| {
        let mut payload = json!({"conversation_id": "s", "generation_id": "g", "hook_event_name": event, "workspace_roots": ["/p"],
            "user_email": "someone@example.org"});
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        payload
    };
    let general = |event: &str| {
        base(
            event,
            json!({"tool_name": "Shell", "tool_use_id": "1", "tool_input": {"command": "ls"}, "tool_output": "{\"exitCode\":2}"}),
        )
    };
    let shell = |event: &str| base(event, json!({"command": "ls", "output": "", "duration": 1500}));
    let mut lab = Lab::of(Agent::Cursor);
    for payload in [
        general("preToolUse"),
        shell("beforeShellExecution"),
        shell("afterShellExecution"),
        general("postToolUse"),
    ] {
        lab.hear(&payload);
    }
    assert!(lab.drafts().iter().all(|draft| !format!("{draft:?}").contains("example.org")));
    insta::assert_snapshot!(lab.told(), @r"
    summon cursor synthetic=true manifestations=1
    reveal cursor query_type=progress phase=begin call_id=1 task=ls
    invoke cursor call_id=1 task=ls error=exit code 2 inferred=true
    ");
}

#[test]
fn antigravitys_steps_are_its_calls() {
    let step = |more: Value| {
        let mut payload =
            json!({"conversationId": "s", "stepIdx": 4, "workspacePaths": ["/home/user/arcane"]});
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        payload
    };
    let call = json!({"name": "run_command", "args": {"CommandLine": "cargo test"}});
    let mut lab = Lab::of(Agent::Antigravity);
    lab.hear(&step(json!({"toolCall": call}))).hear(&step(json!({"toolCall": null, "error": "exit code 1"})));
    insta::assert_snapshot!(lab.told(), @r"
    summon antigravity synthetic=true manifestations=1
    reveal antigravity query_type=progress phase=begin call_id=step-4 task=cargo test
    invoke antigravity call_id=step-4 task=cargo test error=exit code 1
    ");
}
