//! The rules that answer for a person, as the server lists them, in words. Pure.

use arcane_shared::visible::{line, lines};
use serde_json::Value;

use crate::answers::{text, texts};

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
    /// What it is about, in words: "claude · webshop · commands that begin with".
    pub about: String,
    /// The command or the pattern that these words end in; empty: none.
    pub pattern: String,
    /// What an agent is told that is denied; empty: nothing.
    pub message: String,
    /// Why it may answer nothing.
    pub warnings: Vec<String>,
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
    let [about, pattern] = about(rule);
    Listing {
        name: name.to_owned(),
        title: line(name, ABOUT_CHARS_MAX),
        decision: text(rule, "decision").to_owned(),
        about,
        pattern,
        message: lines(text(rule, "message")).into_owned(),
        warnings: texts(&card["warnings"]).iter().map(|text| lines(text).into_owned()).collect(),
        is_added: text(card, "origin") == "added",
        rule: rule.to_string(),
    }
}

/// What a rule matches: in words, and its command or pattern.
fn about(rule: &Value) -> [String; 2] {
    let (command, path) = (text(rule, "command"), text(rule, "path"));
    let what = match (command, path) {
        ("", "") => "",
        ("", _) => "files",
        _ if rule["exact"].as_bool() == Some(true) => "exactly",
        _ => "commands that begin with",
    };
    let parts = [text(rule, "agent"), text(rule, "project"), text(rule, "tool"), what];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let words = if parts.is_empty() { "whatever is asked".into() } else { parts.join(" · ") };
    [words, [command, path].concat()].map(|text| line(&text, ABOUT_CHARS_MAX))
}

/// What came of a dry run, in sentences.
#[must_use]
pub fn rehearsed(answer: &Value) -> String {
    let sentence = text(answer, "sentence");
    let said = if sentence.starts_with("would ") {
        ["It ", sentence, "."].concat()
    } else {
        // Nothing to try it on.
        let mut letters = sentence.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).chain(['.']).collect()
    };
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
            {"origin": "added", "rule": {"name": "t", "agent": "claude", "command": "make", "exact": true, "decision": "allow"}, "warnings": ["w"]},
            {"origin": "file", "rule": {"name": "a\u{202e}b", "decision": "ask"}},
        ]);
        let listed = listed(&json!({"rules": rules, "suggestions": [], "may_add": true})).unwrap();
        let told = |rule: &Listing| {
            let words = [&*rule.about, &rule.pattern, &rule.message].join(" | ");
            [&*rule.decision, if rule.is_added { "added" } else { "file" }, &words].join(" ")
        };
        assert_eq!(
            listed.rules.iter().map(told).collect::<Vec<_>>(),
            [
                "deny file commands that begin with | git push | by hand",
                "allow file shop · Edit · files | docs/** | ",
                "allow added claude · exactly | make | ",
                "ask file whatever is asked |  | ",
            ]
        );
        assert_eq!(listed.rules[2].warnings, ["w"]);
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
        let nothing = json!({"sentence": "there is no question yet to try the rules on", "against": []});
        assert_eq!(rehearsed(&nothing), "There is no question yet to try the rules on.");
        let other = json!({"sentence": "would have answered 2 of 5, 1 as you did and 1 otherwise",
            "against": [{"task": "Bash: make", "decision": "deny"}]});
        assert_eq!(
            rehearsed(&other),
            "It would have answered 2 of 5, 1 as you did and 1 otherwise. You denied: Bash: make"
        );
    }
}
