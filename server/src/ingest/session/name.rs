//! What subagents' daemons are called. Pure.

use arcane_shared::DaemonName;

use super::super::dialect::Agent;
use super::super::payload::cut;
use super::super::secrets::masked;

/// A name of a daemon for a kind of subagent: `Code Reviewer` is `code-reviewer`. One of an agent's own name is told apart from it.
pub(super) fn subagent_daemon(kind: &str, parent: &DaemonName) -> DaemonName {
    let mut name = String::new();
    for c in masked(kind).chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' | '.' | '_' | '-' => name.push(c),
            _ if name.ends_with('-') || name.is_empty() => {}
            _ => name.push('-'),
        }
        if name.len() >= 48 {
            break;
        }
    }
    let name = name.trim_matches(['-', '.']);
    let is_taken = name.is_empty() || name == parent.as_str() || Agent::named(name).is_some();
    let name = if is_taken {
        format!("{parent}-{}", if name.is_empty() { "subagent" } else { name })
    } else {
        name.into()
    };
    DaemonName::parse(cut(&name, 64)).unwrap_or_else(|_| parent.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_becomes_a_name_that_no_agent_has() {
        let claude = Agent::Claude.daemon();
        for (kind, name) in [
            ("general-purpose", "general-purpose"),
            ("Code Reviewer", "code-reviewer"),
            ("Explore", "explore"),
            ("plugin:agent", "plugin-agent"),
            ("claude", "claude-claude"),
            ("gemini", "claude-gemini"),
            ("", "claude-subagent"),
            ("日本", "claude-subagent"),
        ] {
            assert_eq!(subagent_daemon(kind, &claude).as_str(), name, "{kind}");
        }
        assert!(subagent_daemon(&"x".repeat(300), &claude).as_str().len() <= 64);
    }
}
