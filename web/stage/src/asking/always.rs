//! A rule that would spare a person questions like one that was just allowed, as the server suggests it. Pure.

use serde_json::Value;

use crate::answers::text;

/// A rule that might be added.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suggested {
    /// The question: "you allowed `cargo test` 14 times: always, for this project?"
    pub sentence: String,
    /// The rule's name.
    pub name: String,
    /// The rule, as the server takes it back.
    pub rule: String,
}

/// What the server suggests after one of these requests, if this page may add rules.
#[must_use]
pub fn suggested(answer: &Value, ids: &[String]) -> Option<Suggested> {
    if answer["may_add"].as_bool() != Some(true) {
        return None;
    }
    let all = answer["suggestions"].as_array()?;
    let one = all.iter().find(|one| ids.iter().any(|id| id == text(one, "request_id")))?;
    let sentence = text(one, "sentence");
    let mut letters = sentence.chars();
    let first = letters.next()?.to_uppercase();
    let rule = one.get("rule")?;
    let name = text(rule, "name").to_owned();
    Some(Suggested { sentence: first.chain(letters).collect(), name, rule: rule.to_string() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_is_suggested_for_what_was_just_allowed_if_it_may_be_added() {
        let rule = json!({"name": "cargo test in shop", "command": "cargo test", "decision": "allow"});
        let of = |may: bool| {
            json!({"rules": [], "may_add": may, "suggestions": [
                {"sentence": "you allowed `make` 5 times: always, for this project?", "request_id": "r1", "rule": {}},
                {"sentence": "you allowed `cargo test` 14 times: always, for this project?", "request_id": "r2", "rule": rule},
            ]})
        };
        let found = suggested(&of(true), &["r0".into(), "r2".into()]).unwrap();
        assert_eq!(found.sentence, "You allowed `cargo test` 14 times: always, for this project?");
        assert_eq!((found.name.as_str(), found.rule), ("cargo test in shop", rule.to_string()));
        assert_eq!(suggested(&of(true), &["r3".into()]), None);
        assert_eq!(suggested(&of(false), &["r2".into()]), None);
        assert_eq!(suggested(&json!(null), &["r2".into()]), None);
    }
}
