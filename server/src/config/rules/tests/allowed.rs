//! Which commands a rule allows, and above all which it does not.

use super::{of_command, rule};

/// What `cargo test` does not cover.
const NOT_PLAIN: &[&str] = &[
    "",
    " ",
    "cargo",
    "cargo testify",
    "cargo test-all",
    "cargotest",
    "cargo tes",
    "cargo build test",
    "Cargo test",
    "cargo TEST",
    "xcargo test",
    "./cargo test",
    "/usr/bin/cargo test",
    "sudo cargo test",
    "env cargo test",
    // Operators.
    "cargo test; rm -rf /",
    "cargo test;rm",
    "cargo test & rm",
    "cargo test && rm",
    "cargo test || rm",
    "cargo test | sh",
    "cargo test |& sh",
    "rm; cargo test",
    "true && cargo test",
    "(cargo test)",
    "{ cargo test; }",
    "cargo test &",
    "! cargo test",
    "cargo test \n rm",
    "cargo test\nrm",
    "cargo test\rrm",
    "cargo test\r\nrm",
    "cargo test\u{b}rm",
    "cargo test\u{c}x",
    "cargo\ttest",
    "cargo test\u{85}rm",
    "cargo test\u{2028}rm",
    // Substitutions and expansions.
    "cargo test $(rm)",
    "cargo test `rm`",
    "cargo test \"$(rm)\"",
    "cargo test '$(rm)'",
    "cargo test $X",
    "cargo test ${X}",
    "cargo test \"$X\"",
    "$X cargo test",
    "cargo test <(rm)",
    "cargo test {a,b}",
    "cargo test ~",
    "cargo test ~/x",
    "cargo test *",
    "cargo test ?",
    "cargo test [a]",
    "cargo test !!",
    "cargo test !rm",
    "cargo test ^a^b",
    "cargo test %PATH%",
    "cargo test =ls",
    "cargo test x =ls",
    "c*go test",
    "carg? test",
    // Redirections and comments.
    "cargo test > x",
    "cargo test >x",
    "cargo test 2>&1",
    "cargo test < x",
    "cargo test << E",
    "cargo test <<< x",
    "cargo test # x",
    "#cargo test",
    // Settings before the program.
    "RUSTC=evil cargo test",
    "A= cargo test",
    "PATH=/tmp:/bin cargo test",
    "=cargo test",
    "cargo=x test",
    // Quotes and escapes.
    "\"cargo\" test",
    "'cargo' test",
    "cargo 'test'",
    "cargo \"test\"",
    "\"cargo test\"",
    "c\"arg\"o test",
    "cargo te\"s\"t",
    "cargo test 'x",
    "cargo test \"x",
    "cargo test x'",
    "cargo test 'x'y",
    "cargo test y'x'",
    "cargo test \"a\"\"b\"",
    "cargo test \"it's\"",
    "cargo test '\"'",
    "cargo test 'a;b'",
    "cargo test \"a|b\"",
    "cargo test \\",
    "cargo test \\;",
    "cargo test a\\ b",
    "cargo\\ test",
    "cargo test $'x'",
    "cargo test $\"x\"",
    "cargo test '\n'",
    "cargo test \"a\nb\"",
    "cargo test '=ls'",
    // Characters that are not seen, or look like others.
    "cargo\u{a0}test",
    "cargo test\u{a0}x",
    "cargo\u{3000}test",
    "cargo\u{2003}test",
    "cargo\u{200b} test",
    "cargo test\u{200b}",
    "cargo test \u{202e}x",
    "cargo test \u{2066}x",
    "cargo test \u{feff}",
    "\u{feff}cargo test",
    "cargo test\0",
    "cargo test \u{1b}[2K",
    "cargo test \u{7f}",
    "cargo test \u{e0041}",
    "c\u{430}rgo test",
    "cargo test \u{ff1b} rm",
    "cargo test \u{37e} rm",
    "cargo test \u{2018}x\u{2019}",
    "cargo test \u{2013}x",
    "cargo test ü",
];

#[test]
fn whole_words_are_allowed_with_plain_words_after_them() {
    let rules = rule("command = \"cargo test\"", "allow");
    for command in [
        "cargo test",
        "cargo test --all",
        "  cargo   test  ",
        "cargo test -p arcane-server --lib config::rules",
        "cargo test --features=a,b -- --nocapture",
        "cargo test \"two words\"",
        "cargo test 'two words' x",
        "cargo test ''",
        "cargo test @scope/x a@b.example +nightly ./a/../b",
    ] {
        assert_eq!(of_command(&rules, command), Some("allow"), "{command:?}");
    }
}

#[test]
fn whatever_might_do_something_else_is_left_to_a_person() {
    let rules = rule("command = \"cargo test\"", "allow");
    for command in NOT_PLAIN {
        assert_eq!(of_command(&rules, command), None, "{command:?}");
    }
}

#[test]
fn a_long_command_is_left_to_a_person() {
    let rules = rule("command = \"cargo test\"", "allow");
    assert_eq!(of_command(&rules, &format!("cargo test {}", "x".repeat(4096 - 11))), Some("allow"));
    assert_eq!(of_command(&rules, &format!("cargo test {}", "x".repeat(4096 - 10))), None);
}

#[test]
fn a_rule_for_a_tool_allows_what_the_tool_does() {
    let rules = rule("tool = \"WebSearch\"", "allow");
    let agent = arcane_shared::DaemonName::parse("claude").unwrap();
    let of = |tool| {
        let question = super::super::Question {
            agent: &agent,
            project: None,
            tool,
            command: None,
            path: None,
            cwd: None,
        };
        super::super::decide(rules.as_slice(), &question).is_some()
    };
    assert!(of("WebSearch") && !of("websearch") && !of("WebFetch"));
    assert_eq!(of_command(&rules, "ls"), None);
}

#[test]
fn nothing_follows_an_exact_command() {
    let rules = rule("command = \"cargo test\"\nexact = true", "allow");
    assert_eq!(of_command(&rules, "cargo  test "), Some("allow"));
    for command in ["cargo test --lib", "cargo", "cargo test test", "cargo 'test'"] {
        assert_eq!(of_command(&rules, command), None, "{command}");
    }
}

#[test]
fn agents_and_projects_are_told_apart() {
    for (rest, expected) in [
        ("agent = \"claude\"", Some("allow")),
        ("agent = \"Claude\"", Some("allow")),
        ("agent = \"codex\"", None),
        ("project = \"shop\"", Some("allow")),
        ("project = \"Shop\"", None),
        ("project = \"sho\"", None),
    ] {
        assert_eq!(
            of_command(&rule(&format!("command = \"ls\"\n{rest}"), "allow"), "ls -l"),
            expected,
            "{rest}"
        );
    }
}
