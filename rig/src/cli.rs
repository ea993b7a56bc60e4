//! The command line.
#![expect(clippy::print_stdout, reason = "a command line talks")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use lexopt::prelude::*;

use crate::fault::Fault;
use crate::nats::config::Sync;
use crate::nats::program;
use crate::up::Until;
use crate::{nodes, raw, up};

/// Publishers of the run without nodes, where nobody says.
const RAW_PUBLISHERS: usize = 3;
/// Faults of the run without nodes, where nobody says.
const RAW_FAULTS: usize = 10;
/// Servers of `up --raw`, where nobody says.
const SERVERS: usize = 3;

/// Does what this process was asked for.
///
/// # Errors
/// If an option is none, or servers or nodes cannot be run.
pub async fn perform() -> Result<ExitCode> {
    let Some(wanted) = Wanted::read(lexopt::Parser::from_env())? else {
        println!("`cargo xtask cluster --help` says what it does.");
        return Ok(ExitCode::SUCCESS);
    };
    let is_right = match wanted {
        Wanted::Up { arcane, servers, sync, until } => {
            let arcane = arcane.as_deref();
            up::up(&program(), arcane, servers, sync, until, |line| println!("{line}")).await?;
            true
        }
        Wanted::Raw(options) => {
            println!("seed {}", options.seed);
            let report = raw::run(&program(), &options).await?;
            println!("{report}");
            report.findings.is_empty() != options.plants_loss
        }
        Wanted::Nodes { arcane, options } => {
            println!("seed {}", options.seed);
            let report = nodes::run(&program(), &arcane, &options, |line| println!("{line}")).await?;
            println!("{report}");
            report.findings.is_empty()
        }
    };
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is to be done.
#[derive(Debug)]
enum Wanted {
    /// Servers, and nodes on them unless it is without, are there until they are ended.
    Up { arcane: Option<PathBuf>, servers: usize, sync: Sync, until: Until },
    /// A stream of the servers suffers.
    Raw(raw::Options),
    /// Nodes and their servers suffer.
    Nodes { arcane: PathBuf, options: nodes::Options },
}

/// What the command line says; what it does not say is left to each kind of run.
#[derive(Debug, Default)]
struct Said {
    is_up: bool,
    until: Until,
    is_raw: bool,
    kinds: Option<Vec<Fault>>,
    count: Option<usize>,
    publishers: Option<usize>,
    servers: Option<usize>,
    plants_loss: bool,
    rate: Option<u32>,
    time: Option<Duration>,
    arcane: Option<PathBuf>,
    /// Of a run with nodes only, as said.
    of_nodes: Option<String>,
}

impl Wanted {
    fn read(mut args: lexopt::Parser) -> Result<Option<Self>> {
        let mut said = Said { arcane: nodes::program(), ..Said::default() };
        let mut options = nodes::Options { seed: rand::random::<u32>().into(), ..nodes::Options::default() };
        while let Some(arg) = args.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Value(word) if word == "up" => said.is_up = true,
                Long("until-closed") => said.until = Until::Closed,
                Long("raw") => said.is_raw = true,
                Long("servers") => said.servers = Some(args.value()?.parse::<usize>()?.clamp(1, 7)),
                Long("arcane") => said.arcane = Some(std::path::absolute(args.value()?)?),
                Long("faults") => {
                    let list = args.value()?.string()?;
                    let kinds = if list == "none" { Ok(Vec::new()) } else { Fault::parse_list(&list) };
                    said.kinds = Some(kinds.map_err(|error| anyhow!(error))?);
                }
                Long("count") => said.count = Some(args.value()?.parse()?),
                Long("seed") => options.seed = args.value()?.parse()?,
                Long("publishers") => said.publishers = Some(args.value()?.parse::<usize>()?.max(1)),
                Long("synced") => options.sync = Sync::Always,
                Long("rate") => said.rate = Some(args.value()?.parse::<u32>()?.clamp(1, 100_000)),
                Long("seconds") => said.time = Some(Duration::from_secs(args.value()?.parse()?)),
                Long("plant-loss") => said.plants_loss = true,
                Long(other) => {
                    let other = other.to_owned();
                    read_of_nodes(&other, &mut args, &mut options)?;
                    said.of_nodes = Some(other);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        said.into_wanted(options).map(Some)
    }
}

/// Reads an option that only a run with nodes has.
fn read_of_nodes(name: &str, args: &mut lexopt::Parser, options: &mut nodes::Options) -> Result<()> {
    match name {
        "minutes" => {
            options.time = Duration::from_secs_f64(args.value()?.parse::<f64>()?.clamp(0.1, 1440.0) * 60.0);
            options.faults = None;
        }
        "events" => options.events = args.value()?.parse()?,
        "readers" => options.readers = args.value()?.parse()?,
        "casters" => options.casters = args.value()?.parse::<usize>()?.min(16),
        "arrays" => options.arrays = args.value()?.parse::<u32>()?.min(100),
        "drop" => options.drop_percent = args.value()?.parse::<f64>()?.clamp(0.0, 100.0),
        "no-consumer" => options.consumes = false,
        "no-race" => options.races = false,
        "keep" => options.keeps = true,
        other => return Err(Long(other).unexpected().into()),
    }
    Ok(())
}

impl Said {
    fn into_wanted(self, mut options: nodes::Options) -> Result<Wanted> {
        let Self {
            is_up,
            until,
            is_raw,
            kinds,
            count,
            publishers,
            servers,
            plants_loss,
            rate,
            time,
            arcane,
            of_nodes,
        } = self;
        let sync = options.sync;
        ensure!(
            servers.is_none() || is_up && is_raw,
            "--servers is for `up --raw`: nodes have three servers"
        );
        ensure!(until == Until::Interrupt || is_up, "--until-closed is for `up`");
        if is_up {
            let arcane = if is_raw { None } else { Some(arcane.context(MISSING)?) };
            return Ok(Wanted::Up { arcane, servers: servers.unwrap_or(SERVERS), sync, until });
        }
        if is_raw {
            if let Some(option) = of_nodes {
                return Err(anyhow!("--{option} is for a run with nodes, and not for --raw"));
            }
            let kinds = kinds.unwrap_or_else(|| vec![Fault::Kill]);
            let of_a_node = kinds.iter().find(|fault| fault.is_of_a_node());
            ensure!(
                of_a_node.is_none(),
                "--raw has no nodes, so no fault {}",
                of_a_node.map_or("", |f| f.as_str())
            );
            return Ok(Wanted::Raw(raw::Options {
                kinds,
                faults: count.unwrap_or(RAW_FAULTS),
                seed: options.seed,
                sync,
                publishers: publishers.unwrap_or(RAW_PUBLISHERS),
                rate,
                time: time.unwrap_or_default(),
                plants_loss,
            }));
        }
        ensure!(!plants_loss, "--plant-loss is for --raw");
        options.faults = count.or(options.faults);
        options.kinds = kinds.unwrap_or(options.kinds);
        options.rate = rate.unwrap_or(options.rate);
        options.time = time.unwrap_or(options.time);
        options.publishers = publishers.unwrap_or(options.publishers);
        Ok(Wanted::Nodes { arcane: arcane.context(MISSING)?, options })
    }
}

/// Without a program of nodes.
const MISSING: &str =
    "there is no program for the nodes: name one with --arcane PATH, or use --raw, which has no nodes";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Wanted>> {
        Wanted::read(lexopt::Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn what_is_said_is_done_and_the_rest_is_sensible() {
        let line = "--arcane /bin/arcane --minutes 2 --faults pause,node-pause --rate 50 --seed 7";
        let Ok(Some(Wanted::Nodes { options, .. })) = read(line) else { panic!("{line}") };
        assert_eq!((options.faults, options.time, options.rate), (None, Duration::from_secs(120), 50));
        assert_eq!((options.kinds, options.seed), (vec![Fault::Pause, Fault::NodePause], 7));
        let Ok(Some(Wanted::Raw(options))) = read("--raw --count 2 --plant-loss") else { panic!() };
        assert_eq!((options.kinds, options.faults, options.plants_loss), (vec![Fault::Kill], 2, true));
        assert!(matches!(
            read("up --raw --servers 1"),
            Ok(Some(Wanted::Up { servers: 1, arcane: None, .. }))
        ));
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let refused =
            ["--raw --readers 5", "--raw --faults node-kill", "up --servers 1", "--dance", "--faults burn"]
                .map(|line| read(line).unwrap_err().to_string());
        insta::assert_snapshot!(refused.join("\n"), @r#"
        --readers is for a run with nodes, and not for --raw
        --raw has no nodes, so no fault node-kill
        --servers is for `up --raw`: nodes have three servers
        invalid option '--dance'
        there is no fault "burn": kill, stop, pause, cut, slow, kill-all, step-down, node-kill, node-stop, node-pause
        "#);
    }
}
