//! What the shipped program and page are made of: a bill of materials for each, and the notices that their licences want.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process;
use crate::project::{Project, WASM};
use crate::tools;

/// What cargo-cyclonedx is told to call its files; it puts one beside the manifest of each crate of the workspace.
const UNSORTED: &str = "dist-sbom";
/// What a package calls the texts of its licences.
const NOTICES: [&str; 6] = ["license", "licence", "copying", "copyright", "notice", "unlicense"];

/// A crate, by name and version.
type Crate = (String, String);

/// A bill in CycloneDX 1.5.
#[derive(Debug)]
pub(crate) struct Bill {
    pub(crate) name: &'static str,
    pub(crate) text: String,
}

/// The bills of the server for a target, and of the page.
pub(crate) fn bills(project: &Project, target: &str, time_s: u64) -> Result<Vec<Bill>> {
    tools::ensure(project, &tools::cargo_cyclonedx())?;
    let mut bills = Vec::new();
    for (name, folder, target, features) in
        [("arcane-server", "server", target, "embed"), ("arcane-web", "web", WASM, "")]
    {
        let mut cargo = project.command("cargo");
        cargo.args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5", "--no-build-deps"]);
        cargo.args(["--target", target, "--override-filename", UNSORTED, "--manifest-path"]);
        cargo.arg(project.root.join(folder).join("Cargo.toml"));
        if !features.is_empty() {
            cargo.args(["--features", features]);
        }
        cargo.env("SOURCE_DATE_EPOCH", time_s.to_string());
        let made = process::run(&mut cargo, "is the lock file as the manifests want it?");
        let text = fs::read_to_string(unsorted(project, folder));
        for member in ["server", "shared", "web", "web/stage", "xtask"] {
            // Where the tool has written none, there is none to remove.
            let _ = fs::remove_file(unsorted(project, member));
        }
        made?;
        let text = text.context("cargo-cyclonedx wrote no bill")?;
        bills.push(Bill { name, text: without_root(&text, &project.root) });
    }
    Ok(bills)
}

fn unsorted(project: &Project, member: &str) -> PathBuf {
    project.root.join(member).join(UNSORTED).with_extension("json")
}

/// References to our own crates name the folder in which they were built.
fn without_root(bill: &str, root: &Path) -> String {
    bill.replace(&format!("path+file://{}", root.display()), "path+file:///arcane")
}

/// The texts of the licences of all crates that bills name: each text once, below the crates that it is for.
pub(crate) fn notices(project: &Project, bills: &[Bill]) -> Result<String> {
    let mut named = BTreeSet::new();
    for bill in bills {
        named.extend(crates(&bill.text)?);
    }
    let mut cargo = project.command("cargo");
    cargo.args(["metadata", "--format-version", "1", "--locked"]);
    let metadata = process::output(&mut cargo).context("cargo metadata fails")?;
    let metadata: Value = serde_json::from_str(&metadata).context("reading cargo metadata")?;
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut listed = String::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut packages: Vec<&Value> = metadata["packages"].as_array().into_iter().flatten().collect();
    packages.sort_by_key(|package| (text(&package["name"]), text(&package["version"])));
    for package in packages {
        let of = (text(&package["name"]), text(&package["version"]));
        // Without a source it is ours.
        if package["source"].is_null() || !named.contains(&of) {
            continue;
        }
        let name = format!("{} {}", of.0, of.1);
        listed += &format!("{name}: {}\n", text(&package["license"]));
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        for notice in texts_beside(&manifest)? {
            texts.entry(notice).or_default().push(name.clone());
        }
    }
    let mut notices = format!("Crates in the program and its page, and their licences\n\n{listed}");
    let mut texts: Vec<(Vec<String>, String)> = texts.into_iter().map(|(text, of)| (of, text)).collect();
    texts.sort();
    for (of, text) in texts {
        notices += &format!("\n{}\n{}\n\n{text}\n", "=".repeat(80), of.join(", "));
    }
    Ok(notices)
}

/// The crates that a bill names.
fn crates(bill: &str) -> Result<BTreeSet<Crate>> {
    let bill: Value = serde_json::from_str(bill).context("reading a bill of materials")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let components = bill["components"].as_array().context("a bill of materials without components")?;
    Ok(components.iter().map(|component| (text(&component["name"]), text(&component["version"]))).collect())
}

fn texts_beside(manifest: &Path) -> Result<BTreeSet<String>> {
    let folder = manifest.parent().context("a manifest without a folder")?;
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("looking into {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if path.is_file() && NOTICES.iter().any(|notice| name.starts_with(notice)) {
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            found.insert(String::from_utf8_lossy(&bytes).replace('\r', "").trim_end().to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_names_crates_and_no_folder_of_this_machine() {
        let bill = r#"{"ref": "path+file:///home/x/arcane/server#a@1", "components": [{"name": "b", "version": "2.0.0"}]}"#;
        let bill = without_root(bill, Path::new("/home/x/arcane"));
        assert!(bill.contains(r#""path+file:///arcane/server#a@1""#), "{bill}");
        assert_eq!(crates(&bill).unwrap(), [("b".to_owned(), "2.0.0".to_owned())].into());
    }

    #[test]
    fn a_package_has_the_texts_of_its_licences_beside_its_manifest() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in
            [("LICENSE-MIT", "mit\r\n"), ("Licence.md", "own"), ("NOTICE", "own"), ("README.md", "no")]
        {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let found = texts_beside(&dir.path().join("Cargo.toml")).unwrap();
        assert_eq!(found, ["mit".to_owned(), "own".to_owned()].into());
    }
}
