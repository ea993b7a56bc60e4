//! How much happened when: what the strip draws, and the way from a moment to a number of the log.

use arcane_shared::{AnySpell, Epoch, Seq, SpellName, UnixMillis};
use serde_json::Value;

use crate::answers::epoch;
use crate::timeline::{Bucket, KINDS, kind};

/// Most stretches of time held; beyond that the oldest give way.
pub const SLOTS_MAX: usize = 1_000;

/// One stretch of time in which something happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    /// Its beginning.
    pub at: UnixMillis,
    /// Its first event.
    pub seq: Seq,
    /// What happened in it.
    pub bucket: Bucket,
}

/// How much happened when: only stretches in which something did, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The run of numbers.
    pub epoch: Epoch,
    /// The latest event that is counted here.
    pub head: Seq,
    /// When the log's oldest event was taken; `None` if it keeps none.
    pub oldest_at: Option<UnixMillis>,
    /// Milliseconds of one stretch.
    pub step_ms: f64,
    slots: Vec<Slot>,
}

/// Where a moment is in the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// Before this event; `None`: at the log's end, as far as is known here.
    Before(Option<Seq>),
    /// In a stretch with more events than are read at once: look closer at it.
    Within {
        /// Its beginning.
        from: UnixMillis,
        /// Its end.
        to: UnixMillis,
        /// The first event after it.
        next: Option<Seq>,
    },
}

impl Activity {
    /// Reads the answer of `GET /events/activity`. Stretches that cannot be read are left out.
    #[must_use]
    pub fn read(answer: &Value) -> Option<Self> {
        let buckets = answer["buckets"].as_array()?;
        let mut activity = Self {
            epoch: epoch(answer)?,
            head: 0,
            oldest_at: answer["oldest_at"].as_f64(),
            #[expect(clippy::cast_precision_loss, reason = "seconds of a few years")]
            step_ms: answer["step_s"].as_u64()?.max(1) as f64 * 1000.0,
            slots: Vec::new(),
        };
        for slot in buckets.iter().filter_map(slot).take(SLOTS_MAX) {
            if activity.slots.last().is_none_or(|last| last.at < slot.at && last.seq < slot.seq) {
                activity.slots.push(slot);
            }
        }
        // The room's own head may be ahead of what its log can show by now.
        if let Some(last) = activity.slots.last() {
            activity.head = (last.seq + u64::from(last.bucket.total())).saturating_sub(1);
        }
        Some(activity)
    }

    /// Nothing yet, in stretches of so many milliseconds: of events that come without a log.
    #[must_use]
    pub fn without_log(step_ms: f64) -> Self {
        let epoch = Epoch(String::new());
        Self { epoch, head: 0, oldest_at: None, step_ms: step_ms.max(1_000.0), slots: Vec::new() }
    }

    /// Counts an event that came after the answer.
    pub fn add(&mut self, seq: Seq, at: UnixMillis, spell: &AnySpell, success: bool) {
        if seq <= self.head || !at.is_finite() {
            return;
        }
        self.head = seq;
        self.oldest_at.get_or_insert(at);
        let begin = (at / self.step_ms).floor() * self.step_ms;
        if self.slots.last().is_none_or(|last| last.at < begin) {
            self.slots.push(Slot { at: begin, seq, bucket: Bucket::default() });
            if self.slots.len() > SLOTS_MAX {
                self.slots.remove(0);
            }
        }
        if let Some(last) = self.slots.last_mut() {
            let count = &mut last.bucket.by_kind[kind(spell)];
            *count = count.saturating_add(1);
            last.bucket.failures += u32::from(!success);
        }
    }

    /// What happened when, oldest first.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The stretch that a moment is in, if anything happened in it.
    #[must_use]
    pub fn slot_at(&self, at: UnixMillis) -> Option<&Slot> {
        let found = self.slots.get(self.after(at).checked_sub(1)?)?;
        (at < found.at + self.step_ms).then_some(found)
    }

    /// Where to read the log for a moment, if `limit` events are read at once.
    #[must_use]
    pub fn place(&self, at: UnixMillis, limit: u32) -> Place {
        let next = self.slots.get(self.after(at)).map(|slot| slot.seq);
        match self.slot_at(at) {
            Some(slot) if slot.bucket.total() > limit && self.step_ms > 1_000.0 => {
                Place::Within { from: slot.at, to: slot.at + self.step_ms, next }
            }
            _ => Place::Before(next),
        }
    }

    /// The first stretch after a moment.
    fn after(&self, at: UnixMillis) -> usize {
        self.slots.partition_point(|slot| slot.at <= at)
    }
}

fn slot(bucket: &Value) -> Option<Slot> {
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let mut by_kind = [0; KINDS];
    for (count, spell) in by_kind.iter_mut().zip(SpellName::ALL) {
        *count = small(bucket["by_spell"][spell.as_str()].as_u64().unwrap_or(0));
    }
    let named: u64 = by_kind.iter().map(|n| u64::from(*n)).sum();
    // Spells of a later version have no name here.
    by_kind[KINDS - 1] = small(bucket["events"].as_u64()?.saturating_sub(named));
    let failures = small(bucket["failures"].as_u64()?);
    Some(Slot {
        at: bucket["at"].as_f64()?,
        seq: bucket["seq"].as_u64()?,
        bucket: Bucket { by_kind, failures },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arcane_shared::Metadata;
    use arcane_shared::api::{ActivityAnswer, ActivityBucket};
    use proptest::prelude::*;

    fn answer(step_s: u64, counts: &[(u64, u64)]) -> Activity {
        let mut seq = 1;
        let buckets = counts.iter().map(|&(at, events)| {
            let by_spell: Metadata = serde_json::from_str(r#"{"invoke":1}"#).unwrap();
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let at = (at * step_s * 1000) as f64;
            seq += events;
            ActivityBucket { at, seq: seq - events, events, failures: 1, by_spell }
        });
        let buckets: Vec<ActivityBucket> = buckets.collect();
        let answer = ActivityAnswer {
            room: arcane_shared::RoomName::default(),
            epoch: Epoch("k".into()),
            oldest: 1,
            head: seq - 1,
            oldest_at: buckets.first().map(|bucket| bucket.at),
            head_at: None,
            step_s,
            buckets,
        };
        Activity::read(&serde_json::to_value(answer).unwrap()).unwrap()
    }

    #[test]
    fn a_moment_is_before_what_happened_next() {
        let activity = answer(10, &[(1, 3), (2, 2), (7, 4)]);
        assert_eq!(activity.head, 9);
        assert_eq!(activity.slots()[0].bucket.by_kind, [0, 1, 0, 0, 0, 0, 2]);
        let place = |at| activity.place(at, 100);
        assert_eq!(place(5_000.0), Place::Before(Some(1)));
        assert_eq!(place(10_000.0), Place::Before(Some(4)));
        assert_eq!(place(45_000.0), Place::Before(Some(6)));
        assert_eq!(place(75_000.0), Place::Before(None));
        assert_eq!(
            activity.place(12_000.0, 2),
            Place::Within { from: 10_000.0, to: 20_000.0, next: Some(4) }
        );
        assert_eq!(answer(1, &[(12, 3)]).place(12_500.0, 2), Place::Before(None));
    }

    #[test]
    fn what_comes_later_is_counted_once() {
        let mut activity = answer(10, &[(1, 3)]);
        for (seq, at) in [(3, 15_000.0), (4, 19_000.0), (5, 25_000.0), (5, 25_000.0), (6, 24_000.0)] {
            activity.add(seq, at, &SpellName::Summon.into(), seq != 6);
        }
        let shown: Vec<_> = activity.slots().iter().map(|s| (s.at, s.seq, s.bucket.total())).collect();
        assert_eq!(shown, [(10_000.0, 1, 4), (20_000.0, 5, 2)]);
        assert_eq!((activity.head, activity.slots()[1].bucket.failures), (6, 1));
    }

    proptest! {
        #[test]
        fn it_stays_in_order_and_bounded(times in proptest::collection::vec(0.0..1e7_f64, 0..3_000)) {
            let mut activity = answer(1, &[]);
            for (seq, at) in (1..).zip(&times) {
                activity.add(seq, *at, &SpellName::Invoke.into(), true);
            }
            let slots = activity.slots();
            prop_assert!(slots.len() <= SLOTS_MAX);
            prop_assert!(slots.windows(2).all(|two| two[0].at < two[1].at && two[0].seq < two[1].seq));
            prop_assert!(slots.len() == SLOTS_MAX
                || slots.iter().map(|slot| slot.bucket.total() as usize).sum::<usize>() == times.len());
        }
    }
}
