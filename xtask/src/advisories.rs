//! A database of advisories that is on this machine, in the form in which cargo-deny takes it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::compress::{files, has_extension};
use crate::process;
use crate::project::Project;

/// What cargo-deny calls the database of RustSec: made of the address <https://github.com/RustSec/advisory-db>.
const NAME: &str = "advisory-db-3157b0e258782691";
const INSTEAD: &str = "--advisories takes the RustSec advisory database: a clone of its repository, bare or not, \
                       or a folder that has its folder `crates`";

/// Puts a database where cargo-deny looks for it when it may not fetch, and returns the configuration that says so.
pub(crate) fn prepare(project: &Project, database: &Path) -> Result<PathBuf> {
    let home = project.target().join("advisories");
    if home.exists() {
        fs::remove_dir_all(&home).with_context(|| format!("removing {}", home.display()))?;
    }
    let copy = home.join(NAME);
    copy_database(project, database, &copy)?;
    println!("{}", told(&copy)?);
    let rules = project.root.join("deny.toml");
    let rules = fs::read_to_string(rules).context("reading deny.toml")?;
    let config = home.join("deny.toml");
    fs::write(&config, with_database(&rules, &home)?).context("writing the configuration of cargo-deny")?;
    Ok(config)
}

fn copy_database(project: &Project, from: &Path, to: &Path) -> Result<()> {
    let crates = from.join("crates");
    if crates.is_dir() {
        fs::create_dir_all(to.join("crates")).with_context(|| format!("making {}", to.display()))?;
        for file in files(&crates)? {
            let copy = to.join(file.strip_prefix(from).context("a file outside of its folder")?);
            fs::create_dir_all(copy.parent().context("a file without a folder")?)?;
            fs::copy(&file, &copy).with_context(|| format!("copying {}", file.display()))?;
        }
        // Its date is the time of a fetch; how old the advisories are is printed instead.
        fs::create_dir_all(to.join(".git")).and_then(|()| fs::write(to.join(".git/FETCH_HEAD"), ""))?;
        return Ok(());
    }
    let is_bare = from.join("HEAD").is_file() && from.join("objects").is_dir();
    if !is_bare {
        let what = if from.exists() { "is no such database" } else { "is not there" };
        bail!("{} {what}: {INSTEAD}", from.display());
    }
    let mut git = project.command("git");
    let git = git.args(["clone", "--quiet", "--shared"]).arg(from).arg(to);
    process::run(git, INSTEAD)?;
    if to.join("crates").is_dir() {
        Ok(())
    } else {
        bail!("{} is another repository: {INSTEAD}", from.display())
    }
}

/// How many advisories there are, and how new.
fn told(database: &Path) -> Result<String> {
    let advisories = files(&database.join("crates"))?;
    let advisories = advisories.iter().filter(|file| has_extension(file, &["md"]));
    let mut dates = Vec::new();
    for advisory in advisories {
        let text = fs::read_to_string(advisory).with_context(|| advisory.display().to_string())?;
        dates.push(text.lines().find_map(date).unwrap_or_default().to_owned());
    }
    match dates.iter().max() {
        Some(newest) => Ok(format!("{} advisories; the newest is of {newest}.", dates.len())),
        None => bail!("there is no advisory in the folder `crates`: {INSTEAD}"),
    }
}

fn date(line: &str) -> Option<&str> {
    line.strip_prefix("date = \"")?.strip_suffix('"')
}

/// The project's rules, with the folder of the database.
fn with_database(rules: &str, home: &Path) -> Result<String> {
    const SECTION: &str = "[advisories]\n";
    let (before, after) = rules.split_once(SECTION).context("deny.toml has no section [advisories]")?;
    // JSON's quotes are TOML's.
    let home = serde_json::to_string(&home.display().to_string())?;
    Ok(format!("{before}{SECTION}db-path = {home}\n{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(root: &Path) -> Project {
        fs::write(root.join("deny.toml"), "[bans]\n\n[advisories]\nyanked = \"deny\"\n").unwrap();
        Project::at(root.to_owned())
    }

    #[test]
    fn a_folder_of_advisories_becomes_what_cargo_deny_reads() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("db");
        for (name, date) in [("one", "2026-01-02"), ("two", "2025-12-31")] {
            let folder = database.join("crates").join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("RUSTSEC-1.md"), format!("[advisory]\ndate = \"{date}\"\n")).unwrap();
        }
        let project = project(dir.path());
        let config = fs::read_to_string(prepare(&project, &database).unwrap()).unwrap();
        let home = project.target().join("advisories");
        let path = format!("[advisories]\ndb-path = \"{}\"\nyanked = \"deny\"\n", home.display());
        assert!(config.ends_with(&path), "{config}");
        assert_eq!(told(&home.join(NAME)).unwrap(), "2 advisories; the newest is of 2026-01-02.");
        assert!(home.join(NAME).join(".git/FETCH_HEAD").is_file());
    }

    #[test]
    fn what_is_no_database_is_told_so() {
        let dir = tempfile::tempdir().unwrap();
        let project = project(dir.path());
        fs::create_dir_all(dir.path().join("empty/crates")).unwrap();
        for (name, says) in [
            ("nowhere", "nowhere is not there: --advisories takes"),
            ("deny.toml", "deny.toml is no such database"),
            ("empty", "there is no advisory"),
        ] {
            let error = prepare(&project, &dir.path().join(name)).unwrap_err().to_string();
            assert!(error.contains(says), "{name}: {error}");
        }
    }
}
