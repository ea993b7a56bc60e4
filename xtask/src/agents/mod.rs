//! `cargo xtask agents`: the real programs of coding agents, attached by `arcane attach` alone, against a real server: what they did, and what was told of it.

mod agent;
mod answering;
mod home;
mod human;
mod looping;
pub(crate) mod options;
mod page;
mod play;
mod programs;
mod remote;
mod running;
mod terminal;
mod told;
mod verdict;

use std::process::ExitCode;

use anyhow::Result;

use crate::project::{Build, Project};
use crate::{process, tools};
use options::Options;
use verdict::Verdict;

/// Drives the agents one after the other, and prints what was expected of each and what was seen.
pub(crate) fn perform(project: &Project, options: &Options) -> Result<ExitCode> {
    let arcane = match &options.binary {
        Some(binary) => binary.clone(),
        None => {
            let remedy = "the compiler's message above says what is wrong";
            process::run(&mut project.cargo_build(Build::Dev), remedy)?;
            project.server(Build::Dev)
        }
    };
    let packages = programs::install(project)?;
    let mut verdict = Verdict::default();
    for &agent in &options.agents {
        println!("\n━━ {}", agent.name());
        let is_answered = answering::AGENTS.contains(&agent);
        if options.answer && !is_answered {
            println!("what it asks is answered where it runs");
            continue;
        }
        let stage = play::Stage { project, arcane: &arcane, packages: &packages, options };
        if options.answer {
            match stage.play_answered(agent) {
                Ok(answered) => verdict.add_answered(agent.name(), &answered),
                Err(error) => verdict.fail(agent.name(), &error),
            }
            continue;
        }
        match stage.play(agent) {
            Ok(played) => verdict.add(agent.name(), &programs::version(&packages, agent)?, played),
            Err(error) => verdict.fail(agent.name(), &error),
        }
    }
    tools::tidy(project);
    println!("\n{}", verdict.text());
    Ok(if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
