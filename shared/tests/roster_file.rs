//! A roster that comes from a file or another server keeps no more than folding does.

#![allow(clippy::unwrap_used, reason = "a test")]

use arcane_shared::ReceivedEvent;
use arcane_shared::roster::{ENDED_MAX, LINE_CHARS_MAX, Roster, Sign, TOGETHER_MAX};
use serde_json::json;

#[test]
fn a_roster_of_a_file_has_each_daemon_once_and_no_more_than_folding_keeps() {
    let begins = json!({"spell_name": "invoke", "daemon_name": "codex", "timestamp": "2026-01-31T22:00:00", "success": true,
        "description": "", "metadata": {"phase": "begin", "task": "a", "call_id": "a"}});
    let begins: ReceivedEvent = serde_json::from_value(begins).unwrap();
    let mut roster = Roster::default();
    roster.fold(1, Sign::read(&begins).as_ref());
    let mut file = serde_json::to_value(&roster).unwrap();
    let call = file["daemons"][0]["calls"][0].clone();
    file["daemons"][0]["calls"] = vec![call; 1_000].into();
    file["daemons"][0]["last"] = "x".repeat(100_000).into();
    file["daemons"][0]["ended"] = (0..1_000).collect::<Vec<u32>>().into();
    let twice = file["daemons"][0].clone();
    file["daemons"].as_array_mut().unwrap().push(twice);
    let roster: Roster = serde_json::from_value(file).unwrap();
    let daemons: Vec<_> = roster.iter().collect();
    assert_eq!((daemons.len(), daemons[0].calls.len()), (1, TOGETHER_MAX));
    assert_eq!(daemons[0].last.chars().count(), LINE_CHARS_MAX);
    assert_eq!(serde_json::to_value(daemons[0]).unwrap()["ended"].as_array().unwrap().len(), ENDED_MAX);
}
