//! `cargo xtask`: sets the project up, runs it and tests it. `cargo xtask --help` says more.
#![expect(clippy::print_stdout, reason = "a command line talks")]

mod advisories;
#[cfg(unix)]
mod agents;
mod append;
mod bench;
mod browser;
mod cli;
mod compress;
mod dashboard;
mod dist;
mod glue;
mod help;
mod host;
mod hostile;
mod http;
mod lanes;
mod load;
mod native;
mod nats;
mod openapi;
mod page;
mod process;
mod project;
mod run;
mod size;
mod split;
mod steps;
mod suite;
mod tools;

use std::process::ExitCode;

fn main() -> ExitCode {
    let done = cli::Command::from_args().and_then(|command| command.perform());
    match done {
        Ok(code) => code,
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
