//! Recorded telemetry of agents without any hook: what is told by it alone.

use super::super::dialect::Agent;
use super::{Lab, telemetry};

/// A session that is told by telemetry alone.
fn alone(agent: Agent, name: &str) -> String {
    let mut lab = Lab::of(agent);
    let mut looked = 0.0;
    for post in telemetry(name) {
        // Every five seconds it is looked at what waits for hooks.
        while post.at >= looked + 5.0 {
            lab.pass(5);
            looked += 5.0;
        }
        lab.receive(&post);
    }
    lab.pass(5).pass(5);
    lab.told()
}

#[test]
fn claude() {
    insta::assert_snapshot!(alone(Agent::Claude, "claude/headless"), @r"
    summon claude synthetic=true manifestations=1
    parse claude
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    reveal claude query_type=progress phase=begin call_id=toolu_probe0_0_2 task=Say hello
    invoke claude call_id=toolu_probe0_0_2 task=Say hello
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    reveal claude query_type=progress phase=begin call_id=toolu_probe1_0_6 task=Read a file that is not there
    invoke claude call_id=toolu_probe1_0_6 task=Read a file that is not there error=Shell command failed
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    reveal claude query_type=progress phase=begin call_id=toolu_probe2_0_a task=Write
    invoke claude call_id=toolu_probe2_0_a task=Write …/project/probe.txt
    reveal claude query_type=progress phase=begin call_id=toolu_probe3_0_e task=Read …/project/probe.txt
    invoke claude call_id=toolu_probe3_0_e task=Read …/project/probe.txt
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    reveal claude query_type=progress phase=begin call_id=toolu_probe4_0_i task=Edit
    invoke claude call_id=toolu_probe4_0_i task=Edit …/project/probe.txt
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    reveal claude query_type=progress phase=begin call_id=toolu_probe5_1_n task=Second
    reveal claude query_type=progress phase=begin call_id=toolu_probe5_0_m task=First
    invoke claude call_id=toolu_probe5_1_n task=Second
    invoke claude call_id=toolu_probe5_0_m task=First
    reveal claude query_type=progress phase=begin call_id=toolu_probe6_0_r task=Agent general-purpose
    summon claude-subagent parent_daemon=claude synthetic=true manifestations=1
    reveal claude-subagent query_type=progress phase=begin call_id=toolu_probe0_0_v task=Say hello parent_daemon=claude
    invoke claude-subagent call_id=toolu_probe0_0_v task=Say hello parent_daemon=claude
    banish claude-subagent parent_daemon=claude reason=done manifestations=0
    invoke claude call_id=toolu_probe6_0_r task=Agent general-purpose
    voice claude event=answer
    invoke claude call_id=toolu_probe7_0_12 task=Needs a yes error=denied denied=true
    ");
}

#[test]
fn claude_in_a_terminal() {
    insta::assert_snapshot!(alone(Agent::Claude, "claude/tui"), @r"
    summon claude synthetic=true manifestations=1
    parse claude
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    reveal claude query_type=progress phase=begin call_id=toolu_probe0_0_2 task=Needs a yes
    invoke claude call_id=toolu_probe0_0_2 task=Needs a yes
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    parse claude
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    invoke claude call_id=toolu_probe0_0_9 task=Needs a yes error=denied denied=true
    parse claude
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    reveal claude query_type=progress phase=begin call_id=toolu_probe0_0_d task=AskUserQuestion
    invoke claude call_id=toolu_probe0_0_d task=AskUserQuestion
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    parse claude
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    parse claude
    parse claude
    parse claude
    reveal claude query_type=progress phase=begin call_id=toolu_probe0_0_11 task=Agent general-purpose
    invoke claude call_id=toolu_probe0_0_11 task=Agent general-purpose
    summon claude-subagent parent_daemon=claude synthetic=true manifestations=1
    reveal claude-subagent query_type=progress phase=begin call_id=toolu_probe0_0_15 task=Say hello parent_daemon=claude
    invoke claude-subagent call_id=toolu_probe0_0_15 task=Say hello parent_daemon=claude
    banish claude-subagent parent_daemon=claude reason=done manifestations=0
    parse claude
    parse claude
    reveal claude query_type=progress phase=begin call_id=toolu_probe0_0_1i task=Read a file that is not there
    invoke claude call_id=toolu_probe0_0_1i task=Read a file that is not there error=Shell command failed
    reveal claude query_type=progress phase=begin call_id=toolu_probe1_1_1n task=Second
    reveal claude query_type=progress phase=begin call_id=toolu_probe1_0_1m task=First
    invoke claude call_id=toolu_probe1_1_1n task=Second
    invoke claude call_id=toolu_probe1_0_1m task=First
    reveal claude query_type=state state=compacted
    parse claude
    reveal claude query_type=state state=retry error=stand-in says overloaded_error
    invoke claude task=turn error=stand-in says overloaded_error
    parse claude
    invoke claude task=turn error=stand-in says invalid_request_error
    ");
}

#[test]
fn claude_in_protobuf() {
    insta::assert_snapshot!(alone(Agent::Claude, "claude/resume-signals"), @r"
    summon claude synthetic=true manifestations=1
    parse claude
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    reveal claude query_type=progress phase=begin call_id=toolu_probe0_0_2 task=Say hello
    invoke claude call_id=toolu_probe0_0_2 task=Say hello
    reveal claude query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 cost_usd=0.0063
    voice claude event=answer
    ");
}

#[test]
fn codex() {
    insta::assert_snapshot!(alone(Agent::Codex, "codex/headless"), @r"
    summon codex manifestations=1
    parse codex
    reveal codex query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=0 reasoning_tokens=7
    reveal codex query_type=progress phase=begin call_id=exec-5823cd23-8532-44f3-91b6-61b21b8cf09c task=Bash
    invoke codex call_id=exec-5823cd23-8532-44f3-91b6-61b21b8cf09c task=echo hello
    reveal codex query_type=progress phase=begin call_id=exec-6565857f-7296-469d-9782-194e3ebcc719 task=Bash
    invoke codex call_id=exec-6565857f-7296-469d-9782-194e3ebcc719 task=cat no-such-file error=exit code 1 inferred=true
    reveal codex query_type=progress phase=begin call_id=exec-61d44956-b055-409c-bcd7-c9543e3bd224 task=apply_patch
    invoke codex call_id=exec-61d44956-b055-409c-bcd7-c9543e3bd224 task=apply_patch probe.txt
    reveal codex query_type=progress phase=begin call_id=exec-c6dc2d0f-eaee-434a-9d81-f9c5a4e23ef2 task=apply_patch
    invoke codex call_id=exec-c6dc2d0f-eaee-434a-9d81-f9c5a4e23ef2 task=apply_patch probe.txt
    reveal codex query_type=progress phase=begin call_id=exec-775cc562-af94-4d6d-8cb7-1e801767aa7f task=Bash
    invoke codex call_id=exec-775cc562-af94-4d6d-8cb7-1e801767aa7f task=cat probe.txt
    reveal codex query_type=progress phase=begin call_id=exec-195de3b7-77ef-4af6-8c99-b838b37dedf1 task=Bash
    invoke codex call_id=exec-195de3b7-77ef-4af6-8c99-b838b37dedf1 task=echo one
    reveal codex query_type=progress phase=begin call_id=exec-c06dc5a5-3ec5-43ce-b12d-d870df481b32 task=Bash
    invoke codex call_id=exec-c06dc5a5-3ec5-43ce-b12d-d870df481b32 task=echo two
    summon codex-subagent parent_daemon=codex manifestations=1
    ");
}

#[test]
fn codex_and_the_conversations_that_make_its_titles() {
    insta::assert_snapshot!(alone(Agent::Codex, "codex/tui"), @r"
    summon codex manifestations=1
    parse codex
    reveal codex query_type=progress phase=begin call_id=call_probe0_0_7 task=Bash
    invoke codex call_id=call_probe0_0_7 task=mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    parse codex
    parse codex
    reveal codex query_type=progress phase=begin call_id=call_probe0_0_o task=Bash
    reveal codex query_type=progress phase=end call_id=call_probe0_0_o task=Bash inferred=true
    parse codex
    reveal codex query_type=progress phase=begin call_id=call_probe0_0_v task=Bash
    reveal codex query_type=progress phase=end call_id=call_probe0_0_v task=Bash inferred=true
    parse codex
    parse codex
    invoke codex call_id=call_probe0_0_18 task=multi_agent_v1spawn_agent
    invoke codex call_id=call_probe1_0_1c task=multi_agent_v1wait_agent error=agent ids must be non-empty
    summon codex manifestations=2
    reveal codex query_type=progress phase=begin call_id=call_probe0_0_1g task=Bash
    invoke codex call_id=call_probe0_0_1g task=echo hello
    invoke codex call_id=call_probe0_0_1t task=Which colour? error=request_user_input is unavailable in Default mode
    ");
}

#[test]
fn codex_in_protobuf() {
    insta::assert_snapshot!(alone(Agent::Codex, "codex/protobuf"), @"reveal codex query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 cache_write_tokens=0 reasoning_tokens=7");
}

#[test]
fn gemini() {
    insta::assert_snapshot!(alone(Agent::Gemini, "gemini/headless"), @r"
    summon gemini manifestations=1
    parse gemini
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=f5e543af-1 task=run_shell_command
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=4ba8af40-2 task=run_shell_command
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=4d1ef493-3 task=write_file
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=9deab54e-4 task=read_file
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=d9b7c157-5 task=replace
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=b59f0c38-6 task=write_todos
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    summon generalist parent_daemon=gemini manifestations=1
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=0d4a9750-7 task=run_shell_command
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    banish generalist parent_daemon=gemini reason=ERROR_NO_COMPLETE_TASK_CALL manifestations=0
    invoke gemini call_id=cf410bcc-8 task=invoke_agent
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    ");
}

#[test]
fn gemini_in_a_terminal() {
    insta::assert_snapshot!(alone(Agent::Gemini, "gemini/tui"), @r#"
    summon gemini manifestations=1
    parse gemini
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=1469fbb6-1 task=run_shell_command
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    parse gemini
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=a998f2b6-2 task=run_shell_command error=denied denied=true
    parse gemini
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=257dc295-3 task=ask_user
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    parse gemini
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=f1262313-4 task=run_shell_command error=failed
    parse gemini
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    invoke gemini call_id=40048ddb-5 task=run_shell_command error=failed
    parse gemini
    reveal gemini query_type=state state=interrupted
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    reveal gemini query_type=enrich input_tokens=1200 output_tokens=49 cache_read_tokens=800 reasoning_tokens=7
    reveal gemini query_type=state state=compacted
    summon gemini synthetic=true manifestations=2
    parse gemini
    invoke gemini task=turn error={"error":{"code":400,"message":"stand-in says no","status":"UNAVAILABLE"}}
    "#);
}

#[test]
fn copilot() {
    insta::assert_snapshot!(alone(Agent::Copilot, "copilot/headless"), @r"
    summon copilot synthetic=true manifestations=1
    invoke copilot call_id=call_probe0_0_2 task=bash
    reveal copilot query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke copilot call_id=call_probe1_0_5 task=bash error=exit code 1
    reveal copilot query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke copilot call_id=call_probe2_0_8 task=create
    reveal copilot query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke copilot call_id=call_probe3_0_b task=view
    reveal copilot query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke copilot call_id=call_probe4_0_e task=edit
    summon general-purpose parent_daemon=copilot synthetic=true manifestations=1
    invoke general-purpose call_id=call_probe0_0_k task=bash parent_daemon=copilot
    banish general-purpose parent_daemon=copilot reason=done manifestations=0
    invoke copilot call_id=call_probe5_0_h task=task
    voice copilot event=answer
    reveal copilot query_type=enrich input_tokens=6000 output_tokens=210 cache_read_tokens=4000 reasoning_tokens=35
    ");
}

#[test]
fn copilot_that_is_denied_and_interrupted() {
    insta::assert_snapshot!(alone(Agent::Copilot, "copilot/deny"), @r"
    reveal copilot query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    summon copilot synthetic=true manifestations=1
    invoke copilot call_id=call_probe0_0_2 task=bash error=interrupted by a human interrupted=true
    reveal copilot query_type=state state=interrupted
    reveal copilot query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke copilot call_id=call_probe0_0_5 task=bash error=interrupted by a human interrupted=true
    reveal copilot query_type=state state=interrupted
    reveal copilot query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke copilot call_id=call_probe0_0_8 task=bash error=interrupted by a human interrupted=true
    reveal copilot query_type=state state=interrupted
    voice copilot event=answer
    ");
}

#[test]
fn qwen() {
    insta::assert_snapshot!(alone(Agent::Qwen, "qwen/headless"), @r"
    summon qwen manifestations=1
    parse qwen
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke qwen call_id=call_probe0_0_2 task=Say hello
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke qwen call_id=call_probe1_0_5 task=Read a file that is not there error=exit code 1
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke qwen call_id=call_probe2_0_8 task=write_file …/project/probe.txt
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke qwen call_id=call_probe3_0_b task=read_file …/project/probe.txt
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke qwen call_id=call_probe4_0_e task=edit …/project/probe.txt
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    summon general-purpose parent_daemon=qwen manifestations=1
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke qwen call_id=call_probe0_0_k task=Say hello
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    banish general-purpose parent_daemon=qwen reason=done manifestations=0
    invoke qwen call_id=call_probe5_0_h task=Look around
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    voice qwen event=answer
    banish qwen reason=done manifestations=0
    ");
}

#[test]
fn qwen_in_a_terminal() {
    insta::assert_snapshot!(alone(Agent::Qwen, "qwen/tui"), @r"
    summon qwen manifestations=1
    parse qwen
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke qwen call_id=call_probe0_0_2 task=Which colour?
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    parse qwen
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke qwen call_id=call_probe0_0_9 task=Wait for a while error=interrupted by a human interrupted=true
    parse qwen
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    invoke qwen call_id=call_probe0_0_e task=Wait for a while error=denied denied=true
    parse qwen
    invoke qwen task=turn error=400 stand-in says no
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    reveal qwen query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    reveal qwen query_type=state state=compacted
    banish qwen reason=done manifestations=0
    ");
}

#[test]
fn opencode() {
    insta::assert_snapshot!(alone(Agent::Opencode, "opencode/headless"), @r"
    summon opencode synthetic=true manifestations=1
    invoke opencode call_id=call_probe0_0_4 task=bash
    invoke opencode call_id=call_probe1_0_7 task=bash
    invoke opencode call_id=call_probe2_0_a task=write
    invoke opencode call_id=call_probe3_0_d task=read
    reveal opencode query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7
    ");
}
