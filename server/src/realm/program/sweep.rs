//! Ending everything that belongs to a run, by the system's table of processes (`/proc`).

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, pidfd_open, pidfd_send_signal, waitid,
};
use tokio::signal::unix::{SignalKind, signal};

use super::adoption::{self, Adoption};
use super::kin::{Household, Trace, of_run};
use super::leaders;
use super::mark::{Mark, VARIABLE};
use super::table::{Process, look, table};

/// What starts processes faster than they are ended wins after so many rounds; the log says so.
const ROUNDS_MAX: usize = 200;
/// What was killed takes a moment to be gone.
const ROUND: Duration = Duration::from_millis(5);

/// What is known of a program that was just started.
pub(super) fn trace(leader: u32, mark: Mark) -> Option<Trace> {
    Some(Trace { leader, started: look(leader)?.started, mark })
}

/// Completes once a child has ended, and leaves it to others to wait for it. Cancel-safe.
///
/// # Errors
/// If the end of children cannot be listened for.
pub(super) async fn ended(child: u32) -> io::Result<()> {
    // Before the first look: what ends after it is told.
    let mut ends = signal(SignalKind::child())?;
    while is_running(child) {
        ends.recv().await;
    }
    Ok(())
}

/// Whether a child has not ended yet. What is none any more has.
fn is_running(child: u32) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let pid = i32::try_from(child).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| matches!(waitid(WaitId::Pid(pid), options), Ok(None)))
}

/// Ends everything that belongs to a run. Gives how many processes are left.
pub(super) fn sweep(run: &Trace) -> usize {
    let mut left = 0;
    for _ in 0..ROUNDS_MAX {
        let found = {
            let leaders = leaders::lock();
            let Adoption { adopts, alone } = adoption::current();
            let house = Household { server: std::process::id(), adopts, alone, leaders: &leaders };
            of_run(&table(), run, house, mark_of)
        };
        left = found.len();
        if left == 0 {
            break;
        }
        found.iter().for_each(kill);
        std::thread::sleep(ROUND);
    }
    left
}

/// Ends every program that runs and everything that belongs to it: for a process that ends without further ado.
pub(crate) fn end_programs() {
    let running = leaders::lock().clone();
    for leader in running {
        // One that has changed its own environment is known by its number and its group.
        let mark = mark_of(leader).and_then(|mark| Mark::read(&mark)).unwrap_or_else(Mark::random);
        if let Some(run) = trace(leader, mark) {
            sweep(&run);
        }
    }
}

/// The mark that a process was started with.
fn mark_of(id: u32) -> Option<Vec<u8>> {
    let environment = fs::read(format!("/proc/{id}/environ")).ok()?;
    let mark = environment.split(|byte| *byte == 0).find_map(|pair| {
        let value = pair.strip_prefix(std::ffi::OsStr::new(VARIABLE).as_bytes())?;
        value.strip_prefix(b"=")
    });
    mark.map(<[u8]>::to_vec)
}

/// Kills this very process: if its number was given to another one meanwhile, nothing happens.
fn kill(process: &Process) {
    let Some(pid) = i32::try_from(process.id).ok().and_then(Pid::from_raw) else { return };
    let held = pidfd_open(pid, PidfdFlags::empty());
    if look(process.id).is_none_or(|now| now.started != process.started) {
        return;
    }
    let _ = match held {
        Ok(held) => pidfd_send_signal(held, Signal::KILL),
        // A kernel before 5.3, or a sandbox.
        Err(_) => kill_process(pid, Signal::KILL),
    };
}
