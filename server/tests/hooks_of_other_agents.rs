//! Recorded sessions of Gemini CLI, Copilot CLI, Qwen Code and opencode, posted hook by hook to the real server.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use support::hooks::story;

#[tokio::test]
async fn gemini_without_a_terminal() {
    insta::assert_snapshot!(story("gemini", "gemini/headless").await, @r"
    summon gemini manifestations=1
    parse gemini prompt_length=82
    reveal gemini query_type=enrich input_tokens=2000 output_tokens=42
    reveal gemini query_type=progress phase=begin tool=run_shell_command task=Say hello
    invoke gemini tool=run_shell_command task=Say hello
    reveal gemini query_type=enrich input_tokens=2000 output_tokens=42
    reveal gemini query_type=progress phase=begin tool=run_shell_command task=Read a file that is not there
    invoke gemini tool=run_shell_command task=Read a file that is not there error=exit code 1 inferred=true
    reveal gemini query_type=progress phase=begin tool=write_file task=write_file probe.txt
    invoke gemini tool=write_file task=write_file probe.txt
    reveal gemini query_type=progress phase=begin tool=read_file task=read_file probe.txt
    invoke gemini tool=read_file task=read_file probe.txt
    reveal gemini query_type=progress phase=begin tool=replace task=replace probe.txt
    invoke gemini tool=replace task=replace probe.txt
    reveal gemini query_type=progress phase=begin tool=write_todos task=write_todos
    invoke gemini tool=write_todos task=write_todos
    reveal gemini query_type=progress phase=begin tool=invoke_agent task=invoke_agent generalist
    summon generalist parent_daemon=gemini manifestations=1
    reveal gemini query_type=progress phase=begin tool=run_shell_command task=Say hello
    invoke gemini tool=run_shell_command task=Say hello
    banish generalist parent_daemon=gemini manifestations=0 reason=done
    invoke gemini tool=invoke_agent task=invoke_agent generalist
    voice gemini event=answer
    banish gemini manifestations=0 reason=exit
    ");
}

#[tokio::test]
async fn gemini_in_a_terminal() {
    insta::assert_snapshot!(story("gemini", "gemini/tui").await, @r#"
    summon gemini manifestations=1
    parse gemini prompt_length=37
    reveal gemini query_type=enrich input_tokens=2000 output_tokens=42
    reveal gemini query_type=progress phase=begin tool=run_shell_command task=Needs a yes
    voice gemini event=await why=permission tool=run_shell_command task=run_shell_command: mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    invoke gemini tool=run_shell_command task=Needs a yes
    reveal gemini query_type=enrich input_tokens=2000 output_tokens=42
    voice gemini event=answer
    parse gemini prompt_length=43
    reveal gemini query_type=progress phase=begin tool=run_shell_command task=Needs a yes
    voice gemini event=await why=permission tool=run_shell_command task=run_shell_command: mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    reveal gemini query_type=progress phase=end tool=run_shell_command task=Needs a yes inferred=true
    parse gemini prompt_length=27
    reveal gemini query_type=progress phase=begin tool=ask_user task=Which colour?
    voice gemini event=await why=question task=Tool requires confirmation
    invoke gemini tool=ask_user task=Which colour?
    voice gemini event=answer
    parse gemini prompt_length=32
    reveal gemini query_type=progress phase=begin tool=run_shell_command task=Wait for a while
    voice gemini event=await why=permission tool=run_shell_command task=run_shell_command: node -e "setTimeout(() => {}, 45000)"
    invoke gemini tool=run_shell_command task=Wait for a while error=interrupted by a human interrupted=true
    parse gemini prompt_length=38
    reveal gemini query_type=progress phase=begin tool=run_shell_command task=Wait for a while
    voice gemini event=await why=permission tool=run_shell_command task=run_shell_command: node -e "setTimeout(() => {}, 45000)"
    invoke gemini tool=run_shell_command task=Wait for a while error=interrupted by a human interrupted=true
    parse gemini prompt_length=20
    invoke gemini tool=turn task=turn error=no answer: the model failed, or a human interrupted it error_type=no_answer
    banish gemini manifestations=0 reason=clear
    summon gemini manifestations=1
    parse gemini prompt_length=24
    invoke gemini tool=turn task=turn error=no answer: the model failed, or a human interrupted it error_type=no_answer
    banish gemini manifestations=0 reason=exit
    "#);
}

#[tokio::test]
async fn copilot_without_a_terminal() {
    insta::assert_snapshot!(story("copilot", "copilot/headless").await, @r"
    summon copilot manifestations=1
    parse copilot prompt_length=82
    reveal copilot query_type=progress phase=begin tool=bash task=Say hello
    invoke copilot tool=bash task=Say hello
    reveal copilot query_type=progress phase=begin tool=bash task=Read a file that is not there
    invoke copilot tool=bash task=Read a file that is not there error=exit code 1 inferred=true
    reveal copilot query_type=progress phase=begin tool=create task=create probe.txt
    invoke copilot tool=create task=create probe.txt
    reveal copilot query_type=progress phase=begin tool=view task=view probe.txt
    invoke copilot tool=view task=view probe.txt
    reveal copilot query_type=progress phase=begin tool=edit task=edit probe.txt
    invoke copilot tool=edit task=edit probe.txt
    reveal copilot query_type=progress phase=begin tool=task task=Look around
    summon general-purpose parent_daemon=copilot manifestations=1
    reveal general-purpose query_type=progress phase=begin tool=bash task=Say hello parent_daemon=copilot
    invoke general-purpose tool=bash task=Say hello parent_daemon=copilot
    voice general-purpose event=answer parent_daemon=copilot
    banish general-purpose parent_daemon=copilot manifestations=0 reason=done
    invoke copilot tool=task task=Look around
    voice copilot event=answer
    banish copilot manifestations=0 reason=complete
    ");
}

#[tokio::test]
async fn copilot_in_a_terminal() {
    insta::assert_snapshot!(story("copilot", "copilot/tui").await, @r#"
    summon copilot manifestations=1
    parse copilot prompt_length=37
    reveal copilot query_type=progress phase=begin tool=bash task=Needs a yes
    voice copilot event=await why=permission tool=bash task=bash: mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    invoke copilot tool=bash task=Needs a yes
    voice copilot event=answer
    parse copilot prompt_length=70
    reveal copilot query_type=progress phase=begin tool=ask_user task=ask_user
    invoke copilot tool=ask_user task=ask_user error="requestedSchema.properties": Required
    voice copilot event=answer
    parse copilot prompt_length=32
    reveal copilot query_type=progress phase=begin tool=bash task=Wait for a while
    voice copilot event=await why=permission tool=bash task=bash: node -e "setTimeout(() => {}, 45000)"
    invoke copilot tool=bash task=Wait for a while
    reveal copilot query_type=progress phase=begin tool=bash task=Wait for a while
    voice copilot event=await why=permission tool=bash task=bash: node -e "setTimeout(() => {}, 45000)"
    reveal copilot query_type=progress phase=end tool=bash task=Wait for a while inferred=true
    parse copilot prompt_length=24
    invoke copilot tool=turn task=turn error=stand-in says no error_type=model_call
    reveal copilot query_type=state state=compacting
    banish copilot manifestations=0 reason=user_exit
    "#);
}

#[tokio::test]
async fn copilot_is_denied() {
    insta::assert_snapshot!(story("copilot", "copilot/deny").await, @r#"
    summon copilot manifestations=1
    parse copilot prompt_length=37
    reveal copilot query_type=progress phase=begin tool=bash task=Needs a yes
    voice copilot event=await why=permission tool=bash task=bash: mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    reveal copilot query_type=progress phase=end tool=bash task=Needs a yes inferred=true
    parse copilot prompt_length=32
    reveal copilot query_type=progress phase=begin tool=bash task=Wait for a while
    voice copilot event=await why=permission tool=bash task=bash: node -e "setTimeout(() => {}, 45000)"
    reveal copilot query_type=progress phase=end tool=bash task=Wait for a while inferred=true
    parse copilot prompt_length=33
    reveal copilot query_type=progress phase=begin tool=bash task=Wait for a while
    voice copilot event=await why=permission tool=bash task=bash: node -e "setTimeout(() => {}, 45000)"
    reveal copilot query_type=progress phase=end tool=bash task=Wait for a while inferred=true
    parse copilot prompt_length=20
    parse copilot prompt_length=25
    banish copilot manifestations=0 reason=user_exit
    "#);
}

#[tokio::test]
async fn qwen_without_a_terminal() {
    insta::assert_snapshot!(story("qwen", "qwen/headless").await, @r"
    summon qwen manifestations=1
    parse qwen prompt_length=82
    reveal qwen query_type=progress phase=begin tool=run_shell_command task=Say hello
    invoke qwen tool=run_shell_command task=Say hello
    reveal qwen query_type=progress phase=begin tool=run_shell_command task=Read a file that is not there
    invoke qwen tool=run_shell_command task=Read a file that is not there error=exit code 1
    reveal qwen query_type=progress phase=begin tool=write_file task=write_file probe.txt
    invoke qwen tool=write_file task=write_file probe.txt
    reveal qwen query_type=progress phase=begin tool=read_file task=read_file probe.txt
    invoke qwen tool=read_file task=read_file probe.txt
    reveal qwen query_type=progress phase=begin tool=edit task=edit probe.txt
    invoke qwen tool=edit task=edit probe.txt
    reveal qwen query_type=progress phase=begin tool=agent task=Look around
    summon general-purpose parent_daemon=qwen manifestations=1
    reveal general-purpose query_type=progress phase=begin tool=run_shell_command task=Say hello parent_daemon=qwen
    invoke general-purpose tool=run_shell_command task=Say hello parent_daemon=qwen
    banish general-purpose parent_daemon=qwen manifestations=0 reason=done
    invoke qwen tool=agent task=Look around
    reveal qwen query_type=enrich context_tokens=2000
    voice qwen event=answer
    ");
}

#[tokio::test]
async fn qwen_in_a_terminal() {
    insta::assert_snapshot!(story("qwen", "qwen/tui").await, @r"
    summon qwen manifestations=1
    parse qwen prompt_length=27
    voice qwen event=await why=question tool=ask_user_question task=Which colour?
    reveal qwen query_type=progress phase=begin tool=ask_user_question task=Which colour?
    invoke qwen tool=ask_user_question task=Which colour?
    reveal qwen query_type=enrich context_tokens=2000
    voice qwen event=answer
    parse qwen prompt_length=32
    voice qwen event=await why=permission tool=run_shell_command task=run_shell_command: Wait for a while
    reveal qwen query_type=progress phase=begin tool=run_shell_command task=Wait for a while
    invoke qwen tool=run_shell_command task=Wait for a while error=interrupted by a human interrupted=true
    voice qwen event=idle
    parse qwen prompt_length=38
    voice qwen event=await why=permission tool=run_shell_command task=run_shell_command: Wait for a while
    reveal qwen query_type=progress phase=continue
    voice qwen event=idle
    parse qwen prompt_length=24
    invoke qwen tool=turn task=turn error=400 stand-in says no error_type=invalid_request
    reveal qwen query_type=state state=compacting
    reveal qwen query_type=state state=compacted
    banish qwen manifestations=0 reason=prompt_input_exit
    ");
}

#[tokio::test]
async fn opencode_without_a_terminal() {
    insta::assert_snapshot!(story("opencode", "opencode/headless").await, @r"
    summon opencode manifestations=1
    parse opencode prompt_length=95
    reveal opencode query_type=progress phase=begin tool=bash task=echo hello
    invoke opencode tool=bash task=echo hello
    reveal opencode query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7 cost_usd=0.00149
    reveal opencode query_type=progress phase=begin tool=bash task=cat no-such-file
    invoke opencode tool=bash task=cat no-such-file error=exit code 1
    reveal opencode query_type=progress phase=begin tool=write task=write probe.txt
    invoke opencode tool=write task=write probe.txt
    reveal opencode query_type=progress phase=begin tool=read task=read probe.txt
    invoke opencode tool=read task=read probe.txt
    reveal opencode query_type=progress phase=begin tool=edit task=edit probe.txt
    invoke opencode tool=edit task=edit probe.txt
    reveal opencode query_type=progress phase=begin tool=todowrite task=todowrite
    invoke opencode tool=todowrite task=todowrite
    reveal opencode query_type=progress phase=begin tool=task task=Look around
    summon general parent_daemon=opencode manifestations=1
    reveal general query_type=progress phase=begin tool=bash task=echo hello parent_daemon=opencode
    invoke general tool=bash task=echo hello parent_daemon=opencode
    banish general parent_daemon=opencode manifestations=0 reason=done
    invoke opencode tool=task task=Look around
    reveal opencode query_type=progress phase=begin tool=bash task=mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    voice opencode event=await why=permission tool=bash task=bash: mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    invoke opencode tool=bash task=mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir error=denied denied=true
    voice opencode event=answer
    ");
}

#[tokio::test]
async fn opencode_behind_its_server() {
    insta::assert_snapshot!(story("opencode", "opencode/server").await, @r#"
    summon opencode manifestations=1
    parse opencode prompt_length=30
    reveal opencode query_type=progress phase=begin tool=bash task=mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    voice opencode event=await why=permission tool=bash task=bash: mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    reveal opencode query_type=progress phase=continue
    invoke opencode tool=bash task=mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    reveal opencode query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800 reasoning_tokens=7 cost_usd=0.00149
    voice opencode event=answer
    parse opencode prompt_length=32
    reveal opencode query_type=progress phase=begin tool=bash task=node -e "setTimeout(() => {}, 45000)"
    invoke opencode tool=bash task=node -e "setTimeout(() => {}, 45000)" error=interrupted by a human interrupted=true
    reveal opencode query_type=state state=interrupted
    parse opencode prompt_length=20
    reveal opencode query_type=state state=interrupted
    parse opencode prompt_length=27
    reveal opencode query_type=progress phase=begin tool=question task=Which colour?
    voice opencode event=await why=question tool=question task=Which colour?
    invoke opencode tool=question task=Which colour? error=denied denied=true
    reveal opencode query_type=state state=interrupted
    parse opencode prompt_length=24
    "#);
}
