//! Tokens and cost: of each session, of each daemon, and of all that its subagents spent.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use arcane_shared::roster::{Dollars, Spent};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::Told;

const DAY_MS: f64 = 86_400_000.0;

impl Told {
    fn tell(&mut self, daemon: &str, spell: &str, mut metadata: Value) -> &mut Self {
        self.passed_ms += 1.0;
        metadata["sync"] = json!({ "emitted_at": 1_769_896_800_000.0 + self.passed_ms });
        self.fold(json!({"spell_name": spell, "daemon_name": daemon, "metadata": metadata}))
    }

    /// A request to a model, of a session or of a subagent in it.
    fn spend(&mut self, daemon: &str, of: Value, spent: Value) -> &mut Self {
        let mut metadata = json!({"query_type": "enrich"});
        for part in [of, spent] {
            metadata.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        }
        self.tell(daemon, "reveal", metadata)
    }

    fn all(&self, daemon: &str) -> Spent {
        self.roster.get(daemon).unwrap().all.spent()
    }

    fn below(&self, daemon: &str) -> Option<f64> {
        usd(self.roster.get(daemon).unwrap().all.subagents?)
    }
}

fn usd(spent: Spent) -> Option<f64> {
    spent.cost_usd.map(Dollars::get)
}

fn sub(session: &str, id: &str, parent: &str, parent_id: Option<&str>) -> Value {
    json!({"session": session, "agent_id": id, "parent_daemon": parent, "parent_agent_id": parent_id})
}

#[test]
fn each_kind_of_tokens_and_the_computed_part_of_a_cost_has_a_sum() {
    let mut told = Told::default();
    told.tell("codex", "summon", json!({"session": "s", "manifestations": 1}));
    let kinds = json!({"input_tokens": 10, "output_tokens": 5, "cache_read_tokens": 100, "cache_write_tokens": 7, "reasoning_tokens": 3});
    for more in [
        json!({"cost_usd": 0.5, "cost_computed": true}),
        json!({"cost_usd": 0.25}),
        json!({"unpriced": true}),
    ] {
        told.spend("codex", json!({"session": "s"}), kinds.clone()).tell(
            "codex",
            "reveal",
            json!({"query_type": "enrich", "session": "s"}),
        );
        // The same tokens again, with what is known of their cost.
        let mut of = json!({"session": "s"});
        of.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        told.spend("codex", of, kinds.clone());
    }
    let text = serde_json::to_string(&told.all("codex")).unwrap();
    insta::assert_snapshot!(text, @r#"{"input_tokens":60,"output_tokens":30,"cache_read_tokens":600,"cache_write_tokens":42,"reasoning_tokens":18,"cost_usd":0.75,"cost_computed_usd":0.5,"unpriced_tokens":488}"#);
    assert_eq!(told.roster.get("codex").unwrap().sessions[0].spent, Some(told.all("codex")));
}

#[test]
fn what_subagents_spend_is_told_of_all_above_them_once_however_deep() {
    let mut told = Told::default();
    told.tell("claude", "summon", json!({"session": "s", "manifestations": 1}))
        .tell("plan", "summon", sub("s", "p1", "claude", None))
        .tell("explore", "summon", sub("s", "e1", "plan", Some("p1")))
        .spend("claude", json!({"session": "s"}), json!({"input_tokens": 1, "cost_usd": 1.0}))
        .spend("plan", sub("s", "p1", "claude", None), json!({"input_tokens": 1, "cost_usd": 0.1}))
        .spend("explore", sub("s", "e1", "plan", Some("p1")), json!({"input_tokens": 4, "cost_usd": 0.01}))
        .spend("explore", sub("s", "e1", "plan", Some("p1")), json!({"input_tokens": 5, "unpriced": true}));
    assert_eq!((usd(told.all("claude")), told.below("claude")), (Some(1.0), Some(0.11)));
    assert_eq!((usd(told.all("plan")), told.below("plan")), (Some(0.1), Some(0.01)));
    assert_eq!(told.roster.get("explore").unwrap().all.subagents, None);
    let claude = told.roster.get("claude").unwrap();
    assert_eq!(claude.all.subagents.unwrap().unpriced_tokens, Some(5));
    assert_eq!(usd(claude.all.with_subagents()), Some(1.11));
    let session = &claude.sessions[0];
    assert_eq!((session.spent.and_then(usd), session.subagents.and_then(usd)), (Some(1.0), Some(0.11)));
    // Telemetry comes when both have gone.
    told.tell("explore", "banish", sub("s", "e1", "plan", Some("p1")))
        .tell("plan", "banish", sub("s", "p1", "claude", None))
        .spend("explore", sub("s", "e1", "plan", Some("p1")), json!({"output_tokens": 1, "cost_usd": 0.5}));
    assert_eq!((told.below("plan"), told.below("claude")), (Some(0.51), Some(0.61)));
}

#[test]
fn a_subagent_of_its_own_kind_and_a_circle_count_once() {
    let mut told = Told::default();
    told.tell("claude", "summon", json!({"session": "s", "manifestations": 1}))
        .tell("helper", "summon", sub("s", "h1", "claude", None))
        .tell("helper", "summon", sub("s", "h2", "helper", Some("h1")))
        .spend("helper", sub("s", "h2", "helper", Some("h1")), json!({"output_tokens": 1, "cost_usd": 0.25}));
    assert_eq!(
        (usd(told.all("helper")), told.below("helper"), told.below("claude")),
        (Some(0.25), None, Some(0.25))
    );
    let mut circle = Told::default();
    circle.tell("a", "summon", sub("s", "a1", "b", Some("b1"))).tell(
        "b",
        "summon",
        sub("s", "b1", "a", Some("a1")),
    );
    for (daemon, of) in [
        ("a", sub("s", "a1", "b", Some("b1"))),
        ("b", sub("s", "b1", "a", Some("a1"))),
        ("c", sub("s", "c", "c", None)),
    ] {
        circle.spend(daemon, of, json!({"output_tokens": 1, "cost_usd": 1.0}));
    }
    assert_eq!((circle.below("a"), circle.below("b"), circle.below("c")), (Some(1.0), Some(1.0), None));
}

#[test]
fn two_sessions_of_one_parent_keep_their_subagents_apart_and_another_parent_has_none_of_it() {
    let mut told = Told::default();
    for (daemon, session) in [("claude", "s"), ("claude", "t"), ("qwen", "q")] {
        told.tell(daemon, "summon", json!({"session": session, "manifestations": 1}));
        told.tell("explore", "summon", sub(session, &format!("e-{session}"), daemon, None));
    }
    told.spend("explore", sub("s", "e-s", "claude", None), json!({"cost_usd": 1.0})).spend(
        "explore",
        sub("q", "e-q", "qwen", None),
        json!({"cost_usd": 0.5}),
    );
    assert_eq!((told.below("claude"), told.below("qwen")), (Some(1.0), Some(0.5)));
    let of: Vec<Option<f64>> =
        told.roster.get("claude").unwrap().sessions.iter().map(|s| s.subagents.and_then(usd)).collect();
    assert_eq!(of, [Some(1.0), None]);
}

#[test]
fn the_latest_context_of_a_session_is_kept() {
    let mut told = Told::default();
    told.tell("qwen", "summon", json!({"session": "s", "manifestations": 1, "model": "qwen3-coder"}))
        .spend("qwen", json!({"session": "s"}), json!({"context_tokens": 2000, "context_limit": 128_000}))
        .spend("qwen", json!({"session": "s"}), json!({"context_tokens": 9000}))
        .spend("qwen", json!({"session": "other"}), json!({"context_tokens": 1}));
    let session = &told.roster.get("qwen").unwrap().sessions[0];
    assert_eq!(
        (session.context_tokens, session.context_limit, session.model.as_deref()),
        (Some(9000), Some(128_000), Some("qwen3-coder"))
    );
}

#[test]
fn a_day_has_what_subagents_spent_on_it_and_the_sum_of_all_counts_it_once() {
    let mut told = Told::default();
    told.tell("claude", "summon", json!({"session": "s", "manifestations": 1}))
        .tell("explore", "summon", sub("s", "e", "claude", None))
        .spend("explore", sub("s", "e", "claude", None), json!({"output_tokens": 2, "cost_usd": 1.0}));
    let before = told.roster.clone();
    told.passed_ms += DAY_MS;
    told.spend(
        "explore",
        sub("s", "e", "claude", None),
        json!({"output_tokens": 3, "cost_usd": 0.5, "cost_computed": true}),
    );
    let day = told.roster.day_figures(&before, 20_485);
    insta::assert_snapshot!(serde_json::to_string(&day).unwrap(), @r#"{"day":20485,"date":"2026-02-01","sums":{"invocations":0,"failures":0,"seconds":0.0,"output_tokens":3,"cost_usd":0.5,"cost_computed_usd":0.5,"waited_ms":0},"figures":[{"daemon_name":"claude","invocations":0,"failures":0,"seconds":0.0,"waited_ms":0,"subagents":{"output_tokens":3,"cost_usd":0.5,"cost_computed_usd":0.5}},{"daemon_name":"explore","invocations":0,"failures":0,"seconds":0.0,"output_tokens":3,"cost_usd":0.5,"cost_computed_usd":0.5,"waited_ms":0}]}"#);
    let claude = told.roster.get("claude").unwrap();
    assert_eq!(claude.on_day(20_485).subagents.and_then(usd), Some(0.5));
}

#[test]
fn absurd_amounts_are_left_out_of_sums() {
    let mut told = Told::default();
    told.spend("codex", json!({}), json!({"input_tokens": 5, "cost_usd": 0.5}));
    for odd in [json!(1_u64 << 63), json!(-1), json!(1e300), json!("7"), json!(null), json!(2e9)] {
        told.spend(
            "codex",
            json!({}),
            json!({"input_tokens": odd, "cache_read_tokens": odd, "cost_usd": odd, "context_tokens": odd}),
        );
    }
    assert_eq!((told.all("codex").input_tokens, usd(told.all("codex"))), (Some(5), Some(0.5)));
}

proptest! {
    /// Whatever is above whatever: what is above a daemon has at most what is spent below it, and each event counts once for each.
    #[test]
    fn nobody_is_told_of_more_than_was_spent(links in prop::collection::vec((0..5_usize, 0..5_usize, 0..3_usize), 1..30)) {
        let names = ["a", "b", "c", "d", "e"];
        let mut told = Told::default();
        for (daemon, parent, id) in &links {
            let of = sub("s", &format!("{}{id}", names[*daemon]), names[*parent], (*id > 0).then_some("a1"));
            told.tell(names[*daemon], "summon", of.clone());
            told.spend(names[*daemon], of, json!({"output_tokens": 1, "cost_usd": 1.0}));
        }
        let spent = f64::from(u32::try_from(links.len()).unwrap());
        for daemon in told.roster.iter() {
            let own = usd(daemon.all.spent()).unwrap_or_default();
            prop_assert!(usd(daemon.all.with_subagents()).unwrap_or_default() <= spent, "{own}");
        }
    }
}
