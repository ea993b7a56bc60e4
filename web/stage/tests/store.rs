//! The store's arithmetic: every event once, every hole shown.

use arcane_shared::{Epoch, ReceivedEvent, Timestamp};
use arcane_stage::feed;
use arcane_stage::filter::Filter;
use arcane_stage::message::{self, Welcome};
use arcane_stage::store::{CHRONICLE_MAX, Entry, Store};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(value: Value) -> ReceivedEvent {
    message::event(value, Timestamp::from_unix_micros(0)).expect("a readable event")
}

fn event(seq: u64, spell: &str, success: bool) -> ReceivedEvent {
    read(json!({"spell_name": spell, "daemon_name": "claude", "seq": seq, "success": success,
        "timestamp": "2026-01-01T00:00:00.000000", "description": "x",
        "metadata": {"task": "t", "execution_time": 0.5, "color": "#8B5CF6"}}))
}

fn welcome(epoch: &str, seq: u64, recent: Vec<ReceivedEvent>) -> Welcome {
    Welcome { epoch: Some(Epoch(epoch.into())), seq, recent, ..Welcome::default() }
}

#[test]
fn a_reconnection_brings_what_was_missed_and_nothing_twice() {
    let mut store = Store::default();
    store.welcome(&welcome("a", 2, vec![event(1, "summon", true), event(2, "invoke", true)]));
    assert!(store.receive(event(3, "invoke", false)).is_some());
    let again = store.welcome(&welcome("a", 5, (2..=5).map(|seq| event(seq, "invoke", true)).collect()));
    assert_eq!(again.len(), 2);
    assert_eq!(
        (store.events_total(), store.failures_total(), store.duplicates(), store.missing()),
        (5, 1, 2, 0)
    );
    let claude = store.daemons().get("claude").unwrap();
    assert_eq!((claude.invocations, claude.failures), (4, 1));
    assert_eq!(claude.success_rate(), Some(0.75));
}

#[test]
fn a_hole_is_shown_as_a_hole() {
    let mut store = Store::default();
    store.welcome(&welcome("a", 0, vec![]));
    store.receive(event(1, "summon", true));
    store.receive(event(5, "invoke", true));
    store.gap(6, 9);
    let rows = feed::window(&store, &Filter::default(), 0, 10, None).rows;
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(texts, ["events 6–9 are missing", "t", "events 2–4 are missing", "materializes"]);
    assert_eq!(store.missing(), 7);
}

#[test]
fn a_new_run_of_the_server_empties_the_realm_and_counts_anew() {
    let mut store = Store::default();
    store.restore([(Some(Epoch("a".into())), event(7, "summon", true))]);
    assert_eq!(store.daemons().present().count(), 1);
    store.welcome(&welcome("b", 0, vec![]));
    assert_eq!(store.daemons().present().count(), 0);
    assert!(store.receive(event(1, "summon", true)).is_some());
    assert!(store.newest_first().any(|entry| matches!(entry, Entry::NewRun { .. })));
    assert_eq!(store.missing(), 0);
}

#[test]
fn a_pinned_chronicle_stands_still_and_counts_what_is_new() {
    let mut store = Store::default();
    store.receive(event(1, "summon", true));
    let pin = store.newest_first().next().map(Entry::id);
    for seq in 2..=9 {
        store.receive(event(seq, "invoke", seq % 2 == 0));
    }
    let filter = Filter { failures: true, ..Filter::default() };
    assert_eq!(feed::window(&store, &Filter::default(), 0, 5, pin).newer, 8);
    assert_eq!(feed::window(&store, &filter, 0, 5, pin).newer, 4);
    assert_eq!(feed::window(&store, &filter, 0, 3, None).rows.len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn counts_are_exact_whatever_the_order(seqs in proptest::collection::vec(1..400_u64, 0..600)) {
        let mut store = Store::default();
        let mut taken = 0;
        let mut last = 0;
        let mut missing = 0;
        for seq in seqs {
            let fresh = store.receive(event(seq, "invoke", true)).is_some();
            prop_assert_eq!(fresh, seq > last);
            if fresh {
                taken += 1;
                missing += if last > 0 { seq - last - 1 } else { 0 };
                last = seq;
            }
        }
        prop_assert_eq!(store.events_total(), taken);
        prop_assert_eq!(store.missing(), missing);
    }

    #[test]
    fn the_chronicle_is_bounded(count in 0..5_000_u64) {
        let mut store = Store::default();
        for seq in 1..=count {
            store.receive(event(seq, "voice", true));
        }
        prop_assert_eq!(store.events_total(), count);
        prop_assert_eq!(store.newest_first().count() as u64, count.min(CHRONICLE_MAX as u64));
    }
}
