//! One figure for each phase out of several rounds.

use super::server::Held;
use super::verdict::Measured;

/// The median of each phase's latencies and processor time, and the worst of what it held. All rounds have the same
/// phases in the same order; what the attackers said is the last round's.
pub(crate) fn of(rounds: &[Vec<Measured>]) -> Vec<Measured> {
    let Some(last) = rounds.last() else { return Vec::new() };
    let phase = |at: usize, last: &Measured| {
        let each: Vec<&Measured> = rounds.iter().filter_map(|round| round.get(at)).collect();
        let median = |of: fn(&Measured) -> f64| median(each.iter().map(|phase| of(phase)).collect());
        let worst = |of: fn(&Measured) -> Held| {
            each.iter().map(|phase| of(phase)).reduce(Held::most).unwrap_or_default()
        };
        Measured {
            p50_ms: median(|phase| phase.p50_ms),
            p99_ms: median(|phase| phase.p99_ms),
            max_ms: median(|phase| phase.max_ms),
            cpu_percent: median(|phase| phase.cpu_percent),
            // What was there before the first attack is what has to be there after the last.
            before: each.first().map(|phase| phase.before).unwrap_or_default(),
            most: worst(|phase| phase.most),
            after: worst(|phase| phase.after),
            ..last.clone()
        }
    };
    last.iter().enumerate().map(|(at, last)| phase(at, last)).collect()
}

/// Of an even number, the higher of the two in the middle.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::verdict::tests::phase;
    use crate::load::peer::Peer;

    #[test]
    fn latencies_are_medians_and_what_is_held_is_the_worst() {
        let round = |p99_ms: f64, files| {
            let mut phase = phase(Peer::Arcane, None, p99_ms);
            (phase.before.files, phase.after.files) = (files, files + 1);
            vec![phase]
        };
        let [phase] = of(&[round(9.0, 70), round(1.0, 90), round(2.0, 80)]).try_into().unwrap();
        assert_eq!((phase.p99_ms, phase.before.files, phase.after.files), (2.0, 70, 91));
        assert_eq!((phase.peer, phase.from), (Peer::Arcane, None));
        assert!(of(&[]).is_empty());
    }
}
