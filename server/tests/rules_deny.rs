//! What rules deny is seen wherever a call names it, and however many calls there are.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::{Config, Dashboard, Rules};
use serde_json::{Value, json};
use support::TestServer;
use support::asking::{Hook, bash, claude, decided};

fn read(text: &str) -> Rules {
    let mut file: toml::Table = text.parse().unwrap();
    Rules::read(file.remove("rules").unwrap()).unwrap()
}

async fn asks(server: &TestServer, path: &str, session: &str, call: Value) -> Option<Value> {
    Hook::asks(server, path, claude("PermissionRequest", session, call)).hears().await
}

/// Where most hooks ask.
const HOLD: &str = "/hooks/claude?hold=60";

#[tokio::test]
async fn a_rule_denies_what_stands_in_any_field() {
    let rules = read(
        "[[rules]]\nname = \"env\"\npath = \".env\"\ndecision = \"deny\"\n[[rules]]\nname = \"push\"\ncommand = \"git push\"\ndecision = \"deny\"",
    );
    let server = TestServer::with(Config { rules, dashboard: Dashboard::Off, ..Config::default() }).await;
    for (tool, input) in [
        ("NotebookEdit", json!({"file_path": "a.rs", "notebook_path": ".env"})),
        ("mcp__x__run", json!({"command": "ls", "cmd": "git push"})),
        ("mcp__x__run", json!({"command": "git", "args": "push"})),
        ("mcp__x__run", json!({"shell_command": "git push"})),
        ("mcp__x__read", json!({"uri": "file:///home/user/arcane/%2eenv"})),
        (
            "mcp__x__read",
            json!({"paths": vec!["a"; 300].iter().enumerate().map(|(n, a)| format!("{a}{n}")).collect::<Vec<_>>()}),
        ),
        ("mcp__x__run", json!({"commands": (0..300).map(|n| n.to_string()).collect::<Vec<_>>()})),
    ] {
        let call = json!({"tool_name": tool, "tool_input": input});
        assert_eq!(asks(&server, HOLD, "s", call).await, decided(json!({"behavior": "deny"})), "{input}");
    }
    let opencode = json!({"type": "permission.asked", "id": "e", "properties": {
        "id": "p", "sessionID": "x", "permission": "read", "patterns": [".env"], "metadata": {}, "always": ["*"],
    }});
    let heard = Hook::asks(&server, "/hooks/opencode?hold=60", opencode).hears().await;
    assert_eq!(heard, Some(json!({"reply": "reject"})));
}

#[tokio::test]
async fn what_is_named_beside_what_a_rule_allows_is_denied_and_not_allowed() {
    let rules = read(
        "[[rules]]\nname = \"src\"\npath = \"src/**\"\ndecision = \"allow\"\n[[rules]]\nname = \"glob\"\ntool = \"Glob\"\ndecision = \"allow\"\n[[rules]]\nname = \"env\"\npath = \".env\"\ndecision = \"ask\"",
    );
    let server = TestServer::with(Config { rules, dashboard: Dashboard::Off, ..Config::default() }).await;
    let allowed = decided(json!({"behavior": "allow"}));
    for (tool, input, answer) in [
        ("MultiEdit", json!({"file_path": "src/a", "edits": [{"old_string": "a"}]}), allowed.clone()),
        ("MultiEdit", json!({"file_path": "src/a", "edits": [{"file_path": "b"}]}), None),
        ("MultiEdit", json!({"file_path": "b", "edits": [{"file_path": "src/a"}]}), None),
        ("mcp__x__read", json!({"uri": "src/a"}), None),
        ("Glob", json!({"path": "src", "pattern": "*.rs"}), allowed),
        ("Glob", json!({"path": "src", "pattern": "**/.env"}), None),
    ] {
        let call = json!({"tool_name": tool, "tool_input": input});
        assert_eq!(asks(&server, HOLD, "s", call).await, answer, "{input}");
    }
}

#[tokio::test]
async fn a_rule_answers_however_many_ask_at_once() {
    let rules = read("[[rules]]\nname = \"push\"\ncommand = \"git push\"\ndecision = \"deny\"");
    let server = TestServer::with(Config { rules, dashboard: Dashboard::Off, ..Config::default() }).await;
    let payload = |n: usize| claude("PermissionRequest", "s", bash(&format!("git push {n}")));
    // None of them is over before the last has been asked: all are read before the log is written.
    let asked: Vec<Hook> = (0..200).map(|n| Hook::asks(&server, HOLD, payload(n))).collect();
    for hook in asked {
        assert_eq!(hook.hears().await, decided(json!({"behavior": "deny"})));
    }
}
