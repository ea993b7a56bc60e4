//! What is shown of inputs.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Lines as they are read: sign, number, text with hidden characters in braces.
fn read(shown: &Shown) -> Vec<String> {
    let line = |line: &Line| {
        let text: String = line.parts.iter().map(part).collect();
        let number = if line.number > 0 { line.number.to_string() } else { String::new() };
        [["", "+", "-", "@"][line.kind as usize], &number, "|", &text].concat()
    };
    shown.lines.iter().map(line).collect()
}

fn part(part: &Part) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Hidden(c, count) => format!("{{{}x{count}}}", code(*c)),
    }
}

#[test]
fn a_command_is_shown_with_what_goes_with_it() {
    let one = shown(
        &json!({"command": "git push --force origin\u{200B} main", "description": "publish the rebased cart branch"}),
    );
    assert_eq!(read(&one), ["1|git push --force origin{U+200Bx1} main"]);
    assert_eq!(one.says, "whole command · 1 line · 29 characters");
    assert_eq!(one.hidden, "1 invisible character made visible: U+200B, zero-width space, after “origin”");
    assert_eq!(one.note, [Part::Text("publish the rebased cart branch".into())]);
    let more = shown(&json!({"command": "a\r\nb\n", "env": {"x": "\u{202E}"}, "timeout": 5}));
    assert_eq!(
        read(&more),
        ["1|a", "2|b", "3|", "@|env", "|{", "|  \"x\": \"{U+202Ex1}\"", "|}", "@|timeout", "|5"]
    );
    assert_eq!(more.says, "whole command · 3 lines · 5 characters");
    let words = shown(&json!({"command": ["bash", "-lc", "rm -rf \"$HOME\" 'x'"]}));
    assert_eq!(read(&words), [r#"1|bash -lc 'rm -rf "$HOME" '\''x'\'''"#]);
}

#[test]
fn a_change_is_shown_as_what_goes_and_comes() {
    let edit = shown(
        &json!({"file_path": "src/a.rs", "old_string": "a\nb", "new_string": "a\nc", "replace_all": true}),
    );
    assert_eq!(read(&edit), ["@|src/a.rs", "|a", "-|b", "+|c", "@|replace_all", "|true"]);
    assert_eq!(edit.says, "whole edit · 1 line out, 1 in");
    let write = shown(&json!({"file_path": "b", "content": "x\ny\n"}));
    assert_eq!(
        (read(&write), &*write.says),
        (vec!["@|b".into(), "+1|x".into(), "+2|y".into()], "whole file · 2 lines · 4 characters")
    );
    let several = shown(
        &json!({"file_path": "b", "edits": [{"old_string": "1", "new_string": "2"}, {"old_string": "3", "new_string": ""}]}),
    );
    assert_eq!(read(&several), ["@|b", "@|edit 1", "-|1", "+|2", "@|edit 2", "-|3"]);
    let odd =
        shown(&json!({"file_path": "b", "edits": [{"old_string": "1", "new_string": "2", "hidden": "x"}]}));
    assert!(odd.says.starts_with("whole input") && read(&odd).concat().contains("hidden"));
    let patch = "*** Begin Patch\n*** Update File: a\n@@\n-x\n+y\n z\n*** End Patch";
    for input in
        [json!({"command": patch}), json!({"command": ["apply_patch", patch]}), json!({"input": patch})]
    {
        let shown = shown(&input);
        assert_eq!(
            read(&shown)[1..],
            ["@|*** Update File: a", "@|@@", "-|x", "+|y", "|z", "@|*** End Patch"]
        );
        assert_eq!(shown.says, "whole patch · 7 lines · 60 characters");
    }
}

#[test]
fn anything_else_is_json_and_nothing_is_left_out() {
    let fetch = shown(&json!({"url": "https://x", "description": "d"}));
    assert_eq!(read(&fetch), ["1|{", "2|  \"url\": \"https://x\",", "3|  \"description\": \"d\"", "4|}"]);
    assert_eq!((fetch.note.len(), read(&shown(&json!("<b>x</b>")))), (0, vec!["1|<b>x</b>".to_owned()]));
    assert_eq!(read(&shown(&json!(null))), ["1|null"]);
    assert_eq!(read(&shown(&json!({"plan": "1. a"}))), ["1|1. a"]);
}

#[test]
fn what_is_long_is_whole_and_bounded() {
    let long = "x\n".repeat(LINES_MAX + 10) + "end";
    let long = shown(&json!({"command": long}));
    assert_eq!(long.lines.len(), LINES_MAX);
    assert!(read(&long).last().unwrap().ends_with("x\nend"));
    let hidden = shown(&json!({"command": "a\u{200B}".repeat(SIGNS_MAX * 3)}));
    assert!(hidden.lines[0].parts.len() <= 2 * SIGNS_MAX + 1);
    assert!(hidden.hidden.starts_with("6000 invisible characters made visible: U+200B"));
    let kinds: String = "\u{200B}\u{200C}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2060}".into();
    assert!(shown(&json!({"command": kinds})).hidden.ends_with("; and 2 other kinds"));
}

proptest! {
    #[test]
    fn no_text_is_lost(command in "[a-c\\n \u{200B}\u{202E}]{0,60}", other in "[a-c\\n]{0,9}") {
        let shown = shown(&json!({"command": command, "x": other}));
        let lines = shown.lines.iter().take_while(|line| line.kind == Kind::Plain);
        let text = |line: &Line| line.parts.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Hidden(c, count) => c.to_string().repeat(*count),
        }).collect::<String>();
        prop_assert_eq!(lines.map(text).collect::<Vec<_>>().join("\n"), command);
    }
}
