//! What of a rule no agent asks, as far as is known: an agent or a tool may come later, so such a rule is taken, with a warning. Pure.

use serde_json::Value;

use super::super::dialect::Agent;
use super::case::{ASKS, SHELLS};
use super::hold_max_s;
use crate::config::{Decision, Rule, nearest};

/// Why a rule may answer nothing; each begins with the key.
pub(crate) fn doubts(rule: &Rule) -> Vec<String> {
    let agent = rule.agent.as_ref().and_then(|name| of_agent(name.as_str()));
    let tool = rule.tool.as_deref().and_then(|tool| of_tool(rule, tool));
    agent
        .map(|doubt| format!("agent: {doubt}"))
        .into_iter()
        .chain(tool.map(|d| format!("tool: {d}")))
        .collect()
}

fn of_agent(name: &str) -> Option<String> {
    let is_answered = |agent: &Agent| hold_max_s(*agent, &Value::Null) > 0;
    let answered = || Agent::ALL.into_iter().filter(is_answered).map(Agent::name);
    match Agent::named(name) {
        Some(agent) if agent.name() != name => {
            Some(format!("no rule is asked for {name:?}; did you mean {:?}?", agent.name()))
        }
        Some(agent) if is_answered(&agent) => None,
        Some(_) => {
            Some(format!("what {name} asks can only be answered where it runs, so no rule answers it"))
        }
        None => Some(match nearest(name, answered()) {
            Some(near) => format!("no agent is called {name:?}; did you mean {near:?}?"),
            None => {
                let all = answered().collect::<Vec<_>>().join(", ");
                format!("no agent is called {name:?}; those that rules answer are {all}")
            }
        }),
    }
}

fn of_tool(rule: &Rule, tool: &str) -> Option<String> {
    if ASKS.contains(&tool) {
        return Some(format!("{tool} asks a human something, which no rule answers"));
    }
    let named = rule.agent.as_ref().and_then(|name| Agent::named(name.as_str()));
    let shells: Vec<&str> = SHELLS
        .into_iter()
        .filter(|(agent, _)| named.is_none_or(|named| named == *agent))
        .map(|(_, shell)| shell)
        .collect();
    // Case is no difference for what denies or asks.
    let is_same =
        |shell: &str| tool == shell || rule.decision != Decision::Allow && tool.eq_ignore_ascii_case(shell);
    if shells.iter().any(|shell| is_same(shell)) {
        return None;
    }
    let tool_lower = tool.to_lowercase();
    let is_near = |shell: &&&str| strsim::osa_distance(&shell.to_lowercase(), &tool_lower) <= 1;
    let near = shells.iter().find(is_near)?;
    let of = named.map_or("agents".to_owned(), |agent| agent.name().to_owned());
    Some(format!("{tool:?} is no shell of {of}; did you mean {near:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &str, decision: &str) -> String {
        let table = format!("name = \"a\"\ndecision = \"{decision}\"\n{lines}").parse().unwrap();
        doubts(&Rule::read(table).unwrap()).join("; ")
    }

    #[test]
    fn what_no_agent_asks_is_named_with_what_was_meant() {
        let ask = |lines: &str| of(lines, "ask");
        insta::assert_snapshot!(ask("agent = \"claud\""), @r#"agent: no agent is called "claud"; did you mean "claude"?"#);
        insta::assert_snapshot!(ask("agent = \"claude-code\""), @r#"agent: no rule is asked for "claude-code"; did you mean "claude"?"#);
        insta::assert_snapshot!(ask("agent = \"gemini\""), @"agent: what gemini asks can only be answered where it runs, so no rule answers it");
        insta::assert_snapshot!(ask("agent = \"my-own\""), @r#"agent: no agent is called "my-own"; those that rules answer are claude, codex, qwen, opencode"#);
        insta::assert_snapshot!(ask("tool = \"ExitPlanMode\""), @"tool: ExitPlanMode asks a human something, which no rule answers");
        insta::assert_snapshot!(ask("tool = \"Bsh\"\nagent = \"codx\""), @r#"agent: no agent is called "codx"; did you mean "codex"?; tool: "Bsh" is no shell of agents; did you mean "Bash"?"#);
        insta::assert_snapshot!(of("tool = \"bash\"\nagent = \"claude\"\ncommand = \"cargo test\"", "allow"), @r#"tool: "bash" is no shell of claude; did you mean "Bash"?"#);
    }

    #[test]
    fn what_agents_ask_is_no_doubt() {
        for lines in
            ["", "tool = \"bash\"", "tool = \"BASH\"", "tool = \"BashOutput\"", "tool = \"WebSearch\""]
        {
            assert_eq!(of(lines, "ask"), "", "{lines}");
        }
        for agent in ["claude", "codex", "qwen", "opencode"] {
            assert_eq!(of(&format!("agent = \"{agent}\"\ntool = \"mcp__x\""), "allow"), "");
        }
        assert_eq!(of("agent = \"opencode\"\ntool = \"bash\"\ncommand = \"cargo test\"", "allow"), "");
    }
}
