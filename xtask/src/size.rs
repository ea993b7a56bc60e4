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
    let Load { first, later } = load(dist)?;
    let print = |title: &str, entries: &[Entry]| {
        println!("{title:<44} {:>10} {:>10}", "bytes", "brotli");
        for entry in entries {
            println!("{:<44} {:>10} {:>10}", entry.path.display(), entry.plain, entry.sent);
        }
    };
    print("first load", &first);
    let total: u64 = first.iter().map(|entry| entry.sent).sum();
    println!("{:<44} {:>10} {total:>10}  of {BUDGET_BYTES}", "sum", "");
    print("later, when the page is at rest or asks", &later);
    if total > BUDGET_BYTES {
        bail!("the first load is {} bytes over its budget", total - BUDGET_BYTES);
    }
    Ok(())
}

/// What is fetched, and when.
struct Load {
    first: Vec<Entry>,
    later: Vec<Entry>,
}

/// First: `index.html` and every file that it names, directly or through others. Later: programs that only a script names, which fetches
/// them when it is asked to; `end2end/stories/later.spec.ts` watches that it does not before the stage is live.
fn load(dist: &Path) -> Result<Load> {
    let all: Vec<PathBuf> =
        files(dist)?.into_iter().filter(|file| !has_extension(file, &["br", "gz"])).collect();
    let (mut reached, mut later) = (BTreeSet::new(), BTreeSet::new());
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
        let by_script = has_extension(&file, &["js", "mjs"]);
        for named in all.iter().filter(names).cloned() {
            if by_script && has_extension(&named, &["wasm"]) {
                later.insert(named);
            } else {
                open.push(named);
            }
        }
    }
    let later: Vec<_> = later.difference(&reached).cloned().collect();
    let entries =
        |files: Vec<PathBuf>| files.iter().map(|file| entry(dist, file)).collect::<Result<Vec<_>>>();
    Ok(Load { first: entries(reached.into_iter().collect())?, later: entries(later)? })
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
        write("index.html", "<link href=/app-1.css><script src=/app-1.js>init('app-1_bg.wasm')");
        write("app-1.css", "src: url(rune-2.woff2)");
        write("app-1.js", "import './app-1.js', 'app-1_bg.wasm', 'app-1_later.wasm'");
        write("app-1.js.br", "br");
        write("app-1_bg.wasm", "program");
        write("app-1_later.wasm", "part");
        write("rune-2.woff2", "font");
        write("other.svg", "not named");
        let Load { first, later } = load(dir.path()).unwrap();
        let names = |entries: &[Entry]| {
            entries.iter().map(|entry| entry.path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(&first), ["app-1.css", "app-1.js", "app-1_bg.wasm", "index.html", "rune-2.woff2"]);
        assert_eq!((first[1].plain, first[1].sent), (56, 2));
        assert_eq!(names(&later), ["app-1_later.wasm"]);
    }
}
