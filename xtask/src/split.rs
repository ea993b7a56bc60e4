//! Taking the page's program apart: what opens later becomes a program of its own, fetched when it is wanted.
//!
//! The linked program (its relocations say what needs what) is split first, wasm-bindgen then writes the bindings of the main part.
//! `web/src/later.rs` says what goes into the other one.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::compress::{files, has_extension};
use crate::process;
use crate::project::{Build, Project};

/// What the linker has to leave in the program for it.
pub(crate) const LINK_FLAG: &str = "-Clink-arg=--emit-relocs";
/// What wasm-bindgen calls its files. The program knows its script by that name, so hashes are put into names of files alone.
const NAME: &str = "arcane-web";
/// How the names of its programs end; Trunk's do, too.
const PROGRAM: &str = "_bg.wasm";
/// How the splitter begins the name of a part.
const PART: &str = "split_";
/// Its script, which fetches the parts.
const LOADER: &str = "__wasm_split.js";
const REMEDY: &str = "delete .tools and try again";

/// Puts the parts into `dist/` in the place of the whole.
pub(crate) fn apart(project: &Project) -> Result<()> {
    let (dist, folder) = (project.dist(), project.target().join("split"));
    if folder.exists() {
        fs::remove_dir_all(&folder).context("removing the parts of the last time")?;
    }
    let mut split = project.command("wasm-split-cli");
    split.arg(project.page_program(Build::Release)).arg(&folder).args(["--out-name", NAME]);
    process::run(&mut split, REMEDY)?;
    let whole = trunks_name(&dist)?;
    let page = dist.join("index.html");
    fs::write(&page, read(&page)?.replace(&whole, NAME)).context("writing the page")?;
    for ending in [".js", PROGRAM] {
        fs::remove_file(dist.join(format!("{whole}{ending}"))).context("removing the whole program")?;
    }
    let mut bindgen = project.command("wasm-bindgen");
    // The part needs the table of functions, which is an export of the linker.
    bindgen.args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-name", NAME]);
    bindgen.arg("--out-dir").arg(&dist).arg(folder.join(NAME).with_extension("wasm"));
    process::run(&mut bindgen, REMEDY)?;
    let script = dist.join(NAME).with_extension("js");
    let joined = joined(&read(&script)?, &read(&folder.join(LOADER))?)?;
    fs::write(&script, joined).context("writing the page's script")?;
    for file in files(&folder)? {
        if let Some(part) = name(&file).strip_prefix(PART) {
            fs::copy(&file, dist.join(format!("{NAME}_{part}"))).context("putting a part into the page")?;
        }
    }
    Ok(())
}

/// What Trunk calls the page's script and program.
fn trunks_name(dist: &Path) -> Result<String> {
    let all = files(dist)?;
    let mut names = all.iter().filter_map(|file| name(file).strip_suffix(PROGRAM));
    Ok(names.next().context("Trunk has built no program")?.to_owned())
}

/// The script of wasm-bindgen and the one that fetches the parts, in one: a request less before the first frame.
fn joined(script: &str, loader: &str) -> Result<String> {
    let known =
        "wasm-bindgen or wasm-split writes another script than before: xtask/src/split.rs has to know it";
    let import = format!("import * as import1 from \"./{LOADER}\"");
    let script = script.strip_prefix(&import).context(known)?;
    let loader =
        loader.strip_prefix(&format!("import {{ initSync }} from \"./{NAME}.js\";")).context(known)?;
    // The page tells that a part has not come, and the browser says why.
    let loader = loader.replace("console.error(e);", "");
    let exports = loader.split("export const ").skip(1);
    let names: Vec<&str> = exports.filter_map(|export| Some(export.split_once(' ')?.0)).collect();
    let loader =
        loader.replace("export const ", "const ").replace(&format!("./{PART}"), &format!("./{NAME}_"));
    Ok(format!("{script}\n{loader}\nconst import1 = {{ {} }};\n", names.join(", ")))
}

/// Puts one hash into the names of script, program and parts, of all of them: they fit each other, and no others.
pub(crate) fn seal(dist: &Path) -> Result<()> {
    let parts: Vec<_> = files(dist)?.into_iter().filter(|file| name(file).starts_with(NAME)).collect();
    let mut hasher = Sha256::new();
    for part in &parts {
        hasher.update(fs::read(part).with_context(|| format!("reading {}", part.display()))?);
    }
    let hash: String = hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let sealed = |part: &Path| name(part).replacen(NAME, &format!("{NAME}-{hash}"), 1);
    for file in files(dist)?.iter().filter(|file| has_extension(file, &["js", "html"])) {
        let text = parts.iter().fold(read(file)?, |text, part| text.replace(name(part), &sealed(part)));
        fs::write(file, text).context("writing names of parts")?;
    }
    for part in &parts {
        fs::rename(part, part.with_file_name(sealed(part))).context("naming a part")?;
    }
    Ok(())
}

fn name(file: &Path) -> &str {
    file.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_scripts_become_one() {
        let script = "import * as import1 from \"./__wasm_split.js\"\nconst all = { x: import1 };\n";
        let loader = "import { initSync } from \"./arcane-web.js\";\n\
                      async function f() { try { g(); } catch (e) {\nconsole.error(e);\n} }\n\
                      export const __wasm_split_load_later = load(\"./split_later.wasm\");\n";
        let whole = joined(script, loader).unwrap();
        assert!(!whole.contains("import "), "{whole}");
        assert!(
            whole.contains("const __wasm_split_load_later = load(\"./arcane-web_later.wasm\")"),
            "{whole}"
        );
        assert!(whole.contains("const import1 = { __wasm_split_load_later };"), "{whole}");
        assert!(!whole.contains("console"), "{whole}");
        assert!(joined("const other = 1;", loader).is_err());
    }

    #[test]
    fn the_names_say_which_parts_fit() {
        let names = |program: &str| {
            let dir = tempfile::tempdir().unwrap();
            let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
            write("arcane-web.js", "fetch('./arcane-web_later.wasm', { './arcane-web_bg.js': 1 })");
            write("arcane-web_bg.wasm", program);
            write("arcane-web_later.wasm", "part");
            write("index.html", "arcane-web.js arcane-web_bg.wasm");
            seal(dir.path()).unwrap();
            let name = trunks_name(dir.path()).unwrap();
            let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
            let script = read(&format!("{name}.js"));
            assert_eq!(script, format!("fetch('./{name}_later.wasm', {{ './arcane-web_bg.js': 1 }})"));
            assert_eq!(read("index.html"), format!("{name}.js {name}_bg.wasm"));
            assert_eq!(read(&format!("{name}_later.wasm")), "part");
            name
        };
        assert_eq!(names("one"), names("one"));
        assert_ne!(names("one"), names("two"));
    }
}
