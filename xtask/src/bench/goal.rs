//! Whether a goal is met, by the medians of one run of all peers.

use crate::load::metric::Metric;
use crate::load::peer::Peer;

/// A place in a scenario's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) run: &'static str,
    pub(crate) peer: Peer,
    pub(crate) metric: Metric,
}

impl Cell {
    /// Of a scenario with one run.
    pub(crate) fn of(peer: Peer, metric: Metric) -> Self {
        Self { run: "", peer, metric }
    }

    /// How a sentence calls it.
    fn name(self, metric: bool) -> String {
        let Self { run, peer, .. } = self;
        let run = if run.is_empty() { String::new() } else { format!(" ({run})") };
        let metric = if metric { format!(": {}", self.metric.title()) } else { String::new() };
        format!("{}{run}{metric}", peer.name())
    }
}

/// What a figure must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// At most so many times another figure.
    Times(f64, Cell),
    /// At least so many times another figure.
    Share(f64, Cell),
    /// At most so much more than another figure.
    Plus(f64, Cell),
}

/// A figure and what it must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Goal {
    pub(crate) cell: Cell,
    pub(crate) bound: Bound,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// Something that it needs was not measured.
    Open,
}

impl Verdict {
    /// In a table.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
            Self::Open => "not measured",
        }
    }
}

/// A goal and how it went, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) goal: String,
    pub(crate) measured: String,
    pub(crate) verdict: Verdict,
}

impl Goal {
    /// Judges by what was measured.
    pub(crate) fn judge(&self, measured: impl Fn(Cell) -> Option<f64>) -> Judged {
        let value = measured(self.cell);
        let (wanted, compared) = match self.bound {
            Bound::AtMost(most) => (format!("<= {}", number(most)), value.map(|it| (number(it), it <= most))),
            Bound::AtLeast(least) => {
                (format!(">= {}", number(least)), value.map(|it| (number(it), it >= least)))
            }
            Bound::Times(factor, other) | Bound::Share(factor, other) => {
                let is_most = matches!(self.bound, Bound::Times(..));
                let both = value.zip(measured(other).filter(|other| *other > 0.0));
                let ratio = |(it, other): (f64, f64)| {
                    let text = format!("{} / {} = {:.2}", number(it), number(other), it / other);
                    (text, if is_most { it <= factor * other } else { it >= factor * other })
                };
                let sign = if is_most { "<=" } else { ">=" };
                (format!("{sign} {factor:?} x {}", other.name(false)), both.map(ratio))
            }
            Bound::Plus(more, other) => {
                let both = value.zip(measured(other));
                let difference = |(it, other): (f64, f64)| {
                    let text = format!("{} - {} = {}", number(it), number(other), number(it - other));
                    (text, it <= other + more)
                };
                (format!("<= {} more than {}", number(more), other.name(false)), both.map(difference))
            }
        };
        let (measured, verdict) = match compared {
            None => ("—".to_owned(), Verdict::Open),
            Some((text, true)) => (text, Verdict::Met),
            Some((text, false)) => (text, Verdict::Missed),
        };
        Judged { goal: format!("{} {wanted}", self.cell.name(true)), measured, verdict }
    }
}

/// A figure with as many places as mean something.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => grouped(value),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Cell = Cell { run: "deflated", peer: Peer::Arcane, metric: Metric::P99Ms };
    const THERE: Cell = Cell { run: "", peer: Peer::Bun, metric: Metric::P99Ms };

    fn judged(bound: Bound, here: Option<f64>, there: Option<f64>) -> Judged {
        Goal { cell: HERE, bound }.judge(|cell| if cell == HERE { here } else { there })
    }

    #[test]
    fn goals_are_met_up_to_their_bound() {
        use Verdict::{Met, Missed, Open};
        let table = [
            (Bound::AtMost(3.5), Some(3.5), None, Met),
            (Bound::AtMost(3.5), Some(3.6), None, Missed),
            (Bound::AtMost(3.5), None, None, Open),
            (Bound::AtLeast(50.0), Some(50.0), None, Met),
            (Bound::AtLeast(50.0), Some(49.0), None, Missed),
            (Bound::Times(0.5, THERE), Some(2.0), Some(4.0), Met),
            (Bound::Times(0.5, THERE), Some(2.1), Some(4.0), Missed),
            (Bound::Times(0.5, THERE), Some(2.0), None, Open),
            (Bound::Times(0.5, THERE), Some(2.0), Some(0.0), Open),
            (Bound::Share(0.7, THERE), Some(3.0), Some(4.0), Met),
            (Bound::Share(0.7, THERE), Some(2.7), Some(4.0), Missed),
            (Bound::Share(0.7, THERE), Some(2.7), None, Open),
            (Bound::Plus(1.0, THERE), Some(5.0), Some(4.0), Met),
            (Bound::Plus(1.0, THERE), Some(5.5), Some(4.0), Missed),
            (Bound::Plus(1.0, THERE), None, Some(4.0), Open),
        ];
        for (bound, here, there, verdict) in table {
            assert_eq!(judged(bound, here, there).verdict, verdict, "{bound:?} {here:?} {there:?}");
        }
    }

    #[test]
    fn a_judgement_shows_both_figures() {
        let Judged { goal, measured, .. } = judged(Bound::Times(1.1, THERE), Some(2.0), Some(4.0));
        assert_eq!((&*goal, &*measured), ("arcane (deflated): p99, ms <= 1.1 x bun", "2.00 / 4.00 = 0.50"));
        assert_eq!(judged(Bound::AtMost(1.0), None, None).measured, "—");
    }

    #[test]
    fn figures_have_the_places_that_mean_something() {
        let table =
            [(0.2604, "0.260"), (4.5, "4.50"), (12.34, "12.3"), (999.6, "1,000"), (1_234_567.0, "1,234,567")];
        for (value, text) in table {
            assert_eq!(number(value), text);
        }
        assert_eq!([number(-1234.0), number(0.0)], ["-1,234", "0.000"]);
    }
}
