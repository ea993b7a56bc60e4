use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arcane_shared::{ConsumerName, Timestamp};

use super::*;

struct Bench {
    table: Table,
    key: Key,
    now: Instant,
    evicted: Arc<AtomicUsize>,
}

impl Bench {
    fn new() -> Self {
        let key = (RoomName::default(), ConsumerName::parse("billing").unwrap());
        let (table, now) = (Table::new("a".into()), Instant::now());
        Self { table, key, now, evicted: Arc::default() }
    }

    fn arrive(&mut self) -> u64 {
        let evicted = Arc::clone(&self.evicted);
        let evict = Box::new(move || {
            evicted.fetch_add(1, Ordering::Relaxed);
        });
        self.table.arrive(&self.key, evict, self.now).unwrap()
    }

    fn seat(&mut self, number: u64, seq: Seq, revision: u64) {
        let before = self.table.known(&self.key).revision;
        let written = known(seq, Some(("a", number)), revision);
        self.table.seat(&self.key, number, written, before, self.now).tell();
    }

    fn hear(&mut self, known: Known) {
        self.table.hear(&self.key, known, self.now).tell();
    }

    fn ack(&mut self, number: u64, seq: Seq) {
        self.table.ack(&self.key, number, &Epoch("e".into()), seq);
    }

    /// Numbers of readers, what they have acknowledged, and whether they leave.
    fn due(&self, at: Instant) -> Vec<(u64, Option<Seq>, bool)> {
        let (jobs, _) = self.table.due(at);
        jobs.into_iter().map(|job| (job.number, job.acked.map(|at| at.seq), job.leaves)).collect()
    }

    fn evicted(&self) -> usize {
        self.evicted.load(Ordering::Relaxed)
    }
}

fn known(seq: Seq, reader: Option<(&str, u64)>, revision: u64) -> Known {
    let record = ConsumerRecord {
        position: Position { epoch: Epoch("e".into()), seq },
        updated_at: Timestamp::from_unix_micros(0),
        reader: reader.map(|(node, number)| ReaderId { node: node.into(), number }),
    };
    Known { record: Some(record), revision }
}

#[test]
fn a_reader_that_is_taken_over_is_told_once_and_acknowledges_nothing() {
    let mut bench = Bench::new();
    let number = bench.arrive();
    bench.hear(known(1, Some(("b", 1)), 1));
    assert_eq!(bench.evicted(), 0, "it is not its consumer's reader yet");
    bench.seat(number, 1, 2);
    bench.hear(known(1, Some(("b", 1)), 1));
    assert_eq!(bench.evicted(), 0, "what is older changes nothing");
    bench.hear(known(1, Some(("b", 2)), 3));
    bench.hear(known(1, Some(("b", 3)), 4));
    assert_eq!(bench.evicted(), 1);
    bench.ack(number, 2);
    assert_eq!(bench.due(bench.now), []);
    assert_eq!(bench.table.known(&bench.key), known(1, Some(("b", 3)), 4));
}

#[test]
fn a_takeover_that_is_heard_of_before_the_own_one_is_known_counts() {
    let mut bench = Bench::new();
    let number = bench.arrive();
    bench.hear(known(0, Some(("b", 1)), 3));
    let written = known(0, Some(("a", number)), 2);
    bench.table.seat(&bench.key, number, written, 1, bench.now).tell();
    assert_eq!(bench.evicted(), 1);
    // Another reader of this node.
    let (one, other) = (bench.arrive(), bench.arrive());
    bench.seat(one, 0, 4);
    bench.seat(other, 0, 5);
    assert_eq!(bench.evicted(), 2);
    bench.hear(Known { record: None, revision: 6 });
    assert_eq!((bench.evicted(), bench.table.count()), (3, 0), "it was deleted");
}

#[test]
fn a_position_is_written_ten_times_a_second_and_the_latest_wins() {
    let mut bench = Bench::new();
    let number = bench.arrive();
    bench.seat(number, 0, 1);
    bench.ack(number, 2);
    bench.ack(number, 5);
    bench.ack(number, 4);
    assert_eq!(bench.due(bench.now), [(number, Some(5), false)]);
    assert_eq!(
        bench.table.unwritten(&bench.key, &Epoch("e".into())),
        Some(5),
        "for the next reader of this node"
    );
    assert_eq!(bench.table.unwritten(&bench.key, &Epoch("f".into())), None);
    let (jobs, _) = bench.table.due(bench.now);
    bench.ack(number, 6);
    bench.table.done(&jobs[0], bench.now);
    bench.hear(known(5, Some(("a", number)), 2));
    assert_eq!(bench.table.due(bench.now), (Vec::new(), Some(bench.now + WRITE_EVERY)));
    assert_eq!(bench.due(bench.now + WRITE_EVERY), [(number, Some(6), false)]);
    bench.table.leave(&bench.key, number, bench.now);
    let (jobs, _) = bench.table.due(bench.now);
    assert_eq!(bench.due(bench.now), [(number, Some(6), true)], "at once");
    bench.table.failed(&jobs[0], bench.now);
    assert_eq!(bench.due(bench.now + RETRY), [(number, Some(6), true)]);
    bench.table.done(&jobs[0], bench.now);
    assert!(bench.table.is_settled());
    assert_eq!(bench.evicted(), 0);
}

#[test]
fn what_is_listed_tells_what_was_missed_and_what_has_to_be_asked() {
    let mut bench = Bench::new();
    let number = bench.arrive();
    bench.seat(number, 3, 7);
    let key = bench.key.clone();
    let (doubts, evicted) = bench.table.list(vec![(key.clone(), known(3, Some(("b", 1)), 6))], bench.now);
    evicted.tell();
    let doubt = Doubt { key: key.clone(), revision: 7 };
    assert_eq!(
        (doubts.as_slice(), bench.evicted()),
        ([doubt.clone()].as_slice(), 0),
        "a server that is behind"
    );
    let (doubts, evicted) = bench.table.list(Vec::new(), bench.now);
    evicted.tell();
    assert_eq!(doubts, [doubt]);
    bench.table.believe(&key, Known::default(), 6, bench.now).tell();
    assert_eq!(bench.evicted(), 0, "it was changed since that was asked");
    bench.table.believe(&key, Known::default(), 7, bench.now).tell();
    assert_eq!((bench.evicted(), bench.table.count()), (1, 0), "the bucket was made anew");
    let (doubts, evicted) = bench.table.list(vec![(key, known(4, Some(("a", 99)), 9))], bench.now);
    evicted.tell();
    assert_eq!(
        (doubts, bench.due(bench.now)),
        (Vec::new(), vec![(99, None, true)]),
        "no such reader is here"
    );
}

#[test]
fn revisions_that_begin_anew_are_taken_from_what_was_written() {
    let mut bench = Bench::new();
    bench.hear(known(3, Some(("b", 1)), 70));
    let number = bench.arrive();
    bench.seat(number, 0, 2);
    assert_eq!(bench.evicted(), 0);
    assert_eq!(bench.table.known(&bench.key), known(0, Some(("a", number)), 2));
}

#[test]
fn a_log_that_was_put_back_sends_no_reader_away_for_another_one() {
    let mut bench = Bench::new();
    // The new revision is by chance the one that was known before.
    bench.hear(known(3, None, 5));
    let number = bench.arrive();
    bench.seat(number, 0, 5);
    assert_eq!(bench.evicted(), 0);
    assert_eq!(bench.table.known(&bench.key), known(0, Some(("a", number)), 5));
    // Somebody acknowledges in the record of before, which names nobody.
    bench.table.wrote(&bench.key, known(1, None, 2), 5, bench.now).tell();
    assert_eq!(bench.evicted(), 0);
    let next = bench.arrive();
    bench.seat(next, 1, 2);
    assert_eq!(bench.evicted(), 1, "who was here before is told");
}

#[test]
fn readers_are_bounded() {
    let mut bench = Bench::new();
    for _ in 0..READERS_MAX {
        bench.arrive();
    }
    assert_eq!(bench.table.arrive(&bench.key, Box::new(|| {}), bench.now), None);
}
