//! What people were asked and what they answered from here, as a room's log tells it: what rules are tried on, and learnt from. Pure.
//!
//! The log has the beginning of an input without its secrets, and the digest of all of it. Where the digest of that beginning is the same, it is the whole input; of any other
//! question nothing can be said.

use std::collections::HashMap;

use arcane_shared::api::AWAIT_END;
use serde_json::Value;

use super::super::dialect::Agent;
use super::{Place, case_of, hash_of};
use crate::config::{Answer, Past};
use crate::requests::{Case, Grants};

/// Most answers that are looked at.
const PAST_MAX: usize = 10_000;

/// A question that a person answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    /// Its request.
    pub(crate) id: Box<str>,
    /// What was asked, in a line without secrets.
    pub(crate) task: Box<str>,
    /// What rules look at.
    case: Case,
    answer: Answer,
}

/// What came of the events so far.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Ends whose questions have not come yet.
    ended: HashMap<Box<str>, Answer>,
    /// Those that are known whole, the newest first.
    pub(crate) known: Vec<Answered>,
    /// How many are not.
    pub(crate) not_whole: usize,
}

impl Answers {
    /// Looks at an event. They come with the newest first, so an end comes before its question.
    pub(crate) fn take(&mut self, event: &Value) {
        let metadata = &event["metadata"];
        let text = |name: &str| metadata[name].as_str();
        let (Some(kind), Some(id)) = (text("event"), text("request_id")) else { return };
        if kind == AWAIT_END {
            let answer = match (text("decision"), text("via")) {
                (Some("allow"), Some("stage" | "cli")) => Answer::Allowed,
                (Some("deny"), Some("stage" | "cli")) => Answer::Denied,
                _ => return,
            };
            if self.ended.len() < PAST_MAX {
                self.ended.insert(id.into(), answer);
            }
            return;
        }
        let Some(answer) = self.ended.remove(id).filter(|_| text("why") == Some("permission")) else {
            return;
        };
        match self::case(metadata) {
            Some(case) if self.known.len() < PAST_MAX => {
                let task = text("task").unwrap_or_default().into();
                self.known.push(Answered { id: id.into(), task, case, answer });
            }
            _ => self.not_whole += 1,
        }
    }

    /// As rules are tried on them.
    pub(crate) fn past(&self) -> Vec<Past<'_>> {
        let past = |one| {
            let Answered { id, case, answer, .. }: &'_ Answered = one;
            Past { id, question: case.question(), answer: *answer }
        };
        self.known.iter().map(past).collect()
    }
}

/// What rules would have looked at, if the log tells it whole.
fn case(metadata: &Value) -> Option<Case> {
    let text = |name: &str| metadata[name].as_str();
    let agent = Agent::named(text("source")?.strip_suffix("-hook")?)?;
    let input: Value = serde_json::from_str(text("input")?).ok()?;
    if hash_of(&input) != text("input_hash")? {
        return None;
    }
    // Where the agent was is not told, so nothing is said of files.
    let place = Place { project: text("project"), folder: Some("/"), cwd: Some("/") };
    let case = case_of(agent, text("tool")?, &input, place)?;
    (case.path.is_none() && case.grants != Grants::Nothing).then_some(case)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Rules, rehearse, suggest};

    fn asked(n: usize, input: &str, hash: &str) -> Value {
        json!({"metadata": {
            "event": "await", "request_id": format!("r{n}"), "why": "permission", "source": "claude-hook", "project": "shop",
            "tool": "Bash", "task": "Bash: x", "input": input, "input_hash": hash,
        }})
    }

    fn ended(n: usize, decision: &str, via: &str) -> Value {
        json!({"metadata": {"event": "await_end", "request_id": format!("r{n}"), "decision": decision, "via": via}})
    }

    fn command(n: usize, command: &str) -> Value {
        let input = json!({"command": command});
        asked(n, &input.to_string(), &hash_of(&input))
    }

    #[test]
    fn what_people_answered_is_known_where_the_log_has_it_whole() {
        let mut answers = Answers::default();
        let cut = hash_of(&json!({"command": "cargo test --everything"}));
        let events = [
            (ended(1, "allow", "stage"), command(1, "cargo test")),
            (ended(2, "deny", "cli"), command(2, "git push")),
            (ended(3, "allow", "rule"), command(3, "by a rule")),
            (ended(4, "always-1", "stage"), command(4, "for ever")),
            (ended(5, "allow", "stage"), asked(5, r#"{"command":"cargo test"}"#, &cut)),
            (ended(6, "allow", "stage"), asked(6, r#"{"command":"cargo te…"#, &cut)),
            (json!({"metadata": {}}), command(7, "open")),
        ];
        for (end, question) in events {
            answers.take(&end);
            answers.take(&question);
        }
        let known: Vec<_> = answers.known.iter().map(|one| (&*one.id, one.answer)).collect();
        assert_eq!(known, [("r1", Answer::Allowed), ("r2", Answer::Denied)]);
        assert_eq!(answers.not_whole, 2);
    }

    #[test]
    fn rules_are_tried_on_it_and_learnt_from_it() {
        let mut answers = Answers::default();
        for n in 0..6 {
            answers.take(&ended(n, "allow", "stage"));
            answers.take(&command(n, "cargo test --lib"));
        }
        let past = answers.past();
        let suggestions = suggest(&[], &past);
        insta::assert_snapshot!(suggestions[0].to_string(), @"you allowed `cargo test --lib` 6 times: always, for this project?");
        let rule = suggestions[0].rule.clone();
        assert_eq!(rehearse(&[rule], &past).would_answer, 6);
        let table = "[[rules]]\nname = \"a\"\ncommand = \"cargo\"\ndecision = \"deny\"";
        let rules = Rules::read(table.parse::<toml::Table>().unwrap().remove("rules").unwrap()).unwrap();
        insta::assert_snapshot!(rehearse(rules.as_slice(), &past), @"would have answered 6 of 6, none as you did");
    }
}
