//! Everything that must hold.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::project::{Build, Project};
use crate::steps::Steps;
use crate::{advisories, browser, dashboard, native, openapi, process, size, tools};

const STEPS: [&str; 10] =
    ["format", "floors", "lint", "lint-web", "test", "openapi", "deny", "dashboard", "size", "stories"];
const QUICK: [&str; 5] = ["format", "floors", "lint", "lint-web", "deny"];

/// Which steps, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    steps: Vec<&'static str>,
    pub(crate) keep_going: bool,
    /// A database of advisories to check the dependencies against.
    pub(crate) advisories: Option<PathBuf>,
}

impl Selection {
    /// Every step.
    pub(crate) fn all() -> Self {
        Self { steps: STEPS.to_vec(), keep_going: false, advisories: None }
    }

    /// The quick ones.
    pub(crate) fn quick() -> Self {
        Self { steps: QUICK.to_vec(), ..Self::all() }
    }

    /// Only those that a list names.
    pub(crate) fn keep(&mut self, list: &str) -> Result<()> {
        let named = named(list)?;
        self.steps.retain(|step| named.contains(step));
        Ok(())
    }

    /// All but those that a list names.
    pub(crate) fn drop(&mut self, list: &str) -> Result<()> {
        let named = named(list)?;
        self.steps.retain(|step| !named.contains(step));
        Ok(())
    }
}

fn named(list: &str) -> Result<Vec<&str>> {
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    match names.iter().find(|name| !STEPS.contains(name)) {
        Some(unknown) => bail!("there is no step {unknown:?}: {}", STEPS.join(", ")),
        None => Ok(names),
    }
}

/// Does the selected steps and prints how they went.
pub(crate) fn perform(project: &Project, selection: &Selection) -> Result<ExitCode> {
    let mut steps = Steps::new(selection.keep_going);
    for &step in &selection.steps {
        steps.step(step, |remarks| perform_step(project, step, selection.advisories.as_deref(), remarks));
    }
    tools::tidy(project);
    Ok(steps.finish())
}

fn perform_step(
    project: &Project,
    step: &str,
    advisories: Option<&Path>,
    remarks: &mut Vec<String>,
) -> Result<()> {
    let cargo =
        |arguments: &[&str], remedy: &str| process::run(project.command("cargo").args(arguments), remedy);
    let strict = ["--", "-D", "warnings"];
    match step {
        "format" => cargo(&["fmt", "--all", "--check"], "`cargo fmt --all` puts it right"),
        "floors" => cargo(
            &["test", "--locked", "--quiet", "--package", "xtask", "--test", "floors"],
            "the table of floors in ARCHITECTURE.md says what may use what",
        ),
        "lint" => cargo(
            &[&["clippy", "--locked"][..], &native::PACKAGES, &["--all-targets"], &strict].concat(),
            "clippy's message above says what it would have instead",
        ),
        "lint-web" => {
            tools::wasm_target(project)?;
            // As it is shipped.
            let target =
                ["--package", "arcane-web", "--target", "wasm32-unknown-unknown", "--features", "split"];
            cargo(
                &[&["clippy", "--locked"][..], &target, &strict].concat(),
                "clippy's message above says what it would have instead",
            )
        }
        "test" => native::test(project),
        "openapi" => openapi::check(project, &server(project)?),
        "deny" => deny(project, advisories),
        "dashboard" => dashboard::build(project),
        "size" => size::check(&project.dist()),
        "stories" => browser::stories(project, &server(project)?, remarks),
        other => bail!("there is no step {other:?}"),
    }
}

/// Licences, sources and versions of the dependencies; with a database of advisories, their known vulnerabilities, too.
fn deny(project: &Project, advisories: Option<&Path>) -> Result<()> {
    tools::ensure(project, &tools::cargo_deny())?;
    let mut cargo = project.command("cargo");
    cargo.args(["deny", "--workspace", "--log-level", "error"]);
    if let Some(database) = advisories {
        cargo.arg("--offline").arg("--config").arg(advisories::prepare(project, database)?);
    }
    cargo.args(["check", "licenses", "bans", "sources"]).args(advisories.map(|_| "advisories"));
    process::run(&mut cargo, "deny.toml says what dependencies may be and come from")
}

/// Clients that are not everywhere, against the real server and dashboard.
pub(crate) fn compat(project: &Project) -> Result<()> {
    dashboard::build(project)?;
    // The table of `cargo xtask test` repeats them; here the output ends with them.
    let mut remarks = Vec::new();
    let done = server(project).and_then(|server| browser::compat(project, &server, &mut remarks));
    tools::tidy(project);
    done
}

fn server(project: &Project) -> Result<PathBuf> {
    process::run(&mut project.cargo_build(Build::Dev), "the compiler's message above says what is wrong")?;
    Ok(project.server(Build::Dev))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_can_be_chosen_and_left_out() {
        let mut some = Selection::all();
        some.keep("format, size").unwrap();
        assert_eq!(some.steps, ["format", "size"]);
        some.drop("size").unwrap();
        assert_eq!(some.steps, ["format"]);
        assert!(some.drop("sizes").is_err());
        assert!(QUICK.iter().all(|step| STEPS.contains(step)));
    }
}
