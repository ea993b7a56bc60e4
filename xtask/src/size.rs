//! What the first visit downloads, and whether it is within its budget.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::compress::{files, has_extension, with_ending};

/// Brotli bytes of the first load.
const BUDGET_BYTES: u64 = 300_000;
/// Files whose text can name other files.
const REFERRING: [&str; 4] = ["html", "css", "js", "mjs"];

/// One file of the first load.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    path: PathBuf,
    plain: u64,
    sent: u64,
}

/// Prints what the first load consists of and fails when it is too large.
pub(crate) fn check(dist: &Path) -> Result<()> {
    let entries = first_load(dist)?;
    println!("{:<44} {:>10} {:>10}", "first load", "bytes", "brotli");
    for entry in &entries {
        println!("{:<44} {:>10} {:>10}", entry.path.display(), entry.plain, entry.sent);
    }
    let total: u64 = entries.iter().map(|entry| entry.sent).sum();
    println!("{:<44} {:>10} {total:>10}  of {BUDGET_BYTES}", "sum", "");
    if total > BUDGET_BYTES {
        bail!("the first load is {} bytes over its budget", total - BUDGET_BYTES);
    }
    Ok(())
}

/// `index.html` and every file that it names, directly or through others.
fn first_load(dist: &Path) -> Result<Vec<Entry>> {
    let all: Vec<PathBuf> =
        files(dist)?.into_iter().filter(|file| !has_extension(file, &["br", "gz"])).collect();
    let mut reached = BTreeSet::new();
    let mut open = vec![dist.join("index.html")];
    while let Some(file) = open.pop() {
        if !reached.insert(file.clone()) || !has_extension(&file, &REFERRING) {
            continue;
        }
        let bytes = fs::read(&file).with_context(|| format!("{} is missing", file.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let names = |other: &&PathBuf| {
            other.file_name().and_then(|name| name.to_str()).is_some_and(|name| text.contains(name))
        };
        open.extend(all.iter().filter(names).cloned());
    }
    reached.into_iter().map(|file| entry(dist, &file)).collect()
}

fn entry(dist: &Path, file: &Path) -> Result<Entry> {
    let size = |path: &Path| fs::metadata(path).map(|data| data.len());
    let plain = size(file).with_context(|| format!("{} is missing", file.display()))?;
    let sent = size(&with_ending(file, "br")).unwrap_or(plain);
    Ok(Entry { path: file.strip_prefix(dist).unwrap_or(file).to_owned(), plain, sent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_load_is_what_the_page_names() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("index.html", "<link href=/app-1.css><script src=/app-1.js>");
        write("app-1.css", "src: url(rune-2.woff2)");
        write("app-1.js", "import './app-1.js'");
        write("app-1.js.br", "br");
        write("rune-2.woff2", "font");
        write("later.svg", "not named");
        let entries = first_load(dir.path()).unwrap();
        let names: Vec<_> = entries.iter().map(|entry| entry.path.display().to_string()).collect();
        assert_eq!(names, ["app-1.css", "app-1.js", "index.html", "rune-2.woff2"]);
        assert_eq!((entries[1].plain, entries[1].sent), (19, 2));
    }
}
