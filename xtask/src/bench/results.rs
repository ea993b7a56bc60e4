//! What all rounds of a scenario have shown.

use super::goal::Cell;
use crate::load::metric::Figures;
use crate::load::peer::Peer;

/// A round of one peer.
#[derive(Debug)]
struct Sample {
    run: &'static str,
    peer: Peer,
    outcome: Result<Figures, String>,
}

/// All rounds.
#[derive(Debug, Default)]
pub(crate) struct Results(Vec<Sample>);

impl Results {
    /// Adds a round of one peer.
    pub(crate) fn add(&mut self, run: &'static str, peer: Peer, outcome: Result<Figures, String>) {
        self.0.push(Sample { run, peer, outcome });
    }

    /// Whether a peer took part in a run.
    pub(crate) fn has(&self, run: &str, peer: Peer) -> bool {
        self.0.iter().any(|sample| sample.run == run && sample.peer == peer)
    }

    /// The median over the rounds that were exact.
    pub(crate) fn median(&self, cell: Cell) -> Option<f64> {
        let samples = self.0.iter().filter(|sample| sample.run == cell.run && sample.peer == cell.peer);
        let figures = samples.filter_map(|sample| sample.outcome.as_ref().ok());
        median(figures.filter_map(|figures| figures.get(&cell.metric).copied()).collect())
    }

    /// What went wrong, each once.
    pub(crate) fn failures(&self) -> Vec<String> {
        let mut all = Vec::new();
        for Sample { run, peer, outcome } in &self.0 {
            if let Err(error) = outcome {
                let run = if run.is_empty() { String::new() } else { format!(" ({run})") };
                let text = format!("{}{run}: {error}", peer.name());
                if !all.contains(&text) {
                    all.push(text);
                }
            }
        }
        all
    }
}

/// The middle one, or between the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], *upper) } else { *upper })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::metric::Metric;

    #[test]
    fn medians_of_few_and_none() {
        let table: [(&[f64], Option<f64>); 4] =
            [(&[], None), (&[3.0], Some(3.0)), (&[9.0, 1.0], Some(5.0)), (&[9.0, 1.0, 2.0], Some(2.0))];
        for (values, expected) in table {
            assert_eq!(median(values.to_vec()), expected);
        }
    }

    #[test]
    fn a_failed_round_is_told_and_does_not_count() {
        let mut results = Results::default();
        for p99 in [1.0, 5.0, 3.0] {
            results.add("", Peer::Bun, Ok(Figures::from([(Metric::P99Ms, p99)])));
        }
        results.add("", Peer::Bun, Err("not exact".to_owned()));
        results.add("", Peer::Bun, Err("not exact".to_owned()));
        assert_eq!(results.median(Cell::of(Peer::Bun, Metric::P99Ms)), Some(3.0));
        assert_eq!(results.median(Cell::of(Peer::Bun, Metric::P50Ms)), None);
        assert_eq!(results.failures(), ["bun: not exact"]);
        assert!(results.has("", Peer::Bun) && !results.has("", Peer::Raw));
    }
}
