//! The store's arithmetic: every event once, every hole shown.

use arcane_shared::{Epoch, NotRecovered, Position, ReceivedEvent, Resume, Timestamp};
use arcane_stage::daemons::success_rate;
use arcane_stage::feed::{self, Held};
use arcane_stage::filter::Filter;
use arcane_stage::gap::Cause;
use arcane_stage::message::{self, Welcome};
use arcane_stage::store::{CHRONICLE_MAX, Entry, Origin, Store};
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

fn rows_of(store: &Store, filter: &Filter, count: usize, held: Option<&Held>) -> feed::Window {
    feed::window(
        store,
        filter,
        feed::Asked { skip: 0, count, held, all: true, now: 0.0, viewer: feed::Viewer::default() },
    )
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
    assert_eq!((claude.all.invocations, claude.all.failures), (4, 1));
    assert_eq!(success_rate(&claude.all), Some(0.75));
}

#[test]
fn a_hole_is_shown_as_a_hole() {
    let mut store = Store::default();
    store.welcome(&welcome("a", 0, vec![]));
    store.receive(event(1, "summon", true));
    store.receive(event(5, "invoke", true));
    store.gap(6, 9, Cause::Lagged);
    let rows = rows_of(&store, &Filter::default(), 10, None).rows;
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(
        texts,
        ["events 6–9 came too fast for this page", "t", "events 2–4 are missing", "materializes"]
    );
    assert_eq!(store.missing(), 7);
}

fn resumed(epoch: &str, seq: u64, resume: Resume, recent: Vec<ReceivedEvent>) -> Welcome {
    Welcome { resume: Some(resume), ..welcome(epoch, seq, recent) }
}

fn lines(store: &Store) -> Vec<String> {
    let rows = rows_of(store, &Filter::default(), 10, None).rows;
    rows.into_iter().map(|row| row.text).collect()
}

#[test]
fn a_resumed_stream_goes_on_where_it_was() {
    let mut store = Store::default();
    assert_eq!(store.position(), None);
    store.restore([(Some(Epoch("a".into())), event(7, "summon", true))]);
    assert_eq!(store.position(), Some(Position { epoch: Epoch("a".into()), seq: 7 }));
    assert!(store.welcome(&resumed("a", 7, Resume::recovered(2), vec![])).is_empty());
    assert_eq!(store.behind(), 2);
    let origins: Vec<Origin> =
        (8..=10).map(|seq| store.receive(event(seq, "invoke", true)).unwrap().origin).collect();
    assert_eq!(origins, [Origin::Recent, Origin::Recent, Origin::Live]);
    assert_eq!((store.missing(), store.behind(), store.daemons().present().count()), (0, 0, 1));
}

#[test]
fn what_cannot_be_resumed_is_a_hole_with_its_reason() {
    let begin = || {
        let mut store = Store::default();
        store.restore([(Some(Epoch("a".into())), event(7, "summon", true))]);
        store
    };
    let mut store = begin();
    let recent = vec![event(20, "invoke", true)];
    store.welcome(&resumed("a", 20, Resume::refused(NotRecovered::Expired), recent));
    assert_eq!(lines(&store), ["t", "events 8–19 are past retention", "materializes"]);

    // Numbers that were seen may come again: they are other events now.
    for (reason, epoch, line) in [
        (NotRecovered::Ahead, "a", "the log came back shorter"),
        (NotRecovered::EpochChanged, "b", "the log began anew: a new epoch"),
    ] {
        let mut store = begin();
        store.welcome(&resumed(epoch, 3, Resume::refused(reason), vec![event(3, "invoke", true)]));
        assert!(store.receive(event(4, "voice", true)).is_some());
        assert_eq!(lines(&store)[1..], ["t", line, "materializes"]);
        assert_eq!(store.position().unwrap().to_string(), format!("{epoch}:4"));
    }
}

#[test]
fn what_is_too_much_to_catch_up_with_is_left_to_the_log() {
    let mut store = Store::default();
    store.restore([(Some(Epoch("a".into())), event(7, "summon", true))]);
    store.skip_missed();
    assert_eq!(store.position(), None);
    store.welcome(&welcome("a", 90_000, vec![event(90_000, "invoke", true)]));
    assert_eq!(lines(&store)[1], "events 8–89999 are in the log only");
    assert_eq!(store.position().unwrap().seq, 90_000);
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
    let held = Held::of(&store);
    for seq in 2..=9 {
        store.receive(event(seq, "invoke", seq % 2 == 0));
    }
    let filter = Filter { failures: true, ..Filter::default() };
    let all = rows_of(&store, &Filter::default(), 5, Some(&held));
    assert_eq!((all.newer, all.total, all.overrun), (8, 1, false));
    assert_eq!(rows_of(&store, &filter, 5, Some(&held)).newer, 4);
    assert_eq!(rows_of(&store, &filter, 3, None).rows.len(), 3);
}

#[test]
fn a_chronicle_that_is_read_stays_whole_when_more_comes_than_it_holds() {
    let mut store = Store::default();
    for seq in 1..=30 {
        store.receive(event(seq, "invoke", true));
    }
    let held = Held::of(&store);
    let asked = feed::Asked {
        skip: 10,
        count: 5,
        held: Some(&held),
        all: true,
        now: 0.0,
        viewer: feed::Viewer::default(),
    };
    let before = feed::window(&store, &Filter::default(), asked);
    for seq in 31..=3_000 {
        store.receive(event(seq, "invoke", true));
    }
    let after = feed::window(&store, &Filter::default(), asked);
    assert_eq!((&after.rows, after.total), (&before.rows, before.total));
    assert_eq!((before.newer, before.overrun), (0, false));
    assert_eq!((after.newer, after.overrun), (CHRONICLE_MAX, true));
    let id = after.rows[0].id;
    assert_eq!((store.event(id), held.event(id).map(|stored| stored.id)), (None, Some(id)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_page_that_loses_its_connection_has_what_one_has_that_does_not(cuts in proptest::collection::vec(1..60_u64, 0..8)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let (mut whole, mut cut) = (Store::default(), Store::default());
        whole.welcome(&welcome("a", 0, vec![]));
        cut.welcome(&welcome("a", 0, vec![]));
        for seq in 1..=60 {
            whole.receive(event(seq, "invoke", seq % 3 > 0));
        }
        for head in cuts.into_iter().chain([60]) {
            let from = cut.position().unwrap().seq;
            cut.welcome(&resumed("a", from, Resume::recovered(head.saturating_sub(from)), vec![]));
            for seq in from + 1..=head {
                prop_assert!(cut.receive(event(seq, "invoke", seq % 3 > 0)).is_some());
            }
        }
        prop_assert_eq!(lines(&cut), lines(&whole));
        prop_assert_eq!((cut.events_total(), cut.missing(), cut.duplicates()), (60, 0, 0));
        prop_assert_eq!(cut.daemons().get("claude"), whole.daemons().get("claude"));
    }

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
