//! Sums of metrics: what each report adds to those before, whichever way a program counts. Pure.
//!
//! Programs count from the report before (delta), or from their own start (cumulative). A report that comes again, or too late, adds nothing.

use std::collections::HashMap;

use arcane_shared::DaemonName;

use super::super::sign::{By, Sign, Usage, Via, What, Who};
use super::model::{Temporality, moment};

/// Most series that are known; beyond that the one that was not heard of for longest counts as new.
const SERIES_MAX: usize = 4_096;
/// Most reports of a series that are remembered, so that one which comes again adds nothing.
const REPORTS_MAX: usize = 8;

/// What a sum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Tokens that were read. `all`: those of a cache are among them.
    Input {
        all: bool,
    },
    /// Tokens that were written. `all`: those of reasoning are among them.
    Output {
        all: bool,
    },
    CacheRead,
    CacheWrite,
    Reasoning,
    Dollars,
}

/// One report of a sum.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sum {
    /// Tells its series from all others.
    pub(crate) series: u64,
    pub(crate) daemon: DaemonName,
    /// Empty: the program does not say.
    pub(crate) session: Box<str>,
    pub(crate) source: &'static str,
    pub(crate) metric: Box<str>,
    pub(crate) by: By,
    pub(crate) part: Part,
    /// The model, if the program says.
    pub(crate) model: Option<Box<str>>,
    pub(crate) temporality: Temporality,
    pub(crate) start_nanos: u64,
    pub(crate) nanos: u64,
    pub(crate) value: f64,
}

/// What was reported of a series.
#[derive(Debug, Clone, Default)]
struct Series {
    last: f64,
    nanos: u64,
    /// Times of the latest reports.
    reports: Vec<u64>,
    heard: u64,
}

/// All series.
#[derive(Debug)]
pub(crate) struct Totals {
    /// What was counted before this adds nothing: an earlier run may have told of it. Unix nanoseconds.
    born_nanos: u64,
    series: HashMap<u64, Series>,
    clock: u64,
}

impl Totals {
    pub(crate) fn new(born_nanos: u64) -> Self {
        Self { born_nanos, series: HashMap::new(), clock: 0 }
    }

    /// What reports of one request add, as one sign for each session and model that they are of.
    pub(crate) fn take(&mut self, sums: Vec<Sum>) -> Vec<Sign> {
        let mut accounts: Vec<(Sum, Added)> = Vec::new();
        for sum in sums {
            let more = self.added(&sum);
            if more <= 0.0 {
                continue;
            }
            let same = |(of, _): &&mut (Sum, Added)| {
                of.daemon == sum.daemon
                    && of.session == sum.session
                    && of.by == sum.by
                    && of.model == sum.model
            };
            match accounts.iter_mut().find(same) {
                Some((_, added)) => added.add(sum.part, more),
                None => {
                    let mut added = Added::default();
                    added.add(sum.part, more);
                    accounts.push((sum, added));
                }
            }
        }
        accounts.into_iter().map(|(of, added)| added.sign(of)).collect()
    }

    /// What a report adds.
    fn added(&mut self, sum: &Sum) -> f64 {
        if !sum.value.is_finite() || sum.value < 0.0 {
            return 0.0;
        }
        self.clock += 1;
        let clock = self.clock;
        if self.series.len() >= SERIES_MAX
            && !self.series.contains_key(&sum.series)
            && let Some(oldest) =
                self.series.iter().min_by_key(|(_, series)| series.heard).map(|(key, _)| *key)
        {
            self.series.remove(&oldest);
        }
        let born = self.born_nanos;
        let mut is_new = false;
        let series = self.series.entry(sum.series).or_insert_with(|| {
            is_new = true;
            Series::default()
        });
        series.heard = clock;
        match sum.temporality {
            Temporality::Unspecified => 0.0,
            Temporality::Delta => {
                if series.reports.contains(&sum.nanos) {
                    return 0.0;
                }
                if series.reports.len() >= REPORTS_MAX {
                    series.reports.remove(0);
                }
                series.reports.push(sum.nanos);
                sum.value
            }
            Temporality::Cumulative => {
                if !is_new && sum.nanos <= series.nanos {
                    return 0.0;
                }
                let more = match is_new {
                    true if sum.start_nanos < born => 0.0,
                    true => sum.value,
                    // It began anew and does not say so.
                    false if sum.value < series.last => sum.value,
                    false => sum.value - series.last,
                };
                (series.last, series.nanos) = (sum.value, sum.nanos);
                more
            }
        }
    }
}

/// What reports of one session add up to.
#[derive(Debug, Default)]
struct Added {
    input: f64,
    /// Of the input: whether those of a cache are to be taken off.
    input_is_all: bool,
    output: f64,
    /// Reasoning is to be put to the output.
    output_is_all: bool,
    cache_read: f64,
    cache_write: f64,
    reasoning: f64,
    dollars: f64,
}

impl Added {
    fn add(&mut self, part: Part, more: f64) {
        match part {
            Part::Input { all } => {
                self.input += more;
                self.input_is_all |= all;
            }
            Part::Output { all } => {
                self.output += more;
                self.output_is_all |= all;
            }
            Part::CacheRead => self.cache_read += more,
            Part::CacheWrite => self.cache_write += more,
            Part::Reasoning => self.reasoning += more,
            Part::Dollars => self.dollars += more,
        }
    }

    fn sign(self, of: Sum) -> Sign {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative; a cast saturates"
        )]
        let count = |count: f64| (count > 0.0).then(|| count.round() as u64);
        let cached = if self.input_is_all { self.cache_read + self.cache_write } else { 0.0 };
        let reasoned = if self.output_is_all { 0.0 } else { self.reasoning };
        let usage = Usage {
            input: count(self.input - cached),
            output: count(self.output + reasoned),
            cache_read: count(self.cache_read),
            cache_write: count(self.cache_write),
            reasoning: count(self.reasoning),
            cost_usd: (self.dollars > 0.0).then_some(self.dollars),
            ..Usage::default()
        };
        let who = Who {
            daemon: of.daemon,
            session: of.session,
            agent: None,
            cwd: None,
            host: None,
            model: of.model,
            turn: None,
            at: moment(of.nanos),
            sent_at: None,
        };
        let model = who.model.as_deref().unwrap_or_default();
        let key = Some(format!("{} {} {model}", of.metric, of.nanos).into());
        let what = What::Usage { usage, key, by: of.by };
        Sign { who, via: Via::Twin, source: of.source, event: of.metric, what }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(temporality: Temporality, start: u64, at: u64, value: f64) -> Sum {
        Sum {
            // A program's own start is part of what tells its series apart.
            series: if temporality == Temporality::Cumulative { start } else { 0 },
            daemon: DaemonName::parse("qwen").unwrap(),
            session: "s".into(),
            source: "qwen-otlp",
            metric: "tokens".into(),
            by: By::Metric,
            part: Part::Output { all: true },
            model: None,
            temporality,
            start_nanos: start,
            nanos: at,
            value,
        }
    }

    fn told(totals: &mut Totals, sums: &[Sum]) -> u64 {
        let signs = totals.take(sums.to_vec());
        signs
            .iter()
            .map(|sign| match &sign.what {
                What::Usage { usage, .. } => usage.output.unwrap_or_default(),
                _ => 0,
            })
            .sum()
    }

    #[test]
    fn deltas_add_up_and_one_that_is_sent_again_adds_nothing() {
        let delta = |at, value| sum(Temporality::Delta, at - 1, at, value);
        let mut totals = Totals::new(0);
        let all = [delta(1, 5.0), delta(2, 7.0), delta(2, 7.0), delta(4, 1.0), delta(3, 2.0)];
        assert_eq!(told(&mut totals, &all), 15);
        assert_eq!(told(&mut totals, &all), 0);
    }

    #[test]
    fn cumulative_sums_add_what_they_grew_by_and_begin_anew_with_their_program() {
        let at = |start, at, value| sum(Temporality::Cumulative, start, at, value);
        let mut totals = Totals::new(100);
        for (sum, more) in [
            (at(100, 101, 10.0), 10),
            (at(100, 102, 15.0), 5),
            (at(100, 102, 15.0), 0),
            // Overtaken.
            (at(100, 101, 10.0), 0),
            // The program began anew, and a second one runs beside it.
            (at(200, 201, 4.0), 4),
            (at(150, 202, 1000.0), 1000),
            (at(200, 203, 6.0), 2),
            (at(150, 204, 1001.0), 1),
            // It began anew and does not say so.
            (at(200, 205, 3.0), 3),
            // Nobody knows how much of it was told by an earlier run of the server.
            (at(50, 206, 77.0), 0),
            (at(50, 207, 80.0), 3),
            (sum(Temporality::Unspecified, 0, 9, 9.0), 0),
            (at(100, 300, f64::NAN), 0),
            (at(100, 301, -1.0), 0),
        ] {
            assert_eq!(told(&mut totals, std::slice::from_ref(&sum)), more, "{sum:?}");
        }
    }

    #[test]
    fn series_have_a_bound() {
        let mut totals = Totals::new(0);
        for start in 0..2 * SERIES_MAX as u64 {
            told(&mut totals, &[sum(Temporality::Cumulative, start, start + 1, 1.0)]);
        }
        assert_eq!(totals.series.len(), SERIES_MAX);
    }

    proptest! {
        #[test]
        fn in_any_order_a_cumulative_sum_tells_no_more_than_it_is(order in Just((1..20_u32).collect::<Vec<_>>()).prop_shuffle()) {
            let mut totals = Totals::new(0);
            let all: Vec<Sum> = order.iter().map(|at| sum(Temporality::Cumulative, 1, (*at).into(), (*at).into())).collect();
            prop_assert_eq!(told(&mut totals, &all), 19);
        }
    }
}
