//! What of agents' questions is for rules.

use serde_json::{Value, json};

use super::super::question;
use super::*;

const HERE: Place<'static> =
    Place { project: Some("shop"), folder: Some("/home/ada/shop"), cwd: Some("/home/ada/shop") };

fn asked(agent: Agent, payload: &Value, place: Place<'_>) -> Option<Case> {
    case(agent, &question(agent, payload, None)?, place)
}

fn of(agent: Agent, tool: &str, input: &Value) -> Value {
    let event = json!({"hook_event_name": "PermissionRequest", "session_id": "s", "tool_name": tool, "tool_input": input});
    match agent {
        Agent::Opencode => {
            json!({"type": "permission.asked", "properties": {"permission": tool, "patterns": ["x"], "metadata": input}})
        }
        _ => event,
    }
}

/// Command, path and what may be allowed.
#[expect(clippy::needless_pass_by_value, reason = "tests write them with json!")]
fn read(agent: Agent, tool: &str, input: Value) -> Option<(Option<String>, Option<String>, Grants)> {
    let case = asked(agent, &of(agent, tool, &input), HERE)?;
    Some((case.command.map(Into::into), case.path.map(Into::into), case.grants))
}

fn grants(agent: Agent, tool: &str, input: Value) -> Option<Grants> {
    read(agent, tool, input).map(|(_, _, grants)| grants)
}

#[test]
fn a_command_of_a_known_shell_may_be_allowed() {
    for (agent, tool) in SHELLS {
        let input = json!({"command": "cargo test"});
        assert_eq!(
            read(agent, tool, input),
            Some((Some("cargo test".into()), None, Grants::Whole)),
            "{tool}"
        );
    }
    let beside = json!({"command": "cargo test", "description": "Run the tests", "timeout": 60_000, "run_in_background": true});
    assert_eq!(grants(Agent::Claude, "Bash", beside), Some(Grants::Whole));
}

#[test]
fn what_asks_for_more_than_its_command_is_a_persons() {
    for more in
        ["dangerouslyDisableSandbox", "workdir", "directory", "additional_permissions", "env", "shell"]
    {
        let input = json!({"command": "cargo test", more: "x"});
        assert_eq!(grants(Agent::Claude, "Bash", input), Some(Grants::Nothing), "{more}");
    }
    for input in [json!({"command": ["cargo", "test"]}), json!({"command": "a", "script": "b"})] {
        assert_eq!(grants(Agent::Claude, "Bash", input), Some(Grants::Nothing));
    }
    let network = json!({"command": "cargo test", "description": "network-access crates.io"});
    assert_eq!(grants(Agent::Codex, "Bash", network), Some(Grants::Nothing));
    // A shell of another kind reads commands in another way.
    assert_eq!(grants(Agent::Claude, "PowerShell", json!({"command": "cargo test"})), Some(Grants::Nothing));
    assert_eq!(grants(Agent::Claude, "mcp__x__run", json!({"command": "cargo test"})), Some(Grants::Nothing));
}

#[test]
fn a_patch_is_no_command() {
    let patch = json!({"command": "*** Begin Patch\n*** Update File: a\n"});
    assert_eq!(read(Agent::Codex, "apply_patch", patch), Some((None, None, Grants::Tool)));
}

#[test]
fn a_file_of_a_known_tool_may_be_allowed() {
    let write = json!({"file_path": "/home/ada/shop/a.rs", "content": "x"});
    assert_eq!(
        read(Agent::Claude, "Write", write),
        Some((None, Some("/home/ada/shop/a.rs".into()), Grants::Whole))
    );
    let two = json!({"file_path": "a", "path": "b"});
    assert_eq!(grants(Agent::Claude, "Write", two), Some(Grants::Nothing));
    let odd = json!({"file_path": "a", "mode": "777"});
    assert_eq!(grants(Agent::Claude, "Write", odd), Some(Grants::Nothing));
    // A pattern leads anywhere, whatever the folder.
    let glob = json!({"path": "/home/ada/shop", "pattern": "../../**"});
    assert_eq!(grants(Agent::Claude, "Glob", glob), Some(Grants::Tool));
}

#[test]
fn other_tools_are_for_rules_that_name_them() {
    assert_eq!(grants(Agent::Claude, "WebSearch", json!({"query": "x"})), Some(Grants::Tool));
    assert_eq!(grants(Agent::Claude, "mcp__git__log", json!(null)), Some(Grants::Tool));
}

#[test]
fn a_question_to_a_human_is_none_for_rules() {
    assert_eq!(read(Agent::Claude, "ExitPlanMode", json!({"plan": "x"})), None);
    assert_eq!(
        read(Agent::Claude, "AskUserQuestion", json!({"questions": [{"question": "Which?", "options": []}]})),
        None
    );
    assert_eq!(read(Agent::Qwen, "ask_user_question", json!({"questions": []})), None);
    let form = json!({"hook_event_name": "Elicitation", "message": "x", "requested_schema": {}});
    assert!(asked(Agent::Claude, &form, HERE).is_none());
}

#[test]
fn nothing_is_allowed_elsewhere_than_in_the_project() {
    let payload = of(Agent::Claude, "Bash", &json!({"command": "cargo test"}));
    let at = |cwd| asked(Agent::Claude, &payload, Place { cwd: Some(cwd), ..HERE }).unwrap().grants;
    assert_eq!(at("/home/ada/shop/web"), Grants::Whole);
    for elsewhere in ["/home/ada", "/home/ada/shopping", "/tmp/shop", "/home/ada/shop/../x", "shop"] {
        assert_eq!(at(elsewhere), Grants::Nothing, "{elsewhere}");
    }
    // A relative path means something else in another folder.
    let write = of(Agent::Claude, "Write", &json!({"file_path": "a.rs"}));
    let at = |cwd| asked(Agent::Claude, &write, Place { cwd: Some(cwd), ..HERE }).unwrap().grants;
    assert_eq!((at("/home/ada/shop"), at("/home/ada/shop/web")), (Grants::Whole, Grants::Nothing));
    // After a restart the folder may not be known.
    let unknown = asked(Agent::Claude, &payload, Place { folder: None, ..HERE }).unwrap();
    assert_eq!(unknown.grants, Grants::Nothing);
    assert_eq!(unknown.folder.as_deref(), Some("/home/ada/shop"));
}

#[test]
fn what_is_too_long_is_allowed_by_no_rule_and_still_seen_by_those_that_deny() {
    let long = "x".repeat(9_000);
    assert_eq!(
        read(Agent::Claude, "Bash", json!({"command": long})),
        Some((Some(long), None, Grants::Nothing))
    );
}

#[test]
fn a_command_in_a_list_is_seen_by_rules_that_deny() {
    for input in [
        json!({"command": ["git", "push"]}),
        json!({"command": "git", "args": ["push"]}),
        json!({"argv": ["git", "push"]}),
    ] {
        assert_eq!(
            read(Agent::Codex, "shell", input),
            Some((Some("git push".into()), None, Grants::Nothing))
        );
    }
}

#[test]
fn a_folder_that_has_no_root_is_no_project() {
    let payload = of(Agent::Claude, "Bash", &json!({"command": "cargo test"}));
    let here = Place { project: Some("shop"), folder: Some("shop"), cwd: Some("shop") };
    assert_eq!(asked(Agent::Claude, &payload, here).unwrap().grants, Grants::Nothing);
}

#[test]
fn what_more_fields_name_is_denied_too() {
    for input in [
        json!({"command": "ls", "cmd": "git push"}),
        json!({"command": 5, "script": "git push"}),
        json!({"command": "git", "args": "push"}),
        json!({"command": "ls", "cmd": ["git", "push"]}),
    ] {
        let case = asked(Agent::Claude, &of(Agent::Claude, "mcp__x__run", &input), HERE).unwrap();
        let found: Vec<&str> = case.command.iter().chain(&case.more_commands).map(AsRef::as_ref).collect();
        assert!(found.contains(&"git push"), "{input}: {found:?}");
        assert_eq!(case.grants, Grants::Nothing, "{input}");
    }
    // A field of that name alone is no command.
    assert_eq!(read(Agent::Claude, "mcp__x__run", json!({"args": "x"})), Some((None, None, Grants::Tool)));
    let input = json!({"file_path": "a.rs", "notebook_path": ".env", "new_source": "x"});
    let case = asked(Agent::Claude, &of(Agent::Claude, "NotebookEdit", &input), HERE).unwrap();
    assert_eq!((case.path.as_deref(), &*case.more_paths), (Some("a.rs"), [".env".into()].as_slice()));
    assert_eq!(case.grants, Grants::Nothing);
}
