//! The generated part of docs/benchmarks.md.

use anyhow::{Context as _, Result};

use super::goal::{Cell, Judged, Verdict, number};
use super::results::Results;
use super::scenario::Scenario;
use super::table::Table;
use crate::load::peer::Peer;

const BEGIN: &str = "<!-- written by `cargo xtask bench` from here -->\n";
const BEGIN_OF_A_CLUSTER: &str = "<!-- written by `cargo xtask bench --cluster` from here -->\n";
const END: &str = "<!-- to here -->\n";

/// A scenario's tables and what went wrong in it.
pub(crate) fn section(scenario: &Scenario, results: &Results) -> String {
    let mut text = format!("### {}\n\n{}.\n\n", scenario.name, scenario.about);
    text.push_str(&figures(scenario, results).text());
    text.push('\n');
    let mut goals = Table::new(&["goal", "measured", ""], 3);
    for Judged { goal, measured, verdict } in judge(scenario, results) {
        goals.row(vec![goal, measured, verdict.word().to_owned()]);
    }
    text.push_str(&goals.text());
    text.push('\n');
    for failure in results.failures() {
        text.push_str(&format!("- FAILED: {failure}\n"));
    }
    if !text.ends_with("\n\n") {
        text.push('\n');
    }
    text
}

/// How a scenario's goals went.
pub(crate) fn judge(scenario: &Scenario, results: &Results) -> Vec<Judged> {
    scenario.goals.iter().map(|goal| goal.judge(|cell| results.median(cell))).collect()
}

/// One line about all goals.
pub(crate) fn verdict(judged: &[Judged]) -> String {
    let count = |verdict| judged.iter().filter(|goal| goal.verdict == verdict).count();
    let (met, missed, open) = (count(Verdict::Met), count(Verdict::Missed), count(Verdict::Open));
    format!("{met} of {} goals met, {missed} missed, {open} not measured", judged.len())
}

fn figures(scenario: &Scenario, results: &Results) -> Table {
    let labelled = scenario.runs.iter().any(|run| !run.label.is_empty());
    let words: &[&str] = if labelled { &["run", "peer"] } else { &["peer"] };
    let titles = scenario.columns.iter().map(|metric| metric.title());
    let mut table = Table::new(&words.iter().copied().chain(titles).collect::<Vec<_>>(), words.len());
    for run in &scenario.runs {
        for peer in Peer::ALL.into_iter().filter(|peer| results.has(run.label, *peer)) {
            let mut row = if labelled { vec![run.label.to_owned()] } else { vec![] };
            row.push(peer.name().to_owned());
            row.extend(scenario.columns.iter().map(|&metric| {
                let median = results.median(Cell { run: run.label, peer, metric });
                median.map_or_else(|| "—".to_owned(), number)
            }));
            table.row(row);
        }
    }
    table
}

/// The page with another generated part: the one of one server, or of a cluster.
pub(crate) fn renew(page: &str, generated: &str, of_a_cluster: bool) -> Result<String> {
    let begin = if of_a_cluster { BEGIN_OF_A_CLUSTER } else { BEGIN };
    let (before, rest) = page.split_once(begin).with_context(|| format!("the line {begin:?} is missing"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("the line {END:?} is missing"))?;
    Ok(format!("{before}{begin}\n{}\n\n{END}{after}", generated.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::scenario;
    use crate::load::metric::{Figures, Metric};

    #[test]
    fn what_is_written_by_hand_stays() {
        let page = format!("# Title\n\n{BEGIN}old\n{END}\nMore.\n");
        let once = renew(&page, "\nnew | table\n", false).unwrap();
        assert_eq!(once, format!("# Title\n\n{BEGIN}\nnew | table\n\n{END}\nMore.\n"));
        assert_eq!(renew(&once, "new | table", false).unwrap(), once);
        assert!(renew("# Title", "new", false).is_err() && renew(&once, "new", true).is_err());
        let both = format!("{once}{BEGIN_OF_A_CLUSTER}old\n{END}");
        let both = renew(&both, "nodes", true).unwrap();
        assert_eq!(both, format!("{once}{BEGIN_OF_A_CLUSTER}\nnodes\n\n{END}"));
    }

    #[test]
    fn a_section_has_figures_goals_and_failures() {
        let scenarios = scenario::all();
        let fan_out = &scenarios[0];
        let run = fan_out.runs[0].label;
        let mut results = Results::default();
        for (peer, cpu) in [(Peer::Arcane, 0.2), (Peer::Bun, 0.25)] {
            results.add(run, peer, Ok(Figures::from([(Metric::CpuUsPerDelivery, cpu)])));
        }
        results.add(run, Peer::Nats, Err("it fell over".to_owned()));
        let text = section(fan_out, &results);
        for line in ["| arcane |", "0.200 / 0.250 = 0.80 | met", "not measured", "it fell over\n\n"] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("| raw"), "{text}");
        assert_eq!(verdict(&judge(fan_out, &results)), "1 of 4 goals met, 0 missed, 3 not measured");
    }
}
