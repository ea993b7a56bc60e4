//! `cargo xtask dist`: what is shipped, the same to the byte wherever it is built of the same sources.

mod archive;
mod bill;

use std::path::Path;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;

use crate::compress::files;
use crate::project::{Build, Project};
use crate::{dashboard, process, tools};
use archive::Entry;

/// Files of the project that go into the archive as they are.
const DOCUMENTS: [&str; 5] = ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE-MIT", "LICENSE-APACHE"];
/// Shells, and what they want a file of completions to be called.
const COMPLETIONS: [(&str, &str); 3] = [("bash", "arcane.bash"), ("zsh", "_arcane"), ("fish", "arcane.fish")];
/// Of a version that no clock of a build has a say in: 1 January 2026.
const TIME_S: u64 = 1_767_225_600;
const COMPILER: &str = "the compiler's message above says what is wrong; a target with musl needs musl-gcc \
                        (`apt-get install musl-tools`)";

/// For which machine, and whether it is built twice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    target: Option<String>,
    check: bool,
}

impl Options {
    /// `None`: help is wanted.
    pub(crate) fn read(mut args: lexopt::Parser) -> Result<Option<Self>> {
        let mut options = Self::default();
        while let Some(arg) = args.next()? {
            match arg {
                Long("target") => options.target = Some(args.value()?.string()?),
                Long("check") => options.check = true,
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(options))
    }
}

/// Makes the archive of a target and the list of sums; with `check`, makes both once more elsewhere and compares.
pub(crate) fn perform(project: &Project, options: &Options) -> Result<()> {
    let target = options.target.clone().map_or_else(|| default_target(project), Ok)?;
    let built = build(project, &target)?;
    let sums = archive::sums(&built);
    let folder = project.target().join("dist");
    write(&folder, &built, &sums)?;
    println!("\n{sums}\nin {}", project.short(&folder));
    if options.check {
        let elsewhere = copy(project)?;
        let built = build(&elsewhere, &target)?;
        let again = archive::sums(&built);
        if again != sums {
            let folder = elsewhere.target().join("dist");
            write(&folder, &built, &again)?;
            bail!("built once more it is another one, in {}:\n{again}", project.short(&folder));
        }
        println!("Built once more in {}: the same to the byte.", project.short(&elsewhere.root));
    }
    Ok(())
}

/// A static program on Linux, which runs on every distribution and in an empty container; elsewhere what this machine is.
fn default_target(project: &Project) -> Result<String> {
    let host = tools::host(project)?;
    Ok(if cfg!(target_os = "linux") { host.replace("-gnu", "-musl") } else { host })
}

/// The archive, and the bills of materials beside it.
fn build(project: &Project, target: &str) -> Result<Vec<(String, Vec<u8>)>> {
    dashboard::build(project)?;
    tools::add_target(project, target)?;
    process::run(&mut compile(project, target)?, COMPILER)?;
    let program = project.target().join(target).join(Build::Release.folder());
    let program = program.join(if target.contains("windows") { "arcane.exe" } else { "arcane" });
    let bills = bill::bills(project, target, TIME_S)?;

    let read = |path: &Path| fs::read(path).with_context(|| format!("reading {}", path.display()));
    let plain = |path: String, bytes: Vec<u8>| Entry { path, bytes, is_program: false };
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut entries = vec![Entry { path: name, bytes: read(&program)?, is_program: true }];
    for document in DOCUMENTS {
        entries.push(plain(document.to_owned(), read(&project.root.join(document))?));
    }
    for file in files(&project.root.join("deploy"))? {
        let name = file.file_name().context("a file without a name")?.to_string_lossy().into_owned();
        entries.push(plain(name, read(&file)?));
    }
    // What a container's volume begins as.
    entries.push(plain("data/".to_owned(), vec![]));
    entries.push(plain("THIRD-PARTY.txt".to_owned(), bill::notices(project, &bills)?.into_bytes()));
    entries.extend(manual(project, target, &program)?);
    let name = format!("arcane-{}-{target}", env!("CARGO_PKG_VERSION"));
    let mut built = Vec::new();
    for bill in bills {
        let file = format!("{}.cdx.json", bill.name);
        entries.push(plain(format!("sbom/{file}"), bill.text.clone().into_bytes()));
        built.push((format!("{name}.{file}"), bill.text.into_bytes()));
    }
    built.insert(0, (format!("{name}.tar.gz"), archive::pack(&name, entries, TIME_S)?));
    Ok(built)
}

/// The command that compiles what is shipped: as `run --release` does, with the page inside, and without folders of this machine.
fn compile(project: &Project, target: &str) -> Result<std::process::Command> {
    let mut cargo = project.cargo_build(Build::Release);
    cargo.args(["--features", "embed", "--target", target]);
    // Backtraces name functions, and no lines: those are four fifths of the file.
    cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "0").env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", dashboard::without_paths(project)?);
    cargo.env("SOURCE_DATE_EPOCH", TIME_S.to_string());
    let variable = format!("CFLAGS_{}", target.replace('-', "_"));
    let mut flags: Vec<String> = env::var(&variable).into_iter().collect();
    if !target.contains("msvc") {
        for (from, to) in [(project.root.clone(), "arcane"), (dashboard::cargo_home()?, "cargo")] {
            flags.push(format!("-ffile-prefix-map={}={to}", from.display()));
        }
    }
    cargo.env(variable, flags.join(" "));
    Ok(cargo)
}

/// Completions and man pages, which the program itself writes; none where it does not run.
fn manual(project: &Project, target: &str, program: &Path) -> Result<Vec<Entry>> {
    let system = |triple: &str| triple.rsplit_once('-').map(|(system, _)| system.to_owned());
    if system(target) != system(&tools::host(project)?) {
        println!("A program for {target} does not run here: the archive has no completions and man pages.");
        return Ok(vec![]);
    }
    let mut entries = Vec::new();
    for (shell, name) in COMPLETIONS {
        let script = process::output(project.command(program).args(["manual", "--shell", shell]));
        let script = script.with_context(|| format!("`arcane manual --shell {shell}` fails"))? + "\n";
        entries.push(Entry { path: format!("completions/{name}"), bytes: script.into(), is_program: false });
    }
    let pages = project.target().join("dist-man");
    let _ = fs::remove_dir_all(&pages);
    process::output(project.command(program).args(["manual", "--man"]).arg(&pages))
        .context("`arcane manual --man` fails")?;
    for page in files(&pages)? {
        let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&page).context("reading a man page")?;
        entries.push(Entry { path: format!("man/{name}"), bytes, is_program: false });
    }
    Ok(entries)
}

fn write(folder: &Path, built: &[(String, Vec<u8>)], sums: &str) -> Result<()> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    for (name, bytes) in built {
        fs::write(folder.join(name), bytes).with_context(|| format!("writing {name}"))?;
    }
    fs::write(folder.join("SHA256SUMS"), sums).context("writing SHA256SUMS")
}

/// The sources in another folder, with the tools of this one. What is there from another time is brought up to date.
fn copy(project: &Project) -> Result<Project> {
    let root = project.target().join("dist-check");
    let listed = project.command("git").args(["ls-files", "-z"]).output().context("git does not run")?;
    let listed = String::from_utf8(listed.stdout).context("a file's name is no UTF-8")?;
    for name in listed.split_terminator('\0') {
        let (from, to) = (project.root.join(name), root.join(name));
        let bytes = fs::read(&from).with_context(|| format!("reading {name}"))?;
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        fs::create_dir_all(to.parent().context("a file without a folder")?).context("making a folder")?;
        fs::write(&to, bytes).with_context(|| format!("copying {name}"))?;
    }
    Ok(project.elsewhere(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployed(name: &str) -> String {
        fs::read_to_string(Project::find().unwrap().root.join("deploy").join(name)).unwrap()
    }

    fn lines(text: &str) -> impl Iterator<Item = &str> {
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    #[test]
    fn the_service_is_confined_and_says_when_it_is_ready() {
        let unit = deployed("arcane.service");
        for setting in [
            "Type=notify",
            "WatchdogSec=30s",
            "DynamicUser=yes",
            "StateDirectory=arcane",
            "NoNewPrivileges=yes",
            "CapabilityBoundingSet=",
            "ProtectSystem=strict",
            "PrivateTmp=yes",
            "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
            "SystemCallFilter=@system-service",
            "MemoryDenyWriteExecute=yes",
        ] {
            assert!(lines(&unit).any(|line| line == setting), "{setting}");
        }
        // The log proves by the machine's boot id that nothing is missing.
        assert!(lines(&unit).all(|line| line != "ProcSubset=pid"));
    }

    #[test]
    fn systemd_understands_the_service_and_calls_it_safe_where_it_is_there() {
        let systemd = |arguments: &[&str], unit: &Path| {
            std::process::Command::new("systemd-analyze").args(arguments).arg(unit).output()
        };
        let dir = tempfile::tempdir().unwrap();
        let unit = dir.path().join("arcane.service");
        // The program need not be installed to check the rest.
        fs::write(&unit, deployed("arcane.service").replace("=/usr/local/bin/arcane", "=/bin/true")).unwrap();
        let Ok(verified) = systemd(&["verify", "--man=no"], &unit) else { return };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&verified.stderr), "");
        // In tenths of 0 (nothing is exposed) to 10.
        let judged = systemd(&["security", "--offline=true", "--threshold=15"], &unit).unwrap();
        assert!(judged.status.success(), "{}{}", text(&judged.stdout), text(&judged.stderr));
    }

    #[test]
    fn the_image_holds_the_program_alone_for_nobody_in_particular() {
        let image = deployed("Containerfile");
        let says =
            |start: &str| lines(&image).find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
        assert_eq!(says("FROM"), "FROM scratch");
        assert_eq!(says("USER"), "USER 65532:65532");
        assert!(says("HEALTHCHECK").ends_with(r#"CMD ["/arcane", "health"]"#));
        // Whoever runs it decides that everybody may do everything.
        assert!(lines(&image).all(|line| !line.contains("INSECURE")));
        // What it takes from the archive is there.
        for file in
            lines(&image).filter(|line| line.starts_with("COPY")).flat_map(|line| line.split(' ').skip(1))
        {
            let known = ["arcane", "THIRD-PARTY.txt", "sbom/", "data/"];
            let is_there = known.contains(&file) || DOCUMENTS.contains(&file);
            assert!(is_there || file.starts_with('/') || file.starts_with("--"), "{file}");
        }
    }
}
