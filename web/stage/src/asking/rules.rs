//! The rules that answer for a person, as the server lists them, in words. Pure.

use arcane_shared::visible::{line, lines};
use serde_json::Value;

use crate::answers::text;

/// Most characters of what a rule matches, and of a name.
const ABOUT_CHARS_MAX: usize = 400;

/// What the server lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listed {
    /// The rules, those of the configuration first.
    pub rules: Vec<Listing>,
    /// Whether the viewer may remove those that were added.
    pub may_remove: bool,
}

/// A rule in words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listing {
    /// Its name, as the server knows it.
    pub name: String,
    /// Its name on one line, all of it visible.
    pub title: String,
    /// `allow`, `deny` or `ask`.
    pub decision: String,
    /// What it is about: "claude · webshop · commands that begin with `cargo test`".
    pub about: String,
    /// What an agent is told that is denied; empty: nothing.
    pub message: String,
    /// Whether it was added, and can be removed; the others are the configuration's.
    pub is_added: bool,
    /// Itself, as the server takes it back.
    pub rule: String,
}

/// Reads the list; `None`: it is none.
#[must_use]
pub fn listed(answer: &Value) -> Option<Listed> {
    let rules = answer["rules"].as_array()?.iter().map(listing).collect();
    Some(Listed { rules, may_remove: answer["may_add"].as_bool() == Some(true) })
}

fn listing(card: &Value) -> Listing {
    let rule = &card["rule"];
    let name = text(rule, "name");
    Listing {
        name: name.to_owned(),
        title: line(name, ABOUT_CHARS_MAX),
        decision: text(rule, "decision").to_owned(),
        about: about(rule),
        message: lines(text(rule, "message")).into_owned(),
        is_added: text(card, "origin") == "added",
        rule: rule.to_string(),
    }
}

/// What a rule matches, in words.
fn about(rule: &Value) -> String {
    let quoted = |before: &str, what: &str| [before, "`", what, "`"].concat();
    let what = match (text(rule, "command"), text(rule, "path")) {
        ("", "") => String::new(),
        ("", path) => quoted("files ", path),
        (command, _) if rule["exact"].as_bool() == Some(true) => quoted("exactly ", command),
        (command, _) => quoted("commands that begin with ", command),
    };
    let parts = [text(rule, "agent"), text(rule, "project"), text(rule, "tool"), &what];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "whatever is asked".into() } else { line(&parts.join(" · "), ABOUT_CHARS_MAX) }
}

/// What came of a dry run, in sentences.
#[must_use]
pub fn rehearsed(answer: &Value) -> String {
    let said = ["It ", text(answer, "sentence"), "."].concat();
    let Some(other) = answer["against"].as_array().and_then(|all| all.first()) else { return said };
    let you = if text(other, "decision") == "deny" { "You denied: " } else { "You allowed: " };
    [&said, " ", you, &line(text(other, "task"), ABOUT_CHARS_MAX)].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_is_told_in_words() {
        let rules = json!([
            {"origin": "file", "rule": {"name": "no force", "command": "git push", "decision": "deny", "message": "by hand"}},
            {"origin": "file", "rule": {"name": "docs", "project": "shop", "tool": "Edit", "path": "docs/**", "decision": "allow"}},
            {"origin": "added", "rule": {"name": "t", "agent": "claude", "command": "make", "exact": true, "decision": "allow"}},
            {"origin": "file", "rule": {"name": "a\u{202e}b", "decision": "ask"}},
        ]);
        let listed = listed(&json!({"rules": rules, "suggestions": [], "may_add": true})).unwrap();
        let told =
            listed.rules.iter().map(|rule| (&*rule.decision, &*rule.about, &*rule.message, rule.is_added));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                ("deny", "commands that begin with `git push`", "by hand", false),
                ("allow", "shop · Edit · files `docs/**`", "", false),
                ("allow", "claude · exactly `make`", "", true),
                ("ask", "whatever is asked", "", false),
            ]
        );
        assert!(listed.may_remove);
        assert_eq!(listed.rules[3].name, "a\u{202e}b");
        assert!(!listed.rules[3].title.contains('\u{202e}'));
        assert_eq!(listed.rules[2].rule, rules[2]["rule"].to_string());
        assert_eq!(super::listed(&json!(null)), None);
    }

    #[test]
    fn a_dry_run_names_what_was_answered_otherwise() {
        let none = json!({"sentence": "would have answered 5 of 5, all as you did", "against": []});
        assert_eq!(rehearsed(&none), "It would have answered 5 of 5, all as you did.");
        let other = json!({"sentence": "would have answered 2 of 5, 1 as you did and 1 otherwise",
            "against": [{"task": "Bash: make", "decision": "deny"}]});
        assert_eq!(
            rehearsed(&other),
            "It would have answered 2 of 5, 1 as you did and 1 otherwise. You denied: Bash: make"
        );
    }
}
