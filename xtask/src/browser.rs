//! The stories in a real browser.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::project::Project;
use crate::{process, tools};

/// Where a Chromium may be.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Runs the stories of `end2end/` against a built server and dashboard.
pub(crate) fn stories(project: &Project, server: &Path) -> Result<()> {
    let folder = project.root.join("end2end");
    let chromium = chromium(project)?;
    install_packages(project, &folder)?;
    let mut playwright = project.command("node");
    playwright.current_dir(&folder).args(["node_modules/@playwright/test/cli.js", "test"]);
    playwright
        .env("CHROMIUM_PATH", chromium)
        .env("ARCANE_BINARY", server)
        .env("ARCANE_DASHBOARD", project.dist());
    process::run(&mut playwright, "end2end/test-results has a picture and a trace of each story that failed")
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

fn chromium(project: &Project) -> Result<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM_PATH").map(PathBuf::from) {
        return if path.is_file() {
            Ok(path)
        } else {
            bail!("CHROMIUM_PATH names no file: {}", path.display())
        };
    }
    if let Some(path) = find(&PROGRAMS) {
        return Ok(path);
    }
    let Some(apt) = find(&["apt-get"]) else {
        bail!("no Chromium was found: install one, or let CHROMIUM_PATH name it");
    };
    println!("No Chromium was found: installing it with apt-get, about a minute.");
    let root = process::output(project.command("id").arg("-u")).is_some_and(|id| id == "0");
    for arguments in
        [&["update"][..], &["install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core"]]
    {
        let mut command = project.command(if root { apt.as_os_str() } else { "sudo".as_ref() });
        if !root {
            command.arg("--non-interactive").arg(&apt);
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        process::run(&mut command, "install Chromium yourself, or let CHROMIUM_PATH name one")?;
    }
    find(&PROGRAMS).context("apt-get installed Chromium but it cannot be found: let CHROMIUM_PATH name it")
}

fn find(programs: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    programs
        .iter()
        .flat_map(|program| folders.iter().map(move |dir| dir.join(program)))
        .find(|file| file.is_file())
}
