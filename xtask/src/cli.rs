//! The command line of `cargo xtask`.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;

#[cfg(unix)]
use crate::agents;
use crate::project::{Build, Project};
use crate::{append, bench, dist, help, host, hostile, load, nats, run, suite, tools};

impl Build {
    /// Cargo's profile of the server.
    pub(crate) fn profile(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Local => "local",
            Self::Release => "release",
        }
    }

    /// Cargo's profile of the page.
    pub(crate) fn page_profile(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Local => "local-web",
            Self::Release => "web",
        }
    }

    /// Where Cargo puts what it builds with the server's profile.
    pub(crate) fn folder(self) -> &'static str {
        folder(self.profile())
    }

    /// Where Cargo puts what it builds with the page's profile.
    pub(crate) fn page_folder(self) -> &'static str {
        folder(self.page_profile())
    }
}

fn folder(profile: &'static str) -> &'static str {
    if profile == "dev" { "debug" } else { profile }
}

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help(&'static str),
    Run {
        port: u16,
        build: Build,
        serve: Vec<OsString>,
    },
    Test(suite::Selection),
    Compat,
    Dist(dist::Options),
    Setup,
    Bench(bench::plan::Plan),
    BenchLog(usize),
    /// With options of `arcane-rig`.
    Cluster(Vec<OsString>),
    Load(load::options::Options),
    Hostile(hostile::options::Options),
    #[cfg(unix)]
    Agents(agents::options::Options),
    Pinned(host::Pinned),
}

impl Command {
    /// Reads the arguments of this process.
    pub(crate) fn from_args() -> Result<Self> {
        Self::read(lexopt::Parser::from_env())
    }

    fn read(mut args: lexopt::Parser) -> Result<Self> {
        let name = match args.next()? {
            None | Some(Short('h') | Long("help")) => return Ok(Self::Help(help::OVERVIEW)),
            Some(Value(name)) => name.string()?,
            Some(other) => return Err(other.unexpected().into()),
        };
        match name.as_str() {
            "help" => Ok(Self::Help(help::OVERVIEW)),
            "run" => read_run(args),
            "test" => read_test(args, suite::Selection::all(), help::TEST),
            "check" => read_test(args, suite::Selection::quick(), help::CHECK),
            "compat" => read_nothing(args, Self::Compat, help::COMPAT),
            "dist" => Ok(dist::Options::read(args)?.map_or(Self::Help(help::DIST), Self::Dist)),
            "setup" => read_nothing(args, Self::Setup, help::SETUP),
            "bench" => {
                let plan = bench::plan::Plan::read(args)?;
                Ok(plan.map_or(Self::Help(help::BENCH), Self::Bench))
            }
            "bench-log" => {
                let rounds = append::read(args)?;
                Ok(rounds.map_or(Self::Help(help::BENCH_LOG), Self::BenchLog))
            }
            "cluster" => {
                let options: Vec<OsString> = args.raw_args()?.collect();
                let helps = options.iter().any(|option| option == "-h" || option == "--help");
                Ok(if helps { Self::Help(help::CLUSTER) } else { Self::Cluster(options) })
            }
            "load" => {
                let options = load::options::Options::read(args)?;
                Ok(options.map_or(Self::Help(help::LOAD), Self::Load))
            }
            "hostile" => {
                let options = hostile::options::Options::read(args)?;
                Ok(options.map_or(Self::Help(help::HOSTILE), Self::Hostile))
            }
            #[cfg(unix)]
            "agents" => {
                let options = agents::options::Options::read(args)?;
                Ok(options.map_or(Self::Help(help::AGENTS), Self::Agents))
            }
            "pinned" => Ok(Self::Pinned(host::Pinned::read(args)?)),
            other => bail!(
                "there is no command {other:?}: run, test, check, compat, agents, bench, bench-log, cluster, hostile, dist or setup"
            ),
        }
    }

    /// Does it.
    pub(crate) fn perform(self) -> Result<ExitCode> {
        let project = Project::find;
        match self {
            Self::Help(text) => println!("{text}"),
            Self::Run { port, build, serve } => run::perform(&project()?, port, build, serve)?,
            Self::Test(selection) => return suite::perform(&project()?, &selection),
            Self::Compat => suite::compat(&project()?)?,
            Self::Dist(options) => dist::perform(&project()?, &options)?,
            Self::Setup => setup(&project()?)?,
            Self::Bench(plan) => return bench::perform(&project()?, &plan),
            Self::BenchLog(rounds) => append::perform(&project()?, rounds)?,
            Self::Cluster(options) => nats::perform(&project()?, &options)?,
            Self::Hostile(options) => return hostile::perform(&project()?, &options),
            #[cfg(unix)]
            Self::Agents(options) => return agents::perform(&project()?, &options),
            Self::Load(options) => load::perform(&options)?,
            Self::Pinned(program) => program.perform()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read_run(mut args: lexopt::Parser) -> Result<Command> {
    let (mut port, mut build, mut serve) = (8000, Build::Local, Vec::new());
    loop {
        if let Some(mut raw) = args.try_raw_args()
            && raw.next_if(|arg| arg == "--").is_some()
        {
            serve.extend(raw);
            break;
        }
        match args.next()? {
            None => break,
            Some(Long("port") | Short('p')) => {
                port = args.value()?.parse().context("--port takes 0 to 65535")?;
            }
            Some(Long("dev")) => build = Build::Dev,
            Some(Long("release")) => build = Build::Release,
            Some(Long("demo")) => serve.push("--demo".into()),
            Some(Short('h') | Long("help")) => return Ok(Command::Help(help::RUN)),
            Some(other) => {
                return Err(other.unexpected()).context("options of `arcane serve` come after `--`");
            }
        }
    }
    Ok(Command::Run { port, build, serve })
}

fn read_test(
    mut args: lexopt::Parser,
    mut selection: suite::Selection,
    help: &'static str,
) -> Result<Command> {
    while let Some(arg) = args.next()? {
        match arg {
            Long("only") => selection.keep(&args.value()?.string()?)?,
            Long("skip") => selection.drop(&args.value()?.string()?)?,
            Long("keep-going") => selection.keep_going = true,
            Long("advisories") => selection.advisories = Some(std::path::absolute(args.value()?)?),
            Short('h') | Long("help") => return Ok(Command::Help(help)),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Test(selection))
}

fn read_nothing(mut args: lexopt::Parser, command: Command, help: &'static str) -> Result<Command> {
    match args.next()? {
        None => Ok(command),
        Some(Short('h') | Long("help")) => Ok(Command::Help(help)),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn setup(project: &Project) -> Result<()> {
    tools::wasm_target(project)?;
    let page = [tools::wasm_bindgen(project)?, tools::trunk(), tools::wasm_split()];
    for tool in page.into_iter().chain([tools::cargo_deny(), tools::cargo_cyclonedx()]) {
        tools::ensure(project, &tool)?;
    }
    tools::wasm_opt(project)?;
    tools::tidy(project);
    println!("Everything is there.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command> {
        Command::read(lexopt::Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn run_hands_the_rest_to_the_server() {
        let serve = vec![OsString::from("--ephemeral"), OsString::from("--port")];
        let expected = Command::Run { port: 9000, build: Build::Dev, serve };
        assert_eq!(read("run --port 9000 --dev -- --ephemeral --port").unwrap(), expected);
        let run = |serve| Command::Run { port: 8000, build: Build::Local, serve };
        assert_eq!(read("run").unwrap(), run(vec![]));
        let demo = ["--demo", "--no-compression"].map(OsString::from).to_vec();
        assert_eq!(read("run --demo -- --no-compression").unwrap(), run(demo));
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for line in [
            "dance",
            "--what",
            "run --port x",
            "run --ephemeral",
            "run 9000",
            "test --only nothing",
            "check --advisories",
            "dist x",
            "dist --target",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn every_command_helps() {
        for line in [
            "",
            "--help",
            "-h",
            "help",
            "run -h",
            "test --help",
            "check -h",
            "compat -h",
            "dist -h",
            "setup --help",
            "bench -h",
            "load -h",
            "cluster -h",
            "hostile -h",
            #[cfg(unix)]
            "agents -h",
        ] {
            assert!(matches!(read(line), Ok(Command::Help(_))), "{line}");
        }
    }
}
