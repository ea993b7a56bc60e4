//! The index against looking at every event.

use std::collections::VecDeque;

use arcane_shared::{DaemonName, EventFilter, Seq, SpellName, Timestamp};
use proptest::prelude::*;

use super::super::Index;
use super::support::{Draft, Log, settle};
use crate::log::history::{ActivityQuery, Allowance, HistoryQuery, Order, Search};

const WORDS: [&str; 6] = ["alpha", "beta", "beton", "gamma", "gamma-ray", "x1"];

/// Spell, success, daemon, words, and how long after the one before.
type Event = (usize, bool, Option<usize>, Vec<usize>, u64);

/// What happens, in which order.
#[derive(Debug, Clone)]
enum Deed {
    Append(Vec<Event>),
    Purge(u64),
    Reopen,
    Rebuild,
    Ask(Vec<Question>),
}

#[derive(Debug, Clone)]
struct Question {
    spells: Vec<usize>,
    daemons: Vec<usize>,
    success: Option<bool>,
    words: Vec<usize>,
    after: Option<Seq>,
    before: Option<Seq>,
    descending: bool,
    limit: usize,
}

fn deed() -> impl Strategy<Value = Deed> {
    let event = (
        0_usize..6,
        any::<bool>(),
        prop::option::of(0_usize..5),
        prop::collection::vec(0..6_usize, 0..4),
        0_u64..90,
    );
    prop_oneof![
        6 => prop::collection::vec(event, 0..200).prop_map(Deed::Append),
        2 => (0_u64..300).prop_map(Deed::Purge),
        1 => Just(Deed::Reopen),
        1 => Just(Deed::Rebuild),
        6 => prop::collection::vec(question(), 1..8).prop_map(Deed::Ask),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    let place = || prop::option::weighted(0.4, 0_u64..700);
    (
        prop::collection::vec(0_usize..6, 0..3),
        prop::collection::vec(0_usize..6, 0..3),
        prop::option::of(any::<bool>()),
        prop::collection::vec(0_usize..6, 0..3),
        place(),
        place(),
        any::<bool>(),
        1_usize..40,
    )
        .prop_map(|(spells, daemons, success, words, after, before, descending, limit)| Question {
            spells,
            daemons,
            success,
            words,
            after,
            before,
            descending,
            limit,
        })
}

fn daemon(at: usize) -> String {
    format!("daemon-{at}")
}

/// The log, and everything in it.
struct World {
    log: Log,
    kept: VecDeque<Draft>,
    next: Seq,
    second: u64,
    index: Option<Index>,
}

impl World {
    fn new() -> Self {
        let log = Log::new();
        log.room(1, "a");
        log.room(2, "b");
        let index = Some(log.open());
        Self { log, kept: VecDeque::new(), next: 1, second: 1_700_000_000, index }
    }

    fn index(&self) -> &Index {
        self.index.as_ref().unwrap()
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Append(events) => {
                let mut drafts = Vec::new();
                for (spell, success, name, words, pause) in events {
                    self.second += pause / 30 * pause;
                    let words: Vec<&str> = words.into_iter().map(|at| WORDS[at]).collect();
                    let (one, two) = words.split_at(words.len() / 2);
                    drafts.push(Draft {
                        seq: self.next,
                        second: self.second,
                        spell: SpellName::ALL[spell].as_str(),
                        success,
                        daemon: name.map(daemon),
                        description: one.join(" "),
                        task: two.join(", "),
                    });
                    self.next += 1;
                }
                self.log.append(1, &drafts);
                self.log.append(2, &drafts);
                self.kept.extend(drafts);
                self.index().wake(1);
            }
            Deed::Purge(events) => {
                let first = (self.next.saturating_sub(self.kept.len() as u64) + events).min(self.next);
                self.log.purge(1, first);
                self.kept.retain(|draft| draft.seq >= first);
                self.index().wake(1);
            }
            Deed::Reopen => {
                self.index = None;
                self.index = Some(self.log.open());
            }
            Deed::Rebuild => {
                self.index = None;
                // It may not have come so far as to make one.
                let _ = std::fs::remove_file(self.log.dir.path().join("index.db"));
                self.index = Some(self.log.open());
            }
            Deed::Ask(questions) => questions.into_iter().for_each(|question| self.ask(&question)),
        }
    }

    fn ask(&self, question: &Question) {
        let words: Vec<String> = question.words.iter().map(|at| WORDS[*at].to_owned()).collect();
        let filter = EventFilter {
            spell: question.spells.iter().map(|at| SpellName::ALL[*at]).collect(),
            daemon: question.daemons.iter().map(|at| DaemonName::parse(&daemon(*at)).unwrap()).collect(),
            success: question.success,
        };
        let passes = |draft: &&Draft| {
            let name = draft.daemon.as_deref().map(|name| DaemonName::parse(name).unwrap());
            let after = question.after.is_none_or(|after| draft.seq > after);
            let before = question.before.is_none_or(|before| draft.seq < before);
            after
                && before
                && filter.passes(draft.spell.parse().unwrap(), name.as_ref(), draft.success)
                && words.iter().enumerate().all(|(at, word)| has(draft, word, at + 1 == words.len()))
        };
        let mut expected: Vec<Seq> = self.kept.iter().filter(passes).map(|draft| draft.seq).collect();
        if question.descending {
            expected.reverse();
        }
        let more = expected.len() > question.limit;
        expected.truncate(question.limit);
        let page = self
            .index()
            .history(&HistoryQuery {
                room: 1,
                after: question.after,
                before: question.before,
                bytes_max: None,
                limit: question.limit,
                order: if question.descending { Order::Descending } else { Order::Ascending },
                filter: filter.clone(),
                text: (!words.is_empty()).then(|| Search::parse(&words.join(" ")).unwrap()),
                time: Allowance::default(),
            })
            .unwrap();
        let found: Vec<Seq> = page.events.iter().map(|event| event.seq).collect();
        assert_eq!((found, page.more), (expected, more), "{question:?}");
    }

    /// After everything that was asked for is done, counts are those of what is kept.
    fn count(&self) {
        let index = self.index();
        settle(index, &self.log);
        for buckets in [1, 7, 500] {
            let to = Timestamp::from_unix_micros(i64::try_from(self.second).unwrap() * 1_000_000);
            let activity = index
                .activity(&ActivityQuery { room: 1, from: None, to, buckets, time: Allowance::default() })
                .unwrap();
            for bucket in &activity.buckets {
                let at = u64::try_from(bucket.at.unix_micros() / 1_000_000).unwrap();
                let mut here = self
                    .kept
                    .iter()
                    .filter(|draft| (at..at + activity.step_s).contains(&draft.second))
                    .peekable();
                assert_eq!(Some(bucket.seq), here.peek().map(|draft| draft.seq));
                let (failed, worked): (Vec<&Draft>, Vec<&Draft>) = here.partition(|draft| !draft.success);
                assert_eq!(bucket.failures, failed.len() as u64);
                assert_eq!(bucket.events, (failed.len() + worked.len()) as u64);
                assert_eq!(bucket.by_spell.iter().sum::<u64>(), bucket.events);
            }
            let events: u64 = activity.buckets.iter().map(|bucket| bucket.events).sum();
            assert_eq!(events, self.kept.len() as u64);
        }
    }
}

/// Whether the words of `word` stand next to each other in one of the event's texts.
fn has(draft: &Draft, word: &str, prefix: bool) -> bool {
    let split = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let wanted = split(word);
    let fits = |window: &[String]| {
        let (last, before) = wanted.split_last().unwrap();
        let (end, rest) = window.split_last().unwrap();
        before == rest && (end == last || (prefix && end.starts_with(last)))
    };
    [draft.description.as_str(), &draft.task, draft.daemon.as_deref().unwrap_or_default()]
        .into_iter()
        .any(|text| split(text).windows(wanted.len()).any(fits))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_page_is_what_looking_at_every_event_gives(deeds in prop::collection::vec(deed(), 1..24)) {
        let mut world = World::new();
        for deed in deeds {
            world.act(deed);
        }
        world.count();
    }
}
