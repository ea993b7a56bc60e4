//! How much is kept. Pure: rows in, how many may go out.

use arcane_shared::Seq;

pub use crate::config::Retention;

/// One of the oldest events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aged {
    pub(crate) seq: Seq,
    pub(crate) bytes: u64,
    /// Unix microseconds.
    pub(crate) at: i64,
}

/// What a room holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) first: Seq,
    pub(crate) head: Seq,
    pub(crate) bytes: u64,
}

impl Held {
    fn events(self) -> u64 {
        (self.head + 1).saturating_sub(self.first)
    }
}

impl Retention {
    /// Whether it is worth looking at the oldest events: deleting one with each event would cost as much
    /// again as writing it, so a hundredth more may be held.
    pub(crate) fn is_exceeded(&self, held: Held, oldest_at: Option<i64>, now: i64) -> bool {
        let slack = |max: u64| max.saturating_add(max / 100);
        held.events() > slack(self.events_max)
            || held.bytes > slack(self.bytes_max)
            || oldest_at.is_some_and(|at| self.is_old(at, now))
    }

    /// The first event that stays. `oldest`: the oldest events, in order, beginning with `held.first`.
    pub(crate) fn first_to_keep(&self, held: Held, oldest: &[Aged], now: i64) -> Seq {
        let (mut events, mut bytes, mut first) = (held.events(), held.bytes, held.first);
        for event in oldest {
            let exceeded = events > self.events_max || bytes > self.bytes_max || self.is_old(event.at, now);
            if !exceeded {
                break;
            }
            events -= 1;
            bytes = bytes.saturating_sub(event.bytes);
            first = event.seq + 1;
        }
        first
    }

    fn is_old(&self, at: i64, now: i64) -> bool {
        let age_max = i64::try_from(self.age_max.as_micros()).unwrap_or(i64::MAX);
        now.saturating_sub(at) > age_max
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_goes_is_the_oldest_and_no_more_than_needed(
            sizes in proptest::collection::vec((1_u64..100, 0_i64..50), 0..60),
            events_max in 1_u64..80, bytes_max in 1_u64..3000, age in 0_u64..60,
        ) {
            let retention = Retention { events_max, bytes_max, age_max: Duration::from_micros(age) };
            let mut at = 0;
            let all: Vec<Aged> = (1..).zip(&sizes).map(|(seq, (bytes, later))| {
                at += later;
                Aged { seq, bytes: *bytes, at }
            }).collect();
            let held = Held { first: 1, head: all.len() as u64, bytes: all.iter().map(|event| event.bytes).sum() };
            let now = at;
            let first = retention.first_to_keep(held, &all, now);
            let fits = |first: u64| {
                let kept = &all[usize::try_from(first).unwrap() - 1..];
                kept.len() as u64 <= events_max
                    && kept.iter().map(|event| event.bytes).sum::<u64>() <= bytes_max
                    && kept.iter().all(|event| now - event.at <= i64::try_from(age).unwrap())
            };
            prop_assert!(fits(first));
            prop_assert!(first == 1 || !fits(first - 1));
            if !retention.is_exceeded(held, all.first().map(|event| event.at), now) && first > 1 {
                prop_assert!(held.events() <= events_max + events_max / 100);
            }
        }
    }

    #[test]
    fn a_clock_that_was_set_back_purges_nothing() {
        let held = Held { first: 1, head: 1, bytes: 1 };
        let hour = 3_600_000_000;
        assert!(!Retention::default().is_exceeded(held, Some(hour), 0));
        assert_eq!(Retention::default().first_to_keep(held, &[Aged { seq: 1, bytes: 1, at: hour }], 0), 1);
    }
}
