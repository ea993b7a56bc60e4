//! Getting the servers that are compared.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::server::Rig;
use crate::load::peer::Peer;
use crate::project::{Build, Project};
use crate::{nats as nats_server, process, tools};

/// What names a rig that is built already.
const RIG: &str = "ARCANE_RIG";

/// A server that can be started.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) peer: Peer,
    pub(crate) program: PathBuf,
    pub(crate) version: String,
}

/// Where peers are built and installed.
fn home(project: &Project) -> PathBuf {
    project.tools().join("bench")
}

/// Their sources and settings.
pub(crate) fn sources(project: &Project) -> PathBuf {
    project.root.join("xtask/bench")
}

/// Gets one of them; an error says what to install.
pub(crate) fn get(project: &Project, peer: Peer) -> Result<Ready> {
    let (program, version) = match peer {
        Peer::Arcane | Peer::Ephemeral => arcane(project)?,
        Peer::Bun => bun(project)?,
        Peer::Nats => nats(project)?,
        Peer::Raw => raw(project)?,
        Peer::Redis => redis(project)?,
        Peer::Cluster | Peer::Synced => {
            let synced = if peer == Peer::Synced { ", sync_interval: always" } else { "" };
            let (program, version) = arcane(project)?;
            (program, format!("three nodes, {version}, on three servers{synced}"))
        }
        Peer::Jetstream => {
            let server = nats_server::server(project)?;
            let version = process::output(project.command(&server).arg("--version"));
            let version = version.context("nats-server does not run here")?.replace(": v", " ");
            (server, format!("three servers, {version}, one stream of three replicas"))
        }
    };
    Ok(Ready { peer, program, version })
}

/// What starts clusters: the program that [`RIG`] names, or else one that is built, and the nats-server that it starts.
pub(crate) fn rig(project: &Project) -> Result<Rig> {
    let nats = nats_server::server(project)?;
    process::output(project.command(&nats).arg("--version")).with_context(|| {
        format!("{} does not run here; {} names another", nats.display(), nats_server::PROGRAM)
    })?;
    if let Some(program) = env::var_os(RIG).map(PathBuf::from) {
        return Ok(Rig { program, nats });
    }
    let mut cargo = project.command("cargo");
    cargo.args(["build", "--locked", "--release", "--package", "arcane-rig"]);
    process::run(&mut cargo, "the compiler's message above says what is wrong")?;
    let program = project.target().join("release").join(format!("arcane-rig{}", env::consts::EXE_SUFFIX));
    Ok(Rig { program, nats })
}

/// The load itself, optimised: otherwise it would be the slower side.
pub(crate) fn load(project: &Project) -> Result<PathBuf> {
    let mut cargo = project.command("cargo");
    cargo.args(["build", "--locked", "--release", "--package", "xtask"]);
    process::run(&mut cargo, "the compiler's message above says what is wrong")?;
    Ok(project.target().join("release").join(format!("xtask{}", env::consts::EXE_SUFFIX)))
}

fn arcane(project: &Project) -> Result<(PathBuf, String)> {
    if let Some(given) = env::var_os("ARCANE_BINARY").map(PathBuf::from) {
        if !given.is_file() {
            bail!("ARCANE_BINARY names no file: {}", given.display());
        }
        let given = fs::canonicalize(given).context("finding the binary that ARCANE_BINARY names")?;
        return Ok((given, "a given binary (ARCANE_BINARY)".to_owned()));
    }
    let mut cargo = project.command("cargo");
    cargo.args(["build", "--locked", "--release", "--package", "arcane-server", "--bin", "arcane"]);
    process::run(&mut cargo, "the compiler's message above says what is wrong")?;
    Ok((project.server(Build::Release), version(project)))
}

/// Which commit of this project is measured.
fn version(project: &Project) -> String {
    let said = |program: &str, arguments: &[&str]| {
        let said = process::output(project.command(program).args(arguments));
        said.unwrap_or_else(|| "unknown".to_owned())
    };
    let commit = said("git", &["rev-parse", "--short=10", "HEAD"]);
    let changed = !said("git", &["status", "--porcelain", "--", "server", "shared"]).is_empty();
    format!("{commit}{}, {}", if changed { " with changes" } else { "" }, said("rustc", &["--version"]))
}

fn bun(project: &Project) -> Result<(PathBuf, String)> {
    let (home, wanted) = (home(project), sources(project));
    let program = home.join("node_modules/.bin/bun");
    let lock = fs::read(wanted.join("package-lock.json")).context("xtask/bench/package-lock.json")?;
    if !fs::read(home.join("installed")).is_ok_and(|installed| installed == lock) {
        let mut npm = tools::npm(project)
            .context("npm is missing: install Node.js 20 or newer (https://nodejs.org)")?;
        println!("Bun is needed: installing it into .tools/bench, a few seconds.");
        fs::create_dir_all(&home).context("making .tools/bench")?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(wanted.join(file), home.join(file)).with_context(|| format!("copying {file}"))?;
        }
        npm.args(["ci", "--no-audit", "--no-fund", "--prefix"]).arg(&home);
        process::run(&mut npm, "is an npm registry within reach?")?;
        fs::write(home.join("installed"), lock).context("noting the version of Bun")?;
    }
    let version = process::output(project.command(&program).arg("--version"));
    let version =
        version.context("Bun does not run here: delete .tools/bench and allow npm's install scripts")?;
    Ok((program, format!("Bun {version} (uWebSockets)")))
}

fn nats(project: &Project) -> Result<(PathBuf, String)> {
    let version = process::output(project.command("nats-server").arg("--version"));
    let version = version.context(
        "nats-server is missing: `apt-get install nats-server`, or put one on the PATH (https://nats.io/download)",
    )?;
    Ok(("nats-server".into(), version.replace(": v", " ")))
}

fn redis(project: &Project) -> Result<(PathBuf, String)> {
    let version = process::output(project.command("redis-server").arg("--version"));
    let version = version.context("redis-server is missing: `apt-get install redis-server`")?;
    let number = version.split_whitespace().find_map(|word| word.strip_prefix("v="));
    Ok((
        "redis-server".into(),
        format!("Redis {}, appendfsync everysec", number.unwrap_or("of an unknown version")),
    ))
}

fn raw(project: &Project) -> Result<(PathBuf, String)> {
    if !cfg!(target_os = "linux") {
        bail!("it is written for Linux (epoll)");
    }
    let remedy = "install a C compiler (`apt-get install gcc`)";
    let version = process::output(project.command("cc").arg("--version")).context(remedy)?;
    let program = home(project).join("raw");
    build_raw(project, &program, remedy)?;
    Ok((program, format!("C, {}", version.lines().next().unwrap_or_default())))
}

fn build_raw(project: &Project, program: &Path, remedy: &str) -> Result<()> {
    fs::create_dir_all(home(project)).context("making .tools/bench")?;
    let mut cc = project.command("cc");
    cc.args(["-O2", "-o"])
        .arg(program.strip_prefix(&project.root).unwrap_or(program))
        .arg("xtask/bench/raw.c");
    process::run(&mut cc, remedy)
}
