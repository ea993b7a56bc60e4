use arcane_shared::api::{ParsedSpell, SpanKind, SpellAction};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::names::KNOWN;
use super::{QueryScope, SPELL_LEN_MAX, examples, parse, query_scope};

fn daemon(spell: &ParsedSpell) -> &str {
    spell.daemon.as_ref().map_or("-", |name| name.as_str())
}

/// Action, daemon, task, parameters and confidence of an input, on one line.
fn told(input: &str) -> String {
    match parse(input) {
        Ok(spell) => format!(
            "{:?} {} {:?} {} {:.2}",
            spell.action,
            daemon(&spell),
            spell.task.as_deref().unwrap_or("-"),
            Value::Object(spell.parameters.clone()),
            spell.confidence
        ),
        Err(refusal) => format!("refused: {}", refusal.detail),
    }
}

fn expect(table: &[(&str, &str)]) {
    for (input, expected) in table {
        assert_eq!(told(input), *expected, "{input:?}");
    }
}

#[test]
fn every_form_is_understood() {
    expect(&[
        ("invoke claude to explain recursion", r#"Invoke claude "explain recursion" {} 1.00"#),
        ("ask gemini to dream", r#"Invoke gemini "dream" {} 0.95"#),
        ("tell gemini to dream", r#"Invoke gemini "dream" {} 0.95"#),
        ("command liquidmetal: flow", r#"Invoke liquidmetal "flow" {} 0.90"#),
        ("command liquidmetal to flow", r#"Invoke liquidmetal "flow" {} 0.90"#),
        ("command claude:count", r#"Invoke claude "count" {} 0.90"#),
        ("invoke claude: count", r#"Invoke claude "count" {} 0.90"#),
        ("invoke gemini for a haiku", r#"Invoke gemini "a haiku" {} 0.85"#),
        ("claude, check the code", r#"Invoke claude "check the code" {} 0.50"#),
        ("the dreamer, please paint", r#"Invoke gemini "paint" {} 0.50"#),
        ("summon claude", r#"Summon claude "-" {} 0.80"#),
        ("summon the claude daemon", r#"Summon claude "-" {} 0.80"#),
        ("summon the daemon claude", r#"Summon claude "-" {} 0.80"#),
        ("call forth claude", r#"Summon claude "-" {} 0.75"#),
        ("materialize claude", r#"Summon claude "-" {} 0.75"#),
        ("awaken claude", r#"Summon claude "-" {} 0.75"#),
        ("bring claude to life", r#"Summon claude "-" {} 0.70"#),
        ("banish claude", r#"Banish claude "-" {} 0.80"#),
        ("dismiss claude", r#"Banish claude "-" {} 0.75"#),
        ("send claude back", r#"Banish claude "-" {} 0.75"#),
        ("send claude back to the void", r#"Banish claude "-" {} 0.75"#),
        ("release claude", r#"Banish claude "-" {} 0.70"#),
        ("status of claude", r#"Query claude "-" {} 0.65"#),
        ("what is the status of claude?", r#"Query claude "-" {} 0.65"#),
        ("check on claude", r#"Query claude "-" {} 0.60"#),
        ("check claude", r#"Query claude "-" {} 0.60"#),
        ("show daemons", r#"Query - "-" {} 0.95"#),
        ("list all daemons", r#"Query - "-" {} 0.95"#),
        ("what daemons are active", r#"Query - "-" {} 0.90"#),
    ]);
}

#[test]
fn case_courtesy_and_white_space_do_not_matter() {
    expect(&[
        ("  SUMMON\tClaude  ", r#"Summon claude "-" {} 0.80"#),
        ("please summon claude", r#"Summon claude "-" {} 0.80"#),
        ("Could you please summon claude?", r#"Summon claude "-" {} 0.80"#),
        ("can you banish claude, please!", r#"Banish claude "-" {} 0.80"#),
        ("I want you to summon gemini now.", r#"Summon gemini "-" {} 0.80"#),
        ("I’d like to summon gemini", r#"Summon gemini "-" {} 0.80"#),
        ("hey, claude, check the code", r#"Invoke claude "check the code" {} 0.50"#),
        ("Invoke Claude to Write a Haiku About Rust", r#"Invoke claude "Write a Haiku About Rust" {} 1.00"#),
        ("tell claude to draw 🜁 and ✨", r#"Invoke claude "draw 🜁 and ✨" {} 0.95"#),
    ]);
}

#[test]
fn several_word_aliases_are_understood_as_whole_words_only() {
    expect(&[
        ("invoke the logic keeper to review", r#"Invoke claude "review" {} 1.00"#),
        ("summon Liquid  Metal", r#"Summon liquidmetal "-" {} 0.80"#),
        ("bring the liquid metal to life", r#"Summon liquidmetal "-" {} 0.70"#),
        ("command the shapeshifter: flow", r#"Invoke liquidmetal "flow" {} 0.90"#),
        ("summon the innovator", r#"Summon gemini "-" {} 0.80"#),
        ("summon logic", r#"Summon logic "-" {} 0.80"#),
        ("summon re", r#"Summon re "-" {} 0.80"#),
        ("summon reasoners", r#"Summon reasoners "-" {} 0.80"#),
        ("summon a", "refused: The name of a daemon is missing."),
    ]);
}

#[test]
fn any_valid_name_is_a_daemon() {
    expect(&[
        ("summon claude-code", r#"Summon claude-code "-" {} 0.80"#),
        ("invoke codex-cli to list files", r#"Invoke codex-cli "list files" {} 1.00"#),
        ("tell gpt-5 to write tests", r#"Invoke gpt-5 "write tests" {} 0.95"#),
        ("ask gpt-4.1 to write tests", r#"Invoke gpt-4.1 "write tests" {} 0.95"#),
        ("gpt-5, write tests", r#"Invoke gpt-5 "write tests" {} 0.50"#),
        ("banish worker_7.", r#"Banish worker_7 "-" {} 0.80"#),
        ("release gpt-5", r#"Banish gpt-5 "-" {} 0.70"#),
        ("status of scout", r#"Query scout "-" {} 0.65"#),
        ("release the scout daemon", r#"Banish scout "-" {} 0.70"#),
    ]);
}

#[test]
fn ordinary_speech_names_nobody() {
    for input in [
        "release notes",
        "release the notes",
        "release v1.2",
        "release notes-2026.md",
        "check the code",
        "check code",
        "hello, world",
        "well, do it",
        "tell me to go",
        "summon it",
        "banish them",
        "summon the",
        "summon daemon",
        "summon all daemons",
        "banish everyone",
        "invoke someone to help",
        "status of it",
        "summon 42",
        "summon клод",
        "send it back",
        "bring it to life",
        "summoning claude",
        "resummon claude",
        "I saw him summon claude",
        "release notes, please",
        "summon claude code",
        "summon claude and gemini",
        "banish with a=1",
        "daemons",
        "claude",
        "claude,",
        "invoke claude",
        "invoke claude to",
        "tell claude to   ",
        "ask claude about tests",
        "command claude:",
        "list",
        "show me the money",
        "what is active",
        "😀",
        "=",
        "with a=1",
        ",",
        "...",
        "summon claude with",
        "summon claude with a",
        "summon claude with a=",
        "summon claude with \"a\"=1",
        "summon claude with a=\"open",
        "to",
        "please",
        "please, could you",
    ] {
        assert!(parse(input).is_err(), "{input:?}: {}", told(input));
    }
}

#[test]
fn a_negation_is_refused_as_one() {
    for input in [
        "please do not summon claude",
        "don't summon claude",
        "Don’t banish claude",
        "never summon claude",
        "do not invoke claude to sleep",
        "could you not summon claude",
        "tell claude not to run",
        "never mind, claude",
        "I do not want you to summon claude",
        "summon nobody",
        "summon claude, not gemini",
        "no, claude",
        "claude, please don't",
        "claude, do not check the code",
    ] {
        let refusal = parse(input).expect_err(input);
        assert!(refusal.detail.contains("negation"), "{input:?}: {}", refusal.detail);
        for word in ["summon", "banish", "invoke"] {
            assert!(
                refusal.suggestions.iter().all(|s| !s.contains(word)),
                "{input:?}: {:?}",
                refusal.suggestions
            );
        }
    }
    // A task may say no: it is passed on as it is.
    assert_eq!(told("invoke claude to not panic"), r#"Invoke claude "not panic" {} 1.00"#);
}

#[test]
fn parameters_have_types_and_leave_nothing_behind() {
    expect(&[
        ("invoke claude to count with a=1 and b=2", r#"Invoke claude "count" {"a":1,"b":2} 1.00"#),
        (
            "invoke claude to count with a=1, b=2, and c=3",
            r#"Invoke claude "count" {"a":1,"b":2,"c":3} 1.00"#,
        ),
        ("invoke claude to count, with a=-3", r#"Invoke claude "count" {"a":-3} 1.00"#),
        ("invoke claude with a=1 and b=-2.5 to count", r#"Invoke claude "count" {"a":1,"b":-2.5} 1.00"#),
        (
            "summon claude with deep=true and calm=FALSE",
            r#"Summon claude "-" {"deep":true,"calm":false} 0.80"#,
        ),
        (
            r#"summon claude with mood="very \"calm\", and slow" and n=1"#,
            r#"Summon claude "-" {"mood":"very \"calm\", and slow","n":1} 0.80"#,
        ),
        (
            "summon claude with mood='calm', model=opus-4.1.",
            r#"Summon claude "-" {"mood":"calm","model":"opus-4.1"} 0.80"#,
        ),
        ("summon claude with t = 0.5", r#"Summon claude "-" {"t":0.5} 0.80"#),
        ("summon claude with depth=3.", r#"Summon claude "-" {"depth":3} 0.80"#),
        ("summon claude with x=1e3 y=2", "refused: “y=2” was not understood here: a spell names one daemon."),
        ("summon claude with v=1.2.3 and i=inf", r#"Summon claude "-" {"v":"1.2.3","i":"inf"} 0.80"#),
        (
            "summon claude with big=18446744073709551615",
            r#"Summon claude "-" {"big":18446744073709551615} 0.80"#,
        ),
        (
            "summon claude with huge=99999999999999999999",
            r#"Summon claude "-" {"huge":"99999999999999999999"} 0.80"#,
        ),
        ("invoke claude to work with care", r#"Invoke claude "work with care" {} 1.00"#),
        ("invoke claude to work with care with n=1", r#"Invoke claude "work with care" {"n":1} 1.00"#),
        ("invoke claude to set a=1 and b=2", r#"Invoke claude "set a=1 and b=2" {} 1.00"#),
        ("summon claude with a=1 and a=2", "refused: The parameter “a” is given twice."),
    ]);
}

#[test]
fn queries_say_what_they_look_at() {
    for (input, scope) in [
        ("status of claude", QueryScope::One),
        ("show all daemons", QueryScope::All),
        ("show me the daemons", QueryScope::All),
        ("which daemons are there?", QueryScope::All),
        ("list active daemons", QueryScope::Active),
        ("what daemons active", QueryScope::Active),
        ("which daemons are currently present?", QueryScope::Active),
        ("show statistics", QueryScope::Statistics),
    ] {
        let spell = parse(input).expect(input);
        assert_eq!((spell.action, query_scope(&spell)), (SpellAction::Query, scope), "{input:?}");
    }
}

#[test]
fn spans_count_as_javascript_does() {
    let input = "🜁"; // Two code units, four bytes.
    let input = format!("please tell the logic keeper to draw {input} with size=3");
    let spell = parse(&input).expect("a spell");
    let units: Vec<u16> = input.encode_utf16().collect();
    let shown: Vec<(SpanKind, String)> = spell
        .spans
        .iter()
        .map(|span| (span.kind, String::from_utf16_lossy(&units[span.start as usize..span.end as usize])))
        .collect();
    let expected = [
        (SpanKind::Action, "tell"),
        (SpanKind::Daemon, "logic keeper"),
        (SpanKind::Task, "draw 🜁"),
        (SpanKind::Parameter, "size=3"),
    ];
    assert_eq!(shown, expected.map(|(kind, text)| (kind, text.to_owned())));
    let back = parse("send claude back").expect("a spell").spans;
    assert_eq!(json!(back)[2], json!({"kind": "action", "start": 12, "end": 16}));
}

#[test]
fn the_length_is_bounded() {
    let fill = |n: usize| format!("invoke claude to {}", "x".repeat(n - 17));
    assert!(parse(&fill(SPELL_LEN_MAX)).is_ok());
    assert!(parse(&fill(SPELL_LEN_MAX + 1)).expect_err("too long").detail.contains("2001"));
    assert!(parse("").expect_err("empty").detail.contains("empty"));
    assert!(parse(&" ".repeat(20)).is_err());
    assert!(parse(&format!("summon {}", "x".repeat(64))).is_ok());
    assert!(parse(&format!("summon {}", "x".repeat(65))).is_err());
}

#[test]
fn slips_of_the_finger_are_put_right() {
    for (input, first) in [
        ("sumon claude", "summon claude"),
        ("summon cluade now and then", "summon claude"),
        ("invok claude to write a poem", "invoke claude to write a poem"),
        ("tell claude", "tell claude to explain what it can do"),
        ("invoke gpt-5", "invoke gpt-5 to explain what it can do"),
        ("summon claude and gemini", "summon claude"),
        ("lst active daemons", "list active daemons"),
        ("staus of gemini", "status of gemini"),
    ] {
        let suggestions = parse(input).expect_err(input).suggestions;
        assert_eq!(suggestions.first().map(String::as_str), Some(first), "{input:?}: {suggestions:?}");
    }
}

#[test]
fn every_example_does_what_its_group_says() {
    for group in examples().examples {
        for spell in group.spells {
            assert_eq!(parse(&spell).map(|parsed| parsed.action), Ok(group.action), "{spell:?}");
        }
    }
    assert_eq!(examples().daemons.len(), KNOWN.len());
}

/// Whether the daemon stands in the input as a word of its own, or one of its aliases does.
fn is_named(input: &str, name: &str) -> bool {
    let lower = input.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || ",:;!?…".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let aliases = KNOWN.iter().filter(|(known, _)| *known == name).flat_map(|(_, aliases)| aliases.iter());
    words.iter().any(|word| *word == name || word.trim_end_matches('.') == name)
        || aliases.into_iter().any(|alias| words.join(" ").replace('.', "").contains(alias))
}

fn check(input: &str) -> Result<(), TestCaseError> {
    match parse(input) {
        Ok(spell) => {
            let len = u32::try_from(input.encode_utf16().count()).expect("short");
            let mut at = 0;
            for span in &spell.spans {
                prop_assert!(
                    at <= span.start && span.start < span.end && span.end <= len,
                    "{:?}",
                    spell.spans
                );
                at = span.end;
            }
            if let Some(name) = &spell.daemon {
                prop_assert!(is_named(input, name.as_str()), "{name} is not in {input:?}");
            }
            prop_assert_eq!(spell.action == SpellAction::Invoke, spell.task.is_some());
            prop_assert!(spell.task.is_none_or(|task| !task.is_empty() && input.contains(&task)));
            prop_assert_eq!(spell.raw_input, input);
        }
        Err(refusal) => {
            prop_assert!(!refusal.detail.is_empty());
            prop_assert!((1..=3).contains(&refusal.suggestions.len()), "{:?}", refusal.suggestions);
            for suggestion in &refusal.suggestions {
                prop_assert!(parse(suggestion).is_ok(), "{suggestion:?} does not parse");
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_printable_text_is_a_spell_or_a_refusal_that_helps(input in "\\PC{0,60}") {
        check(&input)?;
    }

    #[test]
    fn any_text_is_a_spell_or_a_refusal_that_helps(input in any::<String>()) {
        check(&input)?;
    }

    #[test]
    fn no_mixture_of_its_own_words_confuses_it(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "summon", "invoke", "banish", "release", "claude", "gpt-5", "the", "a", "liquid", "metal", "logic",
                "keeper", "to", "for", "with", "a=1", "b=\"x", "and", ",", ":", ".", "daemon", "daemons", "status",
                "of", "send", "back", "bring", "life", "not", "please", "İ", "’", "=", "\"", "re", "list", "active",
            ]),
            0..10,
        ),
        glue in prop::sample::select(vec![" ", "  ", "\u{a0}", ""]),
    ) {
        check(&words.join(glue))?;
    }
}
