//! The command line.
#![expect(clippy::print_stdout, reason = "a command line talks")]

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use lexopt::prelude::*;

use crate::fault::Fault;
use crate::nats::{config::Sync, program};
use crate::raw::{self, Options};
use crate::up;

/// Does what this process was asked for.
///
/// # Errors
/// If an option is none, or the servers cannot be run.
pub async fn perform() -> Result<ExitCode> {
    let Some(options) = options()? else {
        println!("`cargo xtask cluster --help` says what it does.");
        return Ok(ExitCode::SUCCESS);
    };
    let options = match options {
        Wanted::Up { servers, sync } => {
            up::up(&program(), servers, sync, |line| println!("{line}")).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Wanted::Raw(options) => options,
    };
    println!("seed {}", options.seed);
    let report = raw::run(&program(), &options).await?;
    println!("{report}");
    let is_right = report.findings.is_empty() != options.plants_loss;
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is to be done.
enum Wanted {
    /// Servers are there until they are ended.
    Up { servers: usize, sync: Sync },
    /// A stream of theirs suffers.
    Raw(Options),
}

fn options() -> Result<Option<Wanted>> {
    let mut options = Options {
        kinds: vec![Fault::Kill],
        faults: 10,
        seed: rand::random::<u32>().into(),
        sync: Sync::Default,
        publishers: 3,
        plants_loss: false,
    };
    let mut up = None;
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(None),
            Value(word) if word == "up" => up = up.or(Some(3)),
            Long("servers") if up.is_some() => up = Some(args.value()?.parse::<usize>()?.clamp(1, 7)),
            Long("faults") => {
                options.kinds =
                    Fault::parse_list(&args.value()?.string()?).map_err(|error| anyhow!(error))?;
            }
            Long("count") => options.faults = args.value()?.parse()?,
            Long("seed") => options.seed = args.value()?.parse()?,
            Long("publishers") => options.publishers = args.value()?.parse::<usize>()?.max(1),
            Long("synced") => options.sync = Sync::Always,
            Long("plant-loss") => options.plants_loss = true,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(
        up.map_or_else(|| Wanted::Raw(options.clone()), |servers| Wanted::Up { servers, sync: options.sync }),
    ))
}
