//! `cargo xtask bench`: the project beside its peers, in one run.

mod clustered;
mod goal;
mod machine;
mod page;
pub(crate) mod peers;
pub(crate) mod plan;
mod results;
mod rig;
mod rooms;
mod scenario;
mod server;
pub(crate) mod table;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::host;
use crate::load::metric::{Figures, Metric};
use crate::load::options::Options;
use crate::load::peer::Peer;
use crate::project::Project;
use goal::{Judged, number};
use machine::Shared;
use peers::Ready;
pub(crate) use peers::load;
use plan::Plan;
use results::Results;
use scenario::Scenario;
use server::{Lab, Rig};

const PAGE: &str = "docs/benchmarks.md";

/// Measures what is planned, prints it, and renews the page.
pub(crate) fn perform(project: &Project, plan: &Plan) -> Result<ExitCode> {
    let cores = if plan.of_a_cluster { None } else { host::two_cores() };
    let (ready, skipped, rig) = get_peers(project, plan);
    let lab = Lab { project, xtask: peers::load(project)?, cores, rig };
    if ready.is_empty() {
        bail!("there is nobody to measure");
    }
    let shared = match cores {
        Some(_) => Shared::Apart,
        None if plan.of_a_cluster => Shared::Together,
        None => Shared::NotApart,
    };
    let mut text = machine::describe(project, &ready, shared, &plan.line);
    text.push_str("\n\n");
    if shared == Shared::NotApart {
        text.push_str(
            "Server and load were not kept apart, which takes Linux and two cores: figures of the processor say little.\n\n",
        );
    }
    text.extend(skipped.iter().map(|skipped| format!("- SKIPPED: {skipped}\n\n")));
    let (mut judged, mut failures) = (Vec::new(), 0);
    for scenario in plan.scenarios().iter().filter(|scenario| plan.wants(scenario.name)) {
        let results = measure(&lab, &ready, scenario, plan);
        let section = page::section(scenario, &results);
        println!("\n{}", section.trim_end());
        text.push_str(&section);
        judged.extend(page::judge(scenario, &results));
        failures += results.failures().len();
    }
    finish(project, plan, &text, &judged, failures)
}

fn get_peers(project: &Project, plan: &Plan) -> (Vec<Ready>, Vec<String>, Option<Rig>) {
    let (mut ready, mut skipped) = (Vec::new(), Vec::new());
    let mut rig = None;
    if plan.of_a_cluster {
        // Servers and files of a cluster take more than most systems give a process.
        host::raise_open_files();
        match peers::rig(project) {
            Ok(one) => rig = Some(one),
            Err(error) => skipped.push(format!("all that needs nats-server: {error:#}")),
        }
    }
    let has = |peer: &&Peer| rig.is_some() || !peer.is_of_the_rig();
    for &peer in plan.peers.iter().filter(has) {
        match peers::get(project, peer) {
            Ok(one) => ready.push(one),
            Err(error) => skipped.push(format!("{}: {error:#}", peer.name())),
        }
    }
    skipped.iter().for_each(|skipped| println!("SKIPPED: {skipped}"));
    (ready, skipped, rig)
}

/// All rounds; in each, everybody has a turn, so that what else the machine does hits all alike.
fn measure(lab: &Lab<'_>, ready: &[Ready], scenario: &Scenario, plan: &Plan) -> Results {
    println!("\n━━ {}: {}", scenario.name, scenario.about);
    let mut results = Results::default();
    for round in 0..plan.rounds {
        for run in &scenario.runs {
            let mut turn: Vec<&Ready> = ready.iter().filter(|one| run.peers.contains(&one.peer)).collect();
            let first = round as usize % turn.len().max(1);
            turn.rotate_left(first);
            for one in turn {
                let mut options = Options { time: plan.time, ..Options::new(one.peer) };
                (run.load)(&mut options);
                let outcome = lab.run(one, options).map_err(|error| format!("{error:#}"));
                let shown = outcome
                    .as_ref()
                    .map_or_else(|error| format!("FAILED: {error}"), |it| brief(scenario, it));
                println!("{}/{} {:<6} {:<26} {shown}", round + 1, plan.rounds, one.peer.name(), run.label);
                results.add(run.label, one.peer, outcome);
            }
        }
    }
    results
}

fn brief(scenario: &Scenario, figures: &Figures) -> String {
    let show = |metric: &Metric| Some(format!("{} {}", metric.title(), number(*figures.get(metric)?)));
    scenario.columns.iter().take(3).filter_map(show).collect::<Vec<_>>().join("; ")
}

fn finish(
    project: &Project,
    plan: &Plan,
    text: &str,
    judged: &[Judged],
    failures: usize,
) -> Result<ExitCode> {
    let verdict = page::verdict(judged);
    println!("\n{verdict}");
    if plan.write {
        let path = project.root.join(PAGE);
        let page = fs::read_to_string(&path).with_context(|| format!("reading {PAGE}"))?;
        let page = page::renew(&page, &format!("**{verdict}.**\n\n{text}"), plan.of_a_cluster)?;
        fs::write(&path, page).with_context(|| format!("writing {PAGE}"))?;
        println!("{PAGE} is renewed.");
    } else {
        println!("{PAGE} stays as it is: a whole run renews it, or --write.");
    }
    if failures > 0 {
        println!("Failed runs: {failures}; what went wrong is told above.");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
