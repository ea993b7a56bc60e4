//! The table of a hostile run, and which bounds were missed.

use std::fmt::Write as _;
use std::time::Duration;

use super::options::From;
use super::phase::READERS;
use super::server::{Held, MEMORY_MIB};
use crate::load::peer::Peer;

/// How much longer honest readers may wait under attack.
const SLOWER_MAX: f64 = 2.0;
/// What the program and the caches of its log take besides the budget, MiB.
const PROGRAM_MIB: f64 = 32.0;
/// What a connection may cost besides the budget, KiB.
const CONNECTION_KIB: f64 = 16.0;
/// Files that the log may have opened meanwhile.
const FILES_MORE: u64 = 8;

/// One phase of one server.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) peer: Peer,
    /// None: no attack.
    pub(crate) from: Option<From>,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
    /// Of one core, by the server.
    pub(crate) cpu_percent: f64,
    pub(crate) before: Held,
    pub(crate) most: Held,
    /// Some time after the attack.
    pub(crate) after: Held,
    /// The attackers' last line.
    pub(crate) attackers: String,
}

/// What became of everything that was published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) acknowledged: u64,
    /// Events that readers lack, of all readers together.
    pub(crate) missing: u64,
    pub(crate) faults: u64,
    pub(crate) cuts: u64,
    /// Readers that went on where they had been.
    pub(crate) resumed: u64,
    /// Events that were sent again.
    pub(crate) again: u64,
}

/// What `kill -9` did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crash {
    pub(crate) back: Duration,
    /// Events that were acknowledged after it.
    pub(crate) after: u64,
    pub(crate) outcome: Outcome,
}

/// All of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) connections: usize,
    pub(crate) phases: Vec<Measured>,
    /// Of this project's server, before it was killed.
    pub(crate) outcome: Outcome,
    pub(crate) crash: Crash,
}

/// A bound, what was measured, and whether it was met.
#[derive(Debug, PartialEq)]
pub(crate) struct Bound {
    pub(crate) what: String,
    pub(crate) met: bool,
}

impl Run {
    fn p99(&self, peer: Peer, from: Option<From>) -> f64 {
        let phase = self.phases.iter().find(|phase| phase.peer == peer && phase.from == from);
        phase.map_or(f64::INFINITY, |phase| phase.p99_ms)
    }

    /// Every bound of the run.
    pub(crate) fn bounds(&self) -> Vec<Bound> {
        let mut bounds = Vec::new();
        let mut bound = |met: bool, what: String| bounds.push(Bound { what, met });
        for phase in self.phases.iter().filter(|phase| phase.peer == Peer::Arcane) {
            let Some(from) = phase.from else { continue };
            let (name, p99) = (from.name(), phase.p99_ms);
            let own = self.p99(Peer::Arcane, None);
            bound(
                p99 <= SLOWER_MAX * own,
                format!(
                    "p99, attack from {name}: {p99:.2} ms, at most {SLOWER_MAX} × {own:.2} ms without attack"
                ),
            );
            let control = self.p99(Peer::Bun, Some(from));
            bound(
                p99 <= control,
                format!("p99, attack from {name}: {p99:.2} ms, at most the control's {control:.2} ms"),
            );
            let budget = MEMORY_MIB as f64 + PROGRAM_MIB + self.connections as f64 * CONNECTION_KIB / 1024.0;
            let most = phase.most.rss_mib;
            bound(
                most <= budget,
                format!("memory, attack from {name}: {most:.0} MiB, at most {budget:.0} MiB"),
            );
            let (before, after) = (phase.before.files, phase.after.files);
            bound(
                after <= before + FILES_MORE,
                format!("open files after an attack from {name}: {after}, before it {before}"),
            );
        }
        bound(self.outcome.whole() && self.outcome.cuts == 0, format!("attacks: {}", self.outcome.line()));
        let crash = self.crash;
        bound(
            crash.outcome.whole() && crash.outcome.resumed == READERS as u64 && crash.after > 0,
            format!(
                "kill -9 under attack: back after {:.2} s, {} more events; {}",
                crash.back.as_secs_f64(),
                crash.after,
                crash.outcome.line()
            ),
        );
        bounds
    }

    /// The phases, as Markdown.
    pub(crate) fn table(&self) -> String {
        let mut table = String::from(
            "| server | attack from | p50 ms | p99 ms | max ms | % of a core | MiB before / most / after | files before / most / after | attackers: held / opened / let go / failed |\n|---|---|---|---|---|---|---|---|---|\n",
        );
        for phase in &self.phases {
            let Measured { before, most, after, .. } = phase;
            // A String takes everything.
            let _ = writeln!(
                table,
                "| {} | {} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} / {:.0} / {:.0} | {} / {} / {} | {} |",
                phase.peer.name(),
                phase.from.map_or("nowhere", From::name),
                phase.p50_ms,
                phase.p99_ms,
                phase.max_ms,
                phase.cpu_percent,
                before.rss_mib,
                most.rss_mib,
                after.rss_mib,
                before.files,
                most.files,
                after.files,
                phase.attackers.replace(' ', " / "),
            );
        }
        table
    }
}

impl Outcome {
    /// Whether every reader has every event once and in order.
    fn whole(&self) -> bool {
        self.acknowledged > 0 && self.missing == 0 && self.faults == 0
    }

    fn line(&self) -> String {
        format!(
            "{} events acknowledged, {} missing at readers, {} out of order; {} connections of readers cut, {} readers resumed, {} events sent again",
            self.acknowledged, self.missing, self.faults, self.cuts, self.resumed, self.again
        )
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn phase(peer: Peer, from: Option<From>, p99_ms: f64) -> Measured {
        let held = |rss_mib, files| Held { rss_mib, files };
        Measured {
            peer,
            from,
            p50_ms: 1.0,
            p99_ms,
            max_ms: p99_ms,
            cpu_percent: 50.0,
            before: held(40.0, 70),
            most: held(90.0, 1000),
            after: held(60.0, 78),
            attackers: String::from("1 2 3 4"),
        }
    }

    fn run() -> Run {
        let whole = Outcome { acknowledged: 9, resumed: READERS as u64, ..Outcome::default() };
        Run {
            connections: 0,
            phases: vec![
                phase(Peer::Arcane, None, 2.0),
                phase(Peer::Bun, None, 1.0),
                phase(Peer::Arcane, Some(From::One), 4.0),
                phase(Peer::Bun, Some(From::One), 4.0),
            ],
            outcome: Outcome { acknowledged: 5, ..Outcome::default() },
            crash: Crash { back: Duration::from_secs(1), after: 4, outcome: whole },
        }
    }

    fn missed(change: impl Fn(&mut Run)) -> Vec<String> {
        let mut run = run();
        change(&mut run);
        run.bounds().into_iter().filter(|bound| !bound.met).map(|bound| bound.what).collect()
    }

    type Change = fn(&mut Run);

    #[test]
    fn each_bound_is_missed_by_itself() {
        assert_eq!(missed(|_| {}), Vec::<String>::new());
        let table: [(&str, Change); 8] = [
            ("2 × 1.90 ms", |run| run.phases[0].p99_ms = 1.9),
            ("the control's 3.90 ms", |run| run.phases[3].p99_ms = 3.9),
            ("memory", |run| run.phases[2].most.rss_mib = 97.0),
            ("open files", |run| run.phases[2].after.files = 79),
            ("1 missing", |run| run.outcome.missing = 1),
            ("1 connections of readers cut", |run| run.outcome.cuts = 1),
            ("1 out of order", |run| run.crash.outcome.faults = 1),
            ("49 readers resumed", |run| run.crash.outcome.resumed = 49),
        ];
        for (what, change) in table {
            let missed = missed(change);
            assert!(missed.len() == 1 && missed[0].contains(what), "{what}: {missed:?}");
        }
    }

    #[test]
    fn the_table_has_a_line_for_each_phase() {
        let table = run().table();
        assert_eq!(table.lines().count(), 6);
        assert!(table.contains(
            "| arcane | one | 1.00 | 4.00 | 4.00 | 50 | 40 / 90 / 60 | 70 / 1000 / 78 | 1 / 2 / 3 / 4 |"
        ));
    }
}
