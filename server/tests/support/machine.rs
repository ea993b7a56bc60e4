//! A machine that can go down, and a disk that can fail: a library that is loaded before the C library.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{Process, command};

/// A directory, and what of it would be on the disk.
pub struct Machine {
    dir: tempfile::TempDir,
    shim: PathBuf,
}

impl Machine {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shim = library(dir.path(), "shadow");
        std::fs::create_dir(dir.path().join("data")).unwrap();
        std::fs::create_dir(dir.path().join("disk")).unwrap();
        Self { dir, shim }
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn disk(&self) -> PathBuf {
        self.dir.path().join("disk")
    }

    pub fn start(&self) -> Process {
        let mut command = command(&self.data());
        command.env("LD_PRELOAD", &self.shim);
        command.env("ARCANE_FAULT", self.dir.path().join("fault"));
        command.env("ARCANE_SYNCED_FROM", self.data()).env("ARCANE_SYNCED_TO", self.disk());
        Process::try_start(command).unwrap()
    }

    /// From now on so: see `shadow.c`.
    pub fn fail(&self, how: &str) {
        std::fs::write(self.dir.path().join("fault"), how).unwrap();
    }

    /// What a new server finds: of each file either what was synced or what was written.
    pub fn after(&self, written: &[&str]) -> tempfile::TempDir {
        let after = tempfile::tempdir().unwrap();
        for name in ["events.db", "events.db-wal", "continuity", "index.db", "index.db-wal"] {
            let from = if written.contains(&name) { self.data() } else { self.disk() };
            if from.join(name).exists() {
                std::fs::copy(from.join(name), after.path().join(name)).unwrap();
            }
        }
        after
    }
}

/// A wall clock that can jump.
pub struct Clock {
    dir: tempfile::TempDir,
    shim: PathBuf,
}

impl Clock {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shim = library(dir.path(), "clock");
        Self { dir, shim }
    }

    /// From now on it shows so many seconds more than it should.
    pub fn jump(&self, seconds: i64) {
        std::fs::write(self.dir.path().join("clock"), seconds.to_string()).unwrap();
    }

    /// `arcane serve` with this clock.
    pub fn start(&self, data: &Path, args: &[&str]) -> Process {
        let mut command = command(data);
        command.args(args).env("LD_PRELOAD", &self.shim).env("ARCANE_CLOCK", self.dir.path().join("clock"));
        Process::try_start(command).unwrap()
    }
}

/// Compiles a library of this directory that is loaded before the C library.
fn library(dir: &Path, name: &str) -> PathBuf {
    let library = dir.join(format!("{name}.so"));
    let source = format!("{}/tests/support/{name}.c", env!("CARGO_MANIFEST_DIR"));
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl");
    assert!(compiler.status().unwrap().success(), "a C compiler is needed");
    library
}
