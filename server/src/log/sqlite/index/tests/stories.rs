//! What happens to an index, from beginning to end.

use arcane_shared::{EventFilter, Timestamp};

use super::super::IndexError;
use super::support::{Draft, Log, all, create, seqs, settle};
use crate::log::history::{ActivityQuery, Allowance, HistoryQuery, Order, Search};

fn failures() -> EventFilter {
    EventFilter { success: Some(false), ..EventFilter::default() }
}

/// Ten events, of which the third and the seventh failed.
fn ten(log: &mut Log) {
    log.room(1, "a");
    let drafts: Vec<Draft> =
        (1..=10).map(|seq| Draft { success: seq % 4 != 3, ..Draft::new(seq, "the runes shimmer") }).collect();
    log.append(1, &drafts);
}

#[test]
fn what_was_committed_before_a_question_is_in_its_answer() {
    let mut log = Log::new();
    ten(&mut log);
    let index = log.open();
    assert_eq!(seqs(&index.history(&all(None, failures()))), [3, 7]);
    for seq in 11..60 {
        log.append(1, &[Draft { success: false, ..Draft::new(seq, "late") }]);
        index.wake(1);
        let query = HistoryQuery { order: Order::Descending, limit: 1, ..all(Some("late"), failures()) };
        assert_eq!(seqs(&index.history(&query)), [seq]);
    }
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let mut log = Log::new();
    ten(&mut log);
    let index = log.open();
    let query = HistoryQuery { limit: 4, after: Some(2), ..all(None, EventFilter::default()) };
    let page = index.history(&query);
    assert_eq!((seqs(&page), page.unwrap().more), (vec![3, 4, 5, 6], true));
    let query = HistoryQuery { before: Some(7), order: Order::Descending, limit: 1, ..all(None, failures()) };
    let page = index.history(&query);
    assert_eq!((seqs(&page), page.unwrap().more), (vec![3], false));
    let query = HistoryQuery { before: Some(0), ..all(None, EventFilter::default()) };
    assert!(seqs(&index.history(&query)).is_empty());
    assert!(matches!(index.history(&HistoryQuery { room: 9, ..query }), Err(IndexError::NoRoom(9))));
}

#[test]
fn events_come_as_they_were_stored_and_damage_is_named() {
    let mut log = Log::new();
    ten(&mut log);
    let index = log.open();
    let page = index.history(&all(None, failures())).unwrap();
    assert_eq!(page.events[0].json, Draft { success: false, ..Draft::new(3, "the runes shimmer") }.json());
    log.db.execute("UPDATE events SET event = 'x' WHERE id = (1 << 40 | 7)", []).unwrap();
    for filter in [failures(), EventFilter::default()] {
        let damaged = index.history(&all(None, filter));
        assert!(matches!(damaged, Err(IndexError::DamagedEvent(7))), "{damaged:?}");
    }
}

#[test]
fn words_phrases_beginnings_and_names_are_found() {
    let mut log = Log::new();
    log.room(1, "a");
    let mut drafts: Vec<Draft> = [
        "Über die Brücke gehen",
        "review the pull request",
        "pull the lever, request denied",
        "reviewing pullrequests",
        "東京の天気",
    ]
    .into_iter()
    .zip(1..)
    .map(|(text, seq)| Draft::new(seq, text))
    .collect();
    drafts[0].task = "cross.the-river".into();
    drafts[1].daemon = Some("code-reviewer".into());
    log.append(1, &drafts);
    let index = log.open();
    for (text, expected) in [
        ("uber", &[1][..]),
        ("bruck", &[1]),
        ("BRÜCK", &[1]),
        ("river", &[1]),
        ("cross.the-ri", &[1]),
        ("the-river.cross", &[]),
        ("pull request", &[2, 3]),
        ("pul* request", &[2, 3, 4][..2]),
        ("\"pull request\"", &[2]),
        ("\"pull req\"", &[]),
        ("review", &[2, 4]),
        ("\"review\"", &[2]),
        ("r", &[1, 2, 3, 4]),
        ("re", &[2, 3, 4]),
        ("code-rev", &[2]),
        ("東", &[5]),
        ("claude", &[1, 3, 4, 5]),
        ("claude request", &[3]),
        ("nothing", &[]),
        ("pull AND request", &[]),
    ] {
        let found = index.history(&all(Some(text), EventFilter::default()));
        assert_eq!(seqs(&found), expected, "{text:?}");
    }
}

#[test]
fn another_log_another_epoch_and_a_shorter_log_start_over() {
    let mut log = Log::new();
    ten(&mut log);
    log.open().history(&all(None, failures())).unwrap();
    // The room came back with other numbers.
    log.db.execute_batch("DELETE FROM events; UPDATE rooms SET epoch = 'b', head = 0").unwrap();
    log.append(1, &[Draft { success: false, ..Draft::new(1, "new") }]);
    let index = log.open();
    let page = index.history(&all(None, failures()));
    assert_eq!((seqs(&page), page.unwrap().epoch.0), (vec![1], "b".into()));
    drop(index);
    // Another log came in its place.
    drop(std::mem::replace(&mut log.db, rusqlite::Connection::open_in_memory().unwrap()));
    for name in ["events.db", "events.db-wal", "events.db-shm"] {
        let _ = std::fs::remove_file(log.dir.path().join(name));
    }
    log.db = create(log.dir.path(), "log-2");
    log.room(1, "b");
    log.append(1, &[Draft::new(1, "other"), Draft { success: false, ..Draft::new(2, "other") }]);
    let index = log.open();
    assert_eq!(seqs(&index.history(&all(None, failures()))), [2]);
    assert!(seqs(&index.history(&all(Some("new"), EventFilter::default()))).is_empty());
    drop(index);
    log.db.execute_batch("DELETE FROM events WHERE id = (1 << 40 | 2); UPDATE rooms SET head = 1").unwrap();
    let index = log.open();
    assert_eq!(seqs(&index.history(&all(Some("other"), EventFilter::default()))), [1]);
}

#[test]
fn a_damaged_index_is_made_anew() {
    let mut log = Log::new();
    ten(&mut log);
    log.open().history(&all(None, failures())).unwrap();
    let file = log.dir.path().join("index.db");
    for damage in [b"no database at all, and much longer than one hundred bytes".repeat(100), Vec::new()] {
        std::fs::write(&file, damage).unwrap();
        let index = log.open();
        assert_eq!(seqs(&index.history(&all(None, failures()))), [3, 7]);
    }
    // Behind the first page, damage is only found by reading.
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4096..].fill(0x5a);
    std::fs::write(&file, bytes).unwrap();
    let index = log.open();
    let answer = (0..3).map(|_| index.history(&all(Some("runes"), failures()))).find(Result::is_ok);
    assert_eq!(seqs(&answer.unwrap()), [3, 7]);
}

#[test]
fn activity_counts_what_is_kept() {
    let mut log = Log::new();
    log.room(1, "a");
    let drafts: Vec<Draft> = (1..=10_000)
        .map(|seq| Draft {
            success: seq % 10 != 0,
            spell: if seq % 2 == 0 { "voice" } else { "summon" },
            ..Draft::new(seq, "")
        })
        .collect();
    log.append(1, &drafts);
    let index = log.open();
    let to = Timestamp::from_unix_micros((1_700_000_000 + 10_002 / 3) * 1_000_000);
    let ask = |buckets| {
        index
            .activity(&ActivityQuery { room: 1, from: None, to, buckets, time: Allowance::default() })
            .unwrap()
    };
    let sums = |buckets| {
        let activity = ask(buckets);
        assert!(activity.buckets.len() as u64 <= buckets);
        let by_spell = activity
            .buckets
            .iter()
            .fold([0; 6], |sum, one| std::array::from_fn(|at| sum[at] + one.by_spell[at]));
        let events: u64 = activity.buckets.iter().map(|one| one.events).sum();
        let failures: u64 = activity.buckets.iter().map(|one| one.failures).sum();
        (events, failures, by_spell, activity.buckets[0].seq)
    };
    for buckets in [1, 10, 300, 10_000] {
        assert_eq!(sums(buckets), (10_000, 1000, [5000, 0, 0, 0, 0, 5000], 1), "{buckets}");
    }
    let fine = ask(10_000);
    assert_eq!((fine.step_s, fine.buckets[1].seq, fine.buckets[1].events), (1, 3, 3));
    log.purge(1, 7_001);
    index.wake(1);
    settle(&index, &log);
    log.append(1, &[Draft::new(10_001, ""), Draft::new(10_002, "")]);
    let activity = index
        .activity(&ActivityQuery { room: 1, from: None, to, buckets: 10_000, time: Allowance::default() })
        .unwrap();
    let events: u64 = activity.buckets.iter().map(|one| one.events).sum();
    assert_eq!((events, activity.buckets[0].seq), (3_002, 7_001));
    assert_eq!(activity.first_at, Some(Timestamp::from_unix_micros((1_700_000_000 + 7_001 / 3) * 1_000_000)));
}

#[test]
fn a_room_without_events_has_pages_and_activity() {
    let log = Log::new();
    log.room(1, "a");
    let index = log.open();
    assert!(seqs(&index.history(&all(None, EventFilter::default()))).is_empty());
    assert!(seqs(&index.history(&all(Some("x"), failures()))).is_empty());
    let to = Timestamp::from_unix_micros(1);
    let activity = index
        .activity(&ActivityQuery { room: 1, from: None, to, buckets: 300, time: Allowance::default() })
        .unwrap();
    assert_eq!((activity.buckets.len(), activity.first_at, activity.step_s), (0, None, 1));
    index.close();
}

#[test]
fn rooms_are_kept_apart() {
    let mut log = Log::new();
    ten(&mut log);
    for room in 2..200 {
        log.room(room, "z");
        log.append(room, &[Draft { success: false, ..Draft::new(1, "the runes shimmer") }]);
    }
    let index = log.open();
    let ask = |room_id| index.history(&HistoryQuery { room: room_id, ..all(Some("runes"), failures()) });
    assert_eq!(seqs(&ask(1)), [3, 7]);
    assert_eq!(seqs(&ask(199)), [1]);
    log.db
        .execute_batch("DELETE FROM rooms WHERE id = 199; DELETE FROM events WHERE id >= 199 << 40")
        .unwrap();
    assert!(matches!(ask(199), Err(IndexError::NoRoom(199))));
}

#[test]
fn no_search_is_an_error_of_the_index() {
    let mut log = Log::new();
    ten(&mut log);
    let index = log.open();
    let mut runner = proptest::test_runner::TestRunner::new(proptest::test_runner::Config::with_cases(400));
    runner
        .run(&"(?s)([\"*():^+\\-{}'\0-\u{20}]|AND|OR|NOT|NEAR|[a-z]|\u{301}|٣|.){0,12}", |text| {
            if let Ok(search) = Search::parse(&text) {
                let query = HistoryQuery { text: Some(search), ..all(None, EventFilter::default()) };
                let answer = index.history(&query);
                proptest::prop_assert!(answer.is_ok(), "{text:?}: {answer:?}");
            }
            Ok(())
        })
        .unwrap();
}
