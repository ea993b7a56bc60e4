//! The server of NATS that clusters are tried on.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::project::Project;
use crate::{process, tools};

/// What names the program for whoever starts it.
pub(crate) const PROGRAM: &str = "ARCANE_NATS_SERVER";

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

/// Lets servers of NATS suffer, and checks what came of it.
pub(crate) fn perform(project: &Project, options: &[OsString]) -> Result<()> {
    let server = server(project)?;
    let mut cargo = project.command("cargo");
    cargo.args(["run", "--locked", "--package", "arcane-rig", "--"]).args(options).env(PROGRAM, server);
    process::run(&mut cargo, "what it says above is what must not be")
}
