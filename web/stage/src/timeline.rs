//! Events per second by spell, for the strip at the bottom and the rate in the header.

use arcane_shared::{AnySpell, SpellName};

/// Seconds kept.
pub const SECONDS: usize = 300;
/// The same, to reckon with times.
const SPAN: i64 = 300;
const _: () = assert!(SPAN.unsigned_abs() == SECONDS as u64, "they are the same");
/// The six spells, and a place for unknown ones.
pub const KINDS: usize = 7;

/// One second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bucket {
    /// Events by spell, in the order of [`SpellName::ALL`], unknown ones last.
    pub by_kind: [u32; KINDS],
    /// How many of them failed.
    pub failures: u32,
}

impl Bucket {
    /// All events of the second.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.by_kind.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }
}

/// The last [`SECONDS`] seconds.
#[derive(Debug, Clone)]
pub struct Timeline {
    buckets: Vec<Bucket>,
    newest: i64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { buckets: vec![Bucket::default(); SECONDS], newest: i64::MIN / 2 }
    }
}

/// Where a spell is counted.
#[must_use]
pub fn kind(spell: &AnySpell) -> usize {
    spell.known().and_then(|known| SpellName::ALL.iter().position(|s| *s == known)).unwrap_or(KINDS - 1)
}

impl Timeline {
    /// Counts an event at Unix `millis`. What is older than the strip is left out.
    pub fn add(&mut self, millis: f64, spell: &AnySpell, success: bool) {
        let Some(second) = second_of(millis) else { return };
        self.turn_to(second);
        if let Some(bucket) = self.bucket_mut(second) {
            bucket.by_kind[kind(spell)] = bucket.by_kind[kind(spell)].saturating_add(1);
            bucket.failures += u32::from(!success);
        }
    }

    /// Moves on to Unix `millis`, with empty seconds where nothing happened.
    pub fn advance(&mut self, millis: f64) {
        if let Some(second) = second_of(millis) {
            self.turn_to(second);
        }
    }

    /// Oldest first; the last is the newest second.
    pub fn buckets(&self) -> impl Iterator<Item = &Bucket> {
        let split = slot(self.newest + 1);
        self.buckets[split..].iter().chain(&self.buckets[..split])
    }

    /// The newest second, Unix.
    #[must_use]
    pub fn newest_second(&self) -> i64 {
        self.newest
    }

    /// Events a second over the last `seconds` complete ones.
    #[must_use]
    pub fn rate(&self, seconds: u32) -> f64 {
        let seconds = seconds.clamp(1, 60);
        let sum: f64 = (1..=i64::from(seconds))
            .map(|back| f64::from(self.buckets[slot(self.newest - back)].total()))
            .sum();
        sum / f64::from(seconds)
    }

    /// Events in the newest second so far and the one before: what the stage breathes with.
    #[must_use]
    pub fn recent(&self) -> u32 {
        self.buckets[slot(self.newest)].total().saturating_add(self.buckets[slot(self.newest - 1)].total())
    }

    fn bucket_mut(&mut self, second: i64) -> Option<&mut Bucket> {
        let age = self.newest - second;
        (0..SPAN).contains(&age).then(|| &mut self.buckets[slot(second)])
    }

    fn turn_to(&mut self, second: i64) {
        // A publisher's clock may be ahead; a second beyond the strip would wipe it.
        let steps = second - self.newest;
        if steps <= 0 {
            return;
        }
        for back in 0..steps.min(SPAN) {
            self.buckets[slot(second - back)] = Bucket::default();
        }
        self.newest = second;
    }
}

fn second_of(millis: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "within the years that timestamps can say")]
    let second = (millis / 1000.0).floor() as i64;
    (millis.is_finite() && millis.abs() < 3e14).then_some(second)
}

fn slot(second: i64) -> usize {
    usize::try_from(second.rem_euclid(SPAN)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rate_counts_complete_seconds() {
        let mut timeline = Timeline::default();
        for ms in 0..10_000 {
            if ms % 100 == 0 {
                timeline.add(f64::from(ms), &SpellName::Invoke.into(), true);
            }
        }
        assert!((timeline.rate(5) - 10.0).abs() < 1e-9);
        timeline.advance(60_000.0);
        assert!(timeline.rate(5).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn counts_are_exact_within_the_strip(
            events in proptest::collection::vec((0.0..400_000.0_f64, 0..7_usize, any::<bool>()), 0..300)
        ) {
            let mut sorted = events.clone();
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut timeline = Timeline::default();
            for (ms, which, success) in &sorted {
                let spell = SpellName::ALL.get(*which).map_or(AnySpell::Unknown("x".into()), |s| (*s).into());
                timeline.add(*ms, &spell, *success);
            }
            let newest = timeline.newest_second();
            let inside = |ms: f64| newest - second_of(ms).unwrap() <= 299;
            let expected = sorted.iter().filter(|(ms, ..)| inside(*ms)).count();
            let total: u32 = timeline.buckets().map(Bucket::total).sum();
            prop_assert_eq!(total as usize, expected);
            let failures: u32 = timeline.buckets().map(|b| b.failures).sum();
            prop_assert_eq!(failures as usize, sorted.iter().filter(|(ms, _, ok)| !ok && inside(*ms)).count());
        }

        #[test]
        fn absurd_times_are_left_out(ms: f64) {
            let mut timeline = Timeline::default();
            timeline.add(ms, &SpellName::Voice.into(), false);
            timeline.advance(ms);
            prop_assert!(timeline.buckets().count() == SECONDS);
        }
    }
}
