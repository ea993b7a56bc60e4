//! Traps of the hooks of Codex, Gemini CLI and Qwen Code, and of telemetry beside them.

use serde_json::{Value, json};

use super::super::dialect::{Agent, Context};
use super::super::sign::{Call, Outcome, Sign, Via, What};
use super::Lab;
use super::payloads::{ask, begin, end, hook, notice, tells};

#[test]
fn codex_whose_tool_ended_without_a_hook_is_closed_by_its_next_sign() {
    let question = hook(
        "PreToolUse",
        json!({"tool_name": "request_user_input", "tool_use_id": "1", "turn_id": "t",
        "tool_input": {"questions": [{"question": "Which colour?"}]}}),
    );
    insta::assert_snapshot!(tells(Agent::Codex, &[question, hook("Stop", json!({"turn_id": "t"}))]), @r"
    reveal codex query_type=progress phase=begin call_id=1 task=Which colour?
    voice codex event=await why=question call_id=1 task=Which colour?
    voice codex event=answer
    ");
}

#[test]
fn codex_hides_a_failure_in_its_text() {
    let patch = |event: &str, response: Value| {
        hook(
            event,
            json!({"tool_name": "apply_patch", "tool_use_id": "1", "turn_id": "t", "tool_response": response,
            "tool_input": {"command": "*** Begin Patch\n*** Update File: a.rs\n*** End Patch\n"}}),
        )
    };
    let text = "Exit code: 1\nWall time: 0 seconds\nOutput:\nno such line";
    insta::assert_snapshot!(tells(Agent::Codex, &[patch("PreToolUse", json!(null)), patch("PostToolUse", json!(text))]), @r"
    reveal codex query_type=progress phase=begin call_id=1 task=apply_patch a.rs
    invoke codex call_id=1 task=apply_patch a.rs error=exit code 1 inferred=true
    ");
}

#[test]
fn what_a_command_prints_is_no_exit_code() {
    let mut done = end("1", "cat README");
    done["tool_response"] = json!("# Codes\nIf grep ends with exit code 1 there was no match");
    done["turn_id"] = json!("t");
    assert!(!tells(Agent::Codex, &[done]).contains("error"));
}

#[test]
fn codex_tells_a_subagents_task_as_a_prompt() {
    let task = hook(
        "UserPromptSubmit",
        json!({"agent_id": "a", "agent_type": "default", "prompt": "look", "turn_id": "t"}),
    );
    insta::assert_snapshot!(tells(Agent::Codex, &[task]), @"summon default parent_daemon=codex synthetic=true manifestations=1");
}

#[test]
fn codex_interrupted_denies_what_waited_and_interrupts_what_ran() {
    let stop = hook("Interrupt", json!({"turn_id": "t"}));
    let turn = |mut payload: Value| {
        payload["turn_id"] = json!("t");
        payload
    };
    let all = [begin("1", "rm x"), begin("2", "ls"), ask("rm x")].map(turn);
    insta::assert_snapshot!(tells(Agent::Codex, &[all.as_slice(), &[stop]].concat()), @r"
    reveal codex query_type=progress phase=begin call_id=1 task=rm x
    reveal codex query_type=progress phase=begin call_id=2 task=ls
    voice codex event=await why=permission call_id=1 task=Bash: rm x
    invoke codex call_id=1 task=rm x error=denied denied=true
    invoke codex call_id=2 task=ls error=interrupted by a human interrupted=true
    reveal codex query_type=state state=interrupted
    ");
}

/// A sign of telemetry about a session of Codex.
fn twin(session: &str, call: &str) -> Sign {
    let payload = end(call, "exec");
    let reading = super::super::dialect::read(Agent::Codex, &payload, &Context::default());
    let mut sign = reading.signs.into_iter().next().unwrap();
    sign.who.session = session.into();
    sign.via = Via::Twin;
    sign
}

#[test]
fn telemetry_summons_nobody_and_counts_no_call_that_hooks_do_not_know() {
    let mut lab = Lab::of(Agent::Codex);
    let (room, now) =
        (arcane_shared::RoomName::default(), arcane_shared::Timestamp::from_unix_micros(lab.now));
    // A conversation that makes a title.
    assert!(lab.table.take(&room, &twin("ghost", "1"), now).is_empty());
    // The call around the calls in code mode.
    lab.hear(&begin("exec-1", "ls"));
    assert!(lab.table.take(&room, &twin("s", "call_outer"), now).is_empty());
    // The end that an interrupted call has nowhere else.
    let ends = lab.table.take(&room, &twin("s", "exec-1"), now);
    assert_eq!(ends.len(), 1);
    assert!(lab.table.take(&room, &twin("s", "exec-1"), now).is_empty());
}

#[test]
fn telemetry_ends_a_call_that_hooks_have_no_id_of() {
    let mut lab = Lab::of(Agent::Codex);
    let mut unnamed = begin("1", "ls");
    unnamed.as_object_mut().unwrap().remove("tool_use_id");
    lab.hear(&unnamed);
    let (room, now) =
        (arcane_shared::RoomName::default(), arcane_shared::Timestamp::from_unix_micros(lab.now));
    let mut sign = twin("s", "call_of_the_model");
    if let What::CallEnded { outcome, .. } = &mut sign.what {
        *outcome = Outcome::Interrupted;
    }
    assert_eq!(lab.table.take(&room, &sign, now).len(), 1);
    assert!(lab.table.take(&room, &sign, now).is_empty());
}

fn gemini(event: &str, second: u32, more: Value) -> Value {
    let mut payload = hook(event, more);
    payload["timestamp"] = json!(format!("2026-11-26T06:20:{second:02}.000Z"));
    payload
}

#[test]
fn gemini_compresses_nothing_before_every_request() {
    assert_eq!(tells(Agent::Gemini, &[gemini("PreCompress", 1, json!({"trigger": "auto"}))]), "");
}

#[test]
fn gemini_hides_a_failed_command_in_the_text_for_the_model() {
    let shell = |event: &str, second, response: Value| {
        gemini(
            event,
            second,
            json!({"tool_name": "run_shell_command", "tool_input": {"command": "cat x"}, "tool_response": response}),
        )
    };
    let text = "<untrusted_context>\nOutput: no\nExit Code: 1\nProcess Group PGID: 7\n</untrusted_context>";
    let failed = shell("AfterTool", 2, json!({"llmContent": text}));
    insta::assert_snapshot!(tells(Agent::Gemini, &[shell("BeforeTool", 1, json!(null)), failed]), @r"
    reveal gemini query_type=progress phase=begin call_id=aaa4c09d-1 task=cat x
    invoke gemini call_id=aaa4c09d-1 task=cat x error=exit code 1 inferred=true
    ");
}

#[test]
fn gemini_pairs_equal_calls_in_their_order() {
    let call = |event: &str, second| {
        gemini(
            event,
            second,
            json!({"tool_name": "read_file", "tool_input": {"file_path": "a"}, "tool_response": {}}),
        )
    };
    let told = tells(
        Agent::Gemini,
        &[
            call("BeforeTool", 1),
            call("BeforeTool", 2),
            call("AfterTool", 3),
            call("AfterTool", 4),
            call("AfterTool", 4),
        ],
    );
    assert_eq!(told.matches("invoke gemini").count(), 2, "{told}");
}

#[test]
fn gemini_ends_three_times_and_once_is_told() {
    let over = |second| gemini("SessionEnd", second, json!({"reason": "exit"}));
    insta::assert_snapshot!(tells(Agent::Gemini, &[over(1), over(2), over(3)]), @"banish gemini reason=exit manifestations=0");
}

#[test]
fn gemini_without_an_answer_has_failed() {
    let answer = gemini("AfterAgent", 2, json!({"prompt_response": "[no response text]"}));
    insta::assert_snapshot!(tells(Agent::Gemini, &[gemini("BeforeAgent", 1, json!({"prompt": "x"})), answer]), @r"
    parse gemini
    invoke gemini task=turn error=no answer: the model failed, or a human interrupted it
    ");
}

#[test]
fn qwen_repeats_an_empty_prompt_after_every_tool() {
    let empty = hook(
        "UserPromptSubmit",
        json!({"prompt": "", "prompt_id": "p", "timestamp": "2026-11-26T06:24:04Z"}),
    );
    assert_eq!(tells(Agent::Qwen, &[empty]), "");
}

#[test]
fn qwen_waits_before_its_call_begins() {
    let at = |mut payload: Value, second: u32| {
        payload["timestamp"] = json!(format!("2026-11-26T06:24:{second:02}Z"));
        payload
    };
    let all = [
        at(ask("rm x"), 1),
        at(notice("permission_prompt"), 2),
        at(begin("1", "rm x"), 3),
        at(end("1", "rm x"), 4),
    ];
    insta::assert_snapshot!(tells(Agent::Qwen, &all), @r"
    voice qwen event=await why=permission task=Bash: rm x
    reveal qwen query_type=progress phase=begin call_id=1 task=rm x
    invoke qwen call_id=1 task=rm x
    ");
}

#[test]
fn a_request_that_was_overtaken_by_its_own_end_is_no_wait() {
    let at = |mut payload: Value, second: u32| {
        payload["timestamp"] = json!(format!("2026-11-26T06:24:{second:02}Z"));
        payload
    };
    let all = [at(begin("1", "rm x"), 3), at(end("1", "rm x"), 4), at(ask("rm x"), 1)];
    assert!(!tells(Agent::Qwen, &all).contains("await"));
}

#[test]
fn a_result_that_nobody_tells_of_is_none() {
    let outcome = Outcome::Unknown;
    let call = Call { id: Some("never".into()), tool: "Bash".into(), print: 0, digest: 0, again: 0 };
    let mut sign = twin("s", "never");
    sign.via = Via::Live;
    sign.what =
        What::CallEnded { call, task: "ls".into(), outcome, seconds: None, output: None, result: None };
    let mut lab = Lab::of(Agent::Codex);
    lab.hear(&begin("1", "ls"));
    let now = arcane_shared::Timestamp::from_unix_micros(lab.now);
    assert!(lab.table.take(&arcane_shared::RoomName::default(), &sign, now).is_empty());
}
