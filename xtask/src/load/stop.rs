//! Telling the server to stop while clients are connected, and seeing them off.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::metric::{Figures, Metric};
use super::options::Options;
use super::readers::Readers;

/// What a client is told when the server is about to stop.
const CLOSE_DRAINING: u16 = 4501;
/// Clients that are still there after this time are not waited for.
const GOING_TIME_MAX: Duration = Duration::from_secs(30);

/// Stops the server; adds how long it took, and says how many clients were not told.
pub(crate) fn see_off(readers: &mut Readers, options: &Options, figures: &mut Figures) -> Result<u64> {
    let clients = options.clients as u64;
    readers.forget_publishers();
    let start = Instant::now();
    let ms = |since: Instant| since.elapsed().as_secs_f64() * 1000.0;
    terminate(options.pid.context("--drain needs --pid")?)?;
    let mut told = 0;
    while readers.tally.gone < clients {
        if start.elapsed() > GOING_TIME_MAX {
            bail!(
                "{} of {clients} clients were still there after {GOING_TIME_MAX:?}",
                clients - readers.tally.gone
            );
        }
        readers.turn(Duration::from_millis(10), options.slow)?;
        if readers.tally.closes.len() > told {
            told = readers.tally.closes.len();
            figures.insert(Metric::DrainNotifiedMs, ms(start));
        }
    }
    figures.insert(Metric::DrainGoneMs, ms(start));
    Ok(clients - readers.tally.closes.iter().filter(|code| **code == CLOSE_DRAINING).count() as u64)
}

#[cfg(unix)]
fn terminate(pid: u32) -> Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("--pid names no process")?;
    kill_process(pid, Signal::TERM).context("telling the server to stop")
}

#[cfg(not(unix))]
fn terminate(_: u32) -> Result<()> {
    bail!("only a Unix can ask a process to stop")
}
