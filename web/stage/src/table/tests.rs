//! The order of the table's rows, and what is folded.

use super::*;
use crate::daemons::told;
use proptest::prelude::*;
use serde_json::{Value, json};

fn event(spell: &str, name: &str, second: usize, metadata: &Value) -> Value {
    json!({"spell_name": spell, "daemon_name": name, "description": "d", "metadata": metadata,
        "success": metadata.get("error").is_none(),
        "timestamp": format!("1970-01-01T00:{:02}:{:02}", second / 60 % 60, second % 60)})
}

/// One of a project's, with more metadata.
fn of(spell: &str, name: &str, second: usize, project: &str, more: &Value) -> Value {
    let mut metadata = json!({"session": name, "project": project});
    metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event(spell, name, second, &metadata)
}

fn shown_with(daemons: &Daemons, chosen: &str, opened: &[&str]) -> Vec<String> {
    let opened: Vec<String> = opened.iter().map(|key| (*key).to_owned()).collect();
    let line = |line: Line| match line {
        Line::Head { of, count, foldable: 0, .. } => format!("[{}] {count}", of.key()),
        Line::Head { of, foldable, is_open, .. } => {
            format!("[{}] {foldable} idle {}", of.key(), if is_open { "▾" } else { "▸" })
        }
        Line::Daemon { daemon, depth, .. } => "  ".repeat(depth) + daemon.daemon_name.as_str(),
    };
    table(daemons, chosen, &opened, ROWS_FIRST, 100_000.0).lines.into_iter().map(line).collect()
}

fn shown(daemons: &Daemons) -> Vec<String> {
    shown_with(daemons, "", &[])
}

#[test]
fn who_needs_a_human_is_first_and_groups_stand_as_they_came() {
    let (begins, fails) = (json!({"phase": "begin"}), json!({"error": "exit 1"}));
    let child = json!({"parent_daemon": "claude"});
    let mut events = vec![
        of("summon", "codex", 1, "webshop", &json!({})),
        of("summon", "claude", 2, "webshop", &json!({})),
        of("summon", "explore", 3, "webshop", &child),
        of("summon", "aider", 4, "atlas", &json!({})),
        event("summon", "backup", 5, &json!({})),
        of("summon", "qwen", 6, "atlas", &json!({})),
    ];
    assert_eq!(
        shown(&told(&events)),
        ["[@webshop] 2", "claude", "  explore", "codex", "[@atlas] 2", "qwen", "aider", "[@] 1", "backup"]
    );
    events.extend([
        of("invoke", "codex", 20, "webshop", &begins),
        of("invoke", "claude", 30, "webshop", &begins),
        of("invoke", "qwen", 40, "atlas", &fails),
        of("voice", "explore", 41, "webshop", &json!({"attention": true, "parent_daemon": "claude"})),
        event("voice", "backup", 42, &json!({"attention": true})),
        of("invoke", "aider", 50, "atlas", &fails),
    ]);
    let all = ["[@@needs] 4", "explore", "backup", "aider", "qwen", "[@webshop] 2", "codex", "claude"];
    assert_eq!(shown(&told(&events)), all);
    assert_eq!(shown_with(&told(&events), "atlas", &[]), ["[@@needs] 2", "aider", "qwen", "[@atlas] 2"]);
    assert_eq!(shown_with(&told(&events), "elsewhere", &[]), ["[@elsewhere] 0"]);
}

#[test]
fn one_place_needs_no_head_and_a_circle_of_parents_is_listed() {
    let events = [
        of("summon", "a", 1, "notes", &json!({"parent_daemon": "b"})),
        of("summon", "b", 1, "notes", &json!({"parent_daemon": "a"})),
        of("summon", "c", 1, "notes", &json!({"parent_daemon": "c"})),
    ];
    assert_eq!(shown(&told(&events)), ["c", "b", "  a"]);
}

#[test]
fn the_idle_of_a_large_table_are_one_line_that_opens() {
    let mut events: Vec<Value> =
        (0..24).map(|n| of("summon", &format!("d{n}"), n, "notes", &json!({}))).collect();
    assert_eq!(shown(&told(&events)).len(), 24);
    let child = json!({"parent_daemon": "d3", "phase": "begin"});
    events.push(of("invoke", "moon", 90, "notes", &child));
    events.push(of("invoke", "d7", 95, "notes", &json!({"phase": "begin"})));
    events.push(of("banish", "d9", 96, "notes", &json!({})));
    events.push(of("invoke", "d9", 97, "notes", &json!({"late": true, "execution_time": 1.0})));
    events.push(of("summon", "d24", 97, "notes", &json!({})));
    let daemons = told(&events);
    let folded = ["[@notes] 22 idle ▸", "d7", "d3", "  moon", "[@@gone] 1 idle ▸"];
    assert_eq!(shown(&daemons), folded);
    assert_eq!(shown_with(&daemons, "", &["@notes"]).len(), 1 + 25 + 1);
}

#[test]
fn many_that_need_a_human_leave_room_for_who_works() {
    let mut events: Vec<_> =
        (0..30).map(|n| of("summon", &format!("d{n}"), n, "notes", &json!({}))).collect();
    events.extend((0..12).map(|n| {
        of("voice", &format!("d{n}"), 40 + n, "notes", &json!({"attention": true, "description": "May I?"}))
    }));
    events.push(of("invoke", "d20", 60, "notes", &json!({"phase": "begin"})));
    let daemons = told(&events);
    let rows = shown(&daemons);
    assert_eq!(rows[..3], ["[@@needs] 4 idle ▸", "d0", "d1"]);
    assert_eq!(rows[8..], ["d7", "[@notes] 17 idle ▸", "d20"]);
    assert_eq!(shown_with(&daemons, "", &["@@needs"])[12], "d11");
}

proptest! {
    #[test]
    fn each_daemon_that_is_present_has_one_row_or_is_folded(
        who in proptest::collection::vec((0..40_u8, 0..40_u8, 0..3_usize, 0..4_u8), 0..130)
    ) {
        let name = |n: u8| format!("d{n}");
        let events: Vec<Value> = who.iter().enumerate().flat_map(|(at, (n, parent, place, does))| {
            let more = json!({"parent_daemon": name(*parent)});
            let one = |spell: &str, does: &Value| {
                let mut all = more.clone();
                all.as_object_mut().unwrap().extend(does.as_object().unwrap().clone());
                of(spell, &name(*n), at, &"p".repeat(*place), &all)
            };
            let does = match does {
                0 => None,
                1 => Some(one("voice", &json!({"attention": true}))),
                2 => Some(one("invoke", &json!({"phase": "begin"}))),
                _ => Some(one("invoke", &json!({"error": "exit 1"}))),
            };
            [Some(one("summon", &json!({}))), does].into_iter().flatten()
        }).collect();
        let daemons = told(&events);
        let (mut rows, mut folded) = (Vec::new(), 0);
        let table = table(&daemons, "", &[], ROWS_FIRST, 100_000.0);
        for line in &table.lines {
            match line {
                Line::Daemon { daemon, .. } => rows.push(daemon.daemon_name.as_str()),
                Line::Head { foldable, is_open: false, .. } => folded += foldable,
                Line::Head { .. } => {}
            }
        }
        let count = rows.len();
        rows.sort_unstable();
        rows.dedup();
        prop_assert_eq!(rows.len(), count);
        prop_assert_eq!(count + folded + table.rest, daemons.present().count());
        if folded == 0 && table.rest == 0 {
            let mut present: Vec<&str> = daemons.present().map(|daemon| daemon.daemon_name.as_str()).collect();
            present.sort_unstable();
            prop_assert_eq!(rows, present);
        }
    }
}
