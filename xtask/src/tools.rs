//! The tools of the build, in the versions that fit.

use std::env::consts::EXE_EXTENSION;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::project::{Project, WASM};

/// The package of a program that cannot say its version.
const WASM_SPLIT: &str = "wasm_split_cli_support";

/// A program that `cargo install` can build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tool {
    package: &'static str,
    program: &'static str,
    version: String,
    options: &'static [&'static str],
    minutes: u8,
}

impl Tool {
    /// What it is asked for its version with.
    fn version_arguments(&self) -> &'static [&'static str] {
        // A subcommand of Cargo that knows itself by that name alone.
        if self.program == "cargo-cyclonedx" { &["cyclonedx", "--version"] } else { &["--version"] }
    }
}

/// Builds the page.
pub(crate) fn trunk() -> Tool {
    // Unoptimised: it mostly waits for others, and builds twice as fast.
    let options = &["--locked", "--debug"];
    Tool { package: "trunk", program: "trunk", version: "0.21.14".to_owned(), options, minutes: 3 }
}

/// Writes the bindings between page and program; must be exactly as old as the crate.
pub(crate) fn wasm_bindgen(project: &Project) -> Result<Tool> {
    let lock = fs::read_to_string(project.root.join("Cargo.lock")).context("Cargo.lock cannot be read")?;
    let version =
        locked_version(&lock, "wasm-bindgen").context("Cargo.lock names no wasm-bindgen")?.to_owned();
    // Unoptimised it takes a second for the page, and builds in a sixth of the time. Without TLS: that is for testing in
    // browsers elsewhere. Not --locked: its own lock file names a version that was withdrawn.
    let options = &["--debug", "--no-default-features", "--bin", "wasm-bindgen"];
    Ok(Tool { package: "wasm-bindgen-cli", program: "wasm-bindgen", version, options, minutes: 1 })
}

/// Takes the page's linked program apart; what leptos's `#[lazy]` is built with, too.
pub(crate) fn wasm_split() -> Tool {
    let options = &["--locked", "--debug", "--features", "build-binary"];
    let version = "0.2.4".to_owned();
    Tool { package: WASM_SPLIT, program: "wasm-split-cli", version, options, minutes: 2 }
}

/// Checks licences and sources of the dependencies.
pub(crate) fn cargo_deny() -> Tool {
    let options = &["--locked", "--debug"];
    Tool { package: "cargo-deny", program: "cargo-deny", version: "0.20.2".to_owned(), options, minutes: 3 }
}

/// Writes bills of materials.
pub(crate) fn cargo_cyclonedx() -> Tool {
    let options = &["--locked", "--debug"];
    let version = "0.5.9".to_owned();
    Tool { package: "cargo-cyclonedx", program: "cargo-cyclonedx", version, options, minutes: 2 }
}

fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let start = lock.find(&format!("name = \"{package}\"\n"))?;
    lock[start..].lines().nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

fn installed_version(project: &Project, tool: &Tool) -> Option<String> {
    if tool.package == WASM_SPLIT {
        let list = fs::read_to_string(project.tools().join(".crates.toml")).ok()?;
        let is_there = project.tools_bin().join(tool.program).with_extension(EXE_EXTENSION).is_file();
        return listed_version(&list, tool.package).filter(|_| is_there).map(str::to_owned);
    }
    let said = process::output(project.command(tool.program).args(tool.version_arguments()))?;
    said.split_whitespace().nth(1).map(str::to_owned)
}

/// The version of a package, in Cargo's list of what it has installed.
fn listed_version<'a>(list: &'a str, package: &str) -> Option<&'a str> {
    let of =
        |line: &'a str| line.strip_prefix('"')?.strip_prefix(package)?.strip_prefix(' ')?.split(' ').next();
    list.lines().find_map(of)
}

/// Sees to it that a tool is there in its version.
pub(crate) fn ensure(project: &Project, tool: &Tool) -> Result<()> {
    let found = installed_version(project, tool);
    if found.as_ref() == Some(&tool.version) {
        return Ok(());
    }
    let Tool { program, version, minutes, .. } = tool;
    let instead = found.map_or_else(String::new, |other| format!(" (found {other})"));
    println!(
        "{program} {version} is needed{instead}: building it into .tools, about {minutes} minutes on two cores."
    );
    let start = Instant::now();
    process::run(
        &mut install(project, tool),
        "is a package registry within reach, and is there a C compiler (`cc --version`)?",
    )?;
    let now = installed_version(project, tool);
    if now.as_ref() != Some(version) {
        bail!("{program} should be {version} now but says {now:?}: delete the folder .tools and try again");
    }
    println!("{program} {version} is there, after {:.0} s.", start.elapsed().as_secs_f64());
    Ok(())
}

/// Whether a tool is there in its version.
pub(crate) fn is_there(project: &Project, tool: &Tool) -> bool {
    installed_version(project, tool).as_ref() == Some(&tool.version)
}

/// Builds a tool into `.tools`.
pub(crate) fn install(project: &Project, tool: &Tool) -> Command {
    let Tool { package, version, options, .. } = tool;
    let mut cargo = project.command("cargo");
    cargo.args(["install", package, "--version", version]).args(*options);
    cargo.arg("--root").arg(project.tools());
    // An interrupted build continues where it was, and without debug information it is a third shorter.
    cargo.env("CARGO_TARGET_DIR", project.tools().join("build")).env("CARGO_PROFILE_DEV_DEBUG", "0");
    cargo
}

/// Removes what only the building of tools needed.
pub(crate) fn tidy(project: &Project) {
    let build = project.tools().join("build");
    if build.is_dir() && fs::remove_dir_all(&build).is_err() {
        println!("{} could not be removed; it is of no use any more.", project.short(&build));
    }
}

/// Sees to it that Rust can build for the browser.
pub(crate) fn wasm_target(project: &Project) -> Result<()> {
    add_target(project, WASM)
}

/// What this machine is, as Rust calls it.
pub(crate) fn host(project: &Project) -> Result<String> {
    let version = process::output(project.command("rustc").arg("-vV")).context("rustc does not run")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// Sees to it that Rust can build for a target.
pub(crate) fn add_target(project: &Project, target: &str) -> Result<()> {
    let libraries =
        process::output(project.command("rustc").args(["--print", "target-libdir", "--target", target]));
    if libraries.is_some_and(|path| fs::read_dir(path).is_ok_and(|mut files| files.next().is_some())) {
        return Ok(());
    }
    println!("Rust cannot build for {target} yet: adding the target.");
    let remedy = "rustup (https://rustup.rs) is needed to add a target";
    process::run(project.command("rustup").args(["target", "add", target]), remedy)
}

/// The wasm-opt of the pinned npm package, if npm is there.
pub(crate) fn wasm_opt(project: &Project) -> Result<Option<PathBuf>> {
    let Some(home) = npm_packages(project, "wasm-opt")? else {
        println!("npm is not here: the page stays a little larger than it could be.");
        return Ok(None);
    };
    Ok(Some(home.join("node_modules/binaryen/bin/wasm-opt")))
}

/// The pinned npm packages of a folder of `xtask/`, in a folder of `.tools/`; `None` if npm is not there.
pub(crate) fn npm_packages(project: &Project, name: &str) -> Result<Option<PathBuf>> {
    let home = project.tools().join(name);
    let wanted = project.root.join("xtask").join(name);
    let lock = wanted.join("package-lock.json");
    let lock = fs::read(&lock).with_context(|| lock.display().to_string())?;
    if home.join("node_modules").is_dir() && fs::read(home.join("installed")).is_ok_and(|there| there == lock)
    {
        return Ok(Some(home));
    }
    let Some(mut npm) = npm(project) else { return Ok(None) };
    println!("The npm packages of xtask/{name} are needed: installing them into .tools, a minute at most.");
    fs::create_dir_all(&home).with_context(|| format!("making .tools/{name}"))?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(wanted.join(file), home.join(file)).with_context(|| format!("copying {file}"))?;
    }
    // Not `ci`: it refuses a lock file without the packages of other platforms, and npm leaves those out that a registry lacks.
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&home);
    process::run(&mut npm, "is an npm registry within reach?")?;
    fs::write(home.join("installed"), lock).with_context(|| format!("noting the versions of {name}"))?;
    Ok(Some(home))
}

/// A command of npm, if it is there.
pub(crate) fn npm(project: &Project) -> Option<Command> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    process::output(project.command(program).arg("--version")).map(|_| project.command(program))
}

/// A Python that has the packages of a list, in a folder of `.tools/` of its own.
pub(crate) fn python(project: &Project, name: &str, requirements: &Path) -> Result<PathBuf> {
    let home = project.tools().join(name);
    let python = home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let wanted = fs::read(requirements).with_context(|| requirements.display().to_string())?;
    let note = home.join("installed");
    if python.is_file() && fs::read(&note).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    println!("Python packages are needed: installing them into .tools, a few seconds.");
    let venv = ["-m", "venv", "--clear"];
    let remedy = "Python 3.10 or newer with its module venv is needed (`apt-get install python3-venv`)";
    process::run(project.command("python3").args(venv).arg(&home), remedy)?;
    let mut pip = project.command(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    process::run(pip.arg(requirements), "is a Python package index within reach?")?;
    fs::write(note, wanted).context("noting the packages of Python")?;
    Ok(python)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_says_which_wasm_bindgen() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"0.1.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"x\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(lock, "other"), None);
    }

    #[test]
    fn cargo_says_which_version_it_has_installed() {
        let list = "[v1]\n\"trunk 0.21.14 (registry+x)\" = [\"trunk\"]\n\"wasm_split_cli 0.1.0 (registry+x)\" = []\n\
                    \"wasm_split_cli_support 0.2.4 (registry+x)\" = [\"wasm-split-cli\"]\n";
        assert_eq!(listed_version(list, "wasm_split_cli_support"), Some("0.2.4"));
        assert_eq!(listed_version(list, "cargo-deny"), None);
    }
}
