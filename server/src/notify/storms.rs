//! Whether an agent's calls fail one after another. Pure.
//!
//! The page calls more than five failures within ten seconds, of all agents together, a storm: there it is about what flashes. A single agent
//! needs longer for each of its calls, so here it is more than five failures of one daemon within a minute.

use std::collections::{BTreeMap, VecDeque};

use arcane_shared::DaemonName;

use super::Millis;
use super::sight::Failures;

/// Failures within [`WINDOW_MS`] beyond which it is a storm: as many as the page has it.
pub(super) const STORM_COUNT: usize = 5;
/// See [`STORM_COUNT`]; a storm ends when nothing has failed for as long.
pub(super) const WINDOW_MS: Millis = 60_000;

/// The failures of the daemons of one room.
#[derive(Debug, Default)]
pub(super) struct Storms(BTreeMap<DaemonName, Failing>);

#[derive(Debug, Default)]
struct Failing {
    count: u64,
    /// The latest failures within the window, the oldest first; no more than are needed.
    at: VecDeque<Millis>,
    is_storm: bool,
}

impl Storms {
    /// Failures as they were when they were first looked at: none of them is new.
    pub(super) fn after(failures: &[Failures]) -> Self {
        let failing = |failures: &Failures| {
            (failures.daemon.clone(), Failing { count: failures.count, ..Failing::default() })
        };
        Self(failures.iter().map(failing).collect())
    }

    /// Takes failures as they are at a moment; gives those daemons whose storm begins.
    pub(super) fn take<'f>(&mut self, failures: &'f [Failures], now: Millis) -> Vec<&'f Failures> {
        // Of whom the roster has forgotten the failures, they are forgotten.
        self.0.retain(|daemon, _| failures.iter().any(|failures| failures.daemon == *daemon));
        let mut begun = Vec::new();
        for failures in failures {
            let failing = self.0.entry(failures.daemon.clone()).or_default();
            let new = failures.count.saturating_sub(failing.count);
            failing.count = failures.count;
            if new > 0 && failing.fail(new, now) {
                begun.push(failures);
            }
        }
        begun
    }
}

impl Failing {
    /// So many calls have failed; says whether a storm begins.
    fn fail(&mut self, new: u64, now: Millis) -> bool {
        let is_quiet = self.at.back().is_none_or(|last| now.saturating_sub(*last) > WINDOW_MS);
        self.is_storm &= !is_quiet;
        self.at.retain(|at| now.saturating_sub(*at) <= WINDOW_MS);
        for _ in 0..new.min(STORM_COUNT as u64 + 1) {
            if self.at.len() > STORM_COUNT {
                self.at.pop_front();
            }
            self.at.push_back(now);
        }
        let begins = !self.is_storm && self.at.len() > STORM_COUNT;
        self.is_storm |= begins;
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(count: u64) -> Vec<Failures> {
        vec![Failures { daemon: DaemonName::parse("claude").unwrap(), count, last: String::new() }]
    }

    #[test]
    fn the_sixth_failure_within_a_minute_begins_a_storm_which_is_told_once() {
        let mut storms = Storms::after(&failed(100));
        let mut begun = Vec::new();
        for n in 1..=20 {
            if !storms.take(&failed(100 + n), n * 5_000).is_empty() {
                begun.push(n);
            }
        }
        assert_eq!(begun, [6]);
        // After a quiet minute it is another one.
        assert!(storms.take(&failed(125), 100_000 + WINDOW_MS + 1).is_empty());
        assert_eq!(storms.take(&failed(126), 100_000 + WINDOW_MS + 2).len(), 1);
    }

    #[test]
    fn failures_that_are_far_apart_are_none() {
        let mut storms = Storms::default();
        assert!((1..100).all(|n| storms.take(&failed(n), n * 12_001).is_empty()));
    }

    #[test]
    fn a_daemon_that_was_forgotten_begins_anew() {
        let mut storms = Storms::after(&failed(50));
        assert!(storms.take(&[], 1).is_empty());
        assert!(storms.take(&failed(3), 2).is_empty());
        assert_eq!(storms.take(&failed(6), 3).len(), 1);
    }
}
