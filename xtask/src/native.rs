//! The tests of this machine: those that mostly wait are run beside those that compute.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::lanes::{Job, Lanes};
use crate::project::{Build, Project};
use crate::{nats, process};

/// All that builds for this machine; the page only builds for the browser.
pub(crate) const PACKAGES: [&str; 3] = ["--workspace", "--exclude", "arcane-web"];
/// Where files of tests are.
const FOLDERS: [&str; 4] = ["server/tests", "shared/tests", "web/stage/tests", "xtask/tests"];
/// The same of those that need a server of NATS.
const NATS_FOLDERS: [&str; 1] = ["rig/tests"];
/// Files whose tests wait for time to pass, which is what they are about: readers that stall, memory that goes back, elections.
const WAITING: [&str; 8] =
    ["connections", "memory", "nodes", "raw", "service", "slow_and_steady", "slow_readers", "uploads"];
const REMEDY: &str = "the failing test is named above";

/// Builds everything, then runs it in two lanes.
pub(crate) fn test(project: &Project) -> Result<()> {
    process::run(&mut cargo_test(project, &["--no-run".to_owned()]), REMEDY)?;
    let mut files = Vec::new();
    for folder in FOLDERS {
        files.extend(names(&project.root.join(folder))?);
    }
    let nats = nats::is_to_be_had().then(|| nats::server(project)).transpose()?;
    match &nats {
        Some(_) => {
            for folder in NATS_FOLDERS {
                files.extend(names(&project.root.join(folder))?);
            }
        }
        None => println!(
            "not run, for there is no nats-server for this system (set {}): {}",
            nats::PROGRAM,
            NATS_FOLDERS.join(", ")
        ),
    }
    let [waiting, others] = apart(&files);
    // Built with the tests, some of which start it.
    let node = project.server(Build::Dev);
    let job = |name, chosen: &[String]| {
        let mut command = cargo_test(project, chosen);
        command.envs(nats.as_ref().map(|program| (nats::PROGRAM, program))).env(nats::NODE, &node);
        Job { name, command }
    };
    let lanes = vec![
        vec![job("waiting", &waiting)],
        vec![job("others", &others), job("documentation", &["--doc".to_owned()])],
    ];
    let mut lanes = Lanes::new(lanes, &project.target().join("tests"), Instant::now())?;
    let mut failed = Vec::new();
    while let Some(ended) = lanes.next()? {
        println!(
            "\n━━ {}: `{}` in {:.0} s\n{}",
            ended.name,
            ended.line,
            ended.took.as_secs_f64(),
            ended.said()
        );
        if !ended.status.success() {
            failed.push(ended.name);
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}: {REMEDY}", failed.join(", ")) }
}

fn cargo_test(project: &Project, chosen: &[String]) -> std::process::Command {
    let mut cargo = project.command("cargo");
    cargo.args(["test", "--locked"]).args(PACKAGES).args(chosen);
    cargo
}

/// The files of tests in a folder, and the folders that are one test, as Cargo calls them.
fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in folder.read_dir().with_context(|| format!("looking into {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file() {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// What Cargo is to run in either lane: every file in one of them, and what is in the sources in the second.
fn apart(files: &[String]) -> [Vec<String>; 2] {
    let (waiting, others): (Vec<&String>, Vec<&String>) =
        files.iter().partition(|file| WAITING.contains(&file.as_str()));
    let chosen = |files: Vec<&String>| {
        files.into_iter().flat_map(|file| ["--test".to_owned(), file.clone()]).collect::<Vec<String>>()
    };
    let sources = ["--lib", "--bins"].map(str::to_owned);
    [chosen(waiting), sources.into_iter().chain(chosen(others)).collect()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_in_one_lane() {
        let files: Vec<String> = ["backup", "memory", "wire"].map(str::to_owned).into();
        let [waiting, others] = apart(&files);
        assert_eq!(waiting, ["--test", "memory"]);
        assert_eq!(others, ["--lib", "--bins", "--test", "backup", "--test", "wire"]);
    }

    #[test]
    fn the_files_that_wait_are_there_and_so_are_all_others() {
        let root = Project::find().unwrap().root;
        let names = |folder| names(&root.join(folder)).unwrap();
        assert!(names("xtask/tests").contains(&"floors".to_owned()));
        let files = [names("server/tests"), names("rig/tests")].concat();
        assert!(files.len() > WAITING.len() && !files.contains(&"support".to_owned()));
        for name in WAITING {
            assert!(files.iter().any(|file| file == name), "{name}");
        }
    }
}
