//! The same with a log that is far away: appends may end unknown, and the store may lose what it had.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use arcane_shared::{Epoch, RoomName, Seq};
use futures_util::FutureExt as _;

use super::Simulation;
use crate::bus::{Fault, Key, LogError, Submission};
use crate::intake::{self, Refused, Submitted};
use crate::log::EventLog as _;
use crate::log::far::{Ends, FarLog};

/// What a publisher sent, and knows of it.
struct Publication {
    id: u64,
    events: usize,
    has_key: bool,
    outcome: Outcome,
}

enum Outcome {
    Waiting(Box<Submitted>),
    /// The number of the first event.
    Logged(Seq),
    Refused,
    Unknown,
}

/// What a log that is far away is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// This process alone writes to it.
    Own,
    /// The same, and it may lose what it had.
    Forgets,
    /// Other processes write to it, and it numbers events.
    Shared,
}

/// What was played with a log that is far away.
#[derive(Default)]
pub(super) struct Far {
    pub(super) log: Option<Arc<FarLog>>,
    publications: Vec<Publication>,
    /// What is in the log, by the room's runs of numbers: whether each event is a success.
    runs: Vec<(Epoch, Vec<bool>)>,
    pub(super) ends: Ends,
}

/// Completes a future for which the log has to do something.
pub(super) fn drive<T>(log: &FarLog, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
        log.step();
    }
}

impl Far {
    pub(super) fn of(log: Arc<FarLog>) -> Self {
        Self { log: Some(log), ..Self::default() }
    }
}

impl Simulation {
    /// Lets the log do something. False if nothing waits for it.
    pub(super) fn step_log(&mut self) -> bool {
        let Some(log) = self.far.log.clone() else { return false };
        let Some(ends) = log.step() else { return false };
        self.far.ends.committed += ends.committed;
        self.far.ends.refused += ends.refused;
        self.far.ends.unknown += ends.unknown;
        self.note_what_is_kept(&log);
        true
    }

    fn note_what_is_kept(&mut self, log: &FarLog) {
        let record = log.kept.room(&RoomName::default()).unwrap();
        if self.far.runs.last().is_none_or(|(epoch, _)| *epoch != record.epoch) {
            self.far.runs.push((record.epoch.clone(), Vec::new()));
            self.published.clear();
        }
        let after = self.published.len() as u64;
        let request = crate::bus::PageRequest {
            after,
            through: record.head,
            events_max: usize::MAX,
            bytes_max: usize::MAX,
        };
        let page = log.kept.read(record.id, request).now_or_never().unwrap().unwrap();
        self.published.extend(page.frames.iter().map(|frame| frame.success()));
        self.far.runs.last_mut().unwrap().1.clone_from(&self.published);
    }

    /// What was published in the run of numbers that a client reads.
    pub(super) fn run_of(&self, epoch: &Epoch) -> Vec<bool> {
        let run = self.far.runs.iter().find(|(of, _)| of == epoch);
        run.map_or_else(|| self.published.clone(), |(_, published)| published.clone())
    }

    pub(super) fn publish_far(&mut self) {
        let id = self.far.publications.len() as u64;
        let (events, has_key) = (1 + self.dice.below(4), self.dice.below(2) == 0);
        let outcome = self.send(id, events, has_key);
        self.far.publications.push(Publication { id, events, has_key, outcome });
    }

    fn send(&mut self, id: u64, events: usize, has_key: bool) -> Outcome {
        let drafts = (0..events).map(|n| {
            let mut event = super::event(n % 2 == 0, 1 + n * 20);
            event.metadata.insert("id".into(), id.into());
            event.into()
        });
        let key = has_key.then(|| Key::new(&id.to_string(), 0, b""));
        let submission = Submission { key, ..Submission::default() };
        match intake::submit(&self.bus, &self.bus.default_room(), drafts.collect(), submission) {
            Ok(submitted) => Outcome::Waiting(Box::new(submitted)),
            Err(Refused::Bus { .. }) => Outcome::Refused,
            Err(refused) => panic!("{refused:?}"),
        }
    }

    /// Learns what became of publications; sends those again whose publisher may.
    fn look_at_receipts(&mut self) -> bool {
        let mut again = false;
        for n in 0..self.far.publications.len() {
            let Publication { id, events, has_key, outcome } = &mut self.far.publications[n];
            if let Outcome::Waiting(submitted) = outcome {
                *outcome = match submitted.logged().now_or_never() {
                    None => continue,
                    Some(Ok(run)) => Outcome::Logged(run.first),
                    Some(Err(LogError { fault: Fault::Unknown, .. })) => Outcome::Unknown,
                    Some(Err(_)) => Outcome::Refused,
                };
            }
            if matches!(outcome, Outcome::Unknown | Outcome::Refused) && *has_key {
                let (id, events) = (*id, *events);
                again = true;
                self.far.publications[n].outcome = self.send(id, events, true);
            }
        }
        again
    }

    /// Lets everything come to its end. Then what publishers were told is what is in the log.
    pub(super) fn settle_far(&mut self, forgets: bool) {
        for round in 0.. {
            assert!(round < 1000, "publications come to an end");
            let mut moved = false;
            while self.step_log() {
                moved = true;
            }
            self.settle_readers();
            moved |= self.look_at_receipts();
            if !moved {
                break;
            }
        }
        if forgets {
            return;
        }
        let log = self.far.log.clone().unwrap();
        let main = log.kept.room(&RoomName::default()).unwrap();
        let request = crate::bus::PageRequest {
            after: 0,
            through: main.head,
            events_max: usize::MAX,
            bytes_max: usize::MAX,
        };
        let page = log.kept.read(main.id, request).now_or_never().unwrap().unwrap();
        let mut found: BTreeMap<u64, Vec<Seq>> = BTreeMap::new();
        for frame in &page.frames {
            // What other processes published has none.
            if let Some(id) = frame.event().metadata.get("id").and_then(serde_json::Value::as_u64) {
                found.entry(id).or_default().push(frame.seq());
            }
        }
        for Publication { id, events, has_key, outcome } in &self.far.publications {
            let found = found.remove(id).unwrap_or_default();
            let whole = found.len() == *events && found.windows(2).all(|pair| pair[1] == pair[0] + 1);
            match outcome {
                Outcome::Logged(first) => {
                    assert!(whole && found[0] == *first, "{id} is there once: {found:?}");
                }
                Outcome::Refused => assert!(found.is_empty(), "{id} was refused, and is at {found:?}"),
                Outcome::Unknown => {
                    assert!(found.is_empty() || whole, "{id} is there whole or not: {found:?}");
                }
                Outcome::Waiting(_) => panic!("nobody was told what became of {id}"),
            }
            assert!(!has_key || matches!(outcome, Outcome::Logged(_)), "{id} could be sent again");
        }
    }
}

fn play(seeds: u64, steps: usize, kind: Kind) -> (Ends, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let seeds = std::env::var("ARCANE_SIMULATIONS").map_or(seeds, |n| n.parse().unwrap());
    let (mut ends, mut cut) = (Ends::default(), 0);
    for seed in 0..seeds {
        let played = std::panic::catch_unwind(|| {
            let mut simulation = Simulation::with_far_log(seed, kind);
            simulation.connect();
            for _ in 0..steps {
                simulation.step();
            }
            simulation.settle_far(kind == Kind::Forgets);
            simulation.settle();
            (
                simulation.far.ends,
                simulation.clients.iter().filter(|client| client.closed == Some(1001)).count(),
            )
        });
        let (of_seed, closed) = played.unwrap_or_else(|_| panic!("seed {seed}, {kind:?}, fails"));
        ends.committed += of_seed.committed;
        ends.refused += of_seed.refused;
        ends.unknown += of_seed.unknown;
        cut += closed;
    }
    (ends, cut)
}

#[test]
fn whatever_becomes_of_appends_publishers_and_readers_are_told_the_truth() {
    let (ends, cut) = play(40, 1500, Kind::Own);
    assert!(ends.committed > 100 && ends.refused > 20 && ends.unknown > 20, "{ends:?}");
    assert_eq!(cut, 0, "nobody has to come back");
}

#[test]
fn the_same_holds_where_others_publish_and_the_log_numbers_events() {
    let (ends, cut) = play(40, 1500, Kind::Shared);
    assert!(ends.committed > 100 && ends.refused > 20 && ends.unknown > 20, "{ends:?}");
    assert_eq!(cut, 0, "nobody has to come back");
}

#[test]
fn readers_of_a_room_that_lost_what_it_had_are_told_to_come_back() {
    let (ends, cut) = play(40, 1500, Kind::Forgets);
    assert!(ends.unknown > 20 && cut > 20, "{ends:?} {cut}");
}
