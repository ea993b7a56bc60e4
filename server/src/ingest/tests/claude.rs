//! Traps of Claude Code's hooks, each with a name: what was seen, and what must come of it.

use serde_json::{Value, json};

use super::super::dialect::{Agent, Context};
use super::Lab;
use super::payloads::{ask, begin, end, hook, notice, prompt, tells};

fn claude(payloads: &[Value]) -> String {
    tells(Agent::Claude, payloads)
}

#[test]
fn claude_interrupted_without_a_hook_is_closed_by_the_next_prompt() {
    insta::assert_snapshot!(claude(&[begin("1", "sleep 9"), prompt("q", "go on")]), @r"
    reveal claude query_type=progress phase=begin call_id=1 task=sleep 9
    reveal claude query_type=progress phase=end call_id=1 task=sleep 9 inferred=true
    parse claude
    ");
}

#[test]
fn claude_denied_in_a_terminal_puts_its_wait_out_with_the_next_sign() {
    let switch = hook("PreModelSwitch", json!({}));
    insta::assert_snapshot!(claude(&[begin("1", "rm x"), ask("rm x"), switch]), @r"
    reveal claude query_type=progress phase=begin call_id=1 task=rm x
    voice claude event=await why=permission call_id=1 task=Bash: rm x
    reveal claude query_type=progress phase=continue
    ");
}

#[test]
fn claude_without_a_human_waits_for_nobody() {
    let mut lab = Lab::of(Agent::Claude);
    lab.context = Context { is_unattended: true, ..Context::default() };
    lab.hear(&begin("1", "rm x")).hear(&ask("rm x")).hear(&notice("permission_prompt"));
    insta::assert_snapshot!(lab.told(), @r"
    summon claude synthetic=true manifestations=1
    reveal claude query_type=progress phase=begin call_id=1 task=rm x
    ");
}

#[test]
fn claude_says_twice_that_it_waits_and_once_is_told() {
    insta::assert_snapshot!(claude(&[begin("1", "rm x"), ask("rm x"), notice("permission_prompt")]), @r"
    reveal claude query_type=progress phase=begin call_id=1 task=rm x
    voice claude event=await why=permission call_id=1 task=Bash: rm x
    ");
}

#[test]
fn claude_in_auto_mode_waits_though_it_requests_nothing() {
    insta::assert_snapshot!(claude(&[begin("1", "rm x"), notice("agent_needs_input"), notice("permission_prompt")]), @r"
    reveal claude query_type=progress phase=begin call_id=1 task=rm x
    voice claude event=await why=input call_id=1 task=Claude needs your permission
    ");
}

#[test]
fn one_of_two_calls_that_wait_is_allowed_and_the_other_one_still_waits() {
    let mut lab = Lab::of(Agent::Claude);
    for payload in [begin("1", "rm a"), begin("2", "rm b"), ask("rm a"), ask("rm b"), end("2", "rm b")] {
        lab.hear(&payload);
    }
    let roster = lab.roster();
    let waiting = &roster.get("claude").unwrap().waiting;
    assert_eq!(waiting.iter().map(|wait| wait.call_id.as_deref()).collect::<Vec<_>>(), [Some("1")]);
    lab.hear(&end("1", "rm a"));
    assert!(lab.roster().get("claude").unwrap().waiting.is_empty());
}

#[test]
fn a_subagents_work_puts_out_no_wait_of_its_session() {
    let agent = json!({"agent_id": "a", "agent_type": "Explore"});
    let mut lab = Lab::of(Agent::Claude);
    lab.hear(&begin("1", "rm x")).hear(&ask("rm x")).hear(&hook("SubagentStart", agent.clone()));
    let mut inner = begin("2", "ls");
    inner.as_object_mut().unwrap().extend(agent.as_object().unwrap().clone());
    lab.hear(&inner);
    assert_eq!(lab.roster().get("claude").unwrap().waiting.len(), 1);
    assert_eq!(lab.roster().get("explore").unwrap().calls.len(), 1);
}

#[test]
fn claude_stops_subagents_that_never_started() {
    let stop = hook("SubagentStop", json!({"agent_id": "a7cff", "agent_type": ""}));
    assert_eq!(claude(&[stop.clone(), stop]), "");
}

#[test]
fn a_subagents_end_is_one_though_its_list_says_that_it_runs() {
    let agent = json!({"agent_id": "a", "agent_type": "general-purpose",
        "background_tasks": [{"id": "a", "type": "subagent", "status": "running"}]});
    insta::assert_snapshot!(claude(&[hook("SubagentStart", agent.clone()), hook("SubagentStop", agent)]), @r"
    summon general-purpose parent_daemon=claude manifestations=1
    banish general-purpose parent_daemon=claude reason=done manifestations=0
    ");
}

#[test]
fn the_notice_of_a_background_agent_is_no_prompt_of_a_human() {
    assert_eq!(claude(&[prompt("q", "<task-notification>\n<task-id>a</task-id>")]), "");
}

#[test]
fn compaction_begins_no_session() {
    let again = hook("SessionStart", json!({"source": "compact", "model": "m"}));
    let compacted = hook("PostCompact", json!({"trigger": "manual", "compact_summary": "secret"}));
    insta::assert_snapshot!(claude(&[hook("PreCompact", json!({"custom_instructions": null})), again, compacted]), @r"
    reveal claude query_type=state state=compacting
    reveal claude query_type=state state=compacted
    ");
}

#[test]
fn a_session_that_is_resumed_comes_back_under_its_id() {
    let over = hook("SessionEnd", json!({"reason": "other"}));
    let resumed = hook("SessionStart", json!({"source": "resume"}));
    insta::assert_snapshot!(claude(&[over.clone(), over, resumed]), @r"
    banish claude reason=other manifestations=0
    summon claude manifestations=1
    ");
}

#[test]
fn one_failed_turn_that_is_told_twice_counts_once() {
    let failed = |id: &str| hook("StopFailure", json!({"error": "server_error", "prompt_id": id}));
    insta::assert_snapshot!(claude(&[prompt("a", "x"), failed("a"), failed("b")]), @r"
    parse claude
    invoke claude task=turn error=server_error
    ");
}

#[test]
fn a_session_that_goes_elsewhere_keeps_its_project() {
    let mut lab = Lab::of(Agent::Claude);
    let mut elsewhere = begin("1", "ls");
    elsewhere["cwd"] = json!("/tmp/worktrees/x");
    lab.hear(&begin("0", "ls")).hear(&elsewhere);
    assert!(lab.drafts().iter().all(|draft| draft.metadata["project"] == "arcane"));
}

#[test]
fn a_turn_that_is_over_is_no_wait() {
    let stop = hook("Stop", json!({}));
    insta::assert_snapshot!(claude(&[prompt("a", "x"), stop, notice("idle_prompt")]), @r"
    parse claude
    voice claude event=answer
    ");
}

#[test]
fn a_background_agent_goes_on_after_its_sessions_turn() {
    let agent = json!({"agent_id": "a", "agent_type": "Explore"});
    let mut lab = Lab::of(Agent::Claude);
    lab.hear(&hook("SubagentStart", agent)).hear(&hook("Stop", json!({})));
    assert!(lab.roster().get("explore").unwrap().is_present());
}

#[test]
fn an_end_without_a_beginning_counts_and_a_beginning_that_comes_later_opens_nothing() {
    insta::assert_snapshot!(claude(&[end("1", "ls"), begin("1", "ls"), end("1", "ls")]), @"invoke claude call_id=1 task=ls");
}

#[test]
fn a_session_without_an_announcement_is_summoned_by_its_first_sign() {
    let mut lab = Lab::of(Agent::Claude);
    lab.hear(&prompt("a", "x"));
    insta::assert_snapshot!(lab.told(), @r"
    summon claude synthetic=true manifestations=1
    parse claude
    ");
}
