//! What one run has shown, and whether it counts.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::metric::{Figures, Metric};
use super::options::{Options, Pace};
use super::order::Faults;

/// A run in which fewer of the events of its rate were published is none.
const RATE_REACHED_MIN: f64 = 0.9;

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) published: u64,
    pub(crate) expected: u64,
    pub(crate) delivered: u64,
    pub(crate) faults: Faults,
    /// Requests without an answer.
    pub(crate) unanswered: u64,
    /// Clients that the server let go although it was not told to stop.
    pub(crate) lost: u64,
    /// Clients that were not told of the server's stop by its close code.
    pub(crate) not_notified: u64,
    pub(crate) figures: Figures,
}

impl Report {
    /// Every event exactly once, in order, to everybody who reads, and at the rate that was asked for.
    pub(crate) fn check(&self, options: &Options) -> Result<()> {
        let Self { published, expected, delivered, faults, unanswered, lost, not_notified, .. } = self;
        if expected != delivered || !faults.none() {
            bail!(
                "not exact: {published} events to {} readers are {expected} deliveries, and there were {delivered}: \
                 {} missing in between, {} repeated, {} late",
                options.readers(),
                faults.missing,
                faults.repeated,
                faults.late
            );
        }
        if *unanswered > 0 || *lost > 0 || *not_notified > 0 {
            bail!(
                "{unanswered} requests had no answer, {lost} clients were let go, \
                 {not_notified} were not told that the server stops"
            );
        }
        if let (Pace::Rate(rate), Some(&reached)) = (options.pace, self.figures.get(&Metric::EventsPerS))
            && reached < rate * RATE_REACHED_MIN
        {
            bail!("only {reached:.0} of {rate} events a second could be published");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::peer::Peer;
    use super::*;

    #[test]
    fn only_an_exact_run_counts() {
        let good = Report {
            published: 10,
            expected: 20,
            delivered: 20,
            faults: Faults::default(),
            unanswered: 0,
            lost: 0,
            not_notified: 0,
            figures: Figures::from([(Metric::EventsPerS, 95.0)]),
        };
        let mut options = Options::new(Peer::Arcane);
        assert!(good.check(&options).is_ok());
        let bad: [fn(&mut Report); 6] = [
            |report| report.delivered = 19,
            |report| report.delivered = 21,
            |report| report.faults.late = 1,
            |report| report.unanswered = 1,
            |report| report.lost = 1,
            |report| report.not_notified = 1,
        ];
        for (nth, spoil) in bad.iter().enumerate() {
            let mut report = good.clone();
            spoil(&mut report);
            assert!(report.check(&options).is_err(), "{nth}");
        }
        options.pace = Pace::Rate(100.0);
        assert!(good.check(&options).is_ok());
        options.pace = Pace::Rate(110.0);
        assert!(good.check(&options).is_err());
    }
}
