//! Travelling from outside: a log that answers, and a traveller that must show what was.

use arcane_shared::api::RosterAnswer;
use arcane_shared::roster::{DaemonState, Roster, Sign};
use arcane_shared::{Epoch, ReceivedEvent, RoomName, Timestamp};
use arcane_stage::activity::Activity;
use arcane_stage::message;
use arcane_stage::store::Store;
use arcane_stage::time_travel::ask::{Answer, Ask, PAGE_EVENTS, Page, Trouble};
use arcane_stage::time_travel::past::{HELD_MAX, taken_at};
use arcane_stage::time_travel::{STEPS_MAX, TimeTravel};
use proptest::prelude::*;
use serde_json::json;

const START: f64 = 1_764_158_400_000.0;

/// A log that keeps everything, and what it was asked.
struct Log {
    events: Vec<ReceivedEvent>,
    asked: Vec<Ask>,
}

impl Log {
    /// Events so many milliseconds apart: which daemon does what.
    fn of(story: impl IntoIterator<Item = (u64, u8, u8)>) -> Self {
        let mut at = 0;
        let events = story.into_iter().zip(1_u64..).map(|((pause, daemon, deed), seq)| {
            at += pause;
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let emitted_at = START + at as f64;
            let spell = ["summon", "banish", "invoke", "invoke", "voice"][usize::from(deed) % 5];
            message::event(
                json!({"spell_name": spell, "daemon_name": format!("d{daemon}"), "seq": seq, "success": deed != 3,
                    "timestamp": arcane_stage::moment::written(emitted_at), "description": "x",
                    "metadata": {"task": "t", "execution_time": 0.5, "sync": {"emitted_at": emitted_at}}}),
                Timestamp::from_unix_micros(0),
            )
            .expect("a readable event")
        });
        Self { events: events.collect(), asked: Vec::new() }
    }

    fn head(&self) -> u64 {
        self.events.len() as u64
    }

    fn activity(&self, from: Option<f64>, to: Option<f64>) -> Activity {
        let (first, last) =
            (self.events.first().map_or(START, taken_at), self.events.last().map_or(START, taken_at));
        let (from, to) = (from.unwrap_or(first), to.unwrap_or(last));
        let steps = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 43_200.0];
        let step_s = steps.into_iter().find(|step| (to - from) / (step * 1000.0) < 399.0).unwrap_or(86_400.0);
        let mut buckets: Vec<(f64, u64, u64)> = Vec::new();
        for event in self
            .events
            .iter()
            .filter(|event| (from..to.max(from + 1.0)).contains(&taken_at(event)) || to == last)
        {
            let at = (taken_at(event) / 1000.0 / step_s).floor() * step_s * 1000.0;
            match buckets.last_mut().filter(|last| last.0 == at) {
                Some(last) => last.2 += 1,
                None => buckets.push((at, number(event), 1)),
            }
        }
        let buckets: Vec<_> = buckets
            .iter()
            .map(|(at, seq, events)| json!({"at": at, "seq": seq, "events": events, "failures": 0, "by_spell": {"invoke": events}}))
            .collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a step")]
        let step_s = step_s as u64;
        let answer = json!({"room": "main", "epoch": "k", "oldest": 1, "head": self.head(), "oldest_at": first,
            "head_at": null, "step_s": step_s, "buckets": buckets});
        let Some(Answer::Activity(activity)) = (Ask::Activity { from: None, to: None }).read(answer) else {
            panic!()
        };
        activity
    }

    fn answer(&mut self, ask: Ask) -> Answer {
        self.asked.push(ask);
        let page = |events: Vec<&ReceivedEvent>, limit: u32| {
            let more = events.len() > limit as usize;
            let events = events.into_iter().take(limit as usize).cloned().collect();
            Answer::Page(Page { epoch: Epoch("k".into()), head: self.head(), events, more })
        };
        let before = |seq: u64| self.events.iter().rev().filter(move |event| number(event) < seq);
        match ask {
            Ask::Activity { from, to } => Answer::Activity(self.activity(from, to)),
            Ask::Before(seq) => page(before(seq.unwrap_or(u64::MAX)).collect(), PAGE_EVENTS),
            Ask::After(seq) => page(self.events.iter().filter(|e| number(e) > seq).collect(), PAGE_EVENTS),
            Ask::Roster(seq) => {
                let mut roster = Roster::default();
                for event in self.events.iter().filter(|event| number(event) <= seq) {
                    roster.fold(number(event), Sign::read(event).as_ref());
                }
                let (status, message) = ("success".to_owned(), String::new());
                let (room, epoch) = (RoomName::default(), Epoch("k".into()));
                Answer::Roster(Box::new(RosterAnswer { status, message, room, epoch, roster }))
            }
        }
    }

    /// Answers until nothing more is asked.
    fn serve(&mut self, travel: &mut TimeTravel) {
        for _ in 0..40 {
            let Some((turn, ask)) = travel.ask() else { return };
            let answer = self.answer(ask);
            travel.answer(turn, Ok(answer), START + 1e9);
        }
        panic!("it asks for ever: {:?}", self.asked);
    }

    /// All that happened until a moment.
    fn folded(&self, until: f64) -> Store {
        let mut store = Store::default();
        for event in self.events.iter().filter(|event| taken_at(event) <= until) {
            store.receive(event.clone());
        }
        store
    }

    fn is_asked_once(&self) -> bool {
        let pages = self.asked.iter().enumerate();
        pages.clone().all(|(at, ask)| pages.clone().all(|(other, same)| at == other || ask != same))
    }
}

fn number(event: &ReceivedEvent) -> u64 {
    event.seq.expect("a numbered event")
}

fn present(store: &Store) -> Vec<String> {
    store.daemons().present().map(|daemon| daemon.daemon_name.to_string()).collect()
}

fn all(store: &Store) -> Vec<DaemonState> {
    store.daemons().iter().cloned().collect()
}

fn chronicle(store: &Store) -> Vec<Option<u64>> {
    let asked = arcane_stage::feed::Asked {
        skip: 0,
        count: 100,
        held: None,
        all: true,
        now: 0.0,
        viewer: arcane_stage::feed::Viewer::default(),
    };
    let rows = arcane_stage::feed::window(store, &arcane_stage::filter::Filter::default(), asked).rows;
    rows.into_iter().map(|row| row.seq).collect()
}

/// Plays to the end in frames of a second; says how many events were performed.
fn play(log: &mut Log, travel: &mut TimeTravel, speed: f64) -> usize {
    let (mut now, mut performed) = (0.0, 0);
    travel.play(speed, now);
    for _ in 0..200_000 {
        now += 200.0;
        travel.advance(now);
        while travel.due().is_some() {
            performed += 1;
        }
        log.serve(travel);
        assert!(travel.held() <= HELD_MAX + 2 * PAGE_EVENTS as usize, "{}", travel.held());
        if travel.has_arrived() {
            return performed;
        }
    }
    panic!("it never arrives: {} of {}", travel.store().last_seq(), log.head());
}

#[test]
fn a_moment_is_found_in_a_long_log_with_few_questions() {
    let life = |n: u64| (30, u8::try_from(n % 7).unwrap(), if n < 7 { 0 } else { 2 });
    let mut log = Log::of((0..100_000).map(life));
    let whole = log.activity(None, None);
    for part in [0.0001, 0.2, 0.5, 0.77, 0.99999] {
        log.asked.clear();
        let moment = START + 3_000_000.0 * part;
        let mut travel = TimeTravel::to(moment, Some(&whole));
        log.serve(&mut travel);
        assert!(log.asked.len() <= usize::from(STEPS_MAX) + 1, "{:?}", log.asked);
        assert_eq!(travel.moment().to_bits(), moment.to_bits());
        let truth = log.folded(moment);
        assert_eq!(chronicle(travel.store()), chronicle(&truth));
        assert_eq!(all(travel.store()), all(&truth));
    }
}

#[test]
fn without_a_map_it_looks_for_one() {
    let mut log = Log::of((0..900).map(|n| (1_000, 1, u8::from(n % 2 == 1))));
    let mut travel = TimeTravel::to(START + 100_000.0, None);
    log.serve(&mut travel);
    assert_eq!(log.asked[0], Ask::Activity { from: None, to: None });
    assert_eq!(travel.store().last_seq(), 100);
}

#[test]
fn near_moments_are_shown_without_asking() {
    let mut log = Log::of((0..5_000).map(|_| (1_000, 1, 2)));
    let whole = log.activity(None, None);
    let mut travel = TimeTravel::to(START + 3_000_000.0, Some(&whole));
    log.serve(&mut travel);
    let asked = log.asked.len();
    assert!(travel.take_jump() && !travel.take_jump());
    for seq in (2_850..3_050_u32).rev() {
        travel.seek(START + f64::from(seq) * 1_000.0, Some(&whole));
        assert!(travel.take_jump() && travel.ask().is_none());
        assert_eq!(travel.store().last_seq(), u64::from(seq));
    }
    assert_eq!(log.asked.len(), asked);
}

#[test]
fn an_answer_to_another_moment_is_not_shown() {
    let mut log = Log::of((0..2_000).map(|_| (1_000, 1, 2)));
    let whole = log.activity(None, None);
    let mut travel = TimeTravel::to(START + 1_000_000.0, Some(&whole));
    let (turn, ask) = travel.ask().unwrap();
    travel.seek(START + 100_000.0, Some(&whole));
    // One question at a time: a scrubber that is dragged does not flood the server.
    assert_eq!(travel.ask(), None);
    let late = log.answer(ask);
    travel.answer(turn, Ok(late), START + 1e9);
    log.serve(&mut travel);
    assert_eq!((travel.moment(), travel.store().last_seq()), (START + 100_000.0, 100));
}

#[test]
fn trouble_is_told_and_can_be_tried_again() {
    let mut log = Log::of((0..10).map(|_| (1_000, 1, 0)));
    let mut travel = TimeTravel::to(START + 5_500.0, None);
    let (turn, _) = travel.ask().unwrap();
    travel.answer(turn, Err(Trouble::Busy(String::new())), START);
    assert!(travel.trouble().is_some() && travel.ask().is_none() && !travel.is_looking());
    travel.retry(None);
    log.serve(&mut travel);
    assert_eq!(travel.store().last_seq(), 5);
}

#[test]
fn an_empty_log_and_a_moment_before_everything_show_nobody() {
    let mut log = Log::of([]);
    let mut travel = TimeTravel::to(START, None);
    log.serve(&mut travel);
    assert!(!travel.is_looking() && present(travel.store()).is_empty());
    assert_eq!(play(&mut log, &mut travel, 1.0), 0);

    let mut log = Log::of([(1_000, 1, 0), (1_000, 2, 0)]);
    let whole = log.activity(None, None);
    let mut travel = TimeTravel::to(START - 1e6, Some(&whole));
    log.serve(&mut travel);
    assert_eq!(travel.store().events_total(), 0);
    assert_eq!(play(&mut log, &mut travel, 2.0), 2);
}

#[test]
fn what_comes_while_it_plays_is_played_too() {
    let mut log = Log::of((0..20).map(|_| (1_000, 1, 2)));
    let later = log.events.split_off(15);
    let mut travel = TimeTravel::to(START + 3_000.0, Some(&log.activity(None, None)));
    log.serve(&mut travel);
    travel.play(60.0, 0.0);
    log.serve(&mut travel);
    log.events.extend(later);
    assert_eq!(play(&mut log, &mut travel, 60.0), 17);
    assert_eq!(travel.store().last_seq(), 20);
}

#[test]
fn a_kept_history_is_played_without_a_log() {
    let log = Log::of((0..30).map(|_| (2_000, 1, 2)));
    let mut travel = TimeTravel::of_kept(START, log.events.clone());
    let mut nobody = Log::of([]);
    assert_eq!(play(&mut nobody, &mut travel, 10.0), 30);
    assert!(nobody.asked.is_empty() && !travel.is_from_log());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_travelled_realm_is_the_fold_of_what_had_happened(
        story in proptest::collection::vec((0..4_000_u64, 0..6_u8, 0..5_u8), 0..280),
        parts in proptest::collection::vec(-0.1..1.1_f64, 1..6),
    ) {
        let mut log = Log::of(story);
        let whole = log.activity(None, None);
        let length = log.events.last().map_or(1_000.0, |last| taken_at(last) - START);
        let mut travel = TimeTravel::to(START + length * parts[0], Some(&whole));
        for part in parts {
            let moment = START + length * part;
            travel.seek(moment, Some(&whole));
            log.serve(&mut travel);
            let truth = log.folded(moment);
            prop_assert_eq!(all(travel.store()), all(&truth));
            prop_assert_eq!(chronicle(travel.store()), chronicle(&truth));
            prop_assert_eq!(travel.store().failures_total(), truth.failures_total());
        }
    }

    #[test]
    fn playing_to_the_end_is_the_fold_of_all(
        story in proptest::collection::vec((0..3_000_u64, 0..6_u8, 0..5_u8), 1..1_500),
        part in 0.0..1.0_f64,
        speed in 0..5_usize,
    ) {
        let mut log = Log::of(story);
        let whole = log.activity(None, None);
        let length = taken_at(log.events.last().unwrap()) - START;
        let mut travel = TimeTravel::to(START + length * part, Some(&whole));
        log.serve(&mut travel);
        let shown = travel.store().last_seq();
        let performed = play(&mut log, &mut travel, arcane_stage::time_travel::playback::SPEEDS[speed]);
        let truth = log.folded(f64::INFINITY);
        prop_assert_eq!(performed as u64, log.head() - shown);
        prop_assert_eq!(all(travel.store()), all(&truth));
        prop_assert_eq!(chronicle(travel.store()), chronicle(&truth));
        prop_assert!(log.is_asked_once(), "{:?}", log.asked);
    }

    #[test]
    fn however_it_is_dragged_it_shows_the_last_moment(
        story in proptest::collection::vec((0..4_000_u64, 0..6_u8, 0..5_u8), 1..900),
        moves in proptest::collection::vec((0.0..1.0_f64, any::<bool>()), 1..20),
    ) {
        let mut log = Log::of(story);
        let whole = log.activity(None, None);
        let length = taken_at(log.events.last().unwrap()) - START;
        let mut travel = TimeTravel::to(START, Some(&whole));
        let mut open = None;
        for (part, answers) in &moves {
            travel.seek(START + length * part, Some(&whole));
            open = open.or_else(|| travel.ask());
            if let Some((turn, ask)) = open.take_if(|_| *answers) {
                let answer = log.answer(ask);
                travel.answer(turn, Ok(answer), START + 1e9);
            }
        }
        if let Some((turn, ask)) = open {
            let answer = log.answer(ask);
            travel.answer(turn, Ok(answer), START + 1e9);
        }
        log.serve(&mut travel);
        let truth = log.folded(START + length * moves.last().unwrap().0);
        prop_assert_eq!(all(travel.store()), all(&truth));
        prop_assert_eq!(travel.store().last_seq(), truth.last_seq());
    }
}
