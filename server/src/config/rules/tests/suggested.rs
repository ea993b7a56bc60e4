//! Which rules are suggested, and above all which are not.

use arcane_shared::DaemonName;
use proptest::prelude::*;

use super::super::{Answer, Decision, Past, Question, Rule, Rules, Suggestion, decide, suggest};
use super::rules;

/// What a person answered, as (agent, project, tool, command or, after a `:`, path).
type Asked<'a> = (&'a str, Option<&'a str>, &'a str, &'a str, Answer);

fn suggested(rules: &[Rule], history: &[Asked<'_>]) -> Vec<Suggestion> {
    let agents: Vec<DaemonName> = history.iter().map(|asked| DaemonName::parse(asked.0).unwrap()).collect();
    let pasts: Vec<Past<'_>> = history
        .iter()
        .zip(&agents)
        .map(|((_, project, tool, what, answer), agent)| {
            let path = what.strip_prefix(':');
            let command = path.is_none().then_some(*what);
            let question =
                Question { agent, project: *project, tool, command, path, cwd: Some("/home/u/shop") };
            Past { id: "1", question, answer: *answer }
        })
        .collect();
    suggest(rules, &pasts)
}

fn allowed<'a>(what: &[&'a str]) -> Vec<Asked<'a>> {
    what.iter().map(|what| ("claude", Some("shop"), "Bash", *what, Answer::Allowed)).collect()
}

fn names(suggestions: &[Suggestion]) -> Vec<(&str, usize)> {
    suggestions.iter().map(|suggestion| (suggestion.rule.name.as_str(), suggestion.times)).collect()
}

#[test]
fn what_was_always_allowed_is_suggested_for_its_agent_project_and_tool() {
    let mut history = allowed(&["cargo test"; 9]);
    history.extend(allowed(&["cargo test -p x --lib"; 5]));
    history.extend(allowed(&["npm run lint", "npm run lint -- --fix"].repeat(3)));
    history.extend(allowed(&[
        ":src/a/b.rs",
        ":/home/u/shop/src/a/c.rs",
        ":./src/a/d.rs",
        ":src/a/e.rs",
        ":src/a/f.rs",
    ]));
    history.extend(allowed(&["ls; rm x"; 9]));
    let suggestions = suggested(&[], &history);
    assert_eq!(
        names(&suggestions),
        [("cargo test in shop", 9), ("cargo test -p x --lib in shop", 5), ("src/a/* in shop", 5)]
    );
    insta::assert_snapshot!(suggestions[0], @"you allowed `cargo test` 9 times: always, for this project?");
    insta::assert_snapshot!(suggestions[2], @"you allowed Bash in `src/a/*` 5 times: always, for this project?");
    insta::assert_snapshot!(suggestions[0].rule.to_toml(), @r#"
    [[rules]]
    name = "cargo test in shop"
    agent = "claude"
    project = "shop"
    tool = "Bash"
    command = "cargo test"
    exact = true
    decision = "allow"
    "#);
}

#[test]
fn nothing_is_suggested_that_was_denied_or_would_be_too_wide() {
    let with = |what: &str, last: Asked<'_>| {
        let mut history = allowed(&[what; 9]);
        history.push((last.0, last.1, last.2, last.3, last.4));
        names(&suggested(&[], &history)).len()
    };
    let denied = |what| ("claude", Some("shop"), "Bash", what, Answer::Denied);
    for (what, last) in [
        ("cargo test", denied("cargo test --release")),
        ("cargo test", denied("cargo test; rm x")),
        ("cargo test", denied("A=1 sudo cargo test")),
        ("cargo test", ("codex", Some("shop"), "shell", "cargo test", Answer::Denied)),
        (":src/a.rs", denied(":src/b.rs")),
        (":src/a.rs", denied(":SRC/../src/c.rs")),
    ] {
        assert_eq!(with(what, last), 0, "{what} {last:?}");
    }
    assert_eq!(with("cargo test", denied("cargo build")), 1);
    assert_eq!(with("cargo test", ("claude", Some("other"), "Bash", "cargo test", Answer::Denied)), 1);
    for what in [
        "rm x",
        "/bin/rm x",
        "git push origin",
        "sudo ls x",
        "time cargo test",
        "timeout 60 cargo test",
        "uv run python x.py",
        "docker exec box ls",
        "docker compose exec bash",
        "bash -c x",
        "python -c x",
        "curl x",
        "cargo 'test'",
        "ls \n x",
        "find x",
        ":a.rs",
        ":../src/a.rs",
        ":/etc/a.rs",
        ":src/.env",
        ":src/[id]/a.rs",
    ] {
        assert_eq!(names(&suggested(&[], &allowed(&[what; 9]))), [], "{what}");
    }
    assert_eq!(names(&suggested(&[], &allowed(&["cargo test"; 4]))), []);
    assert_eq!(names(&suggested(&[], &[("claude", None, "Bash", "cargo test", Answer::Allowed); 9])), []);
    let rules = rules("[[rules]]\nname = \"x\"\ncommand = \"cargo test\"\ndecision = \"allow\"");
    assert_eq!(names(&suggested(rules.as_slice(), &allowed(&["cargo test"; 9]))), []);
}

#[test]
fn suggestions_are_bounded_and_have_names_of_their_own() {
    let commands: Vec<String> = (0..2000).map(|n| format!("make target-{n}")).collect();
    let history: Vec<&str> = commands.iter().flat_map(|command| [command.as_str(); 5]).collect();
    assert_eq!(suggested(&[], &allowed(&history)).len(), 16);
    let long = format!("make {}", "x".repeat(100));
    let mut history = allowed(&[long.as_str(); 5]);
    history.extend(history.clone().into_iter().map(|asked| ("codex", asked.1, asked.2, asked.3, asked.4)));
    let suggestions = suggested(&[], &history);
    let both = names(&suggestions);
    assert!(
        both.len() == 2 && both[0].0 != both[1].0 && both.iter().all(|(name, _)| name.len() <= 64),
        "{both:?}"
    );
}

proptest! {
    #[test]
    fn a_suggested_rule_can_be_written_and_allows_nothing_that_was_denied(
        asked in prop::collection::vec((prop::sample::select(&["cargo test", "cargo test -p x", "npm run a", "git status", ":src/a.rs", ":src/b/c.rs", "cargo test;x", "ü x"][..]), 0u8..40), 0..60),
    ) {
        let history: Vec<Asked<'_>> = asked.iter().map(|(what, n)| ("claude", Some("shop"), "Bash", *what, if *n == 0 { Answer::Denied } else { Answer::Allowed })).collect();
        for Suggestion { rule, times } in suggested(&[], &history) {
            let mut file: toml::Table = rule.to_toml().parse().unwrap();
            let read = Rules::read(file.remove("rules").unwrap()).unwrap();
            prop_assert_eq!(read.as_slice(), std::slice::from_ref(&rule));
            prop_assert!(times >= 5 && rule.decision == Decision::Allow);
            let agent = DaemonName::parse("claude").unwrap();
            for (_, project, tool, what, answer) in &history {
                let path = what.strip_prefix(':');
                let question = Question { agent: &agent, project: *project, tool, command: path.is_none().then_some(*what), path, cwd: Some("/home/u/shop") };
                prop_assert!(*answer == Answer::Allowed || decide(read.as_slice(), &question).is_none());
            }
        }
    }
}
