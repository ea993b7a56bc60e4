//! The roster: what each kind of event makes of a daemon, and that a roster goes on from any position as if it had been
//! there from the beginning.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a test")]

mod support;

use arcane_shared::roster::{CALLS_MAX, DAEMONS_MAX, Doing, Dollars, Roster, Sign, Sums};
use arcane_shared::{ReceivedEvent, Seq};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::Told;

/// 2026-01-31 22:00 UTC, in milliseconds.
const EVENING: f64 = 1_769_896_800_000.0;

impl Told {
    fn tell(&mut self, at_ms: f64, spell: &str, success: bool, metadata: Value) -> &mut Self {
        self.fold(said(at_ms, spell, "codex", success, metadata))
    }

    fn doing(&self) -> Doing {
        self.roster.get("codex").map_or(Doing::Gone, |daemon| daemon.doing)
    }

    fn tasks(&self) -> Vec<&str> {
        let calls = self.roster.get("codex").map(|daemon| daemon.calls.as_slice()).unwrap_or_default();
        calls.iter().map(|call| call.task.as_ref()).collect()
    }

    fn all(&self) -> Sums {
        self.roster.get("codex").unwrap().all
    }
}

/// An event so many milliseconds after the evening began.
fn said(at_ms: f64, spell: &str, daemon: &str, success: bool, mut metadata: Value) -> Value {
    metadata["sync"] = json!({"emitted_at": EVENING + at_ms});
    json!({
        "spell_name": spell, "daemon_name": daemon, "timestamp": "2001-01-01T00:00:00", "success": success,
        "description": format!("{daemon} is heard"), "metadata": metadata,
    })
}

fn event(seq: Seq, at_ms: f64, spell: &str, daemon: &str, success: bool, metadata: Value) -> ReceivedEvent {
    let mut event = said(at_ms, spell, daemon, success, metadata);
    (event["seq"], event["room"]) = (seq.into(), "main".into());
    serde_json::from_value(event).unwrap()
}

fn dollars(sums: Sums) -> Option<f64> {
    sums.cost_usd.map(Dollars::get)
}

fn begin(call_id: &str) -> Value {
    json!({"query_type": "progress", "phase": "begin", "call_id": call_id, "task": call_id})
}

#[test]
fn a_call_is_work_from_its_beginning_to_its_end() {
    let mut told = Told::default();
    told.tell(0.0, "summon", true, json!({}));
    assert_eq!(told.doing(), Doing::Idle);
    told.tell(10.0, "reveal", true, begin("a"));
    assert_eq!((told.doing(), told.tasks()), (Doing::Working, vec!["a"]));
    assert_eq!(told.roster.get("codex").unwrap().calls[0].since.unix_millis(), EVENING + 10.0);
    told.tell(7_010.0, "invoke", true, json!({"call_id": "a", "task": "a", "execution_time": 7.0}));
    assert_eq!((told.doing(), told.all().invocations, told.all().seconds.get()), (Doing::Idle, 1, 7.0));
}

#[test]
fn calls_beside_each_other_end_one_by_one() {
    let mut told = Told::default();
    told.tell(0.0, "invoke", true, json!({"phase": "begin", "call_id": "a", "task": "a"}));
    told.tell(1.0, "invoke", true, json!({"phase": "begin", "call_id": "b", "task": "b"}));
    told.tell(2.0, "invoke", true, json!({"phase": "end", "call_id": "b", "task": "b"}));
    assert_eq!((told.doing(), told.tasks()), (Doing::Working, vec!["a"]));
    // The next one runs beside it, too.
    told.tell(3.0, "reveal", true, begin("c"));
    assert_eq!(told.tasks(), ["a", "c"]);
    told.tell(200_000.0, "invoke", true, json!({"call_id": "c", "task": "c"}));
    told.tell(200_001.0, "reveal", true, begin("d"));
    assert_eq!(told.tasks(), ["d"], "nothing was heard of a for long");
}

#[test]
fn a_call_whose_end_never_comes_is_closed_by_what_comes_after_it() {
    for (spell, metadata) in
        [("voice", json!({"event": "turn_end"})), ("summon", json!({})), ("banish", json!({}))]
    {
        let mut told = Told::default();
        told.tell(0.0, "reveal", true, begin("lost")).tell(1.0, spell, true, metadata);
        assert!(told.tasks().is_empty(), "{spell}");
    }
    let mut told = Told::default();
    told.tell(0.0, "reveal", true, begin("lost")).tell(1.0, "invoke", true, json!({"task": "other"}));
    assert_eq!(told.tasks(), ["lost"], "another call's end says nothing of this one");
    told.tell(2.0, "reveal", true, begin("next"));
    assert_eq!(told.tasks(), ["next"]);
    // The realm's own sentence about a call that ended does not end the others.
    told.tell(3.0, "voice", true, json!({"event": "invoke", "narration": true}));
    assert_eq!(told.tasks(), ["next"]);
}

#[test]
fn a_wait_lasts_until_its_call_or_its_daemon_goes_on() {
    let mut told = Told::default();
    told.tell(0.0, "voice", true, json!({"attention": true, "call_id": "a"}));
    told.tell(1_000.0, "invoke", true, json!({"call_id": "b", "task": "b"}));
    // To be looked at is no sign of life.
    told.tell(1_500.0, "reveal", true, json!({"query_type": "state"}));
    assert_eq!(told.doing(), Doing::Waiting);
    told.tell(2_000.0, "invoke", true, json!({"call_id": "a", "task": "a"}));
    assert_eq!((told.doing(), told.all().waited_ms), (Doing::Idle, 2_000));
}

#[test]
fn waits_end_one_by_one_and_are_counted_once() {
    let mut told = Told::default();
    told.tell(0.0, "voice", true, json!({"attention": true, "call_id": "a"}));
    told.tell(1_000.0, "voice", true, json!({"attention": true, "call_id": "b"}));
    told.tell(2_000.0, "voice", true, json!({"call_id": "c", "event": "speech"}));
    told.tell(3_000.0, "invoke", true, json!({"call_id": "a", "task": "a"}));
    assert_eq!((told.doing(), told.all().waited_ms), (Doing::Waiting, 0));
    told.tell(4_000.0, "reveal", true, json!({"query_type": "progress", "call_id": "b"}));
    assert_eq!((told.doing(), told.all().waited_ms), (Doing::Idle, 4_000));
}

#[test]
fn a_call_is_counted_whether_its_daemon_is_present_or_not() {
    let mut told = Told::default();
    told.tell(0.0, "invoke", false, json!({"error": "exit 101", "execution_time": 3.1, "cost_usd": 2}));
    let figures = |sums: Sums| (sums.invocations, sums.failures, sums.seconds.get(), dollars(sums));
    assert_eq!((told.doing(), figures(told.all())), (Doing::Gone, (1, 1, 3.1, Some(2.0))));
    told.tell(1.0, "summon", true, json!({})).tell(2.0, "banish", true, json!({}));
    told.tell(3.0, "invoke", false, json!({"error": "killed"}));
    let gone = told.roster.get("codex").unwrap();
    assert_eq!((gone.doing, gone.failure.is_some(), gone.heard_seq), (Doing::Gone, false, 3));
    assert_eq!((figures(gone.all), figures(gone.session)), ((2, 2, 3.1, Some(2.0)), (1, 1, 0.0, None)));
}

#[test]
fn a_refusal_takes_the_place_of_nobody() {
    let mut roster = Roster::default();
    for n in 1..=DAEMONS_MAX as u64 {
        roster.fold(n, Sign::read(&event(n, 0.0, "summon", &format!("d{n}"), true, json!({}))).as_ref());
    }
    let refused = event(9_999, 0.0, "invoke", "stranger", false, json!({"error": "not here", "cost_usd": 1}));
    roster.fold(9_999, Sign::read(&refused).as_ref());
    assert_eq!((roster.present().count(), roster.get("stranger")), (DAEMONS_MAX, None));
}

#[test]
fn a_failure_lasts_until_a_success_or_until_it_was_seen() {
    let mut told = Told::default();
    let failed = json!({"task": "cargo test", "error": "exit 101"});
    told.tell(0.0, "summon", true, json!({})).tell(1.0, "invoke", false, failed.clone());
    told.tell(2.0, "reveal", true, begin("a"));
    assert_eq!(told.doing(), Doing::Failed, "working again closes nothing");
    let failure = told.roster.get("codex").unwrap().failure.clone().unwrap();
    assert_eq!((failure.task.as_ref(), failure.error.as_ref(), failure.seq), ("cargo test", "exit 101", 2));
    told.tell(3.0, "reveal", true, json!({"query_type": "acknowledge"}));
    assert_eq!(told.doing(), Doing::Working);
    told.tell(4.0, "invoke", false, failed).tell(5.0, "invoke", true, json!({"call_id": "a", "task": "a"}));
    assert_eq!((told.doing(), told.all().failures), (Doing::Idle, 2));
}

#[test]
fn who_saw_a_failure_did_not_see_the_next_one() {
    let mut told = Told::default();
    told.tell(0.0, "summon", true, json!({}));
    told.tell(1.0, "invoke", false, json!({"task": "a"})).tell(2.0, "invoke", false, json!({"task": "b"}));
    told.tell(3.0, "reveal", true, json!({"query_type": "acknowledge", "failure": 2}));
    assert_eq!(told.doing(), Doing::Failed);
    told.tell(4.0, "reveal", true, json!({"query_type": "acknowledge", "failure": 3}));
    assert_eq!(told.doing(), Doing::Idle);
}

#[test]
fn a_refusal_brings_nobody_here_and_is_no_failure() {
    let mut told = Told::default();
    told.tell(0.0, "invoke", false, json!({"task": "x", "error": "not here"}));
    assert_eq!(told.doing(), Doing::Gone);
    told.tell(1.0, "summon", true, json!({})).tell(2.0, "summon", false, json!({"error": "already here"}));
    assert_eq!(told.doing(), Doing::Idle);
    told.tell(3.0, "banish", true, json!({})).tell(4.0, "voice", true, json!({"event": "banish"}));
    told.tell(5.0, "reveal", true, json!({"query_type": "enrich", "cost_usd": 0.5}));
    for (spell, metadata) in [
        ("voice", json!({})),
        ("voice", json!({"attention": true})),
        ("invoke", json!({"phase": "begin", "task": "x"})),
    ] {
        told.tell(6.0, spell, false, metadata);
    }
    assert_eq!(told.doing(), Doing::Gone, "neither a farewell, a price nor a refusal brings it back");
    assert_eq!(dollars(told.all()), Some(0.5));
}

#[test]
fn a_refusal_of_the_realm_is_no_deed_of_the_daemon() {
    let mut told = Told::default();
    told.tell(0.0, "voice", true, json!({"attention": true}));
    let before = told.roster.get("codex").cloned();
    told.tell(1.0, "banish", false, json!({"error": "not here"}));
    told.tell(2.0, "voice", true, json!({"event": "failure", "narration": true}));
    told.tell(3.0, "invoke", false, json!({"task": "x", "error": "not here", "refused": true}));
    assert_eq!(told.roster.get("codex").cloned(), before);
}

#[test]
fn what_nobody_told_is_unknown_and_windows_end() {
    let mut told = Told { roster: Roster::after(0, 60), ..Told::default() };
    told.tell(0.0, "invoke", true, json!({"task": "a", "execution_time": 1.5}));
    assert_eq!(told.all().cost_usd, None);
    // 23:59 on a clock that is an hour ahead, then 00:01.
    told.tell(59.0 * 60_000.0, "invoke", true, json!({"task": "b", "cost_usd": 0.25, "input_tokens": 100}));
    let before = told.roster.get("codex").unwrap().clone();
    assert_eq!((before.today.invocations, dollars(before.today)), (2, Some(0.25)));
    told.tell(61.0 * 60_000.0, "summon", true, json!({}));
    let after = told.roster.get("codex").unwrap().clone();
    assert_eq!((after.day, after.today, after.session), (before.day + 1, Sums::default(), Sums::default()));
    assert_eq!(
        (dollars(after.all), after.all.input_tokens, after.all.output_tokens),
        (Some(0.25), Some(100), None)
    );
    assert_eq!(before.on_day(after.day), Sums::default());
}

#[test]
fn words_of_what_was_deleted_are_gone_and_figures_stay() {
    let mut told = Told::default();
    told.tell(0.0, "invoke", false, json!({"task": "secret", "error": "secret"}));
    told.tell(1.0, "summon", true, json!({})).tell(
        2.0,
        "invoke",
        false,
        json!({"task": "secret", "error": "secret"}),
    );
    told.tell(3.0, "reveal", true, begin("secret")).tell(
        4.0,
        "reveal",
        true,
        json!({"query_type": "enrich"}),
    );
    told.roster.hush_before(5);
    let text = serde_json::to_string(&told.roster).unwrap();
    assert!(!text.contains("secret"), "{text}");
    assert_eq!((told.doing(), told.all().failures), (Doing::Failed, 2));
    told.tell(6.0, "invoke", true, json!({"call_id": "secret", "task": "x"}));
    assert!(told.tasks().is_empty(), "its end is still known by its id");
}

#[test]
fn a_roster_has_a_bound_and_keeps_who_is_present() {
    let mut roster = Roster::default();
    for n in 0..DAEMONS_MAX as u64 + 100 {
        let spell = if n < 50 { "summon" } else { "invoke" };
        let told = event(n + 1, n as f64, spell, &format!("d{n}"), true, json!({"task": "x"}));
        roster.fold(n + 1, Sign::read(&told).as_ref());
    }
    assert_eq!(roster.iter().count(), DAEMONS_MAX);
    let mut told = Told::default();
    for n in 0..CALLS_MAX + 5 {
        told.tell(n as f64, "reveal", true, begin(&format!("c{n}")));
    }
    assert_eq!(told.tasks().len(), CALLS_MAX);
}

fn any_event() -> impl Strategy<Value = (String, String, bool, Value, f64)> {
    let spell = prop::sample::select(vec![
        "summon", "banish", "invoke", "invoke", "invoke", "reveal", "reveal", "voice", "parse", "aurora",
    ]);
    let field = prop_oneof![
        prop::sample::select(vec!["progress", "enrich", "acknowledge", "forget", "state"])
            .prop_map(|query| json!({"query_type": query})),
        prop::sample::select(vec!["begin", "end", "text"]).prop_map(|phase| json!({"phase": phase})),
        prop::sample::select(vec!["a", "b", "", "c"]).prop_map(|id| json!({"call_id": id})),
        prop::sample::select(vec!["cargo test", "line\nline", "ü", ""])
            .prop_map(|task| json!({"task": task})),
        any::<bool>().prop_map(|attention| json!({"attention": attention})),
        (0.0..10.0_f64).prop_map(|cost| json!({"cost_usd": cost})),
        (0_u32..10_000).prop_map(|tokens| json!({"input_tokens": tokens, "output_tokens": tokens})),
        (0.0..100.0_f64).prop_map(|seconds| json!({"execution_time": seconds})),
        prop::sample::select(vec![json!(null), json!("x"), json!(-1), json!(1e308), json!([1])])
            .prop_map(|odd| json!({"cost_usd": odd, "call_id": odd, "phase": odd, "error": odd})),
        prop::sample::select(vec!["turn_end", "invoke"]).prop_map(|event| json!({"event": event})),
    ];
    let metadata = prop::collection::vec(field, 0..4).prop_map(|fields| {
        let mut all = json!({});
        for field in fields {
            all.as_object_mut().unwrap().extend(field.as_object().unwrap().clone());
        }
        all
    });
    let daemon = prop::sample::select(vec!["claude", "codex", "gemini"]).prop_map(str::to_owned);
    (spell.prop_map(str::to_owned), daemon, prop::bool::weighted(0.8), metadata, 0.0..40_000_000.0_f64)
}

/// Random histories of each property; `ARCANE_HISTORIES` sets how many.
fn histories() -> u32 {
    std::env::var("ARCANE_HISTORIES").map_or(1_000, |n| n.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(histories()))]

    /// Live, after a reload, after a resume that sends events again, after several of each: the same roster.
    #[test]
    fn a_roster_goes_on_from_any_position_as_if_it_had_been_there_from_the_beginning(
        told in prop::collection::vec(any_event(), 1..40),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..5), 0..4),
        offset in -720..=840_i32,
    ) {
        let signs: Vec<Option<Sign>> = (1..).zip(&told).map(|(seq, (spell, daemon, success, metadata, at))| {
            Sign::read(&event(seq, *at, spell, daemon, *success, metadata.clone()))
        }).collect();
        let mut live = Roster::after(0, offset);
        let mut at_each = vec![live.clone()];
        for (seq, sign) in (1..).zip(&signs) {
            live.fold(seq, sign.as_ref());
            at_each.push(live.clone());
        }
        for (cut, again) in cuts {
            let cut = cut.index(signs.len());
            let text = serde_json::to_string(&at_each[cut]).unwrap();
            let mut reloaded: Roster = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&reloaded, &at_each[cut]);
            for (seq, sign) in (1..).zip(&signs).skip(cut.saturating_sub(again)) {
                reloaded.fold(seq, sign.as_ref());
                let known = at_each[usize::try_from(reloaded.seq()).unwrap()].clone();
                prop_assert_eq!(&reloaded, &known);
            }
            prop_assert_eq!(&reloaded, &live);
        }
    }

    /// Whoever is present, and whatever else is open.
    #[test]
    fn every_call_that_ended_is_in_the_figures(told in prop::collection::vec(any_event(), 1..60)) {
        let (mut roster, mut calls) = (Roster::default(), std::collections::BTreeMap::new());
        let mut ended = std::collections::BTreeSet::new();
        for (seq, (spell, daemon, success, metadata, at)) in (1..).zip(told) {
            let call = (daemon.clone(), metadata["call_id"].as_str().unwrap_or_default().to_owned());
            let is_begin = metadata["phase"] == "begin";
            let is_progress = spell == "reveal" && success && metadata["query_type"] == "progress";
            if spell == "invoke" && !is_begin {
                let is_first = call.1.is_empty() || ended.insert(call);
                let (all, failed) = calls.entry(daemon.clone()).or_insert((0, 0));
                (*all, *failed) = (*all + u64::from(is_first), *failed + u64::from(is_first && !success));
            } else if is_begin && (spell == "invoke" || is_progress) {
                ended.remove(&call);
            } else if spell == "reveal" && success && metadata["query_type"] == "forget" {
                calls.remove(&daemon);
                ended.retain(|(of, _)| *of != daemon);
            }
            roster.fold(seq, Sign::read(&event(seq, at, &spell, &daemon, success, metadata)).as_ref());
            for (daemon, counted) in &calls {
                let sums = roster.get(daemon).map(|daemon| daemon.all).unwrap_or_default();
                prop_assert_eq!((sums.invocations, sums.failures), *counted);
            }
        }
    }

    /// No daemon is two things, and nobody who is gone does anything.
    #[test]
    fn states_follow_from_what_is_open(told in prop::collection::vec(any_event(), 1..60)) {
        let mut roster = Roster::default();
        for (seq, (spell, daemon, success, metadata, at)) in (1..).zip(told) {
            roster.fold(seq, Sign::read(&event(seq, at, &spell, &daemon, success, metadata)).as_ref());
            for daemon in roster.iter() {
                let open = (!daemon.waiting.is_empty(), daemon.failure.is_some(), !daemon.calls.is_empty());
                let expected = match (daemon.is_present(), open) {
                    (false, open) => { prop_assert_eq!(open, (false, false, false)); Doing::Gone }
                    (_, (true, ..)) => Doing::Waiting,
                    (_, (_, true, _)) => Doing::Failed,
                    (_, (.., true)) => Doing::Working,
                    _ => Doing::Idle,
                };
                prop_assert_eq!(daemon.doing, expected);
                prop_assert!(daemon.session.invocations <= daemon.all.invocations);
                prop_assert!(daemon.all.failures <= daemon.all.invocations);
            }
        }
    }
}
