//! What can be done about a call that is made again and again, at its next beginning: `PreToolUse` of Claude Code and Codex. The agent has no prompt for it, and
//! without an answer the call is made. Pure.

use arcane_shared::api::ChoiceKind;
use serde_json::{Value, json};

use super::super::dialect::Agent;
use super::super::line::is_question;
use super::super::payload::Fields;
use super::{Form, Question, choice, is_shown_as_it_is};
use crate::requests::Decision;

/// For how long such a call waits at most, seconds: whoever looks sees the loop already.
pub(crate) const LOOP_HOLD_MAX_S: u64 = 20;
/// The option that ends the agent's turn.
const STOP: &str = "stop";

/// What could be asked about a call that begins, if it turns out to be one more of a loop; `None`: its agent takes no answer.
pub(crate) fn looping(agent: Agent, payload: &Value, event: Option<&str>) -> Option<Question> {
    let fields = Fields::of(payload)?;
    let takes_answers = matches!(agent, Agent::Claude | Agent::Codex);
    if !takes_answers || fields.text(&["hook_event_name"]).or(event)? != "PreToolUse" {
        return None;
    }
    let tool = fields.name(&["tool_name"]).filter(|tool| is_shown_as_it_is(tool) && !is_question(tool))?;
    let mut options =
        vec![choice("allow", "Go on", ChoiceKind::Allow), choice("deny", "Deny this call", ChoiceKind::Deny)];
    // Codex does not know how to stop here.
    if agent == Agent::Claude {
        options.push(choice(STOP, "Stop the agent", ChoiceKind::Deny));
    }
    Some(Question {
        tool: Some(tool),
        input: fields.get(&["tool_input"]).cloned().unwrap_or(Value::Null),
        options,
        takes_message: true,
        fields: Vec::new(),
        form: Form::Looping { count: 0 },
    })
}

/// What the hook says; `count`: how often the call was made. Going on is no decision: what the agent allows by itself is its own affair.
pub(super) fn answer(decision: &Decision, count: u64) -> Option<Value> {
    let why = || match count {
        0 => "This call gave one and the same result again and again.".to_owned(),
        count => format!(
            "This call gave the same result {count} times. Do something else, or say what stands in the way."
        ),
    };
    match decision {
        Decision::Deny(message) => {
            let reason = message.as_deref().map_or_else(why, str::to_owned);
            Some(json!({"hookSpecificOutput": {
                "hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": reason,
            }}))
        }
        Decision::Option(id) if **id == *STOP => Some(json!({"continue": false, "stopReason": why()})),
        Decision::Allow | Decision::Option(_) | Decision::Answers(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(tool: &str) -> Value {
        json!({"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": tool, "tool_input": {"command": "cargo test"}})
    }

    #[test]
    fn only_who_takes_an_answer_is_asked_for() {
        let options = |agent| {
            let question = looping(agent, &begins("Bash"), None)?;
            Some(question.options.iter().map(|choice| choice.id.to_string()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(options(Agent::Claude).as_deref(), Some("allow deny stop"));
        assert_eq!(options(Agent::Codex).as_deref(), Some("allow deny"));
        assert_eq!(options(Agent::Qwen), None);
        // A question is answered by its own request.
        assert_eq!(looping(Agent::Claude, &begins("AskUserQuestion"), None), None);
        let ends = json!({"hook_event_name": "PostToolUse", "tool_name": "Bash"});
        assert_eq!(looping(Agent::Claude, &ends, None), None);
    }

    #[test]
    fn going_on_is_no_decision_and_a_denial_says_why() {
        assert_eq!(answer(&Decision::Allow, 5), None);
        assert_eq!(answer(&Decision::Option("other".into()), 5), None);
        insta::assert_snapshot!(answer(&Decision::Deny(None), 5).unwrap(), @r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"This call gave the same result 5 times. Do something else, or say what stands in the way."}}"#);
        insta::assert_snapshot!(answer(&Decision::Deny(Some("enough".into())), 5).unwrap(), @r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"enough"}}"#);
        insta::assert_snapshot!(answer(&Decision::Option("stop".into()), 5).unwrap(), @r#"{"continue":false,"stopReason":"This call gave the same result 5 times. Do something else, or say what stands in the way."}"#);
    }
}
