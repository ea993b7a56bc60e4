//! What a dry run counts and says.

use arcane_shared::DaemonName;

use super::super::{Against, Answer, Past, Question, Rehearsal, RuleCount, rehearse};
use super::rules;

const RULES: &str = r#"
[[rules]]
name = "tests"
command = "cargo test"
decision = "allow"

[[rules]]
name = "no push"
command = "git push"
decision = "deny"

[[rules]]
name = "look"
command = "curl"
decision = "ask"
"#;

fn rehearsed(history: &[(&str, Answer)]) -> Rehearsal {
    let agent = DaemonName::parse("claude").unwrap();
    let ids: Vec<String> = (0..history.len()).map(|n| n.to_string()).collect();
    let pasts = history.iter().zip(&ids).map(|((command, answer), id)| {
        let question = Question {
            agent: &agent,
            project: None,
            tool: "Bash",
            command: Some(command),
            path: None,
            cwd: None,
        };
        Past { id, question, answer: *answer }
    });
    let history: Vec<Past<'_>> = pasts.collect();
    rehearse(rules(RULES).as_slice(), &history)
}

#[test]
fn answers_are_counted_and_those_that_differ_are_named() {
    use Answer::{Allowed, Denied};
    let rehearsal = rehearsed(&[
        ("cargo test", Allowed),
        ("cargo test -p x", Denied),
        ("cargo build", Allowed),
        ("cd x; git push", Denied),
        ("curl x", Denied),
        ("git push", Allowed),
        ("cargo test; curl x", Allowed),
    ]);
    let count = |rule: &str, decided, against_human| RuleCount { rule: rule.into(), decided, against_human };
    let against = |id: &str, rule: &str, human| Against { id: id.into(), rule: rule.into(), human };
    let expected = Rehearsal {
        asked: 7,
        left_out: 0,
        would_answer: 4,
        same_as_human: 2,
        against_human: vec![against("1", "tests", Denied), against("5", "no push", Allowed)],
        rules: vec![count("tests", 2, 1), count("no push", 2, 1), count("look", 2, 0)],
    };
    assert_eq!(rehearsal, expected);
    assert_eq!(rehearsal.to_string(), "would have answered 4 of 7, 2 as you did and 2 otherwise");
}

#[test]
fn a_dry_run_is_told_in_a_sentence() {
    use Answer::{Allowed, Denied};
    for (history, expected) in [
        (&[][..], "there is no question yet to try the rules on"),
        (&[("ls", Allowed)], "would have answered none of 1"),
        (
            &[("cargo test", Allowed), ("ls", Denied), ("git push", Denied)],
            "would have answered 2 of 3, all as you did",
        ),
        (&[("cargo test", Denied), ("ls", Denied)], "would have answered 1 of 2, none as you did"),
    ] {
        assert_eq!(rehearsed(history).to_string(), expected);
    }
}

#[test]
fn what_is_named_and_read_is_bounded() {
    let rehearsal = rehearsed(&vec![("git push", Answer::Allowed); 10_001]);
    assert_eq!((rehearsal.asked, rehearsal.left_out, rehearsal.would_answer), (10_000, 1, 10_000));
    assert_eq!(
        (rehearsal.same_as_human, rehearsal.against_human.len(), rehearsal.rules[1].against_human),
        (0, 64, 10_000)
    );
}
