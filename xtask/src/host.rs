//! What a measured process is given by the machine: a core of its own, open files, and an end with its parent.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;

use crate::process;

/// A program that runs by itself on a core.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pinned {
    core: Option<usize>,
    program: OsString,
    arguments: Vec<OsString>,
}

impl Pinned {
    /// Reads `[--core N] -- PROGRAM [ARGUMENT…]`.
    pub(crate) fn read(mut args: lexopt::Parser) -> Result<Self> {
        let mut core = None;
        loop {
            match args.next()? {
                Some(Long("core")) => core = Some(args.value()?.parse()?),
                Some(Value(program)) => {
                    return Ok(Self { core, program, arguments: args.raw_args()?.collect() });
                }
                Some(other) => return Err(other.unexpected().into()),
                None => bail!("pinned takes a program: --core N -- PROGRAM ARGUMENT…"),
            }
        }
    }

    /// Becomes the program. It ends when the process that started it does, however that ends.
    pub(crate) fn perform(&self) -> Result<()> {
        raise_open_files();
        end_with_parent();
        if let Some(core) = self.core {
            pin(core)?;
        }
        process::replace_by(Command::new(&self.program).args(&self.arguments))
    }
}

/// As many open files as this user may have; as root, as many as ten thousands of connections need.
#[cfg(unix)]
pub(crate) fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const WANTED: u64 = 1 << 17;
    let limit = getrlimit(Resource::Nofile);
    if setrlimit(Resource::Nofile, Rlimit { current: Some(WANTED), maximum: Some(WANTED) }).is_err() {
        // Only root may have more than the maximum. If that is too few, connecting says so.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
}

#[cfg(not(unix))]
pub(crate) fn raise_open_files() {}

#[cfg(target_os = "linux")]
fn end_with_parent() {
    use rustix::process::{Signal, set_parent_process_death_signal};
    // Where it cannot be set, children still end with every error and panic, only not with a SIGKILL.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent() {}

#[cfg(target_os = "linux")]
pub(crate) fn pin(core: usize) -> Result<()> {
    use rustix::thread::{CpuSet, sched_setaffinity};
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).with_context(|| format!("keeping to core {core}"))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(core: usize) -> Result<()> {
    bail!("only Linux can keep a process to core {core}")
}

/// A core for the server and one for its load, if there are two.
#[cfg(target_os = "linux")]
pub(crate) fn two_cores() -> Option<[usize; 2]> {
    let set = rustix::thread::sched_getaffinity(None).ok()?;
    let mut cores = (0..rustix::thread::CpuSet::MAX_CPU).filter(|core| set.is_set(*core));
    Some([cores.next()?, cores.next()?])
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn two_cores() -> Option<[usize; 2]> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_program_is_its_own() {
        let args = ["--core", "1", "--", "sleep", "--core", "5"];
        let pinned = Pinned::read(lexopt::Parser::from_args(args)).unwrap();
        let arguments = vec!["--core".into(), "5".into()];
        assert_eq!(pinned, Pinned { core: Some(1), program: "sleep".into(), arguments });
        assert!(Pinned::read(lexopt::Parser::from_args(["--core", "1"])).is_err());
    }
}
