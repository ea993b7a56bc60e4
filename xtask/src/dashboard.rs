//! Building the page that is shipped: Trunk, then its program is taken apart, then wasm-opt, then compression.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context as _, Result};

use crate::glue::Glue;
use crate::project::Project;
use crate::{compress, process, split, tools};

/// Control flow is taken apart and put together anew, and what lies below the stack is not looked at (nothing does,
/// the stack begins there): about 2 KB less than `-Oz` alone, after compression. A function that is called once stays one unless
/// it is tiny: 3 KB less, because copies of a generic function resemble each other only as long as nothing else is in them. For the
/// same reason they stand next to each other, by name: 2 KB less.
const WASM_PASSES: [&str; 12] = [
    // What server functions would stream with: the page has none, but exports are kept.
    "--remove-exports=*intounderlying*",
    "--low-memory-unused",
    "--flatten",
    "--rereloop",
    "--one-caller-inline-max-function-size",
    "10",
    "-Oz",
    "-Oz",
    "--converge",
    "--reorder-locals",
    "--reorder-functions-by-name",
    "--strip-debug",
];
/// What Rust's output uses beyond the first version of WebAssembly.
const WASM_FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Builds `dist/`.
pub(crate) fn build(project: &Project) -> Result<()> {
    tools::wasm_target(project)?;
    tools::ensure(project, &tools::trunk())?;
    tools::ensure(project, &tools::wasm_bindgen(project)?)?;
    tools::ensure(project, &tools::wasm_split())?;
    fetch(project)?;
    let mut trunk = project.command("trunk");
    // Offline: Trunk takes the tools above and fetches none of its own choice. No hashes in the page: wasm-opt
    // changes the file after Trunk is done, and names carry a hash anyway.
    trunk.args(["build", "--offline", "--skip-version-check", "--no-sri", "true"]);
    // web/index.html names the profile.
    trunk.args(["--release", "--features", "split"]);
    // Trunk takes this variable for an option and refuses the usual "1".
    trunk.env_remove("NO_COLOR");
    trunk.env("CARGO_ENCODED_RUSTFLAGS", format!("{}\u{1f}{}", without_paths(project)?, split::LINK_FLAG));
    process::run(&mut trunk, "the compiler's or Trunk's message above says what is wrong")?;
    split::apart(project)?;
    if let Some(wasm_opt) = tools::wasm_opt(project)? {
        shrink(project, &wasm_opt)?;
    }
    split::seal(&project.dist())?;
    compress::folder(&project.dist())
}

/// Flags that keep this machine's folders out of the messages in the page's program, which also makes them shorter.
pub(crate) fn without_paths(project: &Project) -> Result<String> {
    let mut flags: Vec<String> =
        env::var("RUSTFLAGS").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let home = cargo_home()?;
    let mut remap = |from: &Path, to: &str| {
        flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    };
    // Where two fit, the later one counts.
    remap(&project.root, "arcane");
    remap(&home, "cargo");
    for kind in ["registry/src", "git/checkouts"] {
        let Ok(sources) = fs::read_dir(home.join(kind)) else { continue };
        let sources: std::io::Result<Vec<_>> = sources.map(|source| Ok(source?.path())).collect();
        let mut sources = sources.context("looking into cargo's folder")?;
        sources.sort();
        for source in sources {
            remap(&source, "crates");
        }
    }
    Ok(flags.join("\u{1f}"))
}

/// Where Cargo keeps the sources of crates.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| Some(env::home_dir()?.join(".cargo"))).context("no home folder, no CARGO_HOME")
}

/// Gets the crates that the page is built from, which Trunk may not do.
fn fetch(project: &Project) -> Result<()> {
    let host = tools::host(project)?;
    let mut cargo = project.command("cargo");
    cargo.args(["fetch", "--locked", "--target", "wasm32-unknown-unknown", "--target", &host]);
    process::run(&mut cargo, "is a package registry within reach?")
}

/// Runs wasm-opt over every program of the page, or takes what it said the last time.
fn shrink(project: &Project, wasm_opt: &Path) -> Result<()> {
    let cache = project.target().join("wasm-opt");
    fs::create_dir_all(&cache).context("making a folder for wasm-opt")?;
    let programs = files_with_extension(&project.dist(), "wasm")?;
    forget_others(&cache, &programs)?;
    for wasm in &programs {
        let name = wasm.file_name().context("a file without a name")?;
        let (input, output) = (cache.join(name).with_extension("before"), cache.join(name));
        let before = fs::read(wasm).context("reading the page's program")?;
        if !output.is_file() || fs::read(&input).map_or(true, |known| known != before) {
            let start = Instant::now();
            let mut node = project.command("node");
            node.arg(wasm_opt).args(WASM_PASSES).args(WASM_FEATURES).arg(wasm).arg("-o").arg(&output);
            process::run(&mut node, "delete .tools/wasm-opt and try again")?;
            fs::write(&input, &before).context("keeping the input of wasm-opt")?;
            let after = fs::metadata(&output).context("wasm-opt wrote nothing")?.len();
            let kb = |bytes: u64| bytes / 1000;
            let took = start.elapsed().as_secs_f64();
            let (before, name) = (kb(before.len() as u64), name.display());
            println!("wasm-opt: {name} {before} KB → {} KB in {took:.0} s", kb(after));
        }
        fs::copy(&output, wasm).context("putting the smaller program into the page")?;
    }
    let mut glue = Glue::default();
    for script in files_with_extension(&project.dist(), "js")? {
        let text = fs::read_to_string(&script).context("reading the page's script")?;
        let text = glue.shorten_script(&terse(&text));
        fs::write(&script, text).context("putting the shorter script into the page")?;
    }
    for wasm in programs {
        let program = fs::read(&wasm).context("reading the page's program")?;
        let program = glue.shorten_program(&program).context("giving the program's imports short names")?;
        fs::write(&wasm, program).context("putting the program with shorter names into the page")?;
    }
    Ok(())
}

/// A script without indentation and lines of comment; as it is where that could change what it says.
fn terse(script: &str) -> String {
    let continues = |line: &str| line.matches('`').count() % 2 == 1;
    if script.lines().any(continues) {
        return script.to_owned();
    }
    let lines = script.lines().map(str::trim);
    let said = lines.filter(|line| !["//", "/**", "* ", "*/"].iter().any(|mark| line.starts_with(mark)));
    said.filter(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect()
}

/// Removes what wasm-opt made of other programs.
fn forget_others(cache: &Path, programs: &[PathBuf]) -> Result<()> {
    for entry in fs::read_dir(cache).context("looking into the folder of wasm-opt")? {
        let file = entry?.path();
        let is_of = |program: &PathBuf| program.file_stem() == file.file_stem();
        if !programs.iter().any(is_of) {
            fs::remove_file(file).context("forgetting what wasm-opt made before")?;
        }
    }
    Ok(())
}

fn files_with_extension(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let files = compress::files(folder)?;
    Ok(files.into_iter().filter(|file| file.extension().is_some_and(|ext| ext == extension)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_shortened_where_that_is_safe() {
        let script = "/**\n * @returns {number}\n */\nfn() {\n    return 1; // one\n\n}\n";
        assert_eq!(terse(script), "fn() {\nreturn 1; // one\n}\n");
        let text = "a = `\n  b`;\n";
        assert_eq!(terse(text), text);
    }
}
