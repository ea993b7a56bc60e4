//! `cargo xtask hostile`: honest clients beside thousands of hostile ones, and beside a control under the same attack.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "figures of a run of seconds, and addresses that were cut to their width before"
)]

mod attack;
mod crash;
mod median;
pub(crate) mod options;
mod phase;
mod position;
mod publisher;
mod reader;
mod server;
mod verdict;

use std::io::Write as _;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::host;
use crate::load::peer::Peer;
use crate::project::Project;
use options::{From, Options};
use phase::Honest;
use server::{Server, Starter};
use verdict::{Crash, Measured, Outcome, Run};

/// When memory and files are looked at again after an attack.
const AFTER: Duration = Duration::from_secs(10);

/// Attacks both servers in turn, then kills this project's, prints the table, and fails where a bound is missed.
pub(crate) fn perform(project: &Project, options: &Options) -> Result<ExitCode> {
    if let Some(attack) = &options.attack {
        attack::perform(options.connections, attack)?;
        return Ok(ExitCode::SUCCESS);
    }
    host::raise_open_files();
    let cores = host::two_cores();
    let starter = Starter::new(project, options, cores)?;
    if let Some([_, others]) = cores {
        host::pin(others)?;
    }
    if cfg!(debug_assertions) {
        println!("The readers and the attackers are not optimised: cargo run --release -p xtask -- hostile");
    }
    if let Err(error) = Command::new(attack::CHRT).arg("--version").stdout(Stdio::null()).status() {
        println!(
            "The attackers are nice, but hold the readers' core now and then: {}: {error}",
            attack::CHRT
        );
    }
    let mut rounds = Vec::new();
    let control = starter.start(Peer::Bun)?;
    let mut server = starter.start(Peer::Arcane)?;
    let honest = [Honest::start(Peer::Arcane, server.port)?, Honest::start(Peer::Bun, control.port)?];
    for round in 1..=options.rounds {
        println!("round {round} of {}", options.rounds);
        let mut phases = Vec::new();
        for from in [None, Some(From::One), Some(From::Many)] {
            for (server, honest) in [&server, &control].into_iter().zip(&honest) {
                phases.push(phase_of(&starter, options, server, honest, from)?);
            }
        }
        rounds.push(phases);
    }
    let [honest, control_honest] = honest;
    drop((control_honest, control));
    let (outcome, crash) = kill(&starter, options, &mut server, &honest)?;
    let phases = median::of(&rounds);
    let run = Run { connections: options.connections, phases, outcome, crash };
    Ok(tell(&run))
}

fn phase_of(
    starter: &Starter<'_>,
    options: &Options,
    server: &Server,
    honest: &Honest,
    from: Option<From>,
) -> Result<Measured> {
    let attack = from.map_or("no attack", From::name);
    print!("{}: {attack} …", server.peer.name());
    // Only for who watches.
    let _ = std::io::stdout().flush();
    let mut measured = phase::measure(starter, options, server, honest, from)
        .with_context(|| format!("{}, {attack}", server.peer.name()))?;
    if from.is_some() {
        thread::sleep(AFTER);
    }
    measured.after = server.held();
    println!(" p99 {:.2} ms, {:.0} % of a core", measured.p99_ms, measured.cpu_percent);
    Ok(measured)
}

fn kill(
    starter: &Starter<'_>,
    options: &Options,
    server: &mut Server,
    honest: &Honest,
) -> Result<(Outcome, Crash)> {
    let outcome = honest.outcome();
    println!("{}: kill -9 under attack …", server.peer.name());
    Ok((outcome, crash::perform(starter, options, server, honest)?))
}

fn tell(run: &Run) -> ExitCode {
    println!("\n{} connections of attackers\n\n{}", run.connections, run.table());
    let bounds = run.bounds();
    for bound in &bounds {
        println!("- {}: {}", if bound.met { "met" } else { "MISSED" }, bound.what);
    }
    if bounds.iter().all(|bound| bound.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
