//! A call is one row of the chronicle, from its beginning to its end.

use arcane_shared::{Epoch, ReceivedEvent, Timestamp};
use arcane_stage::dictionary::Tongue;
use arcane_stage::feed::{self, Asked, Held, Row, Viewer};
use arcane_stage::filter::Filter;
use arcane_stage::message::{self, Welcome};
use arcane_stage::store::{CHRONICLE_MAX, Store};
use proptest::prelude::*;
use serde_json::{Value, json};

const VIEWER: Viewer = Viewer { offset_ms: 0.0, tongue: Tongue::Fantasy };
/// All rows, at the beginning of time.
const ASKED: Asked = Asked { skip: 0, count: 10_000, held: None, all: true, now: 0.0, viewer: VIEWER };

fn about(seq: u64, spell: &str, metadata: Value) -> ReceivedEvent {
    let mut metadata = metadata;
    metadata["sync"] = json!({"emitted_at": seq * 1000});
    let success = metadata.get("error").is_none();
    let value = json!({"spell_name": spell, "daemon_name": "codex", "seq": seq, "success": success,
        "timestamp": "2026-01-01T00:00:00.000000", "description": "x", "metadata": metadata});
    message::event(value, Timestamp::from_unix_micros(0)).expect("a readable event")
}

fn begin(seq: u64, call_id: Option<&str>, task: &str) -> ReceivedEvent {
    about(
        seq,
        "reveal",
        json!({"query_type": "progress", "phase": "begin", "call_id": call_id, "task": task}),
    )
}

fn end(seq: u64, call_id: Option<&str>, task: &str) -> ReceivedEvent {
    about(seq, "invoke", json!({"call_id": call_id, "task": task, "execution_time": 0.5}))
}

fn failure(seq: u64, call_id: Option<&str>, task: &str) -> ReceivedEvent {
    about(seq, "invoke", json!({"call_id": call_id, "task": task, "error": "exit 1"}))
}

fn store(events: Vec<ReceivedEvent>) -> Store {
    let mut store = Store::default();
    for event in events {
        store.receive(event);
    }
    store
}

fn rows(store: &Store, filter: &Filter, held: Option<&Held>) -> Vec<Row> {
    feed::window(store, filter, Asked { held, now: 20_000.0, ..ASKED }).rows
}

/// Sign, text and aside of all rows.
fn told(store: &Store) -> Vec<String> {
    let rows = rows(store, &Filter::default(), None);
    rows.iter().map(|row| format!("{} {} {}", row.sign, row.text, row.aside)).collect()
}

#[test]
fn a_row_goes_on_and_then_says_how_it_ended() {
    let mut store = store(vec![begin(1, Some("a"), "build"), begin(2, Some("b"), "lint")]);
    assert_eq!(told(&store), ["◔ lint 0:18", "◔ build 0:19"]);
    store.receive(failure(3, Some("a"), "build"));
    assert_eq!(told(&store), ["◔ lint 0:18", "✕ build exit 1"]);
    store.receive(end(4, Some("b"), "lint"));
    assert_eq!(told(&store), ["✓ lint 500 ms", "✕ build exit 1"]);
}

#[test]
fn the_next_sign_of_life_closes_a_call_and_a_late_end_still_ends_it() {
    for sign in ["voice", "summon", "banish"] {
        let mut store = store(vec![begin(1, Some("a"), "build"), about(2, sign, json!({}))]);
        assert_eq!(told(&store)[1], "◇ build –", "{sign}");
        store.receive(end(3, Some("a"), "build"));
        assert_eq!(told(&store).len(), 2, "{sign}");
        assert_eq!(told(&store)[1], "✓ build 500 ms", "{sign}");
    }
    let store = store(vec![
        begin(1, None, "a"),
        begin(2, None, "b"),
        about(3, "voice", json!({})),
        end(4, None, "a"),
    ]);
    assert_eq!(told(&store)[0], "✓ a 500 ms", "without an id only the roster joins them");
    assert_eq!(told(&store)[2..], ["◇ b –", "◇ a –"]);
}

#[test]
fn a_call_beyond_those_that_the_roster_keeps_goes_on() {
    let ids: Vec<String> = (1..=12).map(|n| format!("c{n}")).collect();
    let calls = || (1..).zip(&ids).map(|(seq, id)| begin(seq, Some(id), id)).collect();
    let mut store = store(calls());
    let going = |store: &Store| told(store).iter().filter(|row| row.starts_with('◔')).count();
    assert_eq!((going(&store), told(&store)[11].as_str()), (12, "◔ c1 0:19"));
    store.receive(end(13, Some("c12"), "c12"));
    store.receive(end(14, Some("c1"), "c1"));
    assert_eq!((going(&store), told(&store)[11].as_str()), (10, "✓ c1 500 ms"));
    // What it did has ended: the end of the others never came.
    store.receive(about(15, "voice", json!({})));
    assert_eq!((going(&store), told(&store)[11].as_str()), (0, "◇ c2 –"));
}

#[test]
fn calls_in_flight_have_one_row_each_however_many_they_are() {
    let id = |n: u64| format!("c{n}");
    let mut events: Vec<_> = (1..=900).map(|n| begin(n, Some(&id(n)), "t")).collect();
    events.extend((1..=900).map(|n| end(900 + n, Some(&id(n)), "t")));
    assert_eq!(told(&store(events)).len(), 900);
}

#[test]
fn a_beginning_that_is_told_again_is_one_call() {
    let mut store = store(vec![begin(1, Some("a"), "build"), begin(2, Some("b"), "lint")]);
    let held = Held::of(&store);
    store.receive(begin(3, Some("a"), "build"));
    let going = ["◔ lint 0:18", "◔ build 0:19"];
    assert_eq!(told(&store), going);
    let read = |store: &Store| {
        let rows = rows(store, &Filter::default(), Some(&held));
        rows.iter().map(|row| format!("{} {}", row.sign, row.text)).collect::<Vec<_>>()
    };
    assert_eq!(read(&store), ["◔ lint", "◔ build"], "who reads keeps the row");
    store.receive(end(4, Some("a"), "build"));
    assert_eq!(told(&store), ["◔ lint 0:18", "✓ build 500 ms"]);
    assert_eq!(read(&store), ["◔ lint", "✓ build"]);
}

#[test]
fn an_end_without_an_id_ends_the_call_that_the_roster_says() {
    let store = store(vec![begin(1, None, "a"), begin(2, None, "b"), end(3, None, "b")]);
    assert_eq!(told(&store), ["✓ b 500 ms", "◔ a 0:19"]);
}

#[test]
fn a_call_has_one_row_under_every_filter() {
    let store = store(vec![
        begin(1, Some("a"), "build"),
        failure(2, Some("a"), "build"),
        begin(3, Some("b"), "lint"),
    ]);
    let texts = |filter: Filter| -> Vec<(String, String, Option<bool>)> {
        rows(&store, &filter, None).into_iter().map(|row| (row.text, row.aside, row.success)).collect()
    };
    let spell = |name: &str| Filter { spell: Some(name.into()), ..Filter::default() };
    let both = [("lint".into(), "0:17".into(), Some(true)), ("build".into(), "exit 1".into(), Some(false))];
    assert_eq!(texts(spell("invoke")), both);
    assert_eq!(texts(spell("reveal")), both, "its beginning shows how it ended");
    assert_eq!(texts(Filter { failures: true, ..Filter::default() }), both[1..]);
}

#[test]
fn who_reads_keeps_the_row_in_its_place() {
    let mut store = store(vec![begin(1, Some("a"), "build")]);
    let held = Held::of(&store);
    store.receive(about(2, "voice", json!({})));
    store.receive(end(3, Some("a"), "build"));
    let seen = rows(&store, &Filter::default(), Some(&held));
    assert_eq!((seen.len(), seen[0].aside.as_str(), seen[0].sign), (1, "500 ms", "✓"));
    store.receive(begin(4, Some("b"), "lint"));
    store.receive(end(5, Some("b"), "lint"));
    let asked = Asked { held: Some(&held), ..ASKED };
    assert_eq!(feed::window(&store, &Filter::default(), asked).newer, 2, "an end is nothing new");
}

#[test]
fn nothing_of_a_run_before_goes_on() {
    let mut store = Store::default();
    store.restore([(Some(Epoch("a".into())), begin(1, Some("a"), "build"))]);
    assert_eq!(told(&store), ["◔ build 0:19"]);
    store.welcome(&Welcome { epoch: Some(Epoch("b".into())), ..Welcome::default() });
    store.receive(begin(1, Some("b"), "lint"));
    assert_eq!(told(&store)[0], "◔ lint 0:19");
    assert_eq!(told(&store)[2], "◇ build –");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn one_call_is_one_row(moves in proptest::collection::vec((0..7_u8, 0..4_u8, any::<bool>()), 0..60)) {
        let mut store = Store::default();
        let mut before: Vec<Option<u64>> = Vec::new();
        for (seq, (kind, call, named)) in (1..).zip(moves) {
            let (id, task) = (format!("c{call}"), format!("t{call}"));
            let id = named.then_some(id.as_str());
            let event = match kind {
                0..=2 => begin(seq, id, &task),
                3 => end(seq, id, &task),
                4 => failure(seq, id, &task),
                5 => about(seq, "voice", json!({"attention": true, "call_id": id})),
                _ => about(seq, "voice", json!({})),
            };
            store.receive(event);
            let rows: Vec<_> = rows(&store, &Filter::default(), None).iter().map(|row| row.seq).collect();
            // What has a row keeps it and its place; what has begun stands above all others.
            let new = rows.len().saturating_sub(before.len());
            prop_assert!(new <= 1 && rows[new..] == before, "{before:?} became {rows:?}");
            prop_assert!(new == 0 || rows[0] == Some(seq));
            before = rows;
        }
    }

    #[test]
    fn every_call_has_exactly_one_row(
        moves in proptest::collection::vec((0..6_u8, 0..4_u8), 0..60),
        read_at in proptest::option::of(0..60_usize),
        early in prop_oneof![0..5_u64, 1_960..2_010_u64],
    ) {
        let mut store = Store::default();
        let mut seq = 0;
        for _ in 0..early {
            seq += 1;
            store.receive(about(seq, "summon", json!({})));
        }
        let (first, mut open, mut calls, mut others) = (seq, std::collections::BTreeSet::new(), 0, 0);
        let mut held = None;
        for (at, (kind, call)) in moves.into_iter().enumerate() {
            if read_at == Some(at) {
                held = Some(Held::of(&store));
            }
            seq += 1;
            let id = format!("c{call}");
            match kind {
                0..=2 if open.insert(call) => {
                    calls += 1;
                    store.receive(begin(seq, Some(&id), "t"));
                }
                0 => drop(store.receive(begin(seq, Some(&id), "t"))),
                3 | 4 if open.remove(&call) => drop(store.receive(end(seq, Some(&id), "t"))),
                _ => {
                    others += 1;
                    store.receive(about(seq, "summon", json!({})));
                }
            }
        }
        let seen = rows(&store, &Filter::default(), None);
        let before = usize::try_from(first).unwrap().min(CHRONICLE_MAX - usize::try_from(seq - first).unwrap());
        prop_assert_eq!(seen.len(), before + calls + others);
        let asked = Asked { held: held.as_ref(), ..ASKED };
        let read = feed::window(&store, &Filter::default(), asked);
        // The row of a call that is read and has ended since is counted as new, too.
        prop_assert!(read.total + read.newer >= seen.len());
    }
}

#[test]
fn looks_parses_and_voices_are_counted_until_somebody_asks_for_them() {
    let store = store(vec![
        about(1, "summon", json!({})),
        about(2, "reveal", json!({"query_type": "list"})),
        about(3, "parse", json!({"spell_text": "x"})),
        about(4, "voice", json!({})),
        about(5, "voice", json!({"attention": true})),
        about(6, "reveal", json!({"query_type": "acknowledge"})),
        about(7, "parse", json!({"spell_text": "x", "error": "unknown"})),
    ]);
    let seen = |filter: &Filter, all: bool| {
        let window = feed::window(&store, filter, Asked { all, ..ASKED });
        (window.rows.iter().filter_map(|row| row.seq).collect::<Vec<_>>(), window.hidden)
    };
    let spell = |name: &str| Filter { spell: Some(name.into()), ..Filter::default() };
    assert_eq!(seen(&Filter::default(), false), (vec![7, 6, 5, 1], 3));
    assert_eq!(seen(&Filter::default(), true), (vec![7, 6, 5, 4, 3, 2, 1], 0));
    assert_eq!(seen(&spell("voice"), false), (vec![5, 4], 0));
    assert_eq!(seen(&Filter { daemon: Some("nobody".into()), ..Filter::default() }, false), (vec![], 0));
}

#[test]
fn a_call_that_waits_says_so_in_its_own_row() {
    let wait = |seq: u64, call_id: Option<&str>| {
        about(seq, "voice", json!({"attention": true, "call_id": call_id, "task": "push?"}))
    };
    let mut store = store(vec![begin(1, Some("a"), "push"), wait(2, Some("a"))]);
    assert_eq!(told(&store), ["◎ push 0:18"]);
    store.receive(end(3, Some("a"), "push"));
    store.receive(wait(4, None));
    assert_eq!(told(&store), ["◎ asks: push? 0:16", "✓ push 500 ms"]);
    store.receive(begin(5, Some("b"), "pull"));
    assert_eq!(told(&store), ["◔ pull 0:15", "❝ asks: push? ", "✓ push 500 ms"]);
}

#[test]
fn what_only_adds_figures_has_a_row_for_who_asks_for_looks() {
    let figures = |seq: u64| about(seq, "reveal", json!({"query_type": "enrich", "output_tokens": 9}));
    let told_later = about(3, "reveal", json!({"query_type": "enrich", "call_id": "a", "error": "exit 1"}));
    let store = store(vec![end(1, Some("a"), "build"), figures(2), told_later, figures(4)]);
    let seqs =
        |filter: &Filter| rows(&store, filter, None).iter().filter_map(|row| row.seq).collect::<Vec<_>>();
    assert_eq!(seqs(&Filter::default()), [3, 1]);
    assert_eq!(seqs(&Filter { spell: Some("reveal".into()), ..Filter::default() }), [4, 3, 2]);
}

#[test]
fn an_answer_has_a_row_of_its_own_and_stops_no_call() {
    let asks =
        about(3, "voice", json!({"event": "await", "attention": true, "request_id": "r1", "task": "push?"}));
    let ends = about(
        4,
        "voice",
        json!({"event": "await_end", "request_id": "r1", "task": "push?", "decision": "allow",
        "by": "ada", "via": "stage", "waited_s": 2.5}),
    );
    let mut store = store(vec![begin(1, Some("a"), "build"), begin(2, Some("b"), "pull"), asks]);
    assert_eq!(told(&store), ["◎ asks: push? 0:17", "◔ pull 0:18", "◔ build 0:19"]);
    store.receive(ends);
    assert_eq!(
        told(&store),
        ["✓ granted by ada: push? 2.50 s", "❝ asks: push? ", "◔ pull 0:18", "◔ build 0:19"]
    );
    let window = feed::window(&store, &Filter::default(), Asked { all: false, ..ASKED });
    assert_eq!((window.total, window.hidden), (4, 0));
}
