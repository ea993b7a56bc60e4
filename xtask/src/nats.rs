//! The server of NATS that clusters are tried on.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::project::{Build, Project};
use crate::{process, tools};

/// What names the program for whoever starts it.
pub(crate) const PROGRAM: &str = "ARCANE_NATS_SERVER";
/// What names the program of nodes.
pub(crate) const NODE: &str = "ARCANE_BINARY";

/// The program: the one that [`PROGRAM`] names, else the one of `rig/requirements.txt`, which is put into .tools.
pub(crate) fn server(project: &Project) -> Result<PathBuf> {
    if let Some(program) = std::env::var_os(PROGRAM) {
        return Ok(program.into());
    }
    ensure!(
        is_to_be_had(),
        "there is no nats-server for this system to be had: name one, 2.15.1 or newer, with {PROGRAM}"
    );
    let python = tools::python(project, "nats", &project.root.join("rig/requirements.txt"))?;
    Ok(python.with_file_name("nats-server"))
}

/// Whether there is one for this system.
pub(crate) fn is_to_be_had() -> bool {
    std::env::var_os(PROGRAM).is_some() || cfg!(target_os = "linux")
}

/// Lets servers of NATS, and nodes on them, suffer, and checks what came of it. The program of the nodes is built first, unless there are to be none or another is named.
pub(crate) fn perform(project: &Project, options: &[OsString]) -> Result<()> {
    let server = server(project)?;
    let (options, build) = read(options);
    let mut cargo = project.command("cargo");
    cargo.args(["run", "--locked", "--package", "arcane-rig", "--profile", build.profile(), "--"]);
    cargo.args(&options).env(PROGRAM, server);
    let is_named = options.iter().any(|option| *option == "--raw" || *option == "--arcane");
    if !is_named && std::env::var_os(NODE).is_none() {
        process::run(&mut project.cargo_build(build), "the compiler's message above says what is wrong")?;
        cargo.env(NODE, project.server(build));
    }
    process::run(&mut cargo, "what it says above is what must not be")
}

/// What is for the rig, and how it and the nodes are built.
fn read(options: &[OsString]) -> (Vec<&OsString>, Build) {
    let (release, others): (Vec<_>, Vec<_>) = options.iter().partition(|option| *option == "--release");
    (others, if release.is_empty() { Build::Dev } else { Build::Release })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_it_is_built_is_not_for_the_rig() {
        let options = ["--rate", "500", "--release"].map(OsString::from);
        let (others, build) = read(&options);
        assert_eq!((others, build), (vec![&options[0], &options[1]], Build::Release));
        assert_eq!(read(&options[..1]).1, Build::Dev);
    }
}
