//! Recorded sessions of Claude Code and Codex, posted hook by hook to the real server.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use support::hooks::story;

#[tokio::test]
async fn claude_without_a_terminal() {
    insta::assert_snapshot!(story("claude", "claude/headless").await, @r"
    summon claude manifestations=1
    parse claude prompt_length=92
    reveal claude query_type=progress phase=begin tool=Bash task=Say hello
    invoke claude tool=Bash task=Say hello
    reveal claude query_type=progress phase=begin tool=Bash task=Read a file that is not there
    invoke claude tool=Bash task=Read a file that is not there error=exit code 1
    reveal claude query_type=progress phase=begin tool=Write task=Write probe.txt
    invoke claude tool=Write task=Write probe.txt
    reveal claude query_type=progress phase=begin tool=Read task=Read probe.txt
    invoke claude tool=Read task=Read probe.txt
    reveal claude query_type=progress phase=begin tool=Edit task=Edit probe.txt
    invoke claude tool=Edit task=Edit probe.txt
    reveal claude query_type=progress phase=begin tool=Bash task=Second
    reveal claude query_type=progress phase=begin tool=Bash task=First
    invoke claude tool=Bash task=First
    invoke claude tool=Bash task=Second
    reveal claude query_type=progress phase=begin tool=Agent task=Look around
    summon general-purpose parent_daemon=claude manifestations=1
    reveal general-purpose query_type=progress phase=begin tool=Bash task=Say hello parent_daemon=claude
    invoke general-purpose tool=Bash task=Say hello parent_daemon=claude
    banish general-purpose parent_daemon=claude manifestations=0 reason=done
    invoke claude tool=Agent task=Look around
    reveal claude query_type=progress phase=begin tool=Bash task=Needs a yes
    voice claude event=await why=permission tool=Bash task=Bash: Needs a yes
    invoke claude tool=Bash task=Needs a yes error=not allowed denied=true
    voice claude event=answer
    banish claude manifestations=0 reason=other
    ");
}

#[tokio::test]
async fn claude_asks_is_answered_and_goes_on() {
    insta::assert_snapshot!(story("claude", "claude/tui").await, @r"
    summon claude manifestations=1
    parse claude prompt_length=37
    reveal claude query_type=progress phase=begin tool=Bash task=Needs a yes
    voice claude event=await why=permission tool=Bash task=Bash: Needs a yes
    invoke claude tool=Bash task=Needs a yes
    voice claude event=answer
    parse claude prompt_length=43
    reveal claude query_type=progress phase=begin tool=Bash task=Needs a yes
    voice claude event=await why=permission tool=Bash task=Bash: Needs a yes
    reveal claude query_type=progress phase=end tool=Bash task=Needs a yes inferred=true
    parse claude prompt_length=27
    reveal claude query_type=progress phase=begin tool=AskUserQuestion task=Which colour?
    voice claude event=await why=question tool=AskUserQuestion task=Which colour?
    invoke claude tool=AskUserQuestion task=Which colour?
    voice claude event=answer
    parse claude prompt_length=32
    voice claude event=answer
    parse claude prompt_length=38
    voice claude event=answer
    parse claude prompt_length=20
    parse claude prompt_length=51
    reveal claude query_type=progress phase=begin tool=Agent task=Look around
    invoke claude tool=Agent task=Look around
    summon general-purpose parent_daemon=claude manifestations=1
    reveal general-purpose query_type=progress phase=begin tool=Bash task=Say hello parent_daemon=claude
    voice claude event=answer
    invoke general-purpose tool=Bash task=Say hello parent_daemon=claude
    banish general-purpose parent_daemon=claude manifestations=0 reason=done
    voice claude event=answer
    parse claude prompt_length=43
    reveal claude query_type=progress phase=begin tool=Bash task=Read a file that is not there
    invoke claude tool=Bash task=Read a file that is not there error=exit code 1
    reveal claude query_type=progress phase=begin tool=Bash task=Second
    reveal claude query_type=progress phase=begin tool=Bash task=First
    invoke claude tool=Bash task=Second
    invoke claude tool=Bash task=First
    voice claude event=answer
    reveal claude query_type=state state=compacting
    reveal claude query_type=state state=compacted
    parse claude prompt_length=24
    invoke claude tool=turn task=turn error=server_error error_type=server_error
    parse claude prompt_length=24
    invoke claude tool=turn task=turn error=unknown error_type=unknown
    banish claude manifestations=0 reason=clear
    summon claude manifestations=1
    banish claude manifestations=0 reason=prompt_input_exit
    ");
}

#[tokio::test]
async fn claude_in_auto_mode() {
    insta::assert_snapshot!(story("claude", "claude/auto").await, @r"
    summon claude manifestations=1
    parse claude prompt_length=37
    reveal claude query_type=progress phase=begin tool=Bash task=Needs a yes
    invoke claude tool=Bash task=Needs a yes
    voice claude event=answer
    parse claude prompt_length=43
    reveal claude query_type=progress phase=begin tool=Bash task=Needs a yes
    invoke claude tool=Bash task=Needs a yes
    voice claude event=answer
    parse claude prompt_length=27
    reveal claude query_type=progress phase=begin tool=AskUserQuestion task=Which colour?
    voice claude event=await why=question tool=AskUserQuestion task=Which colour?
    invoke claude tool=AskUserQuestion task=Which colour?
    voice claude event=answer
    parse claude prompt_length=32
    voice claude event=answer
    parse claude prompt_length=38
    voice claude event=answer
    parse claude prompt_length=20
    parse claude prompt_length=51
    reveal claude query_type=progress phase=begin tool=Agent task=Look around
    voice claude event=await why=input task=Auto mode can't check actions in this session and needs your choice
    reveal claude query_type=progress phase=end tool=Agent task=Look around inferred=true
    parse claude prompt_length=24
    invoke claude tool=turn task=turn error=server_error error_type=server_error
    parse claude prompt_length=24
    invoke claude tool=turn task=turn error=unknown error_type=unknown
    banish claude manifestations=0 reason=clear
    summon claude manifestations=1
    banish claude manifestations=0 reason=prompt_input_exit
    ");
}

#[tokio::test]
async fn claude_is_interrupted_without_a_word() {
    insta::assert_snapshot!(story("claude", "claude/interrupts").await, @r"
    summon claude manifestations=1
    parse claude prompt_length=32
    reveal claude query_type=progress phase=begin tool=Bash task=Wait for a while
    reveal claude query_type=progress phase=end tool=Bash task=Wait for a while inferred=true
    parse claude prompt_length=38
    reveal claude query_type=progress phase=begin tool=Bash task=Wait for a while
    reveal claude query_type=progress phase=end tool=Bash task=Wait for a while inferred=true
    parse claude prompt_length=31
    reveal claude query_type=progress phase=begin tool=Agent task=Look around
    invoke claude tool=Agent task=Look around
    summon general-purpose parent_daemon=claude manifestations=1
    reveal general-purpose query_type=progress phase=begin tool=Bash task=Wait for a while parent_daemon=claude
    voice claude event=answer
    parse claude prompt_length=30
    reveal claude query_type=progress phase=begin tool=Bash task=Needs a yes
    voice claude event=await why=permission tool=Bash task=Bash: Needs a yes
    reveal claude query_type=progress phase=continue
    reveal claude query_type=state state=model
    banish general-purpose parent_daemon=claude manifestations=0 reason=other
    banish claude manifestations=0 reason=other
    ");
}

#[tokio::test]
async fn claude_resumes_and_is_killed() {
    insta::assert_snapshot!(story("claude", "claude/resume-signals").await, @r"
    summon claude manifestations=1
    parse claude prompt_length=29
    reveal claude query_type=progress phase=begin tool=Bash task=Say hello
    invoke claude tool=Bash task=Say hello
    voice claude event=answer
    banish claude manifestations=0 reason=other
    summon claude manifestations=1
    reveal claude query_type=enrich context_tokens=2142
    parse claude prompt_length=19
    voice claude event=answer
    banish claude manifestations=0 reason=other
    summon claude manifestations=1
    parse claude prompt_length=32
    reveal claude query_type=progress phase=begin tool=Bash task=Wait for a while
    banish claude manifestations=0 reason=other
    summon claude manifestations=1
    banish claude manifestations=0 reason=other
    summon claude manifestations=1
    parse claude prompt_length=32
    ");
}

#[tokio::test]
async fn codex_in_code_mode() {
    insta::assert_snapshot!(story("codex", "codex/headless").await, @r"
    summon codex manifestations=1
    parse codex prompt_length=87
    reveal codex query_type=progress phase=begin tool=Bash task=echo hello
    invoke codex tool=Bash task=echo hello
    reveal codex query_type=progress phase=begin tool=Bash task=cat no-such-file
    invoke codex tool=Bash task=cat no-such-file
    reveal codex query_type=progress phase=begin tool=apply_patch task=apply_patch probe.txt
    invoke codex tool=apply_patch task=apply_patch probe.txt
    reveal codex query_type=progress phase=begin tool=apply_patch task=apply_patch probe.txt
    invoke codex tool=apply_patch task=apply_patch probe.txt
    reveal codex query_type=progress phase=begin tool=Bash task=cat probe.txt
    invoke codex tool=Bash task=cat probe.txt
    reveal codex query_type=progress phase=begin tool=Bash task=echo one
    reveal codex query_type=progress phase=begin tool=Bash task=echo two
    invoke codex tool=Bash task=echo one
    invoke codex tool=Bash task=echo two
    reveal codex query_type=progress phase=begin tool=collaborationspawn_agent task=collaborationspawn_agent probe
    invoke codex tool=collaborationspawn_agent task=collaborationspawn_agent probe
    summon default parent_daemon=codex manifestations=1
    reveal default query_type=progress phase=begin tool=collaborationwait_agent task=collaborationwait_agent parent_daemon=codex
    reveal codex query_type=progress phase=begin tool=collaborationwait_agent task=collaborationwait_agent
    invoke default tool=collaborationwait_agent task=collaborationwait_agent parent_daemon=codex
    invoke codex tool=collaborationwait_agent task=collaborationwait_agent
    banish default parent_daemon=codex manifestations=0 reason=done
    voice codex event=answer
    banish codex manifestations=0 reason=other
    ");
}

#[tokio::test]
async fn codex_in_a_terminal() {
    insta::assert_snapshot!(story("codex", "codex/tui").await, @r#"
    summon codex manifestations=1
    parse codex prompt_length=37
    reveal codex query_type=progress phase=begin tool=Bash task=mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    voice codex event=await why=permission tool=Bash task=Bash: Needs a yes
    invoke codex tool=Bash task=mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    voice codex event=answer
    parse codex prompt_length=43
    reveal codex query_type=progress phase=begin tool=Bash task=mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir
    voice codex event=await why=permission tool=Bash task=Bash: Needs a yes
    invoke codex tool=Bash task=mkdir -p probe-dir && touch probe-dir/asked && rm -r probe-dir error=denied denied=true
    reveal codex query_type=state state=interrupted
    parse codex prompt_length=32
    reveal codex query_type=progress phase=begin tool=Bash task=node -e "setTimeout(() => {}, 45000)"
    invoke codex tool=Bash task=node -e "setTimeout(() => {}, 45000)" error=interrupted by a human interrupted=true
    reveal codex query_type=state state=interrupted
    parse codex prompt_length=38
    reveal codex query_type=progress phase=begin tool=Bash task=node -e "setTimeout(() => {}, 45000)"
    invoke codex tool=Bash task=node -e "setTimeout(() => {}, 45000)" error=interrupted by a human interrupted=true
    reveal codex query_type=state state=interrupted
    parse codex prompt_length=20
    reveal codex query_type=state state=interrupted
    parse codex prompt_length=34
    reveal codex query_type=progress phase=begin tool=spawn_agent task=spawn_agent
    invoke codex tool=spawn_agent task=spawn_agent
    summon default parent_daemon=codex manifestations=1
    reveal codex query_type=progress phase=begin tool=multi_agent_v1wait_agent task=multi_agent_v1wait_agent
    reveal default query_type=progress phase=begin tool=Bash task=echo hello parent_daemon=codex
    voice codex event=answer
    invoke default tool=Bash task=echo hello parent_daemon=codex
    banish default parent_daemon=codex manifestations=0 reason=done
    parse codex prompt_length=27
    reveal codex query_type=progress phase=begin tool=request_user_input task=Which colour?
    voice codex event=await why=question tool=request_user_input task=Which colour?
    voice codex event=answer
    reveal codex query_type=state state=compacting
    reveal codex query_type=state state=compacted
    parse codex prompt_length=24
    banish codex manifestations=0 reason=other
    "#);
}
