//! Events of a room that are on their way to its stream together, and what becomes of them. Pure.
//!
//! One group is on its way at a time, so events are in the stream in the order in which they were offered: several are one
//! atomic batch. A group that is not answered is sent again as it was; the ids of its messages keep that from being twice.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arcane_shared::Seq;

use super::claim::Claim;
use super::decision::Decision;
use super::message::Entry;
use super::publish::{ANOTHER_LAST, BATCH_MAX, Condition, Outcome, Silence};
use super::way::{Way, state_of};
use crate::log::{Fault, LogError, Offer, Run};

/// How long a group is sent again: longer than servers take to choose another leader (4 to 9 s).
const AGAIN_MAX: Duration = Duration::from_secs(10);
/// Bytes of a group, give or take an offer.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// JetStream's answers after which the same may be taken: the cluster is not available now (10008), a batch that is not
/// whole since its server went away (10176), another message of the same id on its way ([`IN_PROCESS`]), another decision on
/// its way (10164), too many batches on the way (10210, 10211).
const PASSING: [u64; 6] = [10_008, IN_PROCESS, 10_164, 10_176, 10_210, 10_211];
/// JetStream's answer while its servers have not agreed on a message of the same id: from now on it may be in the stream.
const IN_PROCESS: u64 = 10_158;
/// Storage or memory that is full (10023, 10028, 10047, 10077).
const FULL: [u64; 4] = [10_023, 10_028, 10_047, 10_077];

/// An offer with the id of its first message: however often it is sent, it has the same.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) offer: Offer,
    pub(super) id: String,
}

impl Named {
    /// `other` is the id of what nobody sends again under a key.
    pub(super) fn new(offer: Offer, other: impl FnOnce() -> String) -> Self {
        let id = offer.id.map_or_else(other, |id| format!("k{id:032x}"));
        Self { offer, id }
    }
}

/// Events that are on their way together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) offers: Vec<Offer>,
    pub(super) entries: Vec<Entry>,
    /// The ids of its messages, and the numbers of those that have appeared.
    ids: HashMap<Arc<str>, Option<Seq>>,
    /// Of offers with a key: the id of their first message, and what the key is to stand for.
    claims: Vec<(Arc<str>, Claim)>,
    began: Instant,
    /// Whether the stream may have it.
    may_be_there: bool,
    /// If it is one.
    decision: Option<Decision>,
}

/// What follows from an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is in the stream: the first number.
    There(Seq),
    /// It is sent again in a moment.
    Again,
    /// Each of its offers is sent by itself.
    Apart,
    /// It is in the stream; where, is known once it appears.
    Appears,
    /// It failed.
    Failed(LogError),
}

impl Group {
    /// The next offers that go together; `None` if there are none.
    pub(super) fn form(queue: &mut VecDeque<Named>, now: Instant) -> Option<Self> {
        let (mut offers, mut entries, mut bytes) = (Vec::new(), Vec::new(), 0);
        let (mut claims, mut decision) = (Vec::new(), None);
        while let Some(Named { offer, .. }) = queue.front() {
            let size = offer.size();
            let fits = entries.len() + offer.bodies.len() <= BATCH_MAX && bytes + size <= BYTES_MAX;
            // A decision has a subject of its own, and waits for its answer alone.
            if !offers.is_empty() && (!fits || offer.made_on().is_some()) {
                break;
            }
            decision = offer.made_on().map(Decision::on);
            let Named { offer, id } = queue.pop_front()?;
            bytes += size;
            claims.extend(Claim::of(&offer).map(|claim| (id.as_str().into(), claim)));
            let mut records = offer.records.clone();
            entries.extend(offer.bodies.iter().enumerate().map(|(n, body)| Entry {
                body: body.clone(),
                records: std::mem::take(&mut records),
                id: if n == 0 { id.as_str().into() } else { format!("{id}.{n}").into() },
            }));
            if let (Some(last), Some(state)) = (entries.last_mut(), state_of(&offer)) {
                last.records.push(state);
            }
            offers.push(offer);
            if decision.is_some() {
                break;
            }
        }
        let ids = entries.iter().map(|entry| (Arc::clone(&entry.id), None)).collect();
        (!offers.is_empty()).then_some(Self {
            offers,
            entries,
            ids,
            claims,
            began: now,
            may_be_there: false,
            decision,
        })
    }

    /// Each of its offers as a group of its own, with what is known of it.
    pub(super) fn split(self) -> VecDeque<Self> {
        let Self { offers, entries, mut ids, mut claims, began, may_be_there, .. } = self;
        let mut entries = entries.into_iter();
        let each = offers.into_iter().map(|offer| {
            let own: Vec<Entry> = entries.by_ref().take(offer.bodies.len()).collect();
            let known = own.iter().map(|entry| (Arc::clone(&entry.id), ids.remove(&entry.id).flatten()));
            let ids = known.collect();
            let claims =
                claims.extract_if(.., |(id, _)| own.first().is_some_and(|first| first.id == *id)).collect();
            let decision = offer.made_on().map(Decision::on);
            Self { offers: vec![offer], entries: own, ids, claims, began, may_be_there, decision }
        });
        each.collect()
    }

    /// A message has appeared. Returns whether it is one of these: other content of the same key is not.
    pub(super) fn appeared(&mut self, entry: &Entry, seq: Seq) -> bool {
        let Some(at) = self.ids.get_mut(&entry.id) else { return false };
        let claims = self.claims.iter().filter(|(id, _)| *id == entry.id);
        if !claims.into_iter().all(|(_, claim)| claim.is_met(&entry.records)) {
            return false;
        }
        *at = Some(seq);
        true
    }

    /// The first number, if all of its messages have appeared, next to each other.
    pub(super) fn is_there(&self) -> Option<Seq> {
        let mut numbers = self.entries.iter().map(|entry| self.ids.get(&entry.id).copied().flatten());
        let first = numbers.next()??;
        (first + 1..).zip(numbers).all(|(next, at)| at == Some(next)).then_some(first)
    }

    /// What its events are sent under: the id of the first, and the claim of its key; `None` if it has several offers.
    pub(super) fn asks(&self) -> Option<(Arc<str>, Option<Claim>)> {
        let alone = self.entries.first().filter(|_| self.offers.len() == 1)?;
        Some((Arc::clone(&alone.id), self.claims.first().map(|(_, claim)| claim.clone())))
    }

    /// The numbers of each offer, in order, if the first has this one.
    pub(super) fn runs(&self, first: Seq) -> Vec<Run> {
        let mut next = first;
        let runs = self.offers.iter().map(|offer| {
            let run = Run { first: next, count: offer.bodies.len() as u64 };
            next += run.count;
            run
        });
        runs.collect()
    }

    /// Whether it was sent again for as long as it may.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        now.duration_since(self.began) >= AGAIN_MAX
    }

    /// What follows from what came of sending it.
    pub(super) fn answer(&mut self, outcome: Outcome, now: Instant) -> Next {
        if let Some(first) = self.is_there() {
            return Next::There(first);
        }
        match outcome {
            Outcome::Taken { first, .. } | Outcome::Again { first } => return Next::There(first),
            Outcome::AgainBatch if self.offers.len() > 1 => return Next::Apart,
            Outcome::AgainBatch => {
                self.may_be_there = true;
                if !self.is_late(now) {
                    return Next::Appears;
                }
            }
            Outcome::Other => return Next::Failed(LogError::new(Fault::OtherContent, "")),
            Outcome::Refused { code: ANOTHER_LAST, text } if self.decision.is_some() => {
                let outdated = self.decision.as_mut().and_then(|decision| decision.is_outdated(&text));
                if let Some(error) = outdated {
                    return Next::Failed(error);
                }
            }
            Outcome::Refused { code, text } if !PASSING.contains(&code) => {
                let text = format!("{text} (JetStream's error {code})");
                let (fault, text) = match self.may_be_there {
                    // A store that is full says so before it looks for the id.
                    true => (
                        Fault::Unknown,
                        format!("an attempt was not answered, and the next one was refused: {text}"),
                    ),
                    false if FULL.contains(&code) => (Fault::Full, text),
                    false => (Fault::Engine, text),
                };
                return Next::Failed(LogError::new(fault, text));
            }
            Outcome::Refused { code: IN_PROCESS, .. } => self.may_be_there = true,
            Outcome::Refused { .. } => {}
            // Of a batch it is not known: its first messages may have found a leader, and its last none.
            Outcome::Unanswered(Silence::NotSent) => {}
            Outcome::Unanswered(Silence::NoResponders) if self.entries.len() == 1 => {}
            Outcome::Unanswered(_) => self.may_be_there = true,
        }
        if !self.is_late(now) {
            return Next::Again;
        }
        let (fault, text) = if self.may_be_there {
            (Fault::Unknown, "no nats-server has answered for 10 s")
        } else {
            (Fault::Away, "none has taken this for 10 s; it was not published")
        };
        Next::Failed(LogError::new(fault, text))
    }

    /// What must hold for the stream to take it. `first`: the oldest message that the stream has.
    pub(super) fn condition(&self, first: Seq) -> Condition {
        self.decision.as_ref().map_or(Condition::None, |decision| decision.condition(first))
    }

    /// On which subject it goes.
    pub(super) fn way(&self) -> Way {
        self.offers.first().map_or(Way::Events, Way::of)
    }

    /// Its offers, to be sent each by itself.
    pub(super) fn into_offers(self) -> Vec<Offer> {
        self.offers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Body;
    use crate::log::{Continues, Level, Notify, Record, Turn};
    use arcane_shared::SpellName;

    fn offer(events: usize, id: Option<u128>) -> Offer {
        let body = Body {
            spell_name: SpellName::Reveal,
            daemon_name: None,
            success: true,
            at: 1,
            json: "{\"a\":1}".into(),
        };
        Offer {
            room: 1,
            bodies: vec![body; events],
            records: vec![Record::keep("color/main/claude", "#fff")],
            id,
            decided_on: None,
            continues: None,
            level: Level::Logged,
            turn: Turn::default(),
            done: Notify::nobody(),
        }
    }

    fn group(offers: Vec<Offer>) -> (Group, usize) {
        let named = (1..).zip(offers).map(|(n, offer)| Named::new(offer, || format!("n{n}")));
        let mut queue: VecDeque<Named> = named.collect();
        let group = Group::form(&mut queue, Instant::now()).unwrap();
        (group, queue.len())
    }

    fn named(id: &str) -> Entry {
        Entry { body: offer(1, None).bodies.remove(0), records: Vec::new(), id: id.into() }
    }

    #[test]
    fn what_appears_under_a_key_is_the_same_or_other_content() {
        let key = |content| Record::keep(format!("key/main/{:032x}", 0xab), format!("0 2 {content} 9"));
        let mut sent = offer(2, Some(0xab));
        sent.records.push(key(7));
        let (mut group, _) = group(vec![sent]);
        let [first, second] = [0, 1].map(|n| group.entries[n].clone());
        let other = Entry { records: vec![key(8)], ..first.clone() };
        assert!(!group.appeared(&other, 3) && group.appeared(&second, 4));
        assert_eq!(group.is_there(), None, "the first of these is another publication's");
        assert!(group.appeared(&first, 6));
        assert_eq!(group.is_there(), None, "they are not next to each other");
        group.appeared(&second, 7);
        assert_eq!(group.is_there(), Some(6));
        let Next::Failed(error) = group_of(&key(7)).answer(Outcome::Other, Instant::now()) else {
            unreachable!()
        };
        assert_eq!(error.fault, Fault::OtherContent);
    }

    fn group_of(key: &Record) -> Group {
        let mut sent = offer(2, Some(0xab));
        sent.records.push(key.clone());
        group(vec![sent]).0
    }

    #[test]
    fn offers_go_together_as_far_as_a_batch_goes_and_none_is_cut() {
        let (one, left) = group(vec![offer(3, None), offer(2, Some(0xab)), offer(996, None)]);
        let ids: Vec<_> = one.entries.iter().map(|entry| &*entry.id).collect();
        let key = "k000000000000000000000000000000ab";
        assert_eq!(ids, ["n1", "n1.1", "n1.2", key, &format!("{key}.1")]);
        assert_eq!(left, 1);
        let with_records: Vec<_> = one.entries.iter().map(|entry| entry.records.len()).collect();
        assert_eq!(with_records, [1, 0, 0, 1, 0], "records ride with the first event");
        assert_eq!(one.runs(7), [Run { first: 7, count: 3 }, Run { first: 10, count: 2 }]);
    }

    #[test]
    fn what_is_not_answered_is_sent_again_for_ten_seconds_and_then_unknown() {
        let (mut group, _) = group(vec![offer(1, None)]);
        let (now, late) = (Instant::now(), Instant::now() + AGAIN_MAX);
        let silent = |silence| Outcome::Unanswered(silence);
        let fault = |next| match next {
            Next::Failed(error) => error.fault,
            next => panic!("{next:?}"),
        };
        assert_eq!(group.answer(silent(Silence::NoResponders), now), Next::Again);
        assert_eq!(fault(group.answer(silent(Silence::NotSent), late)), Fault::Away);
        assert_eq!(group.answer(silent(Silence::Late), now), Next::Again);
        assert_eq!(fault(group.answer(silent(Silence::NoResponders), late)), Fault::Unknown);
        assert!(group.appeared(&named("n1"), 9) && !group.appeared(&named("n2"), 10));
        assert_eq!(group.answer(silent(Silence::Late), late), Next::There(9), "it was there all the time");
    }

    #[test]
    fn a_batch_with_a_known_id_is_taken_apart_and_then_awaited() {
        let (mut both, _) = group(vec![offer(2, Some(1)), offer(2, None), offer(1, None)]);
        assert!([("n2", 5), ("n2.1", 6), ("n3", 7)].iter().all(|(id, seq)| both.appeared(&named(id), *seq)));
        assert_eq!(both.answer(Outcome::AgainBatch, Instant::now()), Next::Apart);
        let mut each = both.split();
        let ids = |group: &Group| group.entries.iter().map(|entry| entry.id.to_string()).collect::<Vec<_>>();
        assert_eq!(ids(&each[1]), ["n2", "n2.1"], "it is not another message when it is sent again");
        assert_eq!((each[0].is_there(), each[1].is_there(), each[2].is_there()), (None, Some(5), Some(7)));
        let mut alone = each.pop_front().unwrap();
        assert_eq!(alone.answer(Outcome::AgainBatch, Instant::now()), Next::Appears);
        let full = || Outcome::Refused { code: 10_047, text: "insufficient storage".into() };
        let fault = |group: &mut Group| match group.answer(full(), Instant::now()) {
            Next::Failed(error) => error.fault,
            next => panic!("{next:?}"),
        };
        assert_eq!(fault(&mut alone), Fault::Unknown, "an earlier attempt may be there");
        assert_eq!(fault(&mut group(vec![offer(2, None)]).0), Fault::Full);
    }

    #[test]
    fn a_decision_goes_alone_and_is_outdated_by_the_next_one() {
        let decision = || Offer { decided_on: Some(7), ..offer(1, None) };
        let (before, left) = group(vec![offer(1, None), decision(), offer(1, None)]);
        assert_eq!((before.condition(1), before.entries.len(), left), (Condition::None, 1, 2));
        let (mut one, left) = group(vec![decision(), offer(1, None)]);
        assert_eq!((one.entries.len(), left), (1, 1));
        assert_eq!(one.condition(7), Condition::LastOfSubject(7));
        let another = Outcome::Refused { code: ANOTHER_LAST, text: "wrong last sequence: 9".into() };
        let Next::Failed(error) = one.answer(another, Instant::now()) else { unreachable!() };
        assert_eq!(error.fault, Fault::Outdated);
    }

    #[test]
    fn events_of_a_session_go_alone_on_its_subject_and_the_last_has_the_state() {
        let continues = Continues { session: 0xab, on: 3, state: Some("{}".into()) };
        let of_a_session = Offer { continues: Some(continues), ..offer(2, None) };
        let (one, left) = group(vec![of_a_session, offer(1, None)]);
        assert_eq!((one.way(), one.condition(1), left), (Way::Session(0xab), Condition::LastOfSubject(3), 1));
        let state = Record::keep("session/00000000000000ab", "{}");
        assert_eq!(one.entries.iter().filter(|entry| entry.records.contains(&state)).count(), 1);
        assert_eq!(one.entries.last().unwrap().records, [state]);
        assert_eq!(group(vec![offer(1, None)]).0.way(), Way::Events);
    }

    #[test]
    fn what_is_on_its_way_under_the_same_id_may_be_there() {
        let (mut group, _) = group(vec![offer(1, Some(1))]);
        let in_process = Outcome::Refused { code: 10_158, text: "duplicate message id is in process".into() };
        assert_eq!(group.answer(in_process.clone(), Instant::now()), Next::Again);
        let Next::Failed(error) = group.answer(in_process, Instant::now() + AGAIN_MAX) else {
            unreachable!()
        };
        assert_eq!(error.fault, Fault::Unknown);
    }
}
