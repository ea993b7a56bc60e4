//! The agents' programs, in the versions of `xtask/agents/package.json`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::agent::Agent;
use crate::project::Project;
use crate::tools;

/// Installs them into `.tools/agents`, if they are not there yet.
pub(crate) fn install(project: &Project) -> Result<PathBuf> {
    tools::npm_packages(project, "agents")?
        .context("npm is missing: install Node.js 20 or newer (https://nodejs.org)")
}

/// An agent's program.
pub(crate) fn program(packages: &Path, agent: Agent) -> Result<PathBuf> {
    let program = packages.join("node_modules/.bin").join(agent.program());
    if !program.exists() {
        bail!("{} is not there: delete .tools/agents and try again", program.display());
    }
    Ok(program)
}

/// The version that was installed.
pub(crate) fn version(packages: &Path, agent: Agent) -> Result<String> {
    let file = packages.join("node_modules").join(agent.package()).join("package.json");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let package: Value = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    let version = package.get("version").and_then(Value::as_str);
    Ok(version.with_context(|| format!("{} has no version", file.display()))?.to_owned())
}
