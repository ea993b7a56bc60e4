//! Calls that are made again and again, each time with one result. Pure.
//!
//! A call counts on while nothing new comes in between: a call that is not among the latest [`SEEN_CALLS`] of its agent lets all begin anew,
//! another result of a call lets that one begin anew. So a loop of several calls is found, and an edit between two runs of a test is none.

use arcane_shared::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::sign::Usage;

/// Calls of an agent among which a call is known: one that is not is new.
pub(super) const SEEN_CALLS: u64 = 16;

/// What was spent, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Spent {
    /// Tokens of all kinds that are paid for.
    pub(super) tokens: u64,
    /// Dollars; absent: nobody told of any.
    pub(super) cost_usd: Option<f64>,
}

impl Spent {
    /// What was spent since an earlier moment.
    fn since(self, earlier: Self) -> Self {
        let cost_usd = self.cost_usd.map(|cost| (cost - earlier.cost_usd.unwrap_or_default()).max(0.0));
        Self { tokens: self.tokens.saturating_sub(earlier.tokens), cost_usd }
    }
}

/// One call that has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    /// Tells the tool and all that it was given.
    pub(super) call: u64,
    /// Tells what it gave; `None`: its agent does not say.
    pub(super) result: Option<u64>,
    /// When it ended.
    pub(super) at: Timestamp,
}

/// What is to be told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    /// The call that has just ended was made so often.
    Loops {
        /// The call, in words.
        task: Box<str>,
        /// How often.
        count: u64,
        /// When the first of them ended.
        since: Timestamp,
        /// What its agent has spent since then.
        spent: Spent,
    },
    /// What was told to go on and on does so no longer: so often it was made.
    Ends {
        /// The call, in words.
        task: Box<str>,
        /// How often.
        count: u64,
    },
}

/// A call among the latest ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Run {
    call: u64,
    result: u64,
    /// How often it gave this result, nothing new in between; 0: something new came.
    count: u64,
    since: Timestamp,
    /// What was spent before the first of them ended.
    before: Spent,
    /// Which call of its agent it was last.
    last: u64,
}

/// A loop that was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Looping {
    /// Of this call, and so often when it was told last.
    Of { call: u64, task: Box<str>, told: u64 },
    /// One of an earlier run of the server: of a call in these words, made so often by then, since then.
    Adopted { task: Box<str>, count: u64, since: Timestamp },
}

/// The latest calls of an agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Loops {
    /// At most [`SEEN_CALLS`], and the one that has just ended.
    runs: Vec<Run>,
    calls: u64,
    spent: Spent,
    looping: Option<Looping>,
}

impl Loops {
    /// Its agent has spent something.
    pub(super) fn spend(&mut self, usage: &Usage) {
        let kinds = [usage.input, usage.output, usage.cache_read, usage.cache_write];
        let tokens = kinds.into_iter().flatten().fold(0, u64::saturating_add);
        self.spent.tokens = self.spent.tokens.saturating_add(tokens);
        if let Some(cost) = usage.cost_usd {
            self.spent.cost_usd = Some(self.spent.cost_usd.unwrap_or_default() + cost);
        }
    }

    /// A loop that was told in an earlier run of the server: it goes on, or ends, with the next call.
    pub(super) fn adopt(&mut self, task: &str, count: u64, since: Timestamp) {
        self.looping = Some(Looping::Adopted { task: task.into(), count, since });
    }

    /// The words of the call that was told to be made again and again.
    pub(super) fn task_mut(&mut self) -> Option<&mut Box<str>> {
        match &mut self.looping {
            Some(Looping::Of { task, .. } | Looping::Adopted { task, .. }) => Some(task),
            None => None,
        }
    }

    /// A call has ended, in these words. `after`: how often a call is made before that is told; at least 2.
    pub(super) fn end(&mut self, made: Made, task: &str, after: u64) -> Vec<Told> {
        self.calls += 1;
        let (now, seen_from) = (self.calls, self.calls.saturating_sub(SEEN_CALLS));
        self.runs.retain(|run| run.last >= seen_from);
        let known = self.runs.iter().position(|run| run.call == made.call);
        if known.is_none() {
            self.runs.iter_mut().for_each(|run| run.count = 0);
        }
        let adopted = match &self.looping {
            Some(Looping::Adopted { task: known, count, since }) if **known == *task => {
                Some((*count, *since))
            }
            _ => None,
        };
        let new = Run { call: made.call, result: 0, count: 0, since: made.at, before: self.spent, last: now };
        let mut run = known.map_or(new, |at| self.runs.remove(at));
        match made.result {
            Some(result) if run.count > 0 && run.result == result => run.count += 1,
            Some(result) => {
                let (count, since) = adopted.map_or((1, made.at), |(count, since)| (count + 1, since));
                run = Run { result, count, since, before: self.spent, ..run };
            }
            None => run.count = 0,
        }
        run.last = now;
        self.runs.push(run);
        if adopted.is_some() && run.count > 0 {
            let told = run.count - 1;
            self.looping = Some(Looping::Of { call: run.call, task: task.into(), told });
        }
        self.told(run, task, after)
    }

    /// How often a call that begins was made before, where that was the last that was told of a loop; `None`: there is nothing to ask.
    pub(super) fn asks_at(&self, call: u64) -> Option<u64> {
        let Some(Looping::Of { call: of, told, .. }) = &self.looping else { return None };
        let run = self.runs.iter().find(|run| run.call == call && run.call == *of)?;
        (run.count == *told).then_some(run.count)
    }

    /// Something else begins: a prompt, another turn, the end of its session.
    pub(super) fn settle(&mut self) -> Option<Told> {
        self.runs.clear();
        self.end_looping()
    }

    fn told(&mut self, run: Run, task: &str, after: u64) -> Vec<Told> {
        let mut told = Vec::new();
        let goes_on = match &self.looping {
            None | Some(Looping::Adopted { .. }) => false,
            // With another result it has begun anew.
            Some(Looping::Of { call, told, .. }) => {
                self.runs.iter().any(|run| run.call == *call && run.count >= *told)
            }
        };
        if !goes_on {
            told.extend(self.end_looping());
        }
        let due = match &self.looping {
            Some(Looping::Of { call, told, .. }) => *call == run.call && run.count >= told.saturating_mul(2),
            _ => run.count >= after && run.count == told_up_to(run.count, after),
        };
        if due {
            self.looping = Some(Looping::Of { call: run.call, task: task.into(), told: run.count });
            let spent = self.spent.since(run.before);
            told.push(Told::Loops { task: task.into(), count: run.count, since: run.since, spent });
        }
        told
    }

    fn end_looping(&mut self) -> Option<Told> {
        let (task, count) = match self.looping.take()? {
            Looping::Of { task, told, .. } => (task, told),
            Looping::Adopted { task, count, .. } => (task, count),
        };
        Some(Told::Ends { task, count })
    }
}

/// The latest count that is told: `after`, twice that, four times that …; `after` where it is not reached.
fn told_up_to(count: u64, after: u64) -> u64 {
    let mut told = after.max(1);
    while told.saturating_mul(2) <= count {
        told *= 2;
    }
    told
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(call: u64, result: u64) -> Made {
        Made { call, result: Some(result).filter(|result| *result != 9), at: Timestamp::from_unix_micros(0) }
    }

    /// What is told of calls with results, after three: "L3" of a loop, "E3" of its end.
    fn told(calls: &[(u64, u64)]) -> Vec<String> {
        let mut loops = Loops::default();
        let words = |told: Told| match told {
            Told::Loops { task, count, .. } => format!("L{count} {task}"),
            Told::Ends { task, count } => format!("E{count} {task}"),
        };
        let end = |(call, result): &(u64, u64)| loops.end(made(*call, *result), &call.to_string(), 3);
        calls.iter().flat_map(end).map(words).collect()
    }

    #[test]
    fn a_loop_is_told_and_at_each_doubling_and_its_end() {
        let mut calls = vec![(1, 0); 2];
        assert_eq!(told(&calls), [""; 0]);
        calls.extend(vec![(1, 0); 11]);
        assert_eq!(told(&calls), ["L3 1", "L6 1", "L12 1"]);
        calls.push((2, 0));
        assert_eq!(told(&calls).last().unwrap(), "E12 1");
    }

    #[test]
    fn several_calls_in_turn_are_a_loop_that_is_told_of_one() {
        let calls: Vec<_> = (0..12).map(|n| (n % 2, 0)).collect();
        // The second call is new after the first, which begins anew.
        assert_eq!(told(&calls), ["L3 1", "L6 1"]);
        let edited: Vec<_> = (0..40).map(|n| if n % 2 == 0 { (0, 0) } else { (n, 0) }).collect();
        assert_eq!(told(&edited), [""; 0]);
    }

    #[test]
    fn another_result_and_one_that_is_not_told_are_no_loop() {
        assert_eq!(told(&[(1, 0), (1, 1), (1, 0), (1, 1), (1, 0), (1, 1)]), [""; 0]);
        assert_eq!(told(&[(1, 9); 10]), [""; 0]);
        assert_eq!(told(&[(1, 0), (1, 0), (1, 0), (1, 1)]), ["L3 1", "E3 1"]);
    }

    #[test]
    fn a_loop_of_an_earlier_run_goes_on_or_ends() {
        let mut loops = Loops::default();
        loops.adopt("cargo test", 3, Timestamp::from_unix_micros(0));
        let mut end = |call, task: &str| loops.end(made(call, 0), task, 3);
        assert_eq!(end(1, "cargo test"), []);
        assert_eq!(end(1, "cargo test"), []);
        assert!(matches!(&end(1, "cargo test")[..], [Told::Loops { count: 6, .. }]));
        let mut loops = Loops::default();
        loops.adopt("cargo test", 3, Timestamp::from_unix_micros(0));
        assert!(matches!(&loops.end(made(2, 0), "ls", 3)[..], [Told::Ends { count: 3, .. }]));
        assert_eq!(loops.settle(), None);
    }

    #[test]
    fn what_a_loop_has_cost_is_what_was_spent_since_its_first_call() {
        let mut loops = Loops::default();
        let usage = |cost: f64| Usage { input: Some(100), cost_usd: Some(cost), ..Usage::default() };
        for _ in 0..3 {
            loops.spend(&usage(0.25));
            let told = loops.end(made(1, 0), "ls", 3);
            if let [Told::Loops { spent, .. }] = &told[..] {
                assert_eq!(*spent, Spent { tokens: 200, cost_usd: Some(0.5) });
                return;
            }
        }
        panic!("no loop was told");
    }

    #[test]
    fn it_is_asked_once_for_each_time_that_a_loop_is_told() {
        let mut loops = Loops::default();
        let asks: Vec<bool> = (0..14)
            .map(|_| {
                let asks = loops.asks_at(1).is_some();
                loops.end(made(1, 0), "ls", 3);
                asks
            })
            .collect();
        let at: Vec<usize> = asks.iter().enumerate().filter(|(_, asks)| **asks).map(|(at, _)| at).collect();
        assert_eq!(at, [3, 6, 12]);
    }

    /// How often the last of some calls was made by now, read off the calls themselves.
    fn count(calls: &[(u64, u64)]) -> u64 {
        let now = calls.len() - 1;
        let (call, result) = calls[now];
        let mut count = 0;
        for at in (0..=now).rev() {
            let seen = &calls[at.saturating_sub(16)..at];
            if calls[at].0 == call {
                if calls[at].1 != result || result == 9 {
                    break;
                }
                count += 1;
            }
            if !seen.iter().any(|(other, _)| *other == calls[at].0) {
                break;
            }
        }
        count
    }

    proptest! {
        #[test]
        fn whatever_is_called_counts_are_those_that_can_be_read_off_the_calls(
            calls in proptest::collection::vec((0..24_u64, prop_oneof![4 => Just(0_u64), 1 => 0..3_u64, 1 => Just(9_u64)]), 1..120),
            few in proptest::collection::vec((0..3_u64, 0..2_u64), 0..60),
            after in 2..6_u64,
        ) {
            let mut loops = Loops::default();
            let calls: Vec<_> = calls.into_iter().chain(few).collect();
            let mut looping = false;
            for at in 0..calls.len() {
                let told = loops.end(made(calls[at].0, calls[at].1), "x", after);
                let run = loops.runs.last().unwrap();
                prop_assert_eq!((run.call, run.count), (calls[at].0, count(&calls[..=at])));
                prop_assert!(loops.runs.len() <= 17);
                for told in told {
                    // A loop ends before another begins, and each count that is told was reached.
                    match told {
                        Told::Ends { .. } => {
                            prop_assert!(looping);
                            looping = false;
                        }
                        Told::Loops { count, .. } => {
                            prop_assert!(count == run.count && count >= after);
                            looping = true;
                        }
                    }
                }
            }
            prop_assert_eq!(loops.settle().is_some(), looping);
        }
    }
}
