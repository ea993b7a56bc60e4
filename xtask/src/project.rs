//! Where things are.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

/// How much the builds are optimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// Not at all.
    Dev,
    /// As far as it costs no minutes.
    Local,
    /// As much as can be.
    Release,
}

/// What the page is compiled for.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The folder of the workspace.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    tools: PathBuf,
}

impl Project {
    /// The project that this crate belongs to.
    pub(crate) fn find() -> Result<Self> {
        let start =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(env::current_dir, |dir| Ok(PathBuf::from(dir)))?;
        let root = start.ancestors().find(|dir| dir.join("Cargo.lock").is_file());
        let root = root.context("run this as `cargo xtask` inside the project")?.to_owned();
        Ok(Self::at(root))
    }

    /// A project in a folder, with tools of its own.
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { tools: root.join(".tools"), root }
    }

    /// The same project in another folder, with the tools of this one.
    pub(crate) fn elsewhere(&self, root: PathBuf) -> Self {
        Self { root, tools: self.tools.clone() }
    }

    /// Where Cargo puts what it builds.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
    }

    /// The built dashboard.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// Tools that were built for this project.
    pub(crate) fn tools(&self) -> PathBuf {
        self.tools.clone()
    }

    /// Where the tools' programs are.
    pub(crate) fn tools_bin(&self) -> PathBuf {
        self.tools().join("bin")
    }

    /// The built server.
    pub(crate) fn server(&self, build: Build) -> PathBuf {
        self.target().join(build.folder()).join(format!("arcane{}", env::consts::EXE_SUFFIX))
    }

    /// The page as `run` puts it together.
    pub(crate) fn local_page(&self) -> PathBuf {
        self.target().join("page")
    }

    /// The page's compiled program, as `cargo_build_page` leaves it.
    pub(crate) fn page_program(&self, build: Build) -> PathBuf {
        self.target().join(WASM).join(build.page_folder()).join("arcane-web.wasm")
    }

    /// Builds the server.
    pub(crate) fn cargo_build(&self, build: Build) -> Command {
        let mut cargo = self.command("cargo");
        cargo.args(["build", "--locked", "--package", "arcane-server", "--bin", "arcane"]);
        cargo.args(["--profile", build.profile()]);
        cargo
    }

    /// Builds the page's program.
    pub(crate) fn cargo_build_page(&self, build: Build) -> Command {
        let mut cargo = self.command("cargo");
        cargo.args(["build", "--locked", "--package", "arcane-web", "--target", WASM]);
        cargo.args(["--profile", build.page_profile()]);
        cargo
    }

    /// A program, to be run in the project's folder with its own tools before all others.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", self.path());
        command
    }

    /// The beginning of a command that `xtask`, this program's file, runs on a core, and ends with this process.
    pub(crate) fn pinned(&self, xtask: &Path, core: Option<usize>) -> Command {
        let mut command = self.command(xtask);
        command.arg("pinned");
        if let Some(core) = core {
            command.args(["--core", &core.to_string()]);
        }
        command.arg("--");
        command
    }

    fn path(&self) -> std::ffi::OsString {
        let others = env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(self.tools_bin()).chain(env::split_paths(&others));
        env::join_paths(all).unwrap_or(others.clone())
    }

    /// A path as one would type it in the project's folder.
    pub(crate) fn short<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}
