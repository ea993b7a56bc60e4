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
    let shouted = json!({"command": "cargo test", "description": " Network-Access crates.io"});
    assert_eq!(grants(Agent::Codex, "Bash", shouted), Some(Grants::Nothing));
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
    for elsewhere in
        ["/home/ada", "/home/ada/shopping", "/tmp/shop", "/home/ada/shop/../x", "shop", "/home/ada/shop\\web"]
    {
        assert_eq!(at(elsewhere), Grants::Nothing, "{elsewhere}");
    }
    let windows = Place { project: Some("shop"), folder: Some("C:\\ada\\shop"), cwd: None };
    let at = |cwd| asked(Agent::Claude, &payload, Place { cwd: Some(cwd), ..windows }).unwrap().grants;
    assert_eq!((at("C:\\ada\\shop"), at("C:\\ada\\shop\\web")), (Grants::Whole, Grants::Whole));
    for elsewhere in ["C:\\ada\\shopping", "C:\\ada\\shop\\..\\x"] {
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

/// All commands and all paths that rules may deny.
fn named(agent: Agent, payload: &Value) -> (Vec<String>, Vec<String>) {
    let case = asked(agent, payload, HERE).unwrap();
    let all = |first: Option<Box<str>>, more: Box<[Box<str>]>| {
        first.into_iter().chain(more).map(Into::into).collect::<Vec<String>>()
    };
    (all(case.command, case.more_commands), all(case.path, case.more_paths))
}

#[test]
fn a_file_is_denied_under_any_name_of_a_field() {
    for input in [
        json!({"file_path": "ok", "path": ".env"}),
        json!({"path": "ok", "directory": ".env"}),
        json!({"path": ["a", ".env"]}),
        json!({"paths": [".env"]}),
        json!({"source": ".env", "destination": "x"}),
        json!({"source": "x", "destination": ".env"}),
        json!({"file": ".env"}),
        json!({"filename": ".env"}),
        json!({"FILE_PATH": ".env"}),
        json!({"relative-path": ".env"}),
        json!({"target_file": ".env"}),
        json!({"path": "src", "glob": ".env"}),
        json!({"pattern": ".env"}),
        json!({"edits": [{"file_path": "a"}, {"file_path": ".env"}]}),
        json!({"files": [{"path": "a"}, {"path": ".env"}]}),
        json!({"request": {"path": ".env"}}),
        json!({"uri": "file:///home/ada/shop/%2Eenv"}),
        json!({"url": "FILE://localhost/home/ada/shop/.env"}),
        json!({"path": "file:///home/ada/shop/%2eenv"}),
    ] {
        let (_, paths) = named(Agent::Claude, &of(Agent::Claude, "mcp__x__do", &input));
        let is_found = |path: &String| [".env", "/home/ada/shop/.env"].contains(&path.as_str());
        assert!(paths.iter().any(is_found), "{input}: {paths:?}");
    }
    for input in [
        json!({"content": ".env", "new_string": ".env", "description": ".env", "prompt": ".env"}),
        json!({"url": "https://example.org/.env", "profile": ".env"}),
        json!({"content": [{"path": ".env"}]}),
    ] {
        let (commands, paths) = named(Agent::Claude, &of(Agent::Claude, "mcp__x__do", &input));
        assert!(commands.is_empty() && paths.is_empty(), "{input}: {commands:?} {paths:?}");
    }
    // What is looked for in files names none.
    let grep = of(Agent::Claude, "Grep", &json!({"pattern": ".env", "path": "src"}));
    assert_eq!(named(Agent::Claude, &grep).1, ["src"]);
}

#[test]
fn a_command_is_denied_under_any_name_of_a_field() {
    for input in [
        json!({"command": "ls", "script": "git push"}),
        json!({"command": "", "cmd": "git push"}),
        json!({"commands": ["ls", "git push"]}),
        json!({"command_line": "git push"}),
        json!({"shell_command": "git push"}),
        json!({"CommandLine": "git push"}),
        json!({"input": {"command": "git push"}}),
        json!({"program": "git", "args": ["push"]}),
        json!({"command": "git", "arguments": "push"}),
        json!({"command": "git", "args": ["push"], "argv": ["x"]}),
    ] {
        let (commands, _) = named(Agent::Claude, &of(Agent::Claude, "mcp__x__run", &input));
        assert!(commands.iter().any(|command| command == "git push"), "{input}: {commands:?}");
    }
    for input in [
        json!({"file_path": "a.md", "content": "git push"}),
        json!({"file_path": "a.md", "old_string": "git push", "new_string": "rm x"}),
        json!({"description": "git push", "prompt": "git push", "transcript": "git push"}),
    ] {
        let (commands, _) = named(Agent::Claude, &of(Agent::Claude, "Edit", &input));
        assert!(commands.is_empty(), "{input}: {commands:?}");
    }
}

#[test]
fn the_files_of_a_patch_are_denied() {
    let patch = "*** Begin Patch\n*** Add File: a\n+*** Delete File: not this\n*** Update File: b\n*** Move to: c\n@@\n*** Delete File: .env\r\n*** End Patch";
    for (tool, command) in
        [("apply_patch", patch.to_owned()), ("Bash", format!("apply_patch <<'E'\n{patch}\nE"))]
    {
        let payload = of(Agent::Codex, tool, &json!({ "command": command }));
        assert_eq!(named(Agent::Codex, &payload).1, ["a", "b", "c", ".env"], "{tool}");
    }
    let payload = of(Agent::Codex, "apply_patch", &json!({ "command": patch }));
    assert!(named(Agent::Codex, &payload).0.is_empty());
}

#[test]
fn what_opencode_asks_for_by_patterns_is_denied() {
    let asks = |permission: &str, patterns: Value, metadata: Value| {
        let payload = json!({"type": "permission.asked", "properties": {
            "sessionID": "x", "permission": permission, "patterns": patterns, "metadata": metadata,
        }});
        named(Agent::Opencode, &payload)
    };
    assert_eq!(asks("read", json!([".env"]), json!({})).1, [".env"]);
    assert_eq!(asks("edit", json!([".env"]), json!({"filepath": "a"})).1, ["a", ".env"]);
    assert_eq!(asks("external_directory", json!(["/root/.ssh/*"]), json!({})).1, ["/root/.ssh/*"]);
    assert_eq!(asks("bash", json!(["git push"]), json!({})).0, ["git push"]);
    assert_eq!(asks("bash", json!(["git push"]), json!({"command": "ls"})).0, ["ls", "git push"]);
    // What is looked for, and addresses.
    for permission in ["grep", "webfetch", "task"] {
        assert_eq!(asks(permission, json!([".env"]), json!({})), (vec![], vec![]), "{permission}");
    }
}

#[test]
fn what_is_beyond_the_bounds_is_one_that_any_rule_denies() {
    let many: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
    let input = json!({"paths": many, "commands": many});
    let (commands, paths) = named(Agent::Claude, &of(Agent::Claude, "mcp__x", &input));
    assert!(commands.len() <= 65 && paths.len() <= 257);
    assert!(commands.last().unwrap().len() > 128 * 1024 && paths.last().unwrap().len() > 4096);
}
