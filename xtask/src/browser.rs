//! The stories in real browsers.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::project::Project;
use crate::{process, tools};

/// A browser: what it is called, where it may be, and what Debian has it in.
struct Browser {
    name: &'static str,
    variable: &'static str,
    programs: &'static [&'static str],
    packages: &'static [&'static str],
}

/// Chromium without windows. All of it draws a window around each page, which nobody sees, and takes twice the processor time.
const HEADLESS_SHELL: Browser = Browser {
    name: "headless shell of Chromium",
    variable: "CHROMIUM_PATH",
    programs: &["chromium-headless-shell", "chrome-headless-shell"],
    packages: &["chromium-headless-shell", "fonts-dejavu-core"],
};
const CHROMIUM: Browser = Browser {
    name: "Chromium",
    variable: "CHROMIUM_PATH",
    programs: &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"],
    packages: &["chromium", "fonts-dejavu-core"],
};
const FIREFOX: Browser = Browser {
    name: "Firefox",
    variable: "FIREFOX_PATH",
    programs: &["firefox-esr", "firefox"],
    packages: &["firefox-esr"],
};

/// Runs the stories of `end2end/` against a built server and dashboard. A flaky story is remarked on.
pub(crate) fn stories(project: &Project, server: &Path, remarks: &mut Vec<String>) -> Result<()> {
    let mut playwright = playwright(project, server)?;
    playwright.env(CHROMIUM.variable, chromium(project)?);
    play(project, &mut playwright, remarks)
}

/// Runs the stories of clients that are not everywhere. A flaky story is remarked on.
pub(crate) fn compat(project: &Project, server: &Path, remarks: &mut Vec<String>) -> Result<()> {
    let firefox = FIREFOX.path(project)?;
    let python = tools::python(project, "python", &project.root.join("end2end/compat/requirements.txt"))?;
    let mut playwright = playwright(project, server)?;
    playwright.args(["--config", "playwright.compat.config.ts"]);
    playwright.env(FIREFOX.variable, firefox).env("PYTHON", python);
    play(project, &mut playwright, remarks)
}

/// Plays stories. `end2end/support/flaky.ts` writes down which of them passed only at the second time.
fn play(project: &Project, playwright: &mut Command, remarks: &mut Vec<String>) -> Result<()> {
    let flaky = project.root.join("end2end/test-results/flaky");
    if flaky.exists() {
        fs::remove_file(&flaky).context("removing the flaky stories of the last time")?;
    }
    let played = process::run(playwright, REMEDY);
    // If Playwright did not get that far, its own error is the one to tell.
    remarks.extend(fs::read_to_string(&flaky).unwrap_or_default().lines().map(str::to_owned));
    played
}

const REMEDY: &str = "end2end/test-results has a trace of each story that failed";

fn playwright(project: &Project, server: &Path) -> Result<Command> {
    let folder = project.root.join("end2end");
    install_packages(project, &folder)?;
    let mut playwright = project.command("node");
    playwright.current_dir(&folder).args(["node_modules/@playwright/test/cli.js", "test"]);
    playwright.env("ARCANE_BINARY", server).env("ARCANE_DASHBOARD", project.dist());
    Ok(playwright)
}

fn install_packages(project: &Project, folder: &Path) -> Result<()> {
    let lock = fs::read(folder.join("package-lock.json")).context("end2end/package-lock.json")?;
    let note = folder.join("node_modules/.installed");
    if fs::read(&note).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut npm =
        tools::npm(project).context("npm is missing: install Node.js 20 or newer (https://nodejs.org)")?;
    npm.current_dir(folder)
        .args(["ci", "--no-audit", "--no-fund"])
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    process::run(&mut npm, "is an npm registry within reach?")?;
    fs::write(note, lock).context("noting the packages of end2end")
}

/// The quickest Chromium. Only root gets a second one installed.
fn chromium(project: &Project) -> Result<PathBuf> {
    if env::var_os(CHROMIUM.variable).is_some() {
        return CHROMIUM.path(project);
    }
    if find(CHROMIUM.programs).is_some() && find(HEADLESS_SHELL.programs).is_none() && !is_root(project) {
        println!("With chromium-headless-shell the stories would take half of the processor time.");
        return CHROMIUM.path(project);
    }
    HEADLESS_SHELL.path(project).or_else(|error| {
        println!("{error:#}\nAll of Chromium takes its place, and twice the processor time.");
        CHROMIUM.path(project)
    })
}

fn is_root(project: &Project) -> bool {
    process::output(project.command("id").arg("-u")).is_some_and(|id| id == "0")
}

impl Browser {
    /// Where it is; Debian's is installed if there is none.
    fn path(&self, project: &Project) -> Result<PathBuf> {
        let Self { name, variable, programs, packages } = self;
        if let Some(path) = env::var_os(variable).map(PathBuf::from) {
            return if path.is_file() {
                Ok(path)
            } else {
                bail!("{variable} names no file: {}", path.display())
            };
        }
        if let Some(path) = find(programs) {
            return Ok(path);
        }
        let Some(apt) = find(&["apt-get"]) else {
            bail!("no {name} was found: install one, or let {variable} name it");
        };
        println!("No {name} was found: installing it with apt-get, about a minute.");
        let root = is_root(project);
        let install = [&["install", "--yes", "--no-install-recommends"][..], packages].concat();
        for arguments in [&["update"][..], &install] {
            let mut command = project.command(if root { apt.as_os_str() } else { "sudo".as_ref() });
            if !root {
                command.arg("--non-interactive").arg(&apt);
            }
            command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            process::run(&mut command, &format!("install {name} yourself, or let {variable} name one"))?;
        }
        let installed = find(programs);
        installed.with_context(|| {
            format!("apt-get installed {name} but it cannot be found: let {variable} name it")
        })
    }
}

fn find(programs: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    programs
        .iter()
        .flat_map(|program| folders.iter().map(move |dir| dir.join(program)))
        .find(|file| file.is_file())
}
