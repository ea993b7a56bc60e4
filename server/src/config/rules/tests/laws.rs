//! What holds of all rules and questions.

use arcane_shared::DaemonName;
use proptest::prelude::*;

use super::super::{CommandPrefix, Decision, PathPattern, Question, Rule, Subject, decide};

/// Characters with which a command could do more than one thing, and some that only look harmless.
const OPERATORS: &[char] = &[
    ';', '&', '|', '`', '$', '(', ')', '{', '}', '<', '>', '\n', '\r', '\t', '\0', '\u{b}', '\u{1b}', '#',
    '!', '~', '\\', '*', '?', '[', ']', '^', '%', '\u{85}', '\u{a0}', '\u{200b}', '\u{202e}', '\u{2028}',
    '\u{3000}', '\u{feff}',
];
const PREFIXES: [&str; 5] = ["ls", "rm", "git push", "rm -rf", "cargo test"];
const PATTERNS: [&str; 5] = ["**", "src/**", "src/*.rs", ".env", "/etc/**"];

fn subject(allows: bool) -> impl Strategy<Value = Subject> {
    prop_oneof![
        prop::sample::select(&PREFIXES[..])
            .prop_map(move |text| Subject::Command(CommandPrefix::parse(text, allows, false).unwrap())),
        prop::sample::select(&PATTERNS[..])
            .prop_map(move |text| Subject::Path(PathPattern::parse(text, allows).unwrap())),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let decision =
        prop_oneof![Just(Decision::Allow), Just(Decision::Ask), Just(Decision::Deny { message: None })];
    let tool = prop::option::of(prop::sample::select(&["Bash", "Edit", "bash"][..]));
    (decision, tool, "[a-z]{6}").prop_flat_map(|(decision, tool, name)| {
        subject(decision == Decision::Allow).prop_map(move |subject| Rule {
            name: name.clone(),
            agent: None,
            project: None,
            tool: tool.map(str::to_owned),
            subject,
            decision: decision.clone(),
        })
    })
}

/// Commands of the words of rules and of what shells know, in any order.
fn command() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => prop::sample::select(&["ls", "rm", "git", "push", "-rf", "-r", "-f", "cargo", "test", "sudo", "env", "bash", "-c", "A=1", "/bin/rm", "x"][..]).prop_map(str::to_owned),
        2 => prop::sample::select(OPERATORS).prop_map(String::from),
        2 => Just(" ".to_owned()),
        1 => prop::sample::select(&["'", "\"", "$(", "${", "<<E\n", "E\n", "\\\n", "$'", "#"][..]).prop_map(str::to_owned),
    ];
    prop::collection::vec((part, prop::sample::select(&[" ", ""][..])), 0..12)
        .prop_map(|parts| parts.into_iter().map(|(part, blank)| part + blank).collect())
}

fn path() -> impl Strategy<Value = String> {
    let part = prop::sample::select(
        &["src", "a.rs", ".env", "..", ".", "", "~", "etc", "/", "home", "u", "shop", "\\", "\n", "SRC"][..],
    );
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.join("/"))
}

fn ask<T>(command: Option<&str>, path: Option<&str>, then: impl FnOnce(&Question<'_>) -> T) -> T {
    let agent = DaemonName::parse("claude").unwrap();
    then(&Question { agent: &agent, project: None, tool: "Bash", command, path, cwd: Some("/home/u/shop") })
}

fn decided(rules: &[Rule], command: &str, path: Option<&str>) -> Option<Decision> {
    let command = path.is_none().then_some(command);
    ask(command, path, |question| decide(rules, question).map(|verdict| verdict.decision.clone()))
}

/// How strict a decision is.
fn rank(decision: Option<&Decision>) -> u8 {
    match decision {
        Some(Decision::Allow) => 0,
        None => 1,
        Some(Decision::Ask) => 2,
        Some(Decision::Deny { .. }) => 3,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_command_with_an_operator_is_allowed(
        rules in prop::collection::vec(rule(), 1..8), before in "[ -~]{0,12}", prefix in prop::sample::select(&PREFIXES[..]), operator in prop::sample::select(OPERATORS), after in any::<String>(), at in 0usize..16,
    ) {
        for mut command in [format!("{prefix} {before}"), format!("{prefix} {after}"), format!("{before}{prefix}"), format!("{prefix} '{before}' {after}")] {
            let at = command.char_indices().map(|(at, _)| at).nth(at).unwrap_or(command.len());
            command.insert(at, operator);
            prop_assert_ne!(decided(&rules, &command, None), Some(Decision::Allow), "{:?}", command);
        }
    }

    #[test]
    fn an_allowed_command_is_its_rule_and_plain_words(command in command(), prefix in prop::sample::select(&PREFIXES[..])) {
        let rule = CommandPrefix::parse(prefix, true, false).unwrap();
        let is_allowed = rule.allows(&command);
        prop_assert!(!is_allowed || command.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_./:,@+='\"".contains(&byte)), "{:?}", command);
        prop_assert!(!is_allowed || command.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(prefix), "{:?}", command);
    }

    #[test]
    fn what_a_rule_would_allow_it_would_deny(command in command(), path in path(), prefix in prop::sample::select(&PREFIXES[..]), pattern in prop::sample::select(&PATTERNS[..])) {
        let of = |subject, decision| Rule { name: "r".into(), agent: None, project: None, tool: None, subject, decision };
        let deny = || Decision::Deny { message: None };
        let both = |parse: &dyn Fn(bool) -> Subject, path: Option<&str>| {
            let allowed = decided(&[of(parse(true), Decision::Allow)], &command, path).is_some();
            let denied = decided(&[of(parse(false), deny())], &command, path).is_some();
            !allowed || denied
        };
        prop_assert!(both(&|allows| Subject::Command(CommandPrefix::parse(prefix, allows, false).unwrap()), None), "{:?}", command);
        prop_assert!(both(&|allows| Subject::Path(PathPattern::parse(pattern, allows).unwrap()), Some(&path)), "{:?}", path);
    }

    #[test]
    fn the_order_of_rules_does_not_change_the_decision(
        (rules, shuffled) in prop::collection::vec(rule(), 0..8).prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())), command in command(), path in prop::option::of(path()),
    ) {
        let decision = decided(&rules, &command, path.as_deref());
        prop_assert_eq!(rank(decision.as_ref()), rank(decided(&shuffled, &command, path.as_deref()).as_ref()));
        // It is the strictest of what each rule says alone.
        let each = rules.iter().filter_map(|rule| decided(std::slice::from_ref(rule), &command, path.as_deref()));
        prop_assert_eq!(decision.clone().map(|decision| rank(Some(&decision))), each.map(|decision| rank(Some(&decision))).max());
    }

    #[test]
    fn the_first_of_equal_rules_is_named(rules in prop::collection::vec(rule(), 1..8), command in command()) {
        ask(Some(&command), None, |question| {
            if let Some(verdict) = decide(&rules, question) {
                let first = rules.iter().find(|rule| rank(Some(&rule.decision)) == rank(Some(verdict.decision)) && decide(std::slice::from_ref(rule), question).is_some());
                assert_eq!(verdict.rule, first.unwrap().name);
            }
        });
    }

    #[test]
    fn one_more_rule_that_denies_or_asks_allows_nothing_more(
        rules in prop::collection::vec(rule(), 0..6), more in rule(), at in 0usize..6, command in command(), path in prop::option::of(path()),
    ) {
        prop_assume!(more.decision != Decision::Allow);
        let before = decided(&rules, &command, path.as_deref());
        let mut with = rules.clone();
        with.insert(at.min(rules.len()), more);
        let after = decided(&with, &command, path.as_deref());
        prop_assert!(after != Some(Decision::Allow) || before == Some(Decision::Allow));
        prop_assert!(before.as_ref().is_none_or(|before| rank(after.as_ref()) >= rank(Some(before))));
    }

    #[test]
    fn an_allowed_path_is_below_where_its_pattern_begins(path in path(), pattern in prop::sample::select(&PATTERNS[..])) {
        let rule = Rule { name: "r".into(), agent: None, project: None, tool: None, subject: Subject::Path(PathPattern::parse(pattern, true).unwrap()), decision: Decision::Allow };
        if decided(&[rule], "", Some(&path)).is_some() {
            prop_assert!(!path.split('/').any(|name| name == ".." || name.starts_with('~')));
            prop_assert!(!path.starts_with('/') || path.starts_with(if pattern.starts_with('/') { "/" } else { "/home/u/shop/" }) || path.contains("//") || path.contains("/./"), "{}", path);
        }
    }

    #[test]
    fn anything_can_be_read(command in any::<String>(), path in any::<String>(), rules in prop::collection::vec(rule(), 0..4)) {
        decided(&rules, &command, None);
        decided(&rules, &command, Some(&path));
    }
}
