//! The roster of daemons that are guarded: how much of a budget is spent, and a call that is made again and again.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_shared::roster::Doing;
use serde_json::{Value, json};
use support::Told;

impl Told {
    #[expect(clippy::needless_pass_by_value, reason = "tests write them with json!")]
    fn tell_at(&mut self, time: &str, spell: &str, metadata: Value) -> &mut Self {
        self.fold(
            json!({"spell_name": spell, "daemon_name": "claude", "timestamp": time, "metadata": metadata}),
        )
    }

    fn tell(&mut self, spell: &str, metadata: Value) -> &mut Self {
        self.tell_at("2026-01-31T22:00:00", spell, metadata)
    }

    fn spends(&mut self, percent: u64) -> &mut Self {
        self.tell(
            "voice",
            json!({"event": "budget", "percent": percent, "spent_usd": 4.5, "budget_usd": 5.0,
                "resets_at": "2026-02-01T00:00:00.000000"}),
        )
    }

    fn loops(&mut self, session: &str, count: u64) -> &mut Self {
        self.tell(
            "voice",
            json!({"event": "loop", "session": session, "count": count, "task": "cargo test", "cost_usd": 0.42,
                "input_tokens": 900, "since": "2026-01-31T21:50:00.000000", "call_id": "c1"}),
        )
    }

    fn ends(&mut self, session: &str) -> &mut Self {
        self.tell("voice", json!({"event": "loop_end", "session": session, "task": "cargo test"}))
    }

    fn percent(&self) -> Option<u64> {
        self.roster.get("claude").unwrap().budget.as_ref().map(|budget| budget.percent)
    }

    fn count(&self) -> Option<u64> {
        self.roster.get("claude").unwrap().looping.as_ref().map(|looping| looping.count)
    }

    /// The roster as it is after a restart: written, and read again.
    fn restarted(&mut self) -> &mut Self {
        self.roster = serde_json::from_str(&serde_json::to_string(&self.roster).unwrap()).unwrap();
        self
    }
}

#[test]
fn a_budget_is_told_and_ends_with_its_day() {
    let mut told = Told::default();
    told.tell("summon", json!({"session": "s"})).spends(80).restarted();
    assert_eq!(told.percent(), Some(80));
    let daemon = told.roster.get("claude").unwrap();
    insta::assert_snapshot!(serde_json::to_string(&daemon.budget).unwrap(), @r#"{"day":20484,"percent":80,"spent_usd":4.5,"budget_usd":5.0,"at":"2026-01-31T22:00:00.000000","seq":2}"#);
    assert!(daemon.budget_on(20_484).is_some() && daemon.budget_on(20_485).is_none());
    told.spends(100);
    assert_eq!(told.percent(), Some(100));
    told.tell_at("2026-02-01T00:00:01", "reveal", json!({"query_type": "progress", "session": "s"}));
    assert_eq!(told.percent(), None);
}

#[test]
fn a_warning_that_comes_after_its_day_is_none() {
    let mut told = Told::default();
    told.tell("summon", json!({})).tell_at(
        "2026-02-01T00:00:01",
        "voice",
        json!({"event": "budget", "percent": 80, "resets_at": "2026-02-01T00:00:00.000000"}),
    );
    assert_eq!(told.percent(), None);
}

#[test]
fn a_budget_that_was_raised_is_told_to_hold_no_longer() {
    let mut told = Told::default();
    told.tell("summon", json!({})).spends(100).spends(0);
    assert_eq!(told.percent(), None);
}

#[test]
fn what_guards_tell_is_no_sign_of_life_and_no_figure() {
    let mut told = Told::default();
    let begin = json!({"query_type": "progress", "phase": "begin", "call_id": "c1", "session": "s"});
    told.tell("summon", json!({"session": "s"})).tell("reveal", begin);
    let before = told.roster.get("claude").unwrap().clone();
    told.spends(80).loops("s", 5);
    let after = told.roster.get("claude").unwrap();
    assert_eq!((after.doing, after.heard_seq, after.calls.len()), (Doing::Working, before.heard_seq, 1));
    assert_eq!((after.all, &after.last), (before.all, &before.last));
    // Nor do they bring anybody here.
    told.tell("banish", json!({"manifestations": 0})).spends(100).loops("s", 10);
    let gone = told.roster.get("claude").unwrap();
    assert_eq!((gone.doing, gone.looping.is_none(), told.percent()), (Doing::Gone, true, Some(100)));
}

#[test]
fn a_loop_lasts_until_its_session_does_something_else() {
    let mut told = Told::default();
    told.tell("summon", json!({"session": "s"})).loops("s", 5).restarted().loops("s", 10);
    let looping = told.roster.get("claude").unwrap().looping.as_ref().unwrap();
    insta::assert_snapshot!(serde_json::to_string(looping).unwrap(), @r#"{"session":"s","task":"cargo test","count":10,"since":"2026-01-31T21:50:00.000000","seq":3,"cost_usd":0.42}"#);
    told.ends("another");
    assert_eq!(told.count(), Some(10));
    told.ends("s");
    assert_eq!(told.count(), None);
}

#[test]
fn of_several_loops_the_longest_is_kept_and_each_session_ends_its_own() {
    let mut told = Told::default();
    told.tell("summon", json!({"session": "a"})).tell("summon", json!({"session": "b"}));
    told.loops("a", 10).loops("b", 5);
    assert_eq!(told.count(), Some(10));
    told.tell("banish", json!({"session": "a", "manifestations": 1}));
    assert_eq!(told.count(), None);
    told.loops("b", 10).tell("banish", json!({"session": "b", "manifestations": 0}));
    assert_eq!(told.count(), None);
}

#[test]
fn what_is_deleted_takes_the_words_of_a_loop_along() {
    let mut told = Told::default();
    told.tell("summon", json!({"session": "s"})).loops("s", 5);
    told.roster.hush_before(3);
    let looping = told.roster.get("claude").unwrap().looping.clone().unwrap();
    assert!(looping.task.is_empty() && looping.session.unwrap().starts_with('~'));
    // Its end is still known for one.
    told.ends("s");
    assert_eq!(told.count(), None);
}
